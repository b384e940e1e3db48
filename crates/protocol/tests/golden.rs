//! The wire form of every message, byte for byte. A saved Helpme must be understood for years, so a
//! line of `golden.txt` never changes; a new message adds lines at its end.
//!
//! `PHD_WRITE_GOLDEN=1` writes the lines of messages that have none yet.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use protocol::admin::hosts::{self, OfGroup, OfState, Order};
use protocol::admin::people::{self, AccountOrder, SecondFactorRule, SignInKind};
use protocol::admin::reports::{
    self, Field, FieldDefinition, FieldKind, FieldValue, Language, ReportRow,
};
use protocol::admin::{self, AdminToHub, Answer, HubToAdmin, Page, Question, Rows};
use protocol::browse::{BrowseAnswer, FolderAt, FolderPlace, ListedEntry, ListedKind, ListingPart};
use protocol::clipboard::{
    ClipboardFault, ClipboardFrame, ClipboardKind, ClipboardKinds, PieceBytes,
};
use protocol::control::Admission;
use protocol::files::{
    Conflict, ConflictAnswer, FileFacts, FileFault, FileFrame, FileHas, FileMessage, FilePath,
    FileStart, FilesEnd, FilesWord, TransferId,
};
use protocol::receipt::{FilmKept, Helper, SentFiles};
use protocol::system::{Disk, Interface, Program, Room};
use protocol::wire::{self, PREFIX_BYTES};
use protocol::{
    AccountId, BroughtIn, CardAddress, ChannelId, ClientHello, Code, ColourDepth, Companion,
    EndedBy, EnrolmentCode, EnrolmentId, Entry, EntryKind, Equipment, Feedback, Greeting, GroupId,
    HidKey, Hindrance, Hindrances, HostGroupId, HostId, HostKey, HostKeyboard, HostLine, HostState,
    HostToHub, HostWord, HubHello, HubToHost, HubToOperator, InputEvent, InputFrame,
    InvitationToken, KeyProof, KnockAnswer, Lan, Lane, LiveState, MonitorPlace, Network,
    OperatorToHub, OperatorWord, Outcome, OwnAccount, OwnAnswer, OwnQuestion, OwnSignIn, Password,
    PeerId, PermanentHost, Permissions, Place, PointerButton, PointerShape, PointerUpdate,
    Proposal, ProtocolVersion, Receipt, Refusal, RefusalCode, ReportDraft, ReportFacts, ReportId,
    ResumeSecret, Rights, Role, RoleId, RunningSession, ScreenFrame, ScreenLayout, ScreenMonitor,
    SessionId, Shield, ShieldState, Shields, ShowingPart, SignedReceipt, SleepingHost, Stars,
    StreamHeader, SystemAnswer, SystemInformation, TicketRoute, TicketState, Unlisted,
    VersionRange, ViewWish, ViewerMessage, WakeNews, WakeOrder, WakeStanding, Word,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

const GOLDEN: &str = include_str!("golden.txt");

/// Every sample, by its name.
#[derive(Default)]
struct Samples(BTreeMap<String, String>);

impl Samples {
    fn add<M>(&mut self, message: &M)
    where
        M: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        let path = std::any::type_name::<M>();
        // each area of the administration has a question and an answer
        let kind = match path.split_once("::admin::") {
            Some((_, of_admin)) => Some(of_admin),
            None => path.rsplit("::").next(),
        };
        let kind = kind.expect("a name");
        let shown = format!("{message:?}");
        let end = shown.find(|c: char| !c.is_alphanumeric());
        let variant = &shown[..end.unwrap_or(shown.len())];
        let mut name = format!("{kind} {variant}");
        let count = self.0.keys().filter(|known| {
            let rest = known.strip_prefix(&name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
        });
        let count = count.count();
        if count > 0 {
            write!(name, "#{count}").expect("a string takes it");
        }
        let frame = wire::encode(message, 1 << 20).expect("small");
        let body = &frame[PREFIX_BYTES..];
        let mut hex = String::new();
        for byte in body {
            write!(hex, "{byte:02x}").expect("a string takes it");
        }
        let back = wire::decode::<M>(body).expect("what is written is read");
        assert_eq!(&back, message);
        self.0.insert(name, hex);
    }
}

const PEER: PeerId = PeerId([0xaa; 16]);
const SESSION: SessionId = SessionId(7);
const REFUSAL: Refusal = Refusal {
    code: RefusalCode::THROTTLED,
    retry_after_seconds: 30,
};

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn route() -> TicketRoute {
    TicketRoute::new(4829).expect("four digits")
}

fn word() -> Word {
    Word {
        number: 3,
        body: bytes("word"),
        tag: [0xbb; 16],
    }
}

fn greeting() -> Greeting {
    Greeting {
        public: [1; 32],
        answers: [2; 32],
        state: bytes("state"),
        proof: [3; 32],
    }
}

fn admission() -> Admission {
    Admission {
        you: PEER,
        secret: ResumeSecret([4; 32]),
        kept_seconds: 600,
    }
}

fn feedback() -> Feedback {
    Feedback {
        stars: Stars::Four,
        words: "quick".into(),
    }
}

fn receipt() -> Receipt {
    Receipt {
        session: SESSION,
        organisation: "Comune".into(),
        user: "Rossi".into(),
        computer: "PC".into(),
        helpers: vec![Helper {
            name: "Marco".into(),
            allowed: Rights::SEE_AND_CONTROL,
        }],
        further_helpers: 1,
        started_unix_seconds: 1_800_000_000,
        ended_unix_seconds: 1_800_000_060,
        ended_by: EndedBy::User,
        controlled: true,
        chat: false,
        files: vec![SentFiles {
            to_host: true,
            name: "manual.pdf".into(),
            files: 1,
            bytes: 70_000,
            whole: true,
        }],
        further_files: 2,
        film: FilmKept::Until {
            unix_seconds: 1_800_086_460,
        },
    }
}

fn running() -> Vec<RunningSession> {
    vec![RunningSession {
        session: SESSION,
        with: PEER,
    }]
}

fn facts() -> ReportFacts {
    ReportFacts {
        report: ReportId(8),
        session: SESSION,
        requester: "Anna".into(),
        operator: "Marco".into(),
        host: "ANNA-PC".into(),
        ticket: Some(route()),
        started_unix_seconds: 1_800_000_000,
        ended_unix_seconds: 1_800_000_060,
    }
}

fn draft() -> ReportDraft {
    ReportDraft {
        problem: "p".into(),
        solution: "s".into(),
        category: "c".into(),
        notes: "n".into(),
    }
}

fn entry(kind: EntryKind) -> Entry {
    Entry {
        id: PEER,
        kind,
        name: "ANNA-PC".into(),
        person: "Anna".into(),
        system: "Linux".into(),
        ticket: Some(route()),
        in_session_with: Some("Marco".into()),
        since_unix_seconds: 1_800_000_000,
        yours: true,
        present: true,
    }
}

fn hellos(samples: &mut Samples) {
    let versions = VersionRange {
        oldest: ProtocolVersion(2),
        newest: ProtocolVersion(300),
    };
    for role in [Role::Operator, Role::Host, Role::Administrator] {
        samples.add(&ClientHello {
            versions,
            role,
            program: "helpme 0.1.0 linux".into(),
        });
    }
    samples.add(&HubHello::Welcome {
        version: ProtocolVersion(2),
        hub: "hub 0.1.0".into(),
    });
    samples.add(&HubHello::Refused {
        versions,
        refusal: REFUSAL,
    });
}

fn administration_of_films(samples: &mut Samples) {
    use protocol::admin::Page;
    use protocol::admin::films::{
        Answer, Column, Erased, Erasure, Facts, Film, Filter, Hold, Place, Question, Sort,
        Standing, Use, UseKind,
    };
    use protocol::admin::reports::Language;
    let page = Page {
        first: 512,
        rows: 256,
    };
    let filter = Filter {
        operator: "Marco".into(),
        requester: "Anna".into(),
        host: "ANNA-PC".into(),
        since_unix_millis: Some(1_800_000_000_000),
        until_unix_millis: Some(1_800_000_060_000),
        standing: Some(Standing::Erased),
        held: Some(false),
    };
    let by = Column::Bytes;
    let sort = Sort {
        by,
        ascending: true,
    };
    let session = SESSION;
    let questions = [
        Question::List { filter, sort, page },
        Question::Facts { session },
        Question::Part {
            session,
            offset: 786_432,
        },
        Question::Watch {
            session,
            place: Place {
                items: 300,
                bytes: 5,
            },
        },
        Question::StopWatching { session },
        Question::Exporting { session },
        Question::Hold {
            session,
            reason: "court".into(),
        },
        Question::Release { session },
        Question::Erase {
            session,
            reason: "asked".into(),
        },
        Question::Bundle {
            session,
            language: Language::Italian,
            zone: "Europe/Rome".into(),
        },
        Question::BundlePart {
            bundle: 3,
            offset: 786_432,
        },
        Question::ForgetBundle { bundle: 3 },
        Question::Picture { session },
    ];
    for question in &questions {
        samples.add(question);
    }
    let film = Film {
        session,
        operators: "Marco, Bruno".into(),
        requester: "Anna".into(),
        host: "ANNA-PC".into(),
        ticket: Some(route()),
        started_unix_millis: 1_800_000_000_000,
        ended_unix_millis: Some(1_800_000_060_000),
        ended_by: Some(EndedBy::User),
        bytes: Some(4096),
        standing: Standing::Finished,
        held: Some(Hold {
            by: "marco".into(),
            since_unix_millis: 1_800_000_070_000,
            reason: "court".into(),
        }),
    };
    let facts = Facts {
        film: film.clone(),
        head: Some([7; 32]),
        kept_until_unix_millis: Some(1_900_000_000_000),
        erased: Some(Erased {
            at_unix_millis: 1_800_000_080_000,
            by: "marco".into(),
            why: Erasure::Privacy,
            reason: "asked".into(),
        }),
        uses: vec![Use {
            at_unix_millis: 1_800_000_075_000,
            by: "marco".into(),
            what: UseKind::Exported,
        }],
    };
    let answers = [
        Answer::Films(Rows {
            total: 513,
            first: 512,
            rows: vec![film],
        }),
        Answer::Facts(Box::new(facts)),
        Answer::Part {
            whole_bytes: 4096,
            bytes: bytes("part"),
        },
        Answer::Watched {
            bytes: bytes("piece"),
            next: Place::default(),
            is_over: true,
        },
        Answer::Bundle {
            bundle: 3,
            file_name: "proof-7.zip".into(),
        },
        Answer::Making { thousandths: 250 },
        Answer::Picture {
            png: bytes("picture"),
        },
        Answer::Done,
    ];
    for answer in &answers {
        samples.add(answer);
    }
}

fn administration_of_audit(samples: &mut Samples) {
    use protocol::admin::audit::{ActorKind, Answer, AuditRow, Fault, Filter, Question, Verified};
    use protocol::admin::{Page, Rows};
    let filter = Filter {
        actor: Some("marco".into()),
        action: Some("film.watched".into()),
        text: "7".into(),
        since_unix_millis: Some(1_800_000_000_000),
        until_unix_millis: None,
    };
    let page = Page { first: 0, rows: 50 };
    for question in &[Question::List { filter, page }, Question::Verify] {
        samples.add(question);
    }
    let kinds = [
        None,
        Some(ActorKind::Hub),
        Some(ActorKind::Account),
        Some(ActorKind::Host),
        Some(ActorKind::CommandLine),
        Some(ActorKind::Stranger),
    ];
    let rows = kinds.into_iter().zip(1..).map(|(kind, row)| AuditRow {
        row,
        at_unix_millis: 1_800_000_000_000,
        kind,
        actor: "marco".into(),
        action: "film.watched".into(),
        detail: "{}".into(),
    });
    let rows = Answer::Rows(Rows {
        total: 6,
        first: 0,
        rows: rows.collect(),
    });
    samples.add(&rows);
    let faults = [
        None,
        Some(Fault::Changed { row: 3 }),
        Some(Fault::Gone { first: 4, last: 6 }),
        Some(Fault::Added { first: 4, last: 6 }),
        Some(Fault::Rewritten { row: 3 }),
        Some(Fault::Signature),
        Some(Fault::Anchor { row: 3 }),
    ];
    for fault in faults {
        let verified = Verified {
            rows: 3,
            head: [8; 32],
            signed: fault.is_none(),
            fault,
        };
        samples.add(&Answer::Verified(verified));
    }
}

fn administration_of_settings(samples: &mut Samples) {
    use protocol::admin::settings::{Answer, Question, Settings};
    let settings = Settings {
        organisation: "Comune".into(),
        words: "We help.".into(),
        film_days: 90,
        film_quota_bytes: 1 << 40,
        free_disk_bytes: 1 << 30,
        ..Settings::default()
    };
    let mut each = settings.each().to_vec();
    // what was added since travels in the messages at the end
    let of_hosts = each.split_off(12);
    let demands = each.split_off(10);
    let newest = each.split_off(9);
    let newer = each.split_off(8);
    let png = bytes("png");
    for question in &[
        Question::Read,
        Question::Change { settings: each },
        Question::Logo,
        Question::SetLogo { png: png.clone() },
        Question::Change {
            settings: newer.clone(),
        },
        Question::ReadEach,
        Question::Change { settings: newest },
        Question::Change { settings: demands },
        Question::Change { settings: of_hosts },
    ] {
        samples.add(question);
    }
    for answer in &[
        Answer::Settings(settings),
        Answer::Logo { png },
        Answer::Done,
        Answer::Each(newer),
    ] {
        samples.add(answer);
    }
}

fn host_to_hub(samples: &mut Samples) {
    let messages = [
        HostToHub::OpenTicket {
            route: route(),
            computer: "ANNA-PC".into(),
            user: "Anna".into(),
            system: "Linux".into(),
            exchange: bytes("half"),
        },
        HostToHub::ConfirmTicket {
            proof: bytes("proof"),
        },
        HostToHub::Resume {
            you: PEER,
            secret: ResumeSecret([4; 32]),
        },
        HostToHub::Greet {
            to: PEER,
            greeting: greeting(),
        },
        HostToHub::Say {
            to: PEER,
            word: word(),
        },
        HostToHub::EndSession { session: SESSION },
        HostToHub::Leave,
        HostToHub::SendAway {
            session: SESSION,
            operator: PEER,
        },
        HostToHub::Enrol {
            code: EnrolmentCode([5; 16]),
            host: permanent_host(),
        },
        HostToHub::ComeIn {
            host: permanent_host(),
        },
        HostToHub::Feedback {
            session: SESSION,
            feedback: feedback(),
        },
    ];
    for message in &messages {
        samples.add(message);
    }
}

fn hub_to_host(samples: &mut Samples) {
    let messages = [
        HubToHost::TicketRefused { refusal: REFUSAL },
        HubToHost::TicketAnswered {
            operator: "Marco".into(),
            exchange: bytes("half"),
        },
        HubToHost::TicketAccepted {
            proof: bytes("proof"),
            admission: admission(),
        },
        HubToHost::Resumed {
            running: running(),
            ended: vec![(SESSION, EndedBy::Operator)],
        },
        HubToHost::ResumeRefused { refusal: REFUSAL },
        HubToHost::Greeted {
            from: PEER,
            greeting: greeting(),
        },
        HubToHost::Said {
            from: PEER,
            at_unix_seconds: 1_800_000_000,
            word: word(),
        },
        HubToHost::ConsentAsked {
            session: SESSION,
            from: PEER,
            word: word(),
        },
        HubToHost::ConsentWithdrawn { session: SESSION },
        HubToHost::SessionStarted { session: SESSION },
        HubToHost::SessionEnded {
            session: SESSION,
            by: EndedBy::User,
        },
        HubToHost::OperatorPresent {
            operator: PEER,
            present: true,
        },
        HubToHost::Goodbye { refusal: REFUSAL },
        HubToHost::OperatorLeft {
            session: SESSION,
            operator: PEER,
        },
        HubToHost::Watched {
            session: SESSION,
            by: vec!["Carla".into()],
        },
        HubToHost::HostAccepted {
            name: "Till 4".into(),
        },
        HubToHost::HostRefused { refusal: REFUSAL },
        HubToHost::Organisation {
            name: "Comune".into(),
        },
        HubToHost::Receipt {
            signed: SignedReceipt {
                receipt: receipt().to_bytes(),
                certificate: bytes("certificate"),
                signature: bytes("signature"),
            },
        },
        HubToHost::FeedbackTaken {
            session: SESSION,
            outcome: Outcome::Done,
        },
    ];
    for message in &messages {
        samples.add(message);
    }
}

fn knocks(samples: &mut Samples) {
    let knock = 300;
    for message in [
        HostToHub::LeavePlace,
        HostToHub::AnswerKnock {
            knock,
            answer: KnockAnswer::Exchange(bytes("answer")),
        },
        HostToHub::AnswerKnock {
            knock,
            answer: KnockAnswer::Refused(REFUSAL),
        },
        HostToHub::JudgeKnock { knock, right: true },
        HostToHub::EndForged { session: SESSION },
    ] {
        samples.add(&message);
    }
    for message in [
        HubToHost::Knocked {
            knock,
            account: AccountId(7),
            operator: "Marco".into(),
            exchange: bytes("request"),
        },
        HubToHost::KnockProved {
            knock,
            proof: Some(bytes("proof")),
        },
        HubToHost::KnockAdmitted {
            knock,
            admission: admission(),
        },
    ] {
        samples.add(&message);
    }
    for message in [
        OperatorToHub::Knock {
            host: PEER,
            exchange: bytes("request"),
            reason: "Case 7".into(),
        },
        OperatorToHub::ProveKnock {
            host: PEER,
            proof: None,
        },
    ] {
        samples.add(&message);
    }
    for message in [
        HubToOperator::KnockAnswered {
            host: PEER,
            exchange: bytes("answer"),
        },
        HubToOperator::KnockRefused {
            host: PEER,
            refusal: REFUSAL,
        },
        HubToOperator::KnockOpened {
            host: PEER,
            place: PeerId([0xbb; 16]),
        },
    ] {
        samples.add(&message);
    }
}

fn showings(samples: &mut Samples) {
    let showing = 300;
    let parts = [
        ShowingPart::Half(bytes("half")),
        ShowingPart::Proof(bytes("proof")),
        ShowingPart::Right {
            computer: "DESK-2".into(),
            system: "Linux".into(),
        },
    ];
    for part in parts {
        samples.add(&OperatorToHub::ShowingPart { showing, part });
    }
    samples.add(&OperatorToHub::AskToSee {
        operator: PEER,
        control: true,
    });
    samples.add(&OperatorToHub::LeaveShowing { showing });
    samples.add(&OperatorToHub::KnockCode {
        host: PEER,
        code: Code("123456".into()),
    });
    samples.add(&OperatorToHub::EndForged { session: SESSION });
    for message in [
        HubToOperator::ShowingBegun {
            showing,
            operator: PEER,
            seconds: 60,
        },
        HubToOperator::ShowingAsked {
            showing,
            operator: PEER,
            name: "Anna".into(),
            control: false,
            seconds: 60,
        },
        HubToOperator::ShowingPart {
            showing,
            part: ShowingPart::Half(bytes("half")),
        },
        HubToOperator::ShowingRefused {
            showing: 0,
            operator: PEER,
            refusal: REFUSAL,
        },
        HubToOperator::ShowingAdmitted {
            showing,
            admission: admission(),
        },
        HubToOperator::ShowingOpened {
            showing,
            place: PEER,
        },
    ] {
        samples.add(&message);
    }
}

fn wakes(samples: &mut Samples) {
    let wake = 300;
    let card = CardAddress([2, 0x42, 0xac, 0x11, 0, 2]);
    let network = Network {
        address: [192, 168, 1, 0],
        prefix: 24,
    };
    samples.add(&HostToHub::Lans {
        lans: vec![Lan { card, network }],
    });
    samples.add(&HostToHub::Woke { wake, sent: true });
    samples.add(&HostToHub::SendForgedAway {
        session: SESSION,
        operator: PEER,
    });
    samples.add(&HubToHost::Wake {
        wake,
        order: WakeOrder {
            network,
            cards: vec![card],
        },
    });
    samples.add(&OperatorToHub::ListSleeping);
    samples.add(&OperatorToHub::Wake { host: PEER });
    for standing in [
        WakeStanding::Ready,
        WakeStanding::Unknown,
        WakeStanding::Alone,
    ] {
        let entry = Entry {
            present: false,
            ..entry(EntryKind::PermanentHost)
        };
        samples.add(&HubToOperator::Sleeping {
            sleeping: SleepingHost { entry, standing },
        });
    }
    for news in [
        WakeNews::Begun {
            through: vec!["BUERO-2".into()],
            seconds: 120,
        },
        WakeNews::Refused(REFUSAL),
        WakeNews::Connected,
        WakeNews::Silent,
        WakeNews::NotSent,
    ] {
        samples.add(&HubToOperator::Waking { host: PEER, news });
    }
}

fn own_accounts(samples: &mut Samples) {
    let password = || Password("secret".into());
    let code = || Code("123456".into());
    let questions = [
        OwnQuestion::Show,
        OwnQuestion::ChangePassword {
            password: password(),
            code: Some(code()),
            new: Password("another".into()),
        },
        OwnQuestion::BeginSecondFactor {
            password: password(),
            code: None,
        },
        OwnQuestion::ConfirmSecondFactor { code: code() },
        OwnQuestion::RenewRecoveryCodes {
            password: password(),
            code: code(),
        },
        OwnQuestion::RemoveSecondFactor {
            password: password(),
            code: code(),
        },
        OwnQuestion::EndSignIn { sign_in: PEER },
    ];
    for question in &questions {
        samples.add(question);
    }
    samples.add(&OperatorToHub::AskOwn {
        number: 300,
        question: OwnQuestion::Show,
    });
    samples.add(&Question::Own(OwnQuestion::Show));
    let sign_in = |kind, last_used_unix_millis| OwnSignIn {
        sign_in: PEER,
        kind,
        program: "pure-help-desk 0.1.0 linux".into(),
        address: "192.0.2.7".into(),
        since_unix_millis: 1_700_000_000_000,
        last_used_unix_millis,
        is_this: last_used_unix_millis.is_some(),
    };
    let account = OwnAccount {
        name: "marco".into(),
        display_name: "Marco".into(),
        has_second_factor: true,
        recovery_codes_left: 9,
        must_have_second_factor: true,
        password_chars: 300,
        sign_ins: vec![
            sign_in(SignInKind::Console, Some(1_700_000_001_000)),
            sign_in(SignInKind::Administration, None),
        ],
    };
    let answers = [
        OwnAnswer::Refused(REFUSAL),
        OwnAnswer::Account(account),
        OwnAnswer::Done,
        OwnAnswer::SecondFactor {
            address: "otpauth://totp/x?secret=y".into(),
        },
        OwnAnswer::RecoveryCodes {
            codes: vec!["abcd-efgh-ijkl-mnop".into()],
        },
    ];
    for answer in &answers {
        samples.add(answer);
    }
    samples.add(&HubToOperator::OwnAnswered {
        number: 300,
        answer: OwnAnswer::Done,
    });
    samples.add(&Answer::Own(OwnAnswer::Done));
}

fn operator_to_hub(samples: &mut Samples) {
    let messages = [
        OperatorToHub::LogIn {
            user: "marco".into(),
            password: Password("secret".into()),
        },
        OperatorToHub::Resume {
            you: PEER,
            secret: ResumeSecret([4; 32]),
        },
        OperatorToHub::LogOut,
        OperatorToHub::GenerateTicket,
        OperatorToHub::RevokeTicket { route: route() },
        OperatorToHub::AnswerTicket {
            route: route(),
            attempt: 5,
            exchange: bytes("half"),
        },
        OperatorToHub::JudgeTicket {
            route: route(),
            attempt: 5,
            proof: Some(bytes("proof")),
        },
        OperatorToHub::Greet {
            to: PEER,
            greeting: greeting(),
        },
        OperatorToHub::Say {
            to: PEER,
            word: word(),
        },
        OperatorToHub::StartSession {
            host: PEER,
            word: word(),
        },
        OperatorToHub::EndSession { session: SESSION },
        OperatorToHub::DisconnectHost { host: PEER },
        OperatorToHub::SaveReport {
            report: ReportId(8),
            draft: draft(),
            finished: true,
        },
        OperatorToHub::ListDrafts,
        OperatorToHub::GiveCode {
            code: Code("123456".into()),
        },
        OperatorToHub::AcceptInvitation {
            user: "marco".into(),
            token: InvitationToken([5; 16]),
            password: Password("secret".into()),
        },
        OperatorToHub::ListReportForms,
        OperatorToHub::AskAboutReport {
            report: ReportId(8),
            language: Language::Italian,
        },
        OperatorToHub::FillFields {
            report: ReportId(8),
            fields: vec![field_value()],
        },
        OperatorToHub::MarkMoment {
            session: SESSION,
            text: "here it fails".into(),
            ago_millis: 2500,
        },
        OperatorToHub::ExtendTicket { route: route() },
    ];
    for message in &messages {
        samples.add(message);
    }
}

fn hub_to_operator(samples: &mut Samples) {
    samples.add(&HubToOperator::TicketExtended {
        route: route(),
        valid_seconds: 900,
    });
    samples.add(&HubToOperator::Organisation {
        name: "Rossi".into(),
    });
    let messages = [
        HubToOperator::LoggedIn {
            admission: admission(),
            display_name: "Marco".into(),
        },
        HubToOperator::LogInRefused { refusal: REFUSAL },
        HubToOperator::Resumed {
            running: running(),
            ended: vec![(SESSION, EndedBy::HostLost)],
        },
        HubToOperator::ResumeRefused { refusal: REFUSAL },
        HubToOperator::TicketGenerated {
            route: route(),
            valid_seconds: 3600,
        },
        HubToOperator::TicketRefused { refusal: REFUSAL },
        HubToOperator::TicketOpened {
            route: route(),
            attempt: 5,
            exchange: bytes("half"),
        },
        HubToOperator::TicketProof {
            route: route(),
            attempt: 5,
            proof: bytes("proof"),
        },
        HubToOperator::TicketSettled {
            route: route(),
            attempt: 5,
            host: PEER,
        },
        HubToOperator::Entries {
            entries: vec![entry(EntryKind::User), entry(EntryKind::Operator)],
        },
        HubToOperator::EntryChanged {
            entry: entry(EntryKind::PermanentHost),
        },
        HubToOperator::EntryGone { id: PEER },
        HubToOperator::Greeted {
            from: PEER,
            greeting: greeting(),
        },
        HubToOperator::Said {
            from: PEER,
            at_unix_seconds: 1_800_000_000,
            word: word(),
        },
        HubToOperator::ConsentPending {
            session: SESSION,
            host: PEER,
        },
        HubToOperator::SessionStarted {
            session: SESSION,
            host: PEER,
        },
        HubToOperator::SessionRefused {
            host: PEER,
            refusal: REFUSAL,
        },
        HubToOperator::ReportSaved {
            report: ReportId(8),
            finished: false,
            outcome: Outcome::Done,
        },
        HubToOperator::ReportSaved {
            report: ReportId(8),
            finished: true,
            outcome: Outcome::Refused(REFUSAL),
        },
        HubToOperator::ReportForms {
            categories: vec!["Printer".into()],
            fields: vec![field()],
        },
        HubToOperator::AboutReport {
            report: ReportId(8),
            proposal: Proposal {
                problem: "no sound".into(),
                solution: "seen".into(),
            },
            fields: vec![field_value()],
            earlier: vec![report_row()],
        },
        HubToOperator::Drafts {
            drafts: vec![(facts(), draft())],
        },
        HubToOperator::Goodbye { refusal: REFUSAL },
        HubToOperator::SessionLeft {
            session: SESSION,
            by: EndedBy::User,
        },
        HubToOperator::CodeWanted,
        HubToOperator::Permitted {
            permissions: Permissions::OF_OPERATOR,
        },
        HubToOperator::Watched {
            session: SESSION,
            by: vec!["Carla".into()],
        },
        HubToOperator::MomentMarked {
            session: SESSION,
            outcome: Outcome::Done,
        },
        HubToOperator::Page {
            url: "https://hub.example.org/".into(),
        },
        HubToOperator::Feedback {
            report: ReportId(9),
            feedback: feedback(),
        },
    ];
    for message in &messages {
        samples.add(message);
    }
    for state in [
        TicketState::Open,
        TicketState::Used,
        TicketState::Expired,
        TicketState::Revoked,
        TicketState::Burnt,
    ] {
        samples.add(&HubToOperator::TicketChanged {
            route: route(),
            state,
        });
    }
    for by in [
        EndedBy::User,
        EndedBy::Operator,
        EndedBy::HostLost,
        EndedBy::OperatorLost,
        EndedBy::CannotRecord,
        EndedBy::HubStopped,
        EndedBy::Forged,
        EndedBy::NoCapture,
        EndedBy::Administrator,
    ] {
        samples.add(&HubToOperator::SessionEnded {
            session: SESSION,
            by,
            facts: facts(),
        });
    }
}

fn administrators(samples: &mut Samples) {
    let to_hub = [
        AdminToHub::SignIn {
            user: "marco".into(),
            password: Password("secret".into()),
        },
        AdminToHub::Ask {
            number: 300,
            question: Question::People(people::Question::Rules),
        },
        AdminToHub::Leave,
        AdminToHub::GiveCode {
            code: Code("123456".into()),
        },
        AdminToHub::AcceptInvitation {
            user: "marco".into(),
            token: InvitationToken([5; 16]),
            password: Password("secret".into()),
        },
    ];
    for message in &to_hub {
        samples.add(message);
    }
    let from_hub = [
        HubToAdmin::SignedIn {
            name: "Marco".into(),
        },
        HubToAdmin::SignInRefused { refusal: REFUSAL },
        HubToAdmin::Answered {
            number: 300,
            answer: Answer::Refused(REFUSAL),
        },
        HubToAdmin::Goodbye { refusal: REFUSAL },
        HubToAdmin::CodeWanted,
    ];
    for message in &from_hub {
        samples.add(message);
    }
}

fn questions_about_people(samples: &mut Samples) {
    use people::Question;
    let account = AccountId(-3);
    let page = Page {
        first: 300,
        rows: 50,
    };
    let orders = [
        AccountOrder::Name,
        AccountOrder::DisplayName,
        AccountOrder::Role,
        AccountOrder::LastLogIn,
    ];
    let mut questions: Vec<Question> = orders
        .map(|order| Question::Accounts {
            page,
            search: "ann".into(),
            order,
            descending: true,
        })
        .into();
    questions.extend([
        Question::AddAccount(people::NewAccount {
            name: "anna".into(),
            display_name: "Anna".into(),
            role: RoleId::AUDITOR,
            groups: vec![GroupId::EVERYONE],
            password: Some(Password("secret".into())),
        }),
        Question::ChangeAccount {
            account,
            change: people::AccountChange {
                name: "anna".into(),
                display_name: "Anna".into(),
                role: RoleId::ADMINISTRATOR,
                groups: vec![GroupId(7)],
            },
        },
        Question::SetDisabled {
            account,
            disabled: true,
        },
        Question::SetPassword {
            account,
            password: Password("secret".into()),
        },
        Question::SetUpSecondFactor { account },
        Question::ResetSecondFactor { account },
        Question::Invite { account },
        Question::Groups { page },
        Question::AddGroup {
            name: "North".into(),
        },
        Question::RenameGroup {
            group: GroupId(7),
            name: "South".into(),
        },
        Question::RemoveGroup { group: GroupId(7) },
        Question::Roles { page },
        Question::AddRole {
            name: "Trainee".into(),
            permissions: Permissions::SEE,
        },
        Question::ChangeRole {
            role: RoleId(9),
            name: "Trainee".into(),
            permissions: Permissions::KNOWN,
        },
        Question::RemoveRole { role: RoleId(9) },
        Question::SignIns { page },
        Question::EndSignIn { sign_in: PEER },
        Question::Rules,
    ]);
    questions.extend(rules().map(Question::SetRules));
    for question in &questions {
        samples.add(question);
    }
}

fn rules() -> [people::Rules; 4] {
    [
        SecondFactorRule::Off,
        SecondFactorRule::Optional,
        SecondFactorRule::Administrators,
        SecondFactorRule::Everybody,
    ]
    .map(|second_factor| people::Rules {
        second_factor,
        password_chars: 12,
    })
}

fn answers_about_people(samples: &mut Samples) {
    use people::Answer;
    fn rows<T>(row: T) -> Rows<T> {
        Rows {
            total: 301,
            first: 300,
            rows: vec![row],
        }
    }
    let account = AccountId(3);
    let mut answers = vec![
        Answer::Accounts(rows(people::AccountRow {
            account,
            name: "anna".into(),
            display_name: "Anna".into(),
            role: RoleId::OPERATOR,
            role_name: "operator".into(),
            groups: vec![GroupId::EVERYONE, GroupId(7)],
            has_password: true,
            has_second_factor: false,
            recovery_codes_left: 10,
            disabled: false,
            signed_in: true,
            last_log_in_unix_millis: Some(1_800_000_000_000),
            invited_until_unix_millis: None,
        })),
        Answer::AccountAdded { account },
        Answer::SecondFactor {
            address: "otpauth://".into(),
            recovery_codes: vec!["abcd-efgh".into()],
        },
        Answer::Invitation {
            line: "pure-help-desk://".into(),
            expires_unix_millis: 1_800_000_000_000,
        },
        Answer::Groups(rows(people::GroupRow {
            group: GroupId::EVERYONE,
            name: "Everyone".into(),
            built_in: true,
            accounts: 2,
        })),
        Answer::GroupAdded { group: GroupId(7) },
        Answer::Roles(rows(people::RoleRow {
            role: RoleId::AUDITOR,
            name: "auditor".into(),
            permissions: Permissions::OF_AUDITOR,
            built_in: true,
            accounts: 1,
        })),
        Answer::RoleAdded { role: RoleId(9) },
        Answer::Done,
    ];
    answers.extend(
        [SignInKind::Console, SignInKind::Administration].map(|kind| {
            Answer::SignIns(rows(people::SignInRow {
                sign_in: PEER,
                account,
                name: "anna".into(),
                display_name: "Anna".into(),
                kind,
                program: "pure-help-desk 0.1.0 linux".into(),
                address: "192.0.2.7".into(),
                since_unix_millis: 1_800_000_000_000,
            }))
        }),
    );
    answers.extend(rules().map(Answer::Rules));
    for answer in &answers {
        samples.add(answer);
    }
}

fn words(samples: &mut Samples) {
    samples.add(&HostState {
        computer: "ANNA-PC".into(),
        user: "Anna".into(),
        system: "Linux".into(),
        heard: 9,
        live: Some(LiveState {
            session: SESSION,
            rights: Rights::SEE_AND_CONTROL,
            input_taken: 400,
        }),
    });
    let operator = [
        OperatorWord::Ask {
            asked: Rights::KNOWN,
            operator: "Marco".into(),
            formats: (3, 4),
        },
        OperatorWord::Chat {
            line: 9,
            text: "hello".into(),
        },
        OperatorWord::Heard { line: 9 },
        OperatorWord::BringIn {
            session: SESSION,
            attempt: 2,
            ticket: bytes("sealed"),
        },
    ];
    for message in &operator {
        samples.add(message);
    }
    let host = [
        HostWord::Answer {
            session: SESSION,
            granted: Some(Rights::SEE),
            picture_key: bytes("sealed"),
        },
        HostWord::Reduce {
            session: SESSION,
            rights: Rights::SEE,
        },
        HostWord::Chat {
            line: 9,
            text: "hello".into(),
        },
        HostWord::Heard { line: 9 },
        HostWord::InputTooOld {
            session: SESSION,
            count: 2,
        },
        HostWord::Company {
            session: SESSION,
            operators: vec![Companion {
                operator: PEER,
                name: "Marco".into(),
                rights: Rights::SEE_AND_CONTROL,
            }],
            driver: Some(PEER),
        },
        HostWord::ChatOf {
            line: 9,
            operator: "Marco".into(),
            text: "hello".into(),
        },
    ];
    let outcomes = [
        BroughtIn::Met {
            operator: "Lucia".into(),
        },
        BroughtIn::Refused(REFUSAL),
        BroughtIn::Spent,
        BroughtIn::Busy,
    ];
    let outcomes = outcomes.map(|outcome| HostWord::BroughtIn {
        session: SESSION,
        attempt: 2,
        outcome,
    });
    let hindrances = [
        Hindrances {
            screen: Some(Hindrance::LOCKED),
            input: Some(Hindrance::NO_INPUT),
        },
        Hindrances::NONE,
    ];
    let hindered = hindrances.map(HostWord::Hindered);
    let impossible = [HostWord::InputImpossible {
        session: SESSION,
        count: 3,
    }];
    let lines = [
        HostLine {
            to_hub_millis: 20,
            to_operator_millis: 300,
            bytes_per_second: Some(50_000),
            lost_permille: Some(7),
            busy_percent: 90,
        },
        HostLine::default(),
    ]
    .map(|line| HostWord::Line {
        session: SESSION,
        line,
    });
    let words = host.iter().chain(&outcomes).chain(&hindered);
    for message in words.chain(&impossible).chain(&lines) {
        samples.add(message);
    }
    for withheld in [true, false] {
        samples.add(&HostWord::Withheld {
            session: SESSION,
            withheld,
        });
    }
    add_system(samples);
    add_shields(samples);
    add_equipment(samples);
}

fn add_equipment(samples: &mut Samples) {
    let keyboard = |layout: &str, unlisted| {
        Equipment::Keyboard(HostKeyboard {
            layout: layout.into(),
            unlisted,
        })
    };
    let place = MonitorPlace {
        id: 3,
        left: 1_920,
        top: 0,
        width: 1_280,
        height: 1_024,
    };
    for equipment in [
        Equipment::Monitors(vec![place]),
        Equipment::Monitors(Vec::new()),
        keyboard("Italian", Unlisted::SpareKey),
        keyboard("", Unlisted::Text),
        keyboard("", Unlisted::Never),
    ] {
        samples.add(&HostWord::Equipped {
            session: SESSION,
            equipment,
        });
    }
}

fn add_shields(samples: &mut Samples) {
    let session = SESSION;
    for shield in Shield::ALL {
        samples.add(&OperatorWord::Shield {
            session,
            shield,
            up: shield == Shield::Input,
        });
    }
    let cannot = ShieldState::Cannot(Hindrance::NO_BRIGHTNESS);
    for (input, screen) in [
        (ShieldState::Down, ShieldState::Asked),
        (ShieldState::Up, ShieldState::Refused),
        (ShieldState::Up, cannot),
    ] {
        let shields = Shields { input, screen };
        samples.add(&HostWord::Shields { session, shields });
    }
    for resting in [true, false] {
        samples.add(&OperatorWord::Rest { session, resting });
    }
    for monitor in [Some("eDP-1".into()), None] {
        samples.add(&HostWord::SharesOnly { session, monitor });
    }
}

fn add_system(samples: &mut Samples) {
    let (session, attempt) = (SESSION, 2);
    samples.add(&OperatorWord::AskSystem { session, attempt });
    for answer in [
        SystemAnswer::Told {
            number: 7,
            sealed: bytes("sealed"),
        },
        SystemAnswer::Refused,
        SystemAnswer::Withheld,
    ] {
        samples.add(&HostWord::System {
            session,
            attempt,
            answer,
        });
    }
    let room = Room {
        used_bytes: 300,
        total_bytes: 70_000,
    };
    samples.add(&SystemInformation {
        computer: "pc".into(),
        model: "model".into(),
        system: "Linux".into(),
        kernel: "6".into(),
        uptime_seconds: 300,
        processor: "cpu".into(),
        architecture: "x86_64".into(),
        cores: 8,
        busy_percent: 12,
        memory: room,
        swap: Room::default(),
        disks: vec![Disk {
            place: "/".into(),
            file_system: "ext4".into(),
            room,
        }],
        interfaces: vec![Interface {
            name: "eth0".into(),
            addresses: vec![([192, 0, 2, 1].into(), 24)],
            received_bytes: 1,
            sent_bytes: 2,
        }],
        programs: vec![Program {
            name: "browser".into(),
            processes: 3,
            busy_percent: 150,
            memory_bytes: 4,
        }],
    });
}

fn streams(samples: &mut Samples) {
    for lane in Lane::ALL {
        samples.add(&StreamHeader {
            lane,
            session: SESSION,
            operator: PEER,
            channel: ChannelId(0x0102_0304_0506_0708),
        });
    }
    samples.add(&StreamHeader::to_everybody(Lane::Screen, SESSION));
    let place = Place {
        x: -1,
        y: 1080,
        seen: 300,
    };
    let mut events = vec![
        InputEvent::Key {
            key: HidKey(4),
            pressed: true,
            character: Some('è'),
        },
        InputEvent::PointerMoved { to: place },
        InputEvent::Wheel { dx: -120, dy: 120 },
        InputEvent::Text {
            text: "日本".into(),
        },
        InputEvent::ReleaseAll,
        InputEvent::StillHeld,
    ];
    events.extend(
        [
            PointerButton::Left,
            PointerButton::Middle,
            PointerButton::Right,
            PointerButton::Back,
            PointerButton::Forward,
        ]
        .map(|button| InputEvent::Button {
            button,
            pressed: false,
            at: place,
        }),
    );
    events.push(InputEvent::ClipboardOffered {
        offer: 300,
        kinds: ClipboardKinds::default().with(ClipboardKind::Html),
    });
    for event in events {
        samples.add(&InputFrame {
            number: 400,
            at_millis: -5,
            event,
        });
    }
    let mut viewer = vec![
        ViewerMessage::Shown {
            seq: 300,
            held_micros: 900,
        },
        ViewerMessage::NeedReset,
    ];
    viewer.extend(
        [
            ColourDepth::Lossless,
            ColourDepth::True,
            ColourDepth::Bits15,
            ColourDepth::Bits8,
            ColourDepth::Grey,
        ]
        .map(|depth| {
            ViewerMessage::Wish(ViewWish {
                depth,
                percent: 50,
                monitor: Some(3),
            })
        }),
    );
    for message in &viewer {
        samples.add(message);
    }
    add_files(samples);
    add_clipboard(samples);
    samples.add(&ScreenFrame {
        seq: 300,
        captured_at_micros: 70_000,
        layout: Some(ScreenLayout {
            monitors: vec![ScreenMonitor {
                id: 3,
                name: "eDP-1".into(),
                width: 1920,
                height: 1080,
            }],
            shared: Some(3),
            width: 1920,
            height: 1080,
            percent: 50,
        }),
        payload: bytes("update"),
    });
    samples.add(&PointerUpdate {
        seq: 301,
        at_micros: 70_000,
        x: -1,
        y: 9,
        visible: true,
        shape: Some(PointerShape {
            width: 1,
            height: 1,
            hot_x: 0,
            hot_y: 0,
            rgba: Bytes::from_static(&[1, 2, 3, 4]),
        }),
    });
}

fn field() -> Field {
    Field {
        id: 4,
        definition: FieldDefinition {
            name: "Contract".into(),
            kind: FieldKind::Choice(vec!["A".into(), "B".into()]),
            required: true,
        },
    }
}

fn field_value() -> FieldValue {
    FieldValue {
        field: 4,
        name: "Contract".into(),
        value: "A".into(),
    }
}

fn report_row() -> ReportRow {
    ReportRow {
        report: ReportId(8),
        session: SESSION,
        started_unix_millis: 1_800_000_000_000,
        lasted_seconds: 600,
        active_seconds: 500,
        operators: "Marco".into(),
        requester: "Anna".into(),
        host: "ANNA-PC".into(),
        category: "Printer".into(),
        problem: "no paper".into(),
        finished: true,
        corrected: false,
    }
}

fn questions_about_reports(samples: &mut Samples) {
    use reports::{
        CategoryChange, Choice, ExportFormat, ExportOf, FieldChange, Question, ReportColumn,
        ReportFilter, ReportGroups, ReportSort, TotalsBy,
    };
    let page = Page {
        first: 512,
        rows: 256,
    };
    let filter = ReportFilter {
        text: "paper".into(),
        operator: Some("Marco".into()),
        requester: Some("Anna".into()),
        host: Some("ANNA-PC".into()),
        category: Some("Printer".into()),
        since_unix_millis: Some(1_800_000_000_000),
        until_unix_millis: Some(1_800_000_060_000),
        finished: Some(true),
        groups: Box::default(),
    };
    let groups = ReportGroups {
        operators: Some("Desk".into()),
        hosts: Some("Tills".into()),
    };
    let report = ReportId(8);
    let definition = field().definition;
    let mut questions = vec![
        Question::Choices {
            of: Choice::Host,
            begin: "PC".into(),
        },
        Question::Show { report },
        Question::Chat { report, page },
        Question::Version { report, number: 2 },
        Question::Correct {
            report,
            draft: ReportDraft {
                problem: "no sound".into(),
                ..ReportDraft::default()
            },
            fields: vec![field_value()],
            reason: "wrong".into(),
        },
        Question::Categories,
        Question::Fields,
        Question::ExportPart { export: 3, part: 1 },
    ];
    questions.extend(ReportColumn::ALL.map(|column| Question::List {
        filter: filter.clone(),
        sort: ReportSort {
            column,
            descending: true,
        },
        page,
    }));
    questions.extend(
        [
            TotalsBy::Operator,
            TotalsBy::Requester,
            TotalsBy::Host,
            TotalsBy::Category,
            TotalsBy::Day,
            TotalsBy::Week,
            TotalsBy::Month,
            TotalsBy::Group,
        ]
        .map(|by| Question::Totals {
            filter: filter.clone(),
            by,
            zone: "Europe/Rome".into(),
        }),
    );
    let name = "Printer".into();
    questions.extend(
        [
            CategoryChange::Add { name },
            CategoryChange::Rename {
                id: 1,
                name: "Mail".into(),
            },
            CategoryChange::Remove { id: 1 },
            CategoryChange::Move { id: 1, to: 0 },
        ]
        .map(Question::ChangeCategories),
    );
    questions.extend(
        [
            FieldChange::Add(definition.clone()),
            FieldChange::Change { id: 4, definition },
            FieldChange::Remove { id: 4 },
            FieldChange::Move { id: 4, to: 0 },
        ]
        .map(Question::ChangeFields),
    );
    let sort = ReportSort::default();
    for (of, format, language) in [
        (ExportOf::One(report), ExportFormat::Pdf, Language::Italian),
        (
            ExportOf::List {
                filter: filter.clone(),
                sort,
            },
            ExportFormat::Csv,
            Language::English,
        ),
        (ExportOf::One(report), ExportFormat::Json, Language::English),
        (
            ExportOf::ListOfGroups {
                filter: Box::new(filter.clone()),
                groups: groups.clone(),
                sort,
            },
            ExportFormat::Csv,
            Language::English,
        ),
    ] {
        questions.push(Question::Export {
            of,
            format,
            language,
            zone: "Europe/Rome".into(),
        });
    }
    questions.extend([
        Question::Erase {
            report,
            reason: "asked".into(),
        },
        Question::ListOfGroups {
            filter: Box::new(filter.clone()),
            groups: groups.clone(),
            sort,
            page,
        },
        Question::TotalsOfGroups {
            filter: Box::new(filter),
            groups,
            by: TotalsBy::Group,
            zone: "Europe/Rome".into(),
        },
        Question::ShowWithFeedback { report },
    ]);
    questions.extend(
        [Choice::OperatorGroup, Choice::HostGroup].map(|of| Question::Choices {
            of,
            begin: "T".into(),
        }),
    );
    for question in &questions {
        samples.add(question);
    }
}

fn answers_about_reports(samples: &mut Samples) {
    use reports::{
        Answer, Category, ChatRow, Correction, Ledger, Total, TotalKey, TotalRow, Totals,
        WholeReport,
    };
    let total = Total {
        reports: 3,
        connected_seconds: 600,
        waiting_seconds: 5,
        active_seconds: 500,
        idle_seconds: 90,
        paused_seconds: 10,
    };
    let chat = Rows {
        total: 1,
        first: 0,
        rows: vec![ChatRow {
            at_unix_seconds: 1_800_000_000,
            by_user: true,
            name: "Anna".into(),
            text: "hello".into(),
        }],
    };
    let draft = ReportDraft {
        problem: "no sound".into(),
        ..ReportDraft::default()
    };
    let whole = WholeReport {
        facts: facts(),
        draft: draft.clone(),
        fields: vec![field_value()],
        finished: true,
        saved_unix_millis: 1_800_000_070_000,
        ledger: Ledger {
            connected_seconds: 600,
            waiting_seconds: 5,
            active_seconds: 500,
            idle_seconds: 90,
            paused_seconds: 10,
        },
        corrections: vec![Correction {
            number: 1,
            at_unix_millis: 1_800_000_080_000,
            by: "marco".into(),
            reason: "wrong".into(),
        }],
        chat: chat.clone(),
        earlier: vec![report_row()],
        feedback: None,
    };
    let key = |key| TotalRow { key, total };
    let answers = [
        Answer::List(Rows {
            total: 513,
            first: 512,
            rows: vec![report_row()],
        }),
        Answer::Totals(Totals {
            rows: vec![
                key(TotalKey::Name("Marco".into())),
                key(TotalKey::From {
                    year: 2026,
                    month: 11,
                    day: 30,
                }),
            ],
            others: Total::default(),
            all: total,
        }),
        Answer::Choices(vec!["ANNA-PC".into()]),
        Answer::Report(Box::new(whole.clone())),
        Answer::Chat(chat),
        Answer::Version {
            draft: Box::new(draft),
            fields: vec![field_value()],
        },
        Answer::Corrected { number: 2 },
        Answer::Categories(vec![Category {
            id: 1,
            name: "Printer".into(),
        }]),
        Answer::Fields(vec![field()]),
        Answer::Export {
            export: 3,
            bytes: 70_000,
            file_name: "reports.csv".into(),
        },
        Answer::Part(bytes("part")),
        Answer::Done,
        Answer::ReportWithFeedback {
            report: Box::new(whole),
            feedback: Some(feedback()),
        },
    ];
    for answer in &answers {
        samples.add(answer);
    }
}

fn permanent_host() -> PermanentHost {
    PermanentHost {
        key: HostKey([6; 32]),
        proof: KeyProof([[7; 32], [8; 32]]),
        computer: "TILL-4".into(),
        system: "Linux".into(),
    }
}

fn questions_about_hosts(samples: &mut Samples) {
    use hosts::Question;
    let page = Page {
        first: 300,
        rows: 50,
    };
    let (host, group) = (HostId(9), HostGroupId(4));
    let orders = [
        Order::Name,
        Order::System,
        Order::Group,
        Order::LastSeen,
        Order::Version,
        Order::Enrolled,
    ];
    let states = [
        OfState::Any,
        OfState::Connected,
        OfState::Away,
        OfState::Disabled,
    ];
    let groups = [OfGroup::Any, OfGroup::None, OfGroup::One(group)];
    let list = |order, group, state| Question::List {
        filter: hosts::Filter {
            search: "till".into(),
            group,
            state,
        },
        order,
        descending: true,
        page,
    };
    let mut questions: Vec<Question> = orders
        .map(|order| list(order, OfGroup::Any, OfState::Any))
        .to_vec();
    questions.extend(states.map(|state| list(Order::Name, OfGroup::Any, state)));
    questions.extend(groups.map(|group| list(Order::Name, group, OfState::Any)));
    let named = hosts::HostGroup {
        name: "Tills".into(),
        seen_by: vec![GroupId::EVERYONE, GroupId(7)],
    };
    questions.extend([
        Question::Invite(hosts::NewEnrolment {
            group: Some(group),
            uses: 500,
            valid_hours: 24,
        }),
        Question::Enrolments { page },
        Question::WithdrawEnrolment {
            enrolment: EnrolmentId(3),
        },
        Question::Change {
            host,
            change: hosts::HostChange {
                name: "Till 4".into(),
                group: Some(group),
                note: "ground floor".into(),
            },
        },
        Question::SetDisabled {
            host,
            disabled: true,
        },
        Question::Remove { host },
        Question::Groups { page },
        Question::AddGroup(named.clone()),
        Question::ChangeGroup { group, to: named },
        Question::RemoveGroup { group },
        Question::Operators { host },
        Question::ChooseOperators {
            host,
            names: vec!["anna".into()],
        },
        Question::Wake { host },
    ]);
    for question in &questions {
        samples.add(question);
    }
    let question = admin::Question::Hosts(Question::Groups { page });
    samples.add(&AdminToHub::Ask {
        number: 5,
        question,
    });
}

fn answers_about_hosts(samples: &mut Samples) {
    use hosts::Answer;
    fn rows<T>(row: T) -> Rows<T> {
        Rows {
            total: 301,
            first: 300,
            rows: vec![row],
        }
    }
    let group = HostGroupId(4);
    let answers = [
        Answer::List(rows(hosts::HostRow {
            host: HostId(9),
            name: "Till 4".into(),
            is_named: true,
            computer: "TILL-4".into(),
            system: "Linux".into(),
            program: "purepc 0.1.0".into(),
            group: Some(group),
            group_name: "Tills".into(),
            note: "ground floor".into(),
            disabled: false,
            connected: true,
            enrolled_unix_millis: 1_800_000_000_000,
            enrolled_by: "carla".into(),
            last_seen_unix_millis: 1_800_000_000_001,
        })),
        Answer::Invitation {
            line: "purepc://hub:443/ab/cd".into(),
            expires_unix_millis: 1_800_000_000_000,
        },
        Answer::Enrolments(rows(hosts::EnrolmentRow {
            enrolment: EnrolmentId(3),
            group_name: "Tills".into(),
            uses: 500,
            uses_left: 498,
            made_by: "carla".into(),
            expires_unix_millis: 1_800_000_000_000,
        })),
        Answer::Groups(rows(hosts::HostGroupRow {
            group,
            name: "Tills".into(),
            seen_by: vec![GroupId(7)],
            hosts: 12,
        })),
        Answer::GroupAdded { group },
        Answer::Done,
        Answer::Operators {
            names: vec!["anna".into()],
        },
        Answer::Waking {
            through: vec!["BUERO-2".into()],
        },
    ];
    for answer in &answers {
        samples.add(answer);
    }
    let answer = admin::Answer::Hosts(Answer::Done);
    samples.add(&HubToAdmin::Answered { number: 5, answer });
}

fn samples() -> BTreeMap<String, String> {
    let mut samples = Samples::default();
    hellos(&mut samples);
    administration_of_films(&mut samples);
    administration_of_audit(&mut samples);
    administration_of_settings(&mut samples);
    host_to_hub(&mut samples);
    hub_to_host(&mut samples);
    operator_to_hub(&mut samples);
    own_accounts(&mut samples);
    hub_to_operator(&mut samples);
    administrators(&mut samples);
    questions_about_people(&mut samples);
    answers_about_people(&mut samples);
    words(&mut samples);
    streams(&mut samples);
    questions_about_reports(&mut samples);
    answers_about_reports(&mut samples);
    questions_about_hosts(&mut samples);
    answers_about_hosts(&mut samples);
    knocks(&mut samples);
    showings(&mut samples);
    wakes(&mut samples);
    updates(&mut samples);
    samples.0
}

#[test]
fn every_message_looks_on_the_wire_as_it_always_has() {
    let golden: BTreeMap<String, String> = GOLDEN
        .lines()
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(name, hex)| (name.to_owned(), hex.to_owned()))
        .collect();
    let samples = samples();
    if std::env::var_os("PHD_WRITE_GOLDEN").is_some() {
        let mut text = GOLDEN.to_owned();
        for (name, hex) in &samples {
            if !golden.contains_key(name) {
                writeln!(text, "{name} {hex}").expect("a string takes it");
            }
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden.txt");
        std::fs::write(path, text).expect("the file is ours");
        return;
    }
    let changed: Vec<_> = samples
        .iter()
        .map(|(name, hex)| (name, Some(hex), golden.get(name)))
        .filter(|(_, now, before)| now != before)
        .collect();
    assert!(changed.is_empty(), "now and before: {changed:#?}");
    let gone: Vec<_> = golden
        .keys()
        .filter(|name| !samples.contains_key(*name))
        .collect();
    assert!(gone.is_empty(), "no samples: {gone:?}");
}

fn updates(samples: &mut Samples) {
    use protocol::admin::hosts::{
        Answer, FleetRow, ProgramRow, ProgramStanding, Question, VersionList, Versions,
    };
    use protocol::updates::{HubToSeeker, SeekerToHub};
    samples.add(&HostToHub::SeekUpdates);
    let file = || "helpme-linux-x86_64".into();
    samples.add(&SeekerToHub::Look { file: file() });
    samples.add(&SeekerToHub::Fetch { file: file() });
    samples.add(&HubToSeeker::Nothing);
    samples.add(&HubToSeeker::Versions {
        channel: bytes("{}"),
        signature: bytes("signature"),
        is_here: true,
        by_themselves: false,
    });
    samples.add(&HubToSeeker::Program {
        bytes: 300,
        signature: bytes("signature"),
    });
    samples.add(&HubToSeeker::Part {
        bytes: bytes("part"),
    });
    samples.add(&HubToSeeker::Refused { refusal: REFUSAL });

    samples.add(&Question::Versions);
    let program = |standing| ProgramRow {
        file: "purepc-linux-x86_64".into(),
        standing,
        version: "0.2.0".into(),
        bytes: 300,
        signed_unix_millis: 1_790_000_000_000,
    };
    samples.add(&Answer::Versions(Versions {
        list: Some(VersionList {
            serial: 7,
            made_unix_millis: 1_790_000_000_000,
            programs: 2,
        }),
        programs: [
            ProgramStanding::Offered,
            ProgramStanding::OnPage,
            ProgramStanding::Unlisted,
            ProgramStanding::Refused,
        ]
        .map(program)
        .to_vec(),
        fleet: vec![FleetRow {
            program: "purepc linux".into(),
            version: "0.1.0".into(),
            count: 3,
            newest: "0.2.0".into(),
            behind: true,
        }],
    }));
}

fn add_clipboard(samples: &mut Samples) {
    let (text, html, png) = (ClipboardKind::Text, ClipboardKind::Html, ClipboardKind::Png);
    for frame in [
        ClipboardFrame::Offer {
            offer: 300,
            kinds: ClipboardKinds::default().with(text).with(png),
        },
        ClipboardFrame::Want {
            offer: 300,
            kind: png,
        },
        ClipboardFrame::Piece {
            offer: 300,
            bytes: PieceBytes(Bytes::from_static(b"piece")),
        },
        ClipboardFrame::End {
            offer: 300,
            kind: html,
        },
        ClipboardFrame::Broken {
            offer: 300,
            kind: text,
            fault: ClipboardFault::TOO_LARGE,
        },
    ] {
        samples.add(&frame);
    }
}

fn add_files(samples: &mut Samples) {
    let path = || FilePath::try_from("Documents/tax.pdf").expect("a path");
    for frame in [
        FileFrame::Folder {
            entry: 0,
            path: FilePath::try_from("Documents").expect("a path"),
        },
        FileFrame::File {
            entry: 300,
            path: path(),
            bytes: 70_000,
            modified_unix_millis: -1,
            version: 300,
            from: 5,
        },
        FileFrame::Piece(Bytes::from_static(b"piece")),
        FileFrame::End { digest: [7; 32] },
        FileFrame::Broken {
            entry: 300,
            path: path(),
            fault: FileFault::CHANGED,
        },
        FileFrame::Done,
    ] {
        samples.add(&frame);
    }
    let id = TransferId {
        to_host: true,
        number: 300,
    };
    let offered = FilesWord::Offered {
        id,
        name: "Documents".into(),
        files: 2,
        bytes: 70_000,
    };
    let over = |end| FilesWord::Over {
        id,
        end,
        files: 1,
        bytes: 300,
    };
    let session = SESSION;
    samples.add(&OperatorWord::Files {
        session,
        word: offered,
    });
    for end in [
        FilesEnd::Done { missing: 1 },
        FilesEnd::Cancelled,
        FilesEnd::Failed(FileFault::NO_ROOM),
    ] {
        let word = over(end);
        samples.add(&HostWord::Files { session, word });
    }
    let facts = FileFacts {
        bytes: 300,
        modified_unix_millis: -1,
    };
    for message in [
        FileMessage::Frames {
            transfer: 300,
            frames: vec![FileFrame::Done],
        },
        FileMessage::Begin {
            transfer: 300,
            start: FileStart::default(),
        },
        FileMessage::Taken {
            messages: 300,
            transfer: 1,
            files: 2,
            bytes: 300,
        },
        FileMessage::Asked {
            transfer: 300,
            conflict: Some(Conflict {
                entry: 1,
                path: FilePath::try_from("Docs/a.txt").expect("a path"),
                here: facts,
                comes: facts,
            }),
        },
        FileMessage::Answer {
            transfer: 300,
            entry: 1,
            answer: ConflictAnswer::Replace,
            for_all: true,
        },
        FileMessage::Skip {
            transfer: 300,
            entry: 1,
        },
        FileMessage::Listing {
            listing: 300,
            part: ListingPart::Begun {
                path: vec!["/".into(), "home".into()],
            },
        },
        FileMessage::Listing {
            listing: 300,
            part: ListingPart::Whole { is_cut: true },
        },
        FileMessage::Listing {
            listing: 300,
            part: ListingPart::Failed(FileFault::NOT_READABLE),
        },
        FileMessage::Fetch {
            listing: 300,
            entries: vec![1, 300],
        },
    ] {
        samples.add(&message);
    }
    samples.add(&OperatorWord::Files {
        session,
        word: FilesWord::Able,
    });
    samples.add(&OperatorWord::Files {
        session,
        word: FilesWord::AskToBrowse,
    });
    samples.add(&OperatorWord::Files {
        session,
        word: FilesWord::OfferedInto {
            id,
            name: "Documents".into(),
            files: 2,
            bytes: 70_000,
            listing: 300,
        },
    });
    samples.add(&OperatorWord::Files {
        session,
        word: FilesWord::FastAtAes,
    });
    for answer in [
        BrowseAnswer::Allowed,
        BrowseAnswer::Refused,
        BrowseAnswer::UserChooses,
        BrowseAnswer::Stopped,
    ] {
        let word = FilesWord::Browse(answer);
        samples.add(&HostWord::Files { session, word });
    }
    let word = FilesWord::Shown {
        name: "Documents".into(),
        entries: 300,
    };
    samples.add(&HostWord::Files { session, word });
    let places = FolderPlace::ALL.map(FolderAt::Place);
    let others = [
        FolderAt::Entry {
            listing: 300,
            entry: 1,
        },
        FolderAt::Above {
            listing: 300,
            levels: 1,
        },
        FolderAt::Same { listing: 300 },
    ];
    for at in places.into_iter().chain(others) {
        samples.add(&FileMessage::List { listing: 300, at });
    }
    for kind in [
        ListedKind::Folder,
        ListedKind::File,
        ListedKind::Link,
        ListedKind::Other,
    ] {
        let entry = ListedEntry {
            name: "a.txt".into(),
            kind,
            bytes: 300,
            modified_unix_millis: -1,
        };
        samples.add(&ListingPart::Entries(vec![entry]));
    }
    for answer in [ConflictAnswer::KeepBoth, ConflictAnswer::Skip] {
        samples.add(&answer);
    }
    samples.add(&FileStart {
        entry: 300,
        has: Some(FileHas {
            version: 300,
            bytes: 5,
        }),
    });
}
