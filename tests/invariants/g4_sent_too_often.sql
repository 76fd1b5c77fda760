-- P4: at most two sends for a hook, and never one after a provider has accepted it or refused it for good.
SELECT sent.transaction_id, sent.times AS sends, tried.attempts
FROM (SELECT transaction_id, count(*) AS times FROM truth.sends GROUP BY transaction_id) AS sent
FULL JOIN (
    SELECT transaction_id::text AS transaction_id, count(*) AS attempts, max(n) AS last,
        min(n) FILTER (WHERE outcome IN ('accepted', 'rejected_fraud', 'rejected_limit', 'rejected_number')) AS final
    FROM send_attempts GROUP BY transaction_id
) AS tried USING (transaction_id)
WHERE sent.times > 2 OR tried.attempts > 2 OR tried.final < tried.last;
