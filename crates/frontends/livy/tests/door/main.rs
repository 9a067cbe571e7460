//! The door over its router, on fake engines and interpreters.
#![allow(clippy::unwrap_used, clippy::panic)]

mod batches;
mod engines;
mod rights;
mod sessions;
mod support;
