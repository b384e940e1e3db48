//! Routes: events of the engine into the state, wishes of the views to the engine.

mod all_keys;
mod doctor;
mod events;
mod monitor_windows;
mod passwords;
mod places;
mod proxies;
mod report_windows;
mod session_windows;
mod tray;
mod updates;
mod wishes;

use std::sync::Arc;
use std::time::Instant;

use egui::{Context, Ui, ViewportId};
use operator_engine::{Command, Doctor, Notes, ProxyTest, Wake};
use protocol::admin::reports::Language;
use protocol::{ReportId, SessionId};
use ui_kit::widgets::Notices;
use ui_kit::{Clock, Enlarged, Lang, Tone, Word, w};
use zeroize::Zeroizing;

use crate::action::Action;
use crate::backend::Backend;
use crate::clerk::{Clerk, Done, Job};
use crate::phrases;
use crate::popups::Popups;
use crate::screen::Screen;
use crate::settings::Settings;
use crate::state::ConsoleState;
use crate::state::account::{Account, LogIn};
use crate::state::reports::{AUTOSAVE_AFTER_SECONDS, Saved, Shared};
use crate::state::snippets::Snippets;
use crate::views::settings::{SettingsForm, account_form};
use crate::views::{self, drafts, settings, shell};
use report_windows::ReportWindows;
pub use session_windows::InputRoutes;
use session_windows::SessionWindows;
use tray::ConsoleTray;
use updates::Updates;

/// Smallest main window, in points.
pub const SMALLEST_WINDOW: (f32, f32) = (760.0, 540.0);
/// Most events that are taken in one go, so that the window never stands still for long.
const MAX_EVENTS_AT_ONCE: usize = 500;

/// What the program starts with.
#[derive(Debug)]
pub struct Start {
    pub settings: Settings,
    pub settings_problem: bool,
    /// Of the main window, in points.
    pub size: (f32, f32),
    /// The file of an invitation to read.
    pub invitation: Option<std::path::PathBuf>,
    pub folders: desktop::Folders,
    /// Who hears of further starts.
    pub first: Option<desktop::First>,
    /// Takes the keys of session windows; `None` in tests.
    pub tap: Option<Arc<ui_kit::raw_input::InputTap>>,
    pub routes: InputRoutes,
}

/// The console.
pub struct ConsoleApp {
    state: ConsoleState,
    settings: Settings,
    enlarged: Enlarged,
    settings_form: Option<SettingsForm>,
    /// The password of the account, as it was typed or remembered.
    password: Zeroizing<String>,
    /// The password for the proxy, as it was typed or remembered.
    proxy_password: Zeroizing<String>,
    proxy_test: Option<ProxyTest>,
    doctor: Option<Doctor>,
    backend: Backend,
    clerk: Clerk,
    /// Who keeps remembered passwords, once the clerk knows.
    keeper: Option<desktop::Keeper>,
    /// The passwords were asked for; they are once in each run.
    recalled: bool,
    notices: Notices,
    popups: Popups,
    /// Where notices of the desktop go; none if the system gave no thread.
    notice_board: Option<desktop::NoticeBoard>,
    /// Everything lies beside the program.
    is_portable: bool,
    further: desktop::FurtherStarts,
    sessions: SessionWindows,
    /// This console's own screen, shown to colleagues.
    screens: Vec<Screen>,
    /// The operator has to see the window.
    wants_front: bool,
    /// The session whose window has the keyboard.
    keyboard_in: Option<SessionId>,
    report_windows: ReportWindows,
    quit_asked: bool,
    may_quit: bool,
    /// The icon in the notification area, while the settings want one.
    tray: Option<ConsoleTray>,
    /// This desktop has an area for it, as far as is known.
    has_tray: bool,
    /// **Quit** was chosen there: closing the window ends the program.
    quits: bool,
    /// The number of the last question about the operator's own account.
    last_own: u32,
    /// Where files of users land, if no other folder was chosen.
    downloads: std::path::PathBuf,
    updates: Option<Updates>,
}

impl std::fmt::Debug for ConsoleApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsoleApp").finish_non_exhaustive()
    }
}

