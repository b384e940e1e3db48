//! The box in which the access password of a permanent host is typed (U3).

use protocol::PeerId;
use zeroize::Zeroizing;

/// What is typed, and what became of it. Nothing of it is kept once the box is closed.
pub struct OpeningHost {
    pub host: PeerId,
    pub name: String,
    pub password: Zeroizing<String>,
    /// Why, or the number of a ticket in some other system.
    pub reason: String,
    /// A code of the operator's own second factor, where the hub wants one.
    pub code: Zeroizing<String>,
    /// The hub wants one.
    pub wants_code: bool,
    /// The host is being asked.
    pub waiting: bool,
    pub problem: Option<String>,
    /// The hub wants a reason, and there is none.
    pub lacks_reason: bool,
    /// What is wrong is the code.
    pub problem_is_of_code: bool,
    /// The keyboard is to be in the field, and what stands there selected.
    pub select: bool,
}

impl std::fmt::Debug for OpeningHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpeningHost")
            .field("host", &self.host)
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}

impl OpeningHost {
    pub fn new(host: PeerId, name: String) -> Self {
        Self {
            host,
            name,
            password: Zeroizing::default(),
            reason: String::new(),
            code: Zeroizing::default(),
            wants_code: false,
            problem_is_of_code: false,
            lacks_reason: false,
            waiting: false,
            problem: None,
            select: true,
        }
    }

    /// It was not opened: what was typed is there to be corrected, but for a code, which is good once.
    pub fn failed(&mut self, problem: String) {
        self.waiting = false;
        self.code = Zeroizing::default();
        self.problem = Some(problem);
        self.lacks_reason = false;
        self.problem_is_of_code = false;
        self.select = true;
    }

    /// The hub wants a code of the second factor, or another than was given: each is good once.
    pub fn needs_code(&mut self, problem: String) {
        self.failed(problem);
        self.wants_code = true;
        self.problem_is_of_code = true;
    }

    /// The hub's settings want to know why.
    pub fn wants_reason(&mut self, problem: String) {
        self.failed(problem);
        self.lacks_reason = true;
    }
}
