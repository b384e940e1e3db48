//! What the console remembers from run to run, and what an administrator may give it beforehand.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use desktop::WindowPlace;
use operator_engine::ClipboardWays;
use protocol::ColourDepth;
use serde::{Deserialize, Serialize};
use ui_kit::remote_view::ViewSize;
use ui_kit::{Lang, TextSize, ThemeChoice};

use crate::state::computers::Habits;
use crate::state::templates::{Template, Templates};
use crate::state::view::{HostView, Usual};

/// The file beside the program that says which hub is whose: `pure-help-desk.json`.
pub const PROVISION_FILE: &str = "pure-help-desk.json";
const MAX_PROVISION_BYTES: u64 = 64 * 1024;
/// Sizes of pictures whose windows' places are remembered.
const MOST_SESSION_PLACES: usize = 24;
/// Hosts of which it is remembered what was seen of them.
const MOST_HOST_VIEWS: usize = 200;

/// Settings (O2). The password is not among them; see `desktop::Secrets`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub server_address: String,
    pub port: u16,
    /// The hub's fingerprint, 64 hexadecimal digits.
    pub fingerprint: String,
    pub user_name: String,
    pub remember_password: bool,
    pub connect_on_start_up: bool,
    pub proxy: ProxySettings,
    /// Ask for the report when an assistance ends.
    pub action_feed_back: bool,
    pub popups: PopupSettings,
    /// An icon in the notification area, where the program stays when its window is closed.
    pub tray: bool,
    /// How much colour a session starts with (O3); as the last one had if `None`.
    pub starting_color_depth: Option<ColourDepth>,
    pub starting_image_size: StartingSize,
    /// `None` follows the system.
    pub language: Option<Lang>,
    pub theme: ThemeChoice,
    pub text_size: TextSize,
    /// The operator's own texts for users.
    pub ticket_templates: Vec<Template>,
    /// The name of the one that counts; the house's if `None`.
    pub ticket_template_chosen: Option<String>,
    /// The only one there was in earlier settings.
    #[serde(skip_serializing)]
    pub ticket_template: Option<String>,
    /// What the operator writes often.
    pub snippets: Vec<String>,
    /// Where files of users land; empty for the usual folder.
    pub received_files: String,
    /// What is copied here can be pasted at hosts, and the other way round (S7).
    pub clipboard_to_hosts: bool,
    pub clipboard_from_hosts: bool,
    pub window: Option<WindowPlace>,
    /// The colour depth that each account chose last.
    pub color_depths: BTreeMap<String, ColourDepth>,
    /// What each account does with its list.
    pub habits: BTreeMap<String, Habits>,
    /// Where session windows stand that their operator moved; the newest first.
    pub session_places: Vec<SessionPlace>,
    /// What was chosen to see of hosts; the newest first.
    pub host_views: Vec<KeptView>,
}

/// What an account chose to see of one host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptView {
    /// The account, and so the hub.
    pub account: String,
    /// See [`host_key`].
    pub host: String,
    pub view: HostView,
}

/// What a host is remembered by: permanent ones come back under their name; of who comes with a ticket the
/// computer's name is all that comes back.
pub fn host_key(is_permanent: bool, name: &str) -> String {
    let kind = if is_permanent { "permanent" } else { "ticket" };
    format!("{kind}:{name}")
}

/// Where the window of a session stands whose picture has that size. Lengths are points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionPlace {
    /// The size of the picture it opened with, in pixels.
    pub picture: (u32, u32),
    /// The monitor that has it for its own, by its name; `None` for a session's first window.
    #[serde(default)]
    pub monitor: Option<String>,
    pub left: f32,
    pub top: f32,
    /// The size without the window's frame.
    pub width: f32,
    pub height: f32,
    pub maximized: bool,
}

/// How large the picture of a session is at its start (O3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum StartingSize {
    #[default]
    Fit,
    /// One pixel for one pixel.
    Actual,
    /// In per cent of the host's screen.
    Percent(u16),
    FullScreen,
}

impl StartingSize {
    /// The size of the picture, and whether it fills the screen.
    pub fn to_view(self) -> (ViewSize, bool) {
        match self {
            Self::Fit => (ViewSize::Fit, false),
            Self::Actual => (ViewSize::Actual, false),
            // what was written into the file by hand may be anything
            Self::Percent(percent) => (ViewSize::Percent(percent.clamp(10, 400)), false),
            Self::FullScreen => (ViewSize::Fit, true),
        }
    }
}

