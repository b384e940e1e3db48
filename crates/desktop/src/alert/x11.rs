//! A window of the X server's core protocol, which every X server has.

use std::collections::HashMap;

use x11rb::connection::Connection as _;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, Colormap, ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask, ImageFormat,
    ImageOrder, InputFocus, PropMode, Screen, VisualClass, Visualtype, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use super::{Alert, AlertError, Face};

/// The keys that close the window: Return, the pad's Enter, Escape and space.
const CLOSING_KEYS: [u32; 4] = [0xff0d, 0xff8d, 0xff1b, 0x20];
/// Bytes of a picture that go in one request; every server takes as many.
const BYTES_AT_ONCE: usize = 64 * 1024;

impl From<ReplyError> for AlertError {
    fn from(error: ReplyError) -> Self {
        Self {
            reason: error.to_string(),
        }
    }
}

impl From<ConnectionError> for AlertError {
    fn from(error: ConnectionError) -> Self {
        ReplyError::from(error).into()
    }
}

pub(super) fn show(alert: &Alert) -> Result<(), AlertError> {
    let (connection, screen) = x11::connect(None).map_err(|error| AlertError {
        reason: error.to_string(),
    })?;
    let window = open(&connection, &screen, alert)?;
    let closes = atoms(&connection)?;
    // whoever closes the display closes the message too
    wait(&connection, window, alert.face.button, &closes).or(Ok(()))
}

struct Atoms {
    protocols: u32,
    delete: u32,
}

fn atoms(connection: &RustConnection) -> Result<Atoms, ReplyError> {
    Ok(Atoms {
        protocols: x11::atom(connection, "WM_PROTOCOLS")?,
        delete: x11::atom(connection, "WM_DELETE_WINDOW")?,
    })
}

/// Opens the window in the middle of the screen.
fn open(connection: &RustConnection, screen: &Screen, alert: &Alert) -> Result<Window, AlertError> {
    let Face { width, height, .. } = alert.face;
    let pixels = painted(connection, screen, &alert.face)?;
    let window = x11::new_id(connection)?;
    let middle =
        |whole: u16, part: u16| i16::try_from(whole.saturating_sub(part) / 2).unwrap_or_default();
    let events = EventMask::KEY_PRESS | EventMask::BUTTON_PRESS | EventMask::STRUCTURE_NOTIFY;
    let look = CreateWindowAux::new()
        .background_pixmap(pixels)
        .event_mask(events);
    connection.create_window(
        x11rb::COPY_DEPTH_FROM_PARENT,
        window,
        screen.root,
        middle(screen.width_in_pixels, width),
        middle(screen.height_in_pixels, height),
        width,
        height,
        0,
        WindowClass::INPUT_OUTPUT,
        x11rb::COPY_FROM_PARENT,
        &look,
    )?;
    describe(connection, window, alert)?;
    connection.map_window(window)?;
    connection.sync()?;
    Ok(window)
}

/// Tells the window manager, if there is one, what the window is.
fn describe(connection: &RustConnection, window: Window, alert: &Alert) -> Result<(), AlertError> {
    let Atoms { protocols, delete } = atoms(connection)?;
    let atom = |name: &str| x11::atom(connection, name);
    let title = alert.title.as_bytes();
    let text = atom("UTF8_STRING")?;
    for (name, kind) in [
        (atom("_NET_WM_NAME")?, text),
        (AtomEnum::WM_NAME.into(), AtomEnum::STRING.into()),
    ] {
        connection.change_property8(PropMode::REPLACE, window, name, kind, title)?;
    }
    let kind = atom("_NET_WM_WINDOW_TYPE_DIALOG")?;
    for (name, value) in [
        (protocols, delete),
        (atom("_NET_WM_WINDOW_TYPE")?, kind),
        (atom("_NET_WM_STATE")?, atom("_NET_WM_STATE_ABOVE")?),
    ] {
        connection.change_property32(PropMode::REPLACE, window, name, AtomEnum::ATOM, &[value])?;
    }
    // the smallest and the largest size are the one it has
    const SMALLEST_AND_LARGEST: u32 = (1 << 4) | (1 << 5);
    let (width, height) = (alert.face.width.into(), alert.face.height.into());
    let mut hints = [0_u32; 18];
    hints[0] = SMALLEST_AND_LARGEST;
    hints[5..9].copy_from_slice(&[width, height, width, height]);
    let (name, kind) = (AtomEnum::WM_NORMAL_HINTS, AtomEnum::WM_SIZE_HINTS);
    connection.change_property32(PropMode::REPLACE, window, name, kind, &hints)?;
    Ok(())
}

/// Returns when the person closes the window.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of the server's hundred events only those that were asked for matter"
)]
fn wait(
    connection: &RustConnection,
    window: Window,
    [left, top, right, bottom]: [i16; 4],
    atoms: &Atoms,
) -> Result<(), AlertError> {
    let keys = closing_keys(connection)?;
    loop {
        match connection.wait_for_event()? {
            Event::MapNotify(_) => {
                // without a window manager nobody else gives it the keyboard
                connection.set_input_focus(
                    InputFocus::POINTER_ROOT,
                    window,
                    x11rb::CURRENT_TIME,
                )?;
                connection.flush()?;
            }
            Event::KeyPress(event) if keys.contains(&event.detail) => return Ok(()),
            Event::ButtonPress(event)
                if (left..right).contains(&event.event_x)
                    && (top..bottom).contains(&event.event_y) =>
            {
                return Ok(());
            }
            Event::ClientMessage(event)
                if event.type_ == atoms.protocols && event.data.as_data32()[0] == atoms.delete =>
            {
                return Ok(());
            }
            Event::DestroyNotify(_) => return Ok(()),
            _ => {}
        }
    }
}

