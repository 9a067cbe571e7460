"""execute-plan: one message with everything in it, whatever the plan; the same request twice; errors as Spark tells them."""

import json
import threading
import uuid

import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest
from harness.connect_rest import SLOW, ConnectRest, Failure, sql, sql_command, table
from harness.wire import anonymous, error_info


def test_one_message_has_schema_and_rows(rest):
    request = rest.plan("select id, 'x' as t from range(3)")
    answer = rest.answer("execute-plan", request)
    assert [field.name for field in answer.schema.struct.fields] == ["id", "t"]
    assert answer.arrow_batch.row_count == 3
    assert (answer.session_id, answer.operation_id) == (rest.session_id, request.operation_id)
    assert answer.response_id
    assert rest.rows(answer) == [{"id": 0, "t": "x"}, {"id": 1, "t": "x"}, {"id": 2, "t": "x"}]


def test_operation_id_is_made_where_there_is_none(rest):
    request = rest.plan("select 1 as a")
    request.ClearField("operation_id")
    first, second = rest.answer("execute-plan", request), rest.answer("execute-plan", request)
    assert uuid.UUID(first.operation_id) and first.operation_id != second.operation_id


@pytest.mark.parametrize("reattachable", [True, False])
def test_reattachable_or_not(rest, reattachable):
    assert rest.rows(rest.run("select 1 as a", reattachable=reattachable)) == [{"a": 1}]


@pytest.mark.parametrize("text", ["select 1 as a where false", "select id, cast(null as struct<x: array<int>>) as s from range(0)"])
def test_empty_result_has_one_batch(rest, text):
    answer = rest.run(text)
    assert answer.WhichOneof("response_type") == "arrow_batch"
    assert answer.arrow_batch.row_count == 0
    assert table(answer).num_rows == 0
    assert len(answer.schema.struct.fields) == len(table(answer).schema)


