//! The operators that watch one session: what each has of the picture, and whose line the picture is
//! made for.
//!
//! There is one picture for all. It is made for the line of the *leader*: the operator who drives, or
//! the one who came first. The hub leaves frames out for whoever is too slow for that; such a viewer
//! asks for a picture that stands alone, and gets it rarely enough that the leader hardly notices.

use std::time::Duration;

use codec::Line;
use protocol::PeerId;

use crate::pace::{Pace, Room};

/// The shortest time between two whole pictures for viewers that fall behind ...
const FOR_OTHERS: Duration = Duration::from_secs(2);
/// ... and so many times what the leader's line needed for the last one.
const SHARE_FOR_OTHERS: u32 = 8;

#[derive(Debug)]
struct Viewer {
    operator: PeerId,
    pace: Pace,
    /// It has had a whole picture.
    has_begun: bool,
}

/// Those who watch, in the order in which they came. Times are since the session started.
#[derive(Debug)]
pub(crate) struct Viewers {
    all: Vec<Viewer>,
    driver: Option<PeerId>,
    /// The number of the last update.
    last_seq: u64,
    /// The size of the last update that stood alone.
    whole_bytes: usize,
}

impl Viewers {
    /// Nobody watches yet; updates are counted on from `last_seq`.
    pub(crate) fn new(last_seq: u64) -> Self {
        Self {
            all: Vec::new(),
            driver: None,
            last_seq,
            whole_bytes: 0,
        }
    }

    /// `operator` watches from now on, over a connection with this round trip; it begins with a whole
    /// picture.
    pub(crate) fn add(&mut self, operator: PeerId, trip: Duration) {
        self.remove(operator);
        let mut pace = Pace::new(trip).counting_from(self.last_seq);
        pace.want_restart();
        self.all.push(Viewer {
            operator,
            pace,
            has_begun: false,
        });
    }

    /// Everybody begins with a whole picture, as if they had just come.
    pub(crate) fn begin_anew(&mut self) {
        for viewer in &mut self.all {
            viewer.pace.want_restart();
            viewer.has_begun = false;
        }
    }

    /// `operator` watches no more.
    pub(crate) fn remove(&mut self, operator: PeerId) {
        self.all.retain(|viewer| viewer.operator != operator);
    }

    /// Who has keyboard and pointer: what is done must be seen at once there.
    pub(crate) fn driver_is(&mut self, driver: Option<PeerId>) {
        self.driver = driver;
    }

    /// What a viewer acknowledges; tells whether the capture thread waits for that.
    pub(crate) fn acknowledged(
        &mut self,
        operator: PeerId,
        seq: u64,
        now: Duration,
        held: Duration,
    ) -> bool {
        let viewer = self.all.iter_mut().find(|v| v.operator == operator);
        viewer.is_some_and(|viewer| viewer.pace.acknowledged(seq, now, held))
    }

    /// A viewer must start anew.
    pub(crate) fn want_restart(&mut self, operator: PeerId) {
        let viewer = self.all.iter_mut().find(|v| v.operator == operator);
        if let Some(viewer) = viewer {
            viewer.pace.want_restart();
        }
    }

    /// Whether there is room for an update at `now`.
    pub(crate) fn room(&mut self, now: Duration) -> Room {
        self.leader_mut()
            .map_or(Room::WhenAcknowledged, |leader| leader.pace.room(now))
    }

    /// Whether there is room for what somebody waits for.
    pub(crate) fn room_for_answer(&mut self, now: Duration) -> Room {
        self.leader_mut().map_or(Room::WhenAcknowledged, |leader| {
            leader.pace.room_for_answer(now)
        })
    }

    /// Whether there is room for what can wait.
    pub(crate) fn room_to_spare(&mut self, now: Duration) -> Room {
        self.leader_mut().map_or(Room::WhenAcknowledged, |leader| {
            leader.pace.room_to_spare(now)
        })
    }

    /// What the next update is to be made for.
    pub(crate) fn line(&self) -> Line {
        self.leader()
            .map_or(Line::WIDE, |leader| leader.pace.line())
    }

    /// Each viewer with the shortest round trip of its pictures, and the bytes per second that the way to it
    /// carries (`None`: they need not be spared). At rest nothing is known of either.
    pub(crate) fn lines(
        &self,
        now: Duration,
    ) -> impl Iterator<Item = (PeerId, Duration, Option<u32>)> {
        self.all.iter().map(move |viewer| {
            let (trip, rate) = viewer.pace.measured(now).unwrap_or_default();
            (viewer.operator, trip, rate)
        })
    }

    /// What a step of sharpening is to be made for.
    pub(crate) fn line_to_spare(&self) -> Line {
        let leader = self.leader();
        leader.map_or(Line::WIDE, |leader| leader.pace.line_to_spare())
    }

    /// Notes an update of `bytes` that leaves at `now` for everybody and took `cost` to make; gives its
    /// number.
    pub(crate) fn sent(
        &mut self,
        bytes: usize,
        is_whole: bool,
        now: Duration,
        cost: Duration,
    ) -> u64 {
        self.last_seq += 1;
        if is_whole {
            self.whole_bytes = bytes;
        }
        for viewer in &mut self.all {
            viewer.pace.sent(bytes, now, cost);
        }
        self.last_seq
    }

