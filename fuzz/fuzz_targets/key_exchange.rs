//! Halves, proofs and sealed messages of a hostile peer or hub: told, never a panic, and nothing
//! that was not sealed by the other side ever opens.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::SessionId;
use session::{HostExchange, OperatorExchange, SessionKeys, TicketKey, TicketNumber};

fuzz_target!(|data: &[u8]| {
    if let Ok(typed) = std::str::from_utf8(data)
        && let Ok(ticket) = TicketNumber::parse(typed)
    {
        assert_eq!(TicketNumber::parse(&ticket.to_spoken()), Ok(ticket));
    }
    let ticket = TicketNumber::parse("482 913 0571").expect("ten digits");
    if let Ok((operator, _half)) = OperatorExchange::answer(&ticket, data) {
        assert!(operator.judge(data).is_err(), "a half is no proof");
    }
    let (host, _half) = HostExchange::start(&ticket);
    if let Ok((host, _proof)) = host.answer(data) {
        assert!(host.finish(data).is_err(), "a half is no proof");
    }
    let key = TicketKey::from_bytes([7; 32]);
    let keys = SessionKeys::derive(&key, SessionId(1), [1; 16], [2; 16]);
    assert!(keys.opener_at_host().open(data).is_err());
});
