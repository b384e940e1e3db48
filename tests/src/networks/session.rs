//! One session over one network, with the real programs, seen through pixels.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde::Serialize;
use xkeysym::key;

use super::rows::{Event, Row};
use super::way::WayThere;
use crate::app::{App, PATIENCE};
use crate::cast::{Cast, Size};
use crate::display::Display;
use crate::lamp::{self, Lamp};
use crate::network::{Namespaces, Network};
use crate::picture::{Picture, Region};
use crate::running::wait_until;

const USER_SCREEN: Size = Size(960, 640);
const OPERATOR_SCREEN: Size = Size(1400, 900);
const LAMP: Region = Region {
    x: 120,
    y: 100,
    width: 200,
    height: 200,
};
/// Both pointers rest to the right of this. Only what is left of it is compared.
const WITHOUT_POINTER: u32 = 880;
const BESIDE: (u32, u32) = (920, 600);
/// Between two looks at a pixel.
const LOOK: Duration = Duration::from_micros(300);
/// A key that has not arrived by then is lost.
const KEY_PATIENCE: Duration = Duration::from_secs(10);
/// How long a picture may stand still.
const STILL_AT_MOST: Duration = Duration::from_mins(1);
/// It goes on when it has done so for this long.
const GOES_ON: Duration = Duration::from_secs(3);

/// What was found. Times in milliseconds.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// By which way Helpme came, at the end.
    pub user_route: String,
    pub operator_route: String,
    /// From Helpme's call until the hub had greeted it.
    pub user_connected_ms: f64,
    /// The same of the console.
    pub operator_connected_ms: f64,
    /// From the click on **Allow** until the operator saw the screen.
    pub picture_ms: f64,
    /// From the key at the operator's until its pixels were there.
    pub key_p50_ms: f64,
    pub key_p95_ms: f64,
    pub keys: usize,
    /// How long the picture stood still when something happened to the line.
    pub still_ms: Option<f64>,
    /// Pixels that differed when all was at rest.
    pub wrong_pixels: usize,
}

