//! What an operator may do in a session, as the host keeps it (H5, H6).

use protocol::Rights;

/// The rights of one session at the host.
///
/// INVARIANT: rights only ever shrink within a session; more needs a new question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    rights: Rights,
}

impl Grant {
    /// What the user granted of what was `asked`; never more than that.
    ///
    /// Nothing else is granted to somebody who may not see, and no right that has no name here.
    pub fn from_answer(asked: Rights, granted: Rights) -> Self {
        let common = asked.common_with(granted).common_with(Rights::KNOWN);
        Self {
            rights: if common.has(Rights::SEE) {
                common
            } else {
                Rights::NONE
            },
        }
    }

    /// Takes away whatever `rights` lacks.
    pub fn reduce(&mut self, rights: Rights) {
        *self = Self::from_answer(self.rights, rights);
    }

    /// What may be done now.
    pub fn rights(self) -> Rights {
        self.rights
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h5_nothing_is_granted_that_was_not_asked_for() {
        assert_eq!(
            Grant::from_answer(Rights::SEE, Rights::SEE_AND_CONTROL).rights(),
            Rights::SEE
        );
    }

    #[test]
    fn h5_nobody_controls_what_may_not_be_seen() {
        let blind = Rights::CONTROL.with(Rights::FILES);
        assert_eq!(
            Grant::from_answer(Rights::SEE_AND_CONTROL, blind).rights(),
            Rights::NONE
        );
    }

    #[test]
    fn h5_a_right_without_a_name_is_not_granted() {
        let future = Rights::SEE.with(Rights::from_bits(1 << 30));
        assert_eq!(Grant::from_answer(future, future).rights(), Rights::SEE);
    }

    #[test]
    fn h6_rights_that_were_taken_do_not_come_back() {
        let mut grant = Grant::from_answer(Rights::SEE_AND_CONTROL, Rights::SEE_AND_CONTROL);
        grant.reduce(Rights::SEE);
        grant.reduce(Rights::SEE_AND_CONTROL);
        assert!(!grant.rights().has(Rights::CONTROL));
    }
}
