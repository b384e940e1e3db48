//! One connection, from the handshake to the end, in one task of its own (B2).
//!
//! Whatever a peer sends that does not parse or makes no sense ends this connection and no other.

mod permanent;
mod seeker;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::tz::TimeZone;
use protocol::admin::people::SignInKind;
use protocol::admin::{AdminToHub, HubToAdmin};
use protocol::control::Name;
use protocol::limits::{MAX_ADMIN_FRAME_BYTES, MAX_CONTROL_FRAME_BYTES, MAX_STRANGER_FRAME_BYTES};
use protocol::version::{KNOCKING, WAKING};
use protocol::{
    ClientHello, HostToHub, HubHello, HubToHost, HubToOperator, OperatorToHub, Outcome, PeerId,
    ProtocolVersion, Refusal, RefusalCode, ResumeSecret, Role, VersionRange,
};
use quinn::{ConnectionError, Incoming};
use serde::Serialize;
use serde::de::DeserializeOwned;
use session::authority::Action;
use session::directory::{Departure, LoggedIn};
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use transport::close::{CloseReason, close, close_refused};
use transport::{Connection, Fingerprint, FramedReader, FramedWriter, ReadError};

use crate::administration::{self, Administrator, Office, Owner};
use crate::admission::{Admission, GuessDesk, HANDSHAKE_TIMEOUT, Verdict};
use crate::catalogue::{Account, AccountId, Actor, Change, Clues, SignIn, What};
use crate::clock::Clock;
use crate::login::{Entry, LoginDesk};
use crate::outbound::{self, Outbound};
use crate::proposal;
use crate::registry::{Event, LinkId, PeerLink, Resume, log_store_error};
use crate::relay::{self, SessionsOfPeer};
use crate::store::{SaveOutcome, SaveReport, Store};
use crate::unattended::{self, Brought};

const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
const LOG_IN_TIMEOUT: Duration = Duration::from_mins(1);
/// Log-ins that one connection may try.
const LOG_INS: usize = 10;
/// Control messages that a peer may send at once, and how often after that.
const BURST: u32 = 200;
const MESSAGE_INTERVAL: Duration = Duration::from_millis(20);

/// What every connection needs of the hub.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) clock: Clock,
    /// Of the hub's key.
    pub(crate) fingerprint: Fingerprint,
    pub(crate) store: Store,
    pub(crate) registry: mpsc::Sender<Event>,
    pub(crate) logins: Arc<LoginDesk>,
    pub(crate) guesses: Arc<GuessDesk>,
    pub(crate) office: Arc<Office>,
    /// What ends for administrators who are signed in.
    pub(crate) closed: broadcast::Sender<Closed>,
}

/// Whose sign-ins end, and why.
#[derive(Debug, Clone)]
pub(crate) enum Closed {
    Accounts(Vec<AccountId>, Refusal),
    /// All of an account but one.
    Others(AccountId, PeerId, Refusal),
    SignIn(PeerId, Refusal),
}

/// Why the hub ends a connection.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("the peer broke the protocol: {0}")]
    Read(ReadError),
    #[error("the peer said what is out of place")]
    OutOfPlace,
    #[error("the peer did not say in time what it wants")]
    Silent,
    #[error("the peer speaks no version that this hub speaks")]
    Version(FramedWriterOfPeer),
    #[error("the peer tried too many log-ins or tickets")]
    Tries,
    #[error("the hub goes down")]
    Stopping,
    #[error("the hub failed inside")]
    Inside,
    /// The peer left, or the network did.
    #[error("gone")]
    Gone,
}

impl Fault {
    /// Whether the peer has no place to come back to.
    fn breaks_rules(&self) -> bool {
        match self {
            Self::Read(_) | Self::OutOfPlace | Self::Version(_) | Self::Tries => true,
            Self::Silent | Self::Stopping | Self::Inside | Self::Gone => false,
        }
    }
}

/// The control stream of a peer that still has to be told something.
#[derive(Debug)]
struct FramedWriterOfPeer(Box<FramedWriter>);

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Broken(_) => Self::Gone,
            error @ (ReadError::Decode(_) | _) => Self::Read(error),
        }
    }
}

