//! Reports that are being written, and the drafts of earlier ones (D1).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::admin::reports::{Field, FieldDefinition, FieldText, FieldValue, ReportRow};
use protocol::control::Name;
use protocol::{Feedback, Proposal, ReportDraft, ReportFacts, ReportId, SessionId};

/// How long after the last key stroke what was typed is saved, in seconds.
pub const AUTOSAVE_AFTER_SECONDS: f64 = 0.8;

/// Most sessions with notes that are remembered from an earlier run; those of the oldest go, whose reports
/// somebody else wrote.
const MOST_NOTED: usize = 100;

/// The text of a report as it is typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportText {
    pub problem: String,
    pub solution: String,
    pub category: String,
    pub notes: String,
}

impl From<&ReportDraft> for ReportText {
    fn from(draft: &ReportDraft) -> Self {
        Self {
            problem: draft.problem.to_string(),
            solution: draft.solution.to_string(),
            category: draft.category.to_string(),
            notes: draft.notes.to_string(),
        }
    }
}

impl ReportText {
    /// As it goes to the hub.
    pub fn to_draft(&self) -> ReportDraft {
        ReportDraft {
            problem: self.problem.as_str().into(),
            solution: self.solution.as_str().into(),
            category: self.category.as_str().into(),
            notes: self.notes.as_str().into(),
        }
    }

    /// Cuts each field to what the hub takes, so that nothing is cut unseen later.
    pub fn keep_within_limits(&mut self) {
        let draft = self.to_draft();
        for (field, kept) in [
            (&mut self.problem, draft.problem.as_str()),
            (&mut self.solution, draft.solution.as_str()),
            (&mut self.category, draft.category.as_str()),
            (&mut self.notes, draft.notes.as_str()),
        ] {
            if field.len() != kept.len() {
                kept.clone_into(field);
            }
        }
    }
}

/// How far the open text is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Saved {
    /// Nothing was typed since the hub confirmed.
    #[default]
    WithHub,
    /// On this computer's disk, on its way to the hub.
    OnDisk,
    /// Typed a moment ago.
    Typed,
    /// The hub does not take it; it stays on this computer's disk.
    Refused,
}

/// What the hub told about a report that is being written. None of it is the operator's text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    pub proposal: Proposal,
    /// The newest reports of the same host or requester.
    pub earlier: Vec<ReportRow>,
    /// The organisation's; without any the usual ones are offered.
    pub categories: Vec<Name>,
    /// What the organisation asks besides.
    pub fields: Vec<Field>,
    /// The hub has said what the report has in them; they wait for that.
    pub told: bool,
    /// What the user said of it.
    pub feedback: Option<Feedback>,
}

/// A report in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenReport {
    pub facts: ReportFacts,
    pub text: ReportText,
    pub saved: Saved,
    /// When the last key was pressed, in seconds of the main window's clock.
    pub typed_at_seconds: f64,
    /// **Finish** was pressed; closes once the hub has confirmed.
    pub finishing: bool,
    pub about: Arc<About>,
    /// The hub was asked about it, in this connection.
    pub asked: bool,
    /// What the organisation's fields have, by their number.
    pub fields: BTreeMap<u32, String>,
    /// **Finish** was pressed while a field was empty.
    pub finish_refused: bool,
}

impl OpenReport {
    /// What is in `field`.
    pub fn value(&self, field: &Field) -> &str {
        self.fields.get(&field.id).map_or("", String::as_str)
    }

    /// Whether every field has what the organisation wants there.
    pub fn may_finish(&self) -> bool {
        let mut fields = self.about.fields.iter();
        fields.all(|field| lets_finish(&field.definition, self.value(field)))
    }

    /// As they go to the hub, half-written ones too; none before it has told them.
    pub fn field_values(&self) -> Vec<FieldValue> {
        let fields = self.about.fields.iter().filter(|_| self.about.told);
        fields
            .map(|field| FieldValue {
                field: field.id,
                name: field.definition.name.clone(),
                value: FieldText::cut(self.value(field)),
            })
            .collect()
    }
}

/// Whether a report can be finished with `value` in the field.
pub fn lets_finish(definition: &FieldDefinition, value: &str) -> bool {
    let missing = definition.required && value.trim().is_empty();
    !missing && definition.kind.takes(value)
}

/// An open report, which its window and the program share.
#[derive(Debug, Clone)]
pub struct Shared(Arc<Mutex<OpenReport>>);

