-- P4: at most two sends for a hook, and never one after a provider has accepted it or refused it for good. (An attempt without a 2xx
-- that is called accepted was looked up afterwards: nobody knew when the next one was made.)
SELECT sent.transaction_id, sent.times AS sends, tried.attempts
FROM (SELECT transaction_id, count(*) AS times FROM truth.sends GROUP BY transaction_id) AS sent
FULL JOIN (
    SELECT transaction_id::text AS transaction_id, count(*) AS attempts, max(n) AS last,
        min(n) FILTER (
            WHERE outcome IN ('rejected_fraud', 'rejected_limit', 'rejected_number')
                OR (outcome = 'accepted' AND http_status BETWEEN 200 AND 299)
        ) AS final
    FROM send_attempts GROUP BY transaction_id
) AS tried USING (transaction_id)
WHERE sent.times > 2 OR tried.attempts > 2 OR tried.final < tried.last;
