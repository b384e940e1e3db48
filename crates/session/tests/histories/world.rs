//! A hub, consoles and hosts as they are, on a network that loses lines, and a store that outlives the
//! hub. Everything that is random comes from one seed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use protocol::control::{ChatText, Name};
use protocol::{
    BoundedText, HostToHub, HubToHost, HubToOperator, OperatorToHub, PeerId, Rights, SessionId,
};
use session::TicketNumber;
use session::console::{self, ConsoleNews, ConsoleSide, ConsoleStep};
use session::directory::records::{
    AccountId, Change, Side, Stored, StoredHost, StoredOperator, StoredSession, StoredTicket, What,
};
use session::directory::{Departure, Directory, Effect, LoggedIn, Moment, Policy};
use session::host::{Caller, HostNews, HostSide, HostStep, Outside};

/// Tells what happens where one history is played alone.
macro_rules! trace {
    ($($told:tt)*) => {
        if std::env::var_os("PHD_SEED").is_some() {
            eprintln!($($told)*);
        }
    };
}

/// A generator of numbers (`SplitMix64`) that gives the same history for the same seed everywhere.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % (limit as u64)).expect("small")
    }

    pub(crate) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub(crate) fn fill<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next() as u8)
    }
}

/// A line between a program and the hub: what is under way in each direction. A line that is cut loses
/// what is on it.
struct Line<Up, Down> {
    up: VecDeque<Up>,
    down: VecDeque<Down>,
    /// The hub's name for it; `None` while the hub has not heard the first message.
    peer: Option<PeerId>,
    /// The hub said goodbye and listens no more.
    dismissed: bool,
}

impl<Up, Down> Line<Up, Down> {
    fn new() -> Self {
        Self {
            up: VecDeque::new(),
            down: VecDeque::new(),
            peer: None,
            dismissed: false,
        }
    }
}

/// A session as a program's threads see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Streams {
    Running,
    Paused,
}

pub(crate) struct Console {
    account: AccountId,
    pub(crate) side: ConsoleSide,
    line: Option<Line<OperatorToHub, HubToOperator>>,
    /// Tickets to hand out.
    pub(crate) spoken: Vec<String>,
    pub(crate) sessions: BTreeMap<SessionId, Streams>,
    pub(crate) pending: Vec<SessionId>,
    /// Lines said to each host and heard from it.
    pub(crate) said: BTreeMap<PeerId, Vec<String>>,
    pub(crate) heard: BTreeMap<PeerId, Vec<String>>,
    pub(crate) forged: u32,
    pub(crate) ended: BTreeMap<SessionId, u32>,
    /// Hosts in its list.
    pub(crate) rows: BTreeSet<PeerId>,
}

pub(crate) struct Host {
    pub(crate) side: HostSide,
    line: Option<Line<HostToHub, HubToHost>>,
    /// The place it was given last, and to which account's ticket.
    pub(crate) place: Option<PeerId>,
    pub(crate) question: Option<(SessionId, Rights)>,
    /// What its user said yes to.
    pub(crate) allowed: BTreeMap<SessionId, Rights>,
    pub(crate) session: Option<(SessionId, Streams)>,
    pub(crate) said: BTreeMap<PeerId, Vec<String>>,
    pub(crate) heard: BTreeMap<PeerId, Vec<String>>,
    pub(crate) faults: Vec<String>,
    pub(crate) gone_at: Option<Duration>,
    /// Somebody else speaks on its line.
    hostile: bool,
}

/// What the hub's disk holds.
#[derive(Default)]
struct Disk {
    tickets: BTreeMap<protocol::TicketRoute, StoredTicket>,
    operators: BTreeMap<PeerId, StoredOperator>,
    hosts: BTreeMap<PeerId, StoredHost>,
    running: BTreeMap<SessionId, StoredSession>,
    asked: BTreeMap<SessionId, Rights>,
    last_session: u64,
    last_report: u64,
}

pub(crate) struct World {
    pub(crate) dice: Dice,
    directory: Directory,
    disk: Disk,
    pub(crate) now: Duration,
    pub(crate) consoles: Vec<Console>,
    pub(crate) hosts: Vec<Host>,
    /// Sessions whose streams the hub relays, and whether they wait.
    pub(crate) relays: BTreeMap<SessionId, Streams>,
    /// The host and the operator of each of them.
    ends: BTreeMap<SessionId, (PeerId, PeerId)>,
    pub(crate) ended: BTreeMap<SessionId, u32>,
    pub(crate) filmed: Vec<String>,
    lines_written: u64,
    /// Lines that were cut, unknown to the hub so far.
    unnoticed: Vec<(PeerId, Duration)>,
}

