//! Queries: resolved, analysed, executed, written.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use hearth_analyzer::{Analysis, Analyzed, Render};
use hearth_base::condition::UNSUPPORTED_TIME_TYPE;
use hearth_base::{Error, Result};
use hearth_core::ResultWriter;
use hearth_plan::relation::NamedTable;
use hearth_plan::{CatalogOp, Relation, RelationNode};
use hearth_types::arrow::{cast_batch_to_wire, to_engine_schema, to_wire_schema};
use hearth_types::show::{ShowOptions, html_string, show_string};
use hearth_types::zone::Zone;
use hearth_types::{DataType, StructField, StructType};

use crate::execute::Query;
use crate::session::EmbeddedSession;
use crate::{effects, observe, resolve};

/// Rows that are there already: the answer of a command or of a catalog call.
pub type Rows = (StructType, Vec<RecordBatch>);

/// Runs the root of a plan. Some roots are no queries: texts of rows, catalog calls, commands.
pub async fn relation(session: &EmbeddedSession, relation: &Relation, writer: &mut ResultWriter) -> Result<()> {
    if let RelationNode::Catalog(op) = &relation.node
        && let Some(table) = created_table(op)
    {
        effects::catalog_call(session, op).await?;
        return query(session, &table, writer).await;
    }
    match answer(session, relation).await? {
        Some((schema, batches)) => write_rows(session, &schema, &batches, writer).await,
        None => query(session, relation, writer).await,
    }
}

