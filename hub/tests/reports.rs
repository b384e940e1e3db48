//! Reports as an administrator finds, counts, corrects and exports them, over the network and on the
//! command line (D1, D3).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use protocol::admin::reports::{
    Answer, CategoryChange, Choice, ExportFormat, ExportOf, FieldChange, FieldDefinition,
    FieldKind, FieldValue, Language, Question, ReportColumn, ReportFilter, ReportGroups,
    ReportSort, TotalKey, TotalsBy, WholeReport,
};
use protocol::admin::{AdminToHub, HubToAdmin, Page};
use protocol::limits::MAX_ADMIN_FRAME_BYTES;
use protocol::{
    HostToHub, HostWord, HubToOperator, OperatorToHub, Outcome, Password, Refusal, RefusalCode,
    ReportDraft, ReportId, Rights, Role, admin,
};
use support::{PASSWORD, Pair, Peer, TestHub, run_hub, text};

/// An administrator's window that is signed in.
struct Window {
    peer: Peer,
    asked: u32,
}

impl Window {
    async fn open(hub: &TestHub, name: &str) -> Self {
        let mut peer = Peer::new(hub.connect(Role::Administrator).await.expect("greeted"));
        peer.greeted.reader.set_limit(MAX_ADMIN_FRAME_BYTES);
        let sign_in = AdminToHub::SignIn {
            user: name.into(),
            password: Password(PASSWORD.into()),
        };
        peer.send(&sign_in).await;
        let answer: HubToAdmin = peer.receive().await;
        assert!(matches!(answer, HubToAdmin::SignedIn { .. }), "{answer:?}");
        Self { peer, asked: 0 }
    }

    async fn ask(&mut self, question: Question) -> Result<Answer, Refusal> {
        self.asked += 1;
        let number = self.asked;
        let question = admin::Question::Reports(question);
        self.peer.send(&AdminToHub::Ask { number, question }).await;
        match self.peer.receive().await {
            HubToAdmin::Answered {
                number: of,
                answer: admin::Answer::Reports(answer),
            } if of == number => Ok(answer),
            HubToAdmin::Answered {
                answer: admin::Answer::Refused(refusal),
                ..
            } => Err(refusal),
            other => panic!("{other:?}"),
        }
    }

