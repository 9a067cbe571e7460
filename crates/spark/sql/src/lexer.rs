//! The lexer: SQL text into tokens, by Spark's rules (`SqlBaseLexer`).
//!
//! The longest lexeme wins, which matters where numbers and words meet: `1a` is one word, `1L` a number, `1.5x` is `1`,
//! `.`, `5x`. What no rule knows becomes an `Unrecognized` token, so that the parser can say where it stands.

use hearth_base::Result;
use hearth_base::condition::{STATEMENT_TOO_LONG, UNCLOSED_BRACKETED_COMMENT};

use crate::dialect::{Dialect, Switch, is_reserved};
use crate::keywords::Keyword;
use crate::token::{Token, TokenKind};

/// Longest first within a first character.
const SYMBOLS: &[(&str, TokenKind)] = &[
    ("<=>", TokenKind::NullSafeEqual),
    (">>>", TokenKind::ShiftRightUnsigned),
    ("/*+", TokenKind::HintStart),
    ("*/", TokenKind::HintEnd),
    ("<=", TokenKind::LessEqual),
    ("<>", TokenKind::NotEqual),
    ("<<", TokenKind::ShiftLeft),
    (">>", TokenKind::ShiftRight),
    (">=", TokenKind::GreaterEqual),
    ("==", TokenKind::Equal),
    ("=>", TokenKind::FatArrow),
    ("!=", TokenKind::BangEqual),
    ("!>", TokenKind::LessEqual),
    ("!<", TokenKind::GreaterEqual),
    ("||", TokenKind::Concat),
    ("|>", TokenKind::PipeOperator),
    ("->", TokenKind::Arrow),
    ("::", TokenKind::DoubleColon),
    (";", TokenKind::Semicolon),
    ("(", TokenKind::LeftParen),
    (")", TokenKind::RightParen),
    (",", TokenKind::Comma),
    (".", TokenKind::Dot),
    ("[", TokenKind::LeftBracket),
    ("]", TokenKind::RightBracket),
    ("!", TokenKind::Bang),
    ("=", TokenKind::Equal),
    ("<", TokenKind::Less),
    (">", TokenKind::Greater),
    ("+", TokenKind::Plus),
    ("-", TokenKind::Minus),
    ("*", TokenKind::Asterisk),
    ("/", TokenKind::Slash),
    ("%", TokenKind::Percent),
    ("~", TokenKind::Tilde),
    ("&", TokenKind::Ampersand),
    ("|", TokenKind::Pipe),
    ("^", TokenKind::Hat),
    (":", TokenKind::Colon),
    ("?", TokenKind::Question),
];

/// How many tokens a statement may have (`hearth.sql.maxTokens`): what is parsed takes some hundred bytes for each.
pub const MAX_TOKENS: usize = 5_000_000;

/// The tokens of `text`, ended by one `End`.
pub fn tokenize(text: &str, dialect: Dialect) -> Result<Vec<Token>> {
    let mut lexer = Lexer { text, position: 0 };
    let mut tokens = Vec::with_capacity((text.len() / 4 + 1).min(MAX_TOKENS));
    loop {
        lexer.skip_blank()?;
        let start = lexer.position;
        let Some(kind) = lexer.next_kind() else { break };
        if tokens.len() >= MAX_TOKENS {
            return Err(STATEMENT_TOO_LONG.with("limit", "hearth.sql.maxTokens").with("value", MAX_TOKENS));
        }
        let kind = if dialect == Dialect::default() { kind } else { of_dialect(kind, text.as_bytes()[start], dialect) };
        tokens.push(Token { kind, start: offset(start), end: offset(lexer.position) });
    }
    let end = offset(text.len());
    tokens.push(Token { kind: TokenKind::End, start: end, end });
    Ok(tokens)
}

/// What a token that starts with this byte is where the dialect is not Spark's default.
fn of_dialect(kind: TokenKind, first: u8, dialect: Dialect) -> TokenKind {
    match kind {
        TokenKind::Word(Some(keyword)) if dialect.has(Switch::ReservedKeywords) && is_reserved(keyword) => {
            TokenKind::Reserved(keyword)
        }
        TokenKind::String if first == b'"' && dialect.has(Switch::DoubleQuotedIdentifiers) => TokenKind::Quoted,
        TokenKind::Exponent if dialect.has(Switch::DecimalExponents) => TokenKind::Decimal,
        kind => kind,
    }
}

