//! The viewer's side: updates in, the host's picture out.

mod apart;

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cache::TileCache;
use crate::format::{FLAG_RESET, MAX_UPDATE_BYTES, QUICK, RECTS_OF_CELL, Reader, Tag};
use crate::geometry::{PixelSize, Rect};
use crate::grid::Cells;
use crate::grid::Grid;
use crate::moves::Move;
use crate::natural::quick::QuickReader;
use crate::natural::{NaturalModel, Quality};
use crate::photo::PhotoReader;
use crate::picture::Picture;
use crate::pixels::PixelModel;
use crate::prefix_code::NoCode;
use crate::range_coder::RangeDecoder;
use crate::version::{FormatVersion, UnsupportedVersion};
use crate::video::{DecodedPicture, Detail, VideoDecoder, VideoError, check_length};

/// What an update did to the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Rectangles that cover every pixel that changed, and maybe more; they may overlap.
    /// After a reset: the whole picture.
    pub changed: Vec<Rect>,
    pub was_reset: bool,
}

/// An update could not be applied.
///
/// The decoder then refuses every update until a reset; its picture may be half changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    #[error("update of {bytes} bytes, the limit is {MAX_UPDATE_BYTES}")]
    TooLarge { bytes: usize },
    #[error("the update needs a reset before it")]
    ResetNeeded,
    #[error("the update ends early")]
    CutOff,
    #[error("bytes are left behind the end of a section")]
    BytesLeft,
    #[error("unknown flags {flags:#04x}")]
    UnknownFlags { flags: u8 },
    #[error(transparent)]
    UnsupportedVersion(#[from] UnsupportedVersion),
    #[error("a picture of {width} x {height} pixels is not supported")]
    UnsupportedSize { width: u32, height: u32 },
    #[error("unknown section tag {tag:#04x}")]
    UnknownSection { tag: u8 },
    #[error("a section comes twice or too late")]
    SectionOutOfOrder,
    #[error("a number is too large")]
    NumberTooLarge,
    #[error("rectangle {x},{y} {width} x {height} is empty or not within the picture", x = rect.x, y = rect.y, width = rect.width, height = rect.height)]
    RectOutside { rect: Rect },
    #[error("there is no tile {tile}")]
    NoSuchTile { tile: u32 },
    #[error("cache slot {slot} holds no tile of this size")]
    NoSuchSlot { slot: u32 },
    #[error("there is no cell {cell}")]
    NoSuchCell { cell: u32 },
    #[error("a quality of {quality}, it goes from 1 to 100")]
    NoSuchQuality { quality: u8 },
    #[error("the codes of a natural picture are none")]
    NoCode,
    #[error("cells of a video that are not within it, or of none")]
    NoSuchVideo,
    #[error("the video is not what it should be: {0}")]
    Video(#[from] VideoError),
    #[error("the rectangles of a section hold more pixels than the picture")]
    TooManyPixels,
    #[error("a section has more rectangles than a picture of this size needs")]
    TooManyRects,
}

impl From<NoCode> for DecodeError {
    fn from(_: NoCode) -> Self {
        Self::NoCode
    }
}

/// Applies updates to a picture.
///
/// For a picture of `p` pixels it keeps `4 p` bytes and up to 22 MiB, and at times `4 p` more while it
/// moves rectangles. Whatever a host sends, it never takes more than `9 p` bytes and 24 MiB: 600 MiB
/// for the largest picture, 42 MiB for one of 1920 x 1080. While a video of `v` pixels is decoded, the
/// video library takes up to `12 v` bytes and 32 MiB beside that, with what the system keeps of memory
/// that was given back; at most 127 MiB; and the bytes of the picture that is being decoded, at most 4 MiB.
/// The update itself, of at most 8 MiB, is the caller's.
/// (`tests/memory.rs` and `tests/video_memory.rs` measure all of it.)
///
/// One update costs at most the work of writing each pixel six times.
#[derive(Default)]
pub struct Decoder {
    state: Option<State>,
    /// The last update failed or was lost, so `state` is not what the encoder thinks it is.
    is_broken: bool,
}

struct State {
    version: FormatVersion,
    grid: Grid,
    picture: Picture,
    cache: TileCache,
    model: PixelModel,
    natural: NaturalModel,
    video: Option<Video>,
    pending: Option<Pending>,
    /// Pictures of a video are decoded elsewhere, and this is one.
    deferred: Option<VideoPicture>,
    changed: Vec<Rect>,
}

/// The rectangle that goes as video.
struct Video {
    rect: Rect,
    /// Locked while a [`VideoPicture`] is decoded.
    decoder: Arc<Mutex<VideoDecoder>>,
}

/// A picture of the video that is being decoded elsewhere.
struct Pending {
    /// What it is known by: the picture may begin anew before it comes.
    token: Arc<()>,
    rect: Rect,
    cells: Cells,
}

impl Pending {
    fn is_of(&self, decoded: &DecodedVideo<'_>) -> bool {
        Arc::ptr_eq(&self.token, &decoded.token)
    }
}

/// The picture of a video in an update, all else of which was applied.
pub struct VideoPicture {
    token: Arc<()>,
    decoder: Arc<Mutex<VideoDecoder>>,
    unit: Vec<u8>,
}

/// One that is decoded, for [`Decoder::put_video`].
pub struct DecodedVideo<'a> {
    token: Arc<()>,
    picture: Result<DecodedPicture<'a>, VideoError>,
}

