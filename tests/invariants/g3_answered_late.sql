-- P3: every hook that reaches us is answered within 2.8 s. One whose process was killed sees its connection end, which is in time too.
SELECT event_id, elapsed_ms, http_status, at
FROM truth.hooks
WHERE elapsed_ms > 2800;
