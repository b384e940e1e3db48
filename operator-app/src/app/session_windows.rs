//! The windows of remote sessions. Each is a deferred viewport with a state of its own, so that a
//! new picture repaints its window and nothing else. Where each monitor has a window, see `monitor_windows`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use egui::{CentralPanel, Context, Frame, Ui, ViewportBuilder, ViewportCommand, ViewportId};
use operator_engine::{
    ClipboardPlace, ClipboardWays, InputSender, LineQuality, SessionView, Wake, WishSender,
};
use protocol::{
    ChatLine, ColourDepth, EndedBy, Equipment, Hindrance, HostKeyboard, PeerId, ReportFacts,
    Rights, SessionId, ViewWish,
};
use ui_kit::raw_input::{InputTap, MARK_KEY, MENU_KEY, TapEvent};
use ui_kit::remote_view::{PictureSlot, RemoteView, ViewOptions, ViewSize};
use ui_kit::widgets::Notices;
use ui_kit::{Lang, Palette, Tone, Word, w};

use super::ConsoleApp;
use super::all_keys::{AllKeys, Shortcuts};
use super::monitor_windows::{Apart, Hands};
use super::places::{Place, SMALLEST, Scale, Standing, WITHOUT_PICTURE, centred};
use crate::clerk::Job;
use crate::phrases;
use crate::picture::{Pane, SessionPicture, can_part};
use crate::settings::{SessionPlace, Settings, host_key};
use crate::state::browser::Browser;
use crate::state::chats::Conversation;
use crate::state::session::{Company, Files, SessionNotice, SessionState, SessionWish};
use crate::state::view::{HostView, Keyboards, Usual};
use crate::views::browser::browser_ui;
use crate::views::closing::closing_ui;
use crate::views::files::files_side_ui;
use crate::views::session::{
    BAR_HEIGHT, FAREWELL_SECONDS, bar_ui, bring_in_ui, chat_side_ui, ended_ui, mark_ui, paused_ui,
    resting_ui, withheld_ui,
};
use crate::views::system::system_ui;
use ui_kit::Clock;

/// How long a window waits for the first picture before it opens without one.
///
/// Its size and place follow from the picture, so a window that opens early jumps.
const WAIT_FOR_PICTURE: Duration = Duration::from_secs(3);
/// Where the input of which picture goes; shared with the tap that takes it from the window.
#[derive(Debug, Clone, Default)]
pub struct InputRoutes {
    routes: Arc<Mutex<BTreeMap<u64, Route>>>,
}

/// Where the input over one picture goes, and which picture its places are in.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub(super) input: InputSender,
    pub(super) pane: Arc<Pane>,
}

impl InputRoutes {
    /// Sends what the tap took to its session. Never waits.
    pub fn send(&self, event: TapEvent) {
        let route = self.lock().get(&event.id).cloned();
        if let Some(Route { input, pane }) = route {
            input.send(pane.name_places(event.event));
        }
    }

    pub(super) fn add(&self, view: u64, route: Route) {
        self.lock().insert(view, route);
    }