impl VideoPicture {
    /// Decodes it (1920 x 1080 pixels take some 6 ms) on any thread, and hands it to `then`.
    pub fn decode<R>(self, then: impl FnOnce(DecodedVideo<'_>) -> R) -> R {
        let mut decoder = self.decoder.lock().unwrap_or_else(PoisonError::into_inner);
        then(DecodedVideo {
            token: self.token,
            picture: decoder.decode(&self.unit),
        })
    }
}

impl std::fmt::Debug for VideoPicture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VideoPicture").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for DecodedVideo<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DecodedVideo")
            .field("is_decoded", &self.picture.is_ok())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("size", &self.picture().map(Picture::size))
            .field("is_broken", &self.is_broken)
            .finish_non_exhaustive()
    }
}

impl Decoder {
    /// Starts without a picture: the first update must be a reset.
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses every update until a reset, for instance where some were lost. The picture stays.
    pub fn require_reset(&mut self) {
        self.is_broken = true;
    }

    /// The picture after the last update; `None` before the first reset.
    pub fn picture(&self) -> Option<&Picture> {
        self.state.as_ref().map(|state| &state.picture)
    }

    /// Applies one update. Updates must come complete and in the order they were encoded.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] means that the encoder must be asked for a reset; until one arrives
    /// everything else is refused with [`DecodeError::ResetNeeded`].
    pub fn apply(&mut self, bytes: &[u8]) -> Result<Applied, DecodeError> {
        let (mut applied, video) = self.apply_but_video(bytes)?;
        if let Some(video) = video {
            let changed = video.decode(|decoded| self.put_video(decoded))?;
            if !applied.was_reset {
                applied.changed.extend(changed);
            }
        }
        Ok(applied)
    }

    /// As [`Self::apply`], but leaves the picture of a video, if the update has one, to [`VideoPicture::decode`]
    /// and [`Self::put_video`]. Until then only updates that [may overtake](Self::may_overtake) it may be applied.
    ///
    /// # Errors
    ///
    /// As [`Self::apply`].
    pub fn apply_but_video(
        &mut self,
        bytes: &[u8],
    ) -> Result<(Applied, Option<VideoPicture>), DecodeError> {
        let applied = self.try_apply(bytes);
        self.is_broken = applied.is_err();
        let video = self.state.as_mut().and_then(|state| state.deferred.take());
        Ok((applied?, video))
    }

