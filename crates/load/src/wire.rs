//! As much HTTP/1.1 as both ends of a load test need.

use anyhow::{Context as _, bail, ensure};
use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// No message of this test is longer.
const MOST: usize = 1024 * 1024;

/// One message: the length of its head, and of its body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    head: usize,
    body: usize,
}

impl Frame {
    /// Reads until one whole message is at the start of `buffer`; `None` at a clean end.
    pub(crate) async fn read(
        from: &mut (impl AsyncRead + Unpin),
        buffer: &mut BytesMut,
    ) -> anyhow::Result<Option<Self>> {
        loop {
            if let Some(frame) = Self::find(buffer)?
                && buffer.len() >= frame.head + frame.body
            {
                return Ok(Some(frame));
            }
            ensure!(buffer.len() < MOST, "a message is too long");
            if from.read_buf(buffer).await? == 0 {
                ensure!(buffer.is_empty(), "the connection ended in the middle of a message");
                return Ok(None);
            }
        }
    }

    fn find(buffer: &[u8]) -> anyhow::Result<Option<Self>> {
        let Some(head) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let mut body = 0;
        for line in buffer[..head].split(|byte| *byte == b'\n').skip(1) {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
            if name.eq_ignore_ascii_case(b"content-length") {
                body = std::str::from_utf8(value)?.parse().context("content-length")?;
            } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
                bail!("a chunked message");
            }
        }
        Ok(Some(Self { head: head + 4, body }))
    }

    /// Its first line and headers.
    pub(crate) fn head(self, buffer: &BytesMut) -> &[u8] {
        &buffer[..self.head]
    }

    /// Its body.
    pub(crate) fn body(self, buffer: &BytesMut) -> &[u8] {
        &buffer[self.head..self.head + self.body]
    }

    /// Makes room for the next one.
    pub(crate) fn done(self, buffer: &mut BytesMut) {
        buffer.advance(self.head + self.body);
    }

    /// The status of an answer.
    pub(crate) fn status(self, buffer: &BytesMut) -> u16 {
        let digits = buffer.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }
}

/// Whether `text` holds `part`.
pub(crate) fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
