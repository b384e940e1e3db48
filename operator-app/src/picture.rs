//! The remote screen of one session, between the decoding thread and its windows.
//!
//! Every picture goes into a slot, from which the window draws it through egui. Where the platform can,
//! it goes straight into a child window instead, scaled on the decoding thread: no repaint, and so no
//! GL, lies between the decoder and the screen. The host's pointer is drawn into it there.
//!
//! The display answers when it likes. The GUI thread only says where the picture is to stand; a thread
//! of the picture's own sees to it.
//!
//! Where each monitor has a window of its own, each gets its part of the same picture: the host sends one.

mod canvas;
mod pane;
mod parts;
mod sight;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use codec::{Picture, Rect};
use egui::{Context, ViewportId};
use operator_engine::SessionView;
use protocol::{MonitorPlace, PointerUpdate, ScreenLayout};
use ui_kit::remote_view::{Cut, PictureSlot};

pub use pane::Pane;
pub use parts::{can_part, parts};

/// Takes pictures from the decoding thread and has the windows show them.
#[derive(Debug)]
pub struct SessionPicture {
    ctx: Context,
    whole: Arc<Pane>,
    layout: Mutex<Layouts>,
    /// The monitors that have a window of their own, by their ids.
    monitors: Mutex<Vec<(u32, Arc<Pane>)>>,
}

/// What the pictures are of.
#[derive(Debug, Default)]
struct Layouts {
    /// Of the picture that is shown.
    shown: Option<ScreenLayout>,
    /// Of the picture that comes next.
    next: Option<ScreenLayout>,
    /// Where the monitors stand, as far as the host has said.
    places: Vec<MonitorPlace>,
    /// The pointer as it was told last: a window that opens later has to know it too.
    pointer: Option<PointerUpdate>,
}

impl SessionPicture {
    /// For the window `viewport`.
    pub fn new(ctx: Context, viewport: ViewportId) -> Self {
        Self {
            whole: Arc::new(Pane::new(ctx.clone(), viewport)),
            ctx,
            layout: Mutex::default(),
            monitors: Mutex::default(),
        }
    }

    /// The window that shows all of it, or its first monitor.
    pub fn viewport(&self) -> ViewportId {
        self.whole.viewport()
    }

    /// The whole picture.
    pub fn whole(&self) -> &Arc<Pane> {
        &self.whole
    }

    /// Where the whole pictures are.
    pub fn slot(&self) -> &Arc<PictureSlot> {
        self.whole.slot()
    }

    /// Width and height in pixels, once there is a picture.
    pub fn size(&self) -> Option<(u32, u32)> {
        self.slot().size().map(|size| (size.width, size.height))
    }

    /// What the picture is of, once there is one.
    pub fn layout(&self) -> Option<ScreenLayout> {
        self.layouts().shown.clone()
    }

    /// The host has said where its monitors stand.
    pub fn set_places(&self, places: Vec<MonitorPlace>) {
        self.layouts().places = places;
        self.ctx.request_repaint_of(self.viewport());
    }

    /// Where the monitors stand, as far as the host has said.
    pub fn places(&self) -> Vec<MonitorPlace> {
        self.layouts().places.clone()
    }

    /// The part of each monitor in the picture that is shown now, in the order of the layout; none where the
    /// picture is of one monitor, or it is not known where they stand.
    pub fn parts(&self) -> Vec<(u32, Cut)> {
        let Some(size) = self.slot().size() else {
            return Vec::new();
        };
        let layouts = self.layouts();
        let layout = layouts.shown.as_ref();
        layout.map_or_else(Vec::new, |layout| parts(layout, &layouts.places, size))
    }

    /// Monitor `id`, whose part that is now, in the window `viewport`.
    pub fn show_monitor(&self, (id, cut): (u32, Cut), viewport: ViewportId) -> Arc<Pane> {
        let pane = Arc::new(Pane::new(self.ctx.clone(), viewport));
        self.monitors().push((id, Arc::clone(&pane)));
        // after that: no update is missed
        pane.begin_with(&self.whole, cut);
        let pointer = self.layouts().pointer.clone();
        if let Some(pointer) = pointer {
            pane.show_pointer(&pointer);
        }
        pane
    }

    /// That window is gone.
    pub fn hide_monitor(&self, pane: &Arc<Pane>) {
        pane.set_in_use(false);
        self.monitors()
            .retain(|(_, known)| !Arc::ptr_eq(known, pane));
    }

    fn monitors(&self) -> MutexGuard<'_, Vec<(u32, Arc<Pane>)>> {
        self.monitors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn layouts(&self) -> MutexGuard<'_, Layouts> {
        self.layout.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionView for SessionPicture {
    fn show_layout(&self, layout: &ScreenLayout) {
        self.layouts().next = Some(layout.clone());
    }

    fn show_picture(&self, picture: &Picture, changed: &[Rect], seq: u64) {
        let (new_layout, parts) = {
            let mut layouts = self.layouts();
            let next = layouts.next.take();
            let is_new = next.is_some() && next != layouts.shown;
            layouts.shown = next.or_else(|| layouts.shown.take());
            let Layouts { shown, places, .. } = &*layouts;
            let shown = shown.as_ref();
            let parts = shown.map_or_else(Vec::new, |shown| parts(shown, places, picture.size()));
            (is_new, parts)
        };
        let is_first = self.slot().size().is_none();
        // the whole first: a window that opens meanwhile begins with that
        let all = Cut::all(picture.size());
        self.whole.show(picture, all, changed, seq, new_layout);
        let windows = self.monitors().clone();
        for (id, pane) in windows {
            if let Some((_, cut)) = parts.iter().find(|(known, _)| *known == id) {
                pane.show(picture, *cut, changed, seq, new_layout);
            }
        }
        if is_first || new_layout {
            // the main window opens the session's windows at their right size
            self.ctx.request_repaint_of(ViewportId::ROOT);
        }
    }

    fn show_pointer(&self, pointer: PointerUpdate) {
        {
            let mut layouts = self.layouts();
            let shape = layouts.pointer.take().and_then(|before| before.shape);
            layouts.pointer = Some(PointerUpdate {
                shape: pointer.shape.clone().or(shape),
                ..pointer.clone()
            });
        }
        self.whole.show_pointer(&pointer);
        let windows = self.monitors().clone();
        for (_, pane) in windows {
            pane.show_pointer(&pointer);
        }
    }
}