    /// Whether an update has nothing to do with the picture of a video that is being decoded, so that it can be
    /// applied before that is put.
    pub fn may_overtake(&self, bytes: &[u8]) -> bool {
        let Some(state) = self.state.as_ref() else {
            return true;
        };
        state.pending.as_ref().is_none_or(|pending| {
            // what cannot be read is found out in its turn
            apart::is_apart(bytes, state.version, &pending.cells).unwrap_or(false)
        })
    }

    /// Puts the picture of a video where it belongs; gives the rectangles that changed. One for which the picture
    /// has begun anew meanwhile changes nothing.
    ///
    /// # Errors
    ///
    /// As [`Self::apply`].
    pub fn put_video(&mut self, decoded: DecodedVideo<'_>) -> Result<Vec<Rect>, DecodeError> {
        let changed = self.put_rows_of_video(&decoded, 0..u32::MAX)?;
        self.end_video(decoded)?;
        Ok(changed)
    }

    /// As [`Self::put_video`], but puts only so many rows of the screen, so that an update that
    /// [may overtake](Self::may_overtake) the video need not wait for all of them. [`Self::end_video`] follows the last.
    ///
    /// # Errors
    ///
    /// As [`Self::apply`].
    pub fn put_rows_of_video(
        &mut self,
        decoded: &DecodedVideo<'_>,
        rows: Range<u32>,
    ) -> Result<Vec<Rect>, DecodeError> {
        let Some(state) = self.state.as_mut() else {
            return Ok(Vec::new());
        };
        let put = state.put_rows_of_video(decoded, rows);
        self.is_broken |= put.is_err();
        put
    }

    /// All rows of it are put: from now on updates need not overtake it any more.
    ///
    /// # Errors
    ///
    /// As [`Self::apply`].
    pub fn end_video(&mut self, decoded: DecodedVideo<'_>) -> Result<(), DecodeError> {
        let is_awaited = |pending: &mut Pending| pending.is_of(&decoded);
        let ended = self
            .state
            .as_mut()
            .and_then(|state| state.pending.take_if(is_awaited));
        if ended.is_some() {
            self.is_broken |= decoded.picture.is_err();
            decoded.picture?;
        }
        Ok(())
    }

    fn try_apply(&mut self, bytes: &[u8]) -> Result<Applied, DecodeError> {
        if bytes.len() > MAX_UPDATE_BYTES {
            return Err(DecodeError::TooLarge { bytes: bytes.len() });
        }
        let mut reader = Reader::new(bytes);
        let flags = reader.byte()?;
        if flags & !FLAG_RESET != 0 {
            return Err(DecodeError::UnknownFlags { flags });
        }
        let was_reset = flags & FLAG_RESET != 0;
        let state = if was_reset {
            let (version, size) = read_reset(&mut reader)?;
            let old = self.state.take();
            self.state.insert(State::new(version, size, old))
        } else {
            let state = self.state.as_mut().filter(|_| !self.is_broken);
            state.ok_or(DecodeError::ResetNeeded)?
        };
        state.apply_sections(reader)?;
        let changed = std::mem::take(&mut state.changed);
        let changed = if was_reset {
            vec![state.grid.size().rect()]
        } else {
            changed
        };
        Ok(Applied { changed, was_reset })
    }
}

fn read_reset(reader: &mut Reader<'_>) -> Result<(FormatVersion, PixelSize), DecodeError> {
    let version = FormatVersion::new(reader.byte()?).supported()?;
    let (width, height) = (reader.varint()?, reader.varint()?);
    let size = PixelSize::new(width, height);
    if size.is_supported() {
        Ok((version, size))
    } else {
        Err(DecodeError::UnsupportedSize { width, height })
    }
}

impl State {
    /// Starts with a black picture; the memory of an old one is used again.
    fn new(version: FormatVersion, size: PixelSize, old: Option<Self>) -> Self {
        // One of another size goes before there is a new one: there is never memory for two.
        let old = old.map(|old| old.picture);
        let picture = match old.filter(|picture| picture.size() == size) {
            Some(mut picture) => {
                picture.pixels_mut().fill(0);
                picture
            }
            None => Picture::new(size),
        };
        Self {
            version,
            grid: Grid::new(size),
            picture,
            cache: TileCache::new(),
            model: PixelModel::new(),
            natural: NaturalModel::new(),
            video: None,
            pending: None,
            deferred: None,
            changed: Vec::new(),
        }
    }

