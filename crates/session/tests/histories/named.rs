//! Cases that random histories found, by name: each is played as it was found.

use std::time::Duration;

use protocol::{EndedBy, HubToHost, HubToOperator, OperatorToHub, PeerId, Rights, SessionId};

use crate::quiet::{check_story, check_words, settle};
use crate::world::World;

/// Two consoles, the first of which is in session with the only host.
fn one_in_session() -> (World, SessionId) {
    let mut world = World::new(1, 2, 1);
    for console in 0..2 {
        world.log_in(console);
        world.deliver_all();
        for _ in 0..3 {
            world.command(console, OperatorToHub::GenerateTicket);
        }
    }
    world.deliver_all();
    let spoken = world.consoles[0].spoken.pop().expect("a ticket");
    world.type_ticket(0, &spoken);
    world.deliver_all();
    let_in(&mut world, 0, Rights::KNOWN);
    let (session, _) = world.hosts[0].session.clone().expect("let in");
    (world, session)
}

/// Both consoles have met the host; the first is in session with it.
fn colleague_met() -> (World, SessionId) {
    let (mut world, session) = one_in_session();
    let spoken = world.consoles[1].spoken.pop().expect("a ticket");
    world.bring_in(0, session, &spoken);
    world.deliver_all();
    assert_eq!(world.counts.brought_in, 1);
    (world, session)
}

fn joint() -> (World, SessionId) {
    let (mut world, session) = colleague_met();
    let_in(&mut world, 1, Rights::KNOWN);
    assert!(world.counts.joint.contains(&session));
    (world, session)
}

fn host_place(world: &World) -> PeerId {
    world.hosts[0].place.expect("admitted")
}

fn place_of(world: &World, console: usize) -> PeerId {
    let admission = world.consoles[console].side.admission();
    admission.expect("logged in").you
}

fn ask(world: &mut World, console: usize) {
    let host = host_place(world);
    world.ask(console, host, Rights::KNOWN);
}

fn let_in(world: &mut World, console: usize, granted: Rights) {
    ask(world, console);
    world.deliver_all();
    world.answer(0, Some(granted));
    world.deliver_all();
}

/// Everybody who can be is here, and all tell the same story.
fn ends_well(world: &mut World) {
    settle(world);
    check_words(world, true);
    check_story(world);
    assert_eq!(world.hosts[0].faults, Vec::<String>::new());
    assert!(world.consoles.iter().all(|console| console.forged == 0));
}

fn is_in(world: &World, session: SessionId, console: usize) -> bool {
    let place = place_of(world, console);
    world.relays.contains_key(&(session, place))
}

#[test]
fn o11_two_operators_are_in_one_session_which_goes_on_when_the_first_leaves() {
    let (mut world, session) = joint();
    ends_well(&mut world);
    world.end_at_console(0, session);
    world.deliver_all();
    assert!(!is_in(&world, session, 0) && is_in(&world, session, 1));
    let report = &world.disk.reports[&session];
    assert_eq!(report.owner, world.consoles[1].account);
    assert_eq!(report.ended, 0);
    ends_well(&mut world);
}

#[test]
fn an_answer_under_way_is_not_one_to_the_next_question() {
    let (mut world, session) = colleague_met();
    ask(&mut world, 1);
    world.deliver_all();
    // yes to the first question, which is taken back and put again before that arrives
    world.answer(0, Some(Rights::KNOWN));
    world.end_at_console(1, session);
    while world.hub_hears_console(1) || world.console_hears(1) {}
    ask(&mut world, 1);
    while world.hub_hears_console(1) || world.console_hears(1) {}
    world.deliver_all();
    assert!(!is_in(&world, session, 1), "nobody said yes to that");
    let_in(&mut world, 1, Rights::SEE);
    assert!(is_in(&world, session, 1), "it may ask again");
    ends_well(&mut world);
}

#[test]
fn a_question_that_is_taken_back_in_the_moment_of_its_refusal_cuts_nobody() {
    let (mut world, session) = colleague_met();
    ask(&mut world, 1);
    world.deliver_all();
    world.end_at_console(1, session);
    world.answer(0, None);
    while world.hub_hears_host(0) {}
    world.deliver_all();
    let_in(&mut world, 1, Rights::SEE);
    assert!(is_in(&world, session, 1));
    ends_well(&mut world);
}

#[test]
fn a_host_that_is_cut_while_a_colleagues_ticket_is_judged_comes_back() {
    let (mut world, session) = one_in_session();
    let spoken = world.consoles[1].spoken.pop().expect("a ticket");
    world.bring_in(0, session, &spoken);
    let is_accepted = |world: &World| {
        let line = world.hosts[0].line.as_ref();
        let mut down = line.into_iter().flat_map(|line| &line.down);
        down.any(|message| matches!(message, HubToHost::TicketAccepted { .. }))
    };
    while !is_accepted(&world) {
        assert!(world.deliver_one(), "the ticket is judged");
    }
    world.cut_host(0, true);
    world.reconnect_host(0);
    world.deliver_all();
    assert!(is_in(&world, session, 0));
    // the host never heard that the ticket was good; with another one the two do meet
    let spoken = world.consoles[1].spoken.pop().expect("a ticket");
    world.bring_in(0, session, &spoken);
    world.deliver_all();
    let_in(&mut world, 1, Rights::KNOWN);
    assert!(is_in(&world, session, 1));
    ends_well(&mut world);
}

