-- Why: two workers that got the same event (a redelivery, a replay) must not tell a provider the same thing at the same moment. A
-- worker claims what it is about to report; a claim ends when it is given back, when the report had its effect (`done`, remembered
-- until `until`), or by itself at `until`, so that nobody has to clean up after a worker that died. `doubtful` says that a holder
-- let its claim run out: it may have reported.
-- UNLOGGED, because a claim is advice and not a record: it costs no sync, and when the database crashes and the table is empty, the
-- worst is a second report, which the provider answers with "no such verification" and which ends as `already_final`. What was
-- reported stands in feedback_reports.
-- Only adds: the binaries of version 1 do not see it.
INSERT INTO ledger_schema (version, min_compatible) VALUES (2, 1);

CREATE UNLOGGED TABLE report_claims (
    subject text COLLATE "C" NOT NULL PRIMARY KEY,
    holder text COLLATE "C" NOT NULL,
    until timestamptz NOT NULL,
    done boolean NOT NULL,
    doubtful boolean NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX report_claims_until ON report_claims (until);
