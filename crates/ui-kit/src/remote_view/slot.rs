//! The newest picture of a session, on its way from the decoding thread to the GUI thread.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use codec::{Picture, PixelSize, Rect};
use protocol::{PointerShape, PointerUpdate};

/// Most separate rectangles of damage; more are merged into one.
const MOST_RECTS: usize = 48;

/// A place for one picture: the newest replaces what nobody has looked at yet.
///
/// Publishing copies only what changed, under a lock that is never held for longer than a copy.
pub struct PictureSlot {
    state: Mutex<State>,
    wake: Box<dyn Fn() + Send + Sync>,
}

/// The host's pointer as last told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RemotePointer {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) visible: bool,
    pub(super) shape: Option<Arc<PointerShape>>,
}

#[derive(Default)]
struct State {
    picture: Option<Picture>,
    /// The number of the update that the picture is of.
    seq: u64,
    damage: Damage,
    pointer: Option<RemotePointer>,
    /// The reader was woken and has not come yet.
    woken: bool,
}

impl fmt::Debug for PictureSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PictureSlot")
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

impl PictureSlot {
    /// An empty slot. `wake` is called from the publishing thread, once until the reader has come;
    /// for a window that means `ctx.request_repaint_of(viewport)`.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            wake: Box::new(wake),
        })
    }

    /// Takes over what changed in `picture` by update `seq`; a picture of another size is taken as a
    /// whole.
    ///
    /// `changed` may overlap and reach beyond the picture.
    pub fn publish(&self, picture: &Picture, changed: &[Rect], seq: u64) {
        let size = picture.size();
        self.change(|state| {
            state.seq = seq;
            let Some(shown) = state.picture.as_mut().filter(|shown| shown.size() == size) else {
                state.picture = Some(picture.clone());
                state.damage.everything(size);
                return true;
            };
            let changed = changed
                .iter()
                .filter_map(|rect| rect.intersect(size.rect()));
            let mut any = false;
            for rect in changed {
                copy(picture, shown, rect);
                state.damage.add(rect);
                any = true;
            }
            any
        });
    }

    /// Takes over where the host's pointer is and what it looks like; an unsound shape is ignored.
    pub fn publish_pointer(&self, update: &PointerUpdate) {
        self.change(|state| {
            let sound = update.shape.as_ref().filter(|shape| shape.is_sound());
            let old = state.pointer.take();
            let shape = match sound {
                Some(shape) => Some(Arc::new(shape.clone())),
                None => old.as_ref().and_then(|old| old.shape.clone()),
            };
            let new = RemotePointer {
                x: update.x,
                y: update.y,
                visible: update.visible,
                shape,
            };
            let changed = old.as_ref() != Some(&new);
            state.pointer = Some(new);
            changed
        });
    }

    /// Size of the picture, once there is one.
    pub fn size(&self) -> Option<PixelSize> {
        self.lock().picture.as_ref().map(Picture::size)
    }

    /// A copy of the picture as it is now, for a screenshot (S2).
    pub fn snapshot(&self) -> Option<Picture> {
        self.lock().picture.clone()
    }

    /// Hands the picture and what changed since the last call to `read`; both stay locked for as
    /// long as it runs. Gives the number of the picture's update, and the pointer.
    pub(super) fn take(
        &self,
        read: impl FnOnce(Option<(&Picture, &[Rect])>),
    ) -> (u64, Option<RemotePointer>) {
        let mut state = self.lock();
        state.woken = false;
        let damage = std::mem::take(&mut state.damage);
        read(
            state
                .picture
                .as_ref()
                .map(|picture| (picture, damage.rects.as_slice())),
        );
        (state.seq, state.pointer.clone())
    }

    fn change(&self, change: impl FnOnce(&mut State) -> bool) {
        let mut state = self.lock();
        let wake = change(&mut state) && !state.woken;
        state.woken |= wake;
        drop(state);
        if wake {
            (self.wake)();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // a picture is pixels: there is no half state that could do harm
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn copy(from: &Picture, to: &mut Picture, rect: Rect) {
    let columns = rect.x as usize..rect.right() as usize;
    for y in rect.y..rect.bottom() {
        to.row_mut(y)[columns.clone()].copy_from_slice(&from.row(y)[columns.clone()]);
    }
}

/// What changed, as few rectangles.
#[derive(Debug, Default)]
struct Damage {
    rects: Vec<Rect>,
}

impl Damage {
    fn everything(&mut self, size: PixelSize) {
        self.rects.clear();
        self.rects.push(size.rect());
    }

    fn add(&mut self, rect: Rect) {
        if self.rects.iter().any(|known| known.contains(rect)) {
            return;
        }
        self.rects.retain(|known| !rect.contains(*known));
        self.rects.push(rect);
        if self.rects.len() > MOST_RECTS {
            let all = self.rects.drain(..).reduce(Rect::union);
            self.rects.extend(all);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn slot() -> (Arc<PictureSlot>, Arc<AtomicUsize>) {
        let wakes = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&wakes);
        let slot = PictureSlot::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
        });
        (slot, wakes)
    }

    fn taken(slot: &PictureSlot) -> Vec<Rect> {
        let mut damage = Vec::new();
        slot.take(|new| damage = new.map(|(_, rects)| rects.to_vec()).unwrap_or_default());
        damage
    }

    #[test]
    fn the_reader_is_woken_once_and_finds_everything() {
        let (slot, wakes) = slot();
        let mut picture = Picture::new(PixelSize::new(64, 64));
        slot.publish(&picture, &[], 1);
        assert_eq!(taken(&slot), [Rect::new(0, 0, 64, 64)]);

        picture.row_mut(3)[5] = 0x00ff_0000;
        slot.publish(&picture, &[Rect::new(4, 2, 4, 4)], 1);
        slot.publish(&picture, &[Rect::new(40, 40, 100, 1)], 1);
        assert_eq!(wakes.load(Ordering::Relaxed), 2);
        assert_eq!(
            taken(&slot),
            [Rect::new(4, 2, 4, 4), Rect::new(40, 40, 24, 1)]
        );
        assert_eq!(slot.snapshot().expect("a picture").row(3)[5], 0x00ff_0000);
        assert_eq!(taken(&slot), []);
    }

    #[test]
    fn only_what_was_named_is_copied() {
        let (slot, _) = slot();
        let mut picture = Picture::new(PixelSize::new(8, 8));
        slot.publish(&picture, &[], 1);
        picture.pixels_mut().fill(7);
        slot.publish(&picture, &[Rect::new(1, 1, 2, 2)], 1);
        let shown = slot.snapshot().expect("a picture");
        assert_eq!(
            shown.pixels().iter().filter(|&&pixel| pixel == 7).count(),
            4
        );
    }

    #[test]
    fn nothing_changed_wakes_nobody() {
        let (slot, wakes) = slot();
        let picture = Picture::new(PixelSize::new(8, 8));
        slot.publish(&picture, &[], 1);
        taken(&slot);
        slot.publish(&picture, &[], 1);
        slot.publish(&picture, &[Rect::new(20, 20, 5, 5)], 1);
        assert_eq!(wakes.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn much_damage_becomes_one_rectangle() {
        let mut damage = Damage::default();
        for x in 0..60 {
            damage.add(Rect::new(x * 10, 0, 5, 5));
        }
        assert!(damage.rects.len() <= MOST_RECTS);
        assert!(
            damage
                .rects
                .iter()
                .any(|rect| rect.contains(Rect::new(0, 0, 5, 5)))
        );
    }

    #[test]
    fn an_unsound_pointer_keeps_the_last_good_shape() {
        let (slot, _) = slot();
        let good = PointerShape {
            width: 1,
            height: 1,
            hot_x: 0,
            hot_y: 0,
            rgba: vec![1, 2, 3, 255].into(),
        };
        let update = |shape| PointerUpdate {
            seq: 1,
            at_micros: 0,
            x: 1,
            y: 2,
            visible: true,
            shape,
        };
        slot.publish_pointer(&update(Some(good.clone())));
        let bad = PointerShape {
            width: 200,
            ..good.clone()
        };
        slot.publish_pointer(&update(Some(bad)));
        let pointer = slot.take(|_| ()).1.expect("a pointer");
        assert_eq!(pointer.shape.as_deref(), Some(&good));
    }
}
