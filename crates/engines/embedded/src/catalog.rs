//! Catalogs, databases, tables, views and functions, shared by all sessions.
//!
//! `spark_catalog` and the catalogs beside it are written here and survive restarts: everything is in memory, and every
//! change is on disk (see `files`) before it is seen. One writer at a time; readers never wait for a disk. `samples` is
//! read only and comes from `crate::samples`; the `information_schema` of each catalog comes from `crate::information`.
//! Temporary views and functions belong to sessions, not to this.

mod codec;
mod database;
mod files;
mod function;
mod locks;
pub mod name;
pub mod partitions;
mod pattern;
pub mod record;
mod table;
mod warehouses;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hearth_base::Result;
use hearth_base::condition::CATALOG_OPERATION;
use parking_lot::{Mutex, RwLock};

use crate::information::INFORMATION_SCHEMA;
use crate::samples::{SampleSettings, Samples};
use files::Files;
use locks::Locks;

pub use codec::DEFAULT_SCHEMA_MODE;
pub use function::function_exists;
pub use name::{CatalogNames, DatabaseId, Position, TableId, database_id, search_path, table_id};
pub use pattern::Pattern;
pub use record::{
    ColumnStatistics, DELTA, DatabaseRecord, FunctionBody, FunctionRecord, ParameterRecord, TableKind, TableRecord,
    TableStatistics, ViewText, local_path, location_uri,
};
pub use table::has_entries;
pub use warehouses::not_found;

pub const SPARK_CATALOG: &str = "spark_catalog";
pub const SAMPLES_CATALOG: &str = "samples";
pub const DEFAULT_DATABASE: &str = "default";
/// The database that global temporary views stand in.
pub const GLOBAL_TEMP: &str = "global_temp";
/// Where `information_schema` tells of all catalogs.
pub const SYSTEM_CATALOG: &str = "system";

/// See the module.
#[derive(Debug)]
pub struct Catalog {
    /// Of `spark_catalog`. Data on its way in is staged here, whichever catalog it is for.
    files: Arc<Files>,
    /// Where the folders of the other catalogs are.
    folder: PathBuf,
    state: RwLock<State>,
    /// Held while a change is written.
    writer: Mutex<()>,
    changing: Locks,
    samples: Samples,
}

/// The catalogs that can be written, by lower-case names.
#[derive(Debug, Default)]
struct State {
    warehouses: BTreeMap<String, Warehouse>,
    /// All catalogs, those that cannot be written too.
    names: CatalogNames,
}

/// One catalog: a folder with documents and tables.
#[derive(Debug)]
struct Warehouse {
    files: Arc<Files>,
    comment: Option<String>,
    databases: BTreeMap<String, Database>,
}

#[derive(Debug)]
struct Database {
    record: DatabaseRecord,
    tables: BTreeMap<String, Arc<TableRecord>>,
    functions: BTreeMap<String, Arc<FunctionRecord>>,
}

impl State {
    fn database(&self, catalog: &str, name: &str) -> Option<&Database> {
        self.warehouses.get(catalog)?.databases.get(name)
    }

    fn database_mut(&mut self, catalog: &str, name: &str) -> Option<&mut Database> {
        self.warehouses.get_mut(catalog)?.databases.get_mut(name)
    }
}

impl Catalog {
    /// Reads what is on disk, finishes what a crash interrupted, and makes default databases on the first start.
    /// `names` are catalogs that there shall be beside `spark_catalog`, below `catalogs` in the data folder.
    pub fn open(warehouse: PathBuf, names: &[String], samples: &SampleSettings, data_folder: &Path) -> Result<Self> {
        let catalog = Self {
            files: Arc::new(Files::open(warehouse)?),
            folder: data_folder.join("catalogs"),
            state: RwLock::default(),
            writer: Mutex::new(()),
            changing: Locks::default(),
            samples: Samples::new(samples, data_folder)?,
        };
        catalog.load(SPARK_CATALOG, &catalog.files)?;
        catalog.load_others(names)?;
        Ok(catalog)
    }

    /// The names of all catalogs.
    pub fn names(&self) -> CatalogNames {
        self.state.read().names.clone()
    }

    /// The files of a catalog that can be written.
    fn files_of(&self, catalog: &str) -> Result<Arc<Files>> {
        let state = self.state.read();
        let files = state.warehouses.get(catalog).map(|warehouse| Arc::clone(&warehouse.files));
        files.ok_or_else(|| not_found(catalog))
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

/// Refuses changes of catalogs and databases that are read only.
fn check_writable(catalog: &str, database: &str, operation: &str) -> Result<()> {
    if ![SAMPLES_CATALOG, SYSTEM_CATALOG].contains(&catalog) && database != INFORMATION_SCHEMA {
        return Ok(());
    }
    let name = hearth_plan::identifier::quote(&[catalog.to_owned()]);
    Err(CATALOG_OPERATION.with("catalogName", name).with("operation", operation))
}

#[cfg(test)]
mod tests;
