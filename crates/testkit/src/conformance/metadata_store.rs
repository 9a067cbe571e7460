//! What every `MetadataStore` does.

use std::sync::Arc;

use hearth_base::{OperationId, PrincipalId, SessionId};
use hearth_core::history::HistoryFilter;
use hearth_core::store::{Document, FailureRecord, OperationRecord, Origin, TokenRecord};
use hearth_core::{MetadataStore, OperationState};

/// Runs the whole suite on an empty store.
pub async fn metadata_store(store: Arc<dyn MetadataStore>) {
    a_record_reads_back_as_it_was_put(store.as_ref()).await;
    an_id_belongs_to_its_session(store.as_ref()).await;
    history_filters_and_pages(store.as_ref()).await;
    many_writers_at_once_lose_nothing(&store).await;
    finished_operations_expire_and_are_pruned(store.as_ref()).await;
    unfinished_operations_fail(store.as_ref()).await;
    a_result_goes_with_its_release(store.as_ref()).await;
    documents_are_kept_by_kind(store.as_ref()).await;
    tokens_are_found_by_hash(store.as_ref()).await;
}

fn record(session: &str, submitted_at: i64) -> OperationRecord {
    OperationRecord {
        id: OperationId::random(),
        principal: PrincipalId::new("ada"),
        session: SessionId::new(session),
        server_session: "incarnation".to_owned(),
        state: OperationState::Queued,
        reattachable: true,
        tags: vec!["a tag".to_owned(), "\"quoted\", ünicode".to_owned()],
        description: "select '\u{1f525}'".to_owned(),
        submitted_at,
        started_at: None,
        finished_at: None,
        rows: 0,
        bytes: 0,
        failure: None,
        origin: Origin {
            door: "connect".to_owned(),
            client: "a client".to_owned(),
            warehouse: Some("w".to_owned()),
            request: "{}".to_owned(),
        },
        result: None,
    }
}

async fn a_record_reads_back_as_it_was_put(store: &dyn MetadataStore) {
    let mut record = record("s", 5);
    assert_eq!(store.operation(&record.id).await.unwrap(), None);
    store.put_operation(record.clone()).await.unwrap();
    assert_eq!(store.operation(&record.id).await.unwrap().unwrap(), record);
    record.state = OperationState::Failed;
    record.started_at = Some(6);
    record.finished_at = Some(i64::MAX);
    (record.rows, record.bytes) = (17, 1 << 40);
    record.failure = Some(FailureRecord {
        condition: "DIVIDE_BY_ZERO".to_owned(),
        sqlstate: "22012".to_owned(),
        message: "a \"message\"\nof two lines".to_owned(),
        parameters: vec![("config".to_owned(), "x".to_owned()), ("empty".to_owned(), String::new())],
        trailer: Some(" (line 1, pos 0)".to_owned()),
    });
    store.put_operation(record.clone()).await.unwrap();
    assert_eq!(store.operation(&record.id).await.unwrap().unwrap(), record);
}

async fn an_id_belongs_to_its_session(store: &dyn MetadataStore) {
    let mine = record("s", 5);
    store.put_operation(mine.clone()).await.unwrap();
    let others = [
        OperationRecord { principal: PrincipalId::new("mallory"), ..mine.clone() },
        OperationRecord { session: SessionId::new("other"), ..mine.clone() },
        OperationRecord { server_session: "another incarnation".to_owned(), ..mine.clone() },
    ];
    for other in others {
        let error = store.put_operation(OperationRecord { rows: 99, ..other }).await.unwrap_err();
        assert_eq!(error.condition().name, "INVALID_HANDLE.OPERATION_ALREADY_EXISTS");
    }
    assert_eq!(store.operation(&mine.id).await.unwrap().unwrap(), mine);
}

