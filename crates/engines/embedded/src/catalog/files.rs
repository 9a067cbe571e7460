//! Where the catalog's documents stand, and how they are written.
//!
//! Below `<warehouse>/.hearth`: `catalog/<database>/database.json`, `table.<name>.json`, `function.<name>.json`;
//! `staging/` for data on its way in; `trash/` for what was dropped. A document is written beside its place, flushed to
//! disk and renamed, so that a reader sees the old one or the new one. A drop is one rename of the document into the
//! trash, which then says what else is to be removed; `clean` finishes what a crash interrupted.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use hearth_base::{Error, Result};
use serde_json::Value;
use uuid::Uuid;

const TEMPORARY: &str = ".tmp-";
const CATALOG: &str = "catalog.json";
const DATABASE: &str = "database.json";
const DROPPED: &str = "dropped-";

/// The kinds of documents that a database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Table,
    Function,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Table => "table.",
            Self::Function => "function.",
        }
    }
}

#[derive(Debug)]
pub struct Files {
    warehouse: PathBuf,
    root: PathBuf,
}

impl Files {
    pub fn open(warehouse: PathBuf) -> Result<Self> {
        let root = warehouse.join(".hearth");
        for folder in ["catalog", "staging", "trash"] {
            fs::create_dir_all(root.join(folder)).map_err(failed)?;
        }
        Ok(Self { warehouse, root })
    }

    pub fn warehouse(&self) -> &Path {
        &self.warehouse
    }

    /// A new folder for data that is to become a table's; it does not exist yet.
    pub fn staging(&self) -> PathBuf {
        self.root.join("staging").join(Uuid::new_v4().simple().to_string())
    }

    fn folder(&self, database: &str) -> PathBuf {
        self.root.join("catalog").join(database)
    }

    fn document(&self, database: &str, kind: Kind, name: &str) -> PathBuf {
        self.folder(database).join(format!("{}{name}.json", kind.prefix()))
    }

    /// Removes what a crash has left: half-written documents and staged data. Gives the documents of dropped tables.
    pub fn clean(&self) -> Result<Vec<(PathBuf, Value)>> {
        remove_all_in(&self.root.join("staging"))?;
        for folder in entries(&self.root.join("catalog"))? {
            for file in entries(&folder)? {
                if file_name(&file).starts_with(TEMPORARY) {
                    fs::remove_file(&file).map_err(failed)?;
                }
            }
        }
        let mut dropped = Vec::new();
        for path in entries(&self.root.join("trash"))? {
            match read(&path) {
                Ok(document) if file_name(&path).starts_with(DROPPED) => dropped.push((path, document)),
                Ok(_) | Err(_) => remove(&path),
            }
        }
        Ok(dropped)
    }

    /// Whether the catalog's own document is there; Spark's catalog has none.
    pub fn has_catalog(&self) -> bool {
        self.root.join(CATALOG).is_file()
    }

    pub fn read_catalog(&self) -> Option<Value> {
        read(&self.root.join(CATALOG)).ok()
    }

    pub fn write_catalog(&self, document: &Value) -> Result<()> {
        write(&self.root.join(CATALOG), document)
    }

    pub fn remove_catalog(&self) -> Result<()> {
        fs::remove_file(self.root.join(CATALOG)).map_err(failed)?;
        sync_folder(&self.root);
        Ok(())
    }

    /// The names of the databases that have a document.
    pub fn databases(&self) -> Result<Vec<String>> {
        let folders = entries(&self.root.join("catalog"))?;
        Ok(folders.iter().filter(|folder| folder.join(DATABASE).is_file()).map(|folder| file_name(folder)).collect())
    }

    pub fn read_database(&self, database: &str) -> Result<Value> {
        read(&self.folder(database).join(DATABASE))
    }

    pub fn write_database(&self, database: &str, document: &Value) -> Result<()> {
        let folder = self.folder(database);
        fs::create_dir_all(&folder).map_err(failed)?;
        write(&folder.join(DATABASE), document)
    }

