//! The icon in the notification area: the console stays at hand there while its window is closed.

use std::sync::mpsc::{Receiver, sync_channel};

use desktop::{Tray, TrayItem, TrayState, TrayWish};
use egui::{Context, ViewportCommand, ViewportId};
use protocol::EntryKind;

use super::{ConsoleApp, to_the_front};
use crate::action::Action;
use crate::clerk::{Job, SERVICE};
use crate::phrases;

/// Clicks that may wait.
const MOST_WAITING: usize = 16;
const OPEN: u32 = 0;
const NEW_TICKET: u32 = 1;
const QUIT: u32 = 2;

/// The icon, while the settings want one.
#[derive(Debug)]
pub(super) struct ConsoleTray {
    icon: Tray,
    wishes: Receiver<Option<TrayWish>>,
    said: TrayState,
    /// The window is closed, and only the icon is left of it.
    hidden: bool,
}

impl ConsoleTray {
    fn start(ctx: &Context, state: TrayState) -> std::io::Result<Self> {
        let (sender, wishes) = sync_channel(MOST_WAITING);
        let ctx = ctx.clone();
        let icon = Tray::start(SERVICE, state.clone(), move |wish| {
            if sender.try_send(wish).is_ok() {
                ctx.request_repaint_of(ViewportId::ROOT);
            }
        })?;
        Ok(Self {
            icon,
            wishes,
            said: state,
            hidden: false,
        })
    }
}

impl ConsoleApp {
    /// Does what was chosen in the icon's menu, and has the icon say how things stand.
    pub(super) fn follow_tray(&mut self, ctx: &Context) {
        let state = self.tray_state();
        if !self.settings.tray {
            if self.tray.take().is_some_and(|tray| tray.hidden) {
                to_the_front(ctx);
            }
            return;
        }
        if self.tray.is_none() {
            match ConsoleTray::start(ctx, state.clone()) {
                Ok(tray) => self.tray = Some(tray),
                Err(error) => tracing::warn!(%error, "No icon"),
            }
        }
        let Some(tray) = &mut self.tray else { return };
        if tray.said != state && tray.icon.say(state.clone()) {
            tray.said = state;
        }
        if tray.hidden && !tray.icon.is_shown() {
            // whoever showed the icon is gone: nothing else leads to the window
            tray.hidden = false;
            to_the_front(ctx);
        }
        let wishes: Vec<TrayWish> = tray.wishes.try_iter().flatten().collect();
        for wish in wishes {
            let open = |this: &mut Self| {
                if let Some(tray) = &mut this.tray {
                    tray.hidden = false;
                }
                to_the_front(ctx);
            };
            match wish {
                TrayWish::Clicked | TrayWish::Chosen(OPEN) => open(self),
                TrayWish::Chosen(NEW_TICKET) => {
                    open(self);
                    self.fulfil(ctx, Action::GenerateTicket);
                }
                TrayWish::Chosen(QUIT) => {
                    open(self);
                    self.quits = true;
                    ctx.send_viewport_cmd_to(ViewportId::ROOT, ViewportCommand::Close);
                }
                TrayWish::Chosen(_) => {}
            }
        }
    }

    /// Whether closing the window leaves the icon, and the program goes on behind it; the window is gone then.
    pub(super) fn hides(&mut self, ctx: &Context) -> bool {
        let Some(tray) = self.tray.as_mut().filter(|tray| tray.icon.is_shown()) else {
            return false;
        };
        if self.quits {
            return false;
        }
        ctx.send_viewport_cmd(ViewportCommand::CancelClose);
        tray.hidden = true;
        ctx.send_viewport_cmd(ViewportCommand::Visible(false));
        true
    }

    /// Looks whether there is an area for the icon.
    pub(super) fn look_for_tray(&self) {
        self.clerk.give(Job::LookForTray);
    }

    fn tray_state(&self) -> TrayState {
        let lang = self.state.lang;
        let account = &self.state.account;
        let entries = self.state.computers.entries.iter();
        let users = entries.filter(|entry| entry.kind == EntryKind::User && entry.yours);
        let (mut connected, mut waiting) = (0, 0);
        for user in users {
            connected += 1;
            waiting += usize::from(user.in_session_with.is_none());
        }
        let tip = if account.has_list() {
            phrases::tray::how_many(lang, connected, waiting)
        } else {
            phrases::not_logged_in(lang).to_owned()
        };
        let item = |label: &str, choice| TrayItem {
            label: label.to_owned(),
            choice,
        };
        let can_ticket = account.is_logged_in().then_some(NEW_TICKET);
        TrayState {
            title: "Pure Help Desk".to_owned(),
            attention: waiting > 0 || self.state.chats.unread_in_all() > 0,
            items: vec![
                item(&tip, None),
                item(phrases::tray::open(lang), Some(OPEN)),
                item(phrases::tray::new_ticket(lang), can_ticket),
                item(phrases::tray::quit(lang), Some(QUIT)),
            ],
            tip,
        }
    }
}
