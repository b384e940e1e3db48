//! What is left of a program that ended by a fault of its own: a small file for whoever mends it.
//!
//! It says where the fault is and on what it happened, and nothing that anybody typed, saw or sent: of a
//! message that was put together while the program ran, only what comes before the first value is kept.

use std::backtrace::Backtrace;
use std::fmt::Write as _;
use std::fs;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use jiff::Timestamp;

/// Reports that are kept, the newest ones.
const MOST_KEPT: usize = 10;
/// Reports of one run: a thread that fails again and again says nothing new.
const MOST_OF_A_RUN: u32 = 3;
/// The longest message, in characters.
const LONGEST: usize = 300;

/// Where a program's crash reports go.
#[derive(Debug)]
pub struct CrashReports {
    /// The program, as its file is called.
    program: &'static str,
    folder: PathBuf,
    written: AtomicU32,
}

impl CrashReports {
    /// Reports of `program` go to the folder `crashes` in `data`, which is made with the first one.
    pub fn new(program: &'static str, data: &Path) -> Self {
        Self {
            program,
            folder: data.join("crashes"),
            written: AtomicU32::new(0),
        }
    }

    /// Writes a report, for a panic hook. `None` if it cannot be written, or if this run has written enough.
    pub fn write(&self, panic: &PanicHookInfo<'_>) -> Option<PathBuf> {
        if self.written.fetch_add(1, Ordering::Relaxed) >= MOST_OF_A_RUN {
            return None;
        }
        let now = Timestamp::now();
        let report = self.report(panic, now);
        private_file::make_folder(&self.folder).ok()?;
        let time = now.strftime("%Y-%m-%d-%H%M%S%.3f");
        let path = self.folder.join(format!("{}-{time}.txt", self.program));
        private_file::replace(&path, report.as_bytes()).ok()?;
        self.remove_old();
        Some(path)
    }

    fn report(&self, panic: &PanicHookInfo<'_>, now: Timestamp) -> String {
        let mut report = String::new();
        let version = env!("CARGO_PKG_VERSION");
        let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
        let current = thread::current();
        let name = current.name().unwrap_or("without a name");
        // a text in memory takes all of it
        let told = writeln!(report, "{} {version}, {system} {machine}", self.program)
            .and_then(|()| writeln!(report, "{}", now.strftime("%Y-%m-%d %H:%M:%S UTC")))
            .and_then(|()| writeln!(report, "thread: {name}"))
            .and_then(|()| match panic.location() {
                Some(at) => writeln!(report, "at: {at}"),
                None => Ok(()),
            })
            .and_then(|()| writeln!(report, "message: {}", message(panic)))
            .and_then(|()| writeln!(report, "\n{}", Backtrace::force_capture()));
        debug_assert!(told.is_ok());
        report
    }

    fn remove_old(&self) {
        let Ok(listed) = fs::read_dir(&self.folder) else {
            return;
        };
        let paths = listed.filter_map(|entry| Some(entry.ok()?.path()));
        let mut paths: Vec<PathBuf> = paths
            .filter(|path| path.extension().is_some_and(|end| end == "txt"))
            .collect();
        // the names begin alike and go on with the time
        paths.sort();
        let old = paths.len().saturating_sub(MOST_KEPT);
        for path in paths.iter().take(old) {
            if let Err(error) = fs::remove_file(path) {
                tracing::debug!(%error, "An old crash report stays");
            }
        }
    }
}

/// What the panic says, as far as it names no values.
fn message(panic: &PanicHookInfo<'_>) -> String {
    let payload = panic.payload();
    if let Some(fixed) = payload.downcast_ref::<&'static str>() {
        return (*fixed).to_owned();
    }
    let made = payload.downcast_ref::<String>();
    made.map_or_else(|| "none".to_owned(), |made| before_values(made))
}

/// `made` up to where a value may begin: a quotation mark, or a colon behind the first words.
fn before_values(made: &str) -> String {
    let is_number_of = |text: &str| text.starts_with("index out of bounds: ");
    if is_number_of(made) {
        // only numbers follow
        return made.chars().take(LONGEST).collect();
    }
    let end = made.find(['"', '\'', '`', ':', '“', '«']);
    let kept = made.get(..end.unwrap_or(made.len())).unwrap_or_default();
    let kept: String = kept.chars().take(LONGEST).collect();
    if end.is_some() {
        format!("{} …", kept.trim_end())
    } else {
        kept
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::Arc;

    use super::*;

    #[test]
    fn values_do_not_get_into_a_report() {
        for (made, kept) in [
            ("index out of bounds: the len is 3 but the index is 5", None),
            (
                "byte index 1 is not a char boundary; it is inside 'è' of `pässword`",
                Some("byte index 1 is not a char boundary; it is inside …"),
            ),
            (
                "called `Result::unwrap()` on an `Err` value: Wrong(\"anna\")",
                Some("called …"),
            ),
            ("cannot open: /home/anna", Some("cannot open …")),
            ("attempt to add with overflow", None),
        ] {
            assert_eq!(before_values(made), kept.unwrap_or(made));
        }
    }

    const FOLDER: &str = "PHD_TEST_CRASHES_HERE";

    /// What the next test starts as a program of its own.
    #[test]
    fn a_child_that_panics() {
        let Some(folder) = std::env::var_os(FOLDER) else {
            return;
        };
        let reports = Arc::new(CrashReports::new("child", Path::new(&folder)));
        std::panic::set_hook(Box::new(move |panic| {
            reports.write(panic);
        }));
        let secret = std::env::var("PHD_TEST_SECRET").unwrap_or_default();
        for _ in 0..5 {
            let secret = secret.clone();
            let fails = move || assert!(secret.is_empty(), "cannot read '{secret}'");
            let failed = thread::Builder::new()
                .name("worker".to_owned())
                .spawn(fails);
            assert!(failed.expect("started").join().is_err());
        }
    }

    #[test]
    fn a_program_that_panics_leaves_a_few_reports_without_secrets() {
        let folder = tempfile::tempdir().expect("a folder");
        for _ in 0..5 {
            let child = Command::new(std::env::current_exe().expect("this program"))
                .args(["--exact", "crash::tests::a_child_that_panics"])
                .env(FOLDER, folder.path())
                .env("PHD_TEST_SECRET", "correct horse")
                .output()
                .expect("started");
            assert!(child.status.success());
        }
        let crashes = fs::read_dir(folder.path().join("crashes")).expect("made");
        let texts: Vec<String> = crashes
            .map(|entry| fs::read_to_string(entry.expect("listed").path()).expect("read"))
            .collect();
        assert_eq!(texts.len(), MOST_KEPT, "three of each run, the newest");
        for text in texts {
            assert!(text.starts_with("child "), "{text}");
            assert!(text.contains("thread: worker"), "{text}");
            assert!(text.contains("crash.rs:"), "{text}");
            assert!(text.contains("message: cannot read …"), "{text}");
            assert!(!text.contains("horse"), "{text}");
        }
    }
}
