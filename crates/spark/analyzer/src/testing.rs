//! A small session for tests: tables in memory, SQL in, rows as text out, through DataFusion's own execution.

mod relations;

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use datafusion::catalog::MemTable;
use datafusion::prelude::SessionContext;
use hearth_base::Result;
use hearth_functions::SessionSettings;
use hearth_plan::{Plan, Relation};
use hearth_types::StructType;
use hearth_types::arrow::to_engine_schema;
use hearth_types::value_text::{TextStyle, format_value};
use hearth_types::zone::Zone;

use crate::{
    Analysis, Analyzed, MentionOptions, Place, ResolvedTable, SessionView, TableEntry, ViewEntry, analyze, mentions,
};

pub(crate) struct TestSession {
    tables: Vec<(String, ResolvedTable)>,
    pub view: SessionView,
    context: SessionContext,
    runtime: tokio::runtime::Runtime,
}

pub(crate) fn settings() -> SessionSettings {
    SessionSettings {
        ansi: true,
        time_zone: "UTC".to_owned(),
        timestamp_ntz_default: false,
        time_type: false,
        map_key_last_wins: false,
        legacy_size_of_null: false,
        case_sensitive: false,
        decimal_precision_loss: true,
        current_catalog: "spark_catalog".to_owned(),
        current_database: "default".to_owned(),
        user: "tester".to_owned(),
        statement_micros: 1_577_836_800_000_000,
        spark_version: "4.2.0".to_owned(),
    }
}

impl TestSession {
    pub fn empty() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { tables: Vec::new(), view: SessionView::new(settings()), context: SessionContext::new(), runtime }
    }

    pub fn new() -> Self {
        let mut session = Self::empty();
        session.create_view(
            "t",
            "select 1 a, 2L b, 'x' s, 1.5 d, 1.5D f, array(1,2) arr, map('k',1) m, \
             named_struct('x',1,'y',named_struct('z',2)) st, date'2020-01-01' dt, timestamp'2020-01-01' ts, true bo, \
             cast(null as int) n",
        );
        session.table(
            "emp",
            "select * from values (1, 'ann', 10, 100.00), (2, 'bob', 10, 200.00), (3, 'cid', 20, 300.00), \
             (4, 'dan', null, 50.00) as e(id, name, dept, pay)",
        );
        session.table("dept", "select * from values (10, 'eng'), (20, 'ops'), (30, 'hr') as d(dept, title)");
        session
    }

    pub fn create_view(&mut self, name: &str, query: &str) {
        let view = ViewEntry {
            name: vec![name.to_owned()],
            query: Arc::new(parse(query).unwrap()),
            place: Place::Session,
            columns: None,
            settings: None,
        };
        self.tables.push((name.to_owned(), ResolvedTable::View(view)));
    }

    fn table(&mut self, name: &str, query: &str) {
        let analyzed = self.analyze(query).unwrap();
        let batch = self.collect(&analyzed).unwrap();
        let schema = to_engine_schema(&analyzed.schema);
        let batch = hearth_types::arrow::cast_batch_to(&batch, &schema).unwrap();
        let source = Arc::new(MemTable::try_new(schema, vec![vec![batch]]).unwrap());
        let entry = TableEntry {
            name: vec!["spark_catalog".to_owned(), "default".to_owned(), name.to_owned()],
            source,
            schema: analyzed.schema,
        };
        self.tables.push((name.to_owned(), ResolvedTable::Table(entry)));
    }

    /// The plan after DataFusion's optimizer, as text.
    pub fn optimized(&self, sql: &str) -> Result<String> {
        let plan = self.context.state().optimize(&self.analyze(sql)?.plan);
        Ok(plan.map_err(crate::analyzer::plan_error)?.display_indent().to_string())
    }

    pub fn analyze(&self, sql: &str) -> Result<Analyzed> {
        self.analyze_relation(&parse(sql)?)
    }

    pub fn analyze_relation(&self, relation: &Relation) -> Result<Analyzed> {
        let mut view = self.view.clone();
        let mut todo = vec![mentions(relation, &MentionOptions::default())];
        while let Some(found) = todo.pop() {
            for table in found.tables {
                let name = table.name.last().cloned().unwrap_or_default();
                let known = self.tables.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
                let Some((_, resolved)) = known else { continue };
                if let ResolvedTable::View(entry) = resolved {
                    todo.push(mentions(&entry.query, &MentionOptions::default()));
                }
                view.tables.insert(table.key, resolved.clone());
            }
        }
        loop {
            match analyze(relation, &view)? {
                Analysis::Done(analyzed) => return Ok(analyzed),
                Analysis::Needs(request) => {
                    let rows = self.execute(request.plan)?;
                    view.answers.insert(request.key, vec![rows]);
                }
            }
        }
    }

    fn execute(&self, plan: datafusion::logical_expr::LogicalPlan) -> Result<RecordBatch> {
        let work = async {
            let frame = self.context.execute_logical_plan(plan).await?;
            let schema = Arc::new(frame.schema().as_arrow().clone());
            let batches = frame.collect().await?;
            let schema = batches.first().map_or(schema, RecordBatch::schema);
            Ok(concat_batches(&schema, &batches)?)
        };
        self.runtime.block_on(work).map_err(crate::analyzer::plan_error)
    }

    fn collect(&self, analyzed: &Analyzed) -> Result<RecordBatch> {
        self.execute(analyzed.plan.clone())
    }

    /// Rows as text: columns apart by `|`, rows by `;`.
    pub fn rows(&self, sql: &str) -> Result<String> {
        let analyzed = self.analyze(sql)?;
        let batch = self.collect(&analyzed)?;
        Ok(text(&analyzed.schema, &batch))
    }

    /// Rows in any order.
    pub fn sorted_rows(&self, sql: &str) -> Result<String> {
        let rows = self.rows(sql)?;
        let mut rows: Vec<&str> = rows.split(';').collect();
        rows.sort_unstable();
        Ok(rows.join(";"))
    }

    /// Names, then rows in text order.
    pub fn answer(&self, relation: &Relation) -> Result<String> {
        let analyzed = self.analyze_relation(relation)?;
        let names: Vec<_> = analyzed.schema.fields.iter().map(|field| field.name.to_string()).collect();
        let rows = text(&analyzed.schema, &self.collect(&analyzed)?);
        let mut rows: Vec<&str> = rows.split(';').collect();
        rows.sort_unstable();
        Ok(format!("{} :: {}", names.join("|"), rows.join(";")))
    }
}

fn text(schema: &StructType, batch: &RecordBatch) -> String {
    let zone = Zone::parse("UTC").unwrap();
    let row = |row: usize| {
        let cells = schema.fields.iter().zip(batch.columns()).map(|(field, column)| {
            let target = hearth_types::arrow::to_engine_arrow(&field.data_type);
            let column = hearth_types::arrow::cast_array_to(column, &target).unwrap();
            if column.is_null(row) || field.data_type == hearth_types::DataType::Null {
                return "NULL".to_owned();
            }
            format_value(column.as_ref(), row, &field.data_type, &zone, TextStyle::Cast)
        });
        cells.collect::<Vec<_>>().join("|")
    };
    (0..batch.num_rows()).map(row).collect::<Vec<_>>().join(";")
}

pub(crate) fn parse(sql: &str) -> Result<Relation> {
    match hearth_sql::parse_statement(sql)? {
        Plan::Relation(relation) => Ok(relation),
        Plan::Command(command) => panic!("a command: {command:?}"),
    }
}
