//! Every key of every layout: what a program on the operator's own computer gets of it, and what one on
//! the host's gets through a session.
//!
//! The witness on both sides is `xev`, which asks Xlib as ordinary programs do, compose sequences
//! included.

mod layouts;
mod plan;
mod table;
mod witness;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::app::PATIENCE;
use crate::cast::{Cast, Size};
use crate::display::Display;
use crate::hands::Hands;
use crate::running::wait_until;

pub use layouts::{LayoutName, all_layouts};
pub use table::{Difference, Findings, Kind};

use plan::{Item, Plan};
use witness::{Effect, Witness};

const SCREEN: Size = Size(1024, 720);
/// As a fast typist; what is lost at this pace would be lost by people too.
const PACE: Duration = Duration::from_millis(1);
/// Keys pressed before anybody looks.
const AT_ONCE: usize = 24;
/// How long the host's side may be silent before what is missing counts as lost.
const SILENCE: Duration = Duration::from_millis(900);
/// Until programs know a new layout.
const NEW_LAYOUT: Duration = Duration::from_millis(250);

/// A session between two displays, and a third one that is as the operator's without a session.
#[derive(Debug)]
pub struct Keyboards {
    cast: Cast,
    alone: Display,
    here: Witness,
    there: Witness,
    hands_alone: Hands,
    hands: Hands,
}

impl Keyboards {
    /// Starts everything; the operator's keyboard is the host's when this returns.
    ///
    /// # Errors
    ///
    /// If a program or `xev` is missing, or no session begins.
    pub fn set_up() -> anyhow::Result<Self> {
        let alone = Display::start_managed(SCREEN.0, SCREEN.1)?;
        let mut cast = Cast::assemble(SCREEN, SCREEN)?;
        let here = Witness::at(&alone, &cast.folder().join("here.xev"))?;
        let there = Witness::at(&cast.user_display, &cast.folder().join("there.xev"))?;
        let ticket = cast.user_asks_for_help()?;
        let session = cast.session_begins(&ticket)?;
        let hands = cast.operator_display.hands()?.with_pace(PACE);
        let middle = (
            session.x + session.width / 2,
            session.y + session.height / 2,
        );
        hands.click(middle)?;
        let hands_alone = alone.hands()?.with_pace(PACE);
        let mut keyboards = Self {
            cast,
            alone,
            here,
            there,
            hands_alone,
            hands,
        };
        keyboards.wait_for_the_keyboard()?;
        Ok(keyboards)
    }

    fn wait_for_the_keyboard(&mut self) -> anyhow::Result<()> {
        wait_until("keys at the host", PATIENCE, || {
            self.hands.tap(xkeysym::key::a)?;
            std::thread::sleep(Duration::from_millis(200));
            Ok((!self.there.effects()?.is_empty()).then_some(()))
        })?;
        std::thread::sleep(NEW_LAYOUT);
        self.there.skip()
    }

    /// Gives the host the layout `name`.
    ///
    /// # Errors
    ///
    /// If `setxkbmap` does not know it.
    pub fn set_host(&mut self, name: &LayoutName) -> anyhow::Result<()> {
        name.set_on(&self.cast.user_display)?;
        std::thread::sleep(NEW_LAYOUT);
        Ok(())
    }

    /// What a program on the operator's computer gets of each key of each level of the layout `name`, which
    /// both sides of the operator have from now on.
    ///
    /// # Errors
    ///
    /// If a display or a witness is lost, or the layout is not known.
    pub fn learn(&mut self, name: &LayoutName) -> anyhow::Result<Lesson> {
        name.set_on(&self.alone)?;
        name.set_on(&self.cast.operator_display)?;
        std::thread::sleep(NEW_LAYOUT);
        let plan = Plan::of(&self.alone)?;
        let mut lesson = Lesson {
            layout: name.clone(),
            expected: Vec::new(),
            unseen: 0,
        };
        for mut item in plan.items() {
            let Some(mut effects) = self.press_alone(&item)? else {
                lesson.unseen += 1;
                continue;
            };
            // what begins a compose sequence shows when it is ended
            if effects.contains(&Effect::Composing) {
                self.press_alone(&Item::SPACE)?;
                item.then_space = true;
                effects = self.press_alone(&item)?.unwrap_or_default();
                effects.retain(|effect| *effect != Effect::Composing);
            }
            // with what modifiers a key is reached is each layout's own affair
            if !item.is_alone() {
                effects.retain(|effect| !matches!(effect, Effect::Modifier(_)));
            }
            lesson.expected.push((item, effects));
        }
        Ok(lesson)
    }

