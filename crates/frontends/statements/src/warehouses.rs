//! Warehouses: names for the engines of this server, each with limits of its own.
//!
//! They stand for engines that are there anyway, so starting one takes no time, and stopping one stops no statement: it
//! only says that nobody uses it, until the next statement does. `default` always exists and has the limits of the server's
//! settings; where there are several engines, each is a warehouse of its name. Others are made by users; a tag
//! `hearth.engine` says on which engine they run. Whoever made a warehouse may change it; everybody may use it.

mod from_wire;
pub(crate) mod routes;
mod settings;
pub(crate) mod to_wire;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use hearth_base::clock::EpochMillis;
use hearth_core::engine::Health;
use hearth_core::engines::{ENGINE_SETTING, EngineStatus};
use hearth_core::history::HistoryFilter;
use hearth_core::store::Document;
use hearth_core::{Hearth, OperationState, Principal};
use parking_lot::RwLock;
use serde_json::{Map, Value};
use tokio::sync::{Mutex, OnceCell};

use crate::error::{ApiError, ApiResult};

pub(crate) use routes::routes;
use settings::{Kept, WarehouseSettings};
use to_wire::WarehouseState;

/// The warehouse that always exists.
pub(crate) const DEFAULT: &str = "default";
/// The kind of document in which warehouses are kept.
const KIND: &str = "warehouse";
/// `statements.max_warehouses`: how many can be made.
const MAX_WAREHOUSES: usize = 1_000;
const MINUTE: EpochMillis = 60_000;

/// The warehouses of this server.
#[derive(Debug)]
pub(crate) struct Warehouses {
    hearth: Hearth,
    loaded: OnceCell<()>,
    known: RwLock<BTreeMap<String, Known>>,
    /// One change at a time: two must not take the same name.
    changing: Mutex<()>,
}

#[derive(Debug)]
struct Known {
    kept: Kept,
    /// When a statement or a start asked for it last.
    used_at: AtomicI64,
}

/// A warehouse as a statement needs it.
#[derive(Debug, Clone)]
pub(crate) struct Warehouse {
    pub id: String,
    /// Statements run at most so long, where the warehouse says so.
    pub timeout: Option<Duration>,
    /// The engine that it names; without one the caller's own.
    pub engine: Option<String>,
}

/// A warehouse as it stands now.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub id: String,
    pub kept: Kept,
    pub state: WarehouseState,
    /// Open sessions that have run a statement on it; those of the engine where it stands for one.
    pub sessions: usize,
    /// `None` when the engine that it names is not there any more.
    pub engine: Option<EngineStatus>,
}

impl Warehouses {
    pub fn new(hearth: Hearth) -> Self {
        Self { hearth, loaded: OnceCell::new(), known: RwLock::default(), changing: Mutex::default() }
    }

    /// The warehouse of this id or name, which runs work. One that was stopped starts.
    pub async fn resolve(&self, id: &str) -> ApiResult<Warehouse> {
        self.load().await?;
        let now = self.now();
        let (warehouse, is_stopped) = {
            let known = self.known.read();
            let by_name = || known.iter().find(|(_, one)| one.kept.settings.name == id);
            let (id, one) = known.get_key_value(id).or_else(by_name).ok_or_else(|| invalid_id(id))?;
            one.used_at.store(now, Ordering::Relaxed);
            let engine = self.engine_of(id, &one.kept).map(ToOwned::to_owned);
            (Warehouse { id: id.clone(), timeout: one.kept.settings.timeout(), engine }, one.kept.stopped)
        };
        if is_stopped {
            self.set_stopped(&warehouse.id, false).await?;
        }
        Ok(warehouse)
    }

    /// All warehouses, by name.
    async fn views(&self) -> ApiResult<Vec<View>> {
        self.load().await?;
        let ids: Vec<String> = self.known.read().keys().cloned().collect();
        let engines = self.hearth.engine_statuses();
        let mut views = Vec::with_capacity(ids.len());
        for id in ids {
            // One that was deleted meanwhile is left out.
            views.extend(self.look(&id, &engines).await?);
        }
        views.sort_by(|one, other| one.kept.settings.name.cmp(&other.kept.settings.name));
        Ok(views)
    }

    async fn view(&self, id: &str) -> ApiResult<View> {
        self.load().await?;
        self.look(id, &self.hearth.engine_statuses()).await?.ok_or_else(|| unknown(id))
    }

