//! What stands in a path and behind it: ids and names, pages, orders.

use std::ops::Range;

use axum::extract::Query;
use http::Uri;

use crate::error::{LivyError, LivyResult};

/// Sessions and log lines of a page, unless it says otherwise.
const PAGE: i32 = 100;

/// `{id}` of a path: digits are an id, anything else a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reference {
    Id(i32),
    Name(String),
}

impl Reference {
    pub fn read(text: &str) -> LivyResult<Self> {
        if text.chars().all(char::is_numeric) { int(text).map(Self::Id) } else { Ok(Self::Name(text.to_owned())) }
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// A number of a path or query, as Java's `Integer.parseInt` takes it.
pub(crate) fn int(text: &str) -> LivyResult<i32> {
    text.parse().map_err(|_| LivyError::no_number(text))
}

/// The same of a job's id.
pub(crate) fn long(text: &str) -> LivyResult<i64> {
    text.parse().map_err(|_| LivyError::no_number(text))
}

/// The first parameter of this name.
pub(crate) fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// `order=desc`: the newest first.
pub(crate) fn is_descending(uri: &Uri) -> bool {
    parameter(uri, "order").is_some_and(|order| order.trim().eq_ignore_ascii_case("desc"))
}

/// `from` and `size` of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    pub from: Option<i32>,
    pub size: Option<i32>,
}

impl Page {
    pub fn read(uri: &Uri) -> LivyResult<Self> {
        let number = |name| parameter(uri, name).map(|text| int(&text)).transpose();
        Ok(Self { from: number("from")?, size: number("size")? })
    }

    /// Where a list of sessions says that it begins, and which of `count` are in it.
    pub fn of_sessions(self, count: usize) -> (i32, Range<usize>) {
        let from = self.from.unwrap_or(0);
        (from, slice(from, self.size.unwrap_or(PAGE), count))
    }

    /// Which of `count` statements are in the list; all of them unless it says otherwise.
    pub fn of_statements(self, count: usize) -> Range<usize> {
        let all = i32::try_from(count).unwrap_or(i32::MAX);
        slice(self.from.unwrap_or(0), self.size.unwrap_or(all), count)
    }

    /// Where a part of a log begins, and which of `count` lines are in it: the last ones unless it says otherwise.
    pub fn of_log(self, count: usize) -> (i32, Range<usize>) {
        let all = i32::try_from(count).unwrap_or(i32::MAX);
        let size = self.size.filter(|size| *size >= 0).unwrap_or(if self.size.is_some() { all } else { PAGE });
        let from = self.from.filter(|from| *from >= 0).unwrap_or_else(|| all.saturating_sub(size).max(0));
        (from, slice(from, size, count))
    }
}

/// Scala's slices: what is before the first or behind the last is not in them.
fn slice(from: i32, size: i32, count: usize) -> Range<usize> {
    let end = usize::try_from(from.saturating_add(size)).unwrap_or(0).min(count);
    let start = usize::try_from(from).unwrap_or(0).min(end);
    start..end
}
