//! The settings of the hub, and what the organisation asks of reports.

use protocol::admin::people::{Rules, SecondFactorRule};
use protocol::admin::reports::{self, Category};
use protocol::admin::settings::Settings;
use protocol::control::Name;

use super::Shown;

/// The settings of the hub.
#[derive(Debug, Default)]
pub struct HubSettings {
    pub tab: SettingsTab,
    pub categories: Shown<Vec<Category>>,
    pub fields: Shown<Vec<reports::Field>>,
    pub asking: Option<FormAsking>,
    pub logo: LogoState,
    pub now: Shown<Settings>,
    /// What holds for all accounts.
    pub rules: Shown<Rules>,
    /// What is typed; nothing counts before **Save**.
    pub form: Option<SettingsForm>,
    /// What the hub had when the form was shown last.
    pub shown: Option<SettingsForm>,
    /// What is being saved.
    pub saving: Option<SettingsForm>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SettingsTab {
    #[default]
    General,
    /// What the organisation asks of reports.
    Forms,
}

/// The organisation's logo.
#[derive(Default)]
pub struct LogoState {
    /// The file that is typed.
    pub path: String,
    /// What the hub has; empty if there is none.
    pub stored: Shown<bytes::Bytes>,
    pub picture: Option<egui::TextureHandle>,
    pub is_busy: bool,
    /// Why the last file is no logo.
    pub problem: Option<String>,
}

impl std::fmt::Debug for LogoState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogoState").finish_non_exhaustive()
    }
}

/// A form or a question about categories and fields that is open over the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormAsking {
    Category {
        /// `None` for a new one.
        id: Option<u32>,
        name: String,
    },
    Field(FieldForm),
    Remove {
        id: u32,
        name: Name,
        is_field: bool,
    },
}

/// A field of the organisation's that is made or changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldForm {
    /// `None` for a new one.
    pub id: Option<u32>,
    pub name: String,
    pub kind: FormKind,
    /// One on each line.
    pub choices: String,
    pub required: bool,
    pub show_faults: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FormKind {
    #[default]
    Text,
    Number,
    Choice,
}

/// Settings as they are typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsForm {
    pub organisation: String,
    pub words: String,
    pub film_days: String,
    pub report_days: String,
    pub film_quota_gb: String,
    pub film_kb_per_second: String,
    pub free_disk_gb: String,
    pub second_factor: SecondFactorRule,
    pub password_chars: String,
    pub ticket_minutes: String,
    pub watch_live: bool,
    pub unattended_reason: bool,
    pub unattended_code: bool,
    pub unattended_hours: String,
    pub hosts_update: bool,
}
