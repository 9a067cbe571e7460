//! What a text says of the word at a cursor: its beginning, what it stands behind, the tables around it.
//!
//! A scanner of its own, since a text that somebody types rarely parses: strings and comments may be open. Only the
//! statement in which the cursor stands counts, with what follows the cursor.

use hearth_sql::Keyword;

/// What is asked for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// What is typed of the word; often nothing.
    pub prefix: String,
    /// The prefix stands in backquotes.
    pub is_quoted: bool,
    /// The parts before the dot that the word stands behind; empty when there is none.
    pub qualifier: Vec<String>,
    /// The place is one for a table.
    pub wants_table: bool,
    /// The tables that the statement names.
    pub tables: Vec<Table>,
    /// The names of its `WITH`.
    pub common_tables: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub name: Vec<String>,
    pub alias: Option<String>,
}

impl Wanted {
    /// Names that the statement itself makes.
    pub fn words(&self) -> impl Iterator<Item = String> {
        let aliases = self.tables.iter().filter_map(|table| table.alias.clone());
        self.common_tables.iter().cloned().chain(aliases)
    }

    /// The table of the statement that the qualifier means.
    pub fn qualified_table(&self) -> Option<&Table> {
        let same = |left: &String, right: &String| left.to_lowercase() == right.to_lowercase();
        self.tables.iter().find(|table| match (&table.alias, self.qualifier.as_slice()) {
            (Some(alias), [only]) => same(alias, only),
            (Some(_), _) => false,
            (None, parts) => {
                let skipped = table.name.len().checked_sub(parts.len());
                skipped.is_some_and(|skipped| table.name[skipped..].iter().zip(parts).all(|(l, r)| same(l, r)))
            }
        })
    }
}

/// `None` where no name can stand: in a string, a comment or a number.
pub(super) fn context(code: &str, cursor: usize) -> Option<Wanted> {
    let text: Vec<char> = code.chars().collect();
    let cursor = cursor.min(text.len());
    let tokens = scan(&text, cursor)?;
    // The cursor's own word, or where it would stand.
    let at = tokens.iter().position(|token| token.end >= cursor).unwrap_or(tokens.len());
    let at = match tokens.get(at) {
        // A word that only begins at the cursor is not what is typed, nor is what ends there and is no word.
        Some(token) if token.end == cursor && !token.kind.is_name() => at + 1,
        _ => at,
    };
    let mut wanted = Wanted::default();
    if let Some(token) = tokens.get(at).filter(|token| token.start < cursor) {
        match &token.kind {
            Kind::Word(_) => wanted.prefix = text[token.start..cursor].iter().collect(),
            Kind::Quoted(_) => {
                wanted.prefix = unquoted(&text[token.start + 1..cursor]);
                wanted.is_quoted = true;
            }
            Kind::Number => return None,
            Kind::Dot | Kind::Semicolon | Kind::Sign(_) => {}
        }
    }
    let first = tokens[..at].iter().rposition(|token| token.kind == Kind::Semicolon).map_or(0, |index| index + 1);
    let last = tokens[at..].iter().position(|token| token.kind == Kind::Semicolon);
    let last = last.map_or(tokens.len(), |index| at + index);
    let before = &tokens[first..at];
    let (qualifier, before) = qualifier(before);
    wanted.qualifier = qualifier;
    wanted.wants_table = wants_table(before);
    let is_typed = !wanted.prefix.is_empty() || !wanted.qualifier.is_empty();
    read_tables(&tokens[first..last], is_typed.then_some(at - first), &mut wanted);
    Some(wanted)
}

/// `a`, `b` of `… a . b .`, and what is before them.
fn qualifier(mut before: &[Token]) -> (Vec<String>, &[Token]) {
    let mut parts = Vec::new();
    while let [rest @ .., name, Token { kind: Kind::Dot, .. }] = before {
        let Some(name) = name.kind.name() else { break };
        parts.push(name.to_owned());
        before = rest;
    }
    parts.reverse();
    (parts, before)
}