    pub(super) fn remove(&self, view: u64) {
        self.lock().remove(&view);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Route>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What window and program share.
pub(super) struct SessionWindow {
    pub(super) viewport: ViewportId,
    pub(super) picture: Arc<SessionPicture>,
    pub(super) tap: Option<Arc<InputTap>>,
    wishes: WishSender,
    state: Mutex<SessionState>,
    drawing: Mutex<Drawing>,
    /// The windows of monitors. Locked after the state, if both are.
    apart: Mutex<Apart>,
    /// Locked after the state.
    shortcuts: Mutex<Shortcuts>,
    /// In which of the session's windows the operator's hands are.
    hands: Mutex<Hands>,
    pub(super) wake: Wake,
}

/// What only the window's own passes need.
struct Drawing {
    view: RemoteView,
    notices: Notices,
    all_keys: AllKeys,
    full_screen: bool,
    /// What the host was told last.
    wished: ViewWish,
    standing: Standing,
}

impl SessionWindow {
    pub(super) fn lock(&self) -> MutexGuard<'_, SessionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ui(&self, ui: &mut Ui) {
        let mut state = self.lock();
        let mut drawing = self.drawing.lock().unwrap_or_else(PoisonError::into_inner);
        self.look_at_monitors(&mut state);
        hot_keys(ui, &mut state);
        bar_ui(ui, &mut state);
        chat_side_ui(ui, &mut state);
        browser_ui(ui, &mut state);
        files_side_ui(ui, &mut state);
        bring_in_ui(ui, &mut state);
        mark_ui(ui, &mut state);
        closing_ui(ui, &mut state);
        system_ui(ui, &mut state);
        let palette = Palette::of(ui);
        CentralPanel::default()
            .frame(Frame::new().fill(palette.sunken))
            .show(ui, |ui| {
                if state.ended.is_some() {
                    self.picture.whole().hide();
                    ended_ui(ui, &mut state);
                } else {
                    self.first_picture_ui(ui, &mut state, &mut drawing);
                }
            });
        for notice in state.notices.drain(..) {
            let tone = if notice.is_problem {
                Tone::Danger
            } else {
                Tone::Good
            };
            drawing.notices.push(tone, notice.text);
        }
        drawing.notices.ui(ui.ctx(), state.lang);
        let here = self.hands_are(ui, &mut state);
        drawing.all_keys.follow(ui, &mut state, here);
        if drawing.full_screen != state.full_screen {
            drawing.full_screen = state.full_screen;
            let command = ViewportCommand::Fullscreen(state.full_screen);
            ui.ctx().send_viewport_cmd(command);
        }
        if ui.input(|input| input.viewport().close_requested()) {
            let wish = if state.ended.is_some() {
                SessionWish::Leave
            } else {
                SessionWish::End
            };
            ui.ctx().send_viewport_cmd(ViewportCommand::CancelClose);
            state.wishes.push(wish);
        }
        let wish = state.view_wish();
        if drawing.wished != wish {
            drawing.wished = wish;
            self.wishes.send(wish);
        }
        drawing.standing.note(ui, state.full_screen);
        if !state.wishes.is_empty() {
            (self.wake)();
        }
    }

    /// Where the window stands now, if that is not where it opened.
    fn moved_from(&self, opened: &Place, picture: (u32, u32)) -> Option<SessionPlace> {
        let drawing = self.drawing.lock().unwrap_or_else(PoisonError::into_inner);
        drawing.standing.moved_from(opened, picture, None)
    }

    /// Takes what the host said of its monitors.
    pub(super) fn look_at_monitors(&self, state: &mut SessionState) {
        state.layout = self.picture.layout();
        let layout = state.layout.as_ref();
        let places = self.picture.places();
        state.can_part = layout.is_some_and(|layout| can_part(layout, &places));
        state.follow_wanted();
    }

    /// Notes whether keyboard and pointer are in the window of this pass; whether they are in any of the
    /// session's.
    pub(super) fn hands_are(&self, ui: &Ui, state: &mut SessionState) -> bool {
        let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        let had_keyboard = hands.have_keyboard();
        hands.note(ui, state.ended.is_some());
        if hands.have_keyboard() != had_keyboard {
            let has = hands.have_keyboard();
            state.wishes.push(SessionWish::HasKeyboard(has));
        }
        hands.are_here()
    }

    pub(super) fn are_hands_here(&self) -> bool {
        let hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        hands.are_here()
    }

    /// That window is gone.
    pub(super) fn hands_leave(&self, viewport: ViewportId) {
        let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        let had_keyboard = hands.have_keyboard();
        hands.leave(viewport);
        self.shortcuts().forget();
        if had_keyboard && !hands.have_keyboard() {
            drop(hands);
            self.lock().wishes.push(SessionWish::HasKeyboard(false));
        }
    }

    fn shortcuts(&self) -> MutexGuard<'_, Shortcuts> {
        self.shortcuts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn apart(&self) -> MutexGuard<'_, Apart> {
        self.apart.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The whole picture in the session's own window, or its first monitor where each has a window.
    fn first_picture_ui(&self, ui: &mut Ui, state: &mut SessionState, drawing: &mut Drawing) {
        let label = w(state.lang, Word::RemoteScreen);
        if let Some(first) = &mut self.apart().first {
            self.picture_ui(ui, state, label, &first.pane, &mut first.view);
        } else {
            self.picture_ui(ui, state, label, self.picture.whole(), &mut drawing.view);
        }
    }

    /// One share of the picture in all the room there is.
    pub(super) fn picture_ui(
        &self,
        ui: &mut Ui,
        state: &mut SessionState,
        label: &str,
        pane: &Pane,
        view: &mut RemoteView,
    ) {
        let window = self
            .tap
            .as_ref()
            .and_then(|tap| tap.window_of(pane.viewport()));
        self.shortcuts().follow(state, window);
        let scale = scale_of(ui);
        let options = ViewOptions {
            label,
            size: state.size,
            picture_percent: state.picture_percent(),
            control: state.controls(),
            keys_by_place: state.keys_by_place,
            // the words over a picture that stands still are drawn here, and it with them
            drawn_elsewhere: pane.is_direct() && !state.stands_still(),
            step_px: present::step_px(scale),
        };
        let shown = view.ui(ui, &options);
        pane.passed(shown.seq);
        let place = shown.placement;
        let place = place.filter(|_| !shown.covered && !state.stands_still());
        // the operator's own pointer stands for the host's while it is over the screen
        let draw_pointer = !(state.controls() && shown.response.hovered());
        pane.place(window, place, scale, draw_pointer);
        let has_picture = pane.slot().size().is_some();
        if !has_picture && !state.stands_still() {
            let title = match state.hindrances.screen {
                Some(Hindrance::ASKED_ONCE_MORE) => phrases::desktop_asks(state.lang),
                _ => w(state.lang, Word::WaitingForPicture),
            };
            let mut over = ui.new_child(egui::UiBuilder::new().max_rect(shown.response.rect));
            over.visuals_mut().dark_mode = true;
            over.centered_and_justified(|ui| {
                let color = Palette::DARK.dim;
                ui.label(ui_kit::text(title, 15.0, ui_kit::theme::REGULAR, color));
            });
        }
        if state.paused {
            paused_ui(ui, state.lang, shown.response.rect);
        } else if state.withheld {
            withheld_ui(ui, state.lang, shown.response.rect, has_picture);
        } else if state.resting && resting_ui(ui, state.lang, shown.response.rect) {
            state.set_resting(false);
        }
    }
}

/// Physical pixels for each unit of the desktop, in parts of [`present::SCALE_ONE`].
fn scale_of(ui: &Ui) -> u32 {
    let scale = ui.ctx().native_pixels_per_point().unwrap_or(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a small number; the cast saturates"
    )]
    let parts = (scale * present::SCALE_ONE as f32).round() as u32;
    parts
}

