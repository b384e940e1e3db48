//! What happens in a session of an office, again and again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;

/// What a session's two ends send, in a round that begins anew when it is over.
#[derive(Debug)]
pub(crate) struct Traffic {
    pub(crate) round: Duration,
    /// What the operator sees first.
    pub(crate) first: Bytes,
    pub(crate) updates: Vec<(Duration, Update)>,
    /// Keys, turns of the wheel and moves of the pointer.
    pub(crate) inputs: Vec<Duration>,
}

/// A screen update.
#[derive(Debug, Clone)]
pub(crate) struct Update {
    pub(crate) bytes: Bytes,
    pub(crate) stands_alone: bool,
}

impl Traffic {
    /// Ten seconds in which somebody types, scrolls, opens a window, and reads. Sizes are those of the
    /// codec on recorded desktops (BENCHMARKS.md); 285 kbit/s in all.
    pub(crate) fn made_up() -> Arc<Self> {
        let update = |length: usize| Update {
            bytes: vec![7; length].into(),
            stands_alone: false,
        };
        let typing = every(125, 0..5_000).map(|at| (at, update(400)));
        let scrolling = every(50, 5_000..8_000).map(|at| (at, update(4_000)));
        let window = every(1_000, 8_000..8_001).map(|at| (at, update(100_000)));
        let caret = every(500, 8_500..10_000).map(|at| (at, update(150)));
        Arc::new(Self {
            round: Duration::from_secs(10),
            first: vec![7; 221_000].into(),
            updates: typing.chain(scrolling).chain(window).chain(caret).collect(),
            inputs: inputs(Duration::from_secs(10)),
        })
    }

    /// The updates in `file`, as the codec's example `measure` wrote them, at their own times.
    pub(crate) fn recorded(file: &Path) -> anyhow::Result<Arc<Self>> {
        let whole = Bytes::from(std::fs::read(file)?);
        let mut updates = Vec::new();
        let mut rest = whole.clone();
        while !rest.is_empty() {
            updates.push(next_update(&mut rest).context("not a file of traffic")?);
        }
        let (last_at, _) = updates.last().context("a file without traffic")?;
        let round = *last_at + Duration::from_secs(1);
        Ok(Arc::new(Self {
            round,
            first: updates[0].1.bytes.clone(),
            inputs: inputs(round),
            updates,
        }))
    }

    pub(crate) fn kbit_per_second(&self) -> f64 {
        let bytes: usize = self.updates.iter().map(|(_, one)| one.bytes.len()).sum();
        bytes as f64 * 8.0 / 1000.0 / self.round.as_secs_f64()
    }
}

fn next_update(rest: &mut Bytes) -> Option<(Duration, Update)> {
    let (millis, after) = rest.split_first_chunk::<4>()?;
    let (length, after) = after.split_first_chunk::<4>()?;
    let (&stands_alone, after) = after.split_first()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let bytes = rest.slice_ref(after.get(..length)?);
    let at = Duration::from_millis(u32::from_le_bytes(*millis).into());
    let beyond = rest.len() - after.len() + length;
    *rest = rest.slice(beyond..);
    let stands_alone = stands_alone != 0;
    Some((
        at,
        Update {
            bytes,
            stands_alone,
        },
    ))
}

/// Of each ten seconds five with keys, three with the wheel and two with the pointer.
fn inputs(round: Duration) -> Vec<Duration> {
    let turns = (0..).map(|turn| Duration::from_secs(10) * turn);
    let all = turns.take_while(|begin| *begin < round).flat_map(|begin| {
        let keys = every(62, 0..5_000);
        let wheel = every(50, 5_000..8_000);
        let pointer = every(33, 8_000..10_000);
        keys.chain(wheel).chain(pointer).map(move |at| begin + at)
    });
    all.take_while(|at| *at < round).collect()
}

fn every(millis: usize, within: std::ops::Range<u64>) -> impl Iterator<Item = Duration> {
    within.step_by(millis).map(Duration::from_millis)
}