/// Plays a session over the network of `row`, with `keys` keys.
///
/// # Errors
///
/// If something that it takes is missing, or a step of the session is not done.
pub fn measure(row: &Row, keys: usize) -> anyhow::Result<Measured> {
    let mut play = Play::begin(row)?;
    let picture = play.picture_comes()?;
    let lamp = play.hang_lamp()?;
    let still = match row.event {
        None => None,
        Some(event) => Some(play.happens(event, &lamp)?),
    };
    play.take_keyboard(&lamp)?;
    let mut took = play.press(&lamp, keys)?;
    took.sort_unstable();
    let at = |part: usize| took[(took.len() * part / 100).min(took.len() - 1)];
    let wrong_pixels = play.wrong_pixels()?;
    let cast = &play.cast;
    let [user, operator] = [&cast.helpme.app, &cast.console.app].map(reached);
    let ((user_first, user_route), (operator_first, operator_route)) = (user?, operator?);
    // it writes of a tunnel when that has ended
    drop(play.cast);
    play.way.check_tls()?;
    Ok(Measured {
        user_route,
        operator_route,
        user_connected_ms: user_first,
        operator_connected_ms: operator_first,
        picture_ms: millis(picture),
        key_p50_ms: millis(at(50)),
        key_p95_ms: millis(at(95)),
        keys: took.len(),
        still_ms: still.map(millis),
        wrong_pixels,
    })
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A session, and what leads to its hub.
struct Play {
    cast: Cast,
    session: Region,
    way: WayThere,
}

impl Play {
    fn begin(row: &Row) -> anyhow::Result<Self> {
        let mut namespaces = Namespaces::make_as(row.plan)?;
        let way = WayThere::open(row.way, &mut namespaces)?;
        let network = Network::Namespaces(Box::new(namespaces));
        let cast = Cast::assemble_over(network, USER_SCREEN, OPERATOR_SCREEN)?;
        // seen on the operator's screen, it is the user's
        cast.user_display.paint_background(lamp::rgb(0))?;
        Ok(Self {
            cast,
            session: LAMP,
            way,
        })
    }

    /// The user comes, is asked, and allows; how long it takes from there to the operator's pixels.
    fn picture_comes(&mut self) -> anyhow::Result<Duration> {
        let cast = &mut self.cast;
        let ticket = cast.user_asks_for_help()?;
        // rows move when others come and go, also between a look and a click
        const TRIES: u32 = 3;
        for _ in 0..TRIES {
            cast.console.choose(&ticket, "Remote Session")?;
            if cast.helpme.is_asked()? {
                break;
            }
        }
        let user = &mut cast.helpme.app;
        user.bring_to_front("Allow")?;
        let allow = user.wait_until_usable("Allow")?.region.middle();
        let clicked = Instant::now();
        user.hands().click(allow)?;
        let display = &cast.operator_display;
        let seen = loop {
            if shows_background(display)? {
                break clicked.elapsed();
            }
            ensure!(clicked.elapsed() < PATIENCE, "no picture comes");
            thread::sleep(LOOK);
        };
        cast.helpme.wait_for_bar()?;
        self.session = cast.console.wait_for_session()?;
        Ok(seen)
    }

    fn hang_lamp(&self) -> anyhow::Result<Lamp> {
        let lamp = Lamp::hang(&self.cast.user_display, LAMP)?;
        // told from the background
        let first = lamp.step()?;
        let sees_it = || Ok((self.seen()? == Some(first)).then_some(()));
        wait_until("the lamp at the operator's", PATIENCE, sees_it)?;
        Ok(lamp)
    }

    /// What the lamp shows at the operator's.
    fn seen(&self) -> anyhow::Result<Option<u32>> {
        let (x, y) = self.lamp_at_operator();
        let pixel = Region {
            x,
            y,
            width: 1,
            height: 1,
        };
        let picture = self.cast.operator_display.screenshot_of(pixel)?;
        Ok(lamp::count_of(picture.at(0, 0)))
    }

    fn lamp_at_operator(&self) -> (u32, u32) {
        let (x, y) = LAMP.middle();
        (self.session.x + x, self.session.y + y)
    }

    /// Lets it happen while the lamp changes by itself; how long it stood still at the operator's then.
    fn happens(&self, event: Event, lamp: &Lamp) -> anyhow::Result<Duration> {
        const EACH: Duration = Duration::from_millis(25);
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let stepping = scope.spawn(|| -> anyhow::Result<()> {
                while !over.load(Ordering::SeqCst) {
                    lamp.step()?;
                    thread::sleep(EACH);
                }
                Ok(())
            });
            let still = self.longest_still(event, lamp);
            over.store(true, Ordering::SeqCst);
            match stepping.join() {
                Ok(stepped) => stepped?,
                Err(_panic) => bail!("the lamp does not change"),
            }
            still
        })
    }

    fn longest_still(&self, event: Event, lamp: &Lamp) -> anyhow::Result<Duration> {
        // all is well before
        thread::sleep(GOES_ON);
        let happened_after = lamp.count();
        let Network::Namespaces(namespaces) = &self.cast.network else {
            bail!("these are namespaces");
        };
        let mut ports = BTreeSet::new();
        match event {
            Event::RouterForgets => {
                ports = namespaces.ports_of_router()?;
                namespaces.router_forgets()?;
            }
            Event::UdpBlocked => namespaces.block_udp_of_user()?,
        }
        let began = Instant::now();
        let (mut newest, mut since) = (happened_after, began);
        let mut longest = Duration::ZERO;
        // the first moment of a flow that has not stood still again
        let mut goes_on_since: Option<Instant> = None;
        loop {
            if let Some(count) = self.seen()?
                && count > newest
            {
                newest = count;
                longest = longest.max(since.elapsed());
                since = Instant::now();
                goes_on_since.get_or_insert(since);
            }
            if since.elapsed() > GOES_ON / 3 {
                goes_on_since = None;
            }
            if goes_on_since.is_some_and(|since| since.elapsed() > GOES_ON)
                && began.elapsed() > 3 * GOES_ON
            {
                break;
            }
            ensure!(since.elapsed() < STILL_AT_MOST, "the picture stands still");
            thread::sleep(LOOK);
        }
        if event == Event::RouterForgets {
            let now = namespaces.ports_of_router()?;
            let others = !ports.is_empty() && !now.is_empty() && ports.is_disjoint(&now);
            ensure!(others, "the router's ports were {ports:?} and are {now:?}");
        }
        Ok(longest)
    }

    /// The keyboard is the lamp's.
    fn take_keyboard(&self, lamp: &Lamp) -> anyhow::Result<()> {
        let hands = self.cast.operator_display.hands()?;
        let before = lamp.count();
        hands.click(self.lamp_at_operator())?;
        wait_until("the first key", PATIENCE, || {
            hands.tap(key::x)?;
            thread::sleep(Duration::from_millis(400));
            Ok((lamp.count() > before).then_some(()))
        })?;
        hands.point_at((self.session.x + BESIDE.0, self.session.y + BESIDE.1))?;
        self.rests(lamp)
    }

    /// All keys are on the operator's screen.
    fn rests(&self, lamp: &Lamp) -> anyhow::Result<()> {
        wait_until("the last key", PATIENCE, || {
            let before = lamp.count();
            thread::sleep(Duration::from_millis(700));
            let all = lamp.count() == before && self.seen()? == Some(before);
            Ok(all.then_some(()))
        })
    }

    /// Presses the keys one after another; how long each took to its pixels.
    fn press(&self, lamp: &Lamp, keys: usize) -> anyhow::Result<Vec<Duration>> {
        let hands = self.cast.operator_display.hands()?;
        let hands = hands.with_pace(Duration::ZERO);
        let mut took = Vec::new();
        for number in 0..keys {
            let next = lamp.count() + 1;
            let pressed = Instant::now();
            hands.tap(key::x)?;
            while self.seen()? != Some(next) {
                ensure!(pressed.elapsed() < KEY_PATIENCE, "key {number} is lost");
                thread::sleep(LOOK);
            }
            took.push(pressed.elapsed());
            // not in step with whatever else has a rhythm
            let pause = 60 + 11 * (number % 9);
            thread::sleep(Duration::from_millis(u64::try_from(pause)?));
        }
        Ok(took)
    }

    /// How many pixels of the operator's differ from the user's, once they had time to be equal.
    fn wrong_pixels(&self) -> anyhow::Result<usize> {
        const TIME: Duration = Duration::from_secs(8);
        let begun = Instant::now();
        loop {
            let cast = &self.cast;
            let host = cast.user_display.screenshot()?.left(WITHOUT_POINTER);
            let seen = cast.operator_display.screenshot_of(self.session)?;
            let wrong = host.differing_pixels(&seen.left(WITHOUT_POINTER));
            if wrong == 0 || begun.elapsed() > TIME {
                return Ok(wrong);
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Whether the background of the user's screen is somewhere on `display`: a piece of a row is enough.
fn shows_background(display: &Display) -> anyhow::Result<bool> {
    const ROWS_BETWEEN: usize = 60;
    const PIECE: usize = 40;
    let [_, colour @ ..] = lamp::rgb(0).to_be_bytes();
    for y in (0..display.height()).step_by(ROWS_BETWEEN) {
        let row = Region {
            x: 0,
            y,
            width: display.width(),
            height: 1,
        };
        let row: Picture = display.screenshot_of(row)?;
        let found = row.colours().filter(|found| *found == colour).count();
        if found >= PIECE {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How long a program's first call took in milliseconds, and by which way it came last, as its log says.
fn reached(app: &App) -> anyhow::Result<(f64, String)> {
    let log = fs::read_to_string(app.home().log())?;
    let calls: Vec<_> = log.lines().filter_map(call).collect();
    let first = calls.first().zip(calls.last());
    let ((took, _), (_, route)) = first.context("its log tells of no hub")?;
    Ok((*took, (*route).to_owned()))
}

fn call(line: &str) -> Option<(f64, &str)> {
    let (_, told) = line.split_once("Reached route=")?;
    let (route, rest) = told.split_once(" hub=")?;
    let (_, millis) = rest.split_once(" millis=")?;
    Some((millis.split(' ').next()?.parse().ok()?, route))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_tells_the_way_and_the_time() {
        let line = "2026-01-01T00:00:00Z  INFO transport::client: Reached route=TCP port 443 through the \
                    proxy 10.87.1.1:3128 hub=10.87.9.1:4711 millis=312";
        let route = "TCP port 443 through the proxy 10.87.1.1:3128";
        assert_eq!(call(line), Some((312.0, route)));
        assert_eq!(call("INFO transport::client: Not reached route=UDP"), None);
    }
}
