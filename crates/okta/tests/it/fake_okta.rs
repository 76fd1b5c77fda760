use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use okta::{ClientOptions, Credential, OktaClient, Scope};
use otp::{Clock, Entropy, SystemClock};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A socket that answers every request with the next of its answers, byte for byte, and remembers what it was asked.
pub(crate) struct FakeOkta {
    pub(crate) base_url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

/// `status` with some headers and a JSON body.
pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

impl FakeOkta {
    /// An empty answer is never given: the connection stays silent.
    pub(crate) async fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heads = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut silent = Vec::new();
            for answer in answers {
                let (mut socket, _) = listener.accept().await.unwrap();
                let head = read_head(&mut socket).await;
                heads.lock().unwrap().push(head);
                if answer.is_empty() {
                    silent.push(socket);
                    continue;
                }
                // Whoever asks may hang up before the end of a body that is too long.
                let _ = socket.write_all(&answer).await;
                let _ = socket.shutdown().await;
            }
            // The silent ones stay open.
            std::future::pending::<()>().await;
        });
        Self { base_url, asked }
    }

    /// Head of each request so far, in lower case but for the first line.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn read_head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// A wall clock that is wrong, and a monotonic one that moves when told to.
pub(crate) struct WrongClock {
    start: Instant,
    passed: Mutex<Duration>,
}

impl WrongClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { start: SystemClock.monotonic(), passed: Mutex::default() })
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.passed.lock().unwrap() += by;
    }
}

impl Clock for WrongClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() - SignedDuration::from_mins(10)
    }

    fn monotonic(&self) -> Instant {
        self.start + *self.passed.lock().unwrap()
    }
}

struct NoJitter;

impl Entropy for NoJitter {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

pub(crate) fn options(base_url: &str, clock: Arc<WrongClock>) -> ClientOptions {
    ClientOptions {
        base_url: base_url.parse().unwrap(),
        credential: Credential::Ssws("00fakeToken\n".into()),
        scopes: vec![Scope::UsersRead],
        reserve: 0,
        connect_timeout: Duration::from_secs(2),
        timeout: Duration::from_secs(5),
        clock,
        entropy: Arc::new(NoJitter),
    }
}

pub(crate) fn client(base_url: &str) -> OktaClient {
    OktaClient::new(options(base_url, WrongClock::new())).unwrap()
}
