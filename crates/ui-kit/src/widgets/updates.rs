//! The notice of a newer version: calm, never in the way, and nothing happens unless somebody says so (P3).

use egui::{Align, Frame, Label, Layout, Margin, Stroke, Ui};
use protocol::UpdateState;

use super::transfers::progress_ui;
use super::{Push, icon_button_ui};
use crate::fonts::Icon;
use crate::theme::{self, Palette, Tone, icon, text};
use crate::words::{Lang, Word, update_note, update_title, w};

/// Below this width the buttons stand under the words, in points.
const WIDE: f32 = 560.0;
/// What the buttons need beside the words, in points.
const BUTTONS: f32 = 230.0;

/// What somebody wants of a newer version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateWish {
    /// Fetch it and put it in this program's place.
    Begin,
    /// Give that up.
    Cancel,
    /// Say no more of it until the next start.
    Later,
    /// Start the new version in place of this one, which ends.
    Restart,
}

/// Draws how an update stands, if there is anything to say. While `busy` nothing is started anew: a session runs.
pub fn update_ui(ui: &mut Ui, lang: Lang, state: &UpdateState, busy: bool) -> Option<UpdateWish> {
    let title = update_title(lang, state)?;
    let note = update_note(lang, state, busy);
    let palette = Palette::of(ui);
    let (tone, sign) = match state {
        UpdateState::Failed { .. } => (Tone::Warning, Icon::TriangleAlert),
        UpdateState::Ready { .. } => (Tone::Good, Icon::CircleCheck),
        UpdateState::Newest
        | UpdateState::Offered { .. }
        | UpdateState::Waiting { .. }
        | UpdateState::Fetching { .. } => (Tone::Accent, Icon::Download),
    };
    let (color, soft) = palette.tone(tone);
    Frame::new()
        .fill(soft)
        .corner_radius(10)
        .inner_margin(Margin::symmetric(12, 8))
        .stroke(Stroke::new(1.0, color.gamma_multiply(0.25)))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            let words = |ui: &mut Ui| {
                ui.label(icon(sign, 17.0, color));
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 1.0;
                    let title = text(title.as_str(), 13.5, theme::MEDIUM, palette.text);
                    let title = ui.add(Label::new(title).wrap());
                    ui.ctx().accesskit_node_builder(title.id, |node| {
                        node.set_live(egui::accesskit::Live::Polite);
                    });
                    let note = text(note.as_str(), 13.0, theme::REGULAR, palette.dim);
                    ui.add(Label::new(note).wrap());
                    if let UpdateState::Fetching {
                        done_bytes, bytes, ..
                    } = state
                    {
                        progress_ui(ui, part(*done_bytes, *bytes));
                    }
                });
            };
            let mut wish = None;
            if ui.available_width() >= WIDE {
                ui.horizontal(|ui| {
                    let room = ui.available_width() - BUTTONS;
                    ui.scope(|ui| {
                        ui.set_max_width(room);
                        ui.horizontal_top(words);
                    });
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        wish = buttons_ui(ui, lang, state, busy);
                    });
                });
            } else {
                ui.horizontal_top(words);
                ui.add_space(4.0);
                ui.horizontal(|ui| {
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        wish = buttons_ui(ui, lang, state, busy);
                    });
                });
            }
            wish
        })
        .inner
}

