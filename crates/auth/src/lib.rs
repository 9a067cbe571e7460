//! Who calls: tokens, as bearer or as password, or nobody asks.
//!
//! A token is `hearth_` (a session's: `hearth_session_`) and 64 hex digits of a random secret. Only the SHA-256 of the
//! secret is kept, so the database gives no token away; a secret of 256 random bits needs no salt and no slow hash.

mod open;
mod presented;
mod secret;
mod session;
mod token;

pub use open::OpenAuthenticator;
pub use session::{SessionTokenAuthenticator, SessionTokens};
pub use token::{NewToken, TokenAuthenticator, create_token};
