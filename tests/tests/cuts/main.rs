//! Lines that go down, ends that change address, and a hub that is killed, at random moments of a session
//! of the real programs: a few, and fifty with `cargo xtask soak` (R4).
//!
//! All the while the operator types and the host's screen changes. After each cut both must go on within
//! two seconds of the line's return; what was typed must have arrived once and in order, but for what
//! the console said was not delivered; no key may be down; and the film must say when the line was lost.
#![expect(
    clippy::print_stdout,
    reason = "the table of the cuts is what is looked at"
)]

mod chance;
mod moving;
mod witness;

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use e2e::{Cast, End, Namespaces, Network, PATIENCE, Size, wait_until};
use xkeysym::key;

use crate::chance::Chance;
use crate::witness::{Told, Witness};

const CUTS: usize = 4;
const CUTS_IN_A_SOAK: usize = 50;
/// So many cuts in one session.
const CUTS_IN_A_SESSION: usize = 10;
/// How long a line stays down.
const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(6);
const LONGEST_IN_A_SOAK: Duration = Duration::from_mins(1);
/// What the user may wait, once the line is back.
const RESUMED_WITHIN: Duration = Duration::from_secs(2);
/// How long the operator may type into nothing before the console says so.
const TOLD_WITHIN: Duration = Duration::from_secs(8);
/// How long a key that the operator holds may stay down on the host without a line.
const KEYS_UP_WITHIN: Duration = Duration::from_millis(2_500);
/// How long the line is left alone before a cut, at least.
const QUIET: Duration = Duration::from_millis(1_500);
/// After so long at rest everything typed has arrived or never will.
const AT_REST: Duration = Duration::from_millis(1_200);
const USER_SCREEN: Size = Size(960, 640);
const OPERATOR_SCREEN: Size = Size(1400, 900);

/// What happens to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Down(&'static [End]),
    ChangesAddress(End),
    HubKilled,
}

/// In the order in which they come first, so that a short run has one of each.
const KINDS: [Kind; 6] = [
    Kind::Down(&[End::User]),
    Kind::ChangesAddress(End::Operator),
    Kind::HubKilled,
    Kind::Down(&[End::Operator]),
    Kind::ChangesAddress(End::User),
    Kind::Down(&[End::User, End::Operator]),
];

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Down([End::User]) => "user's line down",
            Self::Down([End::Operator]) => "operator's line down",
            Self::Down(_) => "both lines down",
            Self::ChangesAddress(End::User) => "user's address changes",
            Self::ChangesAddress(End::Operator) => "operator's address changes",
            Self::HubKilled => "hub killed and started",
        })
    }
}

/// What is done to a session, and when.
#[derive(Debug, Clone, Copy)]
struct Cut {
    kind: Kind,
    quiet: Duration,
    down: Duration,
    /// The operator holds a key down instead of typing when it happens.
    holds: bool,
}

/// What came of it.
#[derive(Debug)]
struct Outcome {
    down: Duration,
    key_after: Duration,
    picture_after: Duration,
    told: Told,
    /// When the console said that the line is lost, if it did.
    told_after: Option<Duration>,
}

fn soaks() -> bool {
    std::env::var_os("PHD_SOAK").is_some()
}

/// Real links where they are wanted and can be had, else relays.
fn network() -> Network {
    if !soaks() {
        return Network::Relays(None);
    }
    match Namespaces::make() {
        Ok(namespaces) => Network::Namespaces(Box::new(namespaces)),
        Err(error) => {
            println!("\n!!! NO NETWORK NAMESPACES HERE: {error:#}");
            println!("!!! lines are cut by relays, which are no real links\n");
            Network::Relays(None)
        }
    }
}

fn cuts(chance: &mut Chance) -> Vec<Cut> {
    let (count, longest) = if soaks() {
        (CUTS_IN_A_SOAK, LONGEST_IN_A_SOAK)
    } else {
        (CUTS, LONGEST)
    };
    let count = std::env::var("PHD_CUTS").map_or(count, |count| count.parse().expect("a number"));
    let cut = |n: usize| {
        let kind = *KINDS.get(n).unwrap_or_else(|| chance.one_of(&KINDS));
        Cut {
            kind,
            quiet: QUIET + chance.up_to(Duration::from_secs(1)),
            down: match kind {
                Kind::Down(_) | Kind::HubKilled => chance.between(SHORTEST, longest),
                Kind::ChangesAddress(_) => Duration::ZERO,
            },
            holds: chance.up_to(Duration::from_secs(3)) < Duration::from_secs(1),
        }
    };
    (0..count).map(cut).collect()
}

