//! The one ticket in a text that somebody pasted: a number alone, or a whole message around it (H4).
//!
//! Digits are never put together from several places: a ticket is ten digits in one piece, or in three
//! groups of three, three and four. Digits that go on beside it on the same line make it another number,
//! as a country's code does with a telephone number. Telephone numbers may look the same: the words beside a
//! number tell what it is, and a number without such words is a ticket.

use super::{TICKET_DIGITS, is_separator};

/// Why no ticket was taken from a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketMissing {
    #[error("no ticket is in the text")]
    Nowhere,
    #[error("several numbers in the text could be the ticket")]
    Several,
}

/// The most characters between two groups that belong to one number.
const LONGEST_JOIN: usize = 3;

/// The value of a decimal digit of any script (Unicode's `Nd`).
pub fn digit_value(character: char) -> Option<u8> {
    let code = u32::from(character);
    let after = ZEROS.partition_point(|&zero| zero <= code);
    let zero = ZEROS[after.checked_sub(1)?];
    u8::try_from(code - zero).ok().filter(|&value| value < 10)
}

/// The ten digits, in ASCII, of the only ticket in `text`.
///
/// # Errors
///
/// [`TicketMissing`] if there is none, or if several different numbers could be it.
pub fn ticket_in(text: &str) -> Result<String, TicketMissing> {
    let numbers = numbers(text);
    let mut candidates: Vec<(Option<Kind>, String)> = Vec::new();
    let mut words_from = 0;
    for (at, number) in numbers.iter().enumerate() {
        let next = numbers.get(at + 1).map_or(text.len(), |next| next.start);
        let clause = clause_after(&text[number.end..next], next < text.len());
        let before = kind_before(&text[words_from..number.start]);
        let kind = before.or_else(|| kind_after(clause));
        if let Some(ticket) = number.as_ticket() {
            candidates.push((kind, ticket));
        }
        // words that told of this number tell nothing of the next
        let used = if before.is_none() && kind.is_some() {
            clause.len()
        } else {
            0
        };
        words_from = number.end + used;
    }
    let called_ticket = candidates
        .iter()
        .any(|(kind, _)| *kind == Some(Kind::Ticket));
    let wanted = called_ticket.then_some(Kind::Ticket);
    candidates.retain(|(kind, _)| *kind == wanted);
    candidates.dedup_by(|(_, one), (_, other)| one == other);
    match candidates.as_slice() {
        [] => Err(TicketMissing::Nowhere),
        [(_, ticket)] => Ok(ticket.clone()),
        [_, _, ..] => Err(TicketMissing::Several),
    }
}

/// What the words beside a number call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ticket,
    Telephone,
}

/// So many words beside a number may be about it: `call me, please, on 555 123 4567`.
const NEAR: usize = 4;

/// What the nearest telling word before a number calls it.
fn kind_before(text: &str) -> Option<Kind> {
    let label = text.rsplit(ends_line).next().unwrap_or_default();
    let label = label.trim_matches([':', '.', ' ']).to_lowercase();
    if ["t", "m", "f"].contains(&&*label) {
        return Some(Kind::Telephone);
    }
    let words = text.rsplit(|c: char| !is_of_word(c));
    let mut words = words.filter(|word| !word.is_empty()).take(NEAR);
    words.find_map(kind_of_word)
}

/// What the first telling word of the clause after a number calls it.
fn kind_after(clause: &str) -> Option<Kind> {
    let words = clause.split(|c: char| !is_of_word(c));
    let mut words = words.filter(|word| !word.is_empty()).take(NEAR);
    words.find_map(kind_of_word)
}

/// The rest of the clause that a number stands in; nothing where another number `follows` in it, whose words
/// these may be.
fn clause_after(text: &str, follows: bool) -> &str {
    let ends = |c: char| ends_line(c) || matches!(c, ',' | ';' | '.' | '!' | '?' | ')');
    match text.find(ends) {
        Some(end) => &text[..end],
        None if follows => "",
        None => text,
    }
}

fn is_of_word(character: char) -> bool {
    character.is_alphabetic() || TELEPHONES.contains(&character)
}

const TELEPHONES: [char; 4] = ['☎', '☏', '📞', '📱'];

