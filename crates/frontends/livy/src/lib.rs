//! Apache Livy's REST API: interactive sessions with statements, and batches.
//!
//! Wire types stay in `from_wire`, `to_wire` and `error`; `model` is what the door speaks of.

mod access;
mod api;
mod batch;
mod completion;
mod duration;
mod error;
mod from_wire;
mod guard;
mod model;
mod output;
mod pages;
mod parts;
mod record;
mod registry;
mod routes;
mod session;
mod settings;
mod statement;
mod to_wire;
mod upload;

pub use api::{Livy, router};
pub use settings::LivySettings;
