//! Whether the Spark is there: told by each call, and asked for when there are none.
//!
//! Spark Connect has no health service. `ReleaseSession` of a session that does not exist, which may be opened later,
//! changes nothing in Spark and logs nothing; servers that lack the call say so, which is an answer too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hearth_core::engine::Health;
use hearth_proto::connect as pb;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tonic::Code;
use uuid::Uuid;

use crate::connections::{Connections, Place};
use crate::ending::Ending;

const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// What is known of the Spark's health.
#[derive(Debug)]
pub(crate) struct Pulse {
    engine: String,
    state: Mutex<State>,
    /// Ask now.
    doubt: Notify,
}

#[derive(Debug)]
struct State {
    health: Health,
    answered: Option<Instant>,
}

impl Pulse {
    pub(crate) fn new(engine: String) -> Self {
        Self { engine, state: Mutex::new(State { health: Health::Starting, answered: None }), doubt: Notify::new() }
    }

    pub(crate) fn health(&self) -> Health {
        self.state.lock().health.clone()
    }

    pub(crate) fn answered(&self) {
        self.state.lock().answered = Some(Instant::now());
        self.set(Health::Ready);
    }

    /// What a call says of the Spark.
    pub(crate) fn ended(&self, ending: &Ending) {
        match ending {
            Ending::Answered(status) if Code::from(status.code) == Code::Unauthenticated => {
                self.set(Health::Unavailable { reason: format!("it refuses the token: {}", status.message) });
            }
            Ending::Answered(_) => self.answered(),
            Ending::Unsent(unsent) => self.set(Health::Unavailable { reason: unsent.text.clone() }),
            Ending::Cut(_) | Ending::Doubtful(_) => self.doubt.notify_one(),
        }
    }

    pub(crate) fn set(&self, health: Health) {
        let mut state = self.state.lock();
        if state.health == health {
            return;
        }
        let engine = &self.engine;
        match (&state.health, &health) {
            (_, Health::Ready) => tracing::info!(engine, "Spark is there"),
            (_, Health::Starting) => tracing::info!(engine, "Spark is starting"),
            // Reasons change while it is away; once is enough.
            (Health::Unavailable { .. }, Health::Unavailable { reason }) => {
                tracing::debug!(engine, reason, "Spark is still not there");
            }
            (_, Health::Unavailable { reason }) => tracing::warn!(engine, reason, "Spark is not there"),
        }
        state.health = health;
    }

    fn is_fresh(&self, interval: Duration) -> bool {
        let state = self.state.lock();
        state.health == Health::Ready && state.answered.is_some_and(|at| at.elapsed() < interval)
    }
}

/// Asks from time to time. Never returns.
pub(crate) async fn watch(connections: Arc<Connections>, pulse: Arc<Pulse>, interval: Duration) {
    let session = Uuid::new_v4().to_string();
    let mut place = connections.watch();
    loop {
        match connections.place() {
            Place::Starting => pulse.set(Health::Starting),
            Place::Gone { reason, .. } => pulse.set(Health::Unavailable { reason }),
            Place::At(_) => probe(&connections, &pulse, &session).await,
        }
        loop {
            let asked = tokio::select! {
                () = tokio::time::sleep(interval) => false,
                () = pulse.doubt.notified() => true,
                Ok(()) = place.changed() => true,
            };
            if asked || !pulse.is_fresh(interval) {
                break;
            }
        }
    }
}

async fn probe(connections: &Connections, pulse: &Pulse, session: &str) {
    let request = pb::ReleaseSessionRequest {
        session_id: session.to_owned(),
        user_context: Some(pb::UserContext { user_id: "hearth-health".to_owned(), ..pb::UserContext::default() }),
        client_type: Some("hearth".to_owned()),
        allow_reconnect: true,
    };
    let call = async {
        let mut lane = connections.lane().await.map_err(|reason| Ending::Unsent(reason.into()))?;
        lane.client.release_session(request).await.map_err(|status| Ending::of(&status))
    };
    match tokio::time::timeout(PROBE_TIMEOUT, call).await {
        Ok(Ok(_)) | Ok(Err(Ending::Doubtful(_))) => pulse.answered(),
        Ok(Err(Ending::Cut(reason))) => pulse.set(Health::Unavailable { reason }),
        Ok(Err(ending @ (Ending::Answered(_) | Ending::Unsent(_)))) => pulse.ended(&ending),
        Err(_) => pulse.set(Health::Unavailable { reason: format!("it did not answer within {PROBE_TIMEOUT:?}") }),
    }
}
