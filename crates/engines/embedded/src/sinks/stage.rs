//! The place where files wait until all of them are there, and their way to where they belong.
//!
//! Files that are replaced are moved aside first, so that a move that fails can be undone. What is left in the staging
//! folder goes away with the `Stage`: every task holds it, so nothing is written after that.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use hearth_base::condition::TASK_WRITE_FAILED;
use hearth_base::{Error, Result};
use uuid::Uuid;

use super::recovery::{self, TEMPORARY};
use crate::catalog::{location_uri, partitions};

/// The mark of a write that is complete.
const SUCCESS: &str = "_SUCCESS";
const NEW: &str = "new";
const OLD: &str = "old";

/// Which files make room for the new ones.
#[derive(Debug, Clone, Copy)]
pub enum Replace<'a> {
    Nothing,
    All,
    /// Files in folders that get new files.
    SameFolders,
    /// Partitions with these values.
    Matching {
        columns: &'a [String],
        fixed: &'a [(String, Option<String>)],
    },
}

/// The staging folder of one write.
#[derive(Debug)]
pub struct Stage {
    target: PathBuf,
    /// Below `target`.
    folder: PathBuf,
    /// Folders that were not there before, from the outside in.
    made: Vec<PathBuf>,
    /// A file that stood in the place of the target, and where it waits.
    aside: Option<PathBuf>,
    done: AtomicBool,
}

impl Stage {
    pub fn new(target: &Path, replace: &Replace<'_>) -> Result<Self> {
        recovery::finish(target);
        let id = Uuid::new_v4().simple().to_string();
        let made = target.ancestors().take_while(|folder| !folder.exists()).map(Path::to_path_buf);
        let mut made: Vec<_> = made.collect();
        made.reverse();
        let mut aside = None;
        if target.is_file() && matches!(replace, Replace::All) {
            let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let place = target.with_file_name(format!(".{name}-{id}"));
            fs::rename(target, &place).map_err(|error| failed(target, error))?;
            aside = Some(place);
        }
        let folder = target.join(TEMPORARY).join(&id);
        let stage = Self { target: target.to_path_buf(), folder, made, aside, done: AtomicBool::new(false) };
        make_folder(&stage.folder.join(NEW))?;
        Ok(stage)
    }

    /// Where a task makes its files: `folder` is that of the partition, below the target.
    pub fn place(&self, folder: &str) -> Result<PathBuf> {
        let place = self.folder.join(NEW).join(folder);
        make_folder(&place)?;
        Ok(place)
    }

    /// Moves the new files to their places and the replaced ones away.
    pub fn commit(&self, replace: &Replace<'_>) -> Result<()> {
        let new = self.folder.join(NEW);
        let mut files = Vec::new();
        walk(&new, &mut files)?;
        let mut plan = Vec::new();
        for (number, path) in self.replaced(replace, &new, &files)?.into_iter().enumerate() {
            plan.push((path, self.folder.join(OLD).join(number.to_string())));
        }
        for file in &files {
            let below = file.strip_prefix(&new).map_err(Error::internal)?;
            plan.push((file.clone(), self.target.join(below)));
        }
        recovery::announce(&self.folder, &plan)?;
        let mut moves = Moves::default();
        if let Err(error) = plan.iter().try_for_each(|(from, to)| moves.add(from, to)) {
            moves.undo();
            recovery::withdraw(&self.folder);
            return Err(error);
        }
        self.done.store(true, Ordering::Release);
        let mark = self.target.join(SUCCESS);
        fs::write(&mark, "").map_err(|error| failed(&mark, error))
    }

    /// Moves the new files to their places, with no mark, and names them.
    pub fn publish(&self) -> Result<Vec<PathBuf>> {
        let new = self.folder.join(NEW);
        let mut files = Vec::new();
        walk(&new, &mut files)?;
        let mut moves = Moves::default();
        let mut placed = Vec::with_capacity(files.len());
        let outcome = files.iter().try_for_each(|file| {
            let place = self.target.join(file.strip_prefix(&new).map_err(Error::internal)?);
            moves.add(file, &place)?;
            placed.push(place);
            Ok(())
        });
        if let Err(error) = outcome {
            moves.undo();
            return Err(error);
        }
        self.done.store(true, Ordering::Release);
        Ok(placed)
    }

