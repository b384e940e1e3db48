//! Every network that users sit in, with real tools in network namespaces: whether a session comes about,
//! by which way, how soon, and how quick its keys are.

mod rows;
mod session;
mod table;
mod way;

use std::path::PathBuf;

use anyhow::{bail, ensure};

pub use rows::{Event, Limits, ROWS, Row, WantedRoute, Way};
pub use session::{Measured, measure};
pub use table::Found;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Only the rows with these words in their names; all if empty.
    pub only: Vec<String>,
    /// How many keys are pressed in each.
    pub keys: usize,
    pub json: bool,
    /// A document that gets the table.
    pub markdown: Option<PathBuf>,
}

/// Tries the networks one after another, and tells the table.
///
/// # Errors
///
/// If a network cannot be had, or does not keep what is promised of it; what was found is told before.
pub fn play(wanted: &Wanted, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    ensure!(wanted.keys > 0, "without keys there is nothing to measure");
    let chosen = |row: &&Row| {
        let mut words = wanted.only.iter();
        wanted.only.is_empty() || words.any(|word| row.name.contains(word.as_str()))
    };
    let mut found = Vec::new();
    for row in ROWS.iter().filter(chosen) {
        // a play on a busy machine may trip over itself; whoever reads the table is told
        let mut first_try = None;
        let measured = measure(row, wanted.keys).or_else(|error| {
            first_try = Some(format!("{error:#}"));
            measure(row, wanted.keys)
        });
        let one = Found::of(row, measured, first_try);
        if !wanted.json {
            let told = if one.faults.is_empty() {
                "done".to_owned()
            } else {
                one.faults.join("; ")
            };
            tell(&format!("{}: {told}", row.name));
        }
        found.push(one);
    }
    ensure!(!found.is_empty(), "no network has such a name");
    let table = table::markdown(&found);
    if wanted.json {
        tell(&serde_json::to_string_pretty(&found)?);
    } else {
        tell(&format!("\n{table}"));
    }
    if let Some(document) = &wanted.markdown {
        table::write(&table, document)?;
    }
    let faulty = found.iter().filter(|one| !one.faults.is_empty()).count();
    if faulty > 0 {
        bail!(
            "{faulty} of {} networks are not as they should",
            found.len()
        );
    }
    Ok(())
}
