//! Which events go to the host and which to egui: a state machine without a window.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use egui::ViewportId;
use protocol::{BoundedText, HidKey, InputEvent, Place, PointerButton};
use winit::keyboard::{Key, KeyCode, NamedKey, PhysicalKey};

use super::braille::{self, Cell};
use super::keys::{self, Meaning, Modifiers, Stroke};

/// Units of one wheel notch, as the protocol counts them.
const NOTCH: f64 = 120.0;
/// Pixels of smooth scrolling that make one notch.
const NOTCH_PIXELS: f64 = 50.0;

/// A pointer that a window manager took for a press is back long before.
pub(super) const AWAY: Duration = Duration::from_millis(60);

/// A rectangle of a window, in physical pixels from the top left of its content.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct WindowRect {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl WindowRect {
    fn holds(&self, (x, y): (f64, f64)) -> bool {
        self.left <= x && x < self.right && self.top <= y && y < self.bottom
    }
}

/// The picture of a remote screen as it stands in a window now.
#[derive(Debug, Clone, PartialEq)]
pub struct TapTarget {
    /// The session.
    pub id: u64,
    /// The viewport whose window shows it.
    pub viewport: ViewportId,
    /// What is visible of the picture.
    pub visible: WindowRect,
    /// Where the picture's first pixel is (or would be), in physical window pixels.
    pub zero: (f64, f64),
    /// Pixels of the picture for each physical pixel of the window.
    pub scale: (f64, f64),
    /// Size of the picture, in its pixels.
    pub size: (u32, u32),
    /// Take key strokes.
    pub keyboard: bool,
    /// Places of keys count, not what the operator's layout makes of them.
    pub by_place: bool,
    /// Take pointer and wheel.
    pub pointer: bool,
    /// Whether egui takes the viewport's window for focused, and the pointer for inside it; both
    /// teach the tap which window this is.
    pub focused: bool,
    pub hovered: bool,
    /// Other things that lie over the picture.
    pub covered: Vec<WindowRect>,
}

impl TapTarget {
    fn takes_pointer_at(&self, at: (f64, f64)) -> bool {
        self.pointer && self.visible.holds(at) && !self.covered.iter().any(|cover| cover.holds(at))
    }

    /// The pixel of the picture at `at` of the window, at its edge where `at` is outside. Which
    /// picture that is (`seen`) knows whoever shows it.
    fn pixel(&self, at: (f64, f64)) -> Place {
        let along = |at: f64, zero: f64, scale: f64, size: u32| {
            let last = f64::from(size.saturating_sub(1));
            ((at - zero) * scale).floor().clamp(0.0, last)
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "within the size of a picture"
        )]
        let whole = |value: f64| value as i32;
        Place {
            x: whole(along(at.0, self.zero.0, self.scale.0, self.size.0)),
            y: whole(along(at.1, self.zero.1, self.scale.1, self.size.1)),
            seen: 0,
        }
    }
}

/// Something the operator did over a remote screen. Its places name no picture: whoever sends it on
/// fills `seen` in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapEvent {
    /// The session.
    pub id: u64,
    pub event: InputEvent,
}

/// Where an event goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// To egui.
    Forward,
    /// Nowhere else: the host has it.
    Swallow,
}

/// Who gets the pointer until all buttons are up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Grab {
    #[default]
    Nobody,
    Egui,
    Host,
}

#[derive(Debug, Default)]
struct WindowState {
    viewport: Option<ViewportId>,
    pointer: Option<(f64, f64)>,
    /// The pointer is over the picture and egui has been told so.
    inside: bool,
    /// Since when the pointer is out of the window without egui knowing.
    left: Option<Instant>,
    grab: Grab,
    buttons_down: BTreeSet<u16>,
    /// egui has seen the press that the host got, so it must see the release.
    egui_saw_press: bool,
    modifiers: Modifiers,
    /// What egui was told of them last, since the focus changed.
    told_modifiers: Option<Modifiers>,
}

