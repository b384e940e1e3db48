//! Work that may block and therefore is not done on the GUI thread: settings and pictures to disk,
//! passwords, the mail program.

mod pictures;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use desktop::{Folders, Keeper, SecretError, Secrets, SettingsFile};
use operator_engine::Wake;
use protocol::HostKeyboard;
use ui_kit::remote_view::PictureSlot;
use zeroize::Zeroizing;

use crate::settings::Settings;
use pictures::Pictures;

/// Jobs and answers that may wait.
const MAX_WAITING: usize = 64;
/// More of a file than any mail with an invitation needs.
const MAX_INVITATION_BYTES: u64 = 256 * 1024;
pub(crate) const SERVICE: &str = "pure-help-desk";

/// Something to do.
pub enum Job {
    SaveSettings(Box<Settings>),
    RecallPassword {
        name: String,
    },
    RememberPassword {
        name: String,
        password: Zeroizing<String>,
    },
    ForgetPassword {
        name: String,
    },
    /// Opens the sealed passwords.
    Unlock {
        passphrase: Zeroizing<String>,
    },
    /// Seals the passwords with a passphrase, or no longer.
    Protect {
        passphrase: Option<Zeroizing<String>>,
    },
    /// The passphrase is lost.
    ForgetSealed,
    Mail {
        subject: String,
        body: String,
    },
    /// What this computer's keyboard is.
    LookAtKeyboard,
    /// Whether the desktop has an area for icons.
    LookForTray,
    /// Whether the console starts when its operator logs in to the desktop.
    StartAtLogIn(bool),
    /// An invitation as a file.
    ReadInvitation {
        path: PathBuf,
    },
    /// The picture as it is when its turn comes, to be written as PNG.
    Screenshot {
        file_name: String,
        picture: Arc<PictureSlot>,
    },
    /// The same onto the clipboard.
    CopyScreenshot {
        picture: Arc<PictureSlot>,
    },
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // passwords, letters and screens belong in no log
        f.write_str(match self {
            Self::SaveSettings(_) => "SaveSettings",
            Self::RecallPassword { .. } => "RecallPassword",
            Self::RememberPassword { .. } => "RememberPassword",
            Self::ForgetPassword { .. } => "ForgetPassword",
            Self::Unlock { .. } => "Unlock",
            Self::Protect { .. } => "Protect",
            Self::ForgetSealed => "ForgetSealed",
            Self::Mail { .. } => "Mail",
            Self::LookAtKeyboard => "LookAtKeyboard",
            Self::LookForTray => "LookForTray",
            Self::StartAtLogIn(_) => "StartAtLogIn",
            Self::ReadInvitation { .. } => "ReadInvitation",
            Self::Screenshot { .. } => "Screenshot",
            Self::CopyScreenshot { .. } => "CopyScreenshot",
        })
    }
}

/// What came of it.
#[derive(Debug)]
pub enum Done {
    /// Who keeps remembered passwords; told first of all, and when it changes.
    KeeperKnown(Keeper),
    NotUnlocked {
        wrong: bool,
        detail: String,
    },
    ProtectionNotChanged {
        detail: String,
    },
    SettingsNotSaved {
        detail: String,
    },
    PasswordRecalled {
        name: String,
        password: Option<Zeroizing<String>>,
    },
    PasswordNotKept {
        detail: String,
    },
    StartUpNotChanged {
        detail: String,
    },
    KeyboardKnown(Option<HostKeyboard>),
    TrayKnown(bool),
    NoMailProgram,
    InvitationRead {
        text: String,
    },
    InvitationNotRead {
        detail: String,
    },
    ScreenshotSaved {
        path: PathBuf,
    },
    ScreenshotFailed {
        detail: String,
    },
    ScreenshotCopied,
    ScreenshotNotCopied {
        detail: String,
    },
}

/// The clerk's desk. Dropping it finishes what waits.
#[derive(Debug)]
pub struct Clerk {
    jobs: Option<SyncSender<Job>>,
    done: Receiver<Done>,
    thread: Option<JoinHandle<()>>,
}

impl Clerk {
    /// Starts the thread. `wake` is called after each answer.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(folders: &Folders, wake: Wake) -> std::io::Result<Self> {
        let folders = folders.clone();
        let settings = SettingsFile::in_folder(folders.config());
        let (jobs, waiting) = sync_channel(MAX_WAITING);
        let (answers, done) = sync_channel(MAX_WAITING);
        let thread = std::thread::Builder::new()
            .name("console-clerk".to_owned())
            .spawn(move || {
                let answer = |answer| {
                    if answers.try_send(answer).is_err() {
                        tracing::warn!("Nobody takes the clerk's answers");
                    }
                    wake();
                };
                // asking the desktop for its store may take a while
                let mut secrets = Secrets::open(SERVICE, &folders);
                answer(Done::KeeperKnown(secrets.keeper()));
                let mut pictures = Pictures::of(&folders);
                while let Ok(job) = waiting.recv() {
                    if let Some(done) = work(job, &mut secrets, &settings, &mut pictures) {
                        answer(done);
                    }
                }
            })?;
        Ok(Self {
            jobs: Some(jobs),
            done,
            thread: Some(thread),
        })
    }

    /// Gives the clerk something to do; never waits. Whether it was taken.
    pub fn give(&self, job: Job) -> bool {
        let Some(jobs) = &self.jobs else { return false };
        match jobs.try_send(job) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                tracing::warn!("The clerk takes no more");
                false
            }
        }
    }

    /// The next answer, if there is one.
    pub fn take_answer(&self) -> Option<Done> {
        self.done.try_recv().ok()
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        self.jobs = None;
        if self.thread.take().is_some_and(|t| t.join().is_err()) {
            tracing::error!("Clerk thread panicked");
        }
    }
}

