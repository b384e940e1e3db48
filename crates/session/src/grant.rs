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
    pub fn from_answer(asked: Rights, granted: Rights) -> Self {
        Self {
            rights: Rights {
                see: asked.see && granted.see,
                control: asked.see && granted.see && asked.control && granted.control,
                files: asked.see && granted.see && asked.files && granted.files,
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
        let see = Rights {
            see: true,
            ..Rights::default()
        };
        assert_eq!(
            Grant::from_answer(see, Rights::SEE_AND_CONTROL).rights(),
            see
        );
    }

    #[test]
    fn h5_nobody_controls_what_he_may_not_see() {
        let blind = Rights {
            see: false,
            control: true,
            files: true,
        };
        assert_eq!(
            Grant::from_answer(Rights::SEE_AND_CONTROL, blind).rights(),
            Rights::default()
        );
    }

    #[test]
    fn h6_rights_that_were_taken_do_not_come_back() {
        let mut grant = Grant::from_answer(Rights::SEE_AND_CONTROL, Rights::SEE_AND_CONTROL);
        grant.reduce(Rights {
            see: true,
            ..Rights::default()
        });
        grant.reduce(Rights::SEE_AND_CONTROL);
        assert!(!grant.rights().control);
    }
}
