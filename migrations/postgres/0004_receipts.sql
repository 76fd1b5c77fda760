-- Why: what providers say of a message after they took it is entered now, and calls of which nobody knows whether they were sent are
-- looked up at the provider and settled. `reported_at` is the provider's own moment, where it says one. A receipt's `id` is made of what
-- it says (provider, references, status, code), so that a callback that comes twice is one row.
-- The indexes are made while writers wait: facts stay in the journal that long, and hooks are answered.
-- Only adds: the binaries of version 1 do not see it.
INSERT INTO ledger_schema (version, min_compatible) VALUES (4, 1);

ALTER TABLE delivery_receipts ADD COLUMN reported_at timestamptz;
ALTER TABLE delivery_receipts SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.01);
CREATE INDEX delivery_receipts_transaction ON delivery_receipts (transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX delivery_receipts_attempt_ref ON delivery_receipts (attempt_ref) WHERE attempt_ref IS NOT NULL;

-- In the order in which they are asked about: few rows, and a call that is settled leaves it.
CREATE INDEX send_attempts_unresolved ON send_attempts (started_at, transaction_id, n) WHERE outcome = 'ambiguous';
