//! Writes that were killed while their files moved to their places: the plan of the moves stands in the staging folder
//! before the first of them, and who comes next to the folder makes the rest of them.
//!
//! Before there is a plan nothing has moved, so a write that is killed earlier leaves the old data and files that nobody
//! reads. The plan names the process that made it: its own moves are under way and are left alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use hearth_base::condition::TASK_WRITE_FAILED;
use hearth_base::{Error, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::catalog::location_uri;

/// The folder of writes that are not done, below the target of each.
pub const TEMPORARY: &str = "_temporary";
const PLAN: &str = "moves.json";
const PART: &str = "moves.part";

/// This run of the program.
static PROCESS: LazyLock<String> = LazyLock::new(|| Uuid::new_v4().simple().to_string());

fn failed(path: &Path, error: impl Into<Error>) -> Error {
    let cause: Error = error.into();
    TASK_WRITE_FAILED.with("path", location_uri(&path.to_string_lossy())).caused_by(cause.to_string())
}

/// Says, before the first, which moves a write makes.
pub fn announce(folder: &Path, moves: &[(PathBuf, PathBuf)]) -> Result<()> {
    announce_as(&PROCESS, folder, moves)
}

fn announce_as(process: &str, folder: &Path, moves: &[(PathBuf, PathBuf)]) -> Result<()> {
    let pairs: Vec<_> = moves.iter().map(|(from, to)| json!([from.to_string_lossy(), to.to_string_lossy()])).collect();
    let plan = json!({ "process": process, "moves": pairs }).to_string();
    // A plan is whole or not there.
    let (part, place) = (folder.join(PART), folder.join(PLAN));
    fs::write(&part, plan).map_err(|error| failed(&part, Error::internal(error)))?;
    fs::rename(&part, &place).map_err(|error| failed(&place, Error::internal(error)))
}

/// Takes back what `announce` said: the moves were undone.
pub fn withdraw(folder: &Path) {
    let _ = fs::remove_file(folder.join(PLAN));
}

/// Ends what killed writes to this folder began.
pub fn finish(target: &Path) {
    // Nearly always there is no such folder.
    let Ok(entries) = fs::read_dir(target.join(TEMPORARY)) else { return };
    for entry in entries.flatten() {
        let folder = entry.path();
        if let Some(moves) = left(&folder) {
            for (from, to) in moves.iter().filter(|(from, _)| from.exists()) {
                if let Some(parent) = to.parent() {
                    let _ = fs::create_dir_all(parent);
                }
                if let Err(error) = fs::rename(from, to) {
                    tracing::error!(file = %to.display(), %error, "a file of a killed write cannot be moved");
                    return;
                }
            }
            let _ = fs::remove_dir_all(&folder);
            let _ = fs::remove_dir(target.join(TEMPORARY));
        }
    }
}

/// The moves of a write of another process.
fn left(folder: &Path) -> Option<Vec<(PathBuf, PathBuf)>> {
    let plan: Value = serde_json::from_slice(&fs::read(folder.join(PLAN)).ok()?).ok()?;
    if plan["process"].as_str() == Some(PROCESS.as_str()) {
        return None;
    }
    let pair = |pair: &Value| Some((PathBuf::from(pair[0].as_str()?), PathBuf::from(pair[1].as_str()?)));
    plan["moves"].as_array()?.iter().map(pair).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn moves_of_a_killed_write_are_finished_and_those_under_way_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("t");
        let stage = target.join(TEMPORARY).join("id");
        fs::create_dir_all(stage.join("new/p=1")).unwrap();
        fs::create_dir_all(stage.join("old")).unwrap();
        for (path, text) in [("a.parquet", "old"), ("_temporary/id/new/p=1/b.parquet", "new")] {
            fs::write(target.join(path), text).unwrap();
        }
        let moves = [
            (target.join("a.parquet"), stage.join("old/0")),
            (stage.join("new/p=1/b.parquet"), target.join("p=1/b.parquet")),
        ];
        announce(&stage, &moves).unwrap();
        finish(&target);
        assert!(target.join("a.parquet").exists() && stage.exists());

        announce_as("another", &stage, &moves).unwrap();
        fs::rename(&moves[0].0, &moves[0].1).unwrap();
        finish(&target);
        assert!(!target.join("a.parquet").exists() && !target.join(TEMPORARY).exists());
        assert_eq!(fs::read_to_string(target.join("p=1/b.parquet")).unwrap(), "new");
    }
}
