//! AddArtifacts and ArtifactStatus.
//!
//! Names are checked component by component before they become a path below the session's folder. Bytes go to a file
//! beside the final one and are renamed when their checksum is right, so a half artifact is never seen.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::{Stream, StreamExt};
use hearth_base::condition::{ARTIFACT_ALREADY_EXISTS, INVALID_ARTIFACT_PATH, INVALID_REQUEST, LIMIT_EXCEEDED};
use hearth_base::{ByteSize, Error, Result};
use hearth_core::Session;
use hearth_core::engine::Artifact;
use hearth_proto::connect as pb;
use pb::add_artifacts_request::{ArtifactChunk, BeginChunkedArtifact, Payload};
use pb::add_artifacts_response::ArtifactSummary;
use pb::artifact_statuses_response::ArtifactStatus;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tonic::Status;

use super::{Caller, ConnectService, ConnectSettings, Uploads};
use crate::error::{operation_failure, request_error};

/// The one kind that may be sent again with other content; the rest may be in use already.
const REPLACEABLE: &str = "cache";

impl ConnectService {
    pub async fn artifact_status(
        &self,
        caller: Caller,
        request: pb::ArtifactStatusesRequest,
    ) -> Result<pb::ArtifactStatusesResponse, Status> {
        let session = self.session(&caller).await.map_err(|error| request_error(&error))?;
        let session = session.session();
        let mut response = pb::ArtifactStatusesResponse {
            session_id: session.key.session.to_string(),
            server_side_session_id: session.server_side_id.clone(),
            ..Default::default()
        };
        for name in request.names {
            let exists = session.engine.has_artifact(&name).await.map_err(|error| request_error(&error))?;
            response.statuses.insert(name, ArtifactStatus { exists });
        }
        Ok(response)
    }

    /// Takes the messages of one call. `caller` is of the first message, which the transport has read.
    pub async fn add_artifacts<S>(
        &self,
        caller: Caller,
        first: pb::AddArtifactsRequest,
        rest: S,
    ) -> Result<pb::AddArtifactsResponse, Status>
    where
        S: Stream<Item = Result<pb::AddArtifactsRequest, Status>> + Send + Unpin,
    {
        let session = self.session(&caller).await.map_err(|error| request_error(&error))?;
        let session = session.session();
        let fail = |error| operation_failure(session, &Arc::new(error));
        let mut upload = Upload::new(session, &self.settings);
        let mut messages = futures::stream::iter([Ok(first)]).chain(rest);
        while let Some(message) = messages.next().await {
            upload.take(message?).await.map_err(fail)?;
        }
        let artifacts = upload.finish().map_err(fail)?;
        Ok(added(session, artifacts))
    }

    /// Takes one message of several that come in calls of their own. What they have begun is kept in `uploads`.
    pub async fn add_artifacts_part(
        &self,
        uploads: &Uploads,
        caller: Caller,
        message: pb::AddArtifactsRequest,
    ) -> Result<pb::AddArtifactsResponse, Status> {
        let session = self.session(&caller).await.map_err(|error| request_error(&error))?;
        let session = session.session();
        let fail = |error| operation_failure(session, &Arc::new(error));
        let begun = match &message.payload {
            Some(Payload::Chunk(_)) => uploads.take(session),
            // Whoever begins again has given up what was begun before.
            Some(Payload::BeginChunk(_)) => {
                uploads.make_room(session).map_err(fail)?;
                None
            }
            Some(Payload::Batch(_)) | None => None,
        };
        let mut upload = begun.unwrap_or_else(|| Upload::new(session, &self.settings));
        upload.take(message).await.map_err(fail)?;
        let artifacts = std::mem::take(&mut upload.summaries);
        if upload.open.is_some() {
            uploads.keep(upload, self.hearth.sessions.clock().now());
        }
        Ok(added(session, artifacts))
    }
}

