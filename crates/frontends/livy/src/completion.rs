//! Candidates for the word at a cursor in SQL. Livy gives none; what counts is that they are right and quick.
//!
//! `context` reads the text without a session, since the text is rarely a whole statement; `complete` asks the session,
//! by SQL, for the names that may stand there; `candidates` picks. What the session does not know (a table that is not
//! there yet) gives no names and is no error.

mod context;

use async_trait::async_trait;
use hearth_base::Result;
use hearth_sql::Keyword;

use context::{Wanted, context};

/// The longest list of candidates.
const MOST: usize = 500;
/// Tables of a statement whose columns are asked for.
const MAX_TABLES: usize = 8;

/// A session that runs SQL.
#[async_trait]
pub(crate) trait Queries: Send + Sync {
    /// The rows of a result, each cell as text; NULL is empty.
    async fn rows(&self, sql: &str) -> Result<Vec<Vec<String>>>;
}

/// Names that the session knows. Which ones were asked for depends on the place.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Names {
    columns: Vec<String>,
    tables: Vec<String>,
    databases: Vec<String>,
    functions: Vec<String>,
}

/// What may stand at `cursor`, counted in characters.
pub(crate) async fn complete(code: &str, cursor: usize, session: &dyn Queries) -> Vec<String> {
    let Some(wanted) = context(code, cursor) else { return Vec::new() };
    let names = names(&wanted, session).await;
    candidates(&wanted, &names)
}

/// Those of the names, keywords and words of the statement that go on from the prefix: sorted, and at most `MOST`.
fn candidates(wanted: &Wanted, names: &Names) -> Vec<String> {
    let prefix = wanted.prefix.to_lowercase();
    let fits = |name: &str| name.to_lowercase().starts_with(&prefix);
    let mut found: Vec<String> = Vec::new();
    // The nearest first: when there are too many, those behind are left out.
    let mut add = |names: &mut dyn Iterator<Item = String>| {
        for name in names.filter(|name| fits(name)) {
            if !found.contains(&name) && found.len() < MOST {
                found.push(name);
            }
        }
    };
    add(&mut names.columns.iter().cloned());
    if wanted.qualifier.is_empty() {
        add(&mut wanted.words());
    }
    add(&mut names.tables.iter().chain(&names.databases).cloned());
    if wanted.qualifier.is_empty() && !wanted.is_quoted {
        add(&mut names.functions.iter().cloned());
        add(&mut keywords(&wanted.prefix));
    }
    if !wanted.is_quoted {
        let plain = |name: String| if is_plain(&name) { name } else { quote(&name) };
        found = found.into_iter().map(plain).collect();
    }
    found.sort_by_cached_key(|name| (name.to_lowercase(), name.clone()));
    found
}

/// In the case in which the prefix is written.
fn keywords(prefix: &str) -> impl Iterator<Item = String> {
    let lower = prefix.chars().any(char::is_lowercase);
    Keyword::spellings().map(move |word| if lower { word.to_ascii_lowercase() } else { word.to_owned() })
}

/// A name that needs no quotes, or something other than a name.
fn is_plain(name: &str) -> bool {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    name.chars().all(is_word) && !name.chars().all(|character| character.is_ascii_digit())
}

fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn quoted(parts: &[String]) -> String {
    parts.iter().map(|part| quote(part)).collect::<Vec<_>>().join(".")
}

async fn names(wanted: &Wanted, session: &dyn Queries) -> Names {
    if !wanted.qualifier.is_empty() {
        return qualified_names(wanted, session).await;
    }
    let mut names = Names {
        tables: tables(None, session).await,
        databases: first_cells("SHOW DATABASES", session).await,
        ..Names::default()
    };
    if !wanted.wants_table {
        for table in wanted.tables.iter().take(MAX_TABLES) {
            names.columns.extend(columns(&table.name, session).await);
        }
        names.functions = functions(session).await;
    }
    names
}

/// Behind a dot: the columns of what it stands behind, or the tables of that database.
async fn qualified_names(wanted: &Wanted, session: &dyn Queries) -> Names {
    let mut names = Names::default();
    if let Some(table) = wanted.qualified_table() {
        names.columns = columns(&table.name, session).await;
        return names;
    }
    names.tables = tables(Some(&wanted.qualifier), session).await;
    if !wanted.wants_table {
        names.columns = columns(&wanted.qualifier, session).await;
    }
    names
}

/// Rows of `namespace, tableName, isTemporary`; the temporary ones, which have no namespace, only where none is named.
async fn tables(namespace: Option<&[String]>, session: &dyn Queries) -> Vec<String> {
    let sql = match namespace {
        Some(parts) => format!("SHOW TABLES IN {}", quoted(parts)),
        None => "SHOW TABLES".to_owned(),
    };
    let rows = rows(&sql, session).await.into_iter();
    rows.filter_map(|mut row| {
        let is_inside = row.len() > 1 && (namespace.is_none() || !row[0].is_empty());
        is_inside.then(|| row.swap_remove(1))
    })
    .collect()
}

/// Columns stand first; an empty name or a heading ends them.
async fn columns(table: &[String], session: &dyn Queries) -> Vec<String> {
    let cells = first_cells(&format!("DESCRIBE TABLE {}", quoted(table)), session).await.into_iter();
    cells.take_while(|name| !name.is_empty() && !name.starts_with('#')).collect()
}

/// Without operators, which Spark lists as functions too.
async fn functions(session: &dyn Queries) -> Vec<String> {
    let cells = first_cells("SHOW FUNCTIONS", session).await.into_iter();
    let own = cells.map(|name| name.rsplit('.').next().unwrap_or_default().to_owned());
    own.filter(|name| name.starts_with(|first: char| first.is_alphabetic() || first == '_')).collect()
}

