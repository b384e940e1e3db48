//! A permanent host that is off or asleep is woken by others of its network: who may ask, who is asked, what
//! everybody hears, and what hostile hosts get out of it (U2).

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each match takes the few messages that waking consists of"
)]

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use proptest::prelude::*;
use protocol::{
    CardAddress, GroupId, HostId, HostToHub, HubToHost, HubToOperator, Lan, Network, OperatorToHub,
    PeerId, Permissions, RefusalCode, WakeNews, WakeOrder, WakeStanding,
};
use session::authority::Membership;
use session::directory::records::{AccountId, Actor, Change, Stored, StoredPermanentHost, What};
use session::directory::{
    Departure, Directory, Effect, HostStanding, LoggedIn, Moment, PermanentArrival, Policy,
};

const ANNA: PeerId = PeerId([1; 16]);
const BRUNO: PeerId = PeerId([2; 16]);
const SHOPS: GroupId = GroupId(7);
const OFFICES: GroupId = GroupId(8);
const TILL: HostId = HostId(3);
const OFFICE: HostId = HostId(4);

/// The router that two of the computers are behind, as the hub sees it.
const ROUTER: &str = "203.0.113.7";

struct World {
    directory: Directory,
    seconds: u64,
    standing: BTreeMap<HostId, HostStanding>,
    told: Vec<(PeerId, HubToOperator)>,
    ordered: Vec<(PeerId, u64, WakeOrder)>,
    cut: Vec<PeerId>,
    audited: Vec<Change>,
}

fn moment(seconds: u64) -> Moment {
    Moment {
        since_start: Duration::from_secs(seconds),
        unix_millis: i64::try_from(seconds).expect("small") * 1000,
    }
}

fn lan(card: u8, network: [u8; 4]) -> Lan {
    Lan {
        card: CardAddress([2, 0, 0, 0, 0, card]),
        network: Network {
            address: network,
            prefix: 24,
        },
    }
}

fn named(name: &str, group: GroupId) -> HostStanding {
    HostStanding {
        name: name.into(),
        disabled: false,
        seen_by: [group].into(),
        only: Default::default(),
    }
}

impl World {
    /// Anna sees the shops, Bruno the offices; a till and an office's computer are known.
    fn new(permanent: Vec<StoredPermanentHost>) -> Self {
        let policy = Policy {
            hub: 0,
            ticket_validity: Duration::from_mins(15),
            attempt: Duration::from_secs(20),
            consent: Duration::from_mins(1),
            kept: Duration::from_mins(10),
        };
        let standing = [
            (TILL, named("TILL-1", SHOPS)),
            (OFFICE, named("BUERO-2", OFFICES)),
        ];
        let stored = Stored {
            permanent,
            ..Stored::default()
        };
        let mut world = Self {
            directory: Directory::new(policy, stored, moment(0)),
            seconds: 1,
            standing: standing.into(),
            told: Vec::new(),
            ordered: Vec::new(),
            cut: Vec::new(),
            audited: Vec::new(),
        };
        world.logs_in(ANNA, SHOPS, Permissions::OF_OPERATOR);
        world.logs_in(BRUNO, OFFICES, Permissions::OF_OPERATOR);
        world
    }

    fn logs_in(&mut self, id: PeerId, group: GroupId, permissions: Permissions) {
        let who = LoggedIn {
            account: AccountId(id.0[0].into()),
            login: format!("operator-{}", id.0[0]),
            display_name: "Operator".into(),
        };
        let membership = Membership {
            permissions,
            groups: [group].into(),
        };
        let (directory, now) = (&mut self.directory, moment(self.seconds));
        directory.operator_arrived(id, who, membership, [id.0[0]; 32], now);
        directory.operator_said(id, OperatorToHub::ListSleeping, [0; 32], now);
        self.settle();
    }

    fn comes(&mut self, host: HostId, from: &str) -> PeerId {
        let id = PeerId([u8::try_from(host.0).expect("small") + 100; 16]);
        let arrival = PermanentArrival {
            host,
            standing: self.standing[&host].clone(),
            computer: "PC".into(),
            system: "Linux".into(),
            program: "purepc".into(),
            knocking: true,
            waking: true,
            from: from.parse::<IpAddr>().expect("an address"),
        };
        let now = moment(self.seconds);
        self.directory.permanent_host_arrived(id, arrival, now);
        self.settle();
        id
    }

