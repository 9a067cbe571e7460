//! Operations on tables and persistent views.
//!
//! A table's data comes in by one rename: it is written to a folder of `staging` and becomes the table's when the
//! table's document is written. A dropped table's files go out by one rename into the trash.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hearth_base::condition::{LOCATION_ALREADY_EXISTS, TABLE_OR_VIEW_ALREADY_EXISTS};
use hearth_base::{Error, Result};

use super::files::{Kind, failed};
use super::name::{DatabaseId, TableId, check_name};
use super::record::{TableKind, TableRecord, local_path, location_uri};
use super::{Catalog, GLOBAL_TEMP, SAMPLES_CATALOG, check_writable, codec, files};
use crate::information::{self, INFORMATION_SCHEMA};

impl Catalog {
    /// All tables and views of a database in the order of their names.
    pub fn tables(&self, id: &DatabaseId) -> Result<Vec<Arc<TableRecord>>> {
        let name = id.database()?;
        if let Some(database) = self.state.read().database(&id.catalog, name) {
            return Ok(database.tables.values().cloned().collect());
        }
        self.database(id)?;
        if name == INFORMATION_SCHEMA {
            return Ok(information::tables(&id.catalog));
        }
        Ok(self.samples.tables(name))
    }

    /// The table or view of this name.
    pub fn table(&self, id: &TableId) -> Option<Arc<TableRecord>> {
        if let Some(database) = self.state.read().database(&id.catalog, &id.database) {
            return database.tables.get(&id.name).cloned();
        }
        if id.database == INFORMATION_SCHEMA {
            self.names().find(&id.catalog)?;
            return information::table(id);
        }
        if id.catalog == SAMPLES_CATALOG { self.samples.table(&id.database, &id.name) } else { None }
    }

    /// The folder of a table, with its files in it: sample tables are made now if they are not there.
    pub async fn ready(&self, record: &TableRecord) -> Result<PathBuf> {
        self.samples.ensure(&record.id).await?;
        folder_of(record.location.as_deref().unwrap_or_default())
    }

    /// Where a managed table of this name stands.
    pub fn managed_location(&self, id: &TableId) -> Result<String> {
        let database = self.database(&id.database_id())?;
        Ok(format!("{}/{}", database.location.trim_end_matches('/'), id.name))
    }

    /// Makes a table or view. `staged` is a folder of `staging` whose files become the table's.
    pub fn create_table(&self, record: TableRecord, staged: Option<&Path>) -> Result<()> {
        self.check_new(&record, "CREATE TABLE")?;
        let _writing = self.writer.lock();
        self.database(&record.id.database_id())?;
        if self.table(&record.id).is_some() {
            return Err(already_exists(&record.id.quoted()));
        }
        self.put_data(&record, staged)?;
        self.write_table(record)
    }

    /// Makes a table or view in the place of one that may be there. What it replaces is dropped.
    pub fn replace_table(&self, record: TableRecord, staged: Option<&Path>) -> Result<()> {
        self.check_new(&record, "REPLACE TABLE")?;
        let _writing = self.writer.lock();
        self.database(&record.id.database_id())?;
        if let Some(old) = self.table(&record.id) {
            let keeps_files = old.is_view() || old.kind == TableKind::External;
            if !keeps_files {
                self.drop_locked(&old)?;
            }
        }
        self.put_data(&record, staged)?;
        self.write_table(record)
    }

    /// Drops a table or view, and the files of a managed table.
    pub fn drop_table(&self, id: &TableId) -> Result<()> {
        check_writable(&id.catalog, &id.database, "DROP TABLE")?;
        let _writing = self.writer.lock();
        let table = self.table(id).ok_or_else(|| id.not_found_here())?;
        self.drop_locked(&table)
    }

    /// Gives a table or view another name. The folder of a managed table takes the name too.
    pub fn rename_table(&self, id: &TableId, to: &str) -> Result<()> {
        check_writable(&id.catalog, &id.database, "RENAME TABLE")?;
        check_name(to)?;
        let _writing = self.writer.lock();
        let old = self.table(id).ok_or_else(|| id.not_found_here())?;
        let new_id = TableId { name: to.to_owned(), ..id.clone() };
        if self.table(&new_id).is_some() {
            return Err(already_exists(&new_id.quoted_short()));
        }
        let mut record = TableRecord::clone(&old);
        record.id = new_id;
        let old_folder = (old.kind == TableKind::Managed).then(|| old.folder()).flatten();
        if let Some(old_folder) = &old_folder {
            record.location = Some(self.managed_location(&record.id)?);
            self.check_empty(&record)?;
            if let (Some(new_folder), true) = (record.folder(), old_folder.exists()) {
                std::fs::rename(old_folder, new_folder).map_err(failed)?;
            }
        }
        self.write_table(record)?;
        self.files_of(&id.catalog)?.remove(&id.database, Kind::Table, &id.name)?;
        if let Some(database) = self.state.write().database_mut(&id.catalog, &id.database) {
            database.tables.remove(&id.name);
        }
        Ok(())
    }

