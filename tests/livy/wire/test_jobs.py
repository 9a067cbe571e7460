"""Programmatic jobs: pickled Python functions with a JobContext, and what is said to other languages."""

import base64
import pickle

import pytest
from harness.livy import JOB_FIELDS, has_shape


def test_result(livy, python):
    assert livy.job_result(python, lambda context: 1 + 1) == 2
    assert livy.job_result(python, lambda context: {"a": [1, None, "é"]}) == {"a": [1, None, "é"]}
    assert livy.job_result(python, lambda context: None) is None


def test_answer_of_the_submission(livy, python):
    import cloudpickle

    body = {"job": base64.b64encode(cloudpickle.dumps(lambda context: 1)).decode(), "jobType": "pyspark"}
    for endpoint in ("submit-job", "run-job"):
        reply = livy.post(f"/sessions/{python}/{endpoint}", body)
        assert reply.status == 201 and has_shape(reply.json, JOB_FIELDS), reply
        assert reply.json["state"] in ("SENT", "QUEUED", "STARTED", "SUCCEEDED") and list(reply.json) == ["id", "state", "result", "error"]
        assert livy.wait_job(python, reply.json["id"])["state"] == "SUCCEEDED"


def test_ids_start_at_one(livy, opened):
    session = opened("pyspark")
    assert [livy.job(session, lambda context: 1) for _ in range(3)] == [1, 2, 3]
    livy.wait_job(session, 3)


def test_closure_and_spark(livy, python):
    factor = 3
    assert livy.job_result(python, lambda context: context.spark_session.range(4).count() * factor) == 12
    assert livy.job_result(python, lambda context: context.sql_ctx.sql("select 5").collect()[0][0]) == 5
    assert livy.job_result(python, lambda context: context.sc.parallelize([1, 2]).count()) == 2


def test_context_folder_and_shared_objects(livy, python):
    def write(context):
        import os
        path = os.path.join(context.local_tmp_dir_path, "x")
        open(path, "w").close()
        return os.path.isdir(context.local_tmp_dir_path) and os.path.exists(path)

    assert livy.job_result(python, write) is True

    def put(context):
        context.set_shared_object("kept", [1, 2])

    livy.job_result(python, put)
    assert livy.job_result(python, lambda context: context.get_shared_object("kept")) == [1, 2]


def test_jobs_share_the_session_with_statements(livy, python):
    livy.text(python, "spark.range(6).createOrReplaceTempView('for_jobs')")
    assert livy.job_result(python, lambda context: context.spark_session.table("for_jobs").count()) == 6


def test_failure(livy, python):
    def fails(context):
        raise ValueError("bad job")

    done = livy.wait_job(python, livy.job(python, fails))
    assert done["state"] == "FAILED" and done["result"] is None, done
    assert "Client job error:" in done["error"] and "ValueError: bad job" in done["error"], done
    assert livy.text(python, "1") == "1"


def test_bytes_that_are_no_pickle(livy, python):
    for job in (b"nothing", pickle.dumps(5), b"\x80\x05."):
        reply = livy.post(f"/sessions/{python}/submit-job", {"job": base64.b64encode(job).decode(), "jobType": "pyspark"})
        assert reply.status == 201, reply
        done = livy.wait_job(python, reply.json["id"])
        assert done["state"] == "FAILED" and done["error"], done
    assert livy.text(python, "1") == "1"


def test_result_that_cannot_be_pickled(livy, python):
    def lock(context):
        import threading
        return threading.Lock()

    done = livy.wait_job(python, livy.job(python, lock))
    assert done["state"] == "FAILED" and "pickle" in done["error"], done


def test_cancel(livy, python):
    def endless(context):
        while True:
            pass

    first, second = livy.job(python, endless), livy.job(python, lambda context: 1)
    livy.wait_job(python, first, {"STARTED"})
    for number in (second, first):
        reply = livy.post(f"/sessions/{python}/jobs/{number}/cancel", {})
        assert reply.status == 200, reply
        assert livy.wait_job(python, number)["state"] == "CANCELLED"
    assert livy.text(python, "1") == "1"


@pytest.mark.parametrize("job_type", ["spark", "sparkr", "sql", "java", None])
def test_other_types_are_refused_clearly(livy, python, job_type):
    reply = livy.post(f"/sessions/{python}/submit-job", {"job": base64.b64encode(b"kryo").decode(), **({} if job_type is None else {"jobType": job_type})})
    if reply.status == 201:
        done = livy.wait_job(python, reply.json["id"])
        assert done["state"] == "FAILED" and done["error"], done
    else:
        assert reply.status == 400 and reply.body, reply


@pytest.mark.parametrize("body,text", [
    ('{"job": "", "jobType": "pyspark"}', "requirement failed: no job provided."), ('{"jobType": "pyspark"}', "requirement failed: no job provided."),
    ('{"job": null, "jobType": "pyspark"}', "requirement failed: no job provided."), ('{"job": "eA==", "jobType": "pyspark", "x": 1}', 'Unrecognized field'),
    ("", "No content to map due to end-of-input"), ("{", ""), ('{"job": 5}', ""), ('{"job": "%%%", "jobType": "pyspark"}', "")])
def test_body_of_the_wrong_form(livy, python, body, text):
    reply = livy.post(f"/sessions/{python}/submit-job", body)
    assert reply.status == 400, reply
    said = reply.json["msg"] if isinstance(reply.json, dict) else reply.json
    assert text in said, reply


def test_unknown_job(livy, python):
    reply = livy.get(f"/sessions/{python}/jobs/98765")
    # Livy fails inside.
    assert reply.status in (404, 500), reply
    reply = livy.get(f"/sessions/{python}/jobs/x")
    assert reply.status == 400 and reply.json == {"msg": 'For input string: "x"'}, reply
    assert livy.post(f"/sessions/{python}/jobs/98765/cancel", {}).status == 200


def test_session_without_python(livy, sql):
    number = livy.job(sql, lambda context: 1)
    done = livy.wait_job(sql, number, seconds=90)
    assert done["state"] in ("SUCCEEDED", "FAILED") and (done["state"] == "SUCCEEDED" or done["error"]), done
