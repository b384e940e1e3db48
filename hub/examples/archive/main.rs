//! A hub's archive of many years, made up through the hub's own changes, and how long it takes to find
//! something in it. `cargo xtask archive` says how it is called.
#![expect(clippy::print_stdout, reason = "figures are this program's output")]

mod hosts;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use cpu_time::ThreadTime;
use hub::catalogue::Worked;
use hub::catalogue::{self, AccountId, Batch, Catalogue, Change, NewAccount, PasswordHash, What};
use jiff::tz::TimeZone;
use protocol::admin::Page;
use protocol::admin::reports::{
    CategoryChange, ReportColumn, ReportFilter, ReportGroups, ReportSort, TotalsBy,
};
use protocol::{
    BoundedText, ChatAuthor, ChatLine, EndedBy, PeerId, ReportDraft, ReportId, Rights, RoleId,
    SessionId, TicketRoute, TicketState,
};
use session::directory::records::{self, StartedSession, StoredMember};

#[derive(Debug, Parser)]
struct Arguments {
    /// How many reports there are to be, each of a session with ten rows in the audit log.
    #[arg(long, default_value_t = 100_000)]
    reports: u64,
    /// How many of the newest sessions have a film in the catalogue whose length is known.
    #[arg(long, default_value_t = 10_000)]
    films: u64,
    /// How many permanent hosts there are.
    #[arg(long, default_value_t = 10_000)]
    hosts: u64,
    /// Make the archive in this folder, which must not be there.
    #[arg(long, value_name = "DIR", required_unless_present = "measure")]
    out: Option<PathBuf>,
    /// Measure the archive in this folder.
    #[arg(long, value_name = "DIR")]
    measure: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(out) = &arguments.out {
        make(&arguments, out)?;
    }
    if let Some(archive) = &arguments.measure {
        measure(&*catalogue::open(archive)?)?;
    }
    Ok(())
}

/// A group of a third of the operators.
const DESK: &str = "Desk";
const OPERATORS: u64 = 40;
/// Sessions of one transaction.
const AT_ONCE: u64 = 2_000;
/// From one session to the next, in milliseconds: a hundred thousand in ten years of working days.
const APART: i64 = 3_155_760;
const FIRST: i64 = 1_448_000_000_000;

const CATEGORIES: [&str; 8] = [
    "Printer",
    "Mail",
    "Account",
    "Network",
    "Outlook",
    "Backup",
    "Telefono",
    "Contabilità",
];
const FIRST_NAMES: [&str; 20] = [
    "Anna", "Bruno", "Carla", "Dario", "Elena", "Fabio", "Giulia", "Hans", "Irene", "Jürgen",
    "Katia", "Luca", "Marta", "Nicolò", "Olga", "Paolo", "Rita", "Sara", "Tomás", "Vera",
];
const LAST_NAMES: [&str; 20] = [
    "Rossi", "Bianchi", "Müller", "Ferrari", "Esposito", "Colombo", "Ricci", "Marino", "Greco",
    "Conti", "Gallo", "Costa", "Fontana", "Moretti", "Lombardi", "Barbieri", "Santoro", "Rinaldi",
    "Caruso", "Longo",
];
const SYLLABLES: [&str; 24] = [
    "sta", "mpan", "te", "pro", "ble", "ma", "con", "ret", "dri", "ver", "sca", "ner", "por", "ta",
    "ser", "vi", "zio", "mo", "ni", "tor", "ca", "vo", "lu", "ce",
];

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let at = usize::try_from(self.roll(words.len() as u64)).unwrap_or(0);
        words[at]
    }

    /// A word: some come in every tenth report, most in few.
    fn word(&mut self) -> String {
        let rare = self.roll(4) > 0;
        let reach = if rare { SYLLABLES.len() as u64 } else { 4 };
        let syllables = if rare { 3 } else { 2 };
        (0..syllables)
            .map(|_| SYLLABLES[usize::try_from(self.roll(reach)).unwrap_or(0)])
            .collect()
    }

    fn sentence(&mut self, words: u64) -> String {
        let words: Vec<String> = (0..words).map(|_| self.word()).collect();
        words.join(" ")
    }
}

