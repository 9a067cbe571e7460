//! Files that come as parts of a form, written to a folder as they come.
//!
//! A file has its name only when it is there whole: what breaks off leaves nothing behind.

use std::path::{Path, PathBuf};

use axum::RequestExt;
use axum::extract::multipart::Field;
use axum::extract::{DefaultBodyLimit, Multipart, Request};
use hearth_base::Error;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use crate::error::{LivyError, LivyResult};
use crate::settings::LivySettings;

/// Bytes of a file's name.
const MAX_NAME: usize = 255;
/// What python-requests writes before names that are not ASCII.
const ENCODED: &str = "utf-8''";

/// A file that came whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Uploaded {
    pub path: PathBuf,
    /// A plain file name.
    pub name: String,
}

/// Takes the file of a form's part `part` into `folder`, which is made if need be. One of the same name is replaced.
pub(crate) async fn receive(
    mut request: Request,
    part: &str,
    folder: &Path,
    settings: &LivySettings,
) -> LivyResult<Uploaded> {
    DefaultBodyLimit::disable().apply(&mut request);
    let Ok(mut form) = request.extract::<Multipart, _>().await else { return Err(LivyError::no_upload(part)) };
    while let Some(field) = form.next_field().await.map_err(broken)? {
        let Some(name) = field.file_name().filter(|_| field.name() == Some(part)) else { continue };
        let name = plain_name(name)?;
        return keep(field, name, folder, settings.max_upload.bytes()).await;
    }
    Err(LivyError::no_upload(part))
}

async fn keep(field: Field<'_>, name: String, folder: &Path, limit: u64) -> LivyResult<Uploaded> {
    fs::create_dir_all(folder).await.map_err(Error::internal)?;
    let draft = folder.join(format!(".{}.part", Uuid::new_v4()));
    let path = folder.join(&name);
    let written = match write(field, &draft, limit).await {
        Ok(()) => fs::rename(&draft, &path).await.map_err(|error| Error::internal(error).into()),
        Err(error) => Err(error),
    };
    if let Err(error) = written {
        // The draft may not even be there.
        let _ = fs::remove_file(&draft).await;
        return Err(error);
    }
    Ok(Uploaded { path, name })
}

async fn write(mut field: Field<'_>, path: &Path, limit: u64) -> LivyResult<()> {
    let mut file = File::create(path).await.map_err(Error::internal)?;
    let mut written = 0;
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        written += chunk.len() as u64;
        if written > limit {
            return Err(LivyError::too_large());
        }
        file.write_all(&chunk).await.map_err(Error::internal)?;
    }
    file.flush().await.map_err(Error::internal)?;
    Ok(())
}

/// A form that does not read.
fn broken(error: axum::extract::multipart::MultipartError) -> LivyError {
    LivyError::unreadable(format!("java.io.IOException: {}", error.body_text()))
}

/// The name of a file, which names no folder.
fn plain_name(name: &str) -> LivyResult<String> {
    let name = match name.strip_prefix(ENCODED) {
        Some(encoded) => decoded(encoded),
        None => name.to_owned(),
    };
    let is_plain = !name.is_empty()
        && name.len() <= MAX_NAME
        && name != "."
        && name != ".."
        && !name.contains(|char: char| char == '/' || char == '\\' || char.is_control());
    if is_plain { Ok(name) } else { Err(LivyError::requirement(format!("'{name}' is no name of a file."))) }
}

/// `%C3%A9` and the like, as Java's `URLDecoder` reads them.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code.filter(|_| first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(if first == b'+' { b' ' } else { first });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use axum::body::Body;
    use hearth_base::ByteSize;
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;

    fn form(parts: &[(&str, Option<&str>, &[u8])]) -> Request {
        let mut body = Vec::new();
        for (name, file, content) in parts {
            let file = file.map_or_else(String::new, |file| format!("; filename=\"{file}\""));
            body.extend(format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").into_bytes());
            body.extend_from_slice(content);
            body.extend(b"\r\n");
        }
        body.extend(b"--xyz--\r\n");
        request("multipart/form-data; boundary=xyz", body)
    }

    fn request(kind: &str, body: impl Into<Body>) -> Request {
        Request::builder().method("POST").header("content-type", kind).body(body.into()).unwrap()
    }

    fn files(folder: &Path) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_file_is_kept_under_its_name() {
        let folder = TempDir::new().unwrap();
        let below = folder.path().join("uploads");
        let settings = LivySettings::default();
        let large = vec![7; 3 * 1024 * 1024];
        let request = form(&[("other", None, b"x"), ("other", Some("y"), b"y"), ("jar", Some("a b.jar"), &large)]);
        let uploaded = receive(request, "jar", &below, &settings).await.unwrap();
        assert_eq!(uploaded, Uploaded { path: below.join("a b.jar"), name: "a b.jar".to_owned() });
        assert_eq!(std::fs::read(&uploaded.path).unwrap(), large);
        receive(form(&[("jar", Some("a b.jar"), b"2")]), "jar", &below, &settings).await.unwrap();
        assert_eq!(
            (files(&below), std::fs::read(&uploaded.path).unwrap()),
            (vec!["a b.jar".to_owned()], b"2".to_vec())
        );
    }

    #[tokio::test]
    async fn a_form_without_the_file_is_told_so() {
        let folder = TempDir::new().unwrap();
        let settings = LivySettings::default();
        for (part, request) in [
            ("jar", form(&[("file", Some("a"), b"x")])),
            ("jar", form(&[("jar", None, b"x")])),
            ("file", form(&[])),
            ("file", request("application/json", "{}")),
            ("file", request("multipart/form-data", "x")),
        ] {
            let error = receive(request, part, folder.path(), &settings).await.unwrap_err();
            assert_eq!(error, LivyError::no_upload(part));
        }
        let broken = request("multipart/form-data; boundary=xyz", "--xyz\r\nContent-Disp");
        let error = receive(broken, "file", folder.path(), &settings).await.unwrap_err();
        assert_eq!(error.status.as_u16(), 400);
    }

    #[tokio::test]
    async fn what_is_too_large_leaves_nothing() {
        let folder = TempDir::new().unwrap();
        let settings = LivySettings { max_upload: ByteSize::mib(1), ..LivySettings::default() };
        let fits = vec![0; 1024 * 1024];
        assert!(receive(form(&[("file", Some("a"), &fits)]), "file", folder.path(), &settings).await.is_ok());
        let request = form(&[("file", Some("b"), &vec![0; 1024 * 1024 + 1])]);
        let error = receive(request, "file", folder.path(), &settings).await.unwrap_err();
        assert_eq!(error, LivyError::too_large());
        assert_eq!(files(folder.path()), ["a"]);
    }

    #[test]
    fn names_are_plain() {
        assert_eq!(plain_name("a.jar").as_deref(), Ok("a.jar"));
        assert_eq!(plain_name("utf-8''caf%C3%A9+1.py").as_deref(), Ok("café 1.py"));
        for name in ["", ".", "..", "../a", "/etc/passwd", "a\\b", "a\nb", "utf-8''..%2Fa", &"x".repeat(256)] {
            assert!(plain_name(name).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_name_stays_in_its_folder(name in "(utf-8'')?[%./\\\\a2fF\\PC]{0,20}") {
            if let Ok(name) = plain_name(&name) {
                let path = Path::new("/folder").join(&name);
                prop_assert_eq!(path.parent(), Some(Path::new("/folder")));
            }
        }
    }
}
