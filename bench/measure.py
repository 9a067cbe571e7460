"""What the benchmarks share: the machine's facts, processes' memory and CPU, peers, recorded runs.

Every program measures Hearth and its peers in one run on one machine and records the ratios in
bench/results/NAME.json and NAME.md; the numbers of one run say little, the ratios are the point.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from harness import servers  # noqa: E402
from harness.connect import connect  # noqa: E402
from tpc import compare, queries  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
LOAD_BEFORE = round(os.getloadavg()[0], 2)


def machine(binary=None):
    """Facts that a recorded run needs to be read rightly; `binary` says what ran where it is no server."""
    with open("/proc/cpuinfo") as handle:
        model = next((line.split(":")[1].strip() for line in handle if line.startswith("model name")), "?")
    memory = os.sysconf("SC_PHYS_PAGES") * PAGE / 2**30
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return {
        "date": datetime.date.today().isoformat(), "cpu": model, "cores": os.cpu_count(), "memory_gib": round(memory, 1),
        "system": f"{platform.system()} {platform.release()}", "python": platform.python_version(), "commit": commit or "?",
        "load_before": LOAD_BEFORE, "hearth": binary or os.path.basename(os.path.dirname(servers.hearth_binary())),
    }


def cpu_seconds(pid):
    """User and system time of a process and its threads so far."""
    with open(f"/proc/{pid}/stat") as handle:
        fields = handle.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def cpu_nanoseconds(pid):
    """CPU time summed over threads, finer than the clock tick."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/schedstat") as handle:
                total += int(handle.read().split()[0])
        except OSError:
            pass
    return total


def rss_mib(pid):
    return status_mib(pid, "VmRSS")


def peak_rss_mib(pid):
    return status_mib(pid, "VmHWM")


def reset_peak(pid):
    """Makes the peak count from now on; false where the kernel does not allow that."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
        return True
    except OSError:
        return False


def written_mib(pid):
    """What a process has written to disk so far."""
    with open(f"/proc/{pid}/io") as handle:
        return next(int(line.split()[1]) / 2**20 for line in handle if line.startswith("write_bytes"))


def folder_mib(folder):
    """Size of the files below a folder, some of which may go away meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(place, name)).st_size
    return total / 2**20


def status_mib(pid, key):
    with open(f"/proc/{pid}/status") as handle:
        return next(int(line.split()[1]) / 1024 for line in handle if line.startswith(key))


def start_sail():
    """A Sail Spark Connect server on a free port."""
    port = servers.free_port()
    command = [os.path.join(os.path.dirname(sys.executable), "sail"), "spark", "server", "--ip", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = servers.Server("sail", f"127.0.0.1:{port}", process=process)
    servers._wait(server, lambda: servers._listens(port), 60)
    return server


def start_peer(name, **options):
    """`hearth`, `spark` or `sail`."""
    return start_sail() if name == "sail" else servers.start(name, **(options if name == "hearth" else {}))


@contextlib.contextmanager
def session(server):
    """A PySpark session that ends before its server does: a client whose server is gone retries for minutes."""
    opened = connect(server, timezone=None)
    try:
        yield opened
    finally:
        opened.client.close()


def settled(pid, seconds=30):
    """Waits until the process uses no CPU, so that start-up work is not measured."""
    deadline = time.monotonic() + seconds
    last = cpu_nanoseconds(pid)
    while time.monotonic() < deadline:
        time.sleep(0.5)
        now = cpu_nanoseconds(pid)
        if now - last < 5_000_000:
            return
        last = now


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def tpch_files(scale, folder=None):
    """TPC-H as Parquet files, one per table, made once by tpchgen-cli."""
    folder = Path(folder or os.environ.get("HEARTH_CACHE") or Path.home() / ".cache" / "hearth") / f"tpch-{scale:g}"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        program = os.path.join(os.path.dirname(sys.executable), "tpchgen-cli")
        subprocess.run([program, "parquet", "-s", f"{scale:g}", f"--output-dir={folder}"], check=True, stdout=subprocess.DEVNULL)
        (folder / "done").touch()
    return folder


def tpcds_files(scale, folder=None):
    """TPC-DS as Parquet files, one per table, made once by Hearth from its `samples` catalog."""
    folder = Path(folder or os.environ.get("HEARTH_CACHE") or Path.home() / ".cache" / "hearth") / f"tpcds-{scale:g}"
    if not (folder / "done").exists():
        with servers.start_hearth(env=compare.sample_scale(scale)) as server, session(server) as opened:
            for table in queries.TABLES["tpcds"]:
                opened.table(f"samples.tpcds.{table}").write.mode("overwrite").parquet(str(folder / f"{table}.parquet"))
        (folder / "done").touch()
    return folder


def record(name, title, rows, notes=(), columns=None, binary=None):
    """Writes the run, prints it, and returns the text. `rows` are dictionaries with the same keys."""
    columns = columns or list(rows[0])
    facts = machine(binary)
    folder = ROOT / "bench" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps({"machine": facts, "rows": rows, "notes": list(notes)}, indent=1) + "\n")
    lines = [f"# {title}", "", " · ".join(f"{key} {value}" for key, value in facts.items()), ""]
    lines += ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(shown(row.get(column)) for column in columns) + " |" for row in rows]
    lines += [""] + [f"- {note}" for note in notes]
    text = "\n".join(lines).rstrip() + "\n"
    (folder / f"{name}.md").write_text(text)
    print(text)
    return text


def shown(value):
    return "" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
