//! Documents of made-up reports. `PHD_KEEP_DOCUMENTS=DIR` leaves them there to be looked at.

use document::{DocumentError, KeyPicture, Organisation, Reader};
use jiff::tz::TimeZone;
use protocol::admin::Rows;
use protocol::admin::reports::{
    Correction, FieldValue, Language, Ledger, ReportFilter, ReportRow, Total, TotalKey, TotalRow,
    Totals, WholeReport,
};
use protocol::{Feedback, ReportDraft, ReportFacts, ReportId, SessionId, Stars, TicketRoute};

const PICTURE: &[u8] = include_bytes!("../../../assets/screenshots/report-light.png");

fn picture(png: &[u8], at_seconds: i64) -> KeyPicture {
    KeyPicture {
        at_unix_millis: (1_700_000_000 + at_seconds) * 1000,
        words: String::new(),
        png: png.to_vec(),
    }
}

fn organisation() -> Organisation {
    Organisation {
        name: "Officina Informatica Srl".to_owned(),
        words: "Via Roma 12, 50123 Firenze\n+39 055 000000\naiuto@officina.example".to_owned(),
        logo: None,
    }
}

fn whole() -> WholeReport {
    WholeReport {
        facts: ReportFacts {
            report: ReportId(1042),
            session: SessionId(1043),
            requester: "Maria Rossi".into(),
            operator: "Anna Ferrari, Bruno Conti".into(),
            host: "PC-CONTABILITA-03".into(),
            ticket: TicketRoute::new(4829),
            started_unix_seconds: 1_700_000_000,
            ended_unix_seconds: 1_700_001_900,
        },
        draft: ReportDraft {
            problem:
                "Outlook non si apre più dopo l'aggiornamento: resta sulla schermata iniziale \
                      e non risponde. L'utente deve inviare le fatture entro oggi."
                    .into(),
            solution: "Avviato Outlook in modalità provvisoria e disattivato il componente \
                       aggiuntivo che lo bloccava.\n\nRicreato il profilo di posta; le cartelle \
                       sono di nuovo tutte presenti."
                .into(),
            category: "Posta".into(),
            notes: "Da ricontrollare lunedì.".into(),
        },
        fields: vec![FieldValue {
            field: 1,
            name: "Contratto".into(),
            value: "A-2231".into(),
        }],
        finished: true,
        saved_unix_millis: 1_700_002_000_000,
        ledger: Ledger {
            connected_seconds: 1900,
            waiting_seconds: 25,
            active_seconds: 1300,
            idle_seconds: 480,
            paused_seconds: 120,
        },
        corrections: vec![Correction {
            number: 1,
            at_unix_millis: 1_700_100_000_000,
            by: "admin".into(),
            reason: "La categoria era sbagliata".into(),
        }],
        chat: Rows {
            total: 0,
            first: 0,
            rows: Vec::new(),
        },
        earlier: Vec::new(),
        feedback: Some(Feedback {
            stars: Stars::Four,
            words: "Gentilissima, e ora funziona.".into(),
        }),
    }
}

fn reader(zone: &TimeZone, language: Language) -> Reader<'_> {
    Reader { language, zone }
}

fn keep(name: &str, pdf: &[u8]) {
    assert!(pdf.starts_with(b"%PDF-"), "{name}");
    if let Some(folder) = std::env::var_os("PHD_KEEP_DOCUMENTS") {
        let path = std::path::Path::new(&folder).join(name);
        std::fs::write(path, pdf).expect("the folder is there");
    }
}

