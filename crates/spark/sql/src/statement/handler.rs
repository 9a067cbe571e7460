//! Handlers of a script's block: `DECLARE EXIT|CONTINUE HANDLER FOR … statement`.

use hearth_base::Result;
use hearth_base::condition::{
    HANDLER_CONDITION_NOT_FOUND, HANDLER_DUPLICATE_CONDITION, HANDLER_DUPLICATE_SQLSTATE, HANDLER_INVALID_COMBINATION,
    INVALID_SQLSTATE, sparks_has,
};
use hearth_plan::script::{Block, Handler, HandlerBody, Statement};

use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    pub(super) fn handler(&mut self) -> Result<Handler> {
        let start = self.start();
        self.advance();
        let continues = self.at(K::Continue);
        self.script.has_continue_handlers |= continues;
        self.advance();
        self.expect_all(&[K::Handler, K::For])?;
        let nothing = Block { label: None, handlers: Vec::new(), statements: Vec::new() };
        let mut handler = Handler {
            continues,
            conditions: Vec::new(),
            sqlstates: Vec::new(),
            on_exception: false,
            on_not_found: false,
            body: HandlerBody::Block(nothing),
        };
        self.trigger(&mut handler)?;
        while self.accept_kind(TokenKind::Comma) {
            self.trigger(&mut handler)?;
        }
        let is_general = handler.on_exception || handler.on_not_found;
        if is_general && (!handler.conditions.is_empty() || !handler.sqlstates.is_empty()) {
            self.defer(self.script_error(start, HANDLER_INVALID_COMBINATION.error()));
        }
        handler.body = self.handler_body()?;
        Ok(handler)
    }

    /// `SQLSTATE '…'`, `SQLEXCEPTION`, `NOT FOUND` or the name of a condition.
    fn trigger(&mut self, handler: &mut Handler) -> Result<()> {
        let start = self.start();
        if self.at(K::Sqlstate) && !matches!(self.kind_at(1), TokenKind::Dot) {
            self.advance();
            self.accept(K::Value);
            let sqlstate = self.string()?;
            let sqlstate = self.checked_sqlstate(start, sqlstate)?;
            if handler.sqlstates.contains(&sqlstate) {
                self.defer(self.script_error(start, HANDLER_DUPLICATE_SQLSTATE.with("sqlState", &sqlstate)));
            }
            handler.sqlstates.push(sqlstate);
        } else if self.accept(K::Sqlexception) {
            handler.on_exception = true;
        } else if self.accept_all(&[K::Not, K::Found]) {
            handler.on_not_found = true;
        } else {
            let name = self.name()?.join(".").to_uppercase();
            let is_declared = self.script.conditions.iter().flatten().any(|known| *known == name);
            if !is_declared && !sparks_has(&name) {
                self.defer(self.script_error(start, HANDLER_CONDITION_NOT_FOUND.with("condition", &name)));
            }
            if handler.conditions.contains(&name) {
                self.defer(self.script_error(start, HANDLER_DUPLICATE_CONDITION.with("condition", &name)));
            }
            handler.conditions.push(name);
        }
        Ok(())
    }

    /// Five of A-Z and 0-9, in a class that a handler can be for.
    pub(super) fn checked_sqlstate(&mut self, start: usize, sqlstate: String) -> Result<String> {
        let upper = sqlstate.to_uppercase();
        let is_plain = upper.len() == 5 && upper.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        if is_plain && !["00", "01", "XX"].iter().any(|class| upper.starts_with(class)) {
            return Ok(upper);
        }
        self.defer(self.script_error(start, INVALID_SQLSTATE.with("sqlState", sqlstate)));
        Ok(upper)
    }

    /// A block, or one statement that is no control of flow.
    fn handler_body(&mut self) -> Result<HandlerBody> {
        if self.at(K::Begin) {
            return self.block(None).map(HandlerBody::Block);
        }
        if self.at(K::Set) {
            return self.set_in_script().map(|plan| HandlerBody::Plan(Box::new(plan)));
        }
        match self.plain_statement()? {
            Statement::Plan(plan) => Ok(HandlerBody::Plan(Box::new(plan))),
            _ => Err(self.unexpected()),
        }
    }
}
