//! What the session looks like at one moment of the recording.

use codec::{Decoder, Picture};
use protocol::{PointerShape, PointerUpdate};
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
        let Ok(mut update) = PointerUpdate::from_film(payload) else {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(visible: bool, shape: Option<PointerShape>) -> Body {
        let update = PointerUpdate {
            seq: 0,
            at_micros: 0,
            x: i32::MIN,
            y: 9,
            visible,
            shape,
        };
        let bytes = postcard::to_allocvec(&update).expect("it serialises");
        Body::Pointer(bytes[1..].to_vec().into())
    }

    fn shape(width: u16, bytes: usize) -> PointerShape {
        PointerShape {
            width,
            height: 1,
            hot_x: 0,
            hot_y: 0,
            rgba: vec![1; bytes].into(),
        }
    }

    #[test]
    fn the_pointer_keeps_its_shape_until_a_sound_one_comes() {
        let mut scene = Scene::default();
        scene.apply(&pointer(true, None));
        assert!(scene.pointer().is_none(), "it has no shape yet");
        scene.apply(&pointer(true, Some(shape(2, 8))));
        scene.apply(&pointer(true, None));
        scene.apply(&pointer(true, Some(shape(3, 8))));
        scene.apply(&pointer(true, Some(shape(u16::MAX, 4 * 65_535))));
        assert_eq!(scene.pointer().map(|pointer| pointer.shape.width), Some(2));
        assert_eq!(scene.not_understood(), 2);
        scene.apply(&pointer(false, None));
        assert!(scene.pointer().is_none(), "it is hidden");
    }

    #[test]
    fn nothing_is_seen_before_the_first_picture_or_in_nonsense() {
        let mut scene = Scene::default();
        assert!(!scene.apply(&pointer(true, Some(shape(2, 8)))));
        for len in [0, 1, 10, 1000] {
            let payload = vec![0xff; len].into();
            let is_reset = true;
            assert!(!scene.apply(&Body::Screen {
                seq: 1,
                is_reset,
                payload
            }));
        }
        assert!(scene.picture().is_none());
        assert_eq!(scene.not_understood(), 4);
    }
}