/// What the desktop shows notices of (O2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PopupSettings {
    pub enable: bool,
    /// Users who come with the operator's tickets.
    pub users: bool,
    /// Computers that are always connected.
    pub computers: bool,
    pub operators: bool,
    /// What users write.
    pub messages: bool,
    /// No notices from one time of the day to another, in minutes since midnight.
    pub quiet: bool,
    pub quiet_from: u16,
    pub quiet_to: u16,
}

impl Default for PopupSettings {
    fn default() -> Self {
        Self {
            enable: true,
            users: true,
            computers: true,
            operators: true,
            messages: true,
            quiet: false,
            quiet_from: 20 * 60,
            quiet_to: 7 * 60,
        }
    }
}

impl PopupSettings {
    /// Whether nothing is to be shown so many minutes after midnight. A time from evening to morning goes
    /// over midnight; one that begins when it ends is the whole day.
    pub fn is_quiet_at(&self, minute: u16) -> bool {
        let (from, to) = (self.quiet_from, self.quiet_to);
        let inside = if from < to {
            (from..to).contains(&minute)
        } else {
            minute >= from || minute < to
        };
        self.quiet && inside
    }
}

/// Which proxy to go through (O4). The password is not among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProxySettings {
    pub enable: bool,
    /// Not the system's.
    pub custom: bool,
    /// A name, with `socks5://` before it if it speaks that.
    pub server: String,
    pub port: u16,
    pub user_name: String,
    pub remember_password: bool,
}

impl Default for ProxySettings {
    fn default() -> Self {
        Self {
            enable: true,
            custom: false,
            server: String::new(),
            port: 8080,
            user_name: String::new(),
            remember_password: false,
        }
    }
}

impl ProxySettings {
    /// The name under which the password is remembered; it is not recalled for another proxy.
    pub fn secret_name(&self) -> String {
        if self.custom {
            format!("proxy:{}@{}:{}", self.user_name, self.server, self.port)
        } else {
            format!("proxy:{}@system", self.user_name)
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            server_address: String::new(),
            port: operator_engine::DEFAULT_PORT,
            fingerprint: String::new(),
            user_name: String::new(),
            remember_password: false,
            connect_on_start_up: false,
            proxy: ProxySettings::default(),
            action_feed_back: true,
            popups: PopupSettings::default(),
            tray: false,
            starting_color_depth: None,
            starting_image_size: StartingSize::default(),
            language: None,
            theme: ThemeChoice::System,
            text_size: TextSize::default(),
            ticket_templates: Vec::new(),
            ticket_template_chosen: None,
            ticket_template: None,
            snippets: Vec::new(),
            window: None,
            received_files: String::new(),
            clipboard_to_hosts: true,
            clipboard_from_hosts: true,
            color_depths: BTreeMap::new(),
            habits: BTreeMap::new(),
            session_places: Vec::new(),
            host_views: Vec::new(),
        }
    }
}

impl Settings {
    pub fn lang(&self) -> Lang {
        self.language.unwrap_or_else(Lang::from_system)
    }

    /// The name under which the password is remembered: a password belongs to one user of one hub, and
    /// is not recalled for another key at the same address.
    pub fn secret_name(&self) -> String {
        let digits = self.fingerprint.chars().filter(char::is_ascii_hexdigit);
        let key: String = digits.map(|digit| digit.to_ascii_lowercase()).collect();
        format!("{}#{key}", self.account())
    }

    /// The account, in words.
    fn account(&self) -> String {
        format!("{}@{}:{}", self.user_name, self.server_address, self.port)
    }

    /// How much colour this account's sessions start with.
    pub fn color_depth(&self) -> ColourDepth {
        let last = self.color_depths.get(&self.account());
        self.starting_color_depth
            .unwrap_or_else(|| last.copied().unwrap_or_default())
    }

    pub fn keep_color_depth(&mut self, depth: ColourDepth) {
        self.color_depths.insert(self.account(), depth);
    }

    /// Takes from `now` what changed while a form was open that does not show it.
    pub fn keep_what_no_form_has(&mut self, now: &Self) {
        let now = now.clone();
        self.ticket_templates = now.ticket_templates;
        self.ticket_template_chosen = now.ticket_template_chosen;
        self.snippets = now.snippets;
        self.window = now.window;
        self.color_depths = now.color_depths;
        self.habits = now.habits;
        self.session_places = now.session_places;
        self.host_views = now.host_views;
    }