/// When the hub notices by itself that a peer is silent.
const SILENCE: Duration = Duration::from_secs(15);
pub(crate) const KEPT: Duration = Duration::from_mins(10);

fn policy() -> Policy {
    Policy {
        hub: 0,
        ticket_validity: Duration::from_hours(1),
        attempt: Duration::from_secs(20),
        consent: Duration::from_mins(2),
        kept: KEPT,
    }
}

impl World {
    pub(crate) fn new(seed: u64, consoles: usize, hosts: usize) -> Self {
        let now = Duration::from_secs(1);
        let console = |account| Console {
            account: AccountId(account),
            side: ConsoleSide::new(Default::default(), (1, 1), 0, 0),
            line: None,
            spoken: Vec::new(),
            sessions: BTreeMap::new(),
            pending: Vec::new(),
            said: BTreeMap::new(),
            heard: BTreeMap::new(),
            forged: 0,
            ended: BTreeMap::new(),
            rows: BTreeSet::new(),
        };
        let caller = |number: usize| Caller {
            computer: Name::cut(format!("pc{number}")),
            user: Name::cut(format!("user{number}")),
            system: "Linux".into(),
        };
        let host = |number| Host {
            side: HostSide::new(caller(number), 0),
            line: None,
            place: None,
            question: None,
            allowed: BTreeMap::new(),
            session: None,
            said: BTreeMap::new(),
            heard: BTreeMap::new(),
            faults: Vec::new(),
            gone_at: None,
            hostile: false,
        };
        Self {
            dice: Dice::new(seed),
            directory: Directory::new(policy(), Stored::default(), moment(now)),
            disk: Disk::default(),
            now,
            consoles: (1..=consoles as i64).map(console).collect(),
            hosts: (0..hosts).map(host).collect(),
            relays: BTreeMap::new(),
            ends: BTreeMap::new(),
            ended: BTreeMap::new(),
            filmed: Vec::new(),
            lines_written: 0,
            unnoticed: Vec::new(),
        }
    }

    // --- what people do ---

    pub(crate) fn log_in(&mut self, console: usize) {
        if self.consoles[console].line.is_some() {
            return;
        }
        let resume = self.consoles[console].side.resume();
        let mut line = Line::new();
        line.up.push_back(resume.unwrap_or(OperatorToHub::LogIn {
            user: "anna".into(),
            password: protocol::Password(BoundedText::cut("secret")),
        }));
        self.consoles[console].line = Some(line);
    }

    pub(crate) fn log_out(&mut self, console: usize) {
        if self.consoles[console].line.is_none() {
            return;
        }
        let steps = self.consoles[console].side.give_up();
        self.console_does(console, steps);
        self.send_up(console, OperatorToHub::LogOut);
        // the program hangs up when that has arrived
        while self.hub_hears_console(console) {}
        self.consoles[console].line = None;
    }

    pub(crate) fn command(&mut self, console: usize, message: OperatorToHub) {
        if self.is_logged_in(console) {
            self.send_up(console, message);
        }
    }

    pub(crate) fn is_logged_in(&self, console: usize) -> bool {
        let console = &self.consoles[console];
        console.side.admission().is_some()
            && console
                .line
                .as_ref()
                .is_some_and(|line| line.peer.is_some())
    }

    pub(crate) fn ask(&mut self, console: usize, host: PeerId, asked: Rights) {
        if self.is_logged_in(console) {
            let steps = self.with_console(console, |side, out| side.ask(host, asked, out));
            self.console_does(console, steps);
        }
    }

    pub(crate) fn end_at_console(&mut self, console: usize, session: SessionId) {
        if self.is_logged_in(console) {
            let steps = self.consoles[console].side.end(session);
            self.console_does(console, steps);
        }
    }

    pub(crate) fn chat_at_console(&mut self, console: usize, host: PeerId) {
        self.lines_written += 1;
        let text = format!("c{console} to {host}: {}", self.lines_written);
        let (steps, taken) = self.consoles[console]
            .side
            .chat(host, ChatText::cut(text.as_str()));
        if taken {
            let said = self.consoles[console].said.entry(host).or_default();
            said.push(text);
        }
        self.console_does(console, steps);
    }

