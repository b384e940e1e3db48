//! Roles and groups, through the real hub: what is not allowed is refused and audited (B3, O11).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use protocol::admin::people::{
    AccountChange, AccountOrder, NewAccount, Question, Rules, SecondFactorRule,
};
use protocol::admin::{self, HubToAdmin, desk};
use protocol::{
    AccountId, Entry, EntryKind, GroupId, HubToOperator, OperatorToHub, OwnAnswer, OwnQuestion,
    Password, PeerId, Permissions, RefusalCode, Rights, Role, RoleId,
};
use session::authority::messages::of_question;
use session::authority::{Standing, Who, may};
use support::window::{
    ALL, Window, admin, audited, console, hub_with_administrator, log_in_answer, refusal,
};
use support::{Colleague, PASSWORD, Peer, log_in, run_hub};

#[tokio::test]
async fn b3_what_a_role_does_not_permit_is_refused_and_audited() {
    let hub = hub_with_administrator();
    admin(&hub, &["add-operator", "dora", "--role", "auditor"]);
    // an operator has no business in the administration, and an auditor none at the desk
    let refused = Window::open(&hub).await.try_sign_in("anna").await;
    let not_allowed = RefusalCode::NOT_ALLOWED;
    assert!(
        matches!(refused, HubToAdmin::SignInRefused { refusal } if refusal.code == not_allowed),
        "{refused:?}"
    );
    let mut peer = console(&hub).await;
    let answer = log_in_answer(&mut peer, &log_in("dora", PASSWORD)).await;
    assert_eq!(refusal(&answer), Some(not_allowed));

    // every question about people, as the one function says
    let mut window = Window::signed_in(&hub, "dora").await;
    let auditor = Who::Account(Standing {
        id: AccountId(4),
        permissions: Permissions::OF_AUDITOR,
        disabled: false,
    });
    let other = AccountId(1);
    for question in [
        Question::Accounts {
            page: ALL,
            search: "".into(),
            order: AccountOrder::Name,
            descending: false,
        },
        Question::AddAccount(NewAccount {
            name: "eva".into(),
            display_name: "".into(),
            role: RoleId::ADMINISTRATOR,
            groups: Vec::new(),
            password: Some(Password(PASSWORD.into())),
        }),
        Question::ChangeAccount {
            account: AccountId(4),
            change: AccountChange {
                name: "dora".into(),
                display_name: "dora".into(),
                role: RoleId::ADMINISTRATOR,
                groups: Vec::new(),
            },
        },
        Question::SetDisabled {
            account: other,
            disabled: true,
        },
        Question::SetPassword {
            account: other,
            password: Password("another password".into()),
        },
        Question::SetUpSecondFactor { account: other },
        Question::ResetSecondFactor { account: other },
        Question::Invite { account: other },
        Question::Groups { page: ALL },
        Question::AddGroup { name: "x".into() },
        Question::RenameGroup {
            group: GroupId(1),
            name: "x".into(),
        },
        Question::RemoveGroup { group: GroupId(1) },
        Question::Roles { page: ALL },
        Question::AddRole {
            name: "x".into(),
            permissions: Permissions::KNOWN,
        },
        Question::ChangeRole {
            role: RoleId::AUDITOR,
            name: "x".into(),
            permissions: Permissions::KNOWN,
        },
        Question::RemoveRole {
            role: RoleId::AUDITOR,
        },
        Question::SignIns { page: ALL },
        Question::EndSignIn {
            sign_in: PeerId([1; 16]),
        },
        Question::Rules,
        Question::SetRules(Rules {
            second_factor: SecondFactorRule::Off,
            password_chars: 4,
        }),
    ] {
        let (action, object) = of_question(&admin::Question::People(question.clone()));
        assert!(may(auditor, action, object).is_err(), "{question:?}");
        let shown = format!("{question:?}");
        let name = shown.split(|c: char| !c.is_alphanumeric()).next();
        let answer = window.try_ask(question).await;
        assert_eq!(answer, Err(not_allowed), "{shown}");
        // twice asked, once audited
        let denied = audited(&hub, "denied");
        let of_this = format!("\"People {}\"", name.expect("a name"));
        let rows = denied
            .iter()
            .filter(|(_, detail)| detail.contains(&of_this));
        let actors: Vec<&str> = rows.map(|(actor, _)| actor.as_str()).collect();
        assert_eq!(actors, ["dora"], "{shown}");
    }
    // not even for herself, without her password; that goes another way
    let question = Question::SetUpSecondFactor {
        account: AccountId(4),
    };
    assert_eq!(window.try_ask(question).await, Err(not_allowed));
    let own = admin::Question::Own(OwnQuestion::BeginSecondFactor {
        password: Password(PASSWORD.into()),
        code: None,
    });
    assert!(matches!(
        window.ask_hub(own).await,
        admin::Answer::Own(OwnAnswer::SecondFactor { .. })
    ));
    // ending sessions is for administrators
    let end = admin::Question::Desk(desk::Question::Disconnect {
        peer: PeerId([1; 16]),
    });
    assert_eq!(
        window.ask_hub(end).await,
        admin::Answer::Refused(not_allowed.into())
    );
    let verified = run_hub(&["audit", "verify", "--data", hub.data_text()], "");
    assert!(verified.status.success());
}

