//! Halves, proofs, greetings and sealed messages of a hostile peer or hub: told, never a panic, and
//! nothing that was not sealed by the other side ever opens.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use protocol::{Greeting, HostState, Lane, PeerId, SessionId, wire};
use session::channel::{self, Ends, Opening};
use session::{
    AccessRecord, ConsoleKnock, HostExchange, HostKnock, OperatorExchange, PairKey, TicketNumber,
};

const SESSION: SessionId = SessionId(1);
const ENDS: Ends = Ends {
    console: PeerId([1; 16]),
    host: PeerId([2; 16]),
};

const PASSWORD: &str = "the shop opens at nine";
static RECORD: LazyLock<AccessRecord> =
    LazyLock::new(|| AccessRecord::of_password(PASSWORD).expect("fit"));

fuzz_target!(|data: &[u8]| {
    if let Ok(typed) = std::str::from_utf8(data)
        && let Ok(ticket) = TicketNumber::parse(typed)
    {
        let spoken = ticket.to_spoken();
        let again = TicketNumber::parse(&spoken).map(|ticket| ticket.to_spoken());
        assert_eq!(again.as_ref(), Ok(&spoken));
    }
    let ticket = TicketNumber::parse("482 913 0571").expect("ten digits");
    if let Ok((operator, _half)) = OperatorExchange::answer(&ticket, data) {
        assert!(operator.judge(data).is_err(), "a half is no proof");
    }
    let (host, _half) = HostExchange::start(&ticket);
    if let Ok((host, _proof)) = host.answer(data) {
        assert!(host.finish(data).is_err(), "a half is no proof");
    }

    if let Ok((host, _answer)) = HostKnock::answer(&RECORD, data) {
        assert!(host.finish(data).is_err(), "a request is no proof");
    }
    let (host, _) = HostKnock::answer(&RECORD, &ConsoleKnock::start(PASSWORD).1).expect("sound");
    assert!(host.finish(data).is_err(), "nobody else knows the password");
    assert!(ConsoleKnock::start(PASSWORD).0.finish(data).is_err());
    assert!(AccessRecord::from_bytes(data).is_err() || data[0] == 1);

    let pair = PairKey::from_bytes([7; 32]);
    let state = HostState {
        computer: "pc".into(),
        user: "Anna".into(),
        system: "Linux".into(),
        heard: 0,
        live: None,
    };
    if let Ok(foreign) = wire::decode::<Greeting>(data) {
        let answered = channel::answer(&pair, ENDS, &foreign, &state, [4; 32]);
        assert!(answered.is_err(), "nobody else knows the pair key");
        let (opening, _) = Opening::begin(pair.clone(), ENDS, [3; 32]);
        assert!(opening.finish(&foreign).is_err());
    }
    let (opening, greeting) = Opening::begin(pair.clone(), ENDS, [3; 32]);
    let (host, answer) =
        channel::answer(&pair, ENDS, &greeting, &state, [4; 32]).expect("the right console");
    let (console, _) = opening.finish(&answer).expect("the right host");
    let (host, console) = (host.lane_keys(), console.lane_keys());
    assert!(host.opener(SESSION, Lane::Input).open(data).is_err());
    assert!(host.open_ticket(SESSION, 1, data).is_none());
    assert!(console.open_picture_key(SESSION, data).is_none());
});
