//! Whatever a peer writes on a stream, framing and parsing end in a message or an error; a message
//! that parses says the same when it is written and read again.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use protocol::admin::{AdminToHub, HubToAdmin};
use protocol::clipboard::{self, ClipboardFrame, ClipboardKind};
use protocol::files::FileMessage;
use protocol::limits::MAX_SCREEN_FRAME_BYTES;
use protocol::updates::{HubToSeeker, SeekerToHub};
use protocol::wire::{self, PREFIX_BYTES};
use protocol::{
    ClientHello, Enrolment, Greeting, HostState, HostToHub, HostWord, HubHello, HubToHost, HubToOperator,
    InputFrame, Invitation, OperatorToHub, OperatorWord, PointerUpdate, ScreenFrame, StreamHeader,
    SystemInformation, ViewerMessage,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn parse<M: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(body: &[u8]) {
    if let Ok(message) = wire::decode::<M>(body) {
        let frame = wire::encode(&message, MAX_SCREEN_FRAME_BYTES).expect("as small as it was");
        assert_eq!(
            wire::decode::<M>(&frame[PREFIX_BYTES..]).as_ref(),
            Ok(&message)
        );
    }
}

/// The hub parses frames in place; that says the same as parsing by copy.
fn parse_frame_in_place(body: &[u8]) {
    let in_place = ScreenFrame::from_body(&Bytes::copy_from_slice(body));
    assert_eq!(in_place, wire::decode::<ScreenFrame>(body));
}

/// Whatever somebody pastes.
fn parse_invitation(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    if let Ok(invitation) = text.parse::<Invitation>() {
        assert_eq!(invitation.to_string().parse(), Ok(invitation));
    }
    if let Ok(enrolment) = text.parse::<Enrolment>() {
        assert_eq!(enrolment.to_string().parse(), Ok(enrolment));
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&kind, rest)) = data.split_first() else {
        return;
    };
    let Some((prefix, _)) = rest.split_first_chunk::<PREFIX_BYTES>() else {
        return;
    };
    if let Ok(len) = wire::body_len(*prefix, MAX_SCREEN_FRAME_BYTES) {
        assert!(len <= MAX_SCREEN_FRAME_BYTES);
    }
    match kind % 23 {
        0 => parse::<ClientHello>(rest),
        1 => parse::<HubHello>(rest),
        2 => parse::<HostToHub>(rest),
        3 => parse::<HubToHost>(rest),
        4 => parse::<OperatorToHub>(rest),
        5 => parse::<HubToOperator>(rest),
        6 => parse::<StreamHeader>(rest),
        7 => {
            parse::<ScreenFrame>(rest);
            parse_frame_in_place(rest);
        }
        8 => parse::<ViewerMessage>(rest),
        9 => parse::<PointerUpdate>(rest),
        10 => parse::<InputFrame>(rest),
        11 => parse::<Greeting>(rest),
        12 => parse::<HostState>(rest),
        13 => parse::<HostWord>(rest),
        14 => parse::<OperatorWord>(rest),
        15 => parse::<AdminToHub>(rest),
        16 => parse::<HubToAdmin>(rest),
        17 => parse::<FileMessage>(rest),
        18 => {
            parse::<ClipboardFrame>(rest);
            for kind in ClipboardKind::ALL {
                let _checked = clipboard::check_contents(kind, rest);
            }
        }
        19 => parse::<SystemInformation>(rest),
        20 => parse::<SeekerToHub>(rest),
        21 => parse::<HubToSeeker>(rest),
        _ => parse_invitation(rest),
    }
});