    /// Presses at the operator's what was learned, and compares what arrives at the host.
    ///
    /// # Errors
    ///
    /// If a display or the witness is lost.
    pub fn compare(&mut self, lesson: &Lesson) -> anyhow::Result<Findings> {
        self.there.skip()?;
        let mut findings = Findings::with_unseen(lesson.unseen);
        for part in lesson.expected.chunks(AT_ONCE) {
            // nobody waits for what is not to arrive
            let wanted: Vec<Effect> = part
                .iter()
                .flat_map(|(_, effects)| effects.clone())
                .filter(|effect| !table::stays_here(effect))
                .collect();
            for (item, _) in part {
                item.press(&self.hands)?;
            }
            if self.arrives(&wanted)? == wanted {
                for (item, effects) in part {
                    findings.equal(item.kind(effects));
                }
                continue;
            }
            // one by one, to see which
            for (item, effects) in part {
                item.press(&self.hands)?;
                let arrived = self.arrives(effects)?;
                findings.compare(&lesson.layout, item, effects, &arrived);
            }
        }
        Ok(findings)
    }

    /// Presses a key where there is no session; `None` for one that the server keeps for itself.
    fn press_alone(&mut self, item: &Item) -> anyhow::Result<Option<Vec<Effect>>> {
        item.press(&self.hands_alone)?;
        self.here.after(item.releases())
    }

    /// What the host's side gets: as soon as it is what is wanted, or when nothing more comes.
    fn arrives(&mut self, wanted: &[Effect]) -> anyhow::Result<Vec<Effect>> {
        let mut arrived = Vec::new();
        let mut last = Instant::now();
        loop {
            let more = self.there.effects()?;
            if !more.is_empty() {
                last = Instant::now();
                arrived.extend(more);
            }
            let seen = table::comparable(&arrived, wanted);
            // what follows what was wanted would be one too many
            let patience = if seen == wanted && !wanted.is_empty() {
                Duration::from_millis(3)
            } else if wanted.is_empty() {
                Duration::from_millis(60)
            } else {
                SILENCE
            };
            if last.elapsed() >= patience {
                return Ok(seen);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Every key of a layout, and what it does to a program on the operator's own computer.
#[derive(Debug)]
pub struct Lesson {
    layout: LayoutName,
    expected: Vec<(Item, Vec<Effect>)>,
    unseen: usize,
}

/// Tries `layouts` against each of `hosts` and writes the table to `out`, anew after each layout.
///
/// # Errors
///
/// If something that it needs is lost, or `out` cannot be written.
pub fn play(
    hosts: &[LayoutName],
    layouts: &[LayoutName],
    out: &Path,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    let mut keyboards = Keyboards::set_up()?;
    let mut all: Vec<_> = hosts
        .iter()
        .map(|host| (host.clone(), Findings::default()))
        .collect();
    for (number, layout) in layouts.iter().enumerate() {
        let lesson = keyboards.learn(layout);
        let lesson = lesson.with_context(|| format!("{layout} at the operator's"))?;
        for (host, findings) in &mut all {
            keyboards.set_host(host)?;
            let found = keyboards.compare(&lesson);
            let found = found.with_context(|| format!("{layout} at a host with {host}"))?;
            let (number, count) = (number + 1, layouts.len());
            let short = found.in_short();
            tell(&format!("{number} of {count}, {layout} at {host}: {short}"));
            findings.add(found);
        }
        // whoever stops it keeps what was found so far
        fs::write(out, table::write(&all, number + 1))
            .with_context(|| format!("cannot write {}", out.display()))?;
    }
    tell(&table::write(&all, layouts.len()));
    Ok(())
}
