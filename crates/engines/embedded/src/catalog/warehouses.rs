//! Operations on catalogs: each is a folder, with what `spark_catalog` has in its own.
//!
//! A catalog's own document, `catalog.json`, is written last when it is made and removed first when it is dropped, so a
//! folder without one is left from a crash.

use std::collections::BTreeMap;
use std::sync::Arc;

use hearth_base::condition::{CATALOG_ALREADY_EXISTS, CATALOG_NOT_EMPTY, CATALOG_NOT_FOUND, CATALOG_OPERATION};
use hearth_base::{Error, Result};
use hearth_plan::identifier::quote;

use super::files::{self, Files, Kind};
use super::name::{CatalogNames, DatabaseId, check_name};
use super::{
    Catalog, DEFAULT_DATABASE, Database, DatabaseRecord, SAMPLES_CATALOG, SPARK_CATALOG, SYSTEM_CATALOG, Warehouse,
    codec,
};

impl Catalog {
    /// The catalog of this name, or Spark's error.
    pub fn named(&self, name: &str) -> Result<String> {
        self.names().find(name).map(ToOwned::to_owned).ok_or_else(|| not_found(name))
    }

    /// What a user said of a catalog.
    pub fn comment(&self, catalog: &str) -> Option<String> {
        self.state.read().warehouses.get(catalog)?.comment.clone()
    }

    /// Opens the catalogs that are on disk, and makes those of `wanted` that are not.
    pub(super) fn load_others(&self, wanted: &[String]) -> Result<()> {
        for name in files::folders(&self.folder)? {
            let files = Arc::new(Files::open(self.folder.join(&name))?);
            if files.has_catalog() {
                self.load(&name, &files)?;
            } else {
                files::remove(&self.folder.join(&name));
            }
        }
        for name in wanted {
            self.create_catalog(name, None, true)?;
        }
        self.refresh_names();
        Ok(())
    }

    /// Reads one catalog and finishes the drops that a crash interrupted.
    pub(super) fn load(&self, catalog: &str, files: &Arc<Files>) -> Result<()> {
        let dropped = files.clean()?;
        let mut databases = BTreeMap::new();
        for name in files.databases()? {
            let record = codec::read_database(catalog, &files.read_database(&name)?)?;
            let mut database = Database { record, tables: BTreeMap::new(), functions: BTreeMap::new() };
            for document in files.read_all(&name, Kind::Table)? {
                let table = codec::read_table(catalog, &document)?;
                database.tables.insert(table.id.name.clone(), Arc::new(table));
            }
            for document in files.read_all(&name, Kind::Function)? {
                let function = codec::read_function(catalog, &document)?;
                database.functions.insert(function.id.name.clone(), Arc::new(function));
            }
            databases.insert(name, database);
        }
        let comment = files.read_catalog().and_then(|document| document["comment"].as_str().map(ToOwned::to_owned));
        let warehouse = Warehouse { files: Arc::clone(files), comment, databases };
        self.state.write().warehouses.insert(catalog.to_owned(), warehouse);
        for (path, document) in dropped {
            if let Ok(table) = codec::read_table(catalog, &document) {
                self.remove_data(&table);
            }
            files::remove(&path);
        }
        if self.database_exists(&DatabaseId::new(catalog, DEFAULT_DATABASE)) {
            return Ok(());
        }
        let default = DatabaseRecord {
            catalog: catalog.to_owned(),
            name: DEFAULT_DATABASE.to_owned(),
            comment: Some("default database".to_owned()),
            location: files.warehouse().display().to_string(),
            properties: Vec::new(),
            owner: String::new(),
        };
        self.create_database(default, true)
    }

    fn refresh_names(&self) {
        let mut state = self.state.write();
        let fixed = [SAMPLES_CATALOG.to_owned(), SYSTEM_CATALOG.to_owned()];
        state.names = CatalogNames::new(state.warehouses.keys().cloned().chain(fixed));
    }

    /// Makes a catalog with a default database. One that exists already is an error unless `if_not_exists`.
    pub fn create_catalog(&self, name: &str, comment: Option<&str>, if_not_exists: bool) -> Result<()> {
        check_name(name)?;
        let name = name.to_lowercase();
        let exists = self.state.read().warehouses.contains_key(&name) || self.names().find(&name).is_some();
        if exists {
            return if if_not_exists { Ok(()) } else { Err(CATALOG_ALREADY_EXISTS.with("catalogName", quoted(&name))) };
        }
        let files = Arc::new(Files::open(self.folder.join(&name))?);
        self.load(&name, &files)?;
        files.write_catalog(&codec::write_catalog(&name, comment))?;
        if let Some(warehouse) = self.state.write().warehouses.get_mut(&name) {
            warehouse.comment = comment.map(ToOwned::to_owned);
        }
        self.refresh_names();
        Ok(())
    }

    /// Drops a catalog. With `cascade` all that is in it goes too.
    pub fn drop_catalog(&self, name: &str, cascade: bool) -> Result<()> {
        let name = self.named(name)?;
        if [SPARK_CATALOG, SAMPLES_CATALOG, SYSTEM_CATALOG].contains(&name.as_str()) {
            return Err(CATALOG_OPERATION.with("catalogName", quoted(&name)).with("operation", "DROP CATALOG"));
        }
        let _writing = self.writer.lock();
        let files = self.files_of(&name)?;
        {
            let mut state = self.state.write();
            let databases = state.warehouses.get(&name).map(|warehouse| &warehouse.databases);
            let is_empty = databases.into_iter().flatten().all(|(database, found)| {
                database == DEFAULT_DATABASE && found.tables.is_empty() && found.functions.is_empty()
            });
            if !is_empty && !cascade {
                return Err(CATALOG_NOT_EMPTY.with("catalogName", quoted(&name)));
            }
            files.remove_catalog()?;
            state.warehouses.remove(&name);
        }
        files::remove(files.warehouse());
        self.refresh_names();
        Ok(())
    }
}

fn quoted(name: &str) -> String {
    quote(&[name.to_owned()])
}

/// The error for a catalog that must be there.
pub fn not_found(name: &str) -> Error {
    CATALOG_NOT_FOUND.with("catalogName", quoted(name)).with("config", format!("\"spark.sql.catalog.{name}\""))
}
