//! Sessions: opened once, closed for good, idle for so long, and no more than so many.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use hearth_base::{Result, SessionId};
use hearth_core::{Limits, Principal, Session};
use hearth_testkit::{Gate, Step, TestHearth};
use tempfile::TempDir;

fn condition<T>(outcome: Result<T>) -> &'static str {
    match outcome {
        Ok(_) => panic!("it worked"),
        Err(error) => error.condition().name,
    }
}

#[tokio::test]
async fn two_first_requests_open_one_session() {
    let folder = TempDir::new().unwrap();
    let hearth = TestHearth::new(folder.path(), Limits::default());
    let id = SessionId::random();
    let open = || hearth.sessions.get_or_open(&hearth.principal, &id, None);
    let (first, second) = tokio::join!(open(), open());
    assert_eq!(first.unwrap().server_side_id, second.unwrap().server_side_id);
    assert_eq!((hearth.engine.open_sessions(), hearth.sessions.count()), (1, 1));
    let other = hearth.sessions.get_or_open(&Principal::named("bob"), &id, None).await.unwrap();
    assert_eq!(other.principal, Principal::named("bob"));
    assert_eq!(hearth.sessions.count(), 2, "the same id of another principal is another session");
    assert_eq!(
        condition(hearth.sessions.get_or_open(&hearth.principal, &SessionId::new("x"), None).await),
        "INVALID_HANDLE.FORMAT"
    );
}

#[tokio::test]
async fn a_client_that_saw_another_incarnation_is_told() {
    let folder = TempDir::new().unwrap();
    let hearth = TestHearth::new(folder.path(), Limits::default());
    let id = SessionId::random();
    let get = |observed: &'static str| hearth.sessions.get_or_open(&hearth.principal, &id, Some(observed));
    assert_eq!(condition(get("an earlier server's").await), "INVALID_HANDLE.SESSION_CHANGED");
    let session = get("").await.unwrap();
    assert_eq!(condition(get("an earlier server's").await), "INVALID_HANDLE.SESSION_CHANGED");
    let seen = session.server_side_id.clone();
    assert!(hearth.sessions.get(&hearth.principal, &id, Some(&seen)).is_ok());
    let nobody = SessionId::random();
    assert_eq!(condition(hearth.sessions.get(&hearth.principal, &nobody, None)), "INVALID_HANDLE.SESSION_NOT_FOUND");
}

#[tokio::test]
async fn a_closed_session_is_refused_unless_its_client_comes_back() {
    let folder = TempDir::new().unwrap();
    let hearth = TestHearth::new(folder.path(), Limits::default());
    let session = hearth.session().await.unwrap();
    let id = session.key.session.clone();
    assert!(!session.folder.exists(), "it is made when there is something to keep");
    std::fs::create_dir_all(session.folder.join("kept")).unwrap();
    hearth.sessions.close(&hearth.principal, &id, true).await.unwrap();
    assert!(!session.folder.exists());
    let again = hearth.sessions.get_or_open(&hearth.principal, &id, None).await.unwrap();
    assert_ne!(again.server_side_id, session.server_side_id);
    hearth.sessions.close(&hearth.principal, &id, false).await.unwrap();
    assert_eq!(
        condition(hearth.sessions.get_or_open(&hearth.principal, &id, None).await),
        "INVALID_HANDLE.SESSION_CLOSED"
    );
    assert_eq!(hearth.engine.open_sessions(), 0);
    assert!(hearth.sessions.close(&hearth.principal, &SessionId::random(), false).await.is_none());
}

#[tokio::test]
async fn closed_sessions_are_remembered_up_to_a_bound() {
    let folder = TempDir::new().unwrap();
    let hearth = TestHearth::new(folder.path(), Limits { max_tombstones: 3, ..Limits::default() });
    let mut ids = Vec::new();
    for _ in 0..5 {
        let id = hearth.session().await.unwrap().key.session.clone();
        hearth.sessions.close(&hearth.principal, &id, false).await.unwrap();
        ids.push(id);
    }
    let is_refused: Vec<bool> = ids
        .iter()
        .map(|id| condition(hearth.sessions.get(&hearth.principal, id, None)) == "INVALID_HANDLE.SESSION_CLOSED")
        .collect();
    assert_eq!(is_refused, [false, false, true, true, true]);
}

