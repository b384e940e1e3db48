//! A hub, consoles and hosts as they are, on a network that loses lines, and a store that outlives the
//! hub. Everything that is random comes from one seed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use protocol::control::{ChatText, Name};
use protocol::{
    BoundedText, ChannelId, Companion, HostToHub, HubToHost, HubToOperator, OperatorToHub, PeerId,
    Rights, SessionId,
};
use session::TicketNumber;
use session::console::{self, ConsoleSide};
use session::directory::records::{AccountId, Stored};
use session::directory::{Departure, Directory, Moment, Policy};
use session::host::{Caller, HostSide, StopCause};

use crate::disk::Disk;

/// Tells what happens where one history is played alone.
macro_rules! trace {
    ($($told:tt)*) => {
        if std::env::var_os("PHD_SEED").is_some() {
            eprintln!($($told)*);
        }
    };
}
pub(crate) use trace;

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

    pub(crate) fn pick<T: Clone>(&mut self, from: impl IntoIterator<Item = T>) -> Option<T> {
        let from: Vec<T> = from.into_iter().collect();
        if from.is_empty() {
            return None;
        }
        Some(from[self.below(from.len())].clone())
    }
}

/// A line between a program and the hub: what is under way in each direction. A line that is cut loses
/// what is on it.
pub(crate) struct Line<Up, Down> {
    pub(crate) up: VecDeque<Up>,
    pub(crate) down: VecDeque<Down>,
    /// The hub's name for it; `None` while the hub has not heard the first message.
    pub(crate) peer: Option<PeerId>,
    /// The hub said goodbye and listens no more.
    pub(crate) dismissed: bool,
}

impl<Up, Down> Line<Up, Down> {
    pub(crate) fn new() -> Self {
        Self {
            up: VecDeque::new(),
            down: VecDeque::new(),
            peer: None,
            dismissed: false,
        }
    }
}

/// What flows between an operator and a host in a session, as a program's threads or the hub's relay
/// see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Streams {
    pub(crate) runs: bool,
    pub(crate) rights: Rights,
    /// The channel that protects it; the hub does not know.
    pub(crate) channel: ChannelId,
}

/// Who takes part, as it was told, and who drives.
pub(crate) type Company = (Vec<Companion>, Option<PeerId>);

pub(crate) struct Console {
    pub(crate) account: AccountId,
    pub(crate) side: ConsoleSide,
    pub(crate) line: Option<Line<OperatorToHub, HubToOperator>>,
    /// Tickets to hand out, and those that were.
    pub(crate) spoken: Vec<String>,
    pub(crate) handed_out: Vec<String>,
    pub(crate) sessions: BTreeMap<SessionId, Streams>,
    pub(crate) company: BTreeMap<SessionId, Company>,
    /// Whose users have paused, as it was told.
    pub(crate) withheld: BTreeSet<SessionId>,
    pub(crate) pending: Vec<SessionId>,
    /// Lines said to each host, and heard there (`name: text`).
    pub(crate) said: BTreeMap<PeerId, Vec<String>>,
    pub(crate) heard: BTreeMap<PeerId, Vec<String>>,
    pub(crate) forged: u32,
    pub(crate) ended: BTreeMap<SessionId, u32>,
    /// Everybody in its list, and the hosts there that are its own.
    pub(crate) rows: BTreeSet<PeerId>,
    pub(crate) own: BTreeSet<PeerId>,
    /// Somebody else speaks on its line.
    pub(crate) hostile: bool,
}

