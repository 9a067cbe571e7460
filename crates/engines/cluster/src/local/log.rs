//! What the child says: into a file of bounded size, its last lines kept for errors, and the line that tells the port.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

/// Lines for an error, and how long each may be.
const LAST_LINES: usize = 30;
const LONGEST_LINE: usize = 2_000;
const CHUNK: usize = 16 << 10;
/// What Spark's server logs once it listens; an address follows.
const LISTENS: &str = "Spark Connect server started at: ";

/// The last lines, shared with whoever tells an error.
#[derive(Debug, Clone, Default)]
pub(super) struct LastLines(Arc<Mutex<VecDeque<String>>>);

impl LastLines {
    pub(super) fn text(&self) -> String {
        self.0.lock().iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    fn add(&self, line: String) {
        let mut lines = self.0.lock();
        if lines.len() == LAST_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// Copies what the child writes until it closes its end. Errors of the file end nothing: the child must not block.
pub(super) async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut file: BoundedFile,
    last: LastLines,
    port: watch::Sender<Option<u16>>,
) {
    let mut chunk = vec![0; CHUNK];
    let mut line = Vec::new();
    loop {
        let read = match from.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(read) => &chunk[..read],
        };
        if let Err(error) = file.write(read).await {
            tracing::debug!(%error, "the log of the local Spark is not written");
        }
        for byte in read {
            match byte {
                b'\n' => note(&std::mem::take(&mut line), &last, &port),
                byte if line.len() < LONGEST_LINE => line.push(*byte),
                _ => {}
            }
        }
    }
    if !line.is_empty() {
        note(&line, &last, &port);
    }
}

fn note(line: &[u8], last: &LastLines, port: &watch::Sender<Option<u16>>) {
    let line = String::from_utf8_lossy(line).into_owned();
    if port.borrow().is_none()
        && let Some(found) = listening_port(&line)
    {
        port.send_replace(Some(found));
    }
    last.add(line);
}

fn listening_port(line: &str) -> Option<u16> {
    let (_, address) = line.split_once(LISTENS)?;
    address.trim().rsplit_once(':')?.1.parse().ok()
}

/// A file that is put aside when it is full; the one put aside before is gone then.
#[derive(Debug)]
pub(super) struct BoundedFile {
    path: PathBuf,
    size: u64,
    limit: u64,
    file: File,
}

impl BoundedFile {
    pub(super) async fn open(path: PathBuf, limit: u64) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(&path).await?;
        let size = file.metadata().await?.len();
        Ok(Self { path, size, limit, file })
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.size >= self.limit {
            tokio::fs::rename(&self.path, self.path.with_extension("log.1")).await?;
            self.file = File::options().create(true).append(true).open(&self.path).await?;
            self.size = 0;
        }
        self.size += bytes.len() as u64;
        self.file.write_all(bytes).await?;
        self.file.flush().await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_the_line_that_tells_it() {
        let told = "26/11/23 02:58:13 INFO SparkConnectServer: Spark Connect server started at: 127.0.0.1:45427";
        assert_eq!(listening_port(told), Some(45427));
        assert_eq!(listening_port("INFO Spark Connect server started at: 0:0:0:0:0:0:0:0:15002\r"), Some(15002));
        assert_eq!(listening_port("INFO SparkConnectService: start GRPC service at: 127.0.0.1:1"), None);
    }

    #[tokio::test]
    async fn the_file_is_bounded_and_the_last_lines_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spark.log");
        let file = BoundedFile::open(path.clone(), 20_000).await.unwrap();
        let text: String = (0..10_000).map(|line| format!("line {line}\n")).collect();
        let (last, (port, _)) = (LastLines::default(), watch::channel(None));
        copy(text.as_bytes(), file, last.clone(), port).await;
        let sizes = [path.clone(), path.with_extension("log.1")].map(|path| path.metadata().unwrap().len());
        assert!(sizes.iter().all(|size| *size > 0 && *size <= 20_000 + CHUNK as u64), "{sizes:?}");
        assert!(std::fs::read_to_string(path).unwrap().ends_with("line 9999\n"));
        assert!(last.text().ends_with("line 9999") && last.text().starts_with("line 9970\n"));
    }
}