/// Whether a table stands behind these.
fn wants_table(before: &[Token]) -> bool {
    match before.last().map(|token| &token.kind) {
        Some(Kind::Word(word)) => {
            Keyword::lookup(word).is_some_and(|keyword| is_before_table(keyword, before.len() == 1))
        }
        // A further table of a list: everything since `FROM` is names, commas and dots.
        Some(Kind::Sign(',')) => before
            .iter()
            .rev()
            .find_map(|token| match &token.kind {
                Kind::Word(word) => match Keyword::lookup(word) {
                    Some(Keyword::From) => Some(true),
                    Some(keyword) if goes_on(keyword) => Some(false),
                    Some(_) | None => None,
                },
                Kind::Quoted(_) | Kind::Dot | Kind::Sign(',') => None,
                Kind::Number | Kind::Semicolon | Kind::Sign(_) => Some(false),
            })
            .unwrap_or(false),
        Some(Kind::Quoted(_) | Kind::Number | Kind::Dot | Kind::Semicolon | Kind::Sign(_)) | None => false,
    }
}

/// Whether a table stands behind this word. Some words do other things but at the start of a statement.
fn is_before_table(keyword: Keyword, is_first: bool) -> bool {
    matches!(
        keyword,
        Keyword::From
            | Keyword::Join
            | Keyword::Into
            | Keyword::Update
            | Keyword::Table
            | Keyword::View
            | Keyword::Using
    ) || is_first && matches!(keyword, Keyword::Describe | Keyword::Desc)
}

/// Whether this word goes on with the statement behind a table. Any other may be the table's alias.
fn goes_on(keyword: Keyword) -> bool {
    keyword.is_strict_non_reserved()
        || matches!(
            keyword,
            Keyword::Select
                | Keyword::Where
                | Keyword::Group
                | Keyword::Order
                | Keyword::Having
                | Keyword::Limit
                | Keyword::Offset
                | Keyword::Set
                | Keyword::Values
                | Keyword::Pivot
                | Keyword::Unpivot
                | Keyword::Tablesample
                | Keyword::Window
                | Keyword::Cluster
                | Keyword::Distribute
                | Keyword::Sort
                | Keyword::Partition
                | Keyword::When
        )
}

/// Fills in the tables and the names of `WITH`. `own` is the place of the name that is being typed, which is no name yet.
fn read_tables(tokens: &[Token], own: Option<usize>, wanted: &mut Wanted) {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if let [name, middle, open, ..] = &tokens[at..]
            && let Some(name) = name.kind.name()
            && middle.kind.keyword() == Some(Keyword::As)
            && open.kind == Kind::Sign('(')
        {
            wanted.common_tables.push(name.to_owned());
        }
        let mut more = token.kind.keyword().is_some_and(|keyword| is_before_table(keyword, at == 0));
        at += 1;
        while more {
            let Some((mut table, behind_name, next)) = read_table(tokens, at) else { break };
            let is_behind_dot = tokens[behind_name - 1].kind == Kind::Dot;
            let is_own = own.is_some_and(|own| (at..behind_name).contains(&own) || is_behind_dot && own == behind_name);
            if own.is_some_and(|own| (behind_name..next).contains(&own)) {
                table.alias = None;
            }
            if !is_own {
                wanted.tables.push(table);
            }
            at = next;
            more = tokens.get(at).is_some_and(|token| token.kind == Kind::Sign(','));
            at += usize::from(more);
        }
    }
}

/// `a.b [AS] c`, the index behind its name, and the one behind all of it.
fn read_table(tokens: &[Token], mut at: usize) -> Option<(Table, usize, usize)> {
    let mut name = Vec::new();
    while let Some(part) = tokens.get(at).and_then(|token| token.kind.name()) {
        name.push(part.to_owned());
        at += 1;
        if tokens.get(at).is_none_or(|token| token.kind != Kind::Dot) {
            break;
        }
        at += 1;
    }
    // With a parenthesis it is a function that gives rows.
    if name.is_empty() || tokens.get(at).is_some_and(|token| token.kind == Kind::Sign('(')) {
        return None;
    }
    let named = tokens.get(at).is_some_and(|token| token.kind.keyword() == Some(Keyword::As));
    let place = at + usize::from(named);
    let alias = tokens.get(place).filter(|token| named || !token.kind.keyword().is_some_and(goes_on));
    let alias = alias.and_then(|token| token.kind.name()).map(ToOwned::to_owned);
    let next = if alias.is_some() { place + 1 } else { at };
    Some((Table { name, alias }, at, next))
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Word(String),
    /// In backquotes, without them.
    Quoted(String),
    /// A string counts as one too: no name goes on from it.
    Number,
    Dot,
    Semicolon,
    Sign(char),
}