/// F11 belongs to the remote computer; the menu key is the way out for who has only a keyboard.
pub(super) fn hot_keys(ui: &Ui, state: &mut SessionState) {
    if ui.input_mut(|input| input.consume_shortcut(&MENU_KEY)) {
        state.all_keys = false;
        state.full_screen = false;
    }
    if ui.input_mut(|input| input.consume_shortcut(&MARK_KEY)) {
        state.begin_mark();
    }
}

pub(super) struct Running {
    host: PeerId,
    /// What the host is remembered by.
    key: String,
    /// The number of the whole picture among all that take input.
    view: u64,
    input: InputSender,
    pub(super) window: Arc<SessionWindow>,
    since: Instant,
    shown: bool,
    /// Where the window opened for its first picture, of that size in pixels.
    opened: Option<(Place, (u32, u32))>,
    /// The report that follows when the window is gone.
    report: Option<ReportFacts>,
    /// When the session ended.
    ended: Option<Instant>,
}

/// What is left of a session's window.
pub(super) struct Closed {
    pub(super) host: PeerId,
    /// The report that follows, if one does.
    pub(super) report: Option<ReportFacts>,
    /// A line of chat that was typed and not sent.
    pub(super) unsent: String,
    /// The places of its windows, as far as the operator chose them.
    pub(super) places: Vec<SessionPlace>,
}

/// All session windows.
pub(super) struct SessionWindows {
    all: BTreeMap<SessionId, Running>,
    /// Pictures of questions that are not answered yet.
    asked: BTreeMap<PeerId, Arc<SessionPicture>>,
    tap: Option<Arc<InputTap>>,
    pub(super) routes: InputRoutes,
    wake: Wake,
    pub(super) ctx: Context,
    made: u64,
    /// What this computer's keyboard is, as was found last.
    keyboard: Option<HostKeyboard>,
}

impl SessionWindows {
    pub(super) fn new(
        ctx: Context,
        tap: Option<Arc<InputTap>>,
        routes: InputRoutes,
        wake: Wake,
    ) -> Self {
        Self {
            all: BTreeMap::new(),
            asked: BTreeMap::new(),
            tap,
            routes,
            wake,
            ctx,
            made: 0,
            keyboard: None,
        }
    }

