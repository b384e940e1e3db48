//! What the operator chose to see of a host, which is there again at the next session with it (S2).

use protocol::{ColourDepth, HostKeyboard, ScreenLayout, ScreenMonitor};
use serde::{Deserialize, Serialize};
use ui_kit::remote_view::ViewSize;

use super::session::{SessionState, SessionWish};

/// What was chosen in sessions with one host; `None` where nothing was, and then it is as it usually is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HostView {
    pub size: Option<ViewSize>,
    pub depth: Option<ColourDepth>,
    pub monitors: Option<Monitors>,
    pub full_screen: Option<bool>,
    pub keys_by_place: Option<bool>,
}

/// Which monitors are to be seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Monitors {
    #[default]
    All,
    /// Each in a window of its own.
    Apart,
    /// By its name: numbers do not outlive a session.
    One(String),
}

/// How a session begins where nothing was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usual {
    /// `None`: as the first window has room.
    pub size: Option<ViewSize>,
    pub full_screen: bool,
    pub depth: ColourDepth,
}

/// The keyboards of both sides, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keyboards {
    pub here: Option<HostKeyboard>,
    pub there: Option<HostKeyboard>,
}

impl SessionState {
    /// Begins as `view` has it, or as usual.
    pub fn begin_with(&mut self, view: HostView, usual: Usual) {
        self.size = view.size.or(usual.size).unwrap_or_default();
        self.depth = view.depth.unwrap_or(usual.depth);
        self.full_screen = view.full_screen.unwrap_or(usual.full_screen);
        self.keys_by_place = view.keys_by_place.unwrap_or(false);
        (self.monitor, self.apart) = (None, false);
        self.wanted.clone_from(&view.monitors);
        (self.view, self.usual) = (view, usual);
    }

    /// Whether the first window may choose how large the picture is.
    pub fn size_is_open(&self) -> bool {
        self.view.size.or(self.usual.size).is_none()
    }

    pub fn choose_size(&mut self, size: ViewSize) {
        self.size = size;
        self.view.size = Some(size);
        self.keep_view();
    }

    pub fn choose_depth(&mut self, depth: ColourDepth) {
        self.depth = depth;
        self.view.depth = Some(depth);
        self.wishes.push(SessionWish::KeepDepth(depth));
        self.keep_view();
    }

    pub fn choose_full_screen(&mut self, full_screen: bool) {
        self.full_screen = full_screen;
        self.view.full_screen = Some(full_screen);
        self.keep_view();
    }

    /// Keys count by where they are from now on, or by what they mean here again. Nothing stays pressed.
    pub fn choose_keys_by_place(&mut self, by_place: bool) {
        self.send(protocol::InputEvent::ReleaseAll);
        self.keys_by_place = by_place;
        self.view.keys_by_place = Some(by_place);
        self.keep_view();
    }

    pub fn choose_monitors(&mut self, monitors: Monitors) {
        self.wanted = Some(monitors.clone());
        self.follow_wanted();
        self.view.monitors = Some(monitors);
        self.keep_view();
    }

    /// This monitor alone.
    pub fn choose_monitor(&mut self, monitor: &ScreenMonitor) {
        let name = monitor.name.to_string();
        self.choose_monitors(Monitors::One(name));
        // two may have one name
        self.monitor = Some(monitor.id);
    }

    /// A window of a monitor was closed: all are in one again.
    pub fn join_windows(&mut self) {
        if self.apart {
            self.choose_monitors(Monitors::All);
        }
    }

    /// Everything as usual, and nothing remembered.
    pub fn reset_view(&mut self) {
        let usual = self.usual;
        self.send(protocol::InputEvent::ReleaseAll);
        self.begin_with(HostView::default(), usual);
        self.keep_view();
    }

    /// Does what is wanted of the monitors as soon as the host has said which there are. One that is not there
    /// now is remembered for another day.
    pub fn follow_wanted(&mut self) {
        let Some(layout) = &self.layout else { return };
        // a monitor alone has no name for the others
        if self.shares_only.is_some() {
            return;
        }
        match self.wanted.take() {
            None => {}
            Some(Monitors::All) => (self.monitor, self.apart) = (None, false),
            Some(Monitors::Apart) if self.can_part => (self.monitor, self.apart) = (None, true),
            // the host may say where they stand in a moment
            Some(Monitors::Apart) => self.wanted = Some(Monitors::Apart),
            Some(Monitors::One(name)) => {
                let id = named(layout, &name);
                (self.monitor, self.apart) = (id, false);
            }
        }
    }

    /// Whether the monitors stand in windows of their own now.
    pub fn stands_apart(&self) -> bool {
        self.apart && self.can_part && self.shares_only.is_none() && self.ended.is_none()
    }

    fn keep_view(&mut self) {
        self.wishes.push(SessionWish::KeepView(self.view.clone()));
    }
}

fn named(layout: &ScreenLayout, name: &str) -> Option<u32> {
    let mut monitors = layout.monitors.iter();
    let found = monitors.find(|monitor| monitor.name.as_str() == name);
    found.map(|monitor| monitor.id)
}
