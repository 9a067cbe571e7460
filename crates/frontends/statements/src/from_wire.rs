//! The body of ExecuteStatement, checked whole: an answer names every mistake of the request.

use std::time::Duration;

use hearth_core::engine::Parameter;
use hearth_types::DataType;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::error::{ApiError, ApiResult};
use crate::facts::{Disposition, Facts, Format, QueryTag};
use crate::settings::StatementsSettings;
use crate::types::parameter_type;

/// Without `wait_timeout`.
const DEFAULT_WAIT: Duration = Duration::from_secs(10);
const SHORTEST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(50);
/// `statements.max_query_tags`; more are dropped.
const MAX_TAGS: usize = 20;
/// Characters of a tag's key or value; the service drops longer ones.
const MAX_TAG: usize = 128;
/// `statements.max_idempotency_key`: characters of a key.
const MAX_KEY: usize = 128;

/// What happens when the wait is over and the statement is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnTimeout {
    Continue,
    Cancel,
}

/// A request that makes sense.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Execute {
    pub statement: String,
    pub warehouse: String,
    pub session: Option<String>,
    pub catalog: Option<String>,
    pub schema: Option<String>,
    pub parameters: Vec<Parameter>,
    pub row_limit: Option<i64>,
    pub byte_limit: Option<i64>,
    /// Zero: the answer comes at once.
    pub wait: Duration,
    pub on_timeout: OnTimeout,
    pub key: Option<String>,
    pub facts: Facts,
}

/// A JSON object, or nothing where there is no body.
pub(crate) fn object(body: &[u8]) -> ApiResult<Map<String, Value>> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(ApiError::malformed("Could not parse request object: the body is no JSON object.")),
        Err(error) => Err(ApiError::malformed(format!("Could not parse request object: {error}."))),
    }
}

/// Reads a request. `key` is the header `Idempotency-Key`.
pub(crate) fn execute(body: &[u8], key: Option<String>, settings: &StatementsSettings) -> ApiResult<Execute> {
    let fields = object(body)?;
    let mut reader = Reader { fields: &fields, mistakes: Vec::new() };
    let statement = reader.text("statement").unwrap_or_default();
    if statement.trim().is_empty() {
        reader.wrong("statement: it is required and must not be empty");
    } else if statement.len() as u64 > settings.max_text.bytes() {
        reader.wrong(format!(
            "statement: its text has {} bytes, more than statements.max_text ({}) allows",
            statement.len(),
            settings.max_text
        ));
    }
    let warehouse = reader.text("warehouse_id").unwrap_or_default();
    if warehouse.is_empty() {
        reader.wrong("warehouse_id: it is required");
    }
    let session = reader.text("session_id").filter(|id| !id.is_empty());
    let (catalog, schema) = (reader.name("catalog"), reader.name("schema"));
    if session.is_some() && (catalog.is_some() || schema.is_some()) {
        reader.wrong("catalog, schema: a statement in a session stands where its session stands");
    }
    let parameters = reader.parameters();
    let (row_limit, byte_limit) = (reader.count("row_limit"), reader.count("byte_limit"));
    let (wait, on_timeout) = (reader.wait(), reader.on_timeout());
    let key = reader.key(key);
    let facts = reader.facts();
    if !reader.mistakes.is_empty() {
        return Err(ApiError::invalid(reader.mistakes.join("; ")));
    }
    let digest = key.is_some().then(|| digest(&fields));
    let facts = Facts { digest, ..facts };
    Ok(Execute {
        statement,
        warehouse,
        session,
        catalog,
        schema,
        parameters,
        row_limit,
        byte_limit,
        wait,
        on_timeout,
        key,
        facts,
    })
}

/// Fields that say how long a client waits, not what it asks for.
const PATIENCE: [&str; 3] = ["idempotency_key", "wait_timeout", "on_wait_timeout"];