/// The rows of a root that is no query, and of the text of one.
async fn answer(session: &EmbeddedSession, relation: &Relation) -> Result<Option<Rows>> {
    match &relation.node {
        RelationNode::ShowString { input, rows, truncate, vertical } => {
            let render = Text { rows: at_least_zero(*rows), truncate: *truncate, vertical: *vertical, html: false };
            let input = Box::pin(answer(session, input)).await?;
            input.map(|(schema, batches)| render.text(session, &schema, batches)).transpose()
        }
        RelationNode::HtmlString { input, rows, truncate } => {
            let render = Text { rows: at_least_zero(*rows), truncate: *truncate, vertical: false, html: true };
            let input = Box::pin(answer(session, input)).await?;
            input.map(|(schema, batches)| render.text(session, &schema, batches)).transpose()
        }
        RelationNode::Catalog(op) => effects::catalog_call(session, op).await.map(Some),
        RelationNode::Command(command) => effects::rows(session, command.as_ref().clone()).await.map(Some),
        RelationNode::Sql(text) => match effects::command_of(session, text)? {
            Some(command) => effects::rows(session, command).await.map(Some),
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

/// Refuses rows with times of day while the type is off.
fn check_time(session: &EmbeddedSession, schema: &StructType) -> Result<()> {
    let holds_time = schema.fields.iter().any(|field| hearth_analyzer::holds_time(&field.data_type));
    if holds_time && !session.state.read().config.time_type() {
        return Err(UNSUPPORTED_TIME_TYPE.error());
    }
    Ok(())
}

/// How many rows a batch of a result has, if a session says so.
const BATCH_ROWS: &str = "spark.sql.execution.arrow.maxRecordsPerBatch";

/// Runs a query and writes its rows, then what it observed.
async fn query(session: &EmbeddedSession, relation: &Relation, writer: &mut ResultWriter) -> Result<()> {
    let analyzed = analyze(session, relation).await?;
    check_time(session, &analyzed.schema)?;
    let query = Query::prepare(&session.shared.datafusion, &analyzed.plan).await?;
    match analyzed.render {
        None => {
            let (time_zone, batch_rows) = {
                let config = &session.state.read().config;
                let rows = config.get(BATCH_ROWS).and_then(|rows| rows.parse().ok());
                (config.time_zone().to_owned(), rows)
            };
            query.write(&analyzed.schema, (&time_zone, batch_rows), writer).await?;
        }
        Some(render) => {
            let (schema, batches) = rendered(session, render, &analyzed.schema, &query).await?;
            write_rows(session, &schema, &batches, writer).await?;
        }
    }
    observe::answer(session, &analyzed.metrics, writer).await
}

/// What is made of a query's rows before they go to the client.
async fn rendered(session: &EmbeddedSession, render: Render, schema: &StructType, query: &Query) -> Result<Rows> {
    match render {
        Render::Tail { rows } => Ok((schema.clone(), query.last(rows).await?)),
        Render::ShowString { rows, truncate, vertical } => {
            Text { rows, truncate, vertical, html: false }.text(session, schema, query.collect().await?)
        }
        Render::HtmlString { rows, truncate } => {
            Text { rows, truncate, vertical: false, html: true }.text(session, schema, query.collect().await?)
        }
    }
}

fn at_least_zero(rows: i32) -> usize {
    usize::try_from(rows).unwrap_or(0)
}

/// The analysed plan of a relation: resolves names, analyses, and answers what the analysis asks on the way.
pub async fn analyze(session: &EmbeddedSession, relation: &Relation) -> Result<Analyzed> {
    let mut view = resolve::view(session, relation).await?;
    loop {
        match hearth_analyzer::analyze(relation, &view)? {
            Analysis::Done(analyzed) => return Ok(analyzed),
            Analysis::Needs(request) => {
                let query = Query::prepare(&session.shared.datafusion, &request.plan).await?;
                view.answers.insert(request.key, query.collect().await?);
            }
        }
    }
}

/// The rows of the table that a call of the catalog makes.
fn created_table(op: &CatalogOp) -> Option<Relation> {
    let CatalogOp::CreateTable(new) = op else { return None };
    let table = NamedTable { name: new.name.clone(), options: Vec::new(), is_streaming: false, travel: None };
    Some(Relation::new(RelationNode::NamedTable(table)))
}

/// The schema of whatever a root gives.
pub async fn schema(session: &EmbeddedSession, relation: &Relation) -> Result<StructType> {
    // A client that asks for the schema of what it made has made it already.
    if let RelationNode::Catalog(op) = &relation.node
        && let Some(table) = created_table(op)
        && let Ok(analyzed) = analyze(session, &table).await
    {
        return Ok(analyzed.output_schema());
    }
    match answer(session, relation).await? {
        Some((schema, _)) => Ok(schema),
        None => Ok(analyze(session, relation).await?.output_schema()),
    }
}

/// Runs a query and keeps all its rows, for answers that are small by nature.
pub async fn collect(session: &EmbeddedSession, relation: &Relation) -> Result<Rows> {
    let analyzed = analyze(session, relation).await?;
    let query = Query::prepare(&session.shared.datafusion, &analyzed.plan).await?;
    Ok((analyzed.schema, query.collect().await?))
}

/// Writes rows that are there.
pub async fn write_rows(
    session: &EmbeddedSession,
    schema: &StructType,
    batches: &[RecordBatch],
    writer: &mut ResultWriter,
) -> Result<()> {
    let time_zone = session.state.read().config.time_zone().to_owned();
    let arrow = to_wire_schema(schema, &time_zone);
    writer.schema(Arc::new(schema.clone()), arrow).await?;
    for batch in batches {
        writer.batch(&cast_batch_to_wire(batch, schema, &time_zone)?).await?;
    }
    Ok(())
}

/// `show()` and its HTML form.
struct Text {
    rows: usize,
    truncate: i32,
    vertical: bool,
    html: bool,
}

impl Text {
    fn text(&self, session: &EmbeddedSession, schema: &StructType, mut batches: Vec<RecordBatch>) -> Result<Rows> {
        let has_more = cut(&mut batches, self.rows);
        let zone = Zone::parse(session.state.read().config.time_zone()).unwrap_or(Zone::UTC);
        for batch in &mut batches {
            // The engine may hold a type in several Arrow forms; the text knows one.
            *batch = cast_batch_to_wire(batch, schema, "UTC")?;
        }
        let options =
            ShowOptions { rows: self.rows, truncate: self.truncate, vertical: self.vertical, zone: &zone, has_more };
        let (name, text) = if self.html {
            ("html_string", html_string(schema, &batches, &options))
        } else {
            ("show_string", show_string(schema, &batches, &options))
        };
        let column: ArrayRef = Arc::new(StringArray::from(vec![text]));
        let schema = text_schema(name);
        let batch = RecordBatch::try_new(to_engine_schema(&schema), vec![column]).map_err(Error::internal)?;
        Ok((schema, vec![batch]))
    }
}

/// Keeps the first `rows` rows; whether there were more.
fn cut(batches: &mut [RecordBatch], rows: usize) -> bool {
    let total: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let mut left = rows;
    for batch in batches {
        let keep = batch.num_rows().min(left);
        *batch = batch.slice(0, keep);
        left -= keep;
    }
    total > rows
}

fn text_schema(name: &str) -> StructType {
    StructType::new([StructField::new(name, DataType::STRING, false)])
}
