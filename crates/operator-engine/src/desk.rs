//! What the console knows and does while it is logged in: tickets, list, sessions, chat, reports.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use protocol::limits::MAX_EXCHANGE_BYTES;
use protocol::{
    EndedBy, Entry, EntryId, HubToOperator, OperatorToHub, Outcome, RefusalCode, ReportId, Rights,
    SessionId, TicketState,
};
use session::SessionKeys;
use tokio::sync::watch;
use transport::Fingerprint;

use crate::command::{Command, SessionView};
use crate::engine::Teller;
use crate::event::{Event, NotStarted};
use crate::keeper::Keeper;
use crate::link::Link;
use crate::list::LiveList;
use crate::reports::{self, KeptReport, Reports};
use crate::session_streams::{RunningSession, SessionFault};
use crate::tickets::{self, Judgement, KeptTickets, Tickets};

/// Most questions and sessions at once.
const MAX_SESSIONS: usize = 64;

/// A question that the user has not answered.
struct Asked {
    nonce: [u8; 16],
    view: Arc<dyn SessionView>,
    session: Option<SessionId>,
}

pub(crate) struct Desk {
    pin: Fingerprint,
    keeper: Keeper,
    teller: Teller,
    entries: watch::Sender<Arc<Vec<Entry>>>,
    list: LiveList,
    list_changed: bool,
    /// Hub and user that everything kept here belongs to.
    owner: String,
    tickets: Tickets,
    /// The open tickets from disk have been told.
    tickets_told: bool,
    /// Tickets of other hubs and users, as they lie on disk.
    foreign_tickets: BTreeMap<String, KeptTickets>,
    reports: Reports,
    asked: BTreeMap<EntryId, Asked>,
    running: BTreeMap<SessionId, RunningSession>,
}

impl Desk {
    /// Reads what was kept. Waits for the disk.
    pub(crate) fn open(
        pin: Fingerprint,
        keeper: Keeper,
        teller: Teller,
        entries: watch::Sender<Arc<Vec<Entry>>>,
    ) -> io::Result<Self> {
        let files = keeper.read_all(tickets::FILE, 1, tickets::MAX_FILE_BYTES)?;
        let foreign_tickets = files
            .first()
            .and_then(|(name, bytes)| parse(name, bytes))
            .unwrap_or_default();
        Ok(Self {
            pin,
            keeper,
            teller,
            entries,
            list: LiveList::default(),
            list_changed: false,
            owner: String::new(),
            tickets: Tickets::default(),
            tickets_told: false,
            foreign_tickets,
            reports: Reports::default(),
            asked: BTreeMap::new(),
            running: BTreeMap::new(),
        })
    }

    pub(crate) async fn tell(&self, event: Event) {
        self.teller.tell(event).await;
    }

