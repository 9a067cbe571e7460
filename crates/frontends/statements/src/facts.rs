//! What a request asked for that an answer to a later request needs, kept with the operation.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How rows are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Format {
    #[default]
    JsonArray,
    ArrowStream,
    Csv,
}

/// Where the rows of an answer are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Disposition {
    #[default]
    Inline,
    ExternalLinks,
    InlineOrExternalLinks,
}

impl Format {
    pub const ALL: [Self; 3] = [Self::JsonArray, Self::ArrowStream, Self::Csv];

    pub fn name(self) -> &'static str {
        match self {
            Self::JsonArray => "JSON_ARRAY",
            Self::ArrowStream => "ARROW_STREAM",
            Self::Csv => "CSV",
        }
    }
}

impl Disposition {
    pub const ALL: [Self; 3] = [Self::Inline, Self::ExternalLinks, Self::InlineOrExternalLinks];

    pub fn name(self) -> &'static str {
        match self {
            Self::Inline => "INLINE",
            Self::ExternalLinks => "EXTERNAL_LINKS",
            Self::InlineOrExternalLinks => "INLINE_OR_EXTERNAL_LINKS",
        }
    }
}

/// A tag of a statement, for the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct QueryTag {
    pub key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What is kept of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    #[serde(default)]
    pub format: Format,
    #[serde(default)]
    pub disposition: Disposition,
    /// Arrow streams are in LZ4 frames.
    #[serde(default)]
    pub lz4: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query_tags: Vec<QueryTag>,
    /// With an idempotency key: the digest of what was asked, since a key stands for one request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl Facts {
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The facts of an operation. One of another door has none: its rows come as this API's defaults say.
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }
}
