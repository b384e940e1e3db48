//! Copies pixels from the root window into a picture.

use codec::{Picture, Rect};
use x11::{PatientConnection, Segment, SegmentError, ServerMay};
use x11rb::connection::Connection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::shm::ConnectionExt as _;
use x11rb::protocol::xproto::{
    ConnectionExt as _, GetImageRequest, ImageFormat, ImageOrder, Screen, Setup, VisualClass,
    Window,
};
use x11rb::x11_utils::X11Error;

use crate::CaptureError;

const ALL_PLANES: u32 = !0;
/// The masks of red, green and blue where a pixel is what a picture holds, but for its highest byte.
const USUAL_MASKS: [u32; 3] = [0x00ff_0000, 0xff00, 0xff];

/// Why pixels did not come.
pub(super) enum ReadFault {
    /// The request did not fit the screen: it changed its size in between.
    Refused(X11Error),
    Failed(CaptureError),
}

impl From<x11rb::errors::ConnectionError> for ReadFault {
    fn from(error: x11rb::errors::ConnectionError) -> Self {
        Self::Failed(super::lost(&error))
    }
}

impl From<ReplyError> for ReadFault {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::X11Error(error) => Self::Refused(error),
            ReplyError::ConnectionError(error) => error.into(),
        }
    }
}

/// Reads rectangles of the root window.
pub(super) struct PixelReader {
    root: Window,
    image_order: ImageOrder,
    format: Format,
    /// `None` where the server is not on this machine or too old: pixels come through the socket.
    shared: Option<Segment>,
}

impl PixelReader {
    /// Checks that the pixels can be read.
    pub(super) fn new(conn: &PatientConnection, screen: &Screen) -> Result<Self, CaptureError> {
        Ok(Self {
            root: screen.root,
            image_order: conn.setup().image_byte_order,
            format: Format::of(conn.setup(), screen)?,
            shared: None,
        })
    }

    /// Makes room for `pixels`; without it, pixels come through the socket.
    ///
    /// A server that cannot share memory is no error: reading is only slower.
    pub(super) fn share_memory(&mut self, conn: &PatientConnection, pixels: u64) {
        self.unshare(conn);
        match share(conn, pixels) {
            Ok(shared) => self.shared = Some(shared),
            Err(reason) => tracing::info!(%reason, "The display server shares no memory"),
        }
    }

    /// Reads through the socket from now on.
    pub(super) fn unshare(&mut self, conn: &PatientConnection) {
        if let Some(old) = self.shared.take() {
            // An error would mean that the connection is gone, and the segment with it.
            old.detach(conn).ok();
        }
    }

    /// Copies `rects` (pixels of the root window, not overlapping) into `picture`, whose top left
    /// corner is `origin`.
    pub(super) fn read(
        &self,
        conn: &PatientConnection,
        rects: &[Rect],
        origin: (u32, u32),
        picture: &mut Picture,
    ) -> Result<(), ReadFault> {
        match &self.shared {
            Some(shared) => self.read_shared(shared, conn, rects, origin, picture),
            None => self.read_plain(conn, rects, origin, picture),
        }
    }

    fn read_shared(
        &self,
        shared: &Segment,
        conn: &PatientConnection,
        rects: &[Rect],
        origin: (u32, u32),
        picture: &mut Picture,
    ) -> Result<(), ReadFault> {
        let mut offset_bytes = 0;
        let mut asked = Vec::with_capacity(rects.len());
        // All are asked for at once, each with a place of its own in the segment.
        for &rect in rects {
            let len_bytes = self.format.image_len_bytes(rect);
            if offset_bytes + len_bytes > shared.bytes().len() {
                // Only a server whose damage overlaps itself gets here.
                break;
            }
            let image = image_request(self.root, rect);
            let cookie = conn.shm_get_image(
                image.drawable,
                image.x,
                image.y,
                image.width,
                image.height,
                image.plane_mask,
                image.format.into(),
                shared.id(),
                u32::try_from(offset_bytes).unwrap_or(u32::MAX),
            )?;
            asked.push((cookie, rect, offset_bytes));
            offset_bytes += len_bytes;
        }
        let copied = asked.len();
        // Waiting for all before the first copy keeps the memory still while it is read.
        let mut answered = Vec::with_capacity(asked.len());
        for (cookie, rect, offset_bytes) in asked {
            cookie.reply()?;
            answered.push((rect, offset_bytes));
        }
        for (rect, offset_bytes) in answered {
            let len_bytes = self.format.image_len_bytes(rect);
            let image = &shared.bytes()[offset_bytes..][..len_bytes];
            let native = if cfg!(target_endian = "little") {
                ImageOrder::LSB_FIRST
            } else {
                ImageOrder::MSB_FIRST
            };
            self.format.copy(image, native, rect, origin, picture);
        }
        if copied < rects.len() {
            return self.read_plain(conn, &rects[copied..], origin, picture);
        }
        Ok(())
    }

