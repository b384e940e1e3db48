//! Who may know whom: the directions of `ARCHITECTURE.md`, proved from `cargo metadata`.
//!
//! Only normal dependencies count, also through other crates; tests may use what they like.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::{Context as _, bail};
use cargo_metadata::{DependencyKind, MetadataCommand};

/// Where the programs run (E1); what only other platforms need is not in them.
const PLATFORMS: &[&str] = &[
    "x86_64-unknown-linux-gnu",
    "x86_64-pc-windows-gnu",
    "aarch64-apple-darwin",
];

/// What one crate of the workspace may depend on.
struct Rule {
    package: &'static str,
    /// The crates of the workspace it may name in its manifest.
    may_know: &'static [&'static str],
    /// Crates that must not be in it, not even through others.
    never: &'static [&'static str],
}

/// What an operating system's display, keyboard or desktop is spoken to with, by the beginnings of the
/// crates' names. Only platform crates may name these in their manifests, so that all others are the same
/// everywhere.
const OF_ONE_SYSTEM: &[&str] = &[
    "x11",
    "xcb",
    "xkb",
    "wayland",
    "smithay",
    "zbus",
    "windows",
    "winapi",
    "objc2",
    "cocoa",
    "core-foundation",
    "core-graphics",
    "block2",
    "dispatch2",
    "rdev",
    "scrap",
];
const PLATFORM: &[&str] = &[
    "capture",
    "clipboard",
    "desktop",
    "input",
    "machine",
    "macos",
    "negotiate",
    "own-window",
    "present",
    "private-file",
    "urgency",
    "wayland",
    "x11",
    // takes pictures for one of them
    "helpme-screencast",
];

const CORE: &[&str] = &["protocol", "session", "codec", "recording", "keyboard"];
/// What copies and pastes, and what shows pictures, may know.
const CORE_X11_AND_WAYLAND: &[&str] = &[
    "protocol",
    "session",
    "codec",
    "recording",
    "keyboard",
    "own-window",
    "wayland",
    "x11",
];
/// What shows and acts on a desktop may know.
const CORE_AND_DISPLAYS: &[&str] = &[
    "protocol",
    "session",
    "codec",
    "recording",
    "keyboard",
    "macos",
    "own-window",
    "urgency",
    "wayland",
    "x11",
];
const CORE_DISPLAYS_AND_FILES: &[&str] = &[
    "icon",
    "protocol",
    "session",
    "codec",
    "recording",
    "keyboard",
    "own-window",
    "wayland",
    "x11",
    "private-file",
];
/// What the ways to a hub may know.
const CORE_FILES_AND_SIGN_IN: &[&str] = &[
    "protocol",
    "session",
    "codec",
    "recording",
    "keyboard",
    "private-file",
    "negotiate",
];
/// What the windows' kit may know.
const CORE_AND_DESKTOP: &[&str] = &[
    "icon",
    "protocol",
    "session",
    "codec",
    "recording",
    "keyboard",
    "desktop",
];
const NO_IO_NO_GUI: &[&str] = &["tokio", "quinn", "eframe", "egui", "winit"];
const NO_GUI: &[&str] = &["eframe", "egui", "winit"];

