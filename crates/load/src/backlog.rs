//! The ledger is away for a while, and comes back.

use crate::case::Case;
use crate::clock;
use crate::drive::Length;
use crate::report::Figure;

/// Hooks come while the books are out of reach; then the time is taken until they are complete.
pub(crate) async fn measure(case: &mut Case) -> anyhow::Result<()> {
    let to = case.deployment.public()?;
    let outage = case.deployment.books.take_away().await?;
    let run = case.service_hooks(to, Length::Requests(case.backlog)).await?;
    let back = clock::now();
    case.deployment.books.give_back(outage).await?;
    case.deployment.caught_up().await?;
    let took = (clock::now() - back).as_secs_f64();
    let title = format!("backlog of {} hooks drained, s", run.times.len());
    case.table.add(Figure::new(title, took).at_most(10.0));
    Ok(())
}
