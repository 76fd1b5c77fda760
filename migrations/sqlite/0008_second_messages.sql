-- Only an index: the binaries of version 1 do not see it.
INSERT INTO ledger_schema (version, min_compatible) VALUES (8, 1);

-- Few codes go out twice. When such a login is known, the other message is looked for here.
CREATE INDEX send_attempts_second ON send_attempts (started_at, transaction_id) WHERE n = 2;
