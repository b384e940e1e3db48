//! A window of eframe with a few words, a field and a button, as large as Helpme's: what there has to be
//! whatever a program does. `cargo xtask lean` compares.

use eframe::egui::{
    CentralPanel, FontData, FontDefinitions, FontFamily, Ui, ViewportBuilder, Visuals,
};
use eframe::{App, CreationContext, Frame, NativeOptions};

const INTER: &[u8] = include_bytes!("../../assets/fonts/Inter-Variable.ttf");

struct PlainWindow {
    typed: String,
}

impl PlainWindow {
    fn new(creation: &CreationContext<'_>) -> Self {
        let mut fonts = FontDefinitions::empty();
        let inter = FontData::from_static(INTER);
        fonts.font_data.insert("inter".to_owned(), inter.into());
        for family in [FontFamily::Proportional, FontFamily::Monospace] {
            fonts.families.insert(family, vec!["inter".to_owned()]);
        }
        creation.egui_ctx.set_fonts(fonts);
        creation.egui_ctx.set_visuals(Visuals::light());
        Self {
            typed: String::new(),
        }
    }
}

impl App for PlainWindow {
    fn ui(&mut self, ui: &mut Ui, _frame: &mut Frame) {
        CentralPanel::default().show(ui, |ui| {
            ui.heading("A plain window");
            for line in 1..=8 {
                ui.label(format!("Line {line} of what it says to whoever reads it"));
                ui.separator();
            }
            ui.text_edit_singleline(&mut self.typed);
            if ui.button("Empty it").clicked() {
                self.typed.clear();
            }
        });
    }
}

fn main() -> eframe::Result {
    let options = NativeOptions {
        viewport: ViewportBuilder::default().with_inner_size((440.0, 690.0)),
        ..Default::default()
    };
    eframe::run_native(
        "A plain window",
        options,
        Box::new(|creation| Ok(Box::new(PlainWindow::new(creation)))),
    )
}
