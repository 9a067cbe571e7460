//! What `/proc` says of processes: which belong to an interpreter, what memory they take, and their end.
//!
//! The family of an interpreter is its leader, everything whose environment holds the interpreter's id, the sessions and
//! process groups that those lead, and all that descends from those. So a program that forks twice, or that
//! clears its environment, is found too. All of this blocks: call it from `spawn_blocking`.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// The environment variable by which everything that an interpreter starts is known.
pub(crate) const ID_VARIABLE: &str = "HEARTH_INTERPRETER_ID";

/// How long killed processes may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// A process, told from later ones of the same number by when it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ProcessId {
    pub(crate) pid: i32,
    /// In clock ticks since the machine started.
    pub(crate) start: u64,
}

impl ProcessId {
    /// The process of this number, even a dead one that was not waited for yet.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        Entry::read_any(pid).map(|(entry, _)| entry.id)
    }

    pub(crate) fn is_alive(self) -> bool {
        Entry::read(self.pid).is_some_and(|entry| entry.id == self)
    }
}

/// A living process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) id: ProcessId,
    parent: i32,
    group: i32,
    session: i32,
}

impl Entry {
    /// `None` when it is gone, or dead and not yet waited for.
    fn read(pid: i32) -> Option<Self> {
        Self::read_any(pid).filter(|(_, is_dead)| !is_dead).map(|(entry, _)| entry)
    }

    /// The process, and whether it is dead.
    fn read_any(pid: i32) -> Option<(Self, bool)> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name of the program stands in parentheses and may hold anything, parentheses too.
        let fields: Vec<&str> = stat.get(stat.rfind(')')? + 2..)?.split(' ').collect();
        let is_dead = matches!(*fields.first()?, "Z" | "X");
        let number = |index: usize| fields.get(index)?.parse::<i32>().ok();
        let start = fields.get(19)?.parse().ok()?;
        let entry = Self { id: ProcessId { pid, start }, parent: number(1)?, group: number(2)?, session: number(3)? };
        Some((entry, is_dead))
    }
}

/// All living processes.
pub(crate) fn scan() -> Vec<Entry> {
    let Ok(folders) = fs::read_dir("/proc") else { return Vec::new() };
    folders.flatten().filter_map(|folder| folder.file_name().to_str()?.parse().ok()).filter_map(Entry::read).collect()
}

/// The interpreter id in the environment of a process.
pub(crate) fn interpreter_of(pid: i32) -> Option<String> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let prefix = [ID_VARIABLE.as_bytes(), b"="].concat();
    let value = environment.split(|byte| *byte == 0).find_map(|variable| variable.strip_prefix(prefix.as_slice()))?;
    String::from_utf8(value.to_vec()).ok()
}

/// The command lines of all processes, their words apart by zero bytes.
pub(crate) fn command_lines() -> Vec<String> {
    let read = |entry: &Entry| fs::read(format!("/proc/{}/cmdline", entry.id.pid)).ok();
    scan().iter().filter_map(read).map(|line| String::from_utf8_lossy(&line).into_owned()).collect()
}

/// Resident bytes of a process.
pub(crate) fn resident(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: Option<u64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.unwrap_or_default() * 1024
}

/// Who carries which interpreter id; remembers what it read, since environments are read often and change never.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    known: HashMap<ProcessId, Mark>,
}

#[derive(Debug, Clone, Default)]
struct Mark {
    interpreter: Option<String>,
    reads: u8,
}

/// A process that is being started still shows the environment of who starts it, so one look is not enough.
const READS: u8 = 3;

impl Marks {
    /// The processes of each id.
    pub(crate) fn group(&mut self, entries: &[Entry]) -> HashMap<String, HashSet<i32>> {
        let living: HashSet<ProcessId> = entries.iter().map(|entry| entry.id).collect();
        self.known.retain(|id, _| living.contains(id));
        let mut groups: HashMap<String, HashSet<i32>> = HashMap::new();
        for entry in entries {
            let mark = self.known.entry(entry.id).or_default();
            if mark.interpreter.is_none() && mark.reads < READS {
                mark.interpreter = interpreter_of(entry.id.pid);
                mark.reads += 1;
            }
            if let Some(interpreter) = &mark.interpreter {
                groups.entry(interpreter.clone()).or_default().insert(entry.id.pid);
            }
        }
        groups
    }
}

