//! What was found in all networks, as a table in Markdown whose columns also stand below each other.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::Serialize;

use super::rows::Row;
use super::session::Measured;
use crate::bench::aligned;

/// Where a document wants the table.
const BEGIN: &str = "<!-- cargo xtask networks -->\n";
const END: &str = "<!-- end of networks -->\n";

/// A row with what was found, and what is wrong with it.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    pub network: &'static str,
    /// What the line is made of.
    pub line: &'static str,
    #[serde(flatten)]
    pub measured: Option<Measured>,
    pub faults: Vec<String>,
    /// Why the first try came to nothing, if there was a second one.
    pub first_try: Option<String>,
}

impl Found {
    /// Judges what was found in the network of `row`.
    pub(super) fn of(
        row: &Row,
        measured: anyhow::Result<Measured>,
        first_try: Option<String>,
    ) -> Self {
        let line = match (row.plan.user_line, row.plan.router) {
            (Some(_), _) => "TUN relay",
            (None, true) => "veth, nftables",
            (None, false) => "veth",
        };
        let (measured, faults) = match measured {
            Ok(measured) => (Some(measured.clone()), faults(row, &measured)),
            Err(error) => (None, vec![format!("not measured: {error:#}")]),
        };
        Self {
            network: row.name,
            line,
            measured,
            faults,
            first_try,
        }
    }
}

fn faults(row: &Row, found: &Measured) -> Vec<String> {
    let mut faults = Vec::new();
    if !row.route.is(&found.user_route) {
        faults.push(format!(
            "came by {}, wanted {}",
            found.user_route,
            row.route.name()
        ));
    }
    let limits = [
        (
            "connected",
            found.user_connected_ms,
            row.limits.connected_ms,
        ),
        ("key p50", found.key_p50_ms, row.limits.key_p50_ms),
    ];
    for (what, took, limit) in limits {
        if let Some(limit) = limit.filter(|limit| took > *limit) {
            faults.push(format!("{what} {took:.0} ms, wanted {limit:.0} at most"));
        }
    }
    if found.wrong_pixels > 0 {
        faults.push(format!("{} pixels are wrong", found.wrong_pixels));
    }
    faults
}

/// The table, and below it what is wrong, and what was tried twice.
pub(super) fn markdown(found: &[Found]) -> String {
    let names = [
        "network",
        "way",
        "line",
        "connected, user / operator",
        "picture",
        "key p50",
        "p95",
        "stood still",
    ];
    let mut lines = vec![names.map(str::to_owned).to_vec()];
    for one in found {
        let mark = if one.faults.is_empty() { "" } else { " **!**" };
        let mut line = vec![format!("{}{mark}", one.network)];
        let figures = one.measured.as_ref().map(cells);
        let mut figures = figures.unwrap_or_else(|| vec!["-".to_owned(); names.len() - 2]);
        figures.insert(1, one.line.to_owned());
        line.extend(figures);
        lines.push(line);
    }
    let mut text = aligned(&lines);
    let notes = found.iter().flat_map(|one| {
        let faults = one.faults.iter().map(|fault| ("**!** ", fault));
        let twice = one
            .first_try
            .iter()
            .map(|why| ("second try, the first: ", why));
        faults
            .chain(twice)
            .map(move |(what, why)| (one.network, what, why))
    });
    for (number, (name, what, why)) in notes.enumerate() {
        let before = if number == 0 { "\n" } else { "" };
        let why: String = why
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(200)
            .collect();
        writeln!(text, "{before}- {name}: {what}{why}").expect("a string takes everything");
    }
    text
}

fn cells(found: &Measured) -> Vec<String> {
    let [user, operator] = [&found.user_route, &found.operator_route].map(|route| short(route));
    let ways = if user == operator {
        user.to_owned()
    } else {
        format!("{user} / {operator}")
    };
    let still = found.still_ms;
    vec![
        ways,
        format!(
            "{:.0} / {:.0}",
            found.user_connected_ms, found.operator_connected_ms
        ),
        format!("{:.0}", found.picture_ms),
        format!("{:.1}", found.key_p50_ms),
        format!("{:.1}", found.key_p95_ms),
        still.map_or_else(|| "-".to_owned(), |still| format!("{still:.0}")),
    ]
}

/// A way without what is another in every run.
fn short(route: &str) -> &str {
    match route {
        "UDP" | "TCP port 443" => route,
        _ if route.contains("proxy") => "proxy",
        _ => "TCP",
    }
}

/// Puts `table` between the two marks in the document `path`; a document that is not there is made.
pub(super) fn write(table: &str, path: &Path) -> anyhow::Result<()> {
    let document = if path.exists() {
        fs::read_to_string(path)?
    } else {
        format!("{BEGIN}{END}")
    };
    let (before, rest) = document
        .split_once(BEGIN)
        .with_context(|| format!("{} has no place for the table", path.display()))?;
    let end = rest.find(END);
    ensure!(end.is_some(), "the place of the table has no end");
    let after = &rest[end.unwrap_or_default()..];
    fs::write(path, format!("{before}{BEGIN}\n{table}\n{after}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::rows::ROWS;
    use super::*;

    fn measured() -> Measured {
        Measured {
            user_route: "TCP port 4711".to_owned(),
            operator_route: "TCP port 4711".to_owned(),
            user_connected_ms: 400.4,
            operator_connected_ms: 260.0,
            picture_ms: 210.0,
            key_p50_ms: 44.0,
            key_p95_ms: 51.0,
            keys: 60,
            still_ms: None,
            wrong_pixels: 0,
        }
    }

    fn slow() -> Row {
        let limited = |row: &&Row| row.limits.key_p50_ms.is_some();
        *ROWS.iter().find(limited).expect("one has limits")
    }

    #[test]
    fn what_is_wrong_is_marked_and_said() {
        let good = Found::of(&slow(), Ok(measured()), None);
        assert!(good.faults.is_empty(), "{:?}", good.faults);
        let late = Measured {
            user_connected_ms: 1300.0,
            key_p50_ms: 51.0,
            wrong_pixels: 3,
            user_route: "UDP".to_owned(),
            ..measured()
        };
        let late = Found::of(&slow(), Ok(late), Some("tripped".to_owned()));
        assert_eq!(late.faults.len(), 4, "{:?}", late.faults);
        let none = Found::of(&slow(), Err(anyhow::anyhow!("cannot start squid")), None);
        let text = markdown(&[good, late, none]);
        let marked = text.lines().filter(|line| line.contains("**!** |"));
        assert_eq!(marked.count(), 2, "{text}");
        assert!(text.contains("not measured: cannot start squid"), "{text}");
        assert!(text.contains("the first: tripped"), "{text}");
        assert!(text.contains(" 400 / 260 |"), "{text}");
        assert!(text.contains("| UDP / TCP |"), "{text}");
    }

    #[test]
    fn a_document_gets_the_table_at_its_place_again_and_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let document = folder.path().join("document.md");
        let text = format!("before\n{BEGIN}old\n{END}after\n");
        fs::write(&document, text).expect("written");
        for table in ["| 1 |\n", "| 2 |\n"] {
            write(table, &document).expect("written");
            let now = fs::read_to_string(&document).expect("there");
            assert_eq!(now, format!("before\n{BEGIN}\n{table}\n{END}after\n"));
        }
        let fresh = folder.path().join("fresh.md");
        write("| 1 |\n", &fresh).expect("written");
        fs::write(&document, "nothing").expect("written");
        assert!(write("| 1 |\n", &document).is_err());
    }
}
