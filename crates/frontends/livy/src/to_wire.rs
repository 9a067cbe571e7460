//! Answers, in Livy's fields and their order. Nothing is left out: what is not known is written as `null`.
//!
//! Outputs of statements come as JSON texts and go out as they came: a decimal of 38 digits keeps them all.

use axum::response::{IntoResponse, Response};
use hearth_core::interpreter::Output;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::error::JSON;
use crate::model::{BatchView, JobView, SessionView, StatementView};

/// What `GET /version` says: clients ask for 0.5 and newer, and want to see `major.minor.patch`.
pub(crate) const VERSION: &str = "0.9.0-incubating";

/// A JSON text that is answered with 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer(pub String);

impl Answer {
    fn of(value: &Value) -> Self {
        Self(value.to_string())
    }

    /// 201, and where the new thing is.
    pub fn created(self, location: &str) -> Response {
        let mut response = self.made();
        if let Ok(location) = HeaderValue::try_from(location) {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }

    /// 201 without a place of its own: jobs.
    pub fn made(self) -> Response {
        (StatusCode::CREATED, self).into_response()
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, JSON)], self.0).into_response()
    }
}

/// 200 with nothing in it: uploads, added files, cancelled jobs.
pub(crate) fn nothing() -> Response {
    ([(CONTENT_TYPE, JSON)], "").into_response()
}

/// 204: stopped sessions.
pub(crate) fn no_content() -> Response {
    (StatusCode::NO_CONTENT, [(CONTENT_TYPE, JSON)]).into_response()
}

/// `{"msg": …}`: `deleted`, `interrupted`, `canceled`.
pub(crate) fn message(text: &str) -> Answer {
    Answer::of(&json!({ "msg": text }))
}

pub(crate) fn state(id: i32, state: crate::model::State) -> Answer {
    Answer::of(&json!({ "id": id, "state": state.name() }))
}

pub(crate) fn session(view: &SessionView) -> Answer {
    Answer::of(&session_value(view))
}

/// `from` is what was asked for; `total` counts all, not those of this page.
pub(crate) fn sessions(from: i32, total: usize, views: &[SessionView]) -> Answer {
    list(from, total, views.iter().map(session_value).collect())
}

pub(crate) fn batch(view: &BatchView) -> Answer {
    Answer::of(&batch_value(view))
}

/// Batches are listed under `sessions` too.
pub(crate) fn batches(from: i32, total: usize, views: &[BatchView]) -> Answer {
    list(from, total, views.iter().map(batch_value).collect())
}

fn list(from: i32, total: usize, views: Vec<Value>) -> Answer {
    Answer::of(&json!({ "from": from, "total": total, "sessions": views }))
}

fn session_value(view: &SessionView) -> Value {
    let resources = &view.resources;
    json!({
        "id": view.id,
        "name": view.name,
        "appId": view.app_id,
        "owner": view.owner,
        "proxyUser": view.proxy_user,
        "state": view.state.name(),
        "kind": view.kind.name(),
        "appInfo": app_info(),
        "log": view.log,
        "ttl": view.ttl,
        "idleTimeout": view.idle_timeout,
        "driverMemory": resources.driver_memory,
        "driverCores": resources.driver_cores.unwrap_or(0),
        "executorMemory": resources.executor_memory,
        "executorCores": resources.executor_cores.unwrap_or(0),
        "conf": resources.conf,
        "archives": resources.archives,
        "files": resources.files,
        "heartbeatTimeoutInSecond": view.heartbeat_timeout,
        "jars": resources.jars,
        "numExecutors": resources.num_executors.unwrap_or(0),
        "pyFiles": resources.py_files,
        "queue": resources.queue,
    })
}

fn batch_value(view: &BatchView) -> Value {
    json!({
        "id": view.id,
        "name": view.name,
        "owner": view.owner,
        "proxyUser": view.proxy_user,
        "state": view.state.name(),
        "appId": view.app_id,
        "appInfo": app_info(),
        "log": view.log,
    })
}

/// Links to a cluster's pages about a session, of which there are none here.
fn app_info() -> Value {
    json!({ "driverLogUrl": null, "sparkUiUrl": null, "executorLogUrls": null })
}

/// `from` is where `lines` begin among the `total` that are kept.
pub(crate) fn log(id: i32, from: i32, total: usize, lines: &[String]) -> Answer {
    Answer::of(&json!({ "id": id, "from": from, "total": total, "log": lines }))
}

pub(crate) fn statement(view: &StatementView) -> Answer {
    Answer(statement_text(view))
}