/// All windows and targets.
#[derive(Debug, Default)]
pub(super) struct Tap {
    targets: BTreeMap<u64, Armed>,
    windows: BTreeMap<u64, WindowState>,
    focused: Option<u64>,
    /// The window whose pass runs now.
    drawing: Option<u64>,
    /// The viewport whose pass was over last.
    passed: Option<ViewportId>,
    /// All viewports there are, those without a target too.
    viewports: Vec<ViewportId>,
    under_pointer: Option<u64>,
    wheel_rest: (f64, f64),
}

#[derive(Debug)]
struct Armed {
    target: TapTarget,
    /// Armed during the pass that runs now.
    fresh: bool,
    /// What the host holds, by the key that is down here.
    keys: BTreeMap<HidKey, HidKey>,
    /// Those of them that the host got for a modifier whose key went down before the window had the
    /// keyboard.
    stand_ins: BTreeSet<HidKey>,
    buttons: BTreeSet<PointerButton>,
    /// The compose sequence that has begun.
    composes: Option<Sequence>,
    braille: Cell,
}

/// What a compose sequence has begun with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sequence {
    /// A dead key, which one more character ends.
    Dead,
    /// The Compose key, or what only the table of sequences knows.
    Compose,
}

impl Armed {
    /// What is about to be done is done with these modifiers: the host gets those that it lacks.
    fn hold(&mut self, modifiers: Modifiers, out: &mut Vec<TapEvent>) {
        if !self.target.keyboard {
            return;
        }
        for (is_on, [key, other]) in modifiers.keys() {
            let has = |held: &HidKey| [key, other].contains(held);
            if is_on && !self.keys.values().any(has) {
                self.keys.insert(key, key);
                self.stand_ins.insert(key);
                self.press(key, true, out);
            }
        }
    }

    /// The modifiers are those now: what stood in for another comes up.
    fn let_go_of_others(&mut self, modifiers: Modifiers, out: &mut Vec<TapEvent>) {
        for (is_on, [key, _]) in modifiers.keys() {
            if !is_on && self.stand_ins.remove(&key) && self.keys.remove(&key).is_some() {
                self.press(key, false, out);
            }
        }
    }

    fn press(&self, key: HidKey, pressed: bool, out: &mut Vec<TapEvent>) {
        out.push(TapEvent {
            id: self.target.id,
            event: InputEvent::Key {
                key,
                pressed,
                character: None,
            },
        });
    }

    /// Whether the press does no more than to end a compose sequence that it does not belong to, as a cursor
    /// key after a dead one: it has no other effect on this computer either.
    fn ends_a_sequence(
        &mut self,
        meaning: &Meaning,
        stroke: &Stroke,
        modifiers: Modifiers,
    ) -> bool {
        match meaning {
            Meaning::Composing => {
                self.composes = match (&stroke.logical, self.composes) {
                    (Key::Named(NamedKey::Compose), _) => Some(Sequence::Compose),
                    (Key::Dead(_), None) => Some(Sequence::Dead),
                    // the two make nothing together
                    (Key::Character(_) | Key::Named(_), Some(Sequence::Dead)) => None,
                    (_, before) => before.or(Some(Sequence::Compose)),
                };
                return false;
            }
            // they are pressed within a sequence too
            Meaning::Key(key, _) if Modifiers::is_modifier(*key) || keys::is_lock(*key) => {
                return false;
            }
            // a shift to the fifth level, which the host could not press
            Meaning::Unknown => return false,
            Meaning::Key(..) | Meaning::Text(_) => {}
        }
        self.composes.take().is_some() && !modifiers.command() && !keys::makes_text(stroke)
    }

    fn release_all(&mut self, out: &mut Vec<TapEvent>) {
        self.composes = None;
        self.braille = Cell::default();
        let anything = !self.keys.is_empty() || !self.buttons.is_empty();
        self.keys.clear();
        self.stand_ins.clear();
        self.buttons.clear();
        if anything {
            out.push(TapEvent {
                id: self.target.id,
                event: InputEvent::ReleaseAll,
            });
        }
    }
}