/// Equal for requests that ask for the same, in whatever order their fields stand.
fn digest(fields: &Map<String, Value>) -> String {
    let mut sorted: Vec<_> = fields.iter().filter(|(name, _)| !PATIENCE.contains(&name.as_str())).collect();
    sorted.sort_by(|one, other| one.0.cmp(other.0));
    let mut sha = Sha256::new();
    for (name, value) in sorted {
        sha.update(format!("{name}={value}\n").as_bytes());
    }
    sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes fields and gathers what is wrong with them. `null` is as good as absent.
struct Reader<'a> {
    fields: &'a Map<String, Value>,
    mistakes: Vec<String>,
}

impl Reader<'_> {
    fn wrong(&mut self, mistake: impl Into<String>) {
        self.mistakes.push(mistake.into());
    }

    fn field(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.field(name)? {
            Value::String(text) => Some(text.clone()),
            _ => {
                self.wrong(format!("{name}: it must be a string"));
                None
            }
        }
    }

    /// A name that, when it is given, is not empty.
    fn name(&mut self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !text.is_empty())
    }

    fn count(&mut self, name: &str) -> Option<i64> {
        let value = self.field(name)?;
        // int64 may be written as text in protobuf's JSON.
        let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        if number.is_none_or(|number| number < 0) {
            self.wrong(format!("{name}: it must be a whole number of at least 0"));
            return None;
        }
        number
    }

    fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let found = choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice);
        if found.is_none() {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            self.wrong(format!("{name}: {text} is none of {}", words.join(", ")));
        }
        found
    }

    fn wait(&mut self) -> Duration {
        let Some(text) = self.text("wait_timeout") else { return DEFAULT_WAIT };
        match duration(&text) {
            Some(wait) if wait.is_zero() || (SHORTEST_WAIT..=LONGEST_WAIT).contains(&wait) => wait,
            _ => {
                self.wrong(format!(
                    "wait_timeout: {text} is neither 0s nor a duration from {}s to {}s, such as 30s",
                    SHORTEST_WAIT.as_secs(),
                    LONGEST_WAIT.as_secs()
                ));
                DEFAULT_WAIT
            }
        }
    }

    fn on_timeout(&mut self) -> OnTimeout {
        let choices = [("CONTINUE", OnTimeout::Continue), ("CANCEL", OnTimeout::Cancel)];
        self.choice("on_wait_timeout", &choices).unwrap_or(OnTimeout::Continue)
    }

    fn key(&mut self, header: Option<String>) -> Option<String> {
        let field = self.text("idempotency_key");
        if let (Some(header), Some(field)) = (&header, &field)
            && header != field
        {
            self.wrong("idempotency_key: the header Idempotency-Key says another one");
        }
        let key = header.or(field)?;
        if key.is_empty() || key.chars().count() > MAX_KEY {
            self.wrong(format!("idempotency_key: it has between 1 and {MAX_KEY} characters"));
            return None;
        }
        Some(key)
    }

    fn facts(&mut self) -> Facts {
        let formats = Format::ALL.map(|format| (format.name(), format));
        let format = self.choice("format", &formats).unwrap_or_default();
        let dispositions = Disposition::ALL.map(|disposition| (disposition.name(), disposition));
        let disposition = self.choice("disposition", &dispositions).unwrap_or_default();
        if disposition == Disposition::Inline && format != Format::JsonArray {
            self.wrong(format!(
                "format: {} needs disposition EXTERNAL_LINKS; INLINE results are JSON_ARRAY",
                format.name()
            ));
        }
        let lz4 = self.choice("result_compression", &[("NONE", false), ("LZ4_FRAME", true)]).unwrap_or_default();
        Facts { format, disposition, lz4: lz4 && format == Format::ArrowStream, query_tags: self.tags(), digest: None }
    }

    /// Tags never fail a statement: what does not fit is left out.
    fn tags(&self) -> Vec<QueryTag> {
        let mut tags: Vec<QueryTag> = Vec::new();
        for tag in self.field("query_tags").and_then(Value::as_array).into_iter().flatten() {
            let Some(key) = tag.get("key").and_then(Value::as_str).filter(|key| is_tag_key(key)) else { continue };
            let value = tag.get("value").and_then(Value::as_str).map(str::trim).filter(|value| !value.is_empty());
            let value = value.map(|value| value.chars().take(MAX_TAG).collect());
            tags.retain(|known| known.key != key);
            tags.push(QueryTag { key: key.to_owned(), value });
        }
        tags.truncate(MAX_TAGS);
        tags
    }

    fn parameters(&mut self) -> Vec<Parameter> {
        let Some(value) = self.field("parameters") else { return Vec::new() };
        let Some(list) = value.as_array().cloned() else {
            self.wrong("parameters: they must be a list");
            return Vec::new();
        };
        let mut parameters: Vec<(Option<i64>, Parameter)> = Vec::new();
        for (index, value) in list.iter().enumerate() {
            match parameter(value) {
                Ok((_, parameter))
                    if parameter.name.is_some() && parameters.iter().any(|(_, known)| known.name == parameter.name) =>
                {
                    let name = parameter.name.unwrap_or_default();
                    self.wrong(format!("parameters[{index}]: there is another parameter {name}"));
                }
                Ok(parameter) => parameters.push(parameter),
                Err(mistake) => self.wrong(format!("parameters[{index}]: {mistake}")),
            }
        }
        let named = parameters.iter().filter(|(_, parameter)| parameter.name.is_some()).count();
        if named > 0 && named < parameters.len() {
            self.wrong("parameters: named and positional parameters do not go together");
        }
        let mut ordinals: Vec<i64> = parameters.iter().filter_map(|(ordinal, _)| *ordinal).collect();
        ordinals.sort_unstable();
        if !ordinals.is_empty() && !ordinals.iter().copied().eq(1..=i64::try_from(list.len()).unwrap_or(i64::MAX)) {
            self.wrong("parameters: ordinals count from 1, without gaps");
        }
        // Those without an ordinal keep their order.
        parameters.sort_by_key(|(ordinal, _)| ordinal.unwrap_or(0));
        parameters.into_iter().map(|(_, parameter)| parameter).collect()
    }
}