#[test]
fn r4_sessions_go_on_after_any_cut() {
    let seed = Chance::seed();
    let mut chance = Chance::new(seed);
    let cuts = cuts(&mut chance);
    let network = network();
    let made_of = network.name().expect("a network");
    println!("{} cuts on {made_of}, PHD_SEED={seed}", cuts.len());
    println!(
        "| # | what | hands | down s | told after ms | key after ms | picture after ms | keys | not delivered | while paused | result |\n\
         |--:|:--|:--|--:|--:|--:|--:|--:|--:|--:|:--|"
    );
    let (mut cast, mut network) = (None, Some(network));
    let mut failures = Vec::new();
    let mut numbered: VecDeque<(usize, Cut)> = (1..).zip(cuts).collect();
    while !numbered.is_empty() {
        let mut on_stage = cast.take().unwrap_or_else(|| {
            let network = network.take().unwrap_or_else(self::network);
            Cast::assemble_over(network, USER_SCREEN, OPERATOR_SCREEN).expect("the cast")
        });
        match play_session(&mut on_stage, &mut numbered, &mut failures) {
            Ok(()) => cast = Some(on_stage),
            // the others come with a new cast
            Err(error) => {
                println!("\n{error:#}\n");
                failures.push(format!("{error:#}"));
            }
        }
    }
    assert!(failures.is_empty(), "with PHD_SEED={seed}: {failures:#?}");
}

/// One session with its cuts, and its film.
fn play_session(
    cast: &mut Cast,
    cuts: &mut VecDeque<(usize, Cut)>,
    failures: &mut Vec<String>,
) -> anyhow::Result<()> {
    let typed = cast.folder().join(format!("typed-{}", cuts.len()));
    let _terminal = witness::terminal(cast, &typed)?;
    let ticket = cast.user_asks_for_help()?;
    let session = cast.session_begins(&ticket)?;
    let witness = Witness::begin(cast, session, &typed)?;
    let mut paused = 0;
    let now = cuts.len().min(CUTS_IN_A_SESSION);
    for _ in 0..now {
        let Some((number, cut)) = cuts.pop_front() else {
            break;
        };
        match survive(cast, &witness, cut) {
            Ok(outcome) => {
                let result = outcome.judge();
                println!("{}", outcome.row(number, cut, &result));
                if let Err(error) = result {
                    failures.push(format!("cut {number}, {cut:?}: {error:#}"));
                }
                paused += usize::from(outcome.told_after.is_some());
            }
            Err(error) => {
                let log = std::env::temp_dir().join("phd-e2e-failures");
                println!(
                    "| {number} | {} | | {:.1} | | | | | | | FAILED: {error:#} |",
                    cut.kind,
                    cut.down.as_secs_f64()
                );
                cast.console.app.keep_screenshot()?;
                cast.helpme.app.keep_screenshot()?;
                return Err(error.context(format!("cut {number}, {cut:?}; see {}", log.display())));
            }
        }
    }
    drop(witness);
    cast.console.end_session()?;
    cast.console.leave_session()?;
    cast.helpme.leave()?;
    let films = cast.hub.films()?;
    let film = films.first().context("the hub has no film")?;
    ensure!(
        film.ended_by.as_deref() == Some("operator"),
        "ended by {:?}",
        film.ended_by
    );
    let gaps = cast.hub.verify_film(film.id)?;
    ensure!(
        gaps.len() >= paused,
        "the session was paused {paused} times, its film says: {gaps:#?}"
    );
    println!(
        "film {} verifies and marks {} lost connections",
        film.id,
        gaps.len()
    );
    cast.hub.verify_audit()
}

/// Cuts, waits until all goes on, and looks what became of the keys.
fn survive(cast: &mut Cast, witness: &Witness, cut: Cut) -> anyhow::Result<Outcome> {
    witness.begin_round();
    witness.type_on();
    std::thread::sleep(cut.quiet);
    let hands = cast.operator_display.hands()?;
    if cut.holds {
        witness.stop_typing();
        hands.press(key::Shift_L)?;
        wait_until("the key to be down on the host", PATIENCE, || {
            Ok((!cast.user_display.pressed_keys()?.is_empty()).then_some(()))
        })?;
    }
    let cut_at = Instant::now();
    let back_at = inflict(cast, cut)?;
    if cut.holds {
        hands.release(key::Shift_L)?;
        witness.type_on();
    }
    let resumed = wait_until("keys and picture to go on", PATIENCE, || {
        cast.console.app.running().check_alive()?;
        cast.helpme.app.running().check_alive()?;
        Ok(witness.goes_on_since(back_at).then_some(()))
    });
    let resumed = resumed.with_context(|| witness.describe(back_at));
    std::thread::sleep(QUIET);
    witness.stop_typing();
    resumed?;
    witness.wait_for_rest(AT_REST);
    wait_until("every key of the host to be up", PATIENCE, || {
        Ok(cast.user_display.pressed_keys()?.is_empty().then_some(()))
    })?;
    let told = witness.told()?;
    Ok(Outcome {
        down: back_at.duration_since(cut_at),
        key_after: witness.first_key_after(back_at)?,
        picture_after: witness.first_picture_after(back_at)?,
        told_after: witness
            .first_pause()
            .map(|at| at.saturating_duration_since(cut_at)),
        told,
    })
}

