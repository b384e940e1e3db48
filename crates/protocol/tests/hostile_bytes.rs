//! Whatever bytes a peer sends, parsing ends in a message or an error, never in a panic, and what
//! parses says the same when it is written and read again.

use proptest::prelude::*;
use protocol::admin::{AdminToHub, HubToAdmin};
use protocol::limits::{MAX_CONTROL_FRAME_BYTES, MAX_SCREEN_FRAME_BYTES};
use protocol::wire::{self, PREFIX_BYTES};
use protocol::{
    ClientHello, Greeting, HostState, HostToHub, HostWord, HubHello, HubToHost, HubToOperator,
    InputFrame, OperatorToHub, OperatorWord, PointerUpdate, ScreenFrame, StreamHeader,
    SystemInformation, ViewerMessage,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Parses `body` as an `M`; a message that parses must survive another round.
fn parse<M: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(body: &[u8]) {
    if let Ok(message) = wire::decode::<M>(body) {
        let frame = wire::encode(&message, MAX_SCREEN_FRAME_BYTES).expect("as small as it was");
        assert_eq!(
            wire::decode::<M>(&frame[PREFIX_BYTES..]).as_ref(),
            Ok(&message)
        );
    }
}

fn parse_as_everything(body: &[u8]) {
    parse::<ClientHello>(body);
    parse::<HubHello>(body);
    parse::<HostToHub>(body);
    parse::<HubToHost>(body);
    parse::<OperatorToHub>(body);
    parse::<HubToOperator>(body);
    parse::<StreamHeader>(body);
    parse::<ScreenFrame>(body);
    parse::<ViewerMessage>(body);
    parse::<PointerUpdate>(body);
    parse::<InputFrame>(body);
    parse::<protocol::clipboard::ClipboardFrame>(body);
    parse::<Greeting>(body);
    parse::<HostState>(body);
    parse::<HostWord>(body);
    parse::<OperatorWord>(body);
    parse::<SystemInformation>(body);
    parse::<AdminToHub>(body);
    parse::<HubToAdmin>(body);
    parse::<protocol::updates::SeekerToHub>(body);
    parse::<protocol::updates::HubToSeeker>(body);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn b2_garbage_never_panics(body in proptest::collection::vec(any::<u8>(), 0..512)) {
        parse_as_everything(&body);
    }

    /// Small first bytes reach every variant, and small lengths reach their fields.
    #[test]
    fn b2_garbage_that_looks_like_messages_never_panics(
        tag in 0u8..24,
        body in proptest::collection::vec(prop_oneof![0u8..8, any::<u8>()], 0..96),
    ) {
        let mut whole = vec![tag];
        whole.extend(body);
        parse_as_everything(&whole);
    }

    #[test]
    fn b2_a_prefix_above_the_limit_is_refused(prefix in any::<[u8; 4]>()) {
        let announced = u32::from_le_bytes(prefix) as usize;
        let read = wire::body_len(prefix, MAX_CONTROL_FRAME_BYTES);
        prop_assert_eq!(read.is_ok(), announced <= MAX_CONTROL_FRAME_BYTES);
    }
}

#[test]
fn b2_a_list_that_announces_billions_allocates_nothing_for_them() {
    // Entries, then a length of u32::MAX rows, then nothing: the parser runs out of bytes first
    for tag in 0u8..32 {
        parse_as_everything(&[tag, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    }
}
