//! What goes on on the person's display: a picture that moves, under a clock that a film must show too.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use e2e::{Display, Picture};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    ConnectionExt as _, CreateGCAux, CreateWindowAux, ImageFormat, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// The window: a row for the clock and the moving picture below it.
const LEFT: u16 = 40;
const TOP: u16 = 90;
const WIDTH: u16 = 640;
const CLOCK_HEIGHT: u16 = 40;
const HEIGHT: u16 = CLOCK_HEIGHT + 360;
/// Each bit of the clock is a square, black or white, the lowest bit first.
const SQUARE: u16 = 40;
const BITS: u16 = 12;
/// The photo of which the moving picture shows a part.
const PHOTO_WIDTH: u32 = 900;
const PHOTO_HEIGHT: u32 = 560;

/// How the picture moves.
#[derive(Clone, Copy)]
pub(crate) enum Motion {
    /// As a video does, 25 times a second.
    Video,
    /// Not at all: only the clock goes on, 10 times a second.
    Clock,
}

/// The window and what was to be seen in it.
pub(crate) struct Show {
    connection: RustConnection,
    window: u32,
    gc: u32,
    depth: u8,
    photo: Vec<u32>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When the clock began to show each number.
    begun: Vec<u64>,
    moved: u32,
}

impl Show {
    /// Opens the window on `display`, where it stands still.
    pub(crate) fn open(display: &Display) -> anyhow::Result<Self> {
        let (connection, screen) = x11rb::connect(Some(display.name()))?;
        let screen = &connection.setup().roots[screen];
        let (root, visual, depth) = (screen.root, screen.root_visual, screen.root_depth);
        let window = connection.generate_id()?;
        connection.create_window(
            depth,
            window,
            root,
            LEFT.cast_signed(),
            TOP.cast_signed(),
            WIDTH,
            HEIGHT,
            0,
            WindowClass::INPUT_OUTPUT,
            visual,
            &CreateWindowAux::new().override_redirect(1),
        )?;
        connection.map_window(window)?;
        let gc = connection.generate_id()?;
        connection.create_gc(gc, window, &CreateGCAux::new())?;
        let show = Self {
            connection,
            window,
            gc,
            depth,
            photo: photo(),
            state: Mutex::default(),
        };
        show.draw(0)?;
        Ok(show)
    }

    /// Since when it can be seen, in milliseconds since the Unix epoch.
    pub(crate) fn opened_at(&self) -> u64 {
        self.state().begun[0]
    }

    /// Plays for so long.
    pub(crate) fn play(&self, motion: Motion, time: Duration) -> anyhow::Result<()> {
        let (step, interval) = match motion {
            Motion::Video => (3, Duration::from_millis(40)),
            Motion::Clock => (0, Duration::from_millis(100)),
        };
        let started = Instant::now();
        let mut next = Duration::ZERO;
        while next < time {
            self.draw(step)?;
            next += interval;
            std::thread::sleep(next.saturating_sub(started.elapsed()));
        }
        Ok(())
    }

    /// Moves the picture by so many pixels and lets the clock show the next number.
    fn draw(&self, step: u32) -> anyhow::Result<()> {
        let mut state = self.state();
        state.moved += step;
        let number = state.begun.len();
        let mut pixels = Vec::with_capacity(usize::from(WIDTH) * usize::from(HEIGHT));
        for _ in 0..CLOCK_HEIGHT {
            pixels.extend((0..WIDTH).map(|x| {
                let bit = x / SQUARE;
                if bit < BITS && number >> bit & 1 == 1 {
                    0x00ff_ffff
                } else {
                    0
                }
            }));
        }
        let left = back_and_forth(state.moved, PHOTO_WIDTH - u32::from(WIDTH));
        let top = back_and_forth(state.moved / 2, PHOTO_HEIGHT - u32::from(HEIGHT));
        let rows = self
            .photo
            .chunks_exact(PHOTO_WIDTH as usize)
            .skip(top as usize);
        for row in rows.take(usize::from(HEIGHT - CLOCK_HEIGHT)) {
            pixels.extend_from_slice(&row[left as usize..][..usize::from(WIDTH)]);
        }
        let bytes: Vec<u8> = pixels
            .iter()
            .flat_map(|pixel| pixel.to_le_bytes())
            .collect();
        self.connection.put_image(
            ImageFormat::Z_PIXMAP,
            self.window,
            self.gc,
            WIDTH,
            HEIGHT,
            0,
            0,
            0,
            self.depth,
            &bytes,
        )?;
        self.connection.sync()?;
        state.begun.push(unix_millis());
        Ok(())
    }

    /// How many milliseconds lie between `at` and the time at which the clock showed what it shows in
    /// `picture`, the screen's left upper corner being at `corner`. `None` if that is no time.
    pub(crate) fn off_by(&self, picture: &Picture, corner: (u32, u32), at: u64) -> Option<u64> {
        let square = |bit: u16| {
            let x = corner.0 + u32::from(LEFT + bit * SQUARE + SQUARE / 2);
            let y = corner.1 + u32::from(TOP + CLOCK_HEIGHT / 2);
            let inside = x < picture.width() && y < picture.height();
            inside && picture.at(x, y)[1] > 127
        };
        let number = (0..BITS)
            .map(|bit| usize::from(square(bit)) << bit)
            .sum::<usize>();
        let state = self.state();
        let from = *state.begun.get(number)?;
        let to = state.begun.get(number + 1).copied().unwrap_or(u64::MAX);
        Some(from.saturating_sub(at).max(at.saturating_sub(to)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("whole")
    }
}

/// Milliseconds since the Unix epoch.
pub(crate) fn unix_millis() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
}

/// Goes from 0 to `end`, back to 0, and so on.
fn back_and_forth(way: u32, end: u32) -> u32 {
    end.abs_diff(way % (2 * end))
}

/// Hills of light and colour with leaves and grain on them.
fn photo() -> Vec<u32> {
    let pixel = |x, y| {
        let channel = |seed| {
            let hills = smooth(x, y, 90, seed) / 2;
            let leaves = smooth(x, y, 11, 7) / 3;
            let grain = hash(x, y, seed) % 24;
            hills + leaves + grain
        };
        channel(1) << 16 | channel(2) << 8 | channel(3)
    };
    let rows = 0..PHOTO_HEIGHT;
    rows.flat_map(|y| (0..PHOTO_WIDTH).map(move |x| (x, y)))
        .map(|(x, y)| pixel(x, y))
        .collect()
}

/// Random heights of 0 to 255 at the corners of cells, and slopes between them.
fn smooth(x: u32, y: u32, cell: u32, seed: u32) -> u32 {
    let (column, row) = (x / cell, y / cell);
    let corner = |right, down| hash(column + right, row + down, seed) % 256;
    let (across, along) = (x % cell, y % cell);
    let mix = |from, to, part| (from * (cell - part) + to * part) / cell;
    mix(
        mix(corner(0, 0), corner(1, 0), across),
        mix(corner(0, 1), corner(1, 1), across),
        along,
    )
}

fn hash(x: u32, y: u32, seed: u32) -> u32 {
    let mut mixed = x.wrapping_mul(0x9e37_79b9) ^ y.wrapping_mul(0x85eb_ca6b) ^ seed << 20;
    mixed = (mixed ^ mixed >> 15).wrapping_mul(0x2c1b_3c6d);
    mixed = (mixed ^ mixed >> 12).wrapping_mul(0x297a_2d39);
    mixed ^ mixed >> 15
}
