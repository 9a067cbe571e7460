//! ExecutePlan and ReattachExecute.

use std::sync::Arc;

use bytes::Bytes;
use hearth_base::condition::{
    CURSOR_NOT_AVAILABLE, CURSOR_NOT_REATTACHABLE, INVALID_REQUEST, OPERATION_ABANDONED, OPERATION_ALREADY_EXISTS,
    SESSION_CHANGED,
};
use hearth_base::{Error, ErrorKind, OperationId, Result};
use hearth_core::result::Bounds;
use hearth_core::store::Origin;
use hearth_core::{Operation, Session, Submission, Work};
use hearth_proto::connect as pb;
use pb::execute_plan_request::request_option::RequestOption;
use tonic::Status;

use super::stream::{ResponseStream, StreamSpec};
use super::{Caller, ConnectService};
use crate::error::{operation_failure, request_error};
use crate::response_id::{PartSize, Place};

/// What an operation keeps of a request that did not ask to be reattachable. Its answer may be kept all the same, for the
/// same request to come again.
const NOT_REATTACHABLE: &str = "not reattachable";

/// What the options of a request say.
#[derive(Debug, Clone, Copy, Default)]
struct Options {
    reattachable: bool,
    part_size: PartSize,
}

/// An operation whose answer a client wants, and where in the answer it stands.
#[derive(Debug)]
pub struct Attached {
    /// `None` for an operation of an earlier run of the server.
    pub session: Option<Arc<Session>>,
    pub operation: Arc<Operation>,
    /// The item, and the part of it, that the client wants next.
    pub from: (u64, u16),
    options: Options,
}

/// Why a plan does not run.
#[derive(Debug)]
pub struct Refused {
    pub status: Status,
    /// There is no room now: the same request may be taken later.
    pub busy: Option<Arc<Error>>,
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        Self { status, busy: None }
    }
}

impl ConnectService {
    pub async fn execute_plan(
        &self,
        caller: Caller,
        request: pb::ExecutePlanRequest,
    ) -> Result<ResponseStream, Status> {
        let attached = self.start_plan(caller, request, false).await.map_err(|refused| refused.status)?;
        Ok(self.stream(attached))
    }

    /// Takes a plan on, or finds the operation that the same request has begun already. `keep`: the answer is
    /// there for the same request again, also when it does not ask to be reattachable.
    pub async fn start_plan(
        &self,
        caller: Caller,
        request: pb::ExecutePlanRequest,
        keep: bool,
    ) -> Result<Attached, Refused> {
        let session_use = self.session(&caller).await.map_err(|error| request_error(&error))?;
        let session = Arc::clone(session_use.session());
        let options = options(&request);
        let id = request.operation_id.clone().filter(|id| !id.is_empty()).map(OperationId::new);
        let client = request.client_type.clone().unwrap_or_default();
        let note = if options.reattachable { "" } else { NOT_REATTACHABLE };
        let submission = Submission {
            id,
            description: describe(&request.plan),
            work: Work::Plan(request.plan),
            tags: request.tags,
            reattachable: options.reattachable || keep,
            origin: Origin { door: "connect".to_owned(), client, request: note.to_owned(), ..Origin::default() },
            bounds: Bounds::default(),
        };
        check_tags(&submission.tags).map_err(|error| operation_failure(&session, &Arc::new(error)))?;
        let operation = self.submit(&session, submission).await.map_err(|error| {
            let error = Arc::new(error);
            Refused { status: operation_failure(&session, &error), busy: may_pass(&error).then_some(error) }
        })?;
        Ok(Attached { session: Some(session), operation, from: (0, 0), options })
    }

    async fn submit(&self, session: &Arc<Session>, submission: Submission) -> Result<Arc<Operation>> {
        let operations = &self.hearth.operations;
        let known = submission.id.as_ref().and_then(|id| session.operation(id));
        if let Some(known) = known {
            // As in Spark: the same request again is a client that missed the answer, anything else is a clash.
            return if known.work_digest == submission.work.digest() {
                Ok(known)
            } else {
                Err(OPERATION_ALREADY_EXISTS.with("handle", &known.id))
            };
        }
        if let Some(id) = submission.id.as_ref().filter(|id| session.had(id)) {
            return Err(OPERATION_ABANDONED.with("handle", id));
        }
        let (id, digest) = (submission.id.clone(), submission.work.digest());
        let submitted = operations.submit(session, submission).await;
        match (&submitted, id.and_then(|id| session.operation(&id))) {
            // The same request came twice at one time.
            (Err(error), Some(other))
                if error.condition() == OPERATION_ALREADY_EXISTS && other.work_digest == digest =>
            {
                Ok(other)
            }
            (Ok(_) | Err(_), _) => submitted,
        }
    }

