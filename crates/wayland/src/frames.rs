//! Copies of outputs, by wlr-screencopy.
//!
//! Of each output that is watched there are two buffers: one holds the newest copy, and the compositor has
//! the other, into which it copies the output as soon as anything on it has changed. So the newest state is
//! always here already when it is asked for, and an output that stands still costs nothing.

use std::io;

use codec::{Picture, PixelSize, Rect};
use wayland_client::protocol::wl_buffer::WlBuffer;
use wayland_client::protocol::wl_shm::{Format, WlShm};
use wayland_client::{Proxy as _, QueueHandle, WEnum};
use wayland_protocols_wlr::screencopy::v1::client::zwlr_screencopy_frame_v1::{
    self as frame, ZwlrScreencopyFrameV1,
};

use crate::memory::Memory;
use crate::outputs::KnownOutput;
use crate::session::{Lost, Session, State};

/// More places than this are told as one.
const MOST_PLACES: usize = 64;

/// What is copied, and how.
#[derive(Debug, Default)]
pub(crate) struct Copying {
    /// The outputs that are watched.
    watched: Vec<u32>,
    /// Why nothing can be copied.
    fault: Option<String>,
}

/// The copies of one output.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    /// The copy that is under way.
    frame: Option<ZwlrScreencopyFrameV1>,
    /// What it wants for a buffer.
    wanted: Option<Kind>,
    /// Where it is copied to.
    back: Option<Buffer>,
    /// What it has said so far.
    damage: Vec<Rect>,
    upside_down: bool,
    /// The newest copy.
    front: Option<Copied>,
    /// Where it differs, in pixels of the buffer, from the one that was taken last.
    changed: Vec<Rect>,
    /// It was not taken yet.
    is_news: bool,
    /// The last copy failed; the output is being switched off, or has another size now.
    pub(crate) failed: bool,
}

#[derive(Debug)]
struct Copied {
    buffer: Buffer,
    upside_down: bool,
}

/// What a buffer is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    format: Format,
    size: PixelSize,
    stride_bytes: u32,
}

