//! The Databricks SQL Statement Execution API, and what clients of a SQL warehouse ask beside it.
//!
//! `statements` runs and reads statements, `encode` writes rows, `warehouses`, `history` and `workspace` answer what
//! drivers ask around them. Wire types stay in `from_wire.rs`, `to_wire.rs` and `error.rs`.

mod api;
pub mod encode;
mod error;
mod facts;
mod from_wire;
mod history;
mod links;
mod openapi;
mod sessions;
mod settings;
mod statements;
mod to_wire;
pub mod types;
mod warehouses;
mod workspace;

pub use api::{Api, router};
pub use settings::StatementsSettings;