    fn read_plain(
        &self,
        conn: &PatientConnection,
        rects: &[Rect],
        origin: (u32, u32),
        picture: &mut Picture,
    ) -> Result<(), ReadFault> {
        for &rect in rects {
            let image = image_request(self.root, rect);
            let reply = conn
                .get_image(
                    image.format,
                    image.drawable,
                    image.x,
                    image.y,
                    image.width,
                    image.height,
                    image.plane_mask,
                )?
                .reply()?;
            let Some(bytes) = reply.data.get(..self.format.image_len_bytes(rect)) else {
                let reason = "the display server sent too few pixels".to_owned();
                return Err(ReadFault::Failed(CaptureError::Lost { reason }));
            };
            let order = self.image_order;
            self.format.copy(bytes, order, rect, origin, picture);
        }
        Ok(())
    }
}

fn share(conn: &PatientConnection, pixels: u64) -> Result<Segment, SegmentError> {
    x11::can_share_memory(conn)?;
    let len_bytes = usize::try_from(pixels)
        .unwrap_or(usize::MAX)
        .saturating_mul(size_of::<u32>());
    Segment::new(conn, len_bytes, ServerMay::Write)
}

fn image_request(root: Window, rect: Rect) -> GetImageRequest {
    // Places on a root window fit: the protocol has no larger ones.
    GetImageRequest {
        format: ImageFormat::Z_PIXMAP,
        drawable: root,
        x: i16::try_from(rect.x).unwrap_or(i16::MAX),
        y: i16::try_from(rect.y).unwrap_or(i16::MAX),
        width: u16::try_from(rect.width).unwrap_or(u16::MAX),
        height: u16::try_from(rect.height).unwrap_or(u16::MAX),
        plane_mask: ALL_PLANES,
    }
}

/// How the server stores a picture.
struct Format {
    /// Bytes of a pixel.
    pixel: PixelBytes,
    /// Rows are filled up to a multiple of so many bytes; at most four.
    row_pad_bytes: usize,
    colours: Colours,
}

#[derive(Clone, Copy)]
enum PixelBytes {
    Two,
    Four,
}

/// What a pixel means.
enum Colours {
    /// It is what a picture holds, but for its highest byte.
    Usual,
    /// Other numbers of bits: red, green and blue are looked up.
    Mapped(Box<[Channel; 3]>),
}

impl Format {
    fn of(setup: &Setup, screen: &Screen) -> Result<Self, CaptureError> {
        let unsuitable = |reason: String| CaptureError::Unsuitable { reason };
        let depth = screen.root_depth;
        let formats = &setup.pixmap_formats;
        let format = formats.iter().find(|format| format.depth == depth);
        let visual = screen
            .allowed_depths
            .iter()
            .flat_map(|depth| &depth.visuals)
            .find(|visual| visual.visual_id == screen.root_visual)
            .filter(|visual| {
                visual.class == VisualClass::TRUE_COLOR || visual.class == VisualClass::DIRECT_COLOR
            });
        let (Some(format), Some(visual)) = (format, visual) else {
            return Err(unsuitable(format!("it has few colours (depth {depth})")));
        };
        let pixel = match format.bits_per_pixel {
            16 => PixelBytes::Two,
            32 => PixelBytes::Four,
            bits => {
                return Err(unsuitable(format!("it stores {bits} bits for each pixel")));
            }
        };
        let masks = [visual.red_mask, visual.green_mask, visual.blue_mask];
        let colours = if masks == USUAL_MASKS {
            Colours::Usual
        } else {
            let [red, green, blue] = masks;
            let channels = (
                Channel::new(red, 16),
                Channel::new(green, 8),
                Channel::new(blue, 0),
            );
            let (Some(red), Some(green), Some(blue)) = channels else {
                return Err(unsuitable(format!("its colours are {masks:x?}")));
            };
            Colours::Mapped(Box::new([red, green, blue]))
        };
        Ok(Self {
            pixel,
            row_pad_bytes: usize::from(format.scanline_pad / 8).clamp(1, size_of::<u32>()),
            colours,
        })
    }

