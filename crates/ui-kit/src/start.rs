//! Every start of a program ends in its window, or in a sentence that a person can see and an exit code
//! that tells.

use std::cell::Cell;
use std::fmt::Display;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

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
}

impl Program {
    /// Opens the window and runs until it is closed.
    ///
    /// A panic of this thread becomes a message too, and ends the program with the code of
    /// [`StartFault::Fault`], or [`StartFault::Crashed`] once the window was there. A panic of any thread
    /// leaves a report.
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
        told
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
        std::panic::set_hook(Box::new(move |panic| {
            usual(panic);
            let report = program.crashes.as_ref();
            let report = report.and_then(|crashes| crashes.write(panic));
            let report = report.map(|path| path.display().to_string());
            if thread::current().id() != first {
                return;
            }
            if !has_started.load(Ordering::Relaxed) {
                tell_and_exit(&program, panic);
            }
            let at = || panic.location().map(ToString::to_string);
            *lock(&last) = report.or_else(at).unwrap_or_default();
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

fn lock(last: &Mutex<String>) -> MutexGuard<'_, String> {
    last.lock().unwrap_or_else(PoisonError::into_inner)
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
