"""What each RPC answers, recorded from real Spark: config, analyze, errors, sessions, artifacts."""

import uuid
import zlib

import grpc
import pyspark.sql.connect.proto as pb
from harness import rendering
from harness.cases import Cases
from harness.wire import anonymous, consume, error_info, failure, sql, sql_command

cases = Cases("rpc")
add = cases.add
OPTION = pb.ConfigRequest


def pairs(response):
    return [[p.key, p.value if p.HasField("value") else None] for p in response.pairs]


def kv(**items):
    return [pb.KeyValue(key=key.replace("__", "."), value=value) for key, value in items.items()]


# Config.


@add
def config_set_get_unset(w):
    w.config(set=OPTION.Set(pairs=kv(spark__sql__shuffle__partitions="7")))
    first = pairs(w.config(get=OPTION.Get(keys=["spark.sql.shuffle.partitions"])))
    w.config(unset=OPTION.Unset(keys=["spark.sql.shuffle.partitions"]))
    return str(first)


@add
def config_get_defaults(w):
    keys = ["spark.sql.ansi.enabled", "spark.sql.caseSensitive", "spark.sql.adaptive.enabled",
            "spark.sql.sources.default", "spark.sql.execution.arrow.maxRecordsPerBatch", "spark.sql.timestampType",
            "spark.sql.legacy.timeParserPolicy", "spark.sql.optimizer.maxIterations", "spark.sql.storeAssignmentPolicy",
            "spark.sql.sources.partitionOverwriteMode", "spark.sql.parquet.compression.codec", "spark.sql.groupByOrdinal",
            "spark.sql.orderByOrdinal", "spark.sql.crossJoin.enabled", "spark.sql.autoBroadcastJoinThreshold"]
    return str(pairs(w.config(get=OPTION.Get(keys=keys))))


@add
def config_get_unknown_key(w):
    return failure(lambda: w.config(get=OPTION.Get(keys=["no.such.key"])))


@add
def config_get_with_default(w):
    return str(pairs(w.config(get_with_default=OPTION.GetWithDefault(pairs=kv(no__such__key="d", spark__sql__ansi__enabled="false")))))


@add
def config_get_option(w):
    return str(pairs(w.config(get_option=OPTION.GetOption(keys=["no.such.key", "spark.sql.ansi.enabled"]))))


@add
def config_get_all_with_prefix(w):
    w.config(set=OPTION.Set(pairs=kv(my__pre__a="1", my__pre__b="2")))
    return str(sorted(pairs(w.config(get_all=OPTION.GetAll(prefix="my.pre.")))))


@add
def config_is_modifiable(w):
    keys = ["spark.sql.ansi.enabled", "spark.driver.memory", "spark.sql.warehouse.dir", "no.such.key", "spark.sql.catalogImplementation"]
    return str(pairs(w.config(is_modifiable=OPTION.IsModifiable(keys=keys))))


@add
def config_set_unknown_key_is_kept(w):
    w.config(set=OPTION.Set(pairs=kv(my__key="v")))
    return str(pairs(w.config(get=OPTION.Get(keys=["my.key"]))))


@add
def config_set_static_key(w):
    return failure(lambda: w.config(set=OPTION.Set(pairs=kv(spark__sql__warehouse__dir="/x"))))


@add
def config_set_core_key(w):
    return failure(lambda: w.config(set=OPTION.Set(pairs=kv(spark__driver__memory="1g"))))


@add
def config_set_core_key_silently(w):
    response = w.config(set=OPTION.Set(pairs=kv(spark__driver__memory="1g"), silent=True))
    return str([pairs(response), [bool(text) for text in response.warnings]])


@add
def config_set_bad_boolean(w):
    return failure(lambda: w.config(set=OPTION.Set(pairs=kv(spark__sql__ansi__enabled="maybe"))))


