//! The catalog `samples`: TPC-H, TPC-DS and taxi trips, made when they are first read.
//!
//! A table is generated into a folder beside its place and renamed, so a folder that is there is complete. While one
//! caller generates a table the others wait for it. Afterwards it is a parquet table like any other.

mod nyctaxi;
mod tpcds;
mod tpch;
mod write;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hearth_base::{Error, Result};
use hearth_types::{StructField, StructType};
use parking_lot::Mutex;
use tokio::sync::Mutex as AsyncMutex;

use crate::catalog::{DatabaseRecord, SAMPLES_CATALOG, TableId, TableKind, TableRecord};

/// How much sample data there is, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleSettings {
    /// `samples.tpch_scale`: 1 is about a gigabyte of text.
    pub tpch_scale: f64,
    /// `samples.tpcds_scale`
    pub tpcds_scale: f64,
    /// `samples.folder`; `None` is `samples` below the data folder.
    pub folder: Option<PathBuf>,
}

impl Default for SampleSettings {
    fn default() -> Self {
        Self { tpch_scale: 0.01, tpcds_scale: 0.01, folder: None }
    }
}

/// The three sets, which are the databases of the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    NycTaxi,
    Tpcds,
    Tpch,
}

const SETS: [Set; 3] = [Set::NycTaxi, Set::Tpcds, Set::Tpch];

impl Set {
    fn name(self) -> &'static str {
        match self {
            Self::NycTaxi => "nyctaxi",
            Self::Tpcds => "tpcds",
            Self::Tpch => "tpch",
        }
    }

    fn comment(self) -> &'static str {
        match self {
            Self::NycTaxi => "Taxi trips in New York, generated",
            Self::Tpcds => "TPC-DS, generated",
            Self::Tpch => "TPC-H, generated",
        }
    }

    fn tables(self) -> Result<Vec<(String, StructType)>> {
        match self {
            Self::NycTaxi => Ok(vec![("trips".to_owned(), nyctaxi::schema())]),
            Self::Tpcds => tpcds::tables(),
            Self::Tpch => tpch::tables(),
        }
    }
}

#[derive(Debug)]
pub struct Samples {
    tables: Vec<(Set, Arc<TableRecord>)>,
    folder: PathBuf,
    settings: SampleSettings,
    /// Held while a table is generated, by the table's folder.
    generating: Mutex<HashMap<PathBuf, Arc<AsyncMutex<()>>>>,
}

impl Samples {
    pub fn new(settings: &SampleSettings, data_folder: &Path) -> Result<Self> {
        let folder = settings.folder.clone().unwrap_or_else(|| data_folder.join("samples"));
        let mut tables = Vec::new();
        for set in SETS {
            for (name, schema) in set.tables()? {
                let location = table_folder(&folder, set, settings, &name);
                tables.push((set, Arc::new(record(set, &name, schema, &location))));
            }
        }
        Ok(Self { tables, folder, settings: settings.clone(), generating: Mutex::default() })
    }

    pub fn databases(&self) -> Vec<DatabaseRecord> {
        SETS.into_iter()
            .map(|set| DatabaseRecord {
                catalog: SAMPLES_CATALOG.to_owned(),
                name: set.name().to_owned(),
                comment: Some(set.comment().to_owned()),
                location: self.folder.join(set.name()).display().to_string(),
                properties: Vec::new(),
                owner: String::new(),
            })
            .collect()
    }

    pub fn tables(&self, database: &str) -> Vec<Arc<TableRecord>> {
        self.tables.iter().filter(|(set, _)| set.name() == database).map(|(_, table)| Arc::clone(table)).collect()
    }

    pub fn table(&self, database: &str, name: &str) -> Option<Arc<TableRecord>> {
        let mut tables = self.tables.iter().filter(|(set, _)| set.name() == database);
        tables.find(|(_, table)| table.id.name == name).map(|(_, table)| Arc::clone(table))
    }

    /// Makes a sample table's files if they are not there. For any other table this does nothing.
    pub async fn ensure(&self, id: &TableId) -> Result<()> {
        if id.catalog != SAMPLES_CATALOG {
            return Ok(());
        }
        let found = self.tables.iter().find(|(set, table)| set.name() == id.database && table.id.name == id.name);
        let Some((set, table)) = found else { return Err(id.not_found_here()) };
        let folder = table.folder().ok_or_else(|| Error::internal("a sample table without a folder"))?;
        if folder.is_dir() {
            return Ok(());
        }
        let lock = Arc::clone(self.generating.lock().entry(folder.clone()).or_default());
        let guard = lock.lock_owned().await;
        if folder.is_dir() {
            return Ok(());
        }
        let (set, name, settings) = (*set, table.id.name.clone(), self.settings.clone());
        // The guard goes along: when the waiting query is cancelled, the generator still is the only one.
        let work = move || {
            let _guard = guard;
            generate(set, &name, &settings, &folder)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| Error::internal("a sample generator died").caused_by(error))?
    }
}

fn table_folder(folder: &Path, set: Set, settings: &SampleSettings, table: &str) -> PathBuf {
    let scale = match set {
        Set::NycTaxi => 1.0,
        Set::Tpcds => settings.tpcds_scale,
        Set::Tpch => settings.tpch_scale,
    };
    folder.join(set.name()).join(format!("sf={scale}")).join(table)
}

fn record(set: Set, name: &str, schema: StructType, location: &Path) -> TableRecord {
    TableRecord {
        id: TableId::new(SAMPLES_CATALOG, set.name(), name),
        kind: TableKind::External,
        provider: Some("parquet".to_owned()),
        schema,
        partition_columns: Vec::new(),
        bucket: None,
        sort_columns: Vec::new(),
        collation: None,
        options: Vec::new(),
        properties: Vec::new(),
        location: Some(location.display().to_string()),
        comment: None,
        owner: String::new(),
        created: 0,
        statistics: None,
        view: None,
    }
}

fn generate(set: Set, table: &str, settings: &SampleSettings, folder: &Path) -> Result<()> {
    let started = std::time::Instant::now();
    let target = write::Target::new(folder)?;
    match set {
        Set::NycTaxi => nyctaxi::generate(&target)?,
        Set::Tpcds => tpcds::generate(table, settings.tpcds_scale, &target)?,
        Set::Tpch => tpch::generate(table, settings.tpch_scale, &target)?,
    }
    target.publish()?;
    tracing::info!(set = set.name(), table, elapsed = ?started.elapsed(), "sample table made");
    Ok(())
}

/// The schema with every column nullable, as a table read from files has it.
fn nullable(schema: &StructType) -> StructType {
    StructType::new(schema.fields.iter().map(|field| StructField { nullable: true, ..field.clone() }))
}

#[cfg(test)]
mod tests;
