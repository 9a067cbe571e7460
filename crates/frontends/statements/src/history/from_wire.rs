//! What a client asks the history: in query parameters with dotted names, or, from old clients, in a JSON body.

use hearth_base::OperationId;
use hearth_core::history::HistoryFilter;
use serde_json::{Map, Value};

use super::to_wire::QueryStatus;
use crate::error::{ApiError, ApiResult};
use crate::from_wire::object;

const DEFAULT_RESULTS: usize = 100;
/// `history.max_results`: queries in one page.
const MAX_RESULTS: usize = 1_000;
/// `history.max_values`: ids in one filter.
const MAX_VALUES: usize = 1_000;

/// A request that makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Ids, warehouses and times; the rest is filled in by who asks the store.
    pub filter: HistoryFilter,
    /// Empty: all.
    pub statuses: Vec<QueryStatus>,
    /// Empty: all.
    pub users: Vec<i64>,
    pub max_results: usize,
    pub metrics: bool,
    pub after: Option<String>,
}

/// Reads a request. What is in the parameters counts before what is in the body.
pub(super) fn request(parameters: &[(String, String)], body: &[u8]) -> ApiResult<Wanted> {
    let body = object(body)?;
    let mut reader = Reader { parameters, body: &body, mistakes: Vec::new() };
    let start = reader.one("filter_by.query_start_time_range.start_time_ms", "a time in milliseconds", time);
    let end = reader.one("filter_by.query_start_time_range.end_time_ms", "a time in milliseconds", time);
    let statuses = "one of QUEUED, STARTED, COMPILING, COMPILED, RUNNING, CANCELED, FAILED, FINISHED";
    let wanted = Wanted {
        filter: HistoryFilter {
            ids: reader.many("filter_by.statement_ids", "an id", |text| Some(OperationId::new(text.to_lowercase()))),
            warehouses: reader.many("filter_by.warehouse_ids", "an id", |text| Some(text.to_owned())),
            submitted_from: start,
            // The end belongs to the range; core's does not.
            submitted_until: end.map(|end| end.saturating_add(1)),
            ..HistoryFilter::default()
        },
        statuses: reader.many("filter_by.statuses", statuses, QueryStatus::from_name),
        users: reader.many("filter_by.user_ids", "a whole number", |text| text.parse().ok()),
        max_results: reader
            .one("max_results", "a whole number from 1 to 1000", |text| {
                text.parse().ok().filter(|count| (1..=MAX_RESULTS).contains(count))
            })
            .unwrap_or(DEFAULT_RESULTS),
        metrics: reader.one("include_metrics", "true or false", |text| text.parse().ok()).unwrap_or(false),
        after: reader.one("page_token", "a page token", |text| Some(text.to_owned())),
    };
    if reader.mistakes.is_empty() { Ok(wanted) } else { Err(ApiError::invalid(reader.mistakes.join("; "))) }
}

fn time(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// Takes values and gathers what is wrong with them. An empty one is as good as absent.
struct Reader<'a> {
    parameters: &'a [(String, String)],
    body: &'a Map<String, Value>,
    mistakes: Vec<String>,
}

impl Reader<'_> {
    fn values(&self, name: &str) -> Vec<String> {
        let given = self.parameters.iter().filter(|(known, value)| known == name && !value.is_empty());
        let given: Vec<String> = given.map(|(_, value)| value.clone()).collect();
        if given.is_empty() { self.in_body(name) } else { given }
    }

    /// The values of a path such as `filter_by.statuses`: one, or those of a list.
    fn in_body(&self, path: &str) -> Vec<String> {
        let mut names = path.split('.');
        let first = names.next().and_then(|name| self.body.get(name));
        let found = names.fold(first, |value, name| value?.get(name));
        let text = |value: &Value| match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            other => Some(other.to_string()),
        };
        match found {
            Some(Value::Array(list)) => list.iter().filter_map(text).collect(),
            Some(value) => text(value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    fn many<T>(&mut self, name: &str, what: &str, read: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let values = self.values(name);
        if values.len() > MAX_VALUES {
            self.mistakes.push(format!("{name}: {} values are more than {MAX_VALUES}", values.len()));
            return Vec::new();
        }
        let mut found = Vec::with_capacity(values.len());
        for value in values {
            match read(&value) {
                Some(one) => found.push(one),
                None => self.mistakes.push(format!("{name}: {value} is not {what}")),
            }
        }
        found
    }

    /// The last one counts.
    fn one<T>(&mut self, name: &str, what: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = self.values(name).pop()?;
        let found = read(&value);
        if found.is_none() {
            self.mistakes.push(format!("{name}: {value} is not {what}"));
        }
        found
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn parameters_and_body_say_the_same() {
        let parameters = pairs(&[
            ("filter_by.statuses", "FAILED"),
            ("filter_by.statuses", "CANCELED"),
            ("filter_by.warehouse_ids", "default"),
            ("filter_by.user_ids", "7"),
            ("filter_by.query_start_time_range.start_time_ms", "5"),
            ("filter_by.query_start_time_range.end_time_ms", "9"),
            ("include_metrics", "true"),
            ("max_results", "3"),
            ("unknown", "x"),
        ]);
        let body = json!({ "max_results": 3, "include_metrics": true, "page_token": null, "filter_by": {
            "statuses": ["FAILED", "CANCELED"], "warehouse_ids": ["default"], "user_ids": [7],
            "query_start_time_range": { "start_time_ms": 5, "end_time_ms": "9" },
        } });
        let wanted = request(&parameters, b"").unwrap();
        assert_eq!(wanted, request(&[], body.to_string().as_bytes()).unwrap());
        assert_eq!(wanted.statuses, [QueryStatus::Failed, QueryStatus::Canceled]);
        assert_eq!((wanted.filter.submitted_from, wanted.filter.submitted_until), (Some(5), Some(10)));
        assert_eq!((wanted.max_results, wanted.metrics, wanted.users), (3, true, vec![7]));
    }

    #[test]
    fn every_mistake_is_named() {
        let parameters = pairs(&[
            ("filter_by.statuses", "DONE"),
            ("filter_by.user_ids", "ada"),
            ("filter_by.query_start_time_range.start_time_ms", "yesterday"),
            ("include_metrics", "yes"),
            ("max_results", "1001"),
        ]);
        let message = request(&parameters, b"").unwrap_err().message;
        for part in ["DONE", "ada", "yesterday", "include_metrics", "max_results: 1001"] {
            assert!(message.contains(part), "{part} is not in: {message}");
        }
    }
}