pub(crate) struct Host {
    pub(crate) side: HostSide,
    pub(crate) line: Option<Line<HostToHub, HubToHost>>,
    /// The place it was given last, and the console whose ticket it came with.
    pub(crate) place: Option<PeerId>,
    pub(crate) first: Option<usize>,
    /// The consoles that it opened a channel to from there.
    pub(crate) met: BTreeSet<usize>,
    pub(crate) question: Option<Question>,
    /// Whom the last question came from.
    pub(crate) asker: Option<PeerId>,
    /// Each yes that its user said and that nobody has come in by so far.
    pub(crate) unused: BTreeSet<(SessionId, PeerId)>,
    pub(crate) session: Option<(SessionId, BTreeMap<PeerId, Streams>)>,
    /// Those who take part, in the order in which they came.
    pub(crate) order: Vec<PeerId>,
    /// What it told last, and whom its threads named as the one who drives; whether that one lost it.
    pub(crate) company: Company,
    /// Its user has paused.
    pub(crate) withheld: bool,
    pub(crate) driver: Option<PeerId>,
    pub(crate) driver_lapsed: bool,
    /// Lines heard at each place: which console's, and what.
    pub(crate) heard: BTreeMap<PeerId, Vec<(usize, String)>>,
    pub(crate) faults: Vec<String>,
    pub(crate) gone_at: Option<Duration>,
    /// Somebody else speaks on its line.
    pub(crate) hostile: bool,
}

/// What a user is asked.
#[derive(Clone, Copy)]
pub(crate) struct Question {
    pub(crate) session: SessionId,
    pub(crate) operator: PeerId,
    pub(crate) asked: Rights,
}

/// What was counted in a history.
#[derive(Default)]
pub(crate) struct Counts {
    /// Sessions in which two, and three, saw the screen at the same time.
    pub(crate) joint: BTreeSet<SessionId>,
    pub(crate) of_three: BTreeSet<SessionId>,
    pub(crate) brought_in: u64,
}

pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) directory: Directory,
    pub(crate) disk: Disk,
    pub(crate) now: Duration,
    pub(crate) consoles: Vec<Console>,
    pub(crate) hosts: Vec<Host>,
    /// Which console has or had each place.
    pub(crate) places: BTreeMap<PeerId, usize>,
    /// What each user said yes to, for whom, and what was left of it when rights were taken back.
    pub(crate) granted: BTreeMap<(SessionId, PeerId), Rights>,
    pub(crate) allowed: BTreeMap<(SessionId, PeerId), Rights>,
    /// Each yes by which the hub has let nobody in so far.
    pub(crate) yes: BTreeMap<(SessionId, PeerId), u32>,
    /// What the hub relays.
    pub(crate) relays: BTreeMap<(SessionId, PeerId), Streams>,
    /// The host of each session.
    pub(crate) hosts_of: BTreeMap<SessionId, PeerId>,
    pub(crate) ended: BTreeMap<SessionId, u32>,
    /// What proves which picture key a session has.
    pub(crate) picture_keys: BTreeMap<SessionId, [u8; 16]>,
    /// What is due to each console from each host, in its order (`name: text`).
    pub(crate) due: BTreeMap<(PeerId, usize), Vec<String>>,
    /// Lines that came by the hub while their host was in session, and those that it filmed.
    pub(crate) passed: BTreeMap<String, bool>,
    /// What was filmed, and in which of its lives the hub did it: after a restart it does not know what
    /// the film holds.
    pub(crate) filmed: Vec<(u32, String)>,
    pub(crate) film_driver: BTreeMap<SessionId, (u32, Option<Name>)>,
    pub(crate) film_withheld: BTreeMap<SessionId, (u32, bool)>,
    pub(crate) life: u32,
    pub(crate) counts: Counts,
    /// The hub forwards what nobody said.
    pub(crate) lies: bool,
    lines_written: u64,
    /// Lines that were cut, unknown to the hub so far.
    pub(crate) unnoticed: Vec<(PeerId, Duration)>,
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
            handed_out: Vec::new(),
            sessions: BTreeMap::new(),
            company: BTreeMap::new(),
            withheld: BTreeSet::new(),
            pending: Vec::new(),
            said: BTreeMap::new(),
            heard: BTreeMap::new(),
            forged: 0,
            ended: BTreeMap::new(),
            rows: BTreeSet::new(),
            own: BTreeSet::new(),
            hostile: false,
        };
        let caller = |number: usize| Caller {
            computer: Name::cut(format!("pc{number}")),
            user: user_name(number),
            system: "Linux".into(),
        };
        let host = |number| Host {
            side: HostSide::new(caller(number), 0),
            line: None,
            place: None,
            first: None,
            met: BTreeSet::new(),
            question: None,
            asker: None,
            unused: BTreeSet::new(),
            session: None,
            order: Vec::new(),
            company: (Vec::new(), None),
            withheld: false,
            driver: None,
            driver_lapsed: false,
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
            consoles: (0..consoles as i64).map(console).collect(),
            hosts: (0..hosts).map(host).collect(),
            places: BTreeMap::new(),
            granted: BTreeMap::new(),
            allowed: BTreeMap::new(),
            yes: BTreeMap::new(),
            relays: BTreeMap::new(),
            hosts_of: BTreeMap::new(),
            ended: BTreeMap::new(),
            picture_keys: BTreeMap::new(),
            due: BTreeMap::new(),
            passed: BTreeMap::new(),
            filmed: Vec::new(),
            film_driver: BTreeMap::new(),
            film_withheld: BTreeMap::new(),
            life: 0,
            counts: Counts::default(),
            lies: false,
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

    /// A ticket of `console` to give to somebody; now and then one that was given already, or whose
    /// last digit was misheard.
    pub(crate) fn hand_out(&mut self, console: usize) -> Option<String> {
        let me = &mut self.consoles[console];
        if self.dice.one_in(12) {
            return self.dice.pick(me.handed_out.iter().cloned());
        }
        let spoken = me.spoken.pop()?;
        me.handed_out.push(spoken.clone());
        Some(if self.dice.one_in(8) {
            misheard(&spoken)
        } else {
            spoken
        })
    }

    pub(crate) fn ask(&mut self, console: usize, host: PeerId, asked: Rights) {
        if self.is_logged_in(console) {
            trace!("console {console} asks {host}");
            let steps = self.with_console(console, |side, out| side.ask(host, asked, out));
            self.console_does(console, steps);
        }
    }

    /// The operator gives a host the ticket of a colleague.
    pub(crate) fn bring_in(&mut self, console: usize, session: SessionId, spoken: &str) {
        trace!("console {console} brings a colleague into {session}");
        let ticket = TicketNumber::parse(spoken).expect("ten digits");
        let (steps, _) = self.consoles[console].side.bring_in(session, &ticket);
        self.console_does(console, steps);
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
        let steps = self.hosts[host].side.open_ticket(&number, user_name(host));
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
        let Some(question) = self.hosts[host].question.take() else {
            return;
        };
        let Question {
            session,
            operator,
            asked,
        } = question;
        trace!("host {host} answers {granted:?} in {session} to {operator}");
        if let Some(granted) = granted {
            let granted = granted.common_with(asked);
            let key = (session, operator);
            self.granted.insert(key, granted);
            self.allowed.insert(key, granted);
            self.hosts[host].unused.insert(key);
            *self.yes.entry(key).or_insert(0) += 1;
        }
        let random = self.dice.fill();
        let steps = self.hosts[host].side.answer(session, granted, random);
        self.host_does(host, steps);
    }

    pub(crate) fn reduce(&mut self, host: usize, rights: Rights) {
        let me = &mut self.hosts[host];
        if let Some((session, parts)) = &me.session {
            let of_session = self.allowed.iter_mut().filter(|((id, _), _)| id == session);
            for (_, allowed) in of_session {
                *allowed = allowed.common_with(rights);
            }
            let drives = me.driver.is_some_and(|driver| parts.contains_key(&driver));
            me.driver_lapsed |= drives && !rights.has(Rights::CONTROL);
        }
        let steps = me.side.reduce(rights);
        self.host_does(host, steps);
    }

    /// The user pauses, or goes on.
    pub(crate) fn withhold(&mut self, host: usize) {
        let me = &mut self.hosts[host];
        if me.session.is_none() {
            return;
        }
        me.withheld = !me.withheld;
        trace!("host {host} withholds: {}", me.withheld);
        let steps = me.side.withhold(me.withheld);
        self.host_does(host, steps);
    }

    pub(crate) fn send_away(&mut self, host: usize) {
        let parts = self.hosts[host].session.iter();
        let parts: Vec<PeerId> = parts.flat_map(|(_, parts)| parts.keys().copied()).collect();
        if let Some(operator) = self.dice.pick(parts) {
            trace!("host {host} sends {operator} away");
            let steps = self.hosts[host].side.send_away(operator);
            self.host_does(host, steps);
        }
    }

    /// The host's threads find that somebody else acts.
    pub(crate) fn driver_is(&mut self, host: usize) {
        let parts = self.hosts[host].session.iter();
        let parts = parts.flat_map(|(_, parts)| parts.keys().copied().map(Some));
        let others = [None, Some(PeerId([7; 16]))];
        let all: Vec<Option<PeerId>> = parts.chain(others).collect();
        let driver = self.dice.pick(all).flatten();
        let me = &mut self.hosts[host];
        let Some((_, parts)) = &me.session else {
            return;
        };
        trace!("at host {host} {driver:?} drives");
        let part = driver.and_then(|driver| parts.get(&driver));
        let may = part.is_some_and(|part| part.runs && part.rights.has(Rights::CONTROL));
        (me.driver, me.driver_lapsed) = (driver, !may);
        let steps = me.side.driver_is(driver);
        self.host_does(host, steps);
    }

    pub(crate) fn end_at_host(&mut self, host: usize) {
        self.hosts[host].unused.clear();
        let ended = StopCause::By(protocol::EndedBy::User);
        let steps = self.hosts[host].side.end(ended);
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
            self.is_due(host, None, &format!("{}: {text}", user_name(host)));
        }
        self.host_does(host, steps);
    }

    /// A line was written at a host, by its user or by a console: those who are to read it are who
    /// takes part now or, without a session, the operator whose ticket it was.
    pub(crate) fn is_due(&mut self, host: usize, author: Option<usize>, line: &str) {
        let host = &self.hosts[host];
        let place = host.place.expect("admitted");
        let readers: BTreeSet<usize> = match &host.session {
            Some((_, parts)) => parts.keys().map(|part| self.places[part]).collect(),
            None => host.first.into_iter().collect(),
        };
        for reader in readers {
            if Some(reader) != author {
                let due = self.due.entry((place, reader)).or_default();
                due.push(line.to_owned());
            }
        }
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
        self.is_silent(peer, noticed);
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
        self.is_silent(peer, noticed);
    }

    fn is_silent(&mut self, peer: Option<PeerId>, noticed: bool) {
        let Some(peer) = peer else {
            return;
        };
        if noticed {
            self.lost(peer);
        } else {
            self.unnoticed.push((peer, self.now));
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
        for streams in self.relays.values_mut() {
            streams.runs = false;
        }
        self.unnoticed.clear();
        self.life += 1;
        self.directory = Directory::new(policy(), self.disk.stored(), moment(self.now));
        self.carry_out();
    }

    /// The hub notices that the line of `peer` is lost: from then on it relays nothing of theirs.
    fn lost(&mut self, peer: PeerId) {
        self.directory.left(peer, Departure::Lost, moment(self.now));
        self.carry_out();
        for ((session, operator), streams) in &self.relays {
            let is_theirs = *operator == peer || self.hosts_of.get(session) == Some(&peer);
            assert!(!streams.runs || !is_theirs, "{session} flows");
        }
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

    pub(crate) fn send_up(&mut self, console: usize, message: OperatorToHub) {
        if let Some(line) = &mut self.consoles[console].line {
            line.up.push_back(message);
        }
    }

    pub(crate) fn with_console<T>(
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
}

pub(crate) fn moment(now: Duration) -> Moment {
    Moment {
        since_start: now,
        unix_millis: i64::try_from(now.as_millis()).expect("small"),
    }
}

pub(crate) fn user_name(host: usize) -> Name {
    Name::cut(format!("user{host}"))
}

pub(crate) fn operator_name(console: usize) -> Name {
    Name::cut(format!("Operator {console}"))
}

/// Which console has this operator's name.
pub(crate) fn console_of(name: &Name) -> usize {
    let number = name.strip_prefix("Operator ").expect("an operator's name");
    number.parse().expect("its number")
}

/// The ticket with another last digit.
fn misheard(spoken: &str) -> String {
    let (front, last) = spoken.split_at(spoken.len() - 1);
    let last = (last.parse::<u8>().expect("a digit") + 1) % 10;
    format!("{front}{last}")
}
