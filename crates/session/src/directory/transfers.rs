//! Files between the ends of a session, as the hub hears of them: by name and size (D4, S6).

use protocol::browse::BrowseAnswer;
use protocol::control::Name;
use protocol::files::{FilesEnd, FilesWord, TransferId, TransferName};
use protocol::{PeerId, Rights, SessionId};

use super::records::{Actor, Change, What};
use super::{Directory, Effect, Fault, OutOfPlace};
use crate::authority::Action;

/// Most transfers of one session; an end that offers more breaks the protocol.
const MAX_TRANSFERS: u32 = 10_000;
/// Of how many folders of one session it is noted that they were shown.
const MAX_FOLDERS_SHOWN: u32 = 10_000;

/// A transfer that is under way.
#[derive(Debug, Clone)]
pub(super) struct Transfer {
    operator: PeerId,
    id: TransferId,
    name: TransferName,
    files: u32,
}

/// What film and audit log say of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesNote {
    /// The operator at the other end of the host.
    pub operator: Name,
    pub to_host: bool,
    pub name: TransferName,
    pub stage: FilesStage,
    /// What is to be sent when it begins, and what has arrived when it is over.
    pub files: u32,
    pub bytes: u64,
}

/// What the audit log says of the host's folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoldersNote {
    /// The operator may look through them.
    Allowed,
    /// No longer.
    Stopped,
    /// The operator has seen so many entries of the one with this name.
    Shown { folder: TransferName, entries: u32 },
}

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilesStage {
    Begun,
    Done,
    Cancelled,
    Failed,
}

impl Directory {
    /// The host or an operator (`by_host`) says something of files between the two.
    pub(super) fn files_said(
        &mut self,
        (host, operator): (PeerId, PeerId),
        by_host: bool,
        session: SessionId,
        word: FilesWord,
    ) -> Result<(), Fault> {
        let Some(found) = self.session_of_host(host, Action::SpeakForUser, session)? else {
            return Ok(());
        };
        let Some(name) = found.name_of(operator) else {
            // it has just left
            return Ok(());
        };
        let user = found.user();
        match word {
            FilesWord::Offered {
                id,
                name: title,
                files,
                bytes,
            }
            | FilesWord::OfferedInto {
                id,
                name: title,
                files,
                bytes,
                listing: _,
            } => {
                if id.to_host == by_host {
                    return Err(OutOfPlace);
                }
                if !found.rights_of(operator).has(Rights::FILES) {
                    // taken back while it was under way
                    return Ok(());
                }
                let is_known = |t: &Transfer| t.operator == operator && t.id == id;
                if found.transfers.iter().any(is_known) {
                    return Ok(());
                }
                if found.transfers_begun >= MAX_TRANSFERS {
                    return Err(OutOfPlace);
                }
                found.transfers_begun += 1;
                // whoever sends another has given up the one before
                let before = |t: &Transfer| t.operator == operator && t.id.to_host == id.to_host;
                let left: Vec<Transfer> = found.transfers.extract_if(.., |t| before(t)).collect();
                found.transfers.push(Transfer {
                    operator,
                    id,
                    name: title.clone(),
                    files,
                });
                let actor = self.speaker(by_host, operator, user);
                for transfer in left {
                    self.transfer_over(session, &name, transfer, Actor::Hub);
                }
                let note = FilesNote {
                    operator: name,
                    to_host: id.to_host,
                    name: title,
                    stage: FilesStage::Begun,
                    files,
                    bytes,
                };
                self.note_files(session, note, actor);
            }
            FilesWord::Over {
                id,
                end,
                files,
                bytes,
            } => {
                let is_it = |t: &Transfer| t.operator == operator && t.id == id;
                let Some(at) = found.transfers.iter().position(is_it) else {
                    // said again, or the right is gone
                    return Ok(());
                };
                let transfer = found.transfers.remove(at);
                let note = FilesNote {
                    operator: name,
                    to_host: id.to_host,
                    name: transfer.name,
                    stage: match end {
                        FilesEnd::Done { .. } => FilesStage::Done,
                        FilesEnd::Cancelled => FilesStage::Cancelled,
                        FilesEnd::Failed(_) => FilesStage::Failed,
                    },
                    // no end makes more of it than was said
                    files: files.min(transfer.files),
                    bytes,
                };
                let actor = self.speaker(by_host, operator, user);
                self.note_files(session, note, actor);
            }
            FilesWord::Browse(BrowseAnswer::Allowed) if by_host => {
                if !found.browsers.insert(operator) {
                    // said again in a new channel
                    return Ok(());
                }
                let text = format!("{name} may look through the folders");
                self.effects.push(Effect::FilmNote { session, text });
                self.note_folders(session, name, user, FoldersNote::Allowed);
            }
            FilesWord::Browse(BrowseAnswer::Stopped) if by_host => {
                if found.browsers.remove(&operator) {
                    let text = format!("{name} may no longer look through the folders");
                    self.effects.push(Effect::FilmNote { session, text });
                    self.note_folders(session, name, user, FoldersNote::Stopped);
                }
            }
            FilesWord::Shown {
                name: folder,
                entries,
            } if by_host => {
                if found.folders_shown >= MAX_FOLDERS_SHOWN || !found.browsers.contains(&operator) {
                    return Ok(());
                }
                found.folders_shown += 1;
                let text = format!("folder shown to {name}: {folder} ({entries} entries)");
                self.effects.push(Effect::FilmNote { session, text });
                let shown = FoldersNote::Shown { folder, entries };
                self.note_folders(session, name, user, shown);
            }
            // between the two ends
            FilesWord::Able
            | FilesWord::FastAtAes
            | FilesWord::AskToBrowse
            | FilesWord::Browse(_)
            | FilesWord::Shown { .. } => {}
        }
        Ok(())
    }