/// The family of the leader: `marked` are the processes that carry its id.
pub(crate) fn family(entries: &[Entry], leader: Option<ProcessId>, marked: &HashSet<i32>) -> Vec<i32> {
    // A number stays taken while a session or group of it has members; a new process of that number means that none
    // is left.
    let leader = leader
        .filter(|leader| !entries.iter().any(|entry| entry.id.pid == leader.pid && entry.id.start != leader.start));
    let mut members = marked.clone();
    members.extend(leader.map(|leader| leader.pid));
    let led = |entry: &&Entry| members.contains(&entry.group) || members.contains(&entry.session);
    let followers: Vec<i32> = entries.iter().filter(led).map(|entry| entry.id.pid).collect();
    members.extend(followers);
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for entry in entries {
        children.entry(entry.parent).or_default().push(entry.id.pid);
    }
    let mut waiting: Vec<i32> = members.iter().copied().collect();
    while let Some(pid) = waiting.pop() {
        let found = children.get(&pid).into_iter().flatten();
        waiting.extend(found.filter(|child| members.insert(**child)));
    }
    members.retain(|pid| entries.iter().any(|entry| entry.id.pid == *pid));
    members.into_iter().collect()
}

fn send(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        // It may have ended by itself meanwhile.
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Asks a process to end.
pub(crate) fn terminate(leader: ProcessId) {
    if leader.is_alive() {
        send(leader.pid, Signal::Term);
    }
}

/// Kills the family until none of it is left. False when some does not go, as one that waits for a dead disk does.
pub(crate) fn kill_family(interpreter: &str, leader: Option<ProcessId>) -> bool {
    let deadline = Instant::now() + GONE_WITHIN;
    let mut pause = Duration::from_millis(1);
    loop {
        let entries = scan();
        let marked = entries
            .iter()
            .map(|entry| entry.id.pid)
            .filter(|pid| interpreter_of(*pid).is_some_and(|id| id == interpreter))
            .collect();
        let members = family(&entries, leader, &marked);
        if members.is_empty() {
            return true;
        }
        if Instant::now() > deadline {
            tracing::warn!(interpreter, ?members, "processes do not go");
            return false;
        }
        for pid in members {
            send(pid, Signal::Kill);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn entry(pid: i32, parent: i32, group: i32, start: u64) -> Entry {
        Entry { id: ProcessId { pid, start }, parent, group, session: group }
    }

    fn sorted(mut pids: Vec<i32>) -> Vec<i32> {
        pids.sort_unstable();
        pids
    }

    #[test]
    fn a_family_has_groups_marks_and_descendants() {
        let entries =
            [entry(10, 1, 10, 5), entry(11, 10, 10, 6), entry(12, 1, 12, 7), entry(13, 12, 13, 8), entry(14, 1, 14, 9)];
        let leader = Some(ProcessId { pid: 10, start: 5 });
        assert_eq!(sorted(family(&entries, leader, &HashSet::new())), [10, 11]);
        assert_eq!(sorted(family(&entries, leader, &HashSet::from([12]))), [10, 11, 12, 13]);
    }

    #[test]
    fn a_later_process_of_the_leaders_number_is_no_family() {
        let entries = [entry(10, 1, 10, 99), entry(11, 10, 10, 100)];
        assert!(family(&entries, Some(ProcessId { pid: 10, start: 5 }), &HashSet::new()).is_empty());
    }

    #[test]
    fn this_process_is_alive_and_takes_memory() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let id = ProcessId::of(pid).unwrap();
        assert!(id.is_alive() && resident(pid) > 100_000);
        assert!(scan().iter().any(|entry| entry.id == id));
        assert!(!ProcessId { pid, start: id.start + 1 }.is_alive());
    }
}
