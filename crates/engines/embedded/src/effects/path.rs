//! Paths and locations as clients write them.

use std::path::{Component, Path, PathBuf};

use hearth_base::condition::PERMISSION_DENIED;
use hearth_base::{Error, Result};

use crate::catalog::local_path;
use crate::session::EmbeddedSession;

/// An absolute path without `.` and `..`. A relative one is below the warehouse, as in Spark. A URI of another scheme
/// than `file` is refused.
pub fn absolute(location: &str, session: &EmbeddedSession) -> Result<String> {
    let folder = folder(location, session.shared.catalog.warehouse())?;
    check(&folder, session)?;
    Ok(folder.display().to_string())
}

/// A path of `df.write`: a relative one is below the server's working folder, as in Spark.
pub fn target(path: &str, session: &EmbeddedSession) -> Result<PathBuf> {
    let here = std::env::current_dir().map_err(|error| Error::internal("no working folder").caused_by(error))?;
    let folder = folder(path, &here)?;
    check(&folder, session)?;
    Ok(folder)
}

/// Keeps clients out of the catalog's own files.
fn check(folder: &Path, session: &EmbeddedSession) -> Result<()> {
    let warehouse = session.shared.catalog.warehouse();
    let own = warehouse.join(".hearth");
    if folder.starts_with(&own) || warehouse.starts_with(folder) {
        return Err(PERMISSION_DENIED.with("message", format!("{} holds the catalog", folder.display())));
    }
    Ok(())
}

fn folder(location: &str, base: &Path) -> Result<PathBuf> {
    if location.contains('\0') {
        return Err(Error::unsupported("a path with a NUL character"));
    }
    let path = local_path(location)
        .ok_or_else(|| Error::unsupported(format!("the location {location}: only local files can be used")))?;
    let mut clean = PathBuf::new();
    for part in base.join(path).components() {
        match part {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            Component::RootDir | Component::Normal(_) | Component::Prefix(_) => clean.push(part),
        }
    }
    Ok(clean)
}