@add
def config_set_bad_number(w):
    return failure(lambda: w.config(set=OPTION.Set(pairs=kv(spark__sql__shuffle__partitions="-3"))))


@add
def config_set_bad_zone(w):
    return failure(lambda: w.config(set=OPTION.Set(pairs=kv(spark__sql__session__timeZone="Moon/Base"))))


@add
def config_set_without_value(w):
    return failure(lambda: w.config(set=OPTION.Set(pairs=[pb.KeyValue(key="a")])))


@add
def config_no_operation(w):
    return failure(lambda: w.config())


@add
def config_unset_static_key(w):
    return failure(lambda: w.config(unset=OPTION.Unset(keys=["spark.sql.warehouse.dir"])))


@add
def config_get_removed_or_deprecated_key(w):
    response = w.config(set=OPTION.Set(pairs=kv(spark__sql__execution__arrow__enabled="true")))
    return str([bool(text) for text in response.warnings])


# Analyze.

ANALYZE = pb.AnalyzePlanRequest


def schema_of(response):
    return ", ".join(f"{f.name} {rendering.column_text(f)}" for f in response.schema.schema.struct.fields)


@add
def analyze_schema(w):
    return schema_of(w.analyze(schema=ANALYZE.Schema(plan=sql("select 1 a, 'x' b, array(1.5) c"))))


@add
def analyze_schema_error(w):
    return failure(lambda: w.analyze(schema=ANALYZE.Schema(plan=sql("select nope from values (1) as t(yes)"))))


@add
def analyze_tree_string(w):
    plan = sql("select 1 a, named_struct('b', array(map('k', 1))) c")
    return [w.analyze(tree_string=ANALYZE.TreeString(plan=plan)).tree_string.tree_string, w.analyze(tree_string=ANALYZE.TreeString(plan=plan, level=1)).tree_string.tree_string]


@add
def analyze_is_local_and_streaming(w):
    plan = sql("select id from range(3)")
    return str([w.analyze(is_streaming=ANALYZE.IsStreaming(plan=plan)).is_streaming.is_streaming])


@add
def analyze_input_files_of_no_file(w):
    return str(list(w.analyze(input_files=ANALYZE.InputFiles(plan=sql("select 1"))).input_files.files))


@add
def analyze_spark_version(w):
    return str(w.analyze(spark_version=ANALYZE.SparkVersion()).spark_version.version.startswith("4.2"))


@add
def analyze_ddl_parse(w):
    parsed = w.analyze(ddl_parse=ANALYZE.DDLParse(ddl_string="a int not null comment 'k', b array<struct<x: decimal(5,2)>>, c map<string, timestamp_ntz>")).ddl_parse.parsed
    single = w.analyze(ddl_parse=ANALYZE.DDLParse(ddl_string="array<int>")).ddl_parse.parsed
    return [rendering.type_text(parsed), rendering.type_text(single), str([(f.name, f.nullable, f.metadata) for f in parsed.struct.fields])]


@add
def analyze_ddl_parse_error(w):
    return failure(lambda: w.analyze(ddl_parse=ANALYZE.DDLParse(ddl_string="a nosuchtype")))


@add
def analyze_same_semantics(w):
    a, b = sql("select id + 1 as x from range(5)"), sql("select id + 1 as y from range(5)")
    c = sql("select id + 2 as x from range(5)")
    return str([w.analyze(same_semantics=ANALYZE.SameSemantics(target_plan=a, other_plan=o)).same_semantics.result for o in (a, b, c)])


@add
def analyze_semantic_hash_is_stable(w):
    a = sql("select id + 1 as x from range(5)")
    first, second = (w.analyze(semantic_hash=ANALYZE.SemanticHash(plan=a)).semantic_hash.result for _ in range(2))
    return str(first == second)


