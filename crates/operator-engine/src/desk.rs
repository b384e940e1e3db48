//! What the console knows and does while it is logged in: the protocol's side of it, the list, reports,
//! and the streams of sessions.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::control::{Admission, ChatText, Name};
use protocol::version::WAKING;
use protocol::{
    BroughtIn, ChatAuthor, ChatLine, HubToOperator, OperatorToHub, Outcome, PeerId, RefusalCode,
    ReportId, Rights, SessionId,
};
use session::console::{
    ConsoleNews, ConsoleSide, ConsoleStep, KeptTickets, NotStarted, Outside, Running, Stretched,
};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use transfer::Transfers;

use crate::clipboard::Clipboards;
use crate::command::{Command, SessionView};
use crate::engine::Teller;
use crate::event::Event;
use crate::files::{self, FilesNews};
use crate::input_path::StreamFault;
use crate::keeper::Keeper;
use crate::link::{Link, Resumed};
use crate::list::{LiveList, Rows};
use crate::notes::{self, KeptNotes, Notes};
use crate::reports::{self, KeptReport, Reports};
use crate::session_streams::{RunningSession, SessionFault, Way};

/// The file of tickets and keys, and the most bytes it may have to be read.
const TICKETS_FILE: &str = "tickets.json";
const MAX_TICKETS_BYTES: u64 = 1 << 20;
/// How far apart channels are opened anew because input came too late.
const RENEW_EVERY: Duration = Duration::from_secs(10);

pub(crate) struct Desk {
    /// Stands for the hub in what is kept: its key, or its address where it is known by that.
    hub: String,
    keeper: Keeper,
    teller: Teller,
    rows: watch::Sender<Rows>,
    list: LiveList,
    list_changed: bool,
    /// Hub and user that everything kept here belongs to.
    owner: String,
    pub(crate) side: ConsoleSide,
    /// What the operator is called, for the lines of chat.
    display_name: Name,
    /// The open tickets from disk have been told.
    tickets_told: bool,
    /// Tickets of other hubs and users, as they lie on disk.
    foreign_tickets: BTreeMap<String, KeptTickets>,
    reports: Reports,
    /// Those from before, until they are told.
    notes: Notes,
    /// Where the pictures of sessions go that were asked for.
    views: BTreeMap<PeerId, Arc<dyn SessionView>>,
    pub(crate) running: BTreeMap<SessionId, RunningSession>,
    /// Where the files of hosts land.
    pub(crate) folder: Option<PathBuf>,
    /// What is told of files.
    pub(crate) files_told: mpsc::Receiver<FilesNews>,
    files_news: mpsc::Sender<FilesNews>,
    pub(crate) clipboards: Clipboards,
    /// Keys that were stretched.
    pub(crate) stretched_told: mpsc::Receiver<Stretched>,
    stretched_news: mpsc::Sender<Stretched>,
    /// When the channel to each host was opened.
    opened: BTreeMap<PeerId, std::time::Instant>,
    renewed: Option<Instant>,
}

impl Desk {
    /// Reads what was kept. Waits for the disk.
    pub(crate) fn open(
        hub: String,
        keeper: Keeper,
        clipboards: Clipboards,
        teller: Teller,
        rows: watch::Sender<Rows>,
    ) -> io::Result<Self> {
        let files = keeper.read_all(TICKETS_FILE, 1, MAX_TICKETS_BYTES)?;
        let foreign_tickets = files
            .first()
            .and_then(|(name, bytes)| parse(&keeper, name, bytes))
            .unwrap_or_default();
        let (files_news, files_told) = mpsc::channel(files::MAX_WAITING);
        let (stretched_news, stretched_told) = mpsc::channel(1);
        Ok(Self {
            folder: None,
            files_told,
            files_news,
            clipboards,
            stretched_told,
            stretched_news,
            hub,
            keeper,
            teller,
            rows,
            list: LiveList::default(),
            list_changed: false,
            owner: String::new(),
            side: ConsoleSide::default(),
            display_name: Name::default(),
            tickets_told: false,
            foreign_tickets,
            reports: Reports::default(),
            notes: Notes::default(),
            views: BTreeMap::new(),
            running: BTreeMap::new(),
            opened: BTreeMap::new(),
            renewed: None,
        })
    }

    pub(crate) async fn tell(&self, event: Event) {
        self.teller.tell(event).await;
    }

