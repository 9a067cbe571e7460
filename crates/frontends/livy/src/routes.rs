//! The endpoints: each reads its request, calls the session, writes its answer.

pub(crate) mod batches;
pub(crate) mod files;
pub(crate) mod jobs;
pub(crate) mod pages;
pub(crate) mod sessions;
pub(crate) mod statements;

use crate::error::LivyError;

/// A path that leads nowhere.
pub(crate) async fn unknown() -> LivyError {
    LivyError::no_endpoint()
}

/// A path that has no such method.
pub(crate) async fn other_method() -> LivyError {
    LivyError::no_method("")
}
