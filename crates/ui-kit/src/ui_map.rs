//! A map of the windows for those who drive a program from outside: tests, screenshots, benches.
//!
//! When the environment names a file in `PHD_UI_MAP`, the program writes there, after each pass that
//! changed something, where every labelled widget of every window stands on the screen: so an outside
//! hand finds the button **Helpme** and presses it with real X input. What is typed into fields is
//! never written, only labels.
//!
//! The file is JSON and replaced as a whole; a reader sees the old or the new map, never a part.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use egui::accesskit::{Node, NodeId, Role};
use egui::{Context, FullOutput, Plugin, RawInput, ViewportId};
use serde::Serialize;

/// The environment variable that names the file.
pub const VARIABLE: &str = "PHD_UI_MAP";

/// What one program's windows show now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UiMap {
    /// The windows, the main one first.
    pub windows: Vec<MappedWindow>,
}

/// One window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MappedWindow {
    /// The title in its bar.
    pub title: String,
    /// Its content's left upper corner on the screen, in physical pixels.
    pub x: f32,
    pub y: f32,
    /// Whether it has the keyboard.
    pub focused: bool,
    /// In the order they were drawn.
    pub widgets: Vec<MappedWidget>,
}

/// One labelled thing in a window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MappedWidget {
    /// What a screen reader says.
    pub label: String,
    /// Its role for a screen reader, as AccessKit names it.
    pub role: String,
    /// Its rectangle in the window, in physical pixels.
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    /// Whether it can be used; greyed things cannot.
    pub enabled: bool,
    /// Whether it has the keyboard.
    pub focused: bool,
}

/// Writes the map from now on, if the environment asks for it.
///
/// [`crate::run_app`] has done so already; a second call changes nothing.
pub fn install(ctx: &Context) {
    install_titled(ctx, "");
}

/// As [`install`], for a main window with the title `main_title`: X11 does not tell it.
pub(crate) fn install_titled(ctx: &Context, main_title: &str) {
    if let Some(path) = std::env::var_os(VARIABLE) {
        ctx.add_plugin(Cartographer::new(path.into(), main_title));
    }
}

/// The pass that is under way for one window.
struct Pass {
    viewport: ViewportId,
    title: String,
    origin_in_points: egui::Pos2,
    focused: bool,
}

/// Watches what egui tells screen readers and writes it down.
struct Cartographer {
    path: PathBuf,
    main_title: String,
    /// Passes nest where one window is drawn inside another's pass.
    passes: Vec<Pass>,
    windows: HashMap<ViewportId, MappedWindow>,
    written: Option<UiMap>,
}

impl Cartographer {
    fn new(path: PathBuf, main_title: &str) -> Self {
        Self {
            path,
            main_title: main_title.to_owned(),
            passes: Vec::new(),
            windows: HashMap::new(),
            written: None,
        }
    }

    fn write_if_changed(&mut self) {
        let mut ids: Vec<ViewportId> = self.windows.keys().copied().collect();
        ids.sort_by_key(|id| (*id != ViewportId::ROOT, id.0.value()));
        let windows = ids.iter().filter_map(|id| self.windows.get(id).cloned());
        let map = UiMap {
            windows: windows.collect(),
        };
        if self.written.as_ref() == Some(&map) {
            return;
        }
        if replace(&self.path, &map).is_ok() {
            self.written = Some(map);
        }
    }
}

