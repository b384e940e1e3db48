//! A line that is slow, long or lossy: each direction is a pipe with a short queue before it.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// What a line does to the datagrams of each direction.
#[derive(Debug, Clone, Copy)]
pub struct RelayShape {
    /// How long one takes at least.
    pub delay: Duration,
    /// What the line carries; `None` for anything.
    pub bytes_per_second: Option<u32>,
    /// How many of a hundred it loses.
    pub lost_percent: u32,
}

/// What waits longer than this before a full line is lost.
const LONGEST_QUEUE: Duration = Duration::from_millis(200);

/// More than any test has on the way at a time; what is more is lost.
const MOST_ON_THE_WAY: usize = 1 << 14;

/// One direction. Dropping it loses what is on the way no sooner than it would have arrived.
#[derive(Debug)]
pub(super) struct Pipe<To> {
    on_the_way: mpsc::SyncSender<(Instant, To, Vec<u8>)>,
    free_at: Instant,
    count: u32,
}

impl<To: Send + 'static> Pipe<To> {
    /// What arrives is handed to `deliver`, on a thread of its own.
    pub(super) fn new(deliver: impl Fn(&To, &[u8]) + Send + 'static) -> Self {
        let (on_the_way, arrives) = mpsc::sync_channel::<(Instant, To, Vec<u8>)>(MOST_ON_THE_WAY);
        thread::spawn(move || {
            for (due, to, datagram) in arrives {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                deliver(&to, &datagram);
            }
        });
        Self {
            on_the_way,
            free_at: Instant::now(),
            count: 0,
        }
    }

    pub(super) fn send(&mut self, shape: RelayShape, to: To, datagram: &[u8]) {
        self.count = self.count.wrapping_add(1);
        // the same ones in each run, as far apart as by chance
        let dice = (self.count.wrapping_mul(2_654_435_761) >> 16) % 100;
        let begins = self.free_at.max(Instant::now());
        let is_full = begins.saturating_duration_since(Instant::now()) > LONGEST_QUEUE;
        if dice < shape.lost_percent || is_full {
            return;
        }
        let takes = shape.bytes_per_second.map_or(0.0, |rate| {
            let bytes = u32::try_from(datagram.len()).unwrap_or(u32::MAX);
            f64::from(bytes) / f64::from(rate)
        });
        self.free_at = begins + Duration::from_secs_f64(takes);
        let due = self.free_at + shape.delay;
        // the thread ends with the relay
        drop(self.on_the_way.try_send((due, to, datagram.to_vec())));
    }
}