async fn history_filters_and_pages(store: &dyn MetadataStore) {
    let session = Some(SessionId::new("history"));
    let mut ids = Vec::new();
    // Pairs share a time, so that pages end between operations of one time.
    for number in 0..25 {
        let mut record = record("history", 100 + number / 2);
        if number % 5 == 0 {
            record.state = OperationState::Cancelled;
            record.finished_at = Some(i64::MAX);
        }
        store.put_operation(record.clone()).await.unwrap();
        ids.push((record.submitted_at, record.id));
    }
    ids.sort_by(|left, right| right.cmp(left));
    let mut found = Vec::new();
    let mut filter = HistoryFilter { session: session.clone(), limit: 7, ..HistoryFilter::default() };
    loop {
        let page = store.history(&filter).await.unwrap();
        assert!(page.operations.len() <= 7);
        found.extend(page.operations.into_iter().map(|record| (record.submitted_at, record.id)));
        filter.after = page.next;
        if filter.after.is_none() {
            break;
        }
    }
    assert_eq!(found, ids);
    let count = async |filter: HistoryFilter| store.history(&filter).await.unwrap().operations.len();
    let all = HistoryFilter { session, ..HistoryFilter::default() };
    assert_eq!(count(all.clone()).await, 25);
    let states = vec![OperationState::Cancelled, OperationState::Expired];
    assert_eq!(count(HistoryFilter { states, ..all.clone() }).await, 5);
    let (submitted_from, submitted_until) = (Some(102), Some(104));
    assert_eq!(count(HistoryFilter { submitted_from, submitted_until, ..all.clone() }).await, 4);
    assert_eq!(count(HistoryFilter { principals: vec![PrincipalId::new("nobody")], ..all.clone() }).await, 0);
    assert!(store.history(&HistoryFilter { after: Some("nonsense".to_owned()), ..all }).await.is_err());
}

async fn many_writers_at_once_lose_nothing(store: &Arc<dyn MetadataStore>) {
    let records: Vec<_> = (0..200).map(|number| record("many", number)).collect();
    let write = |record: OperationRecord| {
        let store = Arc::clone(store);
        async move {
            for (state, rows) in
                [(OperationState::Queued, 0), (OperationState::Running, 1), (OperationState::Failed, 2)]
            {
                let finished_at = state.is_finished().then_some(i64::MAX);
                let record = OperationRecord { state, rows, finished_at, ..record.clone() };
                store.put_operation(record).await.unwrap();
            }
        }
    };
    futures::future::join_all(records.iter().cloned().map(write)).await;
    for record in &records {
        let stored = store.operation(&record.id).await.unwrap().unwrap();
        assert_eq!((stored.state, stored.rows), (OperationState::Failed, 2));
    }
}

async fn finished_operations_expire_and_are_pruned(store: &dyn MetadataStore) {
    let finish = |state, finished_at| OperationRecord { state, finished_at, ..record("expiry", 10) };
    let old = finish(OperationState::Succeeded, Some(1_000));
    let young = finish(OperationState::Succeeded, Some(2_000));
    let running = finish(OperationState::Running, None);
    for record in [&old, &young, &running] {
        store.put_operation(record.clone()).await.unwrap();
    }
    assert_eq!(store.expire_operations(2_000).await.unwrap(), std::slice::from_ref(&old.id));
    assert_eq!(store.expire_operations(2_000).await.unwrap(), []);
    assert_eq!(store.operation(&old.id).await.unwrap().unwrap().state, OperationState::Expired);
    assert_eq!(store.prune_history(10).await.unwrap(), 0);
    assert_eq!(store.prune_history(11).await.unwrap(), 1);
    assert_eq!(store.operation(&old.id).await.unwrap(), None);
    assert!(store.operation(&young.id).await.unwrap().is_some());
    assert!(store.operation(&running.id).await.unwrap().is_some());
}

