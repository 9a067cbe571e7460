//! Operations on databases.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hearth_base::Result;
use hearth_base::condition::{DROP_DEFAULT_DATABASE, SCHEMA_ALREADY_EXISTS, SCHEMA_NOT_EMPTY};
use hearth_plan::identifier::quote;

use super::name::{DatabaseId, check_name};
use super::record::{DatabaseRecord, local_path};
use super::{
    Catalog, DEFAULT_DATABASE, Database, GLOBAL_TEMP, SAMPLES_CATALOG, check_writable, codec, files, not_found,
};
use crate::information::{self, INFORMATION_SCHEMA};

impl Catalog {
    /// All databases of a catalog in the order of their names, without `information_schema`, which Spark has not.
    pub fn databases(&self, catalog: &str) -> Vec<DatabaseRecord> {
        if let Some(warehouse) = self.state.read().warehouses.get(catalog) {
            return warehouse.databases.values().map(|database| database.record.clone()).collect();
        }
        if catalog == SAMPLES_CATALOG { self.samples.databases() } else { Vec::new() }
    }

    /// As `databases`, with `information_schema`.
    pub fn all_databases(&self, catalog: &str) -> Vec<DatabaseRecord> {
        let mut databases = self.databases(catalog);
        databases.extend(self.names().find(catalog).map(information::database));
        databases.sort_by(|left, right| left.name.cmp(&right.name));
        databases
    }

    pub fn find_database(&self, id: &DatabaseId) -> Option<DatabaseRecord> {
        let name = id.database().ok()?;
        if let Some(database) = self.state.read().database(&id.catalog, name) {
            return Some(database.record.clone());
        }
        if name == INFORMATION_SCHEMA {
            return self.names().find(&id.catalog).map(information::database);
        }
        self.databases(&id.catalog).into_iter().find(|database| database.name == name)
    }

    pub fn database_exists(&self, id: &DatabaseId) -> bool {
        self.find_database(id).is_some()
    }

    pub fn database(&self, id: &DatabaseId) -> Result<DatabaseRecord> {
        self.find_database(id).ok_or_else(|| id.not_found())
    }

    /// Where a new database without a location stands.
    pub fn default_location(&self, id: &DatabaseId) -> Result<PathBuf> {
        let folder = self
            .files_of(&id.catalog)
            .map_or_else(|_| self.warehouse().to_owned(), |files| files.warehouse().to_owned());
        Ok(folder.join(format!("{}.db", id.database()?)))
    }

    /// Makes a database. One that exists already is an error unless `if_not_exists`.
    pub fn create_database(&self, record: DatabaseRecord, if_not_exists: bool) -> Result<()> {
        check_writable(&record.catalog, "", "CREATE NAMESPACE")?;
        check_name(&record.name)?;
        let _writing = self.writer.lock();
        let is_reserved = [GLOBAL_TEMP, INFORMATION_SCHEMA].contains(&record.name.as_str());
        if is_reserved || self.state.read().database(&record.catalog, &record.name).is_some() {
            if if_not_exists {
                return Ok(());
            }
            return Err(SCHEMA_ALREADY_EXISTS.with("schemaName", quote(&[record.name])));
        }
        if let Some(folder) = local_path(&record.location) {
            std::fs::create_dir_all(folder).map_err(files::failed)?;
        }
        self.files_of(&record.catalog)?.write_database(&record.name, &codec::write_database(&record))?;
        let database = Database { record, tables: BTreeMap::new(), functions: BTreeMap::new() };
        let catalog = database.record.catalog.clone();
        let mut state = self.state.write();
        let warehouse = state.warehouses.get_mut(&catalog).ok_or_else(|| not_found(&catalog))?;
        warehouse.databases.insert(database.record.name.clone(), database);
        Ok(())
    }

    /// Drops a database. With `cascade` all that is in it goes too.
    pub fn drop_database(&self, id: &DatabaseId, cascade: bool) -> Result<()> {
        let name = id.database()?;
        check_writable(&id.catalog, name, "DROP NAMESPACE")?;
        if name == DEFAULT_DATABASE {
            return Err(DROP_DEFAULT_DATABASE.with("database", id.quoted()));
        }
        let _writing = self.writer.lock();
        let (record, tables) = {
            let state = self.state.read();
            let database = state.database(&id.catalog, name).ok_or_else(|| id.not_found())?;
            let is_empty = database.tables.is_empty() && database.functions.is_empty();
            if !cascade && !is_empty {
                return Err(SCHEMA_NOT_EMPTY.with("schemaName", quote(&[name.to_owned()])));
            }
            (database.record.clone(), database.tables.values().cloned().collect::<Vec<_>>())
        };
        for table in &tables {
            self.drop_locked(table)?;
        }
        self.files_of(&id.catalog)?.remove_database(name)?;
        if let Some(warehouse) = self.state.write().warehouses.get_mut(&id.catalog) {
            warehouse.databases.remove(name);
        }
        // Only a folder that is empty now: it may be one that the user chose.
        if let Some(folder) = local_path(&record.location) {
            let _ = std::fs::remove_dir(folder);
        }
        Ok(())
    }

    pub fn alter_database(&self, id: &DatabaseId, change: impl FnOnce(&mut DatabaseRecord)) -> Result<()> {
        check_writable(&id.catalog, id.database()?, "ALTER NAMESPACE")?;
        let _writing = self.writer.lock();
        let mut record = self.database(id)?;
        change(&mut record);
        self.files_of(&id.catalog)?.write_database(&record.name, &codec::write_database(&record))?;
        if let Some(database) = self.state.write().database_mut(&id.catalog, &record.name) {
            database.record = record;
        }
        Ok(())
    }
}
