//! The logs of an interpreter: the end of a file, and files that are kept from growing. All of this blocks.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// How much of a file's end is looked at, whatever number of lines is asked for.
const TAIL: u64 = 4 * 1024 * 1024;
/// What a message about an ending shows of standard error.
const LAST_WORDS: (usize, usize) = (40, 4_000);

/// The newest lines of a file; none when there is no file.
pub(crate) fn tail(path: &Path, lines: usize) -> Vec<String> {
    let text = end_of(path, TAIL).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].iter().map(|line| (*line).to_owned()).collect()
}

/// What a program wrote to standard error last, short enough for a message.
pub(crate) fn last_words(path: &Path) -> String {
    let (lines, characters) = LAST_WORDS;
    let text = tail(path, lines).join("\n");
    let surplus = text.chars().count().saturating_sub(characters);
    text.chars().skip(surplus).collect()
}

fn end_of(path: &Path, size: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let start = length.saturating_sub(size);
    file.seek(SeekFrom::Start(start))?;
    let mut text = Vec::new();
    file.take(size).read_to_end(&mut text)?;
    if start > 0 {
        // The first line is cut somewhere.
        let line_end = text.iter().position(|byte| *byte == b'\n').map_or(0, |position| position + 1);
        text.drain(..line_end);
    }
    Ok(text)
}

/// Keeps the newest quarter of what a file may hold, when it holds more. The program goes on appending; what it
/// writes in this moment may be lost.
pub(crate) fn cut(path: &Path, limit: u64) -> io::Result<()> {
    if path.metadata().map_or(0, |metadata| metadata.len()) <= limit {
        return Ok(());
    }
    let kept = end_of(path, limit / 4)?;
    let mut file = File::options().append(true).open(path)?;
    file.set_len(0)?;
    writeln!(file, "[… cut: interpreter.log_size]")?;
    file.write_all(&kept)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn tail_is_the_newest_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        assert!(tail(&path, 5).is_empty());
        std::fs::write(&path, b"a\nb\xff\nc").unwrap();
        assert_eq!(tail(&path, 2), ["b\u{fffd}", "c"]);
        assert_eq!(tail(&path, 9).len(), 3);
    }

    #[test]
    fn a_cut_file_keeps_its_newest_lines_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let lines: String = (0..1000).map(|line| format!("line {line}\n")).collect();
        std::fs::write(&path, &lines).unwrap();
        cut(&path, lines.len() as u64).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), lines);
        cut(&path, 1000).unwrap();
        let left = std::fs::read_to_string(&path).unwrap();
        assert!(left.len() < 400 && left.starts_with("[…") && left.ends_with("line 999\n"), "{left}");
        assert!(left.lines().skip(1).all(|line| line.starts_with("line ")));
    }
}
