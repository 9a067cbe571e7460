//! Which work changes its session rather than data.

use hearth_core::Work;
use hearth_plan::Name;
use hearth_sql::change;

use crate::session::EmbeddedSession;

/// Work that does not read changes nothing.
pub fn changes_session(session: &EmbeddedSession, work: &Work) -> bool {
    let is_temporary = |name: &Name| match name.as_slice() {
        [only] => session.state.read().views.contains_key(&only.to_lowercase()),
        _ => false,
    };
    crate::decode::request(work.clone()).is_ok_and(|request| change::changes_session(&request.plan, &is_temporary))
}

/// What work makes of the setting `key`.
pub fn sets(work: &Work, key: &str) -> Option<Option<String>> {
    change::setting(&crate::decode::request(work.clone()).ok()?.plan, key)
}