#[tokio::test]
async fn b3_a_role_taken_away_counts_at_the_next_question() {
    let hub = hub_with_administrator();
    admin(&hub, &["add-operator", "eva", "--administrator"]);
    let mut carla = Window::signed_in(&hub, "carla").await;
    let mut eva = Window::signed_in(&hub, "eva").await;
    assert_eq!(eva.accounts().await.len(), 4);
    carla.change("eva", |to| to.role = RoleId::OPERATOR).await;
    let asked = eva.try_ask(Question::Rules).await;
    assert_eq!(asked, Err(RefusalCode::NOT_ALLOWED));
    // an operator who may not be one any more is sent away at once
    let mut anna = hub.operator("anna").await;
    carla.change("anna", |to| to.role = RoleId::AUDITOR).await;
    let goodbye = anna.wait_for(|message| match message {
        HubToOperator::Goodbye { refusal } => Some(refusal.code),
        _ => None,
    });
    assert_eq!(goodbye.await, RefusalCode::NOT_ALLOWED);
    // the last administrator stays one
    let row = carla.account("carla").await;
    for question in [
        Question::SetDisabled {
            account: row.account,
            disabled: true,
        },
        Question::ChangeAccount {
            account: row.account,
            change: AccountChange {
                name: row.name,
                display_name: row.display_name,
                role: RoleId::OPERATOR,
                groups: row.groups,
            },
        },
    ] {
        let refused = carla.try_ask(question).await;
        assert_eq!(refused, Err(RefusalCode::LAST_ADMINISTRATOR));
    }
}

