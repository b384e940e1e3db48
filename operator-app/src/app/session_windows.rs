//! The windows of remote sessions. Each is a deferred viewport with a state of its own, so that a
//! new picture repaints its window and nothing else.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use egui::{CentralPanel, Context, Frame, Ui, ViewportBuilder, ViewportCommand, ViewportId, vec2};
use operator_engine::{ClipboardPlace, ClipboardWays, InputSender, SessionView, Wake, WishSender};
use protocol::{ChatLine, EndedBy, PeerId, ReportFacts, Rights, SessionId, ViewWish};
use ui_kit::raw_input::{InputTap, MARK_KEY, MENU_KEY, TapEvent};
use ui_kit::remote_view::{PictureSlot, RemoteView, ViewOptions, ViewSize};
use ui_kit::widgets::Notices;
use ui_kit::{Lang, Palette, Tone, Word, w};

use super::ConsoleApp;
use super::all_keys::AllKeys;
use crate::picture::SessionPicture;
use crate::settings::{SessionPlace, Settings};
use crate::state::browser::Browser;
use crate::state::chats::Conversation;
use crate::state::session::{Company, Files, SessionNotice, SessionState, SessionWish};
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
/// Size of a window that opens without a picture, in points.
const WITHOUT_PICTURE: egui::Vec2 = vec2(1280.0, 800.0);
/// Smallest window, in points: all tools have room.
const SMALLEST: egui::Vec2 = vec2(640.0, 320.0);
/// A window that is further than this from where it opened was moved by its operator, in points.
const MOVED: f32 = 8.0;
/// Room that window borders and the desktop's own bars may take, in points.
const DESKTOP_ROOM: egui::Vec2 = vec2(0.0, 40.0);

/// Where the input of which session goes; shared with the tap that takes it from the window.
#[derive(Debug, Clone, Default)]
pub struct InputRoutes {
    routes: Arc<Mutex<BTreeMap<u64, Route>>>,
}

/// Where one session's input goes, and the picture that its places are in.
#[derive(Debug, Clone)]
struct Route {
    input: InputSender,
    picture: Arc<SessionPicture>,
}