/// One parameter with its ordinal. Only a string stands for a value; numbers and booleans are taken as their text.
fn parameter(value: &Value) -> Result<(Option<i64>, Parameter), String> {
    let fields = value.as_object().ok_or("it must be an object")?;
    let field = |name: &str| fields.get(name).filter(|value| !value.is_null());
    let name = match field("name") {
        None => None,
        Some(Value::String(name)) if name.is_empty() => None,
        Some(Value::String(name)) => Some(name.trim_start_matches(':').to_owned()),
        Some(_) => return Err("name must be a string".to_owned()),
    };
    let ordinal = match field("ordinal") {
        None => None,
        Some(ordinal) => Some(ordinal.as_i64().ok_or("ordinal must be a whole number")?),
    };
    if name.is_some() && ordinal.is_some() {
        return Err("it has a name or an ordinal, not both".to_owned());
    }
    let data_type = match field("type") {
        None => DataType::STRING,
        Some(Value::String(text)) => parameter_type(text).map_err(|error| error.to_string())?,
        Some(_) => return Err("type must be a string".to_owned()),
    };
    let value = match field("value") {
        None => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(scalar @ (Value::Bool(_) | Value::Number(_))) => Some(scalar.to_string()),
        Some(_) => return Err("value must be a string or null".to_owned()),
    };
    let value = value.filter(|_| data_type != DataType::Null);
    Ok((ordinal, Parameter { name, data_type, value }))
}

fn is_tag_key(key: &str) -> bool {
    !key.trim().is_empty()
        && key.chars().count() <= MAX_TAG
        && !key.starts_with("@@")
        && !key.contains([',', ':', '-', '/', '=', '.'])
}

