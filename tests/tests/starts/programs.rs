//! The programs on machines where something is missing.

use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use e2e::{Display, Home, PATIENCE, Programs, Region, Running, Server, UiMap, wait_until};
use tempfile::TempDir;

const SCREEN: (u16, u16) = (900, 760);
/// Where the window's button ends, from below.
const BUTTON_ABOVE: u32 = 45;
/// The width of a message; no program's window has it.
const MESSAGE_WIDTH: u32 = 520;

/// What is missing.
#[derive(Debug, Clone, Copy)]
enum Odd {
    Extensions(&'static [&'static str]),
    Depth(u8),
    NoOpenGl,
    NoDisplayNamed,
    NoDisplayThere,
    /// The folder for settings cannot be made.
    NoFolder,
    /// The environment names a Wayland desktop that is not there.
    DeadWayland,
    BadFingerprint,
}

/// How a start ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    Window,
    /// A message in a window of its own, and on standard error, and the exit code.
    Message(i32),
    /// Words on standard error, and the exit code.
    Words(i32),
}

struct Stage {
    programs: Programs,
    folder: TempDir,
    starts: u32,
}

impl Stage {
    fn start(&mut self, program: &str, odd: Odd) -> anyhow::Result<(Ends, String)> {
        self.starts += 1;
        let home = Home::fresh(self.folder.path(), &format!("{}", self.starts))?;
        let mut server = Server::usual(SCREEN.0, SCREEN.1);
        match odd {
            Odd::Extensions(lacking) => server.lacking = lacking,
            Odd::Depth(depth) => server.depth = depth,
            Odd::NoOpenGl => server.lacking = &["GLX"],
            Odd::NoDisplayNamed
            | Odd::NoDisplayThere
            | Odd::NoFolder
            | Odd::DeadWayland
            | Odd::BadFingerprint => {}
        }
        let display = Display::start_server(&server)?;
        let mut command = home.windowed(self.programs.path(program), display.name());
        match odd {
            Odd::Extensions(_) | Odd::Depth(_) => {}
            Odd::NoOpenGl => {
                command.env("__EGL_VENDOR_LIBRARY_FILENAMES", "/dev/null");
            }
            Odd::NoDisplayNamed => {
                command.env_remove("DISPLAY");
            }
            Odd::NoDisplayThere => {
                command.env("DISPLAY", ":59123");
            }
            Odd::NoFolder => {
                let file = home.file("no-folder");
                fs::write(&file, "")?;
                command.env("PHD_PROFILE_DIR", file);
            }
            Odd::DeadWayland => {
                command.env("WAYLAND_DISPLAY", "wayland-7");
            }
            Odd::BadFingerprint => {
                command.args(["--hub", "127.0.0.1:1", "--fingerprint", "12"]);
            }
        }
        let name = format!("{program}-{odd:?}");
        let ends = Self::see(program, &mut command, &home, &display, &name);
        ends.with_context(|| name)
    }