    /// Where the pictures of the session that is asked for will go.
    pub(super) fn new_view(&mut self, host: PeerId) -> Arc<dyn SessionView> {
        let viewport = ViewportId::from_hash_of(("session", self.number()));
        let picture = Arc::new(SessionPicture::new(self.ctx.clone(), viewport));
        self.asked.insert(host, Arc::clone(&picture));
        picture
    }

    /// A number that no window and no picture had before.
    pub(super) fn number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// What the host of a session is remembered by.
    pub(super) fn key_of(&self, session: SessionId) -> Option<&str> {
        self.all.get(&session).map(|running| running.key.as_str())
    }

    /// What this computer's keyboard is now.
    pub(super) fn set_keyboard(&mut self, keyboard: Option<HostKeyboard>) {
        for session in self.all.keys() {
            self.change(*session, |state| state.keyboards.here.clone_from(&keyboard));
        }
        self.keyboard = keyboard;
    }

    /// A host has said what its desk is equipped with.
    pub(super) fn equipped(&self, session: SessionId, equipment: Equipment) {
        match equipment {
            Equipment::Monitors(places) => {
                if let Some(running) = self.all.get(&session) {
                    running.window.picture.set_places(places);
                }
            }
            Equipment::Keyboard(keyboard) => {
                self.change(session, |state| state.keyboards.there = Some(keyboard));
            }
        }
    }

    /// The host that is asked has another row now.
    pub(super) fn has_moved(&mut self, from: PeerId, to: PeerId) {
        if let Some(picture) = self.asked.remove(&from) {
            self.asked.insert(to, picture);
        }
    }

    pub(super) fn forget_asked(&mut self, host: PeerId) {
        self.asked.remove(&host);
    }

    pub(super) fn any_running(&self) -> bool {
        self.all
            .values()
            .any(|running| running.window.lock().ended.is_none())
    }

    /// Changes what a window knows, and lets it draw that.
    pub(super) fn change(&self, session: SessionId, change: impl FnOnce(&mut SessionState)) {
        if let Some(running) = self.all.get(&session) {
            change(&mut running.window.lock());
            self.ctx.request_repaint_of(running.window.viewport);
        }
    }

    /// Takes how the line is.
    pub(super) fn take_line(&self, session: SessionId, line: LineQuality) {
        if let Some(running) = self.all.get(&session)
            && running.window.lock().take_line(line)
        {
            self.ctx.request_repaint_of(running.window.viewport);
        }
    }

    /// Takes a line of chat; whether its window shows the conversation now.
    pub(super) fn take_chat(&self, session: SessionId, line: &ChatLine) -> bool {
        let Some(running) = self.all.get(&session) else {
            return false;
        };
        let mut state = running.window.lock();
        let in_sight = state.chat_open;
        state.chat.take(line.clone(), in_sight);
        drop(state);
        self.ctx.request_repaint_of(running.window.viewport);
        in_sight
    }

    /// Whether the keyboard is with a window of this program.
    pub(super) fn any_has_focus(&self) -> bool {
        self.ctx.input(|input| {
            let mut windows = input.raw.viewports.values();
            windows.any(|window| window.focused == Some(true))
        })
    }

    /// Says something in the windows that are open.
    pub(super) fn notice(&self, text: &str, is_problem: bool) {
        for session in self.all.keys() {
            self.change(*session, |state| {
                let text = text.to_owned();
                state.notices.push(SessionNotice { text, is_problem });
            });
        }
    }

    pub(super) fn set_clipboard(&self, ways: ClipboardWays) {
        for session in self.all.keys() {
            self.change(*session, |state| state.clipboard = ways);
        }
    }

    pub(super) fn set_lang(&self, lang: Lang) {
        for session in self.all.keys() {
            self.change(*session, |state| state.lang = lang);
        }
    }

    /// The session is over; whether it has a window that can say so.
    pub(super) fn ended(&mut self, session: SessionId, by: EndedBy) -> bool {
        if let Some(running) = self.all.get_mut(&session) {
            self.routes.remove(running.view);
            running.ended.get_or_insert_with(Instant::now);
        }
        self.change(session, |state| {
            state.ended = Some(by);
            state.bring_in = None;
            state.marking = None;
            state.closing = None;
            state.system = None;
            (state.paused, state.withheld, state.resting) = (false, false, false);
            state.all_keys = false;
            state.full_screen = false;
        });
        self.all.get(&session).is_some_and(|running| running.shown)
    }

