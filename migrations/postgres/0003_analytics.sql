-- Why: what analysts ask most, with the same names, columns and units in Postgres and SQLite. Copies of a hook that another node took are
-- left out everywhere, moments are in UTC, `seconds` are seconds, shares are between 0 and 1 (empty where there is nothing to share).
-- No view has a number, a pseudonym or a user in it. Ask for a span of `hour` or `day`: an index finds it.
-- Only adds: the binaries of version 1 do not see it.
INSERT INTO ledger_schema (version, min_compatible) VALUES (3, 1);

-- What became of the codes, by the hour in which their hooks came: `failed` were refused by every provider that was tried or never sent,
-- `open` have no end yet, `answer_seconds_*` is from the hook to our answer.
CREATE VIEW analytics_deliveries_hourly WITH (security_barrier) AS
SELECT date_trunc('hour', received_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS hour, org, channel, country, provider,
    count(*) AS transactions,
    count(*) FILTER (WHERE status = 'accepted') AS accepted,
    count(*) FILTER (WHERE status = 'ambiguous') AS ambiguous,
    count(*) FILTER (WHERE status IN ('failed', 'rejected')) AS failed,
    count(*) FILTER (WHERE status = 'blocked') AS blocked,
    count(*) FILTER (WHERE status = 'received') AS open,
    count(verified_at) AS verified,
    avg(extract(epoch FROM answered_at - received_at)::double precision) AS answer_seconds_avg,
    max(extract(epoch FROM answered_at - received_at)::double precision) AS answer_seconds_max
FROM otp_transactions
WHERE duplicate_of IS NULL AND received_at IS NOT NULL
GROUP BY 1, 2, 3, 4, 5;

-- How many of the codes that were sent (or may have been) were entered, by the day of their hooks.
CREATE VIEW analytics_conversion_by_country WITH (security_barrier) AS
SELECT date_trunc('day', received_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS day, org, country, channel,
    count(*) FILTER (WHERE status IN ('accepted', 'ambiguous')) AS sent,
    count(verified_at) AS verified,
    count(verified_at)::double precision / nullif(count(*) FILTER (WHERE status IN ('accepted', 'ambiguous')), 0) AS conversion
FROM otp_transactions
WHERE duplicate_of IS NULL AND received_at IS NOT NULL
GROUP BY 1, 2, 3, 4;

-- How the calls to providers ended, by the hour in which they began: `open` have no end yet, `seconds_*` is how long a call took.
CREATE VIEW analytics_provider_health WITH (security_barrier) AS
SELECT date_trunc('hour', started_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS hour, provider,
    count(*) AS attempts,
    count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
    count(*) FILTER (WHERE outcome = 'not_sent') AS not_sent,
    count(*) FILTER (WHERE outcome LIKE 'rejected%') AS rejected,
    count(*) FILTER (WHERE outcome = 'misconfigured') AS misconfigured,
    count(*) FILTER (WHERE outcome = 'ambiguous') AS ambiguous,
    count(*) FILTER (WHERE outcome IS NULL) AS open,
    avg(extract(epoch FROM ended_at - started_at)::double precision) AS seconds_avg,
    max(extract(epoch FROM ended_at - started_at)::double precision) AS seconds_max
FROM send_attempts
GROUP BY 1, 2;

-- How long after an event came a provider was told, by the hour of the report. Reports whose event is not in the books count without a lag.
CREATE VIEW analytics_feedback_lag WITH (security_barrier) AS
SELECT date_trunc('hour', r.reported_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS hour, r.org, r.provider, r.verdict, r.result,
    count(*) AS reports,
    avg(extract(epoch FROM r.reported_at - e.received_at)::double precision) AS lag_seconds_avg,
    max(extract(epoch FROM r.reported_at - e.received_at)::double precision) AS lag_seconds_max
FROM feedback_reports r LEFT JOIN okta_events e ON e.org = r.org AND e.uuid = r.event_uuid
GROUP BY 1, 2, 3, 4, 5;

-- Hooks after which Okta may send the code itself, because it was told anything but SUCCESSFUL, by the day of the answer.
CREATE VIEW analytics_okta_fallbacks WITH (security_barrier) AS
SELECT date_trunc('day', answered_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS day, org, channel, country, answer, answer_failure_class AS failure_class,
    count(*) AS transactions
FROM otp_transactions
WHERE duplicate_of IS NULL AND answer <> 'SUCCESSFUL'
GROUP BY 1, 2, 3, 4, 5, 6;

-- Codes by the first digits of the number, by the hour of their hooks: many users or numbers of one prefix and few entered codes are what
-- pumping looks like.
CREATE VIEW analytics_fraud_watch WITH (security_barrier) AS
SELECT date_trunc('hour', received_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS hour, org, country, phone_prefix, channel,
    count(*) AS transactions,
    count(DISTINCT okta_user_id) AS users,
    count(DISTINCT phone_hmac) AS phones,
    count(*) FILTER (WHERE status = 'blocked') AS blocked,
    count(*) FILTER (WHERE status IN ('accepted', 'ambiguous')) AS sent,
    count(verified_at) AS verified,
    count(verified_at)::double precision / nullif(count(*) FILTER (WHERE status IN ('accepted', 'ambiguous')), 0) AS conversion
FROM otp_transactions
WHERE duplicate_of IS NULL AND received_at IS NOT NULL
GROUP BY 1, 2, 3, 4, 5;

-- Rows come in the order of these moments, so that a few pages say where each hour is, and keeping them costs next to nothing.
CREATE INDEX otp_transactions_hour ON otp_transactions USING brin ((date_trunc('hour', received_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'))
    WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX otp_transactions_day ON otp_transactions USING brin ((date_trunc('day', received_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'))
    WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX otp_transactions_answer_day ON otp_transactions USING brin ((date_trunc('day', answered_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'))
    WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX send_attempts_hour ON send_attempts USING brin ((date_trunc('hour', started_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'))
    WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX feedback_reports_hour ON feedback_reports USING brin ((date_trunc('hour', reported_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'))
    WITH (pages_per_range = 32, autosummarize = on);

-- A role reads the views and nothing else. Roles belong to the whole server: another database's migration may have made it, or make it
-- at this moment, and this role may not have the right to.
DO $$
DECLARE
    view_name text;
BEGIN
    BEGIN
        CREATE ROLE ringback_analytics NOLOGIN;
    EXCEPTION
        WHEN duplicate_object OR unique_violation THEN NULL;
        WHEN insufficient_privilege THEN NULL;
    END;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ringback_analytics') THEN
        RAISE NOTICE 'the role ringback_analytics is not there and this role may not make it: make it, then grant it USAGE on the schema and SELECT on the views analytics_*';
        RETURN;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO ringback_analytics', current_schema());
    FOREACH view_name IN ARRAY ARRAY[
        'analytics_deliveries_hourly', 'analytics_conversion_by_country', 'analytics_provider_health',
        'analytics_feedback_lag', 'analytics_okta_fallbacks', 'analytics_fraud_watch'
    ] LOOP
        EXECUTE format('GRANT SELECT ON %I TO ringback_analytics', view_name);
    END LOOP;
END
$$;
