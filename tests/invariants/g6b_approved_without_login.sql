-- P6: only verifications are approved whose code was entered before, as Okta reported.
SELECT report.verification_sid, report.target, report.at
FROM truth.reports AS report
WHERE report.verdict = 'approved' AND report.http_status = 200
    AND NOT EXISTS (
        SELECT FROM truth.sends AS sent
        JOIN truth.entered AS entered ON entered.code = sent.code AND entered.accepted AND entered.at <= report.at
        WHERE sent.verification_sid = report.verification_sid
    );