impl Tap {
    pub(super) fn arm(&mut self, target: TapTarget, out: &mut Vec<TapEvent>) {
        let learned = if self.drawing.is_some() {
            self.drawing
        } else if target.focused {
            self.focused
        } else if target.hovered {
            self.under_pointer
        } else {
            None
        };
        if let Some(window) = learned {
            self.learn(window, target.viewport);
        }
        if let Some(armed) = self.targets.get_mut(&target.id) {
            if armed.target.keyboard && !target.keyboard {
                armed.release_all(out);
            }
            armed.target = target;
            armed.fresh = true;
        } else {
            let armed = Armed {
                fresh: true,
                keys: BTreeMap::new(),
                stand_ins: BTreeSet::new(),
                buttons: BTreeSet::new(),
                composes: None,
                braille: Cell::default(),
                target,
            };
            self.targets.insert(armed.target.id, armed);
        }
    }

    /// A pass of this window runs now. What is armed in it stands in this window: so the first key
    /// and the first click after the first picture find their way, whoever has the focus.
    pub(super) fn drawing(&mut self, window: Option<u64>) {
        let before = std::mem::replace(&mut self.drawing, window);
        // other viewports may have their passes inside of it, so its own ends last
        if let Some((drawn, viewport)) = before.zip(self.passed.take()) {
            self.learn(drawn, viewport);
        }
    }

    fn learn(&mut self, window: u64, viewport: ViewportId) {
        for (id, state) in &mut self.windows {
            if state.viewport == Some(viewport) && *id != window {
                state.viewport = None;
            }
        }
        self.windows.entry(window).or_default().viewport = Some(viewport);
    }

    /// The first passes of a window run before it is on the screen, when nothing tells which window
    /// it is. The first event tells, if there is only one window that nobody has drawn yet and only
    /// one viewport without a window; of all viewports, for a key meant for a report must never
    /// reach a host.
    fn learn_newcomer(&mut self, window: u64) {
        let known = |state: &WindowState| state.viewport.is_some();
        if self.windows.get(&window).is_some_and(known) {
            return;
        }
        let mut others = self.windows.iter().filter(|(id, _)| **id != window);
        if others.any(|(_, state)| !known(state)) {
            return;
        }
        let viewports = self.viewports.iter().copied();
        let mut homeless = viewports.filter(|viewport| self.window_of(*viewport).is_none());
        if let (Some(viewport), None) = (homeless.next(), homeless.next()) {
            self.learn(window, viewport);
        }
    }

    /// Which viewports there are.
    pub(super) fn viewports(&mut self, all: impl IntoIterator<Item = ViewportId>) {
        self.viewports.clear();
        self.viewports.extend(all);
    }

    /// A pass of `viewport` is over: what was not armed in it is no longer shown.
    pub(super) fn pass_ended(&mut self, viewport: ViewportId, out: &mut Vec<TapEvent>) {
        self.passed = Some(viewport);
        self.targets.retain(|_, armed| {
            if armed.target.viewport != viewport {
                return true;
            }
            if !armed.fresh {
                armed.release_all(out);
            }
            std::mem::take(&mut armed.fresh)
        });
    }

    pub(super) fn window_of(&self, viewport: ViewportId) -> Option<u64> {
        self.windows
            .iter()
            .find_map(|(id, state)| (state.viewport == Some(viewport)).then_some(*id))
    }

    pub(super) fn viewport_of(&self, window: u64) -> Option<ViewportId> {
        self.windows.get(&window)?.viewport
    }

    pub(super) fn focus(&mut self, window: u64, focused: bool, out: &mut Vec<TapEvent>) {
        let state = self.windows.entry(window).or_default();
        state.modifiers = Modifiers::default();
        state.told_modifiers = None;
        if focused {
            self.focused = Some(window);
            return;
        }
        if self.focused == Some(window) {
            self.focused = None;
        }
        if let Some((armed, _)) = self.shown_in(window) {
            armed.release_all(out);
        }
    }