/// Serves whoever comes by this `handshake`.
pub(crate) async fn serve(
    desk: Arc<Desk>,
    handshake: impl Future<Output = Result<Connection, ConnectionError>>,
    admission: Arc<Admission>,
) {
    let id = admission.id();
    let Some(connection) = admission.shake_hands(handshake).await else {
        return;
    };
    let place = Arc::new(OnceLock::new());
    let broke_rules = Arc::new(AtomicBool::new(false));
    let talk = Talk {
        broke_rules: Arc::clone(&broke_rules),
        desk: Arc::clone(&desk),
        connection: connection.clone(),
        admission: Arc::clone(&admission),
        place: Arc::clone(&place),
    };
    // a task of its own, so that even a panic ends in the directory as a departure
    let served = tokio::spawn(talk.serve()).await;
    let left_by_itself = match connection.close_reason() {
        Some(ConnectionError::LocallyClosed) | None => false,
        Some(reason) => CloseReason::from(&reason) == CloseReason::GoodOrder,
    };
    let how = match served {
        Ok(Ok(())) => {
            close(&connection);
            Departure::GoodOrder
        }
        Ok(Err(fault)) => {
            let breaks_rules = fault.breaks_rules() || broke_rules.load(Ordering::Relaxed);
            end(&connection, &admission, fault).await;
            if left_by_itself {
                Departure::GoodOrder
            } else if breaks_rules {
                Departure::Cut
            } else {
                Departure::Lost
            }
        }
        Err(error) => {
            tracing::error!(link = id.0, %error, "Connection task failed");
            close_refused(&connection, RefusalCode::INTERNAL.into());
            Departure::Cut
        }
    };
    let address = admission.address();
    if admission.is_admitted() {
        tracing::info!(link = id.0, %address, ?how, "Disconnected");
    } else {
        tracing::debug!(link = id.0, %address, ?how, "Stranger left");
    }
    if let Some(place) = place.get()
        && desk
            .registry
            .send(Event::Left(*place, id, how))
            .await
            .is_err()
    {
        tracing::debug!(link = id.0, "Hub went down first");
    }
}

async fn end(connection: &Connection, admission: &Admission, fault: Fault) {
    if !matches!(fault, Fault::Gone) {
        admission.log(&format!("Connection is cut: {fault}"));
    }
    let code = match fault {
        Fault::Read(_) => RefusalCode::MALFORMED,
        Fault::OutOfPlace => RefusalCode::OUT_OF_PLACE,
        Fault::Silent => RefusalCode::TIMED_OUT,
        Fault::Tries => RefusalCode::THROTTLED,
        Fault::Stopping => RefusalCode::SHUTTING_DOWN,
        Fault::Inside => RefusalCode::INTERNAL,
        Fault::Version(mut writer) => {
            let refusal = RefusalCode::VERSION_MISMATCH.into();
            return outbound::close_after_delivery(connection, &mut writer.0, refusal).await;
        }
        Fault::Gone => {
            // The control stream ended, which only a peer that leaves lets it do; where the network
            // is gone the connection is closed already.
            close(connection);
            return;
        }
    };
    close_refused(connection, code.into());
}

/// One connection's conversation.
struct Talk {
    desk: Arc<Desk>,
    connection: Connection,
    admission: Arc<Admission>,
    /// A stream of the peer's broke the protocol.
    broke_rules: Arc<AtomicBool>,
    /// The peer's place, when it has one.
    place: Arc<OnceLock<PeerId>>,
}

impl Talk {
    async fn serve(self) -> Result<(), Fault> {
        let greeting = timeout(HELLO_TIMEOUT, greet(&self.connection, self.admission.id()));
        let (hello, reader, writer) = greeting.await.map_err(|_elapsed| Fault::Silent)??;
        let program = hello.program.to_string();
        // each in a box of its size: thousands of hosts need less than half of what an operator does
        match hello.role {
            Role::Host => {
                let newest = hello.versions.newest;
                Box::pin(self.serve_host(reader, writer, program, newest)).await
            }
            Role::Operator => Box::pin(self.serve_operator(reader, writer, program)).await,
            Role::Administrator => {
                Box::pin(self.serve_administrator(reader, writer, program)).await
            }
        }
    }

    fn takes_place(&self, place: PeerId) {
        if self.place.set(place).is_err() {
            tracing::error!(
                link = self.admission.id().0,
                "A connection takes a second place"
            );
        }
    }
}