impl InputRoutes {
    /// Sends what the tap took to its session. Never waits.
    pub fn send(&self, event: TapEvent) {
        let route = self.lock().get(&event.id).cloned();
        if let Some(Route { input, picture }) = route {
            input.send(picture.name_places(event.event));
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Route>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What window and program share.
struct SessionWindow {
    viewport: ViewportId,
    picture: Arc<SessionPicture>,
    tap: Option<Arc<InputTap>>,
    wishes: WishSender,
    state: Mutex<SessionState>,
    drawing: Mutex<Drawing>,
    wake: Wake,
}

/// What only the window's own passes need.
struct Drawing {
    view: RemoteView,
    notices: Notices,
    all_keys: AllKeys,
    full_screen: bool,
    has_keyboard: bool,
    /// What the host was told last.
    wished: ViewWish,
    /// Where the window stands.
    outer: Option<egui::Rect>,
    inner: Option<egui::Rect>,
    maximized: bool,
}

impl SessionWindow {
    fn lock(&self) -> MutexGuard<'_, SessionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ui(&self, ui: &mut Ui) {
        let mut state = self.lock();
        let mut drawing = self.drawing.lock().unwrap_or_else(PoisonError::into_inner);
        state.layout = self.picture.layout();
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
                    self.picture.place(None, None, false);
                    ended_ui(ui, &mut state);
                } else {
                    self.screen_ui(ui, &mut state, &mut drawing);
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
        drawing.all_keys.follow(ui, &mut state);
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
        let has_keyboard = ui.input(|input| input.focused) && state.ended.is_none();
        if drawing.has_keyboard != has_keyboard {
            drawing.has_keyboard = has_keyboard;
            state.wishes.push(SessionWish::HasKeyboard(has_keyboard));
        }
        let wish = state.view_wish();
        if drawing.wished != wish {
            drawing.wished = wish;
            self.wishes.send(wish);
        }
        if !state.full_screen {
            ui.input(|input| {
                let viewport = input.viewport();
                drawing.outer = viewport.outer_rect.or(drawing.outer);
                drawing.inner = viewport.inner_rect.or(drawing.inner);
                drawing.maximized = viewport.maximized.unwrap_or(false);
            });
        }
        if !state.wishes.is_empty() {
            (self.wake)();
        }
    }

    /// Where the window stands now, if that is not where it opened: at `opened`, for a picture of
    /// that size.
    fn moved_from(&self, opened: &Place, picture: (u32, u32)) -> Option<SessionPlace> {
        let drawing = self.drawing.lock().unwrap_or_else(PoisonError::into_inner);
        let (outer, inner) = (drawing.outer?, drawing.inner?);
        let far = |one: f32, other: f32| (one - other).abs() > MOVED;
        let moved = if drawing.maximized || opened.maximized {
            drawing.maximized != opened.maximized
        } else {
            far(outer.left(), opened.at.x)
                || far(outer.top(), opened.at.y)
                || far(inner.width(), opened.inner.x)
                || far(inner.height(), opened.inner.y)
        };
        // a maximized window says nothing of the place that it goes back to
        let (at, size) = if drawing.maximized {
            (opened.at, opened.inner)
        } else {
            (outer.min, inner.size())
        };
        moved.then_some(SessionPlace {
            picture,
            left: at.x,
            top: at.y,
            width: size.x,
            height: size.y,
            maximized: drawing.maximized,
        })
    }

    fn screen_ui(&self, ui: &mut Ui, state: &mut SessionState, drawing: &mut Drawing) {
        let label = w(state.lang, Word::RemoteScreen);
        let window = self
            .tap
            .as_ref()
            .and_then(|tap| tap.window_of(self.viewport));
        let options = ViewOptions {
            label,
            size: state.size,
            picture_percent: state.picture_percent(),
            control: state.controls(),
            keys_by_place: state.keys_by_place,
            // the words over a picture that stands still are drawn here, and it with them
            drawn_elsewhere: self.picture.is_direct() && !state.stands_still(),
        };
        let shown = drawing.view.ui(ui, &options);
        self.picture.passed(shown.seq);
        let place = shown.placement;
        let place = place.filter(|_| !shown.covered && !state.stands_still());
        // the operator's own pointer stands for the host's while it is over the screen
        let draw_pointer = !(state.controls() && shown.response.hovered());
        self.picture.place(window, place, draw_pointer);
        let has_picture = self.picture.size().is_some();
        if !has_picture && !state.stands_still() {
            let title = w(state.lang, Word::WaitingForPicture);
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

/// F11 belongs to the remote computer; the menu key is the way out for who has only a keyboard.
fn hot_keys(ui: &Ui, state: &mut SessionState) {
    if ui.input_mut(|input| input.consume_shortcut(&MENU_KEY)) {
        state.all_keys = false;
        state.full_screen = false;
    }
    if ui.input_mut(|input| input.consume_shortcut(&MARK_KEY)) {
        state.begin_mark();
    }
}

struct Running {
    host: PeerId,
    window: Arc<SessionWindow>,
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
    /// The window's place, if the operator chose it.
    pub(super) place: Option<SessionPlace>,
}

/// All session windows.
pub(super) struct SessionWindows {
    all: BTreeMap<SessionId, Running>,
    /// Pictures of questions that are not answered yet.
    asked: BTreeMap<PeerId, Arc<SessionPicture>>,
    tap: Option<Arc<InputTap>>,
    routes: InputRoutes,
    wake: Wake,
    ctx: Context,
    made: u64,
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
        }
    }

    /// Where the pictures of the session that is asked for will go.
    pub(super) fn new_view(&mut self, host: PeerId) -> Arc<dyn SessionView> {
        self.made += 1;
        let viewport = ViewportId::from_hash_of(("session", self.made));
        let picture = Arc::new(SessionPicture::new(self.ctx.clone(), viewport));
        self.asked.insert(host, Arc::clone(&picture));
        picture
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
        self.routes.lock().remove(&session.0);
        if let Some(running) = self.all.get_mut(&session) {
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
        let place = closed
            .opened
            .and_then(|(place, picture)| closed.window.moved_from(&place, picture));
        Some(Closed {
            place,
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

    /// Keeps the windows open; called in every pass of the main window.
    pub(super) fn show(&mut self, ctx: &Context, clock: Clock, settings: &Settings) {
        let monitor = ctx.input(|input| input.viewport().monitor_size);
        for running in self.all.values_mut() {
            let pixels_per_point = ctx.pixels_per_point();
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
            if let Some(picture) = size.filter(|_| running.opened.is_none()) {
                let mut place = Place::choose(picture, pixels_per_point, monitor);
                if let Some(chosen) = settings.session_place(picture) {
                    place.follow(&chosen, monitor);
                }
                state.size = place.size;
                builder = builder
                    .with_inner_size(place.inner)
                    .with_position(place.at)
                    .with_maximized(place.maximized);
                running.opened = Some((place, picture));
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
        }
    }
}

/// The first place of a session window; the same for the same picture each time.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Top left of its frame.
    at: egui::Pos2,
    inner: egui::Vec2,
    size: ViewSize,
    maximized: bool,
}

impl Place {
    /// The whole picture at its usual size where the monitor has room for it, otherwise fitted. The
    /// usual size is 1:1, and larger by a whole factor where the monitor's pixels are finer: as easily
    /// read, and as sharp.
    fn choose(
        (width, height): (u32, u32),
        pixels_per_point: f32,
        monitor: Option<egui::Vec2>,
    ) -> Self {
        let factor = pixels_per_point.floor().max(1.0);
        let picture = vec2(width as f32, height as f32) * factor / pixels_per_point;
        let wanted = (picture + vec2(0.0, BAR_HEIGHT)).max(SMALLEST);
        let room = monitor.map_or(WITHOUT_PICTURE, |monitor| monitor - DESKTOP_ROOM);
        let fits = wanted.x <= room.x && wanted.y <= room.y;
        let inner = if fits {
            // an edge of half a pixel must not make scroll bars
            (wanted * pixels_per_point).ceil() / pixels_per_point
        } else {
            room * 0.9
        };
        Self {
            at: centred(inner, monitor),
            inner,
            size: if fits && factor < 2.0 {
                ViewSize::Actual
            } else {
                ViewSize::Fit
            },
            maximized: !fits,
        }
    }

    /// Goes where the operator left the window, as far as the monitor reaches now.
    fn follow(&mut self, chosen: &SessionPlace, monitor: Option<egui::Vec2>) {
        /// Of the window's frame this much stays in reach.
        const IN_REACH: f32 = 80.0;
        let room = monitor.map_or(WITHOUT_PICTURE, |monitor| monitor - DESKTOP_ROOM);
        let room = room.max(SMALLEST);
        let inner = vec2(chosen.width, chosen.height).clamp(SMALLEST, room);
        if inner.x + MOVED < self.inner.x || inner.y + MOVED < self.inner.y {
            self.size = ViewSize::Fit;
        }
        self.inner = inner;
        self.at = egui::pos2(
            chosen.left.clamp(IN_REACH - inner.x, room.x - IN_REACH),
            chosen.top.clamp(0.0, room.y - IN_REACH),
        );
        self.maximized = chosen.maximized;
    }
}

/// Where a window of that size stands in the middle of the monitor.
fn centred(inner: egui::Vec2, monitor: Option<egui::Vec2>) -> egui::Pos2 {
    let free = monitor.map_or(egui::Vec2::ZERO, |monitor| monitor - DESKTOP_ROOM - inner);
    (free / 2.0).floor().max(egui::Vec2::ZERO).to_pos2()
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
        let way = Route {
            input: input.clone(),
            picture: Arc::clone(&picture),
        };
        self.sessions.routes.lock().insert(session.0, way);
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
        let (size, full_screen) = self.settings.starting_image_size.to_view();
        let state = SessionState {
            lang: self.state.lang,
            clock: self.state.clock,
            host: name,
            ticket: ticket
                .or_else(|| route.map(|r| r.to_string()))
                .unwrap_or_default(),
            rights,
            input,
            size,
            depth: self.settings.color_depth(),
            monitor: None,
            layout: None,
            full_screen,
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
            ending: false,
            hindrances: self.state.computers.hindrances_of(host),
            ended: None,
            report_follows: false,
            ended_at_seconds: None,
            notices: Vec::new(),
            wishes: Vec::new(),
        };
        let slot = Arc::clone(picture.slot());
        let drawing = Drawing {
            view: RemoteView::new(session.0, slot, self.sessions.tap.clone()),
            notices: Notices::default(),
            all_keys: AllKeys::default(),
            full_screen: false,
            has_keyboard: false,
            wished: ViewWish::default(),
            outer: None,
            inner: None,
            maximized: false,
        };
        let window = SessionWindow {
            drawing: Mutex::new(drawing),
            viewport: picture.viewport(),
            picture,
            tap: self.sessions.tap.clone(),
            wishes,
            state: Mutex::new(state),
            wake: Arc::clone(&self.sessions.wake),
        };
        let running = Running {
            host,
            window: Arc::new(window),
            since: Instant::now(),
            shown: false,
            opened: None,
            report: None,
            ended: None,
        };
        self.sessions.all.insert(session, running);
        (self.sessions.wake)();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s1_the_first_window_shows_every_pixel_where_the_monitor_has_room() {
        let monitor = Some(vec2(2560.0, 1440.0));
        let place = Place::choose((1920, 1080), 1.0, monitor);
        assert_eq!(place.inner, vec2(1920.0, 1080.0 + BAR_HEIGHT));
        assert_eq!(place.size, ViewSize::Actual);
        assert_eq!(place.at, egui::pos2(320.0, 138.0));
        let place = Place::choose((2560, 1440), 1.0, monitor);
        assert_eq!((place.size, place.maximized), (ViewSize::Fit, true));
    }

    #[test]
    fn s2_on_finer_pixels_the_first_window_is_as_easily_read() {
        let monitor = Some(vec2(1280.0, 800.0));
        let place = Place::choose((1024, 700), 2.0, monitor);
        assert_eq!(place.inner, vec2(1024.0, 700.0 + BAR_HEIGHT));
        assert_eq!((place.size, place.maximized), (ViewSize::Fit, false));
        let place = Place::choose((1280, 720), 2.0, monitor);
        assert_eq!((place.size, place.maximized), (ViewSize::Fit, true));
        let place = Place::choose((1024, 700), 1.5, monitor);
        assert_eq!(place.size, ViewSize::Actual, "no whole factor");
    }

    #[test]
    fn a_place_that_was_chosen_on_a_larger_monitor_stays_in_reach() {
        let mut place = Place::choose((800, 600), 1.0, Some(vec2(1280.0, 800.0)));
        let chosen = SessionPlace {
            picture: (800, 600),
            left: 3000.0,
            top: -50.0,
            width: 1e9,
            height: 700.0,
            maximized: false,
        };
        place.follow(&chosen, Some(vec2(1280.0, 800.0)));
        assert_eq!(place.inner, vec2(1280.0, 700.0));
        assert_eq!(place.at, egui::pos2(1200.0, 0.0));
        assert_eq!(place.size, ViewSize::Actual);
    }
}
