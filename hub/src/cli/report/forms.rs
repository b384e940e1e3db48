//! `hub report categories` and `hub report fields`.

use std::io::Write as _;

use clap::{Args, Subcommand, ValueEnum};
use hub::catalogue::{self, Catalogue, What};
use protocol::BoundedText;
use protocol::admin::reports::{CategoryChange, FieldChange, FieldDefinition, FieldKind};
use protocol::control::Name;
use serde_json::{Value, json};
use session::authority::Action;

use super::super::DataArgs;
use super::super::table::Table;
use super::change;

#[derive(Debug, Args)]
pub(in crate::cli) struct Target {
    /// Print the list as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CategoriesCommand {
    /// List them, in their order.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Add one at the end.
    Add {
        name: String,
        #[command(flatten)]
        target: Target,
    },
    /// Give one another name; reports keep theirs.
    Rename {
        id: u32,
        name: String,
        #[command(flatten)]
        target: Target,
    },
    /// Remove one; reports keep its name.
    Remove {
        id: u32,
        #[command(flatten)]
        target: Target,
    },
    /// Put one at another place, counted from 0.
    Move {
        id: u32,
        to: u32,
        #[command(flatten)]
        target: Target,
    },
}

impl CategoriesCommand {
    pub(super) fn action(&self) -> Action {
        match self {
            Self::List { .. } => Action::ListReports,
            Self::Add { .. } | Self::Rename { .. } | Self::Remove { .. } | Self::Move { .. } => {
                Action::Administer
            }
        }
    }

    pub(super) fn run(self) -> anyhow::Result<()> {
        let (target, asked) = match self {
            Self::List { target } => (target, None),
            Self::Add { name, target } => {
                let name = BoundedText::cut(name);
                (target, Some(CategoryChange::Add { name }))
            }
            Self::Rename { id, name, target } => {
                let name = BoundedText::cut(name);
                (target, Some(CategoryChange::Rename { id, name }))
            }
            Self::Remove { id, target } => (target, Some(CategoryChange::Remove { id })),
            Self::Move { id, to, target } => (target, Some(CategoryChange::Move { id, to })),
        };
        let mut catalogue = catalogue::open(&target.data.data)?;
        if let Some(asked) = asked {
            change(&mut *catalogue, What::CategoriesChanged(asked))?;
        }
        let mut table = Table::new(&["ID", "NAME"]);
        let mut values = Vec::new();
        for category in catalogue.categories()? {
            values.push(json!({ "id": category.id, "name": category.name.as_str() }));
            table.row(vec![category.id.to_string(), category.name.to_string()]);
        }
        print(target.json, values, &table)
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Text,
    Number,
    Choice,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Definition {
    name: String,
    #[arg(long, value_enum, default_value_t = Kind::Text)]
    kind: Kind,
    /// One value of a choice; said once for each.
    #[arg(long, value_name = "VALUE")]
    choice: Vec<String>,
    /// A report should not be finished without it.
    #[arg(long)]
    required: bool,
}

impl From<Definition> for FieldDefinition {
    fn from(said: Definition) -> Self {
        Self {
            name: BoundedText::cut(said.name),
            kind: match said.kind {
                Kind::Text => FieldKind::Text,
                Kind::Number => FieldKind::Number,
                Kind::Choice => {
                    FieldKind::Choice(said.choice.into_iter().map(BoundedText::cut).collect())
                }
            },
            required: said.required,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum FieldsCommand {
    /// List them, in their order.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Add one at the end.
    Add {
        #[command(flatten)]
        definition: Definition,
        #[command(flatten)]
        target: Target,
    },
    /// Define one anew; reports keep what they have.
    Change {
        id: u32,
        #[command(flatten)]
        definition: Definition,
        #[command(flatten)]
        target: Target,
    },
    /// Remove one; reports keep what they have.
    Remove {
        id: u32,
        #[command(flatten)]
        target: Target,
    },
    /// Put one at another place, counted from 0.
    Move {
        id: u32,
        to: u32,
        #[command(flatten)]
        target: Target,
    },
}

impl FieldsCommand {
    pub(super) fn action(&self) -> Action {
        match self {
            Self::List { .. } => Action::ListReports,
            Self::Add { .. } | Self::Change { .. } | Self::Remove { .. } | Self::Move { .. } => {
                Action::Administer
            }
        }
    }

    pub(super) fn run(self) -> anyhow::Result<()> {
        let (target, asked) = match self {
            Self::List { target } => (target, None),
            Self::Add { definition, target } => (target, Some(FieldChange::Add(definition.into()))),
            Self::Change {
                id,
                definition,
                target,
            } => {
                let definition = definition.into();
                (target, Some(FieldChange::Change { id, definition }))
            }
            Self::Remove { id, target } => (target, Some(FieldChange::Remove { id })),
            Self::Move { id, to, target } => (target, Some(FieldChange::Move { id, to })),
        };
        let mut catalogue = catalogue::open(&target.data.data)?;
        if let Some(asked) = asked {
            change(&mut *catalogue, What::FieldsChanged(asked))?;
        }
        let (values, table) = listed(&*catalogue)?;
        print(target.json, values, &table)
    }
}

fn listed(catalogue: &dyn Catalogue) -> anyhow::Result<(Vec<Value>, Table)> {
    let mut table = Table::new(&["ID", "NAME", "KIND", "REQUIRED"]);
    let mut values = Vec::new();
    for field in catalogue.fields()? {
        let FieldDefinition {
            name,
            kind,
            required,
        } = field.definition;
        let (kind, choices) = match &kind {
            FieldKind::Text => ("text", Vec::new()),
            FieldKind::Number => ("number", Vec::new()),
            FieldKind::Choice(choices) => ("choice", choices.iter().map(Name::as_str).collect()),
        };
        values.push(json!({
            "id": field.id,
            "name": name.as_str(),
            "kind": kind,
            "choices": choices,
            "required": required,
        }));
        let kind = if choices.is_empty() {
            kind.to_owned()
        } else {
            format!("{kind}: {}", choices.join(", "))
        };
        table.row(vec![
            field.id.to_string(),
            name.to_string(),
            kind,
            if required { "yes" } else { "no" }.to_owned(),
        ]);
    }
    Ok((values, table))
}

fn print(json: bool, values: Vec<Value>, table: &Table) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{:#}", Value::from(values))?;
    } else {
        table.print(&mut out)?;
    }
    Ok(())
}