@add
def analyze_persist_and_storage_level(w):
    relation = pb.Relation(range=pb.Range(start=0, end=10, step=1))
    relation.common.plan_id = 0
    def level():
        l = w.analyze(get_storage_level=ANALYZE.GetStorageLevel(relation=relation)).get_storage_level.storage_level
        return [l.use_disk, l.use_memory, l.use_off_heap, l.deserialized, l.replication]
    before = level()
    w.analyze(persist=ANALYZE.Persist(relation=relation))
    default = level()
    w.analyze(unpersist=ANALYZE.Unpersist(relation=relation, blocking=True))
    w.analyze(persist=ANALYZE.Persist(relation=relation, storage_level=pb.StorageLevel(use_disk=True, replication=1)))
    disk = level()
    w.analyze(unpersist=ANALYZE.Unpersist(relation=relation))
    return str([before, default, disk, level()])


@add(since=(4, 0))
def analyze_json_to_ddl(w):
    text = '{"type":"struct","fields":[{"name":"a","type":"integer","nullable":true,"metadata":{}}]}'
    return w.analyze(json_to_ddl=ANALYZE.JsonToDDL(json_string=text)).json_to_ddl.ddl_string


@add
def analyze_explain_modes_answer(w):
    modes = ("SIMPLE", "EXTENDED", "CODEGEN", "COST", "FORMATTED")
    return str([bool(w.analyze(explain=ANALYZE.Explain(plan=sql("select 1"), explain_mode=f"EXPLAIN_MODE_{m}")).explain.explain_string) for m in modes])


@add
def analyze_explain_unspecified_mode(w):
    return failure(lambda: w.analyze(explain=ANALYZE.Explain(plan=sql("select 1"))))


@add
def analyze_nothing(w):
    return failure(lambda: w.analyze())


# Execute: shapes of the stream, and requests that are refused.


def kinds(responses):
    return [r.WhichOneof("response_type") or ("schema" if r.HasField("schema") else "metrics") for r in responses]


@add
def execute_stream_has_schema_batch_complete(w):
    responses = consume(w.execute(sql("select 1 as a")))
    seen = [k for k in kinds(responses) if k not in ("metrics", "execution_progress")]
    return str([seen, schema_texts(responses)])


def schema_texts(responses):
    return [", ".join(f"{f.name} {rendering.column_text(f)}" for f in r.schema.struct.fields) for r in responses if r.HasField("schema")]


@add
def execute_not_reattachable_has_no_result_complete(w):
    responses = consume(w.execute(sql("select 1 as a"), reattachable=False))
    return str([k for k in kinds(responses) if k not in ("metrics", "execution_progress")])


@add
def execute_of_no_rows_sends_a_batch(w):
    responses = consume(w.execute(sql("select 1 as a where false")))
    return str([r.arrow_batch.row_count for r in responses if r.HasField("arrow_batch")])


@add
def execute_sql_command_of_a_query_returns_a_relation(w):
    responses = consume(w.execute(sql_command("select 1 as a")))
    return str([r.sql_command_result.relation.WhichOneof("rel_type") for r in responses if r.HasField("sql_command_result")])


@add
def execute_sql_command_of_a_statement_runs_it(w):
    responses = consume(w.execute(sql_command("create or replace temporary view wv as select 7 as x")))
    first = [r.sql_command_result.relation.WhichOneof("rel_type") for r in responses if r.HasField("sql_command_result")]
    return str([first, [r.arrow_batch.row_count for r in consume(w.execute(sql("select * from wv"))) if r.HasField("arrow_batch")]])


@add
def execute_response_ids_are_distinct(w):
    responses = consume(w.execute(sql("select id from range(10)")))
    ids = [r.response_id for r in responses]
    return str([len(ids) == len(set(ids)), all(ids), len({r.operation_id for r in responses}), {r.session_id for r in responses} == {w.session_id}])


@add
def execute_empty_plan(w):
    return failure(lambda: consume(w.execute(pb.Plan())))


@add
def execute_empty_relation(w):
    return failure(lambda: consume(w.execute(pb.Plan(root=pb.Relation()))))


