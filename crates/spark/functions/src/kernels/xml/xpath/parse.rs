//! XPath 1.0 text as expressions. Depth is bounded: paths come from users.

const MAX_DEPTH: usize = 100;

#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Number(f64),
    Text(String),
    Binary(Op, Box<Expr>, Box<Expr>),
    Negate(Box<Expr>),
    Call(String, Vec<Expr>),
    /// An expression whose nodes are filtered.
    Filter(Box<Expr>, Vec<Expr>),
    Path(Start, Vec<Step>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Union,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    Root,
    Context,
    Expr(Box<Expr>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub axis: Axis,
    pub test: Test,
    pub predicates: Vec<Expr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Parent,
    Preceding,
    PrecedingSibling,
    Itself,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    Any,
    Name(String),
    Node,
    Text,
    /// Comments and instructions, which documents here do not have, and names with prefixes.
    Nothing,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Number(f64),
    Text(String),
    Sign(&'static str),
}

const SIGNS: [&str; 22] = [
    "//", "::", "..", "<=", ">=", "!=", "(", ")", "[", "]", ".", "@", ",", "/", "|", "+", "-", "=", "<", ">", "*", "$",
];

pub fn parse(text: &str) -> Option<Expr> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let expr = parser.binary(0)?;
    (parser.at == parser.tokens.len()).then_some(expr)
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        let token;
        if c == '"' || c == '\'' {
            let (inner, behind) = rest[1..].split_once(c)?;
            (token, rest) = (Token::Text(inner.to_owned()), behind);
        } else if c.is_ascii_digit() || (c == '.' && rest[1..].starts_with(|next: char| next.is_ascii_digit())) {
            let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
            (token, rest) = (Token::Number(rest[..end].parse().ok()?), &rest[end..]);
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (token, rest) = (Token::Sign(sign), &rest[sign.len()..]);
        } else if c.is_alphabetic() || c == '_' {
            let mut end = name_end(rest);
            // One colon belongs to the name, two are an axis.
            if rest[end..].starts_with(':') && !rest[end..].starts_with("::") {
                let local = &rest[end + 1..];
                end += 1 + if local.starts_with('*') { 1 } else { name_end(local) };
            }
            (token, rest) = (Token::Name(rest[..end].to_owned()), &rest[end..]);
        } else {
            return None;
        }
        tokens.push(token);
        rest = rest.trim_start();
    }
    Some(tokens)
}

fn name_end(text: &str) -> usize {
    text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))).unwrap_or(text.len())
}

