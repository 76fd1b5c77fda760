-- P2: Okta is never told SUCCESSFUL unless a provider accepted this very code for this very number.
SELECT event_id, told, at
FROM truth.hooks AS hook
WHERE told = 'SUCCESSFUL'
    AND NOT EXISTS (SELECT FROM truth.sends AS sent WHERE sent.code = hook.code AND sent.phone = hook.phone);
