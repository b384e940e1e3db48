//! Whole messages on QUIC streams.

use bytes::Bytes;
use protocol::wire::{self, DecodeError, EncodeError, PREFIX_BYTES};
use quinn::{ReadExactError, RecvStream, SendStream};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A message could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The stream broke, or ended inside a message.
    #[error("stream broke: {0}")]
    Broken(#[from] ReadExactError),
    /// The peer sent nonsense; the connection must end.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// A message could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    #[error("stream broke: {0}")]
    Broken(#[from] quinn::WriteError),
    /// Our own message is too large; nothing was sent.
    #[error(transparent)]
    TooLarge(#[from] EncodeError),
}

/// Reads messages of at most `limit` bytes each.
///
/// Reading is not cancellation safe: a reader that was dropped inside a call must not be used again,
/// so give each its own task instead of selecting over it.
#[derive(Debug)]
pub struct FramedReader {
    stream: RecvStream,
    limit: usize,
}

impl FramedReader {
    /// Reads from `stream`.
    pub fn new(stream: RecvStream, limit: usize) -> Self {
        Self { stream, limit }
    }

    /// Changes the limit from the next message on.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// The stream below.
    pub fn stream_mut(&mut self) -> &mut RecvStream {
        &mut self.stream
    }

    /// The next message, or `None` where the stream ended between two messages.
    ///
    /// # Errors
    ///
    /// [`ReadError`]; the position in the stream is unknown afterwards.
    pub async fn read<M: DeserializeOwned>(&mut self) -> Result<Option<M>, ReadError> {
        match self.read_body().await? {
            Some(body) => Ok(Some(wire::decode(&body)?)),
            None => Ok(None),
        }
    }

    /// The next body as it is, for relaying what is opaque.
    ///
    /// # Errors
    ///
    /// As [`Self::read`].
    pub async fn read_body(&mut self) -> Result<Option<Bytes>, ReadError> {
        let mut prefix = [0; PREFIX_BYTES];
        match self.stream.read_exact(&mut prefix).await {
            Ok(()) => {}
            Err(ReadExactError::FinishedEarly(0)) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let len = wire::body_len(prefix, self.limit)?;
        let mut body = vec![0; len];
        self.stream.read_exact(&mut body).await?;
        Ok(Some(body.into()))
    }
}

/// Writes messages of at most `limit` bytes each.
#[derive(Debug)]
pub struct FramedWriter {
    stream: SendStream,
    limit: usize,
}

impl FramedWriter {
    /// Writes to `stream`.
    pub fn new(stream: SendStream, limit: usize) -> Self {
        Self { stream, limit }
    }

    /// Changes the limit from the next message on.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// The stream below.
    pub fn stream_mut(&mut self) -> &mut SendStream {
        &mut self.stream
    }

    /// Sends `message`; returns when quinn has taken it, which waits for the peer's window.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    pub async fn write<M: Serialize>(&mut self, message: &M) -> Result<(), WriteError> {
        let frame = wire::encode(message, self.limit)?;
        self.stream.write_chunk(frame.into()).await?;
        Ok(())
    }

    /// Sends `message` with what `tag` makes of its body behind it.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    pub async fn write_tagged<M: Serialize, const N: usize>(
        &mut self,
        message: &M,
        tag: impl FnOnce(&[u8]) -> [u8; N],
    ) -> Result<(), WriteError> {
        let frame = wire::encode_tagged(message, self.limit, tag)?;
        self.stream.write_chunk(frame.into()).await?;
        Ok(())
    }

    /// Sends `body` as it is.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    pub async fn write_body(&mut self, body: Bytes) -> Result<(), WriteError> {
        let len = u32::try_from(body.len())
            .ok()
            .filter(|_| body.len() <= self.limit);
        let Some(len) = len else {
            return Err(EncodeError {
                bytes: body.len(),
                limit: self.limit,
            }
            .into());
        };
        let prefix = Bytes::copy_from_slice(&len.to_le_bytes());
        self.stream.write_all_chunks(&mut [prefix, body]).await?;
        Ok(())
    }

    /// Ends the stream; what was written still arrives.
    pub fn finish(&mut self) {
        if self.stream.finish().is_err() {
            tracing::trace!("Stream was closed already");
        }
    }
}
