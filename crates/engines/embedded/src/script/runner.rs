//! The interpreter: one method for each kind of statement.
//!
//! An error meets the handlers where it happens, since a `CONTINUE` handler goes on right there. So an error that comes
//! out of a method has met no handler and ends the script.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use hearth_base::condition::{
    ASSIGNMENT_ARITY_MISMATCH, CURSOR_ALREADY_EXISTS, CURSOR_ALREADY_OPEN, CURSOR_NO_MORE_ROWS, CURSOR_NOT_OPEN,
    INVALID_BOOLEAN_STATEMENT, OPERATION_CANCELED, SCRIPT_CURSOR_NOT_FOUND,
};
use hearth_base::{Error, Result};
use hearth_plan::identifier::quote;
use hearth_plan::relation::SqlText;
use hearth_plan::script::{Block, Branch, Condition, Handler, HandlerBody, Script, Statement};
use hearth_plan::{Command, Expr, Name, Plan, Relation, RelationNode};
use hearth_types::DataType;
use uuid::Uuid;

use super::collect;
use super::cursor::{Cursor, RowReader};
use super::handlers::handler_for;
use super::scopes::{Local, Scopes};
use crate::effects::{self, immediate_arguments, immediate_rows, variable};
use crate::interrupt::CANCEL;
use crate::run::{self, Rows};
use crate::session::EmbeddedSession;

/// Where a script goes on.
enum Flow<'s> {
    Next,
    Leave(&'s str),
    Iterate(&'s str),
    /// Out of the block with this number: its handler has run.
    Exit(u64),
}

/// A block that is being run. Its variables are the scope at the same place.
struct Frame<'s> {
    number: u64,
    label: String,
    handlers: &'s [Handler],
    /// One of its handlers runs now; errors inside of it are for the blocks around.
    is_handling: bool,
    cursors: HashMap<String, Cursor>,
}

pub struct Runner<'s> {
    session: &'s EmbeddedSession,
    scopes: &'s Arc<Scopes>,
    frames: Vec<Frame<'s>>,
    entered: u64,
    result: Option<Rows>,
}

type Running<'r, 's> = Pin<Box<dyn Future<Output = Result<Flow<'s>>> + Send + 'r>>;

impl<'s> Runner<'s> {
    pub fn new(session: &'s EmbeddedSession, scopes: &'s Arc<Scopes>) -> Self {
        Self { session, scopes, frames: Vec::new(), entered: 0, result: None }
    }

    /// Runs everything and gives the last result set.
    pub async fn script(mut self, script: &'s Script) -> Result<Option<Rows>> {
        self.block(&script.body).await?;
        Ok(self.result)
    }

