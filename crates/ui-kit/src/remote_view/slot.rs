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

/// Which part of a whole picture something shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// In pixels of the whole, and inside of it.
    pub part: Rect,
    /// The size of the whole.
    pub whole: PixelSize,
}

impl Cut {
    /// All of a picture of that size.
    pub fn all(whole: PixelSize) -> Self {
        Self {
            part: whole.rect(),
            whole,
        }
    }

    /// Where `rect` of the whole is in the part, if it is in there.
    pub fn inside(&self, rect: Rect) -> Option<Rect> {
        let rect = rect.intersect(self.part)?;
        Some(Rect::new(
            rect.x - self.part.x,
            rect.y - self.part.y,
            rect.width,
            rect.height,
        ))
    }

    /// Copies `rect` of `whole` to where it is in the part. It is inside of the part.
    pub fn copy(&self, whole: &Picture, part: &mut Picture, rect: Rect) {
        let from = rect.x as usize..rect.right() as usize;
        let left = (rect.x - self.part.x) as usize;
        let to = left..left + rect.width as usize;
        for y in rect.y..rect.bottom() {
            let row = &whole.row(y)[from.clone()];
            part.row_mut(y - self.part.y)[to.clone()].copy_from_slice(row);
        }
    }

    /// The part as a picture of its own.
    pub fn picture(&self, whole: &Picture) -> Picture {
        let mut part = Picture::new(self.part.size());
        self.copy(whole, &mut part, self.part);
        part
    }
}

/// The host's pointer as last told, in pixels of the whole picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RemotePointer {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) visible: bool,
    pub(super) shape: Option<Arc<PointerShape>>,
}

#[derive(Default)]
struct State {
    picture: Option<(Picture, Cut)>,
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
        self.publish_part(picture, Cut::all(picture.size()), changed, seq);
    }

    /// The same of a part of `picture`, whose size `cut` names too; another part is taken as a whole.
    pub fn publish_part(&self, picture: &Picture, cut: Cut, changed: &[Rect], seq: u64) {
        self.change(|state| {
            state.seq = seq;
            let Some((shown, _)) = state.picture.as_mut().filter(|(_, known)| *known == cut) else {
                state.picture = Some((cut.picture(picture), cut));
                state.damage.everything(cut.part.size());
                return true;
            };
            let mut any = false;
            for rect in changed.iter().filter_map(|rect| rect.intersect(cut.part)) {
                cut.copy(picture, shown, rect);
                state.damage.extend(cut.inside(rect));
                any = true;
            }
            any
        });
    }

    /// Takes over a part of what `other` has, which shows a whole picture, unless there is a picture here
    /// already.
    pub fn begin_with(&self, other: &Self, cut: Cut) {
        let whole = {
            let state = other.lock();
            let there = state.picture.as_ref();
            let there = there.filter(|(_, all)| *all == Cut::all(cut.whole));
            there.map(|(picture, _)| (cut.picture(picture), state.seq))
        };
        self.change(|state| {
            let Some((picture, seq)) = whole.filter(|_| state.picture.is_none()) else {
                return false;
            };
            state.picture = Some((picture, cut));
            state.seq = seq;
            state.damage.everything(cut.part.size());
            true
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
        self.cut().map(|cut| cut.part.size())
    }

    /// Which part of the host's picture it is, once there is one.
    pub fn cut(&self) -> Option<Cut> {
        self.lock().picture.as_ref().map(|(_, cut)| *cut)
    }

    /// A copy of the picture as it is now, for a screenshot (S2).
    pub fn snapshot(&self) -> Option<Picture> {
        let state = self.lock();
        state.picture.as_ref().map(|(picture, _)| picture.clone())
    }

    /// The same, and which part of the host's picture it is.
    pub fn snapshot_of_part(&self) -> Option<(Picture, Cut)> {
        self.lock().picture.clone()
    }

    /// Hands the picture and what changed since the last call to `read`; both stay locked for as
    /// long as it runs. Gives the number of the picture's update, its part, and the pointer.
    pub(super) fn take(
        &self,
        read: impl FnOnce(Option<(&Picture, &[Rect])>),
    ) -> (u64, Option<Cut>, Option<RemotePointer>) {
        let mut state = self.lock();
        state.woken = false;
        let damage = std::mem::take(&mut state.damage);
        read(
            state
                .picture
                .as_ref()
                .map(|(picture, _)| (picture, damage.rects.as_slice())),
        );
        let cut = state.picture.as_ref().map(|(_, cut)| *cut);
        (state.seq, cut, state.pointer.clone())
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

    fn extend(&mut self, rects: impl IntoIterator<Item = Rect>) {
        rects.into_iter().for_each(|rect| self.add(rect));
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
    fn a_part_is_kept_up_to_date_and_hears_of_nothing_outside() {
        let (slot, wakes) = slot();
        let mut picture = Picture::new(PixelSize::new(8, 4));
        let cut = Cut {
            part: Rect::new(5, 1, 3, 2),
            whole: picture.size(),
        };
        slot.publish_part(&picture, cut, &[], 1);
        assert_eq!(slot.size(), Some(PixelSize::new(3, 2)));
        taken(&slot);
        picture.pixels_mut().fill(7);
        slot.publish_part(&picture, cut, &[Rect::new(0, 0, 5, 4)], 2);
        assert_eq!(wakes.load(Ordering::Relaxed), 1);
        slot.publish_part(&picture, cut, &[Rect::new(0, 2, 6, 9)], 3);
        assert_eq!(taken(&slot), [Rect::new(0, 1, 1, 1)]);
        let shown = slot.snapshot().expect("a picture");
        assert_eq!(shown.pixels(), [0, 0, 0, 7, 0, 0]);
    }

    #[test]
    fn a_part_begins_with_what_the_whole_shows_and_never_with_older_pixels() {
        let (whole, _) = slot();
        let mut picture = Picture::new(PixelSize::new(4, 2));
        picture.row_mut(1)[3] = 9;
        whole.publish(&picture, &[], 4);
        let cut = Cut {
            part: Rect::new(2, 0, 2, 2),
            whole: picture.size(),
        };
        let (part, wakes) = slot();
        part.begin_with(&whole, cut);
        assert_eq!(part.snapshot().expect("a picture").pixels(), [0, 0, 0, 9]);
        assert_eq!(wakes.load(Ordering::Relaxed), 1);
        let (late, _) = slot();
        picture.row_mut(0)[2] = 5;
        late.publish_part(&picture, cut, &[], 5);
        late.begin_with(&whole, cut);
        assert_eq!(late.snapshot().expect("a picture").pixels(), [5, 0, 0, 9]);
        let (other, _) = slot();
        let larger = Cut {
            whole: PixelSize::new(8, 2),
            ..cut
        };
        other.begin_with(&whole, larger);
        assert_eq!(other.size(), None, "of a picture that is no more");
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
        let pointer = slot.take(|_| ()).2.expect("a pointer");
        assert_eq!(pointer.shape.as_deref(), Some(&good));
    }
}