    /// From now on `user` works here.
    pub(crate) async fn serve(&mut self, user: &str) {
        let owner = format!("{}/{user}", self.pin);
        if owner == self.owner {
            return;
        }
        let kept = self.foreign_tickets.remove(&owner).unwrap_or_default();
        let before = std::mem::replace(&mut self.tickets, Tickets::from_kept(kept, now()));
        let owner_before = std::mem::replace(&mut self.owner, owner);
        if !owner_before.is_empty() {
            self.foreign_tickets.insert(owner_before, before.to_kept());
        }
        self.tickets_told = false;
        let found =
            self.keeper
                .read_all(reports::PREFIX, reports::MAX_FILES, reports::MAX_FILE_BYTES);
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                self.tell(Event::NotKept {
                    detail: error.to_string(),
                })
                .await;
                Vec::new()
            }
        };
        let kept = found
            .iter()
            .filter_map(|(name, bytes)| parse::<KeptReport>(name, bytes));
        self.reports = Reports::from_kept(kept, &self.owner);
    }

    pub(crate) async fn logged_in(&mut self, link: &Link) {
        let display_name = link.display_name.clone();
        self.tell(Event::LoggedIn {
            you: link.you,
            display_name,
        })
        .await;
        if !std::mem::replace(&mut self.tickets_told, true) {
            for (route, spoken, host) in self.tickets.used() {
                self.tell(Event::TicketWasUsed {
                    route,
                    spoken,
                    host,
                })
                .await;
            }
            for (route, spoken, valid_seconds) in self.tickets.list(now()) {
                self.tell(Event::TicketKept {
                    route,
                    spoken,
                    valid_seconds,
                })
                .await;
            }
        }
        for save in self.reports.send_all() {
            link.send(save);
        }
        link.send(OperatorToHub::ListDrafts);
    }

    /// Tells what the disk could not take, and publishes the list once the hub has said all it had
    /// to say for now.
    pub(crate) async fn after_step(&mut self, hub_is_quiet: bool) {
        for detail in self.keeper.take_problems() {
            self.tell(Event::NotKept { detail }).await;
        }
        if self.list_changed && hub_is_quiet {
            self.list_changed = false;
            self.entries.send_replace(Arc::new(self.list.snapshot()));
            self.teller.wake();
        }
    }

    /// The connection is gone, and with it every question and session.
    pub(crate) async fn connection_ended(&mut self) {
        for host in std::mem::take(&mut self.asked).into_keys() {
            self.tell(Event::SessionRefused {
                host,
                why: NotStarted::NotConnected,
            })
            .await;
        }
        for session in std::mem::take(&mut self.running).into_keys() {
            let by = EndedBy::OperatorLost;
            self.tell(Event::SessionEnded {
                session,
                by,
                facts: None,
            })
            .await;
        }
        self.list.replace(Vec::new());
        self.list_changed = true;
    }

    /// The program ends; nobody is there to be told.
    pub(crate) fn end_sessions_silently(&mut self) {
        self.asked.clear();
        self.running.clear();
    }

    /// Input or pictures fail: the session must not go on half deaf or blind.
    pub(crate) fn session_failed(&self, link: &Link, fault: &SessionFault) {
        let session = fault.session;
        if self.running.contains_key(&session) {
            tracing::warn!(%session, error = %fault.fault, "Session failed");
            link.send(OperatorToHub::EndSession { session });
        }
    }

    pub(crate) async fn obey(&mut self, link: Option<&Link>, command: Command) {
        match command {
            // the engine's own
            Command::LogIn { .. } | Command::LogOut => {}
            Command::SaveReport {
                report,
                draft,
                finished,
            } => {
                let owner = self.owner.clone();
                let kept = KeptReport {
                    owner,
                    report,
                    draft,
                    finished,
                };
                self.save_report(link, kept).await;
            }
            Command::StartSession { host, asked, view } => {
                self.ask(link, host, asked, view).await;
            }
            Command::EndSession { session } => self.end(link, session).await,
            Command::SendChat { host, text } => match link {
                Some(link) => link.send(OperatorToHub::Chat { host, text }),
                None => self.tell(Event::ChatNotSent { host, text }).await,
            },
            Command::GenerateTicket => tell_hub(link, OperatorToHub::GenerateTicket),
            Command::RevokeTicket { route } => {
                tell_hub(link, OperatorToHub::RevokeTicket { route });
            }
            Command::DisconnectHost { host } => {
                tell_hub(link, OperatorToHub::DisconnectHost { host });
            }
            Command::ListDrafts => tell_hub(link, OperatorToHub::ListDrafts),
        }
    }

    pub(crate) async fn hub_says(&mut self, link: &mut Link, message: HubToOperator) {
        match message {
            HubToOperator::LoggedIn { .. } | HubToOperator::LogInRefused { .. } => {
                tracing::debug!("Log-in answered twice");
            }
            HubToOperator::Goodbye { refusal } => link.goodbye = Some(refusal),
            HubToOperator::TicketGenerated {
                route,
                valid_seconds,
            } => {
                let valid_until = now().saturating_add(valid_seconds.into());
                let spoken = random_bytes().and_then(|r| self.tickets.add(route, r, valid_until));
                if let Some(spoken) = spoken {
                    self.keep_tickets();
                    self.tell(Event::TicketGenerated {
                        route,
                        spoken,
                        valid_seconds,
                    })
                    .await;
                } else {
                    link.send(OperatorToHub::RevokeTicket { route });
                    self.tell(Event::TicketRefused(RefusalCode::FULL.into()))
                        .await;
                }
            }
            HubToOperator::TicketRefused { refusal } => {
                self.tell(Event::TicketRefused(refusal)).await;
            }
            HubToOperator::TicketChanged { route, state } => {
                if state != TicketState::Open {
                    self.tickets.close(route);
                    self.keep_tickets();
                }
                self.tell(Event::TicketChanged { route, state }).await;
            }
            HubToOperator::TicketOpened {
                route,
                attempt,
                exchange,
                ..
            } => {
                // the names in it are only what somebody typed; they count once the row is there
                let half = exchange.get(..MAX_EXCHANGE_BYTES).unwrap_or(&exchange);
                let answer = self.tickets.answer(route, attempt, half, now());
                let message = match answer.map(Bytes::from) {
                    Some(exchange) => OperatorToHub::AnswerTicket {
                        route,
                        attempt,
                        exchange,
                    },
                    None => OperatorToHub::JudgeTicket {
                        route,
                        attempt,
                        proof: None,
                    },
                };
                link.send(message);
            }
            HubToOperator::TicketProof {
                route,
                attempt,
                proof,
            } => {
                let judgement = self.tickets.judge(route, attempt, &proof, now());
                self.keep_tickets();
                let proof = match judgement {
                    Judgement::Right(proof) => Some(proof.into()),
                    Judgement::Wrong => {
                        self.tell(Event::TicketGuessed { route }).await;
                        None
                    }
                    Judgement::Unknown => None,
                };
                link.send(OperatorToHub::JudgeTicket {
                    route,
                    attempt,
                    proof,
                });
            }
            HubToOperator::TicketSettled {
                route,
                attempt,
                host,
            } => {
                if self.tickets.settle(route, attempt, host) {
                    self.keep_tickets();
                    self.tell(Event::TicketUsed { route, host }).await;
                }
            }
            HubToOperator::Entries { entries } => {
                self.list.replace(entries);
                self.list_changed = true;
            }
            HubToOperator::EntryChanged { entry } => {
                self.list.change(entry);
                self.list_changed = true;
            }
            HubToOperator::EntryGone { id } => {
                self.list.remove(id);
                self.list_changed = true;
            }
            HubToOperator::ConsentPending { session, host } => {
                if let Some(asked) = self.asked.get_mut(&host) {
                    asked.session = Some(session);
                    self.tell(Event::ConsentPending { session, host }).await;
                }
            }
            HubToOperator::SessionStarted {
                session,
                host,
                rights,
                nonce,
            } => {
                self.start(link, session, host, rights, nonce).await;
            }
            HubToOperator::SessionRefused { host, refusal } => {
                if self.asked.remove(&host).is_some() {
                    let why = NotStarted::Refused(refusal);
                    self.tell(Event::SessionRefused { host, why }).await;
                }
            }
            HubToOperator::RightsChanged { session, rights } => {
                if let Some(running) = self.running.get(&session) {
                    running.input.set_allowed(rights.control);
                    self.tell(Event::RightsChanged { session, rights }).await;
                }
            }
            HubToOperator::SessionEnded { session, by, facts } => {
                self.running.remove(&session);
                self.asked.retain(|_, asked| asked.session != Some(session));
                self.tell(Event::SessionEnded {
                    session,
                    by,
                    facts: Some(facts),
                })
                .await;
            }
            HubToOperator::Chat { host, line } => {
                self.tell(Event::ChatReceived { host, line }).await;
            }
            HubToOperator::ReportSaved {
                report,
                finished,
                outcome,
            } => {
                self.report_answered(link, report, finished, outcome).await;
            }
            HubToOperator::Drafts { mut drafts } => {
                self.reports.overlay(&mut drafts);
                self.tell(Event::Drafts(drafts)).await;
            }
        }
    }

    async fn ask(
        &mut self,
        link: Option<&Link>,
        host: EntryId,
        asked: Rights,
        view: Arc<dyn SessionView>,
    ) {
        let ticket = self.list.get(host).and_then(|entry| entry.ticket);
        let known = self.tickets.key_of(host, ticket).is_some();
        let room = self.asked.len() + self.running.len() < MAX_SESSIONS;
        let why = match (link, random_bytes()) {
            (Some(link), Some(nonce)) if known && room => {
                self.asked.insert(
                    host,
                    Asked {
                        nonce,
                        view,
                        session: None,
                    },
                );
                link.send(OperatorToHub::StartSession { host, asked, nonce });
                return;
            }
            (Some(_), _) if !known => NotStarted::NoKey,
            (Some(_), _) => NotStarted::Refused(RefusalCode::FULL.into()),
            (None, _) => NotStarted::NotConnected,
        };
        self.tell(Event::SessionRefused { host, why }).await;
    }

    async fn end(&mut self, link: Option<&Link>, session: SessionId) {
        tell_hub(link, OperatorToHub::EndSession { session });
        let mut questions = self.asked.iter();
        let question = questions.find(|(_, asked)| asked.session == Some(session));
        if let Some(host) = question.map(|(host, _)| *host) {
            self.asked.remove(&host);
            self.tell(Event::SessionRefused {
                host,
                why: NotStarted::Withdrawn,
            })
            .await;
        }
    }

    async fn start(
        &mut self,
        link: &Link,
        session: SessionId,
        host: EntryId,
        rights: Rights,
        nonce: [u8; 16],
    ) {
        let ticket = self.list.get(host).and_then(|entry| entry.ticket);
        let key = self.tickets.key_of(host, ticket);
        let (Some(asked), Some(key)) = (self.asked.remove(&host), key) else {
            // taken back in the same moment, or never asked for
            link.send(OperatorToHub::EndSession { session });
            return;
        };
        let keys = SessionKeys::derive(&key, session, asked.nonce, nonce);
        let running = RunningSession::start(
            session,
            &keys,
            &link.connection,
            &link.sessions,
            asked.view,
            rights.control,
            link.fault_sender.clone(),
        );
        match running {
            Ok(running) => {
                let input = running.input.clone();
                let wishes = running.wishes.clone();
                self.running.insert(session, running);
                self.tell(Event::SessionStarted {
                    session,
                    host,
                    rights,
                    input,
                    wishes,
                })
                .await;
            }
            Err(error) => {
                tracing::error!(%session, %error, "No thread for the session");
                link.send(OperatorToHub::EndSession { session });
                let why = NotStarted::Refused(RefusalCode::FULL.into());
                self.tell(Event::SessionRefused { host, why }).await;
            }
        }
    }

    async fn save_report(&mut self, link: Option<&Link>, kept: KeptReport) {
        match serde_json::to_vec_pretty(&kept) {
            Ok(bytes) => self.keeper.write(&kept.file_name(), bytes),
            Err(error) => {
                self.tell(Event::NotKept {
                    detail: error.to_string(),
                })
                .await;
            }
        }
        if let (Some(save), Some(link)) = (self.reports.save(kept), link) {
            link.send(save);
        }
    }

    async fn report_answered(
        &mut self,
        link: &Link,
        report: ReportId,
        finished: bool,
        outcome: Outcome,
    ) {
        let after = self.reports.answered(report, outcome);
        if let Some(name) = &after.remove {
            self.keeper.remove(name);
        }
        if let Some(save) = after.send {
            link.send(save);
            return;
        }
        if after.rescued {
            self.tell(Event::ReportRescued { report }).await;
        }
        self.tell(Event::ReportSaved {
            report,
            finished,
            outcome,
        })
        .await;
    }

    fn keep_tickets(&self) {
        let mut all: BTreeMap<&str, &KeptTickets> = self
            .foreign_tickets
            .iter()
            .map(|(owner, kept)| (owner.as_str(), kept))
            .collect();
        let ours = self.tickets.to_kept();
        all.insert(&self.owner, &ours);
        match serde_json::to_vec(&all) {
            Ok(bytes) => self.keeper.write(tickets::FILE, bytes),
            Err(error) => tracing::error!(%error, "Tickets not kept"),
        }
    }
}

fn tell_hub(link: Option<&Link>, message: OperatorToHub) {
    if let Some(link) = link {
        link.send(message);
    }
}

/// A kept file's content; a damaged file is left where it is and told in the log.
fn parse<T: serde::de::DeserializeOwned>(name: &str, bytes: &[u8]) -> Option<T> {
    match serde_json::from_slice(bytes) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            tracing::error!(%name, line = error.line(), "Kept file is damaged");
            None
        }
    }
}

fn random_bytes() -> Option<[u8; 16]> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok().map(|()| random)
}

fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
