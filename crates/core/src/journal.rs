//! What changed a session, so that a session which outlives the server can be brought to where it was.
//!
//! Temporary views, variables, settings and the current place live in the engine and go with the process. A session that
//! keeps a journal has the work that made them in the store, in its order; the rest of a session's work is not in it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hearth_base::{Error, Result, SessionId};
use tokio::sync::Mutex;

use crate::engine::{ConfigRequest, SqlWork, Work};
use crate::store::Document;
use crate::{MetadataStore, Session};

/// `session.max_journal`: changes that a journal keeps; a session with more is not brought back whole.
const MAX_ENTRIES: u32 = 1_000;
const SQL: &str = "sql";
const PLAN: &str = "plan";
const SET: &str = "set";
const UNSET: &str = "unset";
/// Stands where changes were left out.
const FULL: &str = "full";

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    Work(Work),
    Configure(ConfigRequest),
    /// There were more than are kept.
    Full,
}

/// The changes of one session.
#[derive(Debug)]
pub struct Journal {
    store: Arc<dyn MetadataStore>,
    kind: String,
    /// How many are kept.
    count: Mutex<u32>,
}

impl Journal {
    /// The journal of a session, with what an earlier run of the server wrote into it.
    pub async fn open(store: Arc<dyn MetadataStore>, session: &SessionId) -> Result<(Self, Vec<Change>)> {
        let kind = format!("session.journal.{session}");
        let documents = store.documents(&kind).await?;
        let changes = documents.iter().map(|document| read(&document.body)).collect::<Result<Vec<_>>>()?;
        let count = Mutex::new(u32::try_from(documents.len()).unwrap_or(u32::MAX));
        Ok((Self { store, kind, count }, changes))
    }

    /// Adds a change. When this returns it is in the store.
    pub async fn add(&self, change: &Change) -> Result<()> {
        for body in write(change) {
            let mut count = self.count.lock().await;
            if *count > MAX_ENTRIES {
                return Ok(());
            }
            let body = if *count == MAX_ENTRIES { FULL.to_owned() } else { body };
            let document = Document { kind: self.kind.clone(), id: format!("{count:06}"), body };
            self.store.put_document(document).await?;
            *count += 1;
        }
        Ok(())
    }

    /// Forgets everything.
    pub async fn discard(&self) -> Result<()> {
        *self.count.lock().await = 0;
        self.store.delete_documents(&self.kind).await.map(|_| ())
    }
}

impl Session {
    /// Reads and changes the session's settings; a session with a journal writes changes into it.
    pub async fn configure(&self, request: ConfigRequest) -> Result<crate::engine::ConfigAnswer> {
        let change = match &request {
            ConfigRequest::Set { .. } | ConfigRequest::Unset { .. } if self.journal().is_some() => {
                Some(Change::Configure(request.clone()))
            }
            _ => None,
        };
        let answer = self.engine.configure(request).await?;
        if let (Some(journal), Some(change)) = (self.journal(), change) {
            journal.add(&change).await?;
        }
        Ok(answer)
    }
}

/// The bodies of a change, in order: settings are one each.
fn write(change: &Change) -> Vec<String> {
    match change {
        Change::Work(Work::Plan(plan)) => vec![format!("{PLAN}\n{}", STANDARD.encode(plan))],
        Change::Work(Work::Sql(sql)) if sql.parameters.is_empty() => vec![format!("{SQL}\n{}", sql.text)],
        Change::Work(Work::Sql(_) | Work::Code(_)) => Vec::new(),
        Change::Configure(ConfigRequest::Set { pairs, .. }) => {
            let set = |(key, value): &(String, Option<String>)| match value {
                Some(value) => format!("{SET}\n{key}\n{value}"),
                None => format!("{UNSET}\n{key}"),
            };
            pairs.iter().map(set).collect()
        }
        Change::Configure(ConfigRequest::Unset { keys }) => keys.iter().map(|key| format!("{UNSET}\n{key}")).collect(),
        Change::Configure(_) => Vec::new(),
        Change::Full => vec![FULL.to_owned()],
    }
}

fn read(body: &str) -> Result<Change> {
    let broken = || Error::internal("an entry of a session's journal does not read");
    let (kind, rest) = body.split_once('\n').unwrap_or((body, ""));
    match kind {
        SQL => Ok(Change::Work(Work::Sql(SqlWork::spark(rest)))),
        PLAN => {
            let plan = STANDARD.decode(rest).map_err(|error| broken().caused_by(error))?;
            Ok(Change::Work(Work::Plan(Bytes::from(plan))))
        }
        SET => {
            let (key, value) = rest.split_once('\n').ok_or_else(broken)?;
            let pairs = vec![(key.to_owned(), Some(value.to_owned()))];
            Ok(Change::Configure(ConfigRequest::Set { pairs, silent: true }))
        }
        UNSET => Ok(Change::Configure(ConfigRequest::Unset { keys: vec![rest.to_owned()] })),
        FULL => Ok(Change::Full),
        _ => Err(broken()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn changes_read_as_they_were_written() {
        let set = |key: &str, value: &str| {
            let pairs = vec![(key.to_owned(), Some(value.to_owned()))];
            Change::Configure(ConfigRequest::Set { pairs, silent: true })
        };
        let changes = [
            Change::Work(Work::Sql(SqlWork::spark("create temp view v as\nselect 1"))),
            Change::Work(Work::Plan(Bytes::from_static(&[0, 255, 10]))),
            set("spark.sql.x", "a\nb"),
            Change::Configure(ConfigRequest::Unset { keys: vec!["k".to_owned()] }),
            Change::Full,
        ];
        for change in changes {
            let bodies = write(&change);
            assert_eq!(bodies.len(), 1);
            assert_eq!(read(&bodies[0]).unwrap(), change);
        }
        assert!(read("something").is_err());
    }
}
