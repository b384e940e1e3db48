//! Something that is asked of the hub while it is looked at.

use protocol::Refusal;

/// Something that is asked for again and again while it is looked at.
#[derive(Debug)]
pub struct Shown<T> {
    pub value: Option<T>,
    pub problem: Option<Refusal>,
    pub is_asked: bool,
    /// Whether it is to be asked for once more.
    is_old: bool,
    /// When it is to be asked for again, in seconds of the window's time.
    pub due: f64,
}

impl<T> Default for Shown<T> {
    fn default() -> Self {
        Self {
            value: None,
            problem: None,
            is_asked: false,
            is_old: false,
            due: 0.0,
        }
    }
}

impl<T> Shown<T> {
    /// Nothing is known any more.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// It is wanted anew; what is here stands until then.
    pub fn refresh(&mut self) {
        (self.is_asked, self.problem, self.due) = (false, None, 0.0);
        self.is_old = true;
    }

    /// Asks for it if nobody did: whether somebody has to.
    pub fn is_wanted(&mut self) -> bool {
        let is_missing = self.value.is_none() || self.is_old;
        let wanted = is_missing && self.problem.is_none() && !self.is_asked;
        self.is_asked |= wanted;
        wanted
    }

    pub fn take(&mut self, answer: Result<T, Refusal>) {
        self.is_asked = false;
        self.is_old = false;
        match answer {
            Ok(value) => (self.value, self.problem) = (Some(value), None),
            Err(refusal) => self.problem = Some(refusal),
        }
    }
}
