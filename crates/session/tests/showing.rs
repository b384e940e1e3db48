//! Two operators and one screen: the hub and both consoles as they are, and a hub that lies about any
//! message between them (O10).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "each match takes the few messages that the exchange consists of, and a test fails on others"
)]

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use protocol::{
    GroupId, HostToHub, HubToHost, HubToOperator, OperatorToHub, PeerId, Permissions, RefusalCode,
    Rights, ShowingPart,
};
use session::authority::Membership;
use session::console::{ConsoleNews, ConsoleSide, ConsoleStep, KeptTickets, NotStarted, Outside};
use session::directory::records::{AccountId, Stored, What};
use session::directory::{Departure, Directory, Effect, LoggedIn, Moment, Policy};
use session::host;
use session::host::{Caller, HostNews, HostSide, HostStep};

const ANNA: PeerId = PeerId([1; 16]);
const BRUNO: PeerId = PeerId([2; 16]);
const CARLA: PeerId = PeerId([3; 16]);
const WORD: &str = "girasole";

/// What a hub does to the messages of the exchange.
#[derive(Debug, Clone, Copy)]
enum Lie {
    /// Flips bits of that part, counted from 0.
    Alter { part: usize, at: usize, flip: u8 },
    /// Sends the part before it once more in its place.
    Replay { part: usize },
    /// Tells Bruno that somebody else asks.
    Name,
    /// Tells Bruno that less is asked for than is.
    Control,
}

struct World {
    directory: Directory,
    seconds: u64,
    consoles: BTreeMap<PeerId, ConsoleSide>,
    news: Vec<(PeerId, ConsoleNews)>,
    /// Bruno's screen, once it is shown: the side of the host, its place, and whether with control.
    shown: Option<(HostSide, PeerId, bool)>,
    audited: Vec<What>,
    random: u8,
    lie: Option<Lie>,
    parts: usize,
    before: Option<Bytes>,
    films: Vec<(String, String)>,
}

fn moment(seconds: u64) -> Moment {
    Moment {
        since_start: Duration::from_secs(seconds),
        unix_millis: i64::try_from(seconds).expect("small") * 1000,
    }
}

impl World {
    fn new() -> Self {
        let policy = Policy {
            hub: 0,
            ticket_validity: Duration::from_mins(15),
            attempt: Duration::from_secs(20),
            consent: Duration::from_mins(1),
            kept: Duration::from_mins(10),
        };
        let mut world = Self {
            directory: Directory::new(policy, Stored::default(), moment(0)),
            seconds: 1,
            consoles: BTreeMap::new(),
            news: Vec::new(),
            shown: None,
            audited: Vec::new(),
            random: 0,
            lie: None,
            parts: 0,
            before: None,
            films: Vec::new(),
        };
        world.logs_in(ANNA, "Anna", GroupId::EVERYONE);
        world.logs_in(BRUNO, "Bruno", GroupId::EVERYONE);
        world
    }

    fn now(&self) -> Moment {
        moment(self.seconds)
    }

    fn random(&mut self) -> [u8; 32] {
        self.random += 1;
        [self.random; 32]
    }

    fn logs_in(&mut self, id: PeerId, name: &str, group: GroupId) {
        let who = LoggedIn {
            account: AccountId(id.0[0].into()),
            login: name.to_lowercase(),
            display_name: name.into(),
        };
        let membership = Membership {
            permissions: Permissions::OF_OPERATOR,
            groups: [group].into(),
        };
        let side = ConsoleSide::new(KeptTickets::default(), (1, 9), 1, 0);
        self.consoles.insert(id, side);
        let (random, now) = (self.random(), self.now());
        self.directory
            .operator_arrived(id, who, membership, random, now);
        self.settle();
    }

    fn does(&mut self, id: PeerId, act: impl FnOnce(&mut ConsoleSide) -> Vec<ConsoleStep>) {
        let steps = act(self.consoles.get_mut(&id).expect("logged in"));
        self.console_does(id, steps);
        self.settle();
    }

    fn anna_asks(&mut self, asked: Rights) {
        self.does(ANNA, |anna| anna.ask_to_see(BRUNO, "Bruno".into(), asked));
    }

