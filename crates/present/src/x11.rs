//! X11: a child window fed through MIT-SHM.
//!
//! The child takes no input (its input shape is empty), so pointer and keyboard go to the window
//! around it, and whatever that window draws under the child is clipped away by the server.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use codec::{Picture, PixelSize, Rect, Scaler};
use x11::{ConnectError, Segment, SegmentError, ServerMay};
use x11rb::connection::Connection as _;
use x11rb::errors::{ConnectionError, ReplyError, ReplyOrIdError};
use x11rb::protocol::shm::ConnectionExt as _;
use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::protocol::xproto::ConnectionExt as _;
use x11rb::protocol::{Event, shape, xfixes, xproto};
use x11rb::rust_connection::RustConnection;

use crate::{Placement, PresentError, sheet};

/// A picture in a child window. Drop removes the window.
#[derive(Debug)]
pub(crate) struct Presenter {
    shared: Arc<Shared>,
    exposures: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    connection: RustConnection,
    window: xproto::Window,
    gc: xproto::Gcontext,
    depth: u8,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    placement: Option<Placement>,
    /// The pixels that the server reads.
    sheet: Option<Sheet>,
    scaler: Option<Scaler>,
}

/// What is in the memory that the server reads.
#[derive(Debug)]
struct Sheet {
    /// The part of the picture, at the size it is shown, that it holds.
    part: Rect,
    /// The size at which it holds the picture.
    shown: PixelSize,
    /// Of at least as many pixels.
    segment: Segment,
}

impl From<ConnectError> for PresentError {
    fn from(error: ConnectError) -> Self {
        Self::NoDisplay(error.to_string())
    }
}

impl From<SegmentError> for PresentError {
    fn from(error: SegmentError) -> Self {
        match error {
            SegmentError::NoExtension => Self::Lacks("shared memory (MIT-SHM)"),
            SegmentError::TooOld => Self::Lacks("shared memory by file descriptor (MIT-SHM 1.2)"),
            error @ (SegmentError::NoMemory(_) | SegmentError::Refused(_)) => {
                Self::Refused(error.to_string())
            }
        }
    }
}

impl From<ConnectionError> for PresentError {
    fn from(error: ConnectionError) -> Self {
        Self::NoDisplay(error.to_string())
    }
}