    pub(super) fn destroyed(&mut self, window: u64, out: &mut Vec<TapEvent>) {
        if let Some((armed, state)) = self.shown_in(window) {
            let viewport = state.viewport;
            armed.release_all(out);
            self.targets
                .retain(|_, armed| Some(armed.target.viewport) != viewport);
        }
        self.windows.remove(&window);
        for known in [&mut self.focused, &mut self.under_pointer] {
            known.take_if(|known| *known == window);
        }
    }

    /// Some platforms tell the same modifiers at each press of a button, and of each telling egui
    /// makes a repaint, which would hold up the press: it hears only of what is new.
    pub(super) fn modifiers(
        &mut self,
        window: u64,
        modifiers: Modifiers,
        out: &mut Vec<TapEvent>,
    ) -> Verdict {
        if let Some((armed, _)) = self.shown_in(window) {
            armed.let_go_of_others(modifiers, out);
        }
        let state = self.windows.entry(window).or_default();
        // AltGr is known from its key, not from the state winit reports
        let alt_gr = state.modifiers.alt_gr;
        state.modifiers = Modifiers {
            alt_gr,
            ..modifiers
        };
        if state.told_modifiers.replace(modifiers) == Some(modifiers) {
            Verdict::Swallow
        } else {
            Verdict::Forward
        }
    }

    /// The pointer left the window; or somebody grabbed it, as window managers do for a moment at
    /// each press. Over a picture the two are told apart by [`Self::take_gone`]: until then egui learns of
    /// neither, because the repaint that it makes of each would hold up the press, and a press that
    /// follows without a move belongs to where the pointer was.
    pub(super) fn pointer_left(&mut self, window: u64, now: Instant) -> Verdict {
        self.under_pointer.take_if(|known| *known == window);
        match self.windows.get_mut(&window) {
            Some(state) if state.inside => {
                state.left.get_or_insert(now);
                Verdict::Swallow
            }
            Some(state) => {
                state.pointer = None;
                Verdict::Forward
            }
            None => Verdict::Forward,
        }
    }

    /// The pointer is in the window again; where, the move that follows tells.
    pub(super) fn pointer_entered(&mut self, window: u64) -> Verdict {
        match self.windows.get_mut(&window) {
            Some(state) if state.inside => {
                state.left = None;
                Verdict::Swallow
            }
            Some(_) | None => Verdict::Forward,
        }
    }

    /// Whether the pointer has left the window for good: longer ago than a window manager takes for a
    /// press. What is held drags on outside.
    pub(super) fn is_gone(&self, window: u64, now: Instant) -> bool {
        self.windows.get(&window).is_some_and(|state| {
            let away = state.left.map(|left| now.saturating_duration_since(left));
            away.is_some_and(|away| away >= AWAY) && state.buttons_down.is_empty()
        })
    }

    /// If it has, egui has to hear of it now.
    pub(super) fn take_gone(&mut self, window: u64, now: Instant) -> bool {
        if !self.is_gone(window, now) {
            return false;
        }
        if let Some(state) = self.windows.get_mut(&window) {
            state.left = None;
            // a press that comes after all belongs to where the pointer was
            state.inside = false;
        }
        true
    }

    pub(super) fn pointer_moved(
        &mut self,
        window: u64,
        at: (f64, f64),
        out: &mut Vec<TapEvent>,
    ) -> Verdict {
        self.under_pointer = Some(window);
        self.learn_newcomer(window);
        let state = self.windows.entry(window).or_default();
        state.pointer = Some(at);
        state.left = None;
        let Some((armed, state)) = self.shown_in(window) else {
            self.windows.entry(window).or_default().inside = false;
            return Verdict::Forward;
        };
        let to_host = match state.grab {
            Grab::Host => true,
            Grab::Egui => false,
            Grab::Nobody => armed.target.takes_pointer_at(at),
        };
        if !to_host {
            state.inside = false;
            return Verdict::Forward;
        }
        let to = armed.target.pixel(at);
        out.push(TapEvent {
            id: armed.target.id,
            event: InputEvent::PointerMoved { to },
        });
        // egui hears of the first step in, so that nothing outside stays lit, and of no other
        if std::mem::replace(&mut state.inside, true) {
            Verdict::Swallow
        } else {
            Verdict::Forward
        }
    }

