//! Who may do what, as one table of every message, made from the wire format and the code that decides.
//!
//! `PHD_WRITE_RIGHTS=1` writes `rights.txt` anew.

use std::fmt::Write as _;

use protocol::admin::AdminToHub;
use protocol::{HostToHub, OperatorToHub, PeerId, Permissions, wire};
use serde::de::DeserializeOwned;
use session::authority::messages::{of_host, of_operator, of_question};
use session::authority::{Action, Object, Standing, Who, may};
use session::directory::records::AccountId;

const TABLE: &str = include_str!("rights.txt");

const THEY: AccountId = AccountId(1);
const ANOTHER: AccountId = AccountId(2);
const HOST: PeerId = PeerId([1; 16]);

/// The first message that begins with `head`, all of whose other bytes are zero.
fn message<M: DeserializeOwned>(head: &[u8]) -> Option<M> {
    (0..256).find_map(|zeros| {
        let mut body = head.to_vec();
        body.resize(head.len() + zeros, 0);
        wire::decode(&body).ok()
    })
}

/// One message of each kind, in the order of the wire format.
fn every<M: DeserializeOwned>(head: &[u8]) -> Vec<M> {
    let of_tag = |tag| message(&[head, &[tag]].concat());
    (0..128).map_while(of_tag).collect()
}

/// What follows `Ask` and a number, of each area.
fn every_question() -> Vec<protocol::admin::Question> {
    let areas = 0..8;
    let questions = areas.flat_map(|area| every::<AdminToHub>(&[1, 0, area]));
    let questions = questions.filter_map(|message| match message {
        AdminToHub::Ask { question, .. } => Some(question),
        AdminToHub::SignIn { .. }
        | AdminToHub::Leave
        | AdminToHub::GiveCode { .. }
        | AdminToHub::AcceptInvitation { .. } => None,
    });
    questions.collect()
}

/// The names of a message's variants, without their fields.
fn name(message: &impl std::fmt::Debug) -> String {
    let shown = format!("{message:?}");
    let mut names = shown.split(|c: char| !c.is_alphanumeric());
    let (first, second) = (names.next(), names.next());
    match (first, second) {
        (Some(area), Some(inner)) if shown.starts_with(&format!("{area}({inner}")) => {
            format!("{area} {inner}")
        }
        (first, _) => first.unwrap_or_default().to_owned(),
    }
}

/// What the action is done to.
#[derive(Clone, Copy)]
enum Whose {
    Theirs,
    OfSameGroup,
    OfOthers,
}

fn object(action: Action, whose: Whose) -> Object {
    let owner = match whose {
        Whose::Theirs => THEY,
        Whose::OfSameGroup | Whose::OfOthers => ANOTHER,
    };
    match action {
        Action::SeeEntry | Action::AskToSee => Object::Entry {
            owner,
            shares_group: matches!(whose, Whose::OfSameGroup),
        },
        Action::RevokeTicket | Action::AnswerTicket => Object::Ticket { owner },
        Action::AskForSession | Action::SpeakToHost | Action::DisconnectHost => {
            Object::Host { owner }
        }
        Action::OpenHost => Object::PermanentHost {
            shares_group: !matches!(whose, Whose::OfOthers),
        },
        Action::EndSession | Action::MarkMoment | Action::SpeakForUser | Action::GiveFeedback => {
            Object::Session {
                owner,
                host: match whose {
                    Whose::Theirs => HOST,
                    Whose::OfSameGroup | Whose::OfOthers => PeerId([2; 16]),
                },
            }
        }
        Action::SaveReport => Object::Report {
            owner,
            finished: false,
        },
        Action::ListDrafts => Object::Drafts { owner },
        Action::ReadFilm => Object::Film,
        Action::KeepOwnAccount => match whose {
            Whose::Theirs => Object::OwnAccount,
            // nothing can name another account
            Whose::OfSameGroup | Whose::OfOthers => Object::Hub,
        },
        Action::LogIn
        | Action::SignIn
        | Action::MakeTicket
        | Action::Oversee
        | Action::WatchLive
        | Action::ListReports
        | Action::Export
        | Action::ReadAudit
        | Action::Administer => Object::Hub,
    }
}

