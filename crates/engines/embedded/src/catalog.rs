//! Catalogs, databases, tables, views and functions, shared by all sessions.
//!
//! `spark_catalog` is written here and survives restarts: everything is in memory, and every change is on disk (see
//! `files`) before it is seen. One writer at a time; readers never wait for a disk. `samples` is read only and comes
//! from `crate::samples`. Temporary views and functions belong to sessions, not to this.

mod codec;
mod database;
mod files;
mod function;
pub mod name;
pub mod partitions;
mod pattern;
pub mod record;
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hearth_base::Result;
use hearth_base::condition::{CATALOG_NOT_FOUND, CATALOG_OPERATION};
use parking_lot::{Mutex, RwLock};

use crate::samples::{SampleSettings, Samples};
use files::{Files, Kind};

pub use function::function_exists;
pub use name::{DatabaseId, Position, TableId, database_id, find_catalog, search_path, table_id};
pub use pattern::Pattern;
pub use record::{
    DatabaseRecord, FunctionBody, FunctionRecord, ParameterRecord, TableKind, TableRecord, TableStatistics, ViewText,
    local_path, location_uri,
};
pub use table::has_entries;

pub const SPARK_CATALOG: &str = "spark_catalog";
pub const SAMPLES_CATALOG: &str = "samples";
pub const DEFAULT_DATABASE: &str = "default";
/// The database that global temporary views stand in.
pub const GLOBAL_TEMP: &str = "global_temp";
/// All catalogs, in the order of their names.
pub const CATALOGS: [&str; 2] = [SAMPLES_CATALOG, SPARK_CATALOG];

/// See the module.
#[derive(Debug)]
pub struct Catalog {
    files: Files,
    state: RwLock<State>,
    /// Held while a change is written.
    writer: Mutex<()>,
    samples: Samples,
}

/// `spark_catalog`, by lower-case names.
#[derive(Debug, Default)]
struct State {
    databases: BTreeMap<String, Database>,
}

#[derive(Debug)]
struct Database {
    record: DatabaseRecord,
    tables: BTreeMap<String, Arc<TableRecord>>,
    functions: BTreeMap<String, Arc<FunctionRecord>>,
}

impl Catalog {
    /// Reads what is on disk, finishes what a crash interrupted, and makes the default database on the first start.
    pub fn open(warehouse: PathBuf, samples: &SampleSettings, data_folder: &Path) -> Result<Self> {
        let files = Files::open(warehouse)?;
        let dropped = files.clean()?;
        let catalog = Self {
            files,
            state: RwLock::default(),
            writer: Mutex::new(()),
            samples: Samples::new(samples, data_folder)?,
        };
        catalog.load()?;
        catalog.finish_drops(dropped);
        if !catalog.database_exists(&DatabaseId::new(SPARK_CATALOG, DEFAULT_DATABASE)) {
            catalog.create_database(
                DatabaseRecord {
                    catalog: SPARK_CATALOG.to_owned(),
                    name: DEFAULT_DATABASE.to_owned(),
                    comment: Some("default database".to_owned()),
                    location: catalog.files.warehouse().display().to_string(),
                    properties: Vec::new(),
                    owner: String::new(),
                },
                true,
            )?;
        }
        Ok(catalog)
    }

    fn load(&self) -> Result<()> {
        let mut state = self.state.write();
        for name in self.files.databases()? {
            let record = codec::read_database(SPARK_CATALOG, &self.files.read_database(&name)?)?;
            let mut database = Database { record, tables: BTreeMap::new(), functions: BTreeMap::new() };
            for document in self.files.read_all(&name, Kind::Table)? {
                let table = codec::read_table(SPARK_CATALOG, &document)?;
                database.tables.insert(table.id.name.clone(), Arc::new(table));
            }
            for document in self.files.read_all(&name, Kind::Function)? {
                let function = codec::read_function(SPARK_CATALOG, &document)?;
                database.functions.insert(function.id.name.clone(), Arc::new(function));
            }
            state.databases.insert(name, database);
        }
        Ok(())
    }

    /// Removes the files of tables whose drop was written and not finished.
    fn finish_drops(&self, dropped: Vec<(PathBuf, serde_json::Value)>) {
        for (path, document) in dropped {
            if let Ok(table) = codec::read_table(SPARK_CATALOG, &document) {
                self.remove_data(&table);
            }
            files::remove(&path);
        }
    }

    pub fn warehouse(&self) -> &Path {
        self.files.warehouse()
    }

    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// A new folder below the warehouse for data that is to become a table's; it does not exist yet.
    pub fn staging(&self) -> PathBuf {
        self.files.staging()
    }
}

/// The catalog of this name, or Spark's error.
pub fn catalog_named(name: &str) -> Result<&'static str> {
    find_catalog(name).ok_or_else(|| {
        CATALOG_NOT_FOUND
            .with("catalogName", hearth_plan::identifier::quote(&[name.to_owned()]))
            .with("config", format!("\"spark.sql.catalog.{name}\""))
    })
}

/// Refuses changes of catalogs that are read only.
fn check_writable(catalog: &str, operation: &str) -> Result<()> {
    if catalog == SPARK_CATALOG {
        return Ok(());
    }
    let name = hearth_plan::identifier::quote(&[catalog.to_owned()]);
    Err(CATALOG_OPERATION.with("catalogName", name).with("operation", operation))
}

#[cfg(test)]
mod tests;