    pub(crate) fn type_ticket(&mut self, host: usize, spoken: &str) {
        let number = TicketNumber::parse(spoken).expect("ten digits");
        if self.hosts[host].line.is_none() {
            if self.hosts[host].side.admitted() {
                return;
            }
            self.hosts[host].line = Some(Line::new());
        }
        let user = Name::cut(format!("user{host}"));
        let steps = self.hosts[host].side.open_ticket(&number, user);
        self.host_does(host, steps);
    }

    pub(crate) fn reconnect_host(&mut self, host: usize) {
        if self.hosts[host].line.is_some() {
            return;
        }
        if let Some(resume) = self.hosts[host].side.resume() {
            let mut line = Line::new();
            line.up.push_back(resume);
            self.hosts[host].line = Some(line);
        }
    }

    pub(crate) fn answer(&mut self, host: usize, granted: Option<Rights>) {
        let Some((session, asked)) = self.hosts[host].question.take() else {
            return;
        };
        if let Some(granted) = granted {
            let granted = granted.common_with(asked);
            self.hosts[host].allowed.insert(session, granted);
        }
        let random = self.dice.fill();
        let steps = self.hosts[host].side.answer(session, granted, random);
        self.host_does(host, steps);
    }

    pub(crate) fn reduce(&mut self, host: usize, rights: Rights) {
        if let Some((session, _)) = self.hosts[host].session
            && let Some(allowed) = self.hosts[host].allowed.get_mut(&session)
        {
            *allowed = allowed.common_with(rights);
        }
        let steps = self.hosts[host].side.reduce(rights);
        self.host_does(host, steps);
    }

    pub(crate) fn end_at_host(&mut self, host: usize) {
        let steps = self.hosts[host]
            .side
            .end(session::host::StopCause::By(protocol::EndedBy::User));
        self.host_does(host, steps);
    }

    pub(crate) fn chat_at_host(&mut self, host: usize) {
        let Some(place) = self.hosts[host].place else {
            return;
        };
        self.lines_written += 1;
        let text = format!("h{host} at {place}: {}", self.lines_written);
        let (steps, taken) = self.hosts[host].side.chat(ChatText::cut(text.as_str()));
        if taken {
            self.hosts[host].said.entry(place).or_default().push(text);
        }
        self.host_does(host, steps);
    }

    pub(crate) fn leave(&mut self, host: usize) {
        if self.hosts[host].line.is_none() {
            return;
        }
        let steps = self.hosts[host].side.give_up();
        self.host_does(host, steps);
        if let Some(line) = &mut self.hosts[host].line {
            line.up.push_back(HostToHub::Leave);
        }
        while self.hub_hears_host(host) {}
        self.hosts[host].line = None;
    }

    // --- what the network does ---

    /// The console's line is cut; the hub notices at once or later.
    pub(crate) fn cut_console(&mut self, console: usize, noticed: bool) {
        let Some(line) = &mut self.consoles[console].line else {
            return;
        };
        trace!("line of console {console} is cut, noticed {noticed}");
        let peer = line.peer;
        self.consoles[console].line = None;
        let steps = self.consoles[console].side.connection_lost();
        self.console_does(console, steps);
        let Some(peer) = peer else {
            return;
        };
        if noticed {
            self.lost(peer);
        } else {
            self.unnoticed.push((peer, self.now));
        }
    }

    pub(crate) fn cut_host(&mut self, host: usize, noticed: bool) {
        let Some(line) = &mut self.hosts[host].line else {
            return;
        };
        trace!("line of host {host} is cut, noticed {noticed}");
        let peer = line.peer;
        self.hosts[host].line = None;
        let steps = self.hosts[host].side.connection_lost();
        self.host_does(host, steps);
        let Some(peer) = peer else {
            return;
        };
        if noticed {
            self.lost(peer);
        } else {
            self.unnoticed.push((peer, self.now));
        }
    }

    /// The hub notices that the line of `peer` is lost: from then on it relays nothing of theirs.
    fn lost(&mut self, peer: PeerId) {
        self.directory.left(peer, Departure::Lost, moment(self.now));
        self.carry_out();
        for (session, (host, operator)) in &self.ends {
            let flows = self.relays.get(session) == Some(&Streams::Running);
            assert!(
                !flows || (*host != peer && *operator != peer),
                "{session} flows"
            );
        }
    }

