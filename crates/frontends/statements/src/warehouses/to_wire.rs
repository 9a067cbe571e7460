//! Warehouses as clients see them.

use hearth_core::engine::Health;
use hearth_core::engines::EngineStatus;
use http::Uri;
use serde::Serialize;
use utoipa::ToSchema;

use super::View;
use super::settings::WarehouseSettings;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum WarehouseState {
    Running,
    /// The engine is on its way.
    Starting,
    Stopped,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct EndpointHealth {
    /// `HEALTHY`, or `FAILED` when the engine cannot run work now.
    pub status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
}

/// The engine of a warehouse. An extension: clients of the service do not look here.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct EngineInfo {
    pub name: String,
    /// `embedded`, `cluster` or `worker`
    pub kind: &'static str,
    /// Operations of all warehouses and doors that run on it.
    pub num_running_operations: usize,
    /// Those that wait for a place.
    pub num_queued_operations: usize,
    /// Open sessions that have used it.
    pub num_sessions: usize,
}

/// Where drivers connect.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct OdbcParams {
    pub hostname: String,
    pub path: String,
    pub port: u16,
    pub protocol: String,
}

/// A warehouse.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct EndpointInfo {
    pub id: String,
    #[serde(flatten)]
    pub settings: WarehouseSettings,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creator_name: Option<String>,
    pub state: WarehouseState,
    /// 1 while it runs: its engine.
    pub num_clusters: u32,
    /// Open sessions that have run a statement on it.
    pub num_active_sessions: usize,
    /// Always false: there is no Photon here.
    pub enable_photon: bool,
    /// Always false: it runs in this server or where its engine is.
    pub enable_serverless_compute: bool,
    pub jdbc_url: String,
    pub odbc_params: OdbcParams,
    pub health: EndpointHealth,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hearth_engine: Option<EngineInfo>,
}

/// A page of warehouses. The old path answers them as `endpoints`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WarehouseList {
    pub warehouses: Vec<EndpointInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// The same page at the old path.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct EndpointList {
    pub endpoints: Vec<EndpointInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// The id of a new warehouse.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct CreateWarehouseResponse {
    pub id: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WarehouseTypePair {
    pub warehouse_type: &'static str,
    pub enabled: bool,
}

/// What holds for all warehouses.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WarehouseConfig {
    pub security_policy: &'static str,
    pub enable_serverless_compute: bool,
    pub enabled_warehouse_types: Vec<WarehouseTypePair>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WarehousePermission {
    /// `IS_OWNER` or `CAN_USE`
    pub permission_level: &'static str,
    pub inherited: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AccessControl {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_name: Option<&'static str>,
    pub all_permissions: Vec<WarehousePermission>,
}

/// Who may do what with a warehouse: its owner everything, everybody use it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WarehousePermissions {
    pub object_id: String,
    pub object_type: &'static str,
    pub access_control_list: Vec<AccessControl>,
}

impl EndpointInfo {
    /// `base` is how the client reaches this server: `http://host:port`.
    pub fn new(view: View, base: &str) -> Self {
        let (path, health) = (format!("/sql/1.0/warehouses/{}", view.id), EndpointHealth::of(&view));
        let (protocol, hostname, port) = address(base);
        let ssl = u8::from(protocol == "https");
        let jdbc_url = format!(
            "jdbc:databricks://{hostname}:{port}/default;transportMode=http;ssl={ssl};AuthMech=3;httpPath={path};"
        );
        Self {
            jdbc_url,
            odbc_params: OdbcParams { hostname, path, port, protocol },
            id: view.id,
            settings: view.kept.settings,
            creator_name: view.kept.creator,
            state: view.state,
            num_clusters: u32::from(view.state == WarehouseState::Running),
            num_active_sessions: view.sessions,
            enable_photon: false,
            enable_serverless_compute: false,
            health,
            hearth_engine: view.engine.map(EngineInfo::new),
        }
    }
}

impl EndpointHealth {
    fn of(view: &View) -> Self {
        let failed = |summary: String, details: String| Self {
            status: "FAILED",
            summary: Some(summary),
            details: Some(details).filter(|details| !details.is_empty()),
        };
        match view.engine.as_ref().map(|engine| (engine, &engine.health)) {
            Some((_, Health::Ready | Health::Starting)) => Self { status: "HEALTHY", summary: None, details: None },
            Some((engine, Health::Unavailable { reason })) => {
                failed(format!("The engine {} is not available: {reason}", engine.name), engine.description.clone())
            }
            None => failed("The engine that the warehouse names is not there.".to_owned(), String::new()),
        }
    }
}

impl EngineInfo {
    fn new(status: EngineStatus) -> Self {
        Self {
            name: status.name.to_string(),
            kind: status.kind.name(),
            num_running_operations: status.running,
            num_queued_operations: status.queued,
            num_sessions: status.sessions,
        }
    }
}

impl WarehouseConfig {
    pub fn new() -> Self {
        let enabled = |warehouse_type| WarehouseTypePair { warehouse_type, enabled: true };
        Self {
            security_policy: "NONE",
            enable_serverless_compute: false,
            enabled_warehouse_types: vec![enabled("PRO"), enabled("CLASSIC")],
        }
    }
}

impl WarehousePermissions {
    pub fn new(view: View) -> Self {
        let permission = |permission_level| vec![WarehousePermission { permission_level, inherited: false }];
        let owner = view.kept.creator.map(|name| AccessControl {
            user_name: Some(name),
            group_name: None,
            all_permissions: permission("IS_OWNER"),
        });
        let users =
            AccessControl { user_name: None, group_name: Some("users"), all_permissions: permission("CAN_USE") };
        Self {
            object_id: format!("/sql/warehouses/{}", view.id),
            object_type: "warehouses",
            access_control_list: owner.into_iter().chain([users]).collect(),
        }
    }
}

/// The parts of `http://host:port`; the port that the protocol has by itself where none is named.
fn address(base: &str) -> (String, String, u16) {
    let uri: Uri = base.parse().unwrap_or_default();
    let protocol = uri.scheme_str().unwrap_or("http").to_owned();
    let default_port = if protocol == "https" { 443 } else { 80 };
    let (host, port) = (uri.host().unwrap_or("localhost").to_owned(), uri.port_u16().unwrap_or(default_port));
    (protocol, host, port)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_port() {
        for (base, protocol, host, port) in [
            ("http://127.0.0.1:8998", "http", "127.0.0.1", 8998),
            ("https://hearth.example", "https", "hearth.example", 443),
            ("http://[::1]:80", "http", "[::1]", 80),
            ("", "http", "localhost", 80),
        ] {
            assert_eq!(address(base), (protocol.to_owned(), host.to_owned(), port), "{base}");
        }
    }
}
