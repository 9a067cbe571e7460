//! Who may do what: owners, proxy users, superusers, and users of the access control lists.
//!
//! Nobody in particular (no user, where nobody is asked who he is) may do everything, as in Livy.

use crate::error::{LivyError, LivyResult};
use crate::settings::LivySettings;

const EVERYBODY: &str = "*";

#[derive(Debug)]
pub(crate) struct Access {
    impersonation: bool,
    is_on: bool,
    superusers: Users,
    modify: Users,
    view: Users,
    allowed: Users,
}

/// Names of users; one of them may stand for all.
#[derive(Debug)]
struct Users(Vec<String>);

impl Users {
    fn of(lists: &[&Vec<String>]) -> Self {
        Self(lists.iter().flat_map(|list| list.iter().cloned()).collect())
    }

    fn have(&self, user: &str) -> bool {
        self.0.iter().any(|known| known == EVERYBODY || known == user)
    }
}

impl Access {
    pub fn new(settings: &LivySettings) -> Self {
        let LivySettings { superusers, modify_users, view_users, allowed_users, .. } = settings;
        Self {
            impersonation: settings.impersonation,
            is_on: settings.access_control,
            superusers: Users::of(&[superusers]),
            modify: Users::of(&[superusers, modify_users]),
            view: Users::of(&[superusers, modify_users, view_users]),
            allowed: Users::of(&[superusers, modify_users, view_users, allowed_users]),
        }
    }

    /// Whether a user may use this door at all.
    pub fn may_enter(&self, user: Option<&str>) -> bool {
        self.passes(user, &self.allowed)
    }

    /// Who counts: the one that `doAs` names, if the caller may act for him.
    pub fn effective_user(&self, user: Option<&str>, do_as: Option<&str>) -> LivyResult<Option<String>> {
        Ok(self.proxy_user(user, do_as)?.or_else(|| user.map(str::to_owned)))
    }

    /// As whom a new session runs: whom it asks for, or else the caller himself; nobody while impersonation is off.
    pub fn proxy_user(&self, user: Option<&str>, asked: Option<&str>) -> LivyResult<Option<String>> {
        if !self.impersonation {
            return Ok(None);
        }
        match (user, asked) {
            (Some(user), Some(target)) if user != target && !self.superusers.have(user) => {
                Err(LivyError::may_not_impersonate(user, target))
            }
            (user, asked) => Ok(asked.or(user).map(str::to_owned)),
        }
    }

    /// Whether a user may see what is in a session of `owner` that runs as `proxy_user`.
    pub fn may_view(&self, user: Option<&str>, owner: Option<&str>, proxy_user: Option<&str>) -> bool {
        is_theirs(user, owner, proxy_user) || self.passes(user, &self.view)
    }

    /// Whether a user may use, change and end it.
    pub fn may_modify(&self, user: Option<&str>, owner: Option<&str>, proxy_user: Option<&str>) -> bool {
        is_theirs(user, owner, proxy_user) || self.passes(user, &self.modify)
    }

    fn passes(&self, user: Option<&str>, users: &Users) -> bool {
        !self.is_on || user.is_none_or(|user| users.have(user))
    }
}

fn is_theirs(user: Option<&str>, owner: Option<&str>, proxy_user: Option<&str>) -> bool {
    user.is_some() && (user == owner || user == proxy_user)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn settings() -> LivySettings {
        let names = |text: &str| text.split(' ').map(str::to_owned).collect();
        LivySettings {
            impersonation: true,
            access_control: true,
            superusers: names("root"),
            modify_users: names("editor"),
            view_users: names("viewer"),
            allowed_users: names("alice bob"),
            ..LivySettings::default()
        }
    }

    #[test]
    fn rights_to_a_session_of_alice_that_runs_as_etl() {
        let access = Access::new(&settings());
        for (user, view, modify, enter) in [
            ("alice", true, true, true),
            ("etl", true, true, false),
            ("root", true, true, true),
            ("editor", true, true, true),
            ("viewer", true, false, true),
            ("bob", false, false, true),
            ("stranger", false, false, false),
        ] {
            let (owner, proxy) = (Some("alice"), Some("etl"));
            assert_eq!(access.may_view(Some(user), owner, proxy), view, "{user} views");
            assert_eq!(access.may_modify(Some(user), owner, proxy), modify, "{user} modifies");
            assert_eq!(access.may_enter(Some(user)), enter, "{user} enters");
        }
    }

    #[test]
    fn nobody_in_particular_may_do_everything() {
        let access = Access::new(&settings());
        assert!(access.may_view(None, Some("alice"), None) && access.may_modify(None, None, None));
        assert!(access.may_enter(None));
        assert!(!access.may_view(Some("bob"), None, None));
    }

    #[test]
    fn without_access_control_everybody_may_do_everything() {
        let access = Access::new(&LivySettings { access_control: false, ..settings() });
        assert!(access.may_modify(Some("stranger"), Some("alice"), None) && access.may_enter(Some("stranger")));
        let stars = LivySettings { modify_users: vec!["*".to_owned()], ..settings() };
        assert!(Access::new(&stars).may_modify(Some("stranger"), Some("alice"), None));
    }

    #[test]
    fn who_may_act_for_whom() {
        let access = Access::new(&settings());
        let refused = |user: &str, target: &str| Err(LivyError::may_not_impersonate(user, target));
        let named = |name: &str| Ok(Some(name.to_owned()));
        for (user, asked, expected) in [
            (Some("alice"), None, named("alice")),
            (Some("alice"), Some("alice"), named("alice")),
            (Some("alice"), Some("bob"), refused("alice", "bob")),
            (Some("editor"), Some("bob"), refused("editor", "bob")),
            (Some("root"), Some("bob"), named("bob")),
            (None, Some("bob"), named("bob")),
            (None, None, Ok(None)),
        ] {
            assert_eq!(access.proxy_user(user, asked), expected, "{user:?} for {asked:?}");
            assert_eq!(access.effective_user(user, asked), expected, "{user:?} for {asked:?}");
        }
    }

    #[test]
    fn without_impersonation_nobody_is_asked_for() {
        let access = Access::new(&LivySettings { impersonation: false, ..settings() });
        assert_eq!(access.proxy_user(Some("alice"), Some("bob")), Ok(None));
        assert_eq!(access.effective_user(Some("alice"), Some("bob")), Ok(Some("alice".to_owned())));
    }
}