    fn row_bytes(&self, width: u32) -> usize {
        let pixel = match self.pixel {
            PixelBytes::Two => 2,
            PixelBytes::Four => 4,
        };
        (width as usize * pixel).next_multiple_of(self.row_pad_bytes)
    }

    fn image_len_bytes(&self, rect: Rect) -> usize {
        self.row_bytes(rect.width) * rect.height as usize
    }

    /// Copies an image of `rect` to its place in `picture`, whose corner is `left`, `top`.
    fn copy(
        &self,
        image: &[u8],
        order: ImageOrder,
        rect: Rect,
        (left, top): (u32, u32),
        picture: &mut Picture,
    ) {
        let (x, width) = ((rect.x - left) as usize, rect.width as usize);
        let is_little = order == ImageOrder::LSB_FIRST;
        for (y, source) in (rect.y - top..).zip(image.chunks_exact(self.row_bytes(rect.width))) {
            let row = &mut picture.row_mut(y)[x..x + width];
            match (self.pixel, is_little) {
                (PixelBytes::Two, true) => {
                    self.copy_row(row, source, |bytes| u16::from_le_bytes(bytes).into());
                }
                (PixelBytes::Two, false) => {
                    self.copy_row(row, source, |bytes| u16::from_be_bytes(bytes).into());
                }
                (PixelBytes::Four, true) => self.copy_row(row, source, u32::from_le_bytes),
                (PixelBytes::Four, false) => self.copy_row(row, source, u32::from_be_bytes),
            }
        }
    }

    fn copy_row<const N: usize>(
        &self,
        row: &mut [u32],
        source: &[u8],
        decode: impl Fn([u8; N]) -> u32,
    ) {
        let (source, _padding) = source.as_chunks::<N>();
        let pixels = row.iter_mut().zip(source);
        match &self.colours {
            Colours::Usual => {
                let [red, green, blue] = USUAL_MASKS;
                for (pixel, &bytes) in pixels {
                    *pixel = decode(bytes) & (red | green | blue);
                }
            }
            Colours::Mapped(channels) => {
                for (pixel, &bytes) in pixels {
                    let stored = decode(bytes);
                    let [red, green, blue] = channels.as_ref();
                    *pixel = red.of(stored) | green.of(stored) | blue.of(stored);
                }
            }
        }
    }
}

/// One of the three colours of a pixel that does not have eight bits for each.
struct Channel {
    shift: u32,
    /// What each value is in a picture, in its place there.
    shades: Vec<u32>,
}

impl Channel {
    /// More bits than any server has for a colour.
    const MAX_BITS: u32 = 12;

    /// The colour under `mask`, which has the bits from `place` on in a picture; `None` for a mask that
    /// makes no sense.
    fn new(mask: u32, place: u32) -> Option<Self> {
        let shift = mask.trailing_zeros();
        let highest = mask.checked_shr(shift)?;
        let bits = highest.trailing_ones();
        if highest.count_ones() != bits || !(1..=Self::MAX_BITS).contains(&bits) {
            return None;
        }
        let shade = |value: u32| ((value * 255 + highest / 2) / highest) << place;
        Some(Self {
            shift,
            shades: (0..=highest).map(shade).collect(),
        })
    }

    fn of(&self, stored: u32) -> u32 {
        // a power of two
        let values = self.shades.len();
        self.shades[(stored >> self.shift) as usize & (values - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_of_few_or_many_bits_reaches_from_black_to_full() {
        for (mask, bits) in [
            (0xf800, 5),
            (0x07e0, 6),
            (0x001f, 5),
            (0x3ff0_0000, 10),
            (1, 1),
        ] {
            let channel = Channel::new(mask, 8).expect("a mask");
            assert_eq!(channel.shades.len(), 1 << bits);
            assert_eq!(channel.of(!mask), 0);
            assert_eq!(channel.of(mask), 0xff00);
            assert_eq!(channel.of(!0), 0xff00);
        }
        for mask in [0, 0b101, !0] {
            assert!(Channel::new(mask, 0).is_none(), "{mask:x}");
        }
    }
}