fn kind_of_word(word: &str) -> Option<Kind> {
    const TELEPHONE: [&str; 26] = [
        "tel",
        "tél",
        "telephone",
        "phone",
        "call",
        "mobile",
        "mob",
        "cell",
        "fax",
        "whatsapp",
        "sms",
        "telefono",
        "telefonare",
        "cellulare",
        "cel",
        "chiama",
        "chiamami",
        "chiamare",
        "telefon",
        "mobil",
        "téléphone",
        "teléfono",
        "móvil",
        "telefone",
        "телефон",
        "電話",
    ];
    let word = word.to_lowercase();
    if word.contains("ticket") || ["code", "codice"].contains(&&*word) {
        Some(Kind::Ticket)
    } else if TELEPHONE.contains(&&*word) || word.contains(TELEPHONES) {
        Some(Kind::Telephone)
    } else {
        None
    }
}

/// Groups of digits that belong together.
#[derive(Default)]
struct Number {
    /// Where it is in the text, in bytes.
    start: usize,
    end: usize,
    groups: Vec<String>,
    /// Whether only what may stand in a ticket is between them.
    is_plain: bool,
}

impl Number {
    fn as_ticket(&self) -> Option<String> {
        let shape: Vec<usize> = self.groups.iter().map(String::len).collect();
        let is_ticket = shape == [TICKET_DIGITS] || (self.is_plain && shape == [3, 3, 4]);
        is_ticket.then(|| self.groups.concat())
    }
}

/// The numbers of `text`, from its beginning.
fn numbers(text: &str) -> Vec<Number> {
    let mut numbers: Vec<Number> = Vec::new();
    let mut between = String::new();
    let mut in_group = false;
    for (at, character) in text.char_indices() {
        let Some(value) = digit_value(character) else {
            between.push(character);
            in_group = false;
            continue;
        };
        let digit = char::from(b'0' + value);
        match numbers.last_mut() {
            Some(number) if in_group => {
                let group = number.groups.last_mut().expect("a number has a group");
                group.push(digit);
            }
            Some(number) if is_join(&between) => {
                number.is_plain &= between.chars().all(is_separator);
                number.groups.push(digit.into());
            }
            _ => numbers.push(Number {
                start: at,
                end: at,
                groups: vec![digit.into()],
                is_plain: true,
            }),
        }
        let number = numbers.last_mut().expect("there is one by now");
        number.end = at + character.len_utf8();
        between.clear();
        in_group = true;
    }
    numbers
}

/// Whether the digits before and after `between` are one number.
fn is_join(between: &str) -> bool {
    let ends = |c: char| c.is_alphabetic() || ends_line(c);
    let is_punctuation = |c: char| matches!(c, ',' | ';' | ':' | '.' | '!' | '?');
    let mut characters = between.chars();
    let begins_sentence = characters.next().is_some_and(is_punctuation)
        && characters.next().is_some_and(char::is_whitespace);
    !between.contains(ends) && !begins_sentence && between.chars().count() <= LONGEST_JOIN
}

