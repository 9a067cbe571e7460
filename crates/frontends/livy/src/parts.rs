//! What sessions and batches share: the core, the interpreters, the settings, the archive, the tasks.

use std::path::PathBuf;
use std::sync::Arc;

use hearth_base::clock::EpochMillis;
use hearth_base::task::TaskGroup;
use hearth_core::interpreter::{Dependency, DependencyKind};
use hearth_core::store::Origin;
use hearth_core::{Hearth, InterpreterHost};

use crate::from_wire::merged;
use crate::model::Resources;
use crate::record::Archive;
use crate::settings::LivySettings;

/// The name of this door in the history.
const DOOR: &str = "livy";

#[derive(Debug)]
pub(crate) struct Parts {
    pub hearth: Hearth,
    pub interpreters: Arc<dyn InterpreterHost>,
    pub settings: LivySettings,
    pub archive: Archive,
    pub tasks: TaskGroup,
}

impl Parts {
    pub fn now(&self) -> EpochMillis {
        self.hearth.sessions.clock().now()
    }

    /// Where an operation of this door came from; `what` is the session or batch, for whoever reads the history.
    pub fn origin(&self, what: String) -> Origin {
        Origin { door: DOOR.to_owned(), client: String::new(), warehouse: None, request: what }
    }
}

/// The files that a session or batch asks for.
pub(crate) fn dependencies(resources: &Resources) -> Vec<Dependency> {
    let resources = merged(resources);
    let lists = [
        (DependencyKind::Jar, resources.jars),
        (DependencyKind::PyFile, resources.py_files),
        (DependencyKind::File, resources.files),
        (DependencyKind::Archive, resources.archives),
    ];
    let of =
        |(kind, uris): (DependencyKind, Vec<String>)| uris.into_iter().filter_map(move |uri| dependency(kind, &uri));
    lists.into_iter().flat_map(of).collect()
}

/// The file of a URI of this machine; YARN's `path#name` gives it another name.
pub(crate) fn dependency(kind: DependencyKind, uri: &str) -> Option<Dependency> {
    let (path, name) = uri.split_once('#').map_or((uri, None), |(path, name)| (path, Some(name)));
    let path = local_path(path)?;
    let name = match name.filter(|name| !name.is_empty() && !name.contains('/') && *name != "..") {
        Some(name) => name.to_owned(),
        None => path.file_name()?.to_string_lossy().into_owned(),
    };
    Some(Dependency { kind, path, name })
}

/// The path of a `file:` URI, or of a bare path.
pub(crate) fn local_path(uri: &str) -> Option<PathBuf> {
    let path = match uri.split_once(':') {
        Some(("file" | "local", rest)) => rest.strip_prefix("//").unwrap_or(rest),
        Some((scheme, _)) if !scheme.contains('/') => return None,
        Some(_) | None => uri,
    };
    path.starts_with('/').then(|| PathBuf::from(path))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn files_of_this_machine_have_a_path_and_a_name() {
        let of = |uri| dependency(DependencyKind::Archive, uri).map(|one| (one.path.display().to_string(), one.name));
        assert_eq!(of("/a/b.zip"), Some(("/a/b.zip".to_owned(), "b.zip".to_owned())));
        assert_eq!(of("file:///a/b.zip#env"), Some(("/a/b.zip".to_owned(), "env".to_owned())));
        assert_eq!(of("local:/a/b.zip#../x"), Some(("/a/b.zip".to_owned(), "b.zip".to_owned())));
        assert_eq!((of("hdfs://n/a.zip"), of("a.zip"), of("/a/..")), (None, None, None));
    }
}
