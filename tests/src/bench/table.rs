//! A result of the benchmark as tables that people read: what each product took, and below each peer
//! what this product took in relation to it.

use std::fmt::Write as _;

use anyhow::Context as _;
use serde_json::Value;

/// What this product is called in results.
const OURS: &str = "purehelpdesk";

/// Why writing to a text does not fail.
const WHOLE: &str = "a string takes everything";

/// A figure: its name, and where it is found in what was measured.
struct Column {
    name: &'static str,
    decimals: usize,
    value: fn(&Value) -> Option<f64>,
}

const INPUT: [Column; 4] = [
    column("key p50", 1, |found| at(found, "/key/total_ms/median")),
    column("key p95", 1, |found| at(found, "/key/total_ms/p95")),
    column("click p50", 1, |found| at(found, "/click/total_ms/median")),
    column("click p95", 1, |found| at(found, "/click/total_ms/p95")),
];

const CONNECTION: [Column; 2] = [
    column("first pixel", 2, |found| at(found, "/first_pixel_s/median")),
    column("full picture", 2, |found| {
        at(found, "/full_picture_s/median")
    }),
];

const WORKLOAD: [Column; 10] = [
    column("updates/s", 1, |found| at(found, "/updates/per_second")),
    column("stale p50 ms", 0, |found| {
        at(found, "/updates/stale_ms/median")
    }),
    column("stale p95 ms", 0, |found| {
        at(found, "/updates/stale_ms/p95")
    }),
    column("kB/s", 1, |found| {
        Some(per_second(found, "/bytes/host_up")? / 1e3)
    }),
    column("then kB", 0, |found| {
        Some(at(found, "/bytes_settle/host_up")? / 1e3)
    }),
    column("host CPU ms/s", 0, |found| {
        Some(per_second(found, "/cpu_s/host")? * 1e3)
    }),
    column("relay CPU", 0, |found| {
        Some(per_second(found, "/cpu_s/relay")? * 1e3)
    }),
    column("viewer CPU", 0, |found| {
        Some(per_second(found, "/cpu_s/viewer")? * 1e3)
    }),
    column("exact %", 1, |found| {
        Some(at(found, "/fidelity/whole/exact")? * 1e2)
    }),
    column("others' CPU", 0, |found| {
        Some(per_second(found, "/other_cpu_s")? * 1e3)
    }),
];

const fn column(name: &'static str, decimals: usize, value: fn(&Value) -> Option<f64>) -> Column {
    Column {
        name,
        decimals,
        value,
    }
}

fn at(found: &Value, place: &str) -> Option<f64> {
    found.pointer(place)?.as_f64()
}

/// For each second of the workload.
fn per_second(found: &Value, place: &str) -> Option<f64> {
    Some(at(found, place)? / at(found, "/wall_s")?)
}

/// All of a result.
///
/// # Errors
///
/// If it is none.
pub(super) fn markdown(result: &Value) -> anyhow::Result<String> {
    let products = result["products"]
        .as_object()
        .context("a result has products")?;
    // this one first, whatever the order in the file
    let mut names: Vec<&str> = products.keys().map(String::as_str).collect();
    names.sort_by_key(|&name| name != OURS);
    let mut text = String::from("# Beside others, in one run\n\n");
    heading(&mut text, result, &names);
    let product = |name: &str| &products[name];

    section(&mut text, "Input to pixel, ms", "while", &INPUT, &{
        let mut groups = Vec::new();
        for (place, what) in [("latency", "at rest"), ("latency_busy", "busy")] {
            let rows = rows(&names, |name| product(name).get(place));
            let busy_with = names
                .iter()
                .find_map(|&name| product(name)["busy_with"].as_str());
            let what = busy_with.filter(|_| what == "busy").unwrap_or(what);
            groups.push((what, rows));
        }
        groups
    });
    section(&mut text, "Connection, s", "screen", &CONNECTION, &{
        let places = [("connect", "flat"), ("connect_desktop", "desktop")];
        places.map(|(place, what)| (what, rows(&names, |name| product(name).get(place))))
    });
    let mut workloads: Vec<&str> = Vec::new();
    for name in &names {
        for workload in product(name)["workloads"].as_object().into_iter().flatten() {
            if !workloads.contains(&workload.0.as_str()) {
                workloads.push(workload.0);
            }
        }
    }
    let groups: Vec<_> = workloads
        .iter()
        .map(|&workload| {
            let found = |name: &str| product(name)["workloads"].get(workload);
            (workload, rows(&names, found))
        })
        .collect();
    section(&mut text, "Workloads", "workload", &WORKLOAD, &groups);
    text.push_str(
        "\n*ours / peer*: below 1 is less; more updates and more exact pixels are better, of all else \
         less is. Stale: for how long the picture had been out of date, at any moment. *then kB*: in the \
         3 s afterwards.\n",
    );
    Ok(text)
}

