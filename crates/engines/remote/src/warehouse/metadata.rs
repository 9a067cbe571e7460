//! What drivers of SQL warehouses ask about catalogs (`SHOW TABLES IN CATALOG c SCHEMA LIKE 's' LIKE 't'` and its like),
//! put together from what a Spark says of each schema and table.
//!
//! A catalog that is not there is an error; schemas and objects that are not there, or that cannot be read, are no rows.
//! Keys are not known to Spark, so there are none.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use hearth_base::condition::LIMIT_EXCEEDED;
use hearth_base::{ErrorKind, Result};
use hearth_core::ResultWriter;
use hearth_core::engine::{Answer, Question};
use hearth_plan::Name;
use hearth_plan::catalog::{Metadata, MetadataKind};
use hearth_plan::identifier::quote;
use hearth_sql::drivers::{self, FUNCTION_NO_TABLE, TypeSize, spark_pattern};
use hearth_types::{DataType, StructField, StructType};
use tokio_util::sync::CancellationToken;

use super::rows::{Cell, write};
use super::string;
use crate::link::Link;
use crate::place::run;
use crate::sql;

/// `engine.max_described_tables`: tables whose columns one statement may ask for.
const MAX_TABLES: usize = 2_000;

pub async fn list(
    link: &Arc<Link>,
    cancel: &CancellationToken,
    wanted: &Metadata,
    writer: &mut ResultWriter,
) -> Result<()> {
    let search = Search { link, cancel, wanted };
    let rows = match wanted.kind {
        MetadataKind::Schemas => {
            let row = |schema: &Schema| vec![schema.shown.as_str().into(), schema.catalog.as_str().into()];
            search.schemas().await?.iter().map(row).collect()
        }
        MetadataKind::Tables => search.tables().await?.iter().map(Table::row).collect(),
        MetadataKind::Columns => search.columns().await?,
        MetadataKind::Functions => search.functions().await?,
        MetadataKind::PrimaryKeys | MetadataKind::ForeignKeys => Vec::new(),
    };
    write(drivers::columns(wanted.kind), &rows, writer).await
}

struct Schema {
    catalog: String,
    /// As Spark shows it.
    shown: String,
    /// Its parts below the catalog.
    name: Name,
}

struct Table {
    schema: Arc<Schema>,
    name: String,
    is_view: bool,
}

struct Search<'a> {
    link: &'a Arc<Link>,
    cancel: &'a CancellationToken,
    wanted: &'a Metadata,
}

impl Search<'_> {
    async fn ask(&self, statement: String) -> Result<Vec<RecordBatch>> {
        run(self.link, self.cancel, statement).await
    }

    /// As `ask`, for what not every catalog knows and what may go meanwhile.
    async fn ask_if_known(&self, statement: String) -> Result<Vec<RecordBatch>> {
        match self.ask(statement).await {
            Err(error) if is_about_the_catalog(error.kind()) => Ok(Vec::new()),
            other => other,
        }
    }

    async fn catalogs(&self) -> Result<Vec<String>> {
        match &self.wanted.catalog {
            Some(catalog) => Ok(vec![catalog.clone()]),
            None => Ok(texts(&self.ask("SHOW CATALOGS".to_owned()).await?, 0)),
        }
    }

    async fn schemas(&self) -> Result<Vec<Schema>> {
        let mut schemas = Vec::new();
        for catalog in self.catalogs().await? {
            let statement = format!(
                "SHOW SCHEMAS IN {}{}",
                quote(std::slice::from_ref(&catalog)),
                like(self.wanted.schema.as_ref())
            );
            for shown in texts(&self.ask(statement).await?, 0) {
                let name = hearth_sql::parse_multipart_identifier(&shown).unwrap_or_else(|_| vec![shown.clone()]);
                let shown = if let [only] = name.as_slice() { only.clone() } else { shown };
                schemas.push(Schema { catalog: catalog.clone(), shown, name });
            }
        }
        Ok(schemas)
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        let mut tables = Vec::new();
        for schema in self.schemas().await? {
            let rest = format!("IN {}{}", schema.path(None), like(self.wanted.object.as_ref()));
            let found = self.ask_if_known(format!("SHOW TABLES {rest}")).await?;
            let views = texts(&self.ask_if_known(format!("SHOW VIEWS {rest}")).await?, 1);
            let schema = Arc::new(schema);
            let kept = texts(&found, 1).into_iter().zip(flags(&found, 2)).filter(|(_, is_temporary)| !is_temporary);
            tables.extend(kept.map(|(name, _)| Table {
                schema: Arc::clone(&schema),
                is_view: views.contains(&name),
                name,
            }));
        }
        Ok(tables)
    }

    async fn columns(&self) -> Result<Vec<Vec<Cell>>> {
        let tables = self.tables().await?;
        if tables.len() > MAX_TABLES {
            let limit = LIMIT_EXCEEDED.with("what", "The tables whose columns are asked for");
            return Err(limit.with("limit", "engine.max_described_tables").with("value", MAX_TABLES));
        }
        let pattern = self.wanted.column.as_deref().map(spark_pattern);
        let mut rows = Vec::new();
        for table in tables {
            let schema = self.columns_of(&table).await?;
            let fields = schema.fields.iter().enumerate();
            let wanted =
                fields.filter(|(_, field)| pattern.as_deref().is_none_or(|pattern| matches(pattern, &field.name)));
            rows.extend(wanted.map(|(index, field)| table.column_row(index, field)));
        }
        Ok(rows)
    }

    /// Nothing for a table that does not read.
    async fn columns_of(&self, table: &Table) -> Result<StructType> {
        let statement = format!("SELECT * FROM {}", table.schema.path(Some(&table.name)));
        match self.link.ask(Question::Schema { plan: sql::plain(statement) }).await {
            Ok(Answer::Schema(DataType::Struct(schema))) => Ok(schema),
            Ok(_) => Ok(StructType::new([])),
            Err(error) if is_about_the_catalog(error.kind()) => Ok(StructType::new([])),
            Err(error) => Err(error),
        }
    }

    async fn functions(&self) -> Result<Vec<Vec<Cell>>> {
        let mut rows = Vec::new();
        for schema in self.schemas().await? {
            let statement =
                format!("SHOW USER FUNCTIONS IN {}{}", schema.path(None), like(self.wanted.object.as_ref()));
            for name in texts(&self.ask_if_known(statement).await?, 0) {
                let name = name.rsplit('.').next().unwrap_or(&name).to_owned();
                rows.push(vec![
                    name.as_str().into(),
                    schema.shown.as_str().into(),
                    schema.catalog.as_str().into(),
                    "".into(),
                    Cell::Int(Some(FUNCTION_NO_TABLE)),
                    name.as_str().into(),
                ]);
            }
        }
        Ok(rows)
    }
}

