-- Why: what analysts ask most, with the same names, columns and units in Postgres and SQLite. Copies of a hook that another node took are
-- left out everywhere, moments are in UTC, `seconds` are seconds, shares are between 0 and 1 (empty where there is nothing to share).
-- No view has a number, a pseudonym or a user in it.
-- Only adds: the binaries of version 1 do not see it.
INSERT INTO ledger_schema (version, min_compatible) VALUES (3, 1);

-- What became of the codes, by the hour in which their hooks came: `failed` were refused by every provider that was tried or never sent,
-- `open` have no end yet, `answer_seconds_*` is from the hook to our answer.
CREATE VIEW analytics_deliveries_hourly AS
SELECT substr(received_at, 1, 13) || ':00:00.000000Z' AS hour, org, channel, country, provider,
    count(*) AS transactions,
    count(*) FILTER (WHERE status = 'accepted') AS accepted,
    count(*) FILTER (WHERE status = 'ambiguous') AS ambiguous,
    count(*) FILTER (WHERE status IN ('failed', 'rejected')) AS failed,
    count(*) FILTER (WHERE status = 'blocked') AS blocked,
    count(*) FILTER (WHERE status = 'received') AS open,
    count(verified_at) AS verified,
    avg((julianday(answered_at) - julianday(received_at)) * 86400.0) AS answer_seconds_avg,
    max((julianday(answered_at) - julianday(received_at)) * 86400.0) AS answer_seconds_max
FROM otp_transactions
WHERE duplicate_of IS NULL AND received_at IS NOT NULL
GROUP BY 1, 2, 3, 4, 5;

-- How many of the codes that were sent (or may have been) were entered, by the day of their hooks.
CREATE VIEW analytics_conversion_by_country AS
SELECT substr(received_at, 1, 10) || 'T00:00:00.000000Z' AS day, org, country, channel,
    count(*) FILTER (WHERE status IN ('accepted', 'ambiguous')) AS sent,
    count(verified_at) AS verified,
    CAST(count(verified_at) AS REAL) / nullif(count(*) FILTER (WHERE status IN ('accepted', 'ambiguous')), 0) AS conversion
FROM otp_transactions
WHERE duplicate_of IS NULL AND received_at IS NOT NULL
GROUP BY 1, 2, 3, 4;

-- How the calls to providers ended, by the hour in which they began: `open` have no end yet, `seconds_*` is how long a call took.
CREATE VIEW analytics_provider_health AS
SELECT substr(started_at, 1, 13) || ':00:00.000000Z' AS hour, provider,
    count(*) AS attempts,
    count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
    count(*) FILTER (WHERE outcome = 'not_sent') AS not_sent,
    count(*) FILTER (WHERE outcome LIKE 'rejected%') AS rejected,
    count(*) FILTER (WHERE outcome = 'misconfigured') AS misconfigured,
    count(*) FILTER (WHERE outcome = 'ambiguous') AS ambiguous,
    count(*) FILTER (WHERE outcome IS NULL) AS open,
    avg((julianday(ended_at) - julianday(started_at)) * 86400.0) AS seconds_avg,
    max((julianday(ended_at) - julianday(started_at)) * 86400.0) AS seconds_max
FROM send_attempts
GROUP BY 1, 2;

-- How long after an event came a provider was told, by the hour of the report. Reports whose event is not in the books count without a lag.
CREATE VIEW analytics_feedback_lag AS
SELECT substr(r.reported_at, 1, 13) || ':00:00.000000Z' AS hour, r.org, r.provider, r.verdict, r.result,
    count(*) AS reports,
    avg((julianday(r.reported_at) - julianday(e.received_at)) * 86400.0) AS lag_seconds_avg,
    max((julianday(r.reported_at) - julianday(e.received_at)) * 86400.0) AS lag_seconds_max
FROM feedback_reports r LEFT JOIN okta_events e ON e.org = r.org AND e.uuid = r.event_uuid
GROUP BY 1, 2, 3, 4, 5;

-- Hooks after which Okta may send the code itself, because it was told anything but SUCCESSFUL, by the day of the answer.
CREATE VIEW analytics_okta_fallbacks AS
SELECT substr(answered_at, 1, 10) || 'T00:00:00.000000Z' AS day, org, channel, country, answer, answer_failure_class AS failure_class,
    count(*) AS transactions
FROM otp_transactions
WHERE duplicate_of IS NULL AND answer <> 'SUCCESSFUL'
GROUP BY 1, 2, 3, 4, 5, 6;

-- Codes by the first digits of the number, by the hour of their hooks: many users or numbers of one prefix and few entered codes are what
-- pumping looks like.
CREATE VIEW analytics_fraud_watch AS
SELECT substr(received_at, 1, 13) || ':00:00.000000Z' AS hour, org, country, phone_prefix, channel,
    count(*) AS transactions,
    count(DISTINCT okta_user_id) AS users,
    count(DISTINCT phone_hmac) AS phones,
    count(*) FILTER (WHERE status = 'blocked') AS blocked,
    count(*) FILTER (WHERE status IN ('accepted', 'ambiguous')) AS sent,
    count(verified_at) AS verified,
    CAST(count(verified_at) AS REAL) / nullif(count(*) FILTER (WHERE status IN ('accepted', 'ambiguous')), 0) AS conversion
FROM otp_transactions
WHERE duplicate_of IS NULL AND received_at IS NOT NULL
GROUP BY 1, 2, 3, 4, 5;