    /// Nothing more comes of the transfers with `operator` (`None`: with all): its right or the session
    /// is gone.
    pub(super) fn end_transfers(&mut self, session: SessionId, operator: Option<PeerId>) {
        let Some(found) = self.session_mut(session) else {
            return;
        };
        let is_theirs = |t: &mut Transfer| operator.is_none_or(|operator| operator == t.operator);
        let left: Vec<Transfer> = found.transfers.extract_if(.., is_theirs).collect();
        for transfer in left {
            let found = self.session_mut(session);
            let name = found.and_then(|found| found.name_of(transfer.operator));
            self.transfer_over(session, &name.unwrap_or_default(), transfer, Actor::Hub);
        }
    }

    fn transfer_over(
        &mut self,
        session: SessionId,
        operator: &Name,
        transfer: Transfer,
        actor: Actor,
    ) {
        let note = FilesNote {
            operator: operator.clone(),
            to_host: transfer.id.to_host,
            name: transfer.name,
            stage: FilesStage::Failed,
            files: 0,
            bytes: 0,
        };
        self.note_files(session, note, actor);
    }

    fn speaker(&self, by_host: bool, operator: PeerId, user: Actor) -> Actor {
        let login = self.operators.get(&operator).map(|o| o.who.login.clone());
        match login.filter(|_| !by_host) {
            Some(login) => Actor::Account(login),
            None => user,
        }
    }

    fn note_folders(&mut self, session: SessionId, operator: Name, user: Actor, note: FoldersNote) {
        let what = What::Folders {
            session,
            operator,
            note,
        };
        self.effects
            .push(Effect::Record(Change { actor: user, what }));
    }

    fn note_files(&mut self, session: SessionId, note: FilesNote, actor: Actor) {
        let film = note.clone();
        self.effects.push(Effect::FilmFiles {
            session,
            note: film,
        });
        let what = What::Files { session, note };
        self.effects.push(Effect::Record(Change { actor, what }));
    }
}
