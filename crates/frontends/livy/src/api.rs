//! The door: what all endpoints share, who calls, and where the paths lead.
//!
//! Livy's paths answer below `/` and below `/livy`, with and without a slash at their end: a request is brought to the
//! plain form before its path is looked up.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, OriginalUri, Request};
use hearth_base::Result;
use hearth_base::task::TaskGroup;
use hearth_core::{Hearth, InterpreterHost, Principal};
use hearth_kit::credentials;
use http::Uri;
use http::request::Parts as RequestParts;
use http::uri::PathAndQuery;
use tokio::runtime::Handle;
use tower::Layer;

use crate::access::Access;
use crate::batch::Batch;
use crate::error::{LivyError, LivyResult};
use crate::from_wire::{Reference, parameter};
use crate::guard;
use crate::model::State;
use crate::parts::Parts;
use crate::record::Archive;
use crate::registry::{Owner, Registry};
use crate::routes;
use crate::session::LivySession;
use crate::settings::LivySettings;

/// The prefix under which HDInsight and its like have Livy.
const PREFIX: &str = "/livy";
/// `http.max_livy_body`: bytes of one request but for uploads.
const MAX_BODY: usize = 64 * 1024 * 1024;
/// What belongs to this door, below `/` and below the prefix.
const ROOTS: [&str; 5] = ["/sessions", "/batches", "/version", "/ui", "/thriftserver"];

/// The door.
#[derive(Debug, Clone)]
pub struct Livy(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: Arc<Parts>,
    registry: Arc<Registry>,
    access: Access,
}

impl Livy {
    /// Takes up the sessions and batches of an earlier run of the server.
    pub async fn open(hearth: Hearth, interpreters: Arc<dyn InterpreterHost>, settings: LivySettings) -> Result<Self> {
        let access = Access::new(&settings);
        let archive = Archive::new(Arc::clone(hearth.operations.metadata()));
        let tasks = TaskGroup::new(Handle::current());
        let parts = Arc::new(Parts { hearth, interpreters, settings, archive, tasks });
        let registry = Registry::open(Arc::clone(&parts)).await?;
        Ok(Self(Arc::new(Inner { parts, registry, access })))
    }

    /// Lets go of everything. With `keep`, interpreters and what they run are there for the next run of the server, if
    /// `livy.recovery` is on; else all sessions end.
    pub async fn stop(&self, keep: bool) {
        let keep = keep && self.0.parts.settings.recovery;
        if !keep {
            self.0.registry.end_all().await;
        }
        self.0.parts.tasks.shutdown(std::time::Duration::ZERO).await;
        self.0.parts.interpreters.shutdown(keep).await;
    }

    pub(crate) fn parts(&self) -> &Arc<Parts> {
        &self.0.parts
    }

    pub(crate) fn settings(&self) -> &LivySettings {
        &self.0.parts.settings
    }

    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.0.registry
    }

    pub(crate) fn access(&self) -> &Access {
        &self.0.access
    }
}

/// The routes of this door.
pub fn router(livy: Livy) -> Router {
    let settings = livy.settings().clone();
    let inner = Router::new()
        .merge(routes::sessions::routes())
        .merge(routes::statements::routes())
        .merge(routes::jobs::routes())
        .merge(routes::files::routes())
        .merge(routes::batches::routes())
        .merge(routes::pages::routes())
        .fallback(routes::unknown)
        .method_not_allowed_fallback(routes::other_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(livy);
    let service = tower::util::MapRequestLayer::new(plain).layer(guard::guarded(inner, &settings));
    // Nested: the path's own parameters are then all that an endpoint sees.
    let mut router = Router::new().route_service("/", service.clone()).nest_service(PREFIX, service.clone());
    for root in ROOTS {
        router = router.nest_service(root, service.clone());
    }
    router
}

/// Where the door stands for this request: `""` or `"/livy"`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Base(pub &'static str);

/// Brings a request to the path that its client wrote, without prefix and without slashes at its end.
fn plain(mut request: Request) -> Request {
    if let Some(OriginalUri(uri)) = request.extensions().get::<OriginalUri>().cloned() {
        *request.uri_mut() = uri;
    }
    let path = request.uri().path();
    let rest = path.strip_prefix(PREFIX).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let base = Base(if rest.is_some() { PREFIX } else { "" });
    let trimmed = rest.unwrap_or(path).trim_end_matches('/');
    let trimmed = if trimmed.is_empty() { "/" } else { trimmed };
    let text = match request.uri().query() {
        Some(query) => format!("{trimmed}?{query}"),
        None => trimmed.to_owned(),
    };
    if let Ok(path_and_query) = text.parse::<PathAndQuery>() {
        let mut uri = request.uri().clone().into_parts();
        uri.path_and_query = Some(path_and_query);
        if let Ok(uri) = Uri::from_parts(uri) {
            *request.uri_mut() = uri;
        }
    }
    request.extensions_mut().insert(base);
    request
}

/// Who calls, and for whom.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Nobody in particular, where nobody is asked who he is.
    pub user: Option<String>,
    /// Who counts: the one that `doAs` names, where that is allowed.
    pub effective: Option<String>,
    pub do_as: Option<String>,
    pub principal: Principal,
}

