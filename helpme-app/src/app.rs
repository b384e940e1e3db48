//! Routes: events to the state, wishes to the state, and what the state wants done to the window, the
//! engine and the disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use desktop::{Choose, First, Folders, FurtherStarts, HotKey, SettingsFile, WindowPlace};
use eframe::egui::{
    Context, Event, Pos2, RawInput, Ui, UserAttentionType, Vec2, ViewportCommand, ViewportId,
    WindowLevel, vec2,
};
use eframe::{CreationContext, Frame};
use host_engine::{Doctor, more_rights};
use ui_kit::{Clock, Enlarged, LastAct, Word, w};

use crate::above::Above;
use crate::backend::{Backend, Wake};
use crate::floating::Floating;
use crate::front::Front;
use crate::lasting::LastingDesk;
use crate::link::Link;
use crate::links::LinkDesk;
use crate::overlay::OverAll;
use crate::settings::HubPlace;
use crate::settings::Settings;
use crate::state::{Action, Below, Effect, Shape, Stage, State};
use crate::updates::Updates;
use crate::views::{self, BAR_HEIGHT, Moment, Strip};

/// The window's size at a first start, and the smallest, in points.
pub const WINDOW_SIZE: (f32, f32) = (440.0, 690.0);
pub const SMALLEST_WINDOW: (f32, f32) = (360.0, 420.0);

/// How long a desktop may take to give the window another size.
const SETTLING: Duration = Duration::from_secs(2);

/// What the app is given.
#[derive(Debug)]
pub struct Start {
    pub state: State,
    /// `None` where nothing can be kept, as below.
    pub folders: Option<Folders>,
    pub file: Option<SettingsFile>,
    /// This program, to guard held keys.
    pub exe: PathBuf,
    /// Who hears of further starts.
    pub first: Option<First>,
    /// The window's sizes; `None` but on Wayland.
    pub floating: Option<Floating>,
    /// What is done before a fault of the program ends it.
    pub last_act: LastAct,
}

/// The program.
#[derive(Debug)]
pub struct HelpmeApp {
    state: State,
    backend: Backend,
    doctor: Option<Doctor>,
    links: LinkDesk,
    lasting: LastingDesk,
    exe: PathBuf,
    updates: Option<Updates>,
    further: FurtherStarts,
    file: Option<SettingsFile>,
    started: Instant,
    /// `None` where there is none.
    hot_key: Option<HotKey>,
    front: Front,
    above: Above,
    /// Where [`Self::floating`] is.
    over_all: OverAll,
    shape: Shape,
    floating: Option<Floating>,
    enlarged: Enlarged,
    /// Until then the window's size is not its own yet, after it was a bar.
    settles_at: Duration,
    /// Files that were chosen in the desktop's dialog.
    chosen: (SyncSender<Vec<PathBuf>>, Receiver<Vec<PathBuf>>),
    /// Where the receipt was saved, if it was.
    kept: (SyncSender<Option<PathBuf>>, Receiver<Option<PathBuf>>),
    wake: WakeHandle,
}

fn further_starts(first: Option<First>, wake: &Wake) -> FurtherStarts {
    let wake = Arc::clone(wake);
    FurtherStarts::of(first, move || wake())
}

struct WakeHandle(Wake);

impl std::fmt::Debug for WakeHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WakeHandle")
    }
}