/// `total` counts all that are kept.
pub(crate) fn statements(total: usize, views: &[StatementView]) -> Answer {
    let texts: Vec<_> = views.iter().map(statement_text).collect();
    Answer(format!("{{\"total_statements\":{total},\"statements\":[{}]}}", texts.join(",")))
}

fn statement_text(view: &StatementView) -> String {
    let output = view.output.as_ref().map_or_else(|| "null".to_owned(), |output| output_text(view.id, output));
    let progress = if view.progress.is_finite() { view.progress.clamp(0.0, 1.0) } else { 0.0 };
    let mut text = Object::new();
    text.field("id", &view.id);
    text.field("code", &view.code);
    text.field("state", view.state.name());
    text.raw("output", &output);
    text.field("progress", &progress);
    text.field("started", &view.started);
    text.field("completed", &view.completed);
    text.end()
}

/// A statement counts as its own number.
fn output_text(count: i32, output: &Output) -> String {
    let mut text = Object::new();
    match output {
        Output::Ok { data } => {
            let mut values = Object::new();
            for (mime, value) in data {
                values.raw(mime, value);
            }
            text.field("status", "ok");
            text.field("execution_count", &count);
            text.raw("data", &values.end());
        }
        Output::Error { name, value, traceback } => {
            text.field("status", "error");
            text.field("execution_count", &count);
            text.field("ename", name);
            text.field("evalue", value);
            text.field("traceback", traceback);
        }
    }
    text.end()
}

pub(crate) fn candidates(words: &[String]) -> Answer {
    Answer::of(&json!({ "candidates": words }))
}

pub(crate) fn job(view: &JobView) -> Answer {
    let JobView { id, state, result, error } = view;
    Answer::of(&json!({ "id": id, "state": state.name(), "result": result, "error": error }))
}

pub(crate) fn version() -> Answer {
    Answer::of(&json!({
        "url": "https://github.com/apache/livy.git",
        "branch": "hearth",
        "revision": option_env!("HEARTH_REVISION").unwrap_or(env!("CARGO_PKG_VERSION")),
        "version": VERSION,
        "date": "",
        "user": "hearth",
    }))
}

/// A JSON object that is written as it grows, so that JSON texts can be part of it unread.
struct Object(String);