    /// The hub is killed and started again on the same disk.
    pub(crate) fn restart_hub(&mut self) {
        trace!("the hub starts anew");
        for console in 0..self.consoles.len() {
            self.cut_console(console, false);
        }
        for host in 0..self.hosts.len() {
            self.cut_host(host, false);
        }
        for state in self.relays.values_mut() {
            *state = Streams::Paused;
        }
        let count = |count| (count > 0).then_some(count);
        let stored = Stored {
            last_session: count(self.disk.last_session).map(SessionId),
            last_report: count(self.disk.last_report).map(protocol::ReportId),
            tickets: self.disk.tickets.values().cloned().collect(),
            operators: self.disk.operators.values().cloned().collect(),
            hosts: self.disk.hosts.values().cloned().collect(),
            sessions: self.disk.running.values().cloned().collect(),
        };
        self.unnoticed.clear();
        self.directory = Directory::new(policy(), stored, moment(self.now));
        self.carry_out();
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        trace!("{time:?} go by");
        self.now += time;
        let silent = |(_, at): &mut (PeerId, Duration)| *at + SILENCE <= self.now;
        let noticed: Vec<_> = self.unnoticed.extract_if(.., silent).collect();
        for (peer, _) in noticed {
            self.lost(peer);
        }
        self.directory.tick(moment(self.now));
        self.carry_out();
        for host in 0..self.hosts.len() {
            let late = self.hosts[host]
                .gone_at
                .is_some_and(|at| at + KEPT <= self.now);
            if late && self.hosts[host].line.is_none() {
                let steps = self.hosts[host].side.give_up();
                self.host_does(host, steps);
            }
        }
    }

    /// Delivers one message somewhere; whether there was one.
    pub(crate) fn deliver_one(&mut self) -> bool {
        let consoles = self.consoles.len();
        let places = 2 * (consoles + self.hosts.len());
        let first = self.dice.below(places);
        (0..places).any(|i| {
            let place = (first + i) % places;
            let (index, up) = (place / 2, place.is_multiple_of(2));
            match (index < consoles, up) {
                (true, true) => self.hub_hears_console(index),
                (true, false) => self.console_hears(index),
                (false, true) => self.hub_hears_host(index - consoles),
                (false, false) => self.host_hears(index - consoles),
            }
        })
    }

    pub(crate) fn deliver_all(&mut self) {
        for _ in 0..100_000 {
            if !self.deliver_one() {
                return;
            }
        }
        panic!("the programs talk without end");
    }

    /// The next word on its way to a host or console, for somebody who changes it.
    pub(crate) fn words_under_way(&mut self) -> Vec<&mut protocol::Word> {
        let mut words = Vec::new();
        for line in self.consoles.iter_mut().filter_map(|c| c.line.as_mut()) {
            words.extend(line.down.iter_mut().filter_map(|message| match message {
                HubToOperator::Said { word, .. } => Some(word),
                _ => None,
            }));
        }
        for line in self.hosts.iter_mut().filter_map(|h| h.line.as_mut()) {
            words.extend(line.down.iter_mut().filter_map(|message| match message {
                HubToHost::Said { word, .. } | HubToHost::ConsentAsked { word, .. } => Some(word),
                _ => None,
            }));
        }
        words
    }

    /// The next greeting on its way.
    pub(crate) fn greetings_under_way(&mut self) -> Vec<&mut protocol::Greeting> {
        let mut found = Vec::new();
        for line in self.consoles.iter_mut().filter_map(|c| c.line.as_mut()) {
            found.extend(line.down.iter_mut().filter_map(|message| match message {
                HubToOperator::Greeted { greeting, .. } => Some(greeting),
                _ => None,
            }));
        }
        for line in self.hosts.iter_mut().filter_map(|h| h.line.as_mut()) {
            found.extend(line.down.iter_mut().filter_map(|message| match message {
                HubToHost::Greeted { greeting, .. } => Some(greeting),
                _ => None,
            }));
        }
        found
    }

    /// What hosts are told next can be doubled by a hub that lies.
    pub(crate) fn double_a_message(&mut self) {
        let host = self.dice.below(self.hosts.len());
        if let Some(line) = &mut self.hosts[host].line
            && let Some(first) = line.down.front().cloned()
        {
            line.down.push_front(first);
        }
    }