    /// `code` tells buttons apart that the protocol does not know.
    pub(super) fn button(
        &mut self,
        window: u64,
        code: u16,
        button: Option<PointerButton>,
        pressed: bool,
        out: &mut Vec<TapEvent>,
    ) -> Verdict {
        self.learn_newcomer(window);
        let Some((armed, state)) = self.shown_in(window) else {
            return Verdict::Forward;
        };
        if pressed {
            if state.buttons_down.is_empty() {
                let on_picture = state
                    .pointer
                    .is_some_and(|at| armed.target.takes_pointer_at(at));
                state.grab = if on_picture { Grab::Host } else { Grab::Egui };
            }
            state.buttons_down.insert(code);
        } else {
            state.buttons_down.remove(&code);
        }
        let grab = state.grab;
        if state.buttons_down.is_empty() {
            state.grab = Grab::Nobody;
        }
        if grab != Grab::Host {
            return Verdict::Forward;
        }
        if let (Some(button), Some(at)) = (button, state.pointer) {
            let known = if pressed {
                armed.buttons.insert(button)
            } else {
                armed.buttons.remove(&button)
            };
            if known {
                if pressed {
                    armed.hold(state.modifiers, out);
                }
                let event = InputEvent::Button {
                    button,
                    pressed,
                    at: armed.target.pixel(at),
                };
                out.push(TapEvent {
                    id: armed.target.id,
                    event,
                });
            }
        }
        // with the keyboard elsewhere (a chat beside the picture), the press brings it back: egui
        // must see it to take the focus from that field
        if pressed && !armed.target.keyboard {
            state.egui_saw_press = true;
        }
        if state.egui_saw_press {
            state.egui_saw_press = pressed || !state.buttons_down.is_empty();
            return Verdict::Forward;
        }
        Verdict::Swallow
    }

    /// The wheel turned by `notches`, or by `pixels` on a smooth device; positive is down and right.
    pub(super) fn wheel(
        &mut self,
        window: u64,
        (notches, pixels): ((f64, f64), (f64, f64)),
        out: &mut Vec<TapEvent>,
    ) -> Verdict {
        let rest = self.wheel_rest;
        let Some((armed, state)) = self.shown_in(window) else {
            return Verdict::Forward;
        };
        let on_picture = state
            .pointer
            .is_some_and(|at| armed.target.takes_pointer_at(at));
        if !on_picture {
            return Verdict::Forward;
        }
        let id = armed.target.id;
        let whole = |rest: f64, notches: f64, pixels: f64| {
            let sum = rest + notches * NOTCH + pixels / NOTCH_PIXELS * NOTCH;
            let whole = sum.trunc().clamp(-100_000.0, 100_000.0);
            #[expect(clippy::cast_possible_truncation, reason = "clamped on the line above")]
            let units = whole as i32;
            (units, sum.fract())
        };
        let (dx, rest_x) = whole(rest.0, notches.0, pixels.0);
        let (dy, rest_y) = whole(rest.1, notches.1, pixels.1);
        self.wheel_rest = (rest_x, rest_y);
        if (dx, dy) != (0, 0) {
            if let Some((armed, state)) = self.shown_in(window) {
                armed.hold(state.modifiers, out);
            }
            out.push(TapEvent {
                id,
                event: InputEvent::Wheel { dx, dy },
            });
        }
        Verdict::Swallow
    }

