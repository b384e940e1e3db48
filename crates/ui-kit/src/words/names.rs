//! How the names that others gave themselves, their computers and their programs are shown, so that none can
//! pass for another or for words of ours.
//!
//! Everywhere else names are kept as they came; to be called once, where a name goes to the screen.

use protocol::visible_line;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{Lang, Word, w};

/// Most characters that are shown of a name where it stands alone.
const LONGEST_ALONE: usize = 60;
/// Most characters that are shown of a name in a sentence.
const LONGEST_IN_SENTENCE: usize = 40;
/// Most words that are a person's full name.
const MOST_WORDS: usize = 4;

/// A name where it stands by itself, as in a list, a title or beside its label. In quotation marks if it
/// holds anything but letters and digits, such as marks that set parts of a row or title apart.
pub fn name_alone(lang: Lang, name: &str) -> String {
    name_alone_within(lang, name, LONGEST_ALONE)
}

/// The same where there is room for `longest` characters.
pub(crate) fn name_alone_within(lang: Lang, name: &str, longest: usize) -> String {
    let shown = visible_line(name);
    let shown = shown.trim();
    if shown.is_empty() {
        return w(lang, Word::NoName).to_owned();
    }
    // several names may stand there, as those of a session's operators do
    let without_comma = |word: &'_ str| is_plain_word(word.strip_suffix(',').unwrap_or(word));
    let is_plain = shown.split(' ').all(without_comma);
    let short = cut(shown, longest);
    if is_plain {
        short
    } else {
        quoted(lang, &short)
    }
}

/// A name inside of a sentence. In quotation marks, unless it can only be read as somebody's full name.
pub fn name_in_sentence(lang: Lang, name: &str) -> String {
    let shown = visible_line(name);
    let shown = shown.trim();
    if shown.is_empty() {
        return w(lang, Word::NoName).to_owned();
    }
    let short = cut(shown, LONGEST_IN_SENTENCE);
    if short == shown && is_full_name(shown) {
        short
    } else {
        quoted(lang, &short)
    }
}

/// The whole name where a sentence shows only its beginning, for whoever looks closer.
pub fn whole_name(name: &str) -> Option<String> {
    let shown = visible_line(name);
    let is_cut = shown.trim().graphemes(true).count() > LONGEST_IN_SENTENCE;
    is_cut.then(|| shown.trim().to_owned())
}

/// The first `longest` characters of a line of somebody else's, with an ellipsis if that is not all.
pub fn beginning_of(line: &str, longest: usize) -> String {
    cut(&visible_line(line), longest)
}

/// Letters and digits, joined at most as names are: `ANNA-PC`, `O'Hara`, `srv_1.example`, `アンナ・ビアンキ`.
fn is_plain_word(word: &str) -> bool {
    let is_joint = |c| matches!(c, '-' | '_' | '.' | '@' | '\'' | '’' | '・');
    let ends = [word.chars().next(), word.chars().next_back()];
    let ends_well = ends.iter().all(|c| c.is_some_and(|c| !is_joint(c)));
    ends_well
        && word
            .chars()
            .all(|c| is_joint(c) || is_letter(c) || c.is_numeric())
}

/// Letters, and the marks on them.
fn is_letter(c: char) -> bool {
    use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory as _};
    matches!(
        c.general_category_group(),
        GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark
    )
}

/// Two words or a few, as names are written. One word alone may be any word of the sentence.
fn is_full_name(name: &str) -> bool {
    let begins = |word: &str| {
        word.chars()
            .next()
            .is_some_and(|c| is_letter(c) && !c.is_lowercase())
    };
    let words: Vec<&str> = name.split(' ').collect();
    (2..=MOST_WORDS).contains(&words.len())
        && words.iter().all(|word| is_plain_word(word) && begins(word))
}

/// The beginning of `name`, whole characters as people count them, with an ellipsis if that is not all.
fn cut(name: &str, longest: usize) -> String {
    if name.graphemes(true).nth(longest).is_none() {
        return name.to_owned();
    }
    let short: String = name.graphemes(true).take(longest - 1).collect();
    format!("{}…", short.trim_end())
}

/// In quotation marks. Those in the name become smaller ones: it must not end its quotation itself.
fn quoted(lang: Lang, name: &str) -> String {
    let smaller = |c| if is_quotation_mark(c) { '\'' } else { c };
    let name: String = name.chars().map(smaller).collect();
    let [opening, closing] = quotation_marks(lang);
    format!("{opening}{name}{closing}")
}

fn quotation_marks(lang: Lang) -> [char; 2] {
    match lang {
        Lang::En => ['“', '”'],
        Lang::It => ['«', '»'],
    }
}

