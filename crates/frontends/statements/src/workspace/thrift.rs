//! The Thrift protocol (TCLIService), as far as it sends its clients here.
//!
//! A connector that opens a session and is told `KP001` opens it again through this API. Of a message only the header is
//! read: the method and the number that the answer repeats. Every other method is one that is not known.

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::api::{Caller, text};
use crate::error::{ApiError, ApiResult};

const MEDIA_TYPE: &str = "application/x-thrift";
/// The first half word of a message in the strict form.
const VERSION: u32 = 0x8001_0000;
/// Letters of a method's name.
const MAX_NAME: usize = 128;

const CALL: u8 = 1;
const REPLY: u8 = 2;
const EXCEPTION: u8 = 3;
const ONEWAY: u8 = 4;

const I32: u8 = 8;
const STRING: u8 = 11;
const STRUCT: u8 = 12;

/// `TStatusCode.ERROR_STATUS`
const ERROR_STATUS: i32 = 3;
/// What tells a connector that the warehouse is reached through statements only.
const USE_STATEMENTS: &str = "KP001";
/// `SPARK_CLI_SERVICE_PROTOCOL_V8`
const PROTOCOL: i32 = 0xA508;
/// `TApplicationExceptionType.UNKNOWN_METHOD`
const UNKNOWN_METHOD: i32 = 1;

/// Sends a Thrift client to the Statement Execution API. Not published by the service.
#[utoipa::path(post, path = "/sql/1.0/warehouses/{id}", operation_id = "thriftWarehouse", tag = "Workspace", params(("id" = String, Path)),
    extensions(("x-unpublished" = json!(true))),
    request_body(content = Vec<u8>, content_type = "application/x-thrift"),
    responses((status = 200, body = Vec<u8>, content_type = "application/x-thrift")))]
pub(crate) async fn thrift_warehouse(_caller: Caller, headers: HeaderMap, body: Bytes) -> ApiResult<Response> {
    answer(&headers, &body)
}

/// The same at its old path. Not published by the service.
#[utoipa::path(post, path = "/sql/1.0/endpoints/{id}", operation_id = "thriftEndpoint", tag = "Workspace", params(("id" = String, Path)),
    extensions(("x-unpublished" = json!(true))),
    request_body(content = Vec<u8>, content_type = "application/x-thrift"),
    responses((status = 200, body = Vec<u8>, content_type = "application/x-thrift")))]
pub(crate) async fn thrift_endpoint(_caller: Caller, headers: HeaderMap, body: Bytes) -> ApiResult<Response> {
    answer(&headers, &body)
}

/// The same at the path of a cluster. Not published by the service.
#[utoipa::path(post, path = "/sql/protocolv1/o/{org}/{cluster}", operation_id = "thriftCluster", tag = "Workspace",
    params(("org" = String, Path), ("cluster" = String, Path)),
    extensions(("x-unpublished" = json!(true))),
    request_body(content = Vec<u8>, content_type = "application/x-thrift"),
    responses((status = 200, body = Vec<u8>, content_type = "application/x-thrift")))]
pub(crate) async fn thrift_cluster(_caller: Caller, headers: HeaderMap, body: Bytes) -> ApiResult<Response> {
    answer(&headers, &body)
}

fn answer(headers: &HeaderMap, body: &[u8]) -> ApiResult<Response> {
    let media_type = text(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    if media_type.split(';').next().map(str::trim) != Some(MEDIA_TYPE) {
        return Err(ApiError::malformed(format!("Could not parse request object: it is not {MEDIA_TYPE}.")));
    }
    let message = Message::read(body)
        .ok_or_else(|| ApiError::malformed("Could not parse request object: it is no call in Thrift's binary form."))?;
    Ok(([(CONTENT_TYPE, MEDIA_TYPE)], message.answer()).into_response())
}

/// The header of a call.
#[derive(Debug, PartialEq, Eq)]
struct Message<'a> {
    method: &'a str,
    sequence: i32,
}

