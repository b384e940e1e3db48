//! What the operator wished for goes to the engine, the clerk or the state.

use std::path::PathBuf;

use desktop::Choose;
use egui::Context;
use operator_engine::{Command, TicketNumber};
use protocol::control::{ChatText, KnockReason, Name};
use protocol::{PeerId, Rights, SessionId};
use ui_kit::{OwnForm, OwnWish, Tone, Word, w};

use super::ConsoleApp;
use crate::action::Action;
use crate::clerk::{Job, file_name};
use crate::screen::this_computer;
use crate::settings::SessionPlace;
use crate::state::Side;
use crate::state::account::LogIn;
use crate::state::opening::OpeningHost;
use crate::state::session::SessionWish;
use crate::state::showing::{ShowingBox, Stage};
use crate::state::tickets::holds_ticket;
use crate::state::unlocking::Unlocking;
use crate::views::settings::{SettingsForm, account_form};
use crate::{phrases, popups};

impl ConsoleApp {
    pub(super) fn fulfil(&mut self, ctx: &Context, action: Action) {
        let lang = self.state.lang;
        match action {
            Action::LogIn => self.log_in(false),
            Action::GiveCode => {
                if let Some(code) = self.state.account.code.take() {
                    self.backend.send(Command::GiveCode { code });
                }
            }
            Action::ReadInvitation(path) => {
                self.clerk.give(Job::ReadInvitation { path });
            }
            Action::LogOut => {
                self.state.account.code = None;
                self.backend.send(Command::LogOut);
                if self.state.account.log_in == LogIn::Connecting {
                    // the form is there again at once, whatever the network does
                    self.state.account.log_in = LogIn::Out;
                }
            }
            Action::GenerateTicket => {
                if self.state.account.is_logged_in() && !self.state.tickets.waiting {
                    self.state.side = Side::Tickets;
                    self.state.tickets.waiting = self.backend.send(Command::GenerateTicket);
                }
            }
            Action::RevokeTicket { route } => {
                self.backend.send(Command::RevokeTicket { route });
            }
            Action::ExtendTicket { route } => {
                self.backend.send(Command::ExtendTicket { route });
            }
            Action::CopyText => {
                ctx.copy_text(self.state.tickets.text.clone());
                self.notices.push(Tone::Good, w(lang, Word::CopiedNotice));
            }
            Action::MailText => {
                let subject = w(lang, Word::EmailSubject).to_owned();
                let body = self.state.tickets.text.clone();
                self.clerk.give(Job::Mail { subject, body });
            }
            Action::ChooseTemplate(chosen) => {
                self.state.tickets.templates.chosen = chosen;
                self.keep_templates();
            }
            Action::EditTemplate | Action::NewTemplate => {
                let (house, name) = (self.house_template(), phrases::my_text(lang));
                let templates = &mut self.state.tickets.templates;
                if action == Action::NewTemplate {
                    templates.edit_new(house, name);
                } else {
                    templates.edit(house, name);
                }
            }
            Action::KeepTemplate => {
                let templates = &mut self.state.tickets.templates;
                let is_sound = templates
                    .editing
                    .as_ref()
                    .is_some_and(|editing| holds_ticket(&editing.text));
                if is_sound {
                    templates.keep(phrases::my_text(lang));
                    self.keep_templates();
                }
            }
            Action::RestoreTemplate => {
                let house = self.house_template();
                if let Some(editing) = &mut self.state.tickets.templates.editing {
                    house.clone_into(&mut editing.text);
                }
            }
            Action::RemoveTemplate => {
                self.state.tickets.templates.remove();
                self.keep_templates();
                self.notices
                    .push(Tone::Neutral, phrases::template_removed(lang));
            }
            Action::CancelTemplate => self.state.tickets.templates.editing = None,
            Action::ShowQr(shown) => self.state.tickets.qr_open = shown,
            Action::Select(id) => self.state.computers.selected = Some(id),
            Action::ShowKind(kind) => self.state.computers.kind = kind,
            Action::OrderList(order) => {
                self.state.computers.habits.order = order;
                self.keep_habits();
            }
            Action::TurnFavourite(host) => {
                let name = self.host_name(host).unwrap_or_default();
                self.state.computers.habits.turn_favourite(&name);
                self.keep_habits();
            }
            Action::StartSession(host) => self.start_session(host),
            Action::Wake(host) => {
                self.backend.send(Command::Wake { host });
            }
            Action::OpenHost => self.open_host(),
            Action::CloseOpening => {
                if let Some(open) = self.state.opening.take() {
                    let host = open.host;
                    self.sessions.forget_asked(host);
                    self.backend.send(Command::GiveUpOpening { host });
                }
            }
            Action::AskToSee(colleague) => {
                if let Some(entry) = self.state.computers.get(colleague)
                    && self.state.showing.is_none()
                {
                    let open = ShowingBox::asking(colleague, entry.name.to_string());
                    self.state.showing = Some(open);
                }
            }
            Action::SendShowing => self.send_showing(),
            Action::GiveWord => self.give_word(),
            Action::LeaveShowing => {
                if let Some(open) = self.state.showing.take() {
                    self.sessions.forget_asked(open.colleague);
                    if matches!(
                        open.stage,
                        Stage::Sent | Stage::Typing { .. } | Stage::Typed { .. }
                    ) {
                        self.backend.send(Command::LeaveShowing);
                    }
                }
            }
            Action::WithdrawQuestion(session) => {
                self.backend.send(Command::EndSession { session });
            }
            Action::OpenChat(host) => {
                let name = self.host_name(host).unwrap_or_default();
                self.state.chats.get_or_new(host).name = name;
                self.state.chats.open = Some(host);
                self.state.chats.seen(host);
                self.state.side = Side::Chat;
            }
            Action::AskDisconnect(host) => self.state.disconnecting = Some(host),
            Action::KeepConnected => self.state.disconnecting = None,
            Action::Disconnect(host) => {
                self.state.disconnecting = None;
                self.backend.send(Command::DisconnectHost { host });
            }
            Action::Show(side) => {
                self.state.side = side;
                if let Some(host) = self.state.chats.open.filter(|_| side == Side::Chat) {
                    self.state.chats.seen(host);
                }
            }
            Action::SendChat { host, text } => self.send_chat(host, &text),
            Action::OpenDrafts => {
                self.state.drafts_open = true;
                self.backend.send(Command::ListDrafts);
            }
            Action::CloseDrafts => self.state.drafts_open = false,
            Action::OpenReport(report) => {
                self.state.drafts_open = false;
                let drafts = &self.state.reports.drafts;
                let found = drafts.iter().find(|(facts, _)| facts.report == report);
                if let Some((facts, draft)) = found.cloned() {
                    self.state.reports.open(facts, &draft);
                }
            }
            // the clock decides when what was typed is saved
            Action::ReportTyped(report) => {
                if let Some(mut open) = self.state.reports.get(report) {
                    open.typed_at_seconds = ctx.input(|input| input.time);
                }
            }
            Action::SaveReport(report) => self.save_report(report, false),
            Action::FinishReport(report) => self.save_report(report, true),
            Action::LeaveReport(report) => {
                self.save_report(report, false);
                self.state.reports.close(report);
            }
            Action::OpenSettings => {
                let place = self.state.account.password_place.clone();
                let password = self.state.account.form.password.clone();
                let form = SettingsForm::new(&self.settings, password, place);
                let mut form = form.with_proxy_password(&self.proxy_password);
                form.has_tray = self.has_tray;
                form.is_portable = self.is_portable;
                if let Some(keeper) = self.keeper {
                    let place = self.state.account.password_place.clone();
                    form.kept_by(keeper, place);
                }
                self.settings_form = Some(form);
                self.state.settings_open = true;
                self.look_for_tray();
            }
            Action::OpenOwnAccount => self.state.own = Some(OwnForm::default()),
            Action::InOwnAccount(wish) => self.fulfil_own(ctx, wish),
            Action::TestProxy => self.test_proxy(),
            Action::CheckConnection => self.check_connection(),
            Action::CopyCheck => self.copy_check(ctx),
            Action::CloseCheck => self.close_check(),
            Action::CloseSettings => {
                self.proxy_test = None;
                self.settings_form = None;
                self.state.settings_open = false;
            }
            Action::SaveSettings(settings) => {
                self.take_settings(ctx, *settings);
                self.settings_form = None;
                self.state.settings_open = false;
            }
            Action::ApplySettings(settings) => {
                self.take_settings(ctx, *settings);
                if let Some(form) = &mut self.settings_form {
                    form.is_saved();
                }
            }
            Action::Unlock => self.unlock(),
            Action::AskForPassphrase => self.state.unlocking = Some(Unlocking::new()),
            Action::ForgetPasswords => {
                self.clerk.give(Job::ForgetSealed);
            }
            Action::GoWithoutPasswords => self.state.unlocking = None,
            Action::ShowNotice => {
                if let Some(board) = &self.notice_board {
                    board.show(popups::example(lang));
                }
            }
            Action::Update(wish) => self.fulfil_update(ctx, wish),
            Action::SetTheme(theme) => {
                self.settings.theme = theme;
                theme.apply(ctx);
                self.save_settings();
            }
        }
    }

