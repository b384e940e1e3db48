//! Every key of every layout: what a program on the operator's own computer gets of it, and what one on
//! the host's gets through a session.
//!
//! The witness on both sides is `xev`, which asks Xlib as ordinary programs do, compose sequences
//! included.

mod layouts;
mod plan;
mod table;
mod witness;

use std::collections::HashSet;
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
use witness::{Effect, Witness, in_one_piece};

const SCREEN: Size = Size(1024, 720);
/// As a fast typist; what is lost at this pace would be lost by people too.
const PACE: Duration = Duration::from_millis(1);
/// Keys pressed before anybody looks.
const AT_ONCE: usize = 24;
/// How long the host's side may be silent before what is missing counts as lost.
const SILENCE: Duration = Duration::from_millis(1500);
/// Until programs know a new layout.
const NEW_LAYOUT: Duration = Duration::from_millis(250);

/// Spaces that end what a key has begun.
const MOST_SPACES: usize = 3;

/// A session between two displays, and a third one that is as the operator's without a session.
#[derive(Debug)]
pub struct Keyboards {
    cast: Cast,
    alone: Display,
    here: Witness,
    there: Witness,
    hands_alone: Hands,
    hands: Hands,
    operator_has: Option<LayoutName>,
    host_has: Option<LayoutName>,
}

/// What was equal at a host before: a key of the same place, with the same keys held, that does the same.
#[derive(Debug, Default)]
pub struct Proven(HashSet<(Item, Vec<Effect>)>);

