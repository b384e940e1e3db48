//! The largest of everything a peer may send.
//!
//! Each limit is checked before memory is reserved for what it limits.

/// Largest control message, in bytes.
pub const MAX_CONTROL_FRAME_BYTES: usize = 256 * 1024;
/// Largest control message of a peer that is not admitted yet, in bytes. Also holds whatever a host may
/// say first once it is, since that may be on the way already.
pub const MAX_STRANGER_FRAME_BYTES: usize = MAX_WORD_BYTES + 1024;
/// Largest message between an administrator's window and the hub, in bytes.
pub const MAX_ADMIN_FRAME_BYTES: usize = 1024 * 1024;
/// Largest stream header, in bytes.
pub const MAX_HEADER_FRAME_BYTES: usize = 256;
/// Largest encoded screen update, in bytes.
///
/// A whole 4K screen of noise would need more; the encoder sends such a screen in several updates.
pub const MAX_SCREEN_UPDATE_BYTES: usize = 8 * 1024 * 1024;
/// Largest frame of a screen stream, in bytes: an update and what it is of.
pub const MAX_SCREEN_FRAME_BYTES: usize = MAX_SCREEN_UPDATE_BYTES + 4 * 1024;
/// Largest pointer update, in bytes: a shape of 256 x 256 pixels and its position.
pub const MAX_POINTER_FRAME_BYTES: usize = 256 * 256 * 4 + 1024;
/// Largest sealed input frame, in bytes.
pub const MAX_INPUT_FRAME_BYTES: usize = 4 * 1024;
/// Largest sealed message of a viewer, in bytes.
pub const MAX_VIEWER_FRAME_BYTES: usize = 256;
/// Largest sealed piece of a clipboard, in bytes.
pub const MAX_CLIPBOARD_FRAME_BYTES: usize = 64 * 1024;
/// Largest sealed piece of a file, in bytes.
pub const MAX_FILE_FRAME_BYTES: usize = 256 * 1024;
/// Largest word from one end to the other, in bytes.
pub const MAX_WORD_BYTES: usize = 8 * 1024;
/// Widest or highest pointer shape, in pixels.
pub const MAX_POINTER_SIDE: u16 = 256;
/// Longest name (person, computer, operator), in bytes.
pub const MAX_NAME_BYTES: usize = 128;
/// Longest chat line, in bytes.
pub const MAX_CHAT_BYTES: usize = 4 * 1024;
/// Longest field of a report, in bytes.
pub const MAX_REPORT_FIELD_BYTES: usize = 32 * 1024;
/// Longest password, in bytes.
pub const MAX_PASSWORD_BYTES: usize = 256;
/// Longest code of a second factor as it is typed, in bytes.
pub const MAX_CODE_BYTES: usize = 32;
/// Most rows in one live list.
pub const MAX_ENTRIES: usize = 10_000;
/// Largest key-exchange or confirmation message, in bytes.
pub const MAX_EXCHANGE_BYTES: usize = 64;
/// Largest message of the exchange over a permanent host's access password, in bytes.
pub const MAX_KNOCK_BYTES: usize = 512;
/// Longest reason for opening a permanent host, in bytes.
pub const MAX_KNOCK_REASON_BYTES: usize = 256;
/// Shortest access password of a permanent host, in characters.
pub const MIN_ACCESS_PASSWORD_CHARS: usize = 10;
/// Most monitors of one host.
pub const MAX_MONITORS: usize = 16;
/// Most operators in one session.
pub const MAX_OPERATORS: usize = 8;
/// Most moments that are marked in one session.
pub const MAX_MARKS: u16 = 1000;
/// How far back a moment may be marked, in milliseconds: the words for it take their time.
pub const MAX_MARK_AGO_MILLIS: u32 = 10 * 60 * 1000;
/// Most administrators who watch a session at a time.
pub const MAX_WATCHERS: usize = 8;
/// Where a hub's page is, as an address for browsers.
pub const MAX_PAGE_BYTES: usize = 300;
