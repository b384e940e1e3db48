//! The remote screen of one session, between the decoding thread and the window.

use std::sync::{Mutex, MutexGuard, PoisonError};

use codec::{Picture, Rect};
use egui::{Context, ViewportId};
use operator_engine::SessionView;
use protocol::PointerUpdate;

/// Takes pictures from the decoding thread and has the window draw them.
pub struct SessionPicture {
    ctx: Context,
    viewport: ViewportId,
    newest: Mutex<Option<Picture>>,
}

impl SessionPicture {
    /// For the window `viewport`.
    pub fn new(ctx: Context, viewport: ViewportId) -> Self {
        Self {
            ctx,
            viewport,
            newest: Mutex::default(),
        }
    }

    /// The window that shows it.
    pub fn viewport(&self) -> ViewportId {
        self.viewport
    }

    /// Width and height in pixels, once there is a picture.
    pub fn size(&self) -> Option<(u32, u32)> {
        let newest = self.lock();
        let size = newest.as_ref()?.size();
        Some((size.width, size.height))
    }

    /// Width, height and the pixels in 8-bit RGB.
    pub fn to_rgb(&self) -> Option<(u32, u32, Vec<u8>)> {
        let newest = self.lock();
        let picture = newest.as_ref()?;
        let rgb = picture.pixels().iter().flat_map(|pixel| {
            let [_, red, green, blue] = pixel.to_be_bytes();
            [red, green, blue]
        });
        let rgb = rgb.collect();
        Some((picture.size().width, picture.size().height, rgb))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Picture>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionView for SessionPicture {
    fn show_picture(&self, picture: &Picture, _changed: &[Rect]) {
        let is_first = self.lock().replace(picture.clone()).is_none();
        self.ctx.request_repaint_of(self.viewport);
        if is_first {
            self.ctx.request_repaint_of(ViewportId::ROOT);
        }
    }

    fn show_pointer(&self, _pointer: PointerUpdate) {}
}
