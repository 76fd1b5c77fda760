-- P8: no number in clear and no code in any table; nor in any file of ours, which the bench has looked through.
SELECT 'file' AS place, file AS name, digits FROM truth.leaks
UNION ALL
SELECT 'table', name, run[1]
FROM (
    SELECT 'otp_transactions' AS name, (to_jsonb(it) - 'phone_hmac' - 'phone_sealed')::text AS line FROM otp_transactions AS it
    UNION ALL SELECT 'send_attempts', to_jsonb(it)::text FROM send_attempts AS it
    UNION ALL SELECT 'okta_events', to_jsonb(it)::text FROM okta_events AS it
    UNION ALL SELECT 'feedback_reports', (to_jsonb(it) - 'phone_hmac')::text FROM feedback_reports AS it
    UNION ALL SELECT 'dead_letters', to_jsonb(it)::text FROM dead_letters AS it
    UNION ALL SELECT 'quarantine', (to_jsonb(it) - 'sealed_body')::text FROM quarantine AS it
) AS lines, regexp_matches(line, '[0-9]{9,}', 'g') AS run
JOIN truth.secrets ON secrets.digits = run[1];
