-- P1: an OTP that a provider accepted is always recorded, as accepted or as ambiguous, and in as many attempts.
SELECT sent.transaction_id, sent.times AS sent, coalesce(known.times, 0) AS recorded, booked.status
FROM (SELECT transaction_id, count(*) AS times FROM truth.sends GROUP BY transaction_id) AS sent
LEFT JOIN (
    SELECT transaction_id::text AS transaction_id, count(*) AS times
    FROM send_attempts WHERE outcome IN ('accepted', 'ambiguous') GROUP BY transaction_id
) AS known USING (transaction_id)
LEFT JOIN otp_transactions AS booked ON booked.id::text = sent.transaction_id
WHERE sent.transaction_id IS NULL
    OR sent.times > coalesce(known.times, 0)
    OR coalesce(booked.status, 'none') NOT IN ('accepted', 'ambiguous');
