//! `Scope`: the columns a relation has, and how a written name finds one.
//!
//! A column's id is the name that DataFusion sees (`#12`), so user-facing names may repeat, differ in case or clash
//! without DataFusion noticing. Scope order is what the user sees; the plan below may hold the columns in any order and
//! more of them, and one column may stand in a scope twice.

use std::sync::Arc;

use datafusion::common::Column as PlanColumn;
use datafusion::logical_expr::Expr;
use hearth_base::Error;
use hearth_base::condition::{
    AMBIGUOUS_REFERENCE, UNRESOLVED_COLUMN_WITH_SUGGESTION, UNRESOLVED_COLUMN_WITHOUT_SUGGESTION,
};
use hearth_functions::Typed;
use hearth_types::{DataType, StructField, StructType};

/// Suggestions in an error, as many as Spark gives.
const MAX_SUGGESTIONS: usize = 5;

/// Catalog, database, table.
const MAX_QUALIFIER: usize = 3;

/// The hidden column of a table of files that tells of a row's file. Sources put it behind all others.
pub const FILE_METADATA: &str = "_metadata";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnId(pub u64);

impl ColumnId {
    /// The name of this column in the DataFusion plan.
    pub fn plan_name(self) -> String {
        format!("#{}", self.0)
    }

    pub fn expr(self) -> Expr {
        Expr::Column(PlanColumn::new_unqualified(self.plan_name()))
    }
}

#[derive(Debug, Clone)]
pub struct Column {
    pub id: ColumnId,
    pub name: Arc<str>,
    /// Outermost part first: catalog, database, table; or one alias; or nothing.
    pub qualifier: Arc<[String]>,
    pub data_type: DataType,
    pub nullable: bool,
    /// A JSON object.
    pub metadata: Option<Arc<str>>,
}

#[derive(Debug, Clone, Default)]
pub struct Scope {
    pub columns: Vec<Column>,
    /// Reachable by qualified name and by `plan_id` but not by `*`: the other side's key of a `USING` join.
    pub hidden: Vec<Column>,
}

/// A column that a name means, and how many of the name's parts are left as struct fields.
#[derive(Debug, Clone)]
pub struct Match<'a> {
    pub column: &'a Column,
    pub fields: usize,
}

impl Column {
    pub fn typed(&self) -> Typed {
        Typed::new(self.id.expr(), self.data_type.clone(), self.nullable)
    }

    pub fn field(&self) -> StructField {
        StructField {
            name: Arc::clone(&self.name),
            data_type: self.data_type.clone(),
            nullable: self.nullable,
            metadata: self.metadata.clone(),
        }
    }

    /// The qualified name in backticks.
    pub fn quoted(&self) -> String {
        let mut parts: Vec<&str> = self.qualifier.iter().map(String::as_str).collect();
        parts.push(&self.name);
        quote_name(&parts)
    }

    fn has_qualifier(&self, parts: &[String], same: impl Fn(&str, &str) -> bool) -> bool {
        parts.len() <= self.qualifier.len()
            && self.qualifier.iter().rev().zip(parts.iter().rev()).all(|(mine, asked)| same(mine, asked))
    }
}

impl Scope {
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, hidden: Vec::new() }
    }

    pub fn schema(&self) -> StructType {
        StructType::new(self.columns.iter().map(Column::field))
    }

    pub fn by_id(&self, id: ColumnId) -> Option<&Column> {
        self.columns.iter().chain(&self.hidden).find(|column| column.id == id)
    }

    /// Finds what a name means: the longest qualifier first, then the name as a column with struct fields behind it.
    /// Hidden columns come last and need their qualifier.
    pub fn find(&self, name: &[String], case_sensitive: bool) -> Result<Option<Match<'_>>, Error> {
        if let Some(found) = find_among(&self.columns, name, 0, case_sensitive)? {
            return Ok(Some(found));
        }
        if let Some(found) = find_among(&self.hidden, name, 1, case_sensitive)? {
            return Ok(Some(found));
        }
        // What a file tells of itself needs no qualifier.
        let found = if self.file_metadata().next().is_some() {
            find_among(&self.hidden, name, 0, case_sensitive)?
        } else {
            None
        };
        Ok(found.filter(|found| &*found.column.name == FILE_METADATA))
    }

    /// The hidden columns that tell of files.
    pub fn file_metadata(&self) -> impl Iterator<Item = &Column> {
        self.hidden.iter().filter(|column| &*column.name == FILE_METADATA)
    }

    /// All columns with a name, as `drop` and `withColumn` look for them.
    pub fn positions(&self, name: &str, case_sensitive: bool) -> Vec<usize> {
        let matches = |(_, column): &(usize, &Column)| same_name(&column.name, name, case_sensitive);
        self.columns.iter().enumerate().filter(matches).map(|(index, _)| index).collect()
    }

    /// The columns that `target.*` means; `None` if nothing has that qualifier.
    pub fn star(&self, target: &[String], case_sensitive: bool) -> Option<Vec<&Column>> {
        let same = |left: &str, right: &str| same_name(left, right, case_sensitive);
        let mut found: Vec<&Column> = self.columns.iter().filter(|column| column.has_qualifier(target, same)).collect();
        let keys = self.hidden.iter().filter(|column| &*column.name != FILE_METADATA);
        found.extend(keys.filter(|column| column.has_qualifier(target, same)));
        if found.is_empty() { None } else { Some(found) }
    }

    /// The error for a name that nothing here has.
    pub fn unresolved(&self, name: &[String]) -> Error {
        let parts: Vec<&str> = name.iter().map(String::as_str).collect();
        let written: Vec<_> = name.iter().map(|part| hearth_types::ddl::quote_if_needed(part)).collect();
        let proposal = self.suggestions(&written.join("."), name.len());
        let object_name = quote_name(&parts);
        if proposal.is_empty() {
            return UNRESOLVED_COLUMN_WITHOUT_SUGGESTION.with("objectName", object_name);
        }
        UNRESOLVED_COLUMN_WITH_SUGGESTION.with("objectName", object_name).with("proposal", proposal.join(", "))
    }

    /// Similar names, the nearest first, with as much of their qualifiers as tells them apart and as the name has itself
    /// (`StringUtils.orderSuggestedIdentifiersBySimilarity`).
    fn suggestions(&self, name: &str, parts: usize) -> Vec<String> {
        let same_but = |last: usize| {
            let kept = |column: &Column| {
                let length = (column.qualifier.len() + 1).saturating_sub(last);
                column.qualifier[..length.min(column.qualifier.len())].to_vec()
            };
            let first = self.columns.first().map(kept);
            self.columns.iter().all(|column| Some(kept(column)) == first)
        };
        let shown = if parts == 1 && same_but(1) {
            1
        } else if parts <= 2 && same_but(2) {
            2
        } else {
            usize::MAX
        };
        let mut names: Vec<(usize, String)> = self
            .columns
            .iter()
            .map(|column| {
                let skipped = (column.qualifier.len() + 1).saturating_sub(shown);
                let mut parts: Vec<&str> = column.qualifier.iter().skip(skipped).map(String::as_str).collect();
                parts.push(&column.name);
                // Spark compares the name with the quoted ones.
                let quoted = quote_name(&parts);
                (edit_distance(&quoted, name), quoted)
            })
            .collect();
        names.sort();
        names.dedup();
        names.truncate(MAX_SUGGESTIONS);
        names.into_iter().map(|(_, name)| name).collect()
    }
}

