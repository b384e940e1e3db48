//! Pure Help Desk: the operator's console.

#![cfg_attr(windows, windows_subsystem = "windows")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use desktop::{CrashReports, Folders, Instance, Loaded, SettingsFile, WindowPlace};
use egui::ViewportBuilder;
use operator_app::VERSION;
use operator_app::app::{ConsoleApp, InputRoutes, SMALLEST_WINDOW, Start};
use operator_app::settings::{Provision, Settings};
use ui_kit::raw_input::InputTap;
use ui_kit::{Lang, Program, StartFault};
use update::UpdateArguments;

const NAME: &str = "pure-help-desk";
const USUAL: (f32, f32) = (1080.0, 720.0);

const EXAMPLES: &str = "\
Examples:
  pure-help-desk                           Open the console
  pure-help-desk anna.invitation           Set it up with an invitation that was saved as a file
  pure-help-desk --hub hub.example.org     Log in at a hub that has a public certificate
  pure-help-desk --doctor > network.txt    What the people of the network need to know";

/// The operator's console of Pure Help Desk.
#[derive(Debug, Parser)]
#[command(name = NAME, version = VERSION, after_help = EXAMPLES)]
struct Arguments {
    /// The hub, as hub.example.org or hub.example.org:4433.
    #[arg(long, value_name = "ADDRESS")]
    hub: Option<String>,
    /// The hub's fingerprint: 64 hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    fingerprint: Option<String>,
    /// The file of an invitation, which fills in the log-in.
    #[arg(value_name = "INVITATION", conflicts_with = "doctor")]
    invitation: Option<PathBuf>,
    /// Look for what is in the way to the hub, and print it for the people of the network. Exits with 0 if
    /// some way works, with 16 if none does.
    #[arg(long)]
    doctor: bool,
    /// Print JSON.
    #[arg(long, requires = "doctor")]
    json: bool,
    #[command(flatten)]
    update: UpdateArguments,
}

fn main() -> ExitCode {
    if let Some(code) = host_engine::run_guardian_if_asked() {
        return code;
    }
    desktop::memory::share_heaps();
    desktop::console::join();
    let arguments = Arguments::parse();
    if let Some(code) = arguments.update.granted(NAME, VERSION) {
        return code;
    }
    ui_kit::start_log();

    let mut program = Program {
        title: "Pure Help Desk",
        lang: Lang::from_system(),
        crashes: None,
        last_act: None,
    };
    if arguments.doctor {
        // whoever asks for it reads there, and may have no display
        return doctor(&arguments).unwrap_or_else(|fault| program.say(&fault));
    }
    match run(&mut program, arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => program.tell(&fault),
    }
}

fn doctor(arguments: &Arguments) -> Result<ExitCode, StartFault> {
    let (folders, loaded) = set_up(arguments)?;
    operator_app::doctor::run(&loaded.settings, &folders, arguments.json)
}

/// The settings, with the hub that is named beside the program or on the command line.
fn set_up(arguments: &Arguments) -> Result<(Folders, Loaded<Settings>), StartFault> {
    let folders = Folders::find(NAME).map_err(|error| StartFault::NoFolder {
        detail: with_causes(&error),
    })?;
    let mut loaded = SettingsFile::in_folder(folders.config()).load::<Settings>();
    let settings = &mut loaded.settings;
    if settings.server_address.is_empty()
        && let Some(provision) = Provision::beside_program()
    {
        settings.take_hub(&provision);
    }
    settings.take_hub(&Provision {
        hub: arguments.hub.clone(),
        fingerprint: arguments.fingerprint.clone(),
    });
    Ok((folders, loaded))
}

fn run(program: &mut Program, arguments: Arguments) -> Result<(), StartFault> {
    let (folders, loaded) = set_up(&arguments)?;
    let settings = loaded.settings;
    let opens = arguments.invitation.as_deref().map(whole_path);
    let first = match Instance::start(folders.data(), &opens.unwrap_or_default()) {
        Instance::First(first) => first,
        // the window that is there has it now
        Instance::Handed => return Ok(()),
    };

    let routes = InputRoutes::default();
    let tap = {
        let routes = routes.clone();
        InputTap::new(move |event| routes.send(event))
    };
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    operator_app::meanings::follow(&tap);
    let place = settings.window.unwrap_or(WindowPlace {
        width: USUAL.0,
        height: USUAL.1,
        maximized: false,
    });
    let place = place.sound(SMALLEST_WINDOW);
    let enlarged = |points| settings.text_size.of_new_window(points);
    let options = eframe::NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title("Pure Help Desk")
            .with_app_id(NAME)
            .with_inner_size([place.width, place.height].map(enlarged))
            .with_min_inner_size(<[f32; 2]>::from(SMALLEST_WINDOW).map(enlarged))
            .with_maximized(place.maximized),
        renderer: eframe::Renderer::Glow,
        ..eframe::NativeOptions::default()
    };
    program.lang = settings.lang();
    program.crashes = Some(Arc::new(CrashReports::new(NAME, folders.data())));
    let start = Start {
        settings,
        settings_problem: loaded.problem.is_some(),
        size: (place.width, place.height),
        invitation: arguments.invitation,
        folders,
        first: Some(first),
        tap: Some(Arc::clone(&tap)),
        routes,
    };
    let creator: eframe::AppCreator<'_> = Box::new(move |creation| {
        ui_kit::ui_map::install(&creation.egui_ctx);
        let app = ConsoleApp::new(&creation.egui_ctx, start)?;
        Ok(Box::new(app))
    });
    program.run_window(options, creator, Some(tap))
}

/// As a program that runs in another folder finds it.
fn whole_path(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_as_it_is| path.to_owned());
    whole.to_string_lossy().into_owned()
}

/// What went wrong, and why.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
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
                    "`portable` beside the program is a folder. Where it exists everything is kept in it, and goes along when the folder around both is carried to another computer; passwords in it open with a passphrase, if one was chosen under Settings, Options.",
                    "`pure-help-desk.json` beside the program names the hub before anybody has typed it.",
                    "Otherwise settings, drafts and unsent reports are where this system has the settings and data of programs.",
                ],
            ),
            (
                "ENVIRONMENT",
                &[
                    "`PHD_PROFILE_DIR` names a folder for settings and data in place of all others.",
                    "`RUST_LOG` says what to log, for instance `info` or `operator_app=debug`.",
                    "`https_proxy` names the proxy of the system, as for other programs.",
                ],
            ),
            (
                "EXIT STATUS",
                &[
                    "0 when the window was closed, or some way works; 2 for a wrong command line; 10 without a display; 11 and 12 where the display lacks what the window needs; 13 where a folder cannot be used; 14 where an address makes no sense; 16 when no way leads to the hub; 70 and 71 after a fault of the program, which leaves a report.",
                ],
            ),
            (
                "SEE ALSO",
                &["`helpme`(1), `hub`(8), `hub-admin`(1), `purepc`(8)"],
            ),
        ];
        manual::check(Arguments::command(), "1", more);
    }
}
