-- Why: whether Okta sent a code itself is known to Okta alone. What its event hook and its System Log say of that has a table of its own,
-- and analytics_okta_fallbacks shows it beside what Okta was told. Events that a lost delivery never brought are repaired from the System
-- Log: `source` says which ones, and `okta_log_cursors` how far the log of each org was read. The views get percentiles.
-- Columns of views are only added, so their grants stay. The views' percentiles are nearest ranks (`percentile_disc`), and means are made of
-- whole microseconds: so both databases give the same figures to the last digit.
-- Only adds: the binaries of version 1 do not see it.
INSERT INTO ledger_schema (version, min_compatible) VALUES (5, 1);

-- `hook` or `log`; empty in rows of older binaries, which had the hook alone.
ALTER TABLE okta_events ADD COLUMN source text COLLATE "C";
CREATE INDEX okta_events_repaired ON okta_events (received_at) WHERE source = 'log';

-- One row per event of Okta's about a send: `kind` is `hook_failed` (Okta got no usable answer of the hook), `send` (Okta sent, or refused
-- to) or `status` (what became of a message that Okta sent). No number: country and first digits alone.
CREATE TABLE okta_send_events (
    org text COLLATE "C" NOT NULL,
    uuid text COLLATE "C" NOT NULL CHECK (length(uuid) <= 512),
    event_type text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    channel text COLLATE "C",
    okta_user_id text COLLATE "C" CHECK (length(okta_user_id) <= 512),
    country text COLLATE "C",
    phone_prefix text COLLATE "C",
    sent_by text COLLATE "C",
    provider text COLLATE "C",
    provider_ref text COLLATE "C" CHECK (length(provider_ref) <= 512),
    outcome text COLLATE "C" NOT NULL,
    reason text COLLATE "C",
    published_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    source text COLLATE "C" NOT NULL,
    node text COLLATE "C" NOT NULL,
    PRIMARY KEY (uuid, org)
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.01);
CREATE INDEX okta_send_events_received_at ON okta_send_events (received_at);
CREATE INDEX okta_send_events_user ON okta_send_events (okta_user_id, org) WHERE okta_user_id IS NOT NULL;
CREATE INDEX okta_send_events_day ON okta_send_events USING brin ((date_trunc('day', published_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'))
    WITH (pages_per_range = 32, autosummarize = on);

-- Everything that was published before `read_until` has been read.
CREATE TABLE okta_log_cursors (
    org text COLLATE "C" NOT NULL PRIMARY KEY,
    read_until timestamptz NOT NULL
) WITH (fillfactor = 70);

-- `answered_late`: answers that took more than the three seconds that Okta waits.
CREATE OR REPLACE VIEW analytics_deliveries_hourly WITH (security_barrier) AS
SELECT date_trunc('hour', received_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS hour, org, channel, country, provider,
    count(*) AS transactions,
    count(*) FILTER (WHERE status = 'accepted') AS accepted,
    count(*) FILTER (WHERE status = 'ambiguous') AS ambiguous,
    count(*) FILTER (WHERE status IN ('failed', 'rejected')) AS failed,
    count(*) FILTER (WHERE status = 'blocked') AS blocked,
    count(*) FILTER (WHERE status = 'received') AS open,
    count(verified_at) AS verified,
    extract(epoch FROM sum(answered_at - received_at))::double precision / nullif(count(answered_at), 0) AS answer_seconds_avg,
    extract(epoch FROM max(answered_at - received_at))::double precision AS answer_seconds_max,
    extract(epoch FROM percentile_disc(0.5) WITHIN GROUP (ORDER BY answered_at - received_at))::double precision AS answer_seconds_p50,
    extract(epoch FROM percentile_disc(0.95) WITHIN GROUP (ORDER BY answered_at - received_at))::double precision AS answer_seconds_p95,
    extract(epoch FROM percentile_disc(0.99) WITHIN GROUP (ORDER BY answered_at - received_at))::double precision AS answer_seconds_p99,
    count(*) FILTER (WHERE answered_at - received_at > interval '3 seconds') AS answered_late
FROM otp_transactions
WHERE duplicate_of IS NULL AND received_at IS NOT NULL
GROUP BY 1, 2, 3, 4, 5;

-- `verify_seconds_*`: from the hook to the code's being entered, as Okta says.
CREATE OR REPLACE VIEW analytics_conversion_by_country WITH (security_barrier) AS
SELECT date_trunc('day', received_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS day, org, country, channel,
    count(*) FILTER (WHERE status IN ('accepted', 'ambiguous')) AS sent,
    count(verified_at) AS verified,
    count(verified_at)::double precision / nullif(count(*) FILTER (WHERE status IN ('accepted', 'ambiguous')), 0) AS conversion,
    extract(epoch FROM percentile_disc(0.5) WITHIN GROUP (ORDER BY verified_at - received_at))::double precision AS verify_seconds_p50,
    extract(epoch FROM percentile_disc(0.95) WITHIN GROUP (ORDER BY verified_at - received_at))::double precision AS verify_seconds_p95,
    extract(epoch FROM percentile_disc(0.99) WITHIN GROUP (ORDER BY verified_at - received_at))::double precision AS verify_seconds_p99
FROM otp_transactions
WHERE duplicate_of IS NULL AND received_at IS NOT NULL
GROUP BY 1, 2, 3, 4;

-- `second_tries`: calls made because another provider had not sent the code.
CREATE OR REPLACE VIEW analytics_provider_health WITH (security_barrier) AS
SELECT date_trunc('hour', started_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS hour, provider,
    count(*) AS attempts,
    count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
    count(*) FILTER (WHERE outcome = 'not_sent') AS not_sent,
    count(*) FILTER (WHERE outcome LIKE 'rejected%') AS rejected,
    count(*) FILTER (WHERE outcome = 'misconfigured') AS misconfigured,
    count(*) FILTER (WHERE outcome = 'ambiguous') AS ambiguous,
    count(*) FILTER (WHERE outcome IS NULL) AS open,
    extract(epoch FROM sum(ended_at - started_at))::double precision / nullif(count(ended_at), 0) AS seconds_avg,
    extract(epoch FROM max(ended_at - started_at))::double precision AS seconds_max,
    extract(epoch FROM percentile_disc(0.5) WITHIN GROUP (ORDER BY ended_at - started_at))::double precision AS seconds_p50,
    extract(epoch FROM percentile_disc(0.95) WITHIN GROUP (ORDER BY ended_at - started_at))::double precision AS seconds_p95,
    extract(epoch FROM percentile_disc(0.99) WITHIN GROUP (ORDER BY ended_at - started_at))::double precision AS seconds_p99,
    count(*) FILTER (WHERE n > 1) AS second_tries,
    count(*) FILTER (WHERE outcome = 'accepted')::double precision / nullif(count(outcome), 0) AS accepted_share
FROM send_attempts
GROUP BY 1, 2;

-- `entry_lag_seconds_*`: from the code's being entered, as Okta says, to the report. `repaired`: events that no delivery brought and the
-- System Log did.
CREATE OR REPLACE VIEW analytics_feedback_lag WITH (security_barrier) AS
SELECT date_trunc('hour', r.reported_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS hour, r.org, r.provider, r.verdict, r.result,
    count(*) AS reports,
    extract(epoch FROM sum(r.reported_at - e.received_at))::double precision / nullif(count(e.received_at), 0) AS lag_seconds_avg,
    extract(epoch FROM max(r.reported_at - e.received_at))::double precision AS lag_seconds_max,
    extract(epoch FROM percentile_disc(0.5) WITHIN GROUP (ORDER BY r.reported_at - e.received_at))::double precision AS lag_seconds_p50,
    extract(epoch FROM percentile_disc(0.95) WITHIN GROUP (ORDER BY r.reported_at - e.received_at))::double precision AS lag_seconds_p95,
    extract(epoch FROM percentile_disc(0.99) WITHIN GROUP (ORDER BY r.reported_at - e.received_at))::double precision AS lag_seconds_p99,
    extract(epoch FROM percentile_disc(0.5) WITHIN GROUP (ORDER BY r.reported_at - e.published_at))::double precision AS entry_lag_seconds_p50,
    extract(epoch FROM percentile_disc(0.95) WITHIN GROUP (ORDER BY r.reported_at - e.published_at))::double precision AS entry_lag_seconds_p95,
    extract(epoch FROM percentile_disc(0.99) WITHIN GROUP (ORDER BY r.reported_at - e.published_at))::double precision AS entry_lag_seconds_p99,
    count(*) FILTER (WHERE e.source = 'log') AS repaired
FROM feedback_reports r LEFT JOIN okta_events e ON e.org = r.org AND e.uuid = r.event_uuid
GROUP BY 1, 2, 3, 4, 5;

-- What Okta was told, by the day of the answer, and what Okta says it did, by the day it did so. An event of Okta's stands beside the answer
-- that the hook of the same user and channel was given in the minute before it; without an answer where there was none.
CREATE OR REPLACE VIEW analytics_okta_fallbacks WITH (security_barrier) AS
SELECT day, org, channel, country, answer, failure_class,
    sum(transactions)::bigint AS transactions,
    sum(okta_sent)::bigint AS okta_sent,
    sum(okta_failed)::bigint AS okta_failed,
    sum(okta_denied)::bigint AS okta_denied,
    sum(okta_delivered)::bigint AS okta_delivered,
    sum(okta_undelivered)::bigint AS okta_undelivered,
    sum(hook_failures)::bigint AS hook_failures
FROM (
    SELECT date_trunc('day', answered_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS day, org, channel, country, answer,
        answer_failure_class AS failure_class, 1 AS transactions, 0 AS okta_sent, 0 AS okta_failed, 0 AS okta_denied,
        0 AS okta_delivered, 0 AS okta_undelivered, 0 AS hook_failures
    FROM otp_transactions
    WHERE duplicate_of IS NULL AND answer <> 'SUCCESSFUL'
    UNION ALL
    SELECT date_trunc('day', e.published_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC', e.org, e.channel, coalesce(e.country, t.country), t.answer,
        t.answer_failure_class, 0, (e.kind = 'send' AND e.outcome = 'sent')::integer, (e.kind = 'send' AND e.outcome = 'failed')::integer,
        (e.kind = 'send' AND e.outcome = 'denied')::integer, (e.kind = 'status' AND e.outcome = 'delivered')::integer,
        (e.kind = 'status' AND e.outcome = 'undelivered')::integer, (e.kind = 'hook_failed')::integer
    FROM okta_send_events e
    LEFT JOIN LATERAL (
        SELECT c.country, c.answer, c.answer_failure_class
        FROM otp_transactions c
        WHERE c.okta_user_id = e.okta_user_id AND c.org = e.org AND c.channel = e.channel AND c.duplicate_of IS NULL AND e.kind = 'send'
        AND c.received_at > e.published_at - interval '60 seconds' AND c.received_at <= e.published_at + interval '10 seconds'
        ORDER BY c.received_at DESC NULLS LAST, c.id DESC
        LIMIT 1
    ) AS t ON TRUE
    WHERE e.kind <> 'send' OR e.sent_by = 'okta' OR e.outcome = 'denied'
) AS told_and_done
GROUP BY 1, 2, 3, 4, 5, 6;

-- The planner takes a block range index for one that reads all over the table, and reads all of the table instead: for thirty days of ten
-- million codes it did. In these rows come in the order of the views' own groups, so nothing is sorted on disk. A key stands there once for
-- all its rows, so they are small, and they only grow at their end; neither moment ever changes. Made while writers wait: facts stay in the
-- journal that long.
DROP INDEX otp_transactions_hour;
DROP INDEX otp_transactions_day;
CREATE INDEX otp_transactions_hour ON otp_transactions ((date_trunc('hour', received_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'));
CREATE INDEX otp_transactions_day ON otp_transactions ((date_trunc('day', received_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'));
-- Of answers only the few after which Okta may send itself are asked for.
DROP INDEX otp_transactions_answer_day;
CREATE INDEX otp_transactions_fallback_day ON otp_transactions ((date_trunc('day', answered_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'))
    WHERE duplicate_of IS NULL AND answer <> 'SUCCESSFUL';
