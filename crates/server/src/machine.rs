//! What this machine has.

use hearth_base::ByteSize;

/// When the system does not tell.
const UNKNOWN_MEMORY: ByteSize = ByteSize::gib(4);

pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The memory that this process may use: the machine's, or less where a control group says so (Linux).
pub fn memory() -> ByteSize {
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let group = limits.iter().filter_map(|path| std::fs::read_to_string(path).ok()?.trim().parse().ok());
    group.chain(physical()).min().map_or(UNKNOWN_MEMORY, ByteSize)
}

fn physical() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
