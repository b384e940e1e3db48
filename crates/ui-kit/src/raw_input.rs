//! Key strokes and pointer of a session window, before egui sees them (S1).
//!
//! egui loses the identity of numpad keys and scan codes and makes a copy command of Ctrl+C; and an
//! event that waits for the next frame is late. So [`run_app`] puts a tap between winit and eframe:
//! while a remote screen is shown, it *arms* the [`InputTap`] in each frame, and events that belong
//! to it go to the host at once, without a frame between, and not to egui.
//!
//! Ctrl+Alt+Shift+E ([`MENU_KEY`]) always goes to egui: the way out for who has only a keyboard; and so does
//! Ctrl+Alt+Shift+M ([`MARK_KEY`]).

mod braille;
mod keys;
mod notches;
mod tap;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use eframe::{AppCreator, EframeWinitApplication, NativeOptions, UserEvent};
use egui::{Key, KeyboardShortcut, Ui, ViewportId};
use protocol::{InputEvent, PointerButton};
use winit::application::ApplicationHandler;
use winit::event::{
    DeviceEvent, DeviceId, ElementState, Ime, KeyEvent, MouseButton, MouseScrollDelta, StartCause,
    WindowEvent,
};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop};
use winit::platform::modifier_supplement::KeyEventExtModifierSupplement as _;
use winit::window::WindowId;

pub use keys::hid_key;
pub use tap::{TapEvent, TapTarget, WindowRect};

use keys::{Modifiers, Stroke};
use notches::Notches;
use tap::{Tap, Verdict};

/// What egui gets instead of the host; views ask `input.consume_shortcut(&MENU_KEY)`.
pub const MENU_KEY: KeyboardShortcut = KeyboardShortcut::new(OURS, Key::E);

/// Marks a moment in the film of the session; as [`MENU_KEY`].
pub const MARK_KEY: KeyboardShortcut = KeyboardShortcut::new(OURS, Key::M);

/// With these no key goes to the host that is a shortcut here.
const OURS: egui::Modifiers = egui::Modifiers {
    alt: true,
    ctrl: true,
    shift: true,
    mac_cmd: false,
    command: true,
};

/// Takes the events of session windows; shared by [`run_app`] and the views of remote screens.
pub struct InputTap {
    state: Mutex<Tap>,
    ctx: OnceLock<egui::Context>,
    meanings: OnceLock<Box<dyn KeyMeanings>>,
    last_moves: Mutex<BTreeMap<u64, SentMove>>,
    send: Box<dyn Fn(TapEvent) + Send + Sync>,
}

/// Who knows better than winit what a key meant at the moment it was pressed.
pub trait KeyMeanings: Send + Sync {
    /// Whether a window of this program has the keyboard, from now on.
    fn listen(&self, listens: bool);

    /// The character that the key of this Linux key code made at the next of its presses that nobody asked
    /// for yet; `None` where winit knows. It may wait some milliseconds for a key that `is_unusual`: one
    /// that keyboards do not have.
    fn meant(&self, code: u32, is_unusual: bool) -> Option<char>;
}

/// The last place a pointer was sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentMove {
    /// Pixels of the remote screen.
    pub x: i32,
    pub y: i32,
    pub at: Instant,
}

impl fmt::Debug for InputTap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputTap").finish_non_exhaustive()
    }
}

