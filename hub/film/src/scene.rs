//! What the session looks like at one moment of the recording.

use codec::{Decoder, Picture};
use protocol::{PointerShape, PointerUpdate};
use recording::{Body, Event, Side};

use crate::canvas::Pointer;
use crate::caption::Held;

/// Follows a recording entry by entry.
#[derive(Debug, Default)]
pub(crate) struct Scene {
    decoder: Decoder,
    /// An update made no sense; until the next reset there is no picture to be relied on.
    broken: bool,
    pointer: Option<PointerUpdate>,
    shape: Option<PointerShape>,
    /// The host's line is lost; the hub's.
    host_is_lost: bool,
    hub_is_lost: bool,
    /// The user has paused.
    is_withheld: bool,
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
            Body::Event(event) => self.apply_event(event),
            Body::Chat { .. } => false,
        }
    }

    fn apply_event(&mut self, event: &Event) -> bool {
        let before = self.held();
        match event {
            Event::Interrupted { side: Side::Host } => self.host_is_lost = true,
            Event::Interrupted { side: Side::Hub } => {
                self.hub_is_lost = true;
                // updates that were shown may be missing; on these nothing can build
                self.decoder.require_reset();
            }
            Event::Resumed { side: Side::Host } => self.host_is_lost = false,
            Event::Resumed { side: Side::Hub } => self.hub_is_lost = false,
            Event::Withheld { begins } => self.is_withheld = *begins,
            // what the host shows goes on, for the film and for other operators
            Event::Interrupted {
                side: Side::Operator { .. },
            }
            | Event::Resumed {
                side: Side::Operator { .. },
            }
            | Event::Started { .. }
            | Event::RightsChanged { .. }
            | Event::Ended { .. }
            | Event::Note(_)
            | Event::OperatorJoined { .. }
            | Event::OperatorLeft { .. }
            | Event::Driver { .. }
            | Event::Marked { .. }
            | Event::Watched { .. }
            | Event::Files(_)
            | Event::HelpDesk { .. }
            | Event::Monitors(_) => {}
        }
        self.held() != before
    }

    fn apply_screen(&mut self, payload: &[u8]) -> bool {
        // whether it is a reset the update itself says best
        if let Ok(applied) = self.decoder.apply(payload) {
            self.broken = false;
            if applied.was_reset {
                // whatever was said, here is the host's picture
                (self.host_is_lost, self.hub_is_lost) = (false, false);
                self.is_withheld = false;
            }
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

    /// Another place of the same recording, where an update comes first that stands alone. The pointer's
    /// shape is said only where it changes, so the last one known is the best guess.
    pub(crate) fn before_a_reset(&mut self) -> Self {
        Self {
            shape: self.shape.take(),
            ..Self::default()
        }
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

    /// The picture may be an old one: the line to the host is lost.
    pub(crate) fn is_lost(&self) -> bool {
        self.host_is_lost || self.hub_is_lost
    }

    /// Why the picture may be an old one, if it may.
    pub(crate) fn held(&self) -> Option<Held> {
        if self.is_lost() {
            Some(Held::Lost)
        } else {
            self.is_withheld.then_some(Held::Withheld)
        }
    }

    /// How many updates made no sense.
    pub(crate) fn not_understood(&self) -> u64 {
        self.not_understood
    }
}

#[cfg(test)]
mod tests {
    use codec::FormatVersion;

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
    fn only_a_picture_that_stands_alone_is_seen_after_the_hub_was_lost() {
        let mut scene = Scene::default();
        let screen = |payload: &[u8]| Body::Screen {
            seq: 1,
            is_reset: false,
            payload: payload.to_vec().into(),
        };
        let lost = |side| Body::Event(Event::Interrupted { side });
        let back = |side| Body::Event(Event::Resumed { side });
        let reset = screen(&[1, FormatVersion::NEWEST.number(), 20, 20]);
        assert!(scene.apply(&reset));
        let ada = || Side::Operator {
            name: "Ada".to_owned(),
        };
        assert!(!scene.apply(&lost(ada())) && !scene.is_lost());
        assert!(scene.apply(&lost(Side::Host)));
        assert!(!scene.apply(&lost(Side::Hub)), "it is no more lost");
        assert!(!scene.apply(&back(Side::Host)), "the hub still is");
        assert!(scene.is_lost());
        scene.apply(&screen(&[0]));
        assert_eq!(scene.not_understood(), 1);
        assert!(scene.apply(&reset) && !scene.is_lost());
        scene.apply(&screen(&[0]));
        assert_eq!(scene.not_understood(), 1);
        assert!(!scene.apply(&back(Side::Hub)));
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