    fn apply_sections(&mut self, mut reader: Reader<'_>) -> Result<(), DecodeError> {
        self.changed.clear();
        let mut last = None;
        while !reader.is_empty() {
            let (tag, body) = reader.section()?;
            if last.replace(tag) >= Some(tag) {
                return Err(DecodeError::SectionOutOfOrder);
            }
            match tag {
                Tag::Stores => self.apply_stores(body)?,
                Tag::Moves => self.apply_moves(body)?,
                Tag::Recalls => self.apply_recalls(body)?,
                Tag::Pixels => self.apply_pixels(body)?,
                Tag::Natural => self.apply_natural(body)?,
                Tag::Video => self.apply_video(body)?,
                Tag::Photos if self.version >= FormatVersion::V4 => {
                    // they come after it
                    self.finish_video()?;
                    self.apply_photos(body)?;
                }
                Tag::Photos => return Err(DecodeError::UnknownSection { tag: tag as u8 }),
            }
        }
        Ok(())
    }

    fn apply_stores(&mut self, mut body: Reader<'_>) -> Result<(), DecodeError> {
        let mut tiles = TileNumbers::default();
        while !body.is_empty() {
            let (_, rect) = tiles.read(&mut body, self.grid)?;
            self.cache.store(&self.picture, rect);
        }
        Ok(())
    }

    fn apply_moves(&mut self, mut body: Reader<'_>) -> Result<(), DecodeError> {
        let mut budget = self.grid.size().area();
        let mut moves = Vec::new();
        while !body.is_empty() {
            let found = Move::read(&mut body)?;
            let target = found.target;
            self.admit(target, &mut budget)?;
            let source = found.source(self.grid.size().rect());
            let source = source.ok_or(DecodeError::RectOutside { rect: target })?;
            if moves.len() == self.grid.cells() {
                return Err(DecodeError::TooManyRects);
            }
            moves.push((source, target));
        }
        if may_go_one_by_one(&moves) {
            for &(source, target) in &moves {
                self.picture.copy_within(source, target);
            }
        } else {
            self.move_together(&moves);
        }
        self.changed.extend(moves.iter().map(|&(_, target)| target));
        Ok(())
    }

    /// Moves rectangles of which some cover what others read.
    fn move_together(&mut self, moves: &[(Rect, Rect)]) {
        let area = moves.iter().map(|(source, _)| source.area()).sum::<u64>();
        // No more than the picture has, and it must not take twice as much by growing.
        let mut pixels = Vec::with_capacity(usize::try_from(area).unwrap_or(0));
        for (source, _) in moves {
            for y in source.y..source.bottom() {
                pixels.extend_from_slice(self.picture.span(source.x, y, source.width));
            }
        }
        let mut rest = &pixels[..];
        for (_, target) in moves {
            for y in target.y..target.bottom() {
                let (row, behind) = rest.split_at(target.width as usize);
                self.picture
                    .span_mut(target.x, y, target.width)
                    .copy_from_slice(row);
                rest = behind;
            }
        }
    }

    fn apply_recalls(&mut self, mut body: Reader<'_>) -> Result<(), DecodeError> {
        let mut tiles = TileNumbers::default();
        while !body.is_empty() {
            let (_, rect) = tiles.read(&mut body, self.grid)?;
            let slot = body.varint()?;
            let rows = self.cache.tile(slot, rect.width, rect.height);
            let rows = rows.ok_or(DecodeError::NoSuchSlot { slot })?;
            for (y, row) in (rect.y..).zip(rows) {
                self.picture
                    .span_mut(rect.x, y, rect.width)
                    .copy_from_slice(row);
            }
            self.changed.push(rect);
        }
        Ok(())
    }

