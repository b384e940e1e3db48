//! One report, as a customer reads it.

use protocol::admin::reports::{Ledger, WholeReport};
use protocol::{Feedback, Stars, visible_line, visible_text};

use crate::fonts::Weight;
use crate::page::{ACCENT, Align, BLACK, GREY, Ink, LEFT, LINE, Mark, RIGHT, Style};
use crate::paper::Paper;
use crate::words::{self, Pair, Words};
use crate::{DocumentError, KeyPicture, Organisation, Reader};

/// The parts of a session's time, as they are drawn.
const IDLE_INK: Ink = [158, 190, 232];
const PAUSED_INK: Ink = [222, 226, 232];
/// How high a key picture is at most, in points.
const PICTURE_HEIGHT: f32 = 300.0;
/// From a key picture to the line of writing under it.
const CAPTION: f32 = 13.0;

pub(crate) fn lay_out(
    report: &WholeReport,
    organisation: &Organisation,
    reader: Reader<'_>,
    key_pictures: &[KeyPicture],
) -> Result<Paper, DocumentError> {
    let words = Words(reader.language);
    let title = words.report(report.facts.report.0);
    let mut paper = Paper::new(organisation, reader.language, &title)?;
    facts(&mut paper, report, reader);
    time(&mut paper, words, &report.ledger);
    let draft = &report.draft;
    for (title, text) in [
        (words::PROBLEM, &draft.problem),
        (words::SOLUTION, &draft.solution),
        (words::NOTES, &draft.notes),
    ] {
        if !text.trim().is_empty() {
            heading(&mut paper, words.of(title));
            let text = visible_text(text.trim());
            paper.layout.paragraph(Style::TEXT, &text);
        }
    }
    if let Some(Feedback { stars, words: said }) = &report.feedback {
        heading(&mut paper, words.of(words::OPINION));
        let stars = format!("{} / {}", stars.number(), Stars::MOST);
        let said = [&stars, said.trim()].join("  ");
        paper
            .layout
            .paragraph(Style::TEXT, &visible_line(said.trim()));
    }
    if !report.corrections.is_empty() {
        heading(&mut paper, words.of(words::CORRECTIONS));
        for correction in &report.corrections {
            let at = words.time(correction.at_unix_millis, reader.zone);
            let said = format!("{at}, {}: {}", correction.by, correction.reason);
            let small = Style::new(Weight::Regular, 9.0, GREY);
            paper.layout.paragraph(small, &visible_line(&said));
        }
    }
    pictures(&mut paper, reader, key_pictures)?;
    Ok(paper)
}

fn heading(paper: &mut Paper, title: &str) {
    let layout = &mut paper.layout;
    layout.space(16.0);
    // a heading stands with two lines of what it heads
    layout.need(Style::HEAD.leading() + 2.0 * Style::TEXT.leading());
    layout.y += Style::HEAD.leading();
    let y = layout.y - 4.0;
    layout.text_at((LEFT, y), Style::HEAD, Align::Left, title);
    layout.space(2.0);
}

/// Who, where and when, in two columns.
fn facts(paper: &mut Paper, report: &WholeReport, reader: Reader<'_>) {
    let words = Words(reader.language);
    let facts = &report.facts;
    let time = |seconds: i64| words.time(seconds.saturating_mul(1000), reader.zone);
    let state = if report.finished {
        words::FINISHED
    } else {
        words::DRAFT
    };
    let operators = if facts.operator.contains(", ") {
        words::OPERATORS
    } else {
        words::OPERATOR
    };
    let mut cells: Vec<(String, String)> = [
        (words::REQUESTER, facts.requester.to_string()),
        (words::STARTED, time(facts.started_unix_seconds)),
        (words::COMPUTER, facts.host.to_string()),
        (words::ENDED, time(facts.ended_unix_seconds)),
        (operators, facts.operator.to_string()),
        (
            words::TICKET,
            facts.ticket.map_or(String::new(), |t| t.to_string()),
        ),
        (words::CATEGORY, report.draft.category.to_string()),
        (words::STATE, words.of(state).to_owned()),
    ]
    .map(|(name, value): (Pair, String)| (words.of(name).to_owned(), value))
    .into();
    let fields = report.fields.iter();
    cells.extend(fields.map(|field| (field.name.to_string(), field.value.to_string())));
    cells.retain(|(_, value)| !value.trim().is_empty());
    let layout = &mut paper.layout;
    layout.space(14.0);
    let half = (RIGHT - LEFT) / 2.0;
    let value_style = Style::TEXT;
    for pair in cells.chunks(2) {
        let wrapped: Vec<Vec<String>> = pair
            .iter()
            .map(|(_, value)| layout.lines(value_style, &visible_line(value), half - 16.0))
            .collect();
        let most = wrapped.iter().map(Vec::len).max().unwrap_or(1);
        let rows = f32::from(u16::try_from(most).unwrap_or(u16::MAX));
        let height = Style::SMALL.leading() + rows * value_style.leading() + 6.0;
        layout.need(height);
        for (column, ((name, _), lines)) in pair.iter().zip(wrapped).enumerate() {
            let x = if column == 0 { LEFT } else { LEFT + half };
            let mut y = layout.y + Style::SMALL.leading();
            let name = layout.fitted(Style::SMALL, &visible_line(name), half - 16.0);
            layout.text_at((x, y - 3.0), Style::SMALL, Align::Left, &name);
            for line in lines {
                y += value_style.leading();
                layout.text_at((x, y - 3.5), value_style, Align::Left, &line);
            }
        }
        layout.space(height);
    }
}

