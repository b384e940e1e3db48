//! Lets a connection's last packet out, however much is on the way.
//!
//! MEASURED: quinn holds the packet that closes a connection back like any other while the window is full, and reads
//! no acknowledgement after it that would make room. The other end then hears nothing, and waits until the
//! connection counts as lost.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use quinn::Connection;
use quinn::congestion::{Controller, ControllerFactory, ControllerMetrics};
use quinn_proto::RttEstimator;

/// Makes controllers as `F` does, which [`open_for_last_words`] can open.
#[derive(Debug, Default)]
pub(crate) struct LastWords<F>(pub(crate) Arc<F>);

impl<F: ControllerFactory + Send + Sync + 'static> ControllerFactory for LastWords<F> {
    fn build(self: Arc<Self>, now: Instant, mtu: u16) -> Box<dyn Controller> {
        let usual = Arc::clone(&self.0).build(now, mtu);
        let is_closing = Arc::default();
        Box::new(Openable { usual, is_closing })
    }
}

/// From here on `connection` sends without a limit; it must be closed at once.
pub(crate) fn open_for_last_words(connection: &Connection) {
    let controller = connection.congestion_state().into_any();
    if let Ok(openable) = controller.downcast::<Openable>() {
        openable.is_closing.store(true, Ordering::Relaxed);
    }
}

struct Openable {
    usual: Box<dyn Controller>,
    /// Shared with every copy: what the connection hands out is one.
    is_closing: Arc<AtomicBool>,
}

impl Controller for Openable {
    fn on_sent(&mut self, now: Instant, bytes: u64, last_packet_number: u64) {
        self.usual.on_sent(now, bytes, last_packet_number);
    }

    fn on_ack(
        &mut self,
        now: Instant,
        sent: Instant,
        bytes: u64,
        app_limited: bool,
        rtt: &RttEstimator,
    ) {
        self.usual.on_ack(now, sent, bytes, app_limited, rtt);
    }

    fn on_end_acks(
        &mut self,
        now: Instant,
        in_flight: u64,
        app_limited: bool,
        largest_packet_num_acked: Option<u64>,
    ) {
        self.usual
            .on_end_acks(now, in_flight, app_limited, largest_packet_num_acked);
    }

    fn on_congestion_event(
        &mut self,
        now: Instant,
        sent: Instant,
        is_persistent_congestion: bool,
        lost_bytes: u64,
    ) {
        self.usual
            .on_congestion_event(now, sent, is_persistent_congestion, lost_bytes);
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.usual.on_mtu_update(new_mtu);
    }

    fn window(&self) -> u64 {
        if self.is_closing.load(Ordering::Relaxed) {
            u64::MAX
        } else {
            self.usual.window()
        }
    }

    fn metrics(&self) -> ControllerMetrics {
        self.usual.metrics()
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        let usual = self.usual.clone_box();
        let is_closing = Arc::clone(&self.is_closing);
        Box::new(Self { usual, is_closing })
    }

    fn initial_window(&self) -> u64 {
        self.usual.initial_window()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
