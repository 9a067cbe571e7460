//! `RemoteSession`: a session of ours whose state is a session elsewhere.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hearth_base::condition::OPERATION_CANCELED;
use hearth_base::{Error, ErrorKind, Result};
use hearth_core::engine::{
    Answer, Artifact, ConfigAnswer, ConfigRequest, EngineSession, Flavor, Namespace, Question, SessionSpec, SqlWork,
};
use hearth_core::{OpContext, ResultWriter, Work};
use hearth_plan::{Name, Plan, from_proto};
use hearth_proto::connect as pb;
use hearth_sql::change;
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use crate::execute::{Running, Shape, write};
use crate::link::Link;
use crate::place::Places;
use crate::sql;
use crate::warehouse::{self, Asked, metadata};

/// How long letting go of a session elsewhere may take. It expires there by itself when it cannot be reached.
const RELEASE_PATIENCE: Duration = Duration::from_secs(10);
/// `session.max_temporary_views`: names that are remembered.
const MAX_VIEWS: usize = 1_000;

#[derive(Debug)]
pub struct RemoteSession {
    link: Arc<Link>,
    flavor: Flavor,
    /// What the session starts with, in its order.
    settings: Vec<(String, String)>,
    is_set_up: OnceCell<()>,
    places: Places,
    /// Temporary views that were made through us.
    views: Mutex<HashSet<String>>,
}

impl RemoteSession {
    pub fn new(link: Link, flavor: Flavor, mut settings: Vec<(String, String)>) -> Self {
        let has_zone = settings.iter().any(|(key, _)| key == warehouse::TIME_ZONE);
        if flavor == Flavor::Warehouse && !has_zone {
            settings.push((warehouse::TIME_ZONE.to_owned(), warehouse::UTC.to_owned()));
        }
        Self {
            link: Arc::new(link),
            flavor,
            settings,
            is_set_up: OnceCell::new(),
            places: Places::default(),
            views: Mutex::default(),
        }
    }

    /// Gives the session its settings, with the first call.
    async fn ready(&self) -> Result<()> {
        let set_up = async {
            if self.settings.is_empty() {
                return Ok(());
            }
            let pairs = self.settings.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
            self.link.config(ConfigRequest::Set { pairs, silent: false }).await.map(drop)
        };
        self.is_set_up.get_or_try_init(|| set_up).await.map(drop)
    }

    async fn run_plan(&self, cx: &OpContext, plan: bytes::Bytes, writer: &mut ResultWriter) -> Result<()> {
        let stay = self.places.stand(&self.link, &cx.cancel, &Namespace::default()).await?;
        let running = Running::begin(&self.link, &cx.cancel, &cx.operation, plan).await?;
        write(running, Shape::Same, Some(stay), writer).await
    }

    async fn run_sql(&self, cx: &OpContext, work: SqlWork, writer: &mut ResultWriter) -> Result<()> {
        let plan = hearth_sql::parse_statement(&work.text);
        self.note_view(&plan);
        let mut stay = self.places.stand(&self.link, &cx.cancel, &work.namespace).await?;
        if !matches!(plan, Ok(Plan::Relation(_))) {
            stay.may_move();
        }
        let asked = match work.flavor {
            Flavor::Spark => Asked::Same,
            Flavor::Warehouse => warehouse::ask(&work.text),
        };
        let (text, shape) = match asked {
            Asked::Same => (work.text, Shape::Rows),
            Asked::As(text, shape) => (text, shape),
            Asked::List(wanted) => return metadata::list(&self.link, &cx.cancel, &wanted, writer).await,
        };
        let plan = sql::with_parameters(&text, &work.parameters);
        let running = Running::begin(&self.link, &cx.cancel, &cx.operation, plan).await?;
        write(running, shape, Some(stay), writer).await
    }

    /// Remembers a temporary view that a plan makes.
    fn note_view(&self, plan: &Result<Plan>) {
        let Ok(plan) = plan else { return };
        if let Some([name]) = change::temporary_view(plan).as_deref() {
            let mut views = self.views.lock();
            if views.len() < MAX_VIEWS {
                views.insert(name.to_lowercase());
            }
        }
    }
}

/// Work as far as it is read here; code is not.
fn plan_of(work: &Work) -> Option<Result<Plan>> {
    match work {
        Work::Plan(bytes) => Some(from_proto::decode_plan(bytes.clone())),
        Work::Sql(sql) => Some(hearth_sql::parse_statement(&sql.text)),
        Work::Code(_) => None,
    }
}

