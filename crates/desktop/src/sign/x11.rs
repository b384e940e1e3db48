//! A window that no manager knows, drawn by the X server's core protocol.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use x11::{Alarm, PatientConnection};
use x11rb::connection::Connection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ConfigureWindowAux, ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask,
    Gcontext, ImageFormat, ImageOrder, PropMode, Rectangle, Screen, StackMode, Visibility, Window,
    WindowClass,
};
use x11rb::wrapper::ConnectionExt as _;

use super::SignError;

/// The one font that every X server has; its letters are drawn so much larger.
const FONT: &[u8] = b"fixed";
const SCALE: u16 = 2;
/// Room around letters, in pixels.
const GAP: u16 = 10;
/// Letters that are shown of a text.
const MOST_LETTERS: usize = 80;
/// How far apart the bar is put above others that put themselves above it.
const RAISE_EVERY: Duration = Duration::from_millis(500);
/// Rectangles in one request; every server takes as many.
const AT_ONCE: usize = 1000;

const RED: u32 = 0x00b3_261e;
const WHITE: u32 = 0x00ff_ffff;

type Pressed = Box<dyn Fn() + Send>;

#[derive(Debug)]
pub(super) struct Shown {
    over: Arc<AtomicBool>,
    alarm: Arc<Alarm>,
    thread: JoinHandle<()>,
}

impl Shown {
    pub(super) fn begin(text: &str, button: &str, pressed: Pressed) -> Result<Self, SignError> {
        let alarm = Arc::new(Alarm::new()?);
        let over = Arc::new(AtomicBool::new(false));
        let (of_thread, alarm_of_thread) = (Arc::clone(&over), Arc::clone(&alarm));
        let (text, button) = (letters(text), letters(button));
        // nobody waits for its end: it may itself be waiting for the server
        let thread = std::thread::Builder::new().name("sign".to_owned());
        let thread = thread.spawn(move || {
            if let Err(error) = run(&text, &button, &pressed, &alarm_of_thread, &of_thread) {
                tracing::warn!(%error, "No sign on the screen");
            }
        })?;
        Ok(Self {
            over,
            alarm,
            thread,
        })
    }

    pub(super) fn is_over(&self) -> bool {
        self.thread.is_finished()
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        self.alarm.ring();
    }
}

