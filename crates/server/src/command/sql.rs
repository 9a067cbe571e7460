//! `hearth sql`: one statement in this process, its rows on standard output.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use hearth_base::SessionId;
use hearth_core::engine::SqlWork;
use hearth_core::result::{Bounds, Item, ResultReader};
use hearth_core::store::Origin;
use hearth_core::{Hearth, Operation, Principal, Submission, Work};
use hearth_types::StructType;
use hearth_types::show::{ShowOptions, show_string};
use hearth_types::zone::Zone;
use tokio::runtime::Handle;

use crate::cli::Format;
use crate::compose::compose;
use crate::config::Config;
use crate::data_dir::DataDirLock;

/// Who runs statements from the command line.
const PRINCIPAL: &str = "local";
/// How long closing may take. Nothing runs any more.
const CLOSE_GRACE: Duration = Duration::from_secs(2);

pub async fn sql(config: &Config, work: Handle, statement: &str, format: Format) -> Result<ExitCode> {
    let _lock = DataDirLock::take(&config.data_dir)?;
    let composition = compose(config, work).await?;
    let outcome = run(&composition.hearth, statement, format).await;
    composition.stop(CLOSE_GRACE).await;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn run(hearth: &Hearth, statement: &str, format: Format) -> Result<()> {
    let session = hearth.sessions.get_or_open(&Principal::named(PRINCIPAL), &SessionId::random(), None).await?;
    let submission = Submission {
        id: None,
        work: Work::Sql(SqlWork::spark(statement)),
        tags: Vec::new(),
        reattachable: false,
        description: statement.to_owned(),
        origin: Origin { door: "cli".to_owned(), client: "hearth sql".to_owned(), ..Origin::default() },
        bounds: Bounds::default(),
    };
    let operation = hearth.operations.submit(&session, submission).await?;
    match format {
        Format::Table => print_table(&operation).await,
        Format::Json => print_rows(&operation, Rows::Json).await,
        Format::Csv => print_rows(&operation, Rows::Csv { header: true }).await,
    }
}

/// A table is as wide as its widest cell: all rows are needed before the first is printed.
async fn print_table(operation: &Operation) -> Result<()> {
    let mut reader = ResultReader::new(Arc::clone(&operation.log), 0);
    let (mut schema, mut batches, mut rows) = (Arc::new(StructType::new([])), Vec::new(), 0);
    while let Some((index, item)) = reader.next().await.map_err(|error| anyhow::anyhow!("{}", error.error()))? {
        match item {
            Item::Schema(known) => schema = known,
            Item::Batch(batch) => {
                for batch in decode(&batch.data)? {
                    rows += batch.num_rows();
                    batches.push(batch);
                }
                operation.log.release_until(index);
            }
            Item::Answer(_) | Item::Complete => {}
        }
    }
    if schema.fields.is_empty() {
        return Ok(());
    }
    let zone = Zone::parse("UTC").context("there is no UTC")?;
    let options = ShowOptions { rows, truncate: 0, vertical: false, zone: &zone, has_more: false };
    println!("{}", show_string(&schema, &batches, &options).trim_end());
    Ok(())
}

enum Rows {
    Json,
    Csv { header: bool },
}

/// Rows are printed as they come, so an answer of any size fits.
async fn print_rows(operation: &Operation, mut rows: Rows) -> Result<()> {
    let mut reader = ResultReader::new(Arc::clone(&operation.log), 0);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    while let Some((index, item)) = reader.next().await.map_err(|error| anyhow::anyhow!("{}", error.error()))? {
        let Item::Batch(batch) = item else { continue };
        for batch in decode(&batch.data)? {
            rows.write(&mut out, &batch)?;
        }
        operation.log.release_until(index);
    }
    out.flush().context("standard output is gone")
}

impl Rows {
    fn write(&mut self, out: &mut impl Write, batch: &RecordBatch) -> Result<()> {
        match self {
            Self::Json => {
                let mut writer = arrow::json::LineDelimitedWriter::new(out);
                writer.write(batch)?;
                writer.finish()?;
            }
            Self::Csv { header } => {
                let mut writer = arrow::csv::WriterBuilder::new().with_header(*header).build(out);
                writer.write(batch)?;
                *header = false;
            }
        }
        Ok(())
    }
}

fn decode(stream: &[u8]) -> Result<Vec<RecordBatch>> {
    StreamReader::try_new(stream, None)?.map(|batch| batch.context("the rows do not read")).collect()
}
