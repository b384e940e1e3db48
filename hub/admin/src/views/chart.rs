//! Stacked bars: a few kinds of time or of things, told apart by colour.
//!
//! A chart never stands alone: what it shows is in a table or a sentence beside it too.

use egui::{Color32, CornerRadius, FontId, Role, Sense, Ui, Vec2, WidgetInfo, vec2};
use egui_plot::{AxisHints, Bar, BarChart, GridMark, Plot};
use ui_kit::{Palette, text, theme};

/// Room that one bar beside its name takes, in points.
pub(super) const BAR: f32 = 26.0;
/// Room between two names below bars, in points.
const NAME: f32 = 78.0;

/// What one colour stands for, with a value for each bar.
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) color: Color32,
    pub(super) values: Vec<f64>,
    /// What is said of each value where the pointer is, below the name of the bar.
    pub(super) told: Vec<String>,
}

/// Where bars go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bars {
    /// Upwards, their names below: the calendar.
    Up,
    /// To the right, their names at the left: people and things.
    Right,
}

/// Draws the bars as wide as there is room, and `height` high.
///
/// `label` is what is read out; `value` writes a value of the axis.
pub(super) fn chart_ui(
    ui: &mut Ui,
    id: &str,
    (label, bars, height): (&str, Bars, f32),
    names: &[String],
    series: Vec<Series>,
    value: impl Fn(f64) -> String,
) {
    let palette = Palette::of(ui);
    let width = ui.available_width();
    let (line, font) = (palette.line, FontId::proportional(12.0));
    let place = |at: usize| match bars {
        Bars::Up => number(at),
        // the first stands at the top
        Bars::Right => -number(at),
    };
    let step = match bars {
        Bars::Up => step_of(names.len(), width),
        Bars::Right => 1,
    };
    let marks: Vec<GridMark> = (0..names.len())
        .step_by(step)
        .map(|at| GridMark {
            value: place(at),
            step_size: number(step),
        })
        .collect();
    let named = |mark: GridMark, _range: &_| {
        let at = (0..names.len()).find(|at| (place(*at) - mark.value).abs() < 0.01);
        at.map_or_else(String::new, |at| short(&names[at]))
    };
    let valued = |mark: GridMark, _range: &_| {
        if mark.value < 0.0 {
            String::new()
        } else {
            value(mark.value)
        }
    };
    let (x, y) = match bars {
        Bars::Up => (
            AxisHints::new_x().formatter(named).label_spacing(8.0..=9.0),
            AxisHints::new_y().formatter(valued).min_thickness(44.0),
        ),
        Bars::Right => (
            AxisHints::new_x().formatter(valued),
            AxisHints::new_y()
                .formatter(named)
                .min_thickness(112.0)
                .label_spacing(8.0..=9.0),
        ),
    };
    let ends = [place(0), place(names.len().saturating_sub(1))];
    let along = (ends[0].min(ends[1]) - 0.6)..=(ends[0].max(ends[1]) + 0.6);
    // a little room above the longest bar
    let across = 0.0..=(longest(&series) * 1.06).max(f64::MIN_POSITIVE);
    let plot = Plot::new(id.to_owned())
        .width(width)
        .height(height)
        .custom_x_axes(vec![
            x.tick_label_color(palette.dim)
                .tick_label_font(font.clone()),
        ])
        .custom_y_axes(vec![y.tick_label_color(palette.dim).tick_label_font(font)])
        .show_background(false)
        .grid_color(line)
        .show_crosshair(false)
        .cursor_color(Color32::TRANSPARENT)
        .sense(Sense::hover())
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .set_margin_fraction(Vec2::ZERO);
    let plot = match bars {
        Bars::Up => plot
            .show_grid([false, true])
            .x_grid_spacer(move |_input| marks.clone()),
        Bars::Right => plot
            .show_grid([true, false])
            .y_grid_spacer(move |_input| marks.clone()),
    };
    let told: Vec<String> = (0..names.len())
        .map(|at| {
            let parts = series.iter().filter_map(|one| one.told.get(at));
            let lines: Vec<&str> = std::iter::once(names[at].as_str())
                .chain(parts.map(String::as_str))
                .collect();
            lines.join("\n")
        })
        .collect();
    let charts = stacked(series, bars, place);
    let shown = plot.show(ui, |plot| {
        let (x, y) = match bars {
            Bars::Up => (along, across),
            Bars::Right => (across, along),
        };
        plot.set_plot_bounds_x(x);
        plot.set_plot_bounds_y(y);
        for chart in charts {
            plot.bar_chart(chart);
        }
    });
    let response = shown.response;
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, label));
    let pointed = response.hover_pos().and_then(|at| {
        let at = shown.transform.value_from_position(at);
        let along = match bars {
            Bars::Up => at.x,
            Bars::Right => at.y,
        };
        (0..names.len()).find(|bar| (place(*bar) - along).abs() <= 0.5)
    });
    if let Some(bar) = pointed {
        response.on_hover_text_at_pointer(&told[bar]);
    }
}