    fn apply_natural(&mut self, mut body: Reader<'_>) -> Result<(), DecodeError> {
        let mut quality = body.byte()?;
        let is_quick = self.version >= FormatVersion::V4 && quality & QUICK != 0;
        if is_quick {
            quality &= !QUICK;
        }
        let quality = Quality::new(quality).ok_or(DecodeError::NoSuchQuality { quality })?;
        let cells = body.runs(self.grid)?;
        self.natural.begin(quality);
        let is_at_end = if is_quick {
            let mut reader = QuickReader::new(body.rest())?;
            for (column, row) in cells.marked() {
                let cell = self.grid.cells_rect(column..column + 1, row..row + 1);
                self.natural
                    .decode_cell_quickly(&mut reader, &mut self.picture, cell);
                if reader.is_exhausted() {
                    return Err(DecodeError::CutOff);
                }
            }
            reader.is_at_end()
        } else {
            let mut coder = RangeDecoder::new(body.rest());
            for (column, row) in cells.marked() {
                let cell = self.grid.cells_rect(column..column + 1, row..row + 1);
                self.natural
                    .decode_cell(&mut coder, &mut self.picture, cell);
                if coder.is_exhausted() {
                    return Err(DecodeError::CutOff);
                }
            }
            coder.is_at_end()
        };
        self.changed.extend(cells.exact_rects());
        if is_at_end {
            Ok(())
        } else {
            Err(DecodeError::BytesLeft)
        }
    }

    fn apply_video(&mut self, mut body: Reader<'_>) -> Result<(), DecodeError> {
        let first = body.byte()?;
        if first != 0 {
            let detail = if self.version >= FormatVersion::V5 {
                Detail::from_number(first).ok_or(VideoError::Unsupported("an unknown detail"))?
            } else {
                Detail::Whole
            };
            let rect = Rect::new(
                body.varint()?,
                body.varint()?,
                body.varint()?,
                body.varint()?,
            );
            self.admit(rect, &mut self.grid.size().area())?;
            // The old one goes first: there is never memory for two.
            self.video = None;
            let decoder = Arc::new(Mutex::new(VideoDecoder::new(rect.size(), detail)?));
            self.video = Some(Video { rect, decoder });
        }
        let cells = body.runs(self.grid)?;
        let video = self.video.as_ref().ok_or(DecodeError::NoSuchVideo)?;
        let mut rects = cells.exact_rects().into_iter();
        if !rects.all(|cells| video.rect.contains(cells)) {
            return Err(DecodeError::NoSuchVideo);
        }
        let unit = body.rest();
        check_length(unit)?;
        let token = Arc::new(());
        self.deferred = Some(VideoPicture {
            token: Arc::clone(&token),
            decoder: Arc::clone(&video.decoder),
            unit: unit.to_vec(),
        });
        self.pending = Some(Pending {
            token,
            rect: video.rect,
            cells,
        });
        Ok(())
    }

    /// Decodes and puts the picture of the video that this update has, if it has one.
    fn finish_video(&mut self) -> Result<(), DecodeError> {
        let Some(video) = self.deferred.take() else {
            return Ok(());
        };
        let changed = video.decode(|decoded| self.put_video(&decoded))?;
        self.changed.extend(changed);
        Ok(())
    }

    /// See [`Decoder::put_video`].
    fn put_video(&mut self, decoded: &DecodedVideo<'_>) -> Result<Vec<Rect>, DecodeError> {
        let rects = self.put_rows_of_video(decoded, 0..u32::MAX)?;
        self.pending.take_if(|pending| pending.is_of(decoded));
        Ok(rects)
    }

    /// See [`Decoder::put_rows_of_video`].
    fn put_rows_of_video(
        &mut self,
        decoded: &DecodedVideo<'_>,
        rows: Range<u32>,
    ) -> Result<Vec<Rect>, DecodeError> {
        let Some(pending) = self.pending.as_ref().filter(|p| p.is_of(decoded)) else {
            return Ok(Vec::new());
        };
        let picture = decoded.picture.as_ref().map_err(Clone::clone)?;
        let height = rows.end.saturating_sub(rows.start);
        let band = Rect::new(0, rows.start, self.grid.size().width, height);
        let rects = pending.cells.exact_rects().into_iter();
        let rects: Vec<Rect> = rects.filter_map(|rect| rect.intersect(band)).collect();
        picture.write(&mut self.picture, pending.rect, rects.iter().copied())?;
        Ok(rects)
    }

