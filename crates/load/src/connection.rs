//! One keep-alive connection, used by one request at a time.

use std::net::SocketAddr;

use anyhow::Context as _;
use bytes::BytesMut;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::wire::Frame;

/// A connection and what has come over it.
pub(crate) struct Connection {
    to: SocketAddr,
    socket: TcpStream,
    buffer: BytesMut,
}

impl Connection {
    pub(crate) async fn open(to: SocketAddr) -> anyhow::Result<Self> {
        let socket = TcpStream::connect(to).await.with_context(|| format!("cannot connect to {to}"))?;
        socket.set_nodelay(true)?;
        Ok(Self { to, socket, buffer: BytesMut::with_capacity(4096) })
    }

    /// Sends a whole request and reads the answer; what is made of it is decided by `read` (status, body). A connection that the
    /// server has closed between two requests is opened again.
    pub(crate) async fn ask<T>(
        &mut self,
        request: &[u8],
        read: impl FnOnce(u16, &[u8]) -> T,
    ) -> anyhow::Result<T> {
        let mut answer = self.exchange(request).await?;
        if answer.is_none() {
            *self = Self::open(self.to).await?;
            answer = self.exchange(request).await?;
        }
        let frame = answer.context("the connection ended without an answer")?;
        let read = read(frame.status(&self.buffer), frame.body(&self.buffer));
        frame.done(&mut self.buffer);
        Ok(read)
    }

    /// `None` where the server had closed the connection, which shows as a reset when that crosses with the request.
    async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Option<Frame>> {
        let answer = match self.socket.write_all(request).await {
            Ok(()) => Frame::read(&mut self.socket, &mut self.buffer).await,
            Err(err) => Err(err.into()),
        };
        match answer {
            Err(err) if self.buffer.is_empty() && err.downcast_ref().is_some_and(is_closed) => Ok(None),
            answer => answer,
        }
    }
}

fn is_closed(err: &std::io::Error) -> bool {
    matches!(err.kind(), std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe)
}
