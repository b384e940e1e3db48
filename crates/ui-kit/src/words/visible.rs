//! Names and lines that somebody else wrote, so that nothing in them can hide.
//!
//! Characters that turn the direction of writing, take no room or steer a terminal can make one name
//! look like another. They are shown by their number instead.

use std::borrow::Cow;
use std::fmt::Write as _;

/// A name, on one line.
pub fn visible_name(name: &str) -> Cow<'_, str> {
    visible(name, |_| false)
}

/// A text that may have several lines.
pub fn visible_text(text: &str) -> Cow<'_, str> {
    visible(text, |c| matches!(c, '\n' | '\t'))
}

fn visible(text: &str, is_harmless: impl Fn(char) -> bool) -> Cow<'_, str> {
    let shows = |c: char| is_harmless(c) || !is_unseen(c);
    if text.chars().all(shows) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if shows(c) {
            out.push(c);
        } else {
            write!(out, "‹U+{:04X}›", u32::from(c)).expect("a string takes everything");
        }
    }
    Cow::Owned(out)
}

/// Whether `c` cannot be seen but changes what is.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'                      // soft hyphen
            | '\u{61c}'                   // Arabic letter mark
            | '\u{180b}'..='\u{180e}'     // Mongolian separators
            | '\u{200b}'..='\u{200f}'     // of no width; marks of direction
            | '\u{2028}'..='\u{202e}'     // separators; embeddings and overrides of direction
            | '\u{2060}'..='\u{206f}'     // invisible operators, isolates
            | '\u{feff}'                  // of no width
            | '\u{fff9}'..='\u{fffb}'     // annotations
            | '\u{e0000}'..='\u{e007f}'   // tags
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_the_direction_or_hides_is_shown_by_its_number() {
        assert_eq!(visible_name("PC\u{202e}ANNA"), "PC‹U+202E›ANNA");
        assert_eq!(visible_name("An\u{200b}na"), "An‹U+200B›na");
        assert_eq!(visible_name("\u{2066}x\u{2069}"), "‹U+2066›x‹U+2069›");
        assert_eq!(visible_name("a\u{1b}[31mb"), "a‹U+001B›[31mb");
        assert_eq!(visible_name("a\u{85}b\u{7f}"), "a‹U+0085›b‹U+007F›");
        assert_eq!(visible_name("\u{e0041}"), "‹U+E0041›");
    }

    #[test]
    fn only_a_text_has_lines() {
        assert_eq!(visible_text("one\ntwo\tthree"), "one\ntwo\tthree");
        assert_eq!(visible_name("one\ntwo"), "one‹U+000A›two");
        assert_eq!(visible_text("one\rtwo"), "one‹U+000D›two");
    }

    #[test]
    fn names_of_the_world_stay_as_they_are() {
        for name in [
            "Anna Rossi",
            "Zoë Ångström",
            "אנה",
            "علي",
            "李雷",
            "👩🏽",
            "e\u{301}",
        ] {
            assert!(matches!(visible_name(name), Cow::Borrowed(same) if same == name));
        }
    }
}