fn find_among<'c>(
    columns: &'c [Column],
    name: &[String],
    least_qualifier: usize,
    case_sensitive: bool,
) -> Result<Option<Match<'c>>, Error> {
    let same = |left: &str, right: &str| same_name(left, right, case_sensitive);
    for qualifier_parts in (least_qualifier..name.len().min(MAX_QUALIFIER + 1)).rev() {
        let (qualifier, rest) = name.split_at(qualifier_parts);
        let Some(column_name) = rest.first() else { continue };
        let mut found: Vec<&Column> = Vec::new();
        for column in columns {
            let matches = same(&column.name, column_name) && column.has_qualifier(qualifier, same);
            if matches && !found.iter().any(|known| known.id == column.id) {
                found.push(column);
            }
        }
        match found.as_slice() {
            [] => {}
            [column] => return Ok(Some(Match { column, fields: rest.len() - 1 })),
            several => return Err(ambiguous(name, several)),
        }
    }
    Ok(None)
}

fn ambiguous(name: &[String], columns: &[&Column]) -> Error {
    let parts: Vec<&str> = name.iter().map(String::as_str).collect();
    let asked = |column: &Column| {
        let mut parts: Vec<&str> = column.qualifier.iter().map(String::as_str).collect();
        // As it was typed, so far as this part of the name is the column.
        let typed = name.iter().find(|part| same_name(part, &column.name, false));
        parts.push(typed.map_or(&*column.name, String::as_str));
        quote_name(&parts)
    };
    let mut names: Vec<_> = columns.iter().map(|column| asked(column)).collect();
    names.sort();
    AMBIGUOUS_REFERENCE.with("name", quote_name(&parts)).with("referenceNames", format!("[{}]", names.join(", ")))
}

pub fn same_name(left: &str, right: &str, case_sensitive: bool) -> bool {
    if case_sensitive {
        return left == right;
    }
    left.eq_ignore_ascii_case(right) || (!left.is_ascii() && left.to_lowercase() == right.to_lowercase())
}

/// `a`.`b`, with backticks inside doubled.
pub fn quote_name(parts: &[&str]) -> String {
    let quoted: Vec<_> = parts.iter().map(|part| format!("`{}`", part.replace('`', "``"))).collect();
    quoted.join(".")
}

/// Levenshtein distance in characters.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, left_char) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, right_char) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(left_char != *right_char);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn scope(names: &[(&str, &str)]) -> Scope {
        let column = |(index, (qualifier, name)): (usize, &(&str, &str))| Column {
            id: ColumnId(index as u64),
            name: (*name).into(),
            qualifier: qualifier.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            data_type: DataType::Integer,
            nullable: true,
            metadata: None,
        };
        Scope::new(names.iter().enumerate().map(column).collect())
    }

    fn name(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn qualifier_wins_over_struct_field() {
        let scope = scope(&[("t", "a"), ("u", "t")]);
        let found = scope.find(&name("T.A"), false).unwrap().unwrap();
        assert_eq!((found.column.id, found.fields), (ColumnId(0), 0));
        let nested = scope.find(&name("t.b"), false).unwrap().unwrap();
        assert_eq!((nested.column.id, nested.fields), (ColumnId(1), 1));
    }

    #[test]
    fn same_name_twice_is_ambiguous() {
        let error = scope(&[("t1", "a"), ("t2", "a")]).find(&name("a"), false).unwrap_err();
        assert_eq!(error.parameters()[1].1, "[`t1`.`a`, `t2`.`a`]");
    }

    #[test]
    fn suggestions_start_with_the_nearest() {
        let error = scope(&[("t", "amount"), ("t", "account"), ("t", "id")]).unresolved(&name("acount"));
        assert_eq!(error.parameters()[1].1, "`account`, `amount`, `id`");
        let error = scope(&[("t", "id"), ("u", "id"), ("u", "name")]).unresolved(&name("nam"));
        assert_eq!(error.parameters()[1].1, "`u`.`name`, `t`.`id`, `u`.`id`");
    }
}