/// A place that nobody had before.
fn new_place() -> Result<PeerId, Fault> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| {
        tracing::error!(%error, "No randomness");
        Fault::Inside
    })?;
    Ok(PeerId(random))
}

async fn greet(
    connection: &Connection,
    id: LinkId,
) -> Result<(ClientHello, FramedReader, FramedWriter), Fault> {
    let (send, recv) = connection.accept_bi().await.map_err(|_gone| Fault::Gone)?;
    if send
        .set_priority(protocol::lanes::CONTROL_PRIORITY)
        .is_err()
    {
        return Err(Fault::Gone);
    }
    let mut reader = FramedReader::new(recv, MAX_STRANGER_FRAME_BYTES);
    let mut writer = FramedWriter::new(send, MAX_CONTROL_FRAME_BYTES);
    let hello: ClientHello = reader.read().await?.ok_or(Fault::Gone)?;
    let peer = connection.remote_address();
    tracing::debug!(link = id.0, %peer, role = ?hello.role, program = ?hello.program.as_str(), "Connected");
    let Some(version) = VersionRange::OURS.common_with(hello.versions) else {
        let refused = HubHello::Refused {
            versions: VersionRange::OURS,
            refusal: RefusalCode::VERSION_MISMATCH.into(),
        };
        write(&mut writer, &refused).await?;
        return Err(Fault::Version(FramedWriterOfPeer(Box::new(writer))));
    };
    let welcome = HubHello::Welcome {
        version,
        hub: concat!("hub ", env!("CARGO_PKG_VERSION")).into(),
    };
    write(&mut writer, &welcome).await?;
    Ok((hello, reader, writer))
}

impl Talk {
    async fn serve_host(
        self,
        mut reader: FramedReader,
        writer: FramedWriter,
        program: String,
        newest: ProtocolVersion,
    ) -> Result<(), Fault> {
        let desk = &self.desk;
        let admission = &self.admission;
        admission.expect_ticket();
        let mut pace = Pace::new();
        let permanent = match read::<HostToHub>(&mut reader, &mut pace).await? {
            Some(HostToHub::Enrol { code, host }) => Ok((host, Some(code))),
            Some(HostToHub::ComeIn { host }) => Ok((host, None)),
            Some(HostToHub::SeekUpdates) => {
                return Box::pin(self.serve_seeker(reader, writer)).await;
            }
            first => Err(first),
        };
        let first = match permanent {
            Ok((host, code)) => {
                let caller = permanent::Caller {
                    host,
                    program,
                    knocking: newest >= KNOCKING,
                    waking: newest >= WAKING,
                };
                return self
                    .serve_permanent_host(caller, code, reader, writer)
                    .await;
            }
            Err(first) => first,
        };
        let (link, outbound, _tasks) = self.link::<HubToHost>(Role::Host, writer);
        let (you, mut next) = match first {
            None | Some(HostToHub::Leave) => return Ok(()),
            Some(HostToHub::Resume { you, secret }) => {
                let (answer, answered) = oneshot::channel();
                let resume = Resume {
                    you,
                    secret,
                    link,
                    answer,
                };
                desk.tell(Event::HostResumes(resume)).await?;
                match answered.await {
                    Ok(Ok(())) => (you, None),
                    Ok(Err(cannot)) => {
                        // it comes again, with a ticket
                        let refusal = cannot.into();
                        let refused = HubToHost::ResumeRefused { refusal };
                        let sent = outbound.send(Outbound::message(refused)).await;
                        sent.map_err(|_closed| Fault::Gone)?;
                        let gone = timeout(HELLO_TIMEOUT, reader.read::<HostToHub>()).await;
                        drop(gone);
                        return Ok(());
                    }
                    Err(_gone) => return Err(Fault::Stopping),
                }
            }
            Some(message) => {
                let you = new_place()?;
                desk.tell(Event::HostArrived(you, link)).await?;
                (you, Some(message))
            }
        };
        self.takes_place(you);
        loop {
            if admission.is_admitted() {
                reader.set_limit(MAX_CONTROL_FRAME_BYTES);
            }
            let message = match next.take() {
                Some(message) => message,
                None => match read::<HostToHub>(&mut reader, &mut pace).await? {
                    None | Some(HostToHub::Leave) => return Ok(()),
                    Some(message) => message,
                },
            };
            if matches!(message, HostToHub::OpenTicket { .. }) {
                match admission.may_try_ticket().await {
                    Verdict::Try => {}
                    Verdict::Refuse(refusal) => {
                        let refused = HubToHost::TicketRefused { refusal };
                        let sent = outbound.send(Outbound::message(refused)).await;
                        sent.map_err(|_closed| Fault::Gone)?;
                        continue;
                    }
                    Verdict::End => return Err(Fault::Tries),
                }
            }
            desk.tell(Event::HostSaid(you, message)).await?;
        }
    }

