//! What is copied at one end of a session and pasted at the other (S7): what flows on the lanes of the
//! clipboard, sealed between the two.
//!
//! Copying only *offers*: the number of the copy and the kinds it can be had as. Contents are asked for by
//! a paste, one kind at a time, and come in pieces that [`Gathering`] bounds and checks. An offer ends all
//! before it: a paste of an older one is refused, so nobody pastes what was copied before.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Largest text or HTML, in bytes.
pub const MAX_CLIPBOARD_TEXT_BYTES: usize = 16 * 1024 * 1024;
/// Largest picture as it is sent, in bytes.
pub const MAX_CLIPBOARD_PNG_BYTES: usize = 32 * 1024 * 1024;
/// Widest or highest picture, in pixels.
pub const MAX_CLIPBOARD_PNG_SIDE: u32 = 16_384;
/// Most pixels of a picture: what it is unpacked to takes four bytes for each.
pub const MAX_CLIPBOARD_PNG_PIXELS: u64 = 32 * 1024 * 1024;
/// How large a piece is, in bytes: with its number and its seal it fits a frame.
pub const CLIPBOARD_PIECE_BYTES: usize = 60 * 1024;

/// What contents are. Nothing else goes from one end to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ClipboardKind {
    /// UTF-8.
    Text,
    /// UTF-8, as the program that copied it wrote it.
    Html,
    /// A picture.
    Png,
}

impl ClipboardKind {
    pub const ALL: [Self; 3] = [Self::Text, Self::Html, Self::Png];

    /// Most bytes of such contents.
    pub const fn max_bytes(self) -> usize {
        match self {
            Self::Text | Self::Html => MAX_CLIPBOARD_TEXT_BYTES,
            Self::Png => MAX_CLIPBOARD_PNG_BYTES,
        }
    }
}

/// The kinds that a copy can be had as. Kinds of a newer peer are carried and never asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClipboardKinds(u32);

impl ClipboardKinds {
    /// With `kind`.
    #[must_use]
    pub const fn with(self, kind: ClipboardKind) -> Self {
        Self(self.0 | 1 << kind as u32)
    }

    /// Whether it cannot be had as anything.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `kind` is among them.
    pub const fn has(self, kind: ClipboardKind) -> bool {
        self.0 & (1 << kind as u32) != 0
    }
}

/// One step on a lane of the clipboard. What is offered on one lane is asked for on the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClipboardFrame {
    /// Something else was copied at this host, or, without kinds, nothing is to be had any more. Offers
    /// count from 1. A console offers by [`crate::InputEvent::ClipboardOffered`], so that the host knows of
    /// it before the key that pastes it.
    Offer { offer: u64, kinds: ClipboardKinds },
    /// Somebody pastes what the other end offered.
    Want { offer: u64, kind: ClipboardKind },
    /// Some of what was wanted, at most [`CLIPBOARD_PIECE_BYTES`]. Contents come one after another.
    Piece { offer: u64, bytes: PieceBytes },
    /// That was all.
    End { offer: u64, kind: ClipboardKind },
    /// What was wanted does not come, or not the rest of it.
    Broken {
        offer: u64,
        kind: ClipboardKind,
        fault: ClipboardFault,
    },
}

/// The bytes of a piece. Contents belong into no log, so only their number shows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PieceBytes(pub Bytes);

impl std::fmt::Debug for PieceBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// Why contents do not come.
///
/// INVARIANT: numbers never change their meaning and are never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClipboardFault(pub u16);

impl ClipboardFault {
    /// Something else was copied since.
    pub const REPLACED: Self = Self(1);
    /// They are larger than what is sent.
    pub const TOO_LARGE: Self = Self(2);
    /// The program that has them did not hand them over.
    pub const NO_ANSWER: Self = Self(3);
    /// They are not what they were called: no UTF-8, no PNG.
    pub const DAMAGED: Self = Self(4);
    /// That end shares its clipboard no more.
    pub const SWITCHED_OFF: Self = Self(5);
}