impl Keyboards {
    /// Starts everything; the operator's keyboard is the host's when this returns.
    ///
    /// # Errors
    ///
    /// If a program or `xev` is missing, or no session begins.
    pub fn set_up() -> anyhow::Result<Self> {
        let alone = Display::start(SCREEN.0, SCREEN.1)?;
        let mut cast = Cast::assemble(SCREEN, SCREEN)?;
        let here = Witness::at(&alone, &cast.folder().join("here.xev"))?;
        let there = Witness::at(&cast.user_display, &cast.folder().join("there.xev"))?;
        let ticket = cast.user_asks_for_help()?;
        let session = cast.session_begins(&ticket)?;
        // it would ask for the whole layout each time that a key is lent, longer than all others together
        cast.user_display.end_window_manager();
        let hands = cast.operator_display.hands()?.with_pace(PACE);
        let middle = (
            session.x + session.width / 2,
            session.y + session.height / 2,
        );
        hands.click(middle)?;
        let hands_alone = alone.hands()?.with_pace(Duration::ZERO);
        let mut keyboards = Self {
            cast,
            alone,
            here,
            there,
            hands_alone,
            hands,
            operator_has: None,
            host_has: None,
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

    /// What a program on the operator's computer gets of each key of each level of the layout `name`.
    ///
    /// # Errors
    ///
    /// If a display or a witness is lost, or the layout is not known.
    pub fn learn(&mut self, name: &LayoutName) -> anyhow::Result<Lesson> {
        name.set_on(&self.alone)?;
        std::thread::sleep(NEW_LAYOUT);
        self.here.skip()?;
        let plan = Plan::of(&self.alone)?;
        let items: Vec<Item> = plan.items().collect();
        let mut lesson = Lesson {
            layout: name.clone(),
            expected: Vec::new(),
            unseen: 0,
        };
        // what locks something is pressed by itself, lest it change what others do
        for run in items.chunk_by(|one, next| !one.may_lock && !next.may_lock) {
            for part in run.chunks(AT_ONCE) {
                self.learn_part(part, &mut lesson)?;
            }
        }
        for (item, effects) in &mut lesson.expected {
            // with what modifiers a key is reached is each layout's own affair
            if !item.is_alone() {
                effects.retain(|effect| !matches!(effect, Effect::Modifier(_)));
            }
            *effects = in_one_piece(effects.drain(..));
        }
        Ok(lesson)
    }

    fn learn_part(&mut self, part: &[Item], lesson: &mut Lesson) -> anyhow::Result<()> {
        let Some(all) = self.press_alone(part)? else {
            if part.len() == 1 {
                lesson.unseen += 1;
                return Ok(());
            }
            // which of them is it that nobody hears of?
            let (first, second) = part.split_at(part.len() / 2);
            self.learn_part(first, lesson)?;
            return self.learn_part(second, lesson);
        };
        for (index, (item, effects)) in part.iter().zip(all).enumerate() {
            if effects.iter().any(Effect::waits_for_the_next_key) {
                // what it begins shows when it is ended; what followed here was changed by it
                self.learn_with_spaces(item, lesson)?;
                return self.learn_part(&part[index + 1..], lesson);
            }
            if effects.iter().any(Effect::locks) && !item.twice {
                // it unlocks what it has locked
                self.press_alone(std::slice::from_ref(item))?;
                let twice = item.clone().twice();
                self.learn_part(&[twice], lesson)?;
                return self.learn_part(&part[index + 1..], lesson);
            }
            lesson.expected.push((item.clone(), effects));
        }
        Ok(())
    }

    fn learn_with_spaces(&mut self, item: &Item, lesson: &mut Lesson) -> anyhow::Result<()> {
        let spaces = vec![Item::SPACE; MOST_SPACES];
        let mut item = item.clone();
        loop {
            self.press_alone(&spaces)?;
            item.spaces += 1;
            let pressed = self.press_alone(std::slice::from_ref(&item))?;
            let mut effects = pressed.into_iter().flatten().flatten().collect::<Vec<_>>();
            let is_over = effects.last() != Some(&Effect::Composing);
            if is_over || item.spaces == MOST_SPACES {
                effects.retain(|effect| *effect != Effect::Composing);
                lesson.expected.push((item, effects));
                return Ok(());
            }
        }
    }

    /// Presses at the operator's what was learned, the host having the layout `host`, and compares what
    /// arrives there. What is proven already is not pressed again.
    ///
    /// # Errors
    ///
    /// If a display or the witness is lost, or the layout is not known.
    pub fn compare(
        &mut self,
        lesson: &Lesson,
        host: &LayoutName,
        proven: &mut Proven,
    ) -> anyhow::Result<Findings> {
        let mut findings = Findings::with_unseen(lesson.unseen);
        let (before, new): (Vec<_>, Vec<_>) = lesson
            .expected
            .iter()
            .partition(|known| proven.0.contains(known));
        for (item, effects) in before {
            findings.as_before(item.kind(effects));
        }
        if !new.is_empty() {
            self.set_layouts(&lesson.layout, host)?;
        }
        for part in new.chunks(AT_ONCE) {
            // nobody waits for what is not to arrive
            let all = part.iter().flat_map(|(_, effects)| effects.clone());
            let wanted = in_one_piece(all.filter(|effect| !table::stays_here(effect)));
            for (item, _) in part {
                item.press(&self.hands)?;
            }
            if self.arrives(&wanted)? == wanted {
                for (item, effects) in part {
                    findings.equal(item.kind(effects));
                }
                proven.0.extend(part.iter().map(|known| (*known).clone()));
                continue;
            }
            // one by one, to see which
            for known in part {
                let (item, effects) = known;
                item.press(&self.hands)?;
                let arrived = self.arrives(effects)?;
                if findings.compare(&lesson.layout, item, effects, &arrived) {
                    proven.0.insert((*known).clone());
                }
            }
        }
        Ok(findings)
    }

    fn set_layouts(&mut self, operator: &LayoutName, host: &LayoutName) -> anyhow::Result<()> {
        if self.operator_has.as_ref() != Some(operator) {
            operator.set_on(&self.cast.operator_display)?;
            self.operator_has = Some(operator.clone());
        }
        if self.host_has.as_ref() != Some(host) {
            host.set_on(&self.cast.user_display)?;
            self.host_has = Some(host.clone());
        }
        std::thread::sleep(NEW_LAYOUT);
        self.there.skip()
    }

    /// Presses keys where there is no session; `None` if one of them is one that the server keeps for itself.
    fn press_alone(&mut self, items: &[Item]) -> anyhow::Result<Option<Vec<Vec<Effect>>>> {
        for item in items {
            item.press(&self.hands_alone)?;
        }
        let releases: Vec<usize> = items.iter().map(Item::releases).collect();
        self.here.after(&releases)
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
            let seen = in_one_piece(table::comparable(&arrived, wanted));
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
    let mut proven: Vec<Proven> = hosts.iter().map(|_| Proven::default()).collect();
    for (number, layout) in layouts.iter().enumerate() {
        let lesson = keyboards.learn(layout);
        let lesson = lesson.with_context(|| format!("{layout} at the operator's"))?;
        for ((host, findings), proven) in all.iter_mut().zip(&mut proven) {
            let found = keyboards.compare(&lesson, host, proven);
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
