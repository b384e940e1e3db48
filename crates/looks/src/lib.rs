//! Views drawn without a display: in both languages, light and dark, on fine pixels and in the smallest
//! window. What does not fit is a fault; pictures are left where `PHD_LOOKS` names a folder.
//!
//! A scene is a state and what draws it, as in the tests of views; so a picture of what needs a network, a
//! second person or a fault costs no more than any other.

mod fit;
mod paint;

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use egui::{Theme, Ui, UiBuilder, Vec2, vec2};
use egui_kittest::Harness;
use ui_kit::Lang;
use ui_kit::raster::Textures;

/// The environment variable that names the folder for pictures. Without it none are made.
pub const FOLDER: &str = "PHD_LOOKS";
/// The environment variable that holds a part of the names of the scenes to be shown, for who works on one.
pub const ONLY: &str = "PHD_LOOKS_ONLY";
/// The environment variable that holds the looks to make pictures in, like `it,small-it`. Without it all are made.
pub const IN: &str = "PHD_LOOKS_IN";

/// How large a window is, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// When it opens.
    pub usual: Vec2,
    /// It can be made no smaller.
    pub smallest: Vec2,
}

impl Window {
    /// A window of `usual` that can be made as small as `smallest`, each width and height in points.
    pub const fn new(usual: (f32, f32), smallest: (f32, f32)) -> Self {
        Self {
            usual: vec2(usual.0, usual.1),
            smallest: vec2(smallest.0, smallest.1),
        }
    }
}

/// How a scene is shown once.
struct Look {
    name: &'static str,
    lang: Lang,
    theme: Theme,
    /// Pixels for each point, in each direction.
    pixels: f32,
    smallest: bool,
    /// Whether it is checked. Of the others each differs from one that is in colours, or in words that are shorter in
    /// English.
    checked: bool,
}

const LOOKS: [Look; 5] = [
    Look {
        name: "light",
        lang: Lang::En,
        theme: Theme::Light,
        pixels: 1.0,
        smallest: false,
        checked: false,
    },
    Look {
        name: "dark",
        lang: Lang::En,
        theme: Theme::Dark,
        pixels: 1.0,
        smallest: false,
        checked: false,
    },
    Look {
        name: "it",
        lang: Lang::It,
        theme: Theme::Light,
        pixels: 1.0,
        smallest: false,
        checked: true,
    },
    Look {
        name: "small",
        lang: Lang::En,
        theme: Theme::Light,
        pixels: 2.0,
        smallest: true,
        checked: false,
    },
    Look {
        name: "small-it",
        lang: Lang::It,
        theme: Theme::Dark,
        pixels: 2.0,
        smallest: true,
        checked: true,
    },
];

/// `draw` with the whole window for it, as eframe gives it; a harness leaves a margin.
fn edge_to_edge<S>(mut draw: impl FnMut(&mut Ui, &mut S)) -> impl FnMut(&mut Ui, &mut S) {
    move |ui, state| {
        let window = ui.ctx().content_rect();
        let mut whole = ui.new_child(UiBuilder::new().max_rect(window));
        whole.set_clip_rect(window);
        draw(&mut whole, state);
    }
}

/// The scenes of one program.
#[derive(Debug)]
pub struct Album {
    program: &'static str,
    folder: Option<PathBuf>,
    only: Option<String>,
    looks: Option<String>,
    may_be_cut: &'static [&'static str],
    faults: Vec<String>,
    shown: usize,
}

impl Album {
    /// An album of `program`. Texts that hold one of `may_be_cut` were written by somebody and have no
    /// end: names, paths, titles. All others have to be read whole.
    pub fn of(program: &'static str, may_be_cut: &'static [&'static str]) -> Self {
        Self {
            program,
            folder: std::env::var_os(FOLDER).map(PathBuf::from),
            only: std::env::var(ONLY).ok(),
            looks: std::env::var(IN).ok(),
            may_be_cut,
            faults: Vec::new(),
            shown: 0,
        }
    }

    /// Shows the scene `name`: what `draw` makes of the state of `make`.
    pub fn add<S: 'static>(
        &mut self,
        name: &str,
        window: Window,
        make: impl Fn(Lang) -> S,
        draw: impl FnMut(&mut Ui, &mut S) + Clone + 'static,
    ) {
        self.add_then(name, window, make, draw, |_window, _lang| {});
    }

    /// As [`Album::add`], after `then` has pressed and typed.
    pub fn add_then<S: 'static>(
        &mut self,
        name: &str,
        window: Window,
        make: impl Fn(Lang) -> S,
        draw: impl FnMut(&mut Ui, &mut S) + Clone + 'static,
        then: impl Fn(&mut Harness<'static, S>, Lang),
    ) {
        if self.only.as_ref().is_some_and(|only| !name.contains(only)) {
            return;
        }
        self.shown += 1;
        for look in &LOOKS {
            let is_wanted = |looks: &String| looks.split(',').any(|name| name == look.name);
            let pictured = self.folder.as_ref();
            let pictured = pictured.filter(|_| self.looks.as_ref().is_none_or(is_wanted));
            if !look.checked && pictured.is_none() {
                continue;
            }
            let size = if look.smallest {
                window.smallest
            } else {
                window.usual
            };
            let textures = Rc::new(RefCell::new(Textures::default()));
            let mut harness = Harness::builder()
                .with_size(size)
                .with_pixels_per_point(look.pixels)
                .with_theme(look.theme)
                .with_context_setup(move |ctx| {
                    ui_kit::theme::install(ctx);
                    look.lang.speak_in_widgets(ctx);
                })
                .renderer(paint::Collector(Rc::clone(&textures)))
                .build_ui_state(edge_to_edge(draw.clone()), make(look.lang));
            harness.run_steps(1);
            then(&mut harness, look.lang);
            harness.run_steps(2);
            let picture = format!("{}-{name}-{}", self.program, look.name);
            if let Some(folder) = pictured {
                let painted = paint::paint(&harness, size, look.pixels, &textures.borrow());
                let path = folder.join(format!("{picture}.png"));
                std::fs::create_dir_all(folder).expect("a folder for pictures");
                painted.save(&path).expect("room for a picture");
            }
            if look.checked {
                let faults = fit::faults(&mut harness, size, self.may_be_cut);
                let told = faults
                    .into_iter()
                    .map(|fault| format!("{picture}: {fault}"));
                self.faults.extend(told);
            }
        }
    }

    /// Ends the album.
    ///
    /// # Panics
    ///
    /// If anything did not fit, with all of it.
    pub fn finish(self) {
        assert!(self.shown > 0 || self.only.is_some(), "no scene was shown");
        assert!(
            self.faults.is_empty(),
            "{} things do not fit:\n{}",
            self.faults.len(),
            self.faults.join("\n")
        );
    }
}
