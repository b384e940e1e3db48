//! A session seen monitor by monitor: each has a window of its own (S2). The first one stands in the session's
//! window, with the tools; closing any other brings all of them back into that.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use egui::{CentralPanel, Context, Frame, Ui, ViewportBuilder, ViewportCommand, ViewportId};
use operator_engine::InputSender;
use ui_kit::remote_view::{Cut, RemoteView};
use ui_kit::words::name_alone;
use ui_kit::{Palette, Word, w};

use super::places::{Place, SMALLEST, Scale, Standing};
use super::session_windows::{InputRoutes, Route, SessionWindow, hot_keys};
use crate::picture::Pane;
use crate::settings::{SessionPlace, Settings};

/// The windows of the monitors, while each has one.
#[derive(Default)]
pub(super) struct Apart {
    /// Which monitors those are, by their ids, in the order of the layout.
    monitors: Vec<u32>,
    /// The first one, in the session's own window.
    pub(super) first: Option<Part>,
    others: Vec<Arc<MonitorWindow>>,
}

/// One monitor's part of the picture.
pub(super) struct Part {
    pub(super) pane: Arc<Pane>,
    pub(super) view: RemoteView,
    /// Its number among all pictures that take input.
    number: u64,
}

/// The window of a monitor that is not the first.
pub(super) struct MonitorWindow {
    viewport: ViewportId,
    name: String,
    drawing: Mutex<Drawing>,
}

struct Drawing {
    part: Part,
    full_screen: bool,
    standing: Standing,
    /// Where the window opened for its first picture, of that size in pixels.
    opened: Option<(Place, (u32, u32))>,
}