    pub async fn reattach_execute(
        &self,
        caller: Caller,
        request: pb::ReattachExecuteRequest,
    ) -> Result<ResponseStream, Status> {
        Ok(self.stream(self.attach(caller, request).await?))
    }

    /// The operation that a client comes back for.
    pub async fn attach(&self, caller: Caller, request: pb::ReattachExecuteRequest) -> Result<Attached, Status> {
        let fail = |error: hearth_base::Error| request_error(&error);
        let session = match self.known_session(&caller) {
            Ok(session) => Some(Arc::clone(session.session())),
            // After a restart there is no session; what its operations left behind still answers.
            Err(_) => None,
        };
        let id = OperationId::new(request.operation_id);
        let found = self.hearth.operations.find(&caller.principal, session.as_deref(), &id).await;
        let operation = found.map_err(|error| fail(self.known_session(&caller).err().unwrap_or(error)))?;
        if operation.session != caller.session || !seen(&caller, &operation) {
            return Err(fail(SESSION_CHANGED.with("handle", &caller.session)));
        }
        if !operation.reattachable || operation.origin.request == NOT_REATTACHABLE {
            return Err(fail(CURSOR_NOT_REATTACHABLE.error()));
        }
        let last = match request.last_response_id.filter(|last| !last.is_empty()) {
            Some(last) => Place::read(&last, &id).map_err(fail)?,
            None => Place::start(),
        };
        let from = last.next();
        if from.0 < operation.log.first() {
            // Spark counts responses from 1, and names the one that the client would get next.
            let released = CURSOR_NOT_AVAILABLE.with("index", from.0 + 1);
            return Err(fail(released.with("responseId", Place::whole(from.0).id(&id))));
        }
        let options = Options { reattachable: true, part_size: last.part_size };
        Ok(Attached { session, operation, from, options })
    }

    /// The answer from where the client stands, as it comes.
    pub fn stream(&self, attached: Attached) -> ResponseStream {
        ResponseStream::new(StreamSpec {
            service: self.clone(),
            session: attached.session,
            operation: attached.operation,
            reattachable: attached.options.reattachable,
            part_size: attached.options.part_size,
            from: attached.from,
        })
    }
}

/// Whether waiting helps: running operations end by themselves, open sessions do not.
fn may_pass(error: &Error) -> bool {
    let limit = error.parameters().iter().find(|(name, _)| *name == "limit").map(|(_, limit)| limit.as_str());
    error.kind() == ErrorKind::Exhausted && limit.is_some_and(|limit| !limit.contains("session"))
}

/// Tags are separated by commas where Spark keeps them.
fn check_tags(tags: &[String]) -> Result<()> {
    match tags.iter().find(|tag| tag.is_empty() || tag.contains(',')) {
        None => Ok(()),
        Some(tag) => {
            Err(INVALID_REQUEST.with("message", format!("'{tag}' is not a tag: tags are not empty and have no ','")))
        }
    }
}

/// Whether the client speaks of the incarnation of the session that ran the operation.
fn seen(caller: &Caller, operation: &Operation) -> bool {
    caller.observed.as_deref().is_none_or(|seen| seen.is_empty() || seen == operation.server_session)
}

fn options(request: &pb::ExecutePlanRequest) -> Options {
    let mut options = Options::default();
    for option in &request.request_options {
        match &option.request_option {
            Some(RequestOption::ReattachOptions(reattach)) => options.reattachable = reattach.reattachable,
            Some(RequestOption::ResultChunkingOptions(chunking)) if chunking.allow_arrow_batch_chunking => {
                let wish = chunking.preferred_arrow_chunk_size.and_then(|size| usize::try_from(size).ok());
                options.part_size = wish.map_or(PartSize::DEFAULT, PartSize::up_to);
            }
            Some(RequestOption::ResultChunkingOptions(_) | RequestOption::Extension(_)) | None => {}
        }
    }
    options
}

/// What the history shows of a plan: its size, since only an engine decodes it.
fn describe(plan: &Bytes) -> String {
    format!("plan of {} bytes", plan.len())
}