const RULES: &[Rule] = &[
    // core knows only core
    Rule {
        package: "protocol",
        may_know: &[],
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "session",
        may_know: CORE,
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "codec",
        may_know: CORE,
        never: NO_IO_NO_GUI,
    },
    // crates/glyphs, under the name that egui asks for
    Rule {
        package: "vello_cpu",
        may_know: &[],
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "recording",
        may_know: CORE,
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "keyboard",
        may_know: CORE,
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "maker",
        may_know: &[],
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "update",
        may_know: &["maker", "protocol"],
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "icon",
        may_know: &[],
        never: NO_IO_NO_GUI,
    },
    // platform knows core; what its crates do alike with an X server is in one of them
    Rule {
        package: "x11",
        may_know: &[],
        never: NO_IO_NO_GUI,
    },
    // and with a Wayland compositor, whose outputs have sizes and places
    Rule {
        package: "wayland",
        may_know: &["codec"],
        never: NO_IO_NO_GUI,
    },
    // and with macOS
    Rule {
        package: "macos",
        may_know: &[],
        never: NO_IO_NO_GUI,
    },
    // and with windows of Windows' own
    Rule {
        package: "own-window",
        may_know: &[],
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "private-file",
        may_know: &[],
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "negotiate",
        may_know: &[],
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "urgency",
        may_know: &[],
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "machine",
        may_know: &["protocol"],
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "files",
        may_know: &["protocol"],
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "capture",
        may_know: CORE_AND_DISPLAYS,
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "clipboard",
        may_know: CORE_X11_AND_WAYLAND,
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "input",
        may_know: CORE_AND_DISPLAYS,
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "desktop",
        may_know: CORE_DISPLAYS_AND_FILES,
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "present",
        may_know: CORE_X11_AND_WAYLAND,
        never: NO_IO_NO_GUI,
    },
    // io knows core; only the host's engine knows capture and input
    Rule {
        package: "transport",
        may_know: CORE_FILES_AND_SIGN_IN,
        never: NO_GUI,
    },
    // a program's newer version, from its hub
    Rule {
        package: "updater",
        may_know: &["protocol", "transport", "maker", "update", "private-file"],
        never: NO_GUI,
    },
    // what both engines do alike with files
    Rule {
        package: "transfer",
        may_know: &["protocol", "session", "transport", "files", "clipboard"],
        never: &["eframe", "egui", "winit", "capture", "input"],
    },
    Rule {
        package: "host-engine",
        may_know: &[
            "protocol",
            "session",
            "codec",
            "recording",
            "transport",
            "transfer",
            "capture",
            "clipboard",
            "input",
            "machine",
            "urgency",
        ],
        never: NO_GUI,
    },
    Rule {
        package: "operator-engine",
        may_know: &[
            "protocol",
            "session",
            "codec",
            "recording",
            "transport",
            "transfer",
            "clipboard",
            "private-file",
            "urgency",
        ],
        never: &["eframe", "egui", "winit", "capture", "input"],
    },
    // ui, and apps on top of their engine
    Rule {
        package: "ui-kit",
        may_know: CORE_AND_DESKTOP,
        never: &["tokio", "quinn", "capture", "input"],
    },
    Rule {
        package: "helpme-app",
        may_know: &[
            "protocol",
            "session",
            "host-engine",
            "ui-kit",
            "desktop",
            "update",
            "updater",
        ],
        never: &["operator-engine"],
    },
    // takes pictures from PipeWire, whose library nothing else links, and keeps a secret for Helpme
    Rule {
        package: "helpme-screencast",
        may_know: &["desktop", "wayland"],
        never: NO_IO_NO_GUI,
    },
    Rule {
        // a service: it links no window, and asks the desktop's crate for the system's proxies and display
        package: "purepc",
        may_know: &[
            "protocol",
            "session",
            "transport",
            "host-engine",
            "private-file",
            "desktop",
            "maker",
            "update",
            "updater",
        ],
        never: &["eframe", "egui", "winit", "operator-engine", "hub"],
    },
    Rule {
        // `input` for the names of keys and the grab of the operator's own keyboard, the host's engine for a
        // colleague who is shown the operator's own screen
        package: "operator-app",
        may_know: &[
            "protocol",
            "session",
            "codec",
            "operator-engine",
            "host-engine",
            "ui-kit",
            "desktop",
            "input",
            "present",
            "clipboard",
            "update",
            "updater",
            "urgency",
        ],
        never: &["hub"],
    },
    // the hub never decodes, draws, captures or types
    Rule {
        package: "hub",
        may_know: &[
            "protocol",
            "session",
            "transport",
            "recording",
            "private-file",
            "document",
            "maker",
            "urgency",
        ],
        never: &["codec", "eframe", "egui", "winit", "capture", "input"],
    },
    // the administrator's window plays recordings itself, with the film worker's own player
    Rule {
        package: "hub-admin",
        may_know: &[
            "protocol",
            "recording",
            "codec",
            "transport",
            "hub-film",
            "ui-kit",
            "desktop",
        ],
        never: &["capture", "input", "scrap", "rdev"],
    },
    Rule {
        package: "document",
        may_know: &["protocol"],
        never: NO_IO_NO_GUI,
    },
    Rule {
        package: "hub-film",
        may_know: &["protocol", "recording", "codec", "urgency"],
        never: &[
            "tokio",
            "quinn",
            "eframe",
            "egui",
            "winit",
            "capture",
            "input",
            "transport",
        ],
    },
];

/// Tools and tests, which may know everybody and whom nobody may know.
const FREE: &[&str] = &["xtask", "dist", "e2e", "looks", "manual", "badge"];

/// Checks this workspace.
///
/// # Errors
///
/// One line for each dependency that must not be, with the way it comes in.
pub(crate) fn check() -> anyhow::Result<()> {
    let graph = Graph::of_this_workspace()?;
    let faults = graph.faults();
    if faults.is_empty() {
        println!("{} crates, every direction holds", graph.workspace.len());
        return Ok(());
    }
    bail!("{}", faults.join("\n"));
}

