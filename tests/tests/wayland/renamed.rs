//! Stands between a program and its compositor, and calls wlr-data-control by the name of its successor, which is the
//! same but for that and which no compositor of this system has yet.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, Shutdown, recvmsg, sendmsg,
};

const OF_WLR: &str = "zwlr_data_control_manager_v1";
const OF_EXT: &str = "ext_data_control_manager_v1";
/// The registry is the first thing that our programs ask for, and has this number; what it tells and what is bound by it
/// begin with one each.
const REGISTRY: u32 = 2;
const FIRST: u32 = 0;
const HEAD_BYTES: usize = 8;
const MOST_FDS: usize = 28;

/// Listens at a path for one program, for as long as both live.
pub(crate) fn stand_before(compositor: &Path, at: PathBuf) -> PathBuf {
    let listener = UnixListener::bind(&at).expect("a socket");
    let compositor = compositor.to_owned();
    thread::spawn(move || {
        let (program, _) = listener.accept().expect("a program");
        let compositor = UnixStream::connect(compositor).expect("the compositor");
        let (to_program, to_compositor) = (program.try_clone(), compositor.try_clone());
        thread::spawn(move || carry(&compositor, &to_program.expect("a socket"), OF_WLR, OF_EXT));
        carry(&program, &to_compositor.expect("a socket"), OF_EXT, OF_WLR);
    });
    at
}

/// Until one of them is gone, and then the other is told so.
fn carry(from: &UnixStream, to: &UnixStream, name: &str, other: &str) {
    let (mut arrived, mut fds) = (Vec::new(), Vec::new());
    while receive(from, &mut arrived, &mut fds) {
        let mut whole = Vec::new();
        while let Some(len) = message_len(&arrived) {
            let message: Vec<u8> = arrived.drain(..len).collect();
            whole.extend(renamed(message, name, other));
        }
        if !whole.is_empty() && !send(to, &whole, &std::mem::take(&mut fds)) {
            break;
        }
    }
    rustix::net::shutdown(to, Shutdown::Both).ok();
}

fn receive(from: &UnixStream, arrived: &mut Vec<u8>, fds: &mut Vec<OwnedFd>) -> bool {
    let mut bytes = [0; 4096];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS))];
    let mut with = RecvAncillaryBuffer::new(&mut space);
    let mut into = [IoSliceMut::new(&mut bytes)];
    let Ok(received) = recvmsg(from, &mut into, &mut with, RecvFlags::CMSG_CLOEXEC) else {
        return false;
    };
    for message in with.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            fds.extend(rights);
        }
    }
    arrived.extend_from_slice(&bytes[..received.bytes]);
    received.bytes > 0
}

fn send(to: &UnixStream, mut bytes: &[u8], fds: &[OwnedFd]) -> bool {
    let fds: Vec<_> = fds.iter().map(OwnedFd::as_fd).collect();
    let mut fds = fds.as_slice();
    while !bytes.is_empty() {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS))];
        let mut with = SendAncillaryBuffer::new(&mut space);
        assert!(fds.is_empty() || with.push(SendAncillaryMessage::ScmRights(fds)));
        let Ok(sent) = sendmsg(to, &[IoSlice::new(bytes)], &mut with, SendFlags::NOSIGNAL) else {
            return false;
        };
        bytes = &bytes[sent..];
        fds = &[];
    }
    true
}

/// How long the first message is, if it is all here.
fn message_len(arrived: &[u8]) -> Option<usize> {
    let len = (word(arrived, 4)? >> 16) as usize;
    (arrived.len() >= len.max(HEAD_BYTES)).then_some(len)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_ne_bytes(word))
}

/// Both messages have a number, the name of an interface, and what follows it.
fn renamed(message: Vec<u8>, name: &str, other: &str) -> Vec<u8> {
    let [number, name_at] = [HEAD_BYTES, HEAD_BYTES + 8];
    let is_it = word(&message, 0) == Some(REGISTRY)
        && word(&message, 4).is_some_and(|word| word & 0xffff == FIRST)
        && message[name_at..].starts_with(format!("{name}\0").as_bytes());
    if !is_it {
        return message;
    }
    let padded = |name: &str| (name.len() + 1).next_multiple_of(4);
    let mut body = message[number..number + 4].to_vec();
    body.extend(u32::try_from(other.len() + 1).expect("short").to_ne_bytes());
    body.extend(other.as_bytes());
    body.resize(8 + padded(other), 0);
    body.extend(&message[name_at + padded(name)..]);
    let len = u32::try_from(HEAD_BYTES + body.len()).expect("short");
    [
        &REGISTRY.to_ne_bytes()[..],
        &(len << 16 | FIRST).to_ne_bytes(),
        &body,
    ]
    .concat()
}
