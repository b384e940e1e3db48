//! Reports that the hub has not confirmed yet. Whatever was typed is on this computer's disk until
//! it is with the hub (D1).

use std::collections::BTreeMap;

use protocol::admin::reports::FieldValue;
use protocol::{OperatorToHub, Outcome, ReportDraft, ReportFacts, ReportId};
use serde::{Deserialize, Serialize};

/// How the files' names begin, the most that are read at the start, and the most bytes of one.
pub(crate) const PREFIX: &str = "reports-";
pub(crate) const MAX_FILES: usize = 1000;
pub(crate) const MAX_FILE_BYTES: u64 = 1 << 20;

/// One report's text as it lies on disk. Plain JSON, so that a person can still read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptReport {
    /// Hub and user to whom the number belongs.
    pub(crate) owner: String,
    pub(crate) report: ReportId,
    pub(crate) draft: ReportDraft,
    #[serde(default)]
    pub(crate) fields: Vec<FieldValue>,
    pub(crate) finished: bool,
}

impl KeptReport {
    /// The file's name. Reports of different hubs have the same numbers, so the owner is in it.
    pub(crate) fn file_name(&self) -> String {
        format!("{PREFIX}{}-{}.json", short_name(&self.owner), self.report)
    }
}

/// Stands for hub and user in a file's name. FNV-1a: only short, no protection.
pub(crate) fn short_name(owner: &str) -> String {
    let hash = owner.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[derive(Debug)]
struct Unsaved {
    kept: KeptReport,
    /// What the hub was sent and has not answered.
    under_way: Option<KeptReport>,
    /// It was typed before this program started.
    rescued: bool,
    /// The hub does not take it; not sent again in this run.
    refused: bool,
}

/// What follows from an answer of the hub.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct AfterAnswer {
    /// The file can go.
    pub(crate) remove: Option<String>,
    /// Newer text is to be sent.
    pub(crate) send: Vec<OperatorToHub>,
    pub(crate) rescued: bool,
}

/// The unconfirmed reports of one operator at one hub.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    unsaved: BTreeMap<ReportId, Unsaved>,
}

impl Reports {
    /// Those of `owner` among what was found on disk.
    pub(crate) fn from_kept(kept: impl IntoIterator<Item = KeptReport>, owner: &str) -> Self {
        let unsaved = kept
            .into_iter()
            .filter(|kept| kept.owner == owner)
            .map(|kept| {
                let report = kept.report;
                (
                    report,
                    Unsaved {
                        kept,
                        under_way: None,
                        rescued: true,
                        refused: false,
                    },
                )
            });
        Self {
            unsaved: unsaved.collect(),
        }
    }

    /// Takes new text; the messages are for the hub, unless it has not answered the one before: then
    /// the newest text follows the answer.
    pub(crate) fn save(&mut self, kept: KeptReport) -> Vec<OperatorToHub> {
        let report = kept.report;
        let new = Unsaved {
            kept,
            under_way: None,
            rescued: false,
            refused: false,
        };
        let under_way = self
            .unsaved
            .remove(&report)
            .and_then(|before| before.under_way);
        self.unsaved.insert(report, Unsaved { under_way, ..new });
        self.send(report)
    }

    /// Everything that waits, after a log-in.
    pub(crate) fn send_all(&mut self) -> Vec<OperatorToHub> {
        let waiting: Vec<ReportId> = self.unsaved.keys().copied().collect();
        for unsaved in self.unsaved.values_mut() {
            unsaved.under_way = None;
            unsaved.refused = false;
        }
        waiting
            .into_iter()
            .flat_map(|report| self.send(report))
            .collect()
    }

    /// The fields go first: a finished report takes none.
    fn send(&mut self, report: ReportId) -> Vec<OperatorToHub> {
        let Some(unsaved) = self.unsaved.get_mut(&report) else {
            return Vec::new();
        };
        if unsaved.under_way.is_some() || unsaved.refused {
            return Vec::new();
        }
        let KeptReport {
            draft,
            fields,
            finished,
            ..
        } = unsaved.kept.clone();
        unsaved.under_way = Some(unsaved.kept.clone());
        let mut messages = Vec::new();
        if !fields.is_empty() {
            messages.push(OperatorToHub::FillFields { report, fields });
        }
        messages.push(OperatorToHub::SaveReport {
            report,
            draft,
            finished,
        });
        messages
    }

    /// Takes the hub's answer to the last message about `report`.
    pub(crate) fn answered(&mut self, report: ReportId, outcome: Outcome) -> AfterAnswer {
        let mut after = AfterAnswer::default();
        let Some(unsaved) = self.unsaved.get_mut(&report) else {
            return after;
        };
        let Some(sent) = unsaved.under_way.take() else {
            return after;
        };
        if sent != unsaved.kept {
            after.send = self.send(report);
        } else if outcome == Outcome::Done {
            after.remove = Some(unsaved.kept.file_name());
            after.rescued = unsaved.rescued;
            self.unsaved.remove(&report);
        } else {
            unsaved.refused = true;
        }
        after
    }

