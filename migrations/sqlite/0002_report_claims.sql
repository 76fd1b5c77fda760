-- Why: two workers that got the same event (a redelivery, a replay) must not tell a provider the same thing at the same moment. A
-- worker claims what it is about to report; a claim ends when it is given back, when the report had its effect (`done`, remembered
-- until `until`), or by itself at `until`, so that nobody has to clean up after a worker that died. `doubtful` says that a holder
-- let its claim run out: it may have reported.
-- Only adds: the binaries of version 1 do not see it.
INSERT INTO ledger_schema (version, min_compatible) VALUES (2, 1);

CREATE TABLE report_claims (
    subject TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until TEXT NOT NULL,
    done INTEGER NOT NULL,
    doubtful INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX report_claims_until ON report_claims (until);
