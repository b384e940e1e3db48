//! The people: accounts, groups, roles and sign-ins.

use protocol::admin::people::{AccountOrder, AccountRow, GroupRow, RoleRow, SignInRow};
use protocol::control::Name;
use protocol::{AccountId, GroupId, Permissions, RoleId};

use super::{LookedAt, NO_ROWS, Shown, wanted};
use crate::listing::Listing;
use crate::words::Say;

/// The people.
#[derive(Debug)]
pub struct People {
    pub tab: PeopleTab,
    pub search: String,
    /// What is searched for, the order, and whether it is turned round.
    pub accounts: Listing<(Name, AccountOrder, bool), AccountRow>,
    pub chosen: Option<u32>,
    pub looked_at: LookedAt,
    pub groups: Shown<Vec<GroupRow>>,
    pub roles: Shown<Vec<RoleRow>>,
    pub sign_ins: Shown<Vec<SignInRow>>,
    pub asking: Option<PeopleAsking>,
}

impl Default for People {
    fn default() -> Self {
        Self {
            tab: PeopleTab::Accounts,
            search: String::new(),
            accounts: Listing::of((Name::default(), AccountOrder::DisplayName, false)),
            chosen: None,
            looked_at: NO_ROWS,
            groups: Shown::default(),
            roles: Shown::default(),
            sign_ins: Shown::default(),
            asking: None,
        }
    }
}

impl People {
    /// What was typed into the search counts.
    pub fn filter(&mut self) {
        self.accounts.filter.0 = wanted(&self.search);
        self.chosen = None;
        self.accounts.begin_anew();
    }

    /// Orders by a column; by the same one the other way round.
    pub fn sort_by(&mut self, order: AccountOrder) {
        let (_, by, descending) = &mut self.accounts.filter;
        *descending = *by == order && !*descending;
        *by = order;
        self.chosen = None;
        self.accounts.begin_anew();
    }

    /// Everything is asked for anew; what is here stands until then.
    pub fn refresh(&mut self) {
        self.accounts.refresh();
        self.groups.is_asked = false;
        self.roles.is_asked = false;
        self.sign_ins.is_asked = false;
        for due in [
            &mut self.groups.due,
            &mut self.roles.due,
            &mut self.sign_ins.due,
        ] {
            *due = 0.0;
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeopleTab {
    Accounts,
    SignIns,
    Groups,
    Roles,
}

/// A form or a question about people that is open over the window.
#[derive(Debug, Clone, PartialEq)]
pub enum PeopleAsking {
    Account(AccountForm),
    Disable {
        account: AccountId,
        name: Name,
    },
    Group {
        group: Option<GroupId>,
        name: String,
    },
    Role(RoleForm),
    /// Something that is shown once.
    Shown {
        title: Say,
        line: String,
        codes: Vec<String>,
    },
}

/// An account that is made or changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AccountForm {
    /// `None` for a new one.
    pub account: Option<AccountId>,
    pub name: String,
    pub display_name: String,
    pub role: Option<RoleId>,
    pub groups: Vec<GroupId>,
    pub show_faults: bool,
}

/// A role that is made or changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoleForm {
    /// `None` for a new one.
    pub role: Option<RoleId>,
    pub name: String,
    pub permissions: Permissions,
}
