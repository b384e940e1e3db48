//! The menus of a session's window that say what is seen: size, colours and monitors (S2, S3).

use egui::{Response, Ui};
use protocol::{ColourDepth, ScreenMonitor};
use ui_kit::remote_view::ViewSize;
use ui_kit::widgets::{icon_button_ui, icon_button_unless_ui, menu_item_ui};
use ui_kit::words::name_alone;
use ui_kit::{Icon, Word, w};

use super::session::menu_ui;
use crate::phrases;
use crate::state::session::{PERCENTAGES, SessionState};
use crate::state::view::Monitors;

/// Every colour depth, from the most to the least.
pub(super) const DEPTHS: [(ColourDepth, Word); 5] = [
    (ColourDepth::Lossless, Word::DepthLossless),
    (ColourDepth::True, Word::DepthTrue),
    (ColourDepth::Bits15, Word::Depth15),
    (ColourDepth::Bits8, Word::Depth8),
    (ColourDepth::Grey, Word::DepthGrey),
];

pub(super) fn size_menu_ui(ui: &mut Ui, state: &mut SessionState) {
    let lang = state.lang;
    let actual = format!("{} (100 %)", w(lang, Word::SizeActual));
    let fixed = [
        Choice::new(ViewSize::Fit, w(lang, Word::SizeFit)),
        Choice::new(ViewSize::Actual, actual),
    ];
    let percentages = PERCENTAGES.map(|p| Choice::new(ViewSize::Percent(p), format!("{p} %")));
    let choices: Vec<_> = fixed.into_iter().chain(percentages).collect();
    let button = icon_button_ui(ui, Icon::Scaling, w(lang, Word::ImageSize), true);
    if let Some(size) = pick_ui(&button, state.size, &choices) {
        state.choose_size(size);
    }
}

pub(super) fn depth_menu_ui(ui: &mut Ui, state: &mut SessionState) {
    let lang = state.lang;
    let choices = DEPTHS.map(|(depth, word)| Choice::new(depth, w(lang, word)));
    let button = icon_button_ui(ui, Icon::Palette, w(lang, Word::ColorDepth), true);
    if let Some(depth) = pick_ui(&button, state.depth, &choices) {
        state.choose_depth(depth);
    }
}

/// Which monitors are shown now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    All,
    Apart,
    One(u32),
}

pub(super) fn monitor_menu_ui(ui: &mut Ui, state: &mut SessionState) {
    let lang = state.lang;
    let monitors = state.layout.iter().flat_map(|layout| &layout.monitors);
    let monitors: Vec<ScreenMonitor> = monitors.cloned().collect();
    let reason = match &state.layout {
        _ if state.ended.is_some() => Some(w(lang, Word::SessionEndedTitle)),
        None => Some(w(lang, Word::WaitingForPicture)),
        Some(_) if state.shares_only.is_some() => Some(phrases::shields::shares_only(lang)),
        Some(_) if monitors.len() > 1 => None,
        Some(_) => Some(w(lang, Word::OneMonitor)),
    };
    let apart = Choice {
        reason: (!state.can_part).then(|| phrases::view::places_unknown(lang)),
        ..Choice::new(Shown::Apart, phrases::view::separate_windows(lang))
    };
    let together = [Choice::new(Shown::All, w(lang, Word::AllMonitors)), apart];
    let each = monitors.iter().map(|monitor| {
        let (name, width, height) = (&monitor.name, monitor.width, monitor.height);
        let label = format!("{} ({width} × {height})", name_alone(lang, name));
        Choice::new(Shown::One(monitor.id), label)
    });
    let choices: Vec<_> = together.into_iter().chain(each).collect();
    let button = icon_button_unless_ui(ui, Icon::Monitor, w(lang, Word::Monitor), reason);
    // the host may show another than the one wished for: that one may be gone
    let shared = state.layout.as_ref().and_then(|layout| layout.shared);
    let shown = match shared {
        _ if state.stands_apart() => Shown::Apart,
        Some(id) => Shown::One(id),
        None => Shown::All,
    };
    match pick_ui(&button, shown, &choices) {
        None => {}
        Some(Shown::All) => state.choose_monitors(Monitors::All),
        Some(Shown::Apart) => state.choose_monitors(Monitors::Apart),
        Some(Shown::One(id)) => {
            let name = monitors.iter().find(|monitor| monitor.id == id);
            if let Some(monitor) = name {
                state.choose_monitor(monitor);
            }
        }
    }
}

/// One line of a menu of which one is taken.
#[derive(Debug)]
struct Choice<'a, T> {
    value: T,
    label: String,
    /// Why it cannot be taken, if so.
    reason: Option<&'a str>,
}

impl<T> Choice<'_, T> {
    fn new(value: T, label: impl Into<String>) -> Self {
        Self {
            value,
            label: label.into(),
            reason: None,
        }
    }
}

/// The menu of `button` with one item for each choice; what was chosen. Opened by a key, it has the
/// keyboard at its present choice.
fn pick_ui<T: Copy + PartialEq>(
    button: &Response,
    present: T,
    choices: &[Choice<'_, T>],
) -> Option<T> {
    let by_key = button.clicked() && button.has_focus();
    let mut picked = None;
    menu_ui(button, |ui| {
        for choice in choices {
            let is_present = choice.value == present;
            let item = menu_item_ui(ui, None, &choice.label, is_present, choice.reason);
            if by_key && is_present {
                item.request_focus();
            }
            if item.clicked() {
                picked = Some(choice.value);
                ui.close();
            }
        }
    });
    picked
}
