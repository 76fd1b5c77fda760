//! A lean Twilio Verify: as the contract says for the two calls that count, and nothing else. It remembers what it gave for what.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::clock;
use crate::wire::{Frame, holds};

/// The one account.
pub(crate) const ACCOUNT: &str = "AC10adca5e000000000000000000000000";
/// The one service.
pub(crate) const SERVICE: &str = "VA10adca5e000000000000000000000000";

/// Okta's Users API: nobody is at home.
const NOBODY: &str = r#"{"errorCode":"E0000007","errorSummary":"Not found: Resource not found: load (User)","errorLink":"E0000007","errorId":"load","errorCauses":[]}"#;

/// The provider, which is also the org's Users API. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Provider(Arc<Inner>);

struct Inner {
    address: SocketAddr,
    delay_us: AtomicU64,
    mood: watch::Sender<Mood>,
    /// Requests that came while it browned out.
    brown: AtomicU64,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Number and code of each verification; its place is in its SID.
    created: Vec<Created>,
    /// The verifications that were approved.
    approved: HashSet<u64>,
    last_approval: Option<Instant>,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Created {
    /// The digits after `+`.
    pub(crate) phone: u64,
    /// The code as a number.
    pub(crate) code: u64,
}

/// How the provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Healthy,
    /// Nobody listens.
    Refusing,
    /// Every request is read, and none is answered.
    Silent,
    /// Every fifth request takes five seconds.
    BrowningOut,
}

/// What a brown-out costs whom it meets.
const STALL: Duration = Duration::from_secs(5);

