//! One connection to the broker: made within a time, and ended for sure.

use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lapin::tcp::{AMQPUriTcpExt as _, AsyncTcpStream, OwnedTLSConfig, TLSConfig};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Channel, Connection, ConnectionProperties};

use super::options::AmqpOptions;
use super::status::Side;
use super::topology::{DeclareError, Topology};

/// For a polite goodbye.
const GOODBYE: Duration = Duration::from_secs(1);
/// What the goodbye says.
const REPLY_SUCCESS: u16 = 200;

/// Where the broker is, and what is to be there.
pub(super) struct Broker {
    pub(super) uri: AMQPUri,
    pub(super) options: AmqpOptions,
    pub(super) topology: Topology,
}

/// Why there is no connection, or no longer.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    /// The network, the sign-in, the virtual host, or the connection's end.
    #[error("RabbitMQ: {0}")]
    Broker(#[from] lapin::Error),
    /// What should be there is not.
    #[error("RabbitMQ: {0}")]
    Declare(#[from] DeclareError),
    /// It stays silent.
    #[error("RabbitMQ did not answer within {} s while {doing}", patience.as_secs())]
    Silent { patience: Duration, doing: &'static str },
    /// The consumer was cancelled: its queue was deleted, or moved to another node.
    #[error("RabbitMQ ended the consumer: its queue is gone")]
    Cancelled,
}

/// A connection with one channel, on which all is set up.
pub(super) struct Link {
    pub(super) connection: Connection,
    pub(super) channel: Channel,
    lifeline: Lifeline,
}

/// A second handle on the connection's socket, as lapin's thread stays with a connection for as long as a silent peer keeps it open.
#[derive(Clone, Default)]
struct Socket(Arc<Mutex<SocketState>>);

#[derive(Default)]
enum SocketState {
    #[default]
    Dialling,
    Open(TcpStream),
    Cut,
}

impl Socket {
    fn swap(&self, state: SocketState) -> SocketState {
        std::mem::replace(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), state)
    }

    fn keep(&self, stream: &impl AsFd) -> std::io::Result<()> {
        let copy = TcpStream::from(stream.as_fd().try_clone_to_owned()?);
        if let SocketState::Cut = self.swap(SocketState::Open(copy)) {
            self.cut();
        }
        Ok(())
    }

    /// Ends the connection, whatever state it is in.
    fn cut(&self) {
        if let SocketState::Open(stream) = self.swap(SocketState::Cut) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Cuts the socket when dropped, so that an attempt that is given up leaves nothing behind.
struct Lifeline(Socket);

impl Drop for Lifeline {
    fn drop(&mut self) {
        self.0.cut();
    }
}

impl Link {
    /// Connects and signs in, and leaves everything as it is.
    pub(super) async fn bare(broker: &Broker, side: Side) -> Result<Self, LinkError> {
        let patience = broker.options.connect_timeout;
        let socket = Socket::default();
        let lifeline = Lifeline(socket.clone());
        let silent = |_| LinkError::Silent { patience, doing: "connecting" };
        let connection =
            tokio::time::timeout(patience, connect(broker, side, socket)).await.map_err(silent)??;
        let channel = tokio::time::timeout(patience, connection.create_channel()).await.map_err(silent)??;
        Ok(Self { connection, channel, lifeline })
    }

    /// Connects, signs in and sets up. Cancelled or too slow, it leaves nothing behind.
    pub(super) async fn open(broker: &Broker, side: Side) -> Result<Self, LinkError> {
        let patience = broker.options.connect_timeout;
        let socket = Socket::default();
        let lifeline = Lifeline(socket.clone());
        let connection = tokio::time::timeout(patience, connect(broker, side, socket))
            .await
            .map_err(|_| LinkError::Silent { patience, doing: "connecting" })??;
        let set_up = async {
            let channel = connection.create_channel().await?;
            broker.topology.declare(&channel).await?;
            Ok::<_, LinkError>(channel)
        };
        match tokio::time::timeout(patience, set_up).await {
            Ok(Ok(channel)) => Ok(Self { connection, channel, lifeline }),
            Ok(Err(err)) => {
                goodbye(&connection).await;
                Err(err)
            }
            Err(_) => Err(LinkError::Silent { patience, doing: "setting up" }),
        }
    }

    /// Ends it: politely if the other end answers, else at once.
    pub(super) async fn close(self) {
        goodbye(&self.connection).await;
        drop(self.lifeline);
    }
}

async fn goodbye(connection: &Connection) {
    let goodbye = connection.close(REPLY_SUCCESS, "done".into());
    // Whether it was heard does not matter: nothing of ours waits on it.
    let _ = tokio::time::timeout(GOODBYE, goodbye).await;
}

async fn connect(broker: &Broker, side: Side, socket: Socket) -> Result<Connection, lapin::Error> {
    let properties = ConnectionProperties::default()
        .with_connection_name(format!("ringback {} ({})", side.as_str(), broker.options.prefix).into());
    let tls = OwnedTLSConfig { identity: None, cert_chain: broker.options.certificate_authority.clone() };
    let patience = broker.options.connect_timeout;
    let runtime = lapin::runtime::default_runtime()?;
    let dialler = runtime.clone();
    // Runs on lapin's own thread, which has to come back too.
    let dial = async move |uri: AMQPUri, _| {
        let dialled = tokio::time::timeout(patience, async {
            let plain = AMQPUri { scheme: AMQPScheme::AMQP, ..uri.clone() };
            let stream = plain.connect_with_config_async(TLSConfig::default(), &dialler).await?;
            if let AsyncTcpStream::Plain(stream) = &stream {
                socket.keep(stream.get_ref())?;
            }
            match uri.scheme {
                AMQPScheme::AMQP => Ok(stream),
                AMQPScheme::AMQPS => stream.into_tls(&uri.authority.host, tls.as_ref()).await,
            }
        });
        match dialled.await {
            Ok(stream) => Ok(stream?),
            Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
        }
    };
    Connection::connector(broker.uri.clone(), runtime, dial, properties).await
}