impl ConsoleApp {
    /// Starts the console: shows the window, and logs in by itself where that is wished for.
    ///
    /// # Errors
    ///
    /// If the system gives no threads.
    pub fn new(ctx: &Context, start: Start) -> std::io::Result<Self> {
        ui_kit::theme::install(ctx);
        start.settings.theme.apply(ctx);
        let enlarged = Enlarged::new(ctx, start.settings.text_size, start.size, SMALLEST_WINDOW);
        let wake: Wake = {
            let ctx = ctx.clone();
            Arc::new(move || ctx.request_repaint_of(ViewportId::ROOT))
        };
        let clerk = Clerk::start(&start.folders, Arc::clone(&wake))?;
        let lang = start.settings.lang();
        let mut settings = start.settings;
        let account = Account {
            form: account_form(&settings, Zeroizing::default()),
            ..Account::default()
        };
        let templates = settings.templates(phrases::my_text(lang));
        let mut state = ConsoleState::new(lang, Clock::now(), account, templates);
        state.snippets = Snippets::new(settings.snippets.clone());
        let mut app = Self {
            state,
            settings_form: None,
            enlarged,
            password: Zeroizing::default(),
            proxy_password: Zeroizing::default(),
            proxy_test: None,
            doctor: None,
            backend: Backend::new(start.folders.data().join("engine"), Arc::clone(&wake)),
            clerk,
            keeper: None,
            recalled: false,
            notices: Notices::default(),
            popups: Popups::default(),
            notice_board: notice_board(ctx),
            is_portable: start.folders.are_portable(),
            further: further_starts(start.first, ctx),
            screens: Vec::new(),
            wants_front: false,
            updates: Updates::start(start.folders.data(), &wake),
            sessions: SessionWindows::new(ctx.clone(), start.tap, start.routes, wake),
            keyboard_in: None,
            report_windows: ReportWindows::default(),
            quit_asked: false,
            may_quit: false,
            tray: None,
            has_tray: false,
            quits: false,
            last_own: 0,
            downloads: start.folders.downloads(),
            settings,
        };
        if start.settings_problem {
            app.notices
                .push(Tone::Danger, w(lang, Word::SettingsBroken));
        }
        app.look_for_tray();
        app.use_proxies();
        app.receive_files();
        app.backend.share_clipboard(app.settings.clipboard());
        if let Some(path) = start.invitation {
            app.clerk.give(Job::ReadInvitation { path });
        }
        Ok(app)
    }

    fn lang(&self) -> Lang {
        self.state.lang
    }

    /// Takes what the clerk has done.
    fn take_answers(&mut self) {
        let lang = self.lang();
        while let Some(done) = self.clerk.take_answer() {
            match done {
                Done::KeeperKnown(keeper) => self.keeper_is(keeper),
                Done::NotUnlocked { wrong, detail } => self.not_unlocked(wrong, detail),
                Done::ProtectionNotChanged { detail } => {
                    let text = format!("{} ({detail})", phrases::protection_not_changed(lang));
                    self.notices.push(Tone::Danger, text);
                }
                Done::PasswordRecalled { name, password }
                    if name == self.settings.proxy.secret_name() =>
                {
                    if let Some(password) = password.filter(|_| self.proxy_password.is_empty()) {
                        self.proxy_password = password;
                        self.use_proxies();
                    }
                }
                Done::PasswordRecalled { name, password } => {
                    let still_wanted = name == self.settings.secret_name()
                        && self.state.account.form.password.is_empty();
                    if let Some(password) = password.filter(|_| still_wanted) {
                        self.password = password.clone();
                        self.state.account.form.password = password;
                        if self.settings.connect_on_start_up {
                            self.log_in(true);
                        }
                    }
                }
                Done::SettingsNotSaved { detail } => {
                    let text = format!("{} ({detail})", w(lang, Word::SettingsNotSaved));
                    self.notices.push(Tone::Danger, text);
                }
                Done::PasswordNotKept { detail } => {
                    let text = format!("{} ({detail})", phrases::password_not_remembered(lang));
                    self.notices.push(Tone::Danger, text);
                }
                Done::StartUpNotChanged { detail } => {
                    let text = format!("{} ({detail})", phrases::start_up_not_changed(lang));
                    self.notices.push(Tone::Danger, text);
                }
                Done::KeyboardKnown(keyboard) => self.sessions.set_keyboard(keyboard),
                Done::TrayKnown(has_tray) => {
                    self.has_tray = has_tray;
                    if let Some(form) = &mut self.settings_form {
                        form.has_tray = has_tray;
                    }
                }
                Done::NoMailProgram => self
                    .notices
                    .push(Tone::Warning, phrases::no_mail_program(lang)),
                Done::InvitationRead { text } => {
                    let account = &mut self.state.account;
                    account.form.invitation = text;
                    account.form.take_invitation();
                    account.show_hub = true;
                }
                Done::InvitationNotRead { detail } => {
                    let text = format!("{} ({detail})", phrases::invitation_not_read(lang));
                    self.notices.push(Tone::Danger, text);
                }
                Done::ScreenshotSaved { path } => {
                    let text = phrases::screenshot_at(lang, &path.display().to_string());
                    self.sessions.notice(&text, false);
                }
                Done::ScreenshotCopied => {
                    self.sessions
                        .notice(phrases::screenshot_copied(lang), false);
                }
                Done::ScreenshotNotCopied { detail } => {
                    let text = format!("{} ({detail})", phrases::screenshot_not_copied(lang));
                    self.sessions.notice(&text, true);
                }
                Done::ScreenshotFailed { detail } => {
                    let text = format!("{} ({detail})", phrases::screenshot_failed(lang));
                    self.sessions.notice(&text, true);
                }
            }
        }
    }