    async fn look(&self, id: &str, engines: &[EngineStatus]) -> ApiResult<Option<View>> {
        let found = self.known.read().get(id).map(|one| (one.kept.clone(), one.used_at.load(Ordering::Relaxed)));
        let Some((kept, used_at)) = found else { return Ok(None) };
        let rest = EpochMillis::from(kept.settings.auto_stop_mins) * MINUTE;
        let is_fresh = rest == 0 || self.now() < used_at.saturating_add(rest);
        let running = !kept.stopped && (is_fresh || self.is_busy(id).await?);
        let named = self.engine_of(id, &kept);
        let engine = engines.iter().find(|one| named.map_or(one.is_default, |name| *one.name == *name)).cloned();
        let sessions = match &engine {
            Some(engine) if self.is_engine(id) => engine.sessions,
            Some(_) | None => self.sessions(id),
        };
        let state = match engine.as_ref().map(|engine| &engine.health) {
            Some(Health::Ready) if running => WarehouseState::Running,
            Some(Health::Starting) if running => WarehouseState::Starting,
            Some(Health::Ready | Health::Starting | Health::Unavailable { .. }) | None => WarehouseState::Stopped,
        };
        Ok(Some(View { id: id.to_owned(), kept, state, sessions, engine }))
    }

    /// Whether a warehouse stands for the engine of its name. Where there is one engine only, `default` does.
    fn is_engine(&self, id: &str) -> bool {
        self.hearth.engines.all().nth(1).is_some() && self.hearth.engines.get(id).is_some()
    }

    /// The engine that a warehouse names: its own, or that of its tag.
    fn engine_of<'a>(&self, id: &'a str, kept: &'a Kept) -> Option<&'a str> {
        if self.is_engine(id) { Some(id) } else { kept.settings.tag(ENGINE_SETTING) }
    }

    /// Refuses a tag that names an engine which this principal cannot use.
    fn check_engine(&self, principal: &Principal, settings: &WarehouseSettings) -> ApiResult<()> {
        if let Some(engine) = settings.tag(ENGINE_SETTING) {
            self.hearth.engines.choose(principal, Some(engine))?;
        }
        Ok(())
    }

    /// Whether statements wait or run on it.
    async fn is_busy(&self, id: &str) -> ApiResult<bool> {
        let filter = HistoryFilter {
            warehouses: vec![id.to_owned()],
            states: vec![OperationState::Queued, OperationState::Running],
            limit: 1,
            ..HistoryFilter::default()
        };
        Ok(!self.hearth.operations.history(&filter).await?.operations.is_empty())
    }

    fn sessions(&self, id: &str) -> usize {
        let uses = |operation: &hearth_core::Operation| operation.origin.warehouse.as_deref() == Some(id);
        let sessions = self.hearth.sessions.all();
        sessions.iter().filter(|session| session.operations().iter().any(|operation| uses(operation))).count()
    }

    /// Makes a warehouse and returns its id.
    async fn create(&self, principal: &Principal, fields: &Map<String, Value>) -> ApiResult<String> {
        self.load().await?;
        let _one_at_a_time = self.changing.lock().await;
        let settings = from_wire::create(fields, &self.names(None))?;
        self.check_engine(principal, &settings)?;
        if self.known.read().len() > MAX_WAREHOUSES {
            let most = format!("There are {MAX_WAREHOUSES} warehouses: statements.max_warehouses allows no more.");
            return Err(ApiError::invalid(most));
        }
        let id: String = uuid::Uuid::new_v4().simple().to_string().chars().take(16).collect();
        let creator = Some(principal.id.to_string());
        self.keep(&id, Kept { settings, creator, stopped: false }).await?;
        Ok(id)
    }

    async fn edit(&self, principal: &Principal, id: &str, fields: &Map<String, Value>) -> ApiResult<()> {
        self.load().await?;
        let _one_at_a_time = self.changing.lock().await;
        let kept = self.owned(principal, id)?;
        let settings = from_wire::edit(fields, &kept.settings, &self.names(Some(id)))?;
        self.check_engine(principal, &settings)?;
        self.keep(id, Kept { settings, ..kept }).await
    }

    async fn delete(&self, principal: &Principal, id: &str) -> ApiResult<()> {
        self.load().await?;
        let _one_at_a_time = self.changing.lock().await;
        self.owned(principal, id)?;
        self.hearth.operations.metadata().delete_document(KIND, id).await?;
        self.known.write().remove(id);
        Ok(())
    }

    /// Everybody may start one, as everybody's statements do; stopping needs the right to change it.
    async fn start(&self, id: &str) -> ApiResult<()> {
        self.load().await?;
        if !self.known.read().contains_key(id) {
            return Err(unknown(id));
        }
        self.set_stopped(id, false).await
    }