    fn apply_pixels(&mut self, mut body: Reader<'_>) -> Result<(), DecodeError> {
        let first = self.changed.len();
        self.read_rects(&mut body)?;
        let mut coder = RangeDecoder::new(body.rest());
        for &rect in &self.changed[first..] {
            let mut rows = self.model.begin(rect.width);
            for y in rect.y..rect.bottom() {
                self.model.code_row(&mut coder, &mut rows);
                if coder.is_exhausted() {
                    return Err(DecodeError::CutOff);
                }
                self.picture
                    .span_mut(rect.x, y, rect.width)
                    .copy_from_slice(&rows.row);
            }
            self.model.end(&rows);
        }
        if coder.is_at_end() {
            Ok(())
        } else {
            Err(DecodeError::BytesLeft)
        }
    }

    fn apply_photos(&mut self, mut body: Reader<'_>) -> Result<(), DecodeError> {
        let first = self.changed.len();
        self.read_rects(&mut body)?;
        let mut reader = PhotoReader::new(body.rest())?;
        for &rect in &self.changed[first..] {
            if !reader.read(rect.width, self.picture.spans_mut(rect)) {
                return Err(DecodeError::CutOff);
            }
        }
        if reader.is_at_end() {
            Ok(())
        } else {
            Err(DecodeError::BytesLeft)
        }
    }

    /// Appends the rectangles of a section to what has changed.
    fn read_rects(&mut self, body: &mut Reader<'_>) -> Result<(), DecodeError> {
        let mut budget = self.grid.size().area();
        let count = body.varint()?;
        if count as usize > RECTS_OF_CELL * self.grid.cells() {
            return Err(DecodeError::TooManyRects);
        }
        let (mut x, mut y) = (0_u32, 0_u32);
        for _ in 0..count {
            x = x.wrapping_add_signed(body.signed()?);
            y = y.wrapping_add_signed(body.signed()?);
            let rect = Rect::new(x, y, body.varint()?, body.varint()?);
            self.admit(rect, &mut budget)?;
            self.changed.push(rect);
        }
        Ok(())
    }

    /// Lets a rectangle pass that lies within the picture, as long as the budget of pixels lasts.
    fn admit(&self, rect: Rect, budget: &mut u64) -> Result<(), DecodeError> {
        if rect.is_empty() || !self.grid.size().rect().contains(rect) {
            return Err(DecodeError::RectOutside { rect });
        }
        *budget = budget
            .checked_sub(rect.area())
            .ok_or(DecodeError::TooManyPixels)?;
        Ok(())
    }
}

/// Whether moves do what they should when each starts from what the one before left behind.
///
/// All mean the same old picture. Only a short list is looked at, for that takes every pair.
fn may_go_one_by_one(moves: &[(Rect, Rect)]) -> bool {
    const SHORT: usize = 16;
    moves.len() <= SHORT
        && moves.iter().enumerate().all(|(index, (_, target))| {
            moves[index + 1..]
                .iter()
                .all(|(source, _)| source.intersect(*target).is_none())
        })
}

/// Reads tile numbers, each larger than the one before, so that a list cannot be longer than the
/// picture has tiles.
#[derive(Default)]
struct TileNumbers {
    next: u32,
}

