//! What every `ResultStore` does.

use bytes::Bytes;
use hearth_base::OperationId;
use hearth_core::ResultStore;

/// Runs the whole suite on an empty store.
pub async fn result_store(store: &dyn ResultStore) {
    frames_read_back_before_and_after_the_seal(store).await;
    a_large_result_reads_back(store).await;
    an_unsealed_result_is_no_result(store).await;
    a_removed_result_is_gone(store).await;
    a_seal_is_final(store).await;
    only_uuids_are_taken(store).await;
}

async fn frames_read_back_before_and_after_the_seal(store: &dyn ResultStore) {
    let id = OperationId::random();
    assert!(store.open(&id).await.unwrap().is_none());
    let file = store.create(&id).await.unwrap();
    let first = file.append(Bytes::from_static(b"one")).await.unwrap();
    let second = file.append(Bytes::from_static(b"two two")).await.unwrap();
    assert_eq!(file.read(second, 7).await.unwrap(), "two two");
    file.seal(Bytes::from_static(b"the index")).await.unwrap();
    assert_eq!(file.read(first, 3).await.unwrap(), "one");
    let (again, index) = store.open(&id).await.unwrap().unwrap();
    assert_eq!(index, "the index");
    assert_eq!(again.read(first, 3).await.unwrap(), "one");
    assert_eq!(again.read(second, 7).await.unwrap(), "two two");
    assert_eq!(again.read(second, 0).await.unwrap(), "");
}

async fn a_large_result_reads_back(store: &dyn ResultStore) {
    let id = OperationId::random();
    let file = store.create(&id).await.unwrap();
    let mut places = Vec::new();
    for (number, length) in (0u8..).zip([10, 300_000, 5, 200_000, 200_000, 1_000_000, 1]) {
        let frame = Bytes::from(vec![number; length]);
        places.push((file.append(frame.clone()).await.unwrap(), frame));
        for (place, frame) in &places {
            assert_eq!(file.read(*place, frame.len()).await.unwrap(), frame);
        }
    }
    assert!(store.open(&id).await.unwrap().is_none(), "a result that is being written is not there yet");
    file.seal(Bytes::from(vec![7; 100_000])).await.unwrap();
    let (again, index) = store.open(&id).await.unwrap().unwrap();
    assert_eq!(index, vec![7; 100_000]);
    for (place, frame) in &places {
        assert_eq!(again.read(*place, frame.len()).await.unwrap(), frame);
        assert_eq!(file.read(*place, frame.len()).await.unwrap(), frame);
    }
    assert!(again.read(1 << 40, 10).await.is_err());
    assert!(again.read(u64::MAX, usize::MAX).await.is_err());
}

async fn an_unsealed_result_is_no_result(store: &dyn ResultStore) {
    let (sealed, unsealed) = (OperationId::random(), OperationId::random());
    store.create(&sealed).await.unwrap().seal(Bytes::new()).await.unwrap();
    let file = store.create(&unsealed).await.unwrap();
    file.append(Bytes::from(vec![1; 1_000_000])).await.unwrap();
    assert!(store.open(&unsealed).await.unwrap().is_none());
    drop(file);
    assert_eq!(store.remove_unsealed().await.unwrap(), 1);
    assert_eq!(store.remove_unsealed().await.unwrap(), 0);
    assert!(store.open(&unsealed).await.unwrap().is_none());
    assert!(store.open(&sealed).await.unwrap().is_some());
}

async fn a_removed_result_is_gone(store: &dyn ResultStore) {
    let id = OperationId::random();
    store.remove(&id).await.unwrap();
    let file = store.create(&id).await.unwrap();
    file.append(Bytes::from_static(b"old")).await.unwrap();
    file.seal(Bytes::from_static(b"old")).await.unwrap();
    store.remove(&id).await.unwrap();
    assert!(store.open(&id).await.unwrap().is_none());
    let file = store.create(&id).await.unwrap();
    file.seal(Bytes::from_static(b"new")).await.unwrap();
    assert_eq!(store.open(&id).await.unwrap().unwrap().1, "new");
    store.remove(&id).await.unwrap();
}

async fn a_seal_is_final(store: &dyn ResultStore) {
    let id = OperationId::random();
    let file = store.create(&id).await.unwrap();
    file.seal(Bytes::from_static(b"index")).await.unwrap();
    assert!(file.append(Bytes::from_static(b"late")).await.is_err());
    assert!(file.seal(Bytes::from_static(b"other")).await.is_err());
    assert_eq!(store.open(&id).await.unwrap().unwrap().1, "index");
}

async fn only_uuids_are_taken(store: &dyn ResultStore) {
    for id in ["", "..", "../../etc/passwd", "x", "00112233-4455-6677-8899-aabbccddee/f"] {
        assert!(store.create(&OperationId::new(id)).await.is_err(), "{id}");
    }
}