impl Kind {
    fn is_name(&self) -> bool {
        matches!(self, Self::Word(_) | Self::Quoted(_) | Self::Number)
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Word(name) | Self::Quoted(name) => Some(name),
            Self::Number | Self::Dot | Self::Semicolon | Self::Sign(_) => None,
        }
    }

    fn keyword(&self) -> Option<Keyword> {
        match self {
            Self::Word(word) => Keyword::lookup(word),
            Self::Quoted(_) | Self::Number | Self::Dot | Self::Semicolon | Self::Sign(_) => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    kind: Kind,
    start: usize,
    end: usize,
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn unquoted(text: &[char]) -> String {
    text.iter().collect::<String>().replace("``", "`")
}

/// The tokens of a text; `None` when `cursor` stands in a string or a comment.
fn scan(text: &[char], cursor: usize) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(&character) = text.get(start) {
        let next = text.get(start + 1).copied();
        let (kind, end) = match (character, next) {
            ('-', Some('-')) => {
                let end = position(text, start, |at| text[at] == '\n');
                if start + 1 < cursor && cursor <= end {
                    return None;
                }
                (None, end)
            }
            ('/', Some('*')) => {
                let end = comment_end(text, start);
                if start + 1 < cursor && (cursor < end || end == text.len()) {
                    return None;
                }
                (None, end)
            }
            ('\'' | '"', _) => {
                let end = string_end(text, start, character);
                if start < cursor && (cursor < end || end == text.len()) {
                    return None;
                }
                (Some(Kind::Number), end)
            }
            ('`', _) => {
                let end = backquote_end(text, start);
                let closed = end > start + 1 && text[end - 1] == '`';
                (Some(Kind::Quoted(unquoted(&text[start + 1..end - usize::from(closed)]))), end)
            }
            ('.', _) => (Some(Kind::Dot), start + 1),
            (';', _) => (Some(Kind::Semicolon), start + 1),
            (first, _) if is_word(first) => {
                let end = position(text, start, |at| !is_word(text[at]));
                let word: String = text[start..end].iter().collect();
                let is_number = word.starts_with(|first: char| first.is_ascii_digit());
                (Some(if is_number { Kind::Number } else { Kind::Word(word) }), end)
            }
            (sign, _) => ((!sign.is_whitespace()).then_some(Kind::Sign(sign)), start + 1),
        };
        tokens.extend(kind.map(|kind| Token { kind, start, end }));
        start = end;
    }
    Some(tokens)
}

/// The first index from `start` on where `found` holds, or the end.
fn position(text: &[char], start: usize, found: impl Fn(usize) -> bool) -> usize {
    (start..text.len()).find(|at| found(*at)).unwrap_or(text.len())
}

/// Comments nest.
fn comment_end(text: &[char], start: usize) -> usize {
    let (mut depth, mut at) = (0usize, start);
    while at < text.len() {
        match (text[at], text.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth.saturating_sub(1), at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn string_end(text: &[char], start: usize, quote: char) -> usize {
    let mut at = start + 1;
    while at < text.len() {
        match text[at] {
            '\\' => at += 2,
            character if character == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// A doubled backquote is one of the name. An open one ends with its line.
fn backquote_end(text: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < text.len() && text[at] != '\n' {
        match (text[at], text.get(at + 1)) {
            ('`', Some('`')) => at += 2,
            ('`', _) => return at + 1,
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The context at `|`.
    fn at_cursor(text: &str) -> Option<Wanted> {
        let (before, after) = text.split_once('|').unwrap();
        context(&format!("{before}{after}"), before.chars().count())
    }

    fn tables(text: &str) -> Vec<String> {
        let shown = |table: Table| match table.alias {
            Some(alias) => format!("{} as {alias}", table.name.join(".")),
            None => table.name.join("."),
        };
        at_cursor(text).unwrap().tables.into_iter().map(shown).collect()
    }

    #[test]
    fn prefix_ends_at_the_cursor() {
        let prefix = |text: &str| at_cursor(text).unwrap().prefix;
        assert_eq!(prefix("|select"), "");
        assert_eq!(prefix("sel|ect"), "sel");
        assert_eq!(prefix("select |"), "");
        assert_eq!(prefix("select a +|"), "");
        assert_eq!(prefix("select (größ|"), "größ");
        assert_eq!(prefix("select '😀', na|"), "na");
        assert_eq!(prefix("select `a b|"), "a b");
        assert_eq!(prefix("select 'it\\'s' x|"), "x");
        assert_eq!(prefix("select /* a /* b */ c */ x|"), "x");
        assert_eq!(prefix("select 1 -- c\n x|"), "x");
        assert!(at_cursor("select `a b|").unwrap().is_quoted);
    }

    #[test]
    fn qualifier_has_all_parts_before_the_dot() {
        let qualifier = |text: &str| at_cursor(text).unwrap().qualifier.join("/");
        assert_eq!(qualifier("select a.|"), "a");
        assert_eq!(qualifier("select a.`b c`.d|"), "a/b c");
        assert_eq!(qualifier("select a . b|"), "a");
        assert_eq!(qualifier("select a b|"), "");
        assert_eq!(qualifier("select f(x).y|"), "");
    }

    #[test]
    fn tables_of_the_cursors_statement_are_found() {
        assert_eq!(tables("select | from a"), ["a"]);
        assert_eq!(
            tables("select | from a.b x, `c d` as y join e using (k) where z in (select 1 from f)"),
            ["a.b as x", "c d as y", "e", "f"]
        );
        assert_eq!(tables("select 1 from other; select | from a; select 2 from b"), ["a"]);
        assert_eq!(tables("select | from a where b"), ["a"]);
        assert_eq!(tables("select | from range(3) r"), Vec::<String>::new());
        assert_eq!(tables("insert into t select | from u"), ["t", "u"]);
        assert_eq!(tables("select x from tab|"), Vec::<String>::new(), "the word that is typed is no table yet");
        assert_eq!(tables("select x from a, ta|"), ["a"]);
        assert_eq!(tables("select x from a, b.|"), ["a"]);
        assert_eq!(tables("select x from a al|"), ["a"]);
        assert_eq!(tables("select | from a order by b desc, c"), ["a"]);
        assert_eq!(tables("describe a; desc b |"), ["b"]);
    }

    #[test]
    fn names_of_with_are_found() {
        let wanted = at_cursor("with a as (select 1), `b` as (select 2) select | from a").unwrap();
        assert_eq!(wanted.common_tables, ["a", "b"]);
    }

    #[test]
    fn tables_stand_behind_their_keywords() {
        for text in
            ["select 1 from |", "select 1 from t|", "select 1 from a, |", "select 1 from a x, b.|", "insert into |"]
        {
            assert!(at_cursor(text).unwrap().wants_table, "{text}");
        }
        for text in [
            "|",
            "select |",
            "select a, |",
            "select 1 from a where |",
            "select 1 from a order by b desc |",
            "select 1 from a order by x, |",
        ] {
            assert!(!at_cursor(text).unwrap().wants_table, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_and_cursor_is_read(text in "(?s)(select |from |a|\\.|`|'|\"|--|/\\*|\\*/|\n|;|,|\\(|as |é|\\\\| ){0,30}", cursor in 0usize..80) {
            let prefix = context(&text, cursor).map(|wanted| wanted.prefix);
            prop_assert!(prefix.is_none_or(|prefix| prefix.chars().count() <= cursor));
        }
    }
}
