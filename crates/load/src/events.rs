//! Event deliveries.

use std::sync::Arc;

use crate::body::Factor;
use crate::case::Case;
use crate::drive::{self, Length, Make, Target};
use crate::report::{Figure, per_thousand};
use crate::subject::Subject;

/// Events in one delivery.
pub(crate) const BATCH: u64 = 20;

/// Deliveries of events that ask for nothing, as most of an org's are: what is measured is taking them in.
pub(crate) async fn measure(case: &mut Case) -> anyhow::Result<()> {
    let (to, first) = (case.deployment.public()?, case.take_subjects());
    let make: Make = Arc::new(move |writer, place| {
        let from = first + place * BATCH;
        writer.delivery((from..from + BATCH).map(Subject), Factor::Push).to_vec()
    });
    let target = Target { to, make, right: |status, body| status == 200 && body.is_empty() };
    let before = case.deployment.cpu()?;
    let run = drive::closed(&target, case.connections.min(16), Length::Time(case.time)).await?;
    case.deployment.caught_up().await?;
    let events = run.times.len() * usize::try_from(BATCH)?;
    let cpu = per_thousand(case.deployment.cpu()? - before, events);
    let rate = run.rate() * 20.0;
    case.table.add(Figure::new("events/s accepted, in batches of 20", rate).at_least(20_000.0));
    case.table.add(Figure::new("CPU s per 1,000 events", cpu));
    case.expect_events(run.right.iter().flat_map(|place| {
        let from = first + place * BATCH;
        from..from + BATCH
    }));
    case.wrong += run.wrong;
    Ok(())
}
