-- Why: the books begin here, with the tables and columns of the SQLite ledger (analysts may move from one to the other) and the
-- types Postgres has for them. Every table is filled by facts that may come twice, late, and before the fact they build on, so:
--   * whatever a later fact brings is nullable, and a row may begin with any of its facts;
--   * no foreign keys: a child (an attempt, a report) may be written before its parent;
--   * `*_rank`, `first_delivery` and `subject` are what the tie-breaks of the upserts compare.
-- Text that is compared or indexed has collation "C": comparisons are those of SQLite and of the binary, and no update of the
-- operating system's collations can damage an index.
-- Words (status, state, outcome, …) carry no CHECK: a new word must not need a lock on a large table.
-- Texts that are part of an index are bounded, because Postgres refuses what is too long for one; SQLite's bounds are the same.
-- Indexes, not partitions: see ops/decisions/0006-indexes-not-partitions.md.

-- Which binaries may work on this schema: those that know at least `min_compatible`. A migration that only adds writes the
-- version it is safe for; one that says nothing is safe for nobody but its own binary.
CREATE TABLE ledger_schema (
    version bigint NOT NULL PRIMARY KEY,
    min_compatible bigint NOT NULL
);
INSERT INTO ledger_schema (version, min_compatible) VALUES (1, 1);

-- `fillfactor` leaves room for the second and third version of a row on its own page. Vacuum and analyse come after a hundredth of
-- the rows changed, not a tenth: these tables only grow at one end and shrink at the other.
CREATE TABLE otp_transactions (
    id uuid NOT NULL PRIMARY KEY,
    org text COLLATE "C",
    okta_event_id text COLLATE "C" CHECK (length(okta_event_id) <= 512),
    purpose text COLLATE "C",
    channel text COLLATE "C",
    okta_user_id text COLLATE "C" CHECK (length(okta_user_id) <= 512),
    phone_hmac text COLLATE "C",
    phone_sealed text COLLATE "C",
    country text COLLATE "C",
    phone_prefix text COLLATE "C",
    locale text COLLATE "C",
    otp_expires_at timestamptz,
    received_at timestamptz,
    node text COLLATE "C",
    duplicate_of uuid,
    status text COLLATE "C" NOT NULL DEFAULT 'received',
    failure_class text COLLATE "C",
    provider text COLLATE "C",
    provider_ref text COLLATE "C" CHECK (length(provider_ref) <= 512),
    settled_at timestamptz,
    settled_rank integer NOT NULL DEFAULT 0,
    answer text COLLATE "C",
    answer_failure_class text COLLATE "C",
    answer_provider text COLLATE "C",
    answer_provider_ref text COLLATE "C",
    answer_attempt_ref text COLLATE "C",
    answered_at timestamptz,
    verified_at timestamptz
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.01);
-- One transaction per hook of Okta; the others of the same hook (taken by another node) point to it.
CREATE UNIQUE INDEX otp_transactions_hook ON otp_transactions (okta_event_id, org) WHERE duplicate_of IS NULL;
CREATE INDEX otp_transactions_duplicate_of ON otp_transactions (duplicate_of) WHERE duplicate_of IS NOT NULL;
-- Serves the matching (org and user) and a listing that names the user alone.
CREATE INDEX otp_transactions_user ON otp_transactions (okta_user_id, org, received_at DESC NULLS LAST, id DESC);
-- In the order of the listings; the purge reads it from the other end.
CREATE INDEX otp_transactions_received_at ON otp_transactions (received_at DESC NULLS LAST, id DESC);
-- For listings of what went wrong: few rows, and a row that goes well is never in it.
CREATE INDEX otp_transactions_trouble ON otp_transactions (status, received_at DESC NULLS LAST, id DESC)
    WHERE status NOT IN ('received', 'accepted');
CREATE INDEX otp_transactions_provider_ref ON otp_transactions (provider_ref) WHERE provider_ref IS NOT NULL;
-- For the purge: the few rows that still hold a number, and the few whose hook never came.
CREATE INDEX otp_transactions_phone_sealed ON otp_transactions (received_at) WHERE phone_sealed IS NOT NULL;
CREATE INDEX otp_transactions_headless ON otp_transactions ((coalesce(answered_at, settled_at, verified_at)))
    WHERE received_at IS NULL;

CREATE TABLE send_attempts (
    transaction_id uuid NOT NULL,
    n integer NOT NULL,
    provider text COLLATE "C" NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    outcome text COLLATE "C",
    http_status integer,
    provider_code text COLLATE "C",
    provider_ref text COLLATE "C" CHECK (length(provider_ref) <= 512),
    attempt_ref text COLLATE "C" CHECK (length(attempt_ref) <= 512),
    PRIMARY KEY (transaction_id, n)
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.01);
CREATE INDEX send_attempts_started_at ON send_attempts (started_at);
CREATE INDEX send_attempts_provider_ref ON send_attempts (provider_ref) WHERE provider_ref IS NOT NULL;

