//! What Livy checks of a session or batch before it makes one, as far as that needs no knowledge of others.

use std::path::{Component, Path, PathBuf};

use crate::duration;
use crate::error::{LivyError, LivyResult};
use crate::model::{NewBatch, NewSession, Resources};
use crate::parts::local_path;
use crate::settings::LivySettings;

/// Settings that are lists of files, and which of the request's lists each joins.
const LISTS: [(&str, List); 9] = [
    ("spark.jars", |resources| &mut resources.jars),
    ("spark.yarn.dist.jars", |resources| &mut resources.jars),
    ("spark.files", |resources| &mut resources.files),
    ("spark.yarn.dist.files", |resources| &mut resources.files),
    ("spark.archives", |resources| &mut resources.archives),
    ("spark.yarn.dist.archives", |resources| &mut resources.archives),
    ("spark.submit.pyFiles", |resources| &mut resources.py_files),
    ("spark.yarn.dist.pyFiles", |resources| &mut resources.py_files),
    ("spark.python.files", |resources| &mut resources.py_files),
];

type List = fn(&mut Resources) -> &mut Vec<String>;

/// Checks a session's settings, files, name and times.
pub(crate) fn check_session(session: &NewSession, settings: &LivySettings) -> LivyResult<()> {
    resources(&session.resources, settings)
        .and_then(|()| name(session.name.as_deref()))
        .and_then(|()| time(session.ttl.as_deref()))
        .and_then(|()| time(session.idle_timeout.as_deref()))
        .map_err(LivyError::rejected)
}

/// Checks a batch's name, settings and files; it must have one to run.
pub(crate) fn check_batch(batch: &NewBatch, settings: &LivySettings) -> LivyResult<()> {
    let file = |()| {
        if batch.file.is_empty() {
            return Err("requirement failed: File is required.".to_owned());
        }
        uri(&batch.file, settings)
    };
    name(batch.name.as_deref())
        .and_then(|()| resources(&batch.resources, settings))
        .and_then(file)
        .map_err(LivyError::rejected)
}

/// What was asked for, with the files that its settings name in its lists. What an answer shows is the request itself.
pub(crate) fn merged(resources: &Resources) -> Resources {
    let mut merged = resources.clone();
    for (key, list) in LISTS {
        if let Some(value) = merged.conf.remove(key) {
            list(&mut merged).extend(split(&value).map(str::to_owned));
        }
    }
    for list in [&mut merged.jars, &mut merged.files, &mut merged.archives, &mut merged.py_files] {
        list.retain(|uri| !uri.is_empty());
    }
    merged
}

fn split(list: &str) -> impl Iterator<Item = &str> {
    list.split([',', ' ']).filter(|uri| !uri.is_empty())
}

fn resources(resources: &Resources, settings: &LivySettings) -> Result<(), String> {
    let refused: Vec<_> = settings.conf_refused.iter().filter(|key| resources.conf.contains_key(*key)).collect();
    if !refused.is_empty() {
        let keys: Vec<_> = refused.into_iter().map(String::as_str).collect();
        return Err(format!("Blacklisted configuration values in session config: {}", keys.join(", ")));
    }
    let merged = merged(resources);
    let lists = [&merged.jars, &merged.files, &merged.archives, &merged.py_files];
    lists.into_iter().flatten().try_for_each(|file| uri(file, settings))
}

/// A name that could be an id is none.
fn name(name: Option<&str>) -> Result<(), String> {
    match name {
        Some(name) if name.chars().all(char::is_numeric) => Err(format!("Invalid session name: {name}")),
        _ => Ok(()),
    }
}

fn time(text: Option<&str>) -> Result<(), String> {
    text.map_or(Ok(()), |text| duration::parse(text).map(|_| ()))
}

/// Checks a file that is added to a session.
pub(crate) fn check_uri(text: &str, settings: &LivySettings) -> LivyResult<()> {
    uri(text, settings).map_err(LivyError::illegal)
}

/// Whether a session may use this file: it is somewhere else, or in a folder that sessions may use.
fn uri(uri: &str, settings: &LivySettings) -> Result<(), String> {
    if let Some(mistake) = no_uri(uri) {
        return Err(format!("java.net.URISyntaxException: {mistake}: {uri}"));
    }
    let path = uri.split_once('#').map_or(uri, |(path, _)| path);
    if scheme(path).is_none() && !path.starts_with('/') {
        return Err(format!("requirement failed: Path '{path}' is not absolute."));
    }
    match local_path(path) {
        Some(local) if !is_in_reach(&local, settings) => {
            Err(format!("requirement failed: Local path {} cannot be added to user sessions.", local.display()))
        }
        _ => Ok(()),
    }
}

fn scheme(uri: &str) -> Option<&str> {
    let (scheme, _) = uri.split_once(':')?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|char| char.is_ascii_alphanumeric() || "+-.".contains(char));
    is_scheme.then_some(scheme)
}

/// What Java's URIs may not have in them, and where it stands.
fn no_uri(uri: &str) -> Option<String> {
    let is_illegal = |char: char| char.is_control() || char.is_whitespace() || "\"<>\\^`{|}".contains(char);
    let is_escape =
        |rest: &str| rest.as_bytes().get(1..3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    let (at, start) = uri
        .char_indices()
        .enumerate()
        .find(|(_, (start, char))| is_illegal(*char) || (*char == '%' && !is_escape(&uri[*start..])))
        .map(|(at, (start, _))| (at, start))?;
    if uri[start..].starts_with('%') {
        return Some(format!("Malformed escape pair at index {at}"));
    }
    let before = &uri[..start];
    let (component, at) = match (before.find("://"), before.contains('#'), before.contains('?')) {
        (_, true, _) => ("fragment", at),
        (_, false, true) => ("query", at),
        (Some(slashes), false, false) if !before[slashes + 3..].contains('/') => ("authority", slashes + 3),
        _ => ("path", at),
    };
    Some(format!("Illegal character in {component} at index {at}"))
}

/// Without folders every file is in reach. What a link on the way points to is for whoever opens the file.
fn is_in_reach(path: &Path, settings: &LivySettings) -> bool {
    let path = plain(path);
    settings.local_folders.is_empty() || settings.local_folders.iter().any(|folder| path.starts_with(plain(folder)))
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(component),
        }
    }
    plain
}