/// Texts are bounded by the inbound message limit, far below 4 GiB.
fn offset(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

struct Lexer<'a> {
    text: &'a str,
    position: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.position..]
    }

    fn skip_blank(&mut self) -> Result<()> {
        loop {
            let rest = self.rest();
            if let Some(first) = rest.chars().next().filter(|c| is_blank(*c)) {
                self.position += first.len_utf8();
            } else if rest.starts_with("--") {
                self.position += line_comment_length(rest);
            } else if rest.starts_with("/*") && !rest.starts_with("/*+") {
                self.skip_bracketed_comment()?;
            } else {
                return Ok(());
            }
        }
    }

    /// Bracketed comments nest.
    fn skip_bracketed_comment(&mut self) -> Result<()> {
        let bytes = self.text.as_bytes();
        let mut depth = 0usize;
        let mut at = self.position;
        while at < bytes.len() {
            if bytes[at..].starts_with(b"/*") && (depth == 0 || bytes.get(at + 2) != Some(&b'+')) {
                depth += 1;
                at += 2;
            } else if bytes[at..].starts_with(b"*/") {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    self.position = at;
                    return Ok(());
                }
            } else {
                at += 1;
            }
        }
        Err(UNCLOSED_BRACKETED_COMMENT.error().trailer(format!("\n== SQL ==\n{}", self.text)))
    }

    fn next_kind(&mut self) -> Option<TokenKind> {
        let first = self.rest().chars().next()?;
        if let Some(kind) = self.literal(first) {
            return Some(kind);
        }
        if is_word(first) {
            return Some(self.word());
        }
        for (symbol, kind) in SYMBOLS {
            if self.rest().starts_with(symbol) {
                self.position += symbol.len();
                return Some(*kind);
            }
        }
        self.position += first.len_utf8();
        Some(TokenKind::Unrecognized)
    }

    fn literal(&mut self, first: char) -> Option<TokenKind> {
        let (length, kind) = match first {
            '\'' => (quoted_length(self.rest(), b'\'', true)?, TokenKind::String),
            '"' => (quoted_length(self.rest(), b'"', true)?, TokenKind::String),
            '`' => (quoted_length(self.rest(), b'`', false)?, TokenKind::Quoted),
            'r' | 'R' => (raw_length(self.rest())?, TokenKind::RawString),
            '$' => (dollar_length(self.rest())?, TokenKind::DollarString),
            '0'..='9' | '.' => number(self.rest())?,
            _ => return None,
        };
        self.position += length;
        Some(kind)
    }

    fn word(&mut self) -> TokenKind {
        let rest = self.rest();
        let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let letters = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        if letters > 0 && rest[letters..].starts_with("://") {
            let path = &rest[letters + 3..];
            let tail = path.find(|c| !is_word(c) && !"/-.?=&#%".contains(c)).unwrap_or(path.len());
            if tail > 0 {
                self.position += letters + 3 + tail;
                return TokenKind::Word(None);
            }
        }
        let keyword = Keyword::lookup(&rest[..length]);
        self.position += length;
        TokenKind::Word(keyword)
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_ascii_digit() || c.is_alphabetic()
}

fn is_blank(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '\n' | '\u{c}' | '\r' | '\u{b}' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// A backslash before the line's end continues the comment.
fn line_comment_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 2;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if bytes.get(at + 1) == Some(&b'\n') => at += 2,
            b'\n' | b'\r' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// The length of a quoted lexeme; the doubled quote stands for itself. When the text ends first, the lexeme ends at the
/// last quote that could have closed it.
fn quoted_length(rest: &str, quote: u8, escapes: bool) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut candidate = None;
    let mut at = 1;
    while at < bytes.len() {
        if escapes && bytes[at] == b'\\' {
            at += 2;
        } else if bytes[at] != quote {
            at += 1;
        } else if bytes.get(at + 1) == Some(&quote) {
            candidate = Some(at + 1);
            at += 2;
        } else {
            return Some(at + 1);
        }
    }
    candidate
}

fn raw_length(rest: &str) -> Option<usize> {
    let quote = *rest.as_bytes().get(1).filter(|c| matches!(c, b'\'' | b'"'))?;
    let close = rest.as_bytes()[2..].iter().position(|c| *c == quote)?;
    Some(close + 3)
}

/// `$tag$ … $tag$`
fn dollar_length(rest: &str) -> Option<usize> {
    let tag = rest[1..].find(|c| !is_word(c))?;
    let delimiter = rest.get(..tag + 2).filter(|text| text.ends_with('$'))?;
    let close = rest[delimiter.len()..].find(delimiter)?;
    Some(close + 2 * delimiter.len())
}

