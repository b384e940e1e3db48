//! Reports that are erased, by hand or by rule: nothing is left of them but their rows in the audit log (D5).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use protocol::admin::reports::{
    Answer, ExportFormat, ExportOf, FieldValue, Language, Question, ReportFilter, ReportSort,
    TotalsBy,
};
use protocol::admin::{self, Page, films};
use protocol::{
    HostToHub, HostWord, HubToOperator, OperatorToHub, Outcome, RefusalCode, ReportDraft, ReportId,
    Rights, SessionId,
};
use serde_json::Value;
use support::window::{Window, audited, hub_with_administrator};
use support::{PATIENCE, Pair, TestHub, run_hub, text};

/// Words that nobody else writes, as they are indexed: of problem, solution, notes, chat, a field, a
/// correction, and of a draft that was written over.
const WORDS: [&str; 7] = [
    "zyzzogeton",
    "quetzalli",
    "xylophagous",
    "jabberwocky",
    "ytterbium",
    "kwashiorkor",
    "vortexgun",
];

/// An assistance whose report has all of [`WORDS`], or none of them.
async fn assist(pair: &mut Pair, words: [&str; 7]) -> ReportId {
    let [problem, solution, notes, said, field, _correction, first] = words;
    let (session, _) = pair.start_session(Rights::SEE).await;
    let (line, text) = (session.0, said.into());
    pair.host_says(&HostWord::Chat { line, text }).await;
    pair.operator_hears().await;
    pair.host.send(&HostToHub::EndSession { session }).await;
    let report = pair.operator.wait_for(|m| match m {
        HubToOperator::SessionEnded { facts, .. } => Some(facts.report),
        _ => None,
    });
    let report = report.await;
    let value = FieldValue {
        field: 1,
        name: "Contract".into(),
        value: field.into(),
    };
    let fields = vec![value];
    let filled = OperatorToHub::FillFields { report, fields };
    pair.operator.send(&filled).await;
    for (problem, finished) in [(first, false), (problem, true)] {
        let draft = ReportDraft {
            problem: problem.into(),
            solution: solution.into(),
            category: "Printer".into(),
            notes: notes.into(),
        };
        let saved = OperatorToHub::SaveReport {
            report,
            draft,
            finished,
        };
        pair.operator.send(&saved).await;
        let saved = pair.operator.wait_for(|m| match m {
            HubToOperator::ReportSaved { outcome, .. } => Some(outcome),
            _ => None,
        });
        assert_eq!(saved.await, Outcome::Done);
    }
    report
}

fn says(data: &Path, args: &[&str]) -> String {
    let data = data.to_str().expect("a plain path");
    let output = run_hub(&[args, &["--data", data]].concat(), "");
    assert!(output.status.success(), "{args:?}: {}", text(&output));
    String::from_utf8(output.stdout).expect("text")
}

fn json(data: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&says(data, &[args, &["--json"]].concat())).expect("JSON")
}

/// A hub with two finished reports: the first has all of [`WORDS`].
async fn hub_with_reports() -> TestHub {
    let hub = hub_with_administrator();
    let field = ["report", "fields", "add", "Contract"];
    says(&hub.data, &field);
    let mut anna = hub.pair("anna").await;
    assert_eq!(assist(&mut anna, WORDS).await, ReportId(1));
    let mut bruno = hub.pair("bruno").await;
    let plain = ["Paper", "Filled", "none", "hello", "17", "", "Paper?"];
    assert_eq!(assist(&mut bruno, plain).await, ReportId(2));
    let correct = [
        "report", "correct", "1", "--notes", WORDS[5], "--reason", "typo",
    ];
    says(&hub.data, &correct);
    hub
}

/// Those of [`WORDS`] that stand in any file of the data folder but the films.
fn left(data: &Path) -> Vec<&'static str> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(data).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            if !path.ends_with("films") {
                found.extend(left(&path));
            }
            continue;
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        found.extend(WORDS.iter().filter(|word| text.contains(**word)));
    }
    found
}

async fn ask(window: &mut Window, question: Question) -> Result<Answer, RefusalCode> {
    match window.ask_hub(admin::Question::Reports(question)).await {
        admin::Answer::Reports(answer) => Ok(answer),
        admin::Answer::Refused(refusal) => Err(refusal.code),
        other => panic!("{other:?}"),
    }
}

fn erase(report: u64, reason: &str) -> Question {
    Question::Erase {
        report: ReportId(report),
        reason: reason.into(),
    }
}

