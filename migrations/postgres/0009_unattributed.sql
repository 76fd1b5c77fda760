-- Only an index: the binaries of version 1 do not see it.
INSERT INTO ledger_schema (version, min_compatible) VALUES (9, 1);

-- Events that ended before their send was in the books are looked for here.
CREATE INDEX okta_events_unattributed ON okta_events (received_at)
    WHERE transaction_id IS NULL AND reading <> 'nothing' AND state IN ('done', 'no_match', 'expired', 'skipped');
