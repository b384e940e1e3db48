//! The `helpme` program: its command line, and what stands before there is a window.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use clap::Parser;
use desktop::{CrashReports, Folders, Instance, SettingsFile};
use eframe::egui::ViewportBuilder;
use host_engine::hub_block::CarriedHub;
use ui_kit::{Lang, LastAct, Program, StartFault};
use update::UpdateArguments;

use crate::VERSION;
use crate::app::{HelpmeApp, SMALLEST_WINDOW, Start, WINDOW_SIZE};
use crate::doctor;
use crate::floating::Floating;
use crate::link::{Link, link_to};
use crate::links;
use crate::settings::{
    HubPlace, HubText, Settings, account_name, hub_beside_program, hub_in_program,
    set_up_beside_program,
};
use crate::state::{State, Surroundings};

const EXAMPLES: &str = "\
Examples:
  helpme                           Open the window, and type the ticket there
  helpme 'helpme://help.example.org/?key=public'
                                   Open it for a help desk that has a public certificate
  helpme --doctor > network.txt    What the people of the network need to know
  helpme --register-links          Open helpme:// links with this program from now on
  helpme --hub help.example.org --fingerprint HEX --set-up
                                   Set this program up for a help desk, for everybody who starts it";

const TITLE: &str = "Helpme";

/// Lets someone help you: shows your screen to your helper after you agree.
#[derive(Debug, Parser)]
#[command(name = "helpme", version = VERSION, after_help = EXAMPLES)]
struct Arguments {
    /// The address of the help desk's server, like help.example.org:443.
    #[arg(long, value_name = "ADDRESS", requires = "fingerprint")]
    hub: Option<String>,
    /// The fingerprint of its key, 64 hexadecimal digits.
    #[arg(long, value_name = "HEX", requires = "hub")]
    fingerprint: Option<String>,
    /// A link to Helpme, like `helpme://help.example.org/?key=...&ticket=...`.
    #[arg(value_name = "LINK", conflicts_with = "hub")]
    link: Option<String>,
    /// Look for what is in the way to the help desk, and print it for the people of the network. Exits with 0 if
    /// some way works, with 16 if none does.
    #[arg(long, conflicts_with_all = ["register_links", "unregister_links"])]
    doctor: bool,
    /// Print JSON.
    #[arg(long, requires = "doctor")]
    json: bool,
    /// Open `helpme://` links with this program from now on, and do nothing else.
    #[arg(long, conflicts_with_all = ["link", "hub", "unregister_links"])]
    register_links: bool,
    /// Open them with it no longer, and do nothing else.
    #[arg(long, conflicts_with_all = ["link", "hub"])]
    unregister_links: bool,
    /// Write what --hub and --fingerprint say into `helpme.json` beside this program, and do nothing else.
    #[arg(long, requires = "hub", conflicts_with_all = ["doctor", "register_links", "unregister_links"])]
    set_up: bool,
    #[command(flatten)]
    update: UpdateArguments,
}

/// Does what the command line says, until the window closes.
pub fn run() -> ExitCode {
    if let Some(code) = host_engine::run_guardian_if_asked() {
        return code;
    }
    if let Some(code) = Program::tell_if_asked(TITLE) {
        return code;
    }
    desktop::memory::share_heaps();
    ui_kit::start_log();
    let mut program = Program {
        title: TITLE,
        lang: Lang::from_system(),
        crashes: None,
        last_act: None,
    };
    desktop::console::join();
    let arguments = Arguments::parse();
    if let Some(code) = arguments.update.granted("helpme", VERSION) {
        return code;
    }
    if arguments.doctor {
        let json = arguments.json;
        let looked = set_up(&mut program, arguments)
            .and_then(|start| doctor::run(program.lang, start.state.named_hub(), start.exe, json));
        // whoever asks for it reads there, and may have no display
        return looked.unwrap_or_else(|fault| program.say(&fault));
    }
    if arguments.register_links || arguments.unregister_links {
        return tell_links(arguments.register_links);
    }
    if arguments.set_up {
        return tell_set_up(arguments);
    }
    match open_window(&mut program, arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => program.tell(&fault),
    }
}

/// What the program starts with; from then on it speaks the language of the settings.
fn set_up(program: &mut Program, arguments: Arguments) -> Result<Start, StartFault> {
    let exe = std::env::current_exe().map_err(StartFault::unknown)?;
    let bad_set_up = |error: anyhow::Error| StartFault::BadSetUp {
        detail: format!("{error:#}"),
    };
    let link = arguments.link.as_deref().map(Link::parse).transpose();
    let link = link.map_err(|error| bad_set_up(error.into()))?;
    let carried = hub_in_program(&exe).map_err(|fault| StartFault::Altered {
        detail: fault.to_string(),
    })?;
    let given = given_hub(arguments).map_err(bad_set_up)?;
    let (given, organisation) = match (given, carried) {
        (Some(given), _) => (Some(given), String::new()),
        (
            None,
            Some(CarriedHub {
                address,
                pin,
                organisation,
            }),
        ) => (Some(HubPlace { address, pin }), organisation),
        (None, None) => (exe.parent().and_then(beside), String::new()),
    };
    let folders = folders();
    let file = folders
        .as_ref()
        .map(|folders| SettingsFile::in_folder(folders.config()));
    let settings = file
        .as_ref()
        .map(SettingsFile::load::<Settings>)
        .map_or_else(Settings::default, |loaded| {
            if let Some(problem) = loaded.problem {
                tracing::warn!(?problem, "Settings not read");
            }
            loaded.settings
        });
    let around = Surroundings {
        hub: given,
        organisation,
        link,
        account: account_name(),
        language: Lang::from_system(),
        unix_seconds: unix_seconds(),
        places: desktop::places(),
    };
    program.lang = settings.language.unwrap_or(program.lang);
    Ok(Start {
        state: State::new(settings, around),
        folders,
        file,
        exe,
        first: None,
        floating: None,
        last_act: LastAct::default(),
    })
}

