//! SQL scripts: `BEGIN … END` with declarations, handlers, branches, loops and cursors.
//!
//! Labels and the order of declarations are checked here, as Spark does; what depends on settings (cursors, `CONTINUE`)
//! is only marked. In a script `SET` assigns variables and nothing else, and a semicolon ends every statement.

use hearth_base::condition::{
    CONDITION_NOT_AT_START, DUPLICATE_CONDITION_IN_SCOPE, END_LABEL_WITHOUT_BEGIN_LABEL, HANDLER_IN_WRONG_PLACE,
    INVALID_CURSOR_DECLARATION, ITERATE_IN_COMPOUND, LABEL_DOES_NOT_EXIST, LABEL_OR_FOR_VARIABLE_ALREADY_EXISTS,
    LABEL_OR_FOR_VARIABLE_NAME_FORBIDDEN, LABELS_MISMATCH, QUALIFIED_LOCAL_VARIABLE, REPLACE_LOCAL_VARIABLE,
    SCRIPT_DROP_VARIABLE, VARIABLE_NOT_ALLOWED_IN_SCOPE, VARIABLE_ONLY_AT_BEGINNING,
};
use hearth_base::{Error, Result};
use hearth_plan::identifier::quote;
use hearth_plan::script::{Block, Branch, Condition, Script, Statement};
use hearth_plan::{Command, Expr, Plan};

use crate::error::Mend;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

/// What rules need to know of the script around them.
#[derive(Debug, Default)]
pub struct ScriptState {
    pub is_inside: bool,
    /// In the query of a `FOR`, which ends at `DO`.
    pub in_for_query: bool,
    pub has_cursors: bool,
    pub has_continue_handlers: bool,
    labels: Vec<Label>,
    /// The conditions declared in the blocks around the cursor, in upper case.
    pub conditions: Vec<Vec<String>>,
}

#[derive(Debug)]
struct Label {
    name: String,
    is_loop: bool,
    /// The variable of `FOR`, which no `LEAVE` can name.
    is_variable: bool,
}

/// How far a block has come: declarations, then handlers, then the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Variables,
    Cursors,
    Handlers,
    Rest,
}

/// A block that is being read.
struct Open {
    part: Part,
    block: Block,
}

/// Words at which the statements of a body end.
const BODY_ENDS: [K; 5] = [K::End, K::Else, K::Elseif, K::When, K::Until];