#[tokio::test]
async fn an_idle_session_is_closed_and_one_in_use_is_not() {
    let folder = TempDir::new().unwrap();
    let hearth = TestHearth::new(folder.path(), Limits::default());
    let gate = Gate::default();
    hearth.engine.script("waits", vec![Step::Wait(gate.clone())]);
    let (idle, in_use, working) =
        (hearth.session().await.unwrap(), hearth.session().await.unwrap(), hearth.session().await.unwrap());
    let usage = in_use.begin_use(&hearth.clock);
    hearth.submit(&working, "waits").await.unwrap();
    gate.arrived(1).await;
    hearth.clock.advance(Duration::from_secs(3599));
    assert_eq!(hearth.sessions.expire_idle().await, 0);
    hearth.clock.advance(Duration::from_secs(1));
    assert_eq!(hearth.sessions.expire_idle().await, 1);
    let get = |session: &Session| hearth.sessions.get(&hearth.principal, &session.key.session, None);
    assert_eq!(condition(get(&idle)), "INVALID_HANDLE.SESSION_CLOSED");
    assert!(get(&in_use).is_ok() && get(&working).is_ok());
    drop(usage);
    hearth.clock.advance(Duration::from_secs(3600));
    assert_eq!(hearth.sessions.expire_idle().await, 1);
    assert!(get(&working).is_ok());
}

#[tokio::test]
async fn closing_a_session_stops_its_work() {
    let folder = TempDir::new().unwrap();
    let hearth = TestHearth::new(folder.path(), Limits::default());
    let gate = Gate::default();
    hearth.engine.script("waits", vec![Step::Wait(gate.clone())]);
    let session = hearth.session().await.unwrap();
    let operation = hearth.submit(&session, "waits").await.unwrap();
    gate.arrived(1).await;
    hearth.sessions.close(&hearth.principal, &session.key.session, false).await.unwrap();
    let error = hearth_testkit::hearth::read_from(&operation, 0).await.1.unwrap();
    assert_eq!(error.error().condition().name, "OPERATION_CANCELED");
}

#[tokio::test]
async fn there_are_only_so_many_sessions() {
    let folder = TempDir::new().unwrap();
    let hearth = TestHearth::new(folder.path(), Limits { max_sessions: 2, ..Limits::default() });
    let first = hearth.session().await.unwrap();
    hearth.session().await.unwrap();
    let error = hearth.session().await.unwrap_err();
    assert!(error.text().contains("session.max"));
    assert_eq!(condition(hearth.sessions.clone_session(&first, None).await), "HEARTH_LIMIT");
    hearth.sessions.close(&hearth.principal, &first.key.session, false).await.unwrap();
    hearth.session().await.unwrap();
}

#[tokio::test]
async fn a_clone_is_a_session_of_its_own() {
    let folder = TempDir::new().unwrap();
    let hearth = TestHearth::new(folder.path(), Limits::default());
    let source = hearth.session().await.unwrap();
    let clone = hearth.sessions.clone_session(&source, None).await.unwrap();
    assert_ne!((&clone.key, &clone.folder), (&source.key, &source.folder));
    let taken = Some(clone.key.session.clone());
    assert_eq!(
        condition(hearth.sessions.clone_session(&source, taken).await),
        "INVALID_CLONE_SESSION_REQUEST.TARGET_SESSION_ID_ALREADY_EXISTS"
    );
    std::fs::create_dir_all(&clone.folder).unwrap();
    hearth.sessions.close(&hearth.principal, &source.key.session, false).await.unwrap();
    assert!(clone.folder.is_dir());
    let closed = Some(source.key.session.clone());
    assert_eq!(
        condition(hearth.sessions.clone_session(&clone, closed).await),
        "INVALID_CLONE_SESSION_REQUEST.TARGET_SESSION_ID_ALREADY_CLOSED"
    );
}