    async fn serve_operator(
        self,
        mut reader: FramedReader,
        mut writer: FramedWriter,
        program: String,
    ) -> Result<(), Fault> {
        let desk = &self.desk;
        let admitted = log_in(desk, self.admission.address(), &mut reader, &mut writer).await?;
        let (you, who, outbound, _tasks) = match admitted {
            None => return Ok(()),
            Some(Admitted::LoggedIn(account)) => {
                let you = new_place()?;
                self.admission.admit();
                // first, so that its end comes after it
                let kind = SignInKind::Console;
                self.note_sign_in(you, &account, kind, program).await;
                let membership = account.membership();
                let who = LoggedIn {
                    account: account.id,
                    login: account.name,
                    display_name: Name::cut(account.display_name),
                };
                let (link, outbound, tasks) = self.link::<HubToOperator>(Role::Operator, writer);
                let arrived = Event::OperatorArrived(you, link, who.clone(), membership);
                desk.tell(arrived).await?;
                (you, who, outbound, tasks)
            }
            Some(Admitted::Resumes(you, secret)) => {
                let (link, outbound, tasks) = self.link::<HubToOperator>(Role::Operator, writer);
                let (answer, answered) = oneshot::channel();
                let resume = Resume {
                    you,
                    secret,
                    link,
                    answer,
                };
                desk.tell(Event::OperatorResumes(resume)).await?;
                match answered.await {
                    Ok(Ok(who)) => {
                        let logins = &desk.logins;
                        logins.is_at_home(&who.login, self.admission.address());
                        (you, who, outbound, tasks)
                    }
                    Ok(Err(cannot)) => {
                        // it comes again, and logs in
                        let refusal = cannot.into();
                        let refused = HubToOperator::ResumeRefused { refusal };
                        let sent = outbound.send(Outbound::message(refused)).await;
                        sent.map_err(|_closed| Fault::Gone)?;
                        let gone = timeout(HELLO_TIMEOUT, reader.read::<OperatorToHub>()).await;
                        drop(gone);
                        return Ok(());
                    }
                    Err(_gone) => return Err(Fault::Stopping),
                }
            }
        };
        self.takes_place(you);
        reader.set_limit(MAX_CONTROL_FRAME_BYTES);
        let id = you;
        let in_use = desk.office.in_use(you);
        let mut pace = Pace::new();
        // the host for which a code of the second factor was given just now, and whether it was right
        let mut code_for = None;
        while let Some(message) = read::<OperatorToHub>(&mut reader, &mut pace).await? {
            in_use.touch();
            let answer = match message {
                OperatorToHub::LogOut => break,
                OperatorToHub::LogIn { .. }
                | OperatorToHub::Resume { .. }
                | OperatorToHub::GiveCode { .. }
                | OperatorToHub::AcceptInvitation { .. } => {
                    return Err(Fault::OutOfPlace);
                }
                OperatorToHub::SaveReport {
                    report,
                    draft,
                    finished,
                } => {
                    let saved = desk.store.save_report(SaveReport {
                        account: who.account,
                        actor: who.login.clone(),
                        report,
                        draft,
                        finished,
                        at_unix_millis: desk.clock.now().unix_millis,
                    });
                    HubToOperator::ReportSaved {
                        report,
                        finished,
                        outcome: match saved.await {
                            Ok(SaveOutcome::Saved) => Outcome::Done,
                            Ok(SaveOutcome::Denied) => {
                                Outcome::Refused(RefusalCode::REPORT_GONE.into())
                            }
                            Ok(SaveOutcome::Incomplete) => {
                                Outcome::Refused(RefusalCode::REPORT_FIELDS.into())
                            }
                            Err(error) => {
                                log_store_error(&error);
                                Outcome::Refused(RefusalCode::INTERNAL.into())
                            }
                        },
                    }
                }
                OperatorToHub::ListDrafts => {
                    let drafts = desk.store.drafts(who.account).await;
                    let drafts = drafts.inspect_err(log_store_error).unwrap_or_default();
                    HubToOperator::Drafts { drafts }
                }
                OperatorToHub::ListReportForms => {
                    let forms = desk.store.report_forms().await;
                    let (categories, fields) =
                        forms.inspect_err(log_store_error).unwrap_or_default();
                    HubToOperator::ReportForms { categories, fields }
                }
                OperatorToHub::AskAboutReport { report, language } => {
                    let clues = desk.store.report_clues(who.account, report).await;
                    let Some(clues) = clues.inspect_err(log_store_error).unwrap_or_default() else {
                        continue;
                    };
                    let proposal = proposal::write(&clues, language);
                    let Clues {
                        fields,
                        earlier,
                        feedback,
                        ..
                    } = clues;
                    let about = HubToOperator::AboutReport {
                        report,
                        proposal,
                        fields,
                        earlier,
                    };
                    let sent = outbound.send(Outbound::message(about)).await;
                    sent.map_err(|_closed| Fault::Gone)?;
                    let Some(feedback) = feedback else {
                        continue;
                    };
                    HubToOperator::Feedback { report, feedback }
                }
                OperatorToHub::FillFields { report, fields } => {
                    let (account, actor) = (who.account, who.login.clone());
                    let now = desk.clock.now().unix_millis;
                    let filled = desk.store.fill_fields(account, actor, report, fields, now);
                    if let Err(error) = filled.await {
                        log_store_error(&error);
                    }
                    continue;
                }
                OperatorToHub::AskOwn { number, question } => {
                    let owner = Owner {
                        account: who.account,
                        sign_in: you,
                        address: self.admission.address(),
                    };
                    let answer = desk.office.answer_owner(owner, question).await;
                    HubToOperator::OwnAnswered { number, answer }
                }
                OperatorToHub::KnockCode { host, code } => {
                    let address = self.admission.address();
                    let given = desk
                        .logins
                        .prove_code((who.account, &who.login), &code, address);
                    match given.await {
                        Ok(()) => code_for = Some((host, true)),
                        Err(refusal) => {
                            code_for = Some((host, false));
                            let reason = unattended::why_no_code(refusal);
                            desk.tell(Event::KnockRefused(id, host, refusal, reason))
                                .await?;
                        }
                    }
                    continue;
                }
                OperatorToHub::Knock {
                    host,
                    exchange,
                    reason,
                } => {
                    let code = code_for.take().filter(|(of, _)| *of == host);
                    if code == Some((host, false)) {
                        // it came with a wrong code, and is refused
                        continue;
                    }
                    let brought = Brought {
                        reason: &reason,
                        code: code.is_some(),
                    };
                    let (settings, now) = (desk.office.settings(), desk.clock.now().unix_millis);
                    let obstacle =
                        unattended::obstacle(&settings, brought, now, &TimeZone::system());
                    let event = if let Some((code, why)) = obstacle {
                        Event::KnockRefused(id, host, code.into(), why)
                    } else {
                        let knock = OperatorToHub::Knock {
                            host,
                            exchange,
                            reason,
                        };
                        Event::OperatorSaid(id, Box::new(knock))
                    };
                    desk.tell(event).await?;
                    continue;
                }
                OperatorToHub::Wake { host } => {
                    let (settings, now) = (desk.office.settings(), desk.clock.now().unix_millis);
                    let shut = unattended::is_shut(&settings, now, &TimeZone::system());
                    let event = if let Some((code, why)) = shut {
                        Event::WakeRefused(id, host, code.into(), why)
                    } else {
                        Event::OperatorSaid(id, Box::new(OperatorToHub::Wake { host }))
                    };
                    desk.tell(event).await?;
                    continue;
                }
                message @ (OperatorToHub::GenerateTicket
                | OperatorToHub::RevokeTicket { .. }
                | OperatorToHub::ExtendTicket { .. }
                | OperatorToHub::AnswerTicket { .. }
                | OperatorToHub::JudgeTicket { .. }
                | OperatorToHub::StartSession { .. }
                | OperatorToHub::EndSession { .. }
                | OperatorToHub::EndForged { .. }
                | OperatorToHub::MarkMoment { .. }
                | OperatorToHub::DisconnectHost { .. }
                | OperatorToHub::ProveKnock { .. }
                | OperatorToHub::AskToSee { .. }
                | OperatorToHub::ShowingPart { .. }
                | OperatorToHub::LeaveShowing { .. }
                | OperatorToHub::ListSleeping
                | OperatorToHub::Greet { .. }
                | OperatorToHub::Say { .. }) => {
                    desk.tell(Event::OperatorSaid(id, Box::new(message)))
                        .await?;
                    continue;
                }
            };
            let sent = outbound.send(Outbound::message(answer)).await;
            sent.map_err(|_closed| Fault::Gone)?;
        }
        Ok(())
    }
}

