//! The bar once more, above a window that fills the screen, on Wayland desktops that have a place for it (H6).
//!
//! There the window below it is covered and not drawn, so this one has a thread, an egui and a painter of its own, and
//! shows only what opens nothing below it. **End** and **Pause** act from there at once.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use desktop::overlay::{Act, Overlay, Painter, Pixels};
use eframe::egui::{
    Context, Event, Modifiers, PointerButton, Pos2, RawInput, Rect, Theme, ViewportId, vec2,
};
use host_engine::SessionEnder;
use protocol::Hindrance;
use ui_kit::Lang;
use ui_kit::raster::{self, Textures};

use crate::backend::Wake;
use crate::state::{Action, Files, Running, Stage, State};
use crate::views::{self, BAR_HEIGHT, Moment, Strip, bar_width};

/// Between two pictures of something that moves.
const BETWEEN_PICTURES: Duration = Duration::from_millis(16);
/// What the user did and was not taken yet.
const ACTIONS: usize = 16;

/// What the bar says.
#[derive(Debug, Clone, PartialEq)]
struct Sight {
    running: Running,
    lang: Lang,
    organisation: Option<String>,
    barred: Option<Hindrance>,
    has_hot_key: bool,
    theme: Theme,
    /// By the user's text size, beside what the desktop asks for.
    enlarged: f32,
}

impl Sight {
    /// `None` while nobody sees the screen.
    fn of(state: &State, ctx: &Context) -> Option<Self> {
        let Stage::Running(running) = &state.stage else {
            return None;
        };
        Some(Self {
            running: Running {
                // they are not in it, and change often
                files: Files::default(),
                ..running.clone()
            },
            lang: state.lang(),
            organisation: state.organisation().map(str::to_owned),
            barred: state.hindrances.input.or(running.cannot_act),
            has_hot_key: state.hot_key,
            theme: ctx.theme(),
            enlarged: ctx.zoom_factor(),
        })
    }
}

/// The bar of one session.
#[derive(Debug)]
struct Shown {
    overlay: Overlay,
    sight: Arc<Mutex<Sight>>,
    actions: Receiver<Action>,
}

/// The bar, from pass to pass.
#[derive(Debug, Default)]
pub struct OverAll {
    shown: Option<Shown>,
    /// It could not be begun in this session.
    failed: bool,
}

impl OverAll {
    /// Has it say what `state` is now, and gives what the user did on it. Nothing here waits.
    pub fn follow(
        &mut self,
        ctx: &Context,
        state: &State,
        started: Instant,
        ender: impl FnOnce() -> Option<SessionEnder>,
        wake: &Wake,
    ) -> Vec<Action> {
        let Some(sight) = Sight::of(state, ctx) else {
            *self = Self::default();
            return Vec::new();
        };
        let Some(shown) = &self.shown else {
            if !self.failed {
                let shown = begin(sight, started, ender(), wake);
                let shown = shown.inspect_err(|error| tracing::info!(%error, "No bar above all"));
                self.failed = shown.is_err();
                self.shown = shown.ok();
            }
            return Vec::new();
        };
        let mut known = shown.sight.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != sight {
            *known = sight;
            shown.overlay.look_again();
        }
        drop(known);
        shown.actions.try_iter().collect()
    }
}

fn begin(
    sight: Sight,
    started: Instant,
    ender: Option<SessionEnder>,
    wake: &Wake,
) -> std::io::Result<Shown> {
    let sight = Arc::new(Mutex::new(sight));
    let (sender, actions) = sync_channel(ACTIONS);
    let painter = BarPainter::new(Arc::clone(&sight), started, sender, ender, Arc::clone(wake));
    Ok(Shown {
        overlay: Overlay::begin(painter)?,
        sight,
        actions,
    })
}

struct BarPainter {
    sight: Arc<Mutex<Sight>>,
    ctx: Context,
    textures: Textures,
    /// When the program started.
    started: Instant,
    pointer: Pos2,
    changes_in: Option<Duration>,
    actions: SyncSender<Action>,
    ender: Option<SessionEnder>,
    wake: Wake,
}

