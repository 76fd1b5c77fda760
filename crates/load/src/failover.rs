//! A first provider that fails, with a second one behind it, and beside it without.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::cli::{Cli, Profile};
use crate::clock;
use crate::deployment::Deployment;
use crate::drive::{self, Run};
use crate::provider::{Mood, Provider};
use crate::report::{Figure, Table};

/// Hooks per second: a large org at nine on Monday.
const RATE: u32 = 100;
/// What a provider takes when it is well.
const PROVIDER: Duration = Duration::from_millis(80);
/// Well, before it fails.
const BEFORE: Duration = Duration::from_secs(5);
/// Failing, with a second provider.
const FAILING: Duration = Duration::from_secs(30);
/// Failing, without one.
const ALONE: Duration = Duration::from_secs(15);
/// Users served while the first provider fails.
const SERVED: f64 = 0.999;
/// From when it is well again until it is used again, seconds.
const RETURN: f64 = 60.0;

/// The next subject that nobody has had.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Every way to fail, one after another, each on a deployment of its own.
pub(crate) async fn measure(cli: &Cli) -> anyhow::Result<()> {
    let mut table = Table::default();
    for (name, mood) in
        [("refusing", Mood::Refusing), ("black hole", Mood::Silent), ("brown-out", Mood::BrowningOut)]
    {
        let alone = alone(cli, mood).await?;
        let share = served(&alone);
        let run = with_a_second(cli, name, mood, &mut table).await?;
        table.add(
            Figure::new(format!("{name}: share of users served"), served(&run))
                .beside(Some(share))
                .at_least(SERVED),
        );
        for (quantile, q) in [("p50", 0.5), ("p99", 0.99)] {
            let title = format!("{name}: {quantile}, ms");
            table.add(Figure::new(title, run.quantile(q)).beside(Some(alone.quantile(q))));
        }
    }
    table.print("failover, 100 hooks/s (beside: without a second provider)");
    Ok(())
}

/// What users meet where there is no second provider.
async fn alone(cli: &Cli, mood: Mood) -> anyhow::Result<Run> {
    let first = Provider::start().await?;
    first.set_delay(PROVIDER);
    let deployment = Deployment::start(Profile::Embedded, cli, &first, None).await?;
    hooks(&deployment, BEFORE).await?;
    first.set_mood(mood);
    let run = hooks(&deployment, ALONE).await?;
    deployment.end().await?;
    Ok(run)
}

async fn with_a_second(cli: &Cli, name: &str, mood: Mood, table: &mut Table) -> anyhow::Result<Run> {
    let (first, second) = (Provider::start().await?, Provider::start().await?);
    first.set_delay(PROVIDER);
    second.set_delay(PROVIDER);
    let deployment = Deployment::start(Profile::Embedded, cli, &first, Some(&second)).await?;
    hooks(&deployment, BEFORE).await?;
    first.set_mood(mood);
    let failed = clock::now();
    let (run, opened) =
        tokio::try_join!(hooks(&deployment, FAILING), until(&deployment, "open", failed, FAILING))?;
    if let Some(seconds) = opened {
        table.add(Figure::new(format!("{name}: seconds until it is skipped"), seconds));
    }
    first.set_mood(Mood::Healthy);
    let healed = clock::now();
    let patience = Duration::from_secs(75);
    let healing = hooks(&deployment, patience);
    let back = tokio::select! {
        back = until(&deployment, "closed", healed, patience) => back?,
        ended = healing => {
            ended?;
            None
        }
    };
    let seconds = back.unwrap_or(f64::INFINITY);
    table.add(Figure::new(format!("{name}: seconds until it is used again"), seconds).at_most(RETURN));
    deployment.end().await?;
    Ok(run)
}

async fn hooks(deployment: &Deployment, time: Duration) -> anyhow::Result<Run> {
    let many = u64::from(RATE) * time.as_secs();
    let target = drive::hooks(deployment.public()?, NEXT.fetch_add(many, Ordering::Relaxed));
    drive::open(&target, 160, RATE, time).await
}

/// How long it took until the first provider's breaker stood so; `None` if it did not within `patience`.
async fn until(
    deployment: &Deployment,
    state: &str,
    since: Instant,
    patience: Duration,
) -> anyhow::Result<Option<f64>> {
    while clock::now() - since < patience {
        if deployment.breaker().await? == state {
            return Ok(Some((clock::now() - since).as_secs_f64()));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(None)
}

/// The share of hooks that were answered as sent.
fn served(run: &Run) -> f64 {
    run.right.len() as f64 / run.times.len().max(1) as f64
}