    fn types(&mut self, id: PeerId, word: &str) {
        let computer = if id == BRUNO { "DESK-2" } else { "DESK-1" };
        let computer = (computer.into(), "Linux".into());
        self.does(id, |console| console.give_word(word, computer));
    }

    fn wait(&mut self, seconds: u64) {
        self.seconds += seconds;
        let now = self.now();
        self.directory.tick(now);
        self.settle();
    }

    fn console_does(&mut self, id: PeerId, steps: Vec<ConsoleStep>) {
        for step in steps {
            match step {
                ConsoleStep::Send(message) => {
                    let message = self.carry(message);
                    let (random, now) = (self.random(), self.now());
                    self.directory.operator_said(id, message, random, now);
                }
                ConsoleStep::Tell(news) => self.news.push((id, news)),
                ConsoleStep::Show { shown, .. } => {
                    assert_eq!((id, shown.operator.as_str()), (BRUNO, "Anna"));
                    let caller = Caller {
                        computer: "DESK-2".into(),
                        user: Default::default(),
                        system: "Linux".into(),
                    };
                    let mut side = HostSide::new(caller, 1);
                    side.take_place(shown.admission, shown.operator, shown.pair);
                    let Some(HostToHub::Resume { you, secret }) = side.resume() else {
                        panic!("it has a place to come to");
                    };
                    self.shown = Some((side, you, shown.control));
                    let now = self.now();
                    self.directory
                        .host_resumes(you, &secret, now)
                        .expect("the secret of the place");
                }
                _ => {}
            }
        }
    }

    /// What the hub makes of the exchange.
    fn carry(&mut self, message: OperatorToHub) -> OperatorToHub {
        let OperatorToHub::ShowingPart { showing, part } = message else {
            return message;
        };
        let (bytes, make): (Bytes, fn(Bytes) -> ShowingPart) = match part {
            ShowingPart::Half(bytes) => (bytes, ShowingPart::Half),
            ShowingPart::Proof(bytes) => (bytes, ShowingPart::Proof),
            right @ ShowingPart::Right { .. } => {
                return OperatorToHub::ShowingPart {
                    showing,
                    part: right,
                };
            }
        };
        let before = self.before.replace(bytes.clone());
        let bytes = match self.lie {
            Some(Lie::Alter { part, at, flip }) if part == self.parts => {
                let mut bytes = bytes.to_vec();
                let at = at % bytes.len();
                bytes[at] ^= flip;
                bytes.into()
            }
            Some(Lie::Replay { part }) if part == self.parts => before.unwrap_or_default(),
            _ => bytes,
        };
        self.parts += 1;
        OperatorToHub::ShowingPart {
            showing,
            part: make(bytes),
        }
    }