    /// What this account does with its list.
    pub fn habits(&self) -> Habits {
        let known = self.habits.get(&self.account());
        known.cloned().unwrap_or_default()
    }

    pub fn keep_habits(&mut self, habits: Habits) {
        self.habits.insert(self.account(), habits);
    }

    /// How sessions begin with a host for which nothing was chosen.
    pub fn usual(&self) -> Usual {
        let (size, full_screen) = self.starting_image_size.to_view();
        Usual {
            size: (self.starting_image_size != StartingSize::Fit).then_some(size),
            full_screen,
            depth: self.color_depth(),
        }
    }

    /// What this account chose to see of a host.
    pub fn host_view(&self, host: &str) -> HostView {
        let account = self.account();
        let mut views = self.host_views.iter();
        let known = views.find(|known| known.account == account && known.host == host);
        known.map(|known| known.view.clone()).unwrap_or_default()
    }

    /// The newest choice; nothing chosen is nothing remembered.
    pub fn keep_host_view(&mut self, host: String, view: HostView) {
        let account = self.account();
        self.host_views
            .retain(|known| known.account != account || known.host != host);
        if view != HostView::default() {
            let kept = KeptView {
                account,
                host,
                view,
            };
            self.host_views.insert(0, kept);
            self.host_views.truncate(MOST_HOST_VIEWS);
        }
    }

    /// Where the operator left the window of a picture of that size, and of that monitor.
    pub fn session_place(
        &self,
        picture: (u32, u32),
        monitor: Option<&str>,
    ) -> Option<SessionPlace> {
        let mut places = self.session_places.iter();
        let is_it =
            |place: &&SessionPlace| place.picture == picture && place.monitor.as_deref() == monitor;
        places.find(is_it).cloned()
    }

    pub fn keep_session_place(&mut self, place: SessionPlace) {
        self.session_places
            .retain(|known| (known.picture, &known.monitor) != (place.picture, &place.monitor));
        self.session_places.insert(0, place);
        self.session_places.truncate(MOST_SESSION_PLACES);
    }

    pub fn clipboard(&self) -> ClipboardWays {
        ClipboardWays {
            to_hosts: self.clipboard_to_hosts,
            from_hosts: self.clipboard_from_hosts,
        }
    }

    pub fn keep_clipboard(&mut self, ways: ClipboardWays) {
        self.clipboard_to_hosts = ways.to_hosts;
        self.clipboard_from_hosts = ways.from_hosts;
    }

    /// The texts for users; the one of earlier settings becomes one of them, called `name`.
    pub fn templates(&mut self, name: &str) -> Templates {
        if let Some(text) = self.ticket_template.take() {
            let name = name.to_owned();
            self.ticket_template_chosen = Some(name.clone());
            self.ticket_templates.push(Template { name, text });
        }
        let chosen = self.ticket_template_chosen.as_deref();
        Templates::new(self.ticket_templates.clone(), chosen)
    }

    /// Takes the hub from `provision` if it names one.
    pub fn take_hub(&mut self, provision: &Provision) {
        let address = provision.hub.as_deref().unwrap_or_default();
        if let Ok(address) = address.parse::<operator_engine::HubAddress>() {
            self.server_address = address.host;
            self.port = address.port;
        }
        if let Some(fingerprint) = &provision.fingerprint {
            self.fingerprint.clone_from(fingerprint);
        }
    }
}

/// What an administrator or the command line says about the hub.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Provision {
    /// `hub.example.org` or `hub.example.org:4433`.
    pub hub: Option<String>,
    pub fingerprint: Option<String>,
}

impl Provision {
    /// The file beside the program, if there is one. What cannot be read is told in the log: the
    /// operator can still type it.
    pub fn beside_program() -> Option<Self> {
        let program = std::env::current_exe().ok()?;
        Self::in_folder(program.parent()?)
    }

