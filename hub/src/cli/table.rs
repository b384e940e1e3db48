//! Rows of text in columns, for people; and times as people write them.

use std::io::{self, Write};

use jiff::Timestamp;
use protocol::visible_line;
use unicode_width::UnicodeWidthStr as _;

pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(heads: &[&str]) -> Self {
        Self {
            rows: vec![heads.iter().map(|&head| head.to_owned()).collect()],
        }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        // names come from outside: nothing in them may move the terminal's cursor or turn its writing
        let clean = |cell: String| visible_line(&cell).into_owned();
        self.rows.push(cells.into_iter().map(clean).collect());
    }

    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let columns = self.rows.first().map_or(0, Vec::len);
        // letters of East Asia take two columns, accents none
        let chars = |cell: &String| cell.as_str().width();
        let width = |column| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(chars).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                let gap = width.saturating_sub(chars(cell)) + 2;
                line.extend(std::iter::repeat_n(' ', gap));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// The time in UTC, as ISO 8601 writes it.
pub(super) fn time_text(unix_millis: i64) -> String {
    let at = Timestamp::from_second(unix_millis.div_euclid(1000));
    at.map_or_else(|_| unix_millis.to_string(), |at| at.to_string())
}

/// Hours, minutes and seconds.
pub(super) fn duration_text(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours}:{minutes:02}:{:02}", seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["A", "LONG"]);
        table.row(vec!["lunghità".to_owned(), "x\u{1b}\u{202e}".to_owned()]);
        let mut out = Vec::new();
        table.print(&mut out).expect("memory takes it");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text, "A         LONG\nlunghità  x‹U+001B›‹U+202E›\n");

        let mut table = Table::new(&["A", "B"]);
        table.row(vec!["田中".to_owned(), "x".to_owned()]);
        table.row(vec!["abcd".to_owned(), "x".to_owned()]);
        let mut out = Vec::new();
        table.print(&mut out).expect("memory takes it");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text, "A     B\n田中  x\nabcd  x\n");
    }

    #[test]
    fn times_are_readable() {
        assert_eq!(time_text(1_700_000_000_999), "2023-11-14T22:13:20Z");
        assert_eq!(duration_text(3_725), "1:02:05");
    }
}
