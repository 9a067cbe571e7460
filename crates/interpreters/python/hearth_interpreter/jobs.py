"""Programmatic jobs: a pickled function that is called with a context, as clients of Apache Livy's Python API send them.

The names of the context are those of that API (`python-api`, `JobContext`).
"""

from __future__ import annotations

import base64
import importlib
import sys
import tempfile
import traceback

from .frames import of_user


class SharedVariables:
    """Values that jobs of one session leave for later ones."""

    def __init__(self):
        self._values = {}

    def get(self, name):
        return self._values[name]

    def set(self, name, value):
        self._values[name] = value

    def unset(self, name):
        return self._values.pop(name, None)


class JobContext:
    """What a job gets: the names that cells have, and a folder."""

    def __init__(self, namespace):
        self._namespace = namespace
        self._streaming = None
        self._folder = None
        self.shared_variables = SharedVariables()

    @property
    def sc(self):
        return self._namespace["sc"]

    @property
    def sql_ctx(self):
        return self._namespace["sqlContext"]

    @property
    def hive_ctx(self):
        return self._namespace["HiveContext"](self.sc)

    @property
    def spark_session(self):
        return self._namespace["spark"]

    @property
    def streaming_ctx(self):
        if self._streaming is None:
            raise ValueError("create_streaming_ctx function should be called first")
        return self._streaming

    def create_streaming_ctx(self, batch_duration):
        if self._streaming is not None:
            raise ValueError("a streaming context exists already")
        self._streaming = self._namespace["StreamingContext"](self.sc, batch_duration)

    def stop_streaming_ctx(self):
        streaming, self._streaming = self.streaming_ctx, None
        streaming.stop(False)

    @property
    def local_tmp_dir_path(self):
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="job-")
        return self._folder

    def get_local_tmp_dir_path(self):
        return self.local_tmp_dir_path

    def get_shared_object(self, name):
        return self.shared_variables.get(name)

    def set_shared_object(self, name, value):
        self.shared_variables.set(name, value)

    def remove_shared_object(self, name):
        self.shared_variables.unset(name)


def pickler():
    """The module `cloudpickle`; PySpark's copy stands in for it, so that jobs pickled by it can be read."""
    try:
        return importlib.import_module("cloudpickle")
    except ImportError:
        copy = importlib.import_module("pyspark.cloudpickle")
        sys.modules["cloudpickle"] = copy
        for part in ("cloudpickle", "cloudpickle_fast"):
            sys.modules[f"cloudpickle.{part}"] = importlib.import_module(f"pyspark.cloudpickle.{part}")
        return copy


def run(job, context):
    """Calls the job; its pickled result, or its traceback."""
    try:
        pickle = pickler()
        function = pickle.loads(base64.b64decode(job, validate=True))
        result = function(context)
        return {"result": base64.b64encode(pickle.dumps(result)).decode("ascii")}
    except BaseException as error:
        return {"error": "".join(traceback.format_exception(type(error), error, of_user(error.__traceback__)))}