    /// It comes, and says where its network card is.
    fn comes_in(&mut self, host: HostId, from: &str, lans: Vec<Lan>) -> PeerId {
        let id = self.comes(host, from);
        self.host_says(id, HostToHub::Lans { lans });
        id
    }

    fn goes(&mut self, id: PeerId) {
        let now = moment(self.seconds);
        self.directory.left(id, Departure::Lost, now);
        self.settle();
    }

    fn host_says(&mut self, id: PeerId, message: HostToHub) {
        let now = moment(self.seconds);
        self.directory.host_said(id, message, now);
        self.settle();
    }

    fn wakes(&mut self, operator: PeerId, row: PeerId) -> Option<WakeNews> {
        self.told.clear();
        let (message, now) = (OperatorToHub::Wake { host: row }, moment(self.seconds));
        self.directory
            .operator_said(operator, message, [0; 32], now);
        self.settle();
        self.news(operator)
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.seconds += 1;
            self.directory.tick(moment(self.seconds));
        }
        self.settle();
    }

    fn settle(&mut self) {
        for effect in self.directory.take_effects() {
            match effect {
                Effect::ToOperator(id, message) => self.told.push((id, message)),
                Effect::ToHost(id, HubToHost::Wake { wake, order }) => {
                    self.ordered.push((id, wake, order));
                }
                Effect::Cut(id, _) => self.cut.push(id),
                Effect::Record(change) => self.audited.push(change),
                _ => {}
            }
        }
    }

    /// The last that an operator heard of waking something.
    fn news(&self, operator: PeerId) -> Option<WakeNews> {
        let told = self.told.iter().rev();
        told.filter(|(id, _)| *id == operator)
            .find_map(|(_, message)| match message {
                HubToOperator::Waking { news, .. } => Some(news.clone()),
                _ => None,
            })
    }

    /// The row and standing of the host that is not connected, as the operator has heard last.
    fn sleeping(&self, operator: PeerId) -> Option<(PeerId, WakeStanding)> {
        let mut found = None;
        for (_, message) in self.told.iter().filter(|(id, _)| *id == operator) {
            match message {
                HubToOperator::Sleeping { sleeping } => {
                    found = Some((sleeping.entry.id, sleeping.standing));
                }
                HubToOperator::EntryGone { id } if found.is_some_and(|(row, _)| row == *id) => {
                    found = None;
                }
                _ => {}
            }
        }
        found
    }

    fn refusal(&mut self, operator: PeerId, row: PeerId) -> Option<RefusalCode> {
        match self.wakes(operator, row)? {
            WakeNews::Refused(refusal) => Some(refusal.code),
            _ => None,
        }
    }
}

/// A till that was connected and is off, beside a computer of the same network that is connected.
fn shop() -> (World, PeerId, PeerId) {
    let mut world = World::new(Vec::new());
    let till = world.comes_in(TILL, ROUTER, vec![lan(3, [192, 168, 1, 0])]);
    let office = world.comes_in(OFFICE, ROUTER, vec![lan(4, [192, 168, 1, 0])]);
    world.goes(till);
    let (row, standing) = world.sleeping(ANNA).expect("in her list");
    assert_eq!(standing, WakeStanding::Ready);
    (world, row, office)
}

