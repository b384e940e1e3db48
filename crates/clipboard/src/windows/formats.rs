//! Which of Windows' formats are which of our kinds.

use std::io;

use protocol::clipboard::{ClipboardFault, ClipboardKind, ClipboardKinds};
use windows_sys::Win32::System::Ole::{CF_BITMAP, CF_DIB, CF_DIBV5, CF_UNICODETEXT};

use super::api::{self, Open, TooLarge};
use super::{html, picture, text};

const TEXT: u32 = CF_UNICODETEXT as u32;
const BITMAP: u32 = CF_BITMAP as u32;
const PLAIN_BITMAP: u32 = CF_DIB as u32;
const NEW_BITMAP: u32 = CF_DIBV5 as u32;
/// Room for the head of HTML, and for what memory is longer than what is in it.
const SLACK_BYTES: usize = 64 * 1024;

/// The numbers of formats that have names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Formats {
    html: u32,
    png: u32,
    /// A program of ours holds this.
    mark: u32,
    /// The system's history of copies, and those that send it to other computers, leave out what has this:
    /// they would paste everything at once.
    unwatched: u32,
}

impl Formats {
    pub(super) fn ask() -> io::Result<Self> {
        Ok(Self {
            html: api::format("HTML Format")?,
            png: api::format("PNG")?,
            mark: api::format("Pure Help Desk")?,
            unwatched: api::format("ExcludeClipboardContentFromMonitorProcessing")?,
        })
    }

    /// What can be had of a copy; nothing if it is ours.
    pub(super) fn kinds_now(&self) -> ClipboardKinds {
        if api::has(self.mark) {
            return ClipboardKinds::default();
        }
        let has = |kind: &ClipboardKind| match kind {
            ClipboardKind::Text => api::has(TEXT),
            ClipboardKind::Html => api::has(self.html),
            ClipboardKind::Png => [self.png, NEW_BITMAP, PLAIN_BITMAP, BITMAP]
                .into_iter()
                .any(api::has),
        };
        let all = ClipboardKind::ALL.into_iter().filter(has);
        all.fold(ClipboardKinds::default(), ClipboardKinds::with)
    }

    /// Promises `kinds` to those that paste.
    pub(super) fn promise(&self, open: &Open, kinds: ClipboardKinds) -> io::Result<()> {
        api::put(self.mark, &[1])?;
        api::put(self.unwatched, &[1])?;
        for kind in ClipboardKind::ALL
            .into_iter()
            .filter(|kind| kinds.has(*kind))
        {
            match kind {
                ClipboardKind::Text => open.promise(TEXT),
                ClipboardKind::Html => open.promise(self.html),
                ClipboardKind::Png => {
                    open.promise(self.png);
                    open.promise(NEW_BITMAP);
                }
            }
        }
        Ok(())
    }

    /// The kind that is to be given in `format`.
    pub(super) fn kind_of(&self, format: u32) -> Option<ClipboardKind> {
        match format {
            TEXT => Some(ClipboardKind::Text),
            html if html == self.html => Some(ClipboardKind::Html),
            png if png == self.png || png == NEW_BITMAP => Some(ClipboardKind::Png),
            _ => None,
        }
    }

    /// Contents as those that paste take them; `None` where a picture cannot be unpacked.
    pub(super) fn written(&self, format: u32, contents: &[u8]) -> Option<Vec<u8>> {
        match format {
            TEXT => Some(text::to_wide(contents)),
            html if html == self.html => Some(html::to_windows(contents)),
            NEW_BITMAP => picture::bitmap_of_png(contents),
            _ => Some(contents.to_vec()),
        }
    }

    /// What another program copied. Blocks until it hands it over.
    pub(super) fn read(&self, open: &Open, kind: ClipboardKind) -> Result<Vec<u8>, ClipboardFault> {
        let most = kind.max_bytes() + SLACK_BYTES;
        let take = |format: u32, most: usize| match open.read(format, most) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(ClipboardFault::NO_ANSWER),
            Err(TooLarge) => Err(ClipboardFault::TOO_LARGE),
        };
        match kind {
            // two units for the end of each line, of which one stays
            ClipboardKind::Text => Ok(text::from_wide(&take(TEXT, 4 * most)?)),
            ClipboardKind::Html => {
                let bytes = take(self.html, most)?;
                let html = html::from_windows(&bytes).ok_or(ClipboardFault::DAMAGED)?;
                Ok(html.to_vec())
            }
            ClipboardKind::Png if api::has(self.png) => {
                Ok(picture::png_alone(&take(self.png, most)?).to_vec())
            }
            ClipboardKind::Png => {
                // the system makes each from the others, and what it makes has no transparency
                let bitmaps = [NEW_BITMAP, PLAIN_BITMAP, BITMAP];
                let first = open.formats().find(|format| bitmaps.contains(format));
                let format = first
                    .filter(|first| *first == NEW_BITMAP)
                    .unwrap_or(PLAIN_BITMAP);
                let most = usize::try_from(picture::MAX_BITMAP_BYTES).unwrap_or(usize::MAX);
                let bitmap = take(format, most)?;
                picture::png_of_bitmap(&bitmap).ok_or(ClipboardFault::DAMAGED)
            }
        }
    }
}
