//! Uploads that come message by message, put together to one AddArtifacts call each.
//!
//! The messages of a large artifact name no upload: what follows a beginning belongs to it, per session. Chunks go on to
//! the target as they come, so an upload takes no memory.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use hearth_base::task::TaskGroup;
use hearth_proto::connect as pb;
use hearth_proto::connect::add_artifacts_request::Payload;
use hearth_remote::Upstream;
use hearth_remote::upstream::Failure;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::call::SessionKey;
use crate::status;

/// Uploads that are open; the one that was idle longest gives way.
const MAX_OPEN: usize = 64;
/// An upload that was idle for so long is given up.
const MAX_IDLE: Duration = Duration::from_secs(600);
/// Chunks on their way to the target.
const AHEAD: usize = 4;

type Answer = Result<pb::AddArtifactsResponse, Failure>;

#[derive(Debug)]
pub(super) struct Uploads {
    target: Arc<dyn Upstream>,
    open: Mutex<HashMap<SessionKey, Open>>,
    calls: TaskGroup,
}

#[derive(Debug)]
struct Open {
    messages: mpsc::Sender<pb::AddArtifactsRequest>,
    answer: oneshot::Receiver<Answer>,
    /// Chunks to come.
    left: i64,
    touched: Instant,
}

impl Uploads {
    pub fn new(target: Arc<dyn Upstream>) -> Self {
        Self { target, open: Mutex::default(), calls: TaskGroup::new(Handle::current()) }
    }

    /// Takes a message. The answer to an upload is that to its last one; the others are answered empty.
    pub async fn take(&self, message: pb::AddArtifactsRequest) -> Answer {
        let session = SessionKey::of(message.user_context.as_ref(), &message.session_id);
        match &message.payload {
            Some(Payload::BeginChunk(begin)) => {
                let open = self.start(begin.num_chunks);
                self.pass(session, open, message).await
            }
            Some(Payload::Chunk(_)) => {
                let Some(open) = self.open.lock().remove(&session) else {
                    let what = "A chunk of an artifact came without its beginning.";
                    return Err(Failure::Status(status::plain(status::INTERNAL, what)));
                };
                self.pass(session, open, message).await
            }
            Some(Payload::Batch(_)) | None => self.target.add_artifacts(stream::iter([message]).boxed()).await,
        }
    }

    fn start(&self, chunks: i64) -> Open {
        let (messages, receiver) = mpsc::channel(AHEAD);
        let (tell, answer) = oneshot::channel();
        let received =
            stream::unfold(
                receiver,
                |mut receiver| async move { receiver.recv().await.map(|message| (message, receiver)) },
            );
        let target = Arc::clone(&self.target);
        self.calls.spawn("upload", async move {
            // Nobody asks for the answer when the upload was given up.
            drop(tell.send(target.add_artifacts(received.boxed()).await));
        });
        Open { messages, answer, left: chunks, touched: Instant::now() }
    }

    async fn pass(&self, session: SessionKey, mut open: Open, message: pb::AddArtifactsRequest) -> Answer {
        let session_id = message.session_id.clone();
        let went = open.messages.send(message).await.is_ok();
        open.left -= 1;
        open.touched = Instant::now();
        if went && open.left > 0 {
            self.keep(session, open);
            return Ok(pb::AddArtifactsResponse { session_id, ..pb::AddArtifactsResponse::default() });
        }
        drop(open.messages);
        let lost = |_| Failure::Lost("the upload was given up".to_owned());
        open.answer.await.map_err(lost)?
    }

    fn keep(&self, session: SessionKey, upload: Open) {
        let mut open = self.open.lock();
        open.retain(|_, upload| upload.touched.elapsed() < MAX_IDLE);
        if open.len() >= MAX_OPEN {
            let oldest = open.iter().min_by_key(|(_, upload)| upload.touched).map(|(session, _)| session.clone());
            oldest.and_then(|session| open.remove(&session));
        }
        open.insert(session, upload);
    }

    pub async fn close(&self) {
        self.open.lock().clear();
        self.calls.shutdown(Duration::ZERO).await;
    }
}