/// The number at the start of `rest`, unless a word or nothing numeric stands there.
fn number(rest: &str) -> Option<(usize, TokenKind)> {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let whole = digits(0);
    let has_dot = bytes.get(whole) == Some(&b'.');
    let fraction = if has_dot { digits(whole + 1) } else { 0 };
    if whole == 0 && fraction == 0 {
        return None;
    }
    if has_dot && let Some(found) = with_suffix(rest, whole + 1 + fraction, TokenKind::Decimal, true) {
        return Some(found);
    }
    if whole == 0 {
        return None;
    }
    with_suffix(rest, whole, TokenKind::Integer, false).or(Some((whole, TokenKind::Integer)).filter(|_| has_dot))
}

/// Exponent and type suffix behind `mantissa` bytes. `None` when a word goes on behind the longest number.
fn with_suffix(rest: &str, mantissa: usize, plain: TokenKind, has_dot: bool) -> Option<(usize, TokenKind)> {
    let bytes = rest.as_bytes();
    let exponent = exponent_length(&bytes[mantissa..]);
    let is_end = |at: usize| !rest[at..].starts_with(is_word);
    let mut ends = vec![mantissa + exponent];
    if exponent > 0 {
        ends.push(mantissa);
    }
    for end in ends {
        let suffix = &bytes[end..bytes.len().min(end + 2)];
        let long = suffix.eq_ignore_ascii_case(b"BD").then_some((2, TokenKind::BigDecimal));
        let short = suffix.first().and_then(|c| match c.to_ascii_uppercase() {
            b'D' => Some((1, TokenKind::Double)),
            b'F' => Some((1, TokenKind::Float)),
            b'L' if !has_dot && end == mantissa => Some((1, TokenKind::Long)),
            b'S' if !has_dot && end == mantissa => Some((1, TokenKind::Short)),
            b'Y' if !has_dot && end == mantissa => Some((1, TokenKind::Byte)),
            _ => None,
        });
        let none = (0, if end > mantissa { TokenKind::Exponent } else { plain });
        for (length, kind) in [long, short, Some(none)].into_iter().flatten() {
            if is_end(end + length) {
                return Some((end + length, kind));
            }
        }
    }
    None
}

fn exponent_length(bytes: &[u8]) -> usize {
    if !bytes.first().is_some_and(|c| c.eq_ignore_ascii_case(&b'e')) {
        return 0;
    }
    let sign = usize::from(matches!(bytes.get(1), Some(b'+' | b'-')));
    let digits = bytes[1 + sign..].iter().take_while(|c| c.is_ascii_digit()).count();
    if digits == 0 { 0 } else { 1 + sign + digits }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn lexemes(text: &str) -> Vec<(&str, TokenKind)> {
        let tokens = tokenize(text, Dialect::default()).unwrap();
        tokens[..tokens.len() - 1].iter().map(|t| (&text[t.start as usize..t.end as usize], t.kind)).collect()
    }

    #[test]
    fn numbers_and_words_are_told_apart_by_the_longest_match() {
        use TokenKind::*;
        assert_eq!(
            lexemes("1 1.5 .5 5. 1e3 1.5E-2 1L 2s 3Y 1F 1.D 2BD 1e3bd"),
            [
                ("1", Integer),
                ("1.5", Decimal),
                (".5", Decimal),
                ("5.", Decimal),
                ("1e3", Exponent),
                ("1.5E-2", Exponent),
                ("1L", Long),
                ("2s", Short),
                ("3Y", Byte),
                ("1F", Float),
                ("1.D", Double),
                ("2BD", BigDecimal),
                ("1e3bd", BigDecimal),
            ]
        );
        assert_eq!(lexemes("1a"), [("1a", Word(None))]);
        assert_eq!(lexemes("1.5x"), [("1", Integer), (".", Dot), ("5x", Word(None))]);
        assert_eq!(lexemes("1e+a"), [("1e", Word(None)), ("+", Plus), ("a", Word(None))]);
    }

    #[test]
    fn strings_keep_escapes_and_doubled_quotes() {
        use TokenKind::*;
        assert_eq!(lexemes(r"'a\'b' 'it''s'"), [(r"'a\'b'", String), ("'it''s'", String)]);
        assert_eq!(lexemes(r#"r'a\' R"x""#), [(r"r'a\'", RawString), (r#"R"x""#, RawString)]);
        assert_eq!(lexemes("'open")[0], ("'", Unrecognized));
        assert_eq!(lexemes("`a``b`"), [("`a``b`", Quoted)]);
    }

    #[test]
    fn comments_nest_and_hints_are_tokens() {
        assert_eq!(lexemes("/* a /* b */ c */ -- x\n1"), [("1", TokenKind::Integer)]);
        assert_eq!(lexemes("/*+ x */").len(), 3);
        assert_eq!(tokenize("/* a", Dialect::default()).unwrap_err().condition().name, "UNCLOSED_BRACKETED_COMMENT");
    }
}