fn is_quotation_mark(c: char) -> bool {
    matches!(
        c,
        '"' | '«'
            | '»'
            | '“'
            | '”'
            | '„'
            | '‟'
            | '″'
            | '‶'
            | '˝'
            | 'ˮ'
            | '״'
            | '❝'
            | '❞'
            | '❠'
            | '⹂'
            | '〝'
            | '〞'
            | '〟'
            | '＂'
            | '《'
            | '》'
            | '『'
            | '』'
            | '「'
            | '」'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn alone(name: &str) -> String {
        name_alone(Lang::En, name)
    }

    fn said(name: &str) -> String {
        name_in_sentence(Lang::En, name)
    }

    #[test]
    fn usual_names_stand_as_they_are() {
        for name in [
            "Anna Bianchi",
            "Zoë Ångström",
            "Mary O'Hara-Smith",
            "山田 太郎",
            "אנה כהן",
        ] {
            assert_eq!(
                (alone(name), said(name)),
                (name.to_owned(), name.to_owned())
            );
        }
        for name in [
            "ANNA-PC",
            "srv_1.example.org",
            "anna@hub",
            "李雷",
            "アンナ・ビアンキ",
        ] {
            assert_eq!(alone(name), name);
        }
    }

    #[test]
    fn what_could_be_read_as_part_of_a_sentence_is_quoted() {
        for name in [
            "Nobody",
            "your bank",
            "Anna and Bruno",
            "Anna. Nobody",
            "Microsoft, which",
        ] {
            assert_eq!(said(name), format!("“{name}”"));
        }
        assert_eq!(
            said("Anna” wants nothing. “Bruno"),
            "“Anna' wants nothing. 'Bruno”"
        );
        assert_eq!(name_in_sentence(Lang::It, "nessuno»"), "«nessuno'»");
    }

    #[test]
    fn what_could_be_read_as_another_part_of_a_row_is_quoted() {
        assert_eq!(
            alone("ANNA-PC  –  482 913 0571"),
            "“ANNA-PC  –  482 913 0571”"
        );
        assert_eq!(alone("Otto (you)"), "“Otto (you)”");
        assert_eq!(alone("(no name)"), "“(no name)”");
        assert_eq!(alone("Anna ✅"), "“Anna ✅”");
        assert_eq!(alone("Anna \u{e1f3}"), "“Anna ‹U+E1F3›”");
    }

    #[test]
    fn a_name_without_anything_to_read_is_told_as_such() {
        for name in ["", " ", "\u{a0}\u{3000}\u{2003}"] {
            assert_eq!(
                (alone(name), said(name)),
                ("(no name)".to_owned(), "(no name)".to_owned())
            );
        }
        assert_eq!(name_alone(Lang::It, ""), "(senza nome)");
        assert_eq!(said("\u{200b}"), "“‹U+200B›”");
    }

    #[test]
    fn a_long_name_is_cut_between_characters_and_known_as_a_whole() {
        let flags = "🇮🇹".repeat(100);
        let short = said(&flags);
        assert_eq!(
            short,
            format!("“{}…”", "🇮🇹".repeat(LONGEST_IN_SENTENCE - 1))
        );
        assert_eq!(whole_name(&flags).as_deref(), Some(flags.as_str()));
        assert_eq!(whole_name("Anna Bianchi"), None);
        // one that is cut may have lost what it would have been quoted for
        assert!(said(&format!("Anna {}", "B".repeat(100))).starts_with('“'));
    }

    fn any_name() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            any::<char>().prop_map(String::from),
            "[A-Za-z ]{1,8}",
            proptest::sample::select(vec![
                "“", "”", "«", "»", "\"", "\u{202e}", "\u{200d}", "👩", "…"
            ])
            .prop_map(str::to_owned),
        ];
        proptest::collection::vec(part, 0..80).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_place(name in any_name()) {
            for lang in Lang::ALL {
                let [opening, closing] = quotation_marks(lang);
                for (shown, longest) in [
                    (name_in_sentence(lang, &name), LONGEST_IN_SENTENCE),
                    (name_alone(lang, &name), LONGEST_ALONE),
                ] {
                    prop_assert!(!shown.trim().is_empty());
                    prop_assert_eq!(shown.trim(), &shown);
                    prop_assert!(shown.graphemes(true).count() <= longest + 2, "{}", shown);
                    prop_assert!(!shown.contains(char::is_control));
                    // what is shown is visible, but for an emoji or word whose end was cut off
                    let inside = shown.strip_prefix(opening).and_then(|s| s.strip_suffix(closing));
                    if let Some(inside) = inside {
                        prop_assert!(!inside.contains(is_quotation_mark), "{}", shown);
                    } else if shown != w(lang, Word::NoName) {
                        let words = shown.split(' ').map(|word| word.trim_end_matches(['…', ',']));
                        prop_assert!(words.into_iter().all(|word| word.is_empty() || is_plain_word(word.trim_end_matches(['-', '_', '.', '@', '\'', '’', '・']))));
                    }
                }
            }
        }

        #[test]
        fn in_a_sentence_only_a_full_name_goes_unquoted(name in any_name()) {
            let shown = name_in_sentence(Lang::En, &name);
            let blank = shown == w(Lang::En, Word::NoName);
            prop_assert!(blank || shown.starts_with('“') || is_full_name(&shown), "{}", shown);
        }
    }
}
