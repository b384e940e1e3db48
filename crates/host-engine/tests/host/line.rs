//! The engine on a line that breaks (R4): what pauses, what goes on, and what is over.

use std::time::{Duration, Instant};

use crate::support::{
    BOTH, Desk, FakeHub, Host, Line, OPERATOR, PATIENCE, SESSION, allowed, ended, in_session,
    in_session_by, lost, places, press,
};
use codec::Rect;
use host_engine::{EndCause, HostCommand, HostEvent, LostCause};
use protocol::{
    EndedBy, HostToHub, HostWord, HubToHost, InputEvent, LiveState, Refusal, RefusalCode, Rights,
};
use transport::close::close;

const PAUSED: HostEvent = HostEvent::SessionPaused { session: SESSION };
const END: HostToHub = HostToHub::EndSession { session: SESSION };

/// Cuts the line of a session that runs.
fn cut(host: &Host, desk: &Desk) {
    close(&desk.connection);
    host.wait_until(&PAUSED);
    host.wait_until(&HostEvent::Reconnecting);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_session_goes_on_after_its_line_was_cut() {
    let (hub, host, desk, mut console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    let before = seat.place(20, 30);
    seat.do_it(&press(4)).await;
    assert!(host.log.wait_for_events(1, PATIENCE));

    let pulled = Instant::now();
    close(&desk.connection);
    assert!(host.log.wait_until_released(PATIENCE));
    println!("keys released {:?} after the cut", pulled.elapsed());
    host.wait_until(&PAUSED);
    host.wait_until(&HostEvent::Reconnecting);

    let mut desk = hub.accept_again().await;
    desk.resume().await;
    host.wait_until(&HostEvent::Reconnected);
    let state = console.greet(&mut desk).await;
    let live = LiveState {
        session: SESSION,
        rights: BOTH,
        input_taken: seat.number,
    };
    assert_eq!(state.live, Some(live));
    let said_again = HostWord::Reduce {
        session: SESSION,
        rights: BOTH,
    };
    assert_eq!(console.hear(&mut desk).await, said_again);
    host.wait_until(&HostEvent::SessionResumed { session: SESSION });
    println!("goes on {:?} after the cut", pulled.elapsed());

    let old = seat;
    let mut seat = console.take_seat(&mut desk).await;
    (seat.last_seq, seat.last_pointer, seat.number) = (old.last_seq, old.last_pointer, old.number);
    let screen = host.painter_after.picture();
    host.painter_after.move_pointer(9, 8);
    assert!(seat.see().await.is_reset(), "a fresh decoder can begin");
    assert_eq!(seat.decoder.picture(), Some(&screen));
    seat.see_pointer().await;

    // sent again, because the console cannot know that it had arrived
    seat.do_as(seat.number, &press(4), Duration::ZERO).await;
    seat.do_it(&press(5)).await;
    // and one click was on its way all the time
    seat.do_it(&InputEvent::PointerMoved { to: before }).await;
    assert!(host.log_after.wait_for_events(2, PATIENCE));
    assert_eq!(host.log_after.events()[0], press(5));
    assert_eq!(places(&host.log_after), [(20, 30)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_what_arrived_and_was_not_done_yet_is_asked_for_again() {
    let hub = FakeHub::listen();
    let address = hub.address;
    let (hub, host, mut desk, mut console) = allowed(hub, address, BOTH).await;
    // a keyboard that takes its time to open
    let (open, opens) = std::sync::mpsc::sync_channel::<()>(0);
    let sinks = std::sync::Arc::clone(&host.sinks);
    let (locked, is_locked) = std::sync::mpsc::sync_channel(1);
    let door = std::thread::spawn(move || {
        let sinks = sinks.lock().expect("no panic");
        locked.send(()).expect("the test waits");
        let _closed = opens.recv();
        drop(sinks);
    });
    is_locked.recv().expect("locked");
    let mut seat = console.begin(&mut desk).await;
    for key in 4..9 {
        seat.do_it(&press(key)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    close(&desk.connection);
    host.wait_until(&PAUSED);
    drop(open);
    door.join().expect("no panic");
    let mut desk = hub.accept_again().await;
    desk.resume().await;
    let live = console.greet(&mut desk).await.live.expect("a session");
    assert_eq!(live.input_taken, 0);
    assert!(host.log.events().is_empty());
    let mut seat = console.take_seat(&mut desk).await;
    for key in 4..9 {
        seat.do_it(&press(key)).await;
    }
    assert!(host.log_after.wait_for_events(5, PATIENCE));
    assert_eq!(
        host.log_after.events(),
        (4..9).map(press).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_session_waits_for_an_operator_who_is_away() {
    let (_hub, host, mut desk, mut console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    seat.do_it(&press(4)).await;
    assert!(host.log.wait_for_events(1, PATIENCE));
    let operator = OPERATOR;
    let away = HubToHost::OperatorPresent {
        operator,
        present: false,
    };
    desk.say(away).await;
    host.wait_until(&PAUSED);
    assert!(host.log.wait_until_released(PATIENCE));
    let frame = tokio::time::timeout(PATIENCE, seat.screen.read_body());
    assert!(frame.await.expect("in time").is_err(), "nothing is seen");
    let state = console.greet(&mut desk).await;
    assert_eq!(state.live.map(|live| live.session), Some(SESSION));
    console.hear(&mut desk).await;
    host.wait_until(&HostEvent::SessionResumed { session: SESSION });
    let last = seat.last_seq;
    let mut seat = console.take_seat(&mut desk).await;
    seat.last_seq = last;
    assert!(seat.see().await.is_reset());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_dead_line_is_found_out_and_another_tried() {
    let hub = FakeHub::listen();
    let line = Line::to(hub.address).await;
    let (hub, host, _desk, mut console, mut seat) = in_session_by(hub, line.address, BOTH).await;
    seat.see().await;
    seat.do_it(&press(4)).await;
    assert!(host.log.wait_for_events(1, PATIENCE));
    line.cut(true);
    let silent = Instant::now();
    host.wait_until(&PAUSED);
    println!("found out after {:?}", silent.elapsed());
    assert!(silent.elapsed() < Duration::from_secs(8));
    assert!(host.log.wait_until_released(PATIENCE));
    host.wait_until(&HostEvent::Reconnecting);
    tokio::time::sleep(Duration::from_secs(1)).await;
    line.cut(false);
    let mended = Instant::now();
    let mut desk = hub.accept_again().await;
    desk.resume().await;
    console.greet(&mut desk).await;
    host.wait_until(&HostEvent::SessionResumed { session: SESSION });
    println!("goes on {:?} after the line was mended", mended.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_line_that_is_silent_for_a_moment_is_kept() {
    let hub = FakeHub::listen();
    let line = Line::to(hub.address).await;
    let (_hub, host, _desk, _console, mut seat) = in_session_by(hub, line.address, BOTH).await;
    seat.see().await;
    line.cut(true);
    tokio::time::sleep(Duration::from_secs(2)).await;
    line.cut(false);
    seat.do_it(&press(4)).await;
    assert!(host.log.wait_for_events(1, PATIENCE));
    let told = std::iter::from_fn(|| host.events.try_next());
    let told: Vec<_> = told
        .filter(|e| !matches!(e, HostEvent::Company { .. } | HostEvent::Shields { .. }))
        .collect();
    assert_eq!(told, [], "no pause");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h6_end_works_at_once_while_the_line_is_lost() {
    let (hub, host, desk, _console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    cut(&host, &desk);
    host.handle.end_session();
    assert_eq!(host.wait_for(ended), EndCause::By(EndedBy::User));
    let mut desk = hub.accept_again().await;
    desk.resume().await;
    assert_eq!(desk.hear().await, END, "the hub learns it when it can");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h6_the_hot_key_works_while_the_line_is_lost() {
    let (_hub, host, desk, _console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    let ender = host.handle.ender();
    cut(&host, &desk);
    ender.end();
    assert_eq!(host.wait_for(ended), EndCause::By(EndedBy::User));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_user_takes_back_while_the_line_is_lost_stays_taken() {
    let (hub, host, desk, mut console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    cut(&host, &desk);
    let rights = Rights::SEE;
    host.handle
        .send(HostCommand::ReduceRights { rights })
        .expect("room");
    let session = SESSION;
    host.wait_until(&HostEvent::RightsReduced { session, rights });
    let mut desk = hub.accept_again().await;
    desk.resume().await;
    let state = console.greet(&mut desk).await;
    assert_eq!(state.live.map(|live| live.rights), Some(rights));
    let reduced = HostWord::Reduce { session, rights };
    assert_eq!(console.hear(&mut desk).await, reduced);
    let mut seat = console.take_seat(&mut desk).await;
    seat.number = 100;
    seat.do_it(&press(4)).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(host.log_after.events().is_empty());
    assert_eq!(
        host.sinks.lock().expect("no panic").len(),
        1,
        "the keyboard stays closed"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_session_that_ended_meanwhile_is_over() {
    let (hub, host, desk, _console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    cut(&host, &desk);
    let mut desk = hub.accept_again().await;
    desk.say(HubToHost::Resumed {
        running: Vec::new(),
        ended: vec![(SESSION, EndedBy::Operator)],
    })
    .await;
    assert_eq!(host.wait_for(ended), EndCause::By(EndedBy::Operator));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_place_that_the_hub_has_given_up_is_told_as_lost() {
    let (hub, host, desk, _console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    cut(&host, &desk);
    let mut desk = hub.accept_again().await;
    let refusal = Refusal::new(RefusalCode::CANNOT_RESUME);
    desk.say(HubToHost::ResumeRefused { refusal }).await;
    assert_eq!(host.wait_for(ended), EndCause::ConnectionLost);
    assert_eq!(host.wait_for(lost), LostCause::Refused(refusal));
    // and another ticket may follow
    host.open_ticket();
    hub.accept().await.admit().await;
    host.wait_for(|event| matches!(event, HostEvent::TicketAccepted { .. }).then_some(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_hub_that_stays_away_is_given_up_when_the_place_is_gone() {
    let hub = FakeHub::listen();
    let host = Host::start(hub.address, hub.pin);
    host.open_ticket();
    let mut desk = hub.accept().await;
    desk.admit_for(2).await;
    host.wait_for(|event| matches!(event, HostEvent::TicketAccepted { .. }).then_some(()));
    close(&desk.connection);
    drop(desk);
    drop(hub);
    let away = Instant::now();
    assert_eq!(host.wait_for(lost), LostCause::Silence);
    let tried = away.elapsed();
    assert!(tried > Duration::from_millis(1500), "{tried:?}");
    assert!(tried < Duration::from_secs(10), "{tried:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_hub_that_starts_anew_is_waited_for() {
    let (hub, host, mut desk, _console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    let refusal = Refusal::new(RefusalCode::SHUTTING_DOWN);
    desk.say(HubToHost::Goodbye { refusal }).await;
    host.wait_until(&PAUSED);
    let mut back = hub.accept_again().await;
    back.resume().await;
    host.wait_until(&HostEvent::Reconnected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_who_disconnects_this_computer_is_not_come_back_to() {
    let (hub, host, mut desk, _console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    let refusal = Refusal::new(RefusalCode::DISCONNECTED);
    desk.say(HubToHost::Goodbye { refusal }).await;
    assert_eq!(host.wait_for(lost), LostCause::Refused(refusal));
    let again = tokio::time::timeout(Duration::from_millis(1500), hub.accept());
    assert!(again.await.is_err(), "nobody comes back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_keeps_no_connection_is_called_at_a_measured_pace() {
    let (hub, host, desk, _console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    cut(&host, &desk);
    close(&hub.accept_again().await.connection);
    let first = Instant::now();
    for _ in 0..2 {
        close(&hub.accept_again().await.connection);
    }
    let took = first.elapsed();
    assert!(took > Duration::from_millis(1500), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_while_the_line_is_lost_ends_everything() {
    let (hub, host, desk, _console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    cut(&host, &desk);
    host.handle.send(HostCommand::Leave).expect("room");
    assert_eq!(host.wait_for(ended), EndCause::By(EndedBy::User));
    drop(hub);
    let told = host.events.next_within(Duration::from_millis(300));
    assert_eq!(told, None, "who left is told nothing more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_line_frees_screen_and_keyboard() {
    let (_hub, host, desk, _console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    host.painter.fill(Rect::new(0, 0, 9, 9), 0x00ab_cdef);
    seat.see().await;
    cut(&host, &desk);
    let end = Instant::now() + PATIENCE;
    while !host.log.sink_is_gone() {
        assert!(Instant::now() < end, "the sink stays open");
        std::thread::sleep(Duration::from_millis(5));
    }
}
