//! `scala/launch.json`: which jars, and the command lines that compile, train and run the program. `scala/README.md` says
//! what its words mean.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

const RECIPE: &str = include_str!("../../../scala/launch.json");

#[derive(Debug, Deserialize)]
pub(super) struct Recipe {
    /// The least major version.
    pub(super) java: u32,
    jars: Vec<String>,
    flags: Vec<String>,
    pub(super) compile: Vec<String>,
    pub(super) train: Vec<String>,
    pub(super) verify: Vec<String>,
    pub(super) run: Vec<String>,
}

/// What stands for the words in braces.
pub(super) struct Words<'a> {
    pub(super) java: &'a Path,
    pub(super) jars: &'a [PathBuf],
    pub(super) heap: &'a str,
    /// Without one, words that name it are left out.
    pub(super) archive: Option<&'a Path>,
    pub(super) output: Option<&'a Path>,
    pub(super) sources: &'a [PathBuf],
}

impl Recipe {
    pub(super) fn read() -> Result<Self, String> {
        serde_json::from_str(RECIPE).map_err(|error| format!("launch.json: {error}"))
    }

    /// The jars in their order; an error is a glob that nothing matches. Blocks.
    pub(super) fn jars_in(&self, folder: &Path) -> Result<Vec<PathBuf>, String> {
        let mut jars: Vec<PathBuf> = Vec::new();
        for glob in &self.jars {
            let mut found = matches(folder, glob);
            found.sort();
            if found.is_empty() {
                return Err(glob.clone());
            }
            found.retain(|jar| !jars.contains(jar));
            jars.extend(found);
        }
        Ok(jars)
    }

    pub(super) fn expand(&self, argv: &[String], words: &Words<'_>) -> Vec<OsString> {
        let mut expanded = Vec::new();
        for word in argv {
            match word.as_str() {
                "{flags}" => expanded.extend(self.expand(&self.flags, words)),
                "{java}" => expanded.push(words.java.into()),
                // Paths with a colon cannot be in a class path at all.
                "{jars}" => expanded.push(std::env::join_paths(words.jars).unwrap_or_default()),
                "{sources}" => expanded.extend(words.sources.iter().map(OsString::from)),
                "{output}" => expanded.extend(words.output.map(OsString::from)),
                word => expanded.extend(words.within(word)),
            }
        }
        expanded
    }
}

impl Words<'_> {
    /// A word with the parameters in it replaced.
    fn within(&self, word: &str) -> Option<OsString> {
        if let Some((before, after)) = word.split_once("{archive}") {
            let archive = self.archive?;
            let mut replaced = OsString::from(before);
            replaced.push(archive);
            replaced.push(after);
            return Some(replaced);
        }
        Some(word.replace("{heap}", self.heap).into())
    }
}

/// Files below `folder` that match a glob with one star at most, in its last part.
fn matches(folder: &Path, glob: &str) -> Vec<PathBuf> {
    let path = folder.join(glob);
    let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let pieces: Vec<&str> = name.split('*').collect();
    let fits = |name: &str| match pieces[..] {
        [whole] => name == whole,
        // Between them stands a version, and one name may begin with another.
        [first, last] => name.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)).is_some(),
        _ => fits_all(name, &pieces),
    };
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let files = entries.flatten().filter(|entry| entry.file_name().to_str().is_some_and(fits));
    files.map(|entry| entry.path()).collect()
}

fn fits_all(name: &str, pieces: &[&str]) -> bool {
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return false };
    let Some(mut rest) = name.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
    pieces[1..pieces.len() - 1].iter().all(|piece| match rest.find(piece) {
        Some(position) => {
            rest = &rest[position + piece.len()..];
            true
        }
        None => false,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn globs_keep_their_order_and_must_match() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a-1.jar", "a-2.jar", "b_2.13-3.4.jar"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let mut recipe = Recipe::read().unwrap();
        recipe.jars = ["b_2.13-*.jar", "a-*.jar", "*-2.jar", "b*-3.*.jar"].map(str::to_owned).to_vec();
        let names: Vec<_> = recipe.jars_in(folder.path()).unwrap();
        let names: Vec<&str> = names.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["b_2.13-3.4.jar", "a-1.jar", "a-2.jar"]);
        recipe.jars.push("c-*.jar".to_owned());
        assert_eq!(recipe.jars_in(folder.path()).unwrap_err(), "c-*.jar");
    }

    #[test]
    fn words_are_replaced_and_an_archive_that_is_not_there_left_out() {
        let recipe = Recipe::read().unwrap();
        let jars = [PathBuf::from("/a.jar"), PathBuf::from("/b.jar")];
        let mut words = Words {
            java: Path::new("/bin/java"),
            jars: &jars,
            heap: "512m",
            archive: Some(Path::new("/c/x.jsa")),
            output: None,
            sources: &[],
        };
        let args = recipe.expand(&recipe.run, &words);
        assert_eq!(args[0], "/bin/java");
        for word in ["-Xmx512m", "-XX:SharedArchiveFile=/c/x.jsa", "/a.jar:/b.jar"] {
            assert!(args.contains(&word.into()), "{args:?}");
        }
        words.archive = None;
        let args = recipe.expand(&recipe.run, &words);
        assert!(!args.iter().any(|arg| arg.to_string_lossy().contains("Archive")), "{args:?}");
        assert!(!args.iter().any(|arg| arg.to_string_lossy().contains('{')), "{args:?}");
    }
}
