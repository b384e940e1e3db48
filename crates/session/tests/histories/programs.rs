//! The programs at both ends: they hear what the hub says and do what their sides tell them. What must
//! hold at every moment is asserted here.

use std::collections::BTreeMap;

use protocol::{ChatAuthor, HubToHost, HubToOperator, Lane, PeerId, Rights, SessionId};
use session::PictureKey;
use session::console::{ConsoleNews, ConsoleStep};
use session::directory::Departure;
use session::host::{Agreement, HostNews, HostStep, Outside};

use crate::world::{Host, Question, Streams, World, console_of, moment, trace};

impl World {
    pub(crate) fn console_hears(&mut self, console: usize) -> bool {
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
                let me = &mut self.consoles[console];
                me.rows = entries.iter().map(|entry| entry.id).collect();
                let own = entries.iter().filter(|entry| entry.yours);
                me.own = own.map(|entry| entry.id).collect();
                self.with_console(console, |side, out| side.entries(&entries, out))
            }
            HubToOperator::EntryChanged { entry } => {
                let me = &mut self.consoles[console];
                me.rows.insert(entry.id);
                if entry.yours {
                    me.own.insert(entry.id);
                }
                self.with_console(console, |side, out| side.entry(&entry, out))
            }
            HubToOperator::EntryGone { id } => {
                let me = &mut self.consoles[console];
                me.rows.remove(&id);
                me.own.remove(&id);
                me.side.entry_gone(id)
            }
            message => self.with_console(console, |side, out| side.hear(message, out)),
        };
        self.console_does(console, steps);
        true
    }

    pub(crate) fn console_does(&mut self, console: usize, steps: Vec<ConsoleStep>) {
        for step in steps {
            let me = &mut self.consoles[console];
            match step {
                ConsoleStep::Send(message) => self.send_up(console, message),
                ConsoleStep::Tell(news) => self.console_tells(console, news),
                ConsoleStep::Start(running) => {
                    let session = running.session;
                    let streams = Streams {
                        runs: true,
                        rights: running.rights,
                        channel: running.lanes.channel(),
                    };
                    let before = me.sessions.insert(session, streams);
                    assert_eq!(before.is_some(), running.resumed, "starts once");
                    assert!(before.is_none_or(|it| !it.runs), "a pause comes first");
                    let me = me.side.admission().expect("logged in").you;
                    let granted = self.granted.get(&(session, me));
                    let granted = *granted.expect("no session without a yes");
                    assert!(granted.has(Rights::SEE));
                    assert!(running.rights.is_within(granted), "what the user granted");
                    self.has_key(session, &running.picture_key);
                }
                ConsoleStep::Rights { session, rights } => {
                    let streams = me.sessions.get_mut(&session).expect("one that runs");
                    assert!(rights.is_within(streams.rights), "rights never grow");
                    streams.rights = rights;
                }
                ConsoleStep::Pause { session } => {
                    let streams = me.sessions.get_mut(&session).expect("one that runs");
                    assert!(streams.runs, "pauses what runs");
                    streams.runs = false;
                }
                ConsoleStep::Stop { session } => {
                    assert!(me.sessions.remove(&session).is_some(), "stops once");
                    me.company.remove(&session);
                    me.withheld.remove(&session);
                }
                ConsoleStep::Goodbye(_) => {
                    // the program may come back, if it has a place
                    me.line = None;
                    let steps = me.side.connection_lost();
                    self.console_does(console, steps);
                }
                ConsoleStep::Files { session, .. } => {
                    let streams = &me.sessions[&session];
                    assert!(streams.rights.has(Rights::FILES), "only with the right");
                }
                ConsoleStep::KeepTickets => {}
                // no permanent hosts here
                ConsoleStep::Stretch(_) => unreachable!("nobody knocks"),
                ConsoleStep::Show { .. } => unreachable!("nobody asks to see a screen"),
            }
        }
    }

    fn console_tells(&mut self, console: usize, news: ConsoleNews) {
        let me = &mut self.consoles[console];
        match news {
            ConsoleNews::TicketGenerated { spoken, .. } => me.spoken.push(spoken),
            ConsoleNews::ConsentPending { session, .. } => me.pending.push(session),
            ConsoleNews::ChatReceived {
                host,
                author,
                name,
                text,
                ..
            } => {
                let is_user = name.starts_with("user");
                assert_eq!(is_user, author == ChatAuthor::User);
                let heard = me.heard.entry(host).or_default();
                heard.push(format!("{name}: {text}"));
            }
            ConsoleNews::Company {
                session,
                operators,
                driver,
            } => {
                me.company.insert(session, (operators, driver));
            }
            ConsoleNews::Withheld { session, withheld } => {
                let is_news = if withheld {
                    me.withheld.insert(session)
                } else {
                    me.withheld.remove(&session)
                };
                assert!(is_news, "told when it is news");
            }
            ConsoleNews::BroughtIn { outcome, .. } => {
                let met = matches!(outcome, protocol::BroughtIn::Met { .. });
                self.counts.brought_in += u64::from(met);
            }
            ConsoleNews::Forged { .. } => me.forged += 1,
            // whoever ended it out of reach hears of the report later
            ConsoleNews::SessionEnded {
                session,
                facts: Some(_),
                ..
            } => {
                *me.ended.entry(session).or_insert(0) += 1;
                let report = &self.disk.reports[&session];
                assert!(
                    self.lies || report.owner == me.account,
                    "whose report it is writes it"
                );
            }
            _ => {}
        }
    }

    pub(crate) fn host_hears(&mut self, host: usize) -> bool {
        let Some(line) = &mut self.hosts[host].line else {
            return false;
        };
        let Some(message) = line.down.pop_front() else {
            return false;
        };
        trace!("host {host} hears {message:?}");
        match &message {
            HubToHost::TicketAccepted { admission, .. } if self.hosts[host].side.opening() => {
                let me = &mut self.hosts[host];
                me.place = Some(admission.you);
                me.met.clear();
                me.unused.clear();
            }
            // the news of it names nobody
            HubToHost::ConsentAsked { from, .. } => self.hosts[host].asker = Some(*from),
            _ => {}
        }
        let outside = Outside {
            now: self.now,
            random: self.dice.fill(),
            input_taken: 0,
        };
        let about = match &message {
            HubToHost::Greeted { from, .. } | HubToHost::Said { from, .. } => Some(*from),
            HubToHost::OperatorPresent { operator, .. }
            | HubToHost::OperatorLeft { operator, .. } => Some(*operator),
            _ => None,
        };
        match self.hosts[host].side.hear(message, outside) {
            Ok(steps) => {
                if let Some(about) = about {
                    let of_others = |step: &HostStep| matches!(step, HostStep::Pause { operator, .. } if *operator != about);
                    assert!(!steps.iter().any(of_others), "one's pause is not another's");
                }
                self.host_does(host, steps);
            }
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

    pub(crate) fn host_does(&mut self, host: usize, steps: Vec<HostStep>) {
        for step in steps {
            let now = self.now;
            let me = &mut self.hosts[host];
            match step {
                HostStep::Send(message) => {
                    if let protocol::HostToHub::Greet { to, .. } = &message {
                        me.met.insert(self.places[to]);
                    }
                    if let Some(line) = &mut me.line {
                        line.up.push_back(message);
                    }
                }
                HostStep::Tell(news) => self.host_tells(host, news),
                HostStep::Start(agreement) => self.host_starts(host, &agreement),
                HostStep::Reduce(rights) => {
                    let (_, parts) = me.session.as_mut().expect("one that runs");
                    for streams in parts.values_mut() {
                        streams.rights = streams.rights.common_with(rights);
                    }
                }
                HostStep::Pause { session, operator } => {
                    let streams = me.part(session, operator).expect("one who takes part");
                    assert!(streams.runs, "pauses what runs");
                    streams.runs = false;
                    me.driver_lapsed |= me.driver == Some(operator);
                }
                HostStep::Files { operator, .. } => {
                    let (_, parts) = me.session.as_ref().expect("one that runs");
                    assert!(
                        parts[&operator].rights.has(Rights::FILES),
                        "only with the right"
                    );
                }
                HostStep::LookAtSystem(question) => {
                    assert!(me.part(question.session, question.operator).is_some());
                    assert!(!me.withheld, "not while the user has paused");
                }
                HostStep::Shield { up, .. } => {
                    assert!(me.session.is_some(), "one that runs");
                    assert!(!(up && me.withheld), "not while the user has paused");
                }
                HostStep::Rest(all) => {
                    let (_, parts) = me.session.as_ref().expect("one that runs");
                    let any_runs = parts.values().any(|streams| streams.runs);
                    assert!(any_runs || !all, "who is away does not rest");
                }
                HostStep::Leave { session, operator } => {
                    assert!(me.part(session, operator).is_some(), "leaves once");
                    me.driver_lapsed |= me.driver == Some(operator);
                    let (_, parts) = me.session.as_mut().expect("one that runs");
                    parts.remove(&operator);
                    me.order.retain(|came| *came != operator);
                    assert!(!parts.is_empty(), "a session ends with the last one");
                }
                HostStep::Stop { session, .. } => {
                    let stopped = me.session.take().map(|(id, _)| id);
                    assert_eq!(stopped, Some(session), "stops once");
                    me.withheld = false;
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

    fn host_starts(&mut self, host: usize, agreement: &Agreement) {
        let (session, operator) = (agreement.session, agreement.operator);
        let me = &mut self.hosts[host];
        let streams = Streams {
            runs: true,
            rights: agreement.grant.rights(),
            channel: agreement.lanes.channel(),
        };
        if me.session.is_none() {
            (me.driver, me.driver_lapsed) = (None, false);
            me.order.clear();
        }
        let new = || (session, BTreeMap::new());
        let (live, parts) = me.session.get_or_insert_with(new);
        assert_eq!(*live, session, "one session at a time");
        if let Some(before) = parts.insert(operator, streams) {
            assert!(!before.runs, "a pause comes first");
        } else {
            let was_yes = me.unused.remove(&(session, operator));
            assert!(was_yes, "nobody comes in without a yes of its own");
            me.order.push(operator);
        }
        let allowed = self.allowed[&(session, operator)];
        assert!(allowed.has(Rights::SEE));
        assert!(streams.rights.is_within(allowed), "never more than allowed");
        self.has_key(session, &agreement.picture_key);
    }

    /// All ends of a session have the same picture key.
    fn has_key(&mut self, session: SessionId, key: &PictureKey) {
        if self.lies {
            return; // it can end a session at one end, which begins anew with another key
        }
        let tag = key.tag(session, Lane::Screen, b"picture");
        let known = *self.picture_keys.entry(session).or_insert(tag);
        assert_eq!(known, tag, "one picture key for a session");
    }

    fn host_tells(&mut self, host: usize, news: HostNews) {
        let me = &mut self.hosts[host];
        match news {
            HostNews::TicketAccepted { operator } => me.first = Some(console_of(&operator)),
            HostNews::ConsentAsked { session, asked, .. } => {
                let operator = me.asker.expect("a message said who");
                me.question = Some(Question {
                    session,
                    operator,
                    asked,
                });
            }
            HostNews::ConsentWithdrawn { session } => {
                me.question.take_if(|open| open.session == session);
            }
            HostNews::ChatReceived { operator, text, .. } => {
                let console = console_of(&operator);
                let place = me.place.expect("admitted");
                let heard = me.heard.entry(place).or_default();
                heard.push((console, text.to_string()));
                self.is_due(host, Some(console), &format!("{operator}: {text}"));
            }
            HostNews::Company {
                session,
                operators,
                driver,
            } => {
                let told: Vec<(PeerId, Rights)> = operators
                    .iter()
                    .map(|operator| (operator.operator, operator.rights))
                    .collect();
                let (live, parts) = me.session.as_ref().expect("one that runs");
                assert_eq!(*live, session);
                let seeing = me.order.iter().map(|operator| (*operator, parts[operator]));
                let seeing: Vec<(PeerId, Rights)> = seeing
                    .filter(|(_, streams)| streams.runs)
                    .map(|(operator, streams)| (operator, streams.rights))
                    .collect();
                assert_eq!(told, seeing, "the company is who sees the screen");
                let may_drive = |driver| {
                    let may = |(operator, rights): &(PeerId, Rights)| {
                        *operator == driver && rights.has(Rights::CONTROL)
                    };
                    told.iter().any(may)
                };
                assert!(driver.is_none_or(may_drive));
                assert!(driver.is_none() || driver == me.driver);
                let drives = me.driver.is_some_and(may_drive) && !me.driver_lapsed;
                assert!(!drives || driver == me.driver, "nobody took it away");
                me.company = (operators, driver);
            }
            HostNews::Resumed => me.gone_at = None,
            HostNews::TicketRefused(_)
            | HostNews::TicketSpent
            | HostNews::Receipt(_)
            | HostNews::FeedbackTaken { .. }
            | HostNews::SessionStarted { .. }
            | HostNews::SessionPaused { .. }
            | HostNews::SessionResumed { .. }
            | HostNews::OperatorPresent(_)
            | HostNews::SystemAsked { .. }
            | HostNews::ShieldAsked { .. }
            | HostNews::Shields { .. }
            | HostNews::Resting { .. }
            | HostNews::Watched { .. }
            | HostNews::Organisation(_) => {}
        }
    }
}

impl Host {
    fn part(&mut self, session: SessionId, operator: PeerId) -> Option<&mut Streams> {
        let live = self.session.as_mut().filter(|(id, _)| *id == session);
        live?.1.get_mut(&operator)
    }
}
