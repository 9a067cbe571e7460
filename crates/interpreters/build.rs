//! Makes the table of the program files that the crate carries: all of `python/`, `scala/` and `r/` but tests, caches
//! and what is written for people.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const FOLDERS: [&str; 3] = ["python", "scala", "r"];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut files = Vec::new();
    for folder in FOLDERS {
        println!("cargo:rerun-if-changed={folder}");
        collect(&root.join(folder), &mut files)?;
    }
    files.sort();
    let mut table = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&root).unwrap_or(file);
        let line =
            format!("    ({:?}, include_bytes!({:?})),\n", name.display().to_string(), file.display().to_string());
        table.push_str(&line);
    }
    writeln!(table, "]").map_err(io::Error::other)?;
    fs::write(PathBuf::from(env::var("OUT_DIR").unwrap_or_default()).join("programs.rs"), table)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_left_out = name.starts_with(['.', '_']) && !name.ends_with(".py");
        if is_left_out || name == "tests" || name.ends_with(".md") || name.ends_with(".pyc") {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
