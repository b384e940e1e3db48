//! Permanent hosts of an organisation with thousands of them.

use anyhow::Context as _;
use hub::catalogue::{
    Batch, Catalogue, Change, EnrolledHost, HostChange, NewEnrolmentCode, TokenHash, What,
};
use protocol::admin::Page;
use protocol::admin::hosts::{Filter, OfGroup, OfState, Order};
use protocol::{GroupId, HostGroupId, HostId, HostKey};
use session::directory::records;

use super::{APART, AT_ONCE, Dice, FIRST, Times, batch};

const GROUPS: [&str; 12] = [
    "Tills",
    "Shops",
    "Warehouse",
    "Offices",
    "Laboratory",
    "Library",
    "School",
    "Town hall",
    "Meeting rooms",
    "Servers",
    "Screens",
    "Terminals",
];
const SYSTEMS: [&str; 4] = [
    "Debian GNU/Linux 12 (bookworm)",
    "Ubuntu 24.04.2 LTS",
    "Fedora Linux 42",
    "Windows 11",
];

/// Enrols so many hosts, half of which are connected.
pub(super) fn make(catalogue: &mut dyn Catalogue, hosts: u64) -> anyhow::Result<()> {
    let mut dice = Dice(7);
    let mut whats: Vec<What> = GROUPS
        .map(|name| {
            What::Host(HostChange::GroupAdded {
                name: name.to_owned(),
                seen_by: [GroupId::EVERYONE].into(),
            })
        })
        .to_vec();
    let uses = u32::try_from(hosts).context("too many hosts")?;
    for (at, _) in (1_u8..).zip(GROUPS) {
        whats.push(What::Host(HostChange::EnrolmentMade(NewEnrolmentCode {
            code: TokenHash([at; 32]),
            group: Some(HostGroupId(at.into())),
            uses,
            expires_unix_millis: i64::MAX,
        })));
    }
    catalogue.apply(&[batch(FIRST, whats)])?;
    let mut next = 1;
    while next <= hosts {
        let to = hosts.min(next + AT_ONCE - 1);
        let batches: Vec<Batch> = (next..=to)
            .map(|number| enrolled(&mut dice, number))
            .collect();
        catalogue.apply(&batches)?;
        next = to + 1;
    }
    println!("{hosts} permanent hosts");
    Ok(())
}

fn enrolled(dice: &mut Dice, number: u64) -> Batch {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&number.to_le_bytes());
    let group = u8::try_from(dice.roll(GROUPS.len() as u64) + 1).unwrap_or(1);
    // every other one has the name of a computer that reports are of
    let computer = if number.is_multiple_of(2) {
        format!("PC-{:04}", number % 10_000)
    } else {
        format!("{}-{number:05}", dice.word().to_uppercase())
    };
    let system = dice.one_of(&SYSTEMS);
    let program = format!("purepc 0.{}.0 linux", dice.roll(5));
    let host = i64::try_from(number).unwrap_or(i64::MAX);
    let mut whats = vec![What::Host(HostChange::Enrolled(EnrolledHost {
        code: TokenHash([group; 32]),
        key: HostKey(key),
        computer: computer.as_str().into(),
        system: system.into(),
        program: program.clone(),
    }))];
    if dice.roll(2) == 0 {
        whats.push(What::Desk(records::What::PermanentHostHere {
            host: HostId(host),
            computer,
            system: system.to_owned(),
            program,
            from: std::net::Ipv4Addr::LOCALHOST.into(),
        }));
    }
    Batch {
        at_unix_millis: FIRST + APART / 10 * host,
        changes: whats.into_iter().map(Change::by_hub).collect(),
    }
}

/// How long it takes to list them in any order and to find one.
pub(super) fn measure(catalogue: &dyn Catalogue) -> anyhow::Result<()> {
    let all = Filter::default();
    let page = |first| Page { first, rows: 128 };
    let total = catalogue
        .host_rows(&all, (Order::Name, false), page(0))?
        .total;
    println!("{total} permanent hosts");
    let last = total.saturating_sub(128);
    for order in [
        Order::Name,
        Order::System,
        Order::Group,
        Order::LastSeen,
        Order::Version,
        Order::Enrolled,
    ] {
        let mut times = Times::default();
        for descending in [true, false] {
            for first in [0, last / 4, last / 2, last * 3 / 4, last] {
                times.take(|| catalogue.host_rows(&all, (order, descending), page(first)))?;
            }
        }
        times.print(&format!("hosts by {order:?}"));
    }
    let (mut dice, mut searches, mut filters) = (Dice(9), Times::default(), Times::default());
    for round in 0..200 {
        let search: String = dice.word().chars().take(2 + round % 6).collect();
        let filter = Filter {
            search: search.as_str().into(),
            ..Filter::default()
        };
        searches.take(|| catalogue.host_rows(&filter, (Order::Name, false), page(0)))?;
        let group = i64::try_from(dice.roll(12) + 1).unwrap_or(1);
        let filter = Filter {
            group: OfGroup::One(HostGroupId(group)),
            state: OfState::Connected,
            ..Filter::default()
        };
        filters.take(|| catalogue.host_rows(&filter, (Order::LastSeen, true), page(0)))?;
    }
    searches.print("search among hosts as it is typed");
    filters.print("hosts of a group that are connected");
    let mut standing = Times::default();
    for _ in 0..20 {
        standing.take(|| catalogue.standing())?;
    }
    standing.print("what was decided about all accounts and hosts");
    Ok(())
}