fn ends_line(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

/// The zeros of the scripts that write numbers with ten digits, in order; the other nine follow each.
const ZEROS: [u32; 66] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
    0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
    0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650,
    0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50,
    0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TICKET: &str = "4829130570";

    #[test]
    fn h4_a_ticket_is_found_alone_and_in_a_message() {
        for text in [
            "482 913 0570",
            " 482-913-0570\n",
            "482.913.0570",
            "482\u{a0}913\u{a0}0570",
            "ticket: 4829130570.",
            "Hello,\n\nto get help, start Helpme and type this ticket:\n482 913 0570\n\nI can see it.",
            "Am 28.11.2026 um 14:30, Tel. +39 02 1234567:\nTicket 482 913 0570, 30,50 €",
            "482 913 0570 (again: 4829130570)",
            "チケット：４８２　９１３　０５７０",
            "التذكرة ٤٨٢ ٩١٣ ٠٥٧٠",
            "टिकट ४८२ ९१३ ०५७०",
            "\u{202a}482 913 0570\u{202c}",
            "１２：３０\r\n482 913 0570\r\n2026-11-28",
            "482 913 0570, or call 0612345678",
            "Call me on 555 123 4567 if the ticket 482 913 0570 does not work.",
            "My ticket\nis:\n\n482 913 0570\n\nAnna\nT 555 123 4567\nF 555 123 4568",
            "Il codice è 482 913 0570 (cell. 333 123 4567)",
            "482 913 0570 is the ticket; this number is 555 123 4567",
            "Supportticket: 482 913 0570\n☎ 555 123 4567",
            "I called you about it: 482 913 0570. Ticket 482 913 0570.",
        ] {
            assert_eq!(ticket_in(text).as_deref(), Ok(TICKET), "{text:?}");
        }
    }

    #[test]
    fn h4_no_ticket_is_put_together_from_elsewhere() {
        for text in [
            "",
            "no digits",
            "482 913 057",
            "482\n913\n0570",
            "+39 482 913 0570",
            "(482) 913-0570",
            "28.11.2026 14",
            "on 28.11.2026 at 14:30, room 7",
            "48291305709999",
            "482 is 913 and 0570",
            "482 913 0570 12",
            "02 1234 5678",
            "1.482.913,05",
            "Tel. 555 123 4567",
            "My phone is 555 123 4567",
            "Anna Bianchi\nMobile: 333-123-4567",
            "Chiamami al 333 123 4567",
            "333 123 4567 (cell)",
            "📞 555 123 4567",
            "téléphone : 0612345678",
            "For a ticket, please call 555 123 4567",
        ] {
            assert_eq!(ticket_in(text), Err(TicketMissing::Nowhere), "{text:?}");
        }
    }

    #[test]
    fn h4_of_two_candidates_none_is_taken() {
        for text in [
            "482 913 0570 or 571 330 2214",
            "Ticket 482 913 0570, and ticket 571 330 2214",
        ] {
            assert_eq!(ticket_in(text), Err(TicketMissing::Several), "{text:?}");
        }
    }

    #[test]
    fn h4_a_number_without_words_is_a_ticket_whatever_it_might_be_elsewhere() {
        for text in [
            "555 123 4567",
            "(555 123 4567)",
            "5551234567",
            " 555-123-4567.\n",
            "Anna 555 123 4567",
        ] {
            assert_eq!(ticket_in(text).as_deref(), Ok("5551234567"), "{text:?}");
        }
    }

    #[test]
    fn digits_of_all_scripts_count_and_nothing_else_does() {
        for zero in ZEROS {
            for value in 0..10_u8 {
                let character = char::from_u32(zero + u32::from(value)).expect("a character");
                assert_eq!(digit_value(character), Some(value));
            }
        }
        for other in ['/', ':', 'a', '²', '①', '½', '一', '\0', char::MAX] {
            assert_eq!(digit_value(other), None, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_find_less_than_ten_digits(text in any::<String>()) {
            if let Ok(ticket) = ticket_in(&text) {
                prop_assert!(ticket.len() == 10 && ticket.bytes().all(|b| b.is_ascii_digit()));
            }
        }

        /// Where words call it a ticket they may call it a telephone too; where none do, they must not.
        #[test]
        fn a_ticket_is_found_in_any_text_without_other_digits(
            before in any::<String>(),
            after in any::<String>(),
            ticket in 0_u64..10_000_000_000,
            is_called_so: bool,
        ) {
            let without = |text: String| text.replace(|c| digit_value(c).is_some(), "");
            let (before, after) = (without(before), without(after));
            if !is_called_so {
                let called = kind_before(&before).or_else(|| kind_after(clause_after(&after, false)));
                prop_assume!(called != Some(Kind::Telephone));
            }
            let word = if is_called_so { " ticket " } else { "" };
            let digits = format!("{ticket:010}");
            let spoken = format!("{} {} {}", &digits[..3], &digits[3..6], &digits[6..]);
            let text = format!("{before}{word}{spoken}{after}");
            prop_assert_eq!(ticket_in(&text), Ok(digits));
        }

        #[test]
        fn a_number_on_a_line_that_calls_it_a_telephone_is_no_ticket(
            before in any::<String>(),
            label in prop::sample::select(vec!["t", "T: ", "m.", "F ", "tel. ", "☎"]),
            ticket in 0_u64..10_000_000_000,
        ) {
            let before = before.replace(|c| digit_value(c).is_some(), "");
            let text = format!("{before}\n{label}{ticket:010}");
            prop_assert_eq!(ticket_in(&text), Err(TicketMissing::Nowhere));
        }
    }
}