/// Makes an export, which waits to be fetched.
async fn exported(window: &mut Window, of: ExportOf) -> u32 {
    let export = Question::Export {
        of,
        format: ExportFormat::Json,
        language: Language::English,
        zone: "".into(),
    };
    match ask(window, export).await {
        Ok(Answer::Export { export, .. }) => export,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn d5_an_erased_report_is_nowhere_and_its_trace_is_in_the_audit_log() {
    let hub = hub_with_reports().await;
    let mut window = Window::signed_in(&hub, "carla").await;
    for word in WORDS {
        assert!(left(&hub.data).contains(&word), "{word} is there before");
    }
    let export = exported(&mut window, ExportOf::One(ReportId(1))).await;
    let no_reason = ask(&mut window, erase(1, "  ")).await;
    assert_eq!(no_reason, Err(RefusalCode::NO_REASON));
    let erased = ask(&mut window, erase(1, "Rossi asked for it")).await;
    assert_eq!(erased, Ok(Answer::Done));
    let again = ask(&mut window, erase(1, "again")).await;
    assert_eq!(again, Err(RefusalCode::REPORT_GONE));

    let part = Question::ExportPart { export, part: 0 };
    assert_eq!(
        ask(&mut window, part).await,
        Err(RefusalCode::EXPORT_GONE),
        "made before"
    );
    let show = Question::Show {
        report: ReportId(1),
    };
    assert_eq!(ask(&mut window, show).await, Err(RefusalCode::REPORT_GONE));
    for text in ["", "zyzz", "jabberwocky", "kwashiorkor"] {
        let filter = ReportFilter {
            text: text.into(),
            ..ReportFilter::default()
        };
        let page = Page { first: 0, rows: 50 };
        let sort = ReportSort::default();
        let Ok(Answer::List(rows)) = ask(&mut window, Question::list(filter, sort, page)).await
        else {
            panic!("no list");
        };
        let numbers: Vec<u64> = rows.rows.iter().map(|row| row.report.0).collect();
        let wanted: &[u64] = if text.is_empty() { &[2] } else { &[] };
        assert_eq!(
            (numbers.as_slice(), rows.total as usize),
            (wanted, wanted.len())
        );
    }
    let by = TotalsBy::Operator;
    let totals = Question::totals(ReportFilter::default(), by, "".into());
    let Ok(Answer::Totals(totals)) = ask(&mut window, totals).await else {
        panic!("no totals");
    };
    assert_eq!(totals.all.reports, 1);

    // all words are overwritten while the hub runs
    let end = Instant::now() + PATIENCE;
    while !left(&hub.data).is_empty() {
        assert!(Instant::now() < end, "{:?} are left", left(&hub.data));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let rows = audited(&hub, "report.erased");
    assert_eq!(rows.len(), 1);
    let (actor, detail) = &rows[0];
    assert_eq!(actor, "carla");
    for told in ["privacy", "Rossi asked for it", "1"] {
        assert!(detail.contains(told), "{detail}");
    }
    assert!(says(&hub.data, &["audit", "verify"]).contains("as they were written"));

    // the film stays, and a bundle of it has no report
    let bundle = hub.data.with_file_name("proof.zip");
    let path = bundle.to_str().expect("a plain path");
    says(&hub.data, &["film", "bundle", "1", path]);
    let mut zip = zip::ZipArchive::new(std::fs::File::open(&bundle).expect("made")).expect("a ZIP");
    let mut report = String::new();
    let mut file = zip.by_name("report.json").expect("there");
    std::io::Read::read_to_string(&mut file, &mut report).expect("text");
    assert_eq!(report.trim(), "null");
    drop(file);
    let copy = hub.data.with_file_name("copy");
    let to = copy.to_str().expect("a plain path");
    says(&hub.data, &["backup", to]);
    assert_eq!(left(&copy), Vec::<&str>::new());
}

#[tokio::test]
async fn d5_what_the_command_line_erases_is_not_fetched_any_more_and_the_rest_is() {
    let hub = hub_with_reports().await;
    let mut window = Window::signed_in(&hub, "carla").await;
    let export = exported(&mut window, ExportOf::One(ReportId(2))).await;
    says(&hub.data, &["report", "erase", "1", "--reason", "asked"]);
    let part = Question::ExportPart { export, part: 0 };
    let fetched = ask(&mut window, part).await;
    assert!(
        matches!(&fetched, Ok(Answer::Part(bytes)) if !bytes.is_empty()),
        "{fetched:?}"
    );

    let all = ExportOf::List {
        filter: ReportFilter::default(),
        sort: ReportSort::default(),
    };
    let export = exported(&mut window, all).await;
    says(&hub.data, &["report", "erase", "2", "--reason", "asked"]);
    let part = Question::ExportPart { export, part: 0 };
    assert_eq!(ask(&mut window, part).await, Err(RefusalCode::EXPORT_GONE));
}

#[tokio::test]
async fn d5_what_was_said_goes_with_an_erased_film() {
    let mut hub = hub_with_reports().await;
    hub.terminate();
    assert!(hub.wait(PATIENCE).is_some(), "the hub stops");
    let said = &WORDS[3];
    assert!(left(&hub.data).contains(said));
    says(&hub.data, &["film", "erase", "1", "--reason", "asked"]);
    let left = left(&hub.data);
    assert!(!left.contains(said), "{left:?}");
    assert!(left.contains(&WORDS[0]), "the report stays");
}

#[tokio::test]
async fn d5_no_report_gets_the_number_of_an_erased_one() {
    let mut hub = hub_with_reports().await;
    says(&hub.data, &["report", "erase", "2", "--reason", "asked"]);
    hub.terminate();
    assert!(hub.wait(PATIENCE).is_some(), "the hub stops");
    let hub = TestHub::serve(&hub.data, &[]);
    let mut anna = hub.pair("anna").await;
    let plain = ["Paper", "Filled", "none", "hello", "17", "", "Paper?"];
    assert_eq!(assist(&mut anna, plain).await, ReportId(3));
}

#[tokio::test]
async fn d5_the_command_line_erases_a_report_without_a_hub_that_runs() {
    let mut hub = hub_with_reports().await;
    hub.terminate();
    assert!(hub.wait(PATIENCE).is_some(), "the hub stops");
    let missing = run_hub(&["report", "erase", "1", "--data", hub.data_text()], "");
    assert!(!missing.status.success(), "without a reason");
    assert!(left(&hub.data).contains(&WORDS[0]));
    let erased = json(&hub.data, &["report", "erase", "1", "--reason", "asked"]);
    assert_eq!(erased["report"], 1);
    assert_eq!(left(&hub.data), Vec::<&str>::new());
    let listed = json(&hub.data, &["report", "list"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    let again = run_hub(
        &[
            "report",
            "erase",
            "1",
            "--reason",
            "asked",
            "--data",
            hub.data_text(),
        ],
        "",
    );
    assert!(text(&again).contains("no such report"), "{}", text(&again));
}

#[tokio::test]
async fn d5_reports_go_when_their_time_is_over_and_not_drafts_or_those_of_held_films() {
    let hub = hub_with_reports().await;
    let mut window = Window::signed_in(&hub, "carla").await;
    let mut anna = hub.pair("anna").await;
    let plain = ["Paper", "Filled", "none", "hello", "17", "", "Paper?"];
    for number in [3, 4] {
        assert_eq!(assist(&mut anna, plain).await, ReportId(number));
    }
    let hold = films::Question::Hold {
        session: SessionId(2),
        reason: "court".into(),
    };
    let held = window.ask_hub(admin::Question::Films(hold)).await;
    assert_eq!(held, admin::Answer::Films(films::Answer::Done));
    let refused = ask(&mut window, erase(2, "asked")).await;
    assert_eq!(refused, Err(RefusalCode::FILM_HELD));
    {
        // all but the last were saved three days ago, and one of them is a draft again
        let database = rusqlite::Connection::open(hub.data.join("hub.db")).expect("opened");
        let three_days = 3 * 24 * 3600 * 1000_i64;
        let sql = "UPDATE report SET saved_at = saved_at - ?1 WHERE id < 4";
        database.execute(sql, [three_days]).expect("changed");
        let sql = "UPDATE report SET finished = 0 WHERE id = 3";
        database.execute(sql, ()).expect("changed");
    }
    says(&hub.data, &["settings", "set", "report-days", "2"]);
    let numbers = || {
        let listed = json(&hub.data, &["report", "list"]);
        let numbers = listed.as_array().expect("a list").iter();
        numbers
            .filter_map(|row| row["report"].as_u64())
            .collect::<Vec<_>>()
    };
    let end = Instant::now() + PATIENCE;
    while numbers().len() > 3 || !left(&hub.data).is_empty() {
        assert!(
            Instant::now() < end,
            "{:?} {:?}",
            numbers(),
            left(&hub.data)
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(numbers(), [4, 3, 2]);
    let rows = audited(&hub, "report.erased");
    assert_eq!(rows.len(), 1);
    let (actor, detail) = &rows[0];
    assert_eq!(actor, "hub");
    assert!(detail.contains("kept for 2 days"), "{detail}");
}
