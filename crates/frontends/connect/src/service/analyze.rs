//! AnalyzePlan.

use std::sync::Arc;

use hearth_core::engine::{Answer, Question};
use hearth_proto::connect as pb;
use tonic::Status;

use super::{Caller, ConnectService, context};
use crate::error::{operation_failure, request_error};
use crate::{from_wire, to_wire};

impl ConnectService {
    pub async fn analyze_plan(
        &self,
        caller: Caller,
        request: pb::AnalyzePlanRequest,
    ) -> Result<pb::AnalyzePlanResponse, Status> {
        let session = self.session(&caller).await.map_err(|error| request_error(&error))?;
        let session = session.session();
        let fail = |error| operation_failure(session, &Arc::new(error));
        let question = from_wire::question(request.analyze).map_err(fail)?;
        let encode = to_wire::analysis(&question);
        let answer = self.ask(&caller, Arc::clone(&session.engine), question).await.map_err(fail)?;
        Ok(pb::AnalyzePlanResponse {
            session_id: session.key.session.to_string(),
            server_side_session_id: session.server_side_id.clone(),
            result: Some(encode(answer).map_err(fail)?),
        })
    }

    /// Asks the engine on the work executor, so that a large plan does not hold up other requests.
    async fn ask(
        &self,
        caller: &Caller,
        engine: Arc<dyn hearth_core::EngineSession>,
        question: Question,
    ) -> hearth_base::Result<Answer> {
        let cx = context(caller);
        self.hearth.operations.on_executor("analyze", async move { engine.analyze(&cx, question).await }).await
    }
}
