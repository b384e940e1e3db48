//! Each lie that a hub can tell, once and alone, in an otherwise quiet world: what it made does not count,
//! and whoever was lied to finds out.

use std::collections::VecDeque;

use protocol::control::Name;
use protocol::{
    HostWord, HubToHost, HubToOperator, OperatorToHub, OperatorWord, PeerId, Rights,
    RunningSession, SessionId, Word, wire,
};
use session::console::{ConsoleNews, ConsoleStep, NotStarted};
use session::host::{HostStep, Outside};

use crate::world::World;

/// One console and two hosts of its own, the first of which is in session with it.
fn in_session() -> (World, SessionId) {
    let mut world = World::new(7, 1, 2);
    world.log_in(0);
    world.deliver_all();
    for host in 0..2 {
        world.command(0, OperatorToHub::GenerateTicket);
        world.deliver_all();
        let spoken = world.consoles[0].spoken.pop().expect("a ticket");
        world.type_ticket(host, &spoken);
        world.deliver_all();
    }
    let first = place(&world, 0);
    world.ask(0, first, Rights::KNOWN);
    world.deliver_all();
    world.answer(0, Some(Rights::KNOWN));
    world.deliver_all();
    let (session, _) = world.hosts[0].session.clone().expect("let in");
    world.lies = true;
    (world, session)
}

fn place(world: &World, host: usize) -> PeerId {
    world.hosts[host].place.expect("admitted")
}

fn operator(world: &World) -> PeerId {
    let admission = world.consoles[0].side.admission();
    admission.expect("logged in").you
}

/// What a word says is changed, and its tag is not.
fn rewrite<W: serde::Serialize>(word: &mut Word, says: &W) {
    let frame = wire::encode(says, 1 << 13).expect("a small word");
    word.body = frame[wire::PREFIX_BYTES..].to_vec().into();
}

fn flip_last(bytes: &mut bytes::Bytes) {
    let mut changed = bytes.to_vec();
    *changed.last_mut().expect("not empty") ^= 1;
    *bytes = changed.into();
}

/// What can be done to two words on their way, one after the other.
#[derive(Debug, Clone, Copy)]
enum Verb {
    Alter,
    Inject,
    Replay,
    Reorder,
}

const VERBS: [Verb; 4] = [Verb::Alter, Verb::Inject, Verb::Replay, Verb::Reorder];

impl Verb {
    fn act<M: Clone>(self, queue: &mut VecDeque<M>, word_of: impl Fn(&mut M) -> &mut Word) {
        assert_eq!(queue.len(), 2, "two words are on their way");
        match self {
            Self::Alter => flip_last(&mut word_of(&mut queue[0]).body),
            Self::Inject => {
                let mut made_up = queue[0].clone();
                word_of(&mut made_up).number = 1_000;
                queue.push_front(made_up);
            }
            Self::Replay => queue.insert(1, queue[0].clone()),
            Self::Reorder => queue.swap(0, 1),
        }
    }

    /// Which of the two lines may have been read before it was found out.
    fn read_before(self) -> &'static [&'static str] {
        match self {
            Self::Alter | Self::Inject => &[],
            Self::Replay => &["1"],
            Self::Reorder => &["2"],
        }
    }
}

fn word_to_operator(message: &mut HubToOperator) -> &mut Word {
    match message {
        HubToOperator::Said { word, .. } => word,
        other => panic!("a word, not {other:?}"),
    }
}

fn word_to_host(message: &mut HubToHost) -> &mut Word {
    match message {
        HubToHost::Said { word, .. } | HubToHost::ConsentAsked { word, .. } => word,
        other => panic!("a word, not {other:?}"),
    }
}

fn ends_with<'a>(lines: impl Iterator<Item = &'a String>) -> Vec<String> {
    let last = |line: &String| line.rsplit(' ').next().unwrap_or_default().to_owned();
    lines.map(last).collect()
}

#[test]
fn a_console_finds_out_each_thing_that_a_hub_does_to_a_hosts_words() {
    for verb in VERBS {
        let (mut world, session) = in_session();
        world.chat_at_host(0);
        world.chat_at_host(0);
        while world.hub_hears_host(0) {}
        let line = world.consoles[0].line.as_mut().expect("a line");
        verb.act(&mut line.down, word_to_operator);
        world.deliver_all();
        let console = &world.consoles[0];
        assert_eq!(console.forged, 1, "{verb:?} is found out");
        assert!(!console.sessions.contains_key(&session), "{verb:?}");
        let heard = console.heard.get(&place(&world, 0));
        let heard = ends_with(heard.into_iter().flatten());
        assert_eq!(heard, verb.read_before(), "{verb:?}");
        assert!(world.hosts[0].session.is_none(), "{verb:?}: over for both");
    }
}

