-- P11: a minute after the last outage nothing is under way: in no book, journal, queue or left-behind directory.
SELECT 'otp_transactions' AS place, id::text AS what, status AS state FROM otp_transactions WHERE status = 'received'
UNION ALL
SELECT 'send_attempts', transaction_id::text || ' ' || n::text, outcome FROM send_attempts
WHERE outcome IS NULL OR ended_at IS NULL
UNION ALL
SELECT 'okta_events', uuid, state FROM okta_events WHERE state = 'queued'
UNION ALL
SELECT who, what, pending FROM truth.left_over;
