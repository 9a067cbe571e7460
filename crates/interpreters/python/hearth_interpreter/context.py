"""`sc` and `sqlContext` without a JVM: what of them makes sense on a Spark Connect session.

Both belong to one session. What they do not have raises PySpark's own error for a JVM attribute.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
import time

from pyspark.conf import SparkConf
from pyspark.errors import PySparkAttributeError

from . import files
from .rdd import Broadcast, LocalRDD


def needs_jvm(name):
    return PySparkAttributeError(errorClass="JVM_ATTRIBUTE_NOT_SUPPORTED", messageParameters={"attr_name": name})


class SparkContext:
    """The context of a Connect session. Making one gives that of the session that exists, as `getOrCreate` does."""

    PACKAGE_EXTENSIONS = (".zip", ".egg", ".jar", ".whl")
    # PySpark looks at these to find out whether a JVM is there.
    _active_spark_context = _gateway = _jvm = None
    _lock = threading.RLock()

    def __new__(cls, *_arguments, **_settings):
        from pyspark.sql import SparkSession

        return SparkSession.builder.getOrCreate().sparkContext

    @classmethod
    def getOrCreate(cls, conf=None):
        return cls(conf=conf)

    @classmethod
    def _of(cls, session):
        context = object.__new__(cls)
        context.sparkSession = session
        context.startTime = int(time.time() * 1000)
        context._properties = {}
        context._group = None
        context._files = []
        return context

    def __getattr__(self, name):
        if name.startswith("__") or name == "sparkSession":
            raise AttributeError(name)
        raise needs_jvm(name)

    def __repr__(self):
        return f"<SparkContext of Spark Connect appName={self.appName}>"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # Data

    def parallelize(self, c, numSlices=None):
        return LocalRDD.of(c, self, numSlices)

    makeRDD = parallelize

    def range(self, start, end=None, step=1, numSlices=None):
        return self.parallelize(range(start) if end is None else range(start, end, step), numSlices)

    def emptyRDD(self):
        return self.parallelize([])

    def union(self, rdds):
        return functools.reduce(LocalRDD.union, rdds)

    def broadcast(self, value):
        return Broadcast(value)

    # Files: here for the code of the session, and at the server for what runs there, where that is possible

    def addFile(self, path, recursive=False):
        self._add("file", path)

    def addPyFile(self, path):
        self._add("pyfile", path)

    def addArchive(self, path):
        self._add("archive", path)

    def _add(self, kind, path):
        path = path.removeprefix("file://").removeprefix("file:")
        files.add(kind, path)
        self._files.append(path)
        try:
            self.sparkSession.addArtifacts(path, **{kind: True})
        except Exception as error:
            print(f"{path} is known to this program only: {error}", file=sys.__stderr__, flush=True)

    @property
    def listFiles(self):
        return list(self._files)

    # Jobs: groups are tags of the session

    def setJobGroup(self, groupId, description, interruptOnCancel=False):
        self._leave_group()
        self._group = groupId.replace(",", "_")
        self.sparkSession.addTag(self._group)

    def clearJobGroup(self):
        self._leave_group()

    def _leave_group(self):
        if self._group:
            self.sparkSession.removeTag(self._group)
            self._group = None

    def cancelJobGroup(self, groupId):
        self.sparkSession.interruptTag(groupId.replace(",", "_"))

    def cancelAllJobs(self):
        self.sparkSession.interruptAll()

    def addJobTag(self, tag):
        self.sparkSession.addTag(tag)

    def removeJobTag(self, tag):
        self.sparkSession.removeTag(tag)

    def getJobTags(self):
        return self.sparkSession.getTags()

    def cancelJobsWithTag(self, tag):
        self.sparkSession.interruptTag(tag)

    def setJobDescription(self, value):
        self.setLocalProperty("spark.job.description", value)

    def setLocalProperty(self, key, value):
        self._properties[key] = value

    def getLocalProperty(self, key):
        return self._properties.get(key)

    def setLogLevel(self, logLevel):
        pass

    def setCheckpointDir(self, dirName):
        pass

    def stop(self):
        self.sparkSession.stop()

    # What it says of itself

    @property
    def version(self):
        return self.sparkSession.version

    @property
    def appName(self):
        return self._conf("spark.app.name", "hearth")

    @property
    def applicationId(self):
        return self._conf("spark.app.id", f"hearth-{os.environ.get('HEARTH_INTERPRETER_ID', os.getpid())}")

    @property
    def master(self):
        return self._conf("spark.master", "hearth")

    @property
    def defaultParallelism(self):
        return os.cpu_count() or 1

    @property
    def defaultMinPartitions(self):
        return min(self.defaultParallelism, 2)

    @property
    def uiWebUrl(self):
        return None

    @property
    def pythonVer(self):
        return "%d.%d" % sys.version_info[:2]

    def sparkUser(self):
        return self.sparkSession.client._user_id

    def getConf(self):
        try:
            known = self.sparkSession.conf.getAll
        except Exception:  # PySpark 4.0 has no such thing
            known = {}
        return SparkConf(loadDefaults=False).setAll(list(known.items()))

    def _conf(self, key, default):
        try:
            return self.sparkSession.conf.get(key, default)
        except Exception:  # a server that does not know the key
            return default


class SQLContext:
    """The entry point of Spark 1: the session under an older name."""

    def __init__(self, sparkContext, sparkSession=None, *_):
        self.sparkSession = sparkSession or sparkContext.sparkSession

    @classmethod
    def getOrCreate(cls, sc):
        return cls(sc)

    def __getattr__(self, name):
        if name.startswith("__") or name == "sparkSession":
            raise AttributeError(name)
        return getattr(self.sparkSession, name)

    @property
    def _sc(self):
        return self.sparkSession.sparkContext

    def newSession(self):
        raise needs_jvm("newSession")

    def setConf(self, key, value):
        self.sparkSession.conf.set(key, value)

    def getConf(self, key, defaultValue=None):
        return self.sparkSession.conf.get(key, defaultValue)

    def registerDataFrameAsTable(self, df, tableName):
        df.createOrReplaceTempView(tableName)

    def dropTempTable(self, tableName):
        self.sparkSession.catalog.dropTempView(tableName)

    def tables(self, dbName=None):
        return self.sparkSession.sql("SHOW TABLES" if dbName is None else f"SHOW TABLES IN `{dbName}`")

    def tableNames(self, dbName=None):
        return [row.tableName for row in self.tables(dbName).collect()]

    def cacheTable(self, tableName):
        self.sparkSession.catalog.cacheTable(tableName)

    def uncacheTable(self, tableName):
        self.sparkSession.catalog.uncacheTable(tableName)

    def clearCache(self):
        self.sparkSession.catalog.clearCache()

    def registerFunction(self, name, f, returnType=None):
        return self.sparkSession.udf.register(name, f, returnType)


class HiveContext(SQLContext):
    def refreshTable(self, tableName):
        self.sparkSession.catalog.refreshTable(tableName)


class SparkFiles:
    """Where added files are: the current folder of user code."""

    @classmethod
    def get(cls, filename):
        return os.path.join(files.home(), filename)

    @classmethod
    def getRootDirectory(cls):
        return files.home()
