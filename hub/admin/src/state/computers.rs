//! The permanent hosts.

use protocol::admin::hosts::{
    EnrolmentRow, Filter, HostChange, HostGroup, HostGroupRow, HostRow, NewEnrolment, Note, Order,
    Question, Versions,
};
use protocol::control::Name;
use protocol::{GroupId, HostGroupId, HostId};

use super::{LookedAt, NO_ROWS, Shown, wanted};
use crate::listing::Listing;

/// How often the list is asked for while it is looked at: computers come and go.
const LIST_SECONDS: f64 = 5.0;
/// How long a code is good if nobody says otherwise, in hours.
const VALID_HOURS: u32 = 24;

#[derive(Debug)]
pub struct Computers {
    pub tab: ComputersTab,
    pub search: String,
    /// The filter, the order, and whether it is turned round.
    pub list: Listing<(Filter, Order, bool), HostRow>,
    /// The row that is chosen, and whose it was: another one that came into its place is not.
    pub chosen: Option<(u32, HostId)>,
    pub looked_at: LookedAt,
    /// When the list is to be asked for again, in seconds of the window's time.
    due: f64,
    pub groups: Shown<Vec<HostGroupRow>>,
    pub codes: Shown<Vec<EnrolmentRow>>,
    pub versions: Shown<Versions>,
    pub asking: Option<ComputersAsking>,
}

impl Default for Computers {
    fn default() -> Self {
        Self {
            tab: ComputersTab::Hosts,
            search: String::new(),
            list: Listing::default(),
            chosen: None,
            looked_at: NO_ROWS,
            due: 0.0,
            groups: Shown::default(),
            codes: Shown::default(),
            versions: Shown::default(),
            asking: None,
        }
    }
}

impl Computers {
    /// Another filter: the list begins anew.
    pub fn filter(&mut self, change: impl FnOnce(&mut Filter)) {
        let filter = &mut self.list.filter.0;
        change(filter);
        filter.search = wanted(&self.search);
        self.begin_anew();
    }

    /// Whether some computers may be left out.
    pub fn is_filtered(&self) -> bool {
        self.list.filter.0 != Filter::default()
    }

    /// Orders by a column; by the same one the other way round. Who was seen last comes first.
    pub fn sort_by(&mut self, order: Order) {
        let (_, by, descending) = &mut self.list.filter;
        *descending = if *by == order {
            !*descending
        } else {
            order == Order::LastSeen
        };
        *by = order;
        self.begin_anew();
    }

    fn begin_anew(&mut self) {
        self.chosen = None;
        self.list.begin_anew();
    }

    /// The host that is chosen, if it still stands where it stood.
    pub fn chosen_row(&self) -> Option<&HostRow> {
        let (at, host) = self.chosen?;
        self.list.row(at).filter(|row| row.host == host)
    }

    pub fn choose(&mut self, at: u32) {
        self.chosen = self.list.row(at).map(|row| (at, row.host));
    }

    /// Everything is asked for anew; what is here stands until then.
    pub fn refresh(&mut self) {
        self.list.refresh();
        self.groups.is_asked = false;
        self.codes.is_asked = false;
        (self.groups.due, self.codes.due) = (0.0, 0.0);
        self.versions.refresh();
    }

    /// Lets the list be asked for again where it is time.
    pub fn keep_fresh(&mut self, now: f64) {
        if now >= self.due {
            if self.due > 0.0 && self.list.total.is_some() {
                self.list.refresh();
            }
            self.due = now + LIST_SECONDS;
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComputersTab {
    Hosts,
    Groups,
    Codes,
    /// Which versions are in use, and which are handed out.
    Versions,
}

/// A form or a question about computers that is open over the window.
#[derive(Debug, Clone, PartialEq)]
pub enum ComputersAsking {
    Invite(InviteForm),
    /// The line, which is shown once.
    Invited(String),
    Change(HostForm),
    Operators(OperatorsForm),
    Disable {
        host: HostId,
        name: Name,
    },
    Remove {
        host: HostId,
        name: Name,
    },
    Group(HostGroupForm),
    RemoveGroup {
        group: HostGroupId,
        name: Name,
    },
}

/// A code that is made.
#[derive(Debug, Clone, PartialEq)]
pub struct InviteForm {
    pub group: Option<HostGroupId>,
    pub uses: String,
    pub valid_hours: String,
    pub show_faults: bool,
}

impl Default for InviteForm {
    fn default() -> Self {
        Self {
            group: None,
            uses: "1".to_owned(),
            valid_hours: VALID_HOURS.to_string(),
            show_faults: false,
        }
    }
}

impl InviteForm {
    /// How many computers, if it can be so many.
    pub fn uses(&self) -> Option<u32> {
        let uses = self.uses.trim().parse().ok();
        uses.filter(|uses| (1..=protocol::admin::hosts::MAX_USES).contains(uses))
    }

    pub fn valid_hours(&self) -> Option<u32> {
        let hours = self.valid_hours.trim().parse().ok();
        hours.filter(|hours| (1..=protocol::admin::hosts::MAX_VALID_HOURS).contains(hours))
    }

    pub(crate) fn question(&self) -> Option<Question> {
        Some(Question::Invite(NewEnrolment {
            group: self.group,
            uses: self.uses()?,
            valid_hours: self.valid_hours()?,
        }))
    }
}

/// A computer that is changed.
#[derive(Debug, Clone, PartialEq)]
pub struct HostForm {
    pub host: HostId,
    /// As it names itself.
    pub computer: Name,
    pub name: String,
    pub group: Option<HostGroupId>,
    pub note: String,
}

impl HostForm {
    pub(crate) fn of(row: &HostRow) -> Self {
        Self {
            host: row.host,
            computer: row.computer.clone(),
            name: if row.is_named {
                row.name.to_string()
            } else {
                String::new()
            },
            group: row.group,
            note: row.note.to_string(),
        }
    }

    pub(crate) fn question(&self) -> Question {
        let change = HostChange {
            name: Name::cut(self.name.trim()),
            group: self.group,
            note: Note::cut(self.note.trim()),
        };
        Question::Change {
            host: self.host,
            change,
        }
    }
}

/// Who alone opens a computer.
#[derive(Debug, Clone, PartialEq)]
pub struct OperatorsForm {
    pub host: HostId,
    /// Of the computer.
    pub name: Name,
    /// Names of accounts, with commas between them.
    pub names: String,
}

impl OperatorsForm {
    pub(crate) fn question(&self) -> Question {
        let names = self.names.split(',').map(str::trim);
        let names = names.filter(|name| !name.is_empty()).map(Name::cut);
        Question::ChooseOperators {
            host: self.host,
            names: names.collect(),
        }
    }
}

/// A group of computers that is made or changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HostGroupForm {
    /// `None` for a new one.
    pub group: Option<HostGroupId>,
    pub name: String,
    pub seen_by: Vec<GroupId>,
    pub show_faults: bool,
}

impl HostGroupForm {
    pub(crate) fn of(row: &HostGroupRow) -> Self {
        Self {
            group: Some(row.group),
            name: row.name.to_string(),
            seen_by: row.seen_by.clone(),
            show_faults: false,
        }
    }

    pub(crate) fn question(&self) -> Option<Question> {
        let name = Name::cut(self.name.trim());
        if name.is_empty() {
            return None;
        }
        let to = HostGroup {
            name,
            seen_by: self.seen_by.clone(),
        };
        Some(match self.group {
            None => Question::AddGroup(to),
            Some(group) => Question::ChangeGroup { group, to },
        })
    }
}