impl TileNumbers {
    fn read(&mut self, body: &mut Reader<'_>, grid: Grid) -> Result<(u32, Rect), DecodeError> {
        let tile = self.next.saturating_add(body.varint()?);
        self.next = tile.saturating_add(1);
        let rect = grid
            .tile_rect(tile)
            .ok_or(DecodeError::NoSuchTile { tile })?;
        Ok((tile, rect))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SUPPORTED;
    use crate::format::{put_section, put_signed, put_varint};

    fn reset(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = vec![FLAG_RESET, FormatVersion::NEWEST.number()];
        put_varint(&mut bytes, width);
        put_varint(&mut bytes, height);
        bytes
    }

    fn ready() -> Decoder {
        let mut decoder = Decoder::new();
        decoder
            .apply(&reset(100, 100))
            .expect("a bare reset is a black picture");
        decoder
    }

    fn delta(tag: Tag, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0];
        put_section(&mut bytes, tag, body);
        bytes
    }

    #[test]
    fn nothing_is_applied_before_a_reset_or_after_an_error() {
        let mut decoder = Decoder::new();
        assert_eq!(decoder.apply(&[0]), Err(DecodeError::ResetNeeded));
        assert!(decoder.picture().is_none());
        let mut decoder = ready();
        assert_eq!(
            decoder.apply(&[0, 77]),
            Err(DecodeError::UnknownSection { tag: 77 })
        );
        assert_eq!(decoder.apply(&[0]), Err(DecodeError::ResetNeeded));
        assert!(
            decoder
                .apply(&reset(100, 100))
                .is_ok_and(|applied| applied.was_reset)
        );
        assert_eq!(
            decoder.apply(&[0]),
            Ok(Applied {
                changed: vec![],
                was_reset: false
            })
        );
    }

    #[test]
    fn where_updates_were_lost_the_picture_stays_and_only_a_reset_helps() {
        let mut decoder = ready();
        decoder.require_reset();
        assert_eq!(decoder.apply(&[0]), Err(DecodeError::ResetNeeded));
        assert!(decoder.picture().is_some());
        decoder.apply(&reset(100, 100)).expect("a reset");
        assert!(decoder.apply(&[0]).is_ok());
    }

    #[test]
    fn every_supported_version_is_decoded_and_no_other() {
        for number in 0..=u8::MAX {
            let version = FormatVersion::new(number);
            let outcome = Decoder::new().apply(&[FLAG_RESET, number, 9, 9]);
            if SUPPORTED.contains(&version) {
                assert!(outcome.is_ok_and(|applied| applied.was_reset), "{version}");
            } else {
                let error = UnsupportedVersion { version };
                assert_eq!(outcome, Err(DecodeError::UnsupportedVersion(error)));
            }
        }
    }

    #[test]
    fn a_reset_states_a_supported_size() {
        let mut decoder = Decoder::new();
        assert_eq!(
            decoder.apply(&reset(16_384, 16_384)),
            Err(DecodeError::UnsupportedSize {
                width: 16_384,
                height: 16_384
            })
        );
        assert_eq!(
            decoder.apply(&[0x81]),
            Err(DecodeError::UnknownFlags { flags: 0x81 })
        );
        assert_eq!(decoder.apply(&[]), Err(DecodeError::CutOff));
    }

    #[test]
    fn an_update_above_the_limit_is_refused_unread() {
        let bytes = vec![0; MAX_UPDATE_BYTES + 1];
        let error = DecodeError::TooLarge { bytes: bytes.len() };
        assert_eq!(ready().apply(&bytes), Err(error));
    }

    #[test]
    fn rectangles_outside_the_picture_are_refused() {
        let mut body = Vec::new();
        for value in [90, 0, 11, 10] {
            put_varint(&mut body, value);
        }
        put_signed(&mut body, 0);
        put_signed(&mut body, 0);
        let error = DecodeError::RectOutside {
            rect: Rect::new(90, 0, 11, 10),
        };
        assert_eq!(ready().apply(&delta(Tag::Moves, &body)), Err(error));
        let mut body = vec![1];
        put_signed(&mut body, -1);
        put_signed(&mut body, 0);
        body.extend([5, 5]);
        let outcome = ready().apply(&delta(Tag::Pixels, &body));
        assert!(
            matches!(outcome, Err(DecodeError::RectOutside { .. })),
            "{outcome:?}"
        );
    }

