//! The pointer's picture in the size that travels.

use bytes::Bytes;
use capture::PointerPicture;
use protocol::PointerShape;
use protocol::limits::MAX_POINTER_SIDE;

/// The shape for the viewer, made smaller by a whole factor where it is too large to be sent.
pub(crate) fn sendable(picture: &PointerPicture) -> Option<PointerShape> {
    if picture.width == 0 || picture.height == 0 {
        return None;
    }
    let longest = picture.width.max(picture.height);
    let by = longest.div_ceil(MAX_POINTER_SIDE);
    let (width, height) = (picture.width / by, picture.height / by);
    let rgba = if by == 1 {
        Bytes::copy_from_slice(&picture.rgba)
    } else {
        smaller(&picture.rgba, usize::from(picture.width), usize::from(by))
    };
    let shape = PointerShape {
        width,
        height,
        hot_x: picture.hot_x / by,
        hot_y: picture.hot_y / by,
        rgba,
    };
    Some(shape).filter(PointerShape::is_sound)
}

/// A picture of rows of `width` pixels with one pixel, the mean, for each square of `by` x `by`; what is
/// left at the edges is cut off.
fn smaller(rgba: &[u8], width: usize, by: usize) -> Bytes {
    let rows: Vec<&[u8]> = rgba.chunks_exact(width * 4).collect();
    let mut out = Vec::new();
    for square_rows in rows.chunks_exact(by) {
        for left in (0..width / by).map(|column| column * by) {
            let pixels = square_rows
                .iter()
                .flat_map(|row| row[left * 4..(left + by) * 4].chunks_exact(4));
            // a pixel that is not seen has no colour
            let (mut colours, mut alpha, mut count) = ([0_u32; 3], 0, 0);
            for pixel in pixels {
                let seen = u32::from(pixel[3]);
                for (sum, colour) in colours.iter_mut().zip(pixel) {
                    *sum += u32::from(*colour) * seen;
                }
                alpha += seen;
                count += 1;
            }
            let byte = |value: u32| u8::try_from(value).unwrap_or(u8::MAX);
            out.extend(colours.map(|sum| byte(sum / alpha.max(1))));
            out.push(byte(alpha / count.max(1)));
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u16, height: u16, pixel: impl Fn(u16, u16) -> [u8; 4]) -> PointerPicture {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        PointerPicture {
            width,
            height,
            hot_x: width / 2,
            hot_y: height - 1,
            rgba: places.flat_map(|(x, y)| pixel(x, y)).collect(),
            serial: 1,
        }
    }

    #[test]
    fn what_fits_travels_as_it_is() {
        let fits = picture(256, 3, |x, y| {
            [x.to_le_bytes()[0], 7, 9, y.to_le_bytes()[0]]
        });
        let sent = sendable(&fits).expect("a shape");
        assert_eq!((sent.width, sent.height), (256, 3));
        assert_eq!(sent.rgba.to_vec(), fits.rgba);
        assert_eq!(sendable(&picture(0, 5, |_, _| [0; 4])), None);
    }

    #[test]
    fn what_is_too_large_travels_smaller_with_its_point_and_its_colours() {
        // red on the left, nothing on the right
        let red = |x, _| {
            if x < 200 {
                [255, 0, 0, 255]
            } else {
                [0, 255, 0, 0]
            }
        };
        let sent = sendable(&picture(400, 300, red)).expect("a shape");
        assert_eq!((sent.width, sent.height), (200, 150));
        assert_eq!((sent.hot_x, sent.hot_y), (100, 149));
        let pixel = |x: usize, y: usize| sent.rgba[(y * 200 + x) * 4..][..4].to_vec();
        assert_eq!(pixel(99, 140), [255, 0, 0, 255]);
        assert_eq!(pixel(100, 0)[3], 0, "seen through");
        for side in [257, 512, 513, 1000, 4096] {
            let sent = sendable(&picture(side, 1 + side / 100, |_, _| [1, 2, 3, 4]));
            assert!(
                sent.is_some_and(|shape| shape.width <= MAX_POINTER_SIDE),
                "{side}"
            );
        }
    }

    #[test]
    fn an_edge_that_is_half_seen_keeps_its_colour() {
        let half = |x, _| {
            if x % 2 == 0 {
                [200, 100, 50, 255]
            } else {
                [0, 0, 0, 0]
            }
        };
        let sent = sendable(&picture(512, 2, half)).expect("a shape");
        assert_eq!(sent.rgba[..4], [200, 100, 50, 127]);
    }
}