impl Parser<'_> {
    /// A whole script.
    pub(super) fn script(&mut self) -> Result<Plan> {
        self.script.is_inside = true;
        let body = self.block(None)?;
        if self.at_kind(TokenKind::Semicolon) && self.kind_at(1) == TokenKind::Semicolon {
            return Err(crate::error::syntax(self.text, self.peek_at(1), Mend::Extra));
        }
        let (has_cursors, has_continue_handlers) = (self.script.has_cursors, self.script.has_continue_handlers);
        Ok(Plan::Command(Command::Script(Box::new(Script { body, has_cursors, has_continue_handlers }))))
    }

    /// `BEGIN [NOT ATOMIC] … END`
    pub(super) fn block(&mut self, label: Option<String>) -> Result<Block> {
        self.expect(K::Begin)?;
        self.accept_all(&[K::Not, K::Atomic]);
        self.script.conditions.push(Vec::new());
        let block = Block { label, handlers: Vec::new(), statements: Vec::new() };
        let mut open = Open { part: Part::Variables, block };
        while !self.at_body_end() {
            let has_statements = !open.block.statements.is_empty() || open.part != Part::Variables;
            if has_statements && self.at_kind(TokenKind::Semicolon) {
                // What follows `END` fits here too, unless the end itself follows.
                let is_end = self.keyword_at(1).is_some_and(|word| BODY_ENDS.contains(&word));
                let mend = if is_end { Mend::Extra } else { Mend::Missing(TokenKind::Word(Some(K::End))) };
                return Err(crate::error::syntax(self.text, self.peek(), mend));
            }
            self.nested(|parser| parser.part_of_block(&mut open))?;
            self.expect_kind(TokenKind::Semicolon)?;
        }
        self.script.conditions.pop();
        self.expect(K::End)?;
        Ok(open.block)
    }

    /// The word ends a body unless it is a label.
    fn at_body_end(&self) -> bool {
        self.at_kind(TokenKind::End) || (self.at_any(&BODY_ENDS) && self.kind_at(1) != TokenKind::Colon)
    }

    fn part_of_block(&mut self, open: &mut Open) -> Result<()> {
        let start = self.start();
        if self.at(K::Declare) {
            if self.at_handler_declaration() {
                if open.part == Part::Rest {
                    self.defer(self.script_error(start, HANDLER_IN_WRONG_PLACE.error()));
                }
                open.part = Part::Handlers;
                let handler = self.handler()?;
                open.block.handlers.push(handler);
                return Ok(());
            }
            if self.kind_at(1).is_name() && self.keyword_at(2) == Some(K::Condition) {
                return self.condition_declaration(open.part);
            }
            let is_qualified = self.kind_at(2) == TokenKind::Dot && self.keyword_at(4) == Some(K::Condition);
            if is_qualified && self.keyword_at(5) == Some(K::For) {
                return Err(self.unexpected_at(self.peek_at(5)));
            }
            if self.at_cursor_declaration() {
                let (name, text) = self.cursor_declaration()?;
                if open.part > Part::Cursors {
                    self.defer(self.script_error(start, INVALID_CURSOR_DECLARATION.error()));
                }
                open.part = Part::Cursors;
                open.block.statements.push(Statement::DeclareCursor { name, text });
                return Ok(());
            }
            let (declaration, shown) = self.variable_declaration()?;
            if open.part != Part::Variables {
                self.defer(self.script_error(start, VARIABLE_ONLY_AT_BEGINNING.with("varName", shown)));
            }
            open.block.statements.push(Statement::Plan(declaration));
            return Ok(());
        }
        open.part = Part::Rest;
        let statement = self.script_statement()?;
        open.block.statements.push(statement);
        Ok(())
    }

    /// `DECLARE name CONDITION [FOR SQLSTATE [VALUE] '…']`. Nothing raises it, so only its name is kept.
    fn condition_declaration(&mut self, part: Part) -> Result<()> {
        let start = self.start();
        self.advance();
        let name = self.identifier()?.to_uppercase();
        self.expect(K::Condition)?;
        if self.accept(K::For) {
            self.expect(K::Sqlstate)?;
            self.accept(K::Value);
            let sqlstate = self.string()?;
            self.checked_sqlstate(start, sqlstate)?;
        }
        if part != Part::Variables {
            let error = CONDITION_NOT_AT_START.with("conditionName", quote(std::slice::from_ref(&name)));
            self.defer(self.script_error(start, error));
        }
        if self.script.conditions.last().is_some_and(|known| known.contains(&name)) {
            let error = DUPLICATE_CONDITION_IN_SCOPE.with("condition", quote(std::slice::from_ref(&name)));
            self.defer(self.script_error(start, error));
        }
        if let Some(known) = self.script.conditions.last_mut() {
            known.push(name);
        }
        Ok(())
    }

    /// A variable's declaration and its name as errors show it.
    fn variable_declaration(&mut self) -> Result<(Plan, String)> {
        let start = self.start();
        let plan = self.declare()?;
        let Plan::Command(Command::DeclareVariable { names, or_replace, .. }) = &plan else {
            return Err(self.unexpected());
        };
        let shown = names.first().map(|name| quote(name)).unwrap_or_default();
        if let Some(qualified) = names.iter().find(|name| name.len() > 1) {
            let error = QUALIFIED_LOCAL_VARIABLE.with("varName", quote(qualified));
            self.defer(self.script_error(start, error));
        }
        if *or_replace {
            self.defer(self.script_error(start, REPLACE_LOCAL_VARIABLE.with("varName", &shown)));
        }
        Ok((plan, shown))
    }

    /// The statements of a branch or a loop, which declares nothing.
    fn body(&mut self) -> Result<Vec<Statement>> {
        let mut statements = Vec::new();
        if self.at_body_end() && !self.at_kind(TokenKind::End) {
            // Without a statement, `END` reads as the start of one.
            return Err(self.unexpected_at(self.peek_at(1)));
        }
        while !self.at_body_end() {
            let start = self.start();
            if self.at(K::Declare) && !self.at_handler_declaration() && !self.at_cursor_declaration() {
                let (_, shown) = self.variable_declaration()?;
                self.defer(self.script_error(start, VARIABLE_NOT_ALLOWED_IN_SCOPE.with("varName", shown)));
            } else if self.at(K::Declare) {
                self.defer(self.script_error(start, HANDLER_IN_WRONG_PLACE.error()));
                match self.at_handler_declaration() {
                    true => drop(self.handler()?),
                    false => drop(self.cursor_declaration()?),
                }
            } else {
                statements.push(self.nested(Self::script_statement)?);
            }
            self.expect_kind(TokenKind::Semicolon)?;
        }
        Ok(statements)
    }

    fn script_statement(&mut self) -> Result<Statement> {
        let start = self.start();
        // `SELECT :p` has a colon too.
        let is_labelled = self.kind().is_name()
            && self.kind_at(1) == TokenKind::Colon
            && matches!(self.keyword_at(2), Some(K::Begin | K::While | K::Repeat | K::Loop | K::For));
        let label = if is_labelled { Some(self.begin_label()?) } else { None };
        let Some(keyword) = self.keyword() else {
            return if self.at_kind(TokenKind::LeftParen) { self.plain_statement() } else { Err(self.no_statement()) };
        };
        let has_label = label.is_some();
        match keyword {
            K::Begin => self.labelled(start, label, false, |parser, label| parser.block(label).map(Statement::Block)),
            K::While => self.labelled(start, label, true, Self::while_loop),
            K::Repeat => self.labelled(start, label, true, Self::repeat_loop),
            K::Loop => self.labelled(start, label, true, Self::endless_loop),
            K::For => self.labelled(start, label, true, Self::for_loop),
            _ if has_label => Err(self.unexpected()),
            K::If => self.if_statement(),
            K::Case => self.case_statement(),
            K::Leave | K::Iterate if self.kind_at(1).is_name() => self.jump(),
            K::Open | K::Fetch | K::Close => self.cursor(),
            K::Set => self.set_in_script().map(Statement::Plan),
            K::Drop if self.at_all(&[K::Drop, K::Temporary, K::Variable]) => {
                let plan = self.statement()?;
                self.defer(self.script_error(start, SCRIPT_DROP_VARIABLE.error()));
                Ok(Statement::Plan(plan))
            }
            K::Reset => Err(self.no_statement()),
            _ => self.plain_statement(),
        }
    }

    pub(super) fn plain_statement(&mut self) -> Result<Statement> {
        let start = self.start();
        match self.statement() {
            Ok(plan) => Ok(Statement::Plan(plan)),
            Err(_) if self.is_still_at(start) => Err(self.no_statement()),
            Err(error) => Err(error),
        }
    }

    /// A word that starts no statement could have been a label: what follows it is wrong.
    fn no_statement(&self) -> Error {
        let second = self.peek_at(1);
        match self.kind().is_name() {
            true => self.unexpected_at(second),
            false
                if self.is_behind(TokenKind::Semicolon)
                    && self.keyword_at(1).is_some_and(|word| BODY_ENDS.contains(&word)) =>
            {
                self.surplus()
            }
            false => self.unexpected(),
        }
    }

    /// `SET a = 1, b = DEFAULT` and `SET (a, b) = (query)`
    pub(super) fn set_in_script(&mut self) -> Result<Plan> {
        self.advance();
        self.set_variable()
    }

    // Labels

    fn begin_label(&mut self) -> Result<String> {
        let start = self.start();
        if self.keyword().is_some_and(K::is_strict_non_reserved) {
            return Err(self.unexpected());
        }
        let name = self.identifier()?;
        self.expect_kind(TokenKind::Colon)?;
        self.checked_label(start, &name)?;
        Ok(name)
    }

    /// A label or the variable of `FOR`, which share their names.
    fn checked_label(&mut self, start: usize, name: &str) -> Result<()> {
        let shown = || quote(&[name.to_lowercase()]);
        if ["system", "session", "builtin"].iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
            self.defer(self.script_error(start, LABEL_OR_FOR_VARIABLE_NAME_FORBIDDEN.with("label", shown())));
        }
        if self.script.labels.iter().any(|label| label.name.eq_ignore_ascii_case(name)) {
            self.defer(self.script_error(start, LABEL_OR_FOR_VARIABLE_ALREADY_EXISTS.with("label", shown())));
        }
        Ok(())
    }

    /// Reads what a label may stand before, and the label behind it.
    fn labelled(
        &mut self,
        start: usize,
        label: Option<String>,
        is_loop: bool,
        rule: fn(&mut Self, Option<String>) -> Result<Statement>,
    ) -> Result<Statement> {
        let depth = self.script.labels.len();
        if let Some(name) = &label {
            self.script.labels.push(Label { name: name.to_lowercase(), is_loop, is_variable: false });
        }
        let statement = rule(self, label.as_ref().map(|label| label.to_lowercase()))?;
        self.script.labels.truncate(depth);
        if !self.kind().is_name() {
            return Ok(statement);
        }
        let end = self.identifier()?;
        match label {
            Some(begin) if begin.eq_ignore_ascii_case(&end) => Ok(statement),
            Some(begin) => {
                let error = LABELS_MISMATCH
                    .with("beginLabel", quote(&[begin.to_lowercase()]))
                    .with("endLabel", quote(&[end.to_lowercase()]));
                self.defer(self.script_error(start, error));
                Ok(statement)
            }
            None => {
                let error = END_LABEL_WITHOUT_BEGIN_LABEL.with("endLabel", quote(&[end.to_lowercase()]));
                self.defer(self.script_error(start, error));
                Ok(statement)
            }
        }
    }

    /// `LEAVE label`, `ITERATE label`
    fn jump(&mut self) -> Result<Statement> {
        let start = self.start();
        let is_leave = self.at(K::Leave);
        self.advance();
        if self.keyword().is_some_and(K::is_strict_non_reserved) {
            return Err(self.unexpected());
        }
        let name = self.identifier()?;
        let lower = name.to_lowercase();
        let found = self.script.labels.iter().find(|label| label.name == lower && !label.is_variable);
        let Some(label) = found else {
            let error = LABEL_DOES_NOT_EXIST
                .with("labelName", name.to_uppercase())
                .with("statementType", if is_leave { "LEAVE" } else { "ITERATE" });
            self.defer(self.script_error(start, error));
            return Ok(Statement::Leave(lower));
        };
        if is_leave {
            return Ok(Statement::Leave(lower));
        }
        if !label.is_loop {
            self.defer(self.script_error(start, ITERATE_IN_COMPOUND.with("labelName", name.to_uppercase())));
        }
        Ok(Statement::Iterate(lower))
    }

    // Branches and loops

    fn script_condition(&mut self) -> Result<Condition> {
        let start = self.start();
        let expr = self.expression()?;
        Ok(Condition { expr, text: self.since(start).to_owned() })
    }

    /// `IF … THEN … [ELSEIF … THEN …] [ELSE …] END IF`
    fn if_statement(&mut self) -> Result<Statement> {
        self.advance();
        let mut branches = Vec::new();
        loop {
            let condition = self.script_condition()?;
            self.expect(K::Then)?;
            branches.push(Branch { condition, body: self.body()? });
            if !self.accept(K::Elseif) {
                break;
            }
        }
        let otherwise = if self.accept(K::Else) { self.body()? } else { Vec::new() };
        self.expect_all(&[K::End, K::If])?;
        Ok(Statement::If { branches, otherwise })
    }

    /// `CASE [value] WHEN … THEN … [ELSE …] END CASE`
    fn case_statement(&mut self) -> Result<Statement> {
        self.advance();
        let value = if self.at(K::When) { None } else { Some(self.expression()?) };
        let mut branches = Vec::new();
        if !self.at(K::When) {
            return Err(self.unexpected());
        }
        while self.accept(K::When) {
            let start = self.start();
            let mut condition = self.script_condition()?;
            if let Some(value) = &value {
                let (left, right) = (value.clone(), condition.expr.clone());
                condition.expr = self.expr(start, Expr::function("==", vec![left, right]).node);
            }
            self.expect(K::Then)?;
            branches.push(Branch { condition, body: self.body()? });
        }
        let otherwise = if self.accept(K::Else) { self.body()? } else { Vec::new() };
        self.expect_all(&[K::End, K::Case])?;
        Ok(Statement::If { branches, otherwise })
    }

    fn while_loop(&mut self, label: Option<String>) -> Result<Statement> {
        self.advance();
        let condition = self.script_condition()?;
        self.expect_quietly(TokenKind::Word(Some(K::Do)))?;
        let body = self.body()?;
        self.expect_all(&[K::End, K::While])?;
        Ok(Statement::While { label, condition, body })
    }

    fn repeat_loop(&mut self, label: Option<String>) -> Result<Statement> {
        self.advance();
        let body = self.body()?;
        self.expect(K::Until)?;
        let until = self.script_condition()?;
        if self.at_kind(TokenKind::Semicolon) {
            return Err(self.unexpected());
        }
        self.expect_all(&[K::End, K::Repeat])?;
        Ok(Statement::Repeat { label, body, until })
    }

    fn endless_loop(&mut self, label: Option<String>) -> Result<Statement> {
        self.advance();
        let body = self.body()?;
        self.expect_all(&[K::End, K::Loop])?;
        Ok(Statement::Loop { label, body })
    }

    /// `FOR [row AS] query DO … END FOR`
    fn for_loop(&mut self, label: Option<String>) -> Result<Statement> {
        self.advance();
        let mut variable = None;
        if self.kind().is_name() && self.keyword_at(1) == Some(K::As) && !self.starts_query_at(0) {
            let start = self.start();
            let name = self.identifier()?;
            self.advance();
            self.checked_label(start, &name)?;
            let name = name.to_lowercase();
            self.script.labels.push(Label { name: name.clone(), is_loop: false, is_variable: true });
            variable = Some(name);
        } else if self.kind().is_name() && !self.starts_query_at(0) {
            return Err(self.unexpected_at(self.peek_at(1)));
        }
        let around = std::mem::replace(&mut self.script.in_for_query, true);
        let query = self.query();
        self.script.in_for_query = around;
        let query = query?;
        self.expect_quietly(TokenKind::Word(Some(K::Do)))?;
        let body = self.body()?;
        self.expect_all(&[K::End, K::For])?;
        Ok(Statement::For { label, variable, query, body })
    }

    // Cursors

    /// `DECLARE name [INSENSITIVE] CURSOR FOR`
    pub(super) fn at_cursor_declaration(&self) -> bool {
        (2..=3).any(|ahead| self.keyword_at(ahead) == Some(K::Cursor) && self.keyword_at(ahead + 1) == Some(K::For))
    }

    /// The cursor's name and the text of its query.
    fn cursor_declaration(&mut self) -> Result<(String, String)> {
        self.script.has_cursors = true;
        self.advance();
        let name = self.identifier()?;
        self.accept_any(&[K::Asensitive, K::Insensitive]);
        self.expect_all(&[K::Cursor, K::For])?;
        let start = self.start();
        self.query()?;
        let text = self.since(start).to_owned();
        self.accept_all(&[K::For, K::Read, K::Only]);
        Ok((name, text))
    }

    /// `DECLARE … CURSOR` that is no part of a script.
    pub(super) fn cursor_declaration_alone(&mut self) -> Result<Plan> {
        let (name, _) = self.cursor_declaration()?;
        Ok(Plan::Command(Command::CursorOutsideScript { cursor: quote(&[name]), into: Vec::new() }))
    }

    /// `OPEN`, `FETCH` or `CLOSE` that is no part of a script.
    pub(super) fn cursor_alone(&mut self) -> Result<Plan> {
        let (cursor, into) = match self.cursor()? {
            Statement::Fetch { cursor, into } => (cursor, into),
            Statement::Open { cursor, .. } | Statement::Close { cursor } => (cursor, Vec::new()),
            _ => (Vec::new(), Vec::new()),
        };
        Ok(Plan::Command(Command::CursorOutsideScript { cursor: cursor.join("."), into }))
    }

    /// `OPEN c [USING …]`, `FETCH [[NEXT] FROM] c INTO a`, `CLOSE c`
    fn cursor(&mut self) -> Result<Statement> {
        if !self.kind_at(1).is_name() {
            return Err(self.no_statement());
        }
        self.script.has_cursors = true;
        match self.expect_any(&[K::Open, K::Fetch, K::Close])? {
            K::Open => {
                let cursor = self.name()?;
                let arguments = if self.accept(K::Using) { self.using_arguments()? } else { Vec::new() };
                Ok(Statement::Open { cursor, arguments })
            }
            K::Fetch => {
                let _ = self.accept_all(&[K::Next, K::From]) || self.accept(K::From);
                let cursor = self.name()?;
                self.expect(K::Into)?;
                Ok(Statement::Fetch { cursor, into: self.names()? })
            }
            _ => Ok(Statement::Close { cursor: self.name()? }),
        }
    }

    /// An error about a script. Spark tells its line and no more.
    pub(super) fn script_error(&self, _start: usize, error: Error) -> Error {
        error
    }

    /// `EXIT` or `CONTINUE`, then `HANDLER`.
    fn at_handler_declaration(&self) -> bool {
        matches!(self.keyword_at(1), Some(K::Exit | K::Continue))
            && self.keyword_at(2) == Some(K::Handler)
            && self.keyword_at(3) == Some(K::For)
    }
}