/// The longest bar, all its parts together.
fn longest(series: &[Series]) -> f64 {
    let bars = series.iter().map(|one| one.values.len()).max().unwrap_or(0);
    let whole = |at: usize| series.iter().filter_map(|one| one.values.get(at)).sum();
    (0..bars).map(whole).fold(0.0, f64::max)
}

fn stacked(series: Vec<Series>, bars: Bars, place: impl Fn(usize) -> f64) -> Vec<BarChart> {
    let mut charts: Vec<BarChart> = Vec::new();
    for one in series {
        let bar = |(at, value)| {
            Bar::new(place(at), value)
                .width(0.66)
                .fill(one.color)
                .stroke(egui::Stroke::NONE)
        };
        let values = one.values.into_iter().enumerate();
        let chart = BarChart::new(one.name, values.map(bar).collect()).allow_hover(false);
        let chart = match bars {
            Bars::Up => chart.vertical(),
            Bars::Right => chart.horizontal(),
        };
        let below: Vec<&BarChart> = charts.last().into_iter().collect();
        let chart = chart.stack_on(&below);
        charts.push(chart);
    }
    charts
}

/// What the colours stand for, in one line.
pub(super) fn legend_ui(ui: &mut Ui, series: &[Series]) {
    let palette = Palette::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for one in series {
            let (rect, _) = ui.allocate_exact_size(vec2(10.0, 18.0), Sense::hover());
            let square = egui::Rect::from_center_size(rect.center(), vec2(10.0, 10.0));
            ui.painter()
                .rect_filled(square, CornerRadius::same(3), one.color);
            let name = text(one.name, theme::SMALL_SIZE, theme::REGULAR, palette.dim);
            ui.label(name);
            ui.add_space(8.0);
        }
    });
}

/// Every how many bars there is room for a name.
fn step_of(bars: usize, width: f32) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a window is a few thousand points wide"
    )]
    let room = ((width - 60.0) / NAME).clamp(1.0, 1000.0) as usize;
    bars.div_ceil(room).max(1)
}

fn number(at: usize) -> f64 {
    f64::from(u32::try_from(at).unwrap_or(u32::MAX))
}

/// A name as it fits beside a bar.
fn short(name: &str) -> String {
    const MOST: usize = 16;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    let mut cut: String = name.chars().take(MOST - 1).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_the_ones_before_them() {
        let one = |value: f64| Series {
            name: "",
            color: Color32::RED,
            values: vec![value],
            told: Vec::new(),
        };
        let charts = stacked(vec![one(2.0), one(0.0), one(3.0)], Bars::Up, number);
        let ends: Vec<(f64, f64)> = charts
            .iter()
            .map(|chart| {
                let bounds = egui_plot::PlotItem::bounds(chart);
                (bounds.min()[1], bounds.max()[1])
            })
            .collect();
        assert_eq!(ends, [(0.0, 2.0), (2.0, 2.0), (2.0, 5.0)]);
    }

    #[test]
    fn names_below_bars_do_not_run_into_each_other() {
        for bars in 1..400 {
            let step = step_of(bars, 840.0);
            assert!(bars.div_ceil(step) <= 10, "{bars} {step}");
        }
        assert_eq!(step_of(5, 840.0), 1);
    }
}
