//! The passphrase of remembered passwords that are sealed (O1).

use zeroize::Zeroizing;

/// What is typed into its box, and what became of it.
#[derive(Default)]
pub struct Unlocking {
    pub passphrase: Zeroizing<String>,
    /// It is being tried.
    pub waiting: bool,
    pub problem: Option<String>,
    /// The keyboard is to be in the field, and what stands there selected.
    pub select: bool,
}

impl std::fmt::Debug for Unlocking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unlocking")
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}

impl Unlocking {
    /// A box in which the keyboard is.
    pub fn new() -> Self {
        Self {
            select: true,
            ..Self::default()
        }
    }

    /// It did not open them: what was typed is there to be corrected.
    pub fn failed(&mut self, problem: String) {
        self.waiting = false;
        self.problem = Some(problem);
        self.select = true;
    }
}
