//! One stream of PipeWire, and Helpme at the other end of the socket.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::net::UnixStream;
use std::rc::Rc;

use anyhow::Context as _;
use pipewire::buffer::Buffer;
use pipewire::context::ContextRc;
use pipewire::keys;
use pipewire::main_loop::MainLoopRc;
use pipewire::properties::properties;
use pipewire::spa::buffer::meta::{MetaBitmap, MetaCursor};
use pipewire::spa::buffer::{ChunkFlags, DataType};
use pipewire::spa::param::ParamType;
use pipewire::spa::param::format::{FormatProperties, MediaSubtype, MediaType};
use pipewire::spa::param::video::{VideoFormat, VideoInfoRaw};
use pipewire::spa::pod::serialize::PodSerializer;
use pipewire::spa::pod::{
    ChoiceValue, Object, Pod, Property, PropertyFlags, Value, object, property,
};
use pipewire::spa::support::system::IoFlags;
use pipewire::spa::sys;
use pipewire::spa::utils::{
    Choice, ChoiceEnum, ChoiceFlags, Direction, Fraction, Id, Rectangle, SpaTypes,
};
use pipewire::stream::{StreamFlags, StreamRc, StreamState};
use wayland::portal::receive;
use wayland::portal::wire::{Frame, MAX_POINTER_SIDE, Said, Shape, TAKE};

/// The largest side of a picture, in pixels.
const MAX_SIDE: u32 = 16_384;
const BYTES_PER_PIXEL: usize = 4;

/// What Helpme is told, and what it takes.
struct Desk {
    socket: UnixStream,
    memory: File,
    /// How long one picture in the file may be.
    room_bytes: u64,
    /// The half of the file that Helpme reads.
    read_half: u64,
    /// What lies in the other half and was not taken.
    newest: Option<(u32, u32)>,
    size: (u32, u32),
    /// Where the pointer is, as was told last.
    pointer: Option<(i32, i32, bool)>,
    main_loop: MainLoopRc,
}

