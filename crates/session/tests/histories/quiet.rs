//! What holds between the programs: of words at each moment, of sessions when everything is quiet.

use std::collections::BTreeSet;

use protocol::{PeerId, SessionId};

use crate::world::{Streams, World, operator_name};

/// Whoever can comes back, and everything under way arrives.
pub(crate) fn settle(world: &mut World) {
    // whoever was refused tries once more, now from the beginning
    for _ in 0..2 {
        for console in 0..world.consoles.len() {
            world.log_in(console);
        }
        for host in 0..world.hosts.len() {
            world.reconnect_host(host);
        }
        world.deliver_all();
    }
}

/// What was heard is what was said, from the beginning and in its order; when `everything` has
/// arrived, all of it.
pub(crate) fn check_words(world: &World, everything: bool) {
    let none = Vec::new();
    for (number, console) in world.consoles.iter().enumerate() {
        for (place, heard) in &console.heard {
            let due = world.due.get(&(*place, number)).unwrap_or(&none);
            let holds = holds(world, heard.iter(), due);
            assert!(holds, "heard {heard:?} of {due:?}");
        }
        for host in &world.hosts {
            let Some(place) = host.place else {
                continue;
            };
            let by_this = host.heard.get(&place).into_iter().flatten();
            let by_this = by_this.filter(|(author, _)| *author == number);
            let heard: Vec<&String> = by_this.map(|(_, text)| text).collect();
            let said = console.said.get(&place).unwrap_or(&none);
            let holds = holds(world, heard.iter().copied(), said);
            assert!(holds, "heard {heard:?} of {said:?}");
            if !everything || !host.side.admitted() || host.hostile || console.hostile {
                continue;
            }
            let due = world.due.get(&(place, number)).unwrap_or(&none);
            let read = console.heard.get(&place).unwrap_or(&none);
            assert_eq!(read, due, "everything due was heard");
            if host.met.contains(&number) {
                assert_eq!(heard.len(), said.len(), "heard {heard:?} of {said:?}");
            }
        }
    }
}

/// Whether what was heard is the beginning of what was said. A hub that lies can leave words out.
fn holds<'a>(world: &World, heard: impl Iterator<Item = &'a String>, said: &[String]) -> bool {
    let mut said = said.iter();
    let mut heard = heard;
    if world.lies {
        heard.all(|line| said.any(|known| known == line))
    } else {
        heard.all(|line| said.next() == Some(line))
    }
}

/// When everything is quiet, all sides tell the same story.
pub(crate) fn check_story(world: &World) {
    let running: BTreeSet<SessionId> = world.relays.keys().map(|(session, _)| *session).collect();
    for (number, host) in world.hosts.iter().enumerate() {
        if let Some((session, parts)) = host.session.as_ref().filter(|_| !host.hostile) {
            for operator in parts.keys() {
                let is_relayed = world.relays.contains_key(&(*session, *operator));
                assert!(is_relayed, "host {number}: the hub knows who is in");
            }
        }
    }
    for (number, console) in world.consoles.iter().enumerate() {
        let place = console.side.admission().map(|admission| admission.you);
        for session in console.sessions.keys() {
            let known = place.is_some_and(|me| world.relays.contains_key(&(*session, me)));
            assert!(known || console.hostile, "console {number}: the hub knows");
        }
        assert!(console.ended.values().all(|times| *times == 1), "ends once");
    }
    for ((session, operator), relay) in &world.relays {
        check_part(world, *session, *operator, *relay);
    }
    let stored: BTreeSet<(SessionId, PeerId)> = world
        .disk
        .running
        .values()
        .flat_map(|running| {
            running
                .members
                .iter()
                .map(|m| (running.session, m.operator))
        })
        .collect();
    let relayed: BTreeSet<(SessionId, PeerId)> = world.relays.keys().copied().collect();
    assert_eq!(stored, relayed, "what would be known after a restart");
    for (session, report) in &world.disk.reports {
        assert_eq!(report.ended, u32::from(!running.contains(session)));
    }
    assert!(world.ended.values().all(|times| *times == 1), "ends once");
    check_film(world);
}

/// One operator's part in one session, on all three sides.
fn check_part(world: &World, session: SessionId, operator: PeerId, relay: Streams) {
    let console = &world.consoles[world.places[&operator]];
    let in_session = |host: &&crate::world::Host| {
        let live = host.session.as_ref();
        live.is_some_and(|(id, _)| *id == session)
    };
    let Some(host) = world.hosts.iter().find(in_session) else {
        let stored = &world.disk.running[&session];
        let host = world.hosts.iter().find(|h| h.place == Some(stored.host));
        let is_hostile = host.is_some_and(|host| host.hostile);
        // one that gave up waiting a moment before the hub did
        let is_gone = host.is_none_or(|host| !host.side.admitted()) && !relay.runs;
        assert!(is_hostile || is_gone, "its host knows");
        return;
    };
    if host.hostile || console.hostile {
        return;
    }
    let parts = &host.session.as_ref().expect("found by it").1;
    let part = parts.get(&operator).expect("the host knows who is in");
    let seen = console.sessions.get(&session).expect("who is in knows");
    assert!(relay.runs && part.runs && seen.runs, "everybody is here");
    assert_eq!(part.rights, relay.rights);
    assert_eq!(part.rights, seen.rights);
    assert_eq!(part.channel, seen.channel, "the same keys at both ends");
    let company = console.company.get(&session);
    assert_eq!(company, Some(&host.company), "who is in, and who drives");
    let told = console.withheld.contains(&session);
    assert_eq!(told, host.withheld, "whether the user has paused");
    let noted = world.film_withheld.get(&session);
    let noted = noted.is_some_and(|(_, withheld)| *withheld);
    assert_eq!(noted, host.withheld, "the film knows that, too");
    let driver = host
        .company
        .1
        .map(|driver| operator_name(world.places[&driver]));
    let filmed = world.film_driver.get(&session);
    let filmed = filmed.and_then(|(_, driver)| driver.clone());
    assert_eq!(filmed, driver, "the film knows who drives");
}

fn check_film(world: &World) {
    let mut filmed = world.filmed.clone();
    filmed.sort();
    let all = filmed.len();
    filmed.dedup();
    assert_eq!(filmed.len(), all, "filmed once");
    let filmed: BTreeSet<&String> = filmed.iter().map(|(_, line)| line).collect();
    for (line, in_session) in &world.passed {
        assert!(filmed.contains(line) || !in_session, "not filmed: {line}");
    }
}
