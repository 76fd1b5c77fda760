//! From an event to the provider's "approved".

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;

use crate::body::Factor;
use crate::case::Case;
use crate::clock;
use crate::drive::{self, Length, Make, Target};
use crate::events::BATCH;
use crate::report::{Figure, per_thousand};
use crate::subject::Subject;

/// For the last approval.
const PATIENCE: Duration = Duration::from_secs(120);

/// Sends codes, and then tells all at once that they were entered.
pub(crate) async fn measure(case: &mut Case) -> anyhow::Result<()> {
    let (to, first) = (case.deployment.public()?, case.subjects());
    let many = case.approvals;
    case.service_hooks(to, Length::Requests(many)).await?;
    case.deployment.caught_up().await?;

    let make: Make = Arc::new(move |writer, place| {
        let from = first + place * BATCH;
        writer.delivery((from..from + BATCH).map(Subject), Factor::Sms).to_vec()
    });
    let target = Target { to, make, right: |status, body| status == 200 && body.is_empty() };
    let (before, approved, begun) = (case.deployment.cpu()?, case.provider.approved().0, clock::now());
    let run = drive::closed(&target, 8, Length::Requests(many / BATCH)).await?;
    let all = usize::try_from(many)?;
    let last = loop {
        let (now, last) = case.provider.approved();
        if now - approved >= all {
            break last.unwrap_or(begun);
        }
        if clock::now() - begun > PATIENCE {
            bail!("{} of {all} were approved", now - approved);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    case.deployment.caught_up().await?;
    let cpu = per_thousand(case.deployment.cpu()? - before, all);
    let rate = many as f64 / (last - begun).as_secs_f64();
    case.table.add(Figure::new("approvals/s per worker", rate).at_least(3_000.0));
    case.table.add(Figure::new("CPU s per 1,000 approvals", cpu));
    case.expect_approved(first..first + many);
    case.wrong += run.wrong;
    Ok(())
}
