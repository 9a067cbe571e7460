//! Pushes that make no sense never take the desk down, and never hurt the requests of others.

use hearth_base::ErrorKind;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng as _};

use super::*;

const ROUNDS: usize = 10_000;
/// Behind the request's id, which is a UUID.
const BEHIND_ID: usize = 38;

/// Changes bytes from `from` on.
fn mutated(rng: &mut impl Rng, wire: &[u8], from: usize) -> Vec<u8> {
    let mut bytes = wire.to_vec();
    for _ in 0..rng.random_range(1..3) {
        let place = rng.random_range(from..=bytes.len());
        match rng.random_range(0..5) {
            0 if place < bytes.len() => bytes[place] ^= 1 << rng.random_range(0..8),
            1 if place < bytes.len() => drop(bytes.remove(place)),
            2 => bytes.insert(place, rng.random()),
            3 => bytes.truncate(place),
            _ => {
                let mut noise = vec![0; rng.random_range(0..20)];
                rng.fill_bytes(&mut noise);
                bytes.splice(place..place, noise);
            }
        }
    }
    bytes
}

#[tokio::test(start_paused = true)]
async fn mutated_pushes_are_refused_or_taken_and_nothing_else() {
    let (desk, pool) = open(PoolSettings { max_bound_sessions: ROUNDS + 1, ..settings() });
    let hand = Hand::of(&desk, "w");
    let mut rng = StdRng::seed_from_u64(5);
    let (mut refused, mut taken) = (0, 0);
    for round in 0..ROUNDS {
        let responses = pool.execute_plan(plan(&format!("s{round}"), "o")).await.unwrap();
        let request = hand.pull().await.unwrap();
        let status = Some(crate::status::plain(3, "wrong"));
        let wire = match round % 4 {
            0 => encode_part(
                &request.request_id,
                &Part { sequence: 0, responses: vec![batch(3, 9)], last: true, status },
            ),
            1 => {
                encode_part(&request.request_id, &Part { sequence: 0, responses: vec![batch(3, 9)], ..Part::default() })
            }
            2 => encode_whole(&request.request_id, Ok(Whole::ExecutePlan(Box::new(batch(2, 30))))),
            _ => encode_whole(&request.request_id, Err(crate::status::plain(3, "wrong"))),
        };
        let from = if rng.random_ratio(1, 4) { 0 } else { BEHIND_ID };
        match hand.push(mutated(&mut rng, &wire, from)).await {
            Ok(()) => taken += 1,
            Err(error) => {
                let kind = error.kind();
                assert!(
                    matches!(kind, ErrorKind::InvalidRequest | ErrorKind::NotFound | ErrorKind::Conflict),
                    "{error}"
                );
                refused += 1;
            }
        }
        drop(responses);
        // What was running is told to stop.
        while let Some(stop) = hand.pull_for(Duration::ZERO).await.unwrap() {
            assert!(is_of::<pb::InterruptRequest>(&stop));
            hand.answer(&stop, Whole::Interrupt(pb::InterruptResponse::default())).await.unwrap();
        }
    }
    assert!(refused > ROUNDS / 4 && taken > ROUNDS / 50, "{refused} {taken}");
    let snapshot = &desk.snapshot()[0];
    assert_eq!((snapshot.queued, snapshot.leased), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn names_of_workers_may_be_anything() {
    let (desk, _pool) = open(settings());
    let mut rng = StdRng::seed_from_u64(5);
    for _ in 0..1_000 {
        let name: String = (0..rng.random_range(0..300)).map(|_| rng.random_range('\u{1}'..'\u{2ff}')).collect();
        let hand = Hand { worker: name, ..Hand::of(&desk, "") };
        if let Err(error) = hand.pull_for(Duration::ZERO).await {
            assert!(matches!(error.kind(), ErrorKind::InvalidRequest | ErrorKind::NotFound | ErrorKind::Exhausted));
        }
    }
}
