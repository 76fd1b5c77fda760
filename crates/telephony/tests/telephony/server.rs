//! A server that answers by script, one reply per request, over real sockets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What is done with one request.
pub enum Reply {
    /// This status, these extra header lines, this body; the connection stays open.
    Answer(u16, &'static str, Vec<u8>),
    /// These bytes as they are, then the end of the connection.
    Bytes(Vec<u8>),
    /// These bytes as they are, then nothing, with the connection open.
    Stall(Vec<u8>),
    /// A good answer with this body, after so long.
    Late(Duration, &'static str),
    /// The whole request is read, then the connection is reset.
    Reset,
    /// An answer of 100 MB, as much of it as is taken.
    Huge,
    /// A good status, and then a byte now and then for as long as anybody listens.
    Drip,
}

impl Reply {
    /// A sample of the contract with this status.
    pub fn sample(status: u16, name: &str) -> Self {
        let path = format!("{}/tests/samples/{name}", env!("CARGO_MANIFEST_DIR"));
        Self::Answer(status, "content-type: application/json\r\n", std::fs::read(path).unwrap())
    }

    pub fn json(status: u16, body: &str) -> Self {
        Self::Answer(status, "content-type: application/json\r\n", body.as_bytes().to_vec())
    }
}

pub struct Server {
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
    huge_bytes: Arc<Mutex<usize>>,
    open: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Listens and answers with `script`; a request beyond it is reset, and counted.
    pub async fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(script.into_iter().collect::<VecDeque<_>>()));
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let huge_bytes = Arc::<Mutex<usize>>::default();
        let (opened, open) = watch::channel(0);
        let task = tokio::spawn({
            let (requests, huge_bytes) = (Arc::clone(&requests), Arc::clone(&huge_bytes));
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (script, requests) = (Arc::clone(&script), Arc::clone(&requests));
                    let huge_bytes = Arc::clone(&huge_bytes);
                    let opened = opened.clone();
                    opened.send_modify(|n| *n += 1);
                    tokio::spawn(async move {
                        let _ = stream.set_nodelay(true);
                        let _ = serve(stream, &script, &requests, &huge_bytes).await;
                        opened.send_modify(|n| *n -= 1);
                    });
                }
            }
        });
        Self { url, requests, huge_bytes, open, task }
    }

    /// Every request so far, head and body.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Waits until every connection has been closed by both sides.
    pub async fn all_closed(&self) {
        self.open.clone().wait_for(|n| *n == 0).await.unwrap();
    }

    /// How much of [`Reply::Huge`] could be written.
    pub fn huge_bytes(&self) -> usize {
        *self.huge_bytes.lock().unwrap()
    }
}

async fn serve(
    mut stream: TcpStream,
    script: &Mutex<VecDeque<Reply>>,
    requests: &Mutex<Vec<String>>,
    huge_bytes: &Mutex<usize>,
) -> std::io::Result<()> {
    while let Some(request) = request(&mut stream).await? {
        requests.lock().unwrap().push(request);
        let reply = script.lock().unwrap().pop_front();
        match reply {
            Some(Reply::Answer(status, headers, body)) => {
                let head = format!("HTTP/1.1 {status} x\r\n{headers}content-length: {}\r\n\r\n", body.len());
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(&body).await?;
            }
            Some(Reply::Bytes(bytes)) => {
                stream.write_all(&bytes).await?;
                stream.shutdown().await?;
                stream.read_to_end(&mut Vec::new()).await?;
                return Ok(());
            }
            Some(Reply::Stall(bytes)) => {
                stream.write_all(&bytes).await?;
                std::future::pending::<()>().await;
            }
            Some(Reply::Huge) => {
                stream.write_all(b"HTTP/1.1 201 x\r\ncontent-length: 100000000\r\n\r\n").await?;
                let piece = vec![b' '; 64 * 1024];
                loop {
                    stream.write_all(&piece).await?;
                    *huge_bytes.lock().unwrap() += piece.len();
                }
            }
            Some(Reply::Late(after, body)) => {
                tokio::time::sleep(after).await;
                let answer = format!("HTTP/1.1 200 x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await?;
            }
            Some(Reply::Drip) => {
                stream.write_all(b"HTTP/1.1 201 x\r\ncontent-length: 60000\r\n\r\n{").await?;
                loop {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    stream.write_all(b" ").await?;
                }
            }
            Some(Reply::Reset) | None => {
                stream.set_zero_linger()?;
                return Ok(());
            }
        }
    }
    Ok(())
}

/// A request's first line and header lines.
pub fn head(request: &str) -> &str {
    request.split_once("\r\n\r\n").unwrap().0
}

/// A request's body.
pub fn body(request: &str) -> &str {
    request.split_once("\r\n\r\n").unwrap().1
}

/// Whether the request has this header line.
pub fn has_line(request: &str, line: &str) -> bool {
    head(request).lines().any(|own| own == line)
}

/// A form, or a query, field by field.
pub fn fields(form: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

/// Reads one request; `None` at the end of the connection.
async fn request(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |n| n.parse().unwrap()) {
                return Ok(Some(text));
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}
