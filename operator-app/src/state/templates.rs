//! The texts for users that an operator wrote, and which of them counts (O6).

use serde::{Deserialize, Serialize};

/// Most texts of one operator.
pub const MOST: usize = 30;
/// Most characters of a name.
pub const MOST_NAME_CHARS: usize = 60;

/// A text with places in it, as `{ticket}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    pub name: String,
    pub text: String,
}

/// A text while it is edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editing {
    /// Which one it replaces; a new one if `None`.
    pub place: Option<usize>,
    pub name: String,
    pub text: String,
}

/// All texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Templates {
    pub own: Vec<Template>,
    /// The one that counts; the house's if `None`.
    pub chosen: Option<usize>,
    pub editing: Option<Editing>,
}

impl Templates {
    /// `own`, of which the one called `chosen` counts.
    pub fn new(own: Vec<Template>, chosen: Option<&str>) -> Self {
        let chosen = own.iter().position(|known| Some(&*known.name) == chosen);
        Self {
            own,
            chosen,
            editing: None,
        }
    }

    /// The operator's own text, if one is chosen.
    pub fn chosen(&self) -> Option<&Template> {
        self.own.get(self.chosen?)
    }

    /// Whether there is room for another.
    pub fn has_room(&self) -> bool {
        self.own.len() < MOST
    }

    /// Begins to edit the one that counts; from the `house`'s text, a new one called `name`.
    pub fn edit(&mut self, house: &str, name: &str) {
        let own = self.chosen().cloned();
        let place = self.chosen.filter(|_| own.is_some());
        let template = own.unwrap_or_else(|| Template {
            name: self.free_name(name, None),
            text: house.to_owned(),
        });
        self.editing = Some(Editing {
            place,
            name: template.name,
            text: template.text,
        });
    }

    /// Begins another one with the text of the one that counts.
    pub fn edit_new(&mut self, house: &str, name: &str) {
        let text = self.chosen().map_or(house, |own| &own.text).to_owned();
        self.editing = Some(Editing {
            place: None,
            name: self.free_name(name, None),
            text,
        });
    }

    /// Keeps what is edited, and chooses it. An empty name becomes `name`, and one that is taken gets a
    /// number.
    pub fn keep(&mut self, name: &str) {
        let Some(editing) = self.editing.take() else {
            return;
        };
        let typed: String = editing.name.trim().chars().take(MOST_NAME_CHARS).collect();
        let wanted = if typed.is_empty() { name } else { &typed };
        let template = Template {
            name: self.free_name(wanted, editing.place),
            text: editing.text,
        };
        let place = editing.place.filter(|place| *place < self.own.len());
        if let Some(place) = place {
            self.own[place] = template;
            self.chosen = Some(place);
        } else if self.has_room() {
            self.own.push(template);
            self.chosen = Some(self.own.len() - 1);
        }
    }

    /// Removes the one that is edited. Its text stays in the form, to be kept again by who slipped.
    pub fn remove(&mut self) {
        let Some(editing) = &mut self.editing else {
            return;
        };
        if let Some(place) = editing.place.take().filter(|place| *place < self.own.len()) {
            self.own.remove(place);
            self.chosen = None;
        }
    }

    /// `name`, or with a number behind it if another than the one at `place` has it.
    fn free_name(&self, name: &str, place: Option<usize>) -> String {
        let is_taken = |name: &str| {
            let mut all = self.own.iter().enumerate();
            all.any(|(at, known)| known.name == name && Some(at) != place)
        };
        let numbered = (2..).map(|number| format!("{name} ({number})"));
        let mut names = std::iter::once(name.to_owned()).chain(numbered);
        names.find(|name| !is_taken(name)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(templates: &mut Templates, name: &str, text: &str) {
        templates.edit_new("house {ticket}", "My text");
        let editing = templates.editing.as_mut().expect("edited");
        name.clone_into(&mut editing.name);
        text.clone_into(&mut editing.text);
        templates.keep("My text");
    }

    #[test]
    fn o6_several_texts_are_kept_and_one_counts() {
        let mut templates = Templates::default();
        templates.edit("house {ticket}", "My text");
        let editing = templates.editing.clone().expect("edited");
        assert_eq!(
            (editing.place, &*editing.text),
            (None, "house {ticket}"),
            "the house's own is never changed"
        );
        templates.keep("My text");
        typed(&mut templates, "Shops", "{ticket} for shops");
        typed(&mut templates, "Shops", "{ticket} again");
        typed(&mut templates, "  ", "{ticket}");
        let names: Vec<&str> = templates.own.iter().map(|t| &*t.name).collect();
        assert_eq!(names, ["My text", "Shops", "Shops (2)", "My text (2)"]);
        assert_eq!(templates.chosen, Some(3));
        // its own name is free for itself
        templates.chosen = Some(1);
        templates.edit("house", "My text");
        templates.keep("My text");
        assert_eq!(templates.chosen().map(|t| &*t.name), Some("Shops"));
        let again = Templates::new(templates.own.clone(), Some("Shops"));
        assert_eq!(again.chosen, Some(1));
        assert_eq!(Templates::new(again.own, Some("gone")).chosen, None);
    }

    #[test]
    fn o6_what_was_removed_by_a_slip_is_kept_again() {
        let mut templates = Templates::default();
        typed(&mut templates, "Shops", "{ticket} for shops");
        templates.edit("house", "My text");
        templates.remove();
        assert!(templates.own.is_empty() && templates.chosen.is_none());
        templates.keep("My text");
        assert_eq!(templates.own[0].text, "{ticket} for shops");
    }

    #[test]
    fn o6_there_are_no_more_texts_than_a_menu_can_show() {
        let mut templates = Templates::default();
        for number in 0..MOST + 5 {
            typed(&mut templates, &number.to_string(), "{ticket}");
        }
        assert_eq!(templates.own.len(), MOST);
        assert!(!templates.has_room());
    }
}