    /// Puts newer values of this computer over what the hub has in the organisation's fields.
    pub(crate) fn overlay_fields(&self, report: ReportId, fields: &mut Vec<FieldValue>) {
        if let Some(unsaved) = self.unsaved.get(&report)
            && !unsaved.kept.fields.is_empty()
        {
            fields.clone_from(&unsaved.kept.fields);
        }
    }

    /// Puts newer text of this computer over what the hub has.
    pub(crate) fn overlay(&self, drafts: &mut Vec<(ReportFacts, ReportDraft)>) {
        drafts.retain(|(facts, _)| {
            !self
                .unsaved
                .get(&facts.report)
                .is_some_and(|u| u.kept.finished)
        });
        for (facts, draft) in drafts {
            if let Some(unsaved) = self.unsaved.get(&facts.report) {
                *draft = unsaved.kept.draft.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::RefusalCode;

    fn kept(problem: &str) -> KeptReport {
        KeptReport {
            owner: "hub/anna".to_owned(),
            report: ReportId(3),
            draft: ReportDraft {
                problem: problem.into(),
                ..ReportDraft::default()
            },
            fields: Vec::new(),
            finished: false,
        }
    }

    fn sent(messages: Vec<OperatorToHub>) -> Option<String> {
        match messages.into_iter().next() {
            Some(OperatorToHub::SaveReport { draft, .. }) => Some(draft.problem.into_string()),
            Some(other) => panic!("{other:?}"),
            None => None,
        }
    }

    #[test]
    fn d1_one_save_is_under_way_and_the_newest_text_follows_its_answer() {
        let mut reports = Reports::default();
        assert_eq!(sent(reports.save(kept("a"))), Some("a".to_owned()));
        assert_eq!(sent(reports.save(kept("ab"))), None);
        assert_eq!(sent(reports.save(kept("abc"))), None);
        let after = reports.answered(ReportId(3), Outcome::Done);
        assert_eq!(
            (after.remove, sent(after.send)),
            (None, Some("abc".to_owned()))
        );
        let after = reports.answered(ReportId(3), Outcome::Done);
        assert_eq!(after.remove, Some(kept("").file_name()));
        assert!(!after.rescued);
    }

    #[test]
    fn d1_fields_go_before_the_text_that_may_finish_the_report() {
        let value = |value: &str| FieldValue {
            field: 4,
            name: "Cost centre".into(),
            value: value.into(),
        };
        let with = |value| KeptReport {
            fields: vec![value],
            finished: true,
            ..kept("a")
        };
        let mut reports = Reports::default();
        let messages = reports.save(with(value("7")));
        let (report, fields) = (ReportId(3), vec![value("7")]);
        assert_eq!(messages[0], OperatorToHub::FillFields { report, fields });
        assert_eq!(sent(messages[1..].to_vec()), Some("a".to_owned()));
        // another value alone is newer text too
        assert!(reports.save(with(value("77"))).is_empty());
        let after = reports.answered(report, Outcome::Done);
        let fields = vec![value("77")];
        assert_eq!(
            after.send[0],
            OperatorToHub::FillFields {
                report,
                fields: fields.clone()
            }
        );
        assert_eq!(after.remove, None);
        // the hub's answer about the report may be older
        let mut told = vec![value("7")];
        reports.overlay_fields(report, &mut told);
        assert_eq!(told, fields);
    }

    #[test]
    fn d1_a_file_from_before_there_were_fields_is_read() {
        let mut old = serde_json::to_value(kept("old")).expect("JSON");
        old.as_object_mut().expect("an object").remove("fields");
        let read: KeptReport = serde_json::from_value(old).expect("read");
        assert_eq!(read, kept("old"));
    }

    #[test]
    fn d1_what_the_hub_refuses_stays_on_disk() {
        let mut reports = Reports::default();
        reports.save(kept("a"));
        let refused = Outcome::Refused(RefusalCode::REPORT_GONE.into());
        assert_eq!(
            reports.answered(ReportId(3), refused),
            AfterAnswer::default()
        );
        assert_eq!(reports.send_all().len(), 1);
    }

    #[test]
    fn d1_what_was_typed_before_a_crash_is_sent_and_shown_again() {
        let mut reports = Reports::from_kept([kept("before the crash")], "hub/anna");
        let facts = ReportFacts {
            report: ReportId(3),
            session: protocol::SessionId(1),
            requester: "Anna".into(),
            operator: "Otto".into(),
            host: "ANNA-PC".into(),
            ticket: None,
            started_unix_seconds: 0,
            ended_unix_seconds: 60,
        };
        let mut drafts = vec![(facts, ReportDraft::default())];
        reports.overlay(&mut drafts);
        assert_eq!(drafts[0].1.problem.as_str(), "before the crash");
        assert_eq!(reports.send_all().len(), 1);
        assert!(reports.answered(ReportId(3), Outcome::Done).rescued);
    }

    #[test]
    fn reports_of_another_hub_or_user_are_left_alone() {
        let mut reports = Reports::from_kept([kept("secret")], "hub/otto");
        assert!(reports.send_all().is_empty());
    }
}
