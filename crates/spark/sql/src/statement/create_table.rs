//! `CREATE TABLE`, `REPLACE TABLE`, `CREATE TABLE … LIKE`.

use hearth_base::Result;
use hearth_base::condition::{
    CLUSTER_BY_WITH_PARTITIONED_BY, INVALID_BUCKET_COUNT, INVALID_BUCKETS_OF_TRANSFORM, INVALID_STATEMENT_OR_CLAUSE,
    OPERATION_NOT_ALLOWED, TEMP_TABLE_WITHOUT_PROVIDER, TRANSFORM_OF_NO_COLUMN, TRANSFORM_WRONG_NUM_ARGS,
};
use hearth_plan::catalog::{ColumnDef, CreateMode, CreateTable, TableColumns, TablePromise};
use hearth_plan::command::{CreateView, ViewKind};
use hearth_plan::relation::{DataSource, NameForm, TableName};
use hearth_plan::{CatalogOp, Command, Expr, ExprNode, Name, Options, Plan, RelationNode};
use hearth_types::{Collation, Value};

use super::create::CreateWords;
use super::{catalog, unsupported};
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

/// `spark.sql.sources.bucketing.maxBuckets`
const MAX_BUCKETS: i32 = 100_000;

/// What may stand behind a table's columns, in any order.
#[derive(Default)]
pub(super) struct TableClauses {
    provider: Option<String>,
    options: Options,
    partitioning: Vec<Expr>,
    partition_columns: Vec<ColumnDef>,
    cluster_columns: Vec<Name>,
    bucket: Option<(Vec<String>, i32)>,
    sort_columns: Vec<String>,
    location: Option<String>,
    comment: Option<String>,
    properties: Options,
    /// `STORED AS` or `ROW FORMAT`
    is_hive: bool,
    collation: Option<Collation>,
}

