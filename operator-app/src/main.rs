//! Pure Help Desk: the operator's console.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use desktop::{Folders, SettingsFile, WindowPlace};
use egui::ViewportBuilder;
use operator_app::app::{ConsoleApp, InputRoutes, Start};
use operator_app::settings::{Provision, Settings};
use ui_kit::raw_input::InputTap;
use ui_kit::{Lang, Program, StartFault};

const NAME: &str = "pure-help-desk";
/// Smallest size of the main window, in points.
const SMALLEST: (f32, f32) = (760.0, 540.0);
const USUAL: (f32, f32) = (1080.0, 720.0);

/// The operator's console of Pure Help Desk.
#[derive(Debug, Parser)]
#[command(name = NAME, version)]
struct Arguments {
    /// The hub, as hub.example.org or hub.example.org:4433.
    #[arg(long, value_name = "ADDRESS")]
    hub: Option<String>,
    /// The hub's fingerprint: 64 hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    fingerprint: Option<String>,
    /// The file of an invitation, which fills in the log-in.
    #[arg(value_name = "INVITATION")]
    invitation: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_not_set| "info".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();

    let mut program = Program {
        title: "Pure Help Desk",
        lang: Lang::from_system(),
    };
    match run(&mut program, arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => program.tell(&fault),
    }
}

fn run(program: &mut Program, arguments: Arguments) -> Result<(), StartFault> {
    let folders = Folders::find(NAME).map_err(|error| StartFault::NoFolder {
        detail: with_causes(&error),
    })?;
    let loaded = SettingsFile::in_folder(folders.config()).load::<Settings>();
    let mut settings = loaded.settings;
    if settings.server_address.is_empty()
        && let Some(provision) = Provision::beside_program()
    {
        settings.take_hub(&provision);
    }
    settings.take_hub(&Provision {
        hub: arguments.hub,
        fingerprint: arguments.fingerprint,
    });

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
    let place = place.sound(SMALLEST);
    let options = eframe::NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title("Pure Help Desk")
            .with_app_id(NAME)
            .with_inner_size([place.width, place.height])
            .with_min_inner_size([SMALLEST.0, SMALLEST.1])
            .with_maximized(place.maximized),
        renderer: eframe::Renderer::Glow,
        ..eframe::NativeOptions::default()
    };
    program.lang = settings.lang();
    let start = Start {
        settings,
        settings_problem: loaded.problem.is_some(),
        invitation: arguments.invitation,
        folders,
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

/// What went wrong, and why.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}
