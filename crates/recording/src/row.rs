//! Entries to database rows and back.
//!
//! | kind | seq, is_reset | body |
//! | --- | --- | --- |
//! | 1 screen | of the update | the update |
//! | 2 pointer | 0 | the update |
//! | 3 chat | 0 | author (1 byte), name length (2 bytes, little endian), name, text |
//! | 4 event | 0 | see [`event`] |

mod event;

use bytes::Bytes;

use crate::entry::{Body, ChatAuthor, Entry, MAX_PAYLOAD_BYTES, MAX_TEXT_BYTES};
use crate::recorder::RecordError;

const KIND_SCREEN: i64 = 1;
pub(crate) const KIND_POINTER: i64 = 2;
// the index `entry_timeline` holds the kinds from here on
const KIND_CHAT: i64 = 3;
const KIND_EVENT: i64 = 4;

/// A row of a recording makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    #[error("unknown kind {kind}")]
    UnknownKind { kind: i64 },
    #[error("the time {at_micros} is negative")]
    NegativeTime { at_micros: i64 },
    #[error("{bytes} bytes, the limit is {limit}")]
    TooLarge { bytes: usize, limit: usize },
    #[error("the body does not fit its kind")]
    Malformed,
}

/// An entry as the columns of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) at_micros: i64,
    pub(crate) kind: i64,
    /// The bits of the `u64`.
    pub(crate) seq: i64,
    pub(crate) is_reset: i64,
    pub(crate) body: Bytes,
}

impl Row {
    /// The row for `entry`.
    ///
    /// # Errors
    ///
    /// [`RecordError::TooLarge`] or [`RecordError::TimeTooLarge`].
    pub(crate) fn encode(entry: &Entry) -> Result<Self, RecordError> {
        let Ok(at_micros) = i64::try_from(entry.at_micros) else {
            return Err(RecordError::TimeTooLarge {
                at_micros: entry.at_micros,
            });
        };
        let row = |kind, body| Self {
            at_micros,
            kind,
            seq: 0,
            is_reset: 0,
            body,
        };
        Ok(match &entry.body {
            Body::Screen {
                seq,
                is_reset,
                payload,
            } => {
                within(payload, MAX_PAYLOAD_BYTES)?;
                Self {
                    seq: seq.cast_signed(),
                    is_reset: i64::from(*is_reset),
                    ..row(KIND_SCREEN, payload.clone())
                }
            }
            Body::Pointer(payload) => {
                within(payload, MAX_PAYLOAD_BYTES)?;
                row(KIND_POINTER, payload.clone())
            }
            Body::Chat { author, name, text } => {
                within(text.as_bytes(), MAX_TEXT_BYTES)?;
                let body = encode_with_name(&[author.number()], name, text.as_bytes())?;
                row(KIND_CHAT, body.into())
            }
            Body::Event(event) => row(KIND_EVENT, event::encode(event)?.into()),
        })
    }

    /// The entry in this row.
    pub(crate) fn decode(self) -> Result<Entry, RowError> {
        let Ok(at_micros) = u64::try_from(self.at_micros) else {
            return Err(RowError::NegativeTime {
                at_micros: self.at_micros,
            });
        };
        if self.kind != KIND_SCREEN && (self.seq, self.is_reset) != (0, 0) {
            return Err(RowError::Malformed);
        }
        let body = match self.kind {
            KIND_SCREEN => Body::Screen {
                seq: self.seq.cast_unsigned(),
                is_reset: match self.is_reset {
                    0 => false,
                    1 => true,
                    _ => return Err(RowError::Malformed),
                },
                payload: bounded(self.body)?,
            },
            KIND_POINTER => Body::Pointer(bounded(self.body)?),
            KIND_CHAT => decode_chat(&self.body)?,
            KIND_EVENT => Body::Event(event::decode(&self.body)?),
            kind => return Err(RowError::UnknownKind { kind }),
        };
        Ok(Entry { at_micros, body })
    }
}

fn decode_chat(body: &[u8]) -> Result<Body, RowError> {
    let (&author, rest) = body.split_first().ok_or(RowError::Malformed)?;
    let author = ChatAuthor::from_number(author).ok_or(RowError::Malformed)?;
    let (name, text) = decode_with_name(rest)?;
    Ok(Body::Chat {
        author,
        name,
        text: decode_text(text)?,
    })
}

