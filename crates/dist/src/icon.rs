//! The icon, from its one drawing.

use anyhow::{Context as _, ensure};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use crate::release::Release;

/// The drawing, as SVG.
///
/// # Errors
///
/// If it cannot be read.
pub(crate) fn drawing(release: &Release) -> anyhow::Result<String> {
    release.text("packaging/icon.svg")
}

/// The icon at a size in pixels.
///
/// # Errors
///
/// If the drawing makes no sense.
pub(crate) fn png(drawing: &str, side: u32) -> anyhow::Result<Vec<u8>> {
    let tree = Tree::from_str(drawing, &Options::default())?;
    let size = tree.size();
    let is_square = (size.width() - size.height()).abs() < f32::EPSILON;
    ensure!(is_square, "the icon is no square");
    let mut pixels = Pixmap::new(side, side).context("an icon of no size")?;
    let scale = side as f32 / size.width();
    resvg::render(
        &tree,
        Transform::from_scale(scale, scale),
        &mut pixels.as_mut(),
    );
    Ok(pixels.encode_png()?)
}

/// The icon for Windows: several sizes in one file.
///
/// # Errors
///
/// If the drawing makes no sense.
pub(crate) fn ico(drawing: &str) -> anyhow::Result<Vec<u8>> {
    const SIDES: [u32; 6] = [16, 24, 32, 48, 64, 256];
    const HEADER: u32 = 6;
    const ENTRY: u32 = 16;
    let pictures = SIDES.map(|side| png(drawing, side));
    let pictures: Vec<_> = pictures.into_iter().collect::<anyhow::Result<_>>()?;
    let count = u16::try_from(SIDES.len())?;
    let mut bytes = [[0, 0], 1u16.to_le_bytes(), count.to_le_bytes()].concat();
    let mut at = HEADER + ENTRY * u32::from(count);
    for (side, picture) in SIDES.into_iter().zip(&pictures) {
        let length = u32::try_from(picture.len())?;
        // 256 is written as 0
        let side = u8::try_from(side).unwrap_or(0);
        bytes.extend([side, side, 0, 0]);
        bytes.extend([1u16, 32].into_iter().flat_map(u16::to_le_bytes));
        bytes.extend([length, at].into_iter().flat_map(u32::to_le_bytes));
        at += length;
    }
    bytes.extend(pictures.concat());
    Ok(bytes)
}

/// The icon for macOS: several sizes in one file.
///
/// # Errors
///
/// If the drawing makes no sense.
pub(crate) fn icns(drawing: &str) -> anyhow::Result<Vec<u8>> {
    const KINDS: [(&[u8; 4], u32); 4] = [
        (b"icp5", 32),
        (b"ic07", 128),
        (b"ic08", 256),
        (b"ic09", 512),
    ];
    let mut parts = Vec::new();
    for (kind, side) in KINDS {
        let picture = png(drawing, side)?;
        parts.extend(kind);
        parts.extend(u32::try_from(picture.len() + 8)?.to_be_bytes());
        parts.extend(picture);
    }
    let length = u32::try_from(parts.len() + 8)?;
    Ok([b"icns".as_slice(), &length.to_be_bytes(), &parts].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWING: &str = include_str!("../../../packaging/icon.svg");

    #[test]
    fn the_icon_is_blue_with_a_light_ring_as_in_the_notification_area() {
        let picture = image::load_from_memory(&png(DRAWING, 64).expect("drawn")).expect("a PNG");
        let picture = picture.to_rgba8();
        assert_eq!(picture.dimensions(), (64, 64));
        assert_eq!(picture.get_pixel(0, 0).0[3], 0, "the corner is round");
        assert_eq!(picture.get_pixel(32, 32).0, [37, 99, 235, 255]);
        assert_eq!(picture.get_pixel(32, 17).0, [255; 4]);
    }

    #[test]
    fn the_icon_for_windows_has_each_size_where_it_says() {
        let bytes = ico(DRAWING).expect("drawn");
        for entry in bytes[6..6 + 16 * 6].chunks_exact(16) {
            let number = |at: usize| {
                let four = entry[at..at + 4].try_into().expect("four bytes");
                u32::from_le_bytes(four) as usize
            };
            let picture = &bytes[number(12)..number(12) + number(8)];
            let picture = image::load_from_memory(picture).expect("a PNG");
            let side = if entry[0] == 0 {
                256
            } else {
                u32::from(entry[0])
            };
            assert_eq!(picture.width(), side);
        }
    }
}