fn make(arguments: &Arguments, out: &std::path::Path) -> anyhow::Result<()> {
    hub::create_folder(out)?;
    let mut catalogue = catalogue::open_or_create(out)?;
    let began = Instant::now();
    // the first group that is not everybody's
    let name = DESK.to_owned();
    catalogue.apply(&[batch(FIRST, vec![What::GroupAdded { name }])])?;
    let group = catalogue.group_named(DESK)?;
    let mut changes = Vec::new();
    for number in 0..OPERATORS {
        let name = operator(number);
        changes.push(What::AccountAdded(NewAccount {
            name: name.to_lowercase(),
            display_name: name,
            role: if number == 0 {
                RoleId::ADMINISTRATOR
            } else {
                RoleId::OPERATOR
            },
            groups: if number.is_multiple_of(3) {
                [group].into()
            } else {
                BTreeSet::new()
            },
            password_hash: PasswordHash("$none".to_owned()),
        }));
    }
    for name in CATEGORIES {
        let name = name.into();
        changes.push(What::CategoriesChanged(CategoryChange::Add { name }));
    }
    catalogue.apply(&[batch(FIRST, changes)])?;
    let mut dice = Dice(1);
    let mut next = 1;
    while next <= arguments.reports {
        let to = arguments.reports.min(next + AT_ONCE - 1);
        let filmed = arguments.reports.saturating_sub(arguments.films);
        let batches = (next..=to).map(|number| assistance(&mut dice, number, number > filmed));
        let batches: Vec<Batch> = batches.collect();
        catalogue.apply(&batches)?;
        next = to + 1;
    }
    hosts::make(&mut *catalogue, arguments.hosts)?;
    let verified = catalogue.verify_audit(&[])?;
    println!(
        "{} reports, {} rows in the audit log, whole: {}, made in {:.1} s",
        arguments.reports,
        verified.rows,
        verified.fault.is_none(),
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

fn batch(at_unix_millis: i64, whats: Vec<What>) -> Batch {
    Batch {
        at_unix_millis,
        changes: whats.into_iter().map(Change::by_hub).collect(),
    }
}

fn operator(number: u64) -> String {
    let (first, last) = (number % 20, number / 20 + 3);
    let name = |names: [&'static str; 20], at| names[usize::try_from(at).unwrap_or(0) % 20];
    format!("{} {}", name(FIRST_NAMES, first), name(LAST_NAMES, last))
}

/// All that one assistance leaves in the catalogue.
fn assistance(dice: &mut Dice, number: u64, filmed: bool) -> Batch {
    let session = SessionId(number);
    let steps = i64::try_from(number).unwrap_or(0);
    let started = FIRST + APART * steps + i64::try_from(dice.roll(3_000_000)).unwrap_or(0);
    let lasted = i64::try_from(dice.roll(5_400) + 30).unwrap_or(30);
    let owner = dice.roll(OPERATORS);
    let account = AccountId(i64::try_from(owner + 1).unwrap_or(1));
    let requester = format!("{} {}", dice.one_of(&FIRST_NAMES), dice.one_of(&LAST_NAMES));
    let host = format!("PC-{:04}", dice.roll(10_000));
    let route = TicketRoute::new(u32::try_from(number % 10_000).unwrap_or(0));
    let route = route.expect("four digits");
    let address = std::net::IpAddr::from([10, 0, 0, 7]);
    let said = ChatLine {
        author: ChatAuthor::User,
        name: BoundedText::cut(requester.as_str()),
        at_unix_seconds: started / 1000 + 10,
        text: BoundedText::cut(dice.sentence(8)),
    };
    let draft = ReportDraft {
        problem: BoundedText::cut(dice.sentence(12)),
        solution: BoundedText::cut(dice.sentence(16)),
        category: dice.one_of(&CATEGORIES).into(),
        notes: BoundedText::cut(dice.sentence(6)),
    };
    let active_seconds = u32::try_from(lasted * 2 / 3).unwrap_or(0);
    let desk = |what| What::Desk(what);
    let mut whats = vec![
        What::LoggedIn { account, address },
        What::LoggedIn { account, address },
        desk(records::What::TicketCreated {
            route,
            owner: account,
            expires_unix_millis: started,
        }),
        desk(records::What::TicketClosed {
            route,
            state: TicketState::Used,
        }),
        desk(records::What::ConsentAsked {
            session,
            owner: account,
            operator: operator(owner),
            host,
            requester,
            ticket: Some(route),
            asked: Rights::SEE,
        }),
        desk(records::What::SessionStarted(StartedSession {
            session,
            report: ReportId(number),
            host: PeerId(u128::from(number).to_le_bytes()),
            first: StoredMember {
                operator: PeerId([1; 16]),
                account,
                login: operator(owner).to_lowercase(),
                name: operator(owner),
                asked: Rights::SEE,
                rights: Rights::SEE,
            },
            started_unix_millis: started,
            film: format!("films/{number:08}.film"),
        })),
        What::ChatSaid {
            session,
            line: said,
        },
        What::Worked {
            session,
            worked: Worked {
                active_seconds,
                idle_seconds: u32::try_from(lasted).unwrap_or(0) - active_seconds,
                paused_seconds: 0,
                controlled: active_seconds > 0,
            },
        },
        desk(records::What::SessionEnded {
            session,
            ended_unix_millis: started + lasted * 1000,
            by: EndedBy::Operator,
        }),
    ];
    if filmed {
        whats.push(desk(records::What::FilmClosed {
            session,
            bytes: 1_000_000 + dice.roll(40_000_000),
            head: [7; 32],
        }));
    } else {
        whats.push(What::LoggedIn { account, address });
    }
    whats.push(What::ReportSaved {
        report: ReportId(number),
        draft: draft.clone(),
        finished: false,
    });
    if !number.is_multiple_of(50) {
        whats.push(What::ReportSaved {
            report: ReportId(number),
            draft,
            finished: true,
        });
    }
    batch(started, whats)
}

/// The times of many calls: on the wall, and of the processor, which others at work do not lengthen.
#[derive(Default)]
struct Times {
    wall: Vec<Duration>,
    processor: Vec<Duration>,
}

impl Times {
    fn take<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let (began, worked) = (Instant::now(), ThreadTime::now());
        let done = call();
        self.wall.push(began.elapsed());
        self.processor.push(worked.elapsed());
        done
    }

    fn print(mut self, name: &str) {
        print!("{name:28}");
        for (what, times) in [("wall", &mut self.wall), ("processor", &mut self.processor)] {
            times.sort();
            let at = |part: usize| {
                let last = times.len().saturating_sub(1);
                let time = times.get((times.len() * part / 100).min(last));
                time.map_or(0.0, |time| time.as_secs_f64() * 1000.0)
            };
            print!(
                "  {what} p50 {:6.1} p95 {:6.1} most {:6.1} ms",
                at(50),
                at(95),
                at(100)
            );
        }
        println!();
    }
}

fn measure(catalogue: &dyn Catalogue) -> anyhow::Result<()> {
    let all = ReportFilter::default();
    let newest = ReportSort::default();
    let page = |first| Page { first, rows: 100 };
    let total = catalogue.reports(&all, newest, page(0))?.total;
    println!("{total} reports");
    let last = total.saturating_sub(100);
    for column in ReportColumn::ALL {
        let mut times = Times::default();
        for descending in [true, false] {
            let sort = ReportSort { column, descending };
            for first in [0, last / 4, last / 2, last * 3 / 4, last] {
                times.take(|| catalogue.reports(&all, sort, page(first)))?;
            }
        }
        times.print(&format!("pages by {column:?}"));
    }
    searches(catalogue)?;
    filters(catalogue, last)?;
    for by in [
        TotalsBy::Operator,
        TotalsBy::Host,
        TotalsBy::Category,
        TotalsBy::Day,
    ] {
        let mut times = Times::default();
        for _ in 0..5 {
            times.take(|| catalogue.report_totals(&all, by, &TimeZone::UTC))?;
        }
        times.print(&format!("totals by {by:?}"));
    }
    let mut times = Times::default();
    let mut dice = Dice(3);
    for _ in 0..200 {
        let id = ReportId(dice.roll(total.into()) + 1);
        let report = times.take(|| catalogue.report(id))?;
        report.context("there is such a report")?;
    }
    times.print("one whole report");
    hosts::measure(catalogue)
}

fn searches(catalogue: &dyn Catalogue) -> anyhow::Result<()> {
    let mut dice = Dice(2);
    let (mut rare, mut common, mut several) = Default::default();
    for (times, ask) in [(&mut rare, 0), (&mut common, 1), (&mut several, 2)] {
        let times: &mut Times = times;
        for round in 0..200 {
            let text = match ask {
                // the beginning of a word, as it is typed
                0 => dice.word().chars().take(2 + round % 6).collect(),
                1 => ["stampan", "rossi", "anna", "printer", "mpante", "mül"][round % 6].to_owned(),
                _ => dice.sentence(2),
            };
            let filter = ReportFilter {
                text: BoundedText::cut(text),
                ..ReportFilter::default()
            };
            let page = Page {
                first: 0,
                rows: 100,
            };
            times.take(|| catalogue.reports(&filter, ReportSort::default(), page))?;
        }
    }
    rare.print("search as it is typed");
    common.print("search for what is in many");
    several.print("search for two words");
    Ok(())
}

fn filters(catalogue: &dyn Catalogue, last: u32) -> anyhow::Result<()> {
    let by_host = ReportSort {
        column: ReportColumn::Host,
        descending: false,
    };
    let some = |name: &str| Some(name.into());
    for (name, filter) in [
        (
            "an operator, by host",
            ReportFilter {
                operator: some("Anna Ferrari"),
                ..ReportFilter::default()
            },
        ),
        (
            "a category, by host",
            ReportFilter {
                category: some("Mail"),
                ..ReportFilter::default()
            },
        ),
        (
            "half of all time, by host",
            ReportFilter {
                since_unix_millis: Some(FIRST + APART * i64::from(last) / 2),
                ..ReportFilter::default()
            },
        ),
        (
            "a group of operators, by host",
            ReportFilter {
                groups: Box::new(ReportGroups {
                    operators: some(DESK),
                    hosts: None,
                }),
                ..ReportFilter::default()
            },
        ),
        (
            "a group of hosts, by host",
            ReportFilter {
                groups: Box::new(ReportGroups {
                    operators: None,
                    hosts: some("Tills"),
                }),
                ..ReportFilter::default()
            },
        ),
        (
            "drafts, by host",
            ReportFilter {
                finished: Some(false),
                ..ReportFilter::default()
            },
        ),
    ] {
        let mut times = Times::default();
        for first in [0, 1_000, 5_000, 10_000, 40_000] {
            let page = Page { first, rows: 100 };
            times.take(|| catalogue.reports(&filter, by_host, page))?;
        }
        times.print(name);
    }
    Ok(())
}