    fn fulfil_own(&mut self, ctx: &Context, wish: OwnWish) {
        match wish {
            OwnWish::Close => self.state.own = None,
            OwnWish::Copy(text) => {
                ctx.copy_text(text);
                let copied = w(self.state.lang, Word::CopiedNotice);
                self.notices.push(Tone::Good, copied);
            }
            OwnWish::Ask(question) => {
                self.last_own = self.last_own.wrapping_add(1);
                let number = self.last_own;
                if !self.backend.send(Command::AskOwn { number, question })
                    && let Some(form) = &mut self.state.own
                {
                    form.lost();
                }
            }
        }
    }

    fn keep_templates(&mut self) {
        let templates = &self.state.tickets.templates;
        self.settings.ticket_templates.clone_from(&templates.own);
        self.settings.ticket_template_chosen = templates.chosen().map(|own| own.name.clone());
        self.save_settings();
        self.fill_ticket_text();
    }

    fn take_settings(&mut self, ctx: &Context, settings: crate::settings::Settings) {
        let before = std::mem::replace(&mut self.settings, settings);
        self.settings.keep_what_no_form_has(&before);
        if let Some(form) = self.settings_form.clone() {
            self.keep_protection(&form);
            self.password = form.account.password;
            self.take_proxy(&before.proxy, form.proxy);
        }
        let lang = self.settings.lang();
        if lang != self.state.lang {
            self.state.lang = lang;
            self.tell_password_place();
            self.sessions.set_lang(lang);
            self.fill_ticket_text();
        }
        self.settings.theme.apply(ctx);
        self.enlarged.choose(self.settings.text_size);
        if self.state.account.log_in == LogIn::Out {
            self.state.account.form = account_form(&self.settings, self.password.clone());
            self.state.account.hub_is_settled();
        }
        self.save_settings();
        self.receive_files();
        self.keep_password(&before);
        self.keep_start_up(&before);
        self.notices.push(Tone::Good, w(lang, Word::SavedNotice));
    }

