"""The 22 TPC-H and 99 TPC-DS queries (103 texts: four have two parts), in `tpch/` and `tpcds/` beside this file."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLES = {
    "tpch": "customer lineitem nation orders part partsupp region supplier".split(),
    "tpcds": (
        "call_center catalog_page catalog_returns catalog_sales customer customer_address customer_demographics "
        "date_dim household_demographics income_band inventory item promotion reason ship_mode store store_returns "
        "store_sales time_dim warehouse web_page web_returns web_sales web_site"
    ).split(),
}


def load(suite):
    """{name: SQL text} of one suite, in the order of the specification."""
    paths = sorted((HERE / suite).glob("q*.sql"), key=lambda path: number(path.stem))
    return {path.stem: path.read_text().strip() for path in paths}


def number(name):
    digits, letter = re.fullmatch(r"q(\d+)([a-z]?)", name).groups()
    return int(digits), letter
