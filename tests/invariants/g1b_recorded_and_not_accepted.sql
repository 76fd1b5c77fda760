-- P1: what is recorded as accepted, a provider accepted.
SELECT id::text AS transaction_id, status
FROM otp_transactions
WHERE status = 'accepted' AND id::text NOT IN (SELECT transaction_id FROM truth.sends WHERE transaction_id IS NOT NULL);
