//! A way to the hub that can be cut: datagrams are lost while it is.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use transport::HubAddress;

pub(crate) struct Line {
    pub(crate) address: HubAddress,
    bears: Arc<Bears>,
}

/// What the line carries.
struct Bears {
    bytes_left: AtomicU64,
    largest_datagram: AtomicUsize,
}

impl Line {
    pub(crate) fn to(hub: SocketAddr) -> Self {
        let near = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let address = near.local_addr().expect("bound").to_string();
        let bears = Arc::new(Bears {
            bytes_left: AtomicU64::new(u64::MAX),
            largest_datagram: AtomicUsize::new(usize::MAX),
        });
        let of_relay = Arc::clone(&bears);
        // it ends with the test's process
        std::thread::spawn(move || relay(&near, hub, &of_relay));
        Self {
            address: address.parse().expect("an address"),
            bears,
        }
    }

    pub(crate) fn cut(&self, is_cut: bool) {
        self.cut_after(if is_cut { 0 } else { u64::MAX });
    }

    /// Carries so many bytes more, of both ways, and is cut then.
    pub(crate) fn cut_after(&self, bytes: u64) {
        self.bears.bytes_left.store(bytes, Ordering::SeqCst);
    }

    /// Loses what is larger from now on, and tells nobody.
    pub(crate) fn narrow(&self, largest_datagram: usize) {
        let largest = &self.bears.largest_datagram;
        largest.store(largest_datagram, Ordering::SeqCst);
    }
}

/// Whether the line carries a datagram of this length.
fn carries(bears: &Bears, len: usize) -> bool {
    if len > bears.largest_datagram.load(Ordering::SeqCst) {
        return false;
    }
    let bytes_left = &bears.bytes_left;
    let less = |left: u64| {
        Some(match left {
            u64::MAX => left,
            _ => left.saturating_sub(len as u64),
        })
    };
    let before = bytes_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
    before.is_ok_and(|left| left >= len as u64)
}

fn relay(near: &UdpSocket, hub: SocketAddr, bears: &Arc<Bears>) {
    let mut ways: BTreeMap<SocketAddr, UdpSocket> = BTreeMap::new();
    let mut datagram = vec![0; 65_536];
    while let Ok((len, from)) = near.recv_from(&mut datagram) {
        let far = ways.entry(from).or_insert_with(|| {
            let far = UdpSocket::bind("127.0.0.1:0").expect("a port");
            far.connect(hub).expect("bound");
            let (back, near) = (far.try_clone(), near.try_clone());
            let (back, near) = (back.expect("a socket"), near.expect("a socket"));
            let bears = Arc::clone(bears);
            std::thread::spawn(move || {
                let mut datagram = vec![0; 65_536];
                while let Ok(len) = back.recv(&mut datagram) {
                    if carries(&bears, len) {
                        drop(near.send_to(&datagram[..len], from));
                    }
                }
            });
            far
        });
        if carries(bears, len) {
            drop(far.send(&datagram[..len]));
        }
    }
}