#[test]
fn u2_a_host_is_woken_through_another_of_its_network_and_everything_is_told_and_audited() {
    let (mut world, row, office) = shop();
    let begun = world.wakes(ANNA, row);
    // Anna does not see the office's computers, so it has no name for her
    let through = vec!["".into()];
    let seconds = 120;
    assert_eq!(begun, Some(WakeNews::Begun { through, seconds }));
    let [(helper, wake, order)] = &world.ordered[..] else {
        unreachable!("{:?}", world.ordered);
    };
    let wake = *wake;
    assert_eq!(*helper, office);
    assert_eq!(order.cards, [CardAddress([2, 0, 0, 0, 0, 3])]);
    assert_eq!(order.network.to_string(), "192.168.1.0/24");
    world.host_says(office, HostToHub::Woke { wake, sent: true });
    // asked again it is not done again, and the packets are repeated by themselves
    world.wakes(ANNA, row);
    assert_eq!(world.ordered.len(), 1);
    world.pass(21);
    assert_eq!(world.ordered.len(), 2);

    world.told.clear();
    world.comes(TILL, ROUTER);
    assert_eq!(world.news(ANNA), Some(WakeNews::Connected));
    let gone = HubToOperator::EntryGone { id: row };
    assert!(world.told.contains(&(ANNA, gone)), "{:?}", world.told);
    let audited: Vec<&Change> = world
        .audited
        .iter()
        .filter(|change| {
            matches!(
                change.what,
                What::HostWaking { .. } | What::HostWoken { .. } | What::HostNotWoken { .. }
            )
        })
        .collect();
    let name = || "TILL-1".to_owned();
    let waking = What::HostWaking {
        host: TILL,
        name: name(),
        through: vec!["BUERO-2".to_owned()],
    };
    assert_eq!(audited[0].actor, Actor::Account("operator-1".to_owned()));
    assert_eq!(audited[0].what, waking);
    let woken = What::HostWoken {
        host: TILL,
        name: name(),
    };
    assert_eq!(audited[1].what, woken);
    assert_eq!(audited.len(), 2);
    assert_eq!(
        world.refusal(ANNA, row),
        Some(RefusalCode::HOST_AWAKE),
        "it is connected"
    );
}

#[test]
fn u2_one_that_does_not_come_in_two_minutes_is_told_and_so_is_that_nobody_could_send() {
    let (mut world, row, office) = shop();
    world.wakes(ANNA, row);
    world.pass(119);
    assert_eq!(world.ordered.len(), 3, "twice more");
    world.pass(2);
    assert_eq!(world.news(ANNA), Some(WakeNews::Silent));
    world.wakes(ANNA, row);
    let wake = world.ordered.last().expect("asked").1;
    world.host_says(office, HostToHub::Woke { wake, sent: false });
    assert_eq!(world.news(ANNA), Some(WakeNews::NotSent));
    let reasons = world
        .audited
        .iter()
        .filter_map(|change| match &change.what {
            What::HostNotWoken { reason, .. } => Some(*reason),
            _ => None,
        });
    assert_eq!(
        reasons.collect::<Vec<_>>(),
        [
            "it has not connected in time",
            "no computer of its network could send anything"
        ]
    );
}

#[test]
fn u2_what_nothing_can_wake_says_why_and_that_changes_with_who_is_there() {
    let mut world = World::new(Vec::new());
    let till = world.comes(TILL, ROUTER);
    world.goes(till);
    let (row, standing) = world.sleeping(ANNA).expect("in her list");
    assert_eq!(standing, WakeStanding::Unknown, "it never said where it is");
    let unknown = Some(RefusalCode::NETWORK_UNKNOWN);
    assert_eq!(world.refusal(ANNA, row), unknown);

    let till = world.comes_in(TILL, ROUTER, vec![lan(3, [192, 168, 1, 0])]);
    world.goes(till);
    let alone = Some((row, WakeStanding::Alone));
    assert_eq!(world.sleeping(ANNA), alone);
    let nobody = Some(RefusalCode::NOBODY_NEAR);
    assert_eq!(world.refusal(ANNA, row), nobody);
    // the same addresses behind another router, and another network behind the same one
    for (from, network) in [
        ("198.51.100.1", [192, 168, 1, 0]),
        (ROUTER, [192, 168, 2, 0]),
    ] {
        let office = world.comes_in(OFFICE, from, vec![lan(4, network)]);
        assert_eq!(world.refusal(ANNA, row), nobody, "{from} {network:?}");
        world.goes(office);
    }
    let office = world.comes_in(OFFICE, ROUTER, vec![lan(4, [192, 168, 1, 0])]);
    let ready = Some((row, WakeStanding::Ready));
    assert_eq!(world.sleeping(ANNA), ready);
    world.told.clear();
    world.goes(office);
    assert_eq!(world.sleeping(ANNA), alone);
    assert!(world.ordered.is_empty());
}

#[test]
fn u2_a_hub_in_the_same_network_as_its_hosts_knows_that_they_share_it() {
    let mut world = World::new(Vec::new());
    let shared = [192, 168, 1, 0];
    let till = world.comes_in(TILL, "192.168.1.33", vec![lan(3, shared)]);
    world.comes_in(OFFICE, "192.168.1.44", vec![lan(4, shared)]);
    world.goes(till);
    let standing = world.sleeping(ANNA).map(|(_, standing)| standing);
    assert_eq!(standing, Some(WakeStanding::Ready));
}

