//! Every start of a program ends in its window, or in a sentence that a person can see and an exit code
//! that tells.

use std::cell::Cell;
use std::fmt::Display;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use desktop::{CrashReports, DisplayFault, WindowSystem};
use eframe::{AppCreator, NativeOptions};

use crate::Lang;
use crate::message::{self, Message};
use crate::raw_input::{InputTap, run_app};
use crate::words::{StartWords, start_words};

/// Why a program does not start. The numbers of [`Self::code`] stand in README.md.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartFault {
    /// No display answers.
    NoDisplay { detail: String },
    /// The display server lacks what a window needs.
    DisplayLacks { detail: String },
    /// The display has too few colours, or no OpenGL.
    NoDrawing { detail: String },
    /// A folder for what is kept cannot be used.
    NoFolder { detail: String },
    /// What was given at the start makes no sense.
    BadSetUp { detail: String },
    /// The program carries what was changed after it was made.
    Altered { detail: String },
    /// A fault of the program.
    Fault { detail: String },
    /// A fault of the program after its window was there.
    Crashed { detail: String },
}

impl StartFault {
    /// What the program exits with.
    pub fn code(&self) -> u8 {
        match self {
            Self::NoDisplay { .. } => 10,
            Self::DisplayLacks { .. } => 11,
            Self::NoDrawing { .. } => 12,
            Self::NoFolder { .. } => 13,
            Self::BadSetUp { .. } => 14,
            Self::Altered { .. } => 17,
            Self::Fault { .. } => 70,
            Self::Crashed { .. } => 71,
        }
    }

    /// What is wrong, for whoever knows computers.
    pub fn detail(&self) -> &str {
        match self {
            Self::NoDisplay { detail }
            | Self::DisplayLacks { detail }
            | Self::NoDrawing { detail }
            | Self::NoFolder { detail }
            | Self::BadSetUp { detail }
            | Self::Altered { detail }
            | Self::Fault { detail }
            | Self::Crashed { detail } => detail,
        }
    }

    /// A fault of the program, or of its surroundings, that has no name here.
    pub fn unknown(error: impl Display) -> Self {
        Self::Fault {
            detail: error.to_string(),
        }
    }
}

impl From<DisplayFault> for StartFault {
    fn from(fault: DisplayFault) -> Self {
        let detail = fault.to_string();
        match fault {
            DisplayFault::NoDisplay { .. } => Self::NoDisplay { detail },
            DisplayFault::Lacks { .. } => Self::DisplayLacks { detail },
            DisplayFault::FewColours { .. } => Self::NoDrawing { detail },
        }
    }
}

/// A program that starts.
#[derive(Debug, Clone)]
pub struct Program {
    /// As a person knows it: the title of its window.
    pub title: &'static str,
    /// What it speaks.
    pub lang: Lang,
    /// Where it tells about its own faults.
    pub crashes: Option<Arc<CrashReports>>,
    /// With one, a panic of any thread ends the program, and this is done first. Without, only a panic of the first
    /// thread does, by unwinding.
    pub last_act: Option<LastAct>,
}