/// The text as the font has it: ISO 8859-1.
fn letters(text: &str) -> Vec<u8> {
    let visible = text.chars().filter(|char| !char.is_control());
    let letter = |char| u8::try_from(u32::from(char)).unwrap_or(b'?');
    visible.take(MOST_LETTERS).map(letter).collect()
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Connect(#[from] x11::ConnectError),
    #[error(transparent)]
    Reply(#[from] ReplyError),
    #[error(transparent)]
    Wait(#[from] io::Error),
}

impl From<x11rb::errors::ConnectionError> for Fault {
    fn from(error: x11rb::errors::ConnectionError) -> Self {
        ReplyError::from(error).into()
    }
}

/// Letters as the places of their pixels.
struct Drawn {
    width: u16,
    height: u16,
    pixels: Vec<(u16, u16)>,
}

struct Bar {
    window: Window,
    gc: Gcontext,
    width: u16,
    height: u16,
    text: Drawn,
    button: Drawn,
}

impl Bar {
    /// Where the button begins.
    fn button_left(&self) -> u16 {
        self.width - self.button.width - 3 * GAP
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of the server's hundred events only those that were asked for matter"
)]
fn run(
    text: &[u8],
    button: &[u8],
    pressed: &Pressed,
    alarm: &Alarm,
    over: &AtomicBool,
) -> Result<(), Fault> {
    let (connection, screen) = x11::connect_patiently(None)?;
    let bar = open(&connection, &screen, text, button)?;
    let mut raised: Option<Instant> = None;
    loop {
        while let Some(event) = connection.poll_for_event()? {
            match event {
                Event::Expose(exposed) if exposed.count == 0 => draw(&connection, &bar)?,
                Event::ButtonRelease(release) => {
                    let at = u16::try_from(release.event_x).unwrap_or(0);
                    if (bar.button_left()..bar.width).contains(&at) {
                        pressed();
                    }
                }
                Event::VisibilityNotify(now)
                    if now.state != Visibility::UNOBSCURED
                        && raised.is_none_or(|raised| raised.elapsed() >= RAISE_EVERY) =>
                {
                    raised = Some(Instant::now());
                    let above = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
                    connection.configure_window(bar.window, &above)?;
                }
                _ => {}
            }
        }
        connection.flush()?;
        if over.load(Ordering::Acquire) {
            return Ok(());
        }
        alarm.wait(connection.stream(), None)?;
    }
}

fn open(
    connection: &PatientConnection,
    screen: &Screen,
    text: &[u8],
    button: &[u8],
) -> Result<Bar, Fault> {
    let button = drawn(connection, screen, button)?;
    let mut shown = drawn(connection, screen, text)?;
    let room = screen
        .width_in_pixels
        .saturating_sub(button.width + 7 * GAP);
    if let Some(part) = cut(text, shown.width, room) {
        shown = drawn(connection, screen, &part)?;
    }
    let text = shown;
    let width = text.width + button.width + 7 * GAP;
    let height = text.height + 2 * GAP;
    let window = x11::new_id(connection)?;
    // a press that nobody takes here would go to the desktop, and the release with it
    let buttons = EventMask::BUTTON_PRESS | EventMask::BUTTON_RELEASE;
    let events = EventMask::EXPOSURE | EventMask::VISIBILITY_CHANGE | buttons;
    let look = CreateWindowAux::new()
        .background_pixel(RED)
        .override_redirect(1)
        .event_mask(events);
    let left = screen.width_in_pixels.saturating_sub(width) / 2;
    connection.create_window(
        x11rb::COPY_DEPTH_FROM_PARENT,
        window,
        screen.root,
        i16::try_from(left).unwrap_or(0),
        0,
        width,
        height,
        0,
        WindowClass::INPUT_OUTPUT,
        x11rb::COPY_FROM_PARENT,
        &look,
    )?;
    // a log-in screen gives the keyboard to every window that comes, but for notices
    let kind = x11::atom(connection, "_NET_WM_WINDOW_TYPE")?;
    let notice = x11::atom(connection, "_NET_WM_WINDOW_TYPE_NOTIFICATION")?;
    connection.change_property32(PropMode::REPLACE, window, kind, AtomEnum::ATOM, &[notice])?;
    let gc = x11::new_id(connection)?;
    connection.create_gc(gc, window, &CreateGCAux::new().foreground(WHITE))?;
    connection.map_window(window)?;
    connection.flush()?;
    Ok(Bar {
        window,
        gc,
        width,
        height,
        text,
        button,
    })
}

/// As much of `text`, which is `width` pixels wide, as has `room`: beside a longer one the button would not be on the
/// screen. `None` if all of it has.
fn cut(text: &[u8], width: u16, room: u16) -> Option<Vec<u8>> {
    const MORE: &[u8] = b"...";
    if width <= room {
        return None;
    }
    // all letters of the font are as wide as each other
    let letter = usize::from(width).div_ceil(text.len().max(1)).max(1);
    let most = (usize::from(room) / letter).saturating_sub(MORE.len());
    Some([&text[..most.min(text.len())], MORE].concat())
}

/// Has the server draw letters where nobody sees it, and reads them.
fn drawn(connection: &PatientConnection, screen: &Screen, letters: &[u8]) -> Result<Drawn, Fault> {
    let font = x11::new_id(connection)?;
    connection.open_font(font, FONT)?.check()?;
    let metrics = connection.query_font(font)?.reply()?;
    let up = u16::try_from(metrics.font_ascent).unwrap_or(10);
    let down = u16::try_from(metrics.font_descent).unwrap_or(3);
    let letter = u16::try_from(metrics.max_bounds.character_width).unwrap_or(6);
    let count = u16::try_from(letters.len()).unwrap_or(u16::MAX);
    let (width, height) = ((letter * count).max(1), (up + down).max(1));
    let (pixmap, gc) = (x11::new_id(connection)?, x11::new_id(connection)?);
    connection.create_pixmap(1, pixmap, screen.root, width, height)?;
    let ink = CreateGCAux::new().foreground(1).background(0).font(font);
    connection.create_gc(gc, pixmap, &ink)?;
    let baseline = i16::try_from(up).unwrap_or(10);
    connection.image_text8(pixmap, gc, 0, baseline, letters)?;
    let image =
        connection.get_image(ImageFormat::Z_PIXMAP, pixmap, 0, 0, width, height, u32::MAX)?;
    let data = image.reply()?.data;
    connection.free_gc(gc)?;
    connection.free_pixmap(pixmap)?;
    connection.close_font(font)?;
    let is_low_first = connection.setup().bitmap_format_bit_order == ImageOrder::LSB_FIRST;
    let row_bytes = data.len() / usize::from(height);
    let is_set = |x: u16, y: u16| {
        let byte = usize::from(y) * row_bytes + usize::from(x / 8);
        let bit = if is_low_first { x % 8 } else { 7 - x % 8 };
        data.get(byte).is_some_and(|byte| byte >> bit & 1 == 1)
    };
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    Ok(Drawn {
        width: width * SCALE,
        height: height * SCALE,
        pixels: places.filter(|(x, y)| is_set(*x, *y)).collect(),
    })
}

fn draw(connection: &PatientConnection, bar: &Bar) -> Result<(), Fault> {
    let left = bar.button_left();
    let button = rectangle(left, GAP / 2, bar.button.width + 2 * GAP, bar.height - GAP);
    let fill = |colour, rectangles: &[Rectangle]| -> Result<(), Fault> {
        let look = x11rb::protocol::xproto::ChangeGCAux::new().foreground(colour);
        connection.change_gc(bar.gc, &look)?;
        for some in rectangles.chunks(AT_ONCE) {
            connection.poly_fill_rectangle(bar.window, bar.gc, some)?;
        }
        Ok(())
    };
    let at = |drawn: &Drawn, left: u16| -> Vec<Rectangle> {
        let pixels = drawn.pixels.iter();
        let large =
            |(x, y): &(u16, u16)| rectangle(left + x * SCALE, GAP + y * SCALE, SCALE, SCALE);
        pixels.map(large).collect()
    };
    fill(WHITE, &at(&bar.text, 2 * GAP))?;
    fill(WHITE, &[button])?;
    fill(RED, &at(&bar.button, left + GAP))
}

fn rectangle(x: u16, y: u16, width: u16, height: u16) -> Rectangle {
    Rectangle {
        x: i16::try_from(x).unwrap_or(i16::MAX),
        y: i16::try_from(y).unwrap_or(i16::MAX),
        width,
        height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o10_the_button_stays_on_the_narrowest_screen() {
        let text = [b'x'; MOST_LETTERS];
        let letter = 6 * SCALE;
        let width = letter * 80;
        assert_eq!(cut(&text, width, width), None);
        for room in [0, 1, 36, 500, width - 1] {
            let part = cut(&text, width, room).expect("there is no room for all");
            let needed = letter * u16::try_from(part.len()).expect("short");
            // without any room the dots alone stand there
            assert!(needed <= room.max(3 * letter), "{needed} of {room}");
            assert!(part.ends_with(b"..."));
        }
    }
}
