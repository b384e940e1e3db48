//! The remote screen of one session, between the decoding thread and its window.
//!
//! Every picture goes into a slot, from which the window draws it through egui. Where the platform can,
//! it goes straight into a child window instead, scaled on the decoding thread: no repaint, and so no
//! GL, lies between the decoder and the screen. The host's pointer is drawn into it there.

mod canvas;
mod sight;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use codec::{Picture, Rect};
use egui::{Context, ViewportId};
use operator_engine::SessionView;
use present::{Placement, Presenter};
use protocol::{InputEvent, PointerUpdate, ScreenLayout};
use ui_kit::remote_view::{PicturePlacement, PictureSlot};

use canvas::Canvas;
use sight::Sight;

/// Takes pictures from the decoding thread and has the window show them.
pub struct SessionPicture {
    ctx: Context,
    viewport: ViewportId,
    slot: Arc<PictureSlot>,
    /// Pictures go straight to the screen now; the slot must not ask for a repaint.
    direct: Arc<AtomicBool>,
    /// Held while a picture is presented.
    screen: Mutex<Screen>,
    layout: Mutex<Layouts>,
    sight: Mutex<Sight>,
}

/// What the pictures are of.
#[derive(Default)]
struct Layouts {
    /// Of the picture that is shown.
    shown: Option<ScreenLayout>,
    /// Of the picture that comes next.
    next: Option<ScreenLayout>,
}

#[derive(Default)]
struct Screen {
    presenter: Option<Presenter>,
    canvas: Canvas,
    /// The platform cannot; not tried again.
    refused: bool,
}

impl std::fmt::Debug for SessionPicture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionPicture")
            .field("viewport", &self.viewport)
            .finish_non_exhaustive()
    }
}

impl SessionPicture {
    /// For the window `viewport`.
    pub fn new(ctx: Context, viewport: ViewportId) -> Self {
        let direct = Arc::new(AtomicBool::new(false));
        let slot = {
            let (ctx, direct) = (ctx.clone(), Arc::clone(&direct));
            PictureSlot::new(move || {
                if !direct.load(Ordering::Acquire) {
                    ctx.request_repaint_of(viewport);
                }
            })
        };
        Self {
            ctx,
            viewport,
            slot,
            direct,
            screen: Mutex::default(),
            layout: Mutex::default(),
            sight: Mutex::default(),
        }
    }

    /// The window that shows it.
    pub fn viewport(&self) -> ViewportId {
        self.viewport
    }

    /// Where the pictures are for the window to draw.
    pub fn slot(&self) -> &Arc<PictureSlot> {
        &self.slot
    }

    /// Width and height in pixels, once there is a picture.
    pub fn size(&self) -> Option<(u32, u32)> {
        self.slot.size().map(|size| (size.width, size.height))
    }

    /// What the picture is of, once there is one.
    pub fn layout(&self) -> Option<ScreenLayout> {
        self.layouts().shown.clone()
    }

    /// A pass of the window took update `seq` from the slot, and places in the window are reckoned
    /// by it.
    pub fn passed(&self, seq: u64) {
        self.sight().passed(seq);
    }

    /// `event` with its place in the picture that the operator sees now.
    pub fn name_places(&self, mut event: InputEvent) -> InputEvent {
        if let InputEvent::PointerMoved { to: place } | InputEvent::Button { at: place, .. } =
            &mut event
        {
            place.seen = self.sight().seen();
        }
        event
    }

    fn sight(&self) -> MutexGuard<'_, Sight> {
        self.sight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn layouts(&self) -> MutexGuard<'_, Layouts> {
        self.layout.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Width, height and the pixels in 8-bit RGB.
    pub fn to_rgb(&self) -> Option<(u32, u32, Vec<u8>)> {
        let picture = self.slot.snapshot()?;
        let rgb = picture.pixels().iter().flat_map(|pixel| {
            let [_, red, green, blue] = pixel.to_be_bytes();
            [red, green, blue]
        });
        let rgb = rgb.collect();
        Some((picture.size().width, picture.size().height, rgb))
    }

    /// Whether pictures go straight to the screen.
    pub fn is_direct(&self) -> bool {
        self.direct.load(Ordering::Acquire)
    }

