#!/usr/bin/env python
"""Mutated requests: every RPC gets N damaged variants of real requests; the server must answer.

  fuzz.py --server hearth --mutations 10000      the full count, a few minutes
The corpus is made by real requests of each kind; half of the mutations change bytes (flips, cuts,
insertions, repeated pieces, huge lengths), half change fields of the decoded message.
"""

from __future__ import annotations

import argparse
import collections
import random
import sys
import time
import uuid
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness import servers  # noqa: E402
from harness.wire import Wire, consume, sql, sql_command  # noqa: E402

import grpc  # noqa: E402
import pyspark.sql.connect.proto as pb  # noqa: E402

SERVICE = "/spark.connect.SparkConnectService/"
STREAMING = {"ExecutePlan", "ReattachExecute"}
SECONDS = 20


def corpus(wire):
    """{rpc: [request, …]} of real requests, in a session with something in it."""
    operation = str(uuid.uuid4())
    responses = consume(wire.execute(sql("select id from range(10)"), operation_id=operation))
    plans = [sql(text) for text in SQL] + [sql_command("create or replace temporary view fz as select 1 x")]
    plans += [pb.Plan(root=relation) for relation in relations()]
    fill = wire.fill
    analyze = pb.AnalyzePlanRequest
    config = pb.ConfigRequest
    op = config.Operation
    chunk = pb.AddArtifactsRequest.ArtifactChunk(data=b"data", crc=zlib.crc32(b"data"))
    single = pb.AddArtifactsRequest.SingleChunkArtifact(name="files/fuzz.txt", data=chunk)
    found = {
        "ExecutePlan": [wire.execute_request(plan, operation_id=str(uuid.uuid4())) for plan in plans],
        "AnalyzePlan": [fill(analyze(schema=analyze.Schema(plan=plan))) for plan in plans]
        + [fill(analyze(explain=analyze.Explain(plan=plans[0], explain_mode="EXPLAIN_MODE_EXTENDED"))),
           fill(analyze(tree_string=analyze.TreeString(plan=plans[0], level=2))),
           fill(analyze(ddl_parse=analyze.DDLParse(ddl_string="a int, b struct<c: array<string>>"))),
           fill(analyze(same_semantics=analyze.SameSemantics(target_plan=plans[0], other_plan=plans[1]))),
           fill(analyze(semantic_hash=analyze.SemanticHash(plan=plans[0]))),
           fill(analyze(persist=analyze.Persist(relation=plans[0].root))), fill(analyze(spark_version=analyze.SparkVersion()))],
        "Config": [fill(config(operation=o)) for o in (
            op(set=config.Set(pairs=[pb.KeyValue(key="spark.sql.ansi.enabled", value="true")])), op(get=config.Get(keys=["spark.sql.ansi.enabled"])),
            op(get_all=config.GetAll(prefix="spark.")), op(unset=config.Unset(keys=["my.key"])), op(is_modifiable=config.IsModifiable(keys=["a"])),
            op(get_option=config.GetOption(keys=["b"])), op(get_with_default=config.GetWithDefault(pairs=[pb.KeyValue(key="c", value="d")])))],
        "AddArtifacts": [fill(pb.AddArtifactsRequest(batch=pb.AddArtifactsRequest.Batch(artifacts=[single]))),
                         fill(pb.AddArtifactsRequest(begin_chunk=pb.AddArtifactsRequest.BeginChunkedArtifact(name="files/b", total_bytes=4, num_chunks=1, initial_chunk=chunk)))],
        "ArtifactStatus": [fill(pb.ArtifactStatusesRequest(names=["files/fuzz.txt", "cache/" + "0" * 64]))],
        "Interrupt": [fill(pb.InterruptRequest(interrupt_type="INTERRUPT_TYPE_TAG", operation_tag="t")),
                      fill(pb.InterruptRequest(interrupt_type="INTERRUPT_TYPE_OPERATION_ID", operation_id=operation))],
        "ReattachExecute": [fill(pb.ReattachExecuteRequest(operation_id=operation)),
                            fill(pb.ReattachExecuteRequest(operation_id=operation, last_response_id=responses[0].response_id))],
        "ReleaseExecute": [fill(pb.ReleaseExecuteRequest(operation_id=str(uuid.uuid4()), release_all=pb.ReleaseExecuteRequest.ReleaseAll())),
                           fill(pb.ReleaseExecuteRequest(operation_id=str(uuid.uuid4()), release_until=pb.ReleaseExecuteRequest.ReleaseUntil(response_id="x")))],
        "ReleaseSession": [pb.ReleaseSessionRequest(session_id=str(uuid.uuid4()))],
        "FetchErrorDetails": [fill(pb.FetchErrorDetailsRequest(error_id=str(uuid.uuid4())))],
    }
    if hasattr(pb, "CloneSessionRequest"):
        found["CloneSession"] = [pb.CloneSessionRequest(session_id=str(uuid.uuid4()), new_session_id=str(uuid.uuid4()))]
    if hasattr(pb, "GetStatusRequest"):
        status = fill(pb.GetStatusRequest())
        status.operation_status.operation_ids.append(operation)
        found["GetStatus"] = [status]
    return found


