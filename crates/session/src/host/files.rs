//! What is said of files, to an operator who may have them and by one (S6).

use protocol::files::FilesWord;
use protocol::{HostWord, PeerId, Rights, SessionId};

use super::{Admitted, HostSide, HostStep};

impl HostSide {
    /// Says `word` to `operator`, if it takes part and there is a line. Not without the right, but that a
    /// transfer is over.
    pub fn say_files(&mut self, operator: PeerId, word: FilesWord) -> Vec<HostStep> {
        let Some(admitted) = self.admitted_mut() else {
            return Vec::new();
        };
        let Some(session) = admitted.session() else {
            return Vec::new();
        };
        admitted.say_to(operator, &HostWord::Files { session, word })
    }
}

impl Admitted {
    /// What the operator at `at` says of files, where it may have any.
    pub(super) fn files_said(
        &self,
        at: usize,
        session: SessionId,
        word: FilesWord,
    ) -> Option<HostStep> {
        let said = &self.operators[at];
        let rights = said.part.as_ref()?.grant.rights();
        let may = self.session() == Some(session) && rights.has(Rights::FILES);
        let operator = said.peer.filter(|_| may)?;
        Some(HostStep::Files { operator, word })
    }
}
