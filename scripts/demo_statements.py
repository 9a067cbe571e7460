"""The statements of scripts/demo: each is printed, then run with the stock databricks-sdk given a URL."""

import sys
import time

from databricks.sdk import WorkspaceClient
from databricks.sdk.service.sql import StatementParameterListItem, StatementState

STEPS = [
    ("A parameter", "select :name as greeting", [StatementParameterListItem(name="name", value="Hello from Hearth")]),
    ("The sample tables", "select o_orderpriority, count(*) as orders from samples.tpch.orders group by all order by 1", []),
    ("What is there", "select table_catalog, count(*) as tables from system.information_schema.tables group by all order by 1", []),
]


def main():
    client = WorkspaceClient(host=sys.argv[1], token="any")
    [warehouse] = [one.id for one in client.warehouses.list() if one.name == "default"]
    for title, statement, parameters in STEPS:
        print(f"\n-- {title}\n>>> {statement}")
        began = time.perf_counter()
        answer = client.statement_execution.execute_statement(statement, warehouse, parameters=parameters)
        if answer.status.state != StatementState.SUCCEEDED:
            sys.exit(f"the statement is {answer.status}")
        print([column.name for column in answer.manifest.schema.columns])
        for row in answer.result.data_array:
            print(row)
        print(f"({(time.perf_counter() - began) * 1000:.0f} ms)")


if __name__ == "__main__":
    main()