    /// Tells where files of users land.
    pub(super) fn receive_files(&mut self) {
        let chosen = self.settings.received_files.trim();
        let folder = if chosen.is_empty() {
            self.downloads.clone()
        } else {
            PathBuf::from(chosen)
        };
        self.backend.receive_into(folder);
    }

    /// What the operator does with the list is remembered for this account.
    pub(super) fn keep_habits(&mut self) {
        let habits = self.state.computers.habits.clone();
        self.settings.keep_habits(habits);
        self.save_settings();
    }

    fn start_session(&mut self, host: PeerId) {
        let Some(entry) = self.state.computers.get(host) else {
            return;
        };
        if self.state.computers.obstacle(entry).is_some() || !self.state.account.is_logged_in() {
            return;
        }
        if self.state.computers.wants_password(entry) {
            let opening = OpeningHost::new(host, entry.name.to_string());
            self.state.opening = Some(opening);
            return;
        }
        let view = self.sessions.new_view(host);
        let asked = self.asked();
        if self
            .backend
            .send(Command::StartSession { host, asked, view })
        {
            self.state.computers.asked.insert(host, None);
        }
    }

    /// What sessions are asked for.
    fn asked(&self) -> Rights {
        let permitted = self.state.account.permitted.rights();
        let more = Rights::FILES.with(Rights::CLIPBOARD);
        let asked = Rights::SEE_AND_CONTROL.with(more);
        asked.common_with(permitted)
    }