impl HelpmeApp {
    /// Gives the window its look and starts the engine where the hub is known.
    pub fn new(creation: &CreationContext<'_>, start: Start) -> Self {
        let ctx = &creation.egui_ctx;
        ui_kit::theme::install(ctx);
        ui_kit::ui_map::install(ctx);
        start.state.settings.theme.apply(ctx);
        let text_size = start.state.settings.text_size;
        let size = window_size(&start.state.settings);
        let repaint = ctx.clone();
        let last_act = start.last_act.clone();
        let wake: Wake = Arc::new(move || {
            // egui's locks may be held for ever then
            if !last_act.has_begun() {
                repaint.request_repaint();
            }
        });
        let mut app = Self {
            links: LinkDesk::new(start.exe.clone(), Arc::clone(&wake)),
            lasting: LastingDesk::new(
                start.folders.as_ref(),
                start.state.settings.lasting_yes,
                Arc::clone(&wake),
            ),
            exe: start.exe.clone(),
            updates: Updates::start(&wake),
            further: further_starts(start.first, &wake),
            backend: Backend::new(start.exe, Arc::clone(&wake), start.last_act),
            state: start.state,
            doctor: None,
            file: start.file,
            started: Instant::now(),
            hot_key: hot_key(&wake),
            front: Front::of(creation, Arc::clone(&wake)),
            above: Above::default(),
            over_all: OverAll::default(),
            shape: Shape::Window,
            floating: start.floating,
            enlarged: Enlarged::new(ctx, text_size, size, SMALLEST_WINDOW),
            settles_at: Duration::ZERO,
            chosen: sync_channel(4),
            kept: sync_channel(4),
            wake: WakeHandle(wake),
        };
        app.state.can_have_more_rights = more_rights::can_be_had();
        app.backend.use_proxies(None);
        if let Some(hub) = app.state.hub.clone() {
            app.use_hub(&hub);
        }
        app
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn use_hub(&mut self, hub: &HubPlace) {
        if let Err(error) = self.backend.use_hub(hub) {
            tracing::error!(%error, "The engine did not start");
        }
        if let Some(updates) = &self.updates {
            updates.look_at(hub, self.backend.routes());
        }
    }

    fn take(&mut self, ctx: &Context, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Tell(command) => self.backend.tell(command),
                Effect::Withhold(withheld) => self.backend.withhold(withheld),
                Effect::ShareOnly(monitor) => self.backend.share_only(monitor.as_ref()),
                Effect::UseHub(hub) => self.use_hub(&hub),
                Effect::Examine(hub) => {
                    let doctor = self.backend.examine(&hub);
                    let doctor = doctor.inspect_err(|error| tracing::error!(%error, "No doctor"));
                    self.doctor = doctor.ok();
                }
                Effect::Copy(text) => ctx.copy_text(text),
                Effect::SignInAtProxy(login) => self.backend.use_proxies(Some(login)),
                Effect::Save => self.save_settings(),
                Effect::Update(wish) => {
                    let updates = self.updates.as_mut();
                    if updates.is_some_and(|updates| updates.fulfil(wish)) {
                        ctx.send_viewport_cmd(ViewportCommand::Close);
                    }
                }
                Effect::ApplyTheme => self.state.settings.theme.apply(ctx),
                Effect::DrawAttention => {
                    let critical = UserAttentionType::Critical;
                    ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(critical));
                }
                Effect::DragBar => ctx.send_viewport_cmd(ViewportCommand::StartDrag),
                Effect::ChooseFiles { folders } => self.choose_files(folders),
                Effect::WatchHotKey(watch) => self.watch_hot_key(watch),
                Effect::AskForMoreRights => self.ask_for_more_rights(),
                Effect::AskAboutLinks(choice) => self.links.ask(choice),
                Effect::WantLastingYes(is_wanted) => self.lasting.want(is_wanted),
                Effect::SaveReceipt { name, text } => self.save_receipt(name, text),
            }
        }
    }

    /// Has Windows ask; with its yes operators reach what this program alone does not.
    fn ask_for_more_rights(&self) {
        let (exe, wake) = (self.exe.clone(), Arc::clone(&self.wake.0));
        let ask = move || {
            if let Err(error) = more_rights::ask(&exe) {
                tracing::warn!(%error, "No more rights");
            }
            // the session may be over
            wake();
        };
        let asking = std::thread::Builder::new().name("more rights".to_owned());
        if let Err(error) = asking.spawn(ask) {
            tracing::error!(%error, "No thread to ask with");
        }
    }

    /// More rights end with the session that they were given for.
    fn follow_rights(&self) {
        let in_session = matches!(self.state.stage, Stage::Running(_) | Stage::Asked(_));
        if !in_session && more_rights::are_there() {
            more_rights::give_up();
        }
    }

    /// Has the desktop ask; what is chosen comes by the channel.
    fn choose_files(&self, folders: bool) {
        let what = if folders {
            Choose::Folders
        } else {
            Choose::Files
        };
        let title = w(self.state.lang(), Word::SendFiles);
        let (chosen, wake) = (self.chosen.0.clone(), Arc::clone(&self.wake.0));
        let asked = desktop::choose(what, title, move |paths| {
            if chosen.try_send(paths).is_err() {
                tracing::debug!("Nobody takes what was chosen");
            }
            wake();
        });
        if let Err(error) = asked {
            tracing::error!(%error, "No dialog for files");
        }
    }

    /// Keeps the receipt where the user looks for what arrived; where that is comes by the channel.
    fn save_receipt(&self, name: String, text: String) {
        let (kept, wake) = (self.kept.0.clone(), Arc::clone(&self.wake.0));
        let tell = move |at: Option<PathBuf>| {
            if kept.try_send(at).is_err() {
                tracing::debug!("Nobody asks where the receipt is");
            }
            wake();
        };
        let Some(folder) = self.backend.downloads() else {
            return tell(None);
        };
        let told = tell.clone();
        let begun = desktop::keep_text(folder, name, text, move |kept| {
            let kept = kept.inspect_err(|error| tracing::error!(%error, "Receipt not saved"));
            tell(kept.ok());
        });
        if let Err(error) = begun {
            tracing::error!(%error, "No thread to save with");
            told(None);
        }
    }

    /// Helpme was started once more, with a link or without.
    fn open_again(&mut self, ctx: &Context, link: &str) {
        ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
        self.front.come(ctx);
        match Link::parse(link) {
            Ok(link) => {
                let effects = self.state.take_link(link);
                self.take(ctx, effects);
            }
            Err(_) if link.is_empty() => {}
            Err(error) => tracing::warn!(%error, "Link not opened"),
        }
        ctx.request_repaint();
    }

    fn hear_doctor(&mut self) {
        if self.state.form.inquiry.is_none() {
            // whoever asked is gone
            self.doctor = None;
        }
        while let Some(news) = self.doctor.as_ref().and_then(Doctor::take) {
            self.state.hear(news);
        }
    }

    fn watch_hot_key(&self, watch: bool) {
        let Some(hot_key) = &self.hot_key else {
            return;
        };
        let Some(ender) = self.backend.ender().filter(|_| watch) else {
            hot_key.let_go();
            return;
        };
        let wake = Arc::clone(&self.wake.0);
        hot_key.watch(move || {
            ender.end();
            wake();
        });
    }

    fn save_settings(&self) {
        if let Some(file) = &self.file
            && let Err(error) = file.save(&self.state.settings)
        {
            tracing::warn!(%error, "Settings not saved");
        }
    }

    /// Keeps the window as the state wants it to stand.
    fn shape_window(&mut self, ctx: &Context) {
        let wanted = self.state.shape();
        if let Shape::Bar { .. } = wanted
            && ctx.input(|input| input.viewport().minimized) == Some(true)
        {
            // whoever is seen must see that (H6)
            ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
        }
        if wanted == self.shape {
            if wanted == Shape::Window && self.now() > self.settles_at {
                self.remember_window(ctx);
                if let Some(floating) = &mut self.floating {
                    floating.let_go();
                }
            }
            return;
        }
        let was_bar = matches!(self.shape, Shape::Bar { .. });
        self.shape = wanted;
        if let Shape::Bar { below } = wanted {
            let size = become_bar(ctx, !was_bar, below);
            self.want_size(ctx, size, true);
            let is_asked = matches!(
                below,
                Below::SystemAsked | Below::BrowseAsked | Below::ShieldAsked
            );
            if is_asked {
                // it stands below the bar, where something may cover it
                self.front.come(ctx);
            }
            return;
        }
        if was_bar {
            self.settles_at = self.now() + SETTLING;
            become_window(ctx, window_size(&self.state.settings));
            self.want_size(ctx, window_size(&self.state.settings), false);
        }
        if wanted == Shape::Question {
            self.front.come(ctx);
        } else {
            ctx.send_viewport_cmd(ViewportCommand::WindowLevel(WindowLevel::Normal));
        }
    }

    /// By the keys of browsers, or as it was chosen; the bar has but one.
    fn follow_text_size(&mut self, ctx: &Context) {
        let is_window = !matches!(self.shape, Shape::Bar { .. });
        let chosen = self.state.settings.text_size;
        if is_window && let Some(size) = chosen.asked_by_keys(ctx) {
            let effects = self.state.act(Action::ChooseTextSize(size), self.now());
            self.take(ctx, effects);
        }
        self.enlarged.choose(self.state.settings.text_size);
        if let Some(size) = self.enlarged.follow(ctx, is_window) {
            self.want_size(ctx, size, false);
        }
    }

    fn want_size(&mut self, ctx: &Context, size: Vec2, is_bar: bool) {
        let now = self.now();
        if let Some(floating) = &mut self.floating {
            floating.want(ctx, size, is_bar, now);
        }
    }

    fn has_bar_above(&self) -> bool {
        self.front.is_managed() && matches!(self.state.stage, Stage::Running(_))
    }

    /// What the user does on the bar above all.
    fn bar_above(&mut self, ctx: &Context, moment: Moment) -> Vec<Action> {
        let mut actions = Vec::new();
        self.above.show(ctx, |ui| {
            if let Some(strip) = Strip::of(&self.state) {
                views::strip_ui(ui, "above", strip, moment, &mut actions);
            }
        });
        if actions.contains(&Action::DragBar) {
            self.above.hold();
        }
        self.above.follow(ctx, &mut self.front);
        let opens = [
            Action::ShowChat(true),
            Action::ListOperators(true),
            Action::ShowFiles(true),
            Action::ListMonitors(true),
        ];
        if opens.iter().any(|opens| actions.contains(opens)) {
            // it opens below, where something may cover it
            self.front.come(ctx);
        }
        actions.retain(|action| *action != Action::DragBar);
        actions
    }

    /// What the user wants, or an operator who clicks here, too.
    fn do_what_was_pressed(&mut self, ctx: &Context, actions: Vec<Action>) {
        for action in actions {
            if action.is_the_users_alone() && self.backend.may_be_an_operators() {
                tracing::warn!("Not taken: an operator may have pressed it");
                continue;
            }
            let effects = self.state.act(action, self.now());
            self.take(ctx, effects);
            ctx.request_repaint();
        }
    }

    /// What the user does on the bar above a window that fills the screen, where there is one.
    fn bar_over_all(&mut self, ctx: &Context) -> Vec<Action> {
        if self.floating.is_none() {
            return Vec::new();
        }
        let (backend, wake) = (&self.backend, &self.wake.0);
        let ender = || backend.ender();
        self.over_all
            .follow(ctx, &self.state, self.started, ender, wake)
    }

    fn remember_window(&mut self, ctx: &Context) {
        let (size, maximized) = ctx.input(|input| {
            let viewport = input.viewport();
            (
                viewport.inner_rect.map(|rect| rect.size()),
                viewport.maximized.unwrap_or(false),
            )
        });
        if let Some(size) = size.filter(|size| size.x >= SMALLEST_WINDOW.0 && !maximized) {
            let place = WindowPlace {
                width: size.x,
                height: size.y,
                maximized: false,
            };
            self.state.settings.window = Some(place);
        }
    }
}