/// A head, the name with its length, and whatever follows.
fn encode_with_name(first: &[u8], name: &str, rest: &[u8]) -> Result<Vec<u8>, RecordError> {
    within(name.as_bytes(), MAX_TEXT_BYTES)?;
    let name_len = u16::try_from(name.len()).expect("names were just found shorter");
    Ok([first, &name_len.to_le_bytes(), name.as_bytes(), rest].concat())
}

/// The name, and whatever follows.
fn decode_with_name(bytes: &[u8]) -> Result<(String, &[u8]), RowError> {
    let (&name_len, rest) = bytes.split_first_chunk().ok_or(RowError::Malformed)?;
    let name_len = usize::from(u16::from_le_bytes(name_len));
    let (name, rest) = rest.split_at_checked(name_len).ok_or(RowError::Malformed)?;
    Ok((decode_text(name)?, rest))
}

fn decode_text(bytes: &[u8]) -> Result<String, RowError> {
    if bytes.len() > MAX_TEXT_BYTES {
        return Err(RowError::TooLarge {
            bytes: bytes.len(),
            limit: MAX_TEXT_BYTES,
        });
    }
    let text = str::from_utf8(bytes).ok().ok_or(RowError::Malformed)?;
    Ok(text.to_owned())
}

fn bounded(body: Bytes) -> Result<Bytes, RowError> {
    if body.len() > MAX_PAYLOAD_BYTES {
        return Err(RowError::TooLarge {
            bytes: body.len(),
            limit: MAX_PAYLOAD_BYTES,
        });
    }
    Ok(body)
}

fn within(bytes: &[u8], limit: usize) -> Result<(), RecordError> {
    if bytes.len() > limit {
        return Err(RecordError::TooLarge {
            bytes: bytes.len(),
            limit,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::event::tests::any_event;
    use super::*;
    use crate::event::Event;

    fn any_body() -> impl Strategy<Value = Body> {
        let author = prop_oneof![Just(ChatAuthor::User), Just(ChatAuthor::Operator)];
        prop_oneof![
            (any::<u64>(), any::<bool>(), any::<Vec<u8>>()).prop_map(|(seq, is_reset, bytes)| {
                Body::Screen {
                    seq,
                    is_reset,
                    payload: bytes.into(),
                }
            }),
            any::<Vec<u8>>().prop_map(|bytes| Body::Pointer(bytes.into())),
            (author, any::<String>(), any::<String>())
                .prop_map(|(author, name, text)| Body::Chat { author, name, text }),
            any_event().prop_map(Body::Event),
        ]
    }

    proptest! {
        #[test]
        fn every_entry_survives_its_row(at_micros in 0..=i64::MAX.cast_unsigned(), body in any_body()) {
            let entry = Entry { at_micros, body };
            let row = Row::encode(&entry).expect("within the limits");
            prop_assert_eq!(row.decode(), Ok(entry));
        }

        #[test]
        fn any_row_is_an_entry_or_an_error_and_encodes_to_itself(
            at_micros: i64,
            kind in 0_i64..6,
            seq in prop_oneof![Just(0), any::<i64>()],
            is_reset in -1_i64..3,
            body: Vec<u8>,
        ) {
            let row = Row { at_micros, kind, seq, is_reset, body: body.into() };
            if let Ok(entry) = row.clone().decode() {
                prop_assert_eq!(Row::encode(&entry).expect("it was within the limits"), row);
            }
        }
    }

    #[test]
    fn what_exceeds_a_limit_is_not_recorded() {
        let long = "x".repeat(MAX_TEXT_BYTES + 1);
        let chat = |name: &str, text: &str| Body::Chat {
            author: ChatAuthor::User,
            name: name.to_owned(),
            text: text.to_owned(),
        };
        let bodies = [
            Body::Pointer(vec![0; MAX_PAYLOAD_BYTES + 1].into()),
            chat(&long, ""),
            chat("", &long),
            Body::Event(Event::Note(long.clone())),
        ];
        for body in bodies {
            let error = Row::encode(&Entry { at_micros: 0, body }).expect_err("too large");
            assert!(matches!(error, RecordError::TooLarge { .. }), "{error}");
        }
    }

    #[test]
    fn the_numbers_in_the_file_stay_as_they_are() {
        let body = |body| Row::encode(&Entry { at_micros: 0, body }).expect("small");
        let chat = Body::Chat {
            author: ChatAuthor::Operator,
            name: "Al".to_owned(),
            text: "hi".to_owned(),
        };
        assert_eq!(&body(chat).body[..], b"\x02\x02\0Alhi");
    }
}
