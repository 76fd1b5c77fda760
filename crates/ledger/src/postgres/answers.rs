use otp::OrgName;
use tracing::warn;

use super::PostgresLedger;
use super::word::{maybe, must, number, word};
use crate::ReadError;
use crate::rows::{EarlierHook, StoredAnswer};
use crate::text::text;

impl PostgresLedger {
    pub(crate) async fn earlier_hooks(
        &self,
        hooks: &[(OrgName, String)],
    ) -> Result<Vec<Option<EarlierHook>>, ReadError> {
        // Asked even when it is about none: then it says whether the books can be asked.
        let mut answers = vec![None; hooks.len()];
        let orgs: Vec<String> = hooks.iter().map(|(org, _)| org.as_str().to_owned()).collect();
        let ids: Vec<String> = hooks.iter().map(|(_, id)| text(id).into_owned()).collect();
        // One after the other through the indexes, however many are asked: the limits leave no other way.
        let rows = self
            .ask(sqlx::query!(
                r#"SELECT asked.place AS "place!", a.id AS "id!", a.answer, a.answer_failure_class, a.answer_provider,
                    a.answer_provider_ref, a.answer_attempt_ref, a.answered_at AS "answered_at: jiff_sqlx::Timestamp"
                FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (org, okta_event_id, place)
                CROSS JOIN LATERAL (
                    SELECT t.id FROM otp_transactions t
                    WHERE t.org = asked.org AND t.okta_event_id = asked.okta_event_id AND t.duplicate_of IS NULL
                    LIMIT 1
                ) first
                CROSS JOIN LATERAL (
                    SELECT * FROM (
                        SELECT * FROM otp_transactions t WHERE t.id = first.id
                        UNION ALL
                        SELECT * FROM otp_transactions t WHERE t.duplicate_of = first.id
                    ) copies
                    WHERE copies.answered_at IS NOT NULL OR copies.failure_class IS DISTINCT FROM 'not_sent'
                    ORDER BY copies.answered_at NULLS LAST, copies.id
                    LIMIT 1
                ) a"#,
                &orgs,
                &ids,
            ))
            .await?;
        for row in rows {
            let place: usize = number("place", row.place - 1)?;
            let earlier = || {
                let Some(answered_at) = row.answered_at else {
                    return Ok(EarlierHook::Unanswered(row.id.into()));
                };
                Ok::<_, ReadError>(EarlierHook::Answered(StoredAnswer {
                    transaction: row.id.into(),
                    answer: word("answer", &must("answer", row.answer)?)?,
                    failure_class: maybe("answer_failure_class", row.answer_failure_class.as_deref())?,
                    provider: row.answer_provider,
                    provider_ref: row.answer_provider_ref,
                    attempt_ref: row.answer_attempt_ref,
                    answered_at: answered_at.to_jiff(),
                }))
            };
            if let Some(asked) = answers.get_mut(place) {
                *asked = earlier()
                    .inspect_err(|err| warn!(error = %err, "an answer in the books cannot be read"))
                    .ok();
            }
        }
        Ok(answers)
    }
}