/// The codes of the keys that close the window on this keyboard.
fn closing_keys(connection: &RustConnection) -> Result<Vec<u8>, ReplyError> {
    let setup = connection.setup();
    let (first, last) = (setup.min_keycode, setup.max_keycode);
    let map = connection.get_keyboard_mapping(first, last - first + 1)?;
    let map = map.reply()?;
    let per_code = usize::from(map.keysyms_per_keycode.max(1));
    let keys = (first..=last).zip(map.keysyms.chunks(per_code));
    let closing = keys.filter(|(_, syms)| syms.first().is_some_and(|s| CLOSING_KEYS.contains(s)));
    Ok(closing.map(|(code, _)| code).collect())
}

/// The face as a pixmap of the server's.
fn painted(connection: &RustConnection, screen: &Screen, face: &Face) -> Result<u32, AlertError> {
    let unsuitable = || AlertError {
        reason: format!("the display's depth is {}", screen.root_depth),
    };
    let formats = &connection.setup().pixmap_formats;
    let format = formats.iter().find(|f| f.depth == screen.root_depth);
    let format = format.ok_or_else(unsuitable)?;
    let bytes = match format.bits_per_pixel {
        bits @ (8 | 16 | 24 | 32) => usize::from(bits / 8),
        _ => return Err(unsuitable()),
    };
    let pad = usize::from(format.scanline_pad / 8).max(1);
    let mut colours = Colours::of(connection, screen).ok_or_else(unsuitable)?;
    let is_little = connection.setup().image_byte_order == ImageOrder::LSB_FIRST;
    let row_bytes = (usize::from(face.width) * bytes).next_multiple_of(pad);
    let mut image = Vec::with_capacity(row_bytes * usize::from(face.height));
    for row in face.pixels.chunks(usize::from(face.width).max(1)) {
        let start = image.len();
        for &colour in row {
            let pixel = colours.pixel(colour)?;
            if is_little {
                image.extend(&pixel.to_le_bytes()[..bytes]);
            } else {
                image.extend(&pixel.to_be_bytes()[size_of::<u32>() - bytes..]);
            }
        }
        image.resize(start + row_bytes, 0);
    }
    let pixmap = x11::new_id(connection)?;
    let depth = screen.root_depth;
    connection.create_pixmap(depth, pixmap, screen.root, face.width, face.height)?;
    let gc = x11::new_id(connection)?;
    connection.create_gc(gc, pixmap, &CreateGCAux::new())?;
    let rows_at_once = (BYTES_AT_ONCE / row_bytes).max(1);
    let mut y = 0;
    for rows in image.chunks(rows_at_once * row_bytes) {
        let height = u16::try_from(rows.len() / row_bytes).unwrap_or(u16::MAX);
        let (format, width) = (ImageFormat::Z_PIXMAP, face.width);
        connection.put_image(format, pixmap, gc, width, height, 0, y, 0, depth, rows)?;
        y = y.saturating_add_unsigned(height);
    }
    Ok(pixmap)
}

/// How colours become pixels of the screen.
enum Colours<'a> {
    /// By their bits.
    Direct(Visualtype),
    /// The server is asked for each, in a map with few places.
    Asked {
        connection: &'a RustConnection,
        map: Colormap,
        black: u32,
        white: u32,
        known: HashMap<u32, u32>,
    },
}

impl<'a> Colours<'a> {
    fn of(connection: &'a RustConnection, screen: &Screen) -> Option<Self> {
        let visuals = screen.allowed_depths.iter().flat_map(|d| &d.visuals);
        let visual = visuals
            .into_iter()
            .find(|v| v.visual_id == screen.root_visual)?;
        let is_direct =
            visual.class == VisualClass::TRUE_COLOR || visual.class == VisualClass::DIRECT_COLOR;
        Some(if is_direct {
            Self::Direct(*visual)
        } else {
            Self::Asked {
                connection,
                map: screen.default_colormap,
                black: screen.black_pixel,
                white: screen.white_pixel,
                known: HashMap::new(),
            }
        })
    }

    fn pixel(&mut self, colour: u32) -> Result<u32, ConnectionError> {
        let [_, red, green, blue] = colour.to_be_bytes();
        match self {
            Self::Direct(visual) => {
                let part = |value: u8, mask: u32| {
                    let highest = mask >> mask.trailing_zeros().min(31);
                    let scaled = (u32::from(value) * highest + 127) / 255;
                    (scaled << mask.trailing_zeros().min(31)) & mask
                };
                Ok(part(red, visual.red_mask)
                    | part(green, visual.green_mask)
                    | part(blue, visual.blue_mask))
            }
            Self::Asked {
                connection,
                map,
                black,
                white,
                known,
            } => {
                // few shades: the map's places are everybody's
                let coarse = |value: u8| (u16::from(value) + 21) / 43 * 43;
                let shades = [red, green, blue].map(|value| coarse(value).min(255));
                let [r, g, b] = shades;
                let key = (u32::from(r) << 16) | (u32::from(g) << 8) | u32::from(b);
                if let Some(pixel) = known.get(&key) {
                    return Ok(*pixel);
                }
                let wide = |value: u16| value * 257;
                let asked = connection.alloc_color(*map, wide(r), wide(g), wide(b))?;
                let pixel = match asked.reply() {
                    Ok(found) => found.pixel,
                    // no place is free
                    Err(ReplyError::X11Error(_)) if r + g + b > 3 * 127 => *white,
                    Err(ReplyError::X11Error(_)) => *black,
                    Err(ReplyError::ConnectionError(error)) => return Err(error),
                };
                known.insert(key, pixel);
                Ok(pixel)
            }
        }
    }
}