    async fn numbers(&mut self, filter: ReportFilter, sort: ReportSort) -> Vec<u64> {
        let page = Page { first: 0, rows: 50 };
        match self.ask(Question::list(filter, sort, page)).await {
            Ok(Answer::List(rows)) => {
                assert_eq!(rows.total as usize, rows.rows.len());
                rows.rows.iter().map(|row| row.report.0).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    async fn found(&mut self, text: &str) -> Vec<u64> {
        let filter = ReportFilter {
            text: text.into(),
            ..ReportFilter::default()
        };
        self.numbers(filter, ReportSort::default()).await
    }

    async fn show(&mut self, report: u64) -> WholeReport {
        let report = ReportId(report);
        match self.ask(Question::Show { report }).await {
            Ok(Answer::Report(report)) => *report,
            other => panic!("{other:?}"),
        }
    }

    async fn export(&mut self, of: ExportOf, format: ExportFormat) -> Vec<u8> {
        let question = Question::Export {
            of,
            format,
            language: Language::Italian,
            zone: "Europe/Rome".into(),
        };
        let Ok(Answer::Export { export, bytes, .. }) = self.ask(question).await else {
            panic!("no export");
        };
        let (mut whole, mut part) = (Vec::new(), 0);
        while (whole.len() as u64) < bytes {
            match self.ask(Question::ExportPart { export, part }).await {
                Ok(Answer::Part(bytes)) => whole.extend(bytes),
                other => panic!("{other:?}"),
            }
            part += 1;
        }
        let gone = self.ask(Question::ExportPart { export, part: 0 }).await;
        assert_eq!(gone, Err(RefusalCode::EXPORT_GONE.into()), "fetched");
        whole
    }
}

/// A hub with two finished reports and a draft: of Anna's the first two, of Bruno's the last.
async fn hub_with_reports() -> TestHub {
    let hub = TestHub::start();
    let data = hub.data_text();
    let args = [
        "admin",
        "add-operator",
        "carla",
        "--administrator",
        "--data",
        data,
    ];
    let added = run_hub(&args, &format!("{PASSWORD}\n"));
    assert!(added.status.success(), "{}", text(&added));
    let mut anna = hub.pair("anna").await;
    let words = ["La stampante è muta", "=cmd|'/C calc'!A0", "Printer"];
    assist(&mut anna, "Non sento più niente", words, true).await;
    assist(&mut anna, "Outlook", ["Outlook è lento", "", "Mail"], false).await;
    let mut bruno = hub.pair("bruno").await;
    let words = ["Password persa", "Rifatta", "Account"];
    assist(&mut bruno, "Wo ist der Drucker?", words, true).await;
    hub
}

async fn assist(pair: &mut Pair, said: &str, words: [&str; 3], finished: bool) {
    let (session, _) = pair.start_session(Rights::SEE).await;
    let line = session.0;
    let text = said.into();
    pair.host_says(&HostWord::Chat { line, text }).await;
    pair.operator_hears().await;
    pair.host.send(&HostToHub::EndSession { session }).await;
    let report = pair.operator.wait_for(|m| match m {
        HubToOperator::SessionEnded { facts, .. } => Some(facts.report),
        _ => None,
    });
    let report = report.await;
    let [problem, solution, category] = words;
    let draft = ReportDraft {
        problem: problem.into(),
        solution: solution.into(),
        category: category.into(),
        notes: "".into(),
    };
    let saved = OperatorToHub::SaveReport {
        report,
        draft,
        finished,
    };
    pair.operator.send(&saved).await;
    let saved = pair.operator.wait_for(|m| match m {
        HubToOperator::ReportSaved { .. } => Some(()),
        _ => None,
    });
    saved.await;
}

#[tokio::test]
async fn d3_reports_are_found_by_words_of_all_that_is_known_of_them() {
    let hub = hub_with_reports().await;
    let mut window = Window::open(&hub, "carla").await;
    assert_eq!(window.found("").await, [3, 2, 1]);
    for (typed, found) in [
        ("stampante muta", &[1][..]),
        ("E LENTO", &[2]),
        ("stamp", &[1]),
        ("stamp ", &[]),
        // the chat, people, computer, category
        ("piu niente", &[1]),
        ("drucker", &[3]),
        ("bruno", &[3]),
        ("pc-rossi printer", &[1]),
        // nothing of it is a language
        ("\"", &[]),
        ("NEAR(", &[]),
        ("problem:stampante", &[]),
        ("lento OR", &[]),
        ("*", &[]),
    ] {
        assert_eq!(window.found(typed).await, found, "{typed:?}");
    }
    let by = |column, descending| ReportSort { column, descending };
    for (column, ascending) in [
        (ReportColumn::Started, [1, 2, 3]),
        (ReportColumn::Operator, [1, 2, 3]),
        (ReportColumn::Category, [3, 2, 1]),
        (ReportColumn::Finished, [2, 1, 3]),
    ] {
        let mut expected = ascending;
        let all = ReportFilter::default;
        assert_eq!(window.numbers(all(), by(column, false)).await, expected);
        expected.reverse();
        assert_eq!(window.numbers(all(), by(column, true)).await, expected);
    }
    let only = |filter| (filter, ReportSort::default());
    for ((filter, sort), found) in [
        (
            only(ReportFilter {
                operator: Some("anna".into()),
                ..ReportFilter::default()
            }),
            &[2, 1][..],
        ),
        (
            only(ReportFilter {
                finished: Some(false),
                ..ReportFilter::default()
            }),
            &[2],
        ),
        (
            only(ReportFilter {
                until_unix_millis: Some(0),
                ..ReportFilter::default()
            }),
            &[],
        ),
    ] {
        assert_eq!(
            window.numbers(filter.clone(), sort).await,
            found,
            "{filter:?}"
        );
    }
    let question = Question::Choices {
        of: Choice::Category,
        begin: "m".into(),
    };
    let choices = window.ask(question).await;
    assert_eq!(choices, Ok(Answer::Choices(vec!["Mail".into()])));
    let question = Question::Totals {
        filter: ReportFilter::default(),
        by: TotalsBy::Operator,
        zone: "Europe/Rome".into(),
    };
    let Ok(Answer::Totals(totals)) = window.ask(question).await else {
        panic!("no totals");
    };
    assert_eq!(totals.all.reports, 3);
    let mut counts: Vec<_> = totals
        .rows
        .iter()
        .map(|row| match &row.key {
            TotalKey::Name(name) => (name.to_string(), row.total.reports),
            TotalKey::From { .. } => panic!("{row:?}"),
        })
        .collect();
    counts.sort();
    assert_eq!(counts, [("ANNA".to_owned(), 2), ("BRUNO".to_owned(), 1)]);
}

#[tokio::test]
async fn d1_a_report_counts_in_each_group_of_its_operator_and_once_in_all() {
    let hub = hub_with_reports().await;
    let said = |args: &[&str]| {
        let output = run_hub(&[args, &["--data", hub.data_text()]].concat(), "");
        assert!(output.status.success(), "{}", text(&output));
        output.stdout
    };
    for group in ["Day shift", "Printers"] {
        said(&["admin", "add-group", group]);
    }
    let groups = ["--group", "Day shift", "--group", "Printers"];
    said(&[&["admin", "change", "anna"][..], &groups].concat());
    let totals = said(&["report", "totals", "--by", "group", "--json"]);
    let said: serde_json::Value = serde_json::from_slice(&totals).expect("JSON");
    let rows = said["rows"].as_array().expect("rows");
    let mut counts: Vec<_> = rows
        .iter()
        .map(|row| (row["key"].as_str(), row["reports"].as_u64()))
        .collect();
    counts.sort();
    let wanted = [
        (Some(""), Some(1)),
        (Some("Day shift"), Some(2)),
        (Some("Printers"), Some(2)),
    ];
    assert_eq!(counts, wanted);
    assert_eq!(said["all"]["reports"], 3);
}

#[tokio::test]
async fn d3_reports_are_filtered_by_groups_of_operators_and_of_hosts() {
    let hub = hub_with_reports().await;
    let says = |args: &[&str]| {
        let output = run_hub(&[args, &["--data", hub.data_text()]].concat(), "");
        assert!(output.status.success(), "{}", text(&output));
        String::from_utf8(output.stdout).expect("text")
    };
    says(&["admin", "add-group", "Day shift"]);
    says(&["admin", "change", "anna", "--group", "Day shift"]);
    for group in ["Tills", "Offices"] {
        says(&["admin", "host", "add-group", group]);
    }
    {
        // one that is called like the computer of all reports, and one that calls itself another name
        let database = rusqlite::Connection::open(hub.data.join("hub.db")).expect("opened");
        let sql = "INSERT INTO host (key, given_name, computer, system, program, host_group, \
                   enrolled_at, enrolled_by, last_seen) VALUES \
                   (x'01', 'pc-rossi', 'X', '', '', 1, 0, '', 0), \
                   (x'02', '', 'Y', '', '', 2, 0, '', 0)";
        database.execute(sql, ()).expect("stored");
    }
    let mut window = Window::open(&hub, "carla").await;
    let of = |operators: Option<&str>, hosts: Option<&str>| ReportFilter {
        groups: Box::new(ReportGroups {
            operators: operators.map(Into::into),
            hosts: hosts.map(Into::into),
        }),
        ..ReportFilter::default()
    };
    for (operators, hosts, wanted) in [
        (Some("day SHIFT"), None, &[2, 1][..]),
        (Some("Everyone"), None, &[3]),
        (Some("Nobody"), None, &[]),
        (None, Some("tills"), &[3, 2, 1]),
        (None, Some("Offices"), &[]),
        (Some("Day shift"), Some("Tills"), &[2, 1]),
        (Some("Day shift"), Some("Offices"), &[]),
    ] {
        let sort = ReportSort::default();
        let found = window.numbers(of(operators, hosts), sort).await;
        assert_eq!(found, wanted, "{operators:?} {hosts:?}");
        let mut args = vec!["report", "list", "--json"];
        for (option, group) in [("--operator-group", operators), ("--host-group", hosts)] {
            args.extend(group.map(|group| [option, group]).into_iter().flatten());
        }
        let listed: serde_json::Value = serde_json::from_str(&says(&args)).expect("JSON");
        let listed = listed.as_array().expect("a list").iter();
        let listed: Vec<_> = listed.filter_map(|row| row["report"].as_u64()).collect();
        assert_eq!(listed, wanted, "{args:?}");
    }
    let filter = of(Some("Day shift"), None);
    let question = Question::totals(filter.clone(), TotalsBy::Category, "".into());
    let Ok(Answer::Totals(totals)) = window.ask(question).await else {
        panic!("no totals");
    };
    assert_eq!(totals.all.reports, 2);
    let exported = ExportOf::list(filter, ReportSort::default());
    let csv = window.export(exported, ExportFormat::Csv).await;
    let csv = String::from_utf8(csv).expect("text");
    assert!(
        csv.contains("stampante") && !csv.contains("Password persa"),
        "{csv}"
    );
    for (of, wanted) in [
        (Choice::OperatorGroup, &["Day shift", "Everyone"][..]),
        (Choice::HostGroup, &["Offices", "Tills"]),
    ] {
        let begin = "".into();
        let offered = window.ask(Question::Choices { of, begin }).await;
        let wanted = wanted.iter().map(|name| (*name).into()).collect();
        assert_eq!(offered, Ok(Answer::Choices(wanted)));
    }
}

#[tokio::test]
async fn d1_corrections_append_and_what_the_operator_wrote_stays() {
    let hub = hub_with_reports().await;
    let mut window = Window::open(&hub, "carla").await;
    let before = window.show(1).await;
    assert_eq!(&*before.chat.rows[0].text, "Non sento più niente");
    let earlier = window.show(2).await.earlier;
    assert_eq!(earlier.len(), 1, "of the same host");
    assert_eq!(earlier[0].report, ReportId(1));

    let definition = FieldDefinition {
        name: "Contract".into(),
        kind: FieldKind::Number,
        required: true,
    };
    let added = window
        .ask(Question::ChangeFields(FieldChange::Add(definition)))
        .await;
    let Ok(Answer::Fields(fields)) = added else {
        panic!("{added:?}");
    };
    let correct = |report, category: &str, value: &str| {
        let draft = ReportDraft {
            category: category.into(),
            ..before.draft.clone()
        };
        Question::Correct {
            report: ReportId(report),
            draft,
            fields: vec![FieldValue {
                field: fields[0].id,
                name: "x".into(),
                value: value.into(),
            }],
            reason: "it was wrong".into(),
        }
    };
    for (question, code) in [
        (correct(1, "Audio", "many"), RefusalCode::REPORT_FIELDS),
        (correct(1, "Audio", ""), RefusalCode::REPORT_FIELDS),
        (correct(2, "Audio", "7"), RefusalCode::REPORT_UNFINISHED),
        (correct(9, "Audio", "7"), RefusalCode::REPORT_GONE),
    ] {
        assert_eq!(window.ask(question).await, Err(code.into()));
    }
    for (number, category) in [(1, "Audio"), (2, "Sound")] {
        let corrected = window.ask(correct(1, category, "7")).await;
        assert_eq!(corrected, Ok(Answer::Corrected { number }));
    }
    let after = window.show(1).await;
    assert_eq!(&*after.draft.category, "Sound");
    assert_eq!(
        (&*after.fields[0].name, &*after.fields[0].value),
        ("Contract", "7")
    );
    let by: Vec<_> = after
        .corrections
        .iter()
        .map(|c| (c.number, &*c.by))
        .collect();
    assert_eq!(by, [(1, "carla"), (2, "carla")]);
    let report = ReportId(1);
    for (number, category) in [(0, "Printer"), (1, "Audio"), (2, "Sound")] {
        match window.ask(Question::Version { report, number }).await {
            Ok(Answer::Version { draft, .. }) => assert_eq!(&*draft.category, category),
            other => panic!("{other:?}"),
        }
    }
    // found by its newest words
    assert_eq!(window.found("sound").await, [1]);
    assert!(window.found("audio").await.is_empty());
    // nobody may do it but an administrator
    let mut peer = Peer::new(hub.connect(Role::Administrator).await.expect("greeted"));
    let sign_in = AdminToHub::SignIn {
        user: "anna".into(),
        password: Password(PASSWORD.into()),
    };
    peer.send(&sign_in).await;
    let answer: HubToAdmin = peer.receive().await;
    assert!(
        matches!(answer, HubToAdmin::SignInRefused { .. }),
        "{answer:?}"
    );
}

#[tokio::test]
async fn d1_categories_are_the_hubs_and_reports_keep_their_words() {
    let hub = hub_with_reports().await;
    let mut window = Window::open(&hub, "carla").await;
    let mut change = async |change| match window.ask(Question::ChangeCategories(change)).await {
        Ok(Answer::Categories(categories)) => {
            let names = categories.iter().map(|c| (c.id, c.name.to_string()));
            Ok(names.collect::<Vec<_>>())
        }
        Err(refusal) => Err(refusal.code),
        other => panic!("{other:?}"),
    };
    let name = |name: &str| name.into();
    let listed = |names: &[(u32, &str)]| {
        Ok(names
            .iter()
            .map(|(id, name)| (*id, (*name).to_owned()))
            .collect())
    };
    for (asked, expected) in [
        (
            CategoryChange::Add {
                name: name("Printer"),
            },
            listed(&[(1, "Printer")]),
        ),
        (
            CategoryChange::Add {
                name: name(" Mail "),
            },
            listed(&[(1, "Printer"), (2, "Mail")]),
        ),
        (
            CategoryChange::Add {
                name: name("PRINTER"),
            },
            Err(RefusalCode::AGAINST_A_RULE),
        ),
        (
            CategoryChange::Add { name: name(" ") },
            Err(RefusalCode::AGAINST_A_RULE),
        ),
        (
            CategoryChange::Move { id: 2, to: 0 },
            listed(&[(2, "Mail"), (1, "Printer")]),
        ),
        (
            CategoryChange::Rename {
                id: 1,
                name: name("Printing"),
            },
            listed(&[(2, "Mail"), (1, "Printing")]),
        ),
        (CategoryChange::Remove { id: 2 }, listed(&[(1, "Printing")])),
        (
            CategoryChange::Remove { id: 2 },
            Err(RefusalCode::AGAINST_A_RULE),
        ),
    ] {
        assert_eq!(change(asked.clone()).await, expected, "{asked:?}");
    }
    assert_eq!(&*window.show(1).await.draft.category, "Printer");
    assert_eq!(&*window.show(2).await.draft.category, "Mail");
}

#[tokio::test]
async fn d3_reports_are_exported_and_noted_before() {
    let hub = hub_with_reports().await;
    let mut window = Window::open(&hub, "carla").await;
    let all = || ExportOf::List {
        filter: ReportFilter::default(),
        sort: ReportSort::default(),
    };
    let table = window.export(all(), ExportFormat::Csv).await;
    let table = String::from_utf8(table).expect("UTF-8");
    assert!(table.starts_with("Rapporto,Inizio,"), "{table}");
    assert_eq!(table.matches("\r\n").count(), 4, "{table}");
    assert!(table.contains(",'=cmd|'/C calc'!A0,"), "{table}");
    assert!(
        table.contains(" +01:00,") || table.contains(" +02:00,"),
        "{table}"
    );
    let list = window.export(all(), ExportFormat::Json).await;
    let list: serde_json::Value = serde_json::from_slice(&list).expect("JSON");
    assert_eq!(list.as_array().map(Vec::len), Some(3));
    assert_eq!(list[2]["solution"], "=cmd|'/C calc'!A0");
    for of in [all(), ExportOf::One(ReportId(1))] {
        let pdf = window.export(of, ExportFormat::Pdf).await;
        assert!(pdf.starts_with(b"%PDF-"));
    }
    let missing = Question::Export {
        of: ExportOf::One(ReportId(77)),
        format: ExportFormat::Pdf,
        language: Language::English,
        zone: "".into(),
    };
    let refused = window.ask(missing).await;
    assert_eq!(refused, Err(RefusalCode::REPORT_GONE.into()));
    let nowhere = Question::Export {
        of: all(),
        format: ExportFormat::Csv,
        language: Language::English,
        zone: "Europe/Atlantis".into(),
    };
    let refused = window.ask(nowhere).await;
    assert_eq!(refused, Err(RefusalCode::UNKNOWN_ZONE.into()));
    let catalogue = rusqlite::Connection::open(hub.data.join("hub.db")).expect("a data base");
    let sql = "SELECT count(*) FROM audit WHERE action = 'report.exported' AND actor = 'carla'";
    let noted: u32 = catalogue
        .query_row(sql, (), |row| row.get(0))
        .expect("read");
    assert_eq!(noted, 5, "each that was begun");
}

#[tokio::test]
async fn d3_the_command_line_does_what_the_window_does() {
    let hub = hub_with_reports().await;
    let said = |args: &[&str]| {
        let output = run_hub(&[args, &["--json", "--data", hub.data_text()]].concat(), "");
        assert!(output.status.success(), "{}", text(&output));
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        said
    };
    let found = said(&["report", "search", "stampante"]);
    assert_eq!(found[0]["report"], 1);
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    let listed = said(&[
        "report",
        "list",
        "--sort",
        "category",
        "--ascending",
        "--finished",
    ]);
    assert_eq!(
        (&listed[0]["report"], &listed[1]["report"]),
        (&3.into(), &1.into())
    );
    let fields = ["report", "fields", "add", "Contract", "--kind", "choice"];
    let fields = said(&[&fields[..], &["--choice", "A", "--choice", "B"]].concat());
    assert_eq!(fields[0]["choices"], serde_json::json!(["A", "B"]));
    let correct = [
        "report",
        "correct",
        "1",
        "--category",
        "Audio",
        "--reason",
        "x",
    ];
    said(&[&correct[..], &["--field", "Contract=B"]].concat());
    let shown = said(&["report", "show", "1"]);
    assert_eq!(shown["category"], "Audio");
    assert_eq!(shown["fields"]["Contract"], "B");
    assert_eq!(shown["corrections"][0]["by"], "command line");
    let old = said(&["report", "show", "1", "--version", "0"]);
    assert_eq!(old["category"], "Printer");
    let totals = said(&["report", "totals", "--by", "category"]);
    assert_eq!(totals["all"]["reports"], 3);
    let categories = said(&["report", "categories", "add", "Audio"]);
    assert_eq!(categories[0]["name"], "Audio");
    let file = hub.data.join("reports.pdf");
    let file = file.to_str().expect("a plain path");
    let data = hub.data_text();
    let export = [
        "report", "export", "--format", "pdf", "--out", file, "--data", data,
    ];
    let exported = run_hub(&export, "");
    assert!(exported.status.success(), "{}", text(&exported));
    assert!(std::fs::read(file).expect("written").starts_with(b"%PDF-"));
    let again = run_hub(&export, "");
    assert!(!again.status.success(), "no file is overwritten");
}

#[tokio::test]
async fn d1_a_console_is_told_what_the_hub_knows_of_its_own_report_alone() {
    let hub = hub_with_reports().await;
    let said = |args: &[&str]| {
        let output = run_hub(&[args, &["--data", hub.data_text()]].concat(), "");
        assert!(output.status.success(), "{}", text(&output));
    };
    said(&["report", "categories", "add", "Printer"]);
    said(&[
        "report",
        "fields",
        "add",
        "Contract",
        "--kind",
        "number",
        "--required",
    ]);
    let mut anna = hub.operator("anna").await;
    anna.send(&OperatorToHub::ListReportForms).await;
    let forms = anna.wait_for(|m| match m {
        HubToOperator::ReportForms { categories, fields } => Some((categories, fields)),
        _ => None,
    });
    let (categories, fields) = forms.await;
    assert_eq!(categories, ["Printer".into()]);
    assert!(fields[0].definition.required);
    let value = |value: &str| FieldValue {
        field: fields[0].id,
        name: "x".into(),
        value: value.into(),
    };
    let language = Language::Italian;
    // one that is finished, one of somebody else, and one that is half-written
    for (report, filled) in [(1, "1"), (3, "3"), (2, "22"), (2, "22,")] {
        let report = ReportId(report);
        let fields = vec![value(filled)];
        anna.send(&OperatorToHub::FillFields { report, fields })
            .await;
    }
    for report in [1, 3, 2] {
        let report = ReportId(report);
        anna.send(&OperatorToHub::AskAboutReport { report, language })
            .await;
    }
    let about = anna.wait_for(|m| match m {
        HubToOperator::AboutReport {
            report,
            proposal,
            fields,
            earlier,
        } => Some((report, proposal, fields, earlier)),
        _ => None,
    });
    let (report, proposal, filled, earlier) = about.await;
    assert_eq!(report, ReportId(2), "of the others nothing is said");
    assert_eq!(&*proposal.problem, "Outlook");
    assert!(
        proposal.solution.starts_with("Sessione remota di "),
        "{proposal:?}"
    );
    assert_eq!((&*filled[0].name, &*filled[0].value), ("Contract", "22,"));
    let earlier: Vec<u64> = earlier.iter().map(|row| row.report.0).collect();
    assert_eq!(earlier, [1]);
    // nothing of it was saved
    let mut window = Window::open(&hub, "carla").await;
    assert_eq!(&*window.show(2).await.draft.solution, "");
    // it is not finished before the field has what it takes
    let report = ReportId(2);
    let finish = OperatorToHub::SaveReport {
        report,
        draft: ReportDraft::default(),
        finished: true,
    };
    let missing = Outcome::Refused(RefusalCode::REPORT_FIELDS.into());
    for (filled, expected) in [("", missing), ("22,", missing), ("22,5", Outcome::Done)] {
        let fields = vec![value(filled)];
        anna.send(&OperatorToHub::FillFields { report, fields })
            .await;
        anna.send(&finish).await;
        let outcome = anna.wait_for(|m| match m {
            HubToOperator::ReportSaved { outcome, .. } => Some(outcome),
            _ => None,
        });
        assert_eq!(outcome.await, expected, "{filled:?}");
    }
    // the host is the same, and the report is of somebody else's session
    let mut bruno = hub.pair("bruno").await;
    assist(&mut bruno, "again", ["", "", ""], false).await;
    let report = ReportId(4);
    let ask = OperatorToHub::AskAboutReport { report, language };
    bruno.operator.send(&ask).await;
    let earlier = bruno.operator.wait_for(|m| match m {
        HubToOperator::AboutReport { earlier, .. } => Some(earlier),
        _ => None,
    });
    let earlier: Vec<u64> = earlier.await.iter().map(|row| row.report.0).collect();
    assert_eq!(earlier, [3], "Anna's are not Bruno's to read");
}