SQL = ["select 1 as a", "select id, id % 3 as m, 'x' || id as t from range(20) where id > 5 order by m desc limit 7",
       "with c as (select 1 x union all select 2) select a.x, sum(b.x) over (partition by a.x order by b.x rows between 1 preceding and current row) from c a join c b on a.x <= b.x",
       "select k, count(*), max(v) from values (1, 'a'), (2, null) as t(k, v) group by rollup (k) having count(*) > 0",
       "select transform(array(1, 2), x -> x + 1), map('a', 1)['a'], named_struct('b', date'2024-01-01').b, interval 1 day, cast('1' as decimal(10,2))",
       "select * from values (1, 'q', 5) as t(y, q, v) pivot (sum(v) for q in ('q'))"]


def relations():
    numbers = pb.Relation(range=pb.Range(start=0, end=10, step=1, num_partitions=2))
    column = pb.Expression(unresolved_attribute=pb.Expression.UnresolvedAttribute(unparsed_identifier="id"))
    call = pb.Expression(unresolved_function=pb.Expression.UnresolvedFunction(function_name="+", arguments=[column, pb.Expression(literal=pb.Expression.Literal(integer=1))]))
    project = pb.Relation(project=pb.Project(input=numbers, expressions=[call]))
    yield project
    yield pb.Relation(filter=pb.Filter(input=numbers, condition=pb.Expression(unresolved_function=pb.Expression.UnresolvedFunction(function_name=">", arguments=[column, column]))))
    yield pb.Relation(join=pb.Join(left=numbers, right=numbers, join_type="JOIN_TYPE_CROSS"))
    yield pb.Relation(set_op=pb.SetOperation(left_input=numbers, right_input=numbers, set_op_type="SET_OP_TYPE_UNION", is_all=True))
    yield pb.Relation(aggregate=pb.Aggregate(input=numbers, group_type="GROUP_TYPE_GROUPBY", grouping_expressions=[column]))
    yield pb.Relation(show_string=pb.ShowString(input=project, num_rows=3, truncate=20))
    yield pb.Relation(sample=pb.Sample(input=numbers, lower_bound=0, upper_bound=0.5, seed=1))
    yield pb.Relation(deduplicate=pb.Deduplicate(input=numbers, column_names=["id"]))
    yield pb.Relation(to_df=pb.ToDF(input=numbers, column_names=["x"]))
    yield pb.Relation(local_relation=pb.LocalRelation(schema="a int, b string"))


def mutate(message, rng):
    """Damaged bytes of a message."""
    if rng.random() < 0.5:
        copy = type(message)()
        copy.CopyFrom(message)
        damage_fields(copy, rng)
        return copy.SerializeToString()
    return damage_bytes(bytearray(message.SerializeToString()), rng)