    /// A colleague is asked to show their screen.
    fn send_showing(&mut self) {
        let permitted = self.state.account.permitted.rights();
        let Some(open) = &mut self.state.showing else {
            return;
        };
        if open.stage != Stage::Choosing {
            return;
        }
        let most = if open.control {
            Rights::SEE_AND_CONTROL
        } else {
            Rights::SEE
        };
        let colleague = open.colleague;
        let view = self.sessions.new_view(colleague);
        let sent = self.backend.send(Command::AskToSee {
            colleague,
            name: Name::cut(open.name.as_str()),
            asked: most.common_with(permitted),
            view,
        });
        if sent {
            open.stage = Stage::Sent;
        }
    }

    fn give_word(&mut self) {
        let Some(open) = self.state.showing.as_mut().filter(|open| open.can_give()) else {
            return;
        };
        let Some(until_unix_seconds) = open.until_unix_seconds() else {
            return;
        };
        let word = open.word.clone();
        let computer = this_computer();
        if self.backend.send(Command::GiveWord { word, computer }) {
            open.stage = Stage::Typed { until_unix_seconds };
        }
    }

    /// The access password of a permanent host was typed.
    fn open_host(&mut self) {
        let asked = self.asked();
        let Some(open) = &mut self.state.opening else {
            return;
        };
        if open.waiting || open.password.is_empty() {
            return;
        }
        let host = open.host;
        let view = self.sessions.new_view(host);
        open.problem = None;
        open.waiting = self.backend.send(Command::OpenHost {
            host,
            password: open.password.clone(),
            reason: KnockReason::cut(open.reason.trim()),
            code: open.code.clone(),
            asked,
            view,
        });
    }

    pub(super) fn send_chat(&mut self, host: PeerId, text: &str) {
        let text = ChatText::cut(text);
        if !self.backend.send(Command::SendChat {
            host,
            text: text.clone(),
        }) {
            self.state.chats.get_or_new(host).draft = text.to_string();
        }
    }

    /// What the session windows ask for.
    pub(super) fn fulfil_session_wishes(&mut self) {
        for (session, host, wish) in self.sessions.take_wishes() {
            match wish {
                SessionWish::End => {
                    self.backend.send(Command::EndSession { session });
                    self.sessions.change(session, |state| state.ending = true);
                }
                SessionWish::EndWith { text } => {
                    // the same stream carries both, in this order
                    self.send_chat(host, &text);
                    self.backend.send(Command::EndSession { session });
                    self.sessions.change(session, |state| state.ending = true);
                }
                SessionWish::Leave => self.close_session_window(session),
                SessionWish::SendChat { text } => self.send_chat(host, &text),
                SessionWish::ChatSeen => self.state.chats.seen(host),
                SessionWish::Mark { text, ago } => {
                    let ago_millis = u32::try_from(ago.as_millis()).unwrap_or(u32::MAX);
                    let text = ChatText::cut(text.trim());
                    self.backend.send(Command::MarkMoment {
                        session,
                        text,
                        ago_millis,
                    });
                }
                SessionWish::ChooseFiles { folders } => self.choose_files(session, folders),
                SessionWish::SendFiles(chosen) => {
                    self.backend.send(Command::SendFiles { session, chosen });
                }
                SessionWish::SendFilesInto { chosen, listing } => {
                    self.backend.send(Command::SendFilesInto {
                        session,
                        chosen,
                        listing,
                    });
                }
                SessionWish::AskToBrowse => {
                    self.backend.send(Command::AskToBrowse { session });
                }
                SessionWish::List { listing, at } => {
                    self.backend.send(Command::List {
                        session,
                        listing,
                        at,
                    });
                }
                SessionWish::FetchFiles { listing, entries } => {
                    self.backend.send(Command::FetchFiles {
                        session,
                        listing,
                        entries,
                    });
                }
                SessionWish::CancelFiles(id) => {
                    self.backend.send(Command::CancelFiles { session, id });
                }
                SessionWish::AnswerConflict {
                    id,
                    entry,
                    answer,
                    for_all,
                } => {
                    self.backend.send(Command::AnswerConflict {
                        session,
                        id,
                        entry,
                        answer,
                        for_all,
                    });
                }
                SessionWish::HoldFiles(id, held) => {
                    self.backend.send(Command::HoldFiles { session, id, held });
                }
                SessionWish::ShareClipboard(ways) => {
                    self.settings.keep_clipboard(ways);
                    self.save_settings();
                    self.backend.share_clipboard(ways);
                    self.sessions.set_clipboard(ways);
                }
                SessionWish::HasKeyboard(here) => self.keyboard_is(session, here),
                SessionWish::AskSystem => {
                    self.backend.send(Command::AskSystem { session });
                }
                SessionWish::Shield(shield, up) => {
                    self.backend.send(Command::Shield {
                        session,
                        shield,
                        up,
                    });
                }
                SessionWish::Rest(resting) => {
                    self.backend.send(Command::Rest { session, resting });
                }
                SessionWish::IntoReport { text } => self.state.reports.add_note(session, text),
                SessionWish::BringIn { digits } => self.bring_in(session, &digits),
                SessionWish::Screenshot => self.take_screenshot(session, host),
                SessionWish::CopyScreenshot => {
                    if let Some(picture) = self.sessions.picture(session) {
                        self.clerk.give(Job::CopyScreenshot { picture });
                    }
                }
                SessionWish::KeepDepth(depth) => {
                    self.settings.keep_color_depth(depth);
                    self.save_settings();
                }
                SessionWish::KeepView(view) => {
                    if let Some(key) = self.sessions.key_of(session) {
                        self.settings.keep_host_view(key.to_owned(), view);
                        self.save_settings();
                    }
                }
                SessionWish::LookAtKeyboard => {
                    self.clerk.give(Job::LookAtKeyboard);
                }
            }
        }
    }

