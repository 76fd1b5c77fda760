//! A wire that can be cut: TCP, in this process, between any two.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::os::free_port;
use crate::wait::until;

/// How the wire is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// As it should be.
    Good,
    /// Every piece takes this much longer.
    Slow(Duration),
    /// Every piece is cut into pieces of so many bytes, a millisecond apart.
    Sliced(usize),
    /// Nothing gets through in either direction; nobody is told. What is under way arrives once it is good again.
    BlackHole,
    /// Nobody listens; what was connected is reset.
    Refused,
    /// Every connection is reset.
    Reset,
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From whoever connects.
    ToServer,
    /// From whoever is connected to.
    ToClient,
}

/// What a cut waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// These bytes, in one connection.
    Bytes(Vec<u8>),
    /// So many bytes of one connection.
    Many(usize),
}

/// On which side of the cut is what was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It never arrives.
    Before,
    /// It is the last that arrives.
    After,
}

struct Trap {
    way: Way,
    sight: Sight,
    cut: Cut,
}

struct Shared {
    upstream: Mutex<SocketAddr>,
    line: watch::Sender<Line>,
    /// Counts up whenever everything connected is reset.
    resets: watch::Sender<u64>,
    /// Counts up whenever everything connected falls silent for good.
    silences: watch::Sender<u64>,
    /// Counts up whenever everything connected is closed in the direction of the server.
    closings: watch::Sender<u64>,
    traps: Mutex<Vec<Trap>>,
    sprung: AtomicUsize,
    accepted: AtomicUsize,
    open: AtomicUsize,
}

/// A listener that passes on what it hears, as far as it is let. Dropped, it is gone with all its connections.
pub struct FaultProxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
    _stop: DropGuard,
}

impl FaultProxy {
    /// Listens; connects to `upstream` for everyone who comes.
    pub async fn before(upstream: SocketAddr) -> Self {
        let addr = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let shared = Arc::new(Shared {
            upstream: Mutex::new(upstream),
            line: watch::Sender::new(Line::Good),
            resets: watch::Sender::new(0),
            silences: watch::Sender::new(0),
            closings: watch::Sender::new(0),
            traps: Mutex::default(),
            sprung: AtomicUsize::new(0),
            accepted: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
        });
        let stop = CancellationToken::new();
        let listener = TcpListener::bind(addr).await.unwrap();
        tokio::spawn(listen(addr, listener, shared.clone(), stop.clone()));
        Self { addr, shared, _stop: stop.drop_guard() }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The same as the base of URLs.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Makes the line so, for connections that are there and for those that come.
    pub fn set(&self, line: Line) {
        self.shared.line.send_replace(line);
        if matches!(line, Line::Refused | Line::Reset) {
            self.reset_all();
        }
    }

    /// Leads new connections somewhere else.
    pub fn lead_to(&self, upstream: SocketAddr) {
        *self.shared.upstream.lock().unwrap() = upstream;
    }

    /// Resets everything that is connected now.
    pub fn reset_all(&self) {
        self.shared.resets.send_modify(|n| *n += 1);
    }

    /// What is connected now stays so, and nothing gets through any more: as when whatever stands between has forgotten it. New
    /// connections are as the line is.
    pub fn forget_all(&self) {
        self.shared.silences.send_modify(|n| *n += 1);
    }

    /// Tells the server of every connection that its client has nothing more to say.
    pub fn half_close_all(&self) {
        self.shared.closings.send_modify(|n| *n += 1);
    }

    /// Resets the first connection in which this is seen; once.
    pub fn cut_when(&self, way: Way, sight: Sight, cut: Cut) {
        self.shared.traps.lock().unwrap().push(Trap { way, sight, cut });
    }

    /// The same for bytes.
    pub fn cut_at(&self, way: Way, bytes: &str, cut: Cut) {
        self.cut_when(way, Sight::Bytes(bytes.as_bytes().to_vec()), cut);
    }

    /// Takes back the cuts that have not happened.
    pub fn forget_cuts(&self) {
        self.shared.traps.lock().unwrap().clear();
    }

    /// How many cuts have happened.
    pub fn cuts(&self) -> usize {
        self.shared.sprung.load(Ordering::SeqCst)
    }

    /// Returns once so many cuts have happened.
    pub async fn wait_for_cuts(&self, n: usize) {
        until("the wire is cut", async || (self.cuts() >= n).then_some(())).await;
    }

    /// How many connections there have been.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// How many connections there are.
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }
}