impl Parser<'_> {
    pub(super) fn create_table(&mut self, start: usize, words: CreateWords) -> Result<Plan> {
        self.advance();
        let if_not_exists = !words.or_replace && self.if_not_exists()?;
        let name = self.table_name()?;
        let mode = match (words.or_replace, if_not_exists) {
            (true, _) => CreateMode::CreateOrReplace,
            (false, true) => CreateMode::CreateIfNotExists,
            (false, false) => CreateMode::Create,
        };
        if self.at(K::Like) && !words.or_replace && !words.external {
            return self.create_table_like(name, mode);
        }
        let columns = self.start();
        if words.temporary && if_not_exists {
            self.defer(self.not_valid("CREATE TEMPORARY TABLE ... IF NOT EXISTS"));
        }
        let plan = self.table_definition(start, name, mode, words.external)?;
        if !words.temporary {
            return Ok(plan);
        }
        let view = self.temporary_table(start, columns, plan);
        self.settle(view, unsupported("CREATE TEMPORARY TABLE"))
    }

    /// `CREATE TEMPORARY TABLE t (a INT) USING csv …` is a temporary view of the files.
    fn temporary_table(&mut self, start: usize, columns: usize, plan: Plan) -> Result<Plan> {
        let Plan::Command(Command::Catalog(op)) = plan else { return Ok(plan) };
        let CatalogOp::CreateTable(table) = *op else { return Ok(catalog(*op)) };
        if table.query.is_some() {
            let what = "CREATE TEMPORARY TABLE ... AS ..., use CREATE TEMPORARY VIEW instead";
            return Err(self.operation_not_allowed(what));
        }
        if table.provider.is_none() {
            return Err(self.about_statement(TEMP_TABLE_WITHOUT_PROVIDER.error()));
        }
        if let NameForm::Plain(name) = &table.name.form {
            self.temporary_name("VIEW", name);
        }
        let schema = match &table.columns {
            TableColumns::Columns(_) => {
                let text = &self.text[columns..];
                let length = parenthesized(text);
                Some(text[1..length.saturating_sub(1).max(1)].trim().to_owned())
            }
            TableColumns::Inferred | TableColumns::Schema(_) => None,
        };
        let mut options = table.options;
        options.extend(table.location.map(|location| ("path".to_owned(), location)));
        let source = DataSource {
            format: table.provider,
            schema,
            options,
            paths: Vec::new(),
            predicates: Vec::new(),
            is_streaming: false,
        };
        Ok(Plan::Command(Command::CreateView(Box::new(CreateView {
            name: table.name,
            kind: ViewKind::Temp,
            query: self.relation(start, RelationNode::DataSource(source)),
            text: None,
            columns: Vec::new(),
            comment: None,
            properties: Options::new(),
            if_not_exists: false,
            or_replace: false,
            schema_mode: None,
        }))))
    }

    /// `REPLACE TABLE`
    pub(super) fn replace_table(&mut self) -> Result<Plan> {
        let start = self.start();
        self.advance();
        self.expect(K::Table)?;
        let name = self.table_name()?;
        self.table_definition(start, name, CreateMode::Replace, false)
    }

    fn table_definition(&mut self, start: usize, name: TableName, mode: CreateMode, external: bool) -> Result<Plan> {
        let mut promise = TablePromise::Nothing;
        let mut columns = TableColumns::Inferred;
        if self.at_kind(TokenKind::LeftParen) && self.kind_at(1) == TokenKind::LeftParen {
            self.expect_query()?;
        }
        if self.at_kind(TokenKind::LeftParen) && (!self.starts_query_at(1) || self.at_column(1)) {
            let elements = self.table_elements()?;
            promise = elements.promise;
            columns = TableColumns::Columns(elements.columns);
        }
        // The provider stands before all other clauses.
        let mut clauses = TableClauses::default();
        if self.at(K::Using) {
            self.table_clause(&mut clauses)?;
        }
        while !self.at(K::Using) && self.table_clause(&mut clauses)? {}
        let is_query =
            self.accept(K::As) || self.starts_query_at(0) || self.at(K::With) || self.at_kind(TokenKind::LeftParen);
        let query = if is_query { Some(self.query()?) } else { None };
        let checked = self.check_definition(start, &columns, &clauses, query.is_some());
        self.settle(checked, ())?;
        if clauses.is_hive {
            promise = TablePromise::Hive;
        }
        Ok(create_table(CreateTable {
            name,
            columns,
            provider: clauses.provider,
            options: clauses.options,
            partitioning: clauses.partitioning,
            partition_columns: clauses.partition_columns,
            cluster_columns: clauses.cluster_columns,
            bucket: clauses.bucket,
            location: clauses.location,
            comment: clauses.comment,
            properties: clauses.properties,
            query,
            like: None,
            mode,
            external,
            sort_columns: clauses.sort_columns,
            promise,
            collation: clauses.collation,
        }))
    }

    /// What Spark refuses while it reads the statement.
    fn check_definition(
        &self,
        start: usize,
        columns: &TableColumns,
        clauses: &TableClauses,
        has_query: bool,
    ) -> Result<()> {
        if has_query && matches!(columns, TableColumns::Columns(_)) {
            let what = "Schema may not be specified in a Create Table As Select (CTAS) statement";
            return Err(self.operation_not_allowed(what));
        }
        if has_query && !clauses.partition_columns.is_empty() {
            let what = "Partition column types may not be specified in Create Table As Select (CTAS)";
            return Err(self.operation_not_allowed(what));
        }
        if !clauses.partitioning.is_empty() && !clauses.partition_columns.is_empty() {
            let what = "PARTITION BY: Cannot mix partition expressions and partition columns";
            return Err(self.operation_not_allowed(what));
        }
        let is_partitioned = !clauses.partitioning.is_empty() || !clauses.partition_columns.is_empty();
        if is_partitioned && !clauses.cluster_columns.is_empty() {
            return Err(self.plain(start, CLUSTER_BY_WITH_PARTITIONED_BY));
        }
        if clauses.provider.is_some() && clauses.is_hive {
            return Err(self.not_valid("CREATE TABLE ... USING ... "));
        }
        match &clauses.bucket {
            Some((_, count)) if !(1..=MAX_BUCKETS).contains(count) => {
                let error = INVALID_BUCKET_COUNT.with("bucketingMaxBuckets", MAX_BUCKETS).with("numBuckets", count);
                Err(crate::error::bare(error, self.text))
            }
            _ => Ok(()),
        }
    }

    /// Whether `name type` stands here rather than the beginning of a query: `(select INT, …)`.
    fn at_column(&self, ahead: usize) -> bool {
        let after = self.kind_at(ahead + 2);
        let is_simple = matches!(
            self.keyword_at(ahead + 1),
            Some(
                K::Int
                    | K::Integer
                    | K::String
                    | K::Bigint
                    | K::Long
                    | K::Double
                    | K::Float
                    | K::Boolean
                    | K::Date
                    | K::Timestamp
                    | K::Smallint
                    | K::Tinyint
                    | K::Binary
                    | K::Decimal
                    | K::Varchar
                    | K::Char
            )
        );
        is_simple && matches!(after, TokenKind::Comma | TokenKind::RightParen | TokenKind::LeftParen)
    }

    fn create_table_like(&mut self, name: TableName, mode: CreateMode) -> Result<Plan> {
        self.advance();
        let like = Some(self.plain_name()?);
        let clauses = self.table_clauses()?;
        Ok(create_table(CreateTable {
            name,
            columns: TableColumns::Inferred,
            provider: clauses.provider,
            options: Options::new(),
            partitioning: Vec::new(),
            partition_columns: Vec::new(),
            cluster_columns: Vec::new(),
            bucket: None,
            location: clauses.location,
            comment: None,
            properties: clauses.properties,
            query: None,
            like,
            mode,
            external: false,
            sort_columns: Vec::new(),
            promise: TablePromise::Nothing,
            collation: clauses.collation,
        }))
    }

    pub(super) fn table_clauses(&mut self) -> Result<TableClauses> {
        let mut clauses = TableClauses::default();
        while self.table_clause(&mut clauses)? {}
        Ok(clauses)
    }

    /// One clause, if one stands here.
    fn table_clause(&mut self, clauses: &mut TableClauses) -> Result<bool> {
        let Some(keyword) = self.keyword() else { return Ok(false) };
        match keyword {
            K::Using => {
                self.once("USING", clauses.provider.is_some());
                self.advance();
                clauses.provider = Some(self.name()?.join("."));
            }
            K::Options => {
                self.once("OPTIONS", !clauses.options.is_empty());
                self.advance();
                clauses.options = self.expression_property_list()?;
            }
            K::Partitioned => {
                let is_second = !clauses.partitioning.is_empty() || !clauses.partition_columns.is_empty();
                self.once("PARTITIONED BY", is_second);
                self.advance();
                self.expect(K::By)?;
                self.partition_fields(clauses)?;
            }
            K::Cluster => {
                self.once("CLUSTER BY", !clauses.cluster_columns.is_empty());
                self.advance();
                self.expect(K::By)?;
                clauses.cluster_columns = self.paren_list(Self::name)?;
            }
            K::Clustered => {
                self.once("CLUSTERED BY", clauses.bucket.is_some());
                self.bucket_clause(clauses)?;
            }
            K::Location => {
                self.once("LOCATION", clauses.location.is_some());
                self.advance();
                clauses.location = Some(self.string()?);
            }
            K::Comment => {
                self.once("COMMENT", clauses.comment.is_some());
                clauses.comment = Some(self.comment_clause()?);
            }
            K::Tblproperties => {
                self.once("TBLPROPERTIES", !clauses.properties.is_empty());
                self.advance();
                clauses.properties = self.valued_property_list()?;
            }
            K::Default if self.keyword_at(1) == Some(K::Collation) => {
                self.advance();
                self.advance();
                clauses.collation = Some(Collation::parse(&self.plain_identifier()?)?);
            }
            K::Row if self.keyword_at(1) == Some(K::Format) => {
                self.row_format()?;
                clauses.is_hive = true;
            }
            K::Stored => {
                self.file_format()?;
                clauses.is_hive = true;
            }
            K::Skewed => {
                self.skewed_by()?;
                self.defer(self.not_valid("CREATE TABLE ... SKEWED BY"));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `(a, bucket(4, b), c INT)`
    fn partition_fields(&mut self, clauses: &mut TableClauses) -> Result<()> {
        self.paren_list(|parser| {
            let start = parser.start();
            let mut name = vec![parser.identifier()?];
            if name.len() == 1 && parser.kind().is_name() {
                let column = parser.plain_column_named(name.remove(0))?;
                clauses.partition_columns.push(column);
                return Ok(());
            }
            while parser.accept_kind(TokenKind::Dot) {
                name.push(parser.identifier()?);
            }
            if parser.at_kind(TokenKind::LeftParen) && name.len() == 1 {
                let arguments = parser.paren_list(Self::transform_argument)?;
                let transform = name.concat();
                parser.check_transform(start, &transform, &arguments);
                clauses.partitioning.push(parser.call(start, &transform, arguments));
                return Ok(());
            }
            let column = parser.expr(start, ExprNode::Attribute { name, plan_id: None, is_metadata: false });
            clauses.partitioning.push(column);
            Ok(())
        })?;
        Ok(())
    }

    /// A column or a constant.
    fn transform_argument(&mut self) -> Result<Expr> {
        let is_name = self.kind().is_name()
            && !self.kind_at(1).is_string()
            && !self.at_any(&[K::Null, K::True, K::False, K::Interval]);
        if !is_name {
            return self.constant();
        }
        let start = self.start();
        let mut name = vec![self.plain_identifier()?];
        while self.accept_kind(TokenKind::Dot) {
            name.push(self.plain_identifier()?);
        }
        Ok(self.expr(start, ExprNode::Attribute { name, plan_id: None, is_metadata: false }))
    }

    /// Of the transforms that Spark knows by name, in this very case, the arguments are checked; others take any.
    fn check_transform(&mut self, start: usize, name: &str, arguments: &[Expr]) {
        let is_column = |argument: &Expr| matches!(argument.node, ExprNode::Attribute { .. });
        let is_count = |argument: &Expr| {
            matches!(argument.node, ExprNode::Literal(Value::Short(_) | Value::Integer(_) | Value::Long(_)))
        };
        let no_column = |parser: &Self, argument: &Expr| {
            TRANSFORM_OF_NO_COLUMN.with("transform", format!("`{name}`")).with("expr", parser.written(argument))
        };
        let error = match (name, arguments) {
            ("years" | "months" | "days" | "hours", [only]) if !is_column(only) => no_column(self, only),
            ("years" | "months" | "days" | "hours", [_, _, ..]) => TRANSFORM_WRONG_NUM_ARGS
                .with("transform", format!("`{name}`"))
                .with("expectedNum", 1)
                .with("actualNum", arguments.len()),
            ("bucket", [count, ..]) if !is_count(count) => {
                let written = self.written(count);
                let is_number = written.starts_with(|c: char| c.is_ascii_digit() || c == '-');
                let shown =
                    if is_number { written.trim_end_matches(|c: char| c.is_ascii_alphabetic()) } else { written };
                INVALID_BUCKETS_OF_TRANSFORM.with("describe", shown)
            }
            ("bucket", [_, columns @ ..]) => match columns.iter().find(|column| !is_column(column)) {
                Some(other) => no_column(self, other),
                None => return,
            },
            _ => return,
        };
        self.defer(self.about(start, error));
    }

    /// `CLUSTERED BY (a) [SORTED BY (b DESC)] INTO 4 BUCKETS`
    fn bucket_clause(&mut self, clauses: &mut TableClauses) -> Result<()> {
        let (start, mut descending) = (self.start(), None);
        self.advance();
        self.expect(K::By)?;
        let columns = self.identifier_list()?;
        if self.accept(K::Sorted) {
            self.expect(K::By)?;
            clauses.sort_columns = self.paren_list(|parser| {
                let column = parser.identifier()?;
                let at = parser.start();
                if parser.accept_any(&[K::Asc, K::Desc]) == Some(K::Desc) {
                    descending.get_or_insert_with(|| parser.since(at).to_owned());
                }
                Ok(column)
            })?;
        }
        self.expect(K::Into)?;
        let buckets = self.integer()?;
        self.expect(K::Buckets)?;
        if let Some(order) = descending {
            let what = format!("Column ordering must be ASC, was '{order}'");
            self.defer(self.about(start, OPERATION_NOT_ALLOWED.with("message", what)));
        }
        clauses.bucket = Some((columns, buckets));
        Ok(())
    }

    /// `ROW FORMAT SERDE '…' […]`, `ROW FORMAT DELIMITED …`
    pub(super) fn row_format(&mut self) -> Result<()> {
        self.expect_all(&[K::Row, K::Format])?;
        if self.accept(K::Serde) {
            self.string()?;
            if self.accept_all(&[K::With, K::Serdeproperties]) {
                self.property_list()?;
            }
            return Ok(());
        }
        self.expect(K::Delimited)?;
        let parts: [&[K]; 4] = [
            &[K::Fields, K::Terminated, K::By],
            &[K::Collection, K::Items, K::Terminated, K::By],
            &[K::Map, K::Keys, K::Terminated, K::By],
            &[K::Lines, K::Terminated, K::By],
        ];
        for (index, part) in parts.into_iter().enumerate() {
            if self.accept_all(part) {
                self.string()?;
                if index == 0 && self.accept_all(&[K::Escaped, K::By]) {
                    self.string()?;
                }
            }
        }
        if self.accept_all(&[K::Null, K::Defined, K::As]) {
            self.string()?;
        }
        Ok(())
    }

    /// `STORED AS format`, `STORED BY '…'`
    pub(super) fn file_format(&mut self) -> Result<()> {
        let start = self.start();
        self.expect(K::Stored)?;
        if self.accept(K::By) {
            self.string()?;
            if self.accept_all(&[K::With, K::Serdeproperties]) {
                self.property_list()?;
            }
            self.defer(self.about(start, INVALID_STATEMENT_OR_CLAUSE.with("operation", "STORED BY")));
            return Ok(());
        }
        self.expect(K::As)?;
        if self.accept(K::Inputformat) {
            self.string()?;
            self.expect(K::Outputformat)?;
            self.string()?;
            return Ok(());
        }
        self.plain_identifier()?;
        Ok(())
    }

    fn skewed_by(&mut self) -> Result<()> {
        self.advance();
        self.expect(K::By)?;
        self.identifier_list()?;
        self.expect(K::On)?;
        self.paren_list(Self::expression)?;
        self.accept_all(&[K::Stored, K::As, K::Directories]);
        Ok(())
    }
}

/// The length of the parentheses that a text begins with, and of what is in them.
fn parenthesized(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth <= 1 => return at + 1,
            ')' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

fn create_table(table: CreateTable) -> Plan {
    catalog(CatalogOp::CreateTable(Box::new(table)))
}