impl eframe::App for HelpmeApp {
    fn logic(&mut self, ctx: &Context, _frame: &mut Frame) {
        for event in self.backend.events() {
            let effects = self.state.apply(event, self.now());
            self.take(ctx, effects);
        }
        while let Ok(chosen) = self.chosen.1.try_recv() {
            let effects = self.state.act(Action::SendFiles(chosen), self.now());
            self.take(ctx, effects);
        }
        while let Ok(kept) = self.kept.1.try_recv() {
            self.state.receipt_saved(kept);
        }
        self.follow_rights();
        self.hear_doctor();
        if let Some(links) = self.links.take() {
            self.state.links = links;
        }
        let effects = self.state.lasting_yes_is(self.lasting.look());
        self.take(ctx, effects);
        while let Some(link) = self.further.take() {
            self.open_again(ctx, &link);
        }
        self.state.hot_key = self.hot_key.as_ref().is_some_and(HotKey::is_watched);
        if let Some(updates) = &mut self.updates {
            self.state.update = updates.follow(self.state.is_busy());
        }
        self.front.follow_up(ctx);
        if ctx.input(|input| input.viewport().close_requested())
            && matches!(self.state.stage, Stage::Running(_))
        {
            // the first close ends the session; then the window closes as usual
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            let effects = self.state.act(Action::End, self.now());
            self.take(ctx, effects);
        }
        self.follow_text_size(ctx);
        self.shape_window(ctx);
        let pressed = self.bar_over_all(ctx);
        self.do_what_was_pressed(ctx, pressed);
        let now = self.now();
        if let Some(floating) = &mut self.floating {
            floating.follow(ctx, now);
        }
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut Frame) {
        let now = self.now();
        self.state.question_was_drawn(now);
        let moment = Moment {
            now,
            clock: Clock::now(),
        };
        let mut actions = Vec::new();
        views::root_ui(ui, &mut self.state, moment, &mut actions);
        let ctx = ui.ctx().clone();
        if self.has_bar_above() {
            actions.extend(self.bar_above(&ctx, moment));
        }
        self.do_what_was_pressed(&ctx, actions);
    }

