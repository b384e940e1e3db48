//! How much of what all share one operator may hold, and whose place is whose (H1, R4).

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one effect among many, and fails where it does not come"
)]

use std::time::Duration;

use protocol::{
    HostToHub, HubToHost, HubToOperator, OperatorToHub, PeerId, Refusal, RefusalCode, ResumeSecret,
    TicketRoute,
};
use session::authority::Membership;
use session::directory::records::{AccountId, Stored};
use session::directory::{
    CannotResume, Departure, Directory, Effect, LoggedIn, Moment, Policy, TICKET_MEMORY,
};

const ANNA: PeerId = PeerId([1; 16]);
const BRUNO: PeerId = PeerId([2; 16]);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

struct Desk {
    directory: Directory,
    now: Moment,
    random: u64,
}

impl Desk {
    /// Anna and Bruno are logged in, and tickets are good for a day.
    fn new() -> Self {
        let policy = Policy {
            hub: 0,
            ticket_validity: 24 * HOUR,
            attempt: 20 * SECOND,
            consent: 120 * SECOND,
            kept: 600 * SECOND,
        };
        let now = Moment {
            since_start: Duration::ZERO,
            unix_millis: 1_700_000_000_000,
        };
        let mut desk = Self {
            directory: Directory::new(policy, Stored::default(), now),
            now,
            random: 0,
        };
        for (id, account, login) in [(ANNA, 1, "anna"), (BRUNO, 2, "bruno")] {
            let who = LoggedIn {
                account: AccountId(account),
                login: login.to_owned(),
                display_name: login.into(),
            };
            let secret = [u8::try_from(account).expect("small"); 32];
            let membership = Membership::of_new_operator();
            desk.directory
                .operator_arrived(id, who, membership, secret, now);
        }
        desk.directory.take_effects();
        desk
    }

    fn pass(&mut self, time: Duration) {
        self.now.since_start += time;
        self.now.unix_millis += i64::try_from(time.as_millis()).expect("days");
        self.directory.tick(self.now);
        self.directory.take_effects();
    }

    fn says(&mut self, operator: PeerId, message: OperatorToHub) -> Vec<Effect> {
        self.random += 1;
        let mut random = [0; 32];
        random[..8].copy_from_slice(
            &self
                .random
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .to_le_bytes(),
        );
        self.directory
            .operator_said(operator, message, random, self.now);
        self.directory.take_effects()
    }

    fn generate(&mut self, operator: PeerId) -> Result<TicketRoute, Refusal> {
        let effects = self.says(operator, OperatorToHub::GenerateTicket);
        let made = effects.iter().find_map(|effect| match effect {
            Effect::StoreTicket { route, .. } => Some(Ok(*route)),
            Effect::ToOperator(_, HubToOperator::TicketRefused { refusal }) => Some(Err(*refusal)),
            _ => None,
        });
        made.expect("an answer")
    }

    /// What a host is told that types a ticket with `route`; `None` if it may go on.
    fn refusal_of(&mut self, route: TicketRoute) -> Option<RefusalCode> {
        let host = PeerId([9; 16]);
        self.directory.host_arrived(host);
        let message = HostToHub::OpenTicket {
            route,
            computer: "PC".into(),
            user: "X".into(),
            system: "Linux".into(),
            exchange: vec![1; 33].into(),
        };
        self.directory.host_said(host, message, self.now);
        let effects = self.directory.take_effects();
        self.directory.left(host, Departure::GoodOrder, self.now);
        self.directory.take_effects();
        effects.iter().find_map(|effect| match effect {
            Effect::ToHost(_, HubToHost::TicketRefused { refusal }) => Some(refusal.code),
            _ => None,
        })
    }

    /// The routes that no new ticket can have.
    fn held(&mut self) -> usize {
        let routes = (0..TicketRoute::COUNT).filter_map(TicketRoute::new);
        let is_held =
            |route: &TicketRoute| self.refusal_of(*route) != Some(RefusalCode::TICKET_WRONG);
        routes.filter(is_held).count()
    }
}

#[test]
fn h1_one_operator_never_holds_more_than_170_of_the_10_000_routes() {
    let mut desk = Desk::new();
    let mut open = Vec::new();
    let mut most = 0;
    // as many open as may be, and at the end of one hour and the beginning of the next all that may be made
    for wait in [Duration::ZERO, HOUR, 59 * MINUTE, MINUTE, TICKET_MEMORY] {
        desk.pass(wait);
        loop {
            match desk.generate(ANNA) {
                Ok(route) => open.push(route),
                Err(refusal) if refusal.code == RefusalCode::FULL => {
                    let route = open.pop().expect("some are open");
                    desk.says(ANNA, OperatorToHub::RevokeTicket { route });
                }
                Err(refusal) => {
                    assert_eq!(refusal.code, RefusalCode::THROTTLED);
                    assert!((1..=3601).contains(&refusal.retry_after_seconds));
                    break;
                }
            }
        }
        most = most.max(desk.held());
    }
    println!("{most} of {} routes at most", TicketRoute::COUNT);
    assert!((120..=170).contains(&most), "{most}");
    desk.generate(BRUNO).expect("others are not held up");
}

#[test]
fn h1_a_route_comes_back_within_minutes_however_long_its_ticket_would_have_been_good() {
    let mut desk = Desk::new();
    let route = desk.generate(ANNA).expect("a ticket");
    assert_eq!(desk.refusal_of(route), None);
    desk.says(ANNA, OperatorToHub::RevokeTicket { route });
    desk.pass(SECOND);
    assert_eq!(desk.refusal_of(route), Some(RefusalCode::TICKET_BURNT));
    desk.pass(TICKET_MEMORY);
    assert_eq!(desk.refusal_of(route), Some(RefusalCode::TICKET_WRONG));
}

#[test]
fn r4_a_guessed_secret_is_told_apart_from_a_place_that_is_no_more() {
    let mut desk = Desk::new();
    let now = desk.now;
    desk.directory.left(ANNA, Departure::Lost, now);
    assert_eq!(desk.directory.away(), 1);
    let mut resume = |id, secret: u8| {
        let secret = ResumeSecret([secret; 32]);
        desk.directory.operator_resumes(id, &secret, now)
    };
    assert_eq!(resume(ANNA, 7), Err(CannotResume::WrongSecret));
    assert_eq!(resume(PeerId([3; 16]), 7), Err(CannotResume::NoPlace));
    assert!(resume(ANNA, 1).is_ok());
    assert_eq!(desk.directory.away(), 0);
    let refusals = [CannotResume::WrongSecret, CannotResume::NoPlace].map(Refusal::from);
    assert_eq!(refusals[0], refusals[1], "who guesses is told no more");
}