impl InputTap {
    /// A tap that hands every event to `send`, on the GUI thread: `send` must not wait.
    pub fn new(send: impl Fn(TapEvent) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            ctx: OnceLock::new(),
            meanings: OnceLock::new(),
            last_moves: Mutex::default(),
            send: Box::new(send),
        })
    }

    /// Has `meanings` asked for each press over a remote screen. The first call counts.
    pub fn ask_for_meanings(&self, meanings: Box<dyn KeyMeanings>) {
        self.meanings.set(meanings).ok();
    }

    /// Says where a remote screen stands; call it in each pass that shows one.
    ///
    /// A target that is not armed in a pass of its viewport is let go, and what it held is released.
    pub fn arm(&self, target: TapTarget) {
        self.with(|tap, out| tap.arm(target, out));
    }

    /// The window of a viewport that armed a target, as the platform numbers it (on X11 its XID);
    /// known from its first pass on.
    pub fn window_of(&self, viewport: ViewportId) -> Option<u64> {
        self.lock().window_of(viewport)
    }

    /// Where the pointer of session `id` was last sent to.
    pub fn last_move(&self, id: u64) -> Option<SentMove> {
        let moves = self
            .last_moves
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        moves.get(&id).copied()
    }

    /// What `event` meant when it happened, if that is known better than winit knows it.
    fn meant(&self, event: &KeyEvent) -> Option<char> {
        if !event.state.is_pressed() || event.repeat {
            return None;
        }
        let is_unusual = hid_key(event.physical_key).is_none();
        let code = keys::code(event.physical_key)?;
        self.meanings.get()?.meant(code, is_unusual)
    }

    /// Has `window` drawn once more if the pointer stays away from it: then egui hears that it has left.
    fn watch_leaving(self: &Arc<Self>, window: WindowId) {
        let tap = Arc::downgrade(self);
        let watch = move || {
            std::thread::sleep(tap::AWAY);
            let Some(tap) = tap.upgrade() else { return };
            let viewport = {
                let state = tap.lock();
                let gone = state.is_gone(window.into(), Instant::now());
                gone.then(|| state.viewport_of(window.into())).flatten()
            };
            if let (Some(ctx), Some(viewport)) = (tap.ctx.get(), viewport) {
                ctx.request_repaint_of(viewport);
            }
        };
        let named = std::thread::Builder::new().name("pointer left".to_owned());
        // without a thread the next repaint tells egui
        named.spawn(watch).ok();
    }

    fn with<R>(&self, run: impl FnOnce(&mut Tap, &mut Vec<TapEvent>) -> R) -> R {
        let mut out = Vec::new();
        let result = run(&mut self.lock(), &mut out);
        for event in out {
            if let InputEvent::PointerMoved { to } = event.event {
                let sent = SentMove {
                    x: to.x,
                    y: to.y,
                    at: Instant::now(),
                };
                let mut moves = self
                    .last_moves
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                moves.insert(event.id, sent);
            }
            (self.send)(event);
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, Tap> {
        // the state is whole between any two calls
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the few events that a host may get are named, all others are eframe's"
    )]
    fn window_event(&self, window: WindowId, event: &WindowEvent) -> Verdict {
        let window = u64::from(window);
        self.with(|tap, out| match event {
            WindowEvent::Focused(focused) => {
                if let Some(meanings) = self.meanings.get() {
                    meanings.listen(*focused);
                }
                tap.focus(window, *focused, out);
                Verdict::Forward
            }
            WindowEvent::Destroyed => {
                tap.destroyed(window, out);
                Verdict::Forward
            }
            WindowEvent::ModifiersChanged(modifiers) => {
                let state = modifiers.state();
                let modifiers = Modifiers {
                    shift: state.shift_key(),
                    control: state.control_key(),
                    alt: state.alt_key(),
                    super_key: state.super_key(),
                    alt_gr: false,
                };
                tap.modifiers(window, modifiers, out)
            }
            WindowEvent::KeyboardInput {
                event,
                is_synthetic: false,
                ..
            } => {
                let mut stroke = stroke(event);
                if let Some(character) = self.meant(event) {
                    stroke.logical = winit::keyboard::Key::Character(character.to_string().into());
                    stroke.text = Some(character.to_string());
                }
                tap.key(window, &stroke, out)
            }
            WindowEvent::Ime(Ime::Commit(text)) => tap.text(window, text, out),
            WindowEvent::CursorMoved { position, .. } => {
                tap.pointer_moved(window, (position.x, position.y), out)
            }
            WindowEvent::CursorLeft { .. } => tap.pointer_left(window, Instant::now()),
            WindowEvent::CursorEntered { .. } => tap.pointer_entered(window),
            WindowEvent::MouseInput { state, button, .. } => {
                let (code, known) = pointer_button(*button);
                tap.button(window, code, known, *state == ElementState::Pressed, out)
            }
            WindowEvent::MouseWheel { delta, .. } => {
                // winit counts up and left as positive, the protocol down and right
                let turned = match *delta {
                    MouseScrollDelta::LineDelta(x, y) => {
                        ((-f64::from(x), -f64::from(y)), (0.0, 0.0))
                    }
                    MouseScrollDelta::PixelDelta(by) => ((0.0, 0.0), (-by.x, -by.y)),
                };
                tap.wheel(window, turned, out)
            }
            _ => Verdict::Forward,
        })
    }
}

fn stroke(event: &KeyEvent) -> Stroke {
    Stroke {
        physical: event.physical_key,
        logical: event.logical_key.clone(),
        unmodified: event.key_without_modifiers(),
        location: event.location,
        text: event.text.as_ref().map(ToString::to_string),
        pressed: event.state.is_pressed(),
    }
}

fn pointer_button(button: MouseButton) -> (u16, Option<PointerButton>) {
    match button {
        MouseButton::Left => (0, Some(PointerButton::Left)),
        MouseButton::Right => (1, Some(PointerButton::Right)),
        MouseButton::Middle => (2, Some(PointerButton::Middle)),
        MouseButton::Back => (3, Some(PointerButton::Back)),
        MouseButton::Forward => (4, Some(PointerButton::Forward)),
        MouseButton::Other(code) => (code.saturating_add(5), None),
    }
}