    pub(super) fn report_follows(&mut self, session: SessionId, facts: ReportFacts) {
        if let Some(running) = self.all.get_mut(&session) {
            running.report = Some(facts);
        }
        self.change(session, |state| state.report_follows = true);
    }

    /// The windows that have said for long enough that their session is over. One that is covered is not drawn,
    /// and does not count for itself.
    pub(super) fn said_farewell(&self) -> Vec<SessionId> {
        let stay = Duration::from_secs_f64(FAREWELL_SECONDS);
        let mut said = Vec::new();
        for (session, running) in &self.all {
            let left = running
                .ended
                .map(|ended| stay.saturating_sub(ended.elapsed()));
            match left {
                Some(Duration::ZERO) => said.push(*session),
                Some(left) => self.ctx.request_repaint_after_for(left, ViewportId::ROOT),
                None => {}
            }
        }
        said
    }

    /// Closes a window; what is left of it.
    pub(super) fn close(&mut self, session: SessionId) -> Option<Closed> {
        let closed = self.all.remove(&session)?;
        let unsent = std::mem::take(&mut closed.window.lock().chat.draft);
        let mut places = closed.window.join(&self.routes);
        if let Some((place, picture)) = closed.opened {
            places.extend(closed.window.moved_from(&place, picture));
        }
        Some(Closed {
            places,
            host: closed.host,
            report: closed.report,
            unsent,
        })
    }

    pub(super) fn close_all(&mut self) {
        self.all.clear();
    }

    /// What the windows ask for.
    pub(super) fn take_wishes(&self) -> Vec<(SessionId, PeerId, SessionWish)> {
        let mut wishes = Vec::new();
        for (session, running) in &self.all {
            let taken = std::mem::take(&mut running.window.lock().wishes);
            wishes.extend(taken.into_iter().map(|wish| (*session, running.host, wish)));
        }
        wishes
    }

    /// What takes files that the desktop's dialog asked for to their window.
    pub(super) fn chosen_files(
        &self,
        session: SessionId,
    ) -> Option<impl FnOnce(Vec<PathBuf>) + Send + 'static> {
        let window = Arc::clone(&self.all.get(&session)?.window);
        Some(move |paths| {
            let mut state = window.lock();
            let wish = state.send_files(paths);
            state.wishes.push(wish);
            drop(state);
            (window.wake)();
        })
    }

    /// Where the picture of a session is, once there is one.
    pub(super) fn picture(&self, session: SessionId) -> Option<Arc<PictureSlot>> {
        let picture = &self.all.get(&session)?.window.picture;
        picture.size().map(|_| Arc::clone(picture.slot()))
    }

    /// Keeps the windows open; called in every pass of the main window. Gives where windows stood that are
    /// gone.
    pub(super) fn show(
        &mut self,
        ctx: &Context,
        clock: Clock,
        settings: &Settings,
    ) -> Vec<SessionPlace> {
        let left = self.arrange();
        let monitor = ctx.input(|input| input.viewport().monitor_size);
        for running in self.all.values_mut() {
            let size = running.window.picture.size();
            if !running.shown && size.is_none() {
                let waited = running.since.elapsed();
                if waited < WAIT_FOR_PICTURE {
                    ctx.request_repaint_after(WAIT_FOR_PICTURE.saturating_sub(waited));
                    continue;
                }
            }
            let mut state = running.window.lock();
            state.clock = clock;
            let mut builder = ViewportBuilder::default()
                .with_title(state.title())
                .with_app_id("pure-help-desk")
                .with_min_inner_size(SMALLEST);
            let first = running.window.first_size().or(size);
            if let Some(picture) = first.filter(|_| running.opened.is_none()) {
                let mut place = Place::choose(picture, BAR_HEIGHT, Scale::of(ctx), monitor);
                if let Some(chosen) = settings.session_place(picture, None) {
                    place.follow(&chosen, ctx.zoom_factor(), monitor);
                }
                if state.size_is_open() {
                    state.size = place.size;
                }
                builder = builder
                    .with_inner_size(place.inner)
                    .with_position(place.at)
                    .with_maximized(place.maximized);
                running.opened = Some((place.of_desktop(ctx), picture));
            } else if !running.shown {
                builder = builder
                    .with_inner_size(WITHOUT_PICTURE)
                    .with_position(centred(WITHOUT_PICTURE, monitor));
            }
            running.shown = true;
            drop(state);
            let window = Arc::clone(&running.window);
            ctx.show_viewport_deferred(running.window.viewport, builder, move |ui, _class| {
                let begun = Instant::now();
                window.ui(ui);
                let millis = begun.elapsed().as_secs_f32() * 1000.0;
                tracing::trace!(millis, "Frame of a session");
            });
            running.window.show_monitors(ctx, settings);
        }
        left
    }

    /// Gives each monitor a window where that is wished for, and none otherwise; where windows stood that are
    /// gone.
    fn arrange(&mut self) -> Vec<SessionPlace> {
        let mut left = Vec::new();
        let mut made = self.made;
        for running in self.all.values() {
            let mut number = || {
                made += 1;
                made
            };
            let window = &running.window;
            let places = window.arrange(&running.input, &self.routes, &mut number);
            left.extend(places);
        }
        self.made = made;
        left
    }
}

