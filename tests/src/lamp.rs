//! A lamp: a patch that shows another colour with each key, and by its colour how many there were.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

use anyhow::Context as _;
use x11rb::CURRENT_TIME;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConnectionExt as _, CreateWindowAux, EventMask, InputFocus, Window,
    WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::{COPY_DEPTH_FROM_PARENT, errors::ReplyError};

use crate::display::Display;
use crate::picture::Region;

/// Odd, so that no two counts have one colour, and so that neighbours differ much.
const STEP: u32 = 0x9e_37_79;
const COLOURS: u32 = 0xff_ff_ff;
const FIRST: u32 = 0xd0_10_a0;

/// A window without a frame; the keyboard is its own from the first click on it. It goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Lamp {
    bulb: Arc<Bulb>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Bulb {
    connection: RustConnection,
    window: Window,
    count: AtomicU32,
}

impl Lamp {
    /// Hangs one up on `display`.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub(crate) fn hang(display: &Display, place: Region) -> anyhow::Result<Self> {
        let (connection, screen) = x11rb::connect(Some(display.name()))
            .with_context(|| format!("cannot connect to display {}", display.name()))?;
        let root = connection.setup().roots[screen].root;
        let window = connection.generate_id()?;
        let events = EventMask::BUTTON_PRESS | EventMask::KEY_PRESS | EventMask::STRUCTURE_NOTIFY;
        let look = CreateWindowAux::new()
            .background_pixel(rgb(0))
            .override_redirect(1)
            .event_mask(events);
        connection.create_window(
            COPY_DEPTH_FROM_PARENT,
            window,
            root,
            i16::try_from(place.x)?,
            i16::try_from(place.y)?,
            u16::try_from(place.width)?,
            u16::try_from(place.height)?,
            0,
            WindowClass::INPUT_OUTPUT,
            0,
            &look,
        )?;
        connection.map_window(window)?.check()?;
        let bulb = Arc::new(Bulb {
            connection,
            window,
            count: AtomicU32::new(0),
        });
        let lit = Arc::clone(&bulb);
        let thread = thread::spawn(move || while lit.take_event().is_ok_and(|goes_on| goes_on) {});
        Ok(Self {
            bulb,
            thread: Some(thread),
        })
    }

    /// How many keys and steps there were.
    pub(crate) fn count(&self) -> u32 {
        self.bulb.count.load(Ordering::SeqCst)
    }

    /// Shows the next colour by itself; gives its count.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub(crate) fn step(&self) -> anyhow::Result<u32> {
        Ok(self.bulb.step()?)
    }
}

impl Drop for Lamp {
    fn drop(&mut self) {
        // the thread hears of it
        let gone = self.bulb.connection.destroy_window(self.bulb.window);
        if gone.is_ok_and(|gone| gone.check().is_ok())
            && let Some(thread) = self.thread.take()
        {
            drop(thread.join());
        }
    }
}

impl Bulb {
    /// Whether there will be more.
    fn take_event(&self) -> Result<bool, ReplyError> {
        let event = self.connection.wait_for_event()?;
        if let Event::ButtonPress(_) = event {
            self.connection
                .set_input_focus(InputFocus::PARENT, self.window, CURRENT_TIME)?
                .check()?;
        } else if let Event::KeyPress(_) = event {
            self.step()?;
        }
        Ok(!matches!(event, Event::DestroyNotify(_)))
    }

    fn step(&self) -> Result<u32, ReplyError> {
        let count = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let colour = ChangeWindowAttributesAux::new().background_pixel(rgb(count));
        self.connection
            .change_window_attributes(self.window, &colour)?;
        self.connection
            .clear_area(false, self.window, 0, 0, 0, 0)?
            .check()?;
        Ok(count)
    }
}

/// What a lamp shows after `count` keys.
pub(crate) fn rgb(count: u32) -> u32 {
    FIRST.wrapping_add(count.wrapping_mul(STEP)) & COLOURS
}

/// After how many keys, not many thousands, a lamp shows this; `None` for what no lamp shows.
pub(crate) fn count_of([red, green, blue]: [u8; 3]) -> Option<u32> {
    const MOST: u32 = 10_000;
    let colour = u32::from_be_bytes([0, red, green, blue]);
    let count = colour.wrapping_sub(FIRST).wrapping_mul(inverse(STEP)) & COLOURS;
    (count <= MOST).then_some(count)
}

/// Of an odd number, modulo a power of two (Newton).
const fn inverse(odd: u32) -> u32 {
    let mut found = odd;
    let mut digits = 3;
    while digits < u32::BITS {
        found = found.wrapping_mul(2_u32.wrapping_sub(odd.wrapping_mul(found)));
        digits *= 2;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colour_tells_how_many_keys_there_were() {
        for count in [0, 1, 2, 999, 10_000] {
            let [_, colour @ ..] = rgb(count).to_be_bytes();
            assert_eq!(count_of(colour), Some(count));
        }
        assert_eq!(count_of([0, 0, 0]), None);
        assert_eq!(count_of([255, 255, 255]), None);
    }

    #[test]
    fn a_key_lights_the_lamp_that_was_clicked_on() {
        let display = Display::start(320, 200).expect("an X server");
        let place = Region {
            x: 20,
            y: 30,
            width: 60,
            height: 40,
        };
        let lamp = Lamp::hang(&display, place).expect("a lamp");
        let hands = display.hands().expect("hands");
        hands.click(place.middle()).expect("clicked");
        hands.type_text("abc").expect("typed");
        crate::wait_until("three keys", crate::PATIENCE, || {
            let picture = display.screenshot_of(place)?;
            Ok((count_of(picture.at(30, 20)) == Some(3)).then_some(()))
        })
        .expect("lit");
        assert_eq!(lamp.step().expect("lit"), 4);
    }
}
