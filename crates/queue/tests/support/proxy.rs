//! A network between the queue and the broker that can fail.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards connections until they are cut.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    cut: watch::Sender<u64>,
    deaf: Arc<AtomicBool>,
}

impl Proxy {
    /// In front of the broker of this URL.
    pub(crate) async fn before(url: &str) -> Self {
        let authority = url.split("//").nth(1).unwrap().split('/').next().unwrap();
        let target = authority.rsplit('@').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (cut, cuts) = watch::channel(0);
        let deaf = Arc::new(AtomicBool::new(false));
        let deafness = deaf.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&target).await else { continue };
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                let (mut cuts, deaf) = (cuts.clone(), deafness.clone());
                cuts.mark_unchanged();
                tokio::spawn(async move {
                    let up = async {
                        let mut bytes = vec![0; 65536];
                        loop {
                            match from_client.read(&mut bytes).await {
                                Ok(0) | Err(_) => break,
                                Ok(_) if deaf.load(Ordering::SeqCst) => {}
                                Ok(n) => {
                                    if to_server.write_all(&bytes[..n]).await.is_err() {
                                        break;
                                    }
                                }
                            }
                        }
                    };
                    let down = tokio::io::copy(&mut from_server, &mut to_client);
                    tokio::select! {
                        () = up => {}
                        _ = down => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        });
        Self { address, cut, deaf }
    }

    /// The same broker, by way of the proxy.
    pub(crate) fn url(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once("//").unwrap();
        let (authority, path) = rest.split_once('/').unwrap();
        let user = authority.rsplit_once('@').map_or(String::new(), |(user, _)| format!("{user}@"));
        format!("{scheme}//{user}{}/{path}", self.address)
    }

    /// Cuts every connection.
    pub(crate) fn cut(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }

    /// From now on, or no longer, what the client says does not arrive.
    pub(crate) fn deaf(&self, deaf: bool) {
        self.deaf.store(deaf, Ordering::SeqCst);
    }
}
