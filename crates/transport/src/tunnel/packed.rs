//! What one message of a tunnel brings: datagrams of one size, of which the last may be shorter, with the
//! size before them.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::DATAGRAM_BYTES;

/// Of the size.
const HEAD_BYTES: usize = size_of::<u16>();
/// The largest message.
pub(super) const MESSAGE_BYTES: usize = HEAD_BYTES + DATAGRAM_BYTES as usize;

#[derive(Debug)]
pub(super) struct Packed {
    message: Bytes,
    size: u16,
}

impl Packed {
    /// Packs datagrams of `size`, but for the last. One that is larger than any may be is left out.
    pub(super) fn all(datagrams: &[u8], size: usize) -> impl Iterator<Item = Self> {
        let at_once = usize::from(DATAGRAM_BYTES) / size;
        let fits = u16::try_from(size).ok().filter(|_| at_once > 0);
        let pieces = datagrams.chunks((size * at_once).max(1));
        fits.into_iter().flat_map(move |size| {
            pieces.clone().map(move |piece| {
                let mut message = BytesMut::with_capacity(HEAD_BYTES + piece.len());
                message.put_u16(size);
                message.put_slice(piece);
                let message = message.freeze();
                Self { message, size }
            })
        })
    }

    /// `None` if it is none of a tunnel's.
    pub(super) fn from_message(message: Bytes) -> Option<Self> {
        let size = u16::from_be_bytes(*message.first_chunk()?);
        (size > 0).then_some(Self { message, size })
    }

    pub(super) fn into_message(self) -> Bytes {
        self.message
    }

    /// The datagrams, one after another.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.message[HEAD_BYTES..]
    }

    /// Of each, but for the last.
    pub(super) fn size(&self) -> usize {
        self.size.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_come_out_of_messages_as_they_went_in() {
        let bytes: Vec<u8> = (0..30_100).map(|n: u32| n.to_le_bytes()[1]).collect();
        for size in [1, 7, 1200, 13_999, 14_000] {
            let mut datagrams = Vec::new();
            for packed in Packed::all(&bytes, size) {
                let message = packed.into_message();
                assert!(message.len() <= MESSAGE_BYTES);
                let packed = Packed::from_message(message).expect("a message");
                let each = packed.bytes().chunks(packed.size()).map(<[u8]>::to_vec);
                datagrams.extend(each);
            }
            let expected: Vec<&[u8]> = bytes.chunks(size).collect();
            assert!(datagrams == expected, "{size}");
        }
        assert_eq!(Packed::all(&bytes, 14_001).count(), 0);
    }

    #[test]
    fn what_is_no_message_is_found_out() {
        for bytes in [&[][..], &[1], &[0, 0], &[0, 0, 7]] {
            assert!(Packed::from_message(Bytes::copy_from_slice(bytes)).is_none());
        }
        let empty = Packed::from_message(Bytes::from_static(&[0, 7])).expect("without datagrams");
        assert_eq!(empty.bytes().len(), 0);
    }
}
