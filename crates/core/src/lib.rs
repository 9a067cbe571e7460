//! The application without protocols: sessions, operations, results, history, and the seams to engines and stores.
//!
//! Core knows no wire format, no SQL and no DataFusion. Doors call it with an `OpContext`; engines and stores stand
//! behind its traits.

pub mod admission;
pub mod allowance;
pub mod auth;
pub mod context;
pub mod engine;
pub mod engines;
pub mod hearth;
pub mod history;
pub mod interpreter;
pub mod journal;
pub mod limits;
pub mod operation;
pub mod operations;
pub mod progress;
pub mod result;
pub mod routing;
pub mod session;
pub mod sessions;
pub mod store;
pub mod worker;

pub use admission::Admission;
pub use allowance::WorkLimits;
pub use auth::{Authenticator, Credentials};
pub use context::{OpContext, Principal};
pub use engine::{Engine, EngineSession, Work};
pub use engines::{EngineKind, Engines, NamedEngine, PrincipalRule};
pub use hearth::Hearth;
pub use interpreter::{Interpreter, InterpreterHost};
pub use limits::Limits;
pub use operation::{Operation, OperationState};
pub use operations::{Operations, Submission};
pub use result::{Item, ResultLog, ResultReader, ResultWriter};
pub use session::Session;
pub use sessions::Sessions;
pub use store::{MetadataStore, ResultStore};
pub use worker::WorkerDesk;