impl Program {
    /// Opens the window and runs until it is closed.
    ///
    /// A panic of this thread becomes a message too, and ends the program with the code of
    /// [`StartFault::Fault`], or [`StartFault::Crashed`] once the window was there; with a [`LastAct`] that of any
    /// thread. A panic of any thread leaves a report.
    ///
    /// # Errors
    ///
    /// [`StartFault`] if there is no window.
    pub fn run_window(
        &self,
        mut options: NativeOptions,
        creator: AppCreator<'_>,
        tap: Option<Arc<InputTap>>,
    ) -> Result<(), StartFault> {
        let display = desktop::display::check()?;
        choose(display.system, &mut options);
        options.viewport.icon.get_or_insert_with(window_icon);
        let hook = PanicMessage::install(self.clone());
        let (created, seen) = (Rc::new(Cell::new(false)), hook.started());
        let creator: AppCreator<'_> = {
            let created = Rc::clone(&created);
            Box::new(move |creation| {
                let app = creator(creation)?;
                created.set(true);
                seen.store(true, Ordering::Relaxed);
                Ok(app)
            })
        };
        // what is in the window is dropped as at any end, so sessions end and keys come up
        let run = AssertUnwindSafe(|| run_app(self.title, options, creator, tap));
        let ended = catch_unwind(run).map_err(|_panic| StartFault::Crashed {
            detail: hook.last_report(),
        })?;
        drop(display);
        match ended {
            Ok(()) if created.get() => Ok(()),
            // eframe writes the reason to the log and ends the loop as if all were well
            Ok(()) => Err(StartFault::NoDrawing {
                detail: "no OpenGL that can draw here".to_owned(),
            }),
            Err(error @ (eframe::Error::Glutin(_) | eframe::Error::NoGlutinConfigs(..))) => {
                Err(StartFault::NoDrawing {
                    detail: error.to_string(),
                })
            }
            Err(error) => Err(StartFault::unknown(error)),
        }
    }

    /// Tells what is wrong on standard error, and gives the exit code.
    pub fn say(&self, fault: &StartFault) -> ExitCode {
        let StartWords { heading, sentences } = start_words(self.lang, fault);
        let code = fault.code();
        let detail = fault.detail();
        // without standard error a window is what there is
        drop(writeln!(
            std::io::stderr(),
            "{}: {heading} {sentences} ({detail}; exit code {code})",
            self.title
        ));
        ExitCode::from(code)
    }

    /// Tells the person what is wrong, on standard error and in a window, and gives the exit code.
    /// Blocks until the window is closed.
    pub fn tell(&self, fault: &StartFault) -> ExitCode {
        let told = self.say(fault);
        self.show(fault);
        told
    }

    /// Tells it in a window. Blocks until that is closed.
    fn show(&self, fault: &StartFault) {
        let StartWords { heading, sentences } = start_words(self.lang, fault);
        let (code, detail) = (fault.code(), fault.detail());
        let message = Message {
            heading: &heading,
            sentences: &sentences,
            detail: &format!("{detail} ({code})"),
        };
        let alert = message::alert(self.lang, self.title, &message);
        if let Err(error) = alert.show() {
            drop(writeln!(std::io::stderr(), "{}: {error}", self.title));
        }
    }

    /// Tells in a window of the fault that another process of this program has ended by, if this one was started
    /// for that, and gives its exit code; blocks until the window is closed. The first thing in the `main` of a
    /// program with a [`LastAct`].
    pub fn tell_if_asked(title: &'static str) -> Option<ExitCode> {
        let asked = std::env::var(TELL).ok()?;
        let (lang, fault) = asked_to_tell(&asked)?;
        let program = Self {
            title,
            lang,
            crashes: None,
            last_act: None,
        };
        program.show(&fault);
        Some(ExitCode::SUCCESS)
    }
}

/// Asks a process of a program to tell of a fault in its window: language, exit code and detail.
const TELL: &str = "PHD_TELL_FAULT";

fn asking_to_tell(lang: Lang, fault: &StartFault) -> String {
    let lang = match lang {
        Lang::En => "en",
        Lang::It => "it",
    };
    format!("{lang} {} {}", fault.code(), fault.detail())
}

/// `None` for what [`asking_to_tell`] does not make.
fn asked_to_tell(asked: &str) -> Option<(Lang, StartFault)> {
    let (lang, rest) = asked.split_once(' ')?;
    let (code, detail) = rest.split_once(' ')?;
    let detail = detail.to_owned();
    let fault = match code {
        "70" => StartFault::Fault { detail },
        "71" => StartFault::Crashed { detail },
        _ => return None,
    };
    Some((Lang::from_locale(lang), fault))
}

/// What a program does before it ends by a fault of its own, whatever thread the fault is in. The program fills it in
/// when there is something to do.
///
/// Then no stack is unwound and nothing is dropped, so a build for which a panic aborts does the same as one for which
/// it unwinds.
#[derive(Clone, Default)]
pub struct LastAct(Arc<LastActShared>);

#[derive(Default)]
struct LastActShared {
    act: Mutex<Option<Act>>,
    has_begun: AtomicBool,
}

type Act = Arc<dyn Fn() + Send + Sync>;

impl std::fmt::Debug for LastAct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LastAct")
    }
}

impl LastAct {
    /// The program ends `PATIENCE` later, done or not: a thread that the act waits for may be the one that failed.
    const PATIENCE: Duration = Duration::from_secs(2);
    /// The name of the thread that does it.
    const THREAD: &str = "last-act";

    /// From now on this is what is done. It runs on a thread of its own, and must not wait for the first one.
    pub fn set(&self, act: impl Fn() + Send + Sync + 'static) {
        *lock(&self.0.act) = Some(Arc::new(act));
    }

    /// Whether the program is ending by a fault: the first thread may stand still then, with every lock it has.
    pub fn has_begun(&self) -> bool {
        self.0.has_begun.load(Ordering::Acquire)
    }

    /// Whether this thread is the first to begin it.
    fn begin(&self) -> bool {
        !self.0.has_begun.swap(true, Ordering::AcqRel)
    }

    fn perform(&self) {
        let shared = Arc::clone(&self.0);
        let (done, wait) = sync_channel(1);
        let acts = move || {
            let act = lock(&shared.act).clone();
            if let Some(act) = act {
                act();
            }
            if done.try_send(()).is_err() {
                tracing::debug!("The last act was too late");
            }
        };
        let named = thread::Builder::new().name(Self::THREAD.to_owned());
        let begun = named.spawn(acts).is_ok();
        if begun && wait.recv_timeout(Self::PATIENCE).is_err() {
            tracing::warn!("The last act is not done");
        }
    }
}

