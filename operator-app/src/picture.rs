//! The remote screen of one session, between the decoding thread and its window.
//!
//! Every picture goes into a slot, from which the window draws it through egui. Where the platform can,
//! it goes straight into a child window instead, scaled on the decoding thread: no repaint, and so no
//! GL, lies between the decoder and the screen. The host's pointer is drawn into it there.
//!
//! The display answers when it likes. The GUI thread only says where the picture is to stand; a thread
//! of the picture's own sees to it.

mod canvas;
mod sight;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use codec::{Picture, PixelSize, Rect};
use egui::{Context, ViewportId};
use operator_engine::SessionView;
use present::{Placement, Presenter};
use protocol::{InputEvent, PointerUpdate, ScreenLayout};
use ui_kit::remote_view::{PicturePlacement, PictureSlot};

use canvas::Canvas;
use sight::Sight;

/// Takes pictures from the decoding thread and has the window show them.
pub struct SessionPicture {
    stage: Arc<Stage>,
    layout: Mutex<Layouts>,
    sight: Mutex<Sight>,
}

/// The way to the screen.
struct Stage {
    ctx: Context,
    viewport: ViewportId,
    slot: Arc<PictureSlot>,
    /// Pictures go straight to the screen now; the slot must not ask for a repaint.
    direct: Arc<AtomicBool>,
    /// Held while a picture is presented: never waited for by the GUI thread.
    screen: Mutex<Screen>,
    wished: Mutex<Wished>,
    wish_changed: Condvar,
}

/// What the window wishes for.
#[derive(Default)]
struct Wished {
    standing: Standing,
    carried_out: bool,
    is_over: bool,
}

/// Where the picture stands.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Standing {
    /// As the platform numbers it.
    window: Option<u64>,
    place: Option<PicturePlacement>,
    draw_pointer: bool,
    /// Of the picture.
    size: Option<PixelSize>,
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
            .field("viewport", &self.stage.viewport)
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
        let stage = Arc::new(Stage {
            ctx,
            viewport,
            slot,
            direct,
            screen: Mutex::default(),
            wished: Mutex::default(),
            wish_changed: Condvar::new(),
        });
        let placing = Arc::clone(&stage);
        let thread = std::thread::Builder::new().name("picture-place".to_owned());
        if let Err(error) = thread.spawn(move || placing.place_as_wished()) {
            tracing::warn!(%error, "Pictures go through the GUI");
            stage.lock().refused = true;
        }
        Self {
            stage,
            layout: Mutex::default(),
            sight: Mutex::default(),
        }
    }

    /// The window that shows it.
    pub fn viewport(&self) -> ViewportId {
        self.stage.viewport
    }

    /// Where the pictures are for the window to draw.
    pub fn slot(&self) -> &Arc<PictureSlot> {
        &self.stage.slot
    }

    /// Width and height in pixels, once there is a picture.
    pub fn size(&self) -> Option<(u32, u32)> {
        self.stage.slot.size().map(|size| (size.width, size.height))
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

    /// Whether pictures go straight to the screen.
    pub fn is_direct(&self) -> bool {
        self.stage.is_direct()
    }

    /// From now on the picture is to stand straight on the screen at `place` in `window` (as the
    /// platform numbers it), or is left to egui; called in every pass of the window. Never waits.
    ///
    /// `draw_pointer` says whether the host's pointer is to be seen in the picture.
    pub fn place(&self, window: Option<u64>, place: Option<PicturePlacement>, draw_pointer: bool) {
        let standing = Standing {
            window,
            place,
            draw_pointer,
            size: self.stage.slot.size(),
        };
        let mut wished = self.stage.wished();
        if wished.standing != standing {
            wished.standing = standing;
            wished.carried_out = false;
            self.stage.wish_changed.notify_one();
        }
    }
}

impl Drop for SessionPicture {
    fn drop(&mut self) {
        self.stage.wished().is_over = true;
        self.stage.wish_changed.notify_one();
    }
}

impl Stage {
    fn is_direct(&self) -> bool {
        self.direct.load(Ordering::Acquire)
    }

    /// Does as the window wishes until there is none any more.
    fn place_as_wished(&self) {
        loop {
            let standing = {
                let idle = |wished: &mut Wished| wished.carried_out && !wished.is_over;
                let wished = self.wish_changed.wait_while(self.wished(), idle);
                let mut wished = wished.unwrap_or_else(PoisonError::into_inner);
                if wished.is_over {
                    return;
                }
                wished.carried_out = true;
                wished.standing
            };
            self.place(standing);
        }
    }

    fn place(&self, standing: Standing) {
        let Standing {
            window,
            place,
            draw_pointer,
            size: _,
        } = standing;
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

    fn wished(&self) -> MutexGuard<'_, Wished> {
        self.wished.lock().unwrap_or_else(PoisonError::into_inner)
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
        let is_first = self.stage.slot.size().is_none();
        {
            let mut screen = self.stage.lock();
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
            self.stage.slot.publish(picture, changed, seq);
            self.sight().shown(seq, self.is_direct(), new_layout);
        }
        if new_layout {
            // menus and scale follow it
            self.stage.ctx.request_repaint_of(self.stage.viewport);
        }
        if is_first {
            // the main window opens the session's window at its right size
            self.stage.ctx.request_repaint_of(ViewportId::ROOT);
        }
    }

    fn show_pointer(&self, pointer: PointerUpdate) {
        let has_new_shape = pointer.shape.is_some();
        {
            let mut screen = self.stage.lock();
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
        self.stage.slot.publish_pointer(&pointer);
        if has_new_shape && self.is_direct() {
            // the window's own pointer takes the new shape
            self.stage.ctx.request_repaint_of(self.stage.viewport);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_does_not_wait_for_the_display() {
        let picture = SessionPicture::new(Context::default(), ViewportId::ROOT);
        // somebody presents a picture, and the display takes its time
        let busy = picture.stage.lock();
        picture.place(Some(7), None, true);
        picture.place(Some(7), None, false);
        drop(busy);
    }
}