impl BarPainter {
    fn new(
        sight: Arc<Mutex<Sight>>,
        started: Instant,
        actions: SyncSender<Action>,
        ender: Option<SessionEnder>,
        wake: Wake,
    ) -> Self {
        let ctx = Context::default();
        ui_kit::theme::install(&ctx);
        Self {
            sight,
            ctx,
            textures: Textures::default(),
            started,
            pointer: Pos2::ZERO,
            changes_in: None,
            actions,
            ender,
            wake,
        }
    }

    fn sight(&self) -> Sight {
        let sight = self.sight.lock();
        sight.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn event(&mut self, act: Act, enlarged: f32) -> Event {
        match act {
            Act::Moved { x, y } => {
                self.pointer = Pos2::new(x, y) / enlarged;
                Event::PointerMoved(self.pointer)
            }
            Act::Gone => Event::PointerGone,
            Act::Button { pressed } => Event::PointerButton {
                pos: self.pointer,
                button: PointerButton::Primary,
                pressed,
                modifiers: Modifiers::NONE,
            },
        }
    }

    fn tell(&self, actions: Vec<Action>) {
        if actions.is_empty() {
            return;
        }
        // the window's thread may wait: what is covered is drawn by nobody
        if let Some(ender) = &self.ender {
            if actions.contains(&Action::End) {
                ender.end();
            }
            if actions.contains(&Action::Withhold(true)) {
                ender.pause();
            }
        }
        for action in actions {
            if self.actions.try_send(action).is_err() {
                tracing::debug!("Nobody takes what was done on the bar");
            }
        }
        (self.wake)();
    }
}

impl Painter for BarPainter {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "screens have no 2^24 pixels"
    )]
    fn size(&self, screen_width: u32) -> (u32, u32) {
        let enlarged = self.sight().enlarged;
        let screen = vec2(screen_width as f32 / enlarged, BAR_HEIGHT);
        let size = vec2(bar_width(Some(screen)), BAR_HEIGHT) * enlarged;
        (size.x.round() as u32, size.y.round() as u32)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "screens have no 2^24 pixels, and a channel ends at 255"
    )]
    fn paint(&mut self, acts: &[Act], (width, height): (u32, u32), scale: u32) -> Pixels {
        let sight = self.sight();
        let now = self.started.elapsed();
        let events: Vec<Event> = acts
            .iter()
            .map(|act| self.event(*act, sight.enlarged))
            .collect();
        let size = vec2(width as f32, height as f32) / sight.enlarged;
        let pixels_per_point = scale as f32 * sight.enlarged;
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)),
            time: Some(now.as_secs_f64()),
            events,
            focused: true,
            ..RawInput::default()
        };
        let viewport = input.viewports.entry(ViewportId::ROOT).or_default();
        viewport.native_pixels_per_point = Some(pixels_per_point);
        self.ctx.set_theme(sight.theme);
        let moment = Moment {
            now,
            ..Moment::default()
        };
        let mut actions = Vec::new();
        let mut output = self.ctx.run_ui(input, |ui| {
            sight.lang.speak_in_widgets(ui.ctx());
            let strip = Strip {
                lang: sight.lang,
                running: &sight.running,
                organisation: sight.organisation.as_deref(),
                barred: sight.barred,
                has_hot_key: sight.has_hot_key,
                chat: (0, false),
                monitors: (false, 0),
                opens_below: false,
            };
            views::strip_ui(ui, "over-all", strip, moment, &mut actions);
        });
        let root = output.viewport_output.get(&ViewportId::ROOT);
        let delay = root.map(|root| root.repaint_delay);
        let delay = delay.filter(|delay| *delay < Duration::MAX);
        self.changes_in = delay.map(|delay| delay.max(BETWEEN_PICTURES));
        self.textures.take(&mut output.textures_delta);
        // it cannot be dragged
        actions.retain(|action| *action != Action::DragBar);
        self.tell(actions);
        let primitives = self.ctx.tessellate(output.shapes, pixels_per_point);
        let (width, height) = (width * scale, height * scale);
        let sides = [width as usize, height as usize];
        let painted = raster::paint(&primitives, sides, pixels_per_point, &self.textures);
        let channel = |value: f32| value.round().clamp(0.0, 255.0) as u8;
        let bytes = painted
            .into_iter()
            .flat_map(|[red, green, blue]| [channel(blue), channel(green), channel(red), 0xff]);
        Pixels {
            width,
            height,
            bytes: bytes.collect(),
        }
    }

    fn changes_in(&self) -> Option<Duration> {
        self.changes_in
    }
}
