//! Whole notches of a wheel, made of turns that may be less.

/// The platforms count a notch of a wheel as this.
const NOTCH: i32 = 120;
/// More notches of one event are nonsense.
const MOST_NOTCHES: i32 = 50;

/// What is left of turns that were less than a notch.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Notches {
    across: i32,
    down: i32,
}

impl Notches {
    /// How many whole notches it has turned by now, right and down.
    pub(crate) fn turn(&mut self, dx: i32, dy: i32) -> (i32, i32) {
        let notches = |left: &mut i32, turned: i32| {
            let limit = NOTCH * MOST_NOTCHES;
            *left += turned.clamp(-limit, limit);
            let notches = *left / NOTCH;
            *left %= NOTCH;
            notches
        };
        (notches(&mut self.across, dx), notches(&mut self.down, dy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_notch_add_up_and_nonsense_is_limited() {
        let mut wheel = Notches::default();
        assert_eq!(wheel.turn(0, 60), (0, 0));
        assert_eq!(wheel.turn(-120, 60), (-1, 1));
        assert_eq!(wheel.turn(0, -119), (0, 0));
        assert_eq!(wheel.turn(0, -1), (0, -1));
        assert_eq!(wheel.turn(i32::MIN, i32::MAX), (-50, 50));
    }
}
