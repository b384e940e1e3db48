//! `hub film list`: which films there are, and what becomes of them.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;
use hub::catalogue::{self, ended_by_word};
use hub::export::{film_to_json, standing_word};
use hub::films;
use jiff::Timestamp;
use protocol::admin::Page;
use protocol::admin::films::{Film, Filter, Sort, Standing};
use serde_json::Value;

use crate::cli::table::{Table, duration_text, time_text};

#[derive(Debug, clap::Args)]
pub(crate) struct FilterArgs {
    /// Only films with an operator whose name has this in it.
    #[arg(long, value_name = "NAME", default_value = "")]
    operator: String,
    /// Only films of this requester.
    #[arg(long, value_name = "NAME", default_value = "")]
    requester: String,
    /// Only films of this host.
    #[arg(long, value_name = "NAME", default_value = "")]
    host: String,
    /// Only those that began at this time or later, for instance `2026-11-28T08:00:00Z`.
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only those that began before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Only running, finished or erased ones.
    #[arg(long, value_enum)]
    only: Option<Only>,
    /// Only those that are held.
    #[arg(long)]
    held: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Only {
    Running,
    Finished,
    Erased,
}

impl From<FilterArgs> for Filter {
    fn from(args: FilterArgs) -> Self {
        Self {
            operator: args.operator.as_str().into(),
            requester: args.requester.as_str().into(),
            host: args.host.as_str().into(),
            since_unix_millis: args.since.map(Timestamp::as_millisecond),
            until_unix_millis: args.until.map(Timestamp::as_millisecond),
            standing: args.only.map(|only| match only {
                Only::Running => Standing::Running,
                Only::Finished => Standing::Finished,
                Only::Erased => Standing::Erased,
            }),
            held: args.held.then_some(true),
        }
    }
}

pub(super) fn list(
    folder: &Path,
    filter: &Filter,
    limit: u32,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let catalogue = catalogue::open(folder)?;
    let mut films: Vec<Film> = Vec::new();
    loop {
        let first = u32::try_from(films.len()).unwrap_or(u32::MAX);
        let rows = u16::try_from(limit.saturating_sub(first)).unwrap_or(u16::MAX);
        let page = Page { first, rows };
        let found = catalogue.films(filter, Sort::default(), page)?;
        if found.rows.is_empty() {
            break;
        }
        films.extend(found.rows);
    }
    let mut out = std::io::stdout().lock();
    if as_json {
        let values: Vec<Value> = films.iter().map(|film| to_json(folder, film)).collect();
        writeln!(out, "{:#}", Value::from(values))?;
        return Ok(ExitCode::SUCCESS);
    }
    let heads = [
        "ID",
        "STARTED",
        "TIME",
        "OPERATORS",
        "REQUESTER",
        "HOST",
        "ENDED BY",
        "BYTES",
        "STATE",
    ];
    let mut table = Table::new(&heads);
    for film in films {
        let lasted = film.ended_unix_millis.map(|e| e - film.started_unix_millis);
        table.row(vec![
            film.session.to_string(),
            time_text(film.started_unix_millis),
            lasted.map_or_else(|| "running".to_owned(), |l| duration_text(l / 1000)),
            film.operators.to_string(),
            film.requester.to_string(),
            film.host.to_string(),
            film.ended_by.map_or("", ended_by_word).to_owned(),
            film.bytes.map_or(String::new(), |b| b.to_string()),
            if film.held.is_some() {
                "held".to_owned()
            } else {
                standing_word(film.standing).to_owned()
            },
        ]);
    }
    table.print(&mut out)?;
    Ok(ExitCode::SUCCESS)
}

fn to_json(folder: &Path, film: &Film) -> Value {
    let mut value = film_to_json(film);
    let path = folder.join(films::path_of(film.session));
    value["path"] = path.to_string_lossy().into();
    value
}
