//! A line that is slow, lossy or narrow, where the kernel has no `netem` for it: two TUN devices in two
//! namespaces, and threads that carry packets from one to the other as such a line would.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::ioctl::{self, Setter, opcode};

use super::namespace::in_network_of;

/// How long a thread waits for a packet before it looks whether it is still wanted.
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};
/// More than any packet.
const LARGEST: usize = 1 << 16;
/// Packets on their way; what comes then is lost.
const ON_THE_WAY: usize = 1 << 14;
const PROTOCOL_UDP: u8 = 17;

/// What a line does to packets, in each direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// There and back.
    pub round_trip: Duration,
    /// Of packets, by chance.
    pub loss_per_cent: f64,
    /// Larger packets are lost, and nobody is told, bytes with IP header.
    pub largest_packet: usize,
}

impl Shape {
    /// One that changes nothing.
    pub const PLAIN: Self = Self {
        round_trip: Duration::ZERO,
        loss_per_cent: 0.0,
        largest_packet: LARGEST,
    };
}

/// Such a line, until it is dropped.
#[derive(Debug)]
pub(super) struct Line {
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    blocks_udp: AtomicBool,
    over: AtomicBool,
}

/// Whose network a device is in, and what it is called there.
pub(super) type Place<'a> = (u32, &'a str);

impl Line {
    pub(super) fn lay(ends: [Place<'_>; 2], shape: Shape) -> anyhow::Result<Self> {
        let [one, other] = [device(ends[0])?, device(ends[1])?];
        let state = Arc::new(State::default());
        let ways = [
            (one.try_clone()?, other.try_clone()?, 1),
            (other, one, 2), // each direction has a chance of its own
        ];
        let mut threads = Vec::new();
        for (from, to, seed) in ways {
            let (sender, receiver) = sync_channel(ON_THE_WAY);
            let of_way = Arc::clone(&state);
            threads.push(thread::spawn(move || {
                take(&from, shape, &of_way, Chance(seed), &sender);
            }));
            threads.push(thread::spawn(move || deliver(&to, &receiver)));
        }
        Ok(Self { state, threads })
    }

    /// UDP is lost in both directions from now on.
    pub(super) fn block_udp(&self) {
        self.state.blocks_udp.store(true, Ordering::SeqCst);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

/// Makes a TUN device in the network of a process. It goes with its file.
fn device((process, name): Place<'_>) -> anyhow::Result<File> {
    in_network_of(process, || {
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::open("/dev/net/tun", flags, Mode::empty())?;
        become_tun(&file, name)?;
        Ok(file.into())
    })?
}

/// `struct ifreq`: the device's name, then what it is to be.
#[repr(C)]
struct Request {
    name: [u8; 16],
    flags: u16,
    _rest: [u8; 22],
}

#[expect(unsafe_code, reason = "rustix knows no TUN devices")]
fn become_tun(file: &impl AsFd, name: &str) -> rustix::io::Result<()> {
    const SET_INTERFACE: ioctl::Opcode = opcode::write::<i32>(b'T', 202);
    /// Packets of IP, without anything before them.
    const TUN_WITHOUT_INFORMATION: u16 = 0x1001;
    let mut request = Request {
        name: [0; 16],
        flags: TUN_WITHOUT_INFORMATION,
        _rest: [0; 22],
    };
    for (place, byte) in request.name[..15].iter_mut().zip(name.bytes()) {
        *place = byte;
    }
    // SAFETY: TUNSETIFF reads a `struct ifreq`, which has these 40 bytes.
    let asked = unsafe { Setter::<SET_INTERFACE, Request>::new(request) };
    // SAFETY: the request lives on this stack until the call returns.
    unsafe { ioctl::ioctl(file, asked) }
}

/// Takes packets in until the line is over, and says when each is due at the other end.
fn take(
    from: &File,
    shape: Shape,
    state: &State,
    mut chance: Chance,
    to: &SyncSender<(Instant, Vec<u8>)>,
) {
    let mut from = from;
    let mut packet = vec![0; LARGEST];
    while !state.over.load(Ordering::SeqCst) {
        let length = match from.read(&mut packet) {
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let mut wait = [PollFd::new(&from, PollFlags::IN)];
                // whatever it says, the next read tells
                let _waited = poll(&mut wait, Some(&LOOK));
                continue;
            }
            // a device that is down
            Err(_) => {
                thread::sleep(Duration::from_millis(5));
                continue;
            }
        };
        let due = Instant::now() + shape.round_trip / 2;
        let bytes = &packet[..length];
        let blocked = state.blocks_udp.load(Ordering::SeqCst) && is_udp(bytes);
        if blocked || length > shape.largest_packet || chance.comes(shape.loss_per_cent) {
            continue;
        }
        drop(to.try_send((due, bytes.to_vec())));
    }
}

fn deliver(to: &File, packets: &Receiver<(Instant, Vec<u8>)>) {
    let mut to = to;
    for (due, packet) in packets {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        // a device that is down takes none
        drop(to.write(&packet));
    }
}

/// IPv6 without extensions, which neither QUIC nor a tunnel has.
fn is_udp(packet: &[u8]) -> bool {
    let at = match packet.first().map(|first| first >> 4) {
        Some(4) => 9,
        _ => 6,
    };
    packet.get(at) == Some(&PROTOCOL_UDP)
}

/// The same in every run (Knuth's generator).
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    fn comes(&mut self, per_cent: f64) -> bool {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let one_of = 100_000_u64;
        ((self.0 >> 33) % one_of) as f64 / one_of as f64 * 100.0 < per_cent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_comes_as_often_as_it_should() {
        for per_cent in [0.0, 1.0, 5.0] {
            let mut chance = Chance(1);
            let came = (0..100_000).filter(|_| chance.comes(per_cent)).count() as f64;
            assert!((came / 1000.0 - per_cent).abs() < 0.2, "{came}");
        }
    }

    #[test]
    fn udp_is_told_by_its_protocol() {
        let mut packet = [0; 40];
        packet[0] = 0x45;
        packet[9] = PROTOCOL_UDP;
        assert!(is_udp(&packet));
        packet[0] = 0x60;
        assert!(!is_udp(&packet));
        packet[6] = PROTOCOL_UDP;
        assert!(is_udp(&packet) && !is_udp(&[]));
    }
}
