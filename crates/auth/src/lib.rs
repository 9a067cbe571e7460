//! Who calls: bearer tokens, or nobody asks.
//!
//! A token is `hearth_` and 64 hex digits of a random secret. Only the SHA-256 of the secret is kept, so the database
//! gives no token away; a secret of 256 random bits needs no salt and no slow hash.

mod open;
mod token;

pub use open::OpenAuthenticator;
pub use token::{NewToken, TokenAuthenticator, create_token};