    /// The files and folders that go.
    fn replaced(&self, replace: &Replace<'_>, new: &Path, files: &[PathBuf]) -> Result<Vec<PathBuf>> {
        match replace {
            Replace::Nothing => Ok(Vec::new()),
            Replace::All => {
                let entries = children(&self.target)?;
                Ok(entries.into_iter().filter(|path| !path.ends_with(TEMPORARY)).collect())
            }
            Replace::SameFolders => {
                let mut folders: Vec<_> = files.iter().filter_map(|file| file.parent()).collect();
                folders.sort_unstable();
                folders.dedup();
                let mut old = Vec::new();
                for folder in folders {
                    let below = folder.strip_prefix(new).map_err(Error::internal)?;
                    let there = self.target.join(below);
                    if there.is_dir() {
                        old.extend(children(&there)?.into_iter().filter(|path| path.is_file()));
                    }
                }
                Ok(old)
            }
            Replace::Matching { columns, fixed } => {
                let matches = |partition: &partitions::Partition| {
                    fixed.iter().all(|(name, value)| {
                        let place = columns.iter().position(|column| column.eq_ignore_ascii_case(name));
                        let known = place.and_then(|place| partition.values.get(place));
                        known.is_some_and(|known| known == value)
                    })
                };
                let mut old = Vec::new();
                for partition in partitions::list(&self.target, columns)?.into_iter().filter(matches) {
                    if partition.folder.is_symlink() {
                        // A partition at a place of its own keeps its link.
                        old.extend(children(&partition.folder)?);
                    } else {
                        old.push(partition.folder);
                    }
                }
                Ok(old)
            }
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
        // Others may be writing there.
        let _ = fs::remove_dir(self.target.join(TEMPORARY));
        let done = self.done.load(Ordering::Acquire);
        if !done {
            for folder in self.made.iter().rev() {
                let _ = fs::remove_dir(folder);
            }
        }
        if let Some(aside) = &self.aside {
            if done {
                let _ = fs::remove_file(aside);
            } else {
                let _ = fs::remove_dir(&self.target);
                let _ = fs::rename(aside, &self.target);
            }
        }
    }
}

/// Files that were moved, so that they can be moved back.
#[derive(Debug, Default)]
struct Moves(Vec<(PathBuf, PathBuf)>);

impl Moves {
    fn add(&mut self, from: &Path, to: &Path) -> Result<()> {
        if let Some(parent) = to.parent() {
            make_folder(parent)?;
        }
        fs::rename(from, to).map_err(|error| failed(to, error))?;
        self.0.push((from.to_path_buf(), to.to_path_buf()));
        Ok(())
    }

    fn undo(&self) {
        for (from, to) in self.0.iter().rev() {
            if let Err(error) = fs::rename(to, from) {
                tracing::error!(file = %to.display(), %error, "a file of a failed write cannot be moved back");
            }
        }
    }
}

/// Makes a folder and those above. Another write may remove an empty `_temporary` at the same moment.
fn make_folder(folder: &Path) -> Result<()> {
    let mut outcome = fs::create_dir_all(folder);
    for _ in 0..3 {
        if !matches!(&outcome, Err(error) if error.kind() == io::ErrorKind::NotFound) {
            break;
        }
        outcome = fs::create_dir_all(folder);
    }
    outcome.map_err(|error| failed(folder, error))
}

fn children(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| failed(folder, error))?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(|error| failed(folder, error))).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for path in children(folder)? {
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The error of a file or folder that cannot be written.
pub fn failed(path: &Path, error: impl std::fmt::Display) -> Error {
    TASK_WRITE_FAILED.with("path", location_uri(&path.to_string_lossy())).caused_by(error.to_string())
}