impl From<ReplyError> for PresentError {
    fn from(error: ReplyError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<ReplyOrIdError> for PresentError {
    fn from(error: ReplyOrIdError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl Presenter {
    pub(crate) fn attach_on(display: Option<&str>, parent: u64) -> Result<Self, PresentError> {
        let parent = u32::try_from(parent)
            .map_err(|_too_large| PresentError::Refused("no X window".to_owned()))?;
        let (connection, screen) = x11::connect(display)?;
        let (root_visual, depth) = (screen.root_visual, screen.root_depth);
        check_abilities(&connection, depth)?;

        let window = connection.generate_id()?;
        let look = xproto::CreateWindowAux::new()
            .background_pixmap(x11rb::NONE)
            .border_pixel(0)
            .colormap(screen.default_colormap)
            .event_mask(xproto::EventMask::EXPOSURE | xproto::EventMask::STRUCTURE_NOTIFY);
        connection
            .create_window(
                depth,
                window,
                parent,
                0,
                0,
                1,
                1,
                0,
                xproto::WindowClass::INPUT_OUTPUT,
                root_visual,
                &look,
            )?
            .check()?;
        let nothing = connection.generate_id()?;
        connection.xfixes_create_region(nothing, &[])?;
        connection.xfixes_set_window_shape_region(window, shape::SK::INPUT, 0, 0, nothing)?;
        connection.xfixes_destroy_region(nothing)?;
        let gc = connection.generate_id()?;
        let quiet = xproto::CreateGCAux::new().graphics_exposures(0);
        connection.create_gc(gc, window, &quiet)?.check()?;

        let state = Mutex::default();
        let shared = Arc::new(Shared {
            connection,
            window,
            gc,
            depth,
            state,
        });
        let answering = Arc::clone(&shared);
        let exposures = std::thread::Builder::new()
            .name("present".to_owned())
            .spawn(move || answering.answer_exposures())
            .map_err(|e| PresentError::Refused(e.to_string()))?;
        Ok(Self {
            shared,
            exposures: Some(exposures),
        })
    }

    pub(crate) fn place(
        &self,
        placement: Option<Placement>,
        picture: Option<&Picture>,
    ) -> Result<bool, PresentError> {
        let mut state = self.shared.lock();
        if state.placement == placement {
            return Ok(placement.is_some());
        }
        let was_hidden = std::mem::replace(&mut state.placement, placement).is_none();
        if let (Some(_), Some(picture)) = (placement, picture) {
            // while it was hidden nobody told what changed
            let whole = picture.size().rect();
            let changed = if was_hidden { &[whole][..] } else { &[] };
            self.shared.draw(&mut state, picture, changed)?;
        }
        self.shared.apply_placement(&state)?;
        Ok(placement.is_some())
    }

    pub(crate) fn is_shown(&self) -> bool {
        self.shared.lock().placement.is_some()
    }

    pub(crate) fn present(&self, picture: &Picture, changed: &[Rect]) -> Result<(), PresentError> {
        let shared = &*self.shared;
        let mut state = shared.lock();
        let drawn = shared.draw(&mut state, picture, changed)?;
        for rect in drawn {
            shared.put(&state, rect)?;
        }
        shared.connection.flush()?;
        Ok(())
    }
}

impl Drop for Presenter {
    fn drop(&mut self) {
        // the window's end is what ends the thread
        let gone = self
            .shared
            .connection
            .destroy_window(self.shared.window)
            .map(drop);
        let gone = gone.and_then(|()| self.shared.connection.flush());
        if let (Ok(()), Some(thread)) = (gone, self.exposures.take())
            && thread.join().is_err()
        {
            tracing::warn!("The presenting thread panicked");
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply_placement(&self, state: &State) -> Result<(), PresentError> {
        match state.placement {
            Some(placement) if !placement.area.is_empty() => {
                let area = placement.area;
                let place = xproto::ConfigureWindowAux::new()
                    .x(i32::try_from(area.x).unwrap_or(0))
                    .y(i32::try_from(area.y).unwrap_or(0))
                    .width(area.width)
                    .height(area.height)
                    .stack_mode(xproto::StackMode::ABOVE);
                self.connection.configure_window(self.window, &place)?;
                self.connection.map_window(self.window)?;
                // what moved inside an area that stays causes no exposure
                self.put_all(state)?;
            }
            Some(_) | None => {
                self.connection.unmap_window(self.window)?;
            }
        }
        self.connection.flush()?;
        Ok(())
    }

    /// Brings the sheet up to date with what `changed` in `picture`; the parts of the picture, at the
    /// size it is shown, that are new on it.
    fn draw(
        &self,
        state: &mut State,
        picture: &Picture,
        changed: &[Rect],
    ) -> Result<Vec<Rect>, PresentError> {
        let Some(placement) = state.placement else {
            // drawn when it is placed
            if let Some(old) = state.sheet.take() {
                old.segment.detach(&self.connection)?;
            }
            return Ok(Vec::new());
        };
        let shown = placement.shown;
        let part = sheet::part(&placement, picture.size());
        let is_new = !state
            .sheet
            .as_ref()
            .is_some_and(|sheet| sheet.part == part && sheet.shown == shown);
        if is_new {
            self.fit_sheet(state, part, shown)?;
        }
        let Some(sheet) = &mut state.sheet else {
            return Ok(Vec::new());
        };
        let whole = [picture.size().rect()];
        let changed = if is_new { &whole } else { changed };
        let rows = sheet::Rows {
            pixels: sheet.segment.pixels_mut(),
            stride: part.width as usize,
        };
        let scaler = &mut state.scaler;
        Ok(sheet::draw(scaler, picture, shown, part, rows, changed))
    }

    /// Makes room for `part` of a picture that is shown at size `shown`.
    fn fit_sheet(
        &self,
        state: &mut State,
        part: Rect,
        shown: PixelSize,
    ) -> Result<(), PresentError> {
        let needed = usize::try_from(part.area()).unwrap_or(usize::MAX);
        let segment = match state.sheet.take().map(|sheet| sheet.segment) {
            // a window that is drawn larger bit by bit must not take new memory each time
            Some(old) if (needed..=needed.saturating_mul(4)).contains(&old.pixel_count()) => old,
            old => {
                if let Some(old) = old {
                    old.detach(&self.connection)?;
                }
                let len_bytes = (needed + needed / 8) * size_of::<u32>();
                Segment::new(&self.connection, len_bytes, ServerMay::Read)?
            }
        };
        state.sheet = Some(Sheet {
            part,
            shown,
            segment,
        });
        Ok(())
    }

    fn put_all(&self, state: &State) -> Result<(), PresentError> {
        match &state.sheet {
            Some(sheet) => self.put(state, sheet.part),
            None => Ok(()),
        }
    }

    /// Asks the server to copy `rect` of the picture, at the size it is shown, as far as it is in
    /// sight.
    fn put(&self, state: &State, rect: Rect) -> Result<(), PresentError> {
        let (Some(placement), Some(sheet)) = (state.placement, &state.sheet) else {
            return Ok(());
        };
        let part = sheet::sight(&placement)
            .intersect(sheet.part)
            .and_then(|sight| sight.intersect(rect));
        let Some(part) = part.filter(|_| sheet.shown == placement.shown) else {
            return Ok(());
        };
        let short = |length: u32| u16::try_from(length).unwrap_or(u16::MAX);
        let place = |length: u32| i16::try_from(length).unwrap_or(i16::MAX);
        self.connection.shm_put_image(
            self.window,
            self.gc,
            short(sheet.part.width),
            short(sheet.part.height),
            short(part.x - sheet.part.x),
            short(part.y - sheet.part.y),
            short(part.width),
            short(part.height),
            place(part.x - placement.source_x),
            place(part.y - placement.source_y),
            self.depth,
            xproto::ImageFormat::Z_PIXMAP.into(),
            false,
            sheet.segment.id(),
            0,
        )?;
        Ok(())
    }

    /// Runs until the window is gone.
    fn answer_exposures(&self) {
        loop {
            match self.connection.wait_for_event() {
                Ok(Event::Expose(_)) => {
                    let state = self.lock();
                    let done = self
                        .put_all(&state)
                        .and_then(|()| self.connection.flush().map_err(Into::into));
                    if let Err(error) = done {
                        tracing::debug!(%error, "Exposed picture not drawn");
                    }
                }
                Ok(Event::DestroyNotify(_)) => return,
                Ok(Event::Error(error)) => tracing::debug!(?error, "The display refused"),
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(%error, "The display is gone");
                    return;
                }
            }
        }
    }
}

fn check_abilities(connection: &RustConnection, depth: u8) -> Result<(), PresentError> {
    let formats = &connection.setup().pixmap_formats;
    if depth < 24
        || !formats
            .iter()
            .any(|f| f.depth == depth && f.bits_per_pixel == 32)
    {
        return Err(PresentError::Lacks("32-bit pixels"));
    }
    x11::can_share_memory(connection)?;
    if let Some(name) = x11::missing_extension(connection, &[xfixes::X11_EXTENSION_NAME])? {
        return Err(PresentError::Lacks(name));
    }
    connection.xfixes_query_version(5, 0)?.reply()?;
    Ok(())
}
