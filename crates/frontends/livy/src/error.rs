//! Refused requests on this wire.