@add
def execute_relation_with_missing_child(w):
    return failure(lambda: consume(w.execute(pb.Plan(root=pb.Relation(limit=pb.Limit(limit=1))))))


@add
def execute_empty_command(w):
    return failure(lambda: consume(w.execute(pb.Plan(command=pb.Command()))))


@add
def execute_bad_operation_id(w):
    return failure(lambda: consume(w.execute(sql("select 1"), operation_id="not-a-uuid")))


@add
def execute_bad_session_id(w):
    w.session_id = "not-a-uuid"
    return failure(lambda: consume(w.execute(sql("select 1"))))


@add
def execute_empty_session_id(w):
    w.session_id = ""
    return failure(lambda: consume(w.execute(sql("select 1"))))


@add
def execute_bad_tag(w):
    return [failure(lambda: consume(w.execute(sql("select 1"), tags=["a,b"]))), failure(lambda: consume(w.execute(sql("select 1"), tags=[""])))]


@add
def execute_with_wrong_server_side_session(w):
    consume(w.execute(sql("select 1")))
    request = w.execute_request(sql("select 1"))
    request.client_observed_server_side_session_id = str(uuid.uuid4())
    return failure(lambda: consume(w.stub.ExecutePlan(request)))


@add
def execute_with_right_server_side_session(w):
    first = consume(w.execute(sql("select 1")))[0].server_side_session_id
    request = w.execute_request(sql("select 1"))
    request.client_observed_server_side_session_id = first
    again = consume(w.stub.ExecutePlan(request))[0].server_side_session_id
    return str([bool(first), first == again])


@add
def execute_same_operation_id_after_it_finished(w):
    operation = str(uuid.uuid4())
    consume(w.execute(sql("select 1"), operation_id=operation))
    return failure(lambda: consume(w.execute(sql("select 1"), operation_id=operation)))


@add
def execute_same_operation_id_of_another_plan(w):
    operation = str(uuid.uuid4())
    consume(w.execute(sql("select 1"), operation_id=operation))
    return failure(lambda: consume(w.execute(sql("select 2"), operation_id=operation)))


@add
def execute_same_operation_id_after_release(w):
    operation = str(uuid.uuid4())
    consume(w.execute(sql("select 1"), operation_id=operation))
    w.release(operation)
    return failure(lambda: consume(w.execute(sql("select 1"), operation_id=operation)))


@add
def execute_errors(w):
    texts = ["select", "select nope", "select * from nope", "select 1/0", "select cast('x' as int)", "select nofn(1)", "select assert_true(false)"]
    return [failure(lambda: consume(w.execute(sql(text)))) for text in texts]


# Reattach and release.


@add
def reattach_unknown_operation(w):
    consume(w.execute(sql("select 1")))
    return failure(lambda: consume(w.reattach(str(uuid.uuid4()))))


@add
def reattach_in_unknown_session(w):
    return failure(lambda: consume(w.reattach(str(uuid.uuid4()))))


@add
def reattach_bad_operation_id(w):
    return failure(lambda: consume(w.reattach("nope")))


@add
def reattach_not_reattachable(w):
    operation = str(uuid.uuid4())
    consume(w.execute(sql("select 1"), operation_id=operation, reattachable=False))
    return failure(lambda: consume(w.reattach(operation)))


@add
def reattach_unknown_response_id(w):
    operation = str(uuid.uuid4())
    consume(w.execute(sql("select 1"), operation_id=operation))
    return failure(lambda: consume(w.reattach(operation, str(uuid.uuid4()))))


@add
def reattach_after_release_all(w):
    operation = str(uuid.uuid4())
    consume(w.execute(sql("select 1"), operation_id=operation))
    w.release(operation)
    return failure(lambda: consume(w.reattach(operation)))