#[test]
fn u2_where_a_host_is_outlives_the_hub() {
    let mut world = World::new(vec![StoredPermanentHost {
        host: TILL,
        standing: named("TILL-1", SHOPS),
        system: "Linux".to_owned(),
        last_seen_unix_seconds: 17,
        came_from: ROUTER.parse().ok(),
        lans: vec![lan(3, [192, 168, 1, 0])],
    }]);
    let (row, standing) = world.sleeping(ANNA).expect("in her list");
    assert_eq!(standing, WakeStanding::Alone);
    world.comes_in(OFFICE, ROUTER, vec![lan(4, [192, 168, 1, 0])]);
    assert!(matches!(
        world.wakes(ANNA, row),
        Some(WakeNews::Begun { .. })
    ));
    let through = world
        .directory
        .administrator_wakes(TILL, Actor::CommandLine, moment(1));
    assert_eq!(through, Ok(vec!["BUERO-2".into()]));
}

#[test]
fn u4_who_may_not_open_a_host_may_not_wake_it() {
    let (mut world, row, _) = shop();
    assert_eq!(world.sleeping(BRUNO), None, "of another group");
    assert_eq!(world.refusal(BRUNO, row), Some(RefusalCode::HOST_GONE));
    let change = |world: &mut World, permissions, standing: HostStanding| {
        let groups = [SHOPS].into();
        let anna = Membership {
            permissions,
            groups,
        };
        world.standing.insert(TILL, standing);
        let now = moment(world.seconds);
        let memberships = [(AccountId(1), anna)].into();
        world
            .directory
            .memberships_changed(memberships, &world.standing, now);
        world.settle();
    };
    let may = Permissions::OF_OPERATOR;
    let may_not = Permissions::SEE.with(Permissions::CONTROL);
    let open = named("TILL-1", SHOPS);
    for (permissions, standing, code) in [
        (may_not, open.clone(), RefusalCode::NOT_ALLOWED),
        (
            may,
            HostStanding {
                only: [AccountId(2)].into(),
                ..open.clone()
            },
            RefusalCode::NOT_CHOSEN,
        ),
        (
            may,
            HostStanding {
                disabled: true,
                ..open.clone()
            },
            RefusalCode::HOST_GONE,
        ),
    ] {
        change(&mut world, permissions, standing);
        assert_eq!(world.sleeping(ANNA), None, "{code:?}");
        assert_eq!(world.refusal(ANNA, row), Some(code));
        change(&mut world, may, open.clone());
        assert!(world.sleeping(ANNA).is_some());
    }
    assert!(world.ordered.is_empty());
}

#[test]
fn u2_one_account_wakes_no_more_than_twenty_hosts_in_a_minute() {
    let shared = [10, 1, 1, 0];
    let stored = (10..40).map(|number| StoredPermanentHost {
        host: HostId(number),
        standing: named("TILL", SHOPS),
        system: String::new(),
        last_seen_unix_seconds: number,
        came_from: ROUTER.parse().ok(),
        lans: vec![lan(u8::try_from(number).expect("small"), shared)],
    });
    let mut world = World::new(stored.collect());
    world.comes_in(OFFICE, ROUTER, vec![lan(4, shared)]);
    let rows: Vec<PeerId> = world
        .told
        .iter()
        .filter_map(|(id, message)| match message {
            HubToOperator::Sleeping { sleeping } if *id == ANNA => Some(sleeping.entry.id),
            _ => None,
        })
        .collect();
    let mut begun = 0;
    for row in &rows[..30] {
        match world.wakes(ANNA, *row) {
            Some(WakeNews::Begun { .. }) => begun += 1,
            news => assert!(
                matches!(news, Some(WakeNews::Refused(r)) if r.code == RefusalCode::THROTTLED)
            ),
        }
    }
    assert_eq!((begun, world.ordered.len()), (20, 20));
}

