//! What an operator writes often, at hand in every conversation (S5).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most texts that are kept.
const MOST: usize = 50;

/// Texts that are kept, the newest last; one list for all windows.
#[derive(Debug, Clone, Default)]
pub struct Snippets(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    texts: Vec<String>,
    /// Changed since the settings were written.
    changed: bool,
}

impl Snippets {
    pub fn new(texts: Vec<String>) -> Self {
        Self(Arc::new(Mutex::new(Kept {
            texts,
            changed: false,
        })))
    }

    pub fn all(&self) -> Vec<String> {
        self.lock().texts.clone()
    }

    /// Keeps `text`, unless it is empty or kept already.
    pub fn keep(&self, text: &str) {
        let text = text.trim();
        let mut kept = self.lock();
        if kept.is_new(text) {
            kept.texts.push(text.to_owned());
            kept.changed = true;
        }
    }

    /// Whether `text` could be kept.
    pub fn is_new(&self, text: &str) -> bool {
        self.lock().is_new(text.trim())
    }

    pub fn remove(&self, text: &str) {
        let mut kept = self.lock();
        let before = kept.texts.len();
        kept.texts.retain(|known| known != text);
        kept.changed |= kept.texts.len() != before;
    }

    /// What is to be written into the settings, once after each change.
    pub fn take_changed(&self) -> Option<Vec<String>> {
        let mut kept = self.lock();
        std::mem::take(&mut kept.changed).then(|| kept.texts.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn is_new(&self, text: &str) -> bool {
        !text.is_empty() && self.texts.len() < MOST && !self.texts.iter().any(|known| known == text)
    }
}

/// `draft` with `text` behind what stands in it.
pub fn put_into(draft: &mut String, text: &str) {
    if !draft.is_empty() && !draft.ends_with(char::is_whitespace) {
        draft.push(' ');
    }
    draft.push_str(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_a_text_is_kept_once_and_told_to_the_settings_once() {
        let snippets = Snippets::default();
        snippets.keep("  Good morning  ");
        snippets.keep("Good morning");
        snippets.keep(" ");
        assert_eq!(
            snippets.take_changed(),
            Some(vec!["Good morning".to_owned()])
        );
        assert_eq!(snippets.take_changed(), None);
        let same = snippets.clone();
        same.remove("Good morning");
        assert_eq!(snippets.all(), Vec::<String>::new());
        assert_eq!(snippets.take_changed(), Some(Vec::new()));
        for number in 0..2 * MOST {
            snippets.keep(&number.to_string());
        }
        assert_eq!(snippets.all().len(), MOST);
    }

    #[test]
    fn a_text_goes_behind_what_is_written() {
        for (draft, then) in [("", "b"), ("a", "a b"), ("a ", "a b")] {
            let mut draft = draft.to_owned();
            put_into(&mut draft, "b");
            assert_eq!(draft, then);
        }
    }
}