#[test]
fn a_host_finds_out_each_thing_that_a_hub_does_to_an_operators_words() {
    for verb in VERBS {
        let (mut world, _) = in_session();
        let host = place(&world, 0);
        world.chat_at_console(0, host);
        world.chat_at_console(0, host);
        while world.hub_hears_console(0) {}
        let line = world.hosts[0].line.as_mut().expect("a line");
        verb.act(&mut line.down, word_to_host);
        world.deliver_all();
        let me = &world.hosts[0];
        assert_eq!(me.faults.len(), 1, "{verb:?} is found out");
        assert!(me.session.is_none(), "{verb:?} ends it");
        let heard = me.heard.get(&host).into_iter().flatten();
        let heard = ends_with(heard.map(|(_, text)| text));
        assert_eq!(heard, verb.read_before(), "{verb:?}");
    }
}

#[test]
fn a_host_that_is_swapped_for_another_is_found_out_at_both_ends() {
    // what one host says comes in the other's name
    let (mut world, session) = in_session();
    let first = place(&world, 0);
    world.chat_at_host(1);
    while world.hub_hears_host(1) {}
    let line = world.consoles[0].line.as_mut().expect("a line");
    for message in &mut line.down {
        if let HubToOperator::Said { from, .. } = message {
            *from = first;
        }
    }
    world.deliver_all();
    assert_eq!(world.consoles[0].forged, 1);
    assert!(!world.consoles[0].sessions.contains_key(&session));
    assert!(world.consoles[0].heard.is_empty());

    // the question to one host is put at the other
    let (mut world, _) = in_session();
    world.end_at_host(0);
    world.deliver_all();
    world.ask(0, first, Rights::KNOWN);
    while world.hub_hears_console(0) {}
    let asked = world.hosts[0]
        .line
        .as_mut()
        .expect("a line")
        .down
        .pop_back();
    let line = world.hosts[1].line.as_mut().expect("a line");
    line.down.push_back(asked.expect("a question"));
    world.deliver_all();
    assert_eq!(world.hosts[1].faults.len(), 1);
    assert!(world.hosts[1].question.is_none(), "nobody is asked");
}

#[test]
fn names_and_rights_that_a_hub_changes_are_found_out() {
    // the operator's name, and what is asked for, in the question
    for changes_name in [true, false] {
        let (mut world, _) = in_session();
        world.end_at_host(0);
        world.deliver_all();
        let host = place(&world, 0);
        world.ask(0, host, Rights::SEE);
        while world.hub_hears_console(0) {}
        let line = world.hosts[0].line.as_mut().expect("a line");
        let word = word_to_host(line.down.back_mut().expect("a question"));
        let Ok(OperatorWord::Ask {
            mut asked,
            mut operator,
            formats,
        }) = wire::decode(&word.body)
        else {
            panic!("a question");
        };
        if changes_name {
            operator = Name::cut("Your bank");
        } else {
            asked = Rights::KNOWN;
        }
        rewrite(
            word,
            &OperatorWord::Ask {
                asked,
                operator,
                formats,
            },
        );
        world.deliver_all();
        assert_eq!(world.hosts[0].faults.len(), 1);
        assert!(world.hosts[0].question.is_none(), "nobody is asked");
    }
    // what the user granted, in the answer
    let (mut world, _) = in_session();
    world.end_at_host(0);
    world.deliver_all();
    let host = place(&world, 0);
    world.ask(0, host, Rights::KNOWN);
    world.deliver_all();
    world.answer(0, Some(Rights::SEE));
    while world.hub_hears_host(0) {}
    let line = world.consoles[0].line.as_mut().expect("a line");
    let mut changed = 0;
    for message in &mut line.down {
        if let HubToOperator::Said { word, .. } = message
            && let Ok(HostWord::Answer {
                session,
                picture_key,
                ..
            }) = wire::decode(&word.body)
        {
            let granted = Some(Rights::KNOWN);
            rewrite(
                word,
                &HostWord::Answer {
                    session,
                    granted,
                    picture_key,
                },
            );
            changed += 1;
        }
    }
    assert_eq!(changed, 1);
    world.deliver_all();
    assert_eq!(world.consoles[0].forged, 1);
    assert!(world.consoles[0].sessions.is_empty());
    // the user's name, where a host comes back
    let (mut world, session) = in_session();
    world.cut_host(0, true);
    world.deliver_all();
    world.reconnect_host(0);
    let greeted = |world: &mut World| {
        let line = world.consoles[0].line.as_mut().expect("a line");
        let mut greeted = line.down.iter_mut().filter_map(|message| match message {
            HubToOperator::Greeted { greeting, .. } => Some(greeting),
            _ => None,
        });
        greeted
            .next()
            .map(|greeting| flip_last(&mut greeting.state))
            .is_some()
    };
    while !greeted(&mut world) {
        assert!(world.deliver_one(), "the host answers a greeting");
    }
    world.deliver_all();
    assert_eq!(world.consoles[0].forged, 1);
    assert!(!world.consoles[0].sessions.contains_key(&session));
}