impl Talk {
    async fn serve_administrator(
        self,
        mut reader: FramedReader,
        mut writer: FramedWriter,
        program: String,
    ) -> Result<(), Fault> {
        let desk = Arc::clone(&self.desk);
        let address = self.admission.address();
        let Some(account) = sign_in(&desk, address, &mut reader, &mut writer).await? else {
            return Ok(());
        };
        self.admission.admit();
        let (you, name) = (new_place()?, account.name.clone());
        // before it is noted: who ends it must be heard
        let closed = desk.closed.subscribe();
        let kind = SignInKind::Administration;
        self.note_sign_in(you, &account, kind, program).await;
        let who = Administrator::new(account, you, address);
        let served = self.serve_questions(reader, writer, who, closed).await;
        let what = What::SignedOut { sign_in: you };
        desk.note(name, what).await;
        served
    }

    /// Puts who came, over which program and from where, into the list of sign-ins.
    async fn note_sign_in(
        &self,
        peer: PeerId,
        account: &Account,
        kind: SignInKind,
        program: String,
    ) {
        let sign_in = SignIn {
            peer,
            account: account.id,
            kind,
            program,
            address: self.admission.address().to_string(),
        };
        let name = account.name.clone();
        self.desk.note(name, What::SignedIn(sign_in)).await;
    }