-- Its key begins with the uuid, so that it also serves who asks without an org.
CREATE TABLE okta_events (
    org text COLLATE "C" NOT NULL,
    uuid text COLLATE "C" NOT NULL CHECK (length(uuid) <= 512),
    event_type text COLLATE "C",
    okta_user_id text COLLATE "C" CHECK (length(okta_user_id) <= 512),
    factor text COLLATE "C",
    channel text COLLATE "C",
    reading text COLLATE "C",
    result text COLLATE "C",
    reason text COLLATE "C",
    published_at timestamptz,
    received_at timestamptz,
    first_delivery uuid,
    node text COLLATE "C",
    deliveries bigint NOT NULL DEFAULT 0,
    state text COLLATE "C" NOT NULL DEFAULT 'queued',
    note text COLLATE "C",
    settled_at timestamptz,
    settled_rank integer NOT NULL DEFAULT 0,
    attempts bigint NOT NULL DEFAULT 0,
    transaction_id uuid,
    PRIMARY KEY (uuid, org)
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.01);
CREATE INDEX okta_events_user ON okta_events (okta_user_id, org, received_at DESC NULLS LAST);
CREATE INDEX okta_events_received_at ON okta_events (received_at DESC NULLS LAST, org, uuid);
CREATE INDEX okta_events_trouble ON okta_events (state, received_at DESC NULLS LAST, org, uuid)
    WHERE state NOT IN ('done', 'skipped');
CREATE INDEX okta_events_transaction ON okta_events (transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX okta_events_headless ON okta_events (settled_at) WHERE received_at IS NULL;

-- One row per event and POST: the same delivery applied twice counts once.
CREATE TABLE okta_event_deliveries (
    org text COLLATE "C" NOT NULL,
    uuid text COLLATE "C" NOT NULL CHECK (length(uuid) <= 512),
    delivery uuid NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (uuid, org, delivery)
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.01);
CREATE INDEX okta_event_deliveries_received_at ON okta_event_deliveries (received_at);

-- `subject` is what the report was about: the provider's reference, else the number's pseudonym.
CREATE TABLE feedback_reports (
    org text COLLATE "C" NOT NULL,
    event_uuid text COLLATE "C" NOT NULL CHECK (length(event_uuid) <= 512),
    provider text COLLATE "C" NOT NULL CHECK (length(provider) <= 512),
    subject text COLLATE "C" NOT NULL CHECK (length(subject) <= 512),
    transaction_id uuid,
    phone_hmac text COLLATE "C",
    provider_ref text COLLATE "C" CHECK (length(provider_ref) <= 512),
    verdict text COLLATE "C" NOT NULL,
    result text COLLATE "C" NOT NULL,
    result_rank integer NOT NULL,
    matched_by text COLLATE "C" NOT NULL,
    reported_at timestamptz NOT NULL,
    PRIMARY KEY (event_uuid, org, provider, subject)
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.01);
CREATE INDEX feedback_reports_transaction ON feedback_reports (transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX feedback_reports_provider_ref ON feedback_reports (provider_ref) WHERE provider_ref IS NOT NULL;
CREATE INDEX feedback_reports_reported_at ON feedback_reports (reported_at);

-- What a provider said about a message afterwards. Nothing writes it yet; analysts may already join it.
CREATE TABLE delivery_receipts (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    provider text COLLATE "C" NOT NULL,
    provider_ref text COLLATE "C" CHECK (length(provider_ref) <= 512),
    attempt_ref text COLLATE "C" CHECK (length(attempt_ref) <= 512),
    status text COLLATE "C" NOT NULL,
    error_code text COLLATE "C",
    received_at timestamptz NOT NULL,
    transaction_id uuid
);
CREATE INDEX delivery_receipts_provider_ref ON delivery_receipts (provider_ref) WHERE provider_ref IS NOT NULL;
CREATE INDEX delivery_receipts_received_at ON delivery_receipts (received_at);

-- `id` is made of org, event and moment, so it is the same wherever it is written.
CREATE TABLE dead_letters (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    org text COLLATE "C" NOT NULL,
    event_uuid text COLLATE "C" NOT NULL CHECK (length(event_uuid) <= 512),
    reason text COLLATE "C" NOT NULL,
    attempts bigint NOT NULL,
    dead_at timestamptz NOT NULL,
    replayed_at timestamptz
);
CREATE UNIQUE INDEX dead_letters_event ON dead_letters (event_uuid, org, dead_at);
CREATE INDEX dead_letters_dead_at ON dead_letters (dead_at DESC, id);

-- Bodies nobody could read, sealed.
CREATE TABLE quarantine (
    id uuid NOT NULL PRIMARY KEY,
    org text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    bytes bigint NOT NULL,
    sealed_body text COLLATE "C" NOT NULL,
    received_at timestamptz NOT NULL,
    node text COLLATE "C" NOT NULL
);
CREATE INDEX quarantine_received_at ON quarantine (received_at);