impl Object {
    fn new() -> Self {
        Self("{".to_owned())
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&Value::from(name).to_string());
        self.0.push(':');
    }

    fn field(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.name(name);
        self.0.push_str(&serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()));
    }

    /// A JSON text, as it is. One that is none after all is written as a string: the object stays whole.
    fn raw(&mut self, name: &str, text: &str) {
        if serde_json::from_str::<IgnoredAny>(text).is_err() {
            return self.field(name, text);
        }
        self.name(name);
        self.0.push_str(text);
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{JobState, Kind, Resources, State, StatementState};

    fn session_view() -> SessionView {
        SessionView {
            id: 0,
            name: None,
            app_id: None,
            owner: None,
            proxy_user: None,
            state: State::Starting,
            kind: Kind::Shared,
            log: vec!["stdout: ".to_owned(), "\nstderr: ".to_owned()],
            heartbeat_timeout: 0,
            ttl: None,
            idle_timeout: None,
            resources: Resources::default(),
        }
    }

    const BARE: &str = concat!(
        r#"{"id":0,"name":null,"appId":null,"owner":null,"proxyUser":null,"state":"starting","kind":"shared","#,
        r#""appInfo":{"driverLogUrl":null,"sparkUiUrl":null,"executorLogUrls":null},"log":["stdout: ","\nstderr: "],"#,
        r#""ttl":null,"idleTimeout":null,"driverMemory":null,"driverCores":0,"executorMemory":null,"executorCores":0,"#,
        r#""conf":{},"archives":[],"files":[],"heartbeatTimeoutInSecond":0,"jars":[],"numExecutors":0,"pyFiles":[],"#,
        r#""queue":null}"#,
    );

    #[test]
    fn a_session_has_all_its_fields_in_livys_order() {
        assert_eq!(session(&session_view()).0, BARE);
        assert_eq!(sessions(3, 7, &[session_view()]).0, format!(r#"{{"from":3,"total":7,"sessions":[{BARE}]}}"#));
        let full = SessionView {
            kind: Kind::Pyspark,
            heartbeat_timeout: 60,
            ttl: Some("1h".to_owned()),
            resources: Resources {
                driver_cores: Some(2),
                conf: BTreeMap::from([("a".to_owned(), "1".to_owned())]),
                queue: Some("q".to_owned()),
                ..Resources::default()
            },
            ..session_view()
        };
        let text = session(&full).0;
        for part in [
            r#""kind":"pyspark""#,
            r#""ttl":"1h""#,
            r#""driverCores":2"#,
            r#""conf":{"a":"1"}"#,
            r#""heartbeatTimeoutInSecond":60"#,
            r#""queue":"q""#,
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn a_batch_has_its_own_order() {
        let view = BatchView {
            id: 1,
            name: Some("good".to_owned()),
            app_id: Some("app".to_owned()),
            owner: Some("alice".to_owned()),
            proxy_user: None,
            state: State::Success,
            log: Vec::new(),
        };
        let one = concat!(
            r#"{"id":1,"name":"good","owner":"alice","proxyUser":null,"state":"success","appId":"app","#,
            r#""appInfo":{"driverLogUrl":null,"sparkUiUrl":null,"executorLogUrls":null},"log":[]}"#,
        );
        assert_eq!(batch(&view).0, one);
        assert_eq!(batches(0, 1, &[view]).0, format!(r#"{{"from":0,"total":1,"sessions":[{one}]}}"#));
    }

    fn statement_view(output: Option<Output>) -> StatementView {
        StatementView {
            id: 3,
            code: "1 + 1 \"x\"".to_owned(),
            state: StatementState::Available,
            output,
            progress: 1.0,
            started: 1,
            completed: 2,
        }
    }

    #[test]
    fn a_statement_carries_its_output_as_it_came() {
        let data = [
            ("text/plain", r#""2""#),
            ("application/json", r#"{"d":[123456789012345678901234567890.123456789, 1e400]}"#),
            ("image/png", "no JSON\n"),
        ];
        let data = data.map(|(mime, value)| (mime.to_owned(), value.to_owned())).to_vec();
        let head = r#"{"id":3,"code":"1 + 1 \"x\"","state":"available","output":"#;
        let tail = r#","progress":1.0,"started":1,"completed":2}"#;
        let output = concat!(
            r#"{"status":"ok","execution_count":3,"data":{"text/plain":"2","application/json":"#,
            r#"{"d":[123456789012345678901234567890.123456789, 1e400]},"image/png":"no JSON\n"}}"#,
        );
        let one = format!("{head}{output}{tail}");
        assert_eq!(statement(&statement_view(Some(Output::Ok { data }))).0, one);
        assert_eq!(statement(&statement_view(None)).0, format!("{head}null{tail}"));
        let failed =
            Output::Error { name: "E".to_owned(), value: "v\n".to_owned(), traceback: vec!["line\n".to_owned()] };
        let output = r#"{"status":"error","execution_count":3,"ename":"E","evalue":"v\n","traceback":["line\n"]}"#;
        assert_eq!(statement(&statement_view(Some(failed))).0, format!("{head}{output}{tail}"));
        let waiting = StatementView { progress: 0.0, ..statement_view(None) };
        assert!(statement(&waiting).0.contains(r#""progress":0.0,"#));
        let unknown = StatementView { progress: f64::NAN, ..statement_view(None) };
        assert!(statement(&unknown).0.contains(r#""progress":0.0,"#));
        let list = statements(9, &[statement_view(None), waiting]).0;
        let read: Value = serde_json::from_str(&list).unwrap();
        assert_eq!((&read["total_statements"], read["statements"].as_array().unwrap().len()), (&json!(9), 2));
    }

    #[test]
    fn small_answers() {
        let lines = ["a".to_owned()];
        assert_eq!(log(1, 240, 250, &lines).0, r#"{"id":1,"from":240,"total":250,"log":["a"]}"#);
        assert_eq!(state(4, State::ShuttingDown).0, r#"{"id":4,"state":"shutting_down"}"#);
        assert_eq!(message("deleted").0, r#"{"msg":"deleted"}"#);
        assert_eq!(candidates(&["charAt".to_owned()]).0, r#"{"candidates":["charAt"]}"#);
        let view = JobView { id: 1, state: JobState::Sent, result: None, error: None };
        assert_eq!(job(&view).0, r#"{"id":1,"state":"SENT","result":null,"error":null}"#);
        let version: Value = serde_json::from_str(&version().0).unwrap();
        let fields: Vec<_> = version.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value)).collect();
        assert_eq!(
            fields.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["url", "branch", "revision", "version", "date", "user"]
        );
        assert!(fields.iter().all(|(_, value)| value.is_string()));
    }

    #[test]
    fn what_is_new_says_where_it_is() {
        let response = message("x").created("/sessions/3");
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers()["location"], "/sessions/3");
        assert_eq!(response.headers()["content-type"], "application/json;charset=utf-8");
        assert_eq!(no_content().status(), StatusCode::NO_CONTENT);
    }
}
