//! A line over a relay: what one program and the hub send each other goes through it, while it is up.

mod shape;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use shape::Pipe;
pub use shape::RelayShape;

/// How long a thread waits for a datagram before it looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);
/// More than any datagram.
const LARGEST: usize = 1 << 16;

/// Hands datagrams on between a program and the hub.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    line: Arc<Line>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Line {
    near: UdpSocket,
    hub: SocketAddr,
    down: AtomicBool,
    over: AtomicBool,
    /// What it does to datagrams; nothing if `None`.
    shape: Mutex<Option<RelayShape>>,
    /// What the hub sees of each of the program's sockets.
    flows: Mutex<Flows>,
}

#[derive(Debug, Default)]
struct Flows {
    /// Counts the changes of address.
    address: u8,
    far: BTreeMap<SocketAddr, (Arc<UdpSocket>, Arc<AtomicBool>)>,
}

impl Relay {
    pub(super) fn start(hub: SocketAddr) -> anyhow::Result<Self> {
        let near = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        near.set_read_timeout(Some(LOOK))?;
        let address = near.local_addr()?;
        let line = Arc::new(Line {
            near,
            hub,
            down: AtomicBool::new(false),
            over: AtomicBool::new(false),
            shape: Mutex::default(),
            flows: Mutex::default(),
        });
        let carried = Arc::clone(&line);
        let thread = thread::spawn(move || carry_to_hub(&carried));
        Ok(Self {
            address,
            line,
            thread: Some(thread),
        })
    }

    /// What the program takes for the hub.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn set_down(&self, down: bool) {
        self.line.down.store(down, Ordering::SeqCst);
    }

    pub(super) fn set_shape(&self, shape: Option<RelayShape>) {
        *self.line.shape_lock() = shape;
    }

    pub(super) fn change_address(&self) {
        let mut flows = self.line.flows();
        flows.address = (flows.address + 1) % 250;
        for (_, (_, over)) in std::mem::take(&mut flows.far) {
            over.store(true, Ordering::SeqCst);
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.line.over.store(true, Ordering::SeqCst);
        self.change_address();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Line {
    fn flows(&self) -> MutexGuard<'_, Flows> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shape_lock(&self) -> MutexGuard<'_, Option<RelayShape>> {
        self.shape.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shape(&self) -> Option<RelayShape> {
        *self.shape_lock()
    }

    fn is_down(&self) -> bool {
        self.down.load(Ordering::SeqCst)
    }
}

/// Until the relay is over.
fn carry_to_hub(line: &Arc<Line>) {
    let mut datagram = vec![0; LARGEST];
    // a hub that is not there is what this is for
    let deliver = |far: &Arc<UdpSocket>, datagram: &[u8]| drop(far.send(datagram));
    let mut pipe = Pipe::new(deliver);
    while !line.over.load(Ordering::SeqCst) {
        // nobody sent anything, or an answer found its program gone
        let Ok((length, program)) = line.near.recv_from(&mut datagram) else {
            continue;
        };
        if line.is_down() {
            continue;
        }
        if let Ok(far) = far_socket(line, program) {
            match line.shape() {
                None => deliver(&far, &datagram[..length]),
                Some(shape) => pipe.send(shape, far, &datagram[..length]),
            }
        }
    }
}

/// The socket by which the hub knows `program`.
fn far_socket(line: &Arc<Line>, program: SocketAddr) -> std::io::Result<Arc<UdpSocket>> {
    let mut flows = line.flows();
    if let Some((far, _)) = flows.far.get(&program) {
        return Ok(Arc::clone(far));
    }
    let far = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2 + flows.address), 0))?;
    far.set_read_timeout(Some(LOOK))?;
    far.connect(line.hub)?;
    let (far, over) = (Arc::new(far), Arc::new(AtomicBool::new(false)));
    flows
        .far
        .insert(program, (Arc::clone(&far), Arc::clone(&over)));
    let (line, socket) = (Arc::clone(line), Arc::clone(&far));
    thread::spawn(move || carry_to_program(&line, &socket, program, &over));
    Ok(far)
}

/// Until the address changes or the relay is over.
fn carry_to_program(line: &Arc<Line>, far: &UdpSocket, program: SocketAddr, over: &AtomicBool) {
    let mut datagram = vec![0; LARGEST];
    let deliver =
        move |line: &Arc<Line>, datagram: &[u8]| drop(line.near.send_to(datagram, program));
    let mut pipe = Pipe::new(deliver);
    while !over.load(Ordering::SeqCst) {
        let Ok(length) = far.recv(&mut datagram) else {
            continue;
        };
        if line.is_down() || over.load(Ordering::SeqCst) {
            continue;
        }
        match line.shape() {
            None => deliver(line, &datagram[..length]),
            Some(shape) => pipe.send(shape, Arc::clone(line), &datagram[..length]),
        }
    }
}