/// Whether an error says something of the object that was asked for, and nothing of the engine.
fn is_about_the_catalog(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::NotFound
        | ErrorKind::AlreadyExists
        | ErrorKind::Conflict
        | ErrorKind::Denied
        | ErrorKind::InvalidRequest
        | ErrorKind::Parse
        | ErrorKind::Analysis
        | ErrorKind::Runtime
        | ErrorKind::Unsupported => true,
        ErrorKind::Unauthenticated
        | ErrorKind::UserCode
        | ErrorKind::Exhausted
        | ErrorKind::Cancelled
        | ErrorKind::DeadlineExceeded
        | ErrorKind::Unavailable
        | ErrorKind::Internal => false,
    }
}

impl Schema {
    /// The quoted name of the schema, or of something in it.
    fn path(&self, object: Option<&str>) -> String {
        let parts = std::iter::once(self.catalog.as_str()).chain(self.name.iter().map(String::as_str)).chain(object);
        quote(&parts.map(ToOwned::to_owned).collect::<Vec<_>>())
    }
}

impl Table {
    fn row(&self) -> Vec<Cell> {
        vec![
            self.schema.shown.as_str().into(),
            self.name.as_str().into(),
            Cell::Flag(false),
            "".into(),
            self.schema.catalog.as_str().into(),
            if self.is_view { "VIEW" } else { "TABLE" }.into(),
            Cell::Text(None),
        ]
    }

    fn column_row(&self, index: usize, field: &StructField) -> Vec<Cell> {
        let size = TypeSize::of(&field.data_type);
        vec![
            (&*field.name).into(),
            self.schema.catalog.as_str().into(),
            self.schema.shown.as_str().into(),
            self.name.as_str().into(),
            field.data_type.sql().as_str().into(),
            Cell::Int(size.columns),
            Cell::Int(size.digits),
            Cell::Int(size.radix),
            if field.nullable { "true" } else { "false" }.into(),
            Cell::Text(field.comment()),
            Cell::Int(i32::try_from(index).ok()),
            "NO".into(),
            "NO".into(),
        ]
    }
}

fn like(pattern: Option<&String>) -> String {
    pattern.map_or_else(String::new, |pattern| format!(" LIKE {}", string(&spark_pattern(pattern))))
}

fn texts(batches: &[RecordBatch], column: usize) -> Vec<String> {
    let columns = batches.iter().filter_map(|batch| batch.columns().get(column)?.as_string_opt::<i32>());
    columns.flat_map(|texts| texts.iter().map(|text| text.unwrap_or_default().to_owned())).collect()
}

fn flags(batches: &[RecordBatch], column: usize) -> Vec<bool> {
    let columns = batches.iter().filter_map(|batch| batch.columns().get(column)?.as_boolean_opt());
    columns.flat_map(|flags| flags.iter().map(Option::unwrap_or_default)).collect()
}

/// Whether a name matches a pattern of Spark: alternatives of literals, `*` and `.`, in any case.
fn matches(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.to_lowercase().chars().collect();
    pattern.to_lowercase().split('|').any(|pattern| one(&pattern.trim().chars().collect::<Vec<_>>(), &name))
}

fn one(pattern: &[char], name: &[char]) -> bool {
    let (mut at, mut here, mut star) = (0, 0, None);
    while here < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, here));
                at += 1;
            }
            Some(sign) if *sign == '.' || *sign == name[here] => {
                at += 1;
                here += 1;
            }
            Some(_) | None => {
                let Some((open, from)) = star else { return false };
                star = Some((open, from + 1));
                (at, here) = (open + 1, from + 1);
            }
        }
    }
    pattern[at..].iter().all(|sign| *sign == '*')
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn patterns_find_names_as_sparks_do() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("A.c", "abC", true),
            ("x|a*b*", "azbz", true),
            ("ab", "abc", false),
            ("*b", "aab", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