    async fn serve_questions(
        self,
        mut reader: FramedReader,
        mut writer: FramedWriter,
        who: Administrator,
        mut closed: broadcast::Receiver<Closed>,
    ) -> Result<(), Fault> {
        let desk = &self.desk;
        reader.set_limit(MAX_ADMIN_FRAME_BYTES);
        writer.set_limit(MAX_ADMIN_FRAME_BYTES);
        let (outbound, queue) = mpsc::channel(outbound::QUEUE);
        tokio::spawn(outbound::send_all(self.connection.clone(), writer, queue));
        let mut questions = JoinSet::new();
        let in_use = desk.office.in_use(who.sign_in());
        let mut pace = Pace::new();
        loop {
            while questions.len() >= administration::AT_ONCE {
                questions.join_next().await;
            }
            let message = tokio::select! {
                message = read::<AdminToHub>(&mut reader, &mut pace) => {
                    in_use.touch();
                    message?
                }
                refusal = closes(&mut closed, &who) => {
                    let goodbye = HubToAdmin::Goodbye { refusal };
                    for last in [Outbound::message(goodbye), Outbound::Close(refusal)] {
                        outbound.send(last).await.map_err(|_closed| Fault::Gone)?;
                    }
                    outbound.closed().await;
                    return Ok(());
                }
            };
            match message {
                None | Some(AdminToHub::Leave) => return Ok(()),
                Some(
                    AdminToHub::SignIn { .. }
                    | AdminToHub::GiveCode { .. }
                    | AdminToHub::AcceptInvitation { .. },
                ) => return Err(Fault::OutOfPlace),
                Some(AdminToHub::Ask { number, question }) => {
                    let office = Arc::clone(&desk.office);
                    let who = who.clone();
                    let outbound = outbound.clone();
                    questions.spawn(async move {
                        let answer = office.answer(who, number, question).await;
                        if outbound.send(Outbound::message(answer)).await.is_err() {
                            tracing::debug!("Whoever asked is gone");
                        }
                    });
                }
            }
        }
    }
}