    /// From now on `user` works here.
    pub(crate) async fn serve(&mut self, user: &str) {
        let owner = format!("{}/{user}", self.hub);
        if owner == self.owner {
            return;
        }
        let kept = self.foreign_tickets.remove(&owner).unwrap_or_default();
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        let chat_base = since_epoch.unwrap_or_default().as_micros();
        let chat_base = u64::try_from(chat_base).unwrap_or_default();
        let side = ConsoleSide::new(kept, formats(), chat_base, now());
        let before = std::mem::replace(&mut self.side, side);
        let owner_before = std::mem::replace(&mut self.owner, owner);
        if !owner_before.is_empty() {
            self.foreign_tickets
                .insert(owner_before, before.kept_tickets());
        }
        self.tickets_told = false;
        let kept = self.kept::<KeptReport>(reports::PREFIX).await;
        self.reports = Reports::from_kept(kept, &self.owner);
        let name = notes::file_name(&self.owner);
        let kept = self.kept::<KeptNotes>(&name).await;
        let ours = kept.into_iter().find(|kept| kept.owner == self.owner);
        self.notes = ours.map(|kept| kept.notes).unwrap_or_default();
    }

    /// What is kept in the files whose names begin with `prefix`.
    async fn kept<T: serde::de::DeserializeOwned>(&self, prefix: &str) -> Vec<T> {
        let found = self
            .keeper
            .read_all(prefix, reports::MAX_FILES, reports::MAX_FILE_BYTES);
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                let detail = error.to_string();
                self.tell(Event::NotKept { detail }).await;
                Vec::new()
            }
        };
        let read = found
            .iter()
            .filter_map(|(name, bytes)| parse(&self.keeper, name, bytes));
        read.collect()
    }

    /// The operator has a new place.
    pub(crate) async fn logged_in(
        &mut self,
        link: &Link,
        admission: Admission,
        display_name: Name,
    ) {
        self.display_name = display_name.clone();
        let steps = self.side.logged_in(admission, display_name.clone());
        self.take(Some(link), steps).await;
        let you = admission.you;
        self.tell(Event::LoggedIn { you, display_name }).await;
        if !std::mem::replace(&mut self.tickets_told, true) {
            let notes = std::mem::take(&mut self.notes);
            self.tell(Event::NotesKept(notes)).await;
            for (route, spoken, host) in self.side.used_tickets() {
                self.tell(Event::TicketWasUsed {
                    route,
                    spoken,
                    host,
                })
                .await;
            }
            for (route, spoken, valid_seconds) in self.side.open_tickets(now()) {
                self.tell(Event::TicketKept {
                    route,
                    spoken,
                    valid_seconds,
                })
                .await;
            }
        }
        self.send_reports(link);
    }

    /// The operator is back in the same place.
    pub(crate) async fn resumed(&mut self, link: &Link, resumed: &Resumed) {
        let steps = self.side.resumed(&resumed.running, &resumed.ended);
        self.take(Some(link), steps).await;
        self.tell(Event::Reconnected).await;
        self.send_reports(link);
    }

    fn send_reports(&mut self, link: &Link) {
        for save in self.reports.send_all() {
            link.send(save);
        }
        link.send(OperatorToHub::ListDrafts);
        link.send(OperatorToHub::ListReportForms);
        if link.version >= WAKING {
            link.send(OperatorToHub::ListSleeping);
        }
    }

    /// What another connection has to begin with, and for how long the hub waits for it.
    pub(crate) fn resume(&self) -> Option<(OperatorToHub, Duration)> {
        let kept = self.side.admission()?.kept_seconds;
        Some((self.side.resume()?, Duration::from_secs(kept.into())))
    }

    /// Tells what the disk could not take, and publishes the list once the hub has said all it had
    /// to say for now.
    pub(crate) async fn after_step(&mut self, hub_is_quiet: bool) {
        for detail in self.keeper.take_problems() {
            self.tell(Event::NotKept { detail }).await;
        }
        if self.list_changed && hub_is_quiet {
            self.list_changed = false;
            self.rows.send_replace(self.list.snapshot());
            self.teller.wake();
        }
    }

    /// Tells how the lines of the sessions are, where that has changed.
    pub(crate) async fn look_at_lines(&mut self, link: &mut Link) {
        let look = link.look();
        let mut news = Vec::new();
        for (session, running) in &mut self.running {
            if let Some(line) = running.look_at_line(&link.route, look) {
                news.push((*session, line));
            }
        }
        for (session, line) in news {
            tracing::debug!(%session, ?line, "Line");
            self.tell(Event::LineChanged { session, line }).await;
        }
    }

    pub(crate) fn has_sessions(&self) -> bool {
        !self.running.is_empty()
    }

    /// The connection is gone; what runs waits for the next.
    pub(crate) async fn connection_lost(&mut self) {
        let steps = self.side.connection_lost();
        self.take(None, steps).await;
    }

    /// The place is gone, and with it every question and session.
    pub(crate) async fn give_up(&mut self) {
        let steps = self.side.give_up();
        self.take(None, steps).await;
        self.list.replace(Vec::new());
        self.list_changed = true;
    }

    /// The program ends; nobody is there to be told.
    pub(crate) fn end_sessions_silently(&mut self) {
        self.views.clear();
        self.running.clear();
    }

    /// Input or pictures fail: the session must not go on half deaf or blind.
    pub(crate) async fn session_failed(&mut self, link: &Link, fault: &SessionFault) {
        let session = fault.session;
        if !self.running.contains_key(&session) {
            return;
        }
        tracing::warn!(%session, error = %fault.fault, "Session failed");
        let steps = match fault.fault {
            StreamFault::Forged => self.side.forged(session),
            StreamFault::Overflow | StreamFault::Closed | StreamFault::Unreadable => {
                self.side.end(session)
            }
        };
        self.take(Some(link), steps).await;
    }

    pub(crate) async fn obey(&mut self, link: Option<&Link>, command: Command) {
        match command {
            Command::SendFiles { session, chosen } => {
                self.files(link, session, |all| all.send(chosen)).await;
            }
            Command::SendFilesInto {
                session,
                chosen,
                listing,
            } => {
                self.files(link, session, |all| all.send_into(chosen, listing))
                    .await;
            }
            Command::AskToBrowse { session } => {
                self.files(link, session, Transfers::ask_to_browse).await;
            }
            Command::List {
                session,
                listing,
                at,
            } => {
                if let Some(running) = self.running.get_mut(&session) {
                    running.transfers.list(listing, at);
                }
            }
            Command::FetchFiles {
                session,
                listing,
                entries,
            } => {
                if let Some(running) = self.running.get_mut(&session) {
                    running.transfers.fetch(listing, &entries);
                }
            }
            Command::CancelFiles { session, id } => {
                self.files(link, session, |all| all.cancel(id)).await;
            }
            Command::AnswerConflict {
                session,
                id,
                entry,
                answer,
                for_all,
            } => {
                self.files(link, session, |all| all.answer(id, entry, answer, for_all))
                    .await;
            }
            Command::HoldFiles { session, id, held } => {
                self.files(link, session, |all| all.hold(id, held)).await;
            }
            Command::ReceiveInto { folder } => self.receive_into(folder),
            Command::WorkIn { session } => self.works_in(session),
            Command::ShareClipboard(ways) => self.share_clipboard(ways),
            // the engine's own
            Command::LogIn { .. }
            | Command::AcceptInvitation { .. }
            | Command::GiveCode { .. }
            | Command::LogOut => {}
            Command::SaveReport {
                report,
                draft,
                fields,
                finished,
            } => {
                let owner = self.owner.clone();
                let kept = KeptReport {
                    owner,
                    report,
                    draft,
                    fields,
                    finished,
                };
                self.save_report(link, kept).await;
            }
            Command::StartSession { host, asked, view } => {
                self.ask(link, host, asked, view).await;
            }
            Command::AskSystem { session } => {
                let steps = self.side.ask_system(session);
                self.take(link, steps).await;
            }
            Command::Shield {
                session,
                shield,
                up,
            } => {
                let steps = self.side.shield(session, shield, up);
                self.take(link, steps).await;
            }
            Command::Rest { session, resting } => {
                if let Some(running) = self.running.get(&session) {
                    running.input.set_resting(resting);
                }
                let steps = self.side.rest(session, resting);
                self.take(link, steps).await;
            }
            Command::OpenHost {
                host,
                password,
                reason,
                code,
                asked,
                view,
            } => {
                self.views.insert(host, view);
                if !code.trim().is_empty() {
                    let steps = self.side.give_knock_code(host, code.trim());
                    self.take(link, steps).await;
                }
                let steps = self.side.open_host(host, &password, reason, asked);
                self.take(link, steps).await;
            }
            Command::GiveUpOpening { host } => {
                self.views.remove(&host);
                let steps = self.side.give_up_opening(host);
                self.take(link, steps).await;
            }
            Command::Wake { host } => tell_hub(link, OperatorToHub::Wake { host }),
            Command::AskToSee {
                colleague,
                name,
                asked,
                view,
            } => {
                self.views.insert(colleague, view);
                let steps = self.side.ask_to_see(colleague, name, asked);
                self.take(link, steps).await;
            }
            Command::GiveWord { word, computer } => {
                let steps = self.side.give_word(&word, computer);
                self.take(link, steps).await;
            }
            Command::LeaveShowing => {
                let steps = self.side.leave_showing();
                self.take(link, steps).await;
            }
            Command::EndSession { session } => {
                let steps = self.side.end(session);
                self.take(link, steps).await;
            }
            Command::BringIn { session, ticket } => {
                let (steps, told) = self.side.bring_in(session, &ticket);
                if !told {
                    let outcome = BroughtIn::Refused(RefusalCode::HOST_GONE.into());
                    self.tell(Event::BroughtIn { session, outcome }).await;
                }
                self.take(link, steps).await;
            }
            Command::MarkMoment {
                session,
                text,
                ago_millis,
            } => {
                let mark = OperatorToHub::MarkMoment {
                    session,
                    text,
                    ago_millis,
                };
                tell_hub(link, mark);
            }
            Command::SendChat { host, text } => self.chat(link, host, text).await,
            Command::GenerateTicket => tell_hub(link, OperatorToHub::GenerateTicket),
            Command::RevokeTicket { route } => {
                tell_hub(link, OperatorToHub::RevokeTicket { route });
            }
            Command::ExtendTicket { route } => {
                tell_hub(link, OperatorToHub::ExtendTicket { route });
            }
            Command::DisconnectHost { host } => {
                tell_hub(link, OperatorToHub::DisconnectHost { host });
            }
            Command::KeepNotes(notes) => self.keep_notes(notes).await,
            Command::ListDrafts => tell_hub(link, OperatorToHub::ListDrafts),
            Command::AskAboutReport { report, language } => {
                tell_hub(link, OperatorToHub::AskAboutReport { report, language });
            }
            Command::AskOwn { number, question } => {
                tell_hub(link, OperatorToHub::AskOwn { number, question });
            }
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the protocol's side matches every one"
    )]
    pub(crate) async fn hub_says(&mut self, link: &mut Link, message: HubToOperator) {
        match message {
            HubToOperator::Entries { entries } => {
                let steps = self.with_side(|side, outside| side.entries(&entries, outside));
                self.list.replace(entries);
                self.list_changed = true;
                self.take(Some(link), steps).await;
            }
            HubToOperator::EntryChanged { entry } => {
                let steps = self.with_side(|side, outside| side.entry(&entry, outside));
                self.list.change(entry);
                self.list_changed = true;
                self.take(Some(link), steps).await;
            }
            HubToOperator::EntryGone { id } => {
                let steps = self.side.entry_gone(id);
                self.list.remove(id);
                self.list_changed = true;
                self.take(Some(link), steps).await;
            }
            HubToOperator::Sleeping { sleeping } => {
                self.list.sleeps(sleeping);
                self.list_changed = true;
            }
            HubToOperator::Waking { host, news } => self.tell(Event::Waking { host, news }).await,
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
            HubToOperator::ReportForms { categories, fields } => {
                self.tell(Event::ReportForms { categories, fields }).await;
            }
            HubToOperator::AboutReport {
                report,
                proposal,
                mut fields,
                earlier,
            } => {
                self.reports.overlay_fields(report, &mut fields);
                self.tell(Event::AboutReport {
                    report,
                    proposal,
                    fields,
                    earlier,
                })
                .await;
            }
            HubToOperator::Feedback { report, feedback } => {
                self.tell(Event::Feedback { report, feedback }).await;
            }
            HubToOperator::Permitted { permissions } => {
                self.tell(Event::Permitted(permissions)).await;
            }
            HubToOperator::OwnAnswered { number, answer } => {
                self.tell(Event::OwnAnswered { number, answer }).await;
            }
            HubToOperator::Organisation { name } => self.tell(Event::Organisation(name)).await,
            HubToOperator::Page { url } => self.tell(Event::Page(url.into_string())).await,
            HubToOperator::Goodbye { refusal } => link.goodbye = Some(refusal),
            of_the_protocol => {
                let greeted_by = match &of_the_protocol {
                    HubToOperator::Greeted { from, .. } => Some(*from),
                    _ => None,
                };
                let steps = self.with_side(|side, outside| side.hear(of_the_protocol, outside));
                if let Some(host) = greeted_by {
                    self.opened.insert(host, std::time::Instant::now());
                    self.opened
                        .retain(|host, _| self.side.has_channel_to(*host));
                }
                self.take(Some(link), steps).await;
            }
        }
    }

    /// Lets the protocol's side do something that may need randomness.
    fn with_side(
        &mut self,
        act: impl FnOnce(&mut ConsoleSide, &mut Outside<'_>) -> Vec<ConsoleStep>,
    ) -> Vec<ConsoleStep> {
        let mut has_randomness = true;
        let mut random = |bytes: &mut [u8; 32]| has_randomness &= getrandom::fill(bytes).is_ok();
        let mut outside = Outside {
            now_unix_seconds: now(),
            random: &mut random,
        };
        let steps = act(&mut self.side, &mut outside);
        if has_randomness {
            return steps;
        }
        // whatever was made without it must not be used
        tracing::error!("No randomness");
        Vec::new()
    }

    async fn ask(
        &mut self,
        link: Option<&Link>,
        host: PeerId,
        asked: Rights,
        view: Arc<dyn SessionView>,
    ) {
        self.views.insert(host, view);
        let steps = self.with_side(|side, outside| side.ask(host, asked, outside));
        self.take(link, steps).await;
    }

    /// A key is stretched; without a line nobody waits for it any more.
    pub(crate) async fn stretched(&mut self, link: Option<&Link>, stretched: Stretched) {
        let steps = self.side.stretched(stretched);
        self.take(link, steps).await;
    }

    async fn chat(&mut self, link: Option<&Link>, host: PeerId, text: ChatText) {
        let (steps, taken) = self.side.chat(host, text.clone());
        if !taken {
            return self.tell(Event::ChatNotSent { host, text }).await;
        }
        let line = ChatLine {
            author: ChatAuthor::Operator,
            name: self.display_name.clone(),
            at_unix_seconds: now(),
            text,
        };
        self.tell(Event::ChatReceived { host, line }).await;
        self.take(link, steps).await;
    }

    pub(crate) async fn take(&mut self, link: Option<&Link>, steps: Vec<ConsoleStep>) {
        for step in steps {
            match step {
                ConsoleStep::Send(message) => tell_hub(link, message),
                ConsoleStep::Tell(news) => self.tell_news(link, news).await,
                ConsoleStep::KeepTickets => self.keep_tickets(),
                ConsoleStep::Start(running) => self.start(link, *running).await,
                ConsoleStep::Rights { session, rights } => {
                    if let Some(running) = self.running.get(&session) {
                        running.input.set_allowed(rights.has(Rights::CONTROL));
                    }
                    if !rights.has(Rights::CLIPBOARD) {
                        self.clipboards.closed(session);
                    }
                    if !rights.has(Rights::FILES) {
                        self.files(link, session, Transfers::withdraw).await;
                    }
                }
                ConsoleStep::Files { session, word } => {
                    self.files_heard(link, session, word).await;
                }
                ConsoleStep::Pause { session } => {
                    self.clipboards.closed(session);
                    self.files(link, session, Transfers::closed).await;
                    if let Some(running) = self.running.get_mut(&session) {
                        running.pause();
                    }
                }
                ConsoleStep::Stop { session } => {
                    self.clipboards.ended(session);
                    self.files(link, session, Transfers::end_all).await;
                    self.running.remove(&session);
                }
                ConsoleStep::Show { colleague, shown } => {
                    self.tell(Event::ShowScreen { colleague, shown }).await;
                }
                // the link hears of it before
                ConsoleStep::Goodbye(_) => {}
                ConsoleStep::Stretch(stretch) => {
                    let told = self.stretched_news.clone();
                    tokio::task::spawn_blocking(move || {
                        // a console that is ending needs no answer
                        drop(told.blocking_send(stretch.run()));
                    });
                }
            }
        }
    }

    async fn start(&mut self, link: Option<&Link>, started: Running) {
        let Running {
            session,
            host,
            rights,
            input_taken,
            resumed,
            ..
        } = started;
        let (Some(link), Some(admission)) = (link, self.side.admission()) else {
            return;
        };
        if !resumed {
            let Some(view) = self.views.remove(&host) else {
                // cannot be: it was asked for with one
                return link.send(OperatorToHub::EndSession { session });
            };
            let news = self.files_news.clone();
            let transfers = files::transfers_of(session, rights, self.folder.clone(), news);
            let may_control = rights.has(Rights::CONTROL);
            let new = RunningSession::new(session, view, may_control, transfers);
            self.running.insert(session, new);
        }
        let opened = self.opened.get(&host).copied();
        let Some(running) = self.running.get_mut(&session) else {
            return;
        };
        let way = Way {
            you: admission.you,
            connection: &link.connection,
            sessions: &link.sessions,
            faults: &link.fault_sender,
            files: &self.files_news,
            clipboard: &self.clipboards.teller,
            opened: opened.unwrap_or_else(std::time::Instant::now),
        };
        if let Err(error) = running.open(&started, &way) {
            tracing::error!(%session, %error, "No thread for the session");
            self.running.remove(&session);
            link.send(OperatorToHub::EndSession { session });
            let why = NotStarted::Refused(RefusalCode::FULL.into());
            return self.tell(Event::SessionRefused { host, why }).await;
        }
        let count = running.input.resume_after(input_taken);
        if resumed && count > 0 {
            self.tell(Event::InputNotDelivered { session, count }).await;
        }
        self.clipboard_opened(link, &started);
        self.files_opened(link, &started).await;
        if !resumed {
            let running = &self.running[&session];
            let (input, wishes) = (running.input.clone(), running.wishes.clone());
            self.tell(Event::SessionStarted {
                session,
                host,
                rights,
                input,
                wishes,
            })
            .await;
        }
    }

    async fn tell_news(&mut self, link: Option<&Link>, news: ConsoleNews) {
        let event = match news {
            ConsoleNews::TicketGenerated {
                route,
                spoken,
                valid_seconds,
            } => Event::TicketGenerated {
                route,
                spoken,
                valid_seconds,
            },
            ConsoleNews::TicketRefused(refusal) => Event::TicketRefused(refusal),
            ConsoleNews::TicketChanged { route, state } => Event::TicketChanged { route, state },
            ConsoleNews::TicketExtended {
                route,
                valid_seconds,
            } => Event::TicketExtended {
                route,
                valid_seconds,
            },
            ConsoleNews::TicketGuessed { route } => Event::TicketGuessed { route },
            ConsoleNews::TicketUsed { route, host } => Event::TicketUsed { route, host },
            ConsoleNews::ConsentPending { session, host } => {
                Event::ConsentPending { session, host }
            }
            ConsoleNews::SessionRefused { host, why } => {
                self.views.remove(&host);
                Event::SessionRefused { host, why }
            }
            ConsoleNews::SessionPaused { session } => Event::SessionPaused { session },
            ConsoleNews::SessionResumed { session } => Event::SessionResumed { session },
            ConsoleNews::RightsChanged { session, rights } => {
                Event::RightsChanged { session, rights }
            }
            ConsoleNews::SessionEnded { session, by, facts } => {
                Event::SessionEnded { session, by, facts }
            }
            ConsoleNews::Company {
                session,
                operators,
                driver,
            } => Event::Company {
                session,
                operators,
                driver,
            },
            ConsoleNews::BroughtIn { session, outcome } => Event::BroughtIn { session, outcome },
            ConsoleNews::Watched { session, by } => Event::Watched { session, by },
            ConsoleNews::MomentMarked { session, outcome } => {
                Event::MomentMarked { session, outcome }
            }
            ConsoleNews::SessionLeft { session, by } => Event::SessionLeft { session, by },
            ConsoleNews::ChatReceived {
                host,
                author,
                name,
                at_unix_seconds,
                text,
            } => Event::ChatReceived {
                host,
                line: ChatLine {
                    author,
                    name,
                    at_unix_seconds,
                    text,
                },
            },
            ConsoleNews::ChatHeard { host, lines } => Event::ChatHeard { host, lines },
            ConsoleNews::InputTooOld { session, count } => {
                self.renew(link, session);
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                Event::InputNotDelivered { session, count }
            }
            ConsoleNews::InputImpossible { session, count } => {
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                Event::InputImpossible { session, count }
            }
            ConsoleNews::HostLine { session, line } => {
                if let Some(running) = self.running.get_mut(&session) {
                    running.host_says(line);
                }
                // it is told with the next look
                return;
            }
            ConsoleNews::System { session, told } => Event::System { session, told },
            ConsoleNews::Withheld { session, withheld } => {
                if let Some(running) = self.running.get(&session) {
                    running.input.set_withheld(withheld);
                }
                Event::Withheld { session, withheld }
            }
            ConsoleNews::Shields { session, shields } => Event::Shields { session, shields },
            ConsoleNews::SharesOnly { session, monitor } => Event::SharesOnly { session, monitor },
            ConsoleNews::Equipped { session, equipment } => Event::Equipped { session, equipment },
            ConsoleNews::HostHindered { host, hindrances } => {
                Event::HostHindered { host, hindrances }
            }
            ConsoleNews::Forged { host } => Event::Forged { host },
            ConsoleNews::HostOpened { host, place } => {
                if let Some(view) = self.views.remove(&host) {
                    self.views.insert(place, view);
                }
                Event::HostOpened { host, place }
            }
            ConsoleNews::HostNotOpened { host, why } => {
                self.views.remove(&host);
                Event::HostNotOpened { host, why }
            }
            ConsoleNews::ShowingBegun { colleague, seconds } => {
                Event::ShowingBegun { colleague, seconds }
            }
            ConsoleNews::ShowingAsked {
                colleague,
                name,
                control,
                seconds,
            } => Event::ShowingAsked {
                colleague,
                name,
                control,
                seconds,
            },
            ConsoleNews::ShowingOpened { colleague, place } => {
                if let Some(view) = self.views.remove(&colleague) {
                    self.views.insert(place, view);
                }
                Event::ShowingOpened { colleague, place }
            }
            ConsoleNews::ShowingOver { colleague, why } => {
                self.views.remove(&colleague);
                Event::ShowingOver { colleague, why }
            }
        };
        self.tell(event).await;
    }

    /// Opens a new channel: this computer's clock may have stood still, and with it all that is typed
    /// would be too old for ever.
    fn renew(&mut self, link: Option<&Link>, session: SessionId) {
        let lately = |at: Instant| at.elapsed() < RENEW_EVERY;
        if self.renewed.is_some_and(lately) {
            return;
        }
        self.renewed = Some(Instant::now());
        for step in self.with_side(|side, outside| side.renew(session, outside)) {
            if let ConsoleStep::Send(message) = step {
                tell_hub(link, message);
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
        for save in self.reports.save(kept) {
            tell_hub(link, save);
        }
    }

    async fn keep_notes(&self, notes: Notes) {
        let name = notes::file_name(&self.owner);
        if notes.is_empty() {
            return self.keeper.remove(&name);
        }
        let owner = self.owner.clone();
        match serde_json::to_vec_pretty(&KeptNotes { owner, notes }) {
            Ok(bytes) => self.keeper.write(&name, bytes),
            Err(error) => {
                let detail = error.to_string();
                self.tell(Event::NotKept { detail }).await;
            }
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
        if !after.send.is_empty() {
            for save in after.send {
                link.send(save);
            }
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
        let ours = self.side.kept_tickets();
        all.insert(&self.owner, &ours);
        match serde_json::to_vec(&all) {
            Ok(bytes) => self.keeper.write(TICKETS_FILE, bytes),
            Err(error) => tracing::error!(%error, "Tickets not kept"),
        }
    }
}

pub(crate) fn tell_hub(link: Option<&Link>, message: OperatorToHub) {
    if let Some(link) = link {
        link.send(message);
    }
}

/// A kept file's content. One that is damaged, or of another version, is set aside.
fn parse<T: serde::de::DeserializeOwned>(keeper: &Keeper, name: &str, bytes: &[u8]) -> Option<T> {
    let parsed = serde_json::from_slice(bytes);
    if parsed.is_err() {
        keeper.set_aside(name);
    }
    parsed.ok()
}

/// The oldest and newest format of pictures that the decoder reads.
fn formats() -> (u16, u16) {
    let number = |version: codec::FormatVersion| u16::from(version.number());
    (
        number(*codec::SUPPORTED.start()),
        number(*codec::SUPPORTED.end()),
    )
}

fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