impl Shared {
    /// The report, for as long as nobody else needs it.
    pub fn lock(&self) -> MutexGuard<'_, OpenReport> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(&self, report: ReportId) -> bool {
        self.lock().facts.report == report
    }
}

/// Open reports and drafts.
#[derive(Debug, Default)]
pub struct Reports {
    pub open: Vec<Shared>,
    pub drafts: Vec<(ReportFacts, ReportDraft)>,
    categories: Vec<Name>,
    fields: Vec<Field>,
    /// What is to be in the notes of reports whose sessions still run.
    notes: BTreeMap<SessionId, Vec<String>>,
}

impl Reports {
    /// Puts `text` into the notes of a session's report, when there is one.
    pub fn add_note(&mut self, session: SessionId, text: String) {
        self.notes.entry(session).or_default().push(text);
    }

    /// What was put into the notes of a session that is over.
    pub fn take_notes(&mut self, session: SessionId) -> Vec<String> {
        self.notes.remove(&session).unwrap_or_default()
    }

    /// What is to be in the notes of reports whose sessions still run.
    pub fn notes(&self) -> &BTreeMap<SessionId, Vec<String>> {
        &self.notes
    }

    /// Takes the notes of an earlier run.
    pub fn put_notes(&mut self, notes: BTreeMap<SessionId, Vec<String>>) {
        self.notes = notes;
        while self.notes.len() > MOST_NOTED {
            self.notes.pop_first();
        }
    }

    /// Opens a window for a report, or finds the one that is open.
    pub fn open(&mut self, facts: ReportFacts, draft: &ReportDraft) {
        let report = facts.report;
        if self.get(report).is_none() {
            let open = OpenReport {
                facts,
                text: ReportText::from(draft),
                saved: Saved::WithHub,
                typed_at_seconds: 0.0,
                finishing: false,
                about: Arc::new(About {
                    categories: self.categories.clone(),
                    fields: self.fields.clone(),
                    ..About::default()
                }),
                asked: false,
                fields: BTreeMap::new(),
                finish_refused: false,
            };
            self.open.push(Shared(Arc::new(Mutex::new(open))));
        }
    }

