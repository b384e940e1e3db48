//! From the bitmaps of a Windows cursor to a picture with transparency.

/// What is drawn for a pixel that inverts what is under it: nobody here knows what that is.
const DARK: [u8; 4] = [0, 0, 0, 255];
/// Around such pixels, so that they are seen on anything.
const RIM: [u8; 4] = [255, 255, 255, 255];
const CLEAR: [u8; 4] = [0; 4];

/// The bitmaps of a cursor, rows from the top, as Windows keeps them: the mask alone, twice as high, or beside
/// one in colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bitmaps {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Whether a pixel lets through what is under it.
    pub(super) lets_through: Vec<bool>,
    /// `0xAARRGGBB`, put over what is let through by exclusive or.
    pub(super) colours: Vec<u32>,
}

/// Red, green, blue, alpha of each pixel; `None` where the bitmaps are not as large as they say.
pub(super) fn rgba(bitmaps: &Bitmaps) -> Option<Vec<u8>> {
    let Bitmaps {
        width,
        height,
        lets_through,
        colours,
    } = bitmaps;
    let (width, height) = (*width as usize, *height as usize);
    let count = width.checked_mul(height)?;
    if width == 0 || lets_through.len() != count || colours.len() != count {
        return None;
    }
    let has_alpha = colours.iter().any(|colour| colour >> 24 != 0);
    let inverts = |at: usize| !has_alpha && lets_through[at] && colours[at] & 0x00ff_ffff != 0;
    let mut pixels = Vec::with_capacity(count * 4);
    for at in 0..count {
        let [blue, green, red, alpha] = colours[at].to_le_bytes();
        let pixel = if has_alpha {
            [red, green, blue, alpha]
        } else if inverts(at) {
            DARK
        } else if !lets_through[at] {
            [red, green, blue, 255]
        } else if neighbours(at, width, height).any(inverts) {
            RIM
        } else {
            CLEAR
        };
        pixels.extend(pixel);
    }
    Some(pixels)
}

fn neighbours(at: usize, width: usize, height: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (at % width, at / width);
    let rows = y.saturating_sub(1)..=(y + 1).min(height - 1);
    rows.flat_map(move |row| {
        let columns = x.saturating_sub(1)..=(x + 1).min(width - 1);
        columns.map(move |column| row * width + column)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(lets_through: &[bool], colours: &[u32]) -> Vec<[u8; 4]> {
        let bitmaps = Bitmaps {
            width: u32::try_from(colours.len()).unwrap(),
            height: 1,
            lets_through: lets_through.to_vec(),
            colours: colours.to_vec(),
        };
        let rgba = rgba(&bitmaps).unwrap();
        rgba.as_chunks::<4>().0.to_vec()
    }

    #[test]
    fn a_cursor_with_alpha_is_drawn_by_it_alone() {
        let drawn = pixels(&[true, false], &[0x8011_2233, 0]);
        assert_eq!(drawn, [[0x11, 0x22, 0x33, 0x80], CLEAR]);
    }

    #[test]
    fn a_cursor_of_two_masks_has_black_white_and_nothing() {
        let drawn = pixels(&[false, false, true, true], &[0, 0xff_ffff, 0, 0]);
        assert_eq!(drawn, [DARK, RIM, CLEAR, CLEAR]);
    }

    #[test]
    fn what_inverts_is_dark_with_a_rim_that_is_seen_on_dark() {
        let drawn = pixels(&[true, true, true, true], &[0, 0xff_ffff, 0, 0]);
        assert_eq!(drawn, [RIM, DARK, RIM, CLEAR]);
    }

    #[test]
    fn bitmaps_of_the_wrong_size_are_no_cursor() {
        for (width, height) in [(0, 1), (2, 1), (1, 2), (u32::MAX, u32::MAX)] {
            let bitmaps = Bitmaps {
                width,
                height,
                lets_through: vec![true],
                colours: vec![0],
            };
            assert_eq!(rgba(&bitmaps), None, "{width} x {height}");
        }
    }
}