/// Serves until Helpme is gone or there are no more pictures.
pub(crate) fn run() -> anyhow::Result<()> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    let socket = UnixStream::from(socket);
    let (node, remote, memory) = receive(&socket).context("nothing from Helpme")?;
    let main_loop = MainLoopRc::new(None)?;
    let context = ContextRc::new(&main_loop, None)?;
    let core = context.connect_fd_rc(remote, None)?;
    let properties = properties! {
        *keys::MEDIA_TYPE => "Video",
        *keys::MEDIA_CATEGORY => "Capture",
        *keys::MEDIA_ROLE => "Screen",
    };
    let stream = StreamRc::new(core, "helpme", properties)?;
    let desk = Rc::new(RefCell::new(Desk {
        socket: socket.try_clone()?,
        memory: File::from(memory),
        room_bytes: 0,
        read_half: 0,
        newest: None,
        size: (0, 0),
        pointer: None,
        main_loop: main_loop.clone(),
    }));
    let _listener = stream
        .add_local_listener_with_user_data(Rc::clone(&desk))
        .state_changed(|_, desk, _, new| match new {
            StreamState::Error(reason) => desk.borrow_mut().over(reason),
            StreamState::Unconnected => desk.borrow_mut().over("the stream has ended".to_owned()),
            StreamState::Connecting | StreamState::Paused | StreamState::Streaming => {}
        })
        .param_changed(|stream, desk, id, format| {
            let Some(format) = format.filter(|_| id == ParamType::Format.as_raw()) else {
                return;
            };
            let taken = desk.borrow_mut().begin(format).and_then(|()| {
                let mut wanted = wanted_of_buffers()?;
                let mut pods = pods(&mut wanted)?;
                Ok(stream.update_params(&mut pods)?)
            });
            if let Err(error) = taken {
                desk.borrow_mut().over(error.to_string());
            }
        })
        .process(|stream, desk| {
            let mut newest = None;
            // what is older goes back to the compositor unseen, but for the pointer
            while let Some(buffer) = stream.dequeue_buffer() {
                desk.borrow_mut().point(&buffer);
                let mut buffer = buffer;
                if has_picture(&mut buffer) {
                    newest = Some(buffer);
                }
            }
            if let Some(mut buffer) = newest {
                desk.borrow_mut().show(&mut buffer);
            }
        })
        .register()?;
    let mut formats = vec![bytes_of(&Value::Object(formats()))?];
    stream.connect(
        Direction::Input,
        Some(node),
        StreamFlags::AUTOCONNECT | StreamFlags::MAP_BUFFERS,
        &mut pods(&mut formats)?,
    )?;
    let hears = Rc::clone(&desk);
    socket.set_nonblocking(true)?;
    let _asked = main_loop
        .loop_()
        .add_io(socket, IoFlags::IN, move |socket| {
            let mut desk = hears.borrow_mut();
            let mut wishes = [0; 64];
            match socket.read(&mut wishes) {
                Ok(0) => desk.main_loop.quit(),
                Ok(count) => {
                    for wish in wishes.iter().take(count) {
                        if *wish == TAKE {
                            desk.take();
                        }
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => desk.main_loop.quit(),
            }
        });
    main_loop.run();
    Ok(())
}

impl Desk {
    fn say(&mut self, said: &Said) {
        // the socket that is waited for does not block, and both are one
        let told = blocking(&self.socket, |socket| said.write(socket));
        if told.is_err() {
            self.main_loop.quit();
        }
    }

    fn over(&mut self, reason: String) {
        self.say(&Said::Over(reason));
        self.main_loop.quit();
    }

    /// Pictures have this format from now on.
    fn begin(&mut self, format: &Pod) -> anyhow::Result<()> {
        let mut info = VideoInfoRaw::new();
        info.parse(format)?;
        let Rectangle { width, height } = info.size();
        anyhow::ensure!(
            (1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height),
            "a picture of {width} x {height} pixels"
        );
        self.size = (width, height);
        self.newest = None;
        let needed_bytes = u64::from(width) * u64::from(height) * BYTES_PER_PIXEL as u64;
        if needed_bytes > self.room_bytes {
            // Helpme reads no picture but the one it took last, and that is done when it takes the next
            self.room_bytes = needed_bytes;
            self.memory.set_len(2 * needed_bytes)?;
        }
        Ok(())
    }

    /// Keeps a picture for whoever takes it.
    fn show(&mut self, buffer: &mut Buffer<'_>) {
        let (width, height) = self.size;
        let Some(data) = buffer.datas_mut().first_mut() else {
            return;
        };
        let (stride, offset) = (data.chunk().stride(), data.chunk().offset());
        let row_bytes = width as usize * BYTES_PER_PIXEL;
        let stride = usize::try_from(stride).unwrap_or(0).max(row_bytes);
        let Some(pixels) = data.data() else { return };
        let rows = pixels.get(offset as usize..).unwrap_or_default();
        let start = (1 - self.read_half) * self.room_bytes;
        let written = if stride == row_bytes {
            let all = rows.get(..row_bytes * height as usize);
            all.map(|all| self.memory.write_all_at(all, start))
        } else {
            let rows = rows.chunks(stride).take(height as usize);
            let mut at = start;
            let mut rows = rows.filter_map(|row| row.get(..row_bytes));
            Some(rows.try_for_each(|row| {
                self.memory.write_all_at(row, at)?;
                at += row_bytes as u64;
                Ok(())
            }))
        };
        match written {
            Some(Ok(())) if self.newest.replace((width, height)).is_none() => {
                self.say(&Said::News);
            }
            Some(Err(error)) => self.over(error.to_string()),
            // told already, or of another size than was said: then the next one will fit
            Some(Ok(())) | None => {}
        }
    }

    /// Gives the newest picture.
    fn take(&mut self) {
        let frame = self.newest.take().map(|(width, height)| {
            self.read_half = 1 - self.read_half;
            Frame {
                offset_bytes: self.read_half * self.room_bytes,
                width,
                height,
            }
        });
        self.say(&Said::Taken(frame));
    }

    /// Tells where the pointer is and what it looks like, if that has changed.
    fn point(&mut self, buffer: &Buffer<'_>) {
        let Some(cursor) = buffer.find_meta::<MetaCursor>() else {
            return;
        };
        let place = cursor.position();
        let bitmap = cursor.bitmap();
        // an empty picture hides it
        let is_hidden = bitmap.is_some_and(|bitmap| bitmap.size().width == 0);
        if let Some(shape) = bitmap.and_then(|bitmap| shape_of(bitmap, cursor)) {
            self.say(&Said::Shape(shape));
        }
        let was_visible = self.pointer.is_none_or(|(.., visible)| visible);
        let visible = cursor.is_valid()
            && !is_hidden
            && (was_visible || bitmap.is_some() || self.pointer.is_none());
        let now = Some((place.x, place.y, visible));
        if cursor.is_valid() && now != self.pointer {
            self.pointer = now;
            self.say(&Said::Pointer {
                x: place.x,
                y: place.y,
                visible,
            });
        }
    }
}

/// Does something with a socket that may be set not to block, and waits until it is done.
fn blocking(
    mut socket: &UnixStream,
    act: impl FnOnce(&mut &UnixStream) -> io::Result<()>,
) -> io::Result<()> {
    socket.set_nonblocking(false)?;
    let done = act(&mut socket);
    socket.set_nonblocking(true)?;
    done
}

/// Whether it is more than news of the pointer.
fn has_picture(buffer: &mut Buffer<'_>) -> bool {
    buffer.datas_mut().first_mut().is_some_and(|data| {
        let is_memory = [DataType::MemFd, DataType::MemPtr].contains(&data.type_());
        let chunk = data.chunk();
        is_memory && chunk.size() > 0 && !chunk.flags().contains(ChunkFlags::CORRUPTED)
    })
}

fn shape_of(bitmap: &MetaBitmap, cursor: &MetaCursor) -> Option<Shape> {
    let Rectangle { width, height } = bitmap.size();
    let sides = 1..=MAX_POINTER_SIDE;
    if !sides.contains(&width) || !sides.contains(&height) {
        return None;
    }
    let row_bytes = width as usize * BYTES_PER_PIXEL;
    let stride = usize::try_from(bitmap.stride()).ok()?.max(row_bytes);
    let rows = bitmap.bitmap_data()?.chunks(stride).take(height as usize);
    let mut rgba: Vec<u8> = rows
        .filter_map(|row| row.get(..row_bytes))
        .flatten()
        .copied()
        .collect();
    match bitmap.format() {
        VideoFormat::RGBA => {}
        VideoFormat::BGRA => {
            for pixel in rgba.chunks_exact_mut(BYTES_PER_PIXEL) {
                pixel.swap(0, 2);
            }
        }
        VideoFormat::ARGB => {
            for pixel in rgba.chunks_exact_mut(BYTES_PER_PIXEL) {
                pixel.rotate_left(1);
            }
        }
        _ => return None,
    }
    if rgba.len() != row_bytes * height as usize {
        return None;
    }
    let hot = cursor.hotspot();
    let within = |at: i32, side: u32| {
        let at = u32::try_from(at).unwrap_or(0).min(side);
        u16::try_from(at).ok()
    };
    Some(Shape {
        width: u16::try_from(width).ok()?,
        height: u16::try_from(height).ok()?,
        hot_x: within(hot.x, width)?,
        hot_y: within(hot.y, height)?,
        rgba,
    })
}

/// Pictures in memory that can be read, with blue first.
fn formats() -> Object {
    object!(
        SpaTypes::ObjectParamFormat,
        ParamType::EnumFormat,
        property!(FormatProperties::MediaType, Id, MediaType::Video),
        property!(FormatProperties::MediaSubtype, Id, MediaSubtype::Raw),
        property!(
            FormatProperties::VideoFormat,
            Choice,
            Enum,
            Id,
            VideoFormat::BGRx,
            VideoFormat::BGRx,
            VideoFormat::BGRA
        ),
        property!(
            FormatProperties::VideoSize,
            Choice,
            Range,
            Rectangle,
            Rectangle {
                width: 1920,
                height: 1080
            },
            Rectangle {
                width: 1,
                height: 1
            },
            Rectangle {
                width: MAX_SIDE,
                height: MAX_SIDE
            }
        ),
        property!(
            FormatProperties::VideoFramerate,
            Choice,
            Range,
            Fraction,
            Fraction { num: 60, denom: 1 },
            Fraction { num: 0, denom: 1 },
            Fraction {
                num: 1000,
                denom: 1
            }
        )
    )
}

/// Memory that can be read, and with each picture where the pointer is.
fn wanted_of_buffers() -> anyhow::Result<Vec<Vec<u8>>> {
    let property = |key, value| Property {
        key,
        flags: PropertyFlags::empty(),
        value,
    };
    let kinds = (1 << sys::SPA_DATA_MemPtr) | (1 << sys::SPA_DATA_MemFd);
    let buffers = Object {
        type_: SpaTypes::ObjectParamBuffers.as_raw(),
        id: ParamType::Buffers.as_raw(),
        properties: vec![property(sys::SPA_PARAM_BUFFERS_dataType, Value::Int(kinds))],
    };
    let pointer_bytes = |side: usize| {
        let heads = size_of::<sys::spa_meta_cursor>() + size_of::<sys::spa_meta_bitmap>();
        i32::try_from(heads + side * side * BYTES_PER_PIXEL)
    };
    let range = Choice(
        ChoiceFlags::empty(),
        ChoiceEnum::Range {
            default: pointer_bytes(64)?,
            min: pointer_bytes(1)?,
            max: pointer_bytes(384)?,
        },
    );
    let pointer = Object {
        type_: SpaTypes::ObjectParamMeta.as_raw(),
        id: ParamType::Meta.as_raw(),
        properties: vec![
            property(
                sys::SPA_PARAM_META_type,
                Value::Id(Id(sys::SPA_META_Cursor)),
            ),
            property(
                sys::SPA_PARAM_META_size,
                Value::Choice(ChoiceValue::Int(range)),
            ),
        ],
    };
    [buffers, pointer]
        .into_iter()
        .map(|wanted| bytes_of(&Value::Object(wanted)))
        .collect()
}

fn bytes_of(value: &Value) -> anyhow::Result<Vec<u8>> {
    let written = PodSerializer::serialize(io::Cursor::new(Vec::new()), value)?;
    Ok(written.0.into_inner())
}

fn pods(bytes: &mut [Vec<u8>]) -> anyhow::Result<Vec<&Pod>> {
    let pods = bytes.iter().map(|bytes| Pod::from_bytes(bytes));
    pods.map(|pod| pod.context("no parameter of PipeWire"))
        .collect()
}