@add
def reattach_before_released_response(w):
    operation = str(uuid.uuid4())
    responses = consume(w.execute(sql("select 1"), operation_id=operation))
    w.release(operation, until=responses[-2].response_id)
    return failure(lambda: consume(w.reattach(operation)))


@add
def release_unknown_operation(w):
    consume(w.execute(sql("select 1")))
    response = w.release(str(uuid.uuid4()))
    return str([response.HasField("operation_id"), response.session_id == w.session_id])


@add
def release_twice(w):
    operation = str(uuid.uuid4())
    consume(w.execute(sql("select 1"), operation_id=operation))
    return str([w.release(operation).operation_id == operation, w.release(operation).HasField("operation_id")])


@add
def release_in_unknown_session(w):
    return failure(lambda: w.release(str(uuid.uuid4())))


@add
def release_nothing_named(w):
    consume(w.execute(sql("select 1")))
    operation = str(uuid.uuid4())
    consume(w.execute(sql("select 1"), operation_id=operation))
    return failure(lambda: w.stub.ReleaseExecute(w.fill(pb.ReleaseExecuteRequest(operation_id=operation))))


# Interrupt.


@add
def interrupt_nothing_running(w):
    consume(w.execute(sql("select 1")))
    return str(list(w.interrupt("INTERRUPT_TYPE_ALL").interrupted_ids))


@add
def interrupt_unspecified(w):
    return failure(lambda: w.interrupt("INTERRUPT_TYPE_UNSPECIFIED"))


@add
def interrupt_tag_without_tag(w):
    return failure(lambda: w.interrupt("INTERRUPT_TYPE_TAG"))


@add
def interrupt_operation_without_id(w):
    return failure(lambda: w.interrupt("INTERRUPT_TYPE_OPERATION_ID"))


@add
def interrupt_bad_tag(w):
    return failure(lambda: w.interrupt("INTERRUPT_TYPE_TAG", tag="a,b"))


@add
def interrupt_unknown_operation(w):
    return str(list(w.interrupt("INTERRUPT_TYPE_OPERATION_ID", operation_id=str(uuid.uuid4())).interrupted_ids))


# Sessions.


@add
def session_released_is_closed(w):
    consume(w.execute(sql("select 1")))
    w.stub.ReleaseSession(w.fill(pb.ReleaseSessionRequest()))
    return [failure(lambda: consume(w.execute(sql("select 1")))), failure(lambda: w.config(get_all=OPTION.GetAll())), failure(lambda: w.analyze(spark_version=ANALYZE.SparkVersion()))]


@add
def session_released_twice(w):
    consume(w.execute(sql("select 1")))
    w.stub.ReleaseSession(w.fill(pb.ReleaseSessionRequest()))
    return failure(lambda: w.stub.ReleaseSession(w.fill(pb.ReleaseSessionRequest())))


@add
def session_released_before_it_existed(w):
    first = failure(lambda: w.stub.ReleaseSession(w.fill(pb.ReleaseSessionRequest())))
    return [first, failure(lambda: consume(w.execute(sql("select 1"))))]


@add(since=(4, 0))
def session_released_with_reconnect(w):
    first = consume(w.execute(sql("select 1")))[0].server_side_session_id
    w.config(set=OPTION.Set(pairs=kv(my__key="1")))
    w.stub.ReleaseSession(w.fill(pb.ReleaseSessionRequest(allow_reconnect=True)))
    second = consume(w.execute(sql("select 1")))[0].server_side_session_id
    return str([first != second, pairs(w.config(get_option=OPTION.GetOption(keys=["my.key"])))])


@add
def session_is_of_one_user(w):
    w.config(set=OPTION.Set(pairs=kv(my__key="1")))
    w.user = "someone-else"
    return str(pairs(w.config(get_option=OPTION.GetOption(keys=["my.key"]))))


@add
def session_without_user(w):
    w.user = ""
    return str(len(consume(w.execute(sql("select 1")))) > 1)