impl Kind {
    /// Whether red and blue change places in what pictures hold; `None` if it cannot be read.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of a hundred formats these are the ones that compositors copy"
    )]
    fn swaps(self) -> Option<bool> {
        let is_sound = self.size.is_supported() && self.stride_bytes / 4 >= self.size.width;
        match self.format {
            _ if !is_sound => None,
            Format::Xrgb8888 | Format::Argb8888 => Some(false),
            Format::Xbgr8888 | Format::Abgr8888 => Some(true),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct Buffer {
    kind: Kind,
    memory: Memory,
    proxy: WlBuffer,
}

impl Buffer {
    fn new(shm: &WlShm, kind: Kind, handle: &QueueHandle<State>) -> io::Result<Self> {
        let len_bytes = kind.stride_bytes as usize * kind.size.height as usize;
        let memory = Memory::new(len_bytes)?;
        let signed = |number: u32| i32::try_from(number).map_err(io::Error::other);
        let len_bytes = i32::try_from(len_bytes).map_err(io::Error::other)?;
        let pool = shm.create_pool(memory.fd(), len_bytes, handle, ());
        let (width, height) = (signed(kind.size.width)?, signed(kind.size.height)?);
        let stride = signed(kind.stride_bytes)?;
        let proxy = pool.create_buffer(0, width, height, stride, kind.format, handle, ());
        pool.destroy();
        Ok(Self {
            kind,
            memory,
            proxy,
        })
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.proxy.destroy();
    }
}

impl Capture {
    /// Gives up the copy that is under way, and forgets the others.
    pub(crate) fn stop(&mut self) {
        if let Some(frame) = self.frame.take() {
            frame.destroy();
        }
        *self = Self::default();
    }
}

impl State {
    /// Has the compositor copy an output as soon as it differs from the last copy.
    fn begin_copy(&mut self, id: u32, handle: &QueueHandle<Self>) {
        let Some(manager) = &self.globals.screencopy else {
            return;
        };
        let mut outputs = self.outputs.iter_mut();
        let Some(output) = outputs.find(|output| output.id == id) else {
            return;
        };
        let capture = &mut output.capture;
        if capture.frame.is_none() && self.copying.watched.contains(&id) {
            capture.wanted = None;
            capture.damage.clear();
            capture.upside_down = false;
            capture.failed = false;
            // the pointer is part of the picture: nothing else tells where it is
            let frame = manager.capture_output(1, &output.proxy, handle, id);
            capture.frame = Some(frame);
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "other kinds of memory are not asked for"
    )]
    pub(crate) fn frame_event(
        &mut self,
        proxy: &ZwlrScreencopyFrameV1,
        event: &frame::Event,
        id: u32,
        handle: &QueueHandle<Self>,
    ) {
        let mut outputs = self.outputs.iter_mut();
        let Some(output) = outputs.find(|output| output.id == id) else {
            return;
        };
        let capture = &mut output.capture;
        if capture.frame.as_ref() != Some(proxy) {
            return; // of a copy that was given up
        }
        match event {
            &frame::Event::Buffer {
                format: WEnum::Value(format),
                width,
                height,
                stride,
            } => {
                capture.wanted = Some(Kind {
                    format,
                    size: PixelSize::new(width, height),
                    stride_bytes: stride,
                });
                if proxy.version() < frame::EVT_BUFFER_DONE_SINCE {
                    self.copy(id, handle);
                }
            }
            frame::Event::BufferDone => self.copy(id, handle),
            &frame::Event::Flags { flags } => {
                let inverted = frame::Flags::YInvert;
                capture.upside_down =
                    matches!(flags, WEnum::Value(flags) if flags.contains(inverted));
            }
            &frame::Event::Damage {
                x,
                y,
                width,
                height,
            } => capture.damage.push(Rect::new(x, y, width, height)),
            frame::Event::Ready { .. } => {
                proxy.destroy();
                capture.frame = None;
                take_copy(capture);
                self.begin_copy(id, handle);
            }
            frame::Event::Failed => {
                proxy.destroy();
                capture.frame = None;
                capture.failed = true;
            }
            _ => {}
        }
    }

    /// Hands the buffer over into which the output is copied.
    fn copy(&mut self, id: u32, handle: &QueueHandle<Self>) {
        let mut outputs = self.outputs.iter_mut();
        let output = outputs.find(|output| output.id == id);
        let (Some(output), Some(shm)) = (output, &self.globals.shm) else {
            return;
        };
        let capture = &mut output.capture;
        let (Some(frame), Some(kind)) = (&capture.frame, capture.wanted) else {
            return;
        };
        if kind.swaps().is_none() {
            self.copying.fault = Some(format!("its pictures are {kind:?}"));
            return;
        }
        if capture.back.as_ref().is_none_or(|back| back.kind != kind) {
            match Buffer::new(shm, kind, handle) {
                Ok(made) => capture.back = Some(made),
                Err(error) => {
                    self.copying.fault = Some(error.to_string());
                    return;
                }
            }
        }
        let Some(back) = &capture.back else {
            return;
        };
        let front = capture.front.as_ref();
        if front.is_some_and(|front| front.buffer.kind != kind) {
            // The output has another size since it was copied last. What changed by that may have gone into that
            // copy, and where nothing changes after it, none would follow.
            frame.copy(&back.proxy);
        } else {
            frame.copy_with_damage(&back.proxy);
        }
    }
}

/// What was copied is the newest copy now.
fn take_copy(capture: &mut Capture) {
    let Some(back) = capture.back.take() else {
        return;
    };
    let whole = back.kind.size.rect();
    let before = capture.front.take();
    let is_alike = before
        .as_ref()
        .is_some_and(|front| front.buffer.kind == back.kind);
    if is_alike {
        let told = capture.damage.iter();
        let inside = told.filter_map(|rect| rect.intersect(whole));
        capture
            .changed
            .extend(inside.filter(|rect| !rect.is_empty()));
    } else {
        capture.changed = vec![whole];
    }
    if capture.changed.len() > MOST_PLACES {
        let all = capture.changed.drain(..).reduce(Rect::union);
        capture.changed = all.into_iter().collect();
    }
    capture.back = before.map(|front| front.buffer);
    capture.front = Some(Copied {
        buffer: back,
        upside_down: capture.upside_down,
    });
    capture.is_news |= !capture.changed.is_empty();
}

impl Session {
    /// Watches these outputs and no others. Nothing of the others is copied.
    pub fn watch(&mut self, ids: &[u32]) {
        self.state.copying.watched = ids.to_vec();
        for output in &mut self.state.outputs {
            if !ids.contains(&output.id) {
                output.capture.stop();
            }
        }
        let handle = self.handle();
        for &id in ids {
            self.state.begin_copy(id, &handle);
        }
    }

    /// Tries those copies anew that failed; whether there were any.
    pub fn retry(&mut self) -> bool {
        let failed = self.failed();
        let handle = self.handle();
        for &id in &failed {
            self.state.begin_copy(id, &handle);
        }
        !failed.is_empty()
    }

    fn failed(&self) -> Vec<u32> {
        let failed = self.state.outputs.iter().filter(|o| o.capture.failed);
        failed.map(|output| output.id).collect()
    }

    /// Whether an output could not be copied when that was tried last.
    pub fn has_failed(&self) -> bool {
        self.state.outputs.iter().any(|o| o.capture.failed)
    }

    /// Why nothing can be copied.
    ///
    /// # Errors
    ///
    /// [`Lost`] if so.
    pub fn check_copying(&self) -> Result<(), Lost> {
        match &self.state.copying.fault {
            Some(reason) => Err(Lost::new(reason)),
            None => Ok(()),
        }
    }

    /// Whether there is a copy of this output that was not taken yet.
    pub fn has_news(&self, id: u32) -> bool {
        self.output(id).is_some_and(|o| o.capture.is_news)
    }

    /// Whether this output was copied since it has its size.
    pub fn has_copy(&self, id: u32) -> bool {
        self.output(id).is_some_and(|output| {
            let front = output.capture.front.as_ref();
            front.is_some_and(|front| front.buffer.kind.size == output.mode)
        })
    }

    fn output(&self, id: u32) -> Option<&KnownOutput> {
        self.state.outputs.iter().find(|output| output.id == id)
    }

    /// Puts what has changed of an output (or all of it) into `picture`, where the output's corner is at
    /// `corner`, and gives the places in pixels of the output as the user sees it. They may overlap.
    ///
    /// What does not fit into `picture` is left out.
    pub fn take_copy(
        &mut self,
        id: u32,
        all: bool,
        corner: (u32, u32),
        picture: &mut Picture,
    ) -> Vec<Rect> {
        let mut outputs = self.state.outputs.iter_mut();
        let Some(output) = outputs.find(|output| output.id == id) else {
            return Vec::new();
        };
        let turn = output.turn();
        let capture = &mut output.capture;
        capture.is_news = false;
        let changed = std::mem::take(&mut capture.changed);
        let Some(Copied {
            buffer,
            upside_down,
        }) = &capture.front
        else {
            return Vec::new();
        };
        let Some(swaps) = buffer.kind.swaps() else {
            return Vec::new();
        };
        let size = buffer.kind.size;
        let changed = if all { vec![size.rect()] } else { changed };
        let room = picture.size();
        let stride = buffer.kind.stride_bytes as usize;
        let bytes = buffer.memory.bytes();
        let source_row = |row: u32| {
            let row = if *upside_down {
                size.height - 1 - row
            } else {
                row
            };
            let start = row as usize * stride;
            &bytes[start..start + size.width as usize * 4]
        };
        let mut places = Vec::with_capacity(changed.len());
        for part in changed {
            let seen = turn.seen(part, size);
            let fits = Rect::new(
                0,
                0,
                room.width.saturating_sub(corner.0),
                room.height.saturating_sub(corner.1),
            );
            let Some(seen) = seen.intersect(fits).filter(|seen| !seen.is_empty()) else {
                continue;
            };
            for y in seen.y..seen.bottom() {
                let target = picture.row_mut(corner.1 + y);
                let from = (corner.0 + seen.x) as usize;
                let target = &mut target[from..from + seen.width as usize];
                if !turn.swapped && !turn.flipped_x {
                    let (u, v) = turn.in_buffer(seen.x, y, size);
                    let row = &source_row(v)[u as usize * 4..][..seen.width as usize * 4];
                    let pixels = row.as_chunks::<4>().0.iter();
                    for (target, bytes) in target.iter_mut().zip(pixels) {
                        *target = pixel(*bytes, swaps);
                    }
                } else {
                    for (x, target) in (seen.x..).zip(target) {
                        let (u, v) = turn.in_buffer(x, y, size);
                        let bytes = source_row(v).as_chunks::<4>().0[u as usize];
                        *target = pixel(bytes, swaps);
                    }
                }
            }
            places.push(seen);
        }
        places
    }
}

/// What pictures hold of four bytes of a buffer, which are little-endian wherever it is.
fn pixel(bytes: [u8; 4], swaps: bool) -> u32 {
    let value = u32::from_le_bytes(bytes) & 0x00ff_ffff;
    if swaps {
        (value & 0xff) << 16 | value & 0xff00 | value >> 16
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_read_whatever_comes_first() {
        let [red, green, blue] = [0x12, 0x34, 0x56];
        assert_eq!(pixel([blue, green, red, 0xff], false), 0x12_34_56);
        assert_eq!(pixel([red, green, blue, 0xff], true), 0x12_34_56);
    }

    #[test]
    fn a_buffer_that_is_too_narrow_or_of_other_pixels_is_not_read() {
        let kind = Kind {
            format: Format::Xrgb8888,
            size: PixelSize::new(10, 10),
            stride_bytes: 40,
        };
        assert_eq!(kind.swaps(), Some(false));
        let narrow = Kind {
            stride_bytes: 39,
            ..kind
        };
        assert_eq!(narrow.swaps(), None);
        let deep = Kind {
            format: Format::Xrgb2101010,
            ..kind
        };
        assert_eq!(deep.swaps(), None);
    }
}