/// Binary operators by how tightly they bind, loosest first.
const LEVELS: [&[(&str, Op)]; 6] = [
    &[("or", Op::Or)],
    &[("and", Op::And)],
    &[("=", Op::Equal), ("!=", Op::NotEqual)],
    &[("<", Op::Less), ("<=", Op::LessOrEqual), (">", Op::Greater), (">=", Op::GreaterOrEqual)],
    &[("+", Op::Add), ("-", Op::Subtract)],
    &[("*", Op::Multiply), ("div", Op::Divide), ("mod", Op::Modulo)],
];

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(known)) if *known == sign)
    }

    fn accept(&mut self, sign: &str) -> bool {
        let there = self.is(sign);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, sign: &str) -> Option<()> {
        self.accept(sign).then_some(())
    }

    fn operator(&self, level: usize) -> Option<Op> {
        let word = match self.peek()? {
            Token::Sign(sign) => sign,
            Token::Name(name) => name.as_str(),
            Token::Number(_) | Token::Text(_) => return None,
        };
        LEVELS[level].iter().find(|(known, _)| *known == word).map(|(_, op)| *op)
    }

    fn binary(&mut self, level: usize) -> Option<Expr> {
        if level == LEVELS.len() {
            return self.unary();
        }
        let mut left = self.binary(level + 1)?;
        while let Some(op) = self.operator(level) {
            self.at += 1;
            let right = self.binary(level + 1)?;
            left = Expr::Binary(op, Box::new(left), Box::new(right));
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<Expr> {
        if self.accept("-") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return None;
            }
            let inner = self.unary()?;
            self.depth -= 1;
            return Some(Expr::Negate(Box::new(inner)));
        }
        let mut left = self.path()?;
        while self.accept("|") {
            let right = self.path()?;
            left = Expr::Binary(Op::Union, Box::new(left), Box::new(right));
        }
        Some(left)
    }

    fn path(&mut self) -> Option<Expr> {
        if let Some(primary) = self.primary()? {
            let predicates = self.predicates()?;
            let filtered = if predicates.is_empty() { primary } else { Expr::Filter(Box::new(primary), predicates) };
            if !self.is("/") && !self.is("//") {
                return Some(filtered);
            }
            let mut steps = Vec::new();
            self.more_steps(&mut steps)?;
            return Some(Expr::Path(Start::Expr(Box::new(filtered)), steps));
        }
        let mut steps = Vec::new();
        if self.is("//") {
            self.more_steps(&mut steps)?;
            return Some(Expr::Path(Start::Root, steps));
        }
        if self.accept("/") {
            if self.starts_step() {
                steps.push(self.step()?);
                self.more_steps(&mut steps)?;
            }
            return Some(Expr::Path(Start::Root, steps));
        }
        steps.push(self.step()?);
        self.more_steps(&mut steps)?;
        Some(Expr::Path(Start::Context, steps))
    }

    fn starts_step(&self) -> bool {
        match self.peek() {
            Some(Token::Name(_)) => true,
            Some(Token::Sign(sign)) => ["*", "@", ".", ".."].contains(sign),
            Some(Token::Number(_) | Token::Text(_)) | None => false,
        }
    }

    fn more_steps(&mut self, steps: &mut Vec<Step>) -> Option<()> {
        loop {
            if self.accept("//") {
                steps.push(Step { axis: Axis::DescendantOrSelf, test: Test::Node, predicates: Vec::new() });
            } else if !self.accept("/") {
                return Some(());
            }
            steps.push(self.step()?);
        }
    }

    fn step(&mut self) -> Option<Step> {
        if self.accept("..") {
            return Some(Step { axis: Axis::Parent, test: Test::Node, predicates: Vec::new() });
        }
        if self.accept(".") {
            return Some(Step { axis: Axis::Itself, test: Test::Node, predicates: Vec::new() });
        }
        let axis = if self.accept("@") {
            Axis::Attribute
        } else if let (Some(Token::Name(name)), Some(Token::Sign("::"))) = (self.peek(), self.tokens.get(self.at + 1)) {
            let axis = axis(name)?;
            self.at += 2;
            axis
        } else {
            Axis::Child
        };
        let test = self.test()?;
        Some(Step { axis, test, predicates: self.predicates()? })
    }

    fn test(&mut self) -> Option<Test> {
        if self.accept("*") {
            return Some(Test::Any);
        }
        let Some(Token::Name(name)) = self.peek().cloned() else { return None };
        self.at += 1;
        if !self.accept("(") {
            return Some(if name.contains(':') { Test::Nothing } else { Test::Name(name) });
        }
        if name == "processing-instruction" && matches!(self.peek(), Some(Token::Text(_))) {
            self.at += 1;
        }
        self.expect(")")?;
        match name.as_str() {
            "node" => Some(Test::Node),
            "text" => Some(Test::Text),
            "comment" | "processing-instruction" => Some(Test::Nothing),
            _ => None,
        }
    }

    fn predicates(&mut self) -> Option<Vec<Expr>> {
        let mut predicates = Vec::new();
        while self.accept("[") {
            predicates.push(self.nested()?);
            self.expect("]")?;
        }
        Some(predicates)
    }

    fn nested(&mut self) -> Option<Expr> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let expr = self.binary(0)?;
        self.depth -= 1;
        Some(expr)
    }

    /// What is no path: a literal, a call, parentheses. The inner `None` says that a path begins here.
    #[expect(clippy::option_option, reason = "the outer one is the failure to parse")]
    fn primary(&mut self) -> Option<Option<Expr>> {
        let expr = match self.peek().cloned() {
            Some(Token::Number(number)) => Expr::Number(number),
            Some(Token::Text(text)) => Expr::Text(text),
            Some(Token::Sign("(")) => {
                self.at += 1;
                let expr = self.nested()?;
                self.expect(")")?;
                return Some(Some(expr));
            }
            Some(Token::Name(name)) if self.tokens.get(self.at + 1) == Some(&Token::Sign("(")) => {
                if ["node", "text", "comment", "processing-instruction"].contains(&name.as_str()) {
                    return Some(None);
                }
                self.at += 2;
                let mut arguments = Vec::new();
                let mut is_open = !self.accept(")");
                while is_open {
                    arguments.push(self.nested()?);
                    is_open = !self.accept(")");
                    if is_open {
                        self.expect(",")?;
                    }
                }
                return super::function::is_known(&name, arguments.len()).then_some(Some(Expr::Call(name, arguments)));
            }
            Some(Token::Name(_) | Token::Sign(_)) => return Some(None),
            None => return None,
        };
        self.at += 1;
        Some(Some(expr))
    }
}

fn axis(name: &str) -> Option<Axis> {
    Some(match name {
        "ancestor" => Axis::Ancestor,
        "ancestor-or-self" => Axis::AncestorOrSelf,
        "attribute" => Axis::Attribute,
        "child" => Axis::Child,
        "descendant" => Axis::Descendant,
        "descendant-or-self" => Axis::DescendantOrSelf,
        "following" => Axis::Following,
        "following-sibling" => Axis::FollowingSibling,
        "parent" => Axis::Parent,
        "preceding" => Axis::Preceding,
        "preceding-sibling" => Axis::PrecedingSibling,
        "self" => Axis::Itself,
        _ => return None,
    })
}