/// A duration as protobuf's JSON writes it: `30s`, `30.000s`.
fn duration(text: &str) -> Option<Duration> {
    let number = text.strip_suffix('s')?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && !number.is_empty();
    let seconds: f64 = number.parse().ok().filter(|_| is_number)?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> ApiResult<Execute> {
        execute(body.to_string().as_bytes(), None, &StatementsSettings::default())
    }

    #[test]
    fn defaults_are_those_of_the_service() {
        let request =
            read(&json!({ "statement": "select 1", "warehouse_id": "w", "catalog": null, "other": 1 })).unwrap();
        assert_eq!(request.wait, Duration::from_secs(10));
        assert_eq!(request.on_timeout, OnTimeout::Continue);
        assert_eq!(request.facts, Facts::default());
        assert_eq!((request.catalog, request.row_limit, request.parameters), (None, None, Vec::new()));
    }

    #[test]
    fn every_mistake_is_named() {
        let body = json!({
            "wait_timeout": "3s", "on_wait_timeout": "MAYBE", "format": "CSV", "row_limit": -1, "catalog": 7,
            "session_id": "s", "schema": "x", "parameters": [{ "name": "a" }, { "name": "a" }, { "value": [1] }],
        });
        let error = read(&body).unwrap_err();
        assert_eq!((error.status.as_u16(), error.code), (400, "INVALID_PARAMETER_VALUE"));
        for part in [
            "statement: it is required",
            "warehouse_id: it is required",
            "wait_timeout: 3s",
            "MAYBE",
            "CSV needs",
            "row_limit:",
            "catalog: it must be a string",
            "in a session",
            "parameters[1]",
            "parameters[2]",
        ] {
            assert!(error.message.contains(part), "{part} is not in: {}", error.message);
        }
    }

    #[test]
    fn waits_are_protobuf_durations() {
        for (text, wait) in [("0s", 0.0), ("30.0s", 30.0), ("5s", 5.0), ("50s", 50.0), ("7.25s", 7.25), ("0.000s", 0.0)]
        {
            assert_eq!(duration(text), Some(Duration::from_secs_f64(wait)), "{text}");
        }
        for text in ["", "s", "10", "-1s", "1e1s", "ten s", "NaNs", "infs", " 5s"] {
            assert_eq!(duration(text), None, "{text}");
        }
        for text in ["4.9s", "51s", "50.001s"] {
            assert!(read(&json!({ "statement": "x", "warehouse_id": "w", "wait_timeout": text })).is_err(), "{text}");
        }
    }

    #[test]
    fn parameters_come_by_name_ordinal_or_place() {
        let parameters = |list: Value| {
            read(&json!({ "statement": "x", "warehouse_id": "w", "parameters": list })).unwrap().parameters
        };
        let named = parameters(json!([{ "name": "p", "type": "INT", "value": "1" }, { "name": "q" }]));
        assert_eq!(
            named[0],
            Parameter { name: Some("p".into()), data_type: DataType::Integer, value: Some("1".into()) }
        );
        assert_eq!(named[1], Parameter { name: Some("q".into()), data_type: DataType::STRING, value: None });
        let ordered = parameters(json!([{ "ordinal": 2, "value": "b" }, { "ordinal": 1, "value": "a" }]));
        assert_eq!(ordered.iter().map(|one| one.value.as_deref().unwrap()).collect::<Vec<_>>(), ["a", "b"]);
        let placed = parameters(json!([{ "name": null, "value": "b" }, { "name": null, "type": "VOID" }]));
        assert_eq!((placed[0].value.as_deref(), placed[1].value.as_deref()), (Some("b"), None));
    }

    #[test]
    fn tags_are_coerced_and_never_refused() {
        let tags =
            json!([{ "key": "a", "value": " " }, { "key": "a", "value": "2" }, { "key": "b:c" }, { "key": "@@x" }, 7]);
        let request = read(&json!({ "statement": "x", "warehouse_id": "w", "query_tags": tags })).unwrap();
        assert_eq!(request.facts.query_tags, [QueryTag { key: "a".into(), value: Some("2".into()) }]);
    }

    #[test]
    fn a_digest_is_of_what_is_asked_for() {
        let one = json!({ "statement": "x", "warehouse_id": "w", "idempotency_key": "k" });
        let other = json!({ "warehouse_id": "w", "idempotency_key": "k", "statement": "x", "wait_timeout": "0s" });
        assert_eq!(read(&one).unwrap().facts.digest, read(&other).unwrap().facts.digest);
        let third = json!({ "warehouse_id": "w", "idempotency_key": "k", "statement": "y" });
        assert_ne!(read(&one).unwrap().facts.digest, read(&third).unwrap().facts.digest);
    }
}
