//! Artifacts: AddArtifacts and ArtifactStatus. Files go on in chunks of the size that Spark's clients use.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use hearth_base::{Error, Result};
use hearth_core::engine::Artifact;
use hearth_proto::connect as pb;
use parking_lot::Mutex;
use pb::add_artifacts_request::{ArtifactChunk, Batch, BeginChunkedArtifact, Payload, SingleChunkArtifact};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::link::Link;

/// Spark's own clients cut here.
const CHUNK: u64 = 32 * 1024;

impl Link {
    pub async fn upload(self: &Arc<Self>, artifact: Artifact) -> Result<()> {
        let file = File::open(&artifact.path).await.map_err(unreadable)?;
        let total = file.metadata().await.map_err(unreadable)?.len();
        let broken = Arc::new(Mutex::new(None));
        let upload = Upload {
            link: Arc::clone(self),
            name: artifact.name,
            file,
            total,
            sent: 0,
            is_begun: false,
            broken: Arc::clone(&broken),
        };
        let answer = self.upstream.add_artifacts(upload.messages()).await;
        if let Some(error) = broken.lock().take() {
            return Err(unreadable(error));
        }
        match answer {
            Ok(response) => {
                self.saw(&response.server_side_session_id);
                match response.artifacts.iter().find(|summary| !summary.is_crc_successful) {
                    None => Ok(()),
                    Some(damaged) => Err(Error::internal(format!("the artifact {} came damaged", damaged.name))),
                }
            }
            Err(failure) => Err(self.error(failure).await),
        }
    }

    pub async fn has(&self, name: &str) -> Result<bool> {
        let request = pb::ArtifactStatusesRequest {
            session_id: self.session.clone(),
            client_observed_server_side_session_id: self.observed(),
            user_context: self.user_context(),
            client_type: self.client_type(),
            names: vec![name.to_owned()],
        };
        match self.upstream.artifact_status(request).await {
            Ok(response) => {
                self.saw(&response.server_side_session_id);
                Ok(response.statuses.get(name).is_some_and(|status| status.exists))
            }
            Err(failure) => Err(self.error(failure).await),
        }
    }
}

/// A file on its way.
struct Upload {
    link: Arc<Link>,
    name: String,
    file: File,
    total: u64,
    sent: u64,
    is_begun: bool,
    /// Why the file could not be read to its end.
    broken: Arc<Mutex<Option<std::io::Error>>>,
}

impl Upload {
    fn messages(self) -> BoxStream<'static, pb::AddArtifactsRequest> {
        stream::unfold(self, |mut upload| async move {
            if upload.is_begun && upload.sent >= upload.total {
                return None;
            }
            match upload.chunk().await {
                Ok(chunk) => {
                    let message = upload.message(chunk);
                    Some((message, upload))
                }
                Err(error) => {
                    *upload.broken.lock() = Some(error);
                    None
                }
            }
        })
        .boxed()
    }

    async fn chunk(&mut self) -> std::io::Result<ArtifactChunk> {
        let length = CHUNK.min(self.total - self.sent);
        let mut data = vec![0; usize::try_from(length).unwrap_or_default()];
        self.file.read_exact(&mut data).await?;
        self.sent += length;
        Ok(ArtifactChunk { crc: i64::from(crc32fast::hash(&data)), data: Bytes::from(data) })
    }

    fn message(&mut self, chunk: ArtifactChunk) -> pb::AddArtifactsRequest {
        let payload = if self.is_begun {
            Payload::Chunk(chunk)
        } else if self.total <= CHUNK {
            let single = SingleChunkArtifact { name: self.name.clone(), data: Some(chunk) };
            Payload::Batch(Batch { artifacts: vec![single] })
        } else {
            Payload::BeginChunk(BeginChunkedArtifact {
                name: self.name.clone(),
                total_bytes: i64::try_from(self.total).unwrap_or(i64::MAX),
                num_chunks: i64::try_from(self.total.div_ceil(CHUNK)).unwrap_or(i64::MAX),
                initial_chunk: Some(chunk),
            })
        };
        self.is_begun = true;
        pb::AddArtifactsRequest {
            session_id: self.link.session.clone(),
            user_context: self.link.user_context(),
            client_observed_server_side_session_id: self.link.observed(),
            client_type: self.link.client_type(),
            payload: Some(payload),
        }
    }
}

fn unreadable(error: std::io::Error) -> Error {
    Error::internal("a stored artifact cannot be read").caused_by(error)
}
