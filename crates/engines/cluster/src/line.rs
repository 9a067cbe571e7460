//! What all calls to one Spark share: its connections, its health, its limits, and how a call is repeated.

use std::future::Future;
use std::time::Duration;

use hearth_base::task::TaskGroup;
use hearth_remote::Failure;
use std::sync::Arc;
use tonic::{Response, Status};

use crate::backoff::Tries;
use crate::connections::{Client, Connections};
use crate::ending::Ending;
use crate::health::Pulse;
use crate::settings::ClusterLimits;

/// The way to one Spark.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) connections: Arc<Connections>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) limits: ClusterLimits,
    pub(crate) tasks: TaskGroup,
}

impl Line {
    /// A call that may be sent again whatever happened to it.
    pub(crate) async fn repeat<T, F, Fut>(&self, deadline: Option<Duration>, send: F) -> Result<T, Failure>
    where
        F: Fn(Client) -> Fut,
        Fut: Future<Output = Result<Response<T>, Status>>,
    {
        self.call(deadline, true, send).await
    }

    /// A call that is only sent again when it never left.
    pub(crate) async fn once<T, F, Fut>(&self, deadline: Option<Duration>, send: F) -> Result<T, Failure>
    where
        F: Fn(Client) -> Fut,
        Fut: Future<Output = Result<Response<T>, Status>>,
    {
        self.call(deadline, false, send).await
    }

    /// As many tries to connect as there may be.
    pub(crate) fn connecting(&self) -> Tries {
        let each = self.limits.connect_timeout;
        Tries::new(self.limits.connect_attempts.saturating_sub(1), each.saturating_mul(self.limits.connect_attempts))
    }

    async fn call<T, F, Fut>(&self, deadline: Option<Duration>, is_repeatable: bool, send: F) -> Result<T, Failure>
    where
        F: Fn(Client) -> Fut,
        Fut: Future<Output = Result<Response<T>, Status>>,
    {
        let mut connecting = self.connecting();
        let mut calling = Tries::new(self.limits.call_attempts.saturating_sub(1), Duration::MAX);
        loop {
            let ending = match self.attempt(deadline, &send).await {
                Ok(response) => return Ok(response),
                Err(Attempt::TimedOut(text)) => return Err(Failure::Lost(text)),
                Err(Attempt::Ended(ending)) => ending,
            };
            let pause = match &ending {
                Ending::Answered(_) => None,
                Ending::Unsent(_) => connecting.failed(),
                Ending::Cut(_) | Ending::Doubtful(_) => calling.failed().filter(|_| is_repeatable),
            };
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(ending.into_failure()),
            }
        }
    }

    async fn attempt<T, F, Fut>(&self, deadline: Option<Duration>, send: &F) -> Result<T, Attempt>
    where
        F: Fn(Client) -> Fut,
        Fut: Future<Output = Result<Response<T>, Status>>,
    {
        let lane = self.connections.lane().await.map_err(|reason| {
            // The place is known to be gone: nobody needs to be asked.
            Attempt::Ended(Ending::Unsent(reason.into()))
        })?;
        let call = send(lane.client.clone());
        let answer = match deadline {
            Some(deadline) => tokio::time::timeout(deadline, call)
                .await
                .map_err(|_| Attempt::TimedOut(format!("there was no answer within {deadline:?} (`call_timeout`)")))?,
            None => call.await,
        };
        match answer {
            Ok(response) => {
                self.pulse.answered();
                Ok(response.into_inner())
            }
            Err(status) => {
                let ending = Ending::of(&status);
                self.pulse.ended(&ending);
                Err(Attempt::Ended(ending))
            }
        }
    }
}

enum Attempt {
    TimedOut(String),
    Ended(Ending),
}