    /// A host that says whatever comes to its mind.
    pub(crate) fn host_says_nonsense(&mut self, host: usize) {
        self.hosts[host].hostile = true;
        let session = SessionId(self.dice.next() % 6);
        let peers: Vec<PeerId> = self.disk.operators.keys().copied().collect();
        let to = match peers.len() {
            0 => PeerId([9; 16]),
            n => peers[self.dice.below(n)],
        };
        let word = protocol::Word {
            number: self.dice.next() % 4,
            body: match self.dice.below(3) {
                0 => vec![0, 1, 1, 3, 0].into(),
                1 => vec![1, 1, 3].into(),
                _ => self.dice.fill::<9>().to_vec().into(),
            },
            tag: self.dice.fill(),
        };
        let message = match self.dice.below(5) {
            0 => HostToHub::EndSession { session },
            1 => HostToHub::Say { to, word },
            2 => HostToHub::ConfirmTicket {
                proof: vec![1; 32].into(),
            },
            3 => HostToHub::Resume {
                you: to,
                secret: protocol::ResumeSecret(self.dice.fill()),
            },
            _ => HostToHub::Greet {
                to,
                greeting: protocol::Greeting {
                    public: self.dice.fill(),
                    answers: [0; 32],
                    state: vec![1].into(),
                    proof: self.dice.fill(),
                },
            },
        };
        if self.hosts[host].line.is_none() && !self.hosts[host].side.admitted() {
            self.hosts[host].line = Some(Line::new());
        }
        if let Some(line) = &mut self.hosts[host].line {
            line.up.push_back(message);
        }
    }

    // --- the programs ---

    fn send_up(&mut self, console: usize, message: OperatorToHub) {
        if let Some(line) = &mut self.consoles[console].line {
            line.up.push_back(message);
        }
    }