#[test]
fn a_yes_that_no_user_said_starts_nothing_and_is_told() {
    let (mut world, _) = in_session();
    let second = place(&world, 1);
    world.ask(0, second, Rights::KNOWN);
    world.deliver_all();
    let asked = *world.consoles[0].pending.last().expect("the user is asked");
    let started = HubToOperator::SessionStarted {
        session: asked,
        host: second,
    };
    let steps = world.with_console(0, |side, out| side.hear(started, out));
    let is_told = steps.iter().any(|step| {
        let ConsoleStep::Tell(ConsoleNews::SessionRefused { host, why }) = step else {
            return false;
        };
        (*host, *why) == (second, NotStarted::Forged)
    });
    assert!(is_told, "{steps:?}");
    let ends = |step: &ConsoleStep| matches!(step, ConsoleStep::Send(OperatorToHub::EndForged { session }) if *session == asked);
    assert!(steps.iter().any(ends), "{steps:?}");
    assert!(
        !steps
            .iter()
            .any(|step| matches!(step, ConsoleStep::Start(_)))
    );
    // and at the host, whose user has not answered
    let line = world.hosts[1].line.as_mut().expect("a line");
    line.down
        .push_back(HubToHost::SessionStarted { session: asked });
    world.deliver_all();
    assert_eq!(world.hosts[1].faults.len(), 1);
    assert!(world.hosts[1].session.is_none());
}

#[test]
fn a_session_that_a_hub_says_goes_on_starts_nothing() {
    let (mut world, _) = in_session();
    let made_up = SessionId(99);
    let (me, first) = (operator(&world), place(&world, 0));
    let running = vec![RunningSession {
        session: made_up,
        with: first,
    }];
    let resumed = world.consoles[0].side.resumed(&running, &[]);
    let starts = |step: &ConsoleStep| matches!(step, ConsoleStep::Start(_));
    assert!(!resumed.iter().any(starts), "{resumed:?}");
    let resumed = HubToHost::Resumed {
        running: vec![RunningSession {
            session: made_up,
            with: me,
        }],
        ended: Vec::new(),
    };
    let outside = Outside {
        now: world.now,
        random: [3; 32],
        input_taken: 0,
    };
    let steps = world.hosts[0].side.hear(resumed, outside).expect("it may");
    let starts = |step: &HostStep| matches!(step, HostStep::Start(_));
    assert!(!steps.iter().any(starts), "{steps:?}");
    // an old greeting, said again while the host is away and back, opens no channel that anybody can use
    let (mut world, session) = in_session();
    world.cut_host(0, true);
    world.deliver_all();
    world.reconnect_host(0);
    let mut old = None;
    while old.is_none() {
        assert!(world.deliver_one(), "the console greets");
        let line = world.hosts[0].line.as_ref().expect("a line");
        let mut down = line.down.iter();
        old = down
            .find(|message| matches!(message, HubToHost::Greeted { .. }))
            .cloned();
    }
    world.deliver_all();
    assert!(world.hosts[0].session.is_some(), "it goes on");
    let line = world.hosts[0].line.as_mut().expect("a line");
    line.down.push_back(old.expect("a greeting"));
    world.deliver_all();
    world.chat_at_console(0, first);
    world.deliver_all();
    let is_out = world.hosts[0].session.is_none() || world.consoles[0].forged > 0;
    assert!(
        is_out,
        "whose keys are gone is found out by the next word in {session}"
    );
    assert!(world.hosts[0].heard.is_empty());
}