fn heading(text: &mut String, result: &Value, names: &[&str]) {
    let word = |place: &str| result.pointer(place).and_then(Value::as_str).unwrap_or("?");
    let number = |place: &str| at(result, place).unwrap_or(0.0);
    let line = if result["shape"].is_object() {
        format!(
            "{} ms round trip, {} Mbit/s, {} % loss",
            number("/shape/rtt_ms"),
            number("/shape/rate_mbit"),
            number("/shape/loss_pct")
        )
    } else {
        "unshaped".to_owned()
    };
    writeln!(
        text,
        "{}; line: {line}; {}, {} CPUs",
        word("/meta/date"),
        word("/meta/cpu"),
        number("/meta/cpus")
    )
    .expect(WHOLE);
    for name in names {
        let product = &result["products"][name];
        let settings = product["settings"].as_str().unwrap_or_default();
        writeln!(text, "- {name}: {settings}").expect(WHOLE);
        if let Some(error) = product["error"].as_str() {
            writeln!(text, "  **failed**: {error}").expect(WHOLE);
        }
    }
}

/// What was found for each product that has something.
fn rows<'a>(
    names: &[&'a str],
    found: impl Fn(&str) -> Option<&'a Value>,
) -> Vec<(&'a str, &'a Value)> {
    let rows = names.iter().filter_map(|&name| Some((name, found(name)?)));
    rows.filter(|(_, found)| !found.is_null()).collect()
}

/// Rows of one table: a group's name, and what was found for each product.
type Group<'a> = (&'a str, Vec<(&'a str, &'a Value)>);

