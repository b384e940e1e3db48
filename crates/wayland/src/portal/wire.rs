//! What Helpme and the program that takes pictures from PipeWire say to each other, over a Unix socket: each
//! message is its length in four bytes, a byte for what it is, and numbers from the smallest byte on.
//!
//! Pictures do not travel here. They lie in a nameless file that both have ([`crate::portal::Casting`]).

use std::io::{self, Read, Write};

/// The longest message: a picture of a pointer, with some room.
const MAX_BYTES: usize = 4 * 512 * 512 + 64;
/// The largest side of a picture of a pointer, in pixels.
pub const MAX_POINTER_SIDE: u32 = 512;

/// A picture that lies in the common file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Where it begins.
    pub offset_bytes: u64,
    /// In pixels of four bytes (blue, green, red, none), rows from the top without gaps.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// What the pointer looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
    /// The point that clicks, from the left.
    pub hot_x: u16,
    /// The point that clicks, from the top.
    pub hot_y: u16,
    /// Red, green, blue, alpha, premultiplied; `width * height * 4` bytes.
    pub rgba: Vec<u8>,
}

/// What the program that has the pictures says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// There is a picture that was not taken yet.
    News,
    /// The answer to [`TAKE`]; `None` where there is nothing new. The picture stays as it is until the next one is taken.
    Taken(Option<Frame>),
    /// Where the pointer is in the picture, in pixels, and whether it can be seen.
    Pointer { x: i32, y: i32, visible: bool },
    /// What it looks like from now on.
    Shape(Shape),
    /// There will be no picture, or no more of them.
    Over(String),
}

/// What is asked for, in one byte: the newest picture.
pub const TAKE: u8 = 1;

impl Said {
    /// Writes it.
    ///
    /// # Errors
    ///
    /// Those of `to`.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut body = Vec::with_capacity(32);
        match self {
            Self::News => body.push(0),
            Self::Taken(None) => body.push(1),
            Self::Taken(Some(frame)) => {
                body.push(2);
                body.extend(frame.offset_bytes.to_le_bytes());
                body.extend(frame.width.to_le_bytes());
                body.extend(frame.height.to_le_bytes());
            }
            Self::Pointer { x, y, visible } => {
                body.push(3);
                body.extend(x.to_le_bytes());
                body.extend(y.to_le_bytes());
                body.push(u8::from(*visible));
            }
            Self::Shape(shape) => {
                body.push(4);
                for number in [shape.width, shape.height, shape.hot_x, shape.hot_y] {
                    body.extend(number.to_le_bytes());
                }
                body.extend(&shape.rgba);
            }
            Self::Over(reason) => {
                body.push(5);
                body.extend(reason.as_bytes());
            }
        }
        let len_bytes = u32::try_from(body.len()).map_err(io::Error::other)?;
        let mut message = len_bytes.to_le_bytes().to_vec();
        message.extend(body);
        to.write_all(&message)
    }

    fn read(body: &[u8]) -> Option<Self> {
        let (kind, mut rest) = body.split_first()?;
        let said = match kind {
            0 => Self::News,
            1 => Self::Taken(None),
            2 => Self::Taken(Some(Frame {
                offset_bytes: u64::from_le_bytes(number(&mut rest)?),
                width: u32::from_le_bytes(number(&mut rest)?),
                height: u32::from_le_bytes(number(&mut rest)?),
            })),
            3 => Self::Pointer {
                x: i32::from_le_bytes(number(&mut rest)?),
                y: i32::from_le_bytes(number(&mut rest)?),
                visible: number(&mut rest)? != [0_u8; 1],
            },
            4 => {
                let mut side = || Some(u16::from_le_bytes(number(&mut rest)?));
                let (width, height, hot_x, hot_y) = (side()?, side()?, side()?, side()?);
                let rgba = std::mem::take(&mut rest).to_vec();
                let pixels = usize::from(width) * usize::from(height);
                let is_fitting = rgba.len() == 4 * pixels
                    && u32::from(width.max(height)) <= MAX_POINTER_SIDE
                    && hot_x <= width
                    && hot_y <= height;
                if !is_fitting {
                    return None;
                }
                Self::Shape(Shape {
                    width,
                    height,
                    hot_x,
                    hot_y,
                    rgba,
                })
            }
            5 => Self::Over(String::from_utf8_lossy(std::mem::take(&mut rest)).into_owned()),
            _ => return None,
        };
        rest.is_empty().then_some(said)
    }
}

