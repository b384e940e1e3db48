//! `hub-admin`: the administrator's window.

#![cfg_attr(windows, windows_subsystem = "windows")]

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use desktop::{CrashReports, Folders, SettingsFile, WindowPlace};
use egui::ViewportBuilder;
use hub_admin::app::{AdminApp, SMALLEST_WINDOW, Start};
use hub_admin::settings::Settings;
use ui_kit::{Lang, Program, StartFault};

const NAME: &str = "hub-admin";
const TITLE: &str = "Pure Help Desk – Administration";
const USUAL: (f32, f32) = (1200.0, 780.0);

const EXAMPLES: &str = "\
Examples:
  hub-admin                          Open the window for the hub that was used last
  hub-admin --hub hub.example.org    Open it for a hub that has a public certificate";

/// The administrator's window of a hub of Pure Help Desk.
#[derive(Debug, Parser)]
#[command(name = NAME, version, after_help = EXAMPLES)]
struct Arguments {
    /// The hub, as hub.example.org or hub.example.org:4433.
    #[arg(long, value_name = "ADDRESS")]
    hub: Option<String>,
    /// The hub's fingerprint: 64 hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    fingerprint: Option<String>,
}

fn main() -> ExitCode {
    desktop::console::join();
    let arguments = Arguments::parse();
    ui_kit::start_log();
    let mut program = Program {
        title: TITLE,
        lang: Lang::from_system(),
        crashes: None,
        last_act: None,
    };
    match run(&mut program, arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => program.tell(&fault),
    }
}

fn run(program: &mut Program, arguments: Arguments) -> Result<(), StartFault> {
    let folders = Folders::find(NAME).map_err(|error| StartFault::NoFolder {
        detail: error.to_string(),
    })?;
    let file = SettingsFile::in_folder(folders.config());
    let loaded = file.load::<Settings>();
    let mut settings = loaded.settings;
    if let Some(hub) = arguments.hub {
        settings.hub = hub;
    }
    if let Some(fingerprint) = arguments.fingerprint {
        settings.fingerprint = fingerprint;
    }
    let place = settings.window.unwrap_or(WindowPlace {
        width: USUAL.0,
        height: USUAL.1,
        maximized: false,
    });
    let place = place.sound(SMALLEST_WINDOW);
    let enlarged = |points| settings.text_size.of_new_window(points);
    let options = eframe::NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title(TITLE)
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
        file,
        films: folders.data().join("films"),
    };
    let creator: eframe::AppCreator<'_> = Box::new(move |creation| {
        ui_kit::ui_map::install(&creation.egui_ctx);
        let app = AdminApp::new(&creation.egui_ctx, start)?;
        Ok(Box::new(app))
    });
    program.run_window(options, creator, None)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_page_of_the_manual_says_what_the_command_line_does() {
        let more: &[manual::Section<'_>] = &[
            (
                "ENVIRONMENT",
                &[
                    "`PHD_PROFILE_DIR` names a folder for settings in place of all others.",
                    "`RUST_LOG` says what to log; `hub_admin=trace` tells what each picture of the window took.",
                ],
            ),
            (
                "EXIT STATUS",
                &[
                    "0 when the window was closed; 2 for a wrong command line; 10 without a display; 11 and 12 where the display lacks what the window needs; 13 where a folder cannot be used; 70 and 71 after a fault of the program, which leaves a report.",
                ],
            ),
            ("SEE ALSO", &["`hub`(8), `pure-help-desk`(1)"]),
        ];
        manual::check(Arguments::command(), "1", more);
    }
}