/// Runs an app until its root window closes, with the tap between winit and eframe if there is one
/// and the [map](crate::ui_map) of its windows if the environment asks for it.
///
/// Blocks; call it on the main thread.
///
/// # Errors
///
/// [`eframe::Error`] where there is no display or the event loop fails.
pub fn run_app(
    title: &str,
    mut options: NativeOptions,
    creator: AppCreator<'_>,
    tap: Option<Arc<InputTap>>,
) -> eframe::Result {
    let mut builder = EventLoop::<UserEvent>::with_user_event();
    if let Some(hook) = options.event_loop_builder.take() {
        hook(&mut builder);
    }
    let event_loop = builder.build()?;
    desktop::lend_display(event_loop.owned_display_handle());
    event_loop.set_control_flow(ControlFlow::Wait);
    let plugin = tap.as_ref().map(|tap| PassWatch {
        tap: Arc::clone(tap),
    });
    let creator: AppCreator<'_> = Box::new(|creation| {
        crate::ui_map::install_titled(&creation.egui_ctx, title);
        crate::pages::install(&creation.egui_ctx);
        crate::fault::install(&creation.egui_ctx);
        if let Some(plugin) = plugin {
            creation.egui_ctx.add_plugin(plugin);
        }
        creator(creation)
    });
    let eframe = eframe::create_native(title, options, creator, &event_loop);
    let mut tapped = Tapped {
        eframe,
        tap,
        notches: Notches::default(),
        left: None,
    };
    event_loop.run_app(&mut tapped)?;
    Ok(())
}

/// Tells the tap when a pass of a viewport is over.
#[derive(Debug)]
struct PassWatch {
    tap: Arc<InputTap>,
}

impl egui::Plugin for PassWatch {
    fn debug_name(&self) -> &'static str {
        "input tap"
    }

    fn on_end_pass(&mut self, ui: &mut Ui) {
        let viewport = ui.ctx().viewport_id();
        self.tap.ctx.get_or_init(|| ui.ctx().clone());
        let all: Vec<_> = ui
            .ctx()
            .input(|input| input.raw.viewports.keys().copied().collect());
        self.tap.with(|tap, out| {
            tap.viewports(all);
            tap.pass_ended(viewport, out);
        });
    }
}

struct Tapped<'a> {
    eframe: EframeWinitApplication<'a>,
    tap: Option<Arc<InputTap>>,
    notches: Notches,
    /// The last pointer that left a window without egui knowing.
    left: Option<WindowEvent>,
}

impl ApplicationHandler<UserEvent> for Tapped<'_> {
    fn new_events(&mut self, event_loop: &ActiveEventLoop, cause: StartCause) {
        self.eframe.new_events(event_loop, cause);
    }

    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        self.eframe.resumed(event_loop);
    }

    fn user_event(&mut self, event_loop: &ActiveEventLoop, event: UserEvent) {
        self.eframe.user_event(event_loop, event);
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, window: WindowId, event: WindowEvent) {
        if let WindowEvent::MouseWheel { delta, .. } = &event
            && self.notches.is_release(*delta, Instant::now())
        {
            return;
        }
        let verdict = match &self.tap {
            Some(tap) => tap.window_event(window, &event),
            None => Verdict::Forward,
        };
        if verdict == Verdict::Swallow {
            if let (Some(tap), WindowEvent::CursorLeft { .. }) = (&self.tap, &event) {
                self.left = Some(event);
                tap.watch_leaving(window);
            }
            return;
        }
        if event == WindowEvent::RedrawRequested
            && let Some(tap) = &self.tap
            && tap.lock().take_gone(window.into(), Instant::now())
            && let Some(left) = self.left.take()
        {
            self.eframe.window_event(event_loop, window, left);
        }
        // eframe runs the pass of a window while it is told to redraw it
        let drawn = self
            .tap
            .as_ref()
            .filter(|_| event == WindowEvent::RedrawRequested);
        if let Some(tap) = drawn {
            tap.lock().drawing(Some(window.into()));
        }
        self.eframe.window_event(event_loop, window, event);
        if let Some(tap) = &self.tap {
            tap.lock().drawing(None);
        }
    }

    fn device_event(&mut self, event_loop: &ActiveEventLoop, device: DeviceId, event: DeviceEvent) {
        // elsewhere these numbers are other buttons
        if cfg!(any(target_os = "linux", target_os = "freebsd")) {
            self.notches.device_event(&event, Instant::now());
        }
        // eframe repaints the window for each raw motion, which in software takes longer than the way
        // to the host and back; what it needs of the pointer it hears from the window's own events
        if self.tap.is_none() || !matches!(event, DeviceEvent::MouseMotion { .. }) {
            self.eframe.device_event(event_loop, device, event);
        }
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        self.eframe.about_to_wait(event_loop);
    }

    fn suspended(&mut self, event_loop: &ActiveEventLoop) {
        self.eframe.suspended(event_loop);
    }

    fn exiting(&mut self, event_loop: &ActiveEventLoop) {
        self.eframe.exiting(event_loop);
    }

    fn memory_warning(&mut self, event_loop: &ActiveEventLoop) {
        self.eframe.memory_warning(event_loop);
    }
}
