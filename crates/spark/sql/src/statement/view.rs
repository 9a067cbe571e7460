//! `CREATE VIEW` in all its kinds.

use hearth_base::Result;
use hearth_base::condition::{CREATE_VIEW_WITH_IF_NOT_EXISTS_AND_REPLACE, TEMP_VIEW_IF_NOT_EXISTS};
use hearth_plan::command::{CreateView, ViewKind};
use hearth_plan::relation::{DataSource, NameForm};
use hearth_plan::{Command, Options, Plan, RelationNode};

use super::create::CreateWords;
use super::unsupported;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    pub(super) fn create_view(&mut self, start: usize, words: CreateWords) -> Result<Plan> {
        self.advance();
        if words.global && !words.temporary {
            return Err(self.unexpected());
        }
        let if_not_exists = self.if_not_exists()?;
        let at = self.start();
        let name = self.table_name()?;
        let kind = match (words.global, words.temporary) {
            (true, _) => ViewKind::GlobalTemp,
            (false, true) => ViewKind::Temp,
            (false, false) => ViewKind::Persistent,
        };
        if words.or_replace && if_not_exists {
            let name = self.since(at);
            let error = CREATE_VIEW_WITH_IF_NOT_EXISTS_AND_REPLACE.with("viewName", name);
            self.defer(self.about_statement(error));
        }
        if words.temporary {
            if if_not_exists {
                self.defer(self.about_statement(TEMP_VIEW_IF_NOT_EXISTS.error()));
            }
            if let NameForm::Plain(name) = &name.form
                && !words.global
            {
                self.temporary_name("VIEW", name);
            }
        }
        let mut view = CreateView {
            name,
            kind,
            query: self.relation(start, RelationNode::OneRow),
            text: None,
            columns: Vec::new(),
            comment: None,
            properties: Options::new(),
            if_not_exists,
            or_replace: words.or_replace,
            schema_mode: None,
        };
        if words.temporary && self.at_view_using() {
            return self.view_using(view);
        }
        if self.at_kind(TokenKind::LeftParen) {
            self.advance();
            view.columns = self.comma_list(|parser| {
                let column = parser.plain_identifier()?;
                let comment = if parser.at(K::Comment) { Some(parser.comment_clause()?) } else { None };
                Ok((column, comment))
            })?;
            self.expect_quietly(TokenKind::RightParen)?;
        }
        if let Some(what) = self.view_clauses(&mut view)? {
            return Ok(what);
        }
        self.expect_quietly(TokenKind::Word(Some(K::As)))?;
        if self.at_kind(TokenKind::DollarString) {
            self.advance();
            return Ok(unsupported("CREATE VIEW WITH METRICS"));
        }
        let at = self.start();
        view.query = self.query()?;
        view.text = Some(self.since(at).to_owned());
        Ok(Plan::Command(Command::CreateView(Box::new(view))))
    }

    /// Clauses before `AS`; a plan when one of them is not supported.
    fn view_clauses(&mut self, view: &mut CreateView) -> Result<Option<Plan>> {
        loop {
            if self.at(K::Comment) {
                self.once("COMMENT", view.comment.is_some());
                view.comment = Some(self.comment_clause()?);
            } else if self.at(K::Tblproperties) {
                self.once("TBLPROPERTIES", !view.properties.is_empty());
                self.advance();
                view.properties = self.valued_property_list()?;
            } else if self.accept_all(&[K::With, K::Schema]) {
                view.schema_mode = Some(self.schema_binding()?);
            } else if self.accept_all(&[K::With, K::Metrics]) {
                self.skip_rest();
                return Ok(Some(unsupported("CREATE VIEW WITH METRICS")));
            } else if self.accept_all(&[K::Default, K::Collation]) {
                self.plain_identifier()?;
            } else if self.accept_all(&[K::Partitioned, K::On]) {
                self.identifier_list()?;
                self.defer(self.not_valid("CREATE VIEW ... PARTITIONED ON"));
            } else {
                return Ok(None);
            }
        }
    }

    pub(super) fn schema_binding(&mut self) -> Result<&'static str> {
        if self.accept(K::Type) {
            return self.expect(K::Evolution).map(|()| "TYPE EVOLUTION");
        }
        Ok(match self.expect_any(&[K::Binding, K::Compensation, K::Evolution])? {
            K::Binding => "BINDING",
            K::Evolution => "EVOLUTION",
            _ => "COMPENSATION",
        })
    }

    /// `USING`, with or without columns with types before it.
    fn at_view_using(&self) -> bool {
        let ahead = if self.at_kind(TokenKind::LeftParen) { self.behind_parens(0).unwrap_or(0) } else { 0 };
        self.keyword_at(ahead) == Some(K::Using)
    }

    fn view_using(&mut self, mut view: CreateView) -> Result<Plan> {
        let start = self.start();
        let mut schema = None;
        if self.at_kind(TokenKind::LeftParen) {
            self.paren_list(Self::plain_column)?;
            let text = self.since(start);
            schema = Some(text[1..text.len() - 1].trim().to_owned());
        }
        self.expect(K::Using)?;
        let format = Some(self.name()?.join("."));
        let options = if self.accept(K::Options) { self.valued_property_list()? } else { Options::new() };
        let source =
            DataSource { format, schema, options, paths: Vec::new(), predicates: Vec::new(), is_streaming: false };
        view.query = self.relation(start, RelationNode::DataSource(source));
        Ok(Plan::Command(Command::CreateView(Box::new(view))))
    }
}