fn row(table: &mut String, side: &str, message: &str, action: Option<Action>) {
    let Some(action) = action else {
        writeln!(table, "{side:<9}{message:<30}{:<18}everybody", "-").expect("text");
        return;
    };
    let accounts = [
        ("operator", Permissions::OF_OPERATOR, false),
        ("auditor", Permissions::OF_AUDITOR, false),
        ("administrator", Permissions::OF_ADMINISTRATOR, false),
        ("closed", Permissions::KNOWN, true),
    ];
    let accounts = accounts.map(|(name, permissions, disabled)| {
        let id = THEY;
        let who = Who::Account(Standing {
            id,
            permissions,
            disabled,
        });
        (name, who)
    });
    let others = [
        ("host", Who::Host(HOST)),
        ("command-line", Who::CommandLine),
    ];
    let mut line = format!("{side:<9}{message:<30}{:<18}", format!("{action:?}"));
    for (name, who) in accounts.into_iter().chain(others) {
        let mark = [
            (Whose::Theirs, 't'),
            (Whose::OfSameGroup, 'g'),
            (Whose::OfOthers, 'o'),
        ]
        .map(|(whose, mark)| {
            let allowed = may(who, action, object(action, whose)).is_ok();
            if allowed { mark } else { '-' }
        });
        let mark: String = mark.iter().collect();
        write!(line, "{name}:{mark} ").expect("text");
    }
    writeln!(table, "{}", line.trim_end()).expect("text");
}

fn table() -> String {
    let mut table = String::from(
        "# Who may do what: side, message, action, and for each role whether it may do it to what is\n\
         # theirs (t), of somebody in the same group (g), of others (o). Made by the test beside it.\n",
    );
    for message in every::<HostToHub>(&[]) {
        row(&mut table, "host", &name(&message), of_host(&message));
    }
    for message in every::<OperatorToHub>(&[]) {
        row(
            &mut table,
            "console",
            &name(&message),
            of_operator(&message),
        );
    }
    row(
        &mut table,
        "console",
        "(rows of the list)",
        Some(Action::SeeEntry),
    );
    row(&mut table, "admin", "(sign-in)", Some(Action::SignIn));
    for question in every_question() {
        let (action, _) = of_question(&question);
        row(&mut table, "admin", &name(&question), Some(action));
    }
    table
}

#[test]
fn the_table_of_rights_is_what_was_looked_at() {
    let now = table();
    if std::env::var_os("PHD_WRITE_RIGHTS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rights.txt");
        std::fs::write(path, &now).expect("written");
    }
    assert_eq!(
        now, TABLE,
        "say PHD_WRITE_RIGHTS=1, and look at what changed"
    );
}

#[test]
fn every_message_is_in_the_table() {
    // the last ones of their enums, and one of each area that has questions
    for last in [
        "console  Wake",
        "host     SendForgedAway",
        "admin    People SetRules",
        "admin    Desk Disconnect",
        "admin    Hosts Wake",
        "admin    Own EndSignIn",
    ] {
        assert!(TABLE.contains(last), "{last}");
    }
}

#[test]
fn without_permissions_an_account_may_nothing_but_leave() {
    let nobody = Who::Account(Standing {
        id: THEY,
        permissions: Permissions::NONE,
        disabled: false,
    });
    let messages = every::<OperatorToHub>(&[]);
    let actions = messages.iter().filter_map(of_operator);
    let questions = every_question();
    let asked = questions.iter().map(|question| of_question(question).0);
    for action in actions.chain(asked) {
        let theirs = object(action, Whose::Theirs);
        assert!(may(nobody, action, theirs).is_err(), "{action:?}");
    }
}
