//! What clients ask a workspace around statements: discovery, flags, telemetry, who they are.
//!
//! All answers are true and harmless: nothing of the telemetry is kept, and the Thrift protocol is answered only to send
//! its clients to this API.

pub(crate) mod identity;
pub(crate) mod start_up;
pub(crate) mod telemetry;
pub(crate) mod thrift;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::api::{Api, both};
pub(crate) use identity::user_id;

/// `http.max_side_body`: bytes of a request that is no statement.
const MAX_SIDE_BODY: usize = 1024 * 1024;

pub(crate) fn routes() -> Router<Api> {
    let mut router = Router::new();
    router = both(router, "/.well-known/databricks-config", get(start_up::databricks_config));
    router = both(router, "/api/2.0/connector-service/feature-flags/{client}/{version}", get(start_up::feature_flags));
    router = both(router, "/telemetry-ext", post(telemetry::telemetry_ext));
    router = both(router, "/telemetry-unauth", post(telemetry::telemetry_unauth));
    router = both(router, "/api/2.0/preview/scim/v2/Me", get(identity::me));
    router = both(router, "/sql/1.0/warehouses/{id}", post(thrift::thrift_warehouse));
    router = both(router, "/sql/1.0/endpoints/{id}", post(thrift::thrift_endpoint));
    router = both(router, "/sql/protocolv1/o/{org}/{cluster}", post(thrift::thrift_cluster));
    router.layer(DefaultBodyLimit::max(MAX_SIDE_BODY))
}
