//! `TRANSFORM … USING`: rows leave as lines of text for a program of this machine, its lines are rows again.
//!
//! Each partition has a process of its own, which starts with its first row and ends with its stream: a statement that is
//! cancelled takes its processes with it. Rows are written while lines are read, so neither side needs all of them.

mod lines;

use std::fmt;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::Result as DfResult;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use futures::StreamExt;
use hearth_analyzer::Scripted;
use hearth_base::condition::SCRIPT_EXITED;
use hearth_base::{Error, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufWriter};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use tokio::sync::mpsc::Sender;

use self::lines::{Columns, Lines, Splitter};

/// Hive's defaults of `ROW FORMAT DELIMITED`.
const FIELDS: &str = "\u{1}";
const NULL: &str = "\\N";

/// Of what a program writes to its standard error, the last bytes are told when it fails.
const TOLD_BYTES: usize = 2048;

/// Of the server's environment, which may hold secrets, a program gets what every program needs.
const INHERITED: [&str; 6] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/// Lines of a batch stop at this many bytes.
const BATCH_BYTES: usize = 8 << 20;

/// Plans `TRANSFORM`.
#[derive(Debug)]
pub struct Scripts {
    /// `engine.transform_scripts`
    pub allowed: bool,
}

#[async_trait]
impl ExtensionPlanner for Scripts {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
        let (Some(scripted), [input]) = (Scripted::of(node), physical_inputs) else { return Ok(None) };
        if !self.allowed {
            let error = Error::unsupported("TRANSFORM … USING where engine.transform_scripts is false");
            return Err(external(error));
        }
        let program = Program {
            script: scripted.script.clone(),
            fields: scripted.input_rows.fields.clone().unwrap_or_else(|| FIELDS.to_owned()),
            null: scripted.input_rows.null.clone().unwrap_or_else(|| NULL.to_owned()),
            splits_at: scripted.output_rows.fields.clone(),
            null_read: scripted.output_rows.null.clone().unwrap_or_else(|| NULL.to_owned()),
            schema: Arc::clone(scripted.schema.inner()),
        };
        Ok(Some(Arc::new(ShellExec::new(Arc::clone(input), Arc::new(program)))))
    }
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

#[derive(Debug)]
struct Program {
    script: String,
    /// Between the fields that are written.
    fields: String,
    null: String,
    /// A regular expression between the fields that are read; None is `FIELDS`.
    splits_at: Option<String>,
    null_read: String,
    schema: SchemaRef,
}

#[derive(Debug)]
struct ShellExec {
    input: Arc<dyn ExecutionPlan>,
    program: Arc<Program>,
    properties: Arc<PlanProperties>,
}

impl ShellExec {
    fn new(input: Arc<dyn ExecutionPlan>, program: Arc<Program>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&program.schema)),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { input, program, properties: Arc::new(properties) }
    }
}

impl DisplayAs for ShellExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShellExec: {}", self.program.script)
    }
}

impl ExecutionPlan for ShellExec {
    fn name(&self) -> &'static str {
        "ShellExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    /// What a program sees of the rows depends on how they are cut.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let input = children.pop().unwrap_or_else(|| Arc::clone(&self.input));
        Ok(Arc::new(Self::new(input, Arc::clone(&self.program))))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let input = self.input.execute(partition, Arc::clone(&context))?;
        let mut builder = RecordBatchReceiverStreamBuilder::new(self.schema(), 2);
        let (sender, program) = (builder.tx(), Arc::clone(&self.program));
        let batch_rows = context.session_config().batch_size();
        builder.spawn(async move { program.run(input, batch_rows, sender).await.map_err(external) });
        Ok(builder.build())
    }
}