    /// Whether the server of this machine can be started without these extensions.
    fn can_lack(names: &'static [&'static str]) -> anyhow::Result<bool> {
        let mut server = Server::usual(SCREEN.0, SCREEN.1);
        server.lacking = names;
        let display = Display::start_server(&server)?;
        for name in names {
            if display.has_extension(name)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What a person sees of the start, until it has ended or the window is there.
    fn see(
        program: &str,
        command: &mut Command,
        home: &Home,
        display: &Display,
        name: &str,
    ) -> anyhow::Result<(Ends, String)> {
        let title = match program {
            "helpme" => "Helpme",
            "hub-admin" => "Pure Help Desk – Administration",
            _ => "Pure Help Desk",
        };
        let mut running = Running::start(program, command, &home.log())?;
        let seen = wait_until("a window or the end", PATIENCE, || {
            if UiMap::read(&home.ui_map())?.labels().len() > 5 {
                return Ok(Some(Seen::Window));
            }
            if let Some(region) = display.window_titled(title)?
                && region.width == MESSAGE_WIDTH
            {
                return Ok(Some(Seen::Message(region)));
            }
            let ended = running.wait(Duration::ZERO)?;
            Ok(ended.map(|status| Seen::End(status.code().unwrap_or(-1))))
        })?;
        let words = |running: &Running| {
            let log = running.log_tail();
            let is_told = |line: &&str| line.starts_with(title) && line.contains("exit code");
            let told = log.lines().rfind(is_told);
            told.unwrap_or_default().to_owned()
        };
        match seen {
            Seen::Window => {
                running.check_alive()?;
                Ok((Ends::Window, String::new()))
            }
            Seen::End(code) => Ok((Ends::Words(code), words(&running))),
            Seen::Message(region) => {
                std::thread::sleep(Duration::from_millis(300));
                let picture = display.screenshot_of(region)?;
                keep(&picture, name)?;
                ensure!(
                    has_letters_and_button(&picture),
                    "{name}: nothing to be read"
                );
                running.check_alive()?;
                let (x, y) = (region.middle().0, region.y + region.height - BUTTON_ABOVE);
                display.hands()?.click((x, y))?;
                let status = running.wait(PATIENCE)?;
                let code = status.and_then(|status| status.code());
                let code = code.context("a click on the button ends it")?;
                Ok((Ends::Message(code), words(&running)))
            }
        }
    }
}

enum Seen {
    Window,
    Message(Region),
    End(i32),
}

/// Keeps the picture where `PHD_KEEP` names a folder.
fn keep(picture: &e2e::Picture, name: &str) -> anyhow::Result<()> {
    if let Some(folder) = std::env::var_os("PHD_KEEP") {
        let name: String = name
            .chars()
            .filter(|c| c.is_alphanumeric() || *c == '-')
            .collect();
        picture.save_png(&Path::new(&folder).join(format!("{name}.png")))?;
    }
    Ok(())
}

/// Dark letters on a light ground, and a button with a light word on it.
fn has_letters_and_button(picture: &e2e::Picture) -> bool {
    let brightness = |[r, g, b]: [u8; 3]| (u32::from(r) + u32::from(g) + u32::from(b)) / 3;
    let all: Vec<u32> = picture.colours().map(brightness).collect();
    let dark = all.iter().filter(|b| **b < 96).count();
    let light = all.iter().filter(|b| **b > 220).count();
    let at = |x| picture.at(x, picture.height() - BUTTON_ABOVE);
    let [red, _, blue] = at(40);
    let word = (200..320).filter(|x| brightness(at(*x)) > 200).count();
    dark > 500 && light * 2 > all.len() && blue > red.saturating_add(60) && word > 5
}

const PROGRAMS: [&str; 3] = ["helpme", "pure-help-desk", "hub-admin"];

/// What each of these ends in: Helpme, the console, the administrator's window.
type EachEnds = [Ends; 3];

const WINDOWS: EachEnds = [Ends::Window; 3];

const fn messages(code: i32) -> EachEnds {
    [Ends::Message(code); 3]
}

const fn words(code: i32) -> EachEnds {
    [Ends::Words(code); 3]
}

const MISSING: &[(&str, Odd, EachEnds)] = &[
    ("nothing", Odd::Extensions(&[]), WINDOWS),
    ("RANDR", Odd::Extensions(&["RANDR"]), messages(11)),
    (
        "XInput",
        Odd::Extensions(&["XInputExtension"]),
        messages(11),
    ),
    ("XKEYBOARD", Odd::Extensions(&["XKEYBOARD"]), messages(11)),
    ("XFIXES", Odd::Extensions(&["XFIXES"]), WINDOWS),
    ("DAMAGE", Odd::Extensions(&["DAMAGE"]), WINDOWS),
    ("MIT-SHM", Odd::Extensions(&["MIT-SHM"]), WINDOWS),
    ("RENDER", Odd::Extensions(&["RENDER"]), WINDOWS),
    ("Composite", Odd::Extensions(&["Composite"]), WINDOWS),
    ("SYNC", Odd::Extensions(&["SYNC"]), WINDOWS),
    ("GLX", Odd::Extensions(&["GLX"]), WINDOWS),
    ("OpenGL", Odd::NoOpenGl, messages(12)),
    ("colours: depth 8", Odd::Depth(8), messages(12)),
    ("colours: depth 15", Odd::Depth(15), WINDOWS),
    ("colours: depth 16", Odd::Depth(16), WINDOWS),
    ("colours: depth 30", Odd::Depth(30), WINDOWS),
    ("DISPLAY", Odd::NoDisplayNamed, words(10)),
    ("the display named", Odd::NoDisplayThere, words(10)),
    ("the Wayland named", Odd::DeadWayland, WINDOWS),
    // Helpme remembers nothing then
    (
        "a folder for settings",
        Odd::NoFolder,
        [Ends::Window, Ends::Message(13), Ends::Message(13)],
    ),
    // the others say so in their log-in
    (
        "a sound fingerprint",
        Odd::BadFingerprint,
        [Ends::Message(14), Ends::Window, Ends::Window],
    ),
];

#[test]
fn e4_every_start_ends_in_a_window_or_a_sentence_and_a_code() {
    let mut stage = Stage {
        programs: Programs::find().expect("the programs"),
        folder: TempDir::with_prefix("phd-starts-").expect("a folder"),
        starts: 0,
    };
    println!(
        "| missing | Helpme | console | administration | the sentence |\n\
         | --- | --- | --- | --- | --- |"
    );
    let mut faults = Vec::new();
    for &(missing, odd, expected) in MISSING {
        if let Odd::Extensions(names) = odd
            && !Stage::can_lack(names).expect("a server")
        {
            println!("| {missing} | this X server is never without it | | | |");
            continue;
        }
        let mut told = Vec::new();
        let mut sentence = String::new();
        for (program, expected) in PROGRAMS.into_iter().zip(expected) {
            match stage.start(program, odd) {
                Ok((ends, words)) => {
                    if ends != expected {
                        faults.push(format!("{missing}: {program} {ends:?}: {words}"));
                    }
                    let code = match ends {
                        Ends::Window => None,
                        Ends::Message(code) | Ends::Words(code) => Some(code),
                    };
                    if let Some(code) = code
                        && !words.contains(&format!("exit code {code})"))
                    {
                        faults.push(format!("{missing}: {program} says {words:?}"));
                    }
                    told.push(match ends {
                        Ends::Window => "window".to_owned(),
                        Ends::Message(code) => format!("message, {code}"),
                        Ends::Words(code) => format!("standard error, {code}"),
                    });
                    sentence = words;
                }
                Err(error) => faults.push(format!("{error:#}")),
            }
        }
        println!("| {missing} | {} | {sentence} |", told.join(" | "));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn e4_a_hub_that_cannot_start_says_why_and_exits_with_a_code() {
    let programs = Programs::find().expect("the programs");
    let folder = TempDir::with_prefix("phd-starts-").expect("a folder");
    let home = Home::fresh(folder.path(), "hub").expect("a home");
    let file = home.file("file");
    fs::write(&file, "").expect("a file");
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().map(|a| (taken, a.to_string()));
    let (_held, taken) = taken.expect("an address");
    let inside = file.join("data");
    let broken = home.file("broken");
    fs::create_dir(&broken).expect("a folder");
    let closed = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(&broken, closed).expect("closed");
    fs::write(broken.join("hub.db"), "no data base").expect("written");
    let data = home.file("data");
    let text = |path: &Path| path.to_str().expect("plain").to_owned();
    let cases = [
        (
            "a folder",
            vec![text(&inside), "127.0.0.1:0".to_owned()],
            13,
        ),
        (
            "a sound data base",
            vec![text(&broken), "127.0.0.1:0".to_owned()],
            13,
        ),
        ("a free port", vec![text(&data), taken], 15),
        (
            "an address of this machine",
            vec![text(&data), "192.0.2.1:443".to_owned()],
            15,
        ),
        ("an address", vec![text(&data), "nowhere".to_owned()], 2),
    ];
    println!("| missing | hub, exit code | the sentence |\n| --- | --- | --- |");
    for (missing, arguments, code) in cases {
        let output = home
            .command(programs.path("hub"))
            .args(["serve", "--data", &arguments[0], "--listen", &arguments[1]])
            .output()
            .expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr);
        let sentence = told
            .lines()
            .find(|l| l.starts_with("hub: ") || l.starts_with("error: "));
        let sentence = sentence.expect("a sentence");
        println!("| {missing} | {code} | {sentence} |");
        let words: Vec<&str> = sentence.split(": ").collect();
        let twice = words.windows(2).any(|pair| pair[0] == pair[1]);
        assert!(!twice, "each thing is said once: {sentence}");
        assert_eq!(output.status.code(), Some(code), "{missing}: {told}");
    }
}
