//! The programs' icon: a life buoy on a blue square, drawn at any size.

/// Sizes in the file for Windows, in pixels.
const SIDES: [u16; 6] = [16, 24, 32, 48, 64, 128];

/// The icon at a size in pixels: rows from the top, four bytes for each pixel, alpha first. With `attention` it has
/// a red mark.
pub fn argb(side: u16, attention: bool) -> Vec<u8> {
    let colours =
        pixels(side, attention).flat_map(|([red, green, blue], alpha)| [alpha, red, green, blue]);
    colours.collect()
}

/// As [`argb`], alpha last.
pub fn rgba(side: u16, attention: bool) -> Vec<u8> {
    let colours =
        pixels(side, attention).flat_map(|([red, green, blue], alpha)| [red, green, blue, alpha]);
    colours.collect()
}

fn pixels(side: u16, attention: bool) -> impl Iterator<Item = ([u8; 3], u8)> {
    const BLUE: [f32; 3] = [37.0, 99.0, 235.0];
    const RED: [f32; 3] = [220.0, 38.0, 38.0];
    let whole = f32::from(side);
    let places = (0..side).flat_map(move |row| (0..side).map(move |column| (row, column)));
    places.map(move |(row, column)| {
        // in a square from -1 to 1
        let at = |place: u16| (f32::from(place) + 0.5) / whole * 2.0 - 1.0;
        let (x, y) = (at(column), at(row));
        let inside = |distance: f32| (0.5 - distance * whole / 2.0).clamp(0.0, 1.0);
        let from_middle = x.hypot(y);
        // a life buoy: a ring on a square with round corners
        let square = rounded(x, y, 0.96, 0.42);
        let ring = (from_middle - 0.46).abs() - 0.17;
        let mut color = mixed(BLUE, [255.0; 3], inside(ring));
        let mut alpha = inside(square);
        if attention {
            let dot = (x - 0.58).hypot(y + 0.58) - 0.4;
            color = mixed(color, RED, inside(dot));
            alpha = alpha.max(inside(dot));
        }
        (color.map(byte), byte(alpha * 255.0))
    })
}

/// How far a point is from a square with round corners; negative inside.
fn rounded(x: f32, y: f32, half: f32, radius: f32) -> f32 {
    let (x, y) = (x.abs() - half + radius, y.abs() - half + radius);
    x.max(0.0).hypot(y.max(0.0)) + x.max(y).min(0.0) - radius
}

fn mixed(below: [f32; 3], above: [f32; 3], share: f32) -> [f32; 3] {
    std::array::from_fn(|part| below[part] + (above[part] - below[part]) * share)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a colour's part between 0 and 255"
)]
fn byte(part: f32) -> u8 {
    part.round().clamp(0.0, 255.0) as u8
}

/// The icon as the file that Windows' programs carry: a list of pictures, each a bitmap and a mask.
pub fn ico() -> Vec<u8> {
    let pictures = SIDES.map(|side| (side, windows_picture(side, false)));
    let count = u16::try_from(pictures.len()).unwrap_or(0);
    let mut file = Vec::new();
    // of the kind "icon"
    for number in [0, 1, count] {
        file.extend(number.to_le_bytes());
    }
    let mut at = 6 + 16 * u32::from(count);
    for (side, bitmap) in &pictures {
        let len_bytes = u32::try_from(bitmap.len()).unwrap_or(u32::MAX);
        let [side, _] = side.to_le_bytes();
        let no_palette = [0, 0];
        file.extend([side, side]);
        file.extend(no_palette);
        // one plane of 32 bits
        for number in [1_u16, 32] {
            file.extend(number.to_le_bytes());
        }
        for number in [len_bytes, at] {
            file.extend(number.to_le_bytes());
        }
        at += len_bytes;
    }
    for (_, bitmap) in pictures {
        file.extend(bitmap);
    }
    file
}

/// The icon at a size in pixels, as Windows takes it: a bitmap and a mask.
pub fn windows_picture(side: u16, attention: bool) -> Vec<u8> {
    let (head_bytes, width) = (40, u32::from(side));
    // the mask counts as further rows
    let height = width * 2;
    let mut bitmap = Vec::new();
    for number in [head_bytes, width, height, 1 | 32 << 16, 0, 0, 0, 0, 0, 0] {
        bitmap.extend(number.to_le_bytes());
    }
    let row_bytes = usize::from(side) * 4;
    for row in rgba(side, attention).chunks_exact(row_bytes).rev() {
        for pixel in row.chunks_exact(4) {
            bitmap.extend([pixel[2], pixel[1], pixel[0], pixel[3]]);
        }
    }
    // nobody reads it where pixels have an alpha; each row ends at four bytes
    let mask_row_bytes = usize::from(side).div_ceil(32) * 4;
    bitmap.resize(bitmap.len() + mask_row_bytes * usize::from(side), 0);
    bitmap
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_is_blue_with_a_light_ring_and_has_a_red_mark_when_somebody_waits() {
        let pixel = |bytes: &[u8], x: usize, y: usize| {
            let at = (y * 22 + x) * 4;
            [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]
        };
        let calm = argb(22, false);
        assert_eq!(calm.len(), 22 * 22 * 4);
        assert_eq!(pixel(&calm, 0, 0)[0], 0, "a corner is round");
        assert_eq!(pixel(&calm, 11, 11), [255, 37, 99, 235], "the middle");
        assert_eq!(pixel(&calm, 16, 11), [255; 4], "the ring");
        let mark = pixel(&argb(22, true), 17, 4);
        assert_eq!(mark, [255, 220, 38, 38]);
        assert_eq!(pixel(&rgba(22, true), 17, 4), [220, 38, 38, 255]);
    }

    #[test]
    fn the_file_for_windows_says_where_each_size_is() {
        let file = ico();
        let number = |at: usize| {
            let bytes = file[at..at + 4].try_into().expect("four bytes");
            usize::try_from(u32::from_le_bytes(bytes)).expect("small")
        };
        assert_eq!(file[..6], [0, 0, 1, 0, 6, 0]);
        let mut end = 6 + 16 * SIDES.len();
        for (index, side) in SIDES.iter().enumerate() {
            let entry = 6 + 16 * index;
            let (len, at) = (number(entry + 8), number(entry + 12));
            assert_eq!(u16::from(file[entry]), *side);
            assert_eq!(at, end);
            assert_eq!(number(at), 40);
            assert_eq!(number(at + 4), usize::from(*side));
            end += len;
        }
        assert_eq!(end, file.len());
    }
}
