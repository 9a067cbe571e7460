"""The Spark session of the interpreter: a Spark Connect session that knows its server only from `bind` on.

Binding costs no call to the server, except one when settings come with it. Binding again gives the session that exists a new
client in place of the old one, so that everything that holds the session (DataFrames, readers, `sqlContext`) works on.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading

INTERRUPT_SECONDS = 5


class Unavailable(Exception):
    """PySpark cannot be imported."""


class Spark:
    def __init__(self):
        self.session = None
        self._missing = None
        self._tag = f"hearth-cell-{os.getpid()}"
        self._remote = None
        self._moving = threading.Lock()

    def warm(self):
        """Imports what takes long, so that `bind` does not."""
        os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
        try:
            import pyspark.cloudpickle
            import pyspark.sql.connect.session
            import pyspark.sql.connect.udf
            import pyspark.sql.functions
            import pyspark.sql.types

            from . import shims
        except Exception as error:  # not there, too old, or broken: cells run without Spark
            self._missing = f"{type(error).__name__}: {error}"
            return
        # It looks at `__main__`, takes the one of cells for a run of doctests, and ends the process.
        pyspark.sql.connect.utils.check_dependencies = lambda: None
        shims.install()
        _log_to_log()

    def bind(self, remote, name, conf):
        """Connects the session to a server, for the first time or again."""
        if self._missing:
            raise Unavailable(f"{sys.executable} has no PySpark with Spark Connect: {self._missing}")
        from pyspark.sql.connect.session import SparkSession

        os.environ["SPARK_REMOTE"] = _without_session(remote)
        if self.session is None:
            self.session = SparkSession(connection=remote)
            self._remote = remote
        else:
            self.move(remote)
        SparkSession._default_session = self.session
        SparkSession._active_session.session = self.session
        self._configure({**conf, **({"spark.app.name": name} if name else {})})

    def move(self, remote):
        """Connects the session that exists to another server at once, from any thread: a call that waits for the old one fails,
        instead of trying again for minutes, and the next call of the same cell goes to the new one."""
        with self._moving:
            if self.session is not None and remote != self._remote:
                self._rebind(remote)
                self._remote = remote

    def _rebind(self, remote):
        client = self.session._client
        old_channel = client._channel
        policies, hooks = client.get_retry_policies(), getattr(client, "_session_hooks", None)
        progress = list(client._progress_handlers)
        of_threads = client.thread_local  # the tags of the cell that runs
        if hasattr(client, "_on_exit"):
            atexit.unregister(client._on_exit)
        client.__init__(connection=remote)  # the same object: the whole session and all its DataFrames share it
        client.set_retry_policies(policies)
        client._progress_handlers = progress
        client.thread_local = of_threads
        if hooks is not None:
            client._session_hooks = hooks
        self.session._session_id = client._session_id
        self.session.__dict__.pop("version", None)
        old_channel.close()

    def _configure(self, conf):
        """One call for all settings; those that cannot be set are passed over, as PySpark's builder does."""
        if not conf:
            return
        client = self.session._client
        policies = client.get_retry_policies()
        client.set_retry_policies([])
        try:
            self.session.conf._set_all(configs=dict(conf), silent=True)
        except Exception as error:
            print(f"settings were not taken over: {error}", file=sys.__stderr__, flush=True)
        finally:
            client.set_retry_policies(policies)

    def begin_cell(self):
        """Marks what the main thread asks the server from now on, so that it can be interrupted as one."""
        if self.session is not None and not self.session.is_stopped:
            self.session.addTag(self._tag)

    def end_cell(self, interrupted):
        if self.session is None or self.session.is_stopped:
            return
        self.session.removeTag(self._tag)
        if interrupted:
            asking = threading.Thread(target=self._interrupt, name="interrupt-operations", daemon=True)
            asking.start()
            asking.join(INTERRUPT_SECONDS)

    def _interrupt(self):
        try:
            self.session.interruptTag(self._tag)
        except Exception as error:
            print(f"operations were not interrupted: {error}", file=sys.__stderr__, flush=True)

    def names(self):
        """The names that cells find at their start."""
        import pyspark.cloudpickle

        from . import shims

        return {
            "spark": self.session,
            "sc": self.session.sparkContext,
            "sqlContext": shims.SQLContext(self.session.sparkContext),
            "HiveContext": shims.HiveContext,
            "StreamingContext": shims.streaming_context(),
            "cloudpickle": pyspark.cloudpickle,
        }


def _log_to_log():
    """PySpark also logs each error of a query: that is for the session's log, not for the output of a cell."""
    try:
        from pyspark.logger import PySparkLogger
    except ImportError:
        return
    output, sys.stderr = sys.stderr, sys.__stderr__
    try:
        for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
            PySparkLogger.getLogger(name)
    finally:
        sys.stderr = output


def _without_session(remote):
    """The address for further sessions: the id in it belongs to the session of the interpreter."""
    address, *parameters = remote.split(";")
    return ";".join([address, *(one for one in parameters if not one.startswith("session_id="))])