    /// How long until a wanted restart may be made; `None` if nobody wants one.
    pub(crate) fn restart_in(&self, now: Duration) -> Option<Duration> {
        let leader = self.leader()?;
        let whole = leader.pace.carried_in(self.whole_bytes).unwrap_or_default();
        let spacing = FOR_OTHERS + whole * SHARE_FOR_OTHERS;
        let wanted = self.all.iter().filter_map(|viewer| {
            if viewer.operator == leader.operator || !viewer.has_begun {
                viewer.pace.restart_in(now)
            } else {
                viewer.pace.restart_in_after(spacing, now)
            }
        });
        wanted.min()
    }

    /// How long until the picture may be made anew because somebody wishes so.
    pub(crate) fn renewal_in(&self, now: Duration) -> Duration {
        let leader = self.leader();
        leader.map_or(Duration::ZERO, |leader| leader.pace.renewal_in(now))
    }

    /// Notes that the picture is made anew, because somebody wished so.
    pub(crate) fn renew(&mut self, now: Duration) {
        for viewer in &mut self.all {
            viewer.pace.renew(now);
        }
    }

    /// The next update stands alone: whoever wants to starts anew with it.
    pub(crate) fn restart(&mut self, now: Duration) {
        for viewer in &mut self.all {
            viewer.has_begun = true;
            if viewer.pace.restart_in(now).is_some() {
                viewer.pace.restart(now);
            }
        }
    }

    fn leader(&self) -> Option<&Viewer> {
        self.all.get(self.leads_at())
    }

    fn leader_mut(&mut self) -> Option<&mut Viewer> {
        let at = self.leads_at();
        self.all.get_mut(at)
    }

    fn leads_at(&self) -> usize {
        let drives = |viewer: &Viewer| Some(viewer.operator) == self.driver;
        self.all.iter().position(drives).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: PeerId = PeerId([1; 16]);
    const BRUNO: PeerId = PeerId([2; 16]);
    const NEARBY: Duration = Duration::from_millis(1);

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn two() -> Viewers {
        let mut viewers = Viewers::new(0);
        viewers.add(ANNA, NEARBY);
        viewers.restart(ms(0));
        viewers.add(BRUNO, NEARBY);
        viewers
    }

    #[test]
    fn a_viewer_that_acknowledges_nothing_holds_up_nobody() {
        let mut viewers = two();
        viewers.restart(ms(300));
        for step in 1..200 {
            let now = ms(300 + step * 20);
            assert_eq!(viewers.room(now), Room::Now);
            let seq = viewers.sent(1_000, false, now, ms(1));
            viewers.acknowledged(ANNA, seq, now + ms(2), ms(0));
        }
    }

    #[test]
    fn a_joiner_begins_at_once_and_whoever_falls_behind_seldom() {
        let mut viewers = two();
        assert_eq!(viewers.restart_in(ms(400)), Some(ms(0)), "Bruno joined");
        viewers.restart(ms(400));
        assert_eq!(viewers.restart_in(ms(400)), None);
        viewers.want_restart(BRUNO);
        assert_eq!(viewers.restart_in(ms(900)), Some(ms(1_500)));
        viewers.want_restart(ANNA);
        assert_eq!(viewers.restart_in(ms(900)), Some(ms(0)), "Anna leads");
    }

    #[test]
    fn the_picture_follows_the_line_of_whoever_drives() {
        let mut viewers = Viewers::new(0);
        viewers.add(ANNA, NEARBY);
        viewers.add(BRUNO, ms(60));
        assert_eq!(viewers.line(), Line::WIDE);
        viewers.driver_is(Some(BRUNO));
        assert!(viewers.line().bytes_per_second.is_some());
        viewers.remove(BRUNO);
        assert_eq!(viewers.line(), Line::WIDE);
    }

    #[test]
    fn of_a_screen_at_rest_nothing_old_is_told() {
        let mut viewers = two();
        assert_eq!(viewers.lines(ms(0)).count(), 2);
        let seq = viewers.sent(1_000, false, ms(300), ms(1));
        viewers.acknowledged(ANNA, seq, ms(700), ms(0));
        let lines = |now| viewers.lines(now).collect::<Vec<_>>();
        let unknown = (BRUNO, Duration::ZERO, None);
        let [anna, bruno] = lines(ms(900))[..] else {
            unreachable!("two watch");
        };
        assert_eq!(bruno, unknown);
        assert!(anna.1 > Duration::ZERO && anna.1 <= ms(400), "{anna:?}");
        let later = (ANNA, Duration::ZERO, None);
        assert_eq!(lines(ms(11_000)), [later, unknown]);
    }

    #[test]
    fn numbers_go_on_for_everybody() {
        let mut viewers = Viewers::new(7);
        viewers.add(ANNA, NEARBY);
        assert_eq!(viewers.sent(1, true, ms(1), ms(0)), 8);
        viewers.add(BRUNO, NEARBY);
        assert_eq!(viewers.sent(1, false, ms(9), ms(0)), 9);
        assert!(!viewers.acknowledged(BRUNO, 9, ms(10), ms(0)));
        viewers.remove(ANNA);
        viewers.remove(BRUNO);
        assert_eq!(viewers.room(ms(20)), Room::WhenAcknowledged);
    }
}