fn added(session: &Session, artifacts: Vec<ArtifactSummary>) -> pb::AddArtifactsResponse {
    pb::AddArtifactsResponse {
        session_id: session.key.session.to_string(),
        server_side_session_id: session.server_side_id.clone(),
        artifacts,
    }
}

/// The state of one AddArtifacts call, or of the calls that bring one artifact.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) session: Arc<Session>,
    settings: ConnectSettings,
    open: Option<Chunked>,
    received: u64,
    summaries: Vec<ArtifactSummary>,
}

/// An artifact that comes in several messages.
#[derive(Debug)]
struct Chunked {
    name: String,
    staged: PathBuf,
    file: File,
    expected_bytes: u64,
    expected_chunks: u64,
    bytes: u64,
    chunks: u64,
    intact: bool,
}

impl Upload {
    fn new(session: &Arc<Session>, settings: &ConnectSettings) -> Self {
        let (session, settings) = (Arc::clone(session), settings.clone());
        Self { session, settings, open: None, received: 0, summaries: Vec::new() }
    }

    async fn take(&mut self, message: pb::AddArtifactsRequest) -> Result<()> {
        let payload = message.payload.ok_or_else(|| invalid("payload is not set"))?;
        match payload {
            Payload::Batch(batch) => {
                self.must_be_closed()?;
                for artifact in batch.artifacts {
                    let chunk = artifact.data.unwrap_or_default();
                    self.count(chunk.data.len())?;
                    self.single(artifact.name, chunk).await?;
                }
                Ok(())
            }
            Payload::BeginChunk(begin) => {
                self.must_be_closed()?;
                self.begin(begin).await
            }
            Payload::Chunk(chunk) => self.append(chunk).await,
        }
    }

    fn must_be_closed(&self) -> Result<()> {
        match &self.open {
            None => Ok(()),
            Some(open) => Err(invalid(&format!("the chunked artifact {} is not complete", open.name))),
        }
    }

    fn count(&mut self, bytes: usize) -> Result<()> {
        self.received += bytes as u64;
        check_size(self.received, self.settings.max_artifacts_size, "connect.max_artifacts_size")
    }

    async fn single(&mut self, name: String, chunk: ArtifactChunk) -> Result<()> {
        let path = check_name(&name)?;
        check_size(chunk.data.len() as u64, self.settings.max_artifact_size, "connect.max_artifact_size")?;
        let is_crc_successful = is_intact(&chunk);
        if is_crc_successful {
            let staged = self.stage().await?;
            tokio::fs::write(&staged, &chunk.data).await.map_err(disk)?;
            self.place(&name, &path, &staged).await?;
        }
        self.summaries.push(ArtifactSummary { name, is_crc_successful });
        Ok(())
    }

    async fn begin(&mut self, begin: BeginChunkedArtifact) -> Result<()> {
        check_name(&begin.name)?;
        let expected_bytes = u64::try_from(begin.total_bytes).map_err(|_| invalid("total_bytes is negative"))?;
        let expected_chunks = u64::try_from(begin.num_chunks).map_err(|_| invalid("num_chunks is negative"))?;
        check_size(expected_bytes, self.settings.max_artifact_size, "connect.max_artifact_size")?;
        let staged = self.stage().await?;
        let file = File::create(&staged).await.map_err(disk)?;
        let name = begin.name;
        self.open =
            Some(Chunked { name, staged, file, expected_bytes, expected_chunks, bytes: 0, chunks: 0, intact: true });
        self.append(begin.initial_chunk.unwrap_or_default()).await
    }

