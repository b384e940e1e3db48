//! One window's share of a session's picture, on its way to the screen.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use codec::{Picture, PixelSize, Rect};
use egui::{Context, ViewportId};
use present::{Placement, Presenter};
use protocol::{InputEvent, PointerUpdate};
use ui_kit::remote_view::{Cut, PicturePlacement, PictureSlot};

use super::canvas::Canvas;
use super::sight::Sight;

/// The whole picture, or the part that is one monitor, in one window.
pub struct Pane {
    stage: Arc<Stage>,
    sight: Mutex<Sight>,
}

/// The way to the screen.
struct Stage {
    ctx: Context,
    viewport: ViewportId,
    slot: Arc<PictureSlot>,
    /// A window shows it; otherwise nothing needs to be drawn.
    in_use: Arc<AtomicBool>,
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
    scale: u32,
    draw_pointer: bool,
    /// Of the picture.
    size: Option<PixelSize>,
}

#[derive(Default)]
struct Screen {
    presenter: Option<Presenter>,
    canvas: Canvas,
    /// The platform cannot; not tried again.
    refused: bool,
}

impl std::fmt::Debug for Pane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pane")
            .field("viewport", &self.stage.viewport)
            .finish_non_exhaustive()
    }
}

impl Pane {
    /// For the window `viewport`.
    pub(super) fn new(ctx: Context, viewport: ViewportId) -> Self {
        let direct = Arc::new(AtomicBool::new(false));
        let in_use = Arc::new(AtomicBool::new(true));
        let slot = {
            let (ctx, direct, in_use) = (ctx.clone(), Arc::clone(&direct), Arc::clone(&in_use));
            PictureSlot::new(move || {
                if in_use.load(Ordering::Acquire) && !direct.load(Ordering::Acquire) {
                    ctx.request_repaint_of(viewport);
                }
            })
        };
        let stage = Arc::new(Stage {
            ctx,
            viewport,
            slot,
            in_use,
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

    /// A window shows it from now on, or none does.
    pub fn set_in_use(&self, in_use: bool) {
        self.stage.in_use.store(in_use, Ordering::Release);
        if !in_use {
            self.hide();
        }
        // what came meanwhile is in the slot
        self.stage.ctx.request_repaint_of(self.stage.viewport);
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

    /// Whether pictures go straight to the screen.
    pub fn is_direct(&self) -> bool {
        self.stage.is_direct()
    }

    /// From now on the picture is to stand straight on the screen at `place` in `window` (as the
    /// platform numbers it), or is left to egui; called in every pass of the window. Never waits.
    ///
    /// `scale` is the window's, in parts of [`present::SCALE_ONE`]; `draw_pointer` says whether the host's pointer is
    /// to be seen in the picture.
    pub fn place(
        &self,
        window: Option<u64>,
        place: Option<PicturePlacement>,
        scale: u32,
        draw_pointer: bool,
    ) {
        let standing = Standing {
            window,
            place,
            scale,
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

    /// The picture stands nowhere from now on. Never waits.
    pub fn hide(&self) {
        self.place(None, None, present::SCALE_ONE, false);
    }

    /// Takes over what changed in the part of `picture`. `new_layout` says that it is of other monitors than
    /// the one before.
    pub(super) fn show(
        &self,
        picture: &Picture,
        cut: Cut,
        changed: &[Rect],
        seq: u64,
        new_layout: bool,
    ) {
        let stage = &self.stage;
        {
            let mut screen = stage.lock();
            if stage.is_direct()
                && let Screen {
                    presenter: Some(presenter),
                    canvas,
                    refused,
                } = &mut *screen
            {
                let damage = canvas.update(picture, cut, changed);
                let picture = canvas.picture().unwrap_or(picture);
                *refused |= !show(presenter, picture, &damage);
            }
            // under the lock: a window that takes the picture over from the slot misses nothing
            stage.slot.publish_part(picture, cut, changed, seq);
            self.sight().shown(seq, stage.is_direct(), new_layout);
        }
        if new_layout {
            // menus and scale follow it
            stage.ctx.request_repaint_of(stage.viewport);
        }
    }

    pub(super) fn show_pointer(&self, pointer: &PointerUpdate) {
        let stage = &self.stage;
        {
            let mut screen = stage.lock();
            let damage = screen.canvas.move_pointer(pointer);
            if stage.is_direct()
                && let Screen {
                    presenter: Some(presenter),
                    canvas,
                    refused,
                } = &mut *screen
                && let Some(picture) = canvas.picture()
            {
                *refused |= !show(presenter, picture, &damage);
            }
        }
        stage.slot.publish_pointer(pointer);
        if pointer.shape.is_some() && stage.is_direct() {
            // the window's own pointer takes the new shape
            stage.ctx.request_repaint_of(stage.viewport);
        }
    }

    /// Begins with a part of what `whole` shows, if nothing came yet.
    pub(super) fn begin_with(&self, whole: &Self, cut: Cut) {
        self.stage.slot.begin_with(&whole.stage.slot, cut);
    }
}

impl Drop for Pane {
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
            scale,
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
        let lacks_pointer = draw_pointer && canvas.picture().is_none();
        if direct && (!self.is_direct() || lacks_pointer) {
            // from now on the decoding thread keeps it up to date
            if let Some((picture, cut)) = self.slot.snapshot_of_part() {
                canvas.replace(picture, cut);
            }
        }
        let damage = canvas.set_pointer_drawn(draw_pointer);
        let place = place.filter(|_| !*refused).map(|place| Placement {
            area: place.area,
            source_x: place.source_x,
            source_y: place.source_y,
            shown: place.shown,
            scale,
        });
        // what is shown as it came is in the slot alone
        let snapshot = match (place, canvas.picture()) {
            (Some(_), None) => self.slot.snapshot(),
            _ => None,
        };
        let placed = presenter.place(place, canvas.picture().or(snapshot.as_ref()));
        if let Err(error) = &placed {
            tracing::warn!(%error, "Picture not placed");
            *refused = true;
        }
        let direct = placed.unwrap_or(false);
        if direct && presenter.waits_for_the_window() {
            self.ctx.request_repaint_of(self.viewport);
        }
        if let Some(picture) = canvas.picture().filter(|_| direct) {
            *refused |= !show(presenter, picture, &damage);
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

/// Whether the screen took it.
fn show(presenter: &Presenter, picture: &Picture, damage: &[Rect]) -> bool {
    if damage.is_empty() {
        return true;
    }
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
        let pane = Pane::new(Context::default(), ViewportId::ROOT);
        // somebody presents a picture, and the display takes its time
        let busy = pane.stage.lock();
        pane.place(Some(7), None, present::SCALE_ONE, true);
        pane.place(Some(7), None, present::SCALE_ONE, false);
        drop(busy);
    }
}