    async fn stop(&self, principal: &Principal, id: &str) -> ApiResult<()> {
        self.load().await?;
        if id != DEFAULT && !self.is_engine(id) {
            self.owned(principal, id)?;
        }
        self.set_stopped(id, true).await
    }

    async fn set_stopped(&self, id: &str, stopped: bool) -> ApiResult<()> {
        let _one_at_a_time = self.changing.lock().await;
        let Some(kept) = self.known.read().get(id).map(|one| one.kept.clone()) else { return Err(unknown(id)) };
        if kept.stopped == stopped {
            self.touch(id);
            return Ok(());
        }
        self.keep(id, Kept { stopped, ..kept }).await
    }

    /// Writes a warehouse to the store, then to memory.
    async fn keep(&self, id: &str, kept: Kept) -> ApiResult<()> {
        let document = Document { kind: KIND.to_owned(), id: id.to_owned(), body: kept.write() };
        self.hearth.operations.metadata().put_document(document).await?;
        self.known.write().insert(id.to_owned(), Known { kept, used_at: AtomicI64::new(self.now()) });
        Ok(())
    }

    fn touch(&self, id: &str) {
        if let Some(one) = self.known.read().get(id) {
            one.used_at.store(self.now(), Ordering::Relaxed);
        }
    }

    /// A warehouse that this principal may change.
    fn owned(&self, principal: &Principal, id: &str) -> ApiResult<Kept> {
        let kept = self.known.read().get(id).map(|one| one.kept.clone()).ok_or_else(|| unknown(id))?;
        if id == DEFAULT {
            let fixed = "The warehouse default always exists and has the limits of the server's settings: it can be \
                         neither edited nor deleted.";
            return Err(ApiError::invalid(fixed));
        }
        if self.is_engine(id) {
            let fixed =
                "is an engine of this server and has the limits of its settings: it can be neither edited nor deleted.";
            return Err(ApiError::invalid(format!("The warehouse {id} {fixed}")));
        }
        if kept.creator.as_deref() != Some(principal.id.as_str()) {
            let owner = kept.creator.unwrap_or_default();
            return Err(ApiError::denied(format!("The warehouse {id} belongs to {owner}: nobody else can change it.")));
        }
        Ok(kept)
    }

    /// The names of all warehouses except `other_than`.
    fn names(&self, other_than: Option<&str>) -> Vec<String> {
        let known = self.known.read();
        let others = known.iter().filter(|(id, _)| other_than != Some(id.as_str()));
        others.map(|(_, one)| one.kept.settings.name.clone()).collect()
    }

    /// Reads what is in the store, once.
    async fn load(&self) -> ApiResult<()> {
        let load = async || {
            let documents = self.hearth.operations.metadata().documents(KIND).await?;
            let mut known = self.known.write();
            let used_at = || AtomicI64::new(self.now());
            let engines = self.hearth.engines.all().map(|engine| &*engine.name).filter(|name| self.is_engine(name));
            for name in engines.chain([DEFAULT]) {
                known.insert(name.to_owned(), Known { kept: Kept::of_server(name), used_at: used_at() });
            }
            for document in documents {
                match Kept::read(&document.body) {
                    // It stood for an engine that is not there any more.
                    Ok(kept) if kept.creator.is_none() && !known.contains_key(&document.id) => {}
                    Ok(kept) => {
                        known.insert(document.id, Known { kept, used_at: used_at() });
                    }
                    Err(error) => tracing::warn!(warehouse = document.id, %error, "a kept warehouse does not read"),
                }
            }
            Ok::<_, ApiError>(())
        };
        self.loaded.get_or_try_init(load).await.copied()
    }

    fn now(&self) -> EpochMillis {
        self.hearth.sessions.clock().now()
    }
}

/// What the service says of an id that names no warehouse to run a statement on.
fn invalid_id(id: &str) -> ApiError {
    ApiError::invalid(format!("{id} is not a valid endpoint id."))
}

/// An id that could be one is not found; anything else is no id at all.
fn unknown(id: &str) -> ApiError {
    if id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return ApiError::no_resource(format!("The SQL warehouse {id} does not exist."));
    }
    invalid_id(id)
}

impl Kept {
    /// A warehouse that nobody made, as it is before anybody stopped it.
    fn of_server(name: &str) -> Self {
        let settings = WarehouseSettings { name: name.to_owned(), auto_stop_mins: 0, ..WarehouseSettings::default() };
        Self { settings, creator: None, stopped: false }
    }
}
