//! Lines that somebody else wrote, so that nothing in them can hide.
//!
//! Characters that turn the direction of writing, take no room, steer a terminal or draw one of this product's
//! own icons can make one name look like another. They are shown by their number instead.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_properties::{
    GeneralCategory, GeneralCategoryGroup, UnicodeEmoji as _, UnicodeGeneralCategory as _,
};

/// Marks above and below one letter; more would be drawn over other lines.
const MOST_MARKS: usize = 4;

/// A text on one line.
pub fn visible_line(text: &str) -> Cow<'_, str> {
    visible(text, |_| false)
}

/// A text that may have several lines.
pub fn visible_text(text: &str) -> Cow<'_, str> {
    visible(text, |c| matches!(c, '\n' | '\t'))
}

fn visible(text: &str, is_harmless: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_usual = |c: char| is_harmless(c) || matches!(c, ' '..='~' | '\u{c0}'..='\u{24f}');
    if text.chars().all(is_usual) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let (mut before, mut marks) = (' ', 0);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        let neighbours = (before, rest.peek().copied().unwrap_or(' '));
        if is_harmless(c) {
            out.push(c);
        } else if is_space(c) {
            // of whatever width, it looks like one
            out.push(if c == WIDE_SPACE { c } else { ' ' });
        } else if (marks > 0 && before.is_whitespace())
            || marks > MOST_MARKS
            || (is_unseen(c) && !has_its_place(c, neighbours))
        {
            write!(out, "‹U+{:04X}›", u32::from(c)).expect("a string takes everything");
        } else {
            out.push(c);
        }
        before = c;
    }
    if out == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(out)
    }
}

/// As wide as a letter of East Asia.
const WIDE_SPACE: char = '\u{3000}';

fn is_space(c: char) -> bool {
    c.general_category() == GeneralCategory::SpaceSeparator
}

fn is_mark(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Mark
}

/// Whether `c` cannot be seen but changes what is, or has no look of its own.
fn is_unseen(c: char) -> bool {
    // controls, directions, joiners, tags; private use, which icons are; numbers that are no character
    c.general_category_group() == GeneralCategoryGroup::Other
        || matches!(
            c,
            '\u{34f}'                     // joins marks
            | '\u{115f}' | '\u{1160}'     // fill a syllable of Korean
            | '\u{17b4}' | '\u{17b5}'     // vowels of Khmer that are not written
            | '\u{180b}'..='\u{180f}'     // variants of Mongolian letters
            | '\u{2028}' | '\u{2029}'     // end a line
            | '\u{2800}'                  // braille without a dot
            | '\u{3164}' | '\u{ffa0}'     // fill a syllable of Korean
            | '\u{fe00}'..='\u{fe0f}'     // variants
            | '\u{e0100}'..='\u{e01ef}'
        )
}

/// Whether something unseen is usual between its neighbours, and changes how they look.
fn has_its_place(c: char, (before, after): (char, char)) -> bool {
    const JOINER: char = '\u{200d}';
    const NON_JOINER: char = '\u{200c}';
    const TEXT_STYLE: char = '\u{fe0e}';
    const EMOJI_STYLE: char = '\u{fe0f}';
    match c {
        TEXT_STYLE | EMOJI_STYLE => before.is_emoji_char(),
        JOINER if after.is_emoji_char() => before.is_emoji_char() || before == EMOJI_STYLE,
        // scripts from Arabic to Burmese, whose letters join
        JOINER | NON_JOINER => [before, after]
            .iter()
            .all(|c| matches!(c, '\u{600}'..='\u{109f}')),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_turns_the_direction_or_hides_is_shown_by_its_number() {
        for (line, shown) in [
            ("PC\u{202e}ANNA", "PC‹U+202E›ANNA"),
            ("An\u{200b}na", "An‹U+200B›na"),
            ("An\u{200d}na", "An‹U+200D›na"),
            ("\u{2066}x\u{2069}", "‹U+2066›x‹U+2069›"),
            ("a\u{1b}[31mb", "a‹U+001B›[31mb"),
            ("a\u{85}b\u{7f}", "a‹U+0085›b‹U+007F›"),
            ("\u{e0041}", "‹U+E0041›"),
            ("\u{ad}\u{61c}\u{feff}", "‹U+00AD›‹U+061C›‹U+FEFF›"),
            // what draws nothing, though it counts as a letter or mark
            ("\u{3164}\u{2800}", "‹U+3164›‹U+2800›"),
            ("a\u{fe0f}", "a‹U+FE0F›"),
            ("a\u{34f}\u{301}", "a‹U+034F›\u{301}"),
            // an icon of this product
            ("Anna \u{e1f3}", "Anna ‹U+E1F3›"),
            // marks without a letter, and too many of them
            ("\u{301}x", "‹U+0301›x"),
            (
                "a\u{301}\u{301}\u{301}\u{301}\u{301}",
                "a\u{301}\u{301}\u{301}\u{301}‹U+0301›",
            ),
            // spaces of other widths
            ("a\u{a0}b\u{2003}c", "a b c"),
        ] {
            assert_eq!(visible_line(line), shown, "{line:?}");
        }
    }

    #[test]
    fn only_a_text_has_lines() {
        assert_eq!(visible_text("one\ntwo\tthree"), "one\ntwo\tthree");
        assert_eq!(visible_line("one\ntwo"), "one‹U+000A›two");
        assert_eq!(visible_text("one\rtwo"), "one‹U+000D›two");
        assert_eq!(visible_text("one\u{2028}two"), "one‹U+2028›two");
    }

    #[test]
    fn what_the_world_writes_stays_as_it_is() {
        for line in [
            "Anna Rossi",
            "Zoë Ångström",
            "אנה",
            "علي",
            "می\u{200c}خواهم",
            "李雷",
            "山田\u{3000}太郎",
            "ตั้งแต่",
            "क्\u{200d}ष",
            "👩🏽",
            "❤\u{fe0f}",
            "👩\u{200d}❤\u{fe0f}\u{200d}👩",
            "🇮🇹",
            "e\u{301}",
        ] {
            assert!(
                matches!(visible_line(line), Cow::Borrowed(same) if same == line),
                "{line:?} is {:?}",
                visible_line(line)
            );
        }
    }

    proptest! {
        #[test]
        fn nothing_unseen_is_left_out_of_place(line in any::<String>()) {
            let shown: Vec<char> = visible_line(&line).chars().collect();
            for (at, &c) in shown.iter().enumerate() {
                let neighbour = |at: Option<usize>| at.and_then(|at| shown.get(at)).copied().unwrap_or(' ');
                let neighbours = (neighbour(at.checked_sub(1)), neighbour(Some(at + 1)));
                prop_assert!(!is_unseen(c) || has_its_place(c, neighbours), "{c:?} in {shown:?}");
                prop_assert!(!c.is_control());
            }
        }

        #[test]
        fn shown_twice_it_is_the_same(line in any::<String>()) {
            let once = visible_line(&line);
            prop_assert_eq!(visible_line(&once), once.as_ref());
        }
    }
}
