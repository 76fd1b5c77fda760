-- P1: an OTP that a provider accepted is always recorded, as accepted or as ambiguous, and in as many attempts.
-- By hook: what Okta repeated to two nodes in one moment is two transactions with one number and one code. When both got no answer, the
-- provider's list does not say which of them a message belongs to.
WITH booked AS (
    SELECT id::text AS transaction_id, coalesce(duplicate_of, id)::text AS hook, status IN ('accepted', 'ambiguous') AS taken
    FROM otp_transactions
),
sent AS (
    SELECT coalesce(booked.hook, sends.transaction_id) AS hook, count(*) AS times, count(DISTINCT sends.transaction_id) AS transactions
    FROM truth.sends LEFT JOIN booked USING (transaction_id) GROUP BY 1
),
known AS (
    SELECT booked.hook, count(*) AS times
    FROM send_attempts JOIN booked ON booked.transaction_id = send_attempts.transaction_id::text
    WHERE send_attempts.outcome IN ('accepted', 'ambiguous') GROUP BY 1
),
taken AS (SELECT hook, count(*) FILTER (WHERE taken) AS transactions FROM booked GROUP BY 1)
SELECT sent.hook AS transaction_id, sent.times AS sent, coalesce(known.times, 0) AS recorded, taken.transactions AS taken
FROM sent LEFT JOIN known USING (hook) LEFT JOIN taken USING (hook)
WHERE sent.hook IS NULL
    OR sent.times > coalesce(known.times, 0)
    OR sent.transactions > coalesce(taken.transactions, 0);
