//! The frames of `PROTOCOL.md`: requests as JSON, answers with their values as the JSON texts that came.

use std::fmt;

use hearth_base::condition::INTERPRETER_REFUSED;
use hearth_base::{Error, Result};
use hearth_core::interpreter::{CodeRequest, Output, Reply};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// A longer frame ends the connection.
pub(crate) const MAX_FRAME: usize = 256 * 1024 * 1024;

pub(crate) const PROTOCOL: u32 = 1;

#[derive(Debug, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum Op<'a> {
    Attach { protocol: u32 },
    Bind(Bind<'a>),
    Execute { code: &'a str },
    Complete { code: &'a str, cursor: usize },
    Job { job: &'a str },
    Application { file: &'a str, args: &'a [String] },
    Add { kind: &'static str, path: String, name: &'a str },
    Cancel { target: u64 },
    Ack { target: u64 },
    Stop {},
}

#[derive(Debug, Serialize)]
pub(crate) struct Bind<'a> {
    pub(crate) remote: &'a str,
    pub(crate) name: &'a str,
    pub(crate) conf: serde_json::Map<String, serde_json::Value>,
    pub(crate) max_output: u64,
    pub(crate) py_files: Vec<String>,
    pub(crate) files: Vec<String>,
    pub(crate) archives: Vec<String>,
    pub(crate) jars: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Request<'a> {
    id: u64,
    #[serde(flatten)]
    op: &'a Op<'a>,
}

/// What an interpreter answers: the value, or why it refused.
pub(crate) type Answer = std::result::Result<Box<RawValue>, String>;

/// A request as a frame.
pub(crate) fn encode(id: u64, op: &Op<'_>) -> Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, &Request { id, op }).map_err(Error::internal)?;
    let length = frame.len() - 4;
    if length > MAX_FRAME {
        return Err(INTERPRETER_REFUSED.with("message", format!("a request over {MAX_FRAME} bytes")));
    }
    let head = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    frame[..4].copy_from_slice(&head);
    Ok(frame)
}

#[derive(Debug, Deserialize)]
struct Incoming {
    /// As a number of any form: R writes large ones with an exponent.
    id: serde_json::Number,
    ok: Option<Box<RawValue>>,
    refused: Option<String>,
}

/// The id and the answer in the body of a frame.
pub(crate) fn decode(body: &[u8]) -> serde_json::Result<(u64, Answer)> {
    let incoming: Incoming = serde_json::from_slice(body)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ids are below 2^53")]
    let id = incoming.id.as_u64().or_else(|| incoming.id.as_f64().map(|id| id as u64)).unwrap_or_default();
    let answer = match (incoming.ok, incoming.refused) {
        (_, Some(refused)) => Err(refused),
        (Some(ok), None) => Ok(ok),
        (None, None) => Err("an answer without a value".to_owned()),
    };
    Ok((id, answer))
}

/// The answer to `attach`.
#[derive(Debug, Deserialize)]
pub(crate) struct Attached {
    pub(crate) language: String,
    #[serde(default)]
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) running: Option<serde_json::Number>,
}

#[derive(Debug, Deserialize)]
struct Candidates {
    candidates: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct JobResult {
    result: Option<String>,
    error: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Exit {
    exit: i32,
}

#[derive(Debug, Deserialize)]
struct WireOutput {
    status: String,
    #[serde(default)]
    data: Values,
    ename: Option<String>,
    evalue: Option<String>,
    traceback: Option<Vec<String>>,
}

/// The members of an object in their order, each as its JSON text.
#[derive(Debug, Default)]
struct Values(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    values.push((name, value.get().to_owned()));
                }
                Ok(Values(values))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// An error for an answer that is not what the protocol says.
fn malformed(error: impl fmt::Display) -> Error {
    Error::internal(format!("an interpreter does not keep to its protocol: {error}"))
}

pub(crate) fn parse<'a, T: Deserialize<'a>>(value: &'a RawValue) -> Result<T> {
    serde_json::from_str(value.get()).map_err(malformed)
}

pub(crate) fn candidates(value: &RawValue) -> Result<Vec<String>> {
    parse::<Candidates>(value).map(|answer| answer.candidates)
}

/// The reply to a request for code.
pub(crate) fn reply(request: &CodeRequest, value: &RawValue) -> Result<Reply> {
    match request {
        CodeRequest::Execute { .. } => output(parse(value)?).map(Reply::Output),
        CodeRequest::Job { .. } => {
            let JobResult { result, error } = parse(value)?;
            match (result, error) {
                (_, Some(error)) => Ok(Reply::Job(Err(error))),
                (Some(result), None) => Ok(Reply::Job(Ok(result))),
                (None, None) => Err(malformed("neither a result nor an error")),
            }
        }
        CodeRequest::Application { .. } => parse::<Exit>(value).map(|answer| Reply::Exit(answer.exit)),
    }
}

fn output(output: WireOutput) -> Result<Output> {
    match output.status.as_str() {
        "ok" => Ok(Output::Ok { data: output.data.0 }),
        "error" => Ok(Output::Error {
            name: output.ename.unwrap_or_else(|| "Error".to_owned()),
            value: output.evalue.unwrap_or_default(),
            traceback: output.traceback.unwrap_or_default(),
        }),
        status => Err(malformed(format!("status `{status}`"))),
    }
}

/// The request for code as it goes to the interpreter.
pub(crate) fn op(request: &CodeRequest) -> Result<Op<'_>> {
    Ok(match request {
        CodeRequest::Execute { code } => Op::Execute { code },
        CodeRequest::Job { job } => Op::Job { job },
        CodeRequest::Application { file, args } => {
            let file = file.to_str().ok_or_else(|| {
                INTERPRETER_REFUSED.with("message", format!("{} is not a name in UTF-8", file.display()))
            })?;
            Op::Application { file, args }
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn answer(body: &str) -> (u64, Answer) {
        decode(body.as_bytes()).unwrap()
    }

    #[test]
    fn a_frame_is_its_length_and_a_flat_object() {
        let frame = encode(7, &Op::Cancel { target: 3 }).unwrap();
        assert_eq!(frame[..4], u32::try_from(frame.len() - 4).unwrap().to_be_bytes());
        assert_eq!(&frame[4..], br#"{"id":7,"op":"cancel","target":3}"#);
        assert_eq!(&encode(8, &Op::Stop {}).unwrap()[4..], br#"{"id":8,"op":"stop"}"#);
    }

    #[test]
    fn values_keep_their_order_and_their_digits() {
        let body = r#"{"id":1,"ok":{"status":"ok","data":{"text/plain":"a","application/json":[1.10,12345678901234567890123]}}}"#;
        let (id, value) = answer(body);
        let request = CodeRequest::Execute { code: String::new() };
        let Reply::Output(Output::Ok { data }) = reply(&request, &value.unwrap()).unwrap() else { panic!() };
        assert_eq!(id, 1);
        assert_eq!(data[0], ("text/plain".to_owned(), "\"a\"".to_owned()));
        assert_eq!(data[1], ("application/json".to_owned(), "[1.10,12345678901234567890123]".to_owned()));
    }

    #[test]
    fn refusals_and_ids_with_an_exponent_are_read() {
        let (id, value) = answer(r#"{"id":1.5e12,"refused":"no"}"#);
        assert_eq!((id, value.unwrap_err()), (1_500_000_000_000, "no".to_owned()));
    }

    #[test]
    fn an_answer_of_another_shape_is_an_error() {
        let (_, value) = answer(r#"{"id":1,"ok":{"exit":"none"}}"#);
        let request = CodeRequest::Application { file: "a.py".into(), args: Vec::new() };
        assert!(reply(&request, &value.unwrap()).is_err());
    }
}
