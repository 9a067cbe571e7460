//! Workers that die at random: every request ends exactly once, and nothing runs again whose answer began.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng as _};
use tokio::task::JoinSet;

use super::agent::{Line, Target, TargetUpstream, agent_settings};
use super::*;
use crate::agent::gateway::{Gateway, Refusal};
use crate::{Agent, AgentSettings};

const REQUESTS: usize = 1_000;
const IN_FLIGHT: usize = 100;
const WORKERS: usize = 4;

/// Which requests are whose, by what was handed out, and of which an answer was taken.
#[derive(Debug)]
struct Witness {
    line: Arc<Line>,
    operations: Mutex<BTreeMap<String, String>>,
    began: Mutex<BTreeSet<String>>,
    again: Mutex<Vec<String>>,
}

#[async_trait]
impl Gateway for Witness {
    async fn pull(&self, worker: &str) -> std::result::Result<Option<Bytes>, Refusal> {
        let pulled = self.line.pull(worker).await?;
        if let Some(bytes) = &pulled {
            let request = Request::decode(bytes.clone()).unwrap();
            if is_of::<pb::ExecutePlanRequest>(&request) {
                let operation = payload::<pb::ExecutePlanRequest>(&request).operation_id.unwrap();
                if self.began.lock().contains(&operation) {
                    self.again.lock().push(operation.clone());
                }
                self.operations.lock().insert(request.request_id, operation);
            }
        }
        Ok(pulled)
    }

    async fn push(&self, response: Bytes) -> std::result::Result<(), Refusal> {
        let push = crate::answer::decode(response.clone()).unwrap();
        let pushed = self.line.push(response).await;
        if pushed.is_ok()
            && let Some(operation) = self.operations.lock().get(&push.request)
        {
            self.began.lock().insert(operation.clone());
        }
        pushed
    }
}

#[tokio::test(start_paused = true)]
async fn every_request_ends_once_while_workers_die() {
    for seed in 0..5 {
        let mut rng = StdRng::seed_from_u64(seed);
        let lease = Duration::from_secs(5);
        let (desk, pool) = open(PoolSettings { lease, max_attempts: 20, ..settings() });
        let target: Arc<Target> = Arc::default();
        let witness = Arc::new(Witness {
            line: Line::to(&desk, 0),
            operations: Mutex::default(),
            began: Mutex::default(),
            again: Mutex::default(),
        });
        let plans: Vec<_> = (0..REQUESTS).map(|number| chaotic(number, &mut rng)).collect();
        let callers = futures::stream::iter(plans)
            .map(|plan| async {
                let wanted: usize = plan.tags[0].strip_prefix("rows=").unwrap().parse().unwrap();
                let (found, failure) = match pool.execute_plan(plan).await {
                    Ok(responses) => drained(responses).await,
                    Err(failure) => (Vec::new(), Some(failure)),
                };
                assert!(found.iter().enumerate().all(|(at, row)| usize::try_from(*row) == Ok(at)), "{found:?}");
                assert!(failure.is_some() || found.len() == wanted);
                failure
            })
            .buffer_unordered(IN_FLIGHT);
        let answers = killing(&witness, &target, rng, callers.collect::<Vec<_>>()).await;

        assert_eq!(answers.len(), REQUESTS);
        let right = answers.iter().filter(|failure| failure.is_none()).count();
        for failure in &answers {
            match failure {
                None => {}
                Some(Failure::Lost(reason)) => assert!(reason.contains("lost"), "{reason}"),
                Some(failure) => assert_eq!(condition(failure), "INVALID_HANDLE.SESSION_CHANGED"),
            }
        }
        assert!(right > REQUESTS / 2 && right < REQUESTS, "{right} of {REQUESTS} were answered");
        assert_eq!(*witness.again.lock(), Vec::<String>::new(), "run again after the answer began");
        let again = target.ran.lock().values().filter(|count| **count > 1).count();
        assert!(again > 0, "nothing was handed out again");
        let snapshot = &desk.snapshot()[0];
        assert_eq!((snapshot.queued, snapshot.leased), (0, 0), "{snapshot:?}");
    }
}

/// A plan of a session of its own: some answer at once, some in parts, some late.
fn chaotic(number: usize, rng: &mut StdRng) -> pb::ExecutePlanRequest {
    let (rows, pause) = (rng.random_range(1..6), rng.random_range(0..400));
    let tags = vec![format!("rows={rows}"), format!("pause={pause}"), "size=100".to_owned()];
    pb::ExecutePlanRequest { tags, ..plan(&format!("s{number}"), &format!("o{number}")) }
}

/// Keeps so many workers alive, each for a random time, until `done` is.
async fn killing<T>(witness: &Arc<Witness>, target: &Arc<Target>, mut rng: StdRng, done: impl Future<Output = T>) -> T {
    let mut workers = JoinSet::new();
    tokio::pin!(done);
    loop {
        while workers.len() < WORKERS {
            let life = Duration::from_millis(rng.random_range(200..4_000));
            let (line, upstream) = (Arc::clone(witness), Arc::new(TargetUpstream(Arc::clone(target))));
            workers.spawn(async move {
                let settings = AgentSettings { slots: 25, ..agent_settings() };
                let run = Agent::run_on(line, settings, upstream, std::future::pending());
                // Dropped like a killed process: without a word.
                drop(tokio::time::timeout(life, run).await);
            });
        }
        tokio::select! {
            answers = &mut done => return answers,
            _ = workers.join_next() => {}
        }
    }
}
