-- A year of codes up to now: {transactions} transactions in the order of their moments, as they would have come, with the calls, answers,
-- events, deliveries and reports that go with them. Shares are a large org's: most codes are sent, four of five are entered, one call in
-- seventy is a second try, and Okta sends one code in three hundred itself.
-- Indexes are made afterwards, as a restore makes them; the tables are as unlogged as the database is short-lived.
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';

CREATE TEMP TABLE left_out AS
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey'
AND tablename IN ('otp_transactions', 'send_attempts', 'okta_events', 'okta_event_deliveries', 'feedback_reports', 'okta_send_events');
DO $$
DECLARE
    it record;
BEGIN
    FOR it IN SELECT indexname FROM left_out LOOP
        EXECUTE format('DROP INDEX %I', it.indexname);
    END LOOP;
    FOREACH it.indexname IN ARRAY ARRAY[
        'otp_transactions', 'send_attempts', 'okta_events', 'okta_event_deliveries', 'feedback_reports', 'okta_send_events'
    ] LOOP
        EXECUTE format('ALTER TABLE %I SET UNLOGGED', it.indexname);
    END LOOP;
END
$$;

-- A number from 0 to 999,999 that looks like chance and is the same in every run.
CREATE FUNCTION pg_temp.chance(n bigint, salt integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ((hashint8extended(n, salt) & 9223372036854775807) % 1000000)::integer
$$;
CREATE FUNCTION pg_temp.of_moment(at timestamptz, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
        || substr(md5(n::text), 4, 15))::uuid
$$;

INSERT INTO otp_transactions (
    id, org, okta_event_id, purpose, channel, okta_user_id, phone_hmac, phone_sealed, country, phone_prefix, locale, otp_expires_at,
    received_at, node, status, failure_class, provider, provider_ref, settled_at, settled_rank, answer, answer_failure_class,
    answer_provider, answer_provider_ref, answer_attempt_ref, answered_at, verified_at
)
SELECT pg_temp.of_moment(at, n), org, 'hook-' || md5('h' || n), 'mfa-verification', channel, '00u' || lpad(person::text, 17, '0'),
    md5('p' || person) || md5('q' || person), CASE WHEN at > now() - interval '1 day' THEN 'v1.k.' || repeat(md5(n::text), 3) END,
    country, prefix || (person % 10), 'en', at + interval '5 minutes', at, 'node-' || n % 4, status, failure, provider,
    CASE WHEN status = 'accepted' THEN 'VE' || md5('v' || n) END, at + took, 2, answer, failure, upper(provider),
    CASE WHEN status = 'accepted' THEN 'VE' || md5('v' || n) END, CASE WHEN status = 'accepted' THEN 'VL' || md5('l' || n) END, at + took,
    CASE WHEN status = 'accepted' AND pg_temp.chance(n, 5) < 820000
        THEN at + took + (5 + pg_temp.chance(n, 6) / 20000.0) * interval '1 second' END
FROM (
    SELECT *, CASE answer WHEN 'SUCCESSFUL' THEN NULL WHEN 'PENDING' THEN 'ambiguous' ELSE 'fraud' END AS failure
    FROM (
        SELECT n, now() - interval '365 days' + n * (interval '365 days' / {transactions}) AS at,
            CASE WHEN pg_temp.chance(n, 1) < 900000 THEN 'main' ELSE 'partners' END AS org,
            CASE WHEN pg_temp.chance(n, 2) < 880000 THEN 'sms' ELSE 'voice' END AS channel,
            pg_temp.chance(n, 3) % 200000 AS person,
            (ARRAY['US','US','US','US','US','GB','DE','FR','IN','BR','US','CA','AU','MX','NL','SE','PL','PT','NZ','IE'])
                [1 + (pg_temp.chance(n, 3) % 200000) % 20] AS country,
            (ARRAY['+120255','+141555','+121255','+131255','+161755','+447700','+491511','+336123','+919812','+551198','+120655','+141655',
                '+614123','+521551','+316123','+467012','+485123','+351912','+642123','+353851'])
                [1 + (pg_temp.chance(n, 3) % 200000) % 20] AS prefix,
            CASE WHEN pg_temp.chance(n, 4) < 970000 THEN 'accepted' WHEN pg_temp.chance(n, 4) < 982000 THEN 'failed'
                WHEN pg_temp.chance(n, 4) < 990000 THEN 'blocked' ELSE 'ambiguous' END AS status,
            CASE WHEN pg_temp.chance(n, 4) < 970000 THEN 'SUCCESSFUL' WHEN pg_temp.chance(n, 4) < 990000 THEN 'error' ELSE 'PENDING' END
                AS answer,
            CASE WHEN pg_temp.chance(n, 7) < 920000 THEN 'verify' ELSE 'telesign' END AS provider,
            (60 + pg_temp.chance(n, 8) / 5000.0 + CASE WHEN pg_temp.chance(n, 9) < 20000 THEN pg_temp.chance(n, 10) / 500.0 ELSE 0 END)
                * interval '1 millisecond' AS took
        FROM generate_series(1::bigint, {transactions}) AS n
    ) AS drawn
) AS coded;

INSERT INTO send_attempts (
    transaction_id, n, provider, started_at, ended_at, outcome, http_status, provider_code, provider_ref, attempt_ref
)
SELECT id, 1 + again, CASE again WHEN 0 THEN provider ELSE 'backup' END, received_at + again * interval '400 milliseconds',
    answered_at - interval '2 milliseconds' + again * interval '400 milliseconds',
    CASE WHEN again = 0 AND twice THEN 'not_sent' WHEN status = 'blocked' THEN 'rejected_fraud' WHEN status = 'failed' THEN 'not_sent'
        ELSE status END,
    CASE WHEN status = 'accepted' THEN 201 WHEN status = 'ambiguous' THEN NULL ELSE 403 END, NULL, provider_ref, answer_attempt_ref
FROM (SELECT *, get_byte(uuid_send(id), 15) < 4 AS twice FROM otp_transactions) AS t, generate_series(0, 1) AS again
WHERE again = 0 OR twice;

INSERT INTO okta_events (
    org, uuid, event_type, okta_user_id, factor, channel, reading, result, published_at, received_at, first_delivery, node, deliveries,
    state, settled_at, settled_rank, attempts, transaction_id, source
)
SELECT org, 'ev-' || id, 'user.authentication.auth_via_mfa', okta_user_id, 'phone', channel, 'code_accepted', 'SUCCESS', verified_at,
    verified_at + interval '1200 milliseconds', id, node, 1, 'done', verified_at + interval '1300 milliseconds', 1, 1, id,
    CASE WHEN get_byte(uuid_send(id), 14) = 0 THEN 'log' ELSE 'hook' END
FROM otp_transactions WHERE verified_at IS NOT NULL;

INSERT INTO okta_event_deliveries (org, uuid, delivery, received_at)
SELECT org, uuid, first_delivery, received_at FROM okta_events;

INSERT INTO feedback_reports (
    org, event_uuid, provider, subject, transaction_id, provider_ref, verdict, result, result_rank, matched_by, reported_at
)
SELECT t.org, 'ev-' || t.id, t.provider, t.provider_ref, t.id, t.provider_ref, 'approved',
    CASE WHEN get_byte(uuid_send(t.id), 13) < 5 THEN 'already_final' ELSE 'reported' END, 5, 'record',
    t.verified_at + (1300 + get_byte(uuid_send(t.id), 12)) * interval '1 millisecond'
FROM otp_transactions t WHERE t.verified_at IS NOT NULL;

INSERT INTO okta_send_events (
    org, uuid, event_type, kind, channel, okta_user_id, country, phone_prefix, sent_by, provider, outcome, published_at, received_at,
    source, node
)
SELECT org, 'send-' || id, 'system.sms.send_factor_verify_message', 'send', channel, okta_user_id, country, phone_prefix, 'okta', 'okta',
    CASE WHEN get_byte(uuid_send(id), 11) < 230 THEN 'sent' ELSE 'denied' END, received_at + interval '3 seconds',
    received_at + interval '40 seconds', 'log', node
FROM otp_transactions WHERE answer <> 'SUCCESSFUL' AND get_byte(uuid_send(id), 10) < 28;

DO $$
DECLARE
    it record;
BEGIN
    FOR it IN SELECT indexdef FROM left_out LOOP
        EXECUTE it.indexdef;
    END LOOP;
END
$$;
