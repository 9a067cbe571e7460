//! Which handler is for which error.

use hearth_base::condition::{DUPLICATE_HANDLER_CONDITION, DUPLICATE_HANDLER_SQLSTATE};
use hearth_base::{Error, ErrorKind, Result};
use hearth_plan::script::{Block, Handler, HandlerBody, Statement};

/// Refuses two handlers of one block for the same error, in all blocks.
pub fn check(block: &Block) -> Result<()> {
    let (mut conditions, mut sqlstates) = (Vec::new(), Vec::new());
    let twice =
        |is_general: fn(&Handler) -> bool| block.handlers.iter().filter(|handler| is_general(handler)).count() > 1;
    if twice(|handler| handler.on_exception) {
        return Err(DUPLICATE_HANDLER_CONDITION.with("condition", "SQLEXCEPTION"));
    }
    if twice(|handler| handler.on_not_found) {
        return Err(DUPLICATE_HANDLER_CONDITION.with("condition", "NOT FOUND"));
    }
    for handler in &block.handlers {
        if let HandlerBody::Block(body) = &handler.body {
            check(body)?;
        }
        for condition in &handler.conditions {
            if conditions.contains(&condition) {
                return Err(DUPLICATE_HANDLER_CONDITION.with("condition", condition));
            }
            conditions.push(condition);
        }
        for sqlstate in &handler.sqlstates {
            if sqlstates.contains(&sqlstate) {
                return Err(DUPLICATE_HANDLER_SQLSTATE.with("sqlState", sqlstate));
            }
            sqlstates.push(sqlstate);
        }
    }
    check_all(&block.statements)
}

fn check_all(statements: &[Statement]) -> Result<()> {
    statements.iter().try_for_each(|statement| match statement {
        Statement::Block(block) => check(block),
        Statement::If { branches, otherwise } => {
            branches.iter().try_for_each(|branch| check_all(&branch.body))?;
            check_all(otherwise)
        }
        Statement::While { body, .. }
        | Statement::Repeat { body, .. }
        | Statement::Loop { body, .. }
        | Statement::For { body, .. } => check_all(body),
        Statement::Plan(_)
        | Statement::Leave(_)
        | Statement::Iterate(_)
        | Statement::DeclareCursor { .. }
        | Statement::Open { .. }
        | Statement::Fetch { .. }
        | Statement::Close { .. } => Ok(()),
    })
}

/// The handler of a block for an error: by its condition first, then by its SQLSTATE, then the general ones.
pub fn handler_for<'h>(handlers: &'h [Handler], error: &Error) -> Option<&'h Handler> {
    if !is_catchable(error) {
        return None;
    }
    let (name, sqlstate) = (error.name(), error.sqlstate());
    let main = name.split('.').next().unwrap_or(name);
    let by_condition = |wanted: &str| handlers.iter().find(|handler| handler.conditions.iter().any(|c| c == wanted));
    by_condition(name)
        .or_else(|| by_condition(main))
        .or_else(|| handlers.iter().find(|handler| handler.sqlstates.iter().any(|state| state == sqlstate)))
        .or_else(|| {
            let is_not_found = sqlstate.starts_with("02");
            handlers.iter().find(|handler| if is_not_found { handler.on_not_found } else { handler.on_exception })
        })
}

/// What stops the operation stops its script.
fn is_catchable(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Cancelled | ErrorKind::DeadlineExceeded | ErrorKind::Unavailable | ErrorKind::Internal => false,
        ErrorKind::InvalidRequest
        | ErrorKind::Unauthenticated
        | ErrorKind::Denied
        | ErrorKind::NotFound
        | ErrorKind::AlreadyExists
        | ErrorKind::Conflict
        | ErrorKind::Parse
        | ErrorKind::Analysis
        | ErrorKind::Runtime
        | ErrorKind::UserCode
        | ErrorKind::Exhausted
        | ErrorKind::Unsupported => true,
    }
}