impl Provider {
    /// Listens on a port of its own.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let inner = Inner {
            address,
            delay_us: AtomicU64::new(0),
            mood: watch::Sender::new(Mood::Healthy),
            brown: AtomicU64::new(0),
            known: Mutex::default(),
        };
        let provider = Self(Arc::new(inner));
        tokio::spawn(provider.clone().accept(listener));
        Ok(provider)
    }

    /// Accepts while anybody listens.
    async fn accept(self, mut listener: TcpListener) {
        let mut mood = self.0.mood.subscribe();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let Ok((socket, _)) = accepted else { return };
                    let provider = self.clone();
                    tokio::spawn(async move { provider.serve(socket).await });
                    continue;
                }
                refusing = mood.wait_for(|mood| *mood == Mood::Refusing) => {
                    if refusing.is_err() {
                        return;
                    }
                }
            }
            drop(listener);
            if mood.wait_for(|mood| *mood != Mood::Refusing).await.is_err() {
                return;
            }
            let Ok(again) = TcpListener::bind(self.0.address).await else { return };
            listener = again;
        }
    }

    /// Changes how it is, from the next request on.
    pub(crate) fn set_mood(&self, mood: Mood) {
        self.0.mood.send_replace(mood);
    }

    /// What its mood does to a request; false where there is no answer.
    async fn suffer(&self) -> bool {
        let mood = *self.0.mood.borrow();
        match mood {
            Mood::Healthy => true,
            Mood::Refusing => false,
            Mood::Silent => {
                tokio::time::sleep(STALL).await;
                false
            }
            Mood::BrowningOut => {
                if self.0.brown.fetch_add(1, Ordering::Relaxed).is_multiple_of(5) {
                    tokio::time::sleep(STALL).await;
                }
                true
            }
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// How long every further answer takes.
    pub(crate) fn set_delay(&self, delay: Duration) {
        let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        self.0.delay_us.store(micros, Ordering::Relaxed);
    }

    /// Verifications approved, each counted once, and when the last one was.
    pub(crate) fn approved(&self) -> (usize, Option<Instant>) {
        let known = self.lock();
        (known.approved.len(), known.last_approval)
    }

    /// What a reference was given for.
    pub(crate) fn behind(&self, sid: &str) -> Option<Created> {
        let place = usize::try_from(place(sid)?).ok()?;
        self.lock().created.get(place).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(&self, mut socket: TcpStream) {
        let _ = socket.set_nodelay(true);
        let mut buffer = BytesMut::with_capacity(4096);
        while let Ok(Some(frame)) = Frame::read(&mut socket, &mut buffer).await {
            if !self.suffer().await {
                return;
            }
            let answer = self.answer(frame.head(&buffer), frame.body(&buffer));
            frame.done(&mut buffer);
            let delay = Duration::from_micros(self.0.delay_us.load(Ordering::Relaxed));
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            if socket.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn answer(&self, head: &[u8], body: &[u8]) -> String {
        let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let line = std::str::from_utf8(line).unwrap_or_default();
        let path = line.split(' ').nth(1).unwrap_or_default();
        if let Some(rest) = path.strip_prefix("/v2/Services/") {
            return match rest.split_once("/Verifications/") {
                Some((_, sid)) => self.update(sid, body),
                None => self.create(body),
            };
        }
        response("404 Not Found", NOBODY)
    }

    fn create(&self, body: &[u8]) -> String {
        let digits = |name: &[u8]| form_digits(body, name);
        let (Some(phone), Some(code)) = (digits(b"To=%2B"), digits(b"CustomCode=")) else {
            return response(
                "400 Bad Request",
                r#"{"code":60200,"message":"Invalid parameter","status":400}"#,
            );
        };
        let place = {
            let mut known = self.lock();
            known.created.push(Created { phone, code });
            known.created.len() - 1
        };
        response("201 Created", &verification(place as u64, phone, "pending"))
    }

    fn update(&self, sid: &str, body: &[u8]) -> String {
        let approval = holds(body, b"Status=approved");
        let found = {
            let mut known = self.lock();
            let place = place(sid);
            let created = place.and_then(|n| known.created.get(usize::try_from(n).ok()?).cloned());
            let first = place.is_some_and(|n| created.is_some() && known.approved.insert(n));
            if first {
                known.last_approval = Some(clock::now());
            }
            // An approved verification is gone.
            place.zip(created).filter(|_| first && approval)
        };
        match found {
            Some((place, created)) => response("200 OK", &verification(place, created.phone, "approved")),
            None => response("404 Not Found", r#"{"code":20404,"message":"not found","status":404}"#),
        }
    }
}

fn response(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\ntwilio-request-duration: 0.001\r\n\r\n{body}",
        body.len()
    )
}

fn verification(place: u64, phone: u64, status: &str) -> String {
    let valid = status == "approved";
    format!(
        r#"{{"sid":"VE10adca5e{place:024x}","service_sid":"{SERVICE}","account_sid":"{ACCOUNT}","to":"+{phone}","channel":"sms","status":"{status}","valid":{valid},"date_created":"2026-11-20T10:15:30Z","date_updated":"2026-11-20T10:15:30Z","lookup":{{}},"amount":null,"payee":null,"send_code_attempts":[{{"time":"2026-11-20T10:15:30Z","channel":"SMS","attempt_sid":"VL10adca5e{place:024x}"}}],"sna":null,"url":"https://verify.twilio.com/v2/Services/{SERVICE}/Verifications/VE10adca5e{place:024x}"}}"#
    )
}

/// The place in a SID.
fn place(sid: &str) -> Option<u64> {
    sid.strip_prefix("VE10adca5e").and_then(|hex| u64::from_str_radix(hex, 16).ok())
}

/// The digits behind `name` in a form.
fn form_digits(form: &[u8], name: &[u8]) -> Option<u64> {
    let at = form.windows(name.len()).position(|window| window == name)? + name.len();
    let digits = form[at..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.into_iter().try_fold(0u64, |n, digit| n.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::{Created, Provider};

    #[tokio::test]
    async fn it_gives_a_reference_once_and_takes_it_back_once() {
        let provider = Provider::start().await.unwrap();
        let head = b"POST /v2/Services/VAx/Verifications HTTP/1.1\r\n\r\n";
        let answer = provider.answer(head, b"To=%2B15550100&Channel=sms&CustomCode=0000000042");
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        let sid = "VE10adca5e000000000000000000000000";
        assert!(answer.contains(sid));
        assert_eq!(provider.behind(sid), Some(Created { phone: 15550100, code: 42 }));
        let head = format!("POST /v2/Services/VAx/Verifications/{sid} HTTP/1.1\r\n\r\n");
        let update = || provider.answer(head.as_bytes(), b"Status=approved");
        assert!(update().starts_with("HTTP/1.1 200"));
        assert!(update().starts_with("HTTP/1.1 404"), "approved twice");
        assert_eq!(provider.approved().0, 1);
    }
}
