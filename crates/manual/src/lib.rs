//! The programs' pages of the manual (`man hub`), made of their command lines.
//!
//! Each program has a test that calls [`check`]: its page in `packaging/man` is what its command line says
//! now. `cargo xtask man` writes them anew.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

/// Set where pages are to be written in place of being looked at.
const WRITE: &str = "PHD_WRITE_MAN";
/// What the pages are called together.
const MANUAL: &str = "Pure Help Desk";

/// A section of a page that no command line knows: its heading, and paragraphs.
pub type Section<'a> = (&'a str, &'a [&'a str]);

/// Looks whether the page of `command` in `packaging/man` is what it says now, and whether `groff` reads it
/// without a warning, where that is installed. Writes the page where `PHD_WRITE_MAN` is set.
///
/// `section` of the manual is 1 for what people call and 8 for what administrators do.
///
/// # Panics
///
/// If the page is another one, or is no good roff.
pub fn check(command: Command, section: &str, more: &[Section<'_>]) {
    let name = command.get_name().to_owned();
    let page = page(command, section, more);
    let path = folder().join(format!("{name}.{section}"));
    if std::env::var_os(WRITE).is_some() {
        fs::create_dir_all(folder()).expect("a folder of the workspace");
        fs::write(&path, &page).expect("a page of the workspace");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == page,
        "{} is not what `{name} --help` says; `cargo xtask man` writes it anew",
        path.display()
    );
    let warned = warnings(&page);
    assert!(warned.is_empty(), "groff of {}: {warned}", path.display());
}

fn folder() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.join("../../packaging/man")
}

/// The whole page.
pub fn page(command: Command, section: &str, more: &[Section<'_>]) -> String {
    let name = command.get_name().to_owned();
    let version = command.get_version().unwrap_or_default().to_owned();
    let examples = command.get_after_help().map(ToString::to_string);
    // its examples have a section of their own
    let mut command = command.after_help("");
    command.build();
    let man = Man::new(command.clone());
    let title = format!(
        r#".TH "{}" "{section}" "" "{MANUAL} {version}" "{MANUAL}""#,
        name.to_uppercase()
    );
    let mut page = with_title(&written(|out| man.render_title(out)), &title);
    page += &written(|out| {
        man.render_name_section(out)?;
        man.render_synopsis_section(out)?;
        man.render_description_section(out)
    });
    if command.get_opts().next().is_some() || command.get_positionals().next().is_some() {
        page += &written(|out| man.render_options_section(out));
    }
    let mut commands = String::new();
    commands_of(&command, &name, &mut commands);
    if !commands.is_empty() {
        page += ".SH COMMANDS\n";
        page += &commands;
    }
    if let Some(examples) = examples {
        page += &examples_section(&examples);
    }
    for (heading, paragraphs) in more {
        let mut roff = Roff::new();
        roff.control("SH", [*heading]);
        for (place, paragraph) in paragraphs.iter().enumerate() {
            if place > 0 {
                roff.control("PP", []);
            }
            roff.text(marked(paragraph));
        }
        page += &roff.to_roff();
    }
    page
}

/// Each command that does something, with all that can be said to it.
fn commands_of(command: &Command, called: &str, page: &mut String) {
    for sub in command.get_subcommands() {
        let is_help = sub.get_name() == "help";
        if is_help || sub.is_hide_set() {
            continue;
        }
        let called = format!("{called} {}", sub.get_name());
        if sub.has_subcommands() {
            commands_of(sub, &called, page);
            continue;
        }
        // what all take stands above, once
        let known = sub.clone().mut_args(|arg| {
            let is_general =
                arg.is_global_set() || ["help", "version"].contains(&arg.get_id().as_str());
            arg.hide(is_general)
        });
        let man = Man::new(known.bin_name(&called).display_name(&called));
        let mut roff = Roff::new();
        roff.control("SS", [called.as_str()]);
        *page += &roff.to_roff();
        *page += &without_heading(&written(|out| man.render_synopsis_section(out)));
        *page += ".PP\n";
        *page += &without_heading(&written(|out| man.render_description_section(out)));
        *page += &without_heading(&written(|out| man.render_options_section(out)));
    }
}

/// The beginning of a page with a title of its own: one without a date loses its place for it.
fn with_title(beginning: &str, title: &str) -> String {
    let lines = beginning.lines().map(|line| {
        let is_title = line.starts_with(".TH ");
        if is_title { title } else { line }
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Its first line is the heading of a section that has another one here.
fn without_heading(section: &str) -> String {
    let lines = section.split_inclusive('\n');
    lines.filter(|line| !line.starts_with(".SH ")).collect()
}

/// As they are typed.
fn examples_section(examples: &str) -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]);
    roff.control("nf", []);
    for line in examples.lines().skip(1) {
        roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    roff.control("fi", []);
    roff.to_roff()
}

/// What stands between backticks is bold.
fn marked(paragraph: &str) -> Vec<clap_mangen::roff::Inline> {
    let parts = paragraph.split('`').enumerate();
    parts
        .map(|(place, part)| match place % 2 {
            0 => roman(part),
            _ => bold(part),
        })
        .collect()
}

fn written(render: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> String {
    let mut bytes = Vec::new();
    render(&mut bytes).expect("memory takes all");
    String::from_utf8(bytes).expect("words")
}

/// What `groff` has to say against a page.
fn warnings(page: &str) -> String {
    let mut groff = Process::new("groff");
    groff.args(["-man", "-Tutf8", "-Kutf8", "-ww", "-z"]);
    groff.stdin(Stdio::piped());
    groff.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut running = groff
        .spawn()
        .expect("this test needs groff (Debian package groff-base)");
    if let Some(mut input) = running.stdin.take() {
        input.write_all(page.as_bytes()).expect("groff reads it");
    }
    let output = running.wait_with_output().expect("groff ends");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn command() -> Command {
        let list = Command::new("list")
            .about("List what is kept")
            .arg(Arg::new("json").long("json").help("Print JSON."));
        let shelf = Command::new("shelf").about("The shelf").subcommand(list);
        Command::new("tool")
            .version("1.2")
            .about("Keeps things")
            .after_help("Examples:\n  tool shelf list    See all\n  .not a request")
            .arg(
                Arg::new("log")
                    .long("log")
                    .global(true)
                    .help("What to log."),
            )
            .subcommand(shelf)
    }

    #[test]
    fn a_page_has_every_command_once_and_the_examples_as_they_are_typed() {
        let page = page(command(), "1", &[("FILES", &["`a\\b` is kept.", "More."])]);
        for wanted in [
            ".TH \"TOOL\" \"1\"",
            ".SS \"tool shelf list\"",
            "\\-\\-json",
            ".SH EXAMPLES",
            "tool shelf list    See all",
            "\\fBa\\\\b\\fR is kept.",
        ] {
            assert!(page.contains(wanted), "{wanted}: {page}");
        }
        assert_eq!(page.matches("\\-\\-log").count(), 2, "above: {page}");
        // a line that begins with a full stop is words
        assert!(!page.lines().any(|line| line.starts_with(".not")), "{page}");
        assert_eq!(warnings(&page), "");
    }

    #[test]
    fn what_is_no_roff_is_warned_of() {
        if Process::new("groff").arg("--version").output().is_ok() {
            assert_ne!(warnings(".TH X 1\n.nosuchrequest x\n"), "");
        }
    }
}
