//! The layouts that a system knows.

use std::fmt;
use std::fs;
use std::str::FromStr;

use anyhow::{Context as _, bail};

use crate::display::Display;

/// Where `xkeyboard-config` lists its layouts.
const LIST: &str = "/usr/share/X11/xkb/rules/evdev.lst";
/// Not a layout but one that users make themselves.
const CUSTOM: &str = "custom";

/// A layout and its variant: `de(neo)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LayoutName {
    layout: String,
    variant: String,
}

impl LayoutName {
    pub(super) fn set_on(&self, display: &Display) -> anyhow::Result<()> {
        display.set_layout_with(&self.layout, &self.variant, "")
    }
}

impl fmt::Display for LayoutName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.variant.is_empty() {
            write!(f, "{}", self.layout)
        } else {
            write!(f, "{}({})", self.layout, self.variant)
        }
    }
}

impl FromStr for LayoutName {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (layout, variant) = match text.split_once('(') {
            None => (text, ""),
            Some((layout, rest)) => match rest.strip_suffix(')') {
                Some(variant) => (layout, variant),
                None => bail!("{text} has no closing bracket"),
            },
        };
        Ok(Self {
            layout: layout.to_owned(),
            variant: variant.to_owned(),
        })
    }
}

/// Every layout and variant of `xkeyboard-config`.
///
/// # Errors
///
/// If its list is not where it usually is.
pub fn all_layouts() -> anyhow::Result<Vec<LayoutName>> {
    let list = fs::read_to_string(LIST).with_context(|| format!("cannot read {LIST}"))?;
    Ok(listed(&list))
}

/// The list has sections, `! layout` with `  de   German` and `! variant` with `  neo   de: German (Neo)`.
fn listed(list: &str) -> Vec<LayoutName> {
    let mut section = "";
    let mut names = Vec::new();
    for line in list.lines() {
        if let Some(title) = line.strip_prefix("! ") {
            section = title.trim();
            continue;
        }
        let mut words = line.split_whitespace();
        let (Some(name), Some(next)) = (words.next(), words.next()) else {
            continue;
        };
        let (layout, variant) = match section {
            "layout" => (name, ""),
            "variant" => (next.trim_end_matches(':'), name),
            _ => continue,
        };
        if layout != CUSTOM {
            names.push(LayoutName {
                layout: layout.to_owned(),
                variant: variant.to_owned(),
            });
        }
    }
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_and_variants_are_read_from_the_list() {
        let list = "! model\n  pc105  Generic\n\n! layout\n  custom  A user\n  de  German\n\n! variant\n  neo  de: German (Neo 2)\n\n! option\n  grp  Switching\n";
        let names: Vec<String> = listed(list).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["de", "de(neo)"]);
        for name in names {
            let parsed: LayoutName = name.parse().expect("a name");
            assert_eq!(parsed.to_string(), name);
        }
    }
}
