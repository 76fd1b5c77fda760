use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use otp::{Clock, SystemClock};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// A name has so long to be looked up; what is left of the time to connect is for the connection.
const LOOKUP: Duration = Duration::from_millis(300);
/// What was good so recently is not looked up again: many connections are made at once.
const FRESH: Duration = Duration::from_secs(1);
/// For so long an address that was good is used while names cannot be looked up.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// Of so many names. Only what operators configured is ever looked up.
const NAMES: usize = 64;
/// The operating system's lookup cannot be given up: each that hangs keeps a thread, so there are few at one time.
const AT_ONCE: usize = 4;

type Looked = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Looks names up, in time, and remembers the last good addresses: a provider that works is not lost because a resolver is.
#[derive(Clone)]
pub(crate) struct Names(Arc<Inner>);

struct Inner {
    look_up: Box<dyn Fn(String) -> Looked + Send + Sync>,
    known: Mutex<HashMap<String, (Vec<SocketAddr>, Instant)>>,
    places: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
}

impl Names {
    /// Asks the operating system.
    pub(crate) fn new() -> Self {
        let look_up = |host: String| -> Looked {
            Box::pin(async move { Ok(tokio::net::lookup_host((host.as_str(), 0)).await?.collect()) })
        };
        Self::with(look_up, Arc::new(SystemClock))
    }

    fn with(look_up: impl Fn(String) -> Looked + Send + Sync + 'static, clock: Arc<dyn Clock>) -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Self(Arc::new(Inner { look_up: Box::new(look_up), known: Mutex::default(), places, clock }))
    }

    /// The addresses of a host.
    ///
    /// # Errors
    /// The name is not known, or nobody tells in time; and it was not known lately either.
    async fn addresses(&self, host: &str) -> io::Result<Vec<SocketAddr>> {
        let error = match timeout(LOOKUP, self.look_up(host)).await {
            Ok(Ok(addresses)) if !addresses.is_empty() => return Ok(addresses),
            Ok(Ok(_)) => io::Error::new(io::ErrorKind::NotFound, "the name has no address"),
            Ok(Err(error)) => error,
            Err(_) => io::Error::new(io::ErrorKind::TimedOut, "the name was not looked up in time"),
        };
        let known = self.known(host, REMEMBERED).ok_or(error)?;
        tracing::warn!(host, "the name cannot be looked up; its last address is used");
        Ok(known)
    }

    async fn look_up(&self, host: &str) -> io::Result<Vec<SocketAddr>> {
        let closed = |_| io::Error::other("closed");
        let place = Arc::clone(&self.0.places).acquire_owned().await.map_err(closed)?;
        if let Some(known) = self.known(host, FRESH) {
            return Ok(known);
        }
        let (names, host) = (self.clone(), host.to_owned());
        // Whoever waits may give up; the lookup keeps its place until it is over.
        let looked = tokio::spawn(async move {
            let _place = place;
            let addresses = (names.0.look_up)(host.clone()).await?;
            names.remember(host, &addresses);
            Ok(addresses)
        });
        looked.await.unwrap_or_else(|_| Err(io::Error::other("the lookup ended")))
    }

    fn known(&self, host: &str, within: Duration) -> Option<Vec<SocketAddr>> {
        let known = self.lock();
        let (addresses, at) = known.get(host)?;
        let age = self.0.clock.monotonic().saturating_duration_since(*at);
        (age < within).then(|| addresses.clone())
    }

    fn remember(&self, host: String, addresses: &[SocketAddr]) {
        let mut known = self.lock();
        if !addresses.is_empty() && (known.len() < NAMES || known.contains_key(&host)) {
            known.insert(host, (addresses.to_vec(), self.0.clock.monotonic()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Vec<SocketAddr>, Instant)>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.clone();
        Box::pin(async move {
            let addresses = names.addresses(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Tokio's clock, which a test may pause.
    struct TokioClock;

    impl Clock for TokioClock {
        fn now(&self) -> jiff::Timestamp {
            jiff::Timestamp::UNIX_EPOCH
        }

        #[expect(clippy::disallowed_methods, reason = "follows tokio's paused time")]
        fn monotonic(&self) -> Instant {
            tokio::time::Instant::now().into_std()
        }
    }

    /// What the resolver does next.
    #[derive(Clone, Copy)]
    enum Mood {
        Good,
        NoSuchName,
        Hangs,
    }

    fn address() -> SocketAddr {
        "192.0.2.7:0".parse().unwrap()
    }

    /// Names that are looked up so, and how often they were.
    fn names(mood: &Arc<Mutex<Mood>>) -> (Names, Arc<AtomicUsize>) {
        let (mood, lookups) = (Arc::clone(mood), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&lookups);
        let look_up = move |_| -> Looked {
            let mood = *mood.lock().unwrap();
            counted.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                match mood {
                    Mood::Good => Ok(vec![address()]),
                    Mood::NoSuchName => Err(io::Error::new(io::ErrorKind::NotFound, "NXDOMAIN")),
                    Mood::Hangs => std::future::pending().await,
                }
            })
        };
        (Names::with(look_up, Arc::new(TokioClock)), lookups)
    }

    #[tokio::test(start_paused = true)]
    async fn c1_the_last_good_address_is_used_while_names_cannot_be_looked_up() {
        let mood = Arc::new(Mutex::new(Mood::NoSuchName));
        let (names, _) = names(&mood);
        assert_eq!(names.addresses("api.example").await.unwrap_err().kind(), io::ErrorKind::NotFound);
        *mood.lock().unwrap() = Mood::Good;
        assert_eq!(names.addresses("api.example").await.unwrap(), [address()]);
        for bad in [Mood::NoSuchName, Mood::Hangs] {
            *mood.lock().unwrap() = bad;
            tokio::time::advance(FRESH).await;
            assert_eq!(names.addresses("api.example").await.unwrap(), [address()]);
        }
        *mood.lock().unwrap() = Mood::NoSuchName;
        tokio::time::advance(REMEMBERED).await;
        assert!(names.addresses("api.example").await.is_err(), "not for ever");
    }

    #[tokio::test(start_paused = true)]
    async fn c1_a_resolver_that_hangs_is_given_up_in_time_and_asked_little() {
        let (names, lookups) = names(&Arc::new(Mutex::new(Mood::Hangs)));
        let begun = TokioClock.monotonic();
        let asked = (0..50).map(|_| {
            let names = names.clone();
            tokio::spawn(async move { names.addresses("api.example").await })
        });
        for asked in asked.collect::<Vec<_>>() {
            assert_eq!(asked.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
        }
        assert_eq!(TokioClock.monotonic() - begun, LOOKUP, "all at the same time");
        assert_eq!(lookups.load(Ordering::Relaxed), AT_ONCE, "threads that hang");
    }

    #[tokio::test(start_paused = true)]
    async fn many_connections_at_once_cost_few_lookups() {
        let (names, lookups) = names(&Arc::new(Mutex::new(Mood::Good)));
        for _ in 0..50 {
            assert_eq!(names.addresses("api.example").await.unwrap(), [address()]);
        }
        assert_eq!(lookups.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn c1_the_operating_system_is_asked() {
        let found = Names::new().addresses("localhost").await.unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback()), "{found:?}");
        // RFC 6761: no such name, ever.
        assert!(Names::new().addresses("ringback.invalid").await.is_err());
    }
}
