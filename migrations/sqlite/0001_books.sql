-- Why: the books begin here. Every table is filled by facts that may come twice, late, and before the fact they build on, so:
--   * whatever a later fact brings is nullable, and a row may begin with any of its facts;
--   * no foreign keys: a child (an attempt, a report) may be written before its parent;
--   * `*_rank`, `first_delivery` and `subject` are what the tie-breaks of the upserts compare.
-- Moments are text of one width in UTC (2026-11-20T10:15:30.412000Z): they sort as they are, and people read them.
-- Words (status, state, outcome, …) carry no CHECK: a new word must not need a rebuilt table.
-- Texts that are part of an index are bounded: another database refuses what is too long for its indexes, and both must
-- refuse the same.

-- Which binaries may work on this schema: those that know at least `min_compatible`. A migration that only adds writes the
-- version it is safe for; one that says nothing is safe for nobody but its own binary.
CREATE TABLE ledger_schema (
    version INTEGER NOT NULL PRIMARY KEY,
    min_compatible INTEGER NOT NULL
) STRICT;
INSERT INTO ledger_schema (version, min_compatible) VALUES (1, 1);

CREATE TABLE otp_transactions (
    id TEXT NOT NULL PRIMARY KEY,
    org TEXT,
    okta_event_id TEXT CHECK (length(okta_event_id) <= 512),
    purpose TEXT,
    channel TEXT,
    okta_user_id TEXT CHECK (length(okta_user_id) <= 512),
    phone_hmac TEXT,
    phone_sealed TEXT,
    country TEXT,
    phone_prefix TEXT,
    locale TEXT,
    otp_expires_at TEXT,
    received_at TEXT,
    node TEXT,
    duplicate_of TEXT,
    status TEXT NOT NULL DEFAULT 'received',
    failure_class TEXT,
    provider TEXT,
    provider_ref TEXT CHECK (length(provider_ref) <= 512),
    settled_at TEXT,
    settled_rank INTEGER NOT NULL DEFAULT 0,
    answer TEXT,
    answer_failure_class TEXT,
    answer_provider TEXT,
    answer_provider_ref TEXT,
    answer_attempt_ref TEXT,
    answered_at TEXT,
    verified_at TEXT
) STRICT;
-- One transaction per hook of Okta; the others of the same hook (taken by another node) point to it.
CREATE UNIQUE INDEX otp_transactions_hook ON otp_transactions (org, okta_event_id) WHERE duplicate_of IS NULL;
CREATE INDEX otp_transactions_duplicate_of ON otp_transactions (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX otp_transactions_user ON otp_transactions (org, okta_user_id, received_at);
CREATE INDEX otp_transactions_received_at ON otp_transactions (received_at);
CREATE INDEX otp_transactions_provider_ref ON otp_transactions (provider_ref) WHERE provider_ref IS NOT NULL;
-- For the purge: the few rows that still hold a number.
CREATE INDEX otp_transactions_phone_sealed ON otp_transactions (received_at) WHERE phone_sealed IS NOT NULL;

CREATE TABLE send_attempts (
    transaction_id TEXT NOT NULL,
    n INTEGER NOT NULL,
    provider TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    outcome TEXT,
    http_status INTEGER,
    provider_code TEXT,
    provider_ref TEXT CHECK (length(provider_ref) <= 512),
    attempt_ref TEXT CHECK (length(attempt_ref) <= 512),
    PRIMARY KEY (transaction_id, n)
) STRICT;
CREATE INDEX send_attempts_started_at ON send_attempts (started_at);
CREATE INDEX send_attempts_provider_ref ON send_attempts (provider_ref) WHERE provider_ref IS NOT NULL;

CREATE TABLE okta_events (
    org TEXT NOT NULL,
    uuid TEXT NOT NULL CHECK (length(uuid) <= 512),
    event_type TEXT,
    okta_user_id TEXT CHECK (length(okta_user_id) <= 512),
    factor TEXT,
    channel TEXT,
    reading TEXT,
    result TEXT,
    reason TEXT,
    published_at TEXT,
    received_at TEXT,
    first_delivery TEXT,
    node TEXT,
    deliveries INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'queued',
    note TEXT,
    settled_at TEXT,
    settled_rank INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    transaction_id TEXT,
    PRIMARY KEY (org, uuid)
) STRICT;
CREATE INDEX okta_events_user ON okta_events (org, okta_user_id, received_at);
CREATE INDEX okta_events_state ON okta_events (state, received_at);
CREATE INDEX okta_events_received_at ON okta_events (received_at);
CREATE INDEX okta_events_transaction ON okta_events (transaction_id) WHERE transaction_id IS NOT NULL;

-- One row per event and POST: the same delivery applied twice counts once.
CREATE TABLE okta_event_deliveries (
    org TEXT NOT NULL,
    uuid TEXT NOT NULL CHECK (length(uuid) <= 512),
    delivery TEXT NOT NULL,
    received_at TEXT NOT NULL,
    PRIMARY KEY (org, uuid, delivery)
) STRICT, WITHOUT ROWID;
CREATE INDEX okta_event_deliveries_received_at ON okta_event_deliveries (received_at);

-- `subject` is what the report was about: the provider's reference, else the number's pseudonym.
CREATE TABLE feedback_reports (
    org TEXT NOT NULL,
    event_uuid TEXT NOT NULL CHECK (length(event_uuid) <= 512),
    provider TEXT NOT NULL CHECK (length(provider) <= 512),
    subject TEXT NOT NULL CHECK (length(subject) <= 512),
    transaction_id TEXT,
    phone_hmac TEXT,
    provider_ref TEXT CHECK (length(provider_ref) <= 512),
    verdict TEXT NOT NULL,
    result TEXT NOT NULL,
    result_rank INTEGER NOT NULL,
    matched_by TEXT NOT NULL,
    reported_at TEXT NOT NULL,
    PRIMARY KEY (org, event_uuid, provider, subject)
) STRICT;
CREATE INDEX feedback_reports_transaction ON feedback_reports (transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX feedback_reports_provider_ref ON feedback_reports (provider_ref) WHERE provider_ref IS NOT NULL;
CREATE INDEX feedback_reports_reported_at ON feedback_reports (reported_at);

-- What a provider said about a message afterwards. Nothing writes it yet; analysts may already join it.
CREATE TABLE delivery_receipts (
    id TEXT NOT NULL PRIMARY KEY,
    provider TEXT NOT NULL,
    provider_ref TEXT CHECK (length(provider_ref) <= 512),
    attempt_ref TEXT CHECK (length(attempt_ref) <= 512),
    status TEXT NOT NULL,
    error_code TEXT,
    received_at TEXT NOT NULL,
    transaction_id TEXT
) STRICT;
CREATE INDEX delivery_receipts_provider_ref ON delivery_receipts (provider_ref) WHERE provider_ref IS NOT NULL;
CREATE INDEX delivery_receipts_received_at ON delivery_receipts (received_at);

-- `id` is made of org, event and moment, so it is the same wherever it is written.
CREATE TABLE dead_letters (
    id TEXT NOT NULL PRIMARY KEY,
    org TEXT NOT NULL,
    event_uuid TEXT NOT NULL CHECK (length(event_uuid) <= 512),
    reason TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    dead_at TEXT NOT NULL,
    replayed_at TEXT
) STRICT;
CREATE UNIQUE INDEX dead_letters_event ON dead_letters (org, event_uuid, dead_at);
CREATE INDEX dead_letters_dead_at ON dead_letters (dead_at);

-- Bodies nobody could read, sealed.
CREATE TABLE quarantine (
    id TEXT NOT NULL PRIMARY KEY,
    org TEXT NOT NULL,
    reason TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sealed_body TEXT NOT NULL,
    received_at TEXT NOT NULL,
    node TEXT NOT NULL
) STRICT;
CREATE INDEX quarantine_received_at ON quarantine (received_at);