    fn in_folder(folder: &Path) -> Option<Self> {
        let path = folder.join(PROVISION_FILE);
        if fs::metadata(&path).ok()?.len() > MAX_PROVISION_BYTES {
            tracing::warn!(path = %path.display(), "Provision file is too large");
            return None;
        }
        let text = fs::read_to_string(&path).ok()?;
        match serde_json::from_str(&text) {
            Ok(provision) => Some(provision),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "Provision file does not parse");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::view::Monitors;

    #[test]
    fn a_file_beside_the_program_sets_the_hub_up() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(Provision::in_folder(folder.path()), None);
        let text = r#"{"hub": "hub.example.org:4433", "fingerprint": "abcd"}"#;
        fs::write(folder.path().join(PROVISION_FILE), text).expect("written");
        let provision = Provision::in_folder(folder.path()).expect("parses");
        let mut settings = Settings::default();
        settings.take_hub(&provision);
        assert_eq!(settings.server_address, "hub.example.org");
        assert_eq!(
            (settings.port, settings.fingerprint.as_str()),
            (4433, "abcd")
        );
    }

    #[test]
    fn what_changed_behind_a_form_stays_when_the_form_is_saved() {
        let form = Settings {
            user_name: "otto".to_owned(),
            ..Settings::default()
        };
        let mut now = Settings {
            snippets: vec!["Good morning".to_owned()],
            ..Settings::default()
        };
        now.keep_color_depth(ColourDepth::Grey);
        let mut saved = form;
        saved.keep_what_no_form_has(&now);
        assert_eq!(saved.user_name, "otto");
        assert_eq!(saved.snippets, now.snippets);
        assert_eq!(saved.color_depths, now.color_depths);
    }

    #[test]
    fn s2_what_was_seen_of_a_host_is_kept_for_its_account_and_bounded() {
        let mut settings = Settings {
            user_name: "otto".to_owned(),
            ..Settings::default()
        };
        let grey = HostView {
            depth: Some(ColourDepth::Grey),
            monitors: Some(Monitors::One("HDMI-1".to_owned())),
            ..HostView::default()
        };
        let pc = host_key(false, "ANNA-PC");
        settings.keep_host_view(pc.clone(), grey.clone());
        let text = serde_json::to_string(&settings).expect("written");
        let mut settings: Settings = serde_json::from_str(&text).expect("parses");
        assert_eq!(settings.host_view(&pc), grey);
        let permanent = host_key(true, "ANNA-PC");
        assert_eq!(settings.host_view(&permanent), HostView::default());
        settings.user_name = "anna".to_owned();
        assert_eq!(settings.host_view(&pc), HostView::default(), "another's");
        for number in 0..2 * MOST_HOST_VIEWS {
            settings.keep_host_view(host_key(false, &number.to_string()), grey.clone());
        }
        assert_eq!(settings.host_views.len(), MOST_HOST_VIEWS);
        let newest = host_key(false, &(2 * MOST_HOST_VIEWS - 1).to_string());
        assert_eq!(settings.host_view(&newest), grey);
        settings.keep_host_view(newest.clone(), HostView::default());
        assert_eq!(settings.host_views.len(), MOST_HOST_VIEWS - 1, "forgotten");
    }

    #[test]
    fn o6_the_text_of_earlier_settings_is_one_of_several_now() {
        let old = r#"{"ticket_template": "{ticket}!"}"#;
        let mut settings: Settings = serde_json::from_str(old).expect("parses");
        let templates = settings.templates("My text");
        assert_eq!(templates.chosen().map(|own| &*own.text), Some("{ticket}!"));
        let new = serde_json::to_string(&settings).expect("written");
        let mut again: Settings = serde_json::from_str(&new).expect("parses");
        assert_eq!(again.templates("My text"), templates);
    }

    #[test]
    fn a_password_is_not_recalled_for_another_key_at_the_same_address() {
        let mut settings = Settings {
            server_address: "hub.example.org".to_owned(),
            user_name: "otto".to_owned(),
            fingerprint: "AB".repeat(32),
            ..Settings::default()
        };
        let before = settings.secret_name();
        settings.fingerprint = "ab ".repeat(32);
        assert_eq!(
            settings.secret_name(),
            before,
            "the same key, typed otherwise"
        );
        settings.fingerprint = "cd".repeat(32);
        assert_ne!(settings.secret_name(), before);
    }

    #[test]
    fn e4_a_broken_file_beside_the_program_changes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(PROVISION_FILE), "{").expect("written");
        assert_eq!(Provision::in_folder(folder.path()), None);
        let mut settings = Settings::default();
        settings.take_hub(&Provision {
            hub: Some("a b".to_owned()),
            fingerprint: None,
        });
        assert_eq!(settings, Settings::default());
    }
}
