//! `Token`: one lexeme and where it stands.

use crate::keywords::Keyword;

/// A lexeme; `start` and `end` are byte offsets into the statement, `end` is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    pub start: u32,
    pub end: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// An unquoted word; `Some` when the grammar knows it.
    Word(Option<Keyword>),
    /// An unquoted word that names nothing in the session's dialect.
    Reserved(Keyword),
    /// `` `name` ``
    Quoted,
    /// `'…'` or `"…"`
    String,
    /// `r'…'` or `r"…"`
    RawString,
    /// `$$…$$`
    DollarString,

    Integer,
    /// `1.5`
    Decimal,
    /// `1e3`
    Exponent,
    /// `1L`
    Long,
    /// `1S`
    Short,
    /// `1Y`
    Byte,
    /// `1F`
    Float,
    /// `1D`
    Double,
    /// `1BD`
    BigDecimal,

    Semicolon,
    LeftParen,
    RightParen,
    Comma,
    Dot,
    LeftBracket,
    RightBracket,
    Bang,
    Equal,
    NullSafeEqual,
    /// `<>`, which is also an empty `STRUCT<>`.
    NotEqual,
    /// `!=`
    BangEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    ShiftLeft,
    ShiftRight,
    ShiftRightUnsigned,
    Plus,
    Minus,
    Asterisk,
    Slash,
    Percent,
    Tilde,
    Ampersand,
    Pipe,
    Concat,
    /// `|>`
    PipeOperator,
    Hat,
    Colon,
    DoubleColon,
    Arrow,
    FatArrow,
    /// `/*+`
    HintStart,
    /// `*/`
    HintEnd,
    Question,

    Unrecognized,
    End,
}

impl TokenKind {
    /// How Spark's grammar calls a token of one spelling.
    pub fn grammar_name(self) -> Option<String> {
        Some(match self {
            Self::Word(Some(keyword)) | Self::Reserved(keyword) => format!("'{}'", keyword.spelling()),
            Self::LeftParen => "'('".to_owned(),
            Self::Semicolon => "';'".to_owned(),
            Self::RightParen => "')'".to_owned(),
            Self::RightBracket => "']'".to_owned(),
            Self::LeftBracket => "'['".to_owned(),
            Self::Comma => "','".to_owned(),
            Self::Arrow => "'->'".to_owned(),
            Self::Greater => "'>'".to_owned(),
            Self::Equal => "EQ".to_owned(),
            _ => return None,
        })
    }

    pub fn keyword(self) -> Option<Keyword> {
        match self {
            Self::Word(keyword) => keyword,
            Self::Reserved(keyword) => Some(keyword),
            _ => None,
        }
    }

    /// The same token, reserved or not.
    pub fn is_like(self, other: Self) -> bool {
        self == other || self.keyword().is_some_and(|keyword| other.keyword() == Some(keyword))
    }

    pub fn is_string(self) -> bool {
        matches!(self, Self::String | Self::RawString)
    }

    pub fn is_name(self) -> bool {
        matches!(self, Self::Word(_) | Self::Quoted)
    }

    pub fn is_number(self) -> bool {
        matches!(
            self,
            Self::Integer
                | Self::Decimal
                | Self::Exponent
                | Self::Long
                | Self::Short
                | Self::Byte
                | Self::Float
                | Self::Double
                | Self::BigDecimal
        )
    }

    /// Whether an expression can begin with this token.
    pub fn starts_expression(self) -> bool {
        self.is_name()
            || self.is_string()
            || self.is_number()
            || matches!(
                self,
                Self::LeftParen
                    | Self::Plus
                    | Self::Minus
                    | Self::Tilde
                    | Self::Bang
                    | Self::Asterisk
                    | Self::Question
                    | Self::Colon
                    | Self::Reserved(
                        Keyword::Case
                            | Keyword::Cast
                            | Keyword::CurrentDate
                            | Keyword::CurrentPath
                            | Keyword::CurrentTime
                            | Keyword::CurrentTimestamp
                            | Keyword::CurrentUser
                            | Keyword::False
                            | Keyword::Filter
                            | Keyword::Left
                            | Keyword::Not
                            | Keyword::Null
                            | Keyword::Right
                            | Keyword::SessionUser
                            | Keyword::Time
                            | Keyword::User
                    )
            )
    }
}
