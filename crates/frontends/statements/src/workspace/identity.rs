//! Who the caller is, as SCIM says it.

use axum::Json;
use hearth_base::PrincipalId;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::api::Caller;

/// The one workspace of this server. The SDK reads it from a header of `Me`.
const WORKSPACE: &str = "1";
/// Numbers up to 2^53 survive every client's JSON.
const USER_ID_BITS: u32 = 53;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Email {
    pub value: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub primary: bool,
}

/// A user.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    pub schemas: [&'static str; 1],
    pub id: String,
    pub user_name: String,
    pub display_name: String,
    pub active: bool,
    pub emails: Vec<Email>,
}

/// A number that always stands for this principal.
pub(crate) fn user_id(principal: &PrincipalId) -> i64 {
    let digest = Sha256::digest(principal.as_str().as_bytes());
    let number = digest.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    i64::try_from(number >> (u64::BITS - USER_ID_BITS)).unwrap_or_default()
}

/// Who the caller is.
#[utoipa::path(get, path = "/api/2.0/preview/scim/v2/Me", operation_id = "me", tag = "Workspace",
    responses((status = 200, body = User)))]
pub(crate) async fn me(caller: Caller) -> ([(&'static str, &'static str); 1], Json<User>) {
    let name = caller.principal.id.to_string();
    let user = User {
        schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
        id: user_id(&caller.principal.id).to_string(),
        user_name: name.clone(),
        display_name: name.clone(),
        active: true,
        emails: vec![Email { value: name, kind: "work", primary: true }],
    };
    ([("x-databricks-org-id", WORKSPACE)], Json(user))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_is_stable_and_fits_in_a_double() {
        let (ada, bob) = (user_id(&PrincipalId::new("ada")), user_id(&PrincipalId::new("bob")));
        assert_eq!(ada, user_id(&PrincipalId::new("ada")));
        assert_ne!(ada, bob);
        assert!([ada, bob].iter().all(|id| (1..1 << 53).contains(id)));
    }
}
