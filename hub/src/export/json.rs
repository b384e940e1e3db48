//! What leaves the hub for other programs, as JSON.

use protocol::admin::audit::{ActorKind, AuditRow};
use protocol::admin::films::{Film, Standing};
use protocol::admin::reports::{FieldValue, Ledger, WholeReport};
use protocol::{Feedback, ReportDraft, ReportFacts};
use serde_json::{Value, json};

use crate::catalogue::{ReportSheet, ended_by_word};

/// A report with its newest words.
pub fn sheet_to_json(sheet: &ReportSheet) -> Value {
    let ReportSheet {
        facts,
        draft,
        fields,
        finished,
        saved_unix_millis,
        ledger,
        corrections,
        feedback,
    } = sheet;
    let mut value = facts_to_json(facts, draft, fields, ledger);
    value["finished"] = json!(finished);
    value["saved_unix_millis"] = json!(saved_unix_millis);
    value["corrections"] = json!(corrections);
    value["feedback"] = feedback_to_json(feedback.as_ref());
    value
}

/// A report with everything known of it.
pub fn whole_to_json(report: &WholeReport) -> Value {
    let WholeReport {
        facts,
        draft,
        fields,
        finished,
        saved_unix_millis,
        ledger,
        corrections,
        chat,
        earlier,
        feedback,
    } = report;
    let mut value = facts_to_json(facts, draft, fields, ledger);
    value["finished"] = json!(finished);
    value["saved_unix_millis"] = json!(saved_unix_millis);
    let corrections = corrections.iter().map(|correction| {
        json!({
            "number": correction.number,
            "at_unix_millis": correction.at_unix_millis,
            "by": correction.by.as_str(),
            "reason": correction.reason.as_str(),
        })
    });
    value["corrections"] = corrections.collect();
    value["feedback"] = feedback_to_json(feedback.as_ref());
    let chat = chat.rows.iter().map(|line| {
        json!({
            "at_unix_seconds": line.at_unix_seconds,
            "by_user": line.by_user,
            "name": line.name.as_str(),
            "text": line.text.as_str(),
        })
    });
    value["chat"] = chat.collect();
    let earlier = earlier.iter().map(|row| {
        json!({
            "report": row.report.0,
            "started_unix_millis": row.started_unix_millis,
            "operator": row.operators.as_str(),
            "problem": row.problem.as_str(),
        })
    });
    value["earlier"] = earlier.collect();
    value
}

/// What the user said of it, if they did.
fn feedback_to_json(feedback: Option<&Feedback>) -> Value {
    feedback.map_or(
        Value::Null,
        |feedback| json!({ "stars": feedback.stars.number(), "words": feedback.words.as_str() }),
    )
}

fn facts_to_json(
    facts: &ReportFacts,
    draft: &ReportDraft,
    fields: &[FieldValue],
    ledger: &Ledger,
) -> Value {
    let fields = fields
        .iter()
        .map(|field| (field.name.to_string(), Value::from(field.value.as_str())));
    let fields: serde_json::Map<String, Value> = fields.collect();
    json!({
        "report": facts.report.0,
        "session": facts.session.0,
        "requester": facts.requester.as_str(),
        "operator": facts.operator.as_str(),
        "host": facts.host.as_str(),
        "ticket": facts.ticket.map(|ticket| ticket.to_string()),
        "started_unix_seconds": facts.started_unix_seconds,
        "ended_unix_seconds": facts.ended_unix_seconds,
        "problem": draft.problem.as_str(),
        "solution": draft.solution.as_str(),
        "category": draft.category.as_str(),
        "notes": draft.notes.as_str(),
        "fields": fields,
        "ledger": {
            "connected_seconds": ledger.connected_seconds,
            "waiting_seconds": ledger.waiting_seconds,
            "active_seconds": ledger.active_seconds,
            "idle_seconds": ledger.idle_seconds,
            "paused_seconds": ledger.paused_seconds,
        },
    })
}

/// A film in the catalogue.
pub fn film_to_json(film: &Film) -> Value {
    json!({
        "id": film.session.0,
        "operator": film.operators.as_str(),
        "requester": film.requester.as_str(),
        "host": film.host.as_str(),
        "ticket": film.ticket.map(|route| route.to_string()),
        "started_unix_millis": film.started_unix_millis,
        "ended_unix_millis": film.ended_unix_millis,
        "ended_by": film.ended_by.map(ended_by_word),
        "bytes": film.bytes,
        "state": standing_word(film.standing),
        "held": film.held.as_ref().map(|hold| json!({
            "by": hold.by.as_str(),
            "since_unix_millis": hold.since_unix_millis,
            "reason": hold.reason.as_str(),
        })),
    })
}

/// The word for it in tables and JSON.
pub fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Running => "running",
        Standing::Finished => "finished",
        Standing::Erased => "erased",
    }
}

/// A row of the audit log.
pub fn audit_to_json(row: &AuditRow) -> Value {
    let detail = serde_json::from_str::<Value>(&row.detail);
    json!({
        "row": row.row,
        "at_unix_millis": row.at_unix_millis,
        "kind": row.kind.map(kind_word),
        "actor": row.actor.as_str(),
        "action": row.action.as_str(),
        // what was cut is no JSON any more
        "detail": detail.unwrap_or_else(|_cut| Value::from(row.detail.as_str())),
    })
}

/// The word for it in tables and JSON.
pub fn kind_word(kind: ActorKind) -> &'static str {
    match kind {
        ActorKind::Hub => "hub",
        ActorKind::Account => "account",
        ActorKind::Host => "host",
        ActorKind::CommandLine => "command line",
        ActorKind::Stranger => "stranger",
    }
}
