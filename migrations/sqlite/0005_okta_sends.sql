-- Why: whether Okta sent a code itself is known to Okta alone. What its event hook and its System Log say of that has a table of its own,
-- and analytics_okta_fallbacks shows it beside what Okta was told. Events that a lost delivery never brought are repaired from the System
-- Log: `source` says which ones, and `okta_log_cursors` how far the log of each org was read. The views get percentiles.
-- The views' percentiles are nearest ranks: the value whose place among n, in order, is the first at or above share * n. Means and
-- percentiles are made of whole microseconds: so both databases give the same figures to the last digit.
-- Only adds: the binaries of version 1 do not see it.
INSERT INTO ledger_schema (version, min_compatible) VALUES (5, 1);

-- `hook` or `log`; empty in rows of older binaries, which had the hook alone.
ALTER TABLE okta_events ADD COLUMN source TEXT;

-- One row per event of Okta's about a send: `kind` is `hook_failed` (Okta got no usable answer of the hook), `send` (Okta sent, or refused
-- to) or `status` (what became of a message that Okta sent). No number: country and first digits alone.
CREATE TABLE okta_send_events (
    org TEXT NOT NULL,
    uuid TEXT NOT NULL CHECK (length(uuid) <= 512),
    event_type TEXT NOT NULL,
    kind TEXT NOT NULL,
    channel TEXT,
    okta_user_id TEXT CHECK (length(okta_user_id) <= 512),
    country TEXT,
    phone_prefix TEXT,
    sent_by TEXT,
    provider TEXT,
    provider_ref TEXT CHECK (length(provider_ref) <= 512),
    outcome TEXT NOT NULL,
    reason TEXT,
    published_at TEXT NOT NULL,
    received_at TEXT NOT NULL,
    source TEXT NOT NULL,
    node TEXT NOT NULL,
    PRIMARY KEY (org, uuid)
) STRICT;
CREATE INDEX okta_send_events_received_at ON okta_send_events (received_at);

-- Everything that was published before `read_until` has been read.
CREATE TABLE okta_log_cursors (
    org TEXT NOT NULL PRIMARY KEY,
    read_until TEXT NOT NULL
) STRICT;

DROP VIEW analytics_deliveries_hourly;
DROP VIEW analytics_conversion_by_country;
DROP VIEW analytics_provider_health;
DROP VIEW analytics_feedback_lag;
DROP VIEW analytics_okta_fallbacks;

-- `answered_late`: answers that took more than the three seconds that Okta waits.
CREATE VIEW analytics_deliveries_hourly AS
SELECT hour, org, channel, country, provider,
    count(*) AS transactions,
    count(*) FILTER (WHERE status = 'accepted') AS accepted,
    count(*) FILTER (WHERE status = 'ambiguous') AS ambiguous,
    count(*) FILTER (WHERE status IN ('failed', 'rejected')) AS failed,
    count(*) FILTER (WHERE status = 'blocked') AS blocked,
    count(*) FILTER (WHERE status = 'received') AS open,
    count(verified_at) AS verified,
    CAST(sum(took) AS REAL) / 1000000.0 / nullif(count(took), 0) AS answer_seconds_avg,
    max(took) / 1000000.0 AS answer_seconds_max,
    min(took) FILTER (WHERE place >= 0.5 * answered) / 1000000.0 AS answer_seconds_p50,
    min(took) FILTER (WHERE place >= 0.95 * answered) / 1000000.0 AS answer_seconds_p95,
    min(took) FILTER (WHERE place >= 0.99 * answered) / 1000000.0 AS answer_seconds_p99,
    count(*) FILTER (WHERE took > 3000000) AS answered_late
FROM (
    SELECT *,
        row_number() OVER (PARTITION BY hour, org, channel, country, provider ORDER BY took NULLS LAST) AS place,
        count(took) OVER (PARTITION BY hour, org, channel, country, provider) AS answered
    FROM (
        SELECT substr(received_at, 1, 13) || ':00:00.000000Z' AS hour, org, channel, country, provider, status, verified_at,
            (unixepoch(substr(answered_at, 1, 19)) - unixepoch(substr(received_at, 1, 19))) * 1000000
            + CAST(substr(answered_at, 21, 6) AS INTEGER) - CAST(substr(received_at, 21, 6) AS INTEGER) AS took
        FROM otp_transactions
        WHERE duplicate_of IS NULL AND received_at IS NOT NULL
    )
)
GROUP BY 1, 2, 3, 4, 5;

