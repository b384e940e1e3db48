//! The question of what a film is to become: a video of all of it or of a cut, or a proof bundle.

use egui::{Label, Ui};
use ui_kit::widgets::{
    DialogSize, Field, Push, dialog_buttons_ui, dialog_ui, escaped_from, segments_ui, text_field_ui,
};
use ui_kit::{Icon, Lang, Tone, Word, w};

use crate::state::{Cut, CutForm, FilmAsking, State, Wish};
use crate::words::{Say, s};

/// Opens the question, with the marks that were set in the player.
pub(super) fn ask(state: &mut State) {
    let Some(film) = &state.films.open else {
        return;
    };
    state.films.asking = Some(FilmAsking::Export(CutForm::of(film)));
}

/// The question, while it is open.
pub(super) fn asking_ui(ui: &Ui, state: &mut State) {
    let lang = state.lang;
    let Some(FilmAsking::Export(form)) = &mut state.films.asking else {
        return;
    };
    let icon = Some((Icon::Download, Tone::Accent));
    let title = s(lang, Say::ExportFilm);
    let size = DialogSize::Medium;
    let dialog = dialog_ui(ui.ctx(), "export", size, icon, title, |ui| {
        let forms = [
            (false, s(lang, Say::AsVideo)),
            (true, s(lang, Say::AsBundle)),
        ];
        if let Some(is_bundle) = segments_ui(ui, form.is_bundle, &forms) {
            form.is_bundle = is_bundle;
        }
        ui.add_space(6.0);
        if form.is_bundle {
            ui.add(Label::new(s(lang, Say::BundleNote)).wrap());
        } else {
            cut_ui(ui, lang, form);
        }
        let wish = if form.is_bundle {
            Some(Wish::BundleFilm)
        } else {
            form.cut().map(Wish::ExportFilm)
        };
        let mut answer = None;
        let fault = wish.is_none().then(|| s(lang, Say::CutWrong));
        dialog_buttons_ui(ui, |ui| {
            let export = Push::primary(s(lang, Say::ExportNow)).icon(Icon::Download);
            if ui.add(export.unless(fault)).clicked() {
                answer = Some(wish);
            }
            if ui.add(Push::secondary(w(lang, Word::Cancel))).clicked() {
                answer = Some(None);
            }
        });
        answer
    });
    let answer = if escaped_from(&dialog) {
        Some(None)
    } else {
        dialog.inner
    };
    let Some(answer) = answer else { return };
    state.films.asking = None;
    if let Some(wish) = answer {
        state.wish(wish);
    }
}

/// What of the film becomes a video.
fn cut_ui(ui: &mut Ui, lang: Lang, form: &mut CutForm) {
    let kinds = [
        (false, s(lang, Say::WholeFilm)),
        (true, s(lang, Say::CutOfFilm)),
    ];
    if let Some(is_cut) = segments_ui(ui, form.is_cut, &kinds) {
        form.is_cut = is_cut;
    }
    ui.add_space(6.0);
    if form.is_cut {
        text_field_ui(ui, &Field::new(s(lang, Say::CutFrom)), &mut form.from);
        text_field_ui(ui, &Field::new(s(lang, Say::CutTo)), &mut form.to);
        ui.add(Label::new(s(lang, Say::CutNote)).wrap());
    } else {
        ui.add(Label::new(s(lang, Say::WholeFilmNote)).wrap());
    }
}

impl CutForm {
    /// What is to be exported, if that makes sense.
    pub(crate) fn cut(&self) -> Option<Cut> {
        if !self.is_cut {
            return Some(Cut::WHOLE);
        }
        let from_millis = millis(&self.from)?;
        let to_millis = millis(&self.to)?;
        (from_millis < to_millis).then_some(Cut {
            from_millis,
            to_millis,
        })
    }
}

/// `75`, `1:15` or `1:02:03`, each with a fraction if need be.
fn millis(typed: &str) -> Option<u64> {
    let mut seconds = 0.0_f64;
    for (place, part) in typed.trim().split(':').enumerate() {
        let is_number = part.starts_with(|c: char| c.is_ascii_digit())
            && part.chars().all(|c| c.is_ascii_digit() || c == '.');
        let part: f64 = part.parse().ok().filter(|_| is_number)?;
        if place > 2 || (place > 0 && part >= 60.0) {
            return None;
        }
        seconds = seconds * 60.0 + part;
    }
    const MOST_SECONDS: f64 = 7.0 * 24.0 * 3600.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "no more than a week, and not negative"
    )]
    let millis = (seconds * 1000.0).round() as u64;
    (seconds <= MOST_SECONDS).then_some(millis)
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;
    use protocol::SessionId;

    use super::*;

    fn asked(marks: (Option<u64>, Option<u64>)) -> Harness<'static, State> {
        let mut state = State::new(Lang::En);
        state.films.show(SessionId(7));
        if let Some(film) = &mut state.films.open {
            (film.cut_from, film.cut_to) = marks;
        }
        ask(&mut state);
        let show = |ui: &mut Ui, state: &mut State| {
            ui_kit::theme::install(ui.ctx());
            asking_ui(ui, state);
        };
        let mut harness = Harness::new_ui_state(show, state);
        harness.run_steps(3);
        harness
    }

    #[test]
    fn d3_without_marks_the_whole_film_is_exported() {
        let mut harness = asked((None, None));
        harness.get_by_label("Export").click();
        harness.run_steps(3);
        assert_eq!(harness.state().wishes, [Wish::ExportFilm(Cut::WHOLE)]);
        assert_eq!(harness.state().films.asking, None);
    }

    #[test]
    fn d3_the_marks_of_the_player_are_what_a_cut_begins_with() {
        let mut harness = asked((Some(90_500_000), Some(3_725_000_000)));
        harness.get_by_label("Export").click();
        harness.run_steps(3);
        let cut = Cut {
            from_millis: 90_500,
            to_millis: 3_725_000,
        };
        assert_eq!(harness.state().wishes, [Wish::ExportFilm(cut)]);
    }

    #[test]
    fn d3_a_cut_that_makes_no_sense_is_not_exported() {
        let mut harness = asked((Some(90_000_000), Some(30_000_000)));
        harness.get_by_label("Export").click();
        harness.run_steps(3);
        assert_eq!(harness.state().wishes, []);
        harness.get_by_label("Cancel").click();
        harness.run_steps(3);
        assert_eq!(harness.state().wishes, []);
        assert_eq!(harness.state().films.asking, None);
    }

    #[test]
    fn d3_a_proof_bundle_is_of_the_whole_session() {
        // a cut that makes no sense matters to a video alone
        let mut harness = asked((Some(90_000_000), Some(30_000_000)));
        harness.get_by_label("Proof bundle (ZIP)").click();
        harness.run_steps(3);
        assert!(harness.query_by_label("A part").is_none());
        harness.get_by_label("Export").click();
        harness.run_steps(3);
        assert_eq!(harness.state().wishes, [Wish::BundleFilm]);
        assert_eq!(harness.state().films.asking, None);
    }

    #[test]
    fn times_are_read_as_they_are_shown() {
        for (typed, expected) in [
            ("75", Some(75_000)),
            ("1:15", Some(75_000)),
            (" 1:02:03.5 ", Some(3_723_500)),
            ("0:00", Some(0)),
            ("1:60", None),
            ("1:2:3:4", None),
            ("-1", None),
            ("", None),
            ("inf", None),
            ("9999999", None),
        ] {
            assert_eq!(millis(typed), expected, "{typed:?}");
        }
    }
}
