//! How much may be on the way: in a tunnel as much as TCP takes, and after it what the line bears.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use quinn::congestion::{Controller, ControllerFactory, CubicConfig};
use quinn_proto::RttEstimator;

/// What may be on the way in a tunnel.
const TUNNEL_BYTES: u64 = 4 << 20;
/// What may be at first after one, which carried at least as much: nobody is to wait for a slow start.
const AFTER_TUNNEL_BYTES: u64 = 128 << 10;

/// For a hub's connection, which begins anew when its peer comes from elsewhere: the first is the tunnel.
#[derive(Debug, Default)]
pub(crate) struct FirstInTunnel {
    was_there: AtomicBool,
}

impl ControllerFactory for FirstInTunnel {
    fn build(self: Arc<Self>, now: Instant, mtu: u16) -> Box<dyn Controller> {
        if self.was_there.swap(true, Ordering::Relaxed) {
            after_tunnel(now, mtu)
        } else {
            let left = Arc::default();
            let after = None;
            Box::new(Window { left, after, mtu })
        }
    }
}

/// For a program's connection, which only its socket knows to have left the tunnel.
#[derive(Debug)]
pub(crate) struct UntilLeft(pub(crate) Arc<AtomicBool>);

impl ControllerFactory for UntilLeft {
    fn build(self: Arc<Self>, _now: Instant, mtu: u16) -> Box<dyn Controller> {
        let left = Arc::clone(&self.0);
        let after = None;
        Box::new(Window { left, after, mtu })
    }
}

fn after_tunnel(now: Instant, mtu: u16) -> Box<dyn Controller> {
    let mut config = CubicConfig::default();
    config.initial_window(AFTER_TUNNEL_BYTES);
    Arc::new(config).build(now, mtu)
}

struct Window {
    left: Arc<AtomicBool>,
    after: Option<After>,
    mtu: u16,
}

struct After {
    since: Instant,
    controller: Box<dyn Controller>,
}

impl Window {
    /// What counts outside.
    fn after(&mut self, now: Instant) -> Option<&mut After> {
        if !self.left.load(Ordering::Relaxed) {
            self.after = None;
            return None;
        }
        let mtu = self.mtu;
        Some(self.after.get_or_insert_with(|| After {
            since: now,
            controller: after_tunnel(now, mtu),
        }))
    }
}

impl Controller for Window {
    fn on_sent(&mut self, now: Instant, bytes: u64, last_packet_number: u64) {
        if let Some(after) = self.after(now) {
            after.controller.on_sent(now, bytes, last_packet_number);
        }
    }

    fn on_ack(
        &mut self,
        now: Instant,
        sent: Instant,
        bytes: u64,
        app_limited: bool,
        rtt: &RttEstimator,
    ) {
        if let Some(after) = self.after(now)
            && sent >= after.since
        {
            after.controller.on_ack(now, sent, bytes, app_limited, rtt);
        }
    }

    fn on_end_acks(
        &mut self,
        now: Instant,
        in_flight: u64,
        app_limited: bool,
        largest_packet_num_acked: Option<u64>,
    ) {
        if let Some(After { controller, .. }) = self.after(now) {
            controller.on_end_acks(now, in_flight, app_limited, largest_packet_num_acked);
        }
    }

    fn on_congestion_event(
        &mut self,
        now: Instant,
        sent: Instant,
        is_persistent_congestion: bool,
        lost_bytes: u64,
    ) {
        // what is late in the tunnel says nothing of the line outside
        if let Some(after) = self.after(now)
            && sent >= after.since
        {
            after
                .controller
                .on_congestion_event(now, sent, is_persistent_congestion, lost_bytes);
        }
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.mtu = new_mtu;
        if let Some(after) = &mut self.after {
            after.controller.on_mtu_update(new_mtu);
        }
    }

    fn window(&self) -> u64 {
        if !self.left.load(Ordering::Relaxed) {
            return TUNNEL_BYTES;
        }
        let after = self.after.as_ref();
        after.map_or(AFTER_TUNNEL_BYTES, |after| after.controller.window())
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        let after = self.after.as_ref().map(|after| After {
            since: after.since,
            controller: after.controller.clone_box(),
        });
        let (left, mtu) = (Arc::clone(&self.left), self.mtu);
        Box::new(Self { left, after, mtu })
    }

    fn initial_window(&self) -> u64 {
        TUNNEL_BYTES
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