impl<'a> Message<'a> {
    /// Reads the strict form, which begins with a version, and the old one, which begins with the name.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (first, rest) = word(bytes)?;
        let (kind, method, rest) = if first & 0xFFFF_0000 == VERSION {
            let (length, rest) = word(rest)?;
            let (name, rest) = name(rest, length)?;
            (u8::try_from(first & 0xFF).ok()?, name, rest)
        } else {
            let (name, rest) = name(rest, first)?;
            let (kind, rest) = rest.split_first()?;
            (*kind, name, rest)
        };
        let (sequence, _) = word(rest)?;
        (kind == CALL || kind == ONEWAY).then_some(Self { method, sequence: sequence.cast_signed() })
    }

    fn answer(&self) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(80));
        if self.method == "OpenSession" {
            out.message(REPLY, self);
            // TCLIService_OpenSession_result.success: a TOpenSessionResp without a session.
            out.field(STRUCT, 0);
            out.field(STRUCT, 1);
            out.number(1, ERROR_STATUS);
            out.text(3, USE_STATEMENTS);
            out.text(5, "use SEA");
            out.end();
            out.number(2, PROTOCOL);
            out.end();
        } else {
            out.message(EXCEPTION, self);
            out.text(1, "this server speaks the Statement Execution API (/api/2.0/sql/statements), not Thrift");
            out.number(2, UNKNOWN_METHOD);
        }
        out.end();
        out.0
    }
}

fn word(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*head), rest))
}

fn name(bytes: &[u8], length: u32) -> Option<(&str, &[u8])> {
    let length = usize::try_from(length).ok().filter(|length| (1..=MAX_NAME).contains(length))?;
    let (name, rest) = bytes.split_at_checked(length)?;
    let is_plain = name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    Some((std::str::from_utf8(name).ok().filter(|_| is_plain)?, rest))
}

/// Writes the binary form.
struct Writer(Vec<u8>);

impl Writer {
    fn message(&mut self, kind: u8, to: &Message<'_>) {
        self.0.extend_from_slice(&(VERSION | u32::from(kind)).to_be_bytes());
        self.bytes(to.method);
        self.0.extend_from_slice(&to.sequence.to_be_bytes());
    }

    fn field(&mut self, kind: u8, id: i16) {
        self.0.push(kind);
        self.0.extend_from_slice(&id.to_be_bytes());
    }

    fn number(&mut self, id: i16, value: i32) {
        self.field(I32, id);
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    fn text(&mut self, id: i16, value: &str) {
        self.field(STRING, id);
        self.bytes(value);
    }

    fn bytes(&mut self, value: &str) {
        self.0.extend_from_slice(&u32::try_from(value.len()).unwrap_or_default().to_be_bytes());
        self.0.extend_from_slice(value.as_bytes());
    }

    fn end(&mut self) {
        self.0.push(0);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    /// What connectors were seen to understand, for sequence 0.
    const OPEN_SESSION: &str = "800100020000000b4f70656e53657373696f6e000000000c00000c0001080001000000030b0003000000054b503030310b00050000000775736520534541000800020000a5080000";

    fn strict(kind: u8, name: &str, sequence: i32) -> Vec<u8> {
        let length = u32::try_from(name.len()).unwrap();
        [
            &(VERSION | u32::from(kind)).to_be_bytes()[..],
            &length.to_be_bytes(),
            name.as_bytes(),
            &sequence.to_be_bytes(),
        ]
        .concat()
    }

    fn old(kind: u8, name: &str, sequence: i32) -> Vec<u8> {
        let length = u32::try_from(name.len()).unwrap();
        [&length.to_be_bytes()[..], name.as_bytes(), &[kind], &sequence.to_be_bytes()].concat()
    }

    #[test]
    fn opening_a_session_sends_to_statements() {
        let call = strict(CALL, "OpenSession", 0);
        let hex: String = Message::read(&call).unwrap().answer().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, OPEN_SESSION);
        let call = [old(CALL, "OpenSession", 77), vec![1, 2, 3]].concat();
        let answer = Message::read(&call).unwrap().answer();
        assert_eq!(answer.len(), 72);
        assert_eq!(answer[19..23], 77i32.to_be_bytes());
    }

    #[test]
    fn other_methods_are_not_known() {
        let call = strict(CALL, "ExecuteStatement", -1);
        let answer = Message::read(&call).unwrap().answer();
        assert_eq!(answer[..4], (VERSION | u32::from(EXCEPTION)).to_be_bytes());
        assert_eq!(answer[8..24], *b"ExecuteStatement");
        assert_eq!(answer[24..28], (-1i32).to_be_bytes());
        assert!(answer.ends_with(&[I32, 0, 2, 0, 0, 0, 1, 0]));
    }

    #[test]
    fn what_is_no_call_does_not_read() {
        let call = strict(CALL, "OpenSession", 0);
        for length in 0..call.len() {
            assert_eq!(Message::read(&call[..length]), None, "{length}");
        }
        for odd in [
            strict(REPLY, "OpenSession", 0),
            strict(CALL, "", 0),
            strict(CALL, "Open Session", 0),
            strict(CALL, &"x".repeat(MAX_NAME + 1), 0),
            vec![0xFF; 64],
            vec![0; 64],
        ] {
            assert_eq!(Message::read(&odd), None, "{odd:?}");
        }
    }
}
