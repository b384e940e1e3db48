//! Random histories of a hub with several consoles and hosts: lines are cut, the hub is killed, peers
//! are hostile. What must always hold is asserted at each step, the rest when everything is quiet.
//!
//! `PHD_HISTORIES` says how many (10,000 otherwise); a history that fails names its seed, and
//! `PHD_SEED` plays that one alone.

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "a stage that picks a few messages among many, with small numbers"
)]

mod world;

use std::time::Duration;

use protocol::{OperatorToHub, PeerId, Rights};
use world::{Streams, World};

const STEPS: usize = 120;

fn histories() -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    match number("PHD_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("PHD_HISTORIES").unwrap_or(10_000),
    }
}

/// Plays `range` on two threads, so that a run uses both halves of a small machine.
fn play_all(play: fn(u64)) {
    let all = histories();
    let threads: Vec<_> = (0..2)
        .map(|part| {
            let all = all.clone();
            std::thread::spawn(move || {
                for seed in all.filter(|seed| seed % 2 == part) {
                    let played = std::panic::catch_unwind(|| play(seed));
                    assert!(played.is_ok(), "history {seed} fails: PHD_SEED={seed}");
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("every history holds");
    }
}

fn pick<T: Copy>(world: &mut World, from: &[T]) -> Option<T> {
    if from.is_empty() {
        return None;
    }
    Some(from[world.dice.below(from.len())])
}

/// One thing that somebody does, or that happens.
fn happen(world: &mut World) {
    let console = world.dice.below(world.consoles.len());
    let host = world.dice.below(world.hosts.len());
    match world.dice.below(26) {
        0..=1 => world.log_in(console),
        2 => world.command(console, OperatorToHub::GenerateTicket),
        3..=4 => {
            if let Some(spoken) = world.consoles[console].spoken.pop() {
                let spoken = if world.dice.one_in(8) {
                    wrong(&spoken)
                } else {
                    spoken
                };
                world.type_ticket(host, &spoken);
            }
        }
        5..=7 => {
            let rows: Vec<PeerId> = world.consoles[console].rows.iter().copied().collect();
            if let Some(row) = pick(world, &rows) {
                let rights = [Rights::SEE, Rights::SEE_AND_CONTROL, Rights::KNOWN];
                let asked = rights[world.dice.below(3)];
                world.ask(console, row, asked);
            }
        }
        8..=10 => {
            let granted = [
                None,
                Some(Rights::SEE),
                Some(Rights::KNOWN),
                Some(Rights::KNOWN),
            ];
            let granted = granted[world.dice.below(4)];
            world.answer(host, granted);
        }
        11 => world.reduce(host, Rights::SEE),
        12 => world.end_at_host(host),
        13 => {
            let sessions: Vec<_> = world.consoles[console].sessions.keys().copied().collect();
            if let Some(session) = pick(world, &sessions) {
                world.end_at_console(console, session);
            }
        }
        14 => {
            if let Some(session) = world.consoles[console].pending.pop() {
                world.end_at_console(console, session);
            }
        }
        15..=16 => world.chat_at_host(host),
        17..=18 => {
            let rows: Vec<PeerId> = world.consoles[console].rows.iter().copied().collect();
            if let Some(row) = pick(world, &rows) {
                world.chat_at_console(console, row);
            }
        }
        19 => {
            let noticed = world.dice.one_in(2);
            world.cut_host(host, noticed);
        }
        20 => {
            let noticed = world.dice.one_in(2);
            world.cut_console(console, noticed);
        }
        21..=22 => world.reconnect_host(host),
        23 => {
            if world.dice.one_in(3) {
                world.restart_hub();
            }
        }
        24 => {
            let seconds = [1, 5, 30, 200][world.dice.below(4)];
            world.wait(Duration::from_secs(seconds));
        }
        _ => match world.dice.below(6) {
            0 => world.leave(host),
            1 => world.log_out(console),
            2 => {
                let rows: Vec<PeerId> = world.consoles[console].rows.iter().copied().collect();
                if let Some(host) = pick(world, &rows) {
                    let own = world.consoles[console].said.contains_key(&host);
                    if own {
                        world.command(console, OperatorToHub::DisconnectHost { host });
                    }
                }
            }
            _ => {}
        },
    }
    for _ in 0..world.dice.below(12) {
        world.deliver_one();
    }
}

fn wrong(spoken: &str) -> String {
    let (front, last) = spoken.split_at(spoken.len() - 1);
    let last = (last.parse::<u8>().expect("a digit") + 1) % 10;
    format!("{front}{last}")
}

/// Whoever can comes back, and everything under way arrives.
fn settle(world: &mut World) {
    for console in 0..world.consoles.len() {
        world.log_in(console);
    }
    for host in 0..world.hosts.len() {
        world.reconnect_host(host);
    }
    world.deliver_all();
    // whoever was refused tries once more, now from the beginning
    for console in 0..world.consoles.len() {
        world.log_in(console);
    }
    world.deliver_all();
}

/// What was heard is what was said, from the beginning and in its order.
fn check_words(world: &World, everything: bool) {
    for host in &world.hosts {
        for (place, heard) in &host.heard {
            let said: Vec<&Vec<String>> = world
                .consoles
                .iter()
                .filter_map(|console| console.said.get(place))
                .collect();
            let from = said.iter().find(|said| said.starts_with(heard));
            assert!(from.is_some(), "heard {heard:?} of {said:?}");
        }
        let there = host.side.admitted();
        for (place, said) in &host.said {
            let heard = world.consoles.iter().find_map(|c| c.heard.get(place));
            let none = Vec::new();
            let heard = heard.unwrap_or(&none);
            assert!(said.starts_with(heard), "heard {heard:?} of {said:?}");
            let is_place = host.place == Some(*place) && there;
            assert!(
                !everything || !is_place || heard == said,
                "heard only {heard:?} of {said:?}"
            );
        }
    }
}

/// When everything is quiet, all sides tell the same story.
fn check_story(world: &World) {
    for (session, relay) in &world.relays {
        let host = world
            .hosts
            .iter()
            .find(|h| h.session.is_some_and(|(id, _)| id == *session));
        let console = world.consoles.iter().find_map(|c| c.sessions.get(session));
        if *relay == Streams::Running {
            assert_eq!(
                host.and_then(|h| h.session),
                Some((*session, Streams::Running))
            );
            assert_eq!(console, Some(&Streams::Running));
        }
    }
    for host in &world.hosts {
        if let Some((session, streams)) = host.session {
            assert!(world.relays.contains_key(&session), "the hub knows it");
            let running = world.relays[&session] == Streams::Running;
            assert_eq!(streams == Streams::Running, running);
        }
    }
    for console in &world.consoles {
        for (session, streams) in &console.sessions {
            assert!(world.relays.contains_key(session), "the hub knows it");
            let running = world.relays[session] == Streams::Running;
            assert_eq!(*streams == Streams::Running, running);
        }
        assert!(console.ended.values().all(|times| *times == 1), "ends once");
    }
    assert_eq!(world.stored_running(), world.relays.len());
    assert!(world.ended.values().all(|times| *times == 1), "ends once");
    let mut filmed = world.filmed.clone();
    filmed.sort();
    filmed.dedup();
    assert_eq!(filmed.len(), world.filmed.len(), "filmed once");
}

fn play(seed: u64) {
    let mut world = World::new(seed, 2, 3);
    for _ in 0..STEPS {
        happen(&mut world);
        check_words(&world, false);
    }
    settle(&mut world);
    check_words(&world, true);
    check_story(&world);
    assert!(world.consoles.iter().all(|console| console.forged == 0));
    for host in &world.hosts {
        assert!(host.faults.is_empty(), "{:?}", host.faults);
    }
    // nobody comes back any more: everything ends in good order
    for console in 0..world.consoles.len() {
        world.cut_console(console, true);
    }
    for host in 0..world.hosts.len() {
        world.cut_host(host, true);
    }
    world.wait(Duration::from_secs(15));
    world.wait(world::KEPT);
    assert!(world.relays.is_empty());
    assert_eq!(world.stored_places(), 0);
    assert!(world.hosts.iter().all(|host| host.session.is_none()));
}

/// The hub changes, doubles and swaps what it forwards: it is found out, and nothing it made counts.
fn play_with_lying_hub(seed: u64) {
    let mut world = World::new(seed, 2, 2);
    for _ in 0..STEPS {
        happen(&mut world);
        if world.dice.one_in(4) {
            lie(&mut world);
        }
        check_words(&world, false);
    }
    world.deliver_all();
    check_words(&world, false);
}

fn lie(world: &mut World) {
    let kind = world.dice.below(4);
    let (number, bit) = (world.dice.next(), world.dice.below(8));
    let nth = |len: usize| usize::try_from(number).unwrap_or(usize::MAX) % len.max(1);
    match kind {
        0 | 1 => {
            let mut words = world.words_under_way();
            let len = words.len();
            if let Some(word) = words.get_mut(nth(len)) {
                let mut body = word.body.to_vec();
                let at = nth(body.len());
                if let Some(byte) = body.get_mut(at) {
                    *byte ^= 1 << bit;
                }
                word.body = body.into();
            }
        }
        2 => {
            let mut greetings = world.greetings_under_way();
            let len = greetings.len();
            if let Some(greeting) = greetings.get_mut(nth(len)) {
                greeting.public[nth(32)] ^= 1 << bit;
            }
        }
        _ => world.double_a_message(),
    }
}

/// Hosts that say whatever comes to their mind harm nobody but themselves.
fn play_with_hostile_hosts(seed: u64) {
    let mut world = World::new(seed, 2, 3);
    for _ in 0..STEPS {
        happen(&mut world);
        if world.dice.one_in(3) {
            world.host_says_nonsense(2);
        }
        check_words(&world, false);
    }
    settle(&mut world);
    check_words(&world, true);
    for host in &world.hosts[..2] {
        assert!(host.faults.is_empty(), "{:?}", host.faults);
    }
}

#[test]
fn r4_every_history_of_honest_ends_holds() {
    play_all(play);
}

#[test]
fn a_hub_that_lies_is_found_out_in_every_history() {
    play_all(play_with_lying_hub);
}

#[test]
fn b2_hostile_hosts_harm_nobody_else() {
    play_all(play_with_hostile_hosts);
}