    /// The clipboard goes where the operator works.
    fn keyboard_is(&mut self, session: SessionId, here: bool) {
        let was_here = self.keyboard_in == Some(session);
        if here || was_here {
            self.keyboard_in = here.then_some(session);
            let session = self.keyboard_in;
            self.backend.send(Command::WorkIn { session });
        }
    }

    /// Has the desktop ask; the window is told what was chosen, and wishes for it.
    fn choose_files(&self, session: SessionId, folders: bool) {
        let what = if folders {
            Choose::Folders
        } else {
            Choose::Files
        };
        let title = w(self.state.lang, Word::SendFiles);
        let Some(chosen) = self.sessions.chosen_files(session) else {
            return;
        };
        if let Err(error) = desktop::choose(what, title, chosen) {
            tracing::error!(%error, "No dialog for files");
        }
    }

    fn bring_in(&mut self, session: SessionId, digits: &str) {
        let Ok(ticket) = TicketNumber::parse(digits) else {
            return; // the dialog lets only whole tickets through
        };
        let told = self.backend.send(Command::BringIn { session, ticket });
        self.sessions.change(session, |state| {
            if let Some(open) = &mut state.bring_in {
                open.waiting = told;
                open.problem = None;
            }
        });
    }

    fn take_screenshot(&mut self, session: SessionId, host: PeerId) {
        let Some(picture) = self.sessions.picture(session) else {
            return;
        };
        let name = self.host_name(host).unwrap_or_default();
        let file_name = file_name(&name, &self.state.clock.for_file_name());
        self.clerk.give(Job::Screenshot { file_name, picture });
    }

    /// Windows that were moved open where they were left.
    pub(super) fn keep_session_places(&mut self, places: Vec<SessionPlace>) {
        if places.is_empty() {
            return;
        }
        for place in places {
            self.settings.keep_session_place(place);
        }
        self.save_settings();
    }

    /// Closes the window of a session that is over and opens its report.
    pub(super) fn close_session_window(&mut self, session: SessionId) {
        let Some(closed) = self.sessions.close(session) else {
            return;
        };
        self.keep_session_places(closed.places);
        let draft = &mut self.state.chats.get_or_new(closed.host).draft;
        if draft.is_empty() {
            *draft = closed.unsent;
        }
        if let Some(facts) = closed.report {
            let drafts = &self.state.reports.drafts;
            let known = drafts
                .iter()
                .find(|(known, _)| known.report == facts.report);
            let draft = known.map(|(_, draft)| draft.clone()).unwrap_or_default();
            self.state.reports.open(facts, &draft);
        }
    }
}
