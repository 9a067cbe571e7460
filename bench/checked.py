#!/usr/bin/env python
"""What Spark's checks cost: ANSI arithmetic and casts of Hearth against DataFusion's unchecked ones, kernel by kernel.

Runs `cargo bench -p hearth-functions --bench checked` (criterion) and records the ratios of its medians.
"""

import json
import math
import subprocess

import measure


def main():
    subprocess.run(["cargo", "bench", "-p", "hearth-functions", "--bench", "checked"], cwd=measure.ROOT, check=True)
    rows = []
    for folder in sorted((measure.ROOT / "target" / "criterion").iterdir()):
        found = {side: folder / side / "new" / "estimates.json" for side in ("hearth", "datafusion")}
        if not all(path.exists() for path in found.values()):
            continue
        name = json.loads((folder / "hearth" / "new" / "benchmark.json").read_text())["group_id"]
        micros = {side: json.loads(path.read_text())["median"]["point_estimate"] / 1e3 for side, path in found.items()}
        rows.append({"expression": name, **micros, "hearth/datafusion": micros["hearth"] / micros["datafusion"]})
    ratios = [row["hearth/datafusion"] for row in rows]
    rows.append({"expression": "geometric mean", "hearth/datafusion": math.exp(sum(map(math.log, ratios)) / len(ratios))})
    notes = ["microseconds for 8,192 rows with some NULLs, none of which overflows; medians of criterion",
             "DataFusion: wrapping arithmetic, and casts that give NULL for what does not convert; its integer `*`, `+` and `-` never look for overflow"]
    measure.record("checked", "ANSI checks against none", rows, notes, columns=["expression", "hearth", "datafusion", "hearth/datafusion"],
                   binary="cargo bench")


if __name__ == "__main__":
    main()