@add(since=(4, 1))
def clone_session_copies_state(w):
    consume(w.execute(sql_command("create temporary view cv as select 5 as x")))
    w.config(set=OPTION.Set(pairs=kv(my__key="1")))
    response = w.stub.CloneSession(w.fill(pb.CloneSessionRequest()))
    source, copy = w.session_id, response.new_session_id
    w.session_id = copy
    seen = pairs(w.config(get=OPTION.Get(keys=["my.key"]))), [r.arrow_batch.row_count for r in consume(w.execute(sql("select * from cv"))) if r.HasField("arrow_batch")]
    w.config(set=OPTION.Set(pairs=kv(my__key="2")))
    w.session_id = source
    return str([copy != source, seen, pairs(w.config(get=OPTION.Get(keys=["my.key"])))])


@add(since=(4, 1))
def clone_session_errors(w):
    unknown = failure(lambda: w.stub.CloneSession(w.fill(pb.CloneSessionRequest())))
    consume(w.execute(sql("select 1")))
    bad = failure(lambda: w.stub.CloneSession(w.fill(pb.CloneSessionRequest(new_session_id="nope"))))
    same = failure(lambda: w.stub.CloneSession(w.fill(pb.CloneSessionRequest(new_session_id=w.session_id))))
    return [unknown, bad, same]


@add(since=(4, 2))
def get_status_of_operations(w):
    done, failed = str(uuid.uuid4()), str(uuid.uuid4())
    consume(w.execute(sql("select 1"), operation_id=done))
    failure(lambda: consume(w.execute(sql("select 1/0"), operation_id=failed)))
    request = w.fill(pb.GetStatusRequest())
    request.operation_status.operation_ids.extend([done, failed, str(uuid.uuid4())])
    names = pb.GetStatusResponse.OperationStatus.OperationState.Name
    return str([names(s.state) for s in w.stub.GetStatus(request).operation_statuses])


@add(since=(4, 2))
def get_status_of_released_operation(w):
    done = str(uuid.uuid4())
    consume(w.execute(sql("select 1"), operation_id=done))
    w.release(done)
    request = w.fill(pb.GetStatusRequest())
    request.operation_status.operation_ids.append(done)
    names = pb.GetStatusResponse.OperationStatus.OperationState.Name
    return str([names(s.state) for s in w.stub.GetStatus(request).operation_statuses])


@add(since=(4, 2))
def get_status_in_unknown_session(w):
    return failure(lambda: w.stub.GetStatus(w.fill(pb.GetStatusRequest())))


# Error details.


def details(w, text):
    try:
        consume(w.execute(sql(text)))
    except grpc.RpcError as error:
        response = w.details(error)
        root = response.errors[response.root_error_idx]
        thrown = root.spark_throwable
        contexts = [[c.fragment, c.start_index, c.stop_index, c.object_type] for c in thrown.query_contexts]
        return anonymous(str([thrown.error_class, thrown.sql_state, {k: thrown.message_parameters[k] for k in sorted(thrown.message_parameters)}, contexts,
                              root.error_type_hierarchy[0].split(".")[-1], bool(root.message), root.HasField("cause_idx")]))
    return "no error"


@add(since=(4, 0))
def error_details(w):
    return [details(w, text) for text in ("select 1/0 as x", "select 'a' as b, cast('x' as int) + 1 from range(1)", "select * from nope", "select a b c", "select array(1)[3]")]


@add
def error_details_of_unknown_id(w):
    consume(w.execute(sql("select 1")))
    response = w.stub.FetchErrorDetails(w.fill(pb.FetchErrorDetailsRequest(error_id=str(uuid.uuid4()))))
    return str([len(response.errors), response.HasField("root_error_idx")])


@add
def error_info_fields(w):
    try:
        consume(w.execute(sql("select 1/0")))
    except grpc.RpcError as error:
        info = error_info(error)
        return str([info.reason.split(".")[-1], info.domain, sorted(info.metadata)])


