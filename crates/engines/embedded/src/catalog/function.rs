//! Operations on persistent SQL functions.

use std::sync::Arc;

use hearth_base::condition::{ROUTINE_ALREADY_EXISTS, ROUTINE_NOT_FOUND};
use hearth_base::{Error, Result};

use super::files::Kind;
use super::name::{DatabaseId, TableId, check_name};
use super::record::FunctionRecord;
use super::{Catalog, check_writable, codec};

impl Catalog {
    /// All functions of a database in the order of their names.
    pub fn functions(&self, id: &DatabaseId) -> Result<Vec<Arc<FunctionRecord>>> {
        let name = id.database()?;
        if let Some(database) = self.state.read().database(&id.catalog, name) {
            return Ok(database.functions.values().cloned().collect());
        }
        self.database(id).map(|_| Vec::new())
    }

    pub fn function(&self, id: &TableId) -> Option<Arc<FunctionRecord>> {
        self.state.read().database(&id.catalog, &id.database)?.functions.get(&id.name).cloned()
    }

    /// Makes a function; one of the same name is an error unless it is to be replaced.
    pub fn create_function(&self, record: FunctionRecord, replace: bool) -> Result<()> {
        check_writable(&record.id.catalog, &record.id.database, "CREATE FUNCTION")?;
        check_name(&record.id.name)?;
        let _writing = self.writer.lock();
        self.database(&record.id.database_id())?;
        if !replace && self.function(&record.id).is_some() {
            return Err(function_exists(&record.id.quoted_short()));
        }
        let TableId { catalog, database, name } = record.id.clone();
        self.files_of(&catalog)?.write(&database, Kind::Function, &name, &codec::write_function(&record))?;
        if let Some(database) = self.state.write().database_mut(&catalog, &database) {
            database.functions.insert(name, Arc::new(record));
        }
        Ok(())
    }

    pub fn drop_function(&self, id: &TableId) -> Result<()> {
        check_writable(&id.catalog, &id.database, "DROP FUNCTION")?;
        let _writing = self.writer.lock();
        self.database(&id.database_id())?;
        if self.function(id).is_none() {
            return Err(ROUTINE_NOT_FOUND.with("routineName", id.quoted_short()));
        }
        self.files_of(&id.catalog)?.remove(&id.database, Kind::Function, &id.name)?;
        if let Some(database) = self.state.write().database_mut(&id.catalog, &id.database) {
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