/// Runs `call` until it ends or the operation is to stop.
async fn until_cancelled<T>(cx: &OpContext, call: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        biased;
        () = cx.cancel.cancelled() => Err(OPERATION_CANCELED.error()),
        outcome = call => outcome,
    }
}

#[async_trait]
impl EngineSession for RemoteSession {
    async fn execute(&self, cx: &OpContext, work: Work, writer: &mut ResultWriter) -> Result<()> {
        until_cancelled(cx, self.ready()).await?;
        match work {
            Work::Plan(plan) => self.run_plan(cx, plan, writer).await,
            Work::Sql(sql) => self.run_sql(cx, sql, writer).await,
            Work::Code(_) => Err(Error::internal("code runs in interpreters, not in engines")),
        }
    }

    fn changes_session(&self, work: &Work) -> bool {
        let Some(plan) = plan_of(work) else { return false };
        self.note_view(&plan);
        let is_temporary = |name: &Name| match name.as_slice() {
            [only] => self.views.lock().contains(&only.to_lowercase()),
            _ => false,
        };
        plan.is_ok_and(|plan| change::changes_session(&plan, &is_temporary))
    }

    fn sets(&self, work: &Work, key: &str) -> Option<Option<String>> {
        change::setting(&plan_of(work)?.ok()?, key)
    }

    async fn analyze(&self, cx: &OpContext, question: Question) -> Result<Answer> {
        until_cancelled(cx, async {
            self.ready().await?;
            let _stay = self.places.stand(&self.link, &cx.cancel, &Namespace::default()).await?;
            self.link.ask(question).await
        })
        .await
    }

    async fn configure(&self, request: ConfigRequest) -> Result<ConfigAnswer> {
        self.ready().await?;
        let request = match self.flavor {
            Flavor::Spark => request,
            Flavor::Warehouse => warehouse::configure(request),
        };
        self.link.config(request).await
    }

    async fn use_namespace(&self, namespace: &Namespace) -> Result<()> {
        self.ready().await?;
        self.places.settle(&self.link, namespace).await
    }

    async fn add_artifact(&self, artifact: Artifact) -> Result<()> {
        self.ready().await?;
        self.link.upload(artifact).await
    }

    async fn has_artifact(&self, name: &str) -> Result<bool> {
        self.ready().await?;
        self.link.has(name).await
    }

    async fn fork(&self, spec: SessionSpec) -> Result<Arc<dyn EngineSession>> {
        let new = Self {
            link: Arc::new(self.link.beside(&spec)),
            flavor: self.flavor,
            settings: self.settings.clone(),
            is_set_up: OnceCell::new(),
            places: self.places.copy().await,
            views: Mutex::new(self.views.lock().clone()),
        };
        if !self.link.is_used() {
            // There is nothing to copy yet.
            return Ok(Arc::new(new));
        }
        self.ready().await?;
        let request = pb::CloneSessionRequest {
            session_id: self.link.session.clone(),
            client_observed_server_side_session_id: self.link.observed(),
            user_context: self.link.user_context(),
            client_type: self.link.client_type(),
            new_session_id: Some(new.link.session.clone()),
        };
        match self.link.upstream.clone_session(request).await {
            Ok(response) => {
                self.link.saw(&response.server_side_session_id);
                new.link.mark_used();
                new.link.saw(&response.new_server_side_session_id);
                // Its settings came with it.
                new.is_set_up.set(()).map_err(|_| Error::internal("a new session was set up before it was there"))?;
                Ok(Arc::new(new))
            }
            Err(failure) => match self.link.error(failure).await {
                error if error.kind() == ErrorKind::Unsupported => {
                    Err(Error::unsupported("cloning a session on a Spark before 4.1"))
                }
                error => Err(error),
            },
        }
    }

    async fn close(&self) {
        if !self.link.is_used() {
            return;
        }
        let request = pb::ReleaseSessionRequest {
            session_id: self.link.session.clone(),
            user_context: self.link.user_context(),
            client_type: self.link.client_type(),
            allow_reconnect: false,
        };
        match tokio::time::timeout(RELEASE_PATIENCE, self.link.upstream.release_session(request)).await {
            Ok(Ok(_)) => {}
            Ok(Err(failure)) => {
                tracing::debug!(engine = %self.link.engine, ?failure, "a session elsewhere was not released");
            }
            Err(_) => tracing::debug!(engine = %self.link.engine, "releasing a session elsewhere takes too long"),
        }
    }
}