    /// Logs in with what stands in the form.
    fn log_in(&mut self, keep_trying: bool) {
        self.state.account.form.take_address_apart();
        let form = &self.state.account.form;
        let Some((hub, pin)) = form.hub().filter(|_| form.faults().is_sound()) else {
            self.state.account.show_faults = true;
            return;
        };
        let (user, password) = (form.user.trim().to_owned(), form.password.clone());
        if let Err(error) = self.backend.serve(hub.clone(), pin) {
            self.state.account.problem = Some(error.to_string());
            return;
        }
        self.look_for_updates(&hub, pin);
        // another hub may have none
        self.state.tickets.page = None;
        self.password.clone_from(&password);
        let form = self.state.account.form.clone();
        self.state.account.problem = None;
        self.state.account.is_unreached = false;
        self.state.account.show_faults = false;
        self.state.account.code = None;
        let command = match form.invitation() {
            Some(Ok(invitation)) => Command::AcceptInvitation {
                user,
                token: invitation.token,
                password,
            },
            Some(Err(_)) | None => Command::LogIn {
                user,
                password,
                keep_trying,
            },
        };
        if self.backend.send(command) {
            self.state.account.log_in = LogIn::Connecting;
        }
    }

    /// The log-in worked: what was typed for it is remembered as the operator wishes.
    fn remember_account(&mut self) {
        let before = self.settings.clone();
        let form = &self.state.account.form;
        let mut new = SettingsForm::new(&before, Zeroizing::default(), String::new());
        new.account = form.clone();
        self.settings = new.to_settings();
        self.state.account.hub_is_settled();
        if self.settings != before {
            self.save_settings();
        }
        self.keep_start_up(&before);
        self.keep_password(&before);
    }

    fn keep_password(&self, before: &Settings) {
        let name = self.settings.secret_name();
        if before.remember_password && before.secret_name() != name {
            let name = before.secret_name();
            self.clerk.give(Job::ForgetPassword { name });
        }
        if self.settings.remember_password && !self.password.is_empty() {
            let password = self.password.clone();
            self.clerk.give(Job::RememberPassword { name, password });
        } else if before.remember_password {
            self.clerk.give(Job::ForgetPassword { name });
        }
    }

    /// What was changed about the start at the desktop's log-in is done there too. A portable copy leaves
    /// nothing on the computer.
    fn keep_start_up(&self, before: &Settings) {
        let start = self.settings.connect_on_start_up;
        if start != before.connect_on_start_up && !self.is_portable {
            self.clerk.give(Job::StartAtLogIn(start));
        }
    }

    /// Shows what the desktop is to tell by now.
    fn show_popups(&mut self, ctx: &Context) {
        let now = Instant::now();
        let wanted = &self.settings.popups;
        let notices = self.popups.take_due(wanted, self.state.lang, now);
        for notice in notices {
            self.show_popup(notice);
        }
        if let Some(wait) = self.popups.wait(now) {
            ctx.request_repaint_after(wait);
        }
    }

    fn show_popup(&self, notice: desktop::Notice) {
        let wanted = &self.settings.popups;
        let minute = self.state.clock.minute_of_day();
        if let Some(board) = &self.notice_board
            && wanted.enable
            && !wanted.is_quiet_at(minute)
        {
            board.show(notice);
        }
    }

    fn save_settings(&self) {
        let settings = Box::new(self.settings.clone());
        self.clerk.give(Job::SaveSettings(settings));
    }

    /// Saves what was typed into reports a moment ago.
    fn autosave(&mut self, ctx: &Context) {
        let now = ctx.input(|input| input.time);
        let due: Vec<ReportId> = self
            .state
            .reports
            .open
            .iter()
            .map(Shared::lock)
            .filter(|open| open.saved == Saved::Typed)
            .filter(|open| now - open.typed_at_seconds >= AUTOSAVE_AFTER_SECONDS)
            .map(|open| open.facts.report)
            .collect();
        for report in due {
            self.save_report(report, false);
        }
        if !self.state.reports.typed().is_empty() {
            ctx.request_repaint_after(std::time::Duration::from_millis(250));
        }
    }

