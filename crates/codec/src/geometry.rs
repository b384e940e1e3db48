//! Sizes and rectangles in pixels.

/// Widest or highest picture, in pixels.
pub const MAX_SIDE: u32 = 16_384;

/// Most pixels of one picture (64 Mi, that is 256 MiB of memory).
pub const MAX_PIXELS: u32 = 64 << 20;

/// The size of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PixelSize {
    pub width: u32,
    pub height: u32,
}

impl PixelSize {
    /// Names a size; whether a picture may have it, [`Self::is_supported`] tells.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Whether a picture may have this size: not empty, no side above [`MAX_SIDE`], not more than
    /// [`MAX_PIXELS`] in all.
    pub const fn is_supported(self) -> bool {
        self.width >= 1
            && self.height >= 1
            && self.width <= MAX_SIDE
            && self.height <= MAX_SIDE
            // Two sides of at most 2^14 cannot overflow.
            && self.width * self.height <= MAX_PIXELS
    }

    /// The number of pixels.
    pub const fn area(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The rectangle from (0, 0) that covers all of it.
    pub const fn rect(self) -> Rect {
        Rect::new(0, 0, self.width, self.height)
    }
}

/// A rectangle in pixels, `x` to the right and `y` down from the picture's top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rect {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl Rect {
    pub const fn new(x: u32, y: u32, width: u32, height: u32) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }

    /// Its size.
    pub const fn size(self) -> PixelSize {
        PixelSize::new(self.width, self.height)
    }

    /// The first column to the right of it; stays at `u32::MAX` where that would not fit.
    pub const fn right(self) -> u32 {
        self.x.saturating_add(self.width)
    }

    /// The first row below it; stays at `u32::MAX` where that would not fit.
    pub const fn bottom(self) -> u32 {
        self.y.saturating_add(self.height)
    }

    /// Whether it holds no pixel.
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// The number of pixels.
    pub const fn area(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// Whether all of `other` lies within it. An empty `other` does if its corner does.
    pub const fn contains(self, other: Self) -> bool {
        self.x <= other.x
            && self.y <= other.y
            && other.right() <= self.right()
            && other.bottom() <= self.bottom()
    }

    /// What both have in common, or `None` if that is nothing.
    pub fn intersect(self, other: Self) -> Option<Self> {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let right = self.right().min(other.right());
        let bottom = self.bottom().min(other.bottom());
        (x < right && y < bottom).then(|| Self::new(x, y, right - x, bottom - y))
    }

    /// The smallest rectangle that covers both; an empty one adds nothing.
    pub fn union(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let right = self.right().max(other.right());
        let bottom = self.bottom().max(other.bottom());
        Self::new(x, y, right - x, bottom - y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_supported_up_to_its_limits() {
        assert!(PixelSize::new(1, 1).is_supported());
        assert!(PixelSize::new(16_384, 4_096).is_supported());
        assert!(!PixelSize::new(16_384, 4_097).is_supported());
        assert!(!PixelSize::new(16_385, 1).is_supported());
        assert!(!PixelSize::new(0, 9).is_supported());
        assert!(!PixelSize::new(u32::MAX, u32::MAX).is_supported());
    }

    #[test]
    fn rectangles_meet_join_and_never_overflow() {
        let a = Rect::new(2, 2, 4, 4);
        let b = Rect::new(4, 0, 8, 4);
        assert_eq!(a.intersect(b), Some(Rect::new(4, 2, 2, 2)));
        assert_eq!(a.union(b), Rect::new(2, 0, 10, 6));
        assert_eq!(a.intersect(Rect::new(6, 2, 1, 1)), None);
        assert_eq!(a.union(Rect::default()), a);
        let huge = Rect::new(u32::MAX - 1, 3, u32::MAX, u32::MAX);
        assert_eq!(huge.right(), u32::MAX);
        assert!(!PixelSize::new(9, 9).rect().contains(huge));
        assert!(a.union(b).contains(a));
    }
}
