//! Messages to frames and back.
//!
//! A frame is a body length (`u32`, little endian) and the body: one message in
//! [postcard](https://postcard.jamesmunns.com/wire-format) encoding. After a fault the position in
//! the stream is unknown, so every error ends the connection.

use postcard::ser_flavors::Size;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Bytes of the length in front of each body.
pub const PREFIX_BYTES: usize = 4;

/// A frame from the peer could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    #[error("frame announces {announced} bytes, the limit is {limit}")]
    FrameTooLarge { announced: usize, limit: usize },
    #[error("the message does not parse")]
    Malformed,
    #[error("{extra} bytes follow the message in its frame")]
    TrailingBytes { extra: usize },
}

/// Our own message is larger than its limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("message has {bytes} bytes, the limit is {limit}")]
pub struct EncodeError {
    pub bytes: usize,
    pub limit: usize,
}

/// Reads the body length in bytes from a prefix.
///
/// # Errors
///
/// [`DecodeError::FrameTooLarge`] if it exceeds `limit`; nothing has been allocated then.
pub fn body_len(prefix: [u8; PREFIX_BYTES], limit: usize) -> Result<usize, DecodeError> {
    let announced = usize::try_from(u32::from_le_bytes(prefix)).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(DecodeError::FrameTooLarge { announced, limit });
    }
    Ok(announced)
}

/// Parses one body.
///
/// # Errors
///
/// [`DecodeError::Malformed`] or [`DecodeError::TrailingBytes`].
pub fn decode<M: DeserializeOwned>(body: &[u8]) -> Result<M, DecodeError> {
    decode_borrowed(body)
}

/// As [`decode`], for what borrows from `body`.
pub(crate) fn decode_borrowed<'a, M: Deserialize<'a>>(body: &'a [u8]) -> Result<M, DecodeError> {
    match postcard::take_from_bytes::<M>(body) {
        Ok((message, [])) => Ok(message),
        Ok((_, rest)) => Err(DecodeError::TrailingBytes { extra: rest.len() }),
        // postcard's errors carry nothing beyond "does not parse"
        Err(_no_detail) => Err(DecodeError::Malformed),
    }
}

/// Turns `message` into one frame, prefix included.
///
/// # Errors
///
/// [`EncodeError`] if the body exceeds `limit` bytes.
pub fn encode<M: Serialize>(message: &M, limit: usize) -> Result<Vec<u8>, EncodeError> {
    encode_with_room(message, limit, 0)
}

/// As [`encode`], in memory that has `room` more bytes for what is put behind it.
///
/// # Errors
///
/// As [`encode`].
pub fn encode_with_room<M: Serialize>(
    message: &M,
    limit: usize,
    room: usize,
) -> Result<Vec<u8>, EncodeError> {
    const HAVE_LENGTHS: &str =
        "serialising to memory fails only for types without a length, which we have not";
    let counted = postcard::serialize_with_flavor(message, Size::default());
    let bytes = counted.expect(HAVE_LENGTHS);
    let prefix = u32::try_from(bytes).ok().filter(|_| bytes <= limit);
    let Some(prefix) = prefix else {
        return Err(EncodeError { bytes, limit });
    };
    let mut frame = Vec::with_capacity(PREFIX_BYTES + bytes + room);
    frame.extend_from_slice(&prefix.to_le_bytes());
    Ok(postcard::to_extend(message, frame).expect(HAVE_LENGTHS))
}

/// Turns `message` into one frame with what `tag` makes of its body behind it.
///
/// # Errors
///
/// [`EncodeError`] if body and tag exceed `limit` bytes.
pub fn encode_tagged<M: Serialize, const N: usize>(
    message: &M,
    limit: usize,
    tag: impl FnOnce(&[u8]) -> [u8; N],
) -> Result<Vec<u8>, EncodeError> {
    let mut frame = encode_with_room(message, limit.saturating_sub(N), N)?;
    let tag = tag(&frame[PREFIX_BYTES..]);
    frame.extend_from_slice(&tag);
    let bytes = frame.len() - PREFIX_BYTES;
    let prefix = u32::try_from(bytes).map_err(|_over| EncodeError { bytes, limit })?;
    frame[..PREFIX_BYTES].copy_from_slice(&prefix.to_le_bytes());
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OperatorToHub, TicketRoute};

    #[test]
    fn an_oversized_frame_is_refused_by_its_prefix_alone() {
        let error = body_len(u32::MAX.to_le_bytes(), 1024).expect_err("too large");
        assert!(matches!(
            error,
            DecodeError::FrameTooLarge { limit: 1024, .. }
        ));
    }

    #[test]
    fn a_message_survives_the_way() {
        let route = TicketRoute::new(4711).expect("five digits");
        let frame = encode(&OperatorToHub::RevokeTicket { route }, 64).expect("small");
        let prefix = frame[..PREFIX_BYTES].try_into().expect("four bytes");
        assert_eq!(body_len(prefix, 64), Ok(frame.len() - PREFIX_BYTES));
        let back = decode(&frame[PREFIX_BYTES..]);
        assert_eq!(back, Ok(OperatorToHub::RevokeTicket { route }));
    }

    #[test]
    fn bytes_after_the_message_are_an_error() {
        let mut frame = encode(&OperatorToHub::LogOut, 64).expect("small");
        frame.push(0);
        let back = decode::<OperatorToHub>(&frame[PREFIX_BYTES..]);
        assert_eq!(back, Err(DecodeError::TrailingBytes { extra: 1 }));
    }
}