    /// Shows the picture straight on the screen at `place` in `window` (as the platform numbers it),
    /// or leaves it to egui; called in every pass of the window.
    ///
    /// `draw_pointer` says whether the host's pointer is to be seen in the picture.
    pub fn place(&self, window: Option<u64>, place: Option<PicturePlacement>, draw_pointer: bool) {
        let mut screen = self.lock();
        if let (Some(window), Some(_)) = (window, place)
            && screen.presenter.is_none()
            && !screen.refused
        {
            match Presenter::attach(window) {
                Ok(presenter) => {
                    screen.presenter = Some(presenter);
                }
                Err(error) => {
                    tracing::info!(%error, "Pictures go through the GUI");
                    screen.refused = true;
                }
            }
        }
        let Screen {
            presenter: Some(presenter),
            canvas,
            refused,
        } = &mut *screen
        else {
            return;
        };
        let direct = place.is_some();
        if direct && !self.is_direct() {
            // from now on the decoding thread keeps it up to date
            if let Some(picture) = self.slot.snapshot() {
                canvas.replace(picture);
            }
        }
        let damage = canvas.set_pointer_drawn(draw_pointer);
        let place = place.filter(|_| !*refused).map(|place| Placement {
            area: place.area,
            source_x: place.source_x,
            source_y: place.source_y,
            shown: place.shown,
        });
        if let Err(error) = presenter.place(place, canvas.picture()) {
            tracing::warn!(%error, "Picture not placed");
            *refused = true;
        }
        if direct {
            *refused |= !show(presenter, canvas, &damage);
        }
        let direct = direct && !*refused;
        if self.direct.swap(direct, Ordering::AcqRel) && !direct {
            // what came meanwhile is in the slot
            self.ctx.request_repaint_of(self.viewport);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionView for SessionPicture {
    fn show_layout(&self, layout: &ScreenLayout) {
        self.layouts().next = Some(layout.clone());
    }

    fn show_picture(&self, picture: &Picture, changed: &[Rect], seq: u64) {
        let new_layout = {
            let mut layouts = self.layouts();
            let next = layouts.next.take();
            let is_new = next.is_some() && next != layouts.shown;
            layouts.shown = next.or_else(|| layouts.shown.take());
            is_new
        };
        let is_first = self.slot.size().is_none();
        {
            let mut screen = self.lock();
            if self.is_direct()
                && let Screen {
                    presenter: Some(presenter),
                    canvas,
                    refused,
                } = &mut *screen
            {
                let damage = canvas.update(picture, changed);
                *refused |= !show(presenter, canvas, &damage);
            }
            // under the lock: a window that takes the picture over from the slot misses nothing
            self.slot.publish(picture, changed, seq);
            self.sight().shown(seq, self.is_direct(), new_layout);
        }
        if new_layout {
            // menus and scale follow it
            self.ctx.request_repaint_of(self.viewport);
        }
        if is_first {
            // the main window opens the session's window at its right size
            self.ctx.request_repaint_of(ViewportId::ROOT);
        }
    }

    fn show_pointer(&self, pointer: PointerUpdate) {
        let has_new_shape = pointer.shape.is_some();
        {
            let mut screen = self.lock();
            let damage = screen.canvas.move_pointer(&pointer);
            if self.is_direct()
                && let Screen {
                    presenter: Some(presenter),
                    canvas,
                    refused,
                } = &mut *screen
            {
                *refused |= !show(presenter, canvas, &damage);
            }
        }
        self.slot.publish_pointer(&pointer);
        if has_new_shape && self.is_direct() {
            // the window's own pointer takes the new shape
            self.ctx.request_repaint_of(self.viewport);
        }
    }
}

/// Whether the screen took it.
fn show(presenter: &Presenter, canvas: &Canvas, damage: &[Rect]) -> bool {
    let Some(picture) = canvas.picture().filter(|_| !damage.is_empty()) else {
        return true;
    };
    let shown = presenter.present(picture, damage);
    if let Err(error) = &shown {
        tracing::warn!(%error, "Picture not presented");
    }
    shown.is_ok()
}