fn number<const BYTES: usize>(rest: &mut &[u8]) -> Option<[u8; BYTES]> {
    let (number, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*number)
}

/// Puts messages together of what arrives.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
}

impl Inbox {
    /// Takes what has arrived at a socket that does not block; whether it is still open.
    ///
    /// # Errors
    ///
    /// Those of the socket.
    pub(crate) fn fill(&mut self, socket: &mut impl Read) -> io::Result<bool> {
        let mut part = [0; 4096];
        loop {
            match socket.read(&mut part) {
                Ok(0) => return Ok(false),
                Ok(count) => self.bytes.extend(part.iter().take(count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The next whole message.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub(crate) fn next(&mut self) -> io::Result<Option<Said>> {
        let nonsense = || io::Error::new(io::ErrorKind::InvalidData, "no message");
        let Some((len_bytes, rest)) = self.bytes.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let len_bytes = u32::from_le_bytes(*len_bytes) as usize;
        if len_bytes > MAX_BYTES {
            return Err(nonsense());
        }
        let Some(body) = rest.get(..len_bytes) else {
            return Ok(None);
        };
        let said = Said::read(body).ok_or_else(nonsense)?;
        self.bytes.drain(..4 + len_bytes);
        Ok(Some(said))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_said() -> impl Strategy<Value = Said> {
        let shape = (1_u16..20, 1_u16..20).prop_flat_map(|(width, height)| {
            let bytes = 4 * usize::from(width) * usize::from(height);
            let rgba = prop::collection::vec(any::<u8>(), bytes);
            (0..=width, 0..=height, rgba).prop_map(move |(hot_x, hot_y, rgba)| Shape {
                width,
                height,
                hot_x,
                hot_y,
                rgba,
            })
        });
        let frame = (any::<u64>(), any::<u32>(), any::<u32>());
        let frame = frame.prop_map(|(offset_bytes, width, height)| Frame {
            offset_bytes,
            width,
            height,
        });
        let pointer = (any::<i32>(), any::<i32>(), any::<bool>());
        prop_oneof![
            Just(Said::News),
            prop::option::of(frame).prop_map(Said::Taken),
            pointer.prop_map(|(x, y, visible)| Said::Pointer { x, y, visible }),
            shape.prop_map(Said::Shape),
            any::<String>().prop_map(Said::Over),
        ]
    }

    fn all_in(inbox: &mut Inbox) -> io::Result<Vec<Said>> {
        let mut all = Vec::new();
        while let Some(said) = inbox.next()? {
            all.push(said);
        }
        Ok(all)
    }

    proptest! {
        #[test]
        fn what_is_said_is_heard_however_it_is_cut(
            said in prop::collection::vec(any_said(), 0..8),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = Vec::new();
            for message in &said {
                message.write(&mut bytes).expect("into memory");
            }
            let (first, second) = bytes.split_at(cut.index(bytes.len() + 1));
            let mut inbox = Inbox::default();
            inbox.bytes.extend(first);
            let mut heard = all_in(&mut inbox).expect("messages");
            inbox.bytes.extend(second);
            heard.extend(all_in(&mut inbox).expect("messages"));
            prop_assert_eq!(heard, said);
        }

        #[test]
        fn nonsense_is_refused_and_nothing_breaks(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut inbox = Inbox { bytes };
            drop(all_in(&mut inbox));
        }
    }
}