    #[test]
    fn a_move_from_outside_the_picture_is_refused() {
        let mut body = vec![0, 0, 10, 10];
        put_signed(&mut body, 1);
        put_signed(&mut body, 0);
        let outcome = ready().apply(&delta(Tag::Moves, &body));
        assert!(
            matches!(outcome, Err(DecodeError::RectOutside { .. })),
            "{outcome:?}"
        );
    }

    #[test]
    fn more_pixels_than_the_picture_has_are_refused() {
        let one = [0, 0, 100, 51, 0, 0];
        let body = [one, one].concat();
        assert_eq!(
            ready().apply(&delta(Tag::Moves, &body)),
            Err(DecodeError::TooManyPixels)
        );
    }

    #[test]
    fn more_rectangles_than_cells_need_are_refused() {
        // a picture of 100 x 100 pixels has 49 cells
        let small = [0, 0, 1, 1, 0, 0];
        let moves = |count| ready().apply(&delta(Tag::Moves, &small.repeat(count)));
        assert!(moves(49).is_ok());
        assert_eq!(moves(50), Err(DecodeError::TooManyRects));
        let pixels = |count: u8| {
            let mut body = vec![count];
            body.extend([0, 0, 1, 1].repeat(usize::from(count)));
            ready().apply(&delta(Tag::Pixels, &body))
        };
        assert_ne!(pixels(98), Err(DecodeError::TooManyRects));
        assert_eq!(pixels(99), Err(DecodeError::TooManyRects));
    }

    #[test]
    fn moves_all_start_from_the_old_picture() {
        // Two halves change places: each covers what the other reads.
        let mut decoder = ready();
        let state = decoder.state.as_mut().expect("it was reset");
        for (pixel, value) in state.picture.pixels_mut().iter_mut().zip(0..) {
            *pixel = value;
        }
        let mut body = vec![0, 0, 100, 50, 0];
        put_signed(&mut body, -50);
        body.extend([0, 50, 100, 50, 0]);
        put_signed(&mut body, 50);
        decoder
            .apply(&delta(Tag::Moves, &body))
            .expect("both lie within the picture");
        let pixels = decoder.picture().expect("it was reset").pixels();
        assert!(pixels[..5_000].iter().copied().eq(5_000..10_000));
        assert!(pixels[5_000..].iter().copied().eq(0..5_000));
    }

    #[test]
    fn a_move_may_overlap_itself_in_every_direction() {
        for (right, down) in [
            (3, 0),
            (-3, 0),
            (0, 7),
            (0, -7),
            (5, 9),
            (-5, -9),
            (4, -6),
            (-4, 6),
        ] {
            let mut picture = Picture::new(PixelSize::new(100, 100));
            for (pixel, value) in picture.pixels_mut().iter_mut().zip(0..) {
                *pixel = value;
            }
            let old = picture.clone();
            let target = Rect::new(20, 20, 60, 60);
            let found = Move {
                target,
                right,
                down,
            };
            let source = found
                .source(picture.size().rect())
                .expect("it lies within the picture");
            picture.copy_within(source, target);
            for (from, to) in (source.y..source.bottom()).zip(target.y..) {
                assert_eq!(picture.span(20, to, 60), old.span(source.x, from, 60));
            }
            assert_eq!(picture.row(19), old.row(19));
            assert_eq!(picture.span(80, 50, 20), old.span(80, 50, 20));
        }
    }

    #[test]
    fn tiles_and_slots_that_do_not_exist_are_refused() {
        assert_eq!(
            ready().apply(&delta(Tag::Stores, &[4])),
            Err(DecodeError::NoSuchTile { tile: 4 })
        );
        assert_eq!(
            ready().apply(&delta(Tag::Recalls, &[0, 3])),
            Err(DecodeError::NoSuchSlot { slot: 3 })
        );
    }

    #[test]
    fn sections_come_once_and_in_order() {
        let mut bytes = delta(Tag::Stores, &[0]);
        put_section(&mut bytes, Tag::Stores, &[0]);
        assert_eq!(ready().apply(&bytes), Err(DecodeError::SectionOutOfOrder));
    }
}