    pub fn remove_database(&self, database: &str) -> Result<()> {
        let target = self.trash_path("");
        fs::rename(self.folder(database), &target).map_err(failed)?;
        sync_folder(&self.root.join("catalog"));
        remove(&target);
        Ok(())
    }

    /// All documents of one kind.
    pub fn read_all(&self, database: &str, kind: Kind) -> Result<Vec<Value>> {
        let is_one = |path: &PathBuf| {
            let name = file_name(path);
            name.starts_with(kind.prefix()) && name.ends_with(".json")
        };
        entries(&self.folder(database))?.iter().filter(|path| is_one(path)).map(|path| read(path)).collect()
    }

    pub fn write(&self, database: &str, kind: Kind, name: &str, document: &Value) -> Result<()> {
        write(&self.document(database, kind, name), document)
    }

    pub fn remove(&self, database: &str, kind: Kind, name: &str) -> Result<()> {
        fs::remove_file(self.document(database, kind, name)).map_err(failed)?;
        sync_folder(&self.folder(database));
        Ok(())
    }

    /// Moves a table's document to the trash: from here on the table is dropped. Gives the document's new place.
    pub fn discard_table(&self, database: &str, name: &str) -> Result<PathBuf> {
        let target = self.trash_path(DROPPED);
        fs::rename(self.document(database, Kind::Table, name), &target).map_err(failed)?;
        sync_folder(&self.folder(database));
        Ok(target)
    }

    /// Moves data to the trash, at once, and gives its new place. `None` when there is none.
    pub fn discard_data(&self, folder: &Path) -> Result<Option<PathBuf>> {
        let target = self.trash_path("");
        match fs::rename(folder, &target) {
            Ok(()) => Ok(Some(target)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            // Another file system: it has to be removed where it is.
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                fs::remove_dir_all(folder).map_err(failed)?;
                Ok(None)
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn trash_path(&self, prefix: &str) -> PathBuf {
        self.root.join("trash").join(format!("{prefix}{}", Uuid::new_v4().simple()))
    }
}

pub(super) fn failed(error: io::Error) -> Error {
    Error::internal(format!("the catalog's folder: {error}")).caused_by(error)
}

/// Removes a file or a folder. What cannot be removed is removed at the next start.
pub(super) fn remove(path: &Path) {
    let result = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    if let Err(error) = result {
        tracing::warn!(path = %path.display(), %error, "what was dropped cannot be removed");
    }
}

/// The names of the folders in a folder.
pub(super) fn folders(folder: &Path) -> Result<Vec<String>> {
    Ok(entries(folder)?.iter().filter(|path| path.is_dir()).map(|path| file_name(path)).collect())
}

/// The paths in a folder in the order of their names; none when the folder is missing.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let list = match fs::read_dir(folder) {
        Ok(list) => list,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(failed(error)),
    };
    let mut paths =
        list.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>().map_err(failed)?;
    paths.sort();
    Ok(paths)
}

fn remove_all_in(folder: &Path) -> Result<()> {
    entries(folder)?.iter().for_each(|path| remove(path));
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn read(path: &Path) -> Result<Value> {
    let bytes = fs::read(path).map_err(failed)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        Error::internal(format!("{} is not a document of the catalog", path.display())).caused_by(error)
    })
}

/// Writes beside, flushes, renames.
fn write(path: &Path, document: &Value) -> Result<()> {
    let folder = path.parent().ok_or_else(|| Error::internal("a document without a folder"))?;
    let temporary = folder.join(format!("{TEMPORARY}{}", Uuid::new_v4().simple()));
    let put = || -> io::Result<()> {
        let mut file = File::create(&temporary)?;
        file.write_all(document.to_string().as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    put().map_err(|error| {
        let _ = fs::remove_file(&temporary);
        failed(error)
    })?;
    sync_folder(folder);
    Ok(())
}

/// Makes a rename last. Not every file system can; then the rename lasts when it lasts.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
