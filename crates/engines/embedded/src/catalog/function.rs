//! Operations on persistent SQL functions.

use std::sync::Arc;

use hearth_base::condition::{ROUTINE_ALREADY_EXISTS, ROUTINE_NOT_FOUND};
use hearth_base::{Error, Result};

use super::files::Kind;
use super::name::{DatabaseId, TableId, check_name};
use super::record::FunctionRecord;
use super::{Catalog, SPARK_CATALOG, check_writable, codec};

impl Catalog {
    /// All functions of a database in the order of their names.
    pub fn functions(&self, id: &DatabaseId) -> Result<Vec<Arc<FunctionRecord>>> {
        if id.catalog != SPARK_CATALOG {
            return self.database(id).map(|_| Vec::new());
        }
        let state = self.state.read();
        let database = state.databases.get(id.database()?).ok_or_else(|| id.not_found())?;
        Ok(database.functions.values().cloned().collect())
    }

    pub fn function(&self, id: &TableId) -> Option<Arc<FunctionRecord>> {
        if id.catalog != SPARK_CATALOG {
            return None;
        }
        self.state.read().databases.get(&id.database)?.functions.get(&id.name).cloned()
    }

    /// Makes a function; one of the same name is an error unless it is to be replaced.
    pub fn create_function(&self, record: FunctionRecord, replace: bool) -> Result<()> {
        check_writable(&record.id.catalog, "CREATE FUNCTION")?;
        check_name(&record.id.name)?;
        let _writing = self.writer.lock();
        self.database(&record.id.database_id())?;
        if !replace && self.function(&record.id).is_some() {
            return Err(function_exists(&record.id.quoted_short()));
        }
        let TableId { database, name, .. } = record.id.clone();
        self.files.write(&database, Kind::Function, &name, &codec::write_function(&record))?;
        if let Some(database) = self.state.write().databases.get_mut(&database) {
            database.functions.insert(name, Arc::new(record));
        }
        Ok(())
    }

    pub fn drop_function(&self, id: &TableId) -> Result<()> {
        check_writable(&id.catalog, "DROP FUNCTION")?;
        let _writing = self.writer.lock();
        self.database(&id.database_id())?;
        if self.function(id).is_none() {
            return Err(ROUTINE_NOT_FOUND.with("routineName", id.quoted_short()));
        }
        self.files.remove(&id.database, Kind::Function, &id.name)?;
        if let Some(database) = self.state.write().databases.get_mut(&id.database) {
            database.functions.remove(&id.name);
        }
        Ok(())
    }
}

/// The error for a function that exists; `name` as Spark quotes it.
pub fn function_exists(name: &str) -> Error {
    ROUTINE_ALREADY_EXISTS
        .with("routineName", name)
        .with("newRoutineType", "routine")
        .with("existingRoutineType", "routine")
}