async fn listen(addr: SocketAddr, listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let mut line = shared.line.subscribe();
    let mut listener = Some(listener);
    while !stop.is_cancelled() {
        if *line.borrow_and_update() == Line::Refused {
            listener = None;
            tokio::select! {
                _ = line.changed() => continue,
                () = stop.cancelled() => break,
            }
        }
        let listening = match listener.take() {
            Some(listening) => listening,
            None => TcpListener::bind(addr).await.unwrap(),
        };
        tokio::select! {
            accepted = listening.accept() => if let Ok((client, _)) = accepted {
                shared.accepted.fetch_add(1, Ordering::SeqCst);
                let (shared, stop) = (shared.clone(), stop.clone());
                tokio::spawn(async move {
                    shared.open.fetch_add(1, Ordering::SeqCst);
                    stop.run_until_cancelled(carry(client, &shared)).await;
                    shared.open.fetch_sub(1, Ordering::SeqCst);
                });
            },
            _ = line.changed() => {}
            () = stop.cancelled() => break,
        }
        listener = Some(listening);
    }
}

/// One connection, to its end.
async fn carry(mut client: TcpStream, shared: &Shared) {
    // Failing to set it only costs time.
    let _ = client.set_nodelay(true);
    let (mut resets, mut silences) = (shared.resets.subscribe(), shared.silences.subscribe());
    if *shared.line.borrow() == Line::Reset {
        let _ = client.set_zero_linger();
        return;
    }
    passable(shared).await;
    let upstream = *shared.upstream.lock().unwrap();
    let Ok(mut server) = TcpStream::connect(upstream).await else {
        let _ = client.set_zero_linger();
        return;
    };
    let _ = server.set_nodelay(true);
    let cut = {
        let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
        let both = async {
            tokio::try_join!(
                pump(from_client, to_server, Way::ToServer, shared),
                pump(from_server, to_client, Way::ToClient, shared),
            )
        };
        tokio::select! {
            ended = both => ended.is_err(),
            _ = resets.changed() => true,
            // Nobody reads, nobody writes, and nobody closes.
            _ = silences.changed() => std::future::pending().await,
        }
    };
    if cut {
        // Zero linger turns the close into a reset.
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
}

/// Returns once the line is no black hole.
async fn passable(shared: &Shared) {
    let mut line = shared.line.subscribe();
    // The sender lives as long as we do.
    let _ = line.wait_for(|line| *line != Line::BlackHole).await;
}

/// One direction of a connection. An error ends the other one too.
async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    way: Way,
    shared: &Shared,
) -> Result<(), io::Error> {
    let mut closings = shared.closings.subscribe();
    let mut buffer = vec![0; 64 * 1024];
    let mut seen = Vec::new();
    let mut count = 0;
    loop {
        passable(shared).await;
        let n = tokio::select! {
            read = from.read(&mut buffer) => read?,
            _ = closings.changed(), if way == Way::ToServer => 0,
        };
        passable(shared).await;
        if n == 0 {
            let _ = to.shutdown().await;
            return Ok(());
        }
        let piece = &buffer[..n];
        count += n;
        seen.extend_from_slice(piece);
        let cut = spring(shared, way, &seen, count);
        let kept = seen.len().saturating_sub(256);
        seen.drain(..kept);
        if cut == Some(Cut::Before) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let line = *shared.line.borrow();
        match line {
            Line::Slow(by) => {
                tokio::time::sleep(by).await;
                to.write_all(piece).await?;
            }
            Line::Sliced(size) => {
                for slice in piece.chunks(size.max(1)) {
                    to.write_all(slice).await?;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            _ => to.write_all(piece).await?,
        }
        if cut == Some(Cut::After) {
            // The peer reads it before the reset can overtake it.
            tokio::time::sleep(Duration::from_millis(20)).await;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
    }
}

/// Takes the first trap that has seen what it waits for.
fn spring(shared: &Shared, way: Way, seen: &[u8], count: usize) -> Option<Cut> {
    let mut traps = shared.traps.lock().unwrap();
    let hit = |trap: &Trap| {
        trap.way == way
            && match &trap.sight {
                Sight::Bytes(bytes) => seen.windows(bytes.len()).any(|window| window == bytes),
                Sight::Many(bytes) => count >= *bytes,
            }
    };
    let n = traps.iter().position(hit)?;
    shared.sprung.fetch_add(1, Ordering::SeqCst);
    Some(traps.remove(n).cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers every piece with itself.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = socket.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        addr
    }

    async fn say(socket: &mut TcpStream, text: &str) -> io::Result<String> {
        socket.write_all(text.as_bytes()).await?;
        let mut heard = vec![0; text.len()];
        let heard_all = tokio::time::timeout(Duration::from_millis(300), socket.read_exact(&mut heard));
        heard_all.await.map_err(|_| io::ErrorKind::TimedOut)??;
        Ok(String::from_utf8(heard).unwrap())
    }

    fn kind<T>(result: io::Result<T>) -> Option<io::ErrorKind> {
        result.err().map(|err| err.kind())
    }

    #[tokio::test]
    async fn the_line_is_as_it_is_set() {
        let proxy = FaultProxy::before(echo().await).await;
        let mut socket = TcpStream::connect(proxy.addr()).await.unwrap();
        assert_eq!(say(&mut socket, "one").await.unwrap(), "one");
        proxy.set(Line::Sliced(1));
        assert_eq!(say(&mut socket, "slice").await.unwrap(), "slice");
        proxy.set(Line::Slow(Duration::from_millis(400)));
        assert_eq!(kind(say(&mut socket, "slow").await), Some(io::ErrorKind::TimedOut));
        proxy.set(Line::Refused);
        assert_eq!(kind(socket.read(&mut [0]).await), Some(io::ErrorKind::ConnectionReset));
        until("nobody listens", async || {
            let refused = kind(TcpStream::connect(proxy.addr()).await);
            (refused == Some(io::ErrorKind::ConnectionRefused)).then_some(())
        })
        .await;
        proxy.set(Line::Good);
        let mut socket =
            until("somebody listens", async || TcpStream::connect(proxy.addr()).await.ok()).await;
        assert_eq!(say(&mut socket, "two").await.unwrap(), "two");
        proxy.set(Line::BlackHole);
        assert_eq!(kind(say(&mut socket, "hole").await), Some(io::ErrorKind::TimedOut));
        proxy.set(Line::Good);
        let mut late = [0; 4];
        socket.read_exact(&mut late).await.unwrap();
        assert_eq!(&late, b"hole", "it was only under way");
        let mut forgotten = TcpStream::connect(proxy.addr()).await.unwrap();
        assert_eq!(say(&mut forgotten, "three").await.unwrap(), "three");
        proxy.forget_all();
        assert_eq!(kind(say(&mut forgotten, "four").await), Some(io::ErrorKind::TimedOut));
        let mut socket = TcpStream::connect(proxy.addr()).await.unwrap();
        assert_eq!(say(&mut socket, "five").await.unwrap(), "five", "a new one is as the line is");
        assert_eq!(kind(say(&mut forgotten, "six").await), Some(io::ErrorKind::TimedOut));
        proxy.half_close_all();
        assert_eq!(socket.read(&mut late).await.unwrap(), 0, "the echo has heard the end");
    }

    #[tokio::test]
    async fn a_cut_is_where_it_was_set() {
        let proxy = FaultProxy::before(echo().await).await;
        let mut socket = TcpStream::connect(proxy.addr()).await.unwrap();
        proxy.cut_at(Way::ToClient, "needle", Cut::Before);
        assert_eq!(say(&mut socket, "hay nee").await.unwrap(), "hay nee");
        assert_eq!(kind(say(&mut socket, "dle").await), Some(io::ErrorKind::ConnectionReset));
        assert_eq!(proxy.cuts(), 1);
        let mut socket = TcpStream::connect(proxy.addr()).await.unwrap();
        assert_eq!(say(&mut socket, "needle").await.unwrap(), "needle", "once");
        proxy.cut_when(Way::ToServer, Sight::Many(8), Cut::After);
        assert_eq!(say(&mut socket, "12").await.unwrap(), "12", "the eighth byte is the last that arrives");
        assert_eq!(kind(socket.read(&mut [0]).await), Some(io::ErrorKind::ConnectionReset));
        assert_eq!(proxy.cuts(), 2);
    }
}
