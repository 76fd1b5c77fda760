//! One hook of Okta, taken by several nodes: of its transactions the smallest id is the first, and all others point to it.

use std::collections::BTreeMap;

use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::transaction::Transaction;
use crate::postgres::fault;

/// Says of every received transaction of the batch which one is the first of its hook. One that comes late with a smaller id makes the
/// former first one, and all that pointed there, point to it.
pub(super) async fn place(
    connection: &mut PgConnection,
    transactions: &mut BTreeMap<Uuid, Transaction<'_>>,
) -> Result<(), sqlx::Error> {
    // In the order of ids, so the first of the batch is met first.
    let mut firsts = BTreeMap::<(&str, &str), Uuid>::new();
    for (id, transaction) in transactions.iter() {
        if let Some(hook) = hook_of(transaction) {
            firsts.entry(hook).or_insert(*id);
        }
    }
    if firsts.is_empty() {
        return Ok(());
    }
    let orgs: Vec<&str> = firsts.keys().map(|(org, _)| *org).collect();
    let hooks: Vec<&str> = firsts.keys().map(|(_, hook)| *hook).collect();
    // The limit leaves the planner one way: hook by hook, through the index.
    let known = sqlx::query!(
        r#"SELECT n.place AS "place!", first.id
        FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS n (org, okta_event_id, place)
        CROSS JOIN LATERAL (
            SELECT t.id FROM otp_transactions t
            WHERE t.org = n.org AND t.okta_event_id = n.okta_event_id AND t.duplicate_of IS NULL
            LIMIT 1
        ) first"#,
        orgs as _,
        hooks as _,
    )
    .fetch_all(&mut *connection)
    .await?;
    if !known.is_empty() {
        hold(connection, known.iter().map(|row| row.id).collect()).await?;
    }
    let mut in_batch: Vec<&mut Uuid> = firsts.values_mut().collect();
    let mut stepping_back = Vec::new();
    for known in known {
        // Counted from 1.
        let place = usize::try_from(known.place - 1).ok();
        if let Some(first) = place.and_then(|place| in_batch.get_mut(place)) {
            if known.id < **first {
                **first = known.id;
            } else if known.id > **first {
                stepping_back.push((known.id, **first));
            }
        }
    }
    if !stepping_back.is_empty() {
        step_back(connection, &stepping_back).await?;
    }
    let duplicates: Vec<(Uuid, Uuid)> = transactions
        .iter()
        .filter_map(|(id, transaction)| Some((*id, *firsts.get(&hook_of(transaction)?)?)))
        .filter(|(id, first)| first < id)
        .collect();
    for (id, first) in duplicates {
        if let Some(received) =
            transactions.get_mut(&id).and_then(|transaction| transaction.received.as_mut())
        {
            received.duplicate_of = Some(first);
        }
    }
    Ok(())
}

fn hook_of<'t>(transaction: &'t Transaction<'_>) -> Option<(&'t str, &'t str)> {
    let received = transaction.received.as_ref()?;
    Some((received.org, received.okta_event_id.as_deref()?))
}

/// Locks the firsts, so that they stay so until this batch is in the books. One that has ceased to be the first meanwhile is told apart by
/// the unique index or by its own row: the batch has to begin again, as do two batches that both bring a hook which is not yet there.
async fn hold(connection: &mut PgConnection, ids: Vec<Uuid>) -> Result<(), sqlx::Error> {
    let held = sqlx::query!(
        "SELECT duplicate_of FROM otp_transactions WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE",
        &ids,
    )
    .fetch_all(connection)
    .await?;
    if held.iter().filter(|row| row.duplicate_of.is_none()).count() == ids.len() {
        Ok(())
    } else {
        Err(fault::overtaken())
    }
}

/// Makes each former first of a hook, and what points to it, point to the new one. In the order of ids, as all that is written.
async fn step_back(connection: &mut PgConnection, pairs: &[(Uuid, Uuid)]) -> Result<(), sqlx::Error> {
    let firsts: BTreeMap<Uuid, Uuid> = pairs.iter().copied().collect();
    let formers: Vec<Uuid> = firsts.keys().copied().collect();
    let pointing = sqlx::query!(
        r#"SELECT id, duplicate_of AS "former!" FROM otp_transactions
        WHERE duplicate_of = ANY ($1) AND duplicate_of IS NOT NULL ORDER BY id FOR NO KEY UPDATE"#,
        &formers,
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut moved = firsts.clone();
    moved.extend(pointing.iter().filter_map(|row| Some((row.id, *firsts.get(&row.former)?))));
    let (ids, firsts): (Vec<Uuid>, Vec<Uuid>) = moved.into_iter().unzip();
    sqlx::query!(
        "UPDATE otp_transactions SET duplicate_of = ($2::uuid[])[array_position($1, id)] WHERE id = ANY ($1::uuid[])",
        &ids,
        &firsts,
    )
    .execute(connection)
    .await?;
    Ok(())
}
