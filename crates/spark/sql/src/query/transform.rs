//! `SELECT TRANSFORM(…) USING 'script'` and Hive's `MAP` and `REDUCE`: rows as text through a program.
//!
//! Only the text format of `ROW FORMAT DELIMITED` is there; serialisers are classes of Hive.

use hearth_base::condition::{
    PARSE_RULE, TRANSFORM_DISTINCT_ALL, TRANSFORM_NON_HIVE, UNSUPPORTED_RECORD_READER_WRITER,
};
use hearth_base::{Error, Result};
use hearth_plan::relation::{ScriptTransform, TextRows};
use hearth_plan::{Relation, RelationNode};
use hearth_types::{DataType, StructField};

use super::select::SelectList;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    /// `SELECT TRANSFORM(…) … USING`, not a call of the function `transform`.
    pub(super) fn is_transform(&self) -> bool {
        if self.kind_at(2) != TokenKind::LeftParen {
            return false;
        }
        let Some(behind) = self.behind_parens(2) else { return false };
        let words = [Some(K::Using), Some(K::Recordwriter)];
        words.contains(&self.keyword_at(behind))
            || (self.keyword_at(behind) == Some(K::Row) && self.keyword_at(behind + 1) == Some(K::Format))
    }

    /// Whether `USING 'script'` stands ahead.
    pub(crate) fn at_script(&self, ahead: usize) -> bool {
        let found = (ahead..).map(|ahead| (self.kind_at(ahead), ahead)).find_map(|(kind, ahead)| match kind {
            TokenKind::End => Some(false),
            TokenKind::Word(Some(K::Using)) | TokenKind::Reserved(K::Using) if self.kind_at(ahead + 1).is_string() => {
                Some(true)
            }
            _ => None,
        });
        found == Some(true)
    }

    /// The query from `SELECT`, `MAP` or `REDUCE` on; `input` is what a `FROM` before it gave.
    pub(crate) fn transform(&mut self, input: Option<Relation>) -> Result<Relation> {
        let start = self.start();
        self.advance();
        let in_parens = self.accept(K::Transform);
        if !self.at_script(0) {
            return Err(self.unexpected());
        }
        let quantifier = self.at_kind(TokenKind::LeftParen).into();
        if matches!(self.keyword_at(quantifier), Some(K::Distinct | K::All))
            && self.kind_at(quantifier + 1).starts_expression()
        {
            return Err(self.about_statement(TRANSFORM_DISTINCT_ALL.error()));
        }
        let items = if in_parens { self.paren_list(Self::expression)? } else { self.expressions()? };
        let input_rows = self.text_rows()?;
        self.record_class(K::Recordwriter)?;
        self.expect(K::Using)?;
        let script = self.string()?;
        let columns = if self.accept(K::As) { Some(self.script_columns()?) } else { None };
        let output_rows = self.text_rows()?;
        self.record_class(K::Recordreader)?;
        let (is_first, input) = match input {
            Some(input) => (false, input),
            None if self.at(K::From) => (true, self.relations_clause()?),
            None => (true, self.relation(start, RelationNode::OneRow)),
        };
        let list = SelectList::plain(items);
        let rows = self.select_rest(start, list, input)?;
        let transform = ScriptTransform { input: Box::new(rows), script, columns, input_rows, output_rows };
        let relation = self.relation(start, RelationNode::ScriptTransform(Box::new(transform)));
        if is_first { Ok(relation) } else { self.organization(start, relation) }
    }

    /// `AS (a, b)`, `AS (a INT, b STRING)`, `AS a, b`. Without types they are text.
    fn script_columns(&mut self) -> Result<Vec<StructField>> {
        if !self.at_kind(TokenKind::LeftParen) {
            return self.comma_list(Self::text_column);
        }
        if matches!(self.kind_at(2), TokenKind::Comma | TokenKind::RightParen) {
            return self.paren_list(Self::text_column);
        }
        self.paren_list(|parser| {
            let name = parser.identifier()?;
            let mut data_type = parser.data_type()?;
            if data_type.is_string() {
                data_type = DataType::STRING;
            }
            let required = parser.accept_all(&[K::Not, K::Null]);
            if parser.accept(K::Comment) {
                parser.string()?;
            }
            Ok(StructField::new(name, data_type, !required))
        })
    }

    fn text_column(&mut self) -> Result<StructField> {
        Ok(StructField::new(self.identifier()?, DataType::STRING, true))
    }

    /// `RECORDWRITER 'class'`
    fn record_class(&mut self, keyword: K) -> Result<()> {
        if !self.accept(keyword) {
            return Ok(());
        }
        self.string()?;
        let error: Error = UNSUPPORTED_RECORD_READER_WRITER.error();
        self.defer(self.about_statement(error));
        Ok(())
    }

    /// `ROW FORMAT DELIMITED …`
    fn text_rows(&mut self) -> Result<TextRows> {
        let mut rows = TextRows::default();
        if !self.accept_all(&[K::Row, K::Format]) {
            return Ok(rows);
        }
        if self.accept(K::Serde) {
            self.string()?;
            if self.accept_all(&[K::With, K::Serdeproperties]) {
                self.property_list()?;
            }
            self.defer(self.about_statement(TRANSFORM_NON_HIVE.error()));
            return Ok(rows);
        }
        self.expect(K::Delimited)?;
        if self.accept_all(&[K::Fields, K::Terminated, K::By]) {
            rows.fields = Some(self.string()?);
            if self.accept_all(&[K::Escaped, K::By]) {
                self.string()?;
            }
        }
        for part in [[K::Collection, K::Items], [K::Map, K::Keys]] {
            if self.at_all(&part) {
                self.expect_all(&part)?;
                self.expect_all(&[K::Terminated, K::By])?;
                self.string()?;
            }
        }
        if self.accept_all(&[K::Lines, K::Terminated, K::By]) {
            let lines = self.string()?;
            if lines != "\n" {
                let message = format!("LINES TERMINATED BY only supports newline '\\n' right now: {lines}");
                self.defer(self.about_statement(PARSE_RULE.with("msg", message)));
            }
        }
        if self.accept_all(&[K::Null, K::Defined, K::As]) {
            rows.null = Some(self.string()?);
        }
        Ok(rows)
    }
}
