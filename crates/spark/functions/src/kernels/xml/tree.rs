//! XML text as a tree of elements. Names keep their prefixes; comments and instructions are left out.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

/// How deep elements may be nested.
const MAX_DEPTH: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    Element(Element),
    /// Neighbouring texts, `CDATA` among them, are one.
    Text(String),
}

/// The root element; `None` for text that is no XML. What follows the root is not looked at.
pub fn parse(text: &str) -> Option<Element> {
    read_root(&mut Reader::from_str(text))
}

/// As `parse`; nothing may follow the root.
pub fn parse_whole(text: &str) -> Option<Element> {
    let mut reader = Reader::from_str(text);
    let root = read_root(&mut reader)?;
    loop {
        match reader.read_event().ok()? {
            Event::Eof => return Some(root),
            event if stands_outside(&event) => {}
            _ => return None,
        }
    }
}

/// How far a file is XML with one root: its length, or where it is broken.
pub fn sound_length(text: &str) -> usize {
    let mut reader = Reader::from_str(text);
    let (mut depth, mut has_root) = (0_usize, false);
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match reader.read_event() {
            Ok(Event::Start(_)) if depth > 0 || !has_root => {
                (depth, has_root) = (depth + 1, true);
            }
            Ok(Event::Empty(_)) if depth > 0 || !has_root => has_root = true,
            Ok(Event::End(_)) if depth > 0 => depth -= 1,
            Ok(Event::Eof) => return if depth == 0 { text.len() } else { before },
            Ok(Event::GeneralRef(reference)) if depth > 0 => {
                if unescape(&format!("&{};", reference.into_inner())).is_err() {
                    return before;
                }
            }
            Ok(Event::Text(_) | Event::CData(_)) if depth > 0 => {}
            Ok(event) if stands_outside(&event) => {}
            Ok(_) | Err(_) => return before,
        }
    }
}

/// What may stand before and behind the root.
fn stands_outside(event: &Event<'_>) -> bool {
    match event {
        Event::Text(text) => text.trim_start_matches('\u{feff}').trim().is_empty(),
        Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => true,
        Event::Start(_) | Event::Empty(_) | Event::End(_) | Event::CData(_) | Event::GeneralRef(_) | Event::Eof => {
            false
        }
    }
}

fn read_root(reader: &mut Reader<&[u8]>) -> Option<Element> {
    let mut open: Vec<Element> = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                if open.len() >= MAX_DEPTH {
                    return None;
                }
                open.push(element(&start)?);
            }
            Event::Empty(start) => {
                let element = element(&start)?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(Node::Element(element)),
                    None => return Some(element),
                }
            }
            Event::End(_) => {
                let element = open.pop()?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(Node::Element(element)),
                    None => return Some(element),
                }
            }
            Event::Text(text) => add_text(&mut open, &text.into_inner())?,
            Event::CData(text) => add_text(&mut open, &text.into_inner())?,
            Event::GeneralRef(reference) => {
                let written = format!("&{};", reference.into_inner());
                add_text(&mut open, &unescape(&written).ok()?)?;
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => return None,
        }
    }
}

fn element(start: &BytesStart<'_>) -> Option<Element> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        attributes.push((attribute.key.as_ref().to_owned(), unescape(&attribute.value).ok()?.into_owned()));
    }
    Some(Element { name: start.name().as_ref().to_owned(), attributes, children: Vec::new() })
}

/// Text outside of the root may be blank only.
fn add_text(open: &mut [Element], text: &str) -> Option<()> {
    match open.last_mut() {
        Some(parent) => match parent.children.last_mut() {
            Some(Node::Text(known)) => known.push_str(text),
            Some(Node::Element(_)) | None => parent.children.push(Node::Text(text.to_owned())),
        },
        None if text.trim_start_matches('\u{feff}').trim().is_empty() => {}
        None => return None,
    }
    Some(())
}

impl Element {
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    pub fn has_elements(&self) -> bool {
        self.elements().next().is_some()
    }