    pub fn get(&self, report: ReportId) -> Option<MutexGuard<'_, OpenReport>> {
        self.open
            .iter()
            .find(|open| open.is(report))
            .map(Shared::lock)
    }

    /// What the organisation asks of reports, told at the beginning of each connection: an answer that
    /// the one before did not bring is asked for again.
    pub fn forms(&mut self, categories: Vec<Name>, fields: Vec<Field>) {
        for open in &self.open {
            let mut open = open.lock();
            open.asked = false;
            let about = Arc::make_mut(&mut open.about);
            about.categories.clone_from(&categories);
            about.fields.clone_from(&fields);
        }
        (self.categories, self.fields) = (categories, fields);
    }

    /// The hub's answer about a report; what was typed into the fields since stays.
    pub fn told(
        &self,
        report: ReportId,
        proposal: Proposal,
        values: Vec<FieldValue>,
        earlier: Vec<ReportRow>,
    ) {
        if let Some(mut open) = self.get(report) {
            for value in values {
                let kept = open.fields.entry(value.field);
                kept.or_insert_with(|| value.value.to_string());
            }
            let about = Arc::make_mut(&mut open.about);
            (about.proposal, about.earlier, about.told) = (proposal, earlier, true);
        }
    }

    /// What the user said of the assistance.
    pub fn rated(&self, report: ReportId, feedback: Feedback) {
        if let Some(mut open) = self.get(report) {
            Arc::make_mut(&mut open.about).feedback = Some(feedback);
        }
    }

    /// Those with something that is not saved yet.
    pub fn typed(&self) -> Vec<ReportId> {
        let open = self.open.iter().map(Shared::lock);
        let typed = open.filter(|open| open.saved == Saved::Typed);
        typed.map(|open| open.facts.report).collect()
    }

    /// Closes a window; the text stays among the drafts.
    pub fn close(&mut self, report: ReportId) {
        let Some(at) = self.open.iter().position(|open| open.is(report)) else {
            return;
        };
        let closed = self.open.remove(at);
        let closed = closed.lock();
        self.keep_draft(closed.facts.clone(), closed.text.to_draft());
    }

    /// Puts a draft into the list, or newer text into the one that is there.
    pub fn keep_draft(&mut self, facts: ReportFacts, draft: ReportDraft) {
        match self
            .drafts
            .iter_mut()
            .find(|(known, _)| known.report == facts.report)
        {
            Some((_, known)) => *known = draft,
            None => self.drafts.push((facts, draft)),
        }
    }

    /// A report is finished: it is no draft any longer.
    pub fn finished(&mut self, report: ReportId) {
        self.open.retain(|open| !open.is(report));
        self.drafts.retain(|(facts, _)| facts.report != report);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::SessionId;
    use protocol::limits::MAX_REPORT_FIELD_BYTES;

    fn facts() -> ReportFacts {
        ReportFacts {
            report: ReportId(1),
            session: SessionId(1),
            requester: "Anna".into(),
            operator: "Otto".into(),
            host: "ANNA-PC".into(),
            ticket: None,
            started_unix_seconds: 0,
            ended_unix_seconds: 90,
        }
    }

    #[test]
    fn d1_a_report_left_for_later_is_a_draft_with_its_text() {
        let mut reports = Reports::default();
        reports.open(facts(), &ReportDraft::default());
        let mut open = reports.get(ReportId(1)).expect("open");
        open.text.problem = "no sound".to_owned();
        drop(open);
        reports.open(facts(), &ReportDraft::default());
        assert_eq!(reports.open.len(), 1);
        reports.close(ReportId(1));
        assert_eq!(reports.drafts[0].1.problem.as_str(), "no sound");
        reports.finished(ReportId(1));
        assert!(reports.drafts.is_empty());
    }

    #[test]
    fn d1_the_hub_is_asked_again_after_a_new_connection_and_its_answer_is_no_text() {
        let mut reports = Reports::default();
        reports.open(facts(), &ReportDraft::default());
        reports.get(ReportId(1)).expect("open").asked = true;
        reports.forms(vec!["Printer".into()], Vec::new());
        let proposal = Proposal {
            problem: "no sound".into(),
            ..Proposal::default()
        };
        reports.told(ReportId(1), proposal, Vec::new(), Vec::new());
        let open = reports.get(ReportId(1)).expect("open");
        assert!(!open.asked);
        assert_eq!(open.about.proposal.problem.as_str(), "no sound");
        assert_eq!(open.about.categories, ["Printer".into()]);
        assert_eq!(
            (&open.text, open.saved),
            (&ReportText::default(), Saved::WithHub)
        );
        drop(open);
        reports.close(ReportId(1));
        assert_eq!(reports.drafts[0].1, ReportDraft::default());
        reports.open(facts(), &ReportDraft::default());
        let open = reports.get(ReportId(1)).expect("open");
        assert_eq!(open.about.categories, ["Printer".into()]);
    }

    #[test]
    fn d1_fields_wait_for_the_hub_and_keep_what_was_typed_when_it_tells_again() {
        let field = Field {
            id: 4,
            definition: FieldDefinition {
                name: "Cost centre".into(),
                kind: protocol::admin::reports::FieldKind::Number,
                required: true,
            },
        };
        let has = |value: &str| {
            vec![FieldValue {
                field: 4,
                name: "Cost centre".into(),
                value: value.into(),
            }]
        };
        let mut reports = Reports::default();
        reports.open(facts(), &ReportDraft::default());
        reports.forms(Vec::new(), vec![field]);
        let values = |reports: &Reports| reports.get(ReportId(1)).expect("open").field_values();
        // nothing of the hub's is wiped out by what is not known here
        assert!(values(&reports).is_empty());
        reports.told(ReportId(1), Proposal::default(), has("7"), Vec::new());
        assert_eq!(values(&reports), has("7"));
        let mut open = reports.get(ReportId(1)).expect("open");
        open.fields.insert(4, "77,".to_owned());
        drop(open);
        reports.told(ReportId(1), Proposal::default(), has("7"), Vec::new());
        assert_eq!(values(&reports), has("77,"), "half-written, and not lost");
        assert!(!reports.get(ReportId(1)).expect("open").may_finish());
    }

    #[test]
    fn e4_text_beyond_the_limit_is_cut_before_the_eyes_of_its_writer() {
        let mut text = ReportText {
            notes: "é".repeat(MAX_REPORT_FIELD_BYTES),
            ..ReportText::default()
        };
        text.keep_within_limits();
        assert_eq!(text.notes.len(), MAX_REPORT_FIELD_BYTES);
        assert_eq!(ReportText::from(&text.to_draft()), text);
    }
}