/// From the right to the left.
fn buttons_ui(ui: &mut Ui, lang: Lang, state: &UpdateState, busy: bool) -> Option<UpdateWish> {
    let mut wish = None;
    let mut push = |ui: &mut Ui, push: Push<'_>, of: UpdateWish| {
        if ui.add(push).clicked() {
            wish = Some(of);
        }
    };
    let later = || Push::quiet(w(lang, Word::Later));
    match state {
        UpdateState::Newest => {}
        UpdateState::Offered { .. } => {
            push(
                ui,
                Push::secondary(w(lang, Word::Update)),
                UpdateWish::Begin,
            );
            push(ui, later(), UpdateWish::Later);
        }
        UpdateState::Waiting { .. } | UpdateState::Fetching { .. } => {
            let cancel = Push::secondary(w(lang, Word::Cancel));
            push(ui, cancel, UpdateWish::Cancel);
        }
        UpdateState::Ready { .. } => {
            let reason = busy.then(|| w(lang, Word::AfterTheSession));
            let restart = Push::secondary(w(lang, Word::RestartNow)).unless(reason);
            push(ui, restart, UpdateWish::Restart);
            push(ui, later(), UpdateWish::Later);
        }
        UpdateState::Failed { version, .. } => {
            if icon_button_ui(ui, Icon::X, w(lang, Word::Dismiss), true).clicked() {
                wish = Some(UpdateWish::Later);
            } else if !version.is_empty()
                && ui.add(Push::secondary(w(lang, Word::TryAgain))).clicked()
            {
                wish = Some(UpdateWish::Begin);
            }
        }
    }
    wish
}

/// How much of it is here, from 0 to 1.
fn part(done_bytes: u64, bytes: u64) -> f32 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a length on the screen"
    )]
    let part = (done_bytes as f64 / bytes.max(1) as f64) as f32;
    part.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use egui::accesskit::Role;
    use egui_kittest::Harness;
    use egui_kittest::kittest::{NodeT as _, Queryable as _};
    use protocol::UpdateTrouble;

    use super::*;

    type Shown = (UpdateState, bool, Option<UpdateWish>);

    fn show(state: UpdateState, busy: bool) -> Harness<'static, Shown> {
        Harness::new_ui_state(
            |ui, (state, busy, wish): &mut Shown| {
                theme::install(ui.ctx());
                if let Some(wished) = update_ui(ui, Lang::En, state, *busy) {
                    *wish = Some(wished);
                }
            },
            (state, busy, None),
        )
    }

    fn pressing(state: UpdateState, label: &str) -> Option<UpdateWish> {
        let mut harness = show(state, false);
        harness.get_by_role_and_label(Role::Button, label).click();
        harness.run_steps(3);
        harness.state().2
    }

    #[test]
    fn p3_each_state_of_an_update_has_its_buttons_and_nothing_happens_without_one() {
        let version = || "0.2.0".to_owned();
        let offered = UpdateState::Offered {
            version: version(),
            bytes: 28_400_000,
        };
        assert_eq!(pressing(offered.clone(), "Update"), Some(UpdateWish::Begin));
        assert_eq!(pressing(offered, "Later"), Some(UpdateWish::Later));
        let fetching = UpdateState::Fetching {
            version: version(),
            done_bytes: 7_100_000,
            bytes: 28_400_000,
        };
        assert_eq!(pressing(fetching, "Cancel"), Some(UpdateWish::Cancel));
        let waiting = UpdateState::Waiting { version: version() };
        assert_eq!(pressing(waiting, "Cancel"), Some(UpdateWish::Cancel));
        let ready = || UpdateState::Ready { version: version() };
        let restart = pressing(ready(), "Restart now");
        assert_eq!(restart, Some(UpdateWish::Restart));
        assert_eq!(pressing(ready(), "Later"), Some(UpdateWish::Later));
        let failed = |version| UpdateState::Failed {
            version,
            trouble: UpdateTrouble::Forged,
        };
        let again = pressing(failed(version()), "Try again");
        assert_eq!(again, Some(UpdateWish::Begin));
        assert_eq!(
            pressing(failed(String::new()), "Dismiss"),
            Some(UpdateWish::Later)
        );
        let harness = show(UpdateState::Newest, false);
        assert_eq!(harness.query_all_by_role(Role::Button).count(), 0);
    }

    #[test]
    fn p3_nothing_starts_anew_while_a_session_runs() {
        let version = "0.2.0".to_owned();
        let mut harness = show(UpdateState::Ready { version }, true);
        let restart = harness.get_by_role_and_label(Role::Button, "Restart now");
        assert!(restart.accesskit_node().is_disabled());
        restart.click();
        harness.run_steps(3);
        assert_eq!(harness.state().2, None);
    }
}