def damage_bytes(data, rng):
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        place = rng.randrange(len(data) + 1)
        kind = rng.randrange(6)
        if kind == 0 and data:
            data[place % len(data)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[place:place + rng.randrange(1, 9)]
        elif kind == 2:
            data[place:place] = rng.randbytes(rng.randrange(1, 9))
        elif kind == 3:
            data[place:place] = data[place:place + rng.randrange(1, 60)] * rng.choice((1, 2, 50))
        elif kind == 4:
            data[place:place] = b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
        elif data:
            data[place % len(data)] = rng.randrange(256)
    return bytes(data)


def damage_fields(message, rng, depth=0):
    """Changes one field somewhere in the message."""
    fields = message.DESCRIPTOR.fields
    present = [f for f, _ in message.ListFields()]
    chosen = rng.choice(present if present and rng.random() < 0.8 else fields)
    repeated = getattr(chosen, "is_repeated", None)
    repeated = chosen.label == chosen.LABEL_REPEATED if repeated is None else repeated
    if chosen.message_type and chosen.message_type.GetOptions().map_entry or rng.random() < 0.1:
        message.ClearField(chosen.name)
    elif repeated:
        items = getattr(message, chosen.name)
        if chosen.message_type:
            damage_fields(items[rng.randrange(len(items))] if items and rng.random() < 0.8 else items.add(), rng, depth + 1)
        elif chosen.type != chosen.TYPE_ENUM:
            items.append(odd_value(chosen, rng))
    elif chosen.message_type:
        child = getattr(message, chosen.name)
        child.SetInParent()
        if depth < 40:
            damage_fields(child, rng, depth + 1) if chosen.message_type.fields else None
    else:
        setattr(message, chosen.name, odd_value(chosen, rng))


def odd_value(descriptor, rng):
    kind = descriptor.cpp_type
    if kind == descriptor.CPPTYPE_STRING:
        text = rng.choice(["", "\x00", "é" * 9, "a.b`c", "x" * 5000, "-1", "999999999999999999999", "`", "select", "../../x", "int"])
        return text.encode() if descriptor.type == descriptor.TYPE_BYTES else text
    if kind == descriptor.CPPTYPE_BOOL:
        return rng.random() < 0.5
    if kind in (descriptor.CPPTYPE_FLOAT, descriptor.CPPTYPE_DOUBLE):
        return rng.choice([0.0, -1.0, float("nan"), float("inf"), 1e300 if kind == descriptor.CPPTYPE_DOUBLE else 1e30])
    if kind == descriptor.CPPTYPE_ENUM:
        return rng.choice(descriptor.enum_type.values).number
    top = 31 if kind in (descriptor.CPPTYPE_INT32, descriptor.CPPTYPE_UINT32) else 63
    return rng.choice([0, 1, 2, 7, 100, 2**top - 1] + ([] if kind in (descriptor.CPPTYPE_UINT32, descriptor.CPPTYPE_UINT64) else [-1, -(2**top)]))


def fuzz(server, count, seed, only=""):
    """Sends the mutations; returns {rpc: Counter of gRPC codes}. Raises when the server stops answering."""
    rng = random.Random(seed)
    outcome = {}
    wire = Wire(server)
    for rpc, messages in corpus(wire).items():
        if only and only != rpc:
            continue
        outcome[rpc] = collections.Counter()
        for number in range(count):
            data = mutate(rng.choice(messages), rng)
            outcome[rpc][send(wire.channel, rpc, data)] += 1
            if not server.alive():
                raise AssertionError(f"the server died at {rpc} mutation {number} of seed {seed}: {data.hex()}\n{server.log_tail()}")
        check_alive(server)
    wire.close()
    return outcome


def send(channel, rpc, data):
    raw = dict(request_serializer=bytes, response_deserializer=bytes)
    try:
        if rpc in STREAMING:
            call = channel.unary_stream(SERVICE + rpc, **raw)(data, timeout=SECONDS)
            for number, _ in enumerate(call):
                if number > 50:
                    call.cancel()
                    break
        elif rpc == "AddArtifacts":
            channel.stream_unary(SERVICE + rpc, **raw)(iter([data]), timeout=SECONDS)
        else:
            channel.unary_unary(SERVICE + rpc, **raw)(data, timeout=SECONDS)
        return "OK"
    except grpc.RpcError as error:
        return error.code().name


def check_alive(server):
    with Wire(server) as wire:
        assert len(consume(wire.execute(sql("select 1")))) > 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="hearth")
    parser.add_argument("--mutations", type=int, default=10000, help="per RPC")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rpc", default="", help="only this RPC")
    options = parser.parse_args()
    with servers.start(options.server) as server:
        began = time.monotonic()
        outcome = fuzz(server, options.mutations, options.seed, options.rpc)
        for rpc, codes in outcome.items():
            print(f"{rpc:18} {sum(codes.values()):6}  " + "  ".join(f"{code} {n}" for code, n in codes.most_common()))
        print(f"fuzz: {sum(sum(c.values()) for c in outcome.values())} mutated requests in {time.monotonic() - began:.0f} s, the server answers")


if __name__ == "__main__":
    main()
