//! Credentials from headers. gRPC metadata are headers too (`MetadataMap::as_ref`).

use hearth_core::Credentials;
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// What the headers say of their sender. The claimed name is in the message, where a protocol has one.
pub fn from_headers(headers: &HeaderMap) -> Credentials {
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    Credentials { authorization, claimed_user: None }
}