-- `verify_seconds_*`: from the hook to the code's being entered, as Okta says.
CREATE VIEW analytics_conversion_by_country AS
SELECT day, org, country, channel,
    count(*) FILTER (WHERE status IN ('accepted', 'ambiguous')) AS sent,
    count(verified_at) AS verified,
    CAST(count(verified_at) AS REAL) / nullif(count(*) FILTER (WHERE status IN ('accepted', 'ambiguous')), 0) AS conversion,
    min(took) FILTER (WHERE place >= 0.5 * entered) / 1000000.0 AS verify_seconds_p50,
    min(took) FILTER (WHERE place >= 0.95 * entered) / 1000000.0 AS verify_seconds_p95,
    min(took) FILTER (WHERE place >= 0.99 * entered) / 1000000.0 AS verify_seconds_p99
FROM (
    SELECT *,
        row_number() OVER (PARTITION BY day, org, country, channel ORDER BY took NULLS LAST) AS place,
        count(took) OVER (PARTITION BY day, org, country, channel) AS entered
    FROM (
        SELECT substr(received_at, 1, 10) || 'T00:00:00.000000Z' AS day, org, country, channel, status, verified_at,
            (unixepoch(substr(verified_at, 1, 19)) - unixepoch(substr(received_at, 1, 19))) * 1000000
            + CAST(substr(verified_at, 21, 6) AS INTEGER) - CAST(substr(received_at, 21, 6) AS INTEGER) AS took
        FROM otp_transactions
        WHERE duplicate_of IS NULL AND received_at IS NOT NULL
    )
)
GROUP BY 1, 2, 3, 4;

-- `second_tries`: calls made because another provider had not sent the code.
CREATE VIEW analytics_provider_health AS
SELECT hour, provider,
    count(*) AS attempts,
    count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
    count(*) FILTER (WHERE outcome = 'not_sent') AS not_sent,
    count(*) FILTER (WHERE outcome LIKE 'rejected%') AS rejected,
    count(*) FILTER (WHERE outcome = 'misconfigured') AS misconfigured,
    count(*) FILTER (WHERE outcome = 'ambiguous') AS ambiguous,
    count(*) FILTER (WHERE outcome IS NULL) AS open,
    CAST(sum(took) AS REAL) / 1000000.0 / nullif(count(took), 0) AS seconds_avg,
    max(took) / 1000000.0 AS seconds_max,
    min(took) FILTER (WHERE place >= 0.5 * ended) / 1000000.0 AS seconds_p50,
    min(took) FILTER (WHERE place >= 0.95 * ended) / 1000000.0 AS seconds_p95,
    min(took) FILTER (WHERE place >= 0.99 * ended) / 1000000.0 AS seconds_p99,
    count(*) FILTER (WHERE n > 1) AS second_tries,
    CAST(count(*) FILTER (WHERE outcome = 'accepted') AS REAL) / nullif(count(outcome), 0) AS accepted_share
FROM (
    SELECT *,
        row_number() OVER (PARTITION BY hour, provider ORDER BY took NULLS LAST) AS place,
        count(took) OVER (PARTITION BY hour, provider) AS ended
    FROM (
        SELECT substr(started_at, 1, 13) || ':00:00.000000Z' AS hour, provider, outcome, n,
            (unixepoch(substr(ended_at, 1, 19)) - unixepoch(substr(started_at, 1, 19))) * 1000000
            + CAST(substr(ended_at, 21, 6) AS INTEGER) - CAST(substr(started_at, 21, 6) AS INTEGER) AS took
        FROM send_attempts
    )
)
GROUP BY 1, 2;

-- `entry_lag_seconds_*`: from the code's being entered, as Okta says, to the report. `repaired`: events that no delivery brought and the
-- System Log did.
CREATE VIEW analytics_feedback_lag AS
SELECT hour, org, provider, verdict, result,
    count(*) AS reports,
    CAST(sum(took) AS REAL) / 1000000.0 / nullif(count(took), 0) AS lag_seconds_avg,
    max(took) / 1000000.0 AS lag_seconds_max,
    min(took) FILTER (WHERE place >= 0.5 * known) / 1000000.0 AS lag_seconds_p50,
    min(took) FILTER (WHERE place >= 0.95 * known) / 1000000.0 AS lag_seconds_p95,
    min(took) FILTER (WHERE place >= 0.99 * known) / 1000000.0 AS lag_seconds_p99,
    min(since) FILTER (WHERE since_place >= 0.5 * since_known) / 1000000.0 AS entry_lag_seconds_p50,
    min(since) FILTER (WHERE since_place >= 0.95 * since_known) / 1000000.0 AS entry_lag_seconds_p95,
    min(since) FILTER (WHERE since_place >= 0.99 * since_known) / 1000000.0 AS entry_lag_seconds_p99,
    count(*) FILTER (WHERE source = 'log') AS repaired