/// Asks until an administrator is signed in; `None` if the peer left before.
async fn sign_in(
    desk: &Desk,
    address: IpAddr,
    reader: &mut FramedReader,
    writer: &mut FramedWriter,
) -> Result<Option<Account>, Fault> {
    let (deadline, action) = (Instant::now() + LOG_IN_TIMEOUT, Action::SignIn);
    let mut half = None;
    for _ in 0..LOG_INS {
        let message = timeout_at(deadline, reader.read::<AdminToHub>()).await;
        let entry = match (message.map_err(|_elapsed| Fault::Silent)??, half.take()) {
            (Some(AdminToHub::SignIn { user, password }), _) => {
                desk.logins.log_in(&user, password, address, action).await
            }
            (
                Some(AdminToHub::AcceptInvitation {
                    user,
                    token,
                    password,
                }),
                _,
            ) => {
                let logins = &desk.logins;
                let entry = logins
                    .accept_invitation(&user, token, password, address, action)
                    .await;
                // whoever was signed in with the account before goes, and not who comes now
                desk.office.accounts_changed().await;
                entry
            }
            (Some(AdminToHub::GiveCode { code }), Some(half)) => {
                desk.logins.give_code(half, &code).await.map(Entry::In)
            }
            (Some(AdminToHub::Leave) | None, _) => return Ok(None),
            (Some(AdminToHub::Ask { .. } | AdminToHub::GiveCode { .. }), _) => {
                return Err(Fault::OutOfPlace);
            }
        };
        let answer = match entry {
            Ok(Entry::In(account)) => {
                let name = Name::cut(account.display_name.as_str());
                write(writer, &HubToAdmin::SignedIn { name }).await?;
                return Ok(Some(account));
            }
            Ok(Entry::CodeWanted(wanted)) => {
                half = Some(wanted);
                HubToAdmin::CodeWanted
            }
            Err(refusal) => HubToAdmin::SignInRefused { refusal },
        };
        write(writer, &answer).await?;
    }
    Err(Fault::Tries)
}

/// Waits until the account of `who` is closed, or has another password, or the sign-in is to end, and says
/// which.
async fn closes(closed: &mut broadcast::Receiver<Closed>, who: &Administrator) -> Refusal {
    loop {
        match closed.recv().await {
            Ok(Closed::Accounts(accounts, refusal)) if accounts.contains(&who.account()) => {
                return refusal;
            }
            Ok(Closed::Others(account, stays, refusal))
                if account == who.account() && stays != who.sign_in() =>
            {
                return refusal;
            }
            Ok(Closed::SignIn(sign_in, refusal)) if sign_in == who.sign_in() => return refusal,
            Ok(Closed::Accounts(..) | Closed::Others(..) | Closed::SignIn(..)) => {}
            // it may have been among those that were missed
            Err(broadcast::error::RecvError::Lagged(_)) => {
                return RefusalCode::PASSWORD_CHANGED.into();
            }
            Err(broadcast::error::RecvError::Closed) => return RefusalCode::SHUTTING_DOWN.into(),
        }
    }
}

/// An operator who may come in.
enum Admitted {
    LoggedIn(Account),
    /// It says that it had a place.
    Resumes(PeerId, ResumeSecret),
}

