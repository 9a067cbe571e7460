//! Where a session stands among catalogs and schemas, when statements of it stand elsewhere.
//!
//! The Spark elsewhere knows only one place per session. A statement with a place of its own moves the session there, and
//! whoever comes next moves it back: a session of one statement is never moved back for nothing. What runs between keeps
//! others from moving the session until it has begun to answer.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use hearth_base::{Error, OperationId, Result};
use hearth_core::engine::Namespace;
use hearth_plan::identifier::quote;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use tokio_util::sync::CancellationToken;

use crate::execute::{Running, collect};
use crate::link::Link;
use crate::sql;

/// Keeps the session where it is.
#[derive(Debug)]
pub enum Stay {
    Shared(#[expect(dead_code, reason = "it is held, not read")] OwnedRwLockReadGuard<Place>),
    Alone(OwnedRwLockWriteGuard<Place>),
}

impl Stay {
    /// What runs here may itself move the session: whoever comes next looks again.
    pub fn may_move(&mut self) {
        if let Self::Alone(place) = self
            && let Some(away) = &mut place.away
        {
            away.at = None;
        }
    }
}

/// Where a session stands now.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// Set while it is not where its user has put it.
    away: Option<Away>,
}

#[derive(Debug, Clone)]
struct Away {
    home: Position,
    /// `None` when it is not known how far the moving came.
    at: Option<Namespace>,
}

/// As SQL writes it.
#[derive(Debug, Clone)]
struct Position {
    catalog: String,
    schema: String,
}

#[derive(Debug, Default)]
pub struct Places {
    place: Arc<RwLock<Place>>,
}

impl Places {
    /// Puts the session where a statement wants to stand, and keeps it there.
    pub async fn stand(&self, link: &Arc<Link>, cancel: &CancellationToken, wanted: &Namespace) -> Result<Stay> {
        if wanted.is_empty() {
            let place = Arc::clone(&self.place).read_owned().await;
            if place.away.is_none() {
                return Ok(Stay::Shared(place));
            }
            drop(place);
            let mut place = Arc::clone(&self.place).write_owned().await;
            place.go_home(link, cancel).await?;
            return Ok(Stay::Shared(place.downgrade()));
        }
        let mut place = Arc::clone(&self.place).write_owned().await;
        place.go_to(link, cancel, wanted).await?;
        Ok(Stay::Alone(place))
    }

    /// Moves the session for good.
    pub async fn settle(&self, link: &Arc<Link>, wanted: &Namespace) -> Result<()> {
        let cancel = CancellationToken::new();
        let mut place = self.place.write().await;
        place.go_home(link, &cancel).await?;
        move_to(link, &cancel, wanted, None).await
    }

    /// Where a copy of the session stands, which is made elsewhere with all that it has.
    pub async fn copy(&self) -> Self {
        let place = self.place.read().await.clone();
        Self { place: Arc::new(RwLock::new(place)) }
    }
}

impl Place {
    async fn go_home(&mut self, link: &Arc<Link>, cancel: &CancellationToken) -> Result<()> {
        let Some(Away { home, .. }) = &self.away else { return Ok(()) };
        run(link, cancel, format!("USE {}.{}", quoted(&home.catalog), home.schema)).await?;
        self.away = None;
        Ok(())
    }

    async fn go_to(&mut self, link: &Arc<Link>, cancel: &CancellationToken, wanted: &Namespace) -> Result<()> {
        if self.away.as_ref().is_some_and(|away| away.at.as_ref() == Some(wanted)) {
            return Ok(());
        }
        // What is not named stays as it is at home.
        let is_whole = wanted.catalog.is_some() && wanted.schema.is_some();
        if !is_whole {
            self.go_home(link, cancel).await?;
        }
        let was_away = self.away.is_some();
        let home = match &self.away {
            Some(away) => away.home.clone(),
            None => position(link, cancel).await?,
        };
        if home.is(wanted) {
            return self.go_home(link, cancel).await;
        }
        self.away = Some(Away { home: home.clone(), at: None });
        // After another statement elsewhere, the session's catalog is not that of its home.
        let catalog = Some(home.catalog.as_str()).filter(|_| !was_away);
        move_to(link, cancel, wanted, catalog).await?;
        self.away = Some(Away { home, at: Some(wanted.clone()) });
        Ok(())
    }
}

impl Position {
    fn is(&self, wanted: &Namespace) -> bool {
        let schema = wanted.schema.as_deref().is_some_and(|schema| schema == self.schema);
        schema && wanted.catalog.as_deref().is_some_and(|catalog| catalog == self.catalog)
    }
}

/// `catalog` is where the session stands, when that is known. A schema in another one takes two steps, so that it is the
/// catalog that is missing when it is.
async fn move_to(
    link: &Arc<Link>,
    cancel: &CancellationToken,
    wanted: &Namespace,
    catalog: Option<&str>,
) -> Result<()> {
    if let Some(name) = wanted.catalog.as_deref().filter(|name| Some(*name) != catalog || wanted.schema.is_none()) {
        run(link, cancel, format!("SET CATALOG {}", quoted(name))).await?;
    }
    if let Some(schema) = &wanted.schema {
        run(link, cancel, format!("USE SCHEMA {}", quoted(schema))).await?;
    }
    Ok(())
}

fn quoted(name: &str) -> String {
    quote(&[name.to_owned()])
}

async fn position(link: &Arc<Link>, cancel: &CancellationToken) -> Result<Position> {
    let rows = run(link, cancel, "SELECT current_catalog(), current_schema()".to_owned()).await?;
    let text = |column: usize| {
        let batch = rows.first().filter(|batch| batch.num_columns() == 2)?;
        let texts = batch.column(column).as_string_opt::<i32>().filter(|texts| !texts.is_empty())?;
        Some(texts.value(0).to_owned())
    };
    match (text(0), text(1)) {
        (Some(catalog), Some(schema)) => Ok(Position { catalog, schema }),
        _ => Err(Error::internal("the engine does not say where its session stands")),
    }
}

/// Runs a statement of our own.
pub async fn run(link: &Arc<Link>, cancel: &CancellationToken, statement: String) -> Result<Vec<RecordBatch>> {
    collect(Running::begin(link, cancel, &OperationId::random(), sql::plain(statement)).await?).await
}
