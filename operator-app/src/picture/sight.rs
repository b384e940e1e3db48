//! Which update's picture the operator looks at: places in the window mean that one.

/// What is on the screen, and what places are reckoned by.
#[derive(Debug, Default)]
pub(super) struct Sight {
    seen: u64,
    /// The first update of a layout by which no pass of the window has reckoned yet. Until then places
    /// are still those of the picture before.
    ahead: Option<u64>,
}

impl Sight {
    /// The newest update that a place in the window can mean.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// Update `seq` came. `direct` says that it is on the screen now, without a pass of the window.
    pub(super) fn shown(&mut self, seq: u64, direct: bool, new_layout: bool) {
        if new_layout {
            self.ahead.get_or_insert(seq);
        }
        if direct && self.ahead.is_none() {
            self.seen = self.seen.max(seq);
        }
    }

    /// A pass of the window drew update `seq`, or what stands around it.
    pub(super) fn passed(&mut self, seq: u64) {
        self.ahead.take_if(|first| *first <= seq);
        self.seen = self.seen.max(seq);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn through_the_gui_a_picture_is_seen_once_a_pass_drew_it() {
        let mut sight = Sight::default();
        sight.shown(1, false, true);
        assert_eq!(sight.seen(), 0);
        sight.passed(1);
        sight.shown(2, false, false);
        assert_eq!(sight.seen(), 1);
    }

    #[test]
    fn what_goes_straight_to_the_screen_is_seen_at_once() {
        let mut sight = Sight::default();
        sight.shown(1, true, true);
        sight.passed(1);
        sight.shown(2, true, false);
        assert_eq!(sight.seen(), 2);
        sight.passed(1);
        assert_eq!(sight.seen(), 2, "a pass that began before");
    }

    #[test]
    fn places_mean_the_old_layout_until_a_pass_reckons_by_the_new_one() {
        let mut sight = Sight::default();
        sight.passed(5);
        sight.shown(6, true, true);
        sight.shown(7, true, false);
        assert_eq!(sight.seen(), 5);
        sight.passed(5);
        sight.shown(8, true, false);
        assert_eq!(sight.seen(), 5, "the pass began before the layout changed");
        sight.passed(8);
        assert_eq!(sight.seen(), 8);
        sight.shown(9, true, false);
        assert_eq!(sight.seen(), 9);
    }
}