fn start_at_log_in(start: bool) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let console = desktop::StartUp {
        id: SERVICE,
        name: "Pure Help Desk",
        program: &program,
    };
    desktop::start_at_log_in(console, start).map_err(|error| error.to_string())
}

fn work(
    job: Job,
    secrets: &mut Secrets,
    settings: &SettingsFile,
    pictures: &mut Pictures,
) -> Option<Done> {
    let not_kept = |error: SecretError| Done::PasswordNotKept {
        detail: error.to_string(),
    };
    match job {
        Job::SaveSettings(new) => settings.save(&*new).err().map(|error| {
            let detail = error.to_string();
            Done::SettingsNotSaved { detail }
        }),
        Job::RecallPassword { name } => Some(match secrets.recall(&name) {
            Ok(password) => Done::PasswordRecalled {
                name,
                password: password.map(Zeroizing::new),
            },
            Err(error) => {
                tracing::warn!(%error, "Password not recalled");
                let password = None;
                Done::PasswordRecalled { name, password }
            }
        }),
        Job::RememberPassword { name, password } => {
            secrets.remember(&name, &password).err().map(not_kept)
        }
        Job::ForgetPassword { name } => secrets.forget(&name).err().map(not_kept),
        Job::Unlock { passphrase } => Some(match secrets.unlock(&passphrase) {
            Ok(()) => Done::KeeperKnown(secrets.keeper()),
            Err(error) => Done::NotUnlocked {
                wrong: matches!(error, SecretError::WrongPassphrase),
                detail: error.to_string(),
            },
        }),
        Job::Protect { passphrase } => {
            let changed = match passphrase {
                Some(passphrase) => secrets.protect(&passphrase),
                None => secrets.unprotect(),
            };
            Some(protection(secrets, changed))
        }
        Job::ForgetSealed => {
            let changed = secrets.forget_sealed();
            Some(protection(secrets, changed))
        }
        Job::Mail { subject, body } => desktop::open_mail(&subject, &body).err().map(|error| {
            tracing::warn!(%error, "Mail not opened");
            Done::NoMailProgram
        }),
        Job::LookAtKeyboard => Some(Done::KeyboardKnown(input::keyboard_of_this_machine())),
        Job::LookForTray => Some(Done::TrayKnown(desktop::has_tray())),
        Job::StartAtLogIn(start) => start_at_log_in(start).err().map(|detail| {
            tracing::warn!(detail, "Start at log-in not changed");
            Done::StartUpNotChanged { detail }
        }),
        Job::ReadInvitation { path } => Some(match read_text(&path) {
            Ok(text) => Done::InvitationRead { text },
            Err(error) => Done::InvitationNotRead {
                detail: error.to_string(),
            },
        }),
        Job::Screenshot { file_name, picture } => {
            Some(match pictures.save(&file_name, &picture.snapshot()?) {
                Ok(path) => Done::ScreenshotSaved { path },
                Err(detail) => Done::ScreenshotFailed { detail },
            })
        }
        Job::CopyScreenshot { picture } => Some(match pictures.copy(&picture.snapshot()?) {
            Ok(()) => Done::ScreenshotCopied,
            Err(detail) => Done::ScreenshotNotCopied { detail },
        }),
    }
}

fn protection(secrets: &Secrets, changed: Result<(), SecretError>) -> Done {
    match changed {
        Ok(()) => Done::KeeperKnown(secrets.keeper()),
        Err(error) => Done::ProtectionNotChanged {
            detail: error.to_string(),
        },
    }
}

/// What a small file says: an invitation, or the mail that brought it.
fn read_text(path: &Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(MAX_INVITATION_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.trim().to_owned())
}

/// A name that a file can have on every platform.
pub fn file_name(host: &str, time: &str) -> String {
    let safe: String = host
        .chars()
        .take(60)
        .map(|c| {
            if c.is_alphanumeric() || matches!(c, '-' | '_' | ' ') {
                c
            } else {
                '_'
            }
        })
        .collect();
    format!("{} {time}", safe.trim()).trim().to_owned() + ".png"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_computer_name_stays_a_file_name() {
        assert_eq!(file_name("../../etc/x", "12-00"), "______etc_x 12-00.png");
        assert_eq!(file_name("ANNA-PC", "12-00"), "ANNA-PC 12-00.png");
        assert_eq!(file_name(" ", "12-00"), "12-00.png");
        assert!(file_name(&"x".repeat(500), "t").len() < 80);
    }
}
