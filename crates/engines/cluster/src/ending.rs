//! How a call to the Spark ended when it did not succeed: never sent, cut on the way, or answered.
//!
//! Only what provably never left may be sent again whatever it is. An answer is told by its details or by where the
//! status comes from, never by its text.

use std::error::Error;
use std::iter::successors;

use hearth_proto::decode::decode_message;
use hearth_proto::rpc;
use hearth_remote::Failure;
use tonic::{Code, Status};

/// A status and its details hold no plans: this is deep enough.
const STATUS_DEPTH: usize = 16;

/// How a call ended without its answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ending {
    /// It never left.
    Unsent(Unsent),
    /// It may have arrived; the way to or from the server broke.
    Cut(String),
    /// Either a defect of the server or a cut that looks like one: without details, and with a code that gRPC
    /// libraries also give to a stream that ended in the middle. Told twice in a row, it is an answer.
    Doubtful(rpc::Status),
    Answered(rpc::Status),
}

/// Why a call never left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unsent {
    pub(crate) text: String,
    /// The machine answered that nobody listens there: the process is gone, not the way to it.
    pub(crate) is_refused: bool,
}

impl From<String> for Unsent {
    fn from(text: String) -> Self {
        Self { text, is_refused: false }
    }
}

impl Ending {
    pub(crate) fn of(status: &Status) -> Self {
        if let Some(full) = with_details(status) {
            return Self::Answered(full);
        }
        let text = describe(status);
        if was_never_sent(status) {
            return Self::Unsent(Unsent { text, is_refused: was_refused(status) });
        }
        // A status with a source was made here, of an error of the transport.
        if status.source().is_some() || status.code() == Code::Unavailable {
            return Self::Cut(text);
        }
        let bare =
            rpc::Status { code: status.code() as i32, message: status.message().to_owned(), details: Vec::new() };
        match status.code() {
            Code::Unknown | Code::Internal => Self::Doubtful(bare),
            _ => Self::Answered(bare),
        }
    }

    /// What it means for a call that is not sent again.
    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Self::Unsent(unsent) => Failure::Unreachable(unsent.text),
            Self::Cut(text) => Failure::Lost(text),
            Self::Doubtful(status) | Self::Answered(status) => Failure::Status(status),
        }
    }

    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Unsent(unsent) => &unsent.text,
            Self::Cut(text) => text,
            Self::Doubtful(status) | Self::Answered(status) => &status.message,
        }
    }
}

/// Spark's name for an error, with its sub-condition, where the status has one.
pub(crate) fn condition(status: &rpc::Status) -> Option<String> {
    let info = status.details.iter().find(|detail| detail.type_url.ends_with("/google.rpc.ErrorInfo"))?;
    let mut info: rpc::ErrorInfo = decode_message(info.value.clone().into(), STATUS_DEPTH).ok()?;
    info.metadata.remove("errorClass")
}

fn with_details(status: &Status) -> Option<rpc::Status> {
    if status.details().is_empty() {
        return None;
    }
    decode_message(status.details().to_vec().into(), STATUS_DEPTH).ok()
}

fn was_never_sent(status: &Status) -> bool {
    causes(status).any(|cause| {
        cause.is::<tonic::ConnectError>()
            // What hyper calls cancelled never reached the connection's task.
            || cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled)
    })
}

fn was_refused(status: &Status) -> bool {
    causes(status).any(|cause| {
        let error = cause.downcast_ref::<std::io::Error>();
        error.is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
    })
}

fn causes(status: &Status) -> impl Iterator<Item = &(dyn Error + 'static)> {
    successors(status.source(), |error: &&(dyn Error + 'static)| -> Option<&(dyn Error + 'static)> {
        (*error).source()
    })
}

/// The innermost cause says most: `Connection refused`, not `tcp connect error`.
fn describe(status: &Status) -> String {
    let innermost = causes(status).last().map(ToString::to_string).filter(|text| !text.is_empty());
    match innermost {
        Some(text) if !status.message().contains(&text) && !status.message().is_empty() => {
            format!("{}: {text}", status.message())
        }
        Some(text) => text,
        None if status.message().is_empty() => format!("{:?}", status.code()),
        None => status.message().to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use prost::Message;

    use super::*;

    #[test]
    fn an_answer_keeps_its_details() {
        let info = rpc::ErrorInfo {
            metadata: [("errorClass".to_owned(), "INVALID_HANDLE.OPERATION_NOT_FOUND".to_owned())].into(),
            ..rpc::ErrorInfo::default()
        };
        let detail = prost_types::Any {
            type_url: "type.googleapis.com/google.rpc.ErrorInfo".to_owned(),
            value: info.encode_to_vec(),
        };
        let full = rpc::Status { code: 13, message: "whole".to_owned(), details: vec![detail] };
        let status = Status::with_details(Code::Internal, "whole", full.encode_to_vec().into());
        assert_eq!(Ending::of(&status), Ending::Answered(full.clone()));
        assert_eq!(condition(&full).as_deref(), Some("INVALID_HANDLE.OPERATION_NOT_FOUND"));
    }

    #[test]
    fn statuses_without_details_are_told_apart() {
        assert!(matches!(Ending::of(&Status::unavailable("gone")), Ending::Cut(_)));
        assert!(matches!(Ending::of(&Status::unknown("")), Ending::Doubtful(_)));
        assert!(matches!(Ending::of(&Status::unauthenticated("who")), Ending::Answered(_)));
        let error: Box<dyn Error + Send + Sync> = "reset".into();
        assert!(matches!(Ending::of(&Status::from_error(error)), Ending::Cut(text) if text == "reset"));
        let connect = tonic::ConnectError("refused".into());
        assert!(matches!(Ending::of(&Status::from_error(Box::new(connect))), Ending::Unsent(_)));
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let connect = tonic::ConnectError(Box::new(refused));
        let ending = Ending::of(&Status::from_error(Box::new(connect)));
        assert!(matches!(ending, Ending::Unsent(Unsent { is_refused: true, .. })));
    }
}
