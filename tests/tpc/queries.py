"""The 22 TPC-H and 99 TPC-DS queries as Apache Spark's own tests run them.

The texts are not kept here: they come out of the tests archive of spark-sql in Maven Central, once,
into a cache folder (HEARTH_CACHE, or ~/.cache/hearth), checked by its published SHA-1.
"""

from __future__ import annotations

import hashlib
import os
import re
import urllib.request
import zipfile
from pathlib import Path

VERSION = "4.2.0"
ARCHIVE = f"https://repo1.maven.org/maven2/org/apache/spark/spark-sql_2.13/{VERSION}/spark-sql_2.13-{VERSION}-tests.jar"
SHA1 = "d1eebca6c803513366838ec10ed1dfe5b4d3243a"
TABLES = {
    "tpch": "customer lineitem nation orders part partsupp region supplier".split(),
    "tpcds": (
        "call_center catalog_page catalog_returns catalog_sales customer customer_address customer_demographics "
        "date_dim household_demographics income_band inventory item promotion reason ship_mode store store_returns "
        "store_sales time_dim warehouse web_page web_returns web_sales web_site"
    ).split(),
}


def cache_folder():
    folder = Path(os.environ.get("HEARTH_CACHE") or Path.home() / ".cache" / "hearth")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def archive():
    """The tests archive, fetched when it is not there."""
    path = cache_folder() / f"spark-sql-{VERSION}-tests.jar"
    if not path.exists():
        part = path.with_suffix(f".{os.getpid()}.part")
        urllib.request.urlretrieve(ARCHIVE, part)
        found = hashlib.sha1(part.read_bytes()).hexdigest()
        if found != SHA1:
            part.unlink()
            raise SystemExit(f"{ARCHIVE} has SHA-1 {found}, expected {SHA1}")
        part.rename(path)
    return path


def load(suite):
    """{name: SQL text} of one suite, in the order of the specification."""
    with zipfile.ZipFile(archive()) as jar:
        names = [n for n in jar.namelist() if re.fullmatch(rf"{suite}/q\d+[a-z]?\.sql", n)]
        texts = {Path(n).stem: jar.read(n).decode() for n in names}
    return dict(sorted(texts.items(), key=lambda item: order(item[0])))


def order(name):
    number, letter = re.fullmatch(r"q(\d+)([a-z]?)", name).groups()
    return int(number), letter