async fn a_result_goes_with_its_release(store: &dyn MetadataStore) {
    let result = Some(bytes::Bytes::from_static(b"rows"));
    let done = OperationRecord { state: OperationState::Succeeded, finished_at: Some(2), result, ..record("small", 1) };
    let running = OperationRecord { state: OperationState::Running, ..record("small", 1) };
    for record in [&done, &running] {
        store.put_operation(record.clone()).await.unwrap();
    }
    assert_eq!(store.operation(&done.id).await.unwrap().unwrap(), done);
    let listed =
        store.history(&HistoryFilter { ids: vec![done.id.clone()], ..HistoryFilter::default() }).await.unwrap();
    assert_eq!(listed.operations, [OperationRecord { result: None, ..done.clone() }]);
    let wanted =
        HistoryFilter { warehouses: vec!["w".to_owned()], ids: vec![done.id.clone()], ..HistoryFilter::default() };
    assert_eq!(store.history(&wanted).await.unwrap().operations.len(), 1);
    let other = HistoryFilter { warehouses: vec!["other".to_owned()], ..wanted };
    assert_eq!(store.history(&other).await.unwrap().operations.len(), 0);
    let released = store.release_operations(vec![done.id.clone(), running.id.clone(), OperationId::random()]).await;
    assert_eq!(released.unwrap(), 1, "what runs is not released");
    let after = store.operation(&done.id).await.unwrap().unwrap();
    assert_eq!((after.state, after.result), (OperationState::Expired, None));
}

async fn documents_are_kept_by_kind(store: &dyn MetadataStore) {
    let document =
        |kind: &str, id: &str, body: &str| Document { kind: kind.to_owned(), id: id.to_owned(), body: body.to_owned() };
    for (kind, id, body) in [("a", "2", "two"), ("a", "1", "one"), ("b", "1", "other"), ("a", "1", "one again")] {
        store.put_document(document(kind, id, body)).await.unwrap();
    }
    let kept = store.documents("a").await.unwrap();
    assert_eq!(kept, [document("a", "1", "one again"), document("a", "2", "two")]);
    assert!(store.delete_document("a", "1").await.unwrap());
    assert!(!store.delete_document("a", "1").await.unwrap());
    assert_eq!((store.documents("a").await.unwrap().len(), store.documents("b").await.unwrap().len()), (1, 1));
    store.put_document(document("a", "3", "three")).await.unwrap();
    assert_eq!(store.delete_documents("a").await.unwrap(), 2);
    assert_eq!((store.documents("a").await.unwrap().len(), store.documents("b").await.unwrap().len()), (0, 1));
}

async fn unfinished_operations_fail(store: &dyn MetadataStore) {
    let queued = record("restart", 1);
    let running = OperationRecord { state: OperationState::Running, ..record("restart", 2) };
    let done = OperationRecord { state: OperationState::Succeeded, finished_at: Some(3), ..record("restart", 3) };
    for record in [&queued, &running, &done] {
        store.put_operation(record.clone()).await.unwrap();
    }
    assert!(store.fail_unfinished(77).await.unwrap() >= 2);
    assert_eq!(store.fail_unfinished(78).await.unwrap(), 0);
    for id in [&queued.id, &running.id] {
        let record = store.operation(id).await.unwrap().unwrap();
        assert_eq!((record.state, record.finished_at), (OperationState::Failed, Some(77)));
        assert_eq!(record.failure.unwrap().condition, "HEARTH_SERVER_STOPPED");
    }
    assert_eq!(store.operation(&done.id).await.unwrap().unwrap(), done);
}

async fn tokens_are_found_by_hash(store: &dyn MetadataStore) {
    let token = |id: &str, byte, expires_at| TokenRecord {
        id: id.to_owned(),
        principal: PrincipalId::new("ada"),
        hash: [byte; 32],
        comment: "my laptop".to_owned(),
        created_at: i64::from(byte),
        expires_at,
    };
    let (first, second) = (token("t1", 1, Some(99)), token("t0", 2, None));
    store.put_token(first.clone()).await.unwrap();
    store.put_token(second.clone()).await.unwrap();
    assert_eq!(store.token_by_hash(&[1; 32]).await.unwrap(), Some(first.clone()));
    assert_eq!(store.token_by_hash(&[9; 32]).await.unwrap(), None);
    assert_eq!(store.tokens().await.unwrap(), [first, second.clone()]);
    assert!(store.delete_token("t1").await.unwrap());
    assert!(!store.delete_token("t1").await.unwrap());
    assert_eq!(store.token_by_hash(&[1; 32]).await.unwrap(), None);
    assert_eq!(store.tokens().await.unwrap(), [second]);
}
