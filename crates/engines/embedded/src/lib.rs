//! The embedded engine: Apache DataFusion in process, with Spark's semantics.
//!
//! A request passes through here in this order: `decode` (bytes to unresolved plan), `resolve` (the names it mentions to
//! a `SessionView`; the only waiting), the analyzer (a pure function), `execute` (DataFusion's stream to the
//! `ResultWriter`). Commands and catalog operations end in `effects`. `catalog` keeps databases and tables, `sources`
//! and `sinks` read and write files, `config` is the catalogue of Spark's settings.

mod cached;
pub mod catalog;
mod change;
pub mod config;
pub mod constant;
pub mod coverage;
pub mod decode;
pub mod effects;
pub mod engine;
pub mod error;
pub mod execute;
pub mod explain;
mod hadoop;
pub mod information;
mod interrupt;
mod join_order;
mod lazy_operands;
mod leaf_rule;
pub mod meaning;
pub mod memory;
mod null_safe_joins;
mod numbered;
pub mod observe;
mod orc;
mod ordered;
mod planner;
pub mod progress;
pub mod question;
pub mod recursion;
pub mod resolve;
pub mod run;
pub mod samples;
mod script;
pub mod session;
mod shell;
pub mod sinks;
pub mod sources;
pub mod state;
mod stream_side;
pub mod value;

/// The Spark whose behaviour this engine follows.
pub const SPARK_VERSION: &str = "4.2.0";

pub use engine::{EmbeddedEngine, EngineSettings};
pub use script::ScriptLimits;
