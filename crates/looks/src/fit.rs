//! What does not fit into a window: words that are cut, that lie on others, or that no scrolling brings in sight.

use egui::accesskit::Role;
use egui::epaint::{ClippedShape, Shape, TextShape};
use egui::{Pos2, Rect, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::NodeT as _;

/// What glyphs may reach over their line, in points.
const SLACK: f32 = 2.0;
/// Words on words by less are only close together, in points.
const TOUCH: f32 = 4.0;
/// So many things out of sight are looked for by scrolling.
const MOST_SOUGHT: usize = 4;

/// A line of text as it was drawn.
struct Drawn {
    words: String,
    at: Rect,
    clip: Rect,
    elided: bool,
}

/// What does not fit into the window of `harness`, which has `size` in points, in words.
pub(crate) fn faults<S>(
    harness: &mut Harness<'_, S>,
    size: Vec2,
    may_be_cut: &[&str],
) -> Vec<String> {
    let window = Rect::from_min_size(Pos2::ZERO, size);
    let texts = texts(&harness.output().shapes);
    let fields = rects(harness, |role| {
        matches!(
            role,
            Role::TextInput | Role::MultilineTextInput | Role::PasswordInput | Role::SearchInput
        )
    });
    let bars = rects(harness, |role| role == Role::ScrollBar);
    let mut faults = Vec::new();
    for text in &texts {
        let words = short(&text.words);
        let is_free = may_be_cut.iter().any(|part| text.words.contains(part));
        if text.elided && !is_free {
            faults.push(format!("shortened: {words}"));
        }
        let is_typed = fields.iter().any(|field| {
            field
                .expand(SLACK)
                .contains_rect(text.clip.intersect(text.at))
        });
        if is_typed {
            continue;
        }
        let visible = text.clip.intersect(window).expand(SLACK);
        if text.at.left() < visible.left() || text.at.right() > visible.right() {
            faults.push(format!("cut at a side: {words}"));
        }
        let scrolls = bars
            .iter()
            .any(|bar| text.clip.expand(24.0).intersects(*bar) && bar.height() > bar.width());
        let is_over = text.at.top() < visible.top() || text.at.bottom() > visible.bottom();
        if is_over && !scrolls {
            faults.push(format!("cut above or below: {words}"));
        }
    }
    for (index, one) in texts.iter().enumerate() {
        for other in &texts[index + 1..] {
            // what covers others has a room of its own
            let both = one.at.intersect(other.at);
            let same_room = one.clip == other.clip;
            if same_room && both.width() > TOUCH && both.height() > TOUCH {
                let (one, other) = (short(&one.words), short(&other.words));
                faults.push(format!("one lies on the other: {one} and {other}"));
            }
        }
    }
    faults.extend(out_of_reach(harness, window));
    faults
}

/// What stands outside of the window, and stays there when it is scrolled to.
fn out_of_reach<S>(harness: &mut Harness<'_, S>, window: Rect) -> Vec<String> {
    let window = window.expand(SLACK);
    let outside: Vec<_> = harness
        .root()
        .children_recursive()
        .filter(|node| is_read(node.accesskit_node().role()))
        .filter_map(|node| {
            let at = bounds(&node)?;
            (!window.contains_rect(at)).then(|| node.accesskit_node().id())
        })
        .collect();
    let mut faults = Vec::new();
    // from the end: what comes last is the farthest away
    for sought in outside.into_iter().rev().take(MOST_SOUGHT) {
        let find = |harness: &Harness<'_, S>| {
            let mut all = harness.root().children_recursive();
            let node = all.find(|node| node.accesskit_node().id() == sought)?;
            let words = node
                .accesskit_node()
                .label()
                .or_else(|| node.accesskit_node().value());
            Some((bounds(&node)?, words.unwrap_or_default()))
        };
        let node = harness
            .root()
            .children_recursive()
            .find(|node| node.accesskit_node().id() == sought);
        let Some(node) = node else {
            continue;
        };
        node.scroll_to_me();
        harness.run_steps(3);
        if let Some((at, words)) = find(harness)
            && !window.contains_rect(at)
            && at.height() < window.height()
        {
            faults.push(format!("out of reach: {}", short(&words)));
        }
    }
    faults
}

fn is_read(role: Role) -> bool {
    matches!(
        role,
        Role::Button
            | Role::CheckBox
            | Role::RadioButton
            | Role::TextInput
            | Role::MultilineTextInput
            | Role::PasswordInput
            | Role::ComboBox
            | Role::Link
            | Role::Label
            | Role::Heading
            | Role::MenuItem
            | Role::Switch
    )
}

fn rects<S>(harness: &Harness<'_, S>, of: impl Fn(Role) -> bool) -> Vec<Rect> {
    let all = harness.root().children_recursive();
    all.filter(|node| of(node.accesskit_node().role()))
        .filter_map(|node| bounds(&node))
        .collect()
}

fn bounds(node: &egui_kittest::Node<'_>) -> Option<Rect> {
    node.accesskit_node().bounding_box()?;
    Some(node.rect()).filter(Rect::is_positive)
}

fn texts(shapes: &[ClippedShape]) -> Vec<Drawn> {
    let mut all = Vec::new();
    for ClippedShape {
        clip_rect, shape, ..
    } in shapes
    {
        collect(shape, *clip_rect, &mut all);
    }
    all
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all shapes only words are read"
)]
fn collect(shape: &Shape, clip: Rect, all: &mut Vec<Drawn>) {
    match shape {
        Shape::Vec(parts) => {
            for part in parts {
                collect(part, clip, all);
            }
        }
        Shape::Text(text) => all.extend(drawn(text, clip)),
        _ => {}
    }
}

/// `text` as it stands there, unless nothing of it is in sight or it says nothing, as icons do.
fn drawn(text: &TextShape, clip: Rect) -> Option<Drawn> {
    let words = text.galley.text().to_owned();
    let at = text.galley.mesh_bounds.translate(text.pos.to_vec2());
    let is_said = words.chars().any(char::is_alphanumeric);
    let is_seen = at.is_positive() && clip.intersects(at);
    (is_said && is_seen).then(|| Drawn {
        words,
        at,
        clip,
        elided: text.galley.elided,
    })
}

fn short(words: &str) -> String {
    const MOST: usize = 60;
    let mut short: String = words.chars().take(MOST).collect();
    if words.chars().count() > MOST {
        short.push('…');
    }
    format!("“{short}”")
}