fn open_window(program: &mut Program, arguments: Arguments) -> Result<(), StartFault> {
    let link = arguments.link.clone();
    let mut start = set_up(program, arguments)?;
    if let Some(folders) = folders() {
        program.crashes = Some(Arc::new(CrashReports::new("helpme", folders.data())));
        // one that is set up for another help desk says so, too
        let hub = start.state.named_hub().map(link_to);
        let opens = link.or(hub).unwrap_or_default();
        match Instance::start(folders.data(), &opens) {
            Instance::First(first) => start.first = Some(first),
            // the window that is there has it now
            Instance::Handed => return Ok(()),
        }
    }
    program.last_act = Some(start.last_act.clone());
    let place = start.state.settings.window;
    let place = place.map(|place| place.sound(SMALLEST_WINDOW));
    let text_size = start.state.settings.text_size;
    let enlarged = |(width, height)| {
        let [width, height] = [width, height].map(|points| text_size.of_new_window(points));
        (width, height)
    };
    let size = enlarged(place.map_or(WINDOW_SIZE, |place| (place.width, place.height)));
    let viewport = ViewportBuilder::default()
        .with_title(TITLE)
        .with_app_id("helpme")
        .with_inner_size(size);
    let (viewport, floating) =
        Floating::begin(viewport, size.into(), enlarged(SMALLEST_WINDOW).into());
    start.floating = floating;
    let options = eframe::NativeOptions {
        viewport,
        ..Default::default()
    };
    program.run_window(
        options,
        Box::new(|creation| Ok(Box::new(HelpmeApp::new(creation, start)))),
        None,
    )
}

/// Has links open with this program, or no longer, and says so.
fn tell_links(open: bool) -> ExitCode {
    let done = std::env::current_exe()
        .context("this program is nowhere to be found")
        .and_then(|exe| Ok(links::open_with(&exe, open)?));
    match done {
        Ok(()) => {
            let not = if open { "" } else { "do not " };
            let said = writeln!(io::stdout(), "helpme:// links {not}open with this program.");
            // without standard output there is nobody to tell
            drop(said);
            ExitCode::SUCCESS
        }
        Err(error) => {
            drop(writeln!(io::stderr(), "helpme: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Names the hub in the file beside the program, and says so.
fn tell_set_up(arguments: Arguments) -> ExitCode {
    let done = std::env::current_exe()
        .context("this program is nowhere to be found")
        .and_then(|exe| {
            if hub_in_program(&exe)?.is_some() {
                bail!("this program carries its help desk in itself, and no file changes that");
            }
            let folder = exe.parent().context("a program is in a folder")?;
            let hub = given_hub(arguments)?.context("--hub and --fingerprint")?;
            set_up_beside_program(folder, &hub)
        });
    match done {
        Ok(path) => {
            drop(writeln!(
                io::stdout(),
                "{} names the help desk.",
                path.display()
            ));
            ExitCode::SUCCESS
        }
        Err(error) => {
            drop(writeln!(io::stderr(), "helpme: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The hub from the command line.
fn given_hub(arguments: Arguments) -> anyhow::Result<Option<HubPlace>> {
    if let (Some(address), Some(fingerprint)) = (arguments.hub, arguments.fingerprint) {
        let place = HubText {
            address,
            fingerprint,
        }
        .parse()
        .context("--hub and --fingerprint")?;
        return Ok(Some(place));
    }
    Ok(None)
}

/// The hub from the file beside the program (H2), for a program that carries none in itself.
fn beside(folder: &Path) -> Option<HubPlace> {
    hub_beside_program(folder).unwrap_or_else(|error| {
        tracing::warn!("{error:#}");
        None
    })
}

fn folders() -> Option<Folders> {
    let found = Folders::find("helpme");
    let found = found.inspect_err(|error| tracing::warn!(%error, "Nothing will be remembered"));
    found.ok()
}

fn unix_seconds() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_page_of_the_manual_says_what_the_command_line_does() {
        let more: &[manual::Section<'_>] = &[
            (
                "FILES",
                &[
                    "The program itself, when it comes from a help desk's page, carries the help desk behind its own end.",
                    "`helpme.json` beside a program that carries none names the help desk, so that nobody has to type it; for one in /usr/bin it is in /etc/pure-help-desk.",
                    "`portable` beside the program is a folder. Where it exists everything is kept in it.",
                ],
            ),
            (
                "ENVIRONMENT",
                &[
                    "`PHD_PROFILE_DIR` names a folder for settings in place of all others.",
                    "`RUST_LOG` says what to log, for instance `info`.",
                    "`https_proxy` names the proxy of the system, as for other programs.",
                ],
            ),
            (
                "EXIT STATUS",
                &[
                    "0 when the window was closed, or some way works; 2 for a wrong command line; 10 without a display; 11 and 12 where the display lacks what the window needs; 14 where a link or an address makes no sense; 16 when no way leads to the help desk; 17 where the help desk that the program carries was changed; 70 and 71 after a fault of the program, which leaves a report.",
                ],
            ),
            ("SEE ALSO", &["`pure-help-desk`(1), `purepc`(8), `hub`(8)"]),
        ];
        manual::check(Arguments::command(), "1", more);
    }
}