    fn raw_input_hook(&mut self, _ctx: &Context, input: &mut RawInput) {
        if input.viewport_id != ViewportId::ROOT || !self.has_bar_above() {
            return;
        }
        for event in &mut input.events {
            // there the pointer is over the bar above; a tip of the one below would stick out
            if matches!(event, Event::PointerMoved(place) if place.y < BAR_HEIGHT) {
                *event = Event::PointerGone;
            }
        }
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.further.close();
        self.state.settings.name.clone_from(&self.state.form.name);
        self.save_settings();
        if let Some(updates) = &self.updates {
            updates.start_again();
        }
    }

    fn persist_egui_memory(&self) -> bool {
        false
    }
}

/// The window's size as it was left, in points.
fn window_size(settings: &Settings) -> Vec2 {
    let place = settings.window.map(|place| place.sound(SMALLEST_WINDOW));
    place.map_or_else(
        || Vec2::from(WINDOW_SIZE),
        |place| vec2(place.width, place.height),
    )
}

fn hot_key(wake: &Wake) -> Option<HotKey> {
    let wake = Arc::clone(wake);
    HotKey::start(move || wake())
        .inspect_err(|error| tracing::info!(%error, "No hot key"))
        .ok()
}

/// The bar at the top centre, above everything else; gives its size.
fn become_bar(ctx: &Context, was_window: bool, below: Below) -> Vec2 {
    let below = views::height_below(below);
    let monitor = ctx.input(|input| input.viewport().monitor_size);
    let width = views::bar_width(monitor);
    let size = vec2(width, BAR_HEIGHT + below);
    if was_window {
        ctx.send_viewport_cmd(ViewportCommand::Maximized(false));
        ctx.send_viewport_cmd(ViewportCommand::Decorations(false));
        ctx.send_viewport_cmd(ViewportCommand::WindowLevel(WindowLevel::AlwaysOnTop));
        ctx.send_viewport_cmd(ViewportCommand::MinInnerSize(vec2(width, BAR_HEIGHT)));
        ctx.send_viewport_cmd(ViewportCommand::InnerSize(size));
        let left = monitor
            .map_or(0.0, |monitor| (monitor.x - size.x) / 2.0)
            .max(0.0);
        ctx.send_viewport_cmd(ViewportCommand::OuterPosition(Pos2::new(left, 0.0)));
    } else {
        ctx.send_viewport_cmd(ViewportCommand::InnerSize(size));
    }
    size
}

fn become_window(ctx: &Context, size: Vec2) {
    let monitor = ctx.input(|input| input.viewport().monitor_size);
    ctx.send_viewport_cmd(ViewportCommand::Decorations(true));
    // the bar's smallest width would keep the window from becoming narrower
    ctx.send_viewport_cmd(ViewportCommand::MinInnerSize(Vec2::from(SMALLEST_WINDOW)));
    ctx.send_viewport_cmd(ViewportCommand::InnerSize(size));
    if let Some(monitor) = monitor {
        let place = ((monitor - size) / 2.0).max(Vec2::ZERO);
        ctx.send_viewport_cmd(ViewportCommand::OuterPosition(place.to_pos2()));
    }
    ctx.send_viewport_cmd(ViewportCommand::Focus);
}
