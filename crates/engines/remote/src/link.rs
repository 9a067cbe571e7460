//! `Link`: one session of ours and the session elsewhere that it stands for.
//!
//! The session elsewhere has an id of its own, new for each session of ours, so that a session that was closed and
//! opened again never meets what was left of the first. What the other side calls its incarnation is remembered from the
//! first answer and sent from then on: a Spark that was restarted says so instead of giving an empty session.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hearth_base::task::TaskGroup;
use hearth_base::{PrincipalId, SessionId};
use hearth_core::engine::SessionSpec;
use hearth_proto::connect as pb;
use parking_lot::Mutex;
use uuid::Uuid;

use crate::upstream::Upstream;

const CLIENT: &str = concat!("hearth/", env!("CARGO_PKG_VERSION"));

#[derive(Debug)]
pub struct Link {
    pub engine: Arc<str>,
    pub upstream: Arc<dyn Upstream>,
    pub tasks: Arc<TaskGroup>,
    /// The id of the session elsewhere.
    pub session: String,
    pub ours: SessionId,
    user: PrincipalId,
    incarnation: Mutex<Option<String>>,
    is_used: AtomicBool,
}

impl Link {
    pub fn new(engine: &str, upstream: &Arc<dyn Upstream>, tasks: &Arc<TaskGroup>, spec: &SessionSpec) -> Self {
        Self {
            engine: Arc::from(engine),
            upstream: Arc::clone(upstream),
            tasks: Arc::clone(tasks),
            session: Uuid::new_v4().to_string(),
            ours: spec.session.clone(),
            user: spec.principal.id.clone(),
            incarnation: Mutex::default(),
            is_used: AtomicBool::new(false),
        }
    }

    /// A link to another session of the same Spark.
    pub fn beside(&self, spec: &SessionSpec) -> Self {
        Self::new(&self.engine, &self.upstream, &self.tasks, spec)
    }

    pub fn client_type(&self) -> Option<String> {
        Some(CLIENT.to_owned())
    }

    pub fn user_context(&self) -> Option<pb::UserContext> {
        let user = self.user.to_string();
        Some(pb::UserContext { user_id: user.clone(), user_name: user, extensions: Vec::new() })
    }

    /// Marks the session as known elsewhere; what it is called there, when it has answered before.
    pub fn observed(&self) -> Option<String> {
        self.is_used.store(true, Ordering::Relaxed);
        self.incarnation.lock().clone()
    }

    /// Remembers what the first answer called the session.
    pub fn saw(&self, incarnation: &str) {
        let mut known = self.incarnation.lock();
        if known.is_none() && !incarnation.is_empty() {
            *known = Some(incarnation.to_owned());
        }
    }

    /// Whether the other side may know the session.
    pub fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    pub fn mark_used(&self) {
        self.is_used.store(true, Ordering::Relaxed);
    }

    /// What the other side said, with our id of the session in the place of its own.
    pub fn in_our_words(&self, text: &str) -> String {
        text.replace(&self.session, self.ours.as_str())
    }
}