impl ConsoleApp {
    /// Opens the window of a session that has started.
    pub(super) fn open_session_window(
        &mut self,
        session: SessionId,
        host: PeerId,
        rights: Rights,
        (input, wishes): (InputSender, WishSender),
    ) {
        let Some(picture) = self.sessions.asked.remove(&host) else {
            return;
        };
        // keys come to the window's thread first
        urgency::urgent();
        let entry = self.state.computers.get(host);
        let route = entry.and_then(|entry| entry.ticket);
        let ticket = route.and_then(|route| self.state.tickets.spoken(route));
        let ticket = ticket.map(str::to_owned);
        let name = self.host_name(host).unwrap_or_default();
        let chat = self.state.chats.get_or_new(host);
        let chat = Conversation {
            name: name.clone(),
            draft: String::new(),
            ..chat.clone()
        };
        let is_permanent = self.state.computers.opened.contains(&host);
        let key = host_key(is_permanent, &name);
        let mut state = SessionState {
            lang: self.state.lang,
            clock: self.state.clock,
            host: name,
            ticket: ticket
                .or_else(|| route.map(|r| r.to_string()))
                .unwrap_or_default(),
            rights,
            input: input.clone(),
            size: ViewSize::default(),
            depth: ColourDepth::default(),
            monitor: None,
            apart: false,
            can_part: false,
            wanted: None,
            view: HostView::default(),
            usual: Usual::default(),
            keyboards: Keyboards {
                here: self.sessions.keyboard.clone(),
                there: None,
            },
            layout: None,
            full_screen: false,
            view_only: false,
            keys_by_place: false,
            all_keys: false,
            all_keys_problem: None,
            company: Company::default(),
            watched_by: Vec::new(),
            bring_in: None,
            marking: None,
            closing: None,
            system: None,
            chat_open: false,
            files: Files::default(),
            browser: Browser::default(),
            clipboard: self.settings.clipboard(),
            has_clipboard: ClipboardPlace::of_this_desktop().exists(),
            chat,
            snippets: self.state.snippets.clone(),
            paused: false,
            withheld: false,
            resting: false,
            shields: None,
            shares_only: None,
            line: None,
            line_open: false,
            ending: false,
            hindrances: self.state.computers.hindrances_of(host),
            ended: None,
            report_follows: false,
            ended_at_seconds: None,
            notices: Vec::new(),
            wishes: Vec::new(),
        };
        state.begin_with(self.settings.host_view(&key), self.settings.usual());
        let slot = Arc::clone(picture.slot());
        let view = self.sessions.number();
        let way = Route {
            input: input.clone(),
            pane: Arc::clone(picture.whole()),
        };
        self.sessions.routes.add(view, way);
        let drawing = Drawing {
            view: RemoteView::new(view, slot, self.sessions.tap.clone()),
            notices: Notices::default(),
            all_keys: AllKeys::default(),
            full_screen: false,
            wished: ViewWish::default(),
            standing: Standing::default(),
        };
        let window = SessionWindow {
            drawing: Mutex::new(drawing),
            viewport: picture.viewport(),
            picture,
            tap: self.sessions.tap.clone(),
            wishes,
            state: Mutex::new(state),
            apart: Mutex::default(),
            shortcuts: Mutex::default(),
            hands: Mutex::default(),
            wake: Arc::clone(&self.sessions.wake),
        };
        let running = Running {
            host,
            key,
            view,
            input,
            window: Arc::new(window),
            since: Instant::now(),
            shown: false,
            opened: None,
            report: None,
            ended: None,
        };
        self.sessions.all.insert(session, running);
        // it may have been changed since the last session
        self.clerk.give(Job::LookAtKeyboard);
        (self.sessions.wake)();
    }
}
