//! Which tests prove which rule: the names of tests begin with the rule's id, like `h5_...`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

/// Says which test proves what; names no test that does not exist.
const SECURITY: &str = "docs/security.md";
/// The table, at the root of the workspace.
const FILE: &str = "RULES.md";

/// Each rule in a few words.
const RULES: &[(&str, &str)] = &[
    ("R1", "both sides only dial out"),
    (
        "R2",
        "QUIC first, else TCP on any of the hub's ports, found by itself",
    ),
    ("R3", "proxies: none, the system's, or one's own"),
    (
        "R4",
        "a lost connection comes back, and the session goes on",
    ),
    ("R5", "one address for page, tunnel and QUIC"),
    ("H1", "a ticket of ten digits, good once and for a while"),
    ("H2", "Helpme comes from the hub's page, set up"),
    ("H3", "no installation, no administrator"),
    (
        "H4",
        "the ticket, the name, one button, a plain sentence for each failure",
    ),
    (
        "H5",
        "nothing is seen or touched before the user's yes, which can be smaller than the question",
    ),
    ("H6", "who is there is always seen, and ended at once"),
    ("H7", "the computer's own passwords are never asked for"),
    (
        "H8",
        "whose help desk it is, and how to recognise a swindler",
    ),
    ("H9", "a receipt at the end"),
    ("U1", "PurePC is a service from boot, always connected"),
    ("U2", "enrolled once by a code, then by its own key"),
    (
        "U3",
        "opened with its own password, which the hub never learns",
    ),
    ("U4", "policies for sessions without a user"),
    ("O1", "portable or installed"),
    ("O2", "options: account, start, notices"),
    ("O3", "options: depth and size at the start"),
    ("O4", "options: proxy"),
    ("O5", "logging in; what needs it is greyed before"),
    ("O6", "tickets, their text, copy and mail"),
    ("O7", "a user's computer appears at once, name and ticket"),
    ("O8", "the list: live, filtered, grouped"),
    ("O9", "the menu of a row"),
    ("O10", "two operators share a desktop by a word"),
    ("O11", "joining and handing over"),
    ("O12", "one invitation sets a console up"),
    ("S1", "every key, layout, wheel and button"),
    ("S2", "the session's tools"),
    ("S3", "depths of colour"),
    ("S4", "on a slow line coarser or rarer, never late"),
    ("S5", "chat"),
    ("S6", "files"),
    ("S7", "clipboard"),
    ("D1", "the report"),
    ("D2", "the film"),
    ("D3", "reports found, films played and exported"),
    ("D4", "the audit log shows what was changed"),
    ("D5", "how long films and reports are kept"),
    ("B1", "the hub starts by itself and shows the first sign-in"),
    (
        "B2",
        "each step is authorised; who breaks the protocol harms nobody",
    ),
    ("B3", "accounts, groups, passwords, second factor"),
    ("B4", "backup, restore, older folders"),
    ("B5", "health, metrics, a log that can be read"),
    ("B6", "the organisation, wherever a user or reader looks"),
    ("P1", "packages by one command"),
    (
        "P2",
        "an old Helpme is served, or told where the new one is",
    ),
    ("P3", "updates are signed, offered, taken back"),
    (
        "E1",
        "one source for all systems; what one cannot do is greyed with the reason",
    ),
    ("E2", "a client knows its hub"),
    (
        "E3",
        "English and Italian, light and dark, keyboard and screen reader",
    ),
    ("E4", "bad input gets a clear error, and nothing is lost"),
];

/// Where tests are, from what is nearest to a user.
const PLACES: &[(&str, &[&str])] = &[
    ("real programs on displays", &["tests"]),
    ("the hub's process", &["hub/tests"]),
    (
        "windows without a display",
        &["helpme-app", "operator-app", "hub/admin", "crates/ui-kit"],
    ),
    ("engines, protocol, platform", &["crates", "hub"]),
];

/// Names of tests by rule and place.
type Found = BTreeMap<(String, usize), Vec<String>>;

/// Writes the table anew.
///
/// # Errors
///
/// A file that does not read or write.
pub(crate) fn write(root: &Path) -> anyhow::Result<()> {
    let table = table(&found(root)?)?;
    fs::write(root.join(FILE), &table).with_context(|| format!("cannot write {FILE}"))?;
    println!("{FILE} is written");
    Ok(())
}

/// Looks for each test that the document on security names.
///
/// # Errors
///
/// The tests that are not there, or a file that does not read.
pub(crate) fn check(root: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(root.join(SECURITY));
    let text = text.with_context(|| format!("cannot read {SECURITY}"))?;
    let mut all = BTreeSet::new();
    visit(root, &mut |_, source| all.extend(tests_in(source)))?;
    let named = names_in(&text);
    let missing: Vec<&str> = named.difference(&all).map(String::as_str).collect();
    if !missing.is_empty() {
        bail!(
            "{SECURITY} names tests that are not there: {}",
            missing.join(", ")
        );
    }
    println!(
        "{} tests named in {SECURITY}, all of them there",
        named.len()
    );
    Ok(())
}

