//! What is in the way in a Wayland session that lets programs see it.

use wayland::{Session, portal};

use crate::login_session::LoginSession;
use crate::{Monitor, Obstacle, Obstacles};

/// Looks again and again, over one connection.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    session: Option<Session>,
}

impl Observer {
    /// What is in the way; `None` where the session is not one that is captured by its compositor.
    pub(crate) fn obstacles(&mut self) -> Option<Obstacles> {
        let session = self.asked()?;
        let login = LoginSession::ask();
        let seeing = if login.locked {
            Some(Obstacle::Locked)
        } else if login.in_background {
            Some(Obstacle::OtherUser)
        } else if session.desk().outputs().is_empty() {
            // until there is one again, as with a closed lid
            Some(Obstacle::Blank)
        } else {
            None
        };
        let acting = (!session.offers().hands).then_some(Obstacle::NoInput);
        Some(Obstacles { seeing, acting })
    }

    /// What is in the way where the desktop asks its user by its portal.
    pub(crate) fn of_portal() -> Obstacles {
        let login = LoginSession::ask();
        let seeing = if login.locked {
            Some(Obstacle::Locked)
        } else if login.in_background {
            Some(Obstacle::OtherUser)
        } else if !portal::has_helper() {
            Some(Obstacle::NoPipeWire)
        } else if portal::is_shared() || portal::lasting::is_there() {
            None
        } else {
            Some(Obstacle::AskedOnceMore)
        };
        Obstacles {
            seeing,
            acting: None,
        }
    }

    /// Whether a compositor has answered when it was looked last.
    pub(crate) fn answers(&self) -> bool {
        self.session.is_some()
    }

    /// The monitors; `None` as above.
    pub(crate) fn monitors(&mut self) -> Option<Vec<Monitor>> {
        Some(super::monitors_of(self.asked()?))
    }

    /// A session that has answered just now, and whose outputs can be copied.
    fn asked(&mut self) -> Option<&mut Session> {
        let is_alive = |session: &mut Session| session.ask().is_ok();
        if !self.session.as_mut().is_some_and(is_alive) {
            self.session = Session::connect(None).ok();
        }
        self.session
            .as_mut()
            .filter(|session| session.offers().frames)
    }
}
