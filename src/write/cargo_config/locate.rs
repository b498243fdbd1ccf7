//! Finds a table in a parsed document, and says how something can be put into it.

use std::ops::Range;

use toml_edit::{Document, Item, TableLike};

/// A table that the document has.
pub(super) struct Found<'d> {
    /// Its keys.
    pub(super) table: &'d dyn TableLike,
    /// How it is written.
    pub(super) form: Form,
}

/// How a table is written.
pub(super) enum Form {
    /// Under its own header, which lies here.
    Header(Range<usize>),
    /// Through headers of tables below it only; a header may still be added.
    Implicit,
    /// Through keys with dots; `above` of the path's parts are said by the header that they stand under.
    Dotted {
        /// How many parts.
        above: usize,
    },
    /// In braces, which lie here.
    Inline(Range<usize>),
}

/// What a path leads to.
pub(super) enum Place<'d> {
    /// Nothing.
    Absent,
    /// A table.
    Table(Found<'d>),
    /// Something else, or a table that lies in an inline one that does not have it; the bytes of what is in the way.
    Blocked(Range<usize>),
}

/// Follows the path from the document's root.
pub(super) fn locate<'d>(document: &'d Document<String>, path: &[&str]) -> Place<'d> {
    let mut table: &dyn TableLike = document.as_table();
    let mut form = Form::Header(0..0);
    let mut above = 0;
    for (depth, part) in path.iter().enumerate() {
        let Some(item) = table.get(part) else {
            return match form {
                Form::Inline(span) => Place::Blocked(span),
                Form::Header(_) | Form::Implicit | Form::Dotted { .. } => Place::Absent,
            };
        };
        let span = item.span().unwrap_or_default();
        form = match item {
            Item::Table(inner) if inner.is_dotted() => Form::Dotted { above },
            Item::Table(inner) if inner.is_implicit() => Form::Implicit,
            Item::Table(_) => Form::Header(span.clone()),
            Item::Value(value) if value.is_inline_table() => match form {
                // `a = { b.c = 1 }`: the braces that can be written into are the outer ones.
                Form::Inline(_) if inline_is_dotted(item) => return Place::Blocked(span),
                Form::Inline(_) | Form::Header(_) | Form::Implicit | Form::Dotted { .. } => Form::Inline(span.clone()),
            },
            Item::None | Item::Value(_) | Item::ArrayOfTables(_) => return Place::Blocked(span),
        };
        if !matches!(form, Form::Dotted { .. }) {
            above = depth + 1;
        }
        let Some(inner) = item.as_table_like() else { return Place::Blocked(span) };
        table = inner;
    }
    Place::Table(Found { table, form })
}

fn inline_is_dotted(item: &Item) -> bool {
    item.as_inline_table().is_some_and(toml_edit::InlineTable::is_dotted)
}

/// The bytes of a key and its value, where the two stand on lines of their own.
pub(super) fn entry_span(table: &dyn TableLike, key: &str) -> Option<Range<usize>> {
    let (key, item) = table.get_key_value(key)?;
    Some(key.span()?.start..item.span()?.end)
}

/// The last byte that belongs to this table itself, and not to a table with a header of its own; `None` where it has no such key.
pub(super) fn last_byte(table: &dyn TableLike) -> Option<usize> {
    let ends = table.iter().filter_map(|(_, item)| match item {
        Item::Table(inner) if inner.is_dotted() => last_byte(inner),
        Item::Value(value) => value.span().map(|span| span.end),
        Item::None | Item::Table(_) | Item::ArrayOfTables(_) => None,
    });
    ends.max()
}