/// Does to the lines what `cut` says; gives when they were whole again.
fn inflict(cast: &mut Cast, cut: Cut) -> anyhow::Result<Instant> {
    match cut.kind {
        Kind::Down(ends) => {
            for end in ends {
                cast.network.cut(*end)?;
            }
            stay_down(cast, cut)?;
            for end in ends {
                cast.network.mend(*end)?;
            }
        }
        Kind::ChangesAddress(end) => cast.network.change_address(end)?,
        Kind::HubKilled => {
            cast.hub.running()?.kill_now()?;
            stay_down(cast, cut)?;
            cast.hub.start_again()?;
        }
    }
    Ok(Instant::now())
}

/// Waits until the line is to come back. Nothing may stay down on the host meanwhile.
fn stay_down(cast: &Cast, cut: Cut) -> anyhow::Result<()> {
    let up_after = cut.down.min(KEYS_UP_WITHIN);
    std::thread::sleep(up_after);
    if up_after == KEYS_UP_WITHIN {
        let down = cast.user_display.pressed_keys()?;
        ensure!(down.is_empty(), "the keys {down:?} are down without a line");
    }
    std::thread::sleep(cut.down.saturating_sub(up_after));
    Ok(())
}

impl Outcome {
    fn judge(&self) -> anyhow::Result<()> {
        let Told {
            typed,
            arrived,
            not_delivered,
            while_paused,
            in_order,
        } = &self.told;
        ensure!(*in_order, "what arrived is not what was typed");
        let lost = typed.saturating_sub(*arrived);
        ensure!(
            lost <= not_delivered + while_paused,
            "{lost} keys were lost, and {not_delivered} were told"
        );
        let told_after = self.told_after.unwrap_or(self.down);
        ensure!(
            told_after <= TOLD_WITHIN,
            "the console said nothing for {told_after:?}"
        );
        for (what, after) in [("keys", self.key_after), ("pictures", self.picture_after)] {
            ensure!(after <= RESUMED_WITHIN, "{what} went on after {after:?}");
        }
        Ok(())
    }

    fn row(&self, number: usize, cut: Cut, result: &anyhow::Result<()>) -> String {
        let result = match result {
            Ok(()) => "ok".to_owned(),
            Err(error) => format!("FAILED: {error:#}"),
        };
        let hands = if cut.holds { "hold" } else { "type" };
        format!(
            "| {number} | {} | {hands} | {:.1} | {} | {} | {} | {}/{} | {} | {} | {result} |",
            cut.kind,
            self.down.as_secs_f64(),
            self.told_after
                .map_or_else(String::new, |after| after.as_millis().to_string()),
            self.key_after.as_millis(),
            self.picture_after.as_millis(),
            self.told.arrived,
            self.told.typed,
            self.told.not_delivered,
            self.told.while_paused,
        )
    }
}

#[test]
fn r4_a_key_that_is_down_when_the_line_is_lost_is_typed_once() {
    let network = Network::Relays(None);
    let mut cast = Cast::assemble_over(network, USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let typed = cast.folder().join("typed");
    let _terminal = witness::terminal(&cast, &typed).expect("a terminal");
    let ticket = cast.user_asks_for_help().expect("asked");
    let session = cast.session_begins(&ticket).expect("a session");
    let hands = cast.operator_display.hands().expect("hands");
    let terminal = (
        session.x + witness::TERMINAL.0,
        session.y + witness::TERMINAL.1,
    );
    hands.click(terminal).expect("clicked");
    hands.press(key::x).expect("pressed");
    wait_until("the key to be down on the host", PATIENCE, || {
        Ok((!cast.user_display.pressed_keys()?.is_empty()).then_some(()))
    })
    .expect("it arrives");
    cast.network.cut(End::Operator).expect("cut");
    hands.release(key::x).expect("released");
    std::thread::sleep(KEYS_UP_WITHIN);
    let down = cast.user_display.pressed_keys().expect("keys");
    assert!(down.is_empty(), "{down:?} are down without a line");
    // the terminal may be slow to say what it got
    let text = wait_until("what was typed", PATIENCE, || {
        let text = std::fs::read_to_string(&typed)?;
        Ok((!text.is_empty()).then_some(text))
    });
    assert_eq!(text.expect("it arrives"), "x");
}