    /// Keeps what was noted beside tickets and sessions a moment ago.
    fn keep_notes(&mut self, ctx: &Context) {
        // without a log-in nobody knows whose they are
        if !self.state.account.has_list() {
            return;
        }
        let notes = self.state.notes();
        if let Some(notes) = self.state.noting.look(notes, Instant::now()) {
            self.give_notes(notes);
        }
        if self.state.noting.waits() {
            ctx.request_repaint_after(std::time::Duration::from_millis(250));
        }
    }

    fn give_notes(&mut self, notes: Notes) {
        if self.backend.send(Command::KeepNotes(notes.clone())) {
            self.state.noting.are_kept(notes);
        }
    }

    /// Asks the hub about the reports that are newly open.
    fn ask_about_reports(&self) {
        let language = match self.state.lang {
            Lang::En => Language::English,
            Lang::It => Language::Italian,
        };
        for open in &self.state.reports.open {
            let mut open = open.lock();
            let report = open.facts.report;
            if !open.asked {
                open.asked = self
                    .backend
                    .send(Command::AskAboutReport { report, language });
            }
        }
    }

    fn save_report(&mut self, report: ReportId, finished: bool) {
        let Some(mut open) = self.state.reports.get(report) else {
            return;
        };
        let draft = open.text.to_draft();
        // what is typed after **Finish** belongs to the finished report
        let finished = finished || open.finishing;
        let command = Command::SaveReport {
            report,
            draft,
            fields: open.field_values(),
            finished,
        };
        if self.backend.send(command) {
            open.saved = Saved::OnDisk;
            open.finishing = finished;
        }
    }

    /// Sessions are not cut by a slip: the first close asks.
    fn closing(&mut self, ctx: &Context) {
        if !ctx.input(|input| input.viewport().close_requested()) {
            return;
        }
        if self.may_quit || self.hides(ctx) {
            return;
        }
        self.quits = false;
        if self.sessions.any_running() {
            ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
            self.quit_asked = true;
        }
    }

    fn quit_question_ui(&mut self, ui: &Ui) {
        use ui_kit::widgets::{DialogSize, Push, dialog_ui};
        if !self.quit_asked {
            return;
        }
        let lang = self.lang();
        let icon = Some((ui_kit::Icon::MonitorUp, Tone::Warning));
        let title = phrases::quit_question(lang);
        let dialog = dialog_ui(ui.ctx(), "quit", DialogSize::Small, icon, title, |ui| {
            ui.label(phrases::quit_note(lang));
            ui.add_space(10.0);
            let mut answer = None;
            views::foot_ui(ui, |ui| {
                if ui.add(Push::danger(w(lang, Word::Quit))).clicked() {
                    answer = Some(true);
                }
                if ui.add(Push::secondary(w(lang, Word::Cancel))).clicked() {
                    answer = Some(false);
                }
            });
            answer
        });
        let escaped = dialog.should_close();
        match dialog.inner {
            Some(true) => {
                self.may_quit = true;
                ui.ctx().send_viewport_cmd(egui::ViewportCommand::Close);
            }
            Some(false) => self.quit_asked = false,
            None => self.quit_asked &= !escaped,
        }
    }

    /// By the keys of browsers, or as it was chosen.
    fn follow_text_size(&mut self, ctx: &Context) {
        if let Some(size) = self.settings.text_size.asked_by_keys(ctx) {
            self.settings.text_size = size;
            self.enlarged.choose(size);
            self.save_settings();
            if let Some(form) = &mut self.settings_form {
                (form.text_size, form.rest.text_size) = (size, size);
            }
        }
        let _asked = self.enlarged.follow(ctx, true);
    }

    /// What the next run of the window starts with.
    fn note_window(&mut self, ctx: &Context) {
        let (size, maximized) = ctx.input(|input| {
            let viewport = input.viewport();
            (viewport.inner_rect, viewport.maximized.unwrap_or(false))
        });
        if let Some(rect) = size {
            let place = self.settings.window;
            let (width, height) = match place {
                Some(place) if maximized => (place.width, place.height),
                _ => (rect.width(), rect.height()),
            };
            self.settings.window = Some(desktop::WindowPlace {
                width,
                height,
                maximized,
            });
        }
    }
}

