//! Who is connected and which sessions run, asked of the hub that serves the data folder.

use anyhow::{bail, ensure};
use hub::local::{LocalAnswer, LocalQuestion, MOST_REASON_BYTES, ask_running};
use protocol::admin::desk::LiveSession;
use protocol::control::Name;
use protocol::{Entry, EntryKind, SessionId};
use serde_json::json;

use super::super::DataArgs;
use super::super::table::{Table, time_text};
use super::list::{ListArgs, print_json};
use super::say;
use super::sign_ins::SignInNumber;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum SessionCommand {
    /// End a session that `sessions` lists, at once and for everybody in it.
    End {
        /// The session's number.
        id: u64,
        /// Why; it is kept in the audit log.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        data: DataArgs,
    },
}

fn live(args: &DataArgs) -> anyhow::Result<(Vec<Entry>, Vec<LiveSession>)> {
    match ask_running(&args.data, LocalQuestion::Live)? {
        LocalAnswer::Live {
            connected,
            sessions,
        } => Ok((connected, sessions)),
        other @ (LocalAnswer::Done
        | LocalAnswer::NotThere
        | LocalAnswer::Waking { .. }
        | LocalAnswer::Refused(_)) => {
            bail!("the hub did not answer: {other:?}")
        }
    }
}

pub(super) fn connected(args: &ListArgs) -> anyhow::Result<()> {
    let (rows, _) = live(&args.data)?;
    let kind = |kind| match kind {
        EntryKind::Operator => "operator",
        EntryKind::User => "user",
        EntryKind::PermanentHost => "permanent host",
    };
    if args.json() {
        return print_json(rows.iter().map(|row| {
            json!({
                "id": row.id.to_string(),
                "kind": kind(row.kind),
                "name": row.name.as_str(),
                "person": row.person.as_str(),
                "system": row.system.as_str(),
                "in_session_with": row.in_session_with.as_ref().map(Name::as_str),
                "since": time_text(row.since_unix_seconds.saturating_mul(1000)),
                "present": row.present,
            })
        }));
    }
    let heads = &["ID", "KIND", "NAME", "PERSON", "STATE", "SINCE"];
    let mut table = Table::new(heads);
    for row in rows {
        let state = match (row.present, row.in_session_with) {
            (false, _) => "out of reach".to_owned(),
            (true, Some(name)) => format!("in session with {name}"),
            (true, None) => "connected".to_owned(),
        };
        table.row(vec![
            row.id.to_string(),
            kind(row.kind).to_owned(),
            row.name.into_string(),
            row.person.into_string(),
            state,
            time_text(row.since_unix_seconds.saturating_mul(1000)),
        ]);
    }
    Ok(table.print(&mut std::io::stdout())?)
}

pub(super) fn sessions(args: &ListArgs) -> anyhow::Result<()> {
    let (_, rows) = live(&args.data)?;
    if args.json() {
        return print_json(rows.iter().map(|row| {
            let operators: Vec<&str> = row.operators.iter().map(Name::as_str).collect();
            json!({
                "session": row.session.0,
                "host": row.host.as_str(),
                "requester": row.requester.as_str(),
                "operators": operators,
                "started": time_text(row.started_unix_millis),
                "paused": row.paused,
                "film_bytes": row.film_bytes,
            })
        }));
    }
    let heads = &[
        "SESSION",
        "HOST",
        "REQUESTER",
        "OPERATORS",
        "STATE",
        "STARTED",
    ];
    let mut table = Table::new(heads);
    for row in rows {
        let operators: Vec<String> = row.operators.iter().map(ToString::to_string).collect();
        table.row(vec![
            row.session.0.to_string(),
            row.host.into_string(),
            row.requester.into_string(),
            operators.join(", "),
            if row.paused { "paused" } else { "running" }.to_owned(),
            time_text(row.started_unix_millis),
        ]);
    }
    Ok(table.print(&mut std::io::stdout())?)
}

pub(super) fn session(command: SessionCommand) -> anyhow::Result<()> {
    let SessionCommand::End { id, reason, data } = command;
    let reason = reason.trim().to_owned();
    ensure!(
        !reason.is_empty() && reason.len() <= MOST_REASON_BYTES,
        "a reason has from 1 to {MOST_REASON_BYTES} bytes"
    );
    let session = SessionId(id);
    let question = LocalQuestion::EndSession { session, reason };
    match ask_running(&data.data, question)? {
        LocalAnswer::Done => Ok(say(&format!("session {id} is over"))?),
        LocalAnswer::NotThere => bail!("session {id} does not run"),
        other @ (LocalAnswer::Live { .. }
        | LocalAnswer::Waking { .. }
        | LocalAnswer::Refused(_)) => {
            bail!("the hub did not answer: {other:?}")
        }
    }
}

pub(super) fn disconnect(data: &DataArgs, SignInNumber(peer): SignInNumber) -> anyhow::Result<()> {
    match ask_running(&data.data, LocalQuestion::Disconnect { peer })? {
        LocalAnswer::Done => Ok(say("it is sent away")?),
        LocalAnswer::NotThere => bail!("nobody with this id is connected"),
        other @ (LocalAnswer::Live { .. }
        | LocalAnswer::Waking { .. }
        | LocalAnswer::Refused(_)) => {
            bail!("the hub did not answer: {other:?}")
        }
    }
}