impl Program {
    /// Sends every batch of what the program says, until nobody wants more.
    async fn run(
        &self,
        mut input: SendableRecordBatchStream,
        batch_rows: usize,
        rows: Sender<DfResult<RecordBatch>>,
    ) -> Result<()> {
        let Some(first) = first_rows(&mut input).await? else { return Ok(()) };
        let mut process = Process::start(&self.script)?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (process.child.stdin.take(), process.child.stdout.take(), process.child.stderr.take())
        else {
            return Err(Error::internal("a process without pipes"));
        };
        let write = self.write(first, input, stdin);
        let read = async {
            let splitter = Splitter::new(self.splits_at.as_deref(), FIELDS)?;
            let mut lines = Lines::new(stdout);
            let mut columns = Columns::new(&self.schema);
            while let Some(line) = lines.next().await? {
                columns.push(&splitter, &line, &self.null_read)?;
                let is_full = columns.rows() >= batch_rows || columns.bytes() >= BATCH_BYTES;
                if is_full && rows.send(Ok(columns.take()?)).await.is_err() {
                    return Ok(false);
                }
            }
            Ok(columns.rows() == 0 || rows.send(Ok(columns.take()?)).await.is_ok())
        };
        let ((), is_wanted, told) = tokio::try_join!(write, read, last_words(stderr))?;
        if !is_wanted {
            return Ok(());
        }
        let status = process.child.wait().await.map_err(Error::internal)?;
        if status.success() {
            return Ok(());
        }
        Err(SCRIPT_EXITED.with("exitCode", exit_code(status)).with("stderrBuffer", told))
    }

    /// A program that reads no more has what it needs.
    async fn write(&self, first: RecordBatch, mut input: SendableRecordBatchStream, stdin: ChildStdin) -> Result<()> {
        let mut pipe = BufWriter::new(stdin);
        let mut text = String::new();
        let mut batch = Some(first);
        while let Some(rows) = batch {
            text.clear();
            self.push_rows(&rows, &mut text);
            if pipe.write_all(text.as_bytes()).await.is_err() {
                return Ok(());
            }
            batch = input.next().await.transpose().map_err(crate::error::from_datafusion)?;
        }
        let _ = pipe.shutdown().await;
        Ok(())
    }

    fn push_rows(&self, batch: &RecordBatch, text: &mut String) {
        let columns: Vec<_> = batch.columns().iter().map(|column| column.as_string_opt::<i32>()).collect();
        for row in 0..batch.num_rows() {
            for (index, column) in columns.iter().enumerate() {
                if index > 0 {
                    text.push_str(&self.fields);
                }
                let value = column.filter(|column| !datafusion::arrow::array::Array::is_null(*column, row));
                text.push_str(value.map_or(&self.null, |column| column.value(row)));
            }
            text.push('\n');
        }
    }
}

/// The first batch that has rows: without one no program runs.
async fn first_rows(input: &mut SendableRecordBatchStream) -> Result<Option<RecordBatch>> {
    while let Some(batch) = input.next().await {
        let batch = batch.map_err(crate::error::from_datafusion)?;
        if batch.num_rows() > 0 {
            return Ok(Some(batch));
        }
    }
    Ok(None)
}

/// The end of what the program complains of.
async fn last_words(mut stderr: ChildStderr) -> Result<String> {
    let mut kept: Vec<u8> = Vec::new();
    let mut part = [0; TOLD_BYTES];
    loop {
        let count = stderr.read(&mut part).await.map_err(Error::internal)?;
        if count == 0 {
            return Ok(String::from_utf8_lossy(&kept).into_owned());
        }
        kept.extend_from_slice(&part[..count]);
        kept.drain(..kept.len().saturating_sub(TOLD_BYTES));
    }
}

/// As a shell tells it.
fn exit_code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

/// A shell and all that it started.
struct Process {
    child: Child,
}

impl Process {
    fn start(script: &str) -> Result<Self> {
        let child = Command::new("/bin/bash")
            .args(["-c", script])
            .env_clear()
            .envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .current_dir(std::env::temp_dir())
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        let failed = |error| Error::unsupported(format!("TRANSFORM … USING without a shell, /bin/bash ({error}),"));
        Ok(Self { child: child.map_err(failed)? })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An id is only there while the process was not waited for, so the number is still its own.
        let group = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::Kill);
        }
    }
}