    async fn append(&mut self, chunk: ArtifactChunk) -> Result<()> {
        self.count(chunk.data.len())?;
        let open = self.open.as_mut().ok_or_else(|| invalid("a chunk comes before the artifact that it belongs to"))?;
        open.bytes += chunk.data.len() as u64;
        open.chunks += 1;
        if open.bytes > open.expected_bytes || open.chunks > open.expected_chunks {
            return Err(invalid(&format!("the artifact {} is larger than it was announced", open.name)));
        }
        open.intact &= is_intact(&chunk);
        open.file.write_all(&chunk.data).await.map_err(disk)?;
        if open.chunks == open.expected_chunks {
            self.close().await?;
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<()> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        open.file.flush().await.map_err(disk)?;
        if open.bytes != open.expected_bytes {
            return Err(invalid(&format!("the artifact {} is smaller than it was announced", open.name)));
        }
        if open.intact {
            let path = check_name(&open.name)?;
            self.place(&open.name, &path, &open.staged).await?;
        } else {
            tokio::fs::remove_file(&open.staged).await.map_err(disk)?;
        }
        self.summaries.push(ArtifactSummary { name: open.name, is_crc_successful: open.intact });
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<ArtifactSummary>> {
        self.must_be_closed()?;
        Ok(std::mem::take(&mut self.summaries))
    }

    /// A fresh file in the session's folder, beside the artifacts.
    async fn stage(&self) -> Result<PathBuf> {
        let folder = self.session.folder.join("staged");
        tokio::fs::create_dir_all(&folder).await.map_err(disk)?;
        Ok(folder.join(uuid::Uuid::new_v4().to_string()))
    }

    /// Puts a complete artifact in its place and tells the engine.
    async fn place(&self, name: &str, relative: &Path, staged: &Path) -> Result<()> {
        let path = self.session.folder.join("artifacts").join(relative);
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(disk)?;
        }
        if !relative.starts_with(REPLACEABLE) && tokio::fs::try_exists(&path).await.map_err(disk)? {
            let (old, new) =
                (tokio::fs::read(&path).await.map_err(disk)?, tokio::fs::read(staged).await.map_err(disk)?);
            if old != new {
                tokio::fs::remove_file(staged).await.map_err(disk)?;
                return Err(ARTIFACT_ALREADY_EXISTS.with("normalizedRemoteRelativePath", name));
            }
        }
        tokio::fs::rename(staged, &path).await.map_err(disk)?;
        self.session.engine.add_artifact(Artifact { name: name.to_owned(), path }).await
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            // The call broke off: what was received is of no use.
            if let Err(error) = std::fs::remove_file(&open.staged) {
                tracing::debug!(%error, "a half artifact stays until its session closes");
            }
        }
    }
}

/// The relative path of an artifact's name: plain components only, and no empty, `.` or `..` among them.
fn check_name(name: &str) -> Result<PathBuf> {
    const MAX_NAME: usize = 1024;
    let plain = |part: &str| {
        !part.is_empty() && part != "." && part != ".." && part.len() <= 255 && !part.contains(['\\', '\0', ':'])
    };
    if name.len() > MAX_NAME || !name.split('/').all(plain) {
        return Err(INVALID_ARTIFACT_PATH.with("name", name.escape_debug()));
    }
    Ok(name.split('/').collect())
}

fn is_intact(chunk: &ArtifactChunk) -> bool {
    i64::from(crc32fast::hash(&chunk.data)) == chunk.crc
}

fn check_size(bytes: u64, limit: ByteSize, name: &str) -> Result<()> {
    if bytes <= limit.bytes() {
        return Ok(());
    }
    Err(LIMIT_EXCEEDED.with("what", "The size of the artifacts").with("limit", name).with("value", limit))
}

fn invalid(message: &str) -> Error {
    INVALID_REQUEST.with("message", message)
}

fn disk(error: std::io::Error) -> Error {
    Error::internal("an artifact cannot be stored").caused_by(error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_the_folder() {
        assert_eq!(check_name("pyfiles/a.py").unwrap(), PathBuf::from("pyfiles/a.py"));
        for bad in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/./b", "a\\b", "C:/x", "a\0b", &"x/".repeat(600)] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }
}
