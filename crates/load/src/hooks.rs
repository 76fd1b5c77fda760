//! Telephony hooks, beside the baselines.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;

use crate::case::Case;
use crate::cli::{Baseline, Loop};
use crate::drive::{self, Length, Run};
use crate::process::Process;
use crate::report::{Figure, per_thousand};

/// What Okta's users meet: the provider's own time.
const PROVIDER: Duration = Duration::from_millis(80);
/// Before anything counts: connections, code paths, prepared statements.
const WARM_UP: Duration = Duration::from_secs(1);

/// A run and what it cost.
struct Measured {
    run: Run,
    cpu: f64,
}

/// Runs what was asked for.
pub(crate) async fn measure(case: &mut Case, which: Loop) -> anyhow::Result<()> {
    let to = case.deployment.public()?;
    let mut bare = None;
    let mut through = None;
    if case.baselines {
        let process = case.baseline(Baseline::Bare).await?;
        let measured = baseline(case, &process, Duration::ZERO).await?;
        bare = Some(measured);
        through = Some(case.baseline(Baseline::PassThrough).await?);
    }
    case.warm().await;
    if which.closed() {
        closed(case, to, bare, through.as_ref()).await?;
    }
    if which.open() {
        open(case, to, through.as_ref()).await?;
    }
    Ok(())
}

async fn closed(
    case: &mut Case,
    to: SocketAddr,
    bare: Option<Measured>,
    through: Option<&Process>,
) -> anyhow::Result<()> {
    let beside = match through {
        Some(process) => Some(baseline(case, process, Duration::ZERO).await?),
        None => None,
    };
    if let Some(bare) = &bare {
        case.table.add(Figure::new("bare route: hooks/s", bare.run.rate()));
        case.table.add(Figure::new("bare route: CPU s per 1,000", bare.cpu));
    }
    if let Some(beside) = &beside {
        case.table.add(Figure::new("pass-through: hooks/s", beside.run.rate()));
        case.table.add(Figure::new("pass-through: CPU s per 1,000", beside.cpu));
    }
    case.service_hooks(to, Length::Time(WARM_UP)).await?;
    case.deployment.caught_up().await?;
    let before = case.deployment.cpu()?;
    let run = case.service_hooks(to, Length::Time(case.time)).await?;
    case.deployment.caught_up().await?;
    let cpu = per_thousand(case.deployment.cpu()? - before, run.times.len());
    let of = |figure: fn(&Measured) -> f64| beside.as_ref().map(figure);
    case.table
        .add(Figure::new("durable hooks/s", run.rate()).beside(of(|m| m.run.rate())).at_least_of_beside(0.5));
    case.table.add(Figure::new("CPU s per 1,000 hooks", cpu).beside(of(|m| m.cpu)).at_most_of_beside(3.0));
    for (name, q) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)] {
        let beside = beside.as_ref().map(|m| m.run.quantile(q));
        case.table.add(Figure::new(format!("closed loop {name}, ms"), run.quantile(q)).beside(beside));
    }
    Ok(())
}

async fn open(case: &mut Case, to: SocketAddr, through: Option<&Process>) -> anyhow::Result<()> {
    case.provider.set_delay(PROVIDER);
    let beside = match through {
        Some(process) => {
            let target = drive::hooks(process.public.context("no address")?, case.take_subjects());
            Some(drive::open(&target, 256, case.rate, case.time).await?)
        }
        None => None,
    };
    let first = case.take_subjects();
    let run = drive::open(&drive::hooks(to, first), 256, case.rate, case.time).await?;
    case.provider.set_delay(Duration::ZERO);
    case.expect(first, &run);
    let rate = case.rate;
    for (name, q, most) in [("p50", 0.5, None), ("p99", 0.99, Some(3.0)), ("p99.9", 0.999, None)] {
        let beside = beside.as_ref().map(|run| run.quantile(q));
        let title = format!("{rate}/s, provider at {} ms: {name}, ms", PROVIDER.as_millis());
        case.table.add(Figure::new(title, run.quantile(q)).beside(beside));
        if let Some(beside) = beside {
            let added = Figure::new(format!("{rate}/s: added {name}, ms"), run.quantile(q) - beside);
            case.table.add(match most {
                Some(most) => added.at_most(most),
                None => added,
            });
        }
    }
    case.deployment.caught_up().await
}

/// One closed run against a baseline.
async fn baseline(case: &mut Case, process: &Process, delay: Duration) -> anyhow::Result<Measured> {
    case.provider.set_delay(delay);
    let to = process.public.context("the baseline does not say where it listens")?;
    let target = drive::hooks(to, case.take_subjects());
    drive::closed(&target, case.connections, Length::Time(WARM_UP)).await?;
    let before = process.cpu()?;
    let run = drive::closed(&target, case.connections, Length::Time(case.time)).await?;
    let cpu = per_thousand(process.cpu()? - before, run.times.len());
    Ok(Measured { run, cpu })
}
