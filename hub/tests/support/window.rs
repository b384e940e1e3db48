//! An administrator's window, and what it leaves in the audit log.

use std::path::Path;

use protocol::admin::people::{
    AccountChange, AccountOrder, AccountRow, Answer, Question, Rules, SecondFactorRule, SignInRow,
};
use protocol::admin::{self, AdminToHub, HubToAdmin, Page};
use protocol::{GroupId, HubToOperator, OperatorToHub, Password, RefusalCode, Role};

use super::{PASSWORD, Peer, TestHub, run_hub, text};

pub(crate) const ALL: Page = Page {
    first: 0,
    rows: Page::MOST,
};

/// The hub's command line on its folder, which must do what it is told.
pub(crate) fn admin(hub: &TestHub, args: &[&str]) -> String {
    let (said, done) = try_admin(&hub.data, args);
    assert!(done, "{args:?}: {said}");
    said
}

pub(crate) fn try_admin(data: &Path, args: &[&str]) -> (String, bool) {
    let data = data.to_str().expect("a plain path");
    let args = [&["--log", "off", "admin"], args, &["--data", data]].concat();
    let output = run_hub(&args, &format!("{PASSWORD}\n"));
    (text(&output), output.status.success())
}

/// A hub with the administrator `carla` besides `anna` and `bruno`.
pub(crate) fn hub_with_administrator() -> TestHub {
    let hub = TestHub::start();
    admin(&hub, &["add-operator", "carla", "--administrator"]);
    hub
}

/// An administrator's window.
pub(crate) struct Window {
    pub(crate) peer: Peer,
    number: u32,
}

impl Window {
    pub(crate) async fn open(hub: &TestHub) -> Self {
        let greeted = hub.connect(Role::Administrator).await.expect("greeted");
        let peer = Peer::new(greeted);
        Self { peer, number: 0 }
    }

    /// What the hub says to a name and the password of all.
    pub(crate) async fn try_sign_in(&mut self, name: &str) -> HubToAdmin {
        let message = AdminToHub::SignIn {
            user: name.into(),
            password: Password(PASSWORD.into()),
        };
        self.peer.send(&message).await;
        self.peer.receive().await
    }

    pub(crate) async fn signed_in(hub: &TestHub, name: &str) -> Self {
        let mut window = Self::open(hub).await;
        let answer = window.try_sign_in(name).await;
        assert!(matches!(answer, HubToAdmin::SignedIn { .. }), "{answer:?}");
        window
    }

    pub(crate) async fn ask_hub(&mut self, question: admin::Question) -> admin::Answer {
        self.number += 1;
        let number = self.number;
        self.peer.send(&AdminToHub::Ask { number, question }).await;
        match self.peer.receive().await {
            HubToAdmin::Answered {
                number: answered,
                answer,
            } if answered == number => answer,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn try_ask(&mut self, question: Question) -> Result<Answer, RefusalCode> {
        match self.ask_hub(admin::Question::People(question)).await {
            admin::Answer::People(answer) => Ok(answer),
            admin::Answer::Refused(refusal) => Err(refusal.code),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn ask(&mut self, question: Question) -> Answer {
        self.try_ask(question).await.expect("answered")
    }

    pub(crate) async fn accounts(&mut self) -> Vec<AccountRow> {
        let question = Question::Accounts {
            page: ALL,
            search: "".into(),
            order: AccountOrder::Name,
            descending: false,
        };
        match self.ask(question).await {
            Answer::Accounts(rows) => rows.rows,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn account(&mut self, name: &str) -> AccountRow {
        let rows = self.accounts().await;
        let row = rows.into_iter().find(|row| row.name.as_str() == name);
        row.expect("an account")
    }

    pub(crate) async fn change(&mut self, name: &str, change: impl FnOnce(&mut AccountChange)) {
        let row = self.account(name).await;
        let mut to = AccountChange {
            name: row.name,
            display_name: row.display_name,
            role: row.role,
            groups: row.groups,
        };
        change(&mut to);
        let question = Question::ChangeAccount {
            account: row.account,
            change: to,
        };
        assert_eq!(self.ask(question).await, Answer::Done);
    }

    pub(crate) async fn add_group(&mut self, name: &str) -> GroupId {
        match self.ask(Question::AddGroup { name: name.into() }).await {
            Answer::GroupAdded { group } => group,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn sign_ins(&mut self) -> Vec<SignInRow> {
        match self.ask(Question::SignIns { page: ALL }).await {
            Answer::SignIns(rows) => rows.rows,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn set_rules(
        &mut self,
        second_factor: SecondFactorRule,
    ) -> Result<Answer, RefusalCode> {
        let rules = Rules {
            second_factor,
            password_chars: 8,
        };
        self.try_ask(Question::SetRules(rules)).await
    }

    pub(crate) async fn goodbye(&mut self) -> RefusalCode {
        self.peer
            .wait_for(|message| match message {
                HubToAdmin::Goodbye { refusal } => Some(refusal.code),
                _ => None,
            })
            .await
    }
}

/// The rows of the audit log with this action.
pub(crate) fn audited(hub: &TestHub, action: &str) -> Vec<(String, String)> {
    let database = rusqlite::Connection::open(hub.data.join("hub.db")).expect("opened");
    let mut statement = database
        .prepare("SELECT actor, detail FROM audit WHERE action = ?1 ORDER BY id")
        .expect("SQL");
    let rows = statement.query_map([action], |row| Ok((row.get(0)?, row.get(1)?)));
    let rows = rows.expect("rows");
    rows.collect::<Result<_, _>>().expect("readable")
}

pub(crate) async fn log_in_answer(peer: &mut Peer, message: &OperatorToHub) -> HubToOperator {
    peer.send(message).await;
    peer.receive().await
}

pub(crate) async fn console(hub: &TestHub) -> Peer {
    Peer::new(hub.connect(Role::Operator).await.expect("greeted"))
}

pub(crate) fn refusal(message: &HubToOperator) -> Option<RefusalCode> {
    match message {
        HubToOperator::LogInRefused { refusal } => Some(refusal.code),
        _ => None,
    }
}
