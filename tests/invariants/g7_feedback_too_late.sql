-- P7: nothing is ever reported about a verification that is over. (A number that has none may be tried: Okta sent that code itself.)
SELECT report.target, report.http_status, report.at
FROM truth.reports AS report
JOIN truth.verifications AS verification
    ON report.target IN (verification.verification_sid, verification.phone) AND report.at >= verification.begun
GROUP BY report.target, report.http_status, report.at
HAVING max(verification.ended) < report.at;
