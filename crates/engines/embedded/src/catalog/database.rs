//! Operations on databases.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hearth_base::Result;
use hearth_base::condition::{DROP_DEFAULT_DATABASE, SCHEMA_ALREADY_EXISTS, SCHEMA_NOT_EMPTY};
use hearth_plan::identifier::quote;

use super::name::{DatabaseId, check_name};
use super::record::{DatabaseRecord, local_path};
use super::{Catalog, DEFAULT_DATABASE, Database, GLOBAL_TEMP, SPARK_CATALOG, check_writable, codec, files};

impl Catalog {
    /// All databases of a catalog in the order of their names.
    pub fn databases(&self, catalog: &str) -> Vec<DatabaseRecord> {
        if catalog == SPARK_CATALOG {
            return self.state.read().databases.values().map(|database| database.record.clone()).collect();
        }
        self.samples.databases()
    }

    pub fn find_database(&self, id: &DatabaseId) -> Option<DatabaseRecord> {
        let name = id.database().ok()?;
        if id.catalog == SPARK_CATALOG {
            return self.state.read().databases.get(name).map(|database| database.record.clone());
        }
        self.samples.databases().into_iter().find(|database| database.name == name)
    }

    pub fn database_exists(&self, id: &DatabaseId) -> bool {
        self.find_database(id).is_some()
    }

    pub fn database(&self, id: &DatabaseId) -> Result<DatabaseRecord> {
        self.find_database(id).ok_or_else(|| id.not_found())
    }

    /// Where a new database without a location stands.
    pub fn default_location(&self, database: &str) -> PathBuf {
        self.warehouse().join(format!("{database}.db"))
    }

    /// Makes a database. One that exists already is an error unless `if_not_exists`.
    pub fn create_database(&self, record: DatabaseRecord, if_not_exists: bool) -> Result<()> {
        check_writable(&record.catalog, "CREATE NAMESPACE")?;
        check_name(&record.name)?;
        let _writing = self.writer.lock();
        if record.name == GLOBAL_TEMP || self.state.read().databases.contains_key(&record.name) {
            if if_not_exists {
                return Ok(());
            }
            return Err(SCHEMA_ALREADY_EXISTS.with("schemaName", quote(&[record.name])));
        }
        if let Some(folder) = local_path(&record.location) {
            std::fs::create_dir_all(folder).map_err(files::failed)?;
        }
        self.files.write_database(&record.name, &codec::write_database(&record))?;
        let database = Database { record, tables: BTreeMap::new(), functions: BTreeMap::new() };
        self.state.write().databases.insert(database.record.name.clone(), database);
        Ok(())
    }

    /// Drops a database. With `cascade` all that is in it goes too.
    pub fn drop_database(&self, id: &DatabaseId, cascade: bool) -> Result<()> {
        check_writable(&id.catalog, "DROP NAMESPACE")?;
        let name = id.database()?;
        if name == DEFAULT_DATABASE {
            return Err(DROP_DEFAULT_DATABASE.with("database", id.quoted()));
        }
        let _writing = self.writer.lock();
        let (record, tables) = {
            let state = self.state.read();
            let database = state.databases.get(name).ok_or_else(|| id.not_found())?;
            let is_empty = database.tables.is_empty() && database.functions.is_empty();
            if !cascade && !is_empty {
                return Err(SCHEMA_NOT_EMPTY.with("schemaName", quote(&[name.to_owned()])));
            }
            (database.record.clone(), database.tables.values().cloned().collect::<Vec<_>>())
        };
        for table in &tables {
            self.drop_locked(table)?;
        }
        self.files.remove_database(name)?;
        self.state.write().databases.remove(name);
        // Only a folder that is empty now: it may be one that the user chose.
        if let Some(folder) = local_path(&record.location) {
            let _ = std::fs::remove_dir(folder);
        }
        Ok(())
    }

    pub fn alter_database(&self, id: &DatabaseId, change: impl FnOnce(&mut DatabaseRecord)) -> Result<()> {
        check_writable(&id.catalog, "ALTER NAMESPACE")?;
        let _writing = self.writer.lock();
        let mut record = self.database(id)?;
        change(&mut record);
        self.files.write_database(&record.name, &codec::write_database(&record))?;
        if let Some(database) = self.state.write().databases.get_mut(&record.name) {
            database.record = record;
        }
        Ok(())
    }
}