#[test]
fn whoever_is_brought_in_twice_stays_the_one_that_it_was() {
    let (mut world, session) = joint();
    let host = host_place(&world);
    world.chat_at_console(1, host);
    let spoken = world.consoles[1].spoken.pop().expect("a ticket");
    world.bring_in(0, session, &spoken);
    world.deliver_all();
    world.chat_at_console(1, host);
    world.chat_at_host(0);
    world.deliver_all();
    assert!(is_in(&world, session, 1));
    ends_well(&mut world);
}

#[test]
fn whoever_is_sent_away_while_the_line_is_gone_is_out() {
    let (mut world, session) = joint();
    let colleague = place_of(&world, 1);
    world.cut_host(0, true);
    let steps = world.hosts[0].side.send_away(colleague);
    world.host_does(0, steps);
    world.reconnect_host(0);
    world.deliver_all();
    assert!(is_in(&world, session, 0) && !is_in(&world, session, 1));
    ends_well(&mut world);
}

#[test]
fn rights_taken_back_reach_whoever_is_on_the_way_in() {
    let (mut world, session) = colleague_met();
    ask(&mut world, 1);
    world.deliver_all();
    world.answer(0, Some(Rights::KNOWN));
    world.reduce(0, Rights::SEE);
    world.deliver_all();
    let colleague = place_of(&world, 1);
    assert_eq!(world.relays[&(session, colleague)].rights, Rights::SEE);
    ends_well(&mut world);
}

#[test]
fn rights_taken_back_from_one_who_asks_again_cut_nobody() {
    let (mut world, session) = joint();
    world.end_at_console(1, session);
    while world.hub_hears_console(1) {}
    while world.console_hears(1) {}
    ask(&mut world, 1);
    while world.hub_hears_console(1) {}
    world.reduce(0, Rights::SEE);
    ends_well(&mut world);
}

#[test]
fn a_line_that_waited_for_one_operator_is_filmed_after_a_newer_one() {
    let (mut world, _) = colleague_met();
    world.cut_console(0, true);
    world.deliver_all();
    world.chat_at_host(0);
    let_in(&mut world, 1, Rights::KNOWN);
    world.chat_at_host(0);
    world.deliver_all();
    ends_well(&mut world);
    assert_eq!(world.filmed.len(), 2);
}

#[test]
fn one_operator_who_is_out_of_reach_stops_nobody_else() {
    let (mut world, session) = joint();
    world.cut_console(1, true);
    world.deliver_all();
    let (first, second) = (place_of(&world, 0), place_of(&world, 1));
    assert!(world.relays[&(session, first)].runs);
    assert!(!world.relays[&(session, second)].runs);
    assert_eq!(world.hosts[0].company.0.len(), 1);
    ends_well(&mut world);
    assert_eq!(world.hosts[0].company.0.len(), 2);
}

#[test]
fn the_film_knows_who_drives_after_a_restart() {
    let (mut world, session) = joint();
    let colleague = place_of(&world, 1);
    world.hosts[0].driver = Some(colleague);
    let steps = world.hosts[0].side.driver_is(Some(colleague));
    world.host_does(0, steps);
    world.deliver_all();
    world.restart_hub();
    world.wait(Duration::from_secs(1));
    world.hosts[0].driver = None;
    let steps = world.hosts[0].side.driver_is(None);
    world.host_does(0, steps);
    ends_well(&mut world);
    assert_eq!(world.film_driver[&session].1, None);
}

#[test]
fn a_colleague_whose_half_is_nonsense_stops_nobody() {
    let (mut world, session) = one_in_session();
    for _ in 0..2 {
        let spoken = world.consoles[1].spoken.pop().expect("a ticket");
        world.bring_in(0, session, &spoken);
        while !world.consoles[1].line.as_ref().is_some_and(|line| {
            let mut up = line.up.iter();
            up.any(|message| matches!(message, OperatorToHub::AnswerTicket { .. }))
        }) && world.deliver_one()
        {}
        world.spoil_an_exchange(1);
        world.deliver_all();
    }
    world.wait(Duration::from_secs(30));
    world.deliver_all();
    assert!(is_in(&world, session, 0));
    let spoken = world.consoles[1].spoken.pop().expect("a ticket");
    world.bring_in(0, session, &spoken);
    world.deliver_all();
    assert_eq!(world.counts.brought_in, 1);
    ends_well(&mut world);
}

#[test]
fn of_several_operators_the_one_who_was_forged_reads_that_and_the_others_go_on() {
    let (mut world, session) = joint();
    let host = host_place(&world);
    world.chat_at_console(1, host);
    while world.hub_hears_console(1) {}
    let line = world.hosts[0].line.as_mut().expect("a line");
    let mut said = line.down.iter_mut().filter_map(|message| match message {
        HubToHost::Said { word, .. } => Some(word),
        _ => None,
    });
    let word = said.next().expect("on its way");
    word.tag[0] ^= 1;
    let left = |world: &World| {
        let line = world.consoles[1].line.as_ref().expect("a line");
        line.down.iter().find_map(|message| match message {
            HubToOperator::SessionLeft { session, by } => Some((*session, *by)),
            _ => None,
        })
    };
    while left(&world).is_none() {
        assert!(world.deliver_one(), "it is told that it takes part no more");
    }
    assert_eq!(left(&world), Some((session, EndedBy::Forged)));
    world.deliver_all();
    assert!(is_in(&world, session, 0), "the other goes on");
    assert!(!is_in(&world, session, 1));
}
