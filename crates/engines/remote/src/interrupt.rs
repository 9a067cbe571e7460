//! `Stopper`: interrupts an execution elsewhere when the one here is given up.
//!
//! Core drops the future of work that was cancelled or timed out, so the interrupt leaves from a drop, as a bounded task
//! of the engine.

use std::sync::Arc;
use std::time::Duration;

use hearth_proto::connect as pb;
use pb::interrupt_request::{Interrupt, InterruptType};

use crate::link::Link;

/// How long an interrupt may take. Dropping the responses releases the execution anyhow.
const PATIENCE: Duration = Duration::from_secs(10);

/// Interrupts its execution when dropped, unless that has ended.
#[derive(Debug)]
pub struct Stopper {
    link: Arc<Link>,
    operation: Option<String>,
}

impl Stopper {
    pub fn of(link: &Arc<Link>, operation: &str) -> Self {
        Self { link: Arc::clone(link), operation: Some(operation.to_owned()) }
    }

    /// There is nothing to stop any more.
    pub fn ended(mut self) {
        self.operation = None;
    }
}

impl Drop for Stopper {
    fn drop(&mut self) {
        let Some(operation) = self.operation.take() else { return };
        let link = Arc::clone(&self.link);
        self.link.tasks.spawn("interrupt", async move {
            match tokio::time::timeout(PATIENCE, link.upstream.interrupt(request(&link, &operation))).await {
                Ok(Ok(_)) => {}
                Ok(Err(failure)) => tracing::debug!(operation, ?failure, "an interrupt did not reach the engine"),
                Err(_) => tracing::debug!(operation, "an interrupt was not answered in time"),
            }
        });
    }
}

fn request(link: &Link, operation: &str) -> pb::InterruptRequest {
    pb::InterruptRequest {
        session_id: link.session.clone(),
        client_observed_server_side_session_id: link.observed(),
        user_context: link.user_context(),
        client_type: link.client_type(),
        interrupt_type: InterruptType::OperationId.into(),
        interrupt: Some(Interrupt::OperationId(operation.to_owned())),
    }
}
