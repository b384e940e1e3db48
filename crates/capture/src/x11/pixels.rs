//! Copies pixels from the root window into a picture.

use codec::{Picture, Rect};
use x11::{PatientConnection, Segment, SegmentError, ServerMay};
use x11rb::connection::Connection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::shm::ConnectionExt as _;
use x11rb::protocol::xproto::{
    ConnectionExt as _, GetImageRequest, ImageFormat, ImageOrder, Screen, VisualClass, Window,
};
use x11rb::x11_utils::X11Error;

use crate::CaptureError;

const PIXEL_BYTES: usize = 4;
/// Everything but the byte that the server leaves undefined.
const COLOUR_MASK: u32 = 0x00ff_ffff;
const ALL_PLANES: u32 = !0;

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
    /// `None` where the server is not on this machine or too old: pixels come through the socket.
    shared: Option<Segment>,
}

impl PixelReader {
    /// Checks that the pixels are of the one kind a picture holds.
    pub(super) fn new(conn: &PatientConnection, screen: &Screen) -> Result<Self, CaptureError> {
        let unsuitable = |reason: String| CaptureError::Unsuitable { reason };
        let depth = screen.root_depth;
        if depth != 24 && depth != 32 {
            return Err(unsuitable(format!(
                "its colour depth is {depth}, 24 is needed"
            )));
        }
        let formats = &conn.setup().pixmap_formats;
        let bits = formats.iter().find(|format| format.depth == depth);
        let bits = bits.map_or(0, |format| format.bits_per_pixel);
        if usize::from(bits) != PIXEL_BYTES * 8 {
            return Err(unsuitable(format!(
                "it stores {bits} bits per pixel, 32 are needed"
            )));
        }
        let visual = screen
            .allowed_depths
            .iter()
            .flat_map(|depth| &depth.visuals)
            .find(|visual| visual.visual_id == screen.root_visual);
        let usual_colours = visual.is_some_and(|visual| {
            (visual.class == VisualClass::TRUE_COLOR || visual.class == VisualClass::DIRECT_COLOR)
                && (visual.red_mask, visual.green_mask, visual.blue_mask)
                    == (0x00ff_0000, 0xff00, 0xff)
        });
        if !usual_colours {
            return Err(unsuitable(
                "its pixels are not red, green and blue bytes".to_owned(),
            ));
        }
        Ok(Self {
            root: screen.root,
            image_order: conn.setup().image_byte_order,
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
            let len_bytes = image_len_bytes(rect);
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
            let image = &shared.bytes()[offset_bytes..][..image_len_bytes(rect)];
            copy_image(image, rect, origin, picture, u32::from_ne_bytes);
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
        let decode = if self.image_order == ImageOrder::LSB_FIRST {
            u32::from_le_bytes
        } else {
            u32::from_be_bytes
        };
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
            let Some(bytes) = reply.data.get(..image_len_bytes(rect)) else {
                let reason = "the display server sent too few pixels".to_owned();
                return Err(ReadFault::Failed(CaptureError::Lost { reason }));
            };
            copy_image(bytes, rect, origin, picture, decode);
        }
        Ok(())
    }
}

fn share(conn: &PatientConnection, pixels: u64) -> Result<Segment, SegmentError> {
    x11::can_share_memory(conn)?;
    let len_bytes = usize::try_from(pixels)
        .unwrap_or(usize::MAX)
        .saturating_mul(PIXEL_BYTES);
    Segment::new(conn, len_bytes, ServerMay::Write)
}

fn image_len_bytes(rect: Rect) -> usize {
    rect.width as usize * rect.height as usize * PIXEL_BYTES
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

fn copy_image(
    image: &[u8],
    rect: Rect,
    (left, top): (u32, u32),
    picture: &mut Picture,
    decode: impl Fn([u8; PIXEL_BYTES]) -> u32,
) {
    let (x, width) = ((rect.x - left) as usize, rect.width as usize);
    let (pixels, _) = image.as_chunks::<PIXEL_BYTES>();
    for (y, source) in (rect.y - top..).zip(pixels.chunks_exact(width)) {
        for (pixel, &bytes) in picture.row_mut(y)[x..x + width].iter_mut().zip(source) {
            *pixel = decode(bytes) & COLOUR_MASK;
        }
    }
}