impl Plugin for Cartographer {
    fn debug_name(&self) -> &'static str {
        "ui map"
    }

    fn setup(&mut self, ctx: &Context) {
        ctx.enable_accesskit();
    }

    fn input_hook(&mut self, ctx: &Context, input: &mut RawInput) {
        ctx.enable_accesskit();
        self.windows
            .retain(|id, _| input.viewports.contains_key(id));
        let info = input.viewport();
        self.passes.push(Pass {
            viewport: input.viewport_id,
            title: info.title.clone().unwrap_or_default(),
            origin_in_points: info.inner_rect.map_or(egui::Pos2::ZERO, |rect| rect.min),
            focused: info.focused.unwrap_or(input.focused),
        });
    }

    fn output_hook(&mut self, _ctx: &Context, output: &mut FullOutput) {
        let Some(pass) = self.passes.pop() else {
            return;
        };
        let Some(tree) = &output.platform_output.accesskit_update else {
            return;
        };
        let scale = output.pixels_per_point;
        let nodes: HashMap<NodeId, &Node> = tree.nodes.iter().map(|(id, n)| (*id, n)).collect();
        let widgets = tree.nodes.iter().filter_map(|(id, node)| {
            let bounds = node.bounds()?;
            let label = label_of(node, &nodes)?;
            let pixels = |points: f64| physical(points, scale);
            Some(MappedWidget {
                label,
                role: format!("{:?}", node.role()),
                x: pixels(bounds.x0),
                y: pixels(bounds.y0),
                width: pixels(bounds.x1 - bounds.x0),
                height: pixels(bounds.y1 - bounds.y0),
                enabled: !node.is_disabled(),
                focused: tree.focus == *id,
            })
        });
        // what the window system tells, what the window was made with, or what the program said
        let made_with = output.viewport_output.get(&pass.viewport);
        let made_with = made_with.and_then(|viewport| viewport.builder.title.clone());
        let said = || (pass.viewport == ViewportId::ROOT).then(|| self.main_title.clone());
        let title = Some(pass.title).filter(|title| !title.is_empty());
        let window = MappedWindow {
            title: title.or(made_with).or_else(said).unwrap_or_default(),
            x: pass.origin_in_points.x * scale,
            y: pass.origin_in_points.y * scale,
            focused: pass.focused,
            widgets: widgets.collect(),
        };
        self.windows.insert(pass.viewport, window);
        self.write_if_changed();
    }
}

/// What a screen reader calls `node`: its own label, or that of the text beside it.
fn label_of(node: &Node, nodes: &HashMap<NodeId, &Node>) -> Option<String> {
    // a plain text says itself; the value of everything else may be what somebody typed
    let own = if node.role() == Role::Label {
        node.value().or_else(|| node.label())
    } else {
        node.label()
    };
    let beside = || {
        let other = nodes.get(node.labelled_by().first()?)?;
        other.value().or_else(|| other.label())
    };
    own.or_else(beside)
        .filter(|label| !label.is_empty())
        .map(str::to_owned)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "places in a window are far below what f32 holds"
)]
fn physical(points: f64, scale: f32) -> f32 {
    points as f32 * scale
}

fn replace(path: &Path, map: &UiMap) -> std::io::Result<()> {
    let draft = path.with_extension("draft");
    let text = serde_json::to_vec(map)?;
    std::fs::write(&draft, text)?;
    std::fs::rename(&draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs one pass of `draw` with the map switched on and returns the file's text.
    fn mapped(draw: impl FnMut(&mut egui::Ui)) -> String {
        let file = std::env::temp_dir().join(format!("ui-map-{}.json", std::process::id()));
        let ctx = Context::default();
        ctx.add_plugin(Cartographer::new(file.clone(), ""));
        let mut output = ctx.run_ui(RawInput::default(), draw);
        output.textures_delta.clear();
        let text = std::fs::read_to_string(&file).expect("a pass writes the map");
        std::fs::remove_file(&file).expect("our own file");
        text
    }

    #[test]
    fn labels_are_written_and_what_is_typed_is_not() {
        let mut typed = "s3cret".to_owned();
        let text = mapped(move |ui| {
            let label = ui.label("Your name");
            ui.text_edit_singleline(&mut typed).labelled_by(label.id);
            ui.add_enabled(false, egui::Button::new("Helpme"));
        });
        assert!(text.contains("Your name"), "{text}");
        assert!(text.contains("Helpme"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
        let map: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let widgets = map["windows"][0]["widgets"].as_array().expect("a list");
        let of = |label: &'static str| widgets.iter().filter(move |w| w["label"] == label);
        assert!(of("Helpme").all(|w| w["enabled"] == false), "{text}");
        assert_eq!(
            of("Your name").count(),
            2,
            "the text and the field it names: {text}"
        );
    }
}
