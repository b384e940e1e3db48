//! Typed text as a question to the full-text index.

/// The question for reports that have all words of `text`, the last of which may be a beginning; `None` if
/// there is no word in it.
///
/// Every word is quoted, so that nothing in it is an operator of the index's language.
pub(super) fn question(text: &str) -> Option<String> {
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let (last, whole) = words.split_last()?;
    let whole = whole.iter().map(|word| format!("\"{word}\" "));
    let whole: String = whole.collect();
    let is_over = text.ends_with(char::is_whitespace);
    let star = if is_over { "" } else { "*" };
    Some(format!("{whole}\"{last}\"{star}"))
}

/// `text` as the beginning in a `LIKE ... ESCAPE '\'`.
pub(super) fn begins_with(text: &str) -> String {
    let mut pattern = String::new();
    for c in text.chars().filter(|c| *c != '\0') {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_and_the_last_is_a_beginning() {
        assert_eq!(
            question("stampante  ros").as_deref(),
            Some("\"stampante\" \"ros\"*")
        );
        assert_eq!(question("pc-rossi ").as_deref(), Some("\"pc\" \"rossi\""));
        assert_eq!(question(" \"*()!^ "), None);
        assert_eq!(begins_with("50%_\\"), "50\\%\\_\\\\%");
    }
}
