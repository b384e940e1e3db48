//! The display that somebody who sat at this computer would see, for a service that belongs to none.

use std::path::PathBuf;

/// A display, and the file that opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveDisplay {
    /// As `DISPLAY` names it: `:0`.
    pub display: String,
    pub authority: Option<PathBuf>,
    /// The process that shows it, where that is to be seen.
    pub server: Option<u32>,
}

/// The display of the X server on the terminal that is shown, the log-in screen's too; where a terminal without
/// one is shown, the first there is. Reads files of the system, which can take some milliseconds.
///
/// `None` where there is none, and on systems without X11.
pub fn active_display() -> Option<ActiveDisplay> {
    #[cfg(target_os = "linux")]
    let found = linux::find();
    #[cfg(not(target_os = "linux"))]
    let found = None;
    found
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::{Path, PathBuf};

    use super::ActiveDisplay;

    /// What X servers are called.
    const SERVERS: [&str; 6] = ["Xorg", "Xorg.bin", "X", "Xvfb", "Xephyr", "Xtigervnc"];
    const SOCKETS: &str = "/tmp/.X11-unix";

    /// An X server that runs here.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Server {
        /// `:0`
        display: String,
        authority: Option<PathBuf>,
        /// The number of the virtual terminal on which it is shown.
        terminal: Option<u32>,
        process: Option<u32>,
    }

    pub(super) fn find() -> Option<ActiveDisplay> {
        let processes = processes();
        let servers = processes.iter().filter_map(|process| {
            let line = fs::read(process.join("cmdline")).ok()?;
            let process = process.file_name()?.to_str()?.parse().ok();
            Some(Server {
                process,
                ..server_of(&line)?
            })
        });
        let shown = fs::read_to_string("/sys/class/tty/tty0/active").ok();
        let shown = shown.and_then(|name| name.trim().strip_prefix("tty")?.parse().ok());
        let chosen = choose(servers.collect(), shown).or_else(first_socket)?;
        let authority = chosen.authority.clone();
        let authority = authority.or_else(|| authority_of_a_client(&processes, &chosen.display));
        Some(ActiveDisplay {
            display: chosen.display,
            authority,
            server: chosen.process,
        })
    }

    fn processes() -> Vec<PathBuf> {
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        let is_number = |name: &OsStr| name.as_bytes().iter().all(u8::is_ascii_digit);
        let processes = all.filter(|entry| is_number(&entry.file_name()));
        processes.map(|entry| entry.path()).collect()
    }

    /// What a command line says of the X server that was started with it.
    fn server_of(line: &[u8]) -> Option<Server> {
        let mut words = line.split(|byte| *byte == 0).map(OsStr::from_bytes);
        let program = Path::new(words.next()?).file_name()?.to_str()?;
        if !SERVERS.contains(&program) {
            return None;
        }
        let mut server = Server {
            display: ":0".to_owned(),
            authority: None,
            terminal: None,
            process: None,
        };
        while let Some(word) = words.next() {
            let text = word.to_str().unwrap_or_default();
            if is_display(text) {
                text.clone_into(&mut server.display);
            } else if text == "-auth" {
                server.authority = words.next().map(PathBuf::from);
            } else if let Some(number) = text.strip_prefix("vt") {
                server.terminal = number.parse().ok();
            }
        }
        Some(server)
    }

    fn is_display(text: &str) -> bool {
        let number = text.strip_prefix(':');
        number.is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// The one on the terminal that is `shown`, or the first.
    fn choose(mut servers: Vec<Server>, shown: Option<u32>) -> Option<Server> {
        servers.sort_by_key(|server| number(&server.display));
        let on_it = |server: &&Server| server.terminal.is_some() && server.terminal == shown;
        let found = servers.iter().find(on_it).or_else(|| servers.first());
        found.cloned()
    }

    fn number(display: &str) -> u32 {
        let number = display.trim_start_matches(':').parse();
        number.unwrap_or(u32::MAX)
    }

    /// A server whose process is not to be seen from here.
    fn first_socket() -> Option<Server> {
        let names = fs::read_dir(SOCKETS).ok()?.flatten();
        let numbers = names.filter_map(|entry| {
            let name = entry.file_name();
            name.to_str()?.strip_prefix('X')?.parse::<u32>().ok()
        });
        let number = numbers.min()?;
        Some(Server {
            display: format!(":{number}"),
            authority: None,
            terminal: None,
            process: None,
        })
    }

    /// The file by which a program that runs on `display` came in.
    fn authority_of_a_client(processes: &[PathBuf], display: &str) -> Option<PathBuf> {
        processes.iter().find_map(|process| {
            let environment = fs::read(process.join("environ")).ok()?;
            authority_in(&environment, display)
        })
    }

    fn authority_in(environment: &[u8], display: &str) -> Option<PathBuf> {
        let value = |name: &str| {
            let mut words = environment.split(|byte| *byte == 0);
            words.find_map(|word| word.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
        };
        let theirs = value("DISPLAY")?;
        // `:0` and `:0.0` are one display
        let theirs = theirs.strip_suffix(b".0").unwrap_or(theirs);
        if theirs != display.as_bytes() {
            return None;
        }
        value("XAUTHORITY").map(|path| PathBuf::from(OsStr::from_bytes(path)))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn line(words: &[&str]) -> Vec<u8> {
            words.join("\0").into_bytes()
        }

        #[test]
        fn a_server_says_its_display_its_terminal_and_what_opens_it() {
            let words = [
                "/usr/lib/xorg/Xorg",
                ":1",
                "-seat",
                "seat0",
                "-auth",
                "/run/x/1",
                "vt7",
            ];
            let found = server_of(&line(&words)).expect("a server");
            let expected = Server {
                display: ":1".to_owned(),
                authority: Some("/run/x/1".into()),
                terminal: Some(7),
                process: None,
            };
            assert_eq!(found, expected);
            assert_eq!(server_of(&line(&["/usr/bin/xterm", ":1"])), None);
            assert_eq!(server_of(b""), None);
            let bare = server_of(&line(&["X", "-auth"])).expect("a server");
            assert_eq!((bare.display.as_str(), bare.authority), (":0", None));
        }

        #[test]
        fn the_terminal_that_is_shown_decides() {
            let server = |number: u32, terminal| Server {
                display: format!(":{number}"),
                authority: None,
                terminal,
                process: None,
            };
            let all = || vec![server(10, Some(8)), server(2, Some(7)), server(3, None)];
            let chosen = |shown| choose(all(), shown).expect("one").display;
            assert_eq!(chosen(Some(8)), ":10");
            assert_eq!(chosen(Some(1)), ":2");
            assert_eq!(chosen(None), ":2");
            assert_eq!(choose(Vec::new(), Some(7)), None);
        }

        #[test]
        fn a_program_on_the_display_tells_what_opens_it() {
            let environment = line(&[
                "HOME=/home/anna",
                "DISPLAY=:1.0",
                "XAUTHORITY=/home/anna/.x",
            ]);
            let found = authority_in(&environment, ":1");
            assert_eq!(found, Some("/home/anna/.x".into()));
            assert_eq!(authority_in(&environment, ":2"), None);
            assert_eq!(authority_in(&line(&["DISPLAY=:1"]), ":1"), None);
        }
    }
}