    fn block<'r>(&'r mut self, block: &'s Block) -> Running<'r, 's> {
        Box::pin(async move {
            let depth = self.frames.len();
            let number = self.enter(block.label.clone(), &block.handlers);
            let flow = self.statements(&block.statements).await;
            self.leave(depth);
            match flow? {
                Flow::Exit(out_of) if out_of == number => Ok(Flow::Next),
                Flow::Leave(label) if block.label.as_deref() == Some(label) => Ok(Flow::Next),
                flow => Ok(flow),
            }
        })
    }

    fn enter(&mut self, label: Option<String>, handlers: &'s [Handler]) -> u64 {
        let label = label.unwrap_or_else(|| Uuid::new_v4().to_string());
        self.entered += 1;
        self.scopes.enter(label.clone());
        self.frames.push(Frame { number: self.entered, label, handlers, is_handling: false, cursors: HashMap::new() });
        self.entered
    }

    fn leave(&mut self, depth: usize) {
        self.frames.truncate(depth);
        self.scopes.leave(depth);
    }

    fn statements<'r>(&'r mut self, statements: &'s [Statement]) -> Running<'r, 's> {
        Box::pin(async move {
            for statement in statements {
                pause().await?;
                match self.statement(statement).await? {
                    Flow::Next => {}
                    flow => return Ok(flow),
                }
            }
            Ok(Flow::Next)
        })
    }

    async fn statement(&mut self, statement: &'s Statement) -> Result<Flow<'s>> {
        let done = match statement {
            Statement::Plan(plan) => self.plan(plan).await,
            Statement::Block(block) => return self.block(block).await,
            Statement::If { branches, otherwise } => return self.branch(branches, otherwise).await,
            Statement::While { label, condition, body } => {
                return self.while_loop(label.as_deref(), condition, body).await;
            }
            Statement::Repeat { label, body, until } => return self.repeat(label.as_deref(), body, until).await,
            Statement::Loop { label, body } => return self.endless(label.as_deref(), body).await,
            Statement::For { label, variable, query, body } => {
                return self.rows(label.as_deref(), variable.as_ref(), query, body).await;
            }
            Statement::Leave(label) => return Ok(Flow::Leave(label)),
            Statement::Iterate(label) => return Ok(Flow::Iterate(label)),
            Statement::DeclareCursor { name, text } => self.declare_cursor(name, text),
            Statement::Open { cursor, arguments } => self.open(cursor, arguments).await,
            Statement::Fetch { cursor, into } => self.fetch(cursor, into).await,
            Statement::Close { cursor } => self.close(cursor),
        };
        match done {
            Ok(()) => Ok(Flow::Next),
            Err(error) => self.caught(error).await,
        }
    }

    /// A statement of its own. Queries give results, commands do not.
    async fn plan(&mut self, plan: &Plan) -> Result<()> {
        match plan {
            Plan::Relation(relation) => self.result = Some(collect(self.session, relation).await?),
            Plan::Command(Command::ExecuteImmediate { text, into, arguments }) if into.is_empty() => {
                let sql = immediate_arguments(self.session, text, arguments).await?;
                if let Some(rows) = immediate_rows(self.session, &sql).await? {
                    self.result = Some(rows);
                }
            }
            Plan::Command(command) => {
                effects::rows(self.session, command.clone()).await?;
            }
        }
        Ok(())
    }

    // Errors

    /// Runs the handler of an error, or gives the error back.
    fn caught<'r>(&'r mut self, error: Error) -> Running<'r, 's> {
        Box::pin(async move {
            let found = self.frames.iter().enumerate().rev().find_map(|(depth, frame)| {
                let handlers: &'s [Handler] = if frame.is_handling { &[] } else { frame.handlers };
                Some((depth, handler_for(handlers, &error)?))
            });
            let Some((depth, handler)) = found else {
                // That there are no more rows is no error where nobody asks.
                return if error.sqlstate().starts_with("02") { Ok(Flow::Next) } else { Err(error) };
            };
            self.handle(depth, handler).await
        })
    }

    async fn handle(&mut self, depth: usize, handler: &'s Handler) -> Result<Flow<'s>> {
        let inner = self.frames.split_off(depth + 1);
        let hidden = self.scopes.hide(depth + 1);
        let mut number = 0;
        if let Some(frame) = self.frames.last_mut() {
            frame.is_handling = true;
            number = frame.number;
        }
        let flow = match &handler.body {
            HandlerBody::Block(block) => self.block(block).await,
            HandlerBody::Plan(plan) => match self.plan(plan).await {
                Ok(()) => Ok(Flow::Next),
                Err(error) => self.caught(error).await,
            },
        };
        self.frames.truncate(depth + 1);
        if let Some(frame) = self.frames.last_mut() {
            frame.is_handling = false;
        }
        self.frames.extend(inner);
        self.scopes.restore(depth + 1, hidden);
        match flow? {
            // As in Spark, leaving a block further out for an error in the handler ends the handler and no more.
            Flow::Next | Flow::Exit(_) if handler.continues => Ok(Flow::Next),
            Flow::Next | Flow::Exit(_) => Ok(Flow::Exit(number)),
            flow => Ok(flow),
        }
    }

    // Branches and loops

    /// Whether a condition holds; NULL does not.
    async fn holds(&mut self, condition: &Condition) -> Result<bool> {
        let input = Box::new(Relation::new(RelationNode::OneRow));
        let expressions = vec![condition.expr.clone()];
        let query = Relation::new(RelationNode::Project { input, expressions });
        let (schema, batches) = run::collect(self.session, &query).await?;
        let is_boolean = matches!(&*schema.fields, [field] if field.data_type == DataType::Boolean);
        if !is_boolean {
            return Err(INVALID_BOOLEAN_STATEMENT.with("invalidStatement", condition.text.to_uppercase()));
        }
        let value = crate::value::first_row(&schema, &batches)?;
        Ok(matches!(value.as_slice(), [hearth_types::Value::Boolean(true)]))
    }

    async fn branch(&mut self, branches: &'s [Branch], otherwise: &'s [Statement]) -> Result<Flow<'s>> {
        for Branch { condition, body } in branches {
            match self.holds(condition).await {
                Ok(true) => return self.statements(body).await,
                Ok(false) => {}
                Err(error) => return self.caught(error).await,
            }
        }
        self.statements(otherwise).await
    }

    async fn while_loop(
        &mut self,
        label: Option<&str>,
        condition: &'s Condition,
        body: &'s [Statement],
    ) -> Result<Flow<'s>> {
        loop {
            pause().await?;
            match self.holds(condition).await {
                Ok(true) => {}
                Ok(false) => return Ok(Flow::Next),
                Err(error) => return self.caught(error).await,
            }
            if let Some(out) = out_of_loop(self.statements(body).await?, label) {
                return Ok(out);
            }
        }
    }

    async fn repeat(&mut self, label: Option<&str>, body: &'s [Statement], until: &'s Condition) -> Result<Flow<'s>> {
        loop {
            pause().await?;
            if let Some(out) = out_of_loop(self.statements(body).await?, label) {
                return Ok(out);
            }
            match self.holds(until).await {
                Ok(false) => {}
                Ok(true) => return Ok(Flow::Next),
                Err(error) => return self.caught(error).await,
            }
        }
    }

    async fn endless(&mut self, label: Option<&str>, body: &'s [Statement]) -> Result<Flow<'s>> {
        loop {
            pause().await?;
            if let Some(out) = out_of_loop(self.statements(body).await?, label) {
                return Ok(out);
            }
        }
    }

    /// `FOR`: its row is a scope of its own, whose label is the variable.
    async fn rows(
        &mut self,
        label: Option<&str>,
        variable: Option<&String>,
        query: &'s Relation,
        body: &'s [Statement],
    ) -> Result<Flow<'s>> {
        let mut reader = match RowReader::open(self.session, query).await {
            Ok(reader) => reader,
            Err(error) => return self.caught(error).await,
        };
        loop {
            pause().await?;
            let row = match reader.next().await {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(Flow::Next),
                Err(error) => return self.caught(error).await,
            };
            let depth = self.frames.len();
            self.enter(variable.cloned(), &[]);
            let declared = reader.variables(&row).and_then(|columns| {
                let mut columns = columns.into_iter();
                columns.try_for_each(|(name, variable)| self.scopes.declare(&name, Local { variable, default: None }))
            });
            if let Err(error) = declared {
                self.leave(depth);
                return self.caught(error).await;
            }
            let flow = self.statements(body).await;
            self.leave(depth);
            if let Some(out) = out_of_loop(flow?, label) {
                return Ok(out);
            }
        }
    }

    // Cursors

    fn declare_cursor(&mut self, name: &str, text: &str) -> Result<()> {
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        let key = name.to_lowercase();
        if frame.cursors.contains_key(&key) {
            return Err(CURSOR_ALREADY_EXISTS.with("cursorName", quote(&[key])));
        }
        frame.cursors.insert(key, Cursor { text: text.to_owned(), reader: None });
        Ok(())
    }

    /// The cursor of a name: `c`, `label.c`.
    fn cursor(&mut self, name: &Name) -> Result<&mut Cursor> {
        let (label, key) = match name.as_slice() {
            [only] => (None, only.to_lowercase()),
            [label, only] => (Some(label.to_lowercase()), only.to_lowercase()),
            _ => return Err(SCRIPT_CURSOR_NOT_FOUND.with("cursorName", name.join("."))),
        };
        let frames = self.frames.iter_mut().rev();
        let mut frames = frames.filter(|frame| label.as_ref().is_none_or(|label| *label == frame.label));
        frames
            .find_map(|frame| frame.cursors.get_mut(&key))
            .ok_or_else(|| SCRIPT_CURSOR_NOT_FOUND.with("cursorName", name.join(".")))
    }

    async fn open(&mut self, name: &Name, arguments: &[Expr]) -> Result<()> {
        let session = self.session;
        let cursor = self.cursor(name)?;
        if cursor.reader.is_some() {
            return Err(CURSOR_ALREADY_OPEN.with("cursorName", quote(name)));
        }
        let mut sql = SqlText { query: cursor.text.clone(), named: Vec::new(), positional: Vec::new() };
        effects::add_arguments(&mut sql, arguments);
        let query = Relation::new(RelationNode::Sql(sql));
        cursor.reader = Some(RowReader::open(session, &query).await?);
        Ok(())
    }

    async fn fetch(&mut self, name: &Name, into: &[Name]) -> Result<()> {
        let targets = variable::targets(self.session, into)?;
        let session = self.session;
        let cursor = self.cursor(name)?;
        let Some(reader) = &mut cursor.reader else {
            return Err(CURSOR_NOT_OPEN.with("cursorName", quote(name)));
        };
        let Some(row) = reader.next().await? else {
            return Err(CURSOR_NO_MORE_ROWS.with("cursorName", quote(name)));
        };
        let values = crate::value::first_row(&reader.schema, &[row])?;
        let mut values: Vec<Expr> = values.into_iter().map(Expr::literal).collect();
        if let [target] = targets.as_slice()
            && matches!(&target.data_type, DataType::Struct(fields) if fields.fields.len() == values.len())
            && values.len() != 1
        {
            values = vec![Expr::function("struct", values)];
        }
        if values.len() != targets.len() {
            return Err(ASSIGNMENT_ARITY_MISMATCH.with("numTarget", targets.len()).with("numExpr", values.len()));
        }
        variable::assign(session, targets, values).await
    }

    fn close(&mut self, name: &Name) -> Result<()> {
        match self.cursor(name)?.reader.take() {
            Some(_) => Ok(()),
            None => Err(CURSOR_NOT_OPEN.with("cursorName", quote(name))),
        }
    }
}

/// Where a loop goes after one round: `None` is the next round.
fn out_of_loop<'s>(flow: Flow<'s>, label: Option<&str>) -> Option<Flow<'s>> {
    match flow {
        Flow::Next => None,
        Flow::Iterate(target) if label == Some(target) => None,
        Flow::Leave(target) if label == Some(target) => Some(Flow::Next),
        flow => Some(flow),
    }
}

/// Gives other work its turn, and ends the script of an operation that is cancelled.
async fn pause() -> Result<()> {
    tokio::task::yield_now().await;
    match CANCEL.try_with(tokio_util::sync::CancellationToken::is_cancelled) {
        Ok(true) => Err(OPERATION_CANCELED.error()),
        Ok(false) | Err(_) => Ok(()),
    }
}
