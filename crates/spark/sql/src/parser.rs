//! `Parser`: the cursor over a statement's tokens, with what every rule needs: looking ahead, expecting, origins, errors
//! and the bound on nesting.
//!
//! Rules are methods on `Parser` in the files of their subject. A rule that starts consumes or fails; the choice between
//! rules is made by looking ahead, because in Spark's default mode any keyword may also be a name.

mod recovery;

use std::cell::Cell;
use std::sync::Arc;

use hearth_base::condition::PLAN_TOO_DEEP;
use hearth_base::{Error, Result};
use hearth_plan::{Expr, ExprNode, Origin, Relation, RelationNode};

use crate::Marker;
use crate::dialect::Dialect;
use crate::keywords::Keyword;
use crate::lexer::tokenize;
use crate::prediction::Prediction;
use crate::query::cte::Ctes;
use crate::statement::ScriptState;
use crate::token::{Token, TokenKind};

/// How deep expressions, queries and types may nest (`hearth.sql.maxNestingDepth`), chains of operators included. What
/// walks the plan later relies on this bound.
pub const MAX_NESTING_DEPTH: u32 = 1024;

const STACK_RED_ZONE: usize = 256 * 1024;
const STACK_SEGMENT: usize = 4 * 1024 * 1024;

pub struct Parser<'a> {
    pub(crate) text: &'a str,
    pub(crate) dialect: Dialect,
    shared: Arc<str>,
    tokens: Vec<Token>,
    position: usize,
    /// Rules that are open now.
    depth: u32,
    /// The height of what was parsed in the innermost open `nested`.
    height: u32,
    /// `?` seen so far.
    pub(crate) parameters: usize,
    /// Where parameters stand, in their order.
    pub(crate) markers: Vec<Marker>,
    /// The values of parameters, as far as they are known.
    named: &'a [(String, Expr)],
    positional: &'a [Expr],
    /// The arguments of the lambdas around the cursor.
    pub(crate) lambdas: Vec<Vec<String>>,
    /// In the list behind `SELECT`.
    pub(crate) is_select_list: bool,
    /// The names of a `WITH` before a statement, for the queries in it.
    pub(crate) statement_ctes: Option<Ctes>,
    /// In the list of a `SELECT` whose `FROM` stood before it.
    pub(crate) is_behind_from: bool,
    /// In the aggregates of a `PIVOT`, which `FOR` ends.
    pub(crate) is_before_for: bool,
    /// In `|> AGGREGATE … GROUP BY`, where grouping expressions may have aliases.
    pub(crate) is_pipe_grouping: bool,
    /// The last relation read is one that may stand behind `LATERAL`: a query or a function.
    pub(crate) takes_lateral: bool,
    /// A table stands behind `LATERAL` in the `FROM` around the cursor.
    pub(crate) is_lateral_table: bool,
    /// An operand that was parsed before it was known to be one: `((SELECT 1) + 1)`.
    pub(crate) operand: Option<Expr>,
    /// The script around the cursor.
    pub(crate) script: ScriptState,
    /// The primary keys of the columns and constraints read last.
    pub(crate) primary_keys: Vec<Vec<String>>,
    /// Keys without and with a value of the last property list.
    pub(crate) bare_keys: Vec<String>,
    pub(crate) valued_keys: Vec<String>,
    /// The byte where the innermost statement starts.
    pub(crate) statement_start: usize,
    /// The last token that did not fit, by its index, and the one kind that would have, if there is only one.
    failure: Cell<Option<(usize, Option<TokenKind>)>>,
    /// The kinds behind the last token that did not fit by which it is one too many.
    surplus: Cell<&'static [TokenKind]>,
    /// Where the last list ended, and how many items it had.
    list_end: Option<(usize, usize)>,
    /// The token behind the last type.
    pub(crate) type_end: Option<usize>,
    /// What is wrong with a statement whose syntax may be right: Spark looks for such things when all of it was read.
    pub(crate) deferred: Option<Error>,
    /// The statement was read once and was wrong: words that usually go on with it may be aliases.
    pub(crate) is_second_reading: bool,
    pub(crate) prediction: Prediction,
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a str) -> Result<Self> {
        Self::in_dialect(text, Dialect::default())
    }

    pub fn in_dialect(text: &'a str, dialect: Dialect) -> Result<Self> {
        tokenize(text, dialect).map(|tokens| Self::of_tokens(text, dialect, tokens))
    }

    fn of_tokens(text: &'a str, dialect: Dialect, tokens: Vec<Token>) -> Self {
        Self {
            text,
            dialect,
            shared: Arc::from(text),
            tokens,
            position: 0,
            depth: 0,
            height: 0,
            parameters: 0,
            markers: Vec::new(),
            named: &[],
            positional: &[],
            lambdas: Vec::new(),
            is_select_list: false,
            statement_ctes: None,
            is_behind_from: false,
            is_before_for: false,
            is_pipe_grouping: false,
            takes_lateral: false,
            is_lateral_table: false,
            operand: None,
            script: ScriptState::default(),
            primary_keys: Vec::new(),
            bare_keys: Vec::new(),
            valued_keys: Vec::new(),
            statement_start: 0,
            failure: Cell::new(None),
            surplus: Cell::new(&[]),
            list_end: None,
            type_end: None,
            deferred: None,
            is_second_reading: false,
            prediction: Prediction::default(),
        }
    }

    pub fn with_values(self, named: &'a [(String, Expr)], positional: &'a [Expr]) -> Self {
        Self { named, positional, ..self }
    }

    /// Remembers a parameter: all that was read from `start` on.
    pub(crate) fn mark(&mut self, start: usize, name: Option<String>) {
        let end = self.position.checked_sub(1).map_or(start, |last| self.tokens[last].end as usize);
        self.markers.push(Marker { name, start, end });
    }

    pub(crate) fn named_value(&self, name: &str) -> Option<&'a Expr> {
        self.named.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(crate) fn positional_value(&self, index: usize) -> Option<&'a Expr> {
        self.positional.get(index)
    }

    // Looking

    pub(crate) fn peek_at(&self, ahead: usize) -> Token {
        let last = self.tokens.len() - 1;
        self.tokens[(self.position + ahead).min(last)]
    }

    pub(crate) fn peek(&self) -> Token {
        self.peek_at(0)
    }

    pub(crate) fn kind(&self) -> TokenKind {
        self.peek().kind
    }

    pub(crate) fn kind_at(&self, ahead: usize) -> TokenKind {
        self.peek_at(ahead).kind
    }

    pub(crate) fn keyword_at(&self, ahead: usize) -> Option<Keyword> {
        match self.kind_at(ahead) {
            TokenKind::Word(keyword) => keyword,
            TokenKind::Reserved(keyword) => Some(keyword),
            _ => None,
        }
    }

    pub(crate) fn keyword(&self) -> Option<Keyword> {
        self.keyword_at(0)
    }

    pub(crate) fn at(&self, keyword: Keyword) -> bool {
        self.keyword() == Some(keyword)
    }

    /// Whether the next tokens are these keywords.
    pub(crate) fn at_all(&self, keywords: &[Keyword]) -> bool {
        keywords.iter().enumerate().all(|(ahead, keyword)| self.keyword_at(ahead) == Some(*keyword))
    }

    pub(crate) fn at_any(&self, keywords: &[Keyword]) -> bool {
        self.keyword().is_some_and(|keyword| keywords.contains(&keyword))
    }

    pub(crate) fn at_kind(&self, kind: TokenKind) -> bool {
        self.kind() == kind
    }

    pub(crate) fn lexeme(&self, token: Token) -> &'a str {
        &self.text[token.start as usize..token.end as usize]
    }

    /// Whether nothing was taken since the cursor was at the byte `start`.
    pub(crate) fn is_still_at(&self, start: usize) -> bool {
        self.start() == start
    }

    // Moving

    pub(crate) fn advance(&mut self) -> Token {
        let token = self.peek();
        if self.position + 1 < self.tokens.len() {
            self.position += 1;
        }
        token
    }

    pub(crate) fn accept(&mut self, keyword: Keyword) -> bool {
        let found = self.at(keyword);
        if found {
            self.advance();
        }
        found
    }

    /// Takes all of these keywords or none.
    pub(crate) fn accept_all(&mut self, keywords: &[Keyword]) -> bool {
        let found = self.at_all(keywords);
        if found {
            self.position += keywords.len();
        }
        found
    }

    pub(crate) fn accept_any(&mut self, keywords: &[Keyword]) -> Option<Keyword> {
        let keyword = self.keyword().filter(|keyword| keywords.contains(keyword))?;
        self.advance();
        Some(keyword)
    }

    pub(crate) fn accept_kind(&mut self, kind: TokenKind) -> bool {
        let found = self.at_kind(kind);
        if found {
            self.advance();
        }
        found
    }

    pub(crate) fn expect(&mut self, keyword: Keyword) -> Result<()> {
        if self.accept(keyword) { Ok(()) } else { Err(self.missing(TokenKind::Word(Some(keyword)))) }
    }

    /// `expect` where ANTLR looks ahead to choose between rules, so that nothing is known to be missing.
    pub(crate) fn expect_quietly(&mut self, kind: TokenKind) -> Result<()> {
        let found = self.accept_kind(kind) || kind.keyword().is_some_and(|keyword| self.accept(keyword));
        if found { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(crate) fn expect_all(&mut self, keywords: &[Keyword]) -> Result<()> {
        keywords.iter().try_for_each(|keyword| self.expect(*keyword))
    }

    pub(crate) fn expect_any(&mut self, keywords: &[Keyword]) -> Result<Keyword> {
        self.accept_any(keywords).ok_or_else(|| self.unexpected())
    }

    pub(crate) fn expect_kind(&mut self, kind: TokenKind) -> Result<Token> {
        if self.at_kind(kind) { Ok(self.advance()) } else { Err(self.missing(kind)) }
    }

    /// A `>` that closes a type; `>>` and `>>>` give one of theirs.
    pub(crate) fn expect_closing_angle(&mut self) -> Result<()> {
        let token = &mut self.tokens[self.position];
        token.kind = match token.kind {
            TokenKind::Greater => {
                self.advance();
                return Ok(());
            }
            TokenKind::ShiftRight => TokenKind::Greater,
            TokenKind::ShiftRightUnsigned => TokenKind::ShiftRight,
            TokenKind::GreaterEqual => TokenKind::Equal,
            _ => return Err(self.unexpected()),
        };
        token.start += 1;
        Ok(())
    }

    /// `item, item, …`
    pub(crate) fn comma_list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.accept_kind(TokenKind::Comma) {
            items.push(item(self)?);
        }
        self.list_end = Some((self.position, items.len()));
        Ok(items)
    }

    /// `(item, item, …)`
    pub(crate) fn paren_list<T>(&mut self, item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        self.expect_kind(TokenKind::LeftParen)?;
        let items = self.comma_list(item)?;
        self.expect_kind(TokenKind::RightParen)?;
        Ok(items)
    }

    /// The position behind the parenthesis that closes the one at `ahead`, counted from the cursor.
    pub(crate) fn behind_parens(&self, ahead: usize) -> Option<usize> {
        let mut open = 0usize;
        for (index, token) in self.tokens[self.position + ahead..].iter().enumerate() {
            match token.kind {
                TokenKind::LeftParen => open += 1,
                TokenKind::RightParen if open <= 1 => return Some(ahead + index + 1),
                TokenKind::RightParen => open -= 1,
                _ => {}
            }
        }
        None
    }

    // Nesting

    /// Runs a rule that can contain itself, on enough stack and within `MAX_NESTING_DEPTH`.
    pub(crate) fn nested<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= MAX_NESTING_DEPTH {
            return Err(too_deep());
        }
        self.depth += 1;
        let around = std::mem::replace(&mut self.height, 0);
        let result = stacker::maybe_grow(STACK_RED_ZONE, STACK_SEGMENT, || rule(self));
        self.depth -= 1;
        let inner = self.height;
        self.height = around;
        self.raise_to(inner + 1)?;
        result
    }

    fn raise_to(&mut self, height: u32) -> Result<()> {
        self.height = self.height.max(height);
        if self.height > MAX_NESTING_DEPTH { Err(too_deep()) } else { Ok(()) }
    }

    /// Runs a rule for what will stand beside the last thing parsed: the higher of both counts, not their sum.
    pub(crate) fn beside<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let before = std::mem::replace(&mut self.height, 0);
        let result = rule(self);
        self.height = self.height.max(before);
        result
    }

    /// What was parsed last became a child of something: `a + b` under `… + c`.
    pub(crate) fn grew(&mut self) -> Result<()> {
        self.raise_to(self.height + 1)
    }

    // Places

    /// The byte where the next token starts.
    pub(crate) fn start(&self) -> usize {
        self.peek().start as usize
    }

    /// Whether the last token taken was a name.
    pub(crate) fn is_behind_name(&self) -> bool {
        self.position.checked_sub(1).is_some_and(|last| self.tokens[last].kind.is_name())
    }

    /// Whether the last token taken is a type without parts.
    fn is_behind_primitive(&self) -> bool {
        use Keyword as K;
        let last = self.position.checked_sub(1).and_then(|last| self.tokens[last].kind.keyword());
        let types = [
            K::Int,
            K::Integer,
            K::Bigint,
            K::Long,
            K::Smallint,
            K::Short,
            K::Tinyint,
            K::Byte,
            K::Boolean,
            K::Double,
            K::Float,
            K::Real,
            K::Date,
            K::String,
            K::Binary,
            K::Timestamp,
            K::Decimal,
            K::Dec,
            K::Numeric,
            K::Time,
        ];
        last.is_some_and(|last| types.contains(&last))
    }

    /// Whether the last token taken was of this kind.
    pub(crate) fn is_behind(&self, kind: TokenKind) -> bool {
        self.position.checked_sub(1).is_some_and(|last| self.tokens[last].kind == kind)
    }

    /// Whether the last two tokens taken were a parenthesis and a name.
    pub(crate) fn is_behind_first_name(&self) -> bool {
        let before = |count: usize| self.position.checked_sub(count).map(|index| self.tokens[index].kind);
        before(1).is_some_and(TokenKind::is_name) && before(2) == Some(TokenKind::LeftParen)
    }

    /// The byte behind the last token taken.
    pub(crate) fn end(&self) -> usize {
        match self.position.checked_sub(1) {
            Some(previous) => self.tokens[previous].end as usize,
            None => 0,
        }
    }

    /// The text from `start` to the last token taken.
    pub(crate) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.end()).unwrap_or("")
    }

    /// The text of an expression.
    pub(crate) fn written(&self, expr: &Expr) -> &'a str {
        match expr.origin.as_deref() {
            Some(Origin::Sql { start, stop, .. }) => self.text.get(*start as usize..=*stop as usize).unwrap_or(""),
            _ => "",
        }
    }

    pub(crate) fn origin(&self, start: usize) -> Option<Arc<Origin>> {
        let start = u32::try_from(start).ok()?;
        let stop = u32::try_from(self.end()).ok()?.saturating_sub(1);
        Some(Arc::new(Origin::Sql { text: Arc::clone(&self.shared), start, stop }))
    }

    pub(crate) fn expr(&self, start: usize, node: ExprNode) -> Expr {
        Expr { node, origin: self.origin(start) }
    }

    pub(crate) fn call(&self, start: usize, name: &str, arguments: Vec<Expr>) -> Expr {
        Expr { origin: self.origin(start), ..Expr::function(name, arguments) }
    }

    pub(crate) fn relation(&self, start: usize, node: RelationNode) -> Relation {
        Relation { node, plan_id: None, origin: self.origin(start) }
    }
}

fn too_deep() -> Error {
    PLAN_TOO_DEEP.with("limit", "hearth.sql.maxNestingDepth").with("value", MAX_NESTING_DEPTH)
}
