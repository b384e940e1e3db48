//! A file comes where one of its name is: the operator decides, on whichever side that is (S6).

use egui::{Label, Ui};
use protocol::files::{Conflict, ConflictAnswer, FileFacts};
use protocol::transfers::Transfer;
use ui_kit::widgets::{Push, card_ui, check_ui};
use ui_kit::words::{size_text, visible_line};
use ui_kit::{Clock, Lang, Palette, text, theme};

use crate::phrases;

/// Draws the question, and gives what was answered. `for_all` is the box under it.
pub fn conflict_ui(
    ui: &mut Ui,
    (lang, clock): (Lang, Clock),
    transfer: &Transfer,
    asked: &Conflict,
    for_all: &mut bool,
) -> Option<ConflictAnswer> {
    let palette = Palette::of(ui);
    let mut answer = None;
    card_ui(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let name = visible_line(asked.path.name()).into_owned();
        let where_it_is = if transfer.id.to_host {
            phrases::is_there_at_host(lang)
        } else {
            phrases::is_there_at_yours(lang)
        };
        let name = text(name, theme::BODY_SIZE, theme::SEMIBOLD, palette.text);
        ui.add(Label::new(name.clone()).truncate())
            .on_hover_text(visible_line(asked.path.as_str()));
        let small = |words: String| text(words, theme::SMALL_SIZE, theme::REGULAR, palette.dim);
        ui.add(Label::new(small(where_it_is.to_owned())).wrap());
        for (which, facts) in [
            (phrases::one_there(lang), asked.here),
            (phrases::one_that_comes(lang), asked.comes),
        ] {
            let facts = facts_text(lang, clock, facts);
            ui.add(Label::new(small(format!("{which}: {facts}"))).wrap());
        }
        ui.add_space(4.0);
        // what loses nothing stands out
        let keep = Push::primary(phrases::keep_both(lang)).wide();
        if ui.add(keep).clicked() {
            answer = Some(ConflictAnswer::KeepBoth);
        }
        ui.add_space(2.0);
        ui.columns(2, |columns| {
            for (column, (label, chosen)) in columns.iter_mut().zip([
                (phrases::replace(lang), ConflictAnswer::Replace),
                (phrases::skip(lang), ConflictAnswer::Skip),
            ]) {
                if column.add(Push::secondary(label).wide()).clicked() {
                    answer = Some(chosen);
                }
            }
        });
        if transfer.files != 1 {
            check_ui(ui, for_all, phrases::same_for_all(lang), None);
        }
    });
    answer
}

fn facts_text(lang: Lang, clock: Clock, facts: FileFacts) -> String {
    let seconds = facts.modified_unix_millis.div_euclid(1000);
    format!(
        "{} · {}",
        size_text(lang, facts.bytes),
        clock.date_time(seconds)
    )
}
