//! What the session looks like at one moment of the recording.

use codec::{Decoder, Picture};
use protocol::{PointerShape, PointerUpdate, wire};
use recording::Body;

use crate::canvas::Pointer;

/// Follows a recording entry by entry.
#[derive(Debug, Default)]
pub(crate) struct Scene {
    decoder: Decoder,
    /// An update made no sense; until the next reset there is no picture to be relied on.
    broken: bool,
    pointer: Option<PointerUpdate>,
    shape: Option<PointerShape>,
    not_understood: u64,
}

impl Scene {
    /// Goes on to the next entry; says whether that can be seen.
    pub(crate) fn apply(&mut self, body: &Body) -> bool {
        match body {
            Body::Screen {
                payload,
                seq: _,
                is_reset: _,
            } => self.apply_screen(payload),
            Body::Pointer(payload) => self.apply_pointer(payload),
            Body::Chat { .. } | Body::Event(_) => false,
        }
    }

    fn apply_screen(&mut self, payload: &[u8]) -> bool {
        // whether it is a reset the update itself says best
        if let Ok(applied) = self.decoder.apply(payload) {
            self.broken = false;
            return applied.was_reset || !applied.changed.is_empty();
        }
        self.broken = true;
        self.not_understood += 1;
        false
    }

    fn apply_pointer(&mut self, payload: &[u8]) -> bool {
        let Ok(mut update) = wire::decode::<PointerUpdate>(payload) else {
            self.not_understood += 1;
            return false;
        };
        match update.shape.take() {
            Some(shape) if shape.is_sound() => self.shape = Some(shape),
            Some(_unsound) => self.not_understood += 1,
            None => {}
        }
        self.pointer = Some(update);
        self.picture().is_some()
    }

    /// The screen, where it is known.
    pub(crate) fn picture(&self) -> Option<&Picture> {
        self.decoder.picture().filter(|_| !self.broken)
    }

    /// The pointer, where it is to be seen.
    pub(crate) fn pointer(&self) -> Option<Pointer<'_>> {
        let update = self.pointer.as_ref().filter(|update| update.visible)?;
        let shape = self.shape.as_ref()?;
        Some(Pointer {
            x: update.x,
            y: update.y,
            shape,
        })
    }

    /// How many updates made no sense.
    pub(crate) fn not_understood(&self) -> u64 {
        self.not_understood
    }
}