fn section(text: &mut String, title: &str, first: &str, columns: &[Column], groups: &[Group<'_>]) {
    let groups: Vec<_> = groups.iter().filter(|(_, rows)| !rows.is_empty()).collect();
    if groups.is_empty() {
        return;
    }
    let names = columns.iter().map(|column| column.name.to_owned());
    let mut lines = vec![line(first, "", names)];
    for (what, rows) in groups {
        let ours = rows.iter().find(|(name, _)| *name == OURS);
        for (name, found) in rows {
            let cells = columns.iter().map(|column| {
                let value = (column.value)(found);
                value.map_or_else(none, |value| format!("{value:.*}", column.decimals))
            });
            let failed = if found["error"].is_null() {
                ""
            } else {
                " (failed)"
            };
            lines.push(line(what, &format!("{name}{failed}"), cells));
            let Some((_, ours)) = ours.filter(|_| *name != OURS) else {
                continue;
            };
            let ratios = columns.iter().map(|column| {
                let pair = (column.value)(ours).zip((column.value)(found));
                pair.map_or_else(none, ratio)
            });
            lines.push(line(what, "*ours / peer*", ratios));
        }
    }
    write!(text, "\n## {title}\n\n{}", aligned(&lines)).expect(WHOLE);
}

fn none() -> String {
    "-".to_owned()
}

fn ratio((ours, theirs): (f64, f64)) -> String {
    match (ours == 0.0, theirs == 0.0) {
        (true, true) => "=".to_owned(),
        (false, true) => "more".to_owned(),
        _ if ours / theirs < 0.1 => format!("{:.3}", ours / theirs),
        _ => format!("{:.2}", ours / theirs),
    }
}

fn line(what: &str, name: &str, cells: impl Iterator<Item = String>) -> Vec<String> {
    let mut line = vec![what.to_owned(), name.to_owned()];
    line.extend(cells);
    line
}

/// A table in Markdown whose columns also stand below each other as plain text.
pub(crate) fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..columns)
        .map(|column| width(column).unwrap_or(0).max(3))
        .collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (column, (cell, &width)) in line.iter().zip(&widths).enumerate() {
            let cell = match column {
                0 | 1 => format!("| {cell:<width$} "),
                _ => format!("| {cell:>width$} "),
            };
            text.push_str(&cell);
        }
        text.push_str("|\n");
        if number == 0 {
            for (column, width) in widths.iter().enumerate() {
                let end = if column < 2 { '-' } else { ':' };
                write!(text, "| {}{end} ", "-".repeat(width - 1)).expect(WHOLE);
            }
            text.push_str("|\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result() -> Value {
        serde_json::json!({
            "meta": {"date": "2026-11-27", "cpu": "AMD EPYC", "cpus": 2},
            "shape": null,
            "products": {
                "tigervnc": {
                    "settings": "defaults",
                    "latency": {"key": {"total_ms": {"median": 10.0, "p95": 12.0}}},
                    "workloads": {
                        "idle": {"wall_s": 20.0, "bytes": {"host_up": 0}, "updates": null},
                        "scroll": {
                            "wall_s": 10.0, "bytes": {"host_up": 290_000_000},
                            "cpu_s": {"host": 5.0, "relay": 0},
                            "updates": {"per_second": 25.0, "stale_ms": {"median": 20, "p95": 60}},
                        },
                    },
                },
                "purehelpdesk": {
                    "settings": "true colour",
                    "latency": {"key": {"total_ms": {"median": 4.0, "p95": 9.0}}},
                    "workloads": {
                        "idle": {"wall_s": 20.0, "bytes": {"host_up": 6000}, "updates": null},
                        "scroll": {
                            "wall_s": 10.0, "bytes": {"host_up": 580_000},
                            "cpu_s": {"host": 2.0, "relay": 0.1},
                            "updates": {"per_second": 26.0, "stale_ms": {"median": 0, "p95": 21}},
                        },
                        "photos": {"error": "not in time"},
                    },
                },
            },
        })
    }

    /// The cells of the rows of `workload`, without spaces.
    fn rows_of(text: &str, what: &str) -> Vec<Vec<String>> {
        let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect();
        let rows = text.lines().map(cells);
        rows.filter(|row: &Vec<String>| row.get(1).is_some_and(|cell| cell == what))
            .collect()
    }

    #[test]
    fn each_peer_is_followed_by_the_ratio_to_it() {
        let text = markdown(&result()).expect("a table");
        let rows = rows_of(&text, "scroll");
        let names: Vec<_> = rows.iter().map(|row| row[2].as_str()).collect();
        assert_eq!(names, ["purehelpdesk", "tigervnc", "*ours / peer*"]);
        let kilobytes: Vec<_> = rows.iter().map(|row| row[6].as_str()).collect();
        assert_eq!(kilobytes, ["58.0", "29000.0", "0.002"]);
        let host: Vec<_> = rows.iter().map(|row| row[8].as_str()).collect();
        assert_eq!(host, ["200", "500", "0.40"]);
        // what a peer has none of is no ratio
        assert_eq!(rows[2][9], "more");
        let keys = rows_of(&text, "at rest");
        assert_eq!(keys[2][3..5], ["0.40", "0.75"]);
    }

    #[test]
    fn what_was_not_measured_is_a_dash_and_every_row_is_whole() {
        let text = markdown(&result()).expect("a table");
        let photos = rows_of(&text, "photos");
        assert_eq!(photos.len(), 1);
        assert_eq!(photos[0][2], "purehelpdesk (failed)");
        assert!(photos[0][3..13].iter().all(|cell| cell == "-"), "{text}");
        let table = text.lines().filter(|line| line.contains("scroll"));
        assert!(table.clone().count() >= 3);
        assert!(
            table.clone().all(|line| line.matches('|').count() == 13),
            "{text}"
        );
    }

    #[test]
    fn something_else_is_no_result() {
        assert!(markdown(&serde_json::json!({"products": 3})).is_err());
    }
}