/// What is written as code and reads like the name of a test.
fn names_in(text: &str) -> BTreeSet<String> {
    let code = text.split('`').skip(1).step_by(2);
    code.filter(|code| code.matches('_').count() >= 3 && !code.contains('/'))
        .map(str::to_owned)
        .collect()
}

fn found(root: &Path) -> anyhow::Result<Found> {
    let mut found = Found::new();
    visit(root, &mut |path, source| {
        let Some(place) = place_of(path.strip_prefix(root).unwrap_or(path)) else {
            return;
        };
        for test in tests_in(source) {
            if let Some(rule) = rule_of(&test) {
                found.entry((rule, place)).or_default().push(test);
            }
        }
    })?;
    for names in found.values_mut() {
        names.sort();
        names.dedup();
    }
    Ok(found)
}

/// Shows `look` each source in and below `folder`.
fn visit(folder: &Path, look: &mut impl FnMut(&Path, &str)) -> anyhow::Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name == "target" || name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            visit(&path, look)?;
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            look(&path, &text);
        }
    }
    Ok(())
}

/// The first of [`PLACES`] that has the file.
fn place_of(file: &Path) -> Option<usize> {
    PLACES
        .iter()
        .position(|(_, folders)| folders.iter().any(|folder| file.starts_with(folder)))
}

/// The tests in a source.
fn tests_in(source: &str) -> Vec<String> {
    let mut is_test = false;
    let mut tests = Vec::new();
    for line in source.lines() {
        let line = line.trim_start();
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
            continue;
        }
        let function = line.strip_prefix("async ").unwrap_or(line);
        if let Some(rest) = function.strip_prefix("fn ") {
            let in_name = |c: &char| *c == '_' || c.is_alphanumeric();
            if is_test {
                tests.push(rest.chars().take_while(in_name).collect());
            }
            is_test = false;
        }
    }
    tests
}

/// `h5_nothing_is_seen` is of H5.
fn rule_of(test: &str) -> Option<String> {
    let (rule, _) = test.split_once('_')?;
    let rule = rule.to_uppercase();
    RULES.iter().any(|(id, _)| *id == rule).then_some(rule)
}

fn table(found: &Found) -> Result<String, fmt::Error> {
    let mut table = String::from(
        "# Rules and their tests\n\n\
         What the product promises, rule by rule, and the tests named after each. `cargo xtask rules` writes this \
         file.\n\n| rule | | ",
    );
    for (place, _) in PLACES {
        table.push_str(place);
        table.push_str(" | ");
    }
    table.push_str("\n| --- | --- | --- | --- | --- | --- |\n");
    for (rule, words) in RULES {
        let counts = (0..PLACES.len()).map(|place| count(found, rule, place));
        let counts: Vec<String> = counts
            .map(|count| {
                if count == 0 {
                    "-".to_owned()
                } else {
                    count.to_string()
                }
            })
            .collect();
        writeln!(table, "| {rule} | {words} | {} |", counts.join(" | "))?;
    }
    for (place, (words, _)) in PLACES.iter().enumerate().take(1) {
        write!(table, "\n## By {words}\n\n")?;
        for (rule, _) in RULES {
            for test in found
                .get(&((*rule).to_owned(), place))
                .into_iter()
                .flatten()
            {
                let told = test.split_once('_').map_or("", |(_, told)| told);
                writeln!(table, "- **{rule}** {}", told.replace('_', " "))?;
            }
        }
    }
    Ok(table)
}

fn count(found: &Found, rule: &str, place: usize) -> usize {
    found.get(&(rule.to_owned(), place)).map_or(0, Vec::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_known_by_the_rule_in_their_names() {
        let source = "
            #[test]
            fn h5_nothing_is_seen_before_yes() {}
            #[tokio::test(start_paused = true)]
            async fn s1_a_key_arrives() {}
            fn h5_helper() {}
            #[test]
            fn p95_is_counted() {}";
        let tests = tests_in(source);
        let rules: Vec<_> = tests.iter().map(|test| rule_of(test)).collect();
        let rule = |rule: &str| Some(rule.to_owned());
        assert_eq!(rules, [rule("H5"), rule("S1"), None], "{tests:?}");
    }

    #[test]
    fn a_document_names_tests_as_code() {
        let text =
            "proved by `h5_nothing_is_seen_before_yes`, see `hub/tests/a_b_c_d.rs` and `See`";
        let names: Vec<_> = names_in(text).into_iter().collect();
        assert_eq!(names, ["h5_nothing_is_seen_before_yes"]);
    }

    #[test]
    fn what_is_nearest_to_a_user_counts() {
        assert_eq!(place_of(Path::new("tests/tests/keys.rs")), Some(0));
        assert_eq!(place_of(Path::new("hub/tests/files.rs")), Some(1));
        assert_eq!(place_of(Path::new("hub/admin/src/views.rs")), Some(2));
        assert_eq!(place_of(Path::new("hub/src/relay.rs")), Some(3));
    }
}