@pytest.mark.parametrize("rows,slices", [(5, 3), (100_000, 8), (2_000_000, 4)])
def test_all_rows_in_one_record_batch(rest, rows, slices):
    plan = pb.Plan(root=pb.Relation(range=pb.Range(start=0, end=rows, step=1, num_partitions=slices)))
    answer = rest.run(plan)
    with pa.ipc.open_stream(answer.arrow_batch.data) as reader:
        [batch] = list(reader)
    assert len(batch) == answer.arrow_batch.row_count == rows
    assert sorted(batch.column(0).to_pylist()[:: max(1, rows // 1000)]) == list(range(rows))[:: max(1, rows // 1000)] or rows == 5


def test_wishes_for_chunks_change_nothing(rest):
    request = rest.plan("select id, repeat('x', 100) as t from range(200000)")
    options = request.request_options.add().result_chunking_options
    options.allow_arrow_batch_chunking = True
    options.preferred_arrow_chunk_size = 1000
    answer = rest.answer("execute-plan", request)
    assert answer.arrow_batch.row_count == 200_000 and table(answer).num_rows == 200_000


def test_types_survive(rest):
    """One batch of everything: joining batches of nested and dictionary columns is where it could go wrong."""
    text = """select id, cast(id as decimal(20, 4)) as d, array(id, null) as a, map('k', id) as m, named_struct('x', id, 'y', array('z')) as s,
              timestamp'2024-01-01 00:00:00' as ts, date'2024-02-03' as dt, cast('b' as binary) as b, interval '1' day as i, if(id % 2 = 0, null, 'odd') as n
              from range(0, 20000, 1, 7)"""
    answer = rest.run(text)
    rows = sorted(table(answer).to_pylist(), key=lambda row: row["id"])
    assert len(rows) == 20_000
    assert rows[19_999]["a"] == [19_999, None] and rows[19_999]["m"] == [("k", 19_999)] and rows[19_999]["s"] == {"x": 19_999, "y": ["z"]}
    assert [row["n"] for row in rows[:3]] == [None, "odd", None]


@pytest.mark.parametrize("text,key", [("select 2 as a", None), ("create or replace temporary view v as select 1 as a", None), ("set spark.sql.ansi.enabled=true", "k")])
def test_sql_command_answers_with_a_relation(rest, text, key):
    answer = rest.run(sql_command(text))
    assert answer.WhichOneof("response_type") == "sql_command_result"
    relation = answer.sql_command_result.relation
    again = rest.run(pb.Plan(root=relation))
    assert again.WhichOneof("response_type") == "arrow_batch"


def test_commands_without_a_result_are_complete(rest):
    view = pb.CreateDataFrameViewCommand(input=pb.Relation(sql=pb.SQL(query="select 7 as a")), name="made", replace=True)
    answer = rest.run(pb.Plan(command=pb.Command(create_dataframe_view=view)))
    assert answer.WhichOneof("response_type") == "result_complete"
    assert rest.rows("select * from made") == [{"a": 7}]


def test_observed_metrics_come_along(rest):
    count = pb.Expression(alias=pb.Expression.Alias(name=["n"], expr=pb.Expression(unresolved_function=pb.Expression.UnresolvedFunction(
        function_name="count", arguments=[pb.Expression(literal=pb.Expression.Literal(integer=1))]))))
    numbers = pb.Relation(range=pb.Range(start=0, end=11, step=1))
    answer = rest.run(pb.Plan(root=pb.Relation(collect_metrics=pb.CollectMetrics(input=numbers, name="seen", metrics=[count]))))
    [metric] = answer.observed_metrics
    assert metric.name == "seen" and list(metric.keys) == ["n"] and metric.values[0].long == 11
    assert answer.arrow_batch.row_count == 11


# The same request again.


def test_same_request_again_is_not_run_again(rest):
    """The published client repeats a POST after 429, 503 and 504."""
    request = rest.plan("select rand() as r, uuid() as u")
    answers = [rest.answer("execute-plan", request) for _ in range(3)]
    assert len({table(answer).to_pydict()["u"][0] for answer in answers}) == 1
    assert len({answer.operation_id for answer in answers}) == 1


def test_same_command_again_is_not_run_again(rest):
    name = f"t_{uuid.uuid4().hex}"
    request = rest.plan(sql_command(f"create table {name} as select 1 as a"))
    try:
        for _ in range(2):
            assert rest.answer("execute-plan", request).WhichOneof("response_type") == "sql_command_result"
    finally:
        rest.run(sql_command(f"drop table if exists {name}"))


def test_same_request_at_the_same_time_is_run_once(server, rest):
    request = rest.plan("select uuid() as u, count(*) as n from range(6000000) where hash(id) % 11 = 5")
    found, clients = [], [ConnectRest(server, session_id=rest.session_id) for _ in range(6)]

    def send(client):
        found.append(client.answer("execute-plan", request))

    threads = [threading.Thread(target=send, args=(client,)) for client in clients]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(found) == 6 and len({table(answer).to_pydict()["u"][0] for answer in found}) == 1


def test_same_failed_request_fails_the_same(rest):
    request = rest.plan("select 1 / 0")
    first, second = (rest.status("execute-plan", request) for _ in range(2))
    assert first.condition == second.condition == "DIVIDE_BY_ZERO"


def test_other_work_under_the_same_id_is_a_clash(rest):
    operation = str(uuid.uuid4())
    rest.run("select 1 as a", operation_id=operation)
    failure = rest.failure("select 2 as a", operation_id=operation)
    assert failure.condition == "INVALID_HANDLE.OPERATION_ALREADY_EXISTS", failure


def test_released_work_cannot_be_sent_again(rest):
    request = rest.plan("select 1 as a")
    rest.answer("execute-plan", request)
    rest.answer("release-execute", rest.fill(pb.ReleaseExecuteRequest(operation_id=request.operation_id, release_all={})))
    assert rest.status("execute-plan", request).condition == "INVALID_HANDLE.OPERATION_ABANDONED"


# Errors.

FAILING = ["select nope from values (1) as t(a)", "select * from no_such_table", "selec 1", "select 1 / 0", "select cast('x' as int)",
           "select no_such_function(1)", "select 1 + array(1)", "insert into no_such_table values (1)", "select raise_error('own')"]


@pytest.mark.parametrize("text", FAILING)
def test_errors_are_those_of_grpc(rest, text):
    """Spark-level errors are 200 with the very status that gRPC ends with."""
    import grpc
    from grpc_status import rpc_status

    plan = sql(text)
    failure = rest.failure(plan)
    with pytest.raises(grpc.RpcError) as caught:
        list(rest.wire.execute(plan))
    status = rpc_status.from_call(caught.value)
    assert (failure.code, anonymous(failure.message)) == (status.code, anonymous(status.message))
    expected = dict(error_info(caught.value).metadata)
    assert set(failure.metadata) == set(expected)
    for metadata in (expected, failure.metadata):
        metadata.pop("errorId", None)
        metadata["messageParameters"] = json.loads(metadata.get("messageParameters", "{}"))
    assert failure.metadata == expected
    assert failure.code == 13


def test_error_details_can_be_fetched(rest):
    failure = rest.failure("select 10 / (1 - 1) as q")
    details = rest.bare("fetch-error-details", rest.fill(pb.FetchErrorDetailsRequest(error_id=failure.error_id)))
    assert details.errors[0].spark_throwable.error_class == "DIVIDE_BY_ZERO"
    assert details.errors[0].spark_throwable.query_contexts[0].fragment == "10 / (1 - 1)"


@pytest.mark.parametrize("session", ["", "not a uuid", "x" * 5000])
def test_bad_session_ids(rest, session):
    request = rest.plan("select 1")
    request.session_id = session
    failure = rest.status("execute-plan", request)
    assert failure.condition == "INVALID_HANDLE.FORMAT", failure


def test_bad_operation_id(rest):
    assert rest.failure("select 1", operation_id="not a uuid").condition == "INVALID_HANDLE.FORMAT"


def test_observed_session_that_changed(rest):
    rest.run("select 1")
    request = rest.plan("select 1")
    request.client_observed_server_side_session_id = str(uuid.uuid4())
    assert rest.status("execute-plan", request).condition == "INVALID_HANDLE.SESSION_CHANGED"


def test_closed_session(rest):
    rest.run("select 1")
    rest.bare("release-session", rest.fill(pb.ReleaseSessionRequest()))
    assert rest.failure("select 1").condition == "INVALID_HANDLE.SESSION_CLOSED"


def test_plans_that_make_no_sense(rest):
    for plan in (pb.Plan(), pb.Plan(root=pb.Relation()), pb.Plan(command=pb.Command()), pb.Plan(root=pb.Relation(filter=pb.Filter()))):
        failure = rest.failure(plan)
        assert failure.code == 13, failure


def test_interrupted_from_elsewhere(server, rest):
    request, found = rest.plan(SLOW, tags=["slow"]), []
    thread = threading.Thread(target=lambda: found.append(ConnectRest(server, session_id=rest.session_id).call("execute-plan", request)))
    thread.start()
    interrupted = []
    while not interrupted:
        asked = rest.fill(pb.InterruptRequest(interrupt_type="INTERRUPT_TYPE_TAG", operation_tag="slow"))
        interrupted = list(rest.answer("interrupt", asked).interrupted_ids)
    thread.join(30)
    assert interrupted == [request.operation_id]
    assert Failure(found[0]).condition == "OPERATION_CANCELED", Failure(found[0])