/// Where the time went: a bar, and what its parts are.
fn time(paper: &mut Paper, words: Words, ledger: &Ledger) {
    let whole = u64::from(ledger.connected_seconds);
    heading(paper, words.of(words::TIME));
    let layout = &mut paper.layout;
    let total = format!("{} {}", words.of(words::CONNECTED), Words::duration(whole));
    let mut parts = vec![
        (words::ACTIVE, ledger.active_seconds, Some(ACCENT)),
        (words::IDLE, ledger.idle_seconds, Some(IDLE_INK)),
        (words::PAUSED, ledger.paused_seconds, Some(PAUSED_INK)),
    ];
    let is_known = parts.iter().any(|(_, seconds, _)| *seconds > 0);
    if is_known {
        layout.space(4.0);
        let (mut x, y, width) = (LEFT, layout.y, RIGHT - LEFT);
        for (_, seconds, ink) in &parts {
            #[expect(clippy::cast_precision_loss, reason = "a part of a line's length")]
            let part = *seconds as f32 / whole.max(1) as f32 * width;
            let part = part.min(RIGHT - x).max(0.0);
            if let Some(ink) = *ink {
                layout.put(Mark::Bar {
                    x,
                    y,
                    width: part,
                    height: 8.0,
                    ink,
                });
            }
            x += part;
        }
        layout.space(10.0);
    }
    parts.retain(|(_, seconds, _)| is_known && *seconds > 0);
    if ledger.waiting_seconds > 0 {
        parts.push((words::WAITING, ledger.waiting_seconds, None));
    }
    layout.space(Style::CELL.leading());
    let y = layout.y - 2.0;
    let strong = Style::new(Weight::SemiBold, 8.5, BLACK);
    layout.text_at((LEFT, y), strong, Align::Left, &total);
    let mut x = LEFT + layout.fonts.width(&total, Weight::SemiBold, 8.5) + 18.0;
    for (name, seconds, ink) in parts {
        if let Some(ink) = ink {
            layout.put(Mark::Bar {
                x,
                y: y - 6.5,
                width: 7.0,
                height: 7.0,
                ink,
            });
            x += 11.0;
        }
        let said = format!("{} {}", words.of(name), Words::duration(seconds.into()));
        layout.text_at((x, y), Style::CELL, Align::Left, &said);
        x += layout.fonts.width(&said, Weight::Regular, 8.5) + 18.0;
    }
    layout.space(4.0);
}

fn pictures(
    paper: &mut Paper,
    reader: Reader<'_>,
    key_pictures: &[KeyPicture],
) -> Result<(), DocumentError> {
    let words = Words(reader.language);
    for (count, picture) in key_pictures.iter().enumerate() {
        let number = paper.add_picture(&picture.png)?;
        let (width, height) = paper.fitted(number, (RIGHT - LEFT, PICTURE_HEIGHT));
        if count == 0 {
            // the first stands with its heading
            let together = height + CAPTION + 40.0;
            if paper.layout.left() < together {
                paper.layout.need(together);
            }
            heading(paper, words.of(words::PICTURES));
        }
        let layout = &mut paper.layout;
        layout.need(height + CAPTION + 12.0);
        layout.space(6.0);
        let y = layout.y;
        // a frame, so that a white window does not melt into the paper
        layout.put(Mark::Bar {
            x: LEFT - 0.6,
            y: y - 0.6,
            width: width + 1.2,
            height: height + 1.2,
            ink: LINE,
        });
        layout.put(Mark::Picture {
            x: LEFT,
            y,
            width,
            height,
            number,
        });
        layout.space(height + CAPTION);
        let mut caption = words.exact_time(picture.at_unix_millis, reader.zone);
        if !picture.words.is_empty() {
            caption = format!("{caption}  ·  {}", visible_line(&picture.words));
        }
        let y = layout.y;
        let small = Style::new(Weight::Regular, 8.5, GREY);
        let caption = layout.fitted(small, &caption, RIGHT - LEFT);
        layout.text_at((LEFT, y), small, Align::Left, &caption);
        layout.space(10.0);
    }
    Ok(())
}