/// In which windows of a session keyboard and pointer are.
#[derive(Debug, Default)]
pub(super) struct Hands(BTreeMap<ViewportId, Hand>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hand {
    has_keyboard: bool,
    is_here: bool,
}

impl Hands {
    /// Notes it of the window of this pass.
    pub(super) fn note(&mut self, ui: &Ui, ended: bool) {
        let hand = ui.input(|input| {
            let focused = input.viewport().focused.unwrap_or(true);
            Hand {
                has_keyboard: input.focused && !ended,
                is_here: focused || input.pointer.has_pointer(),
            }
        });
        self.0.insert(ui.ctx().viewport_id(), hand);
    }

    pub(super) fn leave(&mut self, viewport: ViewportId) {
        self.0.remove(&viewport);
    }

    pub(super) fn have_keyboard(&self) -> bool {
        self.0.values().any(|hand| hand.has_keyboard)
    }

    pub(super) fn are_here(&self) -> bool {
        self.0.values().any(|hand| hand.is_here)
    }
}

impl SessionWindow {
    /// Gives each monitor a window where that is wished for, and none otherwise. Gives where windows stood that
    /// are gone.
    pub(super) fn arrange(
        &self,
        input: &InputSender,
        routes: &InputRoutes,
        number: &mut dyn FnMut() -> u64,
    ) -> Vec<SessionPlace> {
        let (parts, names) = {
            let mut state = self.lock();
            self.look_at_monitors(&mut state);
            let parts = if state.stands_apart() {
                self.picture.parts()
            } else {
                Vec::new()
            };
            let monitors = state.layout.iter().flat_map(|layout| &layout.monitors);
            let names: BTreeMap<u32, String> = monitors
                .map(|monitor| (monitor.id, monitor.name.to_string()))
                .collect();
            (parts, names)
        };
        let wanted: Vec<u32> = parts.iter().map(|(id, _)| *id).collect();
        if self.apart().monitors == wanted {
            return Vec::new();
        }
        let left = self.join(routes);
        let mut part = |(id, cut): (u32, Cut), viewport: ViewportId| {
            let pane = self.picture.show_monitor((id, cut), viewport);
            let number = number();
            let route = Route {
                input: input.clone(),
                pane: Arc::clone(&pane),
            };
            routes.add(number, route);
            Part {
                view: RemoteView::new(number, Arc::clone(pane.slot()), self.tap.clone()),
                pane,
                number,
            }
        };
        let mut parts = parts.into_iter();
        let first = parts.next().map(|first| part(first, self.viewport));
        let others = parts.map(|other| {
            let viewport = self.viewport.0.with(("monitor", other.0));
            let viewport = ViewportId(viewport);
            let drawing = Drawing {
                part: part(other, viewport),
                full_screen: false,
                standing: Standing::default(),
                opened: None,
            };
            Arc::new(MonitorWindow {
                viewport,
                name: names.get(&other.0).cloned().unwrap_or_default(),
                drawing: Mutex::new(drawing),
            })
        });
        let others = others.collect();
        self.picture.whole().set_in_use(first.is_none());
        *self.apart() = Apart {
            monitors: wanted,
            first,
            others,
        };
        left
    }

    /// All monitors stand in the session's own window again. Gives where the others stood.
    pub(super) fn join(&self, routes: &InputRoutes) -> Vec<SessionPlace> {
        let apart = std::mem::take(&mut *self.apart());
        let gone = |part: &Part| {
            routes.remove(part.number);
            self.picture.hide_monitor(&part.pane);
        };
        let mut left = Vec::new();
        if let Some(first) = &apart.first {
            gone(first);
        }
        for other in &apart.others {
            let drawing = other.lock();
            gone(&drawing.part);
            if let Some((place, picture)) = &drawing.opened {
                let monitor = Some(other.name.clone());
                left.extend(drawing.standing.moved_from(place, *picture, monitor));
            }
            self.hands_leave(other.viewport);
        }
        self.picture.whole().set_in_use(true);
        left
    }

    /// Size of the picture in the session's own window in pixels, where that is one monitor.
    pub(super) fn first_size(&self) -> Option<(u32, u32)> {
        let size = self.apart().first.as_ref()?.pane.slot().size()?;
        Some((size.width, size.height))
    }

    /// Keeps the windows of the other monitors open.
    pub(super) fn show_monitors(self: &Arc<Self>, ctx: &Context, settings: &Settings) {
        let others = self.apart().others.clone();
        let monitor = ctx.input(|input| input.viewport().monitor_size);
        for (before, other) in others.into_iter().enumerate() {
            let title = {
                let state = self.lock();
                format!(
                    "{} - {}",
                    state.title(),
                    name_alone(state.lang, &other.name)
                )
            };
            let mut builder = ViewportBuilder::default()
                .with_title(title)
                .with_app_id("pure-help-desk")
                .with_min_inner_size(SMALLEST);
            {
                let mut drawing = other.lock();
                let size = drawing.part.pane.slot().size();
                let size = size.map(|size| (size.width, size.height));
                if let Some(picture) = size.filter(|_| drawing.opened.is_none()) {
                    let scale = Scale::of(ctx);
                    let mut place = Place::choose(picture, 0.0, scale, monitor).beside(before + 1);
                    let chosen = settings.session_place(picture, Some(&other.name));
                    if let Some(chosen) = chosen {
                        place.follow(&chosen, ctx.zoom_factor(), monitor);
                    }
                    builder = builder
                        .with_inner_size(place.inner)
                        .with_position(place.at)
                        .with_maximized(place.maximized);
                    drawing.opened = Some((place.of_desktop(ctx), picture));
                }
            }
            let window = Arc::clone(self);
            let viewport = other.viewport;
            ctx.show_viewport_deferred(viewport, builder, move |ui, _class| {
                window.monitor_ui(ui, &other);
            });
        }
    }

    fn monitor_ui(&self, ui: &mut Ui, other: &MonitorWindow) {
        let mut state = self.lock();
        let mut drawing = other.lock();
        let Drawing {
            part,
            full_screen,
            standing,
            opened: _,
        } = &mut *drawing;
        let was_marking = state.marking.is_some();
        hot_keys(ui, &mut state);
        if state.marking.is_some() && !was_marking {
            // its words are typed there
            let focus = ViewportCommand::Focus;
            ui.ctx().send_viewport_cmd_to(self.viewport, focus);
            ui.ctx().request_repaint_of(self.viewport);
        }
        let palette = Palette::of(ui);
        CentralPanel::default()
            .frame(Frame::new().fill(palette.sunken))
            .show(ui, |ui| {
                let screen = w(state.lang, Word::RemoteScreen);
                let label = format!("{screen}: {}", name_alone(state.lang, &other.name));
                self.picture_ui(ui, &mut state, &label, &part.pane, &mut part.view);
            });
        // what follows all windows of the session is seen to in its own
        let were_here = self.are_hands_here();
        if self.hands_are(ui, &mut state) != were_here {
            ui.ctx().request_repaint_of(self.viewport);
        }
        if *full_screen != state.full_screen {
            *full_screen = state.full_screen;
            let command = ViewportCommand::Fullscreen(state.full_screen);
            ui.ctx().send_viewport_cmd(command);
        }
        standing.note(ui, state.full_screen);
        if ui.input(|input| input.viewport().close_requested()) {
            // it goes with the next pass of the main window, which gives the place of it
            ui.ctx().send_viewport_cmd(ViewportCommand::CancelClose);
            state.join_windows();
            ui.ctx().request_repaint_of(self.viewport);
        }
        if !state.wishes.is_empty() {
            (self.wake)();
        }
    }
}

impl MonitorWindow {
    fn lock(&self) -> MutexGuard<'_, Drawing> {
        self.drawing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
