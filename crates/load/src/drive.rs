//! The two loops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use crate::body::Writer;
use crate::clock;
use crate::connection::Connection;
use crate::subject::Subject;

/// Requests of one run of one loop at most: what is remembered of each is four bytes.
const MOST: u64 = 5_000_000;

/// Writes the request of a place in the run.
pub(crate) type Make = Arc<dyn Fn(&mut Writer, u64) -> Vec<u8> + Send + Sync>;
/// Whether an answer is the right one.
pub(crate) type Right = fn(u16, &[u8]) -> bool;

/// What is sent, and whereto.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) to: SocketAddr,
    pub(crate) make: Make,
    pub(crate) right: Right,
}

/// What a run of a loop found.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// Microseconds, sorted.
    pub(crate) times: Vec<u32>,
    /// Places in the run that were answered rightly.
    pub(crate) right: Vec<u64>,
    /// Answers that were wrong, or did not come.
    pub(crate) wrong: u64,
    /// From the first request to the last answer.
    pub(crate) took: Duration,
}

impl Run {
    /// Answers per second.
    pub(crate) fn rate(&self) -> f64 {
        self.times.len() as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// A quantile, in milliseconds.
    pub(crate) fn quantile(&self, q: f64) -> f64 {
        let last = self.times.len().saturating_sub(1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
        let at = (last as f64 * q).round() as usize;
        self.times.get(at).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
    }

    fn take(&mut self, part: Self) {
        self.times.extend(part.times);
        self.right.extend(part.right);
        self.wrong += part.wrong;
    }

    fn end(mut self, begun: Instant) -> Self {
        self.took = clock::now() - begun;
        self.times.sort_unstable();
        self
    }

    fn note(&mut self, place: u64, micros: u32, right: bool) {
        self.times.push(micros);
        if right {
            self.right.push(place);
        } else {
            self.wrong += 1;
        }
    }
}

/// How long a closed loop runs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Length {
    /// So long.
    Time(Duration),
    /// Until so many requests were made.
    Requests(u64),
}

/// Every connection makes its next request when its last one is answered.
pub(crate) async fn closed(target: &Target, connections: u16, length: Length) -> anyhow::Result<Run> {
    let (end, most) = match length {
        Length::Time(time) => (clock::now() + time, MOST),
        Length::Requests(most) => (clock::now() + Duration::from_secs(600), most.min(MOST)),
    };
    let next = Arc::new(AtomicU64::new(0));
    let mut loops = JoinSet::new();
    let begun = clock::now();
    for _ in 0..connections {
        let (target, next) = (target.clone(), next.clone());
        let mut connection = Connection::open(target.to).await?;
        loops.spawn(async move {
            let (mut run, mut writer) = (Run::default(), Writer::new());
            while clock::now() < end {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= most {
                    break;
                }
                let request = (target.make)(&mut writer, place);
                let begun = clock::now();
                let right = connection.ask(&request, target.right).await?;
                run.note(place, clock::micros_since(begun), right);
            }
            anyhow::Ok(run)
        });
    }
    let mut whole = Run::default();
    while let Some(part) = loops.join_next().await {
        whole.take(part??);
    }
    Ok(whole.end(begun))
}

/// One request every 1/`rate` s, for `time`, whatever becomes of the others. `idle` connections stand ready; when all are busy, a
/// request waits for one, and that is part of its time.
pub(crate) async fn open(target: &Target, idle: u16, rate: u32, time: Duration) -> anyhow::Result<Run> {
    let (give_back, returned) = mpsc::channel(usize::from(idle).max(1));
    for _ in 0..idle {
        give_back.send((Connection::open(target.to).await?, Writer::new())).await?;
    }
    let returned = Arc::new(Mutex::new(returned));
    let (mut requests, mut whole) = (JoinSet::new(), Run::default());
    let begun = clock::now();
    let step = Duration::from_secs(1) / rate.max(1);
    for place in 0..u64::from(rate) * time.as_secs() {
        let due = begun + step * u32::try_from(place)?;
        tokio::time::sleep_until(due.into()).await;
        let (target, give_back, returned) = (target.clone(), give_back.clone(), returned.clone());
        requests.spawn(async move {
            let (mut connection, mut writer) =
                returned.lock().await.recv().await.ok_or_else(|| anyhow::anyhow!("no connection"))?;
            let request = (target.make)(&mut writer, place);
            let right = connection.ask(&request, target.right).await?;
            let micros = clock::micros_since(due);
            give_back.send((connection, writer)).await?;
            anyhow::Ok((place, micros, right))
        });
        while let Some(done) = requests.try_join_next() {
            let (place, micros, right) = done??;
            whole.note(place, micros, right);
        }
    }
    while let Some(done) = requests.join_next().await {
        let (place, micros, right) = done??;
        whole.note(place, micros, right);
    }
    Ok(whole.end(begun))
}

/// Requests whose n-th is about the subject `first + n`.
pub(crate) fn hooks(to: SocketAddr, first: u64) -> Target {
    let make: Make = Arc::new(move |writer, place| writer.hook(Subject(first + place)).to_vec());
    Target { to, make, right: |status, body| status == 200 && crate::wire::holds(body, b"\"SUCCESSFUL\"") }
}
