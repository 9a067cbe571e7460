//! `SET`, `RESET`, `USE`. Keys and values of settings are raw text, not tokens.

use hearth_base::Result;
use hearth_base::condition::{
    INVALID_RESET_COMMAND_FORMAT, INVALID_SET_SYNTAX, INVALID_TIME_ZONE_SYNTAX, MULTI_PART_NAME,
};
use hearth_plan::catalog::Style;
use hearth_plan::identifier::quote;
use hearth_plan::relation::NameForm;
use hearth_plan::{CatalogOp, Command, ExprNode, Plan};
use hearth_types::Value;

use super::catalog;
use crate::keywords::Keyword as K;
use crate::literal::unquote;
use crate::parser::Parser;
use crate::token::TokenKind;

const NAMESPACE: [K; 3] = [K::Namespace, K::Database, K::Schema];

impl Parser<'_> {
    pub(super) fn use_statement(&mut self) -> Result<Plan> {
        self.advance();
        if self.at(K::Catalog) && (self.kind_at(1).is_name() || self.kind_at(1).is_string()) {
            return self.use_catalog();
        }
        if self.kind_at(1).is_name() {
            self.accept_any(&NAMESPACE);
        }
        let name = self.plain_name()?;
        Ok(catalog(CatalogOp::SetCurrentDatabase { name, style: Style::Sql }))
    }

    pub(super) fn set(&mut self) -> Result<Plan> {
        let start = self.start();
        self.advance();
        if self.at(K::Catalog) && self.kind_at(1).starts_expression() {
            return self.set_catalog();
        }
        if self.at_all(&[K::Time, K::Zone]) {
            return self.set_time_zone();
        }
        if self.at_any(&[K::Variable, K::Var]) && (self.kind_at(1).is_name() || self.kind_at(1) == TokenKind::LeftParen)
        {
            self.advance();
            return self.set_variable();
        }
        if self.at(K::Role) && self.kind_at(1) != TokenKind::Equal {
            return self.not_allowed_from(start);
        }
        if self.at(K::Path) && self.kind_at(1) == TokenKind::Equal && self.kind_at(2).is_name() {
            self.skip_rest();
            return Ok(Plan::Command(Command::SetPath));
        }
        self.set_config(start)
    }

    fn set_catalog(&mut self) -> Result<Plan> {
        self.advance();
        if self.at(K::Identifier) && self.kind_at(1) == TokenKind::LeftParen {
            return Ok(match self.table_name()?.form {
                NameForm::Plain(name) => catalog(CatalogOp::SetCurrentCatalog { name: name.join(".") }),
                NameForm::Identifier(name) => Plan::Command(Command::SetCatalog { name: *name }),
            });
        }
        let expr = self.expression()?;
        if let ExprNode::Literal(Value::String(name)) = &expr.node {
            return Ok(catalog(CatalogOp::SetCurrentCatalog { name: name.to_string() }));
        }
        if let ExprNode::Attribute { name, .. } = &expr.node
            && name.len() > 1
        {
            return Err(MULTI_PART_NAME.with("statement", "SET CATALOG").with("name", quote(name)));
        }
        Ok(Plan::Command(Command::SetCatalog { name: expr }))
    }

    fn set_time_zone(&mut self) -> Result<Plan> {
        self.advance();
        self.advance();
        let zone = if self.at(K::Interval) {
            Some(self.interval()?)
        } else if self.kind().is_string() {
            Some(self.string_expr()?)
        } else if self.accept(K::Local) {
            None
        } else {
            self.skip_rest();
            return Err(self.about_statement(INVALID_TIME_ZONE_SYNTAX.error()));
        };
        Ok(Plan::Command(Command::SetTimeZone { zone }))
    }

    pub(super) fn set_variable(&mut self) -> Result<Plan> {
        if self.at_kind(TokenKind::LeftParen) {
            let names = self.paren_list(Self::name)?;
            self.expect_kind(TokenKind::Equal)?;
            let query = Some(Box::new(self.parenthesized_query()?));
            let assignments = names.into_iter().map(|name| (name, hearth_plan::Expr::new(ExprNode::Default))).collect();
            return Ok(Plan::Command(Command::SetVariable { assignments, query }));
        }
        let assignments = self.comma_list(|parser| {
            let name = parser.name()?;
            parser.expect_kind(TokenKind::Equal)?;
            let value = parser.expression()?;
            Ok((name, parser.default_if_word(value)))
        })?;
        Ok(Plan::Command(Command::SetVariable { assignments, query: None }))
    }

    /// `SET`, `SET -v`, `SET key`, `SET key=value`, with the key and the value in backticks or bare.
    fn set_config(&mut self, start: usize) -> Result<Plan> {
        let quoted_key = self.at_kind(TokenKind::Quoted).then(|| self.quoted());
        let rest = self.raw_rest();
        let (key, value) = match rest.split_once('=') {
            Some((key, value)) => (key.trim(), Some(value.trim())),
            None => (rest, None),
        };
        let key = match quoted_key {
            Some(quoted) if is_one_quoted(key) => quoted,
            Some(_) => return Err(self.plain(start, INVALID_SET_SYNTAX)),
            None if key == "-v" && value.is_none() => {
                return Ok(Plan::Command(Command::ShowConfig { key: None, verbose: true }));
            }
            None => key.to_owned(),
        };
        if key.is_empty() && value.is_none() {
            return Ok(Plan::Command(Command::ShowConfig { key: None, verbose: false }));
        }
        let is_bare = |key: &str| {
            !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '\\'))
        };
        let is_quoted = rest.starts_with('`');
        if (!is_quoted && !is_bare(&key)) || value.is_some_and(|value| value.contains(';') && !is_one_quoted(value)) {
            return Err(self.plain(start, INVALID_SET_SYNTAX));
        }
        let Some(value) = value else {
            return Ok(Plan::Command(Command::ShowConfig { key: Some(key), verbose: false }));
        };
        let value = if is_one_quoted(value) { value[1..value.len() - 1].replace("``", "`") } else { value.to_owned() };
        Ok(Plan::Command(Command::SetConfig { key, value }))
    }

    /// The text behind the first word, as it was typed; one semicolon ends it.
    fn raw_rest(&mut self) -> &str {
        let rest = self.skip_rest().len();
        let from = self.end() - rest;
        let semicolons = (0..).take_while(|ahead| self.kind_at(*ahead) == TokenKind::Semicolon).count();
        let end = if semicolons > 1 { self.peek_at(semicolons - 1).start as usize } else { self.end() };
        self.text[from..end.max(from)].trim()
    }

    /// The name in backticks here, not taken.
    fn quoted(&self) -> String {
        let lexeme = self.lexeme(self.peek());
        lexeme[1..lexeme.len() - 1].replace("``", "`")
    }

    pub(super) fn reset(&mut self) -> Result<Plan> {
        let start = self.start();
        self.advance();
        let rest = self.raw_rest();
        let key = if is_one_quoted(rest) {
            Some(rest[1..rest.len() - 1].replace("``", "`"))
        } else if rest.is_empty() {
            None
        } else if rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '\\')) {
            Some(rest.to_owned())
        } else {
            return Err(self.plain(start, INVALID_RESET_COMMAND_FORMAT));
        };
        Ok(Plan::Command(Command::ResetConfig { key }))
    }

    /// `ADD JAR 'a' b`, `LIST FILES`
    pub(super) fn resource(&mut self) -> Result<Plan> {
        let is_add = self.advance().kind == TokenKind::Word(Some(K::Add));
        let kind = self.plain_identifier()?.to_uppercase();
        let kinds = ["FILE", "FILES", "JAR", "JARS", "ARCHIVE", "ARCHIVES"];
        let rest = self.skip_rest().to_owned();
        if !kinds.contains(&kind.as_str()) {
            let what = format!("{} with resource type '{}'", if is_add { "ADD" } else { "LIST" }, kind.to_lowercase());
            return Err(self.operation_not_allowed(&what));
        }
        let paths = paths(&rest);
        let kind = kind.trim_end_matches('S').to_owned();
        Ok(Plan::Command(match is_add {
            true => Command::AddResource { kind, paths },
            false => Command::ListResources { kind, paths },
        }))
    }
}

/// Whether the text is one name in backticks.
fn is_one_quoted(text: &str) -> bool {
    let inner = text.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
    text.len() > 1 && inner.is_some_and(|inner| !inner.replace("``", "").contains('`'))
}

/// Paths separated by blanks; quoted ones may have blanks inside.
fn paths(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '\'' | '"' => rest[1..].find(first).map_or(rest.len(), |close| close + 2),
            _ => rest.find(char::is_whitespace).unwrap_or(rest.len()),
        };
        let path = &rest[..end];
        let is_quoted = path.len() > 1 && matches!(first, '\'' | '"') && path.ends_with(first);
        paths.push(if is_quoted { unquote(path) } else { path.to_owned() });
        rest = rest[end..].trim_start();
    }
    paths
}