/// Asks until somebody is logged in; `None` if the peer left before.
async fn log_in(
    desk: &Desk,
    address: IpAddr,
    reader: &mut FramedReader,
    writer: &mut FramedWriter,
) -> Result<Option<Admitted>, Fault> {
    let (deadline, action) = (Instant::now() + LOG_IN_TIMEOUT, Action::LogIn);
    let mut half = None;
    for _ in 0..LOG_INS {
        let message = timeout_at(deadline, reader.read::<OperatorToHub>()).await;
        let entry = match (message.map_err(|_elapsed| Fault::Silent)??, half.take()) {
            (Some(OperatorToHub::LogIn { user, password }), _) => {
                desk.logins.log_in(&user, password, address, action).await
            }
            (
                Some(OperatorToHub::AcceptInvitation {
                    user,
                    token,
                    password,
                }),
                _,
            ) => {
                let logins = &desk.logins;
                let entry = logins
                    .accept_invitation(&user, token, password, address, action)
                    .await;
                // whoever was signed in with the account before goes, and not who comes now
                desk.office.accounts_changed().await;
                entry
            }
            (Some(OperatorToHub::GiveCode { code }), Some(half)) => {
                desk.logins.give_code(half, &code).await.map(Entry::In)
            }
            (Some(OperatorToHub::Resume { you, secret }), _) => {
                return Ok(Some(Admitted::Resumes(you, secret)));
            }
            (Some(OperatorToHub::LogOut) | None, _) => return Ok(None),
            (Some(_), _) => return Err(Fault::OutOfPlace),
        };
        let answer = match entry {
            Ok(Entry::In(account)) => return Ok(Some(Admitted::LoggedIn(account))),
            Ok(Entry::CodeWanted(wanted)) => {
                half = Some(wanted);
                HubToOperator::CodeWanted
            }
            Err(refusal) => HubToOperator::LogInRefused { refusal },
        };
        write(writer, &answer).await?;
    }
    Err(Fault::Tries)
}

impl Desk {
    async fn tell(&self, event: Event) -> Result<(), Fault> {
        let told = self.registry.send(event).await;
        told.map_err(|_closed| Fault::Stopping)
    }

    /// Stores what somebody did, who has nothing to wait for.
    async fn note(&self, actor: String, what: What) {
        let actor = Actor::Account(actor);
        let change = Change { actor, what };
        let stored = self.store.apply(change.at(self.clock.now().unix_millis));
        if let Err(error) = stored.await {
            log_store_error(&error);
        }
    }
}

impl Talk {
    /// Starts the tasks beside the reader: one that sends what is queued, one for the peer's streams.
    /// The second ends when the set is dropped, the first when it has sent what it was given.
    fn link<M: Serialize + Send + Sync + 'static>(
        &self,
        role: Role,
        writer: FramedWriter,
    ) -> (PeerLink<M>, mpsc::Sender<Outbound<M>>, JoinSet<()>) {
        let connection = &self.connection;
        let sessions = SessionsOfPeer::default();
        let (outbound, queue) = mpsc::channel(outbound::QUEUE);
        tokio::spawn(outbound::send_all(connection.clone(), writer, queue));
        let mut tasks = JoinSet::new();
        tasks.spawn(relay::serve_streams(
            connection.clone(),
            role,
            sessions.clone(),
            Arc::clone(&self.broke_rules),
            self.admission.counters(),
        ));
        let link = PeerLink {
            connection: connection.clone(),
            outbound: outbound.clone(),
            sessions,
            admission: Arc::clone(&self.admission),
        };
        (link, outbound, tasks)
    }
}

async fn read<M: DeserializeOwned>(
    reader: &mut FramedReader,
    pace: &mut Pace,
) -> Result<Option<M>, Fault> {
    pace.keep().await;
    Ok(reader.read().await?)
}

async fn write<M: Serialize>(writer: &mut FramedWriter, message: &M) -> Result<(), Fault> {
    writer.write(message).await.map_err(|error| {
        tracing::debug!(%error, "Not sent");
        Fault::Gone
    })
}

/// Keeps a peer that talks without pause from taking the hub's time: it is read more slowly.
struct Pace {
    /// When the messages so far would be due at the regular interval.
    due: Instant,
}

impl Pace {
    fn new() -> Self {
        Self {
            due: Instant::now(),
        }
    }

    async fn keep(&mut self) {
        let now = Instant::now();
        self.due = self.due.max(now) + MESSAGE_INTERVAL;
        let ahead = self.due - now;
        let burst = MESSAGE_INTERVAL * BURST;
        if let Some(wait) = ahead.checked_sub(burst) {
            tokio::time::sleep(wait).await;
        }
    }
}

/// Refuses a connection for which there is no room.
pub(crate) fn refuse(incoming: Incoming, permit: OwnedSemaphorePermit) {
    let refusal: Refusal = RefusalCode::FULL.into();
    tokio::spawn(async move {
        // the handshake is worth it: only after it can the peer be told why
        if let Ok(Ok(connection)) = timeout(HANDSHAKE_TIMEOUT, incoming).await {
            close_refused(&connection, refusal);
        }
        drop(permit);
    });
}
