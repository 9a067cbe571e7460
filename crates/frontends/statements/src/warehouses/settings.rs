//! What can be set of a warehouse, and the form in which it is kept.
//!
//! The words are those of the service. Sizes and numbers of clusters are kept for the clients that set them and compare
//! later; an engine is as large as it is.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) enum ClusterSize {
    #[serde(rename = "2X-Small")]
    TwoXSmall,
    #[serde(rename = "X-Small")]
    XSmall,
    Small,
    Medium,
    Large,
    #[serde(rename = "X-Large")]
    XLarge,
    #[serde(rename = "2X-Large")]
    TwoXLarge,
    #[serde(rename = "3X-Large")]
    ThreeXLarge,
    #[serde(rename = "4X-Large")]
    FourXLarge,
    #[serde(rename = "5X-Large")]
    FiveXLarge,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum WarehouseType {
    TypeUnspecified,
    Classic,
    Pro,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum SpotInstancePolicy {
    PolicyUnspecified,
    CostOptimized,
    ReliabilityOptimized,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) enum ChannelName {
    #[serde(rename = "CHANNEL_NAME_CURRENT")]
    Current,
    #[serde(rename = "CHANNEL_NAME_PREVIEW")]
    Preview,
    #[serde(rename = "CHANNEL_NAME_PREVIOUS")]
    Previous,
    #[serde(rename = "CHANNEL_NAME_CUSTOM")]
    Custom,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Channel {
    pub name: ChannelName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dbsql_version: Option<String>,
}

impl Default for Channel {
    fn default() -> Self {
        Self { name: ChannelName::Current, dbsql_version: None }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct EndpointTag {
    pub key: String,
    pub value: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct EndpointTags {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom_tags: Vec<EndpointTag>,
}

/// The settings of a warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct WarehouseSettings {
    /// Unique, of fewer than 100 characters.
    pub name: String,
    pub cluster_size: ClusterSize,
    pub min_num_clusters: u32,
    pub max_num_clusters: u32,
    /// After so many minutes without statements it stops; 0: never.
    pub auto_stop_mins: u32,
    pub warehouse_type: WarehouseType,
    pub spot_instance_policy: SpotInstancePolicy,
    pub channel: Channel,
    pub tags: EndpointTags,
    /// Seconds that a statement runs at most; absent: as the server's settings say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement_timeout: Option<u32>,
}

impl Default for WarehouseSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            cluster_size: ClusterSize::Small,
            min_num_clusters: 1,
            max_num_clusters: 1,
            auto_stop_mins: 120,
            warehouse_type: WarehouseType::Pro,
            spot_instance_policy: SpotInstancePolicy::CostOptimized,
            channel: Channel::default(),
            tags: EndpointTags::default(),
            statement_timeout: None,
        }
    }
}

impl WarehouseSettings {
    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.custom_tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
    }

    pub fn timeout(&self) -> Option<Duration> {
        self.statement_timeout.map(|seconds| Duration::from_secs(seconds.into()))
    }
}

/// A warehouse as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub settings: WarehouseSettings,
    /// Who made it; nobody made `default`.
    pub creator: Option<String>,
    /// Stopped by somebody, until somebody uses it.
    pub stopped: bool,
}

impl Kept {
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub fn read(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }
}
