//! The cache of tiles that both sides keep.
//!
//! A tile about to change goes into the next slot, round and round; when the same tile comes back
//! (a menu closes, a window returns) its slot number is enough. Both sides fill their slots from
//! the old picture by the same list, so that nothing but tile numbers travels.

use rustc_hash::FxHashMap;

use crate::geometry::Rect;
use crate::picture::Picture;

/// How many tiles a cache holds: 16 MiB of pixels.
pub(crate) const SLOTS: u16 = 1024;

/// The slots of one side.
#[derive(Clone)]
pub(crate) struct TileCache {
    slots: Vec<Slot>,
    next: u16,
}

#[derive(Clone, Default)]
struct Slot {
    width: u32,
    pixels: Vec<u32>,
}

impl TileCache {
    pub(crate) fn new() -> Self {
        Self {
            slots: Vec::new(),
            next: 0,
        }
    }

    /// Puts the pixels of `rect` into the next slot and tells its number.
    pub(crate) fn store(&mut self, picture: &Picture, rect: Rect) -> u16 {
        let number = self.next;
        self.next = (number + 1) % SLOTS;
        if usize::from(number) == self.slots.len() {
            self.slots.push(Slot::default());
        }
        let slot = &mut self.slots[usize::from(number)];
        slot.width = rect.width;
        slot.pixels.clear();
        // Else a slot whose tiles grow could take twice what the largest needs.
        slot.pixels
            .reserve_exact(rect.width as usize * rect.height as usize);
        for y in rect.y..rect.bottom() {
            slot.pixels
                .extend_from_slice(picture.span(rect.x, y, rect.width));
        }
        number
    }

    /// The rows of a stored tile, if the slot holds one of this size.
    pub(crate) fn tile(
        &self,
        number: u32,
        width: u32,
        height: u32,
    ) -> Option<impl Iterator<Item = &[u32]>> {
        let slot = self.slots.get(number as usize)?;
        let fits = slot.width == width && slot.pixels.len() == width as usize * height as usize;
        (fits && width > 0).then(|| slot.pixels.chunks_exact(width as usize))
    }

    /// Whether the slot holds what `rect` shows.
    pub(crate) fn matches(&self, number: u16, picture: &Picture, rect: Rect) -> bool {
        self.tile(u32::from(number), rect.width, rect.height)
            .is_some_and(|rows| {
                (rect.y..)
                    .zip(rows)
                    .all(|(y, row)| row == picture.span(rect.x, y, rect.width))
            })
    }
}

/// What only the encoder keeps: which slot holds a tile.
pub(crate) struct TileIndex {
    slot_of: FxHashMap<u64, u16>,
    hash_in: Vec<Option<u64>>,
}

impl TileIndex {
    pub(crate) fn new() -> Self {
        Self {
            slot_of: FxHashMap::default(),
            hash_in: vec![None; usize::from(SLOTS)],
        }
    }

    /// The slot that held a tile of this hash; whether it is the same tile, only a look can tell.
    pub(crate) fn find(&self, hash: u64) -> Option<u16> {
        self.slot_of.get(&hash).copied()
    }

    /// Notes what a slot holds now.
    pub(crate) fn insert(&mut self, hash: u64, slot: u16) {
        if let Some(evicted) = self.hash_in[usize::from(slot)].replace(hash)
            && self.slot_of.get(&evicted) == Some(&slot)
        {
            self.slot_of.remove(&evicted);
        }
        self.slot_of.insert(hash, slot);
    }
}

/// A hash over every fifth row of a tile: quick, and nearly always enough to tell tiles apart.
pub(crate) fn tile_hash(picture: &Picture, rect: Rect) -> u64 {
    const FIRST_ROW: u32 = 2;
    const ROW_STEP: usize = 5;
    let mut lanes: [u64; 4] = [
        0x9e37_79b9_7f4a_7c15,
        0xc2b2_ae3d_27d4_eb4f,
        0x1656_67b1_9e37_79f9,
        0x27d4_eb2f_1656_67c5,
    ];
    for y in (rect.y..rect.bottom())
        .skip(FIRST_ROW as usize)
        .step_by(ROW_STEP)
    {
        for pixels in picture.span(rect.x, y, rect.width).chunks_exact(8) {
            for (lane, pair) in lanes.iter_mut().zip(pixels.chunks_exact(2)) {
                let value = u64::from(pair[0]) | u64::from(pair[1]) << 32;
                *lane = (*lane ^ value).wrapping_mul(0x9fb2_1c65_1e98_df25);
                *lane ^= *lane >> 29;
            }
        }
    }
    let [a, b, c, d] = lanes;
    (a.rotate_left(1) ^ b.rotate_left(17) ^ c.rotate_left(33) ^ d.rotate_left(49))
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::PixelSize;

    fn picture_of(value: u32) -> Picture {
        let mut picture = Picture::new(PixelSize::new(64, 64));
        picture.pixels_mut().fill(value);
        picture
    }

    #[test]
    fn the_oldest_tile_makes_room_for_the_newest() {
        let (mut cache, mut index) = (TileCache::new(), TileIndex::new());
        let rect = Rect::new(0, 0, 64, 64);
        for value in 0..=u32::from(SLOTS) {
            let picture = picture_of(value);
            let slot = cache.store(&picture, rect);
            index.insert(tile_hash(&picture, rect), slot);
        }
        assert_eq!(index.find(tile_hash(&picture_of(0), rect)), None);
        assert_eq!(index.find(tile_hash(&picture_of(1), rect)), Some(1));
        assert!(cache.matches(0, &picture_of(u32::from(SLOTS)), rect));
        assert!(!cache.matches(0, &picture_of(0), rect));
    }

    #[test]
    fn a_slot_gives_nothing_for_another_size() {
        let mut cache = TileCache::new();
        cache.store(&picture_of(7), Rect::new(0, 0, 64, 32));
        assert!(cache.tile(0, 64, 32).is_some());
        assert!(cache.tile(0, 32, 64).is_none());
        assert!(cache.tile(0, 0, 0).is_none());
        assert!(cache.tile(1, 64, 32).is_none());
        assert!(cache.tile(u32::MAX, 64, 32).is_none());
    }
}