    fn settle(&mut self) {
        loop {
            let effects = VecDeque::from(self.directory.take_effects());
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                self.carry_out(effect);
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        let now = self.now();
        match effect {
            Effect::ToHost(id, message) => self.screen_hears(id, message),
            Effect::ToOperator(id, message) => self.console_hears(id, message),
            Effect::Record(change) => self.audited.push(change.what),
            Effect::OpenFilm(order) => {
                self.films.push((order.requester, order.host));
                let path = Some("film".to_owned());
                self.directory.film_opened(order.session, path);
            }
            Effect::StoreSession { session, change } => {
                self.audited.push(change.what);
                self.directory.session_stored(session, true);
            }
            Effect::Cut(id, _) => self.directory.left(id, Departure::Cut, now),
            Effect::Dismiss(id, _) if self.shown.as_ref().is_some_and(|(_, at, _)| *at == id) => {
                self.shown = None;
            }
            _ => {}
        }
    }

    fn screen_hears(&mut self, id: PeerId, message: HubToHost) {
        let outside = host::Outside {
            now: Duration::from_secs(self.seconds),
            random: self.random(),
            input_taken: 0,
        };
        let Some((side, ..)) = self.shown.as_mut().filter(|(_, place, _)| *place == id) else {
            return;
        };
        let steps = side.hear(message, outside).expect("an honest hub");
        self.screen_does(id, steps);
    }

    fn screen_does(&mut self, place: PeerId, steps: Vec<HostStep>) {
        for step in steps {
            match step {
                HostStep::Send(message) => {
                    let now = self.now();
                    self.directory.host_said(place, message, now);
                }
                HostStep::Tell(HostNews::ConsentAsked { session, asked, .. }) => {
                    let random = self.random();
                    let (side, _, control) = self.shown.as_mut().expect("a place");
                    let most = if *control {
                        Rights::SEE_AND_CONTROL
                    } else {
                        Rights::SEE
                    };
                    let steps = side.answer(session, Some(asked.common_with(most)), random);
                    self.screen_does(place, steps);
                }
                _ => {}
            }
        }
    }

    fn console_hears(&mut self, id: PeerId, message: HubToOperator) {
        let seed = self.random();
        let mut random = |bytes: &mut [u8; 32]| *bytes = seed;
        let mut outside = Outside {
            now_unix_seconds: 0,
            random: &mut random,
        };
        let message = match (message, self.lie) {
            (
                HubToOperator::ShowingAsked {
                    showing,
                    operator,
                    name,
                    control,
                    seconds,
                },
                Some(lie),
            ) => HubToOperator::ShowingAsked {
                showing,
                operator,
                name: if matches!(lie, Lie::Name) {
                    "The boss".into()
                } else {
                    name
                },
                control: control && !matches!(lie, Lie::Control),
                seconds,
            },
            (message, _) => message,
        };
        let Some(console) = self.consoles.get_mut(&id) else {
            return;
        };
        let steps = match message {
            HubToOperator::LoggedIn {
                admission,
                display_name,
            } => console.logged_in(admission, display_name),
            HubToOperator::Entries { entries } => console.entries(&entries, &mut outside),
            HubToOperator::EntryChanged { entry } => console.entry(&entry, &mut outside),
            HubToOperator::EntryGone { id } => console.entry_gone(id),
            message => console.hear(message, &mut outside),
        };
        self.console_does(id, steps);
    }

    /// What the operator was told last of why nothing is shown.
    fn is_told(&self, id: PeerId) -> Option<RefusalCode> {
        self.news.iter().rev().find_map(|(to, news)| match news {
            ConsoleNews::ShowingOver {
                why: NotStarted::Refused(refusal),
                ..
            } if *to == id => Some(refusal.code),
            _ => None,
        })
    }

    fn was_asked(&self, id: PeerId) -> usize {
        let asked = |(to, news): &&(PeerId, ConsoleNews)| {
            *to == id && matches!(news, ConsoleNews::ShowingAsked { .. })
        };
        self.news.iter().filter(asked).count()
    }

    fn sessions(&self) -> usize {
        self.directory.live_sessions().len()
    }

    fn shown_audited(&self) -> usize {
        let shown = |what: &&What| matches!(what, What::ScreenShown { colleague, .. } if colleague == "Bruno");
        self.audited.iter().filter(shown).count()
    }

    fn vain_audited(&self, wanted: &str) -> usize {
        let vain =
            |what: &&What| matches!(what, What::ScreenNotShown { reason, .. } if *reason == wanted);
        self.audited.iter().filter(vain).count()
    }
}

#[test]
fn o10_the_same_word_opens_the_colleagues_screen_whoever_types_first() {
    for (first, second) in [(ANNA, BRUNO), (BRUNO, ANNA)] {
        let mut world = World::new();
        world.anna_asks(Rights::SEE);
        world.types(first, WORD);
        assert_eq!(world.sessions(), 0, "one word opens nothing");
        world.types(second, " Girasole");
        assert_eq!((world.sessions(), world.shown_audited()), (1, 1));
        let films = [("Bruno".to_owned(), "DESK-2".to_owned())];
        assert_eq!(world.films, films, "the colleague is who is helped");
        let live = world.directory.live_sessions();
        assert_eq!(live[0].operators, ["Anna".into()]);
        // the colleague's own place goes, and with it their screen
        let now = world.now();
        world.directory.left(BRUNO, Departure::GoodOrder, now);
        world.settle();
        assert_eq!(world.sessions(), 0);
        assert!(world.shown.is_none());
    }
}

#[test]
fn o10_no_more_is_granted_than_was_asked_when_the_word_was_typed() {
    let granted = |asked| {
        let mut world = World::new();
        world.anna_asks(asked);
        world.types(BRUNO, WORD);
        world.types(ANNA, WORD);
        let audited = world.audited.iter().find_map(|what| match what {
            What::SessionStarted(started) => Some(started.first.rights),
            _ => None,
        });
        audited.expect("a session")
    };
    assert_eq!(granted(Rights::SEE), Rights::SEE);
    assert_eq!(granted(Rights::SEE_AND_CONTROL), Rights::SEE_AND_CONTROL);
}

#[test]
fn o10_another_word_opens_nothing_both_are_told_and_further_questions_wait() {
    let mut world = World::new();
    world.logs_in(CARLA, "Carla", GroupId::EVERYONE);
    for vain in 1..=5 {
        world.anna_asks(Rights::SEE);
        world.types(BRUNO, WORD);
        world.types(ANNA, "girasoli");
        for id in [ANNA, BRUNO] {
            assert_eq!(world.is_told(id), Some(RefusalCode::WORDS_DIFFER));
        }
        assert_eq!(world.vain_audited("other words"), vain);
    }
    let asked = world.was_asked(BRUNO);
    world.anna_asks(Rights::SEE);
    assert_eq!(world.is_told(ANNA), Some(RefusalCode::THROTTLED));
    assert_eq!(world.was_asked(BRUNO), asked, "the colleague is left alone");
    // nobody else waits for it
    world.does(CARLA, |carla| {
        carla.ask_to_see(ANNA, "Anna".into(), Rights::SEE)
    });
    assert_eq!(world.was_asked(ANNA), 1);
    world.does(ANNA, ConsoleSide::leave_showing);
    world.wait(31);
    world.anna_asks(Rights::SEE);
    world.types(ANNA, WORD);
    world.types(BRUNO, WORD);
    assert_eq!((world.sessions(), world.shown_audited()), (1, 1));
}

#[test]
fn o10_a_word_that_is_late_or_missing_opens_nothing() {
    for typed in [&[][..], &[ANNA], &[BRUNO]] {
        let mut world = World::new();
        world.anna_asks(Rights::SEE);
        for id in typed {
            world.types(*id, WORD);
        }
        world.wait(59);
        assert_eq!(world.is_told(ANNA), None);
        world.wait(1);
        for id in [ANNA, BRUNO] {
            assert_eq!(world.is_told(id), Some(RefusalCode::WORD_LATE));
            // too late
            world.types(id, WORD);
        }
        assert_eq!(world.sessions(), 0);
        assert_eq!(world.vain_audited("no word in time"), 1);
    }
}

#[test]
fn o10_the_colleague_refuses_and_a_question_is_taken_back() {
    for (who, told, reason) in [(BRUNO, ANNA, "refused"), (ANNA, BRUNO, "taken back")] {
        let mut world = World::new();
        world.anna_asks(Rights::SEE);
        world.types(ANNA, WORD);
        world.does(who, ConsoleSide::leave_showing);
        assert_eq!(world.is_told(told), Some(RefusalCode::COLLEAGUE_REFUSED));
        assert_eq!(world.is_told(who), None, "they know");
        assert_eq!(world.vain_audited(reason), 1);
        world.types(BRUNO, WORD);
        assert_eq!(world.sessions(), 0);
    }
}

#[test]
fn o10_of_two_who_ask_each_other_at_once_the_first_question_counts() {
    let mut world = World::new();
    // both are on their way before either console hears anything
    let ask = |world: &mut World, from: PeerId, of: PeerId, name: &str| {
        let console = world.consoles.get_mut(&from).expect("logged in");
        let steps = console.ask_to_see(of, name.into(), Rights::SEE);
        let [ConsoleStep::Send(message)] = steps.as_slice() else {
            panic!("{steps:?}");
        };
        message.clone()
    };
    let (annas, brunos) = (
        ask(&mut world, ANNA, BRUNO, "Bruno"),
        ask(&mut world, BRUNO, ANNA, "Anna"),
    );
    for (id, message) in [(ANNA, annas), (BRUNO, brunos)] {
        let (random, now) = (world.random(), world.now());
        world.directory.operator_said(id, message, random, now);
    }
    world.settle();
    assert_eq!((world.was_asked(BRUNO), world.was_asked(ANNA)), (1, 0));
    assert_eq!(world.is_told(BRUNO), Some(RefusalCode::COLLEAGUE_ASKS));
    assert_eq!(world.is_told(ANNA), None);
    world.types(ANNA, WORD);
    world.types(BRUNO, WORD);
    assert_eq!(world.sessions(), 1, "and it goes on");
}

#[test]
fn o10_who_is_busy_away_or_of_another_group_is_not_asked() {
    let mut world = World::new();
    world.logs_in(CARLA, "Carla", GroupId(9));
    let asks_carla = |world: &mut World| {
        world.does(ANNA, |anna| {
            anna.ask_to_see(CARLA, "Carla".into(), Rights::SEE)
        });
    };
    asks_carla(&mut world);
    assert_eq!(world.is_told(ANNA), Some(RefusalCode::COLLEAGUE_AWAY));
    assert_eq!(world.was_asked(CARLA), 0);
    let now = world.now();
    world.directory.left(CARLA, Departure::GoodOrder, now);
    world.logs_in(CARLA, "Carla", GroupId::EVERYONE);
    world.anna_asks(Rights::SEE);
    world.does(CARLA, |carla| {
        carla.ask_to_see(BRUNO, "Bruno".into(), Rights::SEE)
    });
    assert_eq!(world.is_told(CARLA), Some(RefusalCode::COLLEAGUE_BUSY));
    // whoever asks loses the line
    let now = world.now();
    world.directory.left(ANNA, Departure::Lost, now);
    world.settle();
    assert_eq!(world.is_told(BRUNO), Some(RefusalCode::COLLEAGUE_AWAY));
    assert_eq!(world.sessions(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A hub that changes what it carries, or says what is not so, gets no session, and neither end
    /// believes it.
    #[test]
    fn o10_a_hub_that_lies_brings_nobody_together(
        lie in prop_oneof![
            (0_usize..4, any::<usize>(), 1_u8..=255)
                .prop_map(|(part, at, flip)| Lie::Alter { part, at, flip }),
            (1_usize..4).prop_map(|part| Lie::Replay { part }),
            Just(Lie::Name),
            Just(Lie::Control),
        ],
        anna_first in any::<bool>(),
    ) {
        let mut world = World::new();
        world.lie = Some(lie);
        world.anna_asks(Rights::SEE_AND_CONTROL);
        let order = if anna_first { [ANNA, BRUNO] } else { [BRUNO, ANNA] };
        for id in order {
            world.types(id, WORD);
        }
        prop_assert_eq!(world.sessions(), 0);
        prop_assert!(world.shown.is_none());
        let found_out = [ANNA, BRUNO].map(|id| world.is_told(id));
        prop_assert!(found_out.contains(&Some(RefusalCode::WORDS_DIFFER)), "{:?}", found_out);
    }

    /// A hub that says that the words were the same, and gives whatever place.
    #[test]
    fn o10_a_hub_that_says_that_the_words_are_the_same_is_not_believed(
        place in any::<[u8; 16]>(),
        typed in any::<bool>(),
    ) {
        let mut world = World::new();
        world.anna_asks(Rights::SEE);
        if typed {
            world.types(BRUNO, WORD);
        }
        let admission = protocol::control::Admission {
            you: PeerId(place),
            secret: protocol::ResumeSecret([5; 32]),
            kept_seconds: 600,
        };
        world.console_hears(BRUNO, HubToOperator::ShowingAdmitted { showing: 1, admission });
        prop_assert!(world.shown.is_none());
        world.console_hears(ANNA, HubToOperator::ShowingOpened { showing: 1, place: PeerId(place) });
        let anna = world.consoles.get_mut(&ANNA).expect("logged in");
        prop_assert!(!anna.has_channel_to(PeerId(place)));
        let forged = |(_, news): &&(PeerId, ConsoleNews)| {
            matches!(news, ConsoleNews::ShowingOver { why: NotStarted::Forged, .. })
        };
        prop_assert_eq!(world.news.iter().filter(forged).count(), 2);
    }
}