impl eframe::App for ConsoleApp {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.state.clock = Clock::now();
        self.follow_text_size(ctx);
        for _ in 0..MAX_EVENTS_AT_ONCE {
            let Some(event) = self.backend.take_event() else {
                break;
            };
            self.take_event(event);
        }
        if let Some(rows) = self.backend.rows()
            && !Arc::ptr_eq(&rows.entries, &self.state.computers.entries)
        {
            self.take_rows(rows);
        }
        let over = self.screens.extract_if(.., Screen::is_over);
        over.for_each(Screen::leave);
        if !self.screens.is_empty() {
            ctx.request_repaint_after(std::time::Duration::from_secs(1));
        }
        if std::mem::take(&mut self.wants_front) {
            to_the_front(ctx);
        }
        self.show_popups(ctx);
        while let Some(invitation) = self.further.take() {
            to_the_front(ctx);
            if !invitation.is_empty() {
                let path = invitation.into();
                self.clerk.give(Job::ReadInvitation { path });
            }
        }
        self.take_answers();
        self.take_proxy_test();
        self.hear_doctor();
        for action in self.report_windows.take_actions() {
            self.fulfil(ctx, action);
        }
        self.autosave(ctx);
        self.keep_notes(ctx);
        if let Some(snippets) = self.state.snippets.take_changed() {
            self.settings.snippets = snippets;
            self.save_settings();
        }
        self.ask_about_reports();
        self.fulfil_session_wishes();
        for session in self.sessions.said_farewell() {
            self.close_session_window(session);
        }
        self.follow_updates();
        self.follow_tray(ctx);
        self.closing(ctx);
        if self
            .state
            .tickets
            .any_open(self.state.clock.now_unix_seconds)
        {
            ctx.request_repaint_after(std::time::Duration::from_secs(1));
        }
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        if let Some(seconds) = frame.info().cpu_usage {
            // what the one before took, to see whether the window keeps up
            tracing::trace!(millis = seconds * 1000.0, "Frame");
        }
        let lang = self.lang();
        lang.speak_in_widgets(ui.ctx());
        let mut actions = Vec::new();
        shell::main_window_ui(ui, &mut self.state, &mut actions);
        if self.state.drafts_open {
            drafts::drafts_ui(ui, &self.state, &mut actions);
        }
        if let Some(form) = &mut self.settings_form {
            settings::settings_ui(ui, lang, form, &mut actions);
        }
        if let Some(examination) = &self.state.examination {
            views::doctor::doctor_ui(ui, lang, examination, &mut actions);
        }
        self.quit_question_ui(ui);
        self.notices.ui(ui.ctx(), lang);
        let ctx = ui.ctx().clone();
        let (lang, clock) = (self.state.lang, self.state.clock);
        self.report_windows
            .show(&ctx, lang, clock, &self.state.reports);
        let left = self.sessions.show(&ctx, self.state.clock, &self.settings);
        self.keep_session_places(left);
        self.note_window(&ctx);
        for action in actions {
            self.fulfil(&ctx, action);
        }
        self.ask_about_reports();
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.further.close();
        for action in self.report_windows.take_actions() {
            if let Action::FinishReport(report) = action {
                self.save_report(report, true);
            }
        }
        for report in self.state.reports.typed() {
            self.save_report(report, false);
        }
        if self.state.account.has_list() {
            self.give_notes(self.state.notes());
        }
        self.sessions.close_all();
        self.screens.clear();
        self.backend.shut_down();
        self.save_settings();
        if let Some(updates) = &self.updates {
            updates.start_again();
        }
    }
}

/// A click on a notice brings the main window to the front.
fn notice_board(ctx: &Context) -> Option<desktop::NoticeBoard> {
    let ctx = ctx.clone();
    let board = desktop::NoticeBoard::start("Pure Help Desk", move || to_the_front(&ctx));
    board
        .inspect_err(|error| tracing::warn!(%error, "No notices"))
        .ok()
}

/// Each brings the main window to the front; its invitation is read.
fn further_starts(first: Option<desktop::First>, ctx: &Context) -> desktop::FurtherStarts {
    let ctx = ctx.clone();
    desktop::FurtherStarts::of(first, move || ctx.request_repaint_of(ViewportId::ROOT))
}

fn to_the_front(ctx: &Context) {
    for command in [
        egui::ViewportCommand::Visible(true),
        egui::ViewportCommand::Minimized(false),
        egui::ViewportCommand::Focus,
    ] {
        ctx.send_viewport_cmd_to(ViewportId::ROOT, command);
    }
    ctx.request_repaint_of(ViewportId::ROOT);
}
