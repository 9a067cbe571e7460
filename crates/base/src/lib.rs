//! Things that every layer needs and that know nothing: ids, errors, limits, time, owned tasks.

pub mod clock;
pub mod condition;
pub mod error;
pub mod id;
pub mod limit;
pub mod task;

pub use clock::Clock;
pub use condition::Condition;
pub use error::{Error, ErrorKind, Foreign, QueryContext, Result};
pub use id::{OperationId, PrincipalId, SessionId};
pub use limit::ByteSize;