/// How many pages a file says it has.
fn pages(pdf: &[u8]) -> usize {
    let text = String::from_utf8_lossy(pdf);
    let (_, count) = text.split_once("/Count ").expect("a tree of pages");
    let digits: String = count.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

#[test]
fn d3_a_report_becomes_one_page_in_both_languages() {
    let rome = TimeZone::get("Europe/Rome").expect("this machine knows its zones");
    for (language, name) in [
        (Language::English, "report-en.pdf"),
        (Language::Italian, "report-it.pdf"),
    ] {
        let pdf = document::report(&whole(), &organisation(), reader(&rome, language), &[]);
        let pdf = pdf.expect("made");
        keep(name, &pdf);
        assert_eq!(pages(&pdf), 1);
    }
}

#[test]
fn key_pictures_and_a_logo_are_in_it_and_a_broken_picture_is_told() {
    let rome = TimeZone::get("Europe/Rome").expect("this machine knows its zones");
    let with_logo = Organisation {
        logo: Some(PICTURE.to_vec()),
        ..organisation()
    };
    let pictures = [picture(PICTURE, 0), picture(PICTURE, 95)];
    let of_reader = reader(&rome, Language::Italian);
    let pdf = document::report(&whole(), &with_logo, of_reader, &pictures).expect("made");
    keep("pictures.pdf", &pdf);
    assert!(pages(&pdf) > 1);
    let broken = document::report(
        &whole(),
        &with_logo,
        of_reader,
        &[picture(b"no picture", 0)],
    );
    assert!(
        matches!(broken, Err(DocumentError::Picture(_))),
        "{broken:?}"
    );
}

#[test]
fn b6_without_an_organisation_nothing_is_missing() {
    let nobody = Organisation::default();
    let mut long = whole();
    long.draft.problem = "word ".repeat(6000).as_str().into();
    let zone = TimeZone::UTC;
    let utc = reader(&zone, Language::English);
    let pdf = document::report(&long, &nobody, utc, &[]).expect("made");
    keep("long.pdf", &pdf);
    assert!(pages(&pdf) > 5, "a long text goes on");
}

#[test]
fn d3_a_list_has_its_totals_and_goes_on_over_pages() {
    let rome = TimeZone::get("Europe/Rome").expect("this machine knows its zones");
    let names = ["Anna Ferrari", "Bruno Conti", "Jürgen Müller"];
    let rows = (0..90_u32).map(|number| ReportRow {
        report: ReportId(1000 + u64::from(number)),
        session: SessionId(1000 + u64::from(number)),
        started_unix_millis: 1_700_000_000_000 - i64::from(number) * 5_400_000,
        lasted_seconds: 240 + number * 61,
        active_seconds: 100 + number * 30,
        operators: names[usize::try_from(number).expect("small") % 3].into(),
        requester: "Maria Rossi".into(),
        host: format!("PC-CONTABILITA-{number:02}").as_str().into(),
        category: "Posta".into(),
        problem: "Outlook non si apre più dopo l'aggiornamento".into(),
        finished: true,
        corrected: false,
    });
    let rows: Vec<ReportRow> = rows.collect();
    let total = Total {
        reports: 30,
        connected_seconds: 90_000,
        waiting_seconds: 900,
        active_seconds: 60_000,
        idle_seconds: 29_000,
        paused_seconds: 1_000,
    };
    let totals = Totals {
        rows: names
            .map(|name| TotalRow {
                key: TotalKey::Name(name.into()),
                total,
            })
            .into(),
        others: Total::default(),
        all: Total {
            reports: 90,
            connected_seconds: 270_000,
            waiting_seconds: 2_700,
            active_seconds: 180_000,
            idle_seconds: 87_000,
            paused_seconds: 3_000,
        },
    };
    let filter = ReportFilter {
        category: Some("Posta".into()),
        since_unix_millis: Some(1_690_000_000_000),
        ..ReportFilter::default()
    };
    let of_reader = reader(&rome, Language::Italian);
    let pdf = document::list(&rows, &filter, &totals, &organisation(), of_reader).expect("made");
    keep("list.pdf", &pdf);
    assert!(pages(&pdf) > 2);
    let none = document::list(
        &[],
        &filter,
        &Totals {
            rows: Vec::new(),
            others: Total::default(),
            all: Total::default(),
        },
        &organisation(),
        of_reader,
    );
    keep("list-empty.pdf", &none.expect("made"));
}
