//! Rules of the house that the compiler does not check: how files open, where lints come from.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All files below `folder` with this name or extension, generated ones left out.
fn files(folder: &Path, matches: &dyn Fn(&Path) -> bool, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, matches, found);
        } else if matches(&path) {
            found.push(path);
        }
    }
}

fn rust_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(&crates(), &|path| path.extension().is_some_and(|extension| extension == "rs"), &mut found);
    assert!(found.len() > 100, "the crates are not where they are looked for");
    found
}

#[test]
fn every_file_opens_with_what_is_in_it() {
    let is_silent = |path: &PathBuf| !std::fs::read_to_string(path).unwrap().starts_with("//! ");
    let silent: Vec<_> = rust_files().into_iter().filter(is_silent).collect();
    assert!(silent.is_empty(), "no module documentation: {silent:#?}");
}

#[test]
fn modules_are_named_files() {
    let says_nothing = |path: &PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        ["mod", "utils", "util", "common", "helpers", "helper"].contains(&name)
    };
    let nameless: Vec<_> = rust_files().into_iter().filter(says_nothing).collect();
    assert!(nameless.is_empty(), "names that say nothing of what is in the file: {nameless:#?}");
}

#[test]
fn every_crate_takes_the_workspaces_lints_and_versions() {
    let mut manifests = Vec::new();
    files(&crates(), &|path| path.file_name().is_some_and(|name| name == "Cargo.toml"), &mut manifests);
    for path in manifests {
        let text = std::fs::read_to_string(&path).unwrap();
        for line in ["[lints]\nworkspace = true", "version.workspace = true", "license.workspace = true"] {
            assert!(text.contains(line), "{} has no `{line}`", path.display());
        }
        let has_own_version = text.lines().any(|line| line.contains("version = \"") && !line.starts_with("version"));
        assert!(!has_own_version, "{} has a version that belongs into the workspace", path.display());
    }
}

/// Budget of a file without its tests; static tables are exempt.
const LINES: usize = 600;
const TABLES: [&str; 3] = ["catalogue.rs", "keywords.rs", "html_entities.rs"];

#[test]
fn no_file_is_longer_than_its_budget() {
    let is_source = |path: &PathBuf| path.components().any(|part| part.as_os_str() == "src");
    for path in rust_files().iter().filter(|path| is_source(path)) {
        let is_table = TABLES.contains(&path.file_name().unwrap().to_str().unwrap())
            || path.components().any(|part| part.as_os_str() == "families" || part.as_os_str() == "condition");
        let text = std::fs::read_to_string(path).unwrap();
        let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
        assert!(is_table || lines <= LINES, "{} has {lines} lines: it wants to be two", path.display());
    }
}