async fn first_cells(sql: &str, session: &dyn Queries) -> Vec<String> {
    rows(sql, session).await.into_iter().filter_map(|row| row.into_iter().next()).collect()
}

async fn rows(sql: &str, session: &dyn Queries) -> Vec<Vec<String>> {
    session.rows(sql).await.unwrap_or_else(|error| {
        tracing::debug!(%error, sql, "no names for a completion");
        Vec::new()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use hearth_base::condition::TABLE_OR_VIEW_NOT_FOUND;
    use parking_lot::Mutex;

    use super::*;

    /// A session with the tables `orders` and `Line Items`, a view `recent` and a database `sales` with `totals`.
    #[derive(Default)]
    struct Shop {
        asked: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl Queries for Shop {
        async fn rows(&self, sql: &str) -> Result<Vec<Vec<String>>> {
            self.asked.lock().push(sql.to_owned());
            let table = |rows: &[&[&str]]| {
                Ok(rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect())
            };
            match sql {
                "SHOW TABLES" => table(&[
                    &["default", "orders", "false"],
                    &["default", "Line Items", "false"],
                    &["", "recent", "true"],
                ]),
                "SHOW TABLES IN `sales`" => table(&[&["sales", "totals", "false"], &["", "recent", "true"]]),
                "SHOW DATABASES" => table(&[&["default"], &["sales"]]),
                "SHOW FUNCTIONS" => {
                    table(&[&["!="], &["or"], &["order_of"], &["sum"], &["spark_catalog.default.orbit"]])
                }
                "DESCRIBE TABLE `orders`" => table(&[
                    &["order_id", "bigint", ""],
                    &["customer", "string", ""],
                    &["# Partition Information", "", ""],
                    &["# col_name", "data_type", "comment"],
                    &["day", "date", ""],
                ]),
                "DESCRIBE TABLE `sales`.`totals`" => table(&[&["total", "double", ""]]),
                _ => Err(TABLE_OR_VIEW_NOT_FOUND.with("relationName", sql)),
            }
        }
    }

    /// Candidates at `|`.
    async fn at_cursor(text: &str) -> Vec<String> {
        let (before, after) = text.split_once('|').unwrap();
        complete(&format!("{before}{after}"), before.chars().count(), &Shop::default()).await
    }

    #[tokio::test]
    async fn everything_that_goes_on_from_the_prefix_is_offered() {
        let expected = ["or", "orbit", "order", "order_id", "order_of", "orders"];
        assert_eq!(at_cursor("select or| from orders").await, expected);
        assert_eq!(
            at_cursor("SELECT OR| FROM orders").await,
            ["OR", "or", "orbit", "ORDER", "order_id", "order_of", "orders"]
        );
        assert_eq!(at_cursor("select custo| from orders x").await, ["customer"]);
    }

    #[tokio::test]
    async fn behind_a_dot_stand_only_names_of_what_is_before_it() {
        assert_eq!(at_cursor("select o.| from orders o").await, ["customer", "order_id"]);
        assert_eq!(at_cursor("select O.ord| from orders as o").await, ["order_id"]);
        assert_eq!(at_cursor("select orders.c| from orders").await, ["customer"]);
        assert_eq!(at_cursor("select orders.c|").await, ["customer"], "a table that is not mentioned yet");
        assert_eq!(at_cursor("select * from sales.|").await, ["totals"]);
        assert_eq!(at_cursor("select sales.totals.|").await, ["total"]);
        assert_eq!(at_cursor("select t.| from sales.totals t").await, ["total"]);
        assert_eq!(at_cursor("select nothing.|").await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn where_a_table_stands_no_columns_are_asked_for() {
        let mut expected: Vec<_> = Keyword::spellings().map(str::to_lowercase).collect();
        expected.retain(|word| word.starts_with("re"));
        expected.push("recent".to_owned());
        expected.sort();
        assert_eq!(at_cursor("select order_id from orders o join re|").await, expected);
        let shop = Shop::default();
        complete("select * from o", 15, &shop).await;
        assert_eq!(*shop.asked.lock(), ["SHOW TABLES", "SHOW DATABASES"]);
    }

    #[tokio::test]
    async fn names_that_need_quotes_get_them_once() {
        assert_eq!(at_cursor("select * from lin|").await, ["`Line Items`", "lines"]);
        assert_eq!(at_cursor("select * from `lin|").await, ["Line Items"]);
        assert_eq!(at_cursor("select * from `line i|` x").await, ["Line Items"]);
    }

    #[tokio::test]
    async fn words_of_the_statement_are_offered() {
        assert_eq!(at_cursor("with orbits as (select 1) select * from orb|").await, ["orbits"]);
        assert_eq!(at_cursor("select ordi| from orders ordinary").await, ["ordinary"]);
    }

    #[tokio::test]
    async fn in_text_and_comments_nothing_stands() {
        for text in ["select 'or|", "select 'or|'", "-- or|", "select /* or| */ 1", "select 12|", "select \"or|"] {
            assert_eq!(at_cursor(text).await, Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn lists_are_short_and_near_names_stay() {
        let names = Names {
            columns: vec!["zz".to_owned()],
            functions: (0..2000).map(|number| format!("f{number:04}")).collect(),
            ..Names::default()
        };
        let found = candidates(&context("select ", 7).unwrap(), &names);
        assert_eq!(found.len(), MOST);
        assert_eq!(found.last().map(String::as_str), Some("zz"));
        assert!(found.is_sorted_by_key(|name| name.to_lowercase()));
    }
}