    pub(super) fn key(&mut self, window: u64, stroke: &Stroke, out: &mut Vec<TapEvent>) -> Verdict {
        self.learn_newcomer(window);
        let Some((armed, state)) = self.shown_in(window) else {
            return Verdict::Forward;
        };
        if keys::is_alt_gr(stroke) || stroke.physical == PhysicalKey::Code(KeyCode::AltRight) {
            state.modifiers.alt_gr = stroke.pressed && keys::is_alt_gr(stroke);
        }
        let id = armed.target.id;
        let place = super::hid_key(stroke.physical);
        if !stroke.pressed {
            if armed.braille.holds(stroke.physical) {
                if let Some(cell) = armed.braille.release(stroke.physical, Instant::now()) {
                    let text = BoundedText::cut(cell.to_string());
                    let event = InputEvent::Text { text };
                    out.push(TapEvent { id, event });
                }
                return Verdict::Swallow;
            }
            // a key that went down elsewhere comes up there too
            let held = place.and_then(|place| Some((place, armed.keys.remove(&place)?)));
            return match held {
                Some((place, key)) => {
                    armed.stand_ins.remove(&place);
                    let event = InputEvent::Key {
                        key,
                        pressed: false,
                        character: None,
                    };
                    out.push(TapEvent { id, event });
                    Verdict::Swallow
                }
                None => Verdict::Forward,
            };
        }
        if !armed.target.keyboard {
            return Verdict::Forward;
        }
        if is_ours(stroke, state.modifiers) {
            armed.release_all(out);
            return Verdict::Forward;
        }
        if !armed.target.by_place
            && let Some(dot) = braille::dot(stroke)
        {
            armed.braille.press(stroke.physical, dot);
            return Verdict::Swallow;
        }
        let meaning = if armed.target.by_place {
            keys::place(stroke)
        } else {
            keys::meaning(stroke, state.modifiers)
        };
        if !armed.target.by_place && armed.ends_a_sequence(&meaning, stroke, state.modifiers) {
            return Verdict::Swallow;
        }
        let event = match meaning {
            Meaning::Key(key, character) => {
                if !Modifiers::is_modifier(key) {
                    armed.hold(state.modifiers, out);
                }
                armed.keys.insert(place.unwrap_or(key), key);
                InputEvent::Key {
                    key,
                    pressed: true,
                    character,
                }
            }
            Meaning::Text(text) => InputEvent::Text {
                text: BoundedText::cut(text),
            },
            Meaning::Composing | Meaning::Unknown => return Verdict::Swallow,
        };
        out.push(TapEvent { id, event });
        Verdict::Swallow
    }

    /// An input method has a text.
    pub(super) fn text(&mut self, window: u64, text: &str, out: &mut Vec<TapEvent>) -> Verdict {
        let Some((armed, _)) = self.shown_in(window) else {
            return Verdict::Forward;
        };
        if !armed.target.keyboard || text.is_empty() {
            return Verdict::Forward;
        }
        let event = InputEvent::Text {
            text: BoundedText::cut(text),
        };
        out.push(TapEvent {
            id: armed.target.id,
            event,
        });
        Verdict::Swallow
    }

    fn shown_in(&mut self, window: u64) -> Option<(&mut Armed, &mut WindowState)> {
        let state = self.windows.get_mut(&window)?;
        let viewport = state.viewport?;
        let armed = self
            .targets
            .values_mut()
            .find(|armed| armed.target.viewport == viewport)?;
        Some((armed, state))
    }
}

/// Ctrl+Alt+Shift with E or M: egui gets it, for the session's own window.
fn is_ours(stroke: &Stroke, modifiers: Modifiers) -> bool {
    let Modifiers {
        shift,
        control,
        alt,
        super_key,
        ..
    } = modifiers;
    let keys = [KeyCode::KeyE, KeyCode::KeyM].map(PhysicalKey::Code);
    keys.contains(&stroke.physical) && control && alt && shift && !super_key
}

#[cfg(test)]
mod tests;