/// What the list of windows shows.
fn window_icon() -> Arc<egui::IconData> {
    let side = 64;
    Arc::new(egui::IconData {
        rgba: icon::rgba(side, false),
        width: side.into(),
        height: side.into(),
    })
}

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
fn choose(system: WindowSystem, options: &mut NativeOptions) {
    use winit::platform::x11::EventLoopBuilderExtX11 as _;
    if system == WindowSystem::X11 {
        options.event_loop_builder = Some(Box::new(|builder| {
            builder.with_x11();
        }));
    }
}

#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
fn choose(_system: WindowSystem, _options: &mut NativeOptions) {}

/// What a panic leaves behind: a report, and while the program starts a message in a window.
struct PanicMessage {
    started: Arc<AtomicBool>,
    last_report: Arc<Mutex<String>>,
}

impl PanicMessage {
    fn install(program: Program) -> Self {
        let started = Arc::new(AtomicBool::new(false));
        let last_report = Arc::<Mutex<String>>::default();
        let has_started = Arc::clone(&started);
        let last = Arc::clone(&last_report);
        let first = thread::current().id();
        let usual = std::panic::take_hook();
        // later it may be gone, replaced by an update
        let exe = std::env::current_exe().ok();
        std::panic::set_hook(Box::new(move |panic| {
            usual(panic);
            let last_act = program.last_act.as_ref();
            if last_act.is_some_and(|act| !act.begin()) {
                // this one was in the last act, or failed beside it
                stay();
            }
            let report = program.crashes.as_ref();
            let report = report.and_then(|crashes| crashes.write(panic));
            let report = report.map(|path| path.display().to_string());
            if thread::current().id() != first && last_act.is_none() {
                return;
            }
            let has_started = has_started.load(Ordering::Relaxed);
            if !has_started && last_act.is_none() {
                tell_and_exit(&program, panic);
            }
            let at = || panic.location().map(ToString::to_string);
            let detail = report.or_else(at).unwrap_or_default();
            if let Some(act) = last_act {
                act.perform();
                let fault = if has_started {
                    StartFault::Crashed { detail }
                } else {
                    StartFault::unknown(panic.payload_as_str().unwrap_or("it panicked"))
                };
                leave_message(&program, &fault, exe.as_deref());
            }
            *lock(&last) = detail;
        }));
        Self {
            started,
            last_report,
        }
    }

    /// Set it when the window is there.
    fn started(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.started)
    }

    /// Where the report of the last panic of the first thread is, or else where the fault is.
    fn last_report(&self) -> String {
        lock(&self.last_report).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The program is ending, and nothing of this thread is needed for that.
fn stay() -> ! {
    loop {
        thread::park();
    }
}

/// Ends this process at once, and leaves one behind that tells the person why.
#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "what was to be done is done, and no thread of a program that failed is to run on"
)]
fn leave_message(program: &Program, fault: &StartFault, exe: Option<&Path>) -> ! {
    /// How long what the libraries do at the end may take.
    const LAST_MOMENT: Duration = Duration::from_secs(1);
    program.say(fault);
    if let Some(exe) = exe {
        let told = Command::new(exe)
            .env(TELL, asking_to_tell(program.lang, fault))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        if let Err(error) = told {
            drop(writeln!(std::io::stderr(), "{}: {error}", program.title));
        }
    }
    let watch = || {
        thread::sleep(LAST_MOMENT);
        std::process::abort();
    };
    drop(thread::Builder::new().spawn(watch));
    std::process::exit(fault.code().into())
}

#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "whoever panics while starting has nothing to clean up, and must not run on"
)]
fn tell_and_exit(program: &Program, panic: &PanicHookInfo<'_>) {
    let said = panic.payload_as_str().unwrap_or("it panicked");
    let fault = StartFault::unknown(said);
    let code = fault.code();
    let program = program.clone();
    // on a thread of its own, what fails while telling is no panic within a panic
    let told = thread::spawn(move || program.tell(&fault)).join();
    drop(told);
    std::process::exit(code.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_process_is_asked_to_tell_what_this_one_would_have_told() {
        for lang in Lang::ALL {
            for fault in [
                StartFault::unknown("no window: 12"),
                StartFault::Crashed {
                    detail: String::from("/home/anna/My data/helpme-1.txt"),
                },
                StartFault::Crashed {
                    detail: String::new(),
                },
            ] {
                let asked = asking_to_tell(lang, &fault);
                assert_eq!(asked_to_tell(&asked), Some((lang, fault)));
            }
        }
        for nonsense in ["", "it", "it 71", "it 14 what", "en x y"] {
            assert_eq!(asked_to_tell(nonsense), None, "{nonsense}");
        }
    }
}
