//! A way to the hub that can be cut: datagrams are lost while it is.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use transport::HubAddress;

pub(crate) struct Line {
    pub(crate) address: HubAddress,
    is_cut: Arc<AtomicBool>,
}

impl Line {
    pub(crate) fn to(hub: SocketAddr) -> Self {
        let near = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let address = near.local_addr().expect("bound").to_string();
        let is_cut = Arc::new(AtomicBool::new(false));
        let cut = Arc::clone(&is_cut);
        // it ends with the test's process
        std::thread::spawn(move || relay(&near, hub, &cut));
        Self {
            address: address.parse().expect("an address"),
            is_cut,
        }
    }

    pub(crate) fn cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::SeqCst);
    }
}

fn relay(near: &UdpSocket, hub: SocketAddr, is_cut: &Arc<AtomicBool>) {
    let mut ways: BTreeMap<SocketAddr, UdpSocket> = BTreeMap::new();
    let mut datagram = vec![0; 65_536];
    while let Ok((len, from)) = near.recv_from(&mut datagram) {
        let far = ways.entry(from).or_insert_with(|| {
            let far = UdpSocket::bind("127.0.0.1:0").expect("a port");
            far.connect(hub).expect("bound");
            let (back, near) = (far.try_clone(), near.try_clone());
            let (back, near) = (back.expect("a socket"), near.expect("a socket"));
            let is_cut = Arc::clone(is_cut);
            std::thread::spawn(move || {
                let mut datagram = vec![0; 65_536];
                while let Ok(len) = back.recv(&mut datagram) {
                    if !is_cut.load(Ordering::SeqCst) {
                        drop(near.send_to(&datagram[..len], from));
                    }
                }
            });
            far
        });
        if !is_cut.load(Ordering::SeqCst) {
            drop(far.send(&datagram[..len]));
        }
    }
}