#[test]
fn u2_a_host_that_says_what_cannot_be_is_cut_and_nobody_else() {
    let sound = lan(3, [192, 168, 1, 0]);
    let of_many = Lan {
        card: CardAddress([0xff; 6]),
        ..sound
    };
    let loopback = lan(3, [127, 0, 0, 0]);
    let unmasked = lan(3, [192, 168, 1, 7]);
    for lans in [
        vec![sound; 17],
        vec![of_many],
        vec![loopback],
        vec![unmasked],
    ] {
        let (mut world, row, office) = shop();
        world.host_says(office, HostToHub::Lans { lans });
        assert_eq!(world.cut, [office]);
        // what is cut has left
        world.goes(office);
        let nobody = Some(RefusalCode::NOBODY_NEAR);
        assert_eq!(world.refusal(ANNA, row), nobody);
    }
    let (mut world, row, office) = shop();
    let sent = true;
    world.host_says(office, HostToHub::Woke { wake: 99, sent });
    assert_eq!(world.cut, [office], "nobody asked for that");
    world.wakes(ANNA, row);
}

#[derive(Debug, Clone)]
enum Step {
    Comes(i64, bool),
    Goes(i64),
    Says(i64, Vec<(u8, u8, u8)>),
    Answers(i64, u64, bool),
    Wakes(bool),
    Passes(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let host = 3..5_i64;
    let lans = prop::collection::vec((any::<u8>(), any::<u8>(), 0..34_u8), 0..18);
    let step = prop_oneof![
        (host.clone(), any::<bool>()).prop_map(|(host, same)| Step::Comes(host, same)),
        host.clone().prop_map(Step::Goes),
        (host.clone(), lans).prop_map(|(host, lans)| Step::Says(host, lans)),
        (host, 0..4_u64, any::<bool>()).prop_map(|(h, wake, sent)| Step::Answers(h, wake, sent)),
        any::<bool>().prop_map(Step::Wakes),
        (1..70_u64).prop_map(Step::Passes),
    ];
    prop::collection::vec(step, 0..40)
}

proptest! {
    /// Whatever hosts say and whoever comes and goes: an order goes to a connected host, names cards of the
    /// other one alone, and only a network that both have said and are heard from.
    #[test]
    fn u2_in_every_history_only_cards_of_hosts_are_woken_in_networks_that_both_are_in(
        steps in steps()
    ) {
        let mut world = World::new(Vec::new());
        let till = world.comes_in(TILL, ROUTER, vec![lan(3, [192, 168, 1, 0])]);
        world.goes(till);
        let (row, _) = world.sleeping(ANNA).expect("in her list");
        let mut said: BTreeMap<i64, Vec<Lan>> = BTreeMap::new();
        said.insert(3, vec![lan(3, [192, 168, 1, 0])]);
        for step in steps {
            let peer = |host: i64| PeerId([u8::try_from(host).expect("small") + 100; 16]);
            let orders = world.ordered.len();
            match step {
                Step::Comes(host, same) => {
                    let from = if same { ROUTER } else { "198.51.100.1" };
                    world.comes(HostId(host), from);
                }
                Step::Goes(host) => world.goes(peer(host)),
                Step::Says(host, lans) => {
                    let lans: Vec<Lan> = lans.into_iter().map(|(card, third, prefix)| Lan {
                        card: CardAddress([2, 0, 0, 0, 0, card]),
                        network: Network { address: [192, 168, third, 0], prefix },
                    }).collect();
                    said.entry(host).or_default().extend(&lans);
                    world.host_says(peer(host), HostToHub::Lans { lans });
                }
                Step::Answers(host, wake, sent) => {
                    world.host_says(peer(host), HostToHub::Woke { wake, sent });
                }
                Step::Wakes(anna) => {
                    world.wakes(if anna { ANNA } else { BRUNO }, row);
                }
                Step::Passes(seconds) => world.pass(seconds),
            }
            for cut in std::mem::take(&mut world.cut) {
                prop_assert!(cut != ANNA && cut != BRUNO);
                world.goes(cut);
            }
            for (helper, _, order) in &world.ordered[orders..] {
                prop_assert_eq!(*helper, peer(4));
                prop_assert!(order.is_sound());
                let of_till = &said[&3];
                let is_told = |card: &CardAddress| of_till.iter().any(|lan| {
                    lan.card == *card && lan.network == order.network
                });
                prop_assert!(order.cards.iter().all(is_told));
                let of_helper = said.get(&4).cloned().unwrap_or_default();
                prop_assert!(of_helper.iter().any(|lan| lan.network == order.network));
            }
        }
    }
}