    fn with_console<T>(
        &mut self,
        console: usize,
        act: impl FnOnce(&mut ConsoleSide, &mut console::Outside<'_>) -> T,
    ) -> T {
        let dice = &mut self.dice;
        let mut random = |bytes: &mut [u8; 32]| *bytes = dice.fill();
        let mut outside = console::Outside {
            now_unix_seconds: moment(self.now).unix_seconds(),
            random: &mut random,
        };
        act(&mut self.consoles[console].side, &mut outside)
    }

    fn console_hears(&mut self, console: usize) -> bool {
        let Some(line) = &mut self.consoles[console].line else {
            return false;
        };
        let Some(message) = line.down.pop_front() else {
            return false;
        };
        trace!("console {console} hears {message:?}");
        let steps = match message {
            HubToOperator::LoggedIn {
                admission,
                display_name,
            } => self.consoles[console]
                .side
                .logged_in(admission, display_name),
            HubToOperator::Resumed { running, ended } => {
                self.consoles[console].side.resumed(&running, &ended)
            }
            HubToOperator::ResumeRefused { .. } => {
                let steps = self.consoles[console].side.give_up();
                self.console_does(console, steps);
                self.consoles[console].line = None;
                return true;
            }
            HubToOperator::Entries { entries } => {
                self.consoles[console].rows = entries.iter().map(|entry| entry.id).collect();
                self.with_console(console, |side, out| side.entries(&entries, out))
            }
            HubToOperator::EntryChanged { entry } => {
                self.consoles[console].rows.insert(entry.id);
                self.with_console(console, |side, out| side.entry(&entry, out))
            }
            HubToOperator::EntryGone { id } => {
                self.consoles[console].rows.remove(&id);
                self.consoles[console].side.entry_gone(id)
            }
            message => self.with_console(console, |side, out| side.hear(message, out)),
        };
        self.console_does(console, steps);
        true
    }

    fn console_does(&mut self, console: usize, steps: Vec<ConsoleStep>) {
        for step in steps {
            let me = &mut self.consoles[console];
            match step {
                ConsoleStep::Send(message) => self.send_up(console, message),
                ConsoleStep::Tell(news) => match news {
                    ConsoleNews::TicketGenerated { spoken, .. } => me.spoken.push(spoken),
                    ConsoleNews::ConsentPending { session, .. } => me.pending.push(session),
                    ConsoleNews::ChatReceived { host, text, .. } => {
                        me.heard.entry(host).or_default().push(text.to_string());
                    }
                    ConsoleNews::Forged { .. } => me.forged += 1,
                    // whoever ended it out of reach hears of the report later
                    ConsoleNews::SessionEnded { session, facts, .. } if facts.is_some() => {
                        *me.ended.entry(session).or_insert(0) += 1;
                    }
                    _ => {}
                },
                ConsoleStep::Start(running) => {
                    let before = me.sessions.insert(running.session, Streams::Running);
                    assert_eq!(before.is_some(), running.resumed, "starts once");
                    assert_ne!(before, Some(Streams::Running), "a pause comes first");
                    let host = self.hosts.iter().find(|h| h.place == Some(running.host));
                    let allowed = host.and_then(|h| h.allowed.get(&running.session));
                    let allowed = *allowed.expect("no session without a yes");
                    assert!(allowed.has(Rights::SEE));
                    assert!(
                        running.resumed || running.rights == allowed || {
                            // taken back while the start was under way
                            allowed.is_within(running.rights)
                        },
                        "what the user granted"
                    );
                }
                ConsoleStep::Pause { session } => {
                    let before = me.sessions.insert(session, Streams::Paused);
                    assert_eq!(before, Some(Streams::Running), "pauses what runs");
                }
                ConsoleStep::Stop { session } => {
                    assert!(me.sessions.remove(&session).is_some(), "stops once");
                }
                ConsoleStep::Goodbye(_) => {
                    // the program may come back, if it has a place
                    me.line = None;
                    let steps = me.side.connection_lost();
                    self.console_does(console, steps);
                }
                ConsoleStep::KeepTickets | ConsoleStep::Rights { .. } => {}
            }
        }
    }

    fn host_hears(&mut self, host: usize) -> bool {
        let Some(line) = &mut self.hosts[host].line else {
            return false;
        };
        let Some(message) = line.down.pop_front() else {
            return false;
        };
        trace!("host {host} hears {message:?}");
        if let HubToHost::TicketAccepted { admission, .. } = &message {
            self.hosts[host].place = Some(admission.you);
        }
        let outside = Outside {
            now: self.now,
            random: self.dice.fill(),
            input_taken: 0,
        };
        match self.hosts[host].side.hear(message, outside) {
            Ok(steps) => self.host_does(host, steps),
            Err(fault) => {
                self.hosts[host].faults.push(fault.to_string());
                let steps = self.hosts[host].side.give_up();
                self.host_does(host, steps);
                let line = self.hosts[host].line.take();
                if let Some(peer) = line.and_then(|line| line.peer) {
                    self.directory.left(peer, Departure::Cut, moment(self.now));
                    self.carry_out();
                }
            }
        }
        true
    }

    fn host_does(&mut self, host: usize, steps: Vec<HostStep>) {
        for step in steps {
            let now = self.now;
            let me = &mut self.hosts[host];
            match step {
                HostStep::Send(message) => {
                    if let Some(line) = &mut me.line {
                        line.up.push_back(message);
                    }
                }
                HostStep::Tell(news) => match news {
                    HostNews::ConsentAsked { session, asked, .. } => {
                        me.question = Some((session, asked));
                    }
                    HostNews::ConsentWithdrawn { session } => {
                        me.question.take_if(|(open, _)| *open == session);
                    }
                    HostNews::ChatReceived { text, .. } => {
                        let place = me.place.expect("admitted");
                        me.heard.entry(place).or_default().push(text.to_string());
                    }
                    HostNews::Resumed => me.gone_at = None,
                    _ => {}
                },
                HostStep::Start(agreement) => {
                    let session = agreement.session;
                    let allowed = me.allowed.get(&session).expect("no session without a yes");
                    assert!(agreement.grant.rights().is_within(*allowed));
                    assert!(allowed.has(Rights::SEE));
                    let running = Some((session, Streams::Running));
                    assert_ne!(me.session, running, "a pause comes first");
                    assert!(me.session.is_none_or(|(id, _)| id == session));
                    me.session = running;
                }
                HostStep::Reduce(_) => {}
                HostStep::Pause { session } => {
                    assert_eq!(me.session, Some((session, Streams::Running)));
                    me.session = Some((session, Streams::Paused));
                }
                HostStep::Stop { session, .. } => {
                    assert_eq!(me.session.map(|(id, _)| id), Some(session), "stops once");
                    me.session = None;
                }
                HostStep::HangUp(_) => {
                    me.line = None;
                    let steps = me.side.connection_lost();
                    self.host_does(host, steps);
                }
            }
            let me = &mut self.hosts[host];
            if me.line.is_none() && me.side.admitted() {
                me.gone_at.get_or_insert(now);
            }
            if !me.side.admitted() {
                me.gone_at = None;
            }
        }
    }

    // --- the hub ---

    fn hub_hears_console(&mut self, console: usize) -> bool {
        let account = self.consoles[console].account;
        let Some(line) = &mut self.consoles[console].line else {
            return false;
        };
        let Some(message) = line.up.pop_front() else {
            return false;
        };
        trace!("hub hears from console {console} {message:?}");
        let now = moment(self.now);
        let peer = line.peer;
        if line.dismissed {
            return true;
        }
        match (peer, message) {
            (None, OperatorToHub::LogIn { .. }) => {
                let id = PeerId(self.dice.fill());
                line.peer = Some(id);
                let who = LoggedIn {
                    account,
                    login: format!("operator{}", account.0),
                    display_name: Name::cut(format!("Operator {}", account.0)),
                };
                let random = self.dice.fill();
                self.directory.operator_arrived(id, who, random, now);
            }
            (None, OperatorToHub::Resume { you, secret }) => {
                line.peer = Some(you);
                self.unnoticed.retain(|(peer, _)| *peer != you);
                if let Err(cannot) = self.directory.operator_resumes(you, &secret, now) {
                    line.peer = None;
                    let refusal = cannot.into();
                    line.down
                        .push_back(HubToOperator::ResumeRefused { refusal });
                }
            }
            (None, _) => {}
            (Some(id), OperatorToHub::LogOut) => {
                self.directory.left(id, Departure::GoodOrder, now);
            }
            (Some(id), message) => {
                let random = self.dice.fill();
                self.directory.operator_said(id, message, random, now);
            }
        }
        self.carry_out();
        true
    }

    fn hub_hears_host(&mut self, host: usize) -> bool {
        let Some(line) = &mut self.hosts[host].line else {
            return false;
        };
        let Some(message) = line.up.pop_front() else {
            return false;
        };
        trace!("hub hears from host {host} {message:?}");
        let now = moment(self.now);
        let peer = line.peer;
        if line.dismissed {
            return true;
        }
        match (peer, message) {
            (None, HostToHub::Resume { you, secret }) => {
                line.peer = Some(you);
                self.unnoticed.retain(|(peer, _)| *peer != you);
                if let Err(cannot) = self.directory.host_resumes(you, &secret, now) {
                    line.peer = None;
                    let refusal = cannot.into();
                    line.down.push_back(HubToHost::ResumeRefused { refusal });
                }
            }
            (None, message) => {
                let id = PeerId(self.dice.fill());
                line.peer = Some(id);
                self.directory.host_arrived(id);
                self.directory.host_said(id, message, now);
            }
            (Some(id), HostToHub::Leave) => self.directory.left(id, Departure::GoodOrder, now),
            (Some(id), message) => self.directory.host_said(id, message, now),
        }
        self.carry_out();
        true
    }

    fn carry_out(&mut self) {
        let mut effects = VecDeque::from(self.directory.take_effects());
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::ToHost(id, message) => {
                    if let Some(line) = self.host_line(id) {
                        line.down.push_back(message);
                    }
                }
                Effect::ToOperator(id, message) => {
                    if let Some(line) = self.console_line(id) {
                        line.down.push_back(message);
                    }
                }
                Effect::Dismiss(id, refusal) => {
                    if let Some(line) = self.host_line(id) {
                        line.down.push_back(HubToHost::Goodbye { refusal });
                        (line.peer, line.dismissed) = (None, true);
                    } else if let Some(line) = self.console_line(id) {
                        line.down.push_back(HubToOperator::Goodbye { refusal });
                        (line.peer, line.dismissed) = (None, true);
                    }
                }
                Effect::Cut(id, _refusal) => {
                    trace!("the hub cuts {id}");
                    self.directory.left(id, Departure::Cut, moment(self.now));
                    let of_host = |host: &Host| host.line.as_ref().and_then(|l| l.peer) == Some(id);
                    if let Some(host) = self.hosts.iter().position(of_host) {
                        self.hosts[host].faults.push("cut by the hub".to_owned());
                        self.hosts[host].line = None;
                        let steps = self.hosts[host].side.give_up();
                        self.host_does(host, steps);
                    } else {
                        panic!("a console that keeps the rules is cut");
                    }
                }
                Effect::Record(change) => self.store(change),
                Effect::StoreTicket {
                    operator,
                    route,
                    change,
                } => {
                    self.store(change);
                    self.directory.ticket_stored(operator, route, true);
                }
                Effect::StoreRevocation {
                    operator,
                    route,
                    change,
                } => {
                    self.store(change);
                    self.directory.ticket_revoked(operator, route, true);
                }
                Effect::OpenFilm(order) => {
                    let film = Some(order.session.to_string());
                    self.directory.film_opened(order.session, film);
                }
                Effect::DiscardFilm(_) => {}
                Effect::StoreSession { session, change } => {
                    self.store(change);
                    self.directory.session_stored(session, true);
                }
                Effect::StartRelay {
                    session,
                    host,
                    operator,
                    resumed,
                    rights,
                } => {
                    self.ends.insert(session, (host, operator));
                    let before = self.relays.insert(session, Streams::Running);
                    assert_eq!(before.is_some(), resumed, "a relay starts once");
                    assert_ne!(before, Some(Streams::Running));
                    let user = self.hosts.iter().find(|h| h.place == Some(host));
                    let allowed = user.and_then(|h| h.allowed.get(&session));
                    let hostile = user.is_some_and(|h| h.hostile);
                    let asked = rights.has(Rights::SEE) && allowed.is_some();
                    assert!(hostile || asked, "a yes first");
                }
                Effect::PauseRelay { session, .. } => {
                    let before = self.relays.insert(session, Streams::Paused);
                    assert_eq!(before, Some(Streams::Running));
                }
                Effect::ChangeRights { session, .. } => {
                    assert!(self.relays.contains_key(&session));
                }
                Effect::FilmChat { session, line } => {
                    assert!(self.relays.contains_key(&session));
                    self.filmed.push(line.text.to_string());
                }
                Effect::EndRelay { session, .. } => {
                    assert!(self.relays.remove(&session).is_some(), "ends what ran");
                    *self.ended.entry(session).or_insert(0) += 1;
                }
            }
            for follow in self.directory.take_effects().into_iter().rev() {
                effects.push_front(follow);
            }
        }
    }

    fn host_line(&mut self, id: PeerId) -> Option<&mut Line<HostToHub, HubToHost>> {
        let mut lines = self.hosts.iter_mut().filter_map(|h| h.line.as_mut());
        lines.find(|line| line.peer == Some(id))
    }

    fn console_line(&mut self, id: PeerId) -> Option<&mut Line<OperatorToHub, HubToOperator>> {
        let mut lines = self.consoles.iter_mut().filter_map(|c| c.line.as_mut());
        lines.find(|line| line.peer == Some(id))
    }

    fn store(&mut self, change: Change) {
        let disk = &mut self.disk;
        match change.what {
            What::OperatorAdmitted(operator) => {
                disk.operators.insert(operator.peer, operator);
            }
            What::HostAdmitted(host) => {
                disk.hosts.insert(host.peer, host);
            }
            What::PeerGone { peer } => {
                disk.operators.remove(&peer);
                disk.hosts.remove(&peer);
            }
            What::TicketCreated {
                route,
                owner,
                expires_unix_millis,
            } => {
                let ticket = StoredTicket {
                    route,
                    owner,
                    state: protocol::TicketState::Open,
                    wrong_secrets: 0,
                    expires_unix_millis,
                };
                disk.tickets.insert(route, ticket);
            }
            What::TicketClosed { route, state } => {
                if let Some(ticket) = disk.tickets.get_mut(&route) {
                    ticket.state = state;
                }
            }
            What::ConsentAsked { session, asked, .. } => {
                disk.last_session = disk.last_session.max(session.count());
                disk.asked.insert(session, asked);
            }
            What::SessionStarted(started) => {
                disk.last_report = disk.last_report.max(started.report.count());
                let operator = &disk.operators[&started.operator];
                let stored = StoredSession {
                    session: started.session,
                    report: started.report,
                    host: started.host,
                    operator: started.operator,
                    operator_name: operator.display_name.clone(),
                    login: operator.login.clone(),
                    rights: started.granted,
                    asked: disk.asked[&started.session],
                    started_unix_millis: started.started_unix_millis,
                };
                disk.running.insert(started.session, stored);
            }
            What::RightsReduced { session, rights } => {
                if let Some(running) = disk.running.get_mut(&session) {
                    running.rights = rights;
                }
            }
            What::SessionEnded { session, .. } => {
                let was = disk.running.remove(&session);
                assert!(was.is_some(), "a session is ended once on disk");
            }
            What::SessionPaused { session, side } => {
                assert!(disk.running.contains_key(&session));
                assert!(matches!(side, Side::Host | Side::Operator));
            }
            What::LoggedOut
            | What::WrongSecret { .. }
            | What::ConsentRefused { .. }
            | What::SessionResumed { .. }
            | What::InputTooOld { .. }
            | What::FilmClosed { .. }
            | What::FilmFailed { .. } => {}
        }
    }

    pub(crate) fn stored_places(&self) -> usize {
        self.disk.hosts.len() + self.disk.operators.len()
    }

    pub(crate) fn stored_running(&self) -> usize {
        self.disk.running.len()
    }
}

fn moment(now: Duration) -> Moment {
    Moment {
        since_start: now,
        unix_millis: i64::try_from(now.as_millis()).expect("small"),
    }
}
