//! How long a key takes to its pixel, and what an update costs the user's computer: on Wayland (sway) and on X11, in
//! turns within one run.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::app::PATIENCE;
use crate::cast::{Cast, Size};
use crate::display::Display;
use crate::lamp::{self, Lamp};
use crate::picture::Region;
use crate::rest::nanos_worked;
use crate::running::wait_until;
use crate::sway_cast::{NO_X11, SwayCast};
use crate::wayland_lamp::{LampSize, WaylandLamp};
use xkeysym::key;

const USER_SCREEN: (u16, u16) = (1280, 720);
const OPERATOR_SCREEN: Size = Size(1680, 1050);
/// Where sway's rules put a lamp, too.
const LAMP: Region = Region {
    x: 120,
    y: 100,
    width: 200,
    height: 200,
};
/// Both pointers rest there.
const BESIDE: (u32, u32) = (1200, 660);
/// Between two looks at a pixel.
const LOOK: Duration = Duration::from_micros(200);
/// A key that has not arrived by then is lost.
const KEY_PATIENCE: Duration = Duration::from_secs(10);
/// So many keys on one desktop, then on the other.
const IN_TURN: usize = 25;

/// One desktop, where keys light a lamp.
struct Side<'a> {
    name: &'static str,
    operator: &'a Display,
    session: Region,
    count: &'a dyn Fn() -> u32,
    /// Helpme and the display server.
    programs: [(&'static str, u32); 2],
    took: Vec<Duration>,
    nanos: [u64; 2],
}

/// Presses `keys` keys on each desktop, and tells what came of it.
///
/// # Errors
///
/// If a session does not come about, or a key is lost.
pub fn play(keys: usize, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let (width, height) = USER_SCREEN;
    let mut on_wayland = SwayCast::assemble(1, (width.into(), height.into()), NO_X11)?;
    let mut on_x11 = Cast::assemble(Size(width, height), OPERATOR_SCREEN)?;
    let wayland_session = on_wayland.session_begins()?;
    let ticket = on_x11.user_asks_for_help()?;
    on_x11.console.choose(&ticket, "Remote Session")?;
    on_x11.helpme.allow()?;
    let x11_session = on_x11.console.wait_for_session()?;
    let wayland_lamp = WaylandLamp::hang(
        on_wayland.sway.socket(),
        LampSize::Of(LAMP.width, LAMP.height),
    )?;
    let x11_lamp = Lamp::hang(&on_x11.user_display, LAMP)?;
    let mut sides = [
        Side {
            name: "sway",
            operator: &on_wayland.operator,
            session: wayland_session,
            count: &|| wayland_lamp.count(),
            programs: [
                ("Helpme", on_wayland.helpme.running.pid()),
                ("sway", on_wayland.sway.running().pid()),
            ],
            took: Vec::new(),
            nanos: [0; 2],
        },
        Side {
            name: "X11",
            operator: &on_x11.operator_display,
            session: x11_session,
            count: &|| x11_lamp.count(),
            programs: [
                ("Helpme", on_x11.helpme.app.running().pid()),
                ("Xvfb", on_x11.user_display.server_pid()?),
            ],
            took: Vec::new(),
            nanos: [0; 2],
        },
    ];
    for side in &sides {
        side.take_keyboard()?;
    }
    let mut left = keys;
    while left > 0 {
        let now = left.min(IN_TURN);
        for side in &mut sides {
            side.press(now)?;
        }
        left -= now;
    }
    for side in &mut sides {
        tell(&side.told());
    }
    Ok(())
}

impl Side<'_> {
    fn lamp(&self) -> (u32, u32) {
        let (x, y) = LAMP.middle();
        (self.session.x + x, self.session.y + y)
    }

    fn seen(&self) -> anyhow::Result<Option<u32>> {
        let (x, y) = self.lamp();
        let pixel = Region {
            x,
            y,
            width: 1,
            height: 1,
        };
        let picture = self.operator.screenshot_of(pixel)?;
        Ok(lamp::count_of(picture.at(0, 0)))
    }

    /// The keyboard is the lamp's.
    fn take_keyboard(&self) -> anyhow::Result<()> {
        let hands = self.operator.hands()?;
        let before = (self.count)();
        hands.click(self.lamp())?;
        wait_until("the first key", PATIENCE, || {
            hands.tap(key::x)?;
            thread::sleep(Duration::from_millis(400));
            Ok(((self.count)() > before).then_some(()))
        })?;
        hands.point_at((self.session.x + BESIDE.0, self.session.y + BESIDE.1))?;
        wait_until("the last key", PATIENCE, || {
            let before = (self.count)();
            thread::sleep(Duration::from_millis(700));
            let all = (self.count)() == before && self.seen()? == Some(before);
            Ok(all.then_some(()))
        })
    }

    fn press(&mut self, keys: usize) -> anyhow::Result<()> {
        let hands = self.operator.hands()?.with_pace(Duration::ZERO);
        let before = self.worked()?;
        for number in 0..keys {
            let next = (self.count)() + 1;
            let pressed = Instant::now();
            hands.tap(key::x)?;
            while self.seen()? != Some(next) {
                ensure!(pressed.elapsed() < KEY_PATIENCE, "key {number} is lost");
                thread::sleep(LOOK);
            }
            self.took.push(pressed.elapsed());
            // not in step with whatever else has a rhythm
            let pause = 60 + 11 * (number % 9);
            thread::sleep(Duration::from_millis(u64::try_from(pause)?));
        }
        let after = self.worked()?;
        for (sum, (before, after)) in self.nanos.iter_mut().zip(before.into_iter().zip(after)) {
            *sum += after - before;
        }
        Ok(())
    }

    fn worked(&self) -> anyhow::Result<[u64; 2]> {
        let [one, other] = self.programs;
        Ok([nanos_worked(one.1)?, nanos_worked(other.1)?])
    }

    #[expect(clippy::cast_precision_loss, reason = "small")]
    fn told(&mut self) -> String {
        self.took.sort_unstable();
        let count = self.took.len();
        let at = |part: usize| self.took[(count * part / 100).min(count - 1)].as_secs_f64() * 1e3;
        let [one, other] = [0, 1].map(|index| {
            let millis = self.nanos[index] as f64 / 1e6 / count as f64;
            format!("{} {millis:.2} ms", self.programs[index].0)
        });
        format!(
            "{}: {count} keys, to the pixel p50 {:.1} ms, p95 {:.1} ms, most {:.1} ms; CPU a key: {one}, {other}",
            self.name,
            at(50),
            at(95),
            at(100),
        )
    }
}
