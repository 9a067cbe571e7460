//! The calls that go to workers, and how they look on the wire.
//!
//! A request travels as `dataframe_processor.Request` with the encoded request of Spark Connect in an `Any`.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use hearth_proto::connect as pb;
use hearth_proto::dataframe_processor::{DataframeType, Request};
use prost::{Message, Name};

/// What stands in front of a message's name in an `Any`.
pub(crate) const TYPE_PREFIX: &str = "type.googleapis.com/";

/// A session of an engine: its user, and its id.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct SessionKey(Arc<(String, String)>);

impl SessionKey {
    pub fn new(user: &str, id: &str) -> Self {
        Self(Arc::new((user.to_owned(), id.to_owned())))
    }

    pub fn of(user: Option<&pb::UserContext>, id: &str) -> Self {
        Self::new(user.map_or("", |user| &user.user_id), id)
    }

    /// Another session of the same user.
    pub fn sibling(&self, id: &str) -> Self {
        Self::new(&self.0.0, id)
    }

    pub fn user(&self) -> &str {
        &self.0.0
    }

    pub fn id(&self) -> &str {
        &self.0.1
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.0, self.0.1)
    }
}

/// The calls of Spark Connect that workers answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CallKind {
    ExecutePlan,
    AnalyzePlan,
    Config,
    AddArtifacts,
    ArtifactStatus,
    Interrupt,
    ReleaseSession,
    CloneSession,
    FetchErrorDetails,
}

impl CallKind {
    pub const ALL: [Self; 9] = [
        Self::ExecutePlan,
        Self::AnalyzePlan,
        Self::Config,
        Self::AddArtifacts,
        Self::ArtifactStatus,
        Self::Interrupt,
        Self::ReleaseSession,
        Self::CloneSession,
        Self::FetchErrorDetails,
    ];

    /// The message that asks.
    pub fn request_name(self) -> String {
        match self {
            Self::ExecutePlan => pb::ExecutePlanRequest::full_name(),
            Self::AnalyzePlan => pb::AnalyzePlanRequest::full_name(),
            Self::Config => pb::ConfigRequest::full_name(),
            Self::AddArtifacts => pb::AddArtifactsRequest::full_name(),
            Self::ArtifactStatus => pb::ArtifactStatusesRequest::full_name(),
            Self::Interrupt => pb::InterruptRequest::full_name(),
            Self::ReleaseSession => pb::ReleaseSessionRequest::full_name(),
            Self::CloneSession => pb::CloneSessionRequest::full_name(),
            Self::FetchErrorDetails => pb::FetchErrorDetailsRequest::full_name(),
        }
    }

    /// The call that this message asks for.
    pub fn of_request(type_url: &str) -> Option<Self> {
        let name = bare_name(type_url);
        Self::ALL.into_iter().find(|kind| kind.request_name() == name)
    }
}

/// The message's name in an `Any`'s address, whatever stands before its last slash.
pub(crate) fn bare_name(type_url: &str) -> &str {
    type_url.rsplit('/').next().unwrap_or(type_url)
}

/// What a worker pulls.
pub(crate) fn encode_request(id: &str, kind: CallKind, payload: &Bytes) -> Bytes {
    let request = Request {
        request_id: id.to_owned(),
        dataframe_type: DataframeType::SparkConnect.into(),
        payload: Some(prost_types::Any {
            type_url: format!("{TYPE_PREFIX}{}", kind.request_name()),
            value: payload.to_vec(),
        }),
    };
    Bytes::from(request.encode_to_vec())
}