    /// Texts that are not blank.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.children.iter().filter_map(|child| match child {
            Node::Text(text) if !text.trim().is_empty() => Some(text.as_str()),
            Node::Text(_) | Node::Element(_) => None,
        })
    }

    /// All text directly inside, blank or not.
    pub fn own_text(&self) -> Cow<'_, str> {
        match self.children.as_slice() {
            [] => Cow::Borrowed(""),
            [Node::Text(text)] => Cow::Borrowed(text),
            children => Cow::Owned(
                children
                    .iter()
                    .filter_map(|child| match child {
                        Node::Text(text) => Some(text.as_str()),
                        Node::Element(_) => None,
                    })
                    .collect(),
            ),
        }
    }

    /// The text inside, as XML again.
    pub fn inner_xml(&self) -> String {
        let mut out = String::new();
        self.children.iter().for_each(|child| child.write(&mut out));
        out
    }
}

impl Node {
    fn write(&self, out: &mut String) {
        match self {
            Self::Text(text) => escape(text, false, out),
            Self::Element(element) => {
                out.push('<');
                out.push_str(&element.name);
                for (name, value) in &element.attributes {
                    out.push(' ');
                    out.push_str(name);
                    out.push_str("=\"");
                    escape(value, true, out);
                    out.push('"');
                }
                out.push('>');
                element.children.iter().for_each(|child| child.write(out));
                out.push_str("</");
                out.push_str(&element.name);
                out.push('>');
            }
        }
    }
}

/// As Java's `XMLStreamWriter` escapes.
pub fn escape(text: &str, quotes: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' if out.ends_with("]]") => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' if quotes => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

/// The records of a file: the texts of all elements of a name, from their start to their end.
pub fn records<'t>(text: &'t str, row_tag: &str) -> Vec<&'t str> {
    let (open, close) = (format!("<{row_tag}"), format!("</{row_tag}"));
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = next_tag(text, &open, at) {
        let Some(end) = tag_end(text, start) else { break };
        if text[..end].ends_with("/>") {
            found.push(&text[start..end]);
            at = end;
            continue;
        }
        // A record may hold elements of its own name.
        let (mut depth, mut inner) = (1, end);
        while depth > 0 {
            let close_at = next_tag(text, &close, inner);
            let open_at = next_tag(text, &open, inner);
            match (open_at, close_at) {
                (Some(opened), Some(closed)) if opened < closed => {
                    let Some(after) = tag_end(text, opened) else { return found };
                    depth += usize::from(!text[..after].ends_with("/>"));
                    inner = after;
                }
                (_, Some(closed)) => {
                    let Some(after) = tag_end(text, closed) else { return found };
                    depth -= 1;
                    inner = after;
                }
                (_, None) => {
                    found.push(&text[start..]);
                    return found;
                }
            }
        }
        found.push(&text[start..inner]);
        at = inner;
    }
    found
}

/// Where a tag begins whose name ends with `tag`'s text. Comments and `CDATA` are passed over.
fn next_tag(text: &str, tag: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += text[at..].find('<')?;
        let rest = &text[at..];
        let skipped = [("<!--", "-->"), ("<![CDATA[", "]]>")].iter().find(|(start, _)| rest.starts_with(start));
        if let Some((_, end)) = skipped {
            at += rest.find(end)? + end.len();
            continue;
        }
        let behind = rest.strip_prefix(tag).and_then(|behind| behind.chars().next());
        if behind.is_some_and(|c| c == '>' || c == '/' || c.is_whitespace()) {
            return Some(at);
        }
        at += 1;
    }
}

/// Behind the `>` of the tag at `start`.
fn tag_end(text: &str, start: usize) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text[start..].char_indices() {
        match (quote, c) {
            (None, '>') => return Some(start + at + 1),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (_, _) => {}
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_a_tree_and_text_again() {
        let root = parse("<?xml version='1.0'?><a x='1&lt;'>t<b/>u&amp;<![CDATA[<]]><!-- c --></a>").unwrap();
        assert_eq!(root.attributes, [("x".to_owned(), "1<".to_owned())]);
        assert_eq!(root.inner_xml(), "t<b></b>u&amp;&lt;");
        for bad in ["", "x", "<a>", "<a></b>", "<a", "<a>&nope;</a>"] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn files_are_cut_into_records() {
        let text = "<rs><r a='>'>1</r><!-- <r>no</r> --><r/><rr>x</rr><r><r>2</r></r><r>open";
        assert_eq!(records(text, "r"), ["<r a='>'>1</r>", "<r/>", "<r><r>2</r></r>", "<r>open"]);
    }
}