    /// Changes what is kept of a table.
    pub fn alter_table(&self, id: &TableId, change: impl FnOnce(&mut TableRecord) -> Result<()>) -> Result<()> {
        check_writable(&id.catalog, &id.database, "ALTER TABLE")?;
        let _writing = self.writer.lock();
        let table = self.table(id).ok_or_else(|| id.not_found_here())?;
        let mut record = TableRecord::clone(&table);
        change(&mut record)?;
        record.id = id.clone();
        self.write_table(record)
    }

    fn check_new(&self, record: &TableRecord, operation: &str) -> Result<()> {
        check_writable(&record.id.catalog, &record.id.database, operation)?;
        check_name(&record.id.name)?;
        if record.id.database == GLOBAL_TEMP {
            return Err(record.id.database_id().not_found());
        }
        Ok(())
    }

    /// Refuses a managed location that has files already.
    fn check_empty(&self, record: &TableRecord) -> Result<()> {
        let Some(folder) = record.folder().filter(|_| record.kind == TableKind::Managed) else { return Ok(()) };
        if has_entries(&folder) {
            let location = location_uri(&folder.display().to_string());
            return Err(LOCATION_ALREADY_EXISTS
                .with("location", format!("'{location}'"))
                .with("identifier", record.id.quoted()));
        }
        Ok(())
    }

    /// Moves staged data to the table's location, or makes the empty folder of a managed table.
    fn put_data(&self, record: &TableRecord, staged: Option<&Path>) -> Result<()> {
        let Some(folder) = record.folder().filter(|_| record.kind == TableKind::Managed) else { return Ok(()) };
        self.check_empty(record)?;
        let Some(staged) = staged else { return std::fs::create_dir_all(folder).map_err(failed) };
        if let Some(parent) = folder.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        // An empty folder may stand in the way.
        let _ = std::fs::remove_dir(&folder);
        std::fs::rename(staged, folder).map_err(failed)
    }

    fn write_table(&self, record: TableRecord) -> Result<()> {
        let TableId { catalog, database, name } = record.id.clone();
        self.files_of(&catalog)?.write(&database, Kind::Table, &name, &codec::write_table(&record))?;
        let mut state = self.state.write();
        let database = state
            .database_mut(&catalog, &database)
            .ok_or_else(|| Error::internal("the database of a table is gone while it is written"))?;
        database.tables.insert(name, Arc::new(record));
        Ok(())
    }

    /// Drops a table while the writer's lock is held.
    pub(super) fn drop_locked(&self, table: &TableRecord) -> Result<()> {
        let trashed = self.files_of(&table.id.catalog)?.discard_table(&table.id.database, &table.id.name)?;
        if let Some(database) = self.state.write().database_mut(&table.id.catalog, &table.id.database) {
            database.tables.remove(&table.id.name);
        }
        self.remove_data(table);
        files::remove(&trashed);
        Ok(())
    }

    /// Removes a managed table's files, unless another table has them by now.
    pub(super) fn remove_data(&self, table: &TableRecord) {
        let Some(folder) = table.folder().filter(|_| table.kind == TableKind::Managed) else { return };
        if self.is_used(&folder) {
            return;
        }
        match self.files.discard_data(&folder) {
            Ok(Some(trashed)) => files::remove(&trashed),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, table = %table.id.plain(), "the files of a dropped table stay"),
        }
    }

    fn is_used(&self, folder: &Path) -> bool {
        let state = self.state.read();
        let databases = state.warehouses.values().flat_map(|warehouse| warehouse.databases.values());
        let mut tables = databases.flat_map(|database| database.tables.values());
        tables.any(|table| table.folder().is_some_and(|other| other == folder))
    }

    /// Removes all files in a folder of a table, which stays, empty.
    pub fn clear_folder(&self, folder: &Path) -> Result<()> {
        if let Some(trashed) = self.files.discard_data(folder)? {
            std::fs::create_dir_all(folder).map_err(failed)?;
            files::remove(&trashed);
        }
        Ok(())
    }

    /// Removes a folder of a table.
    pub fn remove_folder(&self, folder: &Path) -> Result<()> {
        if let Some(trashed) = self.files.discard_data(folder)? {
            files::remove(&trashed);
        }
        Ok(())
    }
}

fn already_exists(name: &str) -> Error {
    TABLE_OR_VIEW_ALREADY_EXISTS.with("relationName", name)
}

/// Whether a folder holds anything that is data: not `.hidden` and `_marker` files.
pub fn has_entries(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
}

/// The folder of a location, for callers that have no record yet.
pub fn folder_of(location: &str) -> Result<PathBuf> {
    local_path(location).ok_or_else(|| Error::unsupported(format!("the location {location}: only files are supported")))
}