/// Normal dependencies by package name.
struct Graph {
    workspace: BTreeSet<String>,
    edges: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn of_this_workspace() -> anyhow::Result<Self> {
        let platforms = PLATFORMS
            .iter()
            .flat_map(|&platform| ["--filter-platform", platform]);
        let metadata = MetadataCommand::new()
            .other_options(platforms.map(str::to_owned).collect::<Vec<_>>())
            .exec()
            .context("`cargo metadata` failed")?;
        let resolve = metadata
            .resolve
            .as_ref()
            .context("`cargo metadata` gave no graph")?;
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in &resolve.nodes {
            let from = metadata[&node.id].name.to_string();
            let known = edges.entry(from).or_default();
            for dependency in &node.deps {
                let normal = dependency
                    .dep_kinds
                    .iter()
                    .any(|kind| kind.kind == DependencyKind::Normal);
                if normal {
                    known.insert(metadata[&dependency.pkg].name.to_string());
                }
            }
        }
        let workspace = metadata
            .workspace_members
            .iter()
            .map(|id| metadata[id].name.to_string())
            .collect();
        Ok(Self { workspace, edges })
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for package in &self.workspace {
            if FREE.contains(&package.as_str()) {
                continue;
            }
            match RULES.iter().find(|rule| rule.package == package) {
                Some(rule) => self.faults_against(rule, &mut faults),
                None => faults.push(format!("{package} has no rule; add it to directions.rs")),
            }
        }
        faults
    }

    fn faults_against(&self, rule: &Rule, faults: &mut Vec<String>) {
        let package = rule.package;
        for known in self.known_by(package) {
            if self.workspace.contains(known) && !rule.may_know.contains(&known) {
                faults.push(format!("{package} must not know {known}"));
            }
        }
        for known in self.known_by(package) {
            let is_of_one_system = OF_ONE_SYSTEM.iter().any(|name| known.starts_with(name));
            if is_of_one_system && !PLATFORM.contains(&package) && !self.workspace.contains(known) {
                faults.push(format!(
                    "{package} must not name {known}: that is for platform crates"
                ));
            }
        }
        for banned in rule.never {
            if let Some(way) = self.way(package, banned) {
                faults.push(format!(
                    "{banned} must not be in {package}: {}",
                    way.join(" -> ")
                ));
            }
        }
    }

    fn known_by(&self, package: &str) -> impl Iterator<Item = &str> {
        self.edges
            .get(package)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// The shortest way from `from` to `to`, both included.
    fn way(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(here) = queue.pop_front() {
            for next in self.known_by(here) {
                if next == from || came_from.contains_key(next) {
                    continue;
                }
                came_from.insert(next, self.edges.get_key_value(here)?.0);
                if next == to {
                    return Some(walked_back(&came_from, from, next));
                }
                queue.push_back(next);
            }
        }
        None
    }
}

fn walked_back(came_from: &BTreeMap<&str, &str>, from: &str, to: &str) -> Vec<String> {
    let mut way = vec![to.to_owned()];
    let mut here = to;
    while here != from {
        here = came_from[here];
        way.push(here.to_owned());
    }
    way.reverse();
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(workspace: &[&str], edges: &[(&str, &[&str])]) -> Graph {
        Graph {
            workspace: workspace.iter().map(|&name| name.to_owned()).collect(),
            edges: edges
                .iter()
                .map(|(from, to)| {
                    let to = to.iter().map(|&name| name.to_owned()).collect();
                    ((*from).to_owned(), to)
                })
                .collect(),
        }
    }

    #[test]
    fn core_that_knows_a_platform_is_found() {
        let graph = graph(&["session", "capture"], &[("session", &["capture"])]);
        assert_eq!(graph.faults(), ["session must not know capture"]);
    }

    #[test]
    fn x11_in_the_manifest_of_an_app_is_found_and_behind_a_platform_crate_it_is_not() {
        let graph = graph(
            &["operator-app", "helpme-app", "desktop", "x11"],
            &[
                ("operator-app", &["desktop", "x11rb"]),
                ("helpme-app", &["desktop", "windows-sys", "x11"]),
                ("desktop", &["x11", "x11rb", "windows", "objc2-app-kit"]),
                ("x11", &["x11rb"]),
            ],
        );
        assert_eq!(
            graph.faults(),
            [
                "helpme-app must not know x11",
                "helpme-app must not name windows-sys: that is for platform crates",
                "operator-app must not name x11rb: that is for platform crates",
            ]
        );
    }

    #[test]
    fn tokio_behind_another_crate_is_found_with_the_way_it_came() {
        let graph = graph(&["input"], &[("input", &["zbus"]), ("zbus", &["tokio"])]);
        assert_eq!(
            graph.faults(),
            ["tokio must not be in input: input -> zbus -> tokio"]
        );
    }

    #[test]
    fn a_crate_without_a_rule_is_found() {
        let graph = graph(&["newcomer"], &[]);
        assert_eq!(
            graph.faults(),
            ["newcomer has no rule; add it to directions.rs"]
        );
    }

    #[test]
    fn what_the_architecture_allows_is_no_fault() {
        let graph = graph(
            &["protocol", "codec", "host-engine", "capture"],
            &[
                ("codec", &["protocol"]),
                ("host-engine", &["capture", "codec", "tokio"]),
                ("capture", &["x11rb", "protocol"]),
            ],
        );
        assert!(graph.faults().is_empty());
    }
}
