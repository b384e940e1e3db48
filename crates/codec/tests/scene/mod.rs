//! Random screens that do what desktops do.

use std::time::Duration;

use codec::{Picture, PixelSize, Rect};
use proptest::prelude::*;

/// Something that happens on a screen. Rectangles are cut to the picture.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Fill {
        rect: Rect,
        colour: u32,
    },
    /// Marks of few colours, like letters.
    Text {
        rect: Rect,
        seed: u32,
    },
    Noise {
        rect: Rect,
        seed: u32,
    },
    Scroll {
        rect: Rect,
        rows: i32,
    },
    Drag {
        rect: Rect,
        to_x: u32,
        to_y: u32,
    },
    /// What the picture showed some steps ago comes back.
    Return {
        steps: usize,
    },
    Resize(PixelSize),
    Reset,
    Wait(Duration),
    /// Only the unused byte of the pixels changes.
    TopBytes(u8),
}

fn rect() -> impl Strategy<Value = Rect> {
    (0_u32..300, 0_u32..200, 1_u32..300, 1_u32..200)
        .prop_map(|(x, y, width, height)| Rect::new(x, y, width, height))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (rect(), any::<u32>()).prop_map(|(rect, colour)| Step::Fill { rect, colour }),
        4 => (rect(), any::<u32>()).prop_map(|(rect, seed)| Step::Text { rect, seed }),
        1 => (rect(), any::<u32>()).prop_map(|(rect, seed)| Step::Noise { rect, seed }),
        4 => (rect(), -60_i32..60).prop_map(|(rect, rows)| Step::Scroll { rect, rows }),
        4 => (rect(), 0_u32..300, 0_u32..200)
            .prop_map(|(rect, to_x, to_y)| Step::Drag { rect, to_x, to_y }),
        3 => (0_usize..5).prop_map(|steps| Step::Return { steps }),
        1 => (1_u32..320, 1_u32..220).prop_map(|(w, h)| Step::Resize(PixelSize::new(w, h))),
        1 => Just(Step::Reset),
        2 => (0_u64..900).prop_map(|millis| Step::Wait(Duration::from_millis(millis))),
        1 => any::<u8>().prop_map(Step::TopBytes),
    ]
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let start = Just(Step::Text {
        rect: Rect::new(0, 0, 300, 200),
        seed: 1,
    });
    (start, prop::collection::vec(step(), 1..14)).prop_map(|(start, mut steps)| {
        steps.insert(0, start);
        steps
    })
}

/// A screen and what is known about its changes.
pub(crate) struct Screen {
    pub(crate) picture: Picture,
    pub(crate) now: Duration,
    /// Where it changed since this was last cleared.
    pub(crate) damage: Vec<Rect>,
    past: Vec<Picture>,
}

impl Screen {
    pub(crate) fn new(size: PixelSize) -> Self {
        Self {
            picture: Picture::new(size),
            now: Duration::ZERO,
            damage: Vec::new(),
            past: Vec::new(),
        }
    }

    pub(crate) fn apply(&mut self, step: &Step) {
        self.past.insert(0, self.picture.clone());
        self.past.truncate(5);
        self.now += Duration::from_millis(40);
        let whole = self.picture.size().rect();
        match *step {
            Step::Fill { rect, colour } => self.paint(rect, |_, _| colour),
            Step::Text { rect, seed } => self.paint(rect, |x, y| {
                let ink = hash(x / 2, y, seed).is_multiple_of(4) && y % 14 < 10;
                if ink { 0x0010_2030 } else { 0x00ff_fff0 }
            }),
            Step::Noise { rect, seed } => self.paint(rect, |x, y| hash(x, y, seed)),
            Step::Scroll { rect, rows } => {
                let old = self.picture.clone();
                self.paint(rect, |x, y| {
                    let from = y
                        .checked_add_signed(rows)
                        .filter(|&from| from < whole.height);
                    from.map_or(0x00ff_fff0, |from| old.row(from)[x as usize])
                });
            }
            Step::Drag { rect, to_x, to_y } => {
                let old = self.picture.clone();
                let target = Rect {
                    x: to_x,
                    y: to_y,
                    ..rect
                };
                self.paint(rect, |_, _| 0x0044_6688);
                self.paint(target, |x, y| {
                    let from = Rect::new(x - to_x + rect.x, y - to_y + rect.y, 1, 1);
                    let inside = whole.contains(from);
                    if inside {
                        old.row(from.y)[from.x as usize]
                    } else {
                        0x0000_ff00
                    }
                });
            }
            Step::Return { steps } => {
                if let Some(past) = self
                    .past
                    .get(steps)
                    .filter(|past| past.size() == self.picture.size())
                {
                    self.picture = past.clone();
                    self.damage.push(whole);
                }
            }
            Step::Resize(size) => {
                self.picture = Picture::new(size);
                random_pixels(&mut self.picture, size.rect(), 3, 5);
            }
            Step::Reset => {}
            Step::Wait(time) => self.now += time,
            Step::TopBytes(byte) => {
                let old = self.picture.clone();
                let top = u32::from(byte) << 24;
                self.paint(whole, |x, y| old.row(y)[x as usize] & 0x00ff_ffff | top);
            }
        }
    }

    fn paint(&mut self, rect: Rect, colour_at: impl Fn(u32, u32) -> u32) {
        if let Some(rect) = rect.intersect(self.picture.size().rect()) {
            for y in rect.y..rect.bottom() {
                for x in rect.x..rect.right() {
                    self.picture.row_mut(y)[x as usize] = colour_at(x, y);
                }
            }
            self.damage.push(rect);
        }
    }
}

/// Fills `rect` with `colours` different colours at random.
pub(crate) fn random_pixels(picture: &mut Picture, rect: Rect, seed: u32, colours: u32) {
    for y in rect.y..rect.bottom() {
        for x in rect.x..rect.right() {
            let colour = hash(x, y, seed) % colours;
            picture.row_mut(y)[x as usize] = colour.wrapping_mul(0x0012_3457) & 0x00ff_ffff;
        }
    }
}

fn hash(x: u32, y: u32, seed: u32) -> u32 {
    let mut value =
        x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca6b) ^ seed.wrapping_mul(0xc2b2_ae35);
    for _ in 0..2 {
        value = (value ^ value >> 15).wrapping_mul(0x2c1b_3c6d);
    }
    value ^ value >> 13
}
