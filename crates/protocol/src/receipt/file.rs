//! A receipt as a file: lines for people, and under them what was signed.
//!
//! Everything in it follows from the signed part, a language and the distance from UTC, so whoever checks it
//! writes it anew and compares every byte.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::lines::{Offsets, offset};
use super::{MAX_RECEIPT_BYTES, SignedReceipt};
use crate::admin::reports::Language;

/// No receipt is longer, in bytes; what is need not be read.
pub const MAX_RECEIPT_FILE_BYTES: usize = 8 * MAX_RECEIPT_BYTES;

const BEGIN: &str = "-----BEGIN SIGNED RECEIPT-----";
const END: &str = "-----END SIGNED RECEIPT-----";
/// Of the words and the form.
const FORM: &str = "1";
/// How wide what was signed is written.
const COLUMNS: usize = 64;
/// Changes that are named; there may be more.
const MOST_CHANGES: usize = 10;

/// Whether `file` is a saved receipt, or was one before somebody changed it.
pub fn is_like_one(file: &[u8]) -> bool {
    let has = |mark: &str| {
        let mut parts = file.windows(mark.len());
        parts.any(|part| part == mark.as_bytes())
    };
    file.len() <= MAX_RECEIPT_FILE_BYTES && (has(BEGIN) || has(END))
}

/// A receipt, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedReceipt {
    pub signed: SignedReceipt,
    pub language: Language,
    pub offsets: Offsets,
}

/// A line that is not what was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedLine {
    /// Counted from 1.
    pub number: usize,
    /// As the file has it; `None` where the line is missing.
    pub found: Option<String>,
    /// As it was signed; `None` where there was none.
    pub signed: Option<String>,
}

impl SavedReceipt {
    /// The whole file, in UTF-8 with plain line ends; `None` if what was signed is no receipt.
    pub fn write(&self) -> Option<String> {
        let receipt = self.signed.receipt()?;
        let (title, note, language) = match self.language {
            Language::English => (
                "Receipt of an assistance",
                "The help desk has signed this receipt. It can check with this file whether anything was changed.",
                "en",
            ),
            Language::Italian => (
                "Ricevuta di un'assistenza",
                "Il servizio di assistenza ha firmato questa ricevuta. Con questo file può verificare se qualcosa è stato cambiato.",
                "it",
            ),
        };
        let mut text = format!("{title}\n\n");
        for line in receipt.lines(self.language, self.offsets) {
            text.extend([line.name, ": ", &line.value, "\n"]);
        }
        let [started, ended] = [self.offsets.started, self.offsets.ended].map(offset);
        text.extend(["\n", note, "\n\n", BEGIN, "\n"]);
        text.extend([FORM, " ", language, " ", &started, " ", &ended, "\n"]);
        let SignedReceipt {
            receipt,
            certificate,
            signature,
        } = &self.signed;
        for part in [receipt, certificate, signature] {
            text.push('\n');
            let digits = STANDARD.encode(part);
            let mut rest = digits.as_str();
            while !rest.is_empty() {
                let (line, more) = rest.split_at(rest.len().min(COLUMNS));
                text.extend([line, "\n"]);
                rest = more;
            }
        }
        text.extend([END, "\n"]);
        Some(text)
    }

    /// What `file` says was signed, which nobody has checked; `None` if there is nothing like that in it.
    pub fn read(file: &str) -> Option<Self> {
        // the last one: a name could look like it, and what was signed cannot
        let (_, signed) = file.rsplit_once(BEGIN)?;
        let (signed, _) = signed.split_once(END)?;
        let mut parts = signed.split("\n\n");
        let mut head = parts.next()?.split_whitespace();
        if head.next() != Some(FORM) {
            return None;
        }
        let language = match head.next()? {
            "en" => Language::English,
            "it" => Language::Italian,
            _ => return None,
        };
        let offsets = Offsets {
            started: read_offset(head.next()?)?,
            ended: read_offset(head.next()?)?,
        };
        let mut part = || {
            let digits: String = parts.next()?.split_whitespace().collect();
            STANDARD.decode(digits).ok().map(Bytes::from)
        };
        let signed = SignedReceipt {
            receipt: part()?,
            certificate: part()?,
            signature: part()?,
        };
        Some(Self {
            signed,
            language,
            offsets,
        })
    }

    /// The first lines of `file` that are not as this would be [written](Self::write); none if every byte is.
    pub fn changes_in(&self, file: &[u8]) -> Vec<ChangedLine> {
        let written = self.write().unwrap_or_default();
        let mut found = file.split(|byte| *byte == b'\n');
        let mut signed = written.as_bytes().split(|byte| *byte == b'\n');
        let mut changes = Vec::new();
        for number in 1.. {
            let (found, signed) = (found.next(), signed.next());
            if (found.is_none() && signed.is_none()) || changes.len() == MOST_CHANGES {
                break;
            }
            if found != signed {
                let text = |line: &[u8]| String::from_utf8_lossy(line).into_owned();
                changes.push(ChangedLine {
                    number,
                    found: found.map(text),
                    signed: signed.map(text),
                });
            }
        }
        changes
    }
}

/// Minutes from `+01:00`.
fn read_offset(text: &str) -> Option<i16> {
    let (hours, minutes) = text.split_once(':')?;
    let (sign, hours) = match hours.split_at_checked(1)? {
        ("+", hours) => (1, hours),
        ("-", hours) => (-1, hours),
        _ => return None,
    };
    let number = |digits: &str| digits.parse::<u8>().ok().map(i16::from);
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{receipt, signed};
    use super::*;

    fn saved() -> SavedReceipt {
        SavedReceipt {
            signed: signed(&receipt()),
            language: Language::Italian,
            offsets: Offsets {
                started: 120,
                ended: -210,
            },
        }
    }

    #[test]
    fn h9_what_is_written_is_read() {
        let saved = saved();
        let text = saved.write().expect("a receipt");
        assert!(text.starts_with("Ricevuta di un'assistenza\n\nServizio di assistenza: Comune"));
        assert_eq!(SavedReceipt::read(&text), Some(saved.clone()));
        assert_eq!(saved.changes_in(text.as_bytes()), []);
        assert!(text.len() < MAX_RECEIPT_FILE_BYTES);
    }

    #[test]
    fn h9_a_changed_line_is_named_with_what_was_signed() {
        let saved = saved();
        let text = saved.write().expect("a receipt");
        let changed = text.replace("Marco Bianchi", "Paolo Neri");
        let changes = saved.changes_in(changed.as_bytes());
        let [change] = changes.as_slice() else {
            panic!("{changes:?}");
        };
        assert_eq!(change.found.as_deref(), Some("Assistenza di: Paolo Neri"));
        let signed = "Assistenza di: Marco Bianchi";
        assert_eq!(change.signed.as_deref(), Some(signed));
        assert_eq!(change.number, 7);
        let cut = &text.as_bytes()[..text.len() - 1];
        assert_eq!(saved.changes_in(cut).len(), 1, "the last line end");
    }

    proptest! {
        #[test]
        fn h9_no_file_makes_it_panic(file in ".{0,400}", head in "[ +:0-9a-z]{0,30}") {
            let file = format!("{file}{BEGIN}\n{head}\n\n{file}\n\n{file}\n\nAA\n{END}");
            if let Some(saved) = SavedReceipt::read(&file) {
                saved.changes_in(file.as_bytes());
            }
        }
    }
}