# Artifacts.


def chunk(data, crc=None):
    return pb.AddArtifactsRequest.ArtifactChunk(data=data, crc=zlib.crc32(data) if crc is None else crc)


def batch(w, *artifacts):
    single = pb.AddArtifactsRequest.SingleChunkArtifact
    return w.fill(pb.AddArtifactsRequest(batch=pb.AddArtifactsRequest.Batch(artifacts=[single(name=n, data=c) for n, c in artifacts])))


def summaries(response):
    return [[a.name, a.is_crc_successful] for a in response.artifacts]


def add_all(w, *requests):
    return w.stub.AddArtifacts(iter(requests), timeout=30)


def cache_name(data):
    import hashlib
    return "cache/" + hashlib.sha256(data).hexdigest()


def statuses(w, *names):
    response = w.stub.ArtifactStatus(w.fill(pb.ArtifactStatusesRequest(names=list(names))))
    return [response.statuses[name].exists for name in names]


@add
def artifact_batch(w):
    data = uuid.uuid4().bytes
    before = statuses(w, cache_name(data))
    added = summaries(add_all(w, batch(w, (cache_name(data), chunk(data)))))
    return str([before, [ok for _, ok in added], statuses(w, cache_name(data), "cache/" + "0" * 64)])


@add
def artifact_file_and_pyfile(w):
    unique = str(uuid.uuid4())
    added = summaries(add_all(w, batch(w, (f"files/{unique}.txt", chunk(b"hello")), (f"pyfiles/{unique}.py", chunk(b"x = 1\n")))))
    return anonymous(str(added))


@add
def artifact_chunked(w):
    parts = [b"a" * 1000, b"b" * 1000, b"c" * 500]
    data = b"".join(parts)
    begin = pb.AddArtifactsRequest.BeginChunkedArtifact(name=cache_name(data), total_bytes=len(data), num_chunks=3, initial_chunk=chunk(parts[0]))
    requests = [w.fill(pb.AddArtifactsRequest(begin_chunk=begin))] + [w.fill(pb.AddArtifactsRequest(chunk=chunk(p))) for p in parts[1:]]
    return str([[ok for _, ok in summaries(add_all(w, *requests))], statuses(w, cache_name(data))])


@add
def artifact_wrong_crc(w):
    data = uuid.uuid4().bytes
    added = summaries(add_all(w, batch(w, (cache_name(data), chunk(data, crc=1)))))
    return str([[ok for _, ok in added], statuses(w, cache_name(data))])


@add
def artifact_bad_names(w):
    names = ["../x", "files/../../x", "/etc/x", "cache/../../y", "files/a/../../../z", "nosuchfolder/x", ""]
    return [failure(lambda: add_all(w, batch(w, (name, chunk(b"1"))))).split(" ")[0] for name in names[:5]]


@add
def artifact_chunk_without_begin(w):
    return failure(lambda: add_all(w, w.fill(pb.AddArtifactsRequest(chunk=chunk(b"1"))))).split(" ")[0]


@add
def artifact_too_few_chunks(w):
    begin = pb.AddArtifactsRequest.BeginChunkedArtifact(name="files/few", total_bytes=10, num_chunks=3, initial_chunk=chunk(b"1"))
    return failure(lambda: add_all(w, w.fill(pb.AddArtifactsRequest(begin_chunk=begin)))).split(" ")[0]


@add
def artifact_nothing_sent(w):
    return failure(lambda: add_all(w)).split(" ")[0]


@add
def artifact_same_file_twice(w):
    name = f"files/{uuid.uuid4()}.txt"
    add_all(w, batch(w, (name, chunk(b"one"))))
    return [anonymous(str(summaries(add_all(w, batch(w, (name, chunk(b"one"))))))), failure(lambda: add_all(w, batch(w, (name, chunk(b"two")))))]


test_answers = cases.test()