FROM (
    SELECT *,
        row_number() OVER (PARTITION BY hour, org, provider, verdict, result ORDER BY took NULLS LAST) AS place,
        count(took) OVER (PARTITION BY hour, org, provider, verdict, result) AS known,
        row_number() OVER (PARTITION BY hour, org, provider, verdict, result ORDER BY since NULLS LAST) AS since_place,
        count(since) OVER (PARTITION BY hour, org, provider, verdict, result) AS since_known
    FROM (
        SELECT substr(r.reported_at, 1, 13) || ':00:00.000000Z' AS hour, r.org, r.provider, r.verdict, r.result, e.source,
            (unixepoch(substr(r.reported_at, 1, 19)) - unixepoch(substr(e.received_at, 1, 19))) * 1000000
            + CAST(substr(r.reported_at, 21, 6) AS INTEGER) - CAST(substr(e.received_at, 21, 6) AS INTEGER) AS took,
            (unixepoch(substr(r.reported_at, 1, 19)) - unixepoch(substr(e.published_at, 1, 19))) * 1000000
            + CAST(substr(r.reported_at, 21, 6) AS INTEGER) - CAST(substr(e.published_at, 21, 6) AS INTEGER) AS since
        FROM feedback_reports r LEFT JOIN okta_events e ON e.org = r.org AND e.uuid = r.event_uuid
    )
)
GROUP BY 1, 2, 3, 4, 5;

-- What Okta was told, by the day of the answer, and what Okta says it did, by the day it did so. An event of Okta's stands beside the answer
-- that the hook of the same user and channel was given in the minute before it; without an answer where there was none.
CREATE VIEW analytics_okta_fallbacks AS
SELECT day, org, channel, country, answer, failure_class,
    sum(transactions) AS transactions,
    sum(okta_sent) AS okta_sent,
    sum(okta_failed) AS okta_failed,
    sum(okta_denied) AS okta_denied,
    sum(okta_delivered) AS okta_delivered,
    sum(okta_undelivered) AS okta_undelivered,
    sum(hook_failures) AS hook_failures
FROM (
    SELECT substr(answered_at, 1, 10) || 'T00:00:00.000000Z' AS day, org, channel, country, answer,
        answer_failure_class AS failure_class, 1 AS transactions, 0 AS okta_sent, 0 AS okta_failed, 0 AS okta_denied,
        0 AS okta_delivered, 0 AS okta_undelivered, 0 AS hook_failures
    FROM otp_transactions
    WHERE duplicate_of IS NULL AND answer <> 'SUCCESSFUL'
    UNION ALL
    SELECT substr(e.published_at, 1, 10) || 'T00:00:00.000000Z', e.org, e.channel, coalesce(e.country, t.country), t.answer,
        t.answer_failure_class, 0, e.kind = 'send' AND e.outcome = 'sent', e.kind = 'send' AND e.outcome = 'failed',
        e.kind = 'send' AND e.outcome = 'denied', e.kind = 'status' AND e.outcome = 'delivered',
        e.kind = 'status' AND e.outcome = 'undelivered', e.kind = 'hook_failed'
    FROM okta_send_events e
    LEFT JOIN otp_transactions t ON t.id = (
        SELECT c.id
        FROM otp_transactions c
        WHERE c.okta_user_id = e.okta_user_id AND c.org = e.org AND c.channel = e.channel AND c.duplicate_of IS NULL AND e.kind = 'send'
        AND (unixepoch(substr(e.published_at, 1, 19)) - unixepoch(substr(c.received_at, 1, 19))) * 1000000
            + CAST(substr(e.published_at, 21, 6) AS INTEGER) - CAST(substr(c.received_at, 21, 6) AS INTEGER) BETWEEN -10000000 AND 59999999
        ORDER BY c.received_at DESC, c.id DESC
        LIMIT 1
    )
    WHERE e.kind <> 'send' OR e.sent_by = 'okta' OR e.outcome = 'denied'
)
GROUP BY 1, 2, 3, 4, 5, 6;
