//! A list of reports with their totals.

use protocol::admin::reports::{ReportFilter, ReportRow, Total, TotalKey, TotalRow, Totals};
use protocol::visible_line;

use crate::fonts::Weight;
use crate::page::{Align, BLACK, GREY, LEFT, LINE, Layout, RIGHT, Style};
use crate::paper::Paper;
use crate::words::{self, Pair, Words};
use crate::{DocumentError, Organisation, Reader};

/// A column: its head, where it begins or ends, how wide it is.
struct Column {
    head: Pair,
    x: f32,
    width: f32,
    align: Align,
}

const fn left(head: Pair, x: f32, width: f32) -> Column {
    let align = Align::Left;
    Column {
        head,
        x,
        width,
        align,
    }
}

const fn right(head: Pair, x: f32, width: f32) -> Column {
    let align = Align::Right;
    Column {
        head,
        x,
        width,
        align,
    }
}

const REPORTS: [Column; 6] = [
    left(("No.", "N."), LEFT, 36.0),
    left(words::STARTED, LEFT + 40.0, 112.0),
    left(words::REQUESTER, LEFT + 156.0, 92.0),
    left(words::COMPUTER, LEFT + 252.0, 94.0),
    left(words::OPERATOR, LEFT + 350.0, 82.0),
    right(words::TIME, RIGHT, 50.0),
];

const TOTALS: [Column; 6] = [
    left(words::OPERATOR, LEFT, 150.0),
    right(words::COUNT, LEFT + 220.0, 60.0),
    right(words::CONNECTED, LEFT + 300.0, 74.0),
    right(words::ACTIVE, LEFT + 364.0, 60.0),
    right(words::IDLE, LEFT + 424.0, 56.0),
    right(words::PAUSED, RIGHT, 54.0),
];

pub(crate) fn lay_out(
    rows: &[ReportRow],
    filter: &ReportFilter,
    totals: &Totals,
    organisation: &Organisation,
    reader: Reader<'_>,
) -> Result<Paper, DocumentError> {
    let words = Words(reader.language);
    let mut paper = Paper::new(organisation, reader.language, words.of(words::REPORTS))?;
    let layout = &mut paper.layout;
    let chosen = chosen(words, filter, reader);
    if !chosen.is_empty() {
        layout.space(4.0);
        let grey = Style::new(Weight::Regular, 9.0, GREY);
        layout.paragraph(grey, &visible_line(&chosen.join(" · ")));
    }
    layout.space(14.0);
    if rows.is_empty() {
        layout.paragraph(Style::TEXT, words.of(words::NOTHING));
        return Ok(paper);
    }
    let named = |row: &TotalRow| match &row.key {
        TotalKey::Name(name) => name.to_string(),
        TotalKey::From { year, month, day } => format!("{year}-{month:02}-{day:02}"),
    };
    head(layout, words, &TOTALS);
    for row in &totals.rows {
        total(layout, words, Weight::Regular, &named(row), &row.total);
    }
    if totals.others.reports > 0 {
        let others = words.of(words::OTHERS);
        total(layout, words, Weight::Regular, others, &totals.others);
    }
    layout.space(2.0);
    layout.rule(LINE, 0.6);
    layout.space(2.0);
    total(
        layout,
        words,
        Weight::SemiBold,
        words.of(words::ALL),
        &totals.all,
    );
    layout.space(22.0);
    head(layout, words, &REPORTS);
    for row in rows {
        report(layout, words, row, reader);
    }
    Ok(paper)
}

/// What the filter asks for.
fn chosen(words: Words, filter: &ReportFilter, reader: Reader<'_>) -> Vec<String> {
    let day = |millis: i64| words.short_time(millis, reader.zone);
    let text = filter.text.trim();
    let text = (!text.is_empty()).then(|| text.to_owned());
    let name = |name: &Option<protocol::control::Name>| name.as_ref().map(ToString::to_string);
    let finished = filter.finished.map(|finished| {
        let state = if finished {
            words::FINISHED
        } else {
            words::DRAFT
        };
        words.of(state).to_owned()
    });
    [
        (words::TEXT, text),
        (words::OPERATOR, name(&filter.operator)),
        (words::REQUESTER, name(&filter.requester)),
        (words::COMPUTER, name(&filter.host)),
        (words::CATEGORY, name(&filter.category)),
        (words::OPERATOR_GROUP, name(&filter.groups.operators)),
        (words::HOST_GROUP, name(&filter.groups.hosts)),
        (words::FROM, filter.since_unix_millis.map(day)),
        (words::UNTIL, filter.until_unix_millis.map(day)),
        (words::STATE, finished),
    ]
    .into_iter()
    .filter_map(|(title, value)| Some(format!("{}: {}", words.of(title), value?)))
    .collect()
}

fn head(layout: &mut Layout, words: Words, columns: &[Column]) {
    let style = Style::new(Weight::SemiBold, 8.0, GREY);
    layout.need(style.leading() * 3.0);
    layout.y += style.leading();
    for column in columns {
        let text = layout.fitted(style, words.of(column.head), column.width);
        let y = layout.y - 3.0;
        layout.text_at((column.x, y), style, column.align, &text);
    }
    layout.space(2.0);
    layout.rule(LINE, 0.8);
    layout.space(2.0);
}

fn cells<'a>(
    layout: &mut Layout,
    style: Style,
    columns: &[Column],
    texts: impl IntoIterator<Item = &'a str>,
) {
    layout.y += style.leading() + 1.0;
    let y = layout.y - 3.5;
    for (column, text) in columns.iter().zip(texts) {
        let text = layout.fitted(style, &visible_line(text), column.width);
        layout.text_at((column.x, y), style, column.align, &text);
    }
}

fn total(layout: &mut Layout, words: Words, weight: Weight, name: &str, total: &Total) {
    let style = Style::new(weight, 8.5, BLACK);
    if layout.need(style.leading() + 4.0) {
        head(layout, words, &TOTALS);
    }
    let name = if name.is_empty() { "–" } else { name };
    let texts = [
        name.to_owned(),
        total.reports.to_string(),
        Words::duration(total.connected_seconds),
        Words::duration(total.active_seconds),
        Words::duration(total.idle_seconds),
        Words::duration(total.paused_seconds),
    ];
    cells(layout, style, &TOTALS, texts.iter().map(String::as_str));
}

fn report(layout: &mut Layout, words: Words, row: &ReportRow, reader: Reader<'_>) {
    let grey = Style::new(Weight::Regular, 8.0, GREY);
    let height = Style::CELL.leading() + grey.leading() + 8.0;
    if layout.need(height) {
        head(layout, words, &REPORTS);
    }
    let texts = [
        row.report.to_string(),
        words.list_time(row.started_unix_millis, reader.zone),
        row.requester.to_string(),
        row.host.to_string(),
        row.operators.to_string(),
        Words::duration(row.lasted_seconds.into()),
    ];
    cells(
        layout,
        Style::CELL,
        &REPORTS,
        texts.iter().map(String::as_str),
    );
    let told = [row.category.trim(), row.problem.trim()];
    let told: Vec<&str> = told.into_iter().filter(|text| !text.is_empty()).collect();
    let problem = visible_line(&told.join(" · ")).into_owned();
    if !problem.is_empty() {
        layout.y += grey.leading();
        let problem = layout.fitted(grey, &problem, RIGHT - LEFT - 40.0);
        let y = layout.y - 3.5;
        layout.text_at((LEFT + 40.0, y), grey, Align::Left, &problem);
    }
    layout.space(2.0);
    layout.rule(LINE, 0.4);
}