impl FromRequestParts<Livy> for Caller {
    type Rejection = LivyError;

    async fn from_request_parts(parts: &mut RequestParts, livy: &Livy) -> LivyResult<Self> {
        let authenticator = &livy.parts().hearth.authenticator;
        let principal = authenticator.authenticate(&credentials::from_headers(&parts.headers)).await?;
        let user = livy.settings().authenticated.then(|| principal.id.to_string());
        let do_as = parameter(&parts.uri, "doAs");
        if !livy.access().may_enter(user.as_deref()) {
            return Err(LivyError::not_authorised(parts.uri.path()));
        }
        let effective = livy.access().effective_user(user.as_deref(), do_as.as_deref())?;
        Ok(Self { user, effective, do_as, principal })
    }
}

impl Caller {
    /// Who owns what this caller makes, and as whom its code runs.
    pub fn owner(&self, livy: &Livy, proxy_user: Option<&str>) -> LivyResult<Owner> {
        let asked = self.do_as.as_deref().or(proxy_user);
        let proxy_user = livy.access().proxy_user(self.user.as_deref(), asked)?;
        let principal = proxy_user.as_deref().map_or_else(|| self.principal.clone(), Principal::named);
        Ok(Owner { user: self.user.clone(), proxy_user, principal })
    }

    pub fn may_view(&self, livy: &Livy, session: &LivySession) -> bool {
        let facts = &session.facts;
        livy.access().may_view(self.effective.as_deref(), facts.owner.as_deref(), facts.proxy_user.as_deref())
    }

    pub fn may_modify(&self, livy: &Livy, session: &LivySession) -> bool {
        let facts = &session.facts;
        livy.access().may_modify(self.effective.as_deref(), facts.owner.as_deref(), facts.proxy_user.as_deref())
    }

    pub fn may_view_batch(&self, livy: &Livy, batch: &Batch) -> bool {
        let (owner, proxy_user) = batch.owner();
        livy.access().may_view(self.effective.as_deref(), owner, proxy_user)
    }

    pub fn may_modify_batch(&self, livy: &Livy, batch: &Batch) -> bool {
        let (owner, proxy_user) = batch.owner();
        livy.access().may_modify(self.effective.as_deref(), owner, proxy_user)
    }
}

impl Livy {
    /// Whether anything new may start. This comes before what is asked for is looked at.
    pub(crate) fn check_starting(&self) -> LivyResult<()> {
        let registry = self.registry();
        let sessions = registry.sessions().iter().filter(|session| session.state() == State::Starting).count();
        let batches = registry.batches().iter().filter(|batch| batch.state() == State::Starting).count();
        if sessions + batches < self.settings().max_starting { Ok(()) } else { Err(LivyError::too_many_starting()) }
    }

    /// The session that a path names. Whoever asks for it is heard of.
    pub(crate) fn session(&self, reference: &str) -> LivyResult<Arc<LivySession>> {
        let found = match Reference::read(reference)? {
            Reference::Id(id) => self.registry().session(id),
            Reference::Name(name) => self.registry().session_named(&name),
        };
        let session = found.ok_or_else(|| LivyError::no_session(reference))?;
        session.see();
        Ok(session)
    }

    /// The session, for somebody who looks at what is in it.
    pub(crate) fn viewed(&self, caller: &Caller, reference: &str) -> LivyResult<Arc<LivySession>> {
        let session = self.session(reference)?;
        if caller.may_view(self, &session) { Ok(session) } else { Err(LivyError::forbidden()) }
    }

    /// The session, for somebody who does something with it.
    pub(crate) fn modified(&self, caller: &Caller, reference: &str) -> LivyResult<Arc<LivySession>> {
        let session = self.session(reference)?;
        if caller.may_modify(self, &session) { Ok(session) } else { Err(LivyError::forbidden()) }
    }

    pub(crate) fn batch(&self, reference: &str) -> LivyResult<Arc<Batch>> {
        let found = match Reference::read(reference)? {
            Reference::Id(id) => self.registry().batch(id),
            Reference::Name(name) => self.registry().batch_named(&name),
        };
        found.ok_or_else(|| LivyError::no_session(reference))
    }
}

/// Statements, files and jobs of a session that is over cannot be asked for.
pub(crate) fn check_active(state: State) -> LivyResult<()> {
    if state.is_active() { Ok(()) } else { Err(LivyError::not_active()) }
}
