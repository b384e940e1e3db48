//! What an organisation asks of reports, as rows: categories and fields, each in an order.

use protocol::BoundedText;
use protocol::admin::reports::{
    Category, CategoryChange, Field, FieldChange, FieldDefinition, FieldKind, MOST_CATEGORIES,
    MOST_CHOICES, MOST_FIELDS,
};
use protocol::control::Name;
use rusqlite::{Connection, ErrorCode};

use crate::catalogue::{CatalogueError, name_key};

pub(super) fn categories(c: &Connection) -> Result<Vec<Category>, CatalogueError> {
    let mut statement = c.prepare_cached("SELECT id, name FROM category ORDER BY position, id")?;
    let rows = statement.query_map((), |row| {
        Ok(Category {
            id: row.get(0)?,
            name: BoundedText::cut(row.get::<_, String>(1)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn change_categories(
    t: &Connection,
    change: &CategoryChange,
) -> Result<(), CatalogueError> {
    const LIST: List = List {
        table: "category",
        one: "category",
        most: MOST_CATEGORIES,
    };
    match change {
        CategoryChange::Add { name } => {
            let position = LIST.room_for_one(t)?;
            let sql = "INSERT INTO category (name, name_key, position) VALUES (?1, ?2, ?3)";
            let (name, key) = LIST.named(name)?;
            LIST.done(t.execute(sql, (&name, key, position)), &name)
        }
        CategoryChange::Rename { id, name } => {
            let sql = "UPDATE category SET name = ?2, name_key = ?3 WHERE id = ?1";
            let (name, key) = LIST.named(name)?;
            LIST.done(t.execute(sql, (id, &name, key)), &name)
        }
        CategoryChange::Remove { id } => LIST.remove(t, *id),
        CategoryChange::Move { id, to } => LIST.move_to(t, *id, *to),
    }
}

pub(super) fn fields(c: &Connection) -> Result<Vec<Field>, CatalogueError> {
    let sql = "SELECT id, name, kind, choices, required FROM field ORDER BY position, id";
    let mut statement = c.prepare_cached(sql)?;
    let rows = statement.query_map((), |row| {
        let choices: String = row.get(3)?;
        Ok(Field {
            id: row.get(0)?,
            definition: FieldDefinition {
                name: BoundedText::cut(row.get::<_, String>(1)?),
                kind: kind_from_row(row.get(2)?, &choices),
                required: row.get(4)?,
            },
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn change_fields(t: &Connection, change: &FieldChange) -> Result<(), CatalogueError> {
    const LIST: List = List {
        table: "field",
        one: "field",
        most: MOST_FIELDS,
    };
    match change {
        FieldChange::Add(definition) => {
            let position = LIST.room_for_one(t)?;
            let (name, key) = LIST.named(&definition.name)?;
            let (kind, choices) = kind_to_row(&definition.kind)?;
            let sql = "INSERT INTO field (name, name_key, kind, choices, required, position) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let row = (&name, key, kind, choices, definition.required, position);
            LIST.done(t.execute(sql, row), &name)
        }
        FieldChange::Change { id, definition } => {
            let (name, key) = LIST.named(&definition.name)?;
            let (kind, choices) = kind_to_row(&definition.kind)?;
            let sql = "UPDATE field SET name = ?2, name_key = ?3, kind = ?4, choices = ?5, \
                       required = ?6 WHERE id = ?1";
            let row = (id, &name, key, kind, choices, definition.required);
            LIST.done(t.execute(sql, row), &name)
        }
        FieldChange::Remove { id } => LIST.remove(t, *id),
        FieldChange::Move { id, to } => LIST.move_to(t, *id, *to),
    }
}

// INVARIANT: these numbers stand in data bases.
fn kind_to_row(kind: &FieldKind) -> Result<(i64, String), CatalogueError> {
    let (number, choices): (_, &[Name]) = match kind {
        FieldKind::Text => (0, &[]),
        FieldKind::Number => (1, &[]),
        FieldKind::Choice(choices) => (2, choices),
    };
    let needs = if number == 2 { 1..=MOST_CHOICES } else { 0..=0 };
    if !needs.contains(&choices.len()) {
        let rule = format!("a choice has 1 to {MOST_CHOICES} values");
        return Err(CatalogueError::Rule(rule));
    }
    let choices: Vec<&str> = choices.iter().map(Name::as_str).collect();
    Ok((number, serde_json::Value::from(choices).to_string()))
}

fn kind_from_row(number: i64, choices: &str) -> FieldKind {
    match number {
        1 => FieldKind::Number,
        2 => {
            let choices: Vec<String> = serde_json::from_str(choices).unwrap_or_default();
            FieldKind::Choice(choices.into_iter().map(BoundedText::cut).collect())
        }
        _ => FieldKind::Text,
    }
}

/// A list of named rows in an order.
struct List {
    table: &'static str,
    /// What one of them is called.
    one: &'static str,
    most: usize,
}

impl List {
    /// The position of one more, if there may be one more.
    fn room_for_one(&self, t: &Connection) -> Result<i64, CatalogueError> {
        let Self { table, one, most } = self;
        let sql = format!("SELECT count(*), coalesce(max(position) + 1, 0) FROM {table}");
        let (count, position): (usize, i64) =
            t.query_row(&sql, (), |row| Ok((row.get(0)?, row.get(1)?)))?;
        if count >= *most {
            let rule = format!("there are {most} of it, and one more {one} is too many");
            return Err(CatalogueError::Rule(rule));
        }
        Ok(position)
    }

    /// A name without space around it, and what tells it from others.
    fn named(&self, name: &Name) -> Result<(String, String), CatalogueError> {
        let name = name.trim();
        if name.is_empty() {
            let rule = format!("a {} needs a name", self.one);
            return Err(CatalogueError::Rule(rule));
        }
        Ok((name.to_owned(), name_key(name)))
    }

    fn done(&self, done: rusqlite::Result<usize>, name: &str) -> Result<(), CatalogueError> {
        let one = self.one;
        match done {
            Ok(0) => Err(self.is_missing()),
            Ok(_) => Ok(()),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                let rule = format!("there is a {one} \"{name}\" already");
                Err(CatalogueError::Rule(rule))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn remove(&self, t: &Connection, id: u32) -> Result<(), CatalogueError> {
        let sql = format!("DELETE FROM {} WHERE id = ?1", self.table);
        if t.execute(&sql, [id])? == 0 {
            return Err(self.is_missing());
        }
        Ok(())
    }

    fn move_to(&self, t: &Connection, id: u32, to: u32) -> Result<(), CatalogueError> {
        let table = self.table;
        let sql = format!("SELECT id FROM {table} ORDER BY position, id");
        let mut statement = t.prepare(&sql)?;
        let ids: Result<Vec<u32>, _> = statement.query_map((), |row| row.get(0))?.collect();
        let mut ids = ids?;
        let Some(from) = ids.iter().position(|other| *other == id) else {
            return Err(self.is_missing());
        };
        ids.remove(from);
        let to = usize::try_from(to).unwrap_or(usize::MAX).min(ids.len());
        ids.insert(to, id);
        let sql = format!("UPDATE {table} SET position = ?2 WHERE id = ?1");
        for (position, id) in ids.iter().enumerate() {
            t.execute(&sql, (id, i64::try_from(position).unwrap_or(i64::MAX)))?;
        }
        Ok(())
    }

    fn is_missing(&self) -> CatalogueError {
        CatalogueError::Rule(format!("there is no such {}", self.one))
    }
}