/// Contents that were wanted, as they arrive. Never holds more than their kind may have.
pub struct Gathering {
    offer: u64,
    kind: ClipboardKind,
    bytes: Vec<u8>,
}

/// Contents belong into no log.
impl std::fmt::Debug for Gathering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gathering")
            .field("offer", &self.offer)
            .field("kind", &self.kind)
            .field("len", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// The other end sent what nobody wanted, or not as it must.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a piece of a clipboard that does not belong here")]
pub struct OutOfTurn;

impl Gathering {
    /// For what [`ClipboardFrame::Want`] asks for.
    pub fn new(offer: u64, kind: ClipboardKind) -> Self {
        Self {
            offer,
            kind,
            bytes: Vec::new(),
        }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] if it is of another offer, empty, larger than a piece, or more than the kind may have:
    /// the sender looks first, so only one that plays gets there.
    pub fn piece(&mut self, offer: u64, piece: &[u8]) -> Result<(), OutOfTurn> {
        let has_room = piece.len() <= self.kind.max_bytes() - self.bytes.len();
        let is_piece = (1..=CLIPBOARD_PIECE_BYTES).contains(&piece.len());
        if offer != self.offer || !is_piece || !has_room {
            return Err(OutOfTurn);
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    /// All has arrived: the contents, checked.
    ///
    /// # Errors
    ///
    /// As [`check_contents`].
    pub fn end(self) -> Result<Vec<u8>, ClipboardFault> {
        check_contents(self.kind, &self.bytes)?;
        Ok(self.bytes)
    }
}

/// Whether contents may be handed on, asked by who sends and who receives: they are of that kind, and not
/// too large in bytes or pixels. HTML is not looked into.
///
/// # Errors
///
/// [`ClipboardFault::TOO_LARGE`] or [`ClipboardFault::DAMAGED`].
pub fn check_contents(kind: ClipboardKind, bytes: &[u8]) -> Result<(), ClipboardFault> {
    if bytes.len() > kind.max_bytes() {
        return Err(ClipboardFault::TOO_LARGE);
    }
    match kind {
        ClipboardKind::Text | ClipboardKind::Html => match std::str::from_utf8(bytes) {
            Ok(_text) => Ok(()),
            Err(_no_text) => Err(ClipboardFault::DAMAGED),
        },
        ClipboardKind::Png => {
            let (width, height) = png_size(bytes).ok_or(ClipboardFault::DAMAGED)?;
            let side = width.max(height);
            let pixels = u64::from(width) * u64::from(height);
            if side > MAX_CLIPBOARD_PNG_SIDE || pixels > MAX_CLIPBOARD_PNG_PIXELS {
                return Err(ClipboardFault::TOO_LARGE);
            }
            Ok(())
        }
    }
}

/// Width and height as the first chunk of a PNG says, by which whoever unpacks it reserves memory.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    const BEGINNING: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";
    let (width, rest) = bytes.strip_prefix(BEGINNING)?.split_first_chunk()?;
    let (height, _) = rest.split_first_chunk()?;
    let (width, height) = (u32::from_be_bytes(*width), u32::from_be_bytes(*height));
    (width > 0 && height > 0).then_some((width, height))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limits::MAX_CLIPBOARD_FRAME_BYTES;
    use crate::wire;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        png.extend(width.to_be_bytes());
        png.extend(height.to_be_bytes());
        png
    }

    #[test]
    fn the_largest_piece_fits_a_frame_with_its_seal() {
        let bytes = PieceBytes(Bytes::from(vec![0; CLIPBOARD_PIECE_BYTES]));
        let piece = ClipboardFrame::Piece {
            offer: u64::MAX,
            bytes,
        };
        let seal = 16;
        assert!(wire::encode(&piece, MAX_CLIPBOARD_FRAME_BYTES - seal).is_ok());
    }

    #[test]
    fn a_picture_too_large_to_unpack_is_refused_by_its_first_bytes() {
        let check = |png: &[u8]| check_contents(ClipboardKind::Png, png);
        assert_eq!(check(&png(3840, 2160)), Ok(()));
        for (width, height) in [(u32::MAX, u32::MAX), (16_385, 1), (16_384, 16_384)] {
            let too_large = Err(ClipboardFault::TOO_LARGE);
            assert_eq!(check(&png(width, height)), too_large, "{width} x {height}");
        }
        for damaged in [&b""[..], b"GIF89a", &png(0, 5), &png(5, 5)[..20]] {
            assert_eq!(check(damaged), Err(ClipboardFault::DAMAGED));
        }
    }

    #[test]
    fn a_text_must_be_one_and_has_a_limit() {
        for kind in [ClipboardKind::Text, ClipboardKind::Html] {
            assert_eq!(check_contents(kind, "<b>è</b>".as_bytes()), Ok(()));
            assert_eq!(check_contents(kind, &[0xff]), Err(ClipboardFault::DAMAGED));
            let long = vec![b'a'; MAX_CLIPBOARD_TEXT_BYTES + 1];
            assert_eq!(check_contents(kind, &long), Err(ClipboardFault::TOO_LARGE));
        }
    }

    #[test]
    fn nothing_is_gathered_beyond_the_limit_or_of_another_offer() {
        let mut gathering = Gathering::new(2, ClipboardKind::Text);
        assert_eq!(gathering.piece(1, b"older"), Err(OutOfTurn));
        assert_eq!(gathering.piece(2, b""), Err(OutOfTurn));
        let piece = vec![b'a'; CLIPBOARD_PIECE_BYTES];
        assert_eq!(
            gathering.piece(2, &[&piece[..], b"a"].concat()),
            Err(OutOfTurn)
        );
        for _ in 0..MAX_CLIPBOARD_TEXT_BYTES / CLIPBOARD_PIECE_BYTES {
            assert_eq!(gathering.piece(2, &piece), Ok(()));
        }
        assert_eq!(gathering.piece(2, &piece), Err(OutOfTurn));
        let rest = vec![b'a'; MAX_CLIPBOARD_TEXT_BYTES % CLIPBOARD_PIECE_BYTES];
        assert_eq!(gathering.piece(2, &rest), Ok(()));
        assert_eq!(gathering.piece(2, b"a"), Err(OutOfTurn));
        let gathered = gathering.end().map(|text| text.len());
        assert_eq!(gathered, Ok(MAX_CLIPBOARD_TEXT_BYTES));
    }

    #[test]
    fn contents_show_in_no_log() {
        let mut gathering = Gathering::new(1, ClipboardKind::Text);
        assert_eq!(gathering.piece(1, b"secret"), Ok(()));
        let shown = format!("{gathering:?}");
        assert!(shown.contains("len: 6") && !shown.contains("secret") && !shown.contains("115"));
        let bytes = PieceBytes(Bytes::from_static(b"secret"));
        let shown = format!("{:?}", ClipboardFrame::Piece { offer: 1, bytes });
        assert!(shown.contains("6 bytes") && !shown.contains("secret"));
    }

    proptest! {
        #[test]
        fn what_is_cut_into_pieces_arrives_as_it_was(
            text in "\\PC{0,2000}",
            size in 1..300_usize,
        ) {
            let mut gathering = Gathering::new(7, ClipboardKind::Html);
            for piece in text.as_bytes().chunks(size) {
                prop_assert_eq!(gathering.piece(7, piece), Ok(()));
            }
            prop_assert_eq!(gathering.end(), Ok(text.into_bytes()));
        }

        #[test]
        fn no_bytes_of_a_peer_make_a_panic(bytes: Vec<u8>, tail: Vec<u8>) {
            for kind in ClipboardKind::ALL {
                let _checked = check_contents(kind, &bytes);
                let _checked = check_contents(kind, &[&png(1, 1)[..16], &tail].concat());
            }
            let _frame = wire::decode::<ClipboardFrame>(&bytes);
        }
    }
}
