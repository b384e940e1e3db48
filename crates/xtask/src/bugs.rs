//! Bugs put in by hand: each must be found by the random histories, or these prove little.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail};

use crate::steps::cargo;

struct Bug {
    what: &'static str,
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
}

const BUGS: [Bug; 13] = [
    Bug {
        what: "the hub takes the user's no for a yes",
        file: "directory/sessions.rs",
        right: "let Some(rights) = granted else {",
        wrong: "let Some(rights) = granted.or(Some(member.asked)) else {",
    },
    Bug {
        what: "the console shows a line of chat each time that it comes",
        file: "console/acquaintance.rs",
        right: "if self.chat.hear(line) {",
        wrong: "if self.chat.hear(line) || line > 0 {",
    },
    Bug {
        what: "a line is forgotten before it was heard",
        file: "chat.rs",
        right: "self.unheard.retain(|(number, _)| *number > line);",
        wrong: "self.unheard.retain(|(number, _)| *number > line + 1);",
    },
    Bug {
        what: "the hub goes on relaying when a host is out of reach",
        file: "directory/presence.rs",
        right: "self.pause_session_of_host(id, now);",
        wrong: "",
    },
    Bug {
        what: "the hub gives a host's words to whoever is first",
        file: "directory.rs",
        right: "self.tell_operator(to, said);",
        wrong: "let first = self.operators.keys().next().copied(); self.tell_operator(first.unwrap_or(to), said);",
    },
    Bug {
        what: "nobody looks at the proof of a word",
        file: "channel.rs",
        right: "if !is_theirs || word.number <= self.theirs.last {",
        wrong: "if !is_theirs && word.number <= self.theirs.last {",
    },
    Bug {
        what: "a host whose line is lost keeps its keys down",
        file: "host/resume.rs",
        right: "steps.extend(admitted.pause(at));",
        wrong: "",
    },
    Bug {
        what: "a place is kept for ever",
        file: "directory.rs",
        right: "self.time_out_away(now);",
        wrong: "",
    },
    Bug {
        what: "the host lets a colleague in to whom its user said no",
        file: "host/question.rs",
        right: "let grant = grant.filter(|grant| grant.rights().has(Rights::SEE));",
        wrong: "let asked = question.asked; let grant = grant.or(admitted.live.as_ref().map(|_| Grant::from_answer(asked, asked)));",
    },
    Bug {
        what: "the hub takes whoever asks to join for one who is in",
        file: "directory/sessions.rs",
        right: "running.members.push(member);",
        wrong: "running.members.push(Member { part: Part::In { rights: asked, flows: false }, ..member });",
    },
    Bug {
        what: "a colleague gets another picture key than the session's",
        file: "host/question.rs",
        right: "Some(live) => live.picture_key.clone(),",
        wrong: "Some(_) => PictureKey::from_random(random),",
    },
    Bug {
        what: "the hub goes on relaying to one who was sent away",
        file: "directory/sessions.rs",
        right: "self.effects.push(Effect::LeaveRelay { session, operator });",
        wrong: "",
    },
    Bug {
        what: "the hub takes an answer that is under way for one to the next question",
        file: "directory/sessions.rs",
        right: "if host_said_so {",
        wrong: "if host_said_so || !host_said_so {",
    },
];

/// Puts each bug into a copy of the two crates and plays histories until it is found.
///
/// # Errors
///
/// The first bug that is not found, or that cannot be put in because the code has changed.
pub(crate) fn run(root: &Path, target: &Path) -> anyhow::Result<()> {
    let copy = target.join("bugs");
    for bug in &BUGS {
        prepare(root, &copy)?;
        let file = copy.join("crates/session/src").join(bug.file);
        let text = fs::read_to_string(&file)?;
        if !text.contains(bug.right) {
            bail!("{}: `{}` is not there any more", bug.file, bug.right);
        }
        fs::write(&file, text.replacen(bug.right, bug.wrong, 1))?;
        let mut test = cargo(["test", "--package", "session", "--test", "histories"]);
        test.current_dir(&copy)
            .env("CARGO_TARGET_DIR", copy.join("target"))
            .stderr(Stdio::null());
        let built = test.args(["--no-run"]).status()?.success();
        if !built {
            bail!("with the bug \"{}\" the crate does not build", bug.what);
        }
        let mut test = cargo(["test", "--package", "session", "--test", "histories"]);
        test.current_dir(&copy)
            .env("CARGO_TARGET_DIR", copy.join("target"))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if test.status()?.success() {
            bail!("not found: {}", bug.what);
        }
        println!("found: {}", bug.what);
    }
    Ok(())
}

/// A workspace of the two crates alone, so that it is built in seconds.
fn prepare(root: &Path, copy: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(copy.join("crates"))?;
    for crate_name in ["protocol", "session"] {
        let to = copy.join("crates").join(crate_name);
        if to.exists() {
            fs::remove_dir_all(&to)?;
        }
        copy_folder(&root.join("crates").join(crate_name), &to)?;
    }
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let (before, rest) = manifest.split_once("members = [").context("a workspace")?;
    let (_, after) = rest.split_once(']').context("a list of members")?;
    let members = "members = [\"crates/protocol\", \"crates/session\"]";
    fs::write(
        copy.join("Cargo.toml"),
        without_other_packages(&format!("{before}{members}{after}")),
    )?;
    fs::copy(root.join("Cargo.lock"), copy.join("Cargo.lock"))?;
    Ok(())
}

/// Profiles of packages that are not in the copy would only be warned about, and paths to them fail.
fn without_other_packages(manifest: &str) -> String {
    let is_other = |line: &&str| {
        let is_path = line.contains("path = \"crates/");
        let kept = ["protocol =", "session ="];
        !is_path || kept.iter().any(|name| line.starts_with(name))
    };
    let lines: Vec<&str> = manifest.lines().filter(is_other).collect();
    lines.join("\n")
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bug_has_its_place_in_the_code() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../session/src");
        for bug in &BUGS {
            let text = fs::read_to_string(source.join(bug.file)).expect(bug.file);
            assert_eq!(
                text.matches(bug.right).count(),
                1,
                "{}: {}",
                bug.file,
                bug.right
            );
        }
    }
}