/// The rows that `operator` has, by the messages that are there until `marker` is.
async fn rows_until(
    operator: &mut Peer,
    rows: &mut Vec<Entry>,
    mut is_it: impl FnMut(&[Entry]) -> bool,
) {
    while !is_it(rows) {
        match operator.receive().await {
            HubToOperator::Entries { entries } => *rows = entries,
            HubToOperator::EntryChanged { entry } => {
                rows.retain(|row| row.id != entry.id);
                rows.push(entry);
            }
            HubToOperator::EntryGone { id } => {
                let before = rows.len();
                rows.retain(|row| row.id != id);
                assert_eq!(rows.len() + 1, before, "told of a row that was never there");
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn o11_an_operator_sees_only_who_shares_a_group_and_their_hosts() {
    let hub = hub_with_administrator();
    let mut carla = Window::signed_in(&hub, "carla").await;
    let (north, south) = (
        carla.add_group("North").await,
        carla.add_group("South").await,
    );
    carla.change("anna", |to| to.groups = vec![north]).await;
    carla.change("bruno", |to| to.groups = vec![south]).await;

    let mut bruno = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    bruno.send(&log_in("bruno", PASSWORD)).await;
    let mut rows = Vec::new();
    rows_until(&mut bruno, &mut rows, |rows| !rows.is_empty()).await;
    // Anna works with a host and leaves; Bruno hears nothing of it
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    pair.operator
        .send(&OperatorToHub::EndSession { session })
        .await;
    let host = pair.entry;
    pair.operator
        .send(&OperatorToHub::DisconnectHost { host })
        .await;
    pair.operator
        .wait_for(|message| match message {
            HubToOperator::EntryGone { id } if id == host => Some(()),
            _ => None,
        })
        .await;
    pair.operator.send(&OperatorToHub::LogOut).await;
    // whatever came before this is all that he was told
    let mut seen = Vec::new();
    let ticket = OperatorToHub::GenerateTicket;
    bruno.send(&ticket).await;
    loop {
        match bruno.receive().await {
            HubToOperator::TicketGenerated { .. } => break,
            HubToOperator::Permitted { .. } | HubToOperator::Page { .. } => {}
            other => seen.push(other),
        }
    }
    assert_eq!(seen, [], "of people of another group");
    assert_eq!(rows.len(), 1, "himself");

    // live: they share a group, and then no more
    let anna = hub.pair("anna").await;
    carla
        .change("bruno", |to| to.groups = vec![north, south])
        .await;
    rows_until(&mut bruno, &mut rows, |rows| rows.len() == 3).await;
    let kinds = |rows: &[Entry]| rows.iter().filter(|r| r.kind == EntryKind::User).count();
    assert_eq!(kinds(&rows), 1);
    assert!(
        rows.iter()
            .all(|row| row.kind == EntryKind::Operator || !row.yours)
    );
    carla.change("bruno", |to| to.groups = vec![south]).await;
    rows_until(&mut bruno, &mut rows, |rows| rows.len() == 1).await;
    // and by the command line of another process
    admin(&hub, &["change", "bruno", "--group", "North"]);
    rows_until(&mut bruno, &mut rows, |rows| rows.len() == 3).await;
    drop(anna);
}

#[tokio::test]
async fn b3_a_user_is_not_asked_for_more_than_the_role_permits() {
    let hub = hub_with_administrator();
    admin(&hub, &["add-role", "viewer", "see"]);
    admin(&hub, &["change", "anna", "--role", "viewer"]);
    let mut pair = hub.pair("anna").await;
    let question = pair.question(Rights::SEE_AND_CONTROL);
    pair.operator.send(&question).await;
    let refused = pair.operator.wait_for(|message| match message {
        HubToOperator::SessionRefused { refusal, .. } => Some(refusal.code),
        HubToOperator::ConsentPending { .. } => panic!("asked"),
        _ => None,
    });
    assert_eq!(refused.await, RefusalCode::NOT_ALLOWED);
    let (session, _) = pair.start_session(Rights::SEE).await;
    assert_eq!(session.count(), 1, "the first was never one");
    // stored before the session was
    let denied = audited(&hub, "denied");
    assert!(
        denied.iter().any(|(actor, _)| actor == "anna"),
        "{denied:?}"
    );
}

#[tokio::test]
async fn o11_a_row_names_nobody_of_another_group() {
    let hub = hub_with_administrator();
    admin(&hub, &["add-operator", "dora"]);
    let mut carla = Window::signed_in(&hub, "carla").await;
    let (north, south) = (
        carla.add_group("North").await,
        carla.add_group("South").await,
    );
    for (name, group) in [("anna", north), ("bruno", south), ("dora", north)] {
        carla.change(name, |to| to.groups = vec![group]).await;
    }
    // the host of Anna's ticket comes to Bruno too, and Bruno alone works there
    let mut pair = hub.pair("anna").await;
    let mut bruno = Colleague::meet(&hub, "bruno", &mut pair.host).await;
    pair.trade(&mut bruno);
    pair.start_session(Rights::SEE).await;
    let mut dora = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    dora.send(&log_in("dora", PASSWORD)).await;
    let mut rows = Vec::new();
    rows_until(&mut dora, &mut rows, |rows| !rows.is_empty()).await;
    let host = rows.iter().find(|row| row.id == pair.entry);
    let with = host.and_then(|row| row.in_session_with.as_deref());
    assert_eq!(with, Some("…"), "somebody, and not who: {rows:?}");
    assert!(rows.iter().all(|row| row.name.as_str() != "BRUNO"));
    // in Bruno's group they are named
    admin(
        &hub,
        &["change", "dora", "--group", "North", "--group", "South"],
    );
    rows_until(&mut dora, &mut rows, |rows| {
        let host = rows.iter().find(|row| row.id == pair.entry);
        host.and_then(|row| row.in_session_with.as_deref()) == Some("BRUNO")
    })
    .await;
}
