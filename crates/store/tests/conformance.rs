//! The real stores pass the suites of core's traits, and survive what happens to files.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use hearth_base::OperationId;
use hearth_core::{MetadataStore, ResultStore};
use hearth_store::{FileResultSettings, FileResultStore, SqliteSettings, SqliteStore};
use hearth_testkit::conformance;
use tempfile::TempDir;
use tokio::runtime::Handle;

async fn sqlite(folder: &Path) -> Arc<SqliteStore> {
    let settings = SqliteSettings { path: folder.join("hearth.db"), fsync: false };
    SqliteStore::open(settings, Handle::current()).await.unwrap()
}

fn results(folder: &Path, fsync: bool) -> Arc<FileResultStore> {
    FileResultStore::open(FileResultSettings { folder: folder.join("results"), fsync }).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_conforms() {
    let folder = TempDir::new().unwrap();
    conformance::metadata_store(sqlite(folder.path()).await).await;
}

#[tokio::test]
async fn result_files_conform() {
    for fsync in [false, true] {
        let folder = TempDir::new().unwrap();
        conformance::result_store(results(folder.path(), fsync).as_ref()).await;
    }
}

#[tokio::test]
async fn the_fakes_conform() {
    conformance::metadata_store(Arc::new(hearth_testkit::MemoryMetadataStore::default())).await;
    conformance::result_store(&hearth_testkit::MemoryResultStore::default()).await;
}

#[tokio::test]
async fn metadata_is_there_after_a_restart_and_a_closed_store_refuses() {
    let folder = TempDir::new().unwrap();
    let first = sqlite(folder.path()).await;
    let token = hearth_core::store::TokenRecord {
        id: "t".to_owned(),
        principal: hearth_base::PrincipalId::new("ada"),
        hash: [3; 32],
        comment: String::new(),
        created_at: 1,
        expires_at: None,
    };
    first.put_token(token.clone()).await.unwrap();
    first.close().await;
    assert!(first.put_token(token.clone()).await.is_err());
    let second = sqlite(folder.path()).await;
    assert_eq!(second.tokens().await.unwrap(), [token]);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_an_error() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("hearth.db"), vec![b'x'; 10_000]).unwrap();
    let settings = SqliteSettings { path: folder.path().join("hearth.db"), fsync: false };
    let error = SqliteStore::open(settings, Handle::current()).await.unwrap_err();
    assert!(error.text().contains("hearth.db"), "{error}");
}

/// A sealed result and the path of its file.
async fn sealed(folder: &Path) -> (Arc<FileResultStore>, OperationId, PathBuf) {
    let store = results(folder, false);
    let id = OperationId::random();
    let file = store.create(&id).await.unwrap();
    file.append(Bytes::from_static(b"frame")).await.unwrap();
    file.seal(Bytes::from_static(b"index")).await.unwrap();
    let path = folder.join("results").join(&id.as_str()[..2]).join(id.as_str());
    (store, id, path)
}

#[tokio::test]
async fn a_damaged_file_is_an_error_wherever_it_is_damaged() {
    let folder = TempDir::new().unwrap();
    let (store, id, path) = sealed(folder.path()).await;
    let whole = std::fs::read(&path).unwrap();
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(store.open(&id).await.is_err(), "cut at {length}");
    }
    let frames = 8..13;
    for place in (0..whole.len()).filter(|place| !frames.contains(place)) {
        let mut broken = whole.clone();
        broken[place] ^= 0xff;
        std::fs::write(&path, &broken).unwrap();
        assert!(store.open(&id).await.is_err(), "changed at {place}");
    }
    std::fs::write(&path, &whole).unwrap();
    assert_eq!(store.open(&id).await.unwrap().unwrap().1, "index");
}

#[tokio::test]
async fn a_small_result_is_one_file_that_others_cannot_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let (_, _, path) = sealed(folder.path()).await;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}
