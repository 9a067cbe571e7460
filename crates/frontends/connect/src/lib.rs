//! Spark Connect: the service, and its transports.
//!
//! `service` has one file per RPC; each decodes, calls core once and encodes. `grpc` and `rest` are the transports over
//! it. `from_wire` and `to_wire` translate, `error` maps core's errors in its two exhaustive places, `response_id` makes the ids by which a client says how far it got.

pub mod error;
pub mod from_wire;
pub mod grpc;
pub mod response_id;
pub mod rest;
pub mod service;
pub mod to_wire;

pub use grpc::GrpcSettings;
pub use rest::{RestSettings, RestState};
pub use service::{ConnectService, ConnectSettings};
