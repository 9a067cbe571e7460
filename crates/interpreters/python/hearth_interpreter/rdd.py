"""What of RDDs can be without a JVM: collections of this process, evaluated when asked for.

Enough for programs that move small data in and out (`spark.read.json(sc.parallelize([...]))`) and for generated code of
Livy's clients. Everything else raises the error that PySpark itself raises on Spark Connect.
"""

from __future__ import annotations

import functools
import itertools
import random

from pyspark.errors import PySparkNotImplementedError


class LocalRDD:
    """A list in slices; `make` gives the slices, each time when an action needs them."""

    def __init__(self, make, context):
        self._make = make
        self.context = self.ctx = context
        self._name = None

    @classmethod
    def of(cls, items, context, slices=None):
        items = list(items)
        count = max(1, slices or min(context.defaultParallelism, len(items)))
        bounds = [len(items) * place // count for place in range(count + 1)]
        return cls(lambda: [items[low:high] for low, high in zip(bounds, bounds[1:])], context)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise PySparkNotImplementedError(errorClass="NOT_IMPLEMENTED", messageParameters={"feature": f"rdd.{name}"})

    def __repr__(self):
        return f"LocalRDD[{self._name or len(self._make())}]"

    def __add__(self, other):
        return self.union(other)

    # Transformations

    def mapPartitions(self, f, preservesPartitioning=False):
        return LocalRDD(lambda: [list(f(iter(part))) for part in self._make()], self.context)

    def map(self, f, preservesPartitioning=False):
        return self.mapPartitions(lambda items: map(f, items))

    def flatMap(self, f, preservesPartitioning=False):
        return self.mapPartitions(lambda items: itertools.chain.from_iterable(map(f, items)))

    def filter(self, f):
        return self.mapPartitions(lambda items: filter(f, items))

    def mapValues(self, f):
        return self.map(lambda pair: (pair[0], f(pair[1])))

    def keyBy(self, f):
        return self.map(lambda item: (f(item), item))

    def glom(self):
        return LocalRDD(lambda: [[part] for part in self._make()], self.context)

    def union(self, other):
        return LocalRDD(lambda: self._make() + other._make(), self.context)

    def distinct(self, numPartitions=None):
        return self._whole(lambda items: list(dict.fromkeys(items)))

    def sortBy(self, keyfunc, ascending=True, numPartitions=None):
        return self._whole(lambda items: sorted(items, key=keyfunc, reverse=not ascending))

    def sortByKey(self, ascending=True, numPartitions=None, keyfunc=lambda key: key):
        return self.sortBy(lambda pair: keyfunc(pair[0]), ascending)

    def zipWithIndex(self):
        return self._whole(lambda items: [(item, place) for place, item in enumerate(items)])

    def reduceByKey(self, func, numPartitions=None):
        return self.groupByKey().mapValues(lambda values: functools.reduce(func, values))

    def groupByKey(self, numPartitions=None):
        def groups(items):
            found = {}
            for key, value in items:
                found.setdefault(key, []).append(value)
            return list(found.items())

        return self._whole(groups)

    def sample(self, withReplacement, fraction, seed=None):
        def pick(items):
            chance = random.Random(seed)
            if withReplacement:
                return [chance.choice(items) for _ in range(round(len(items) * fraction))] if items else []
            return [item for item in items if chance.random() < fraction]

        return self._whole(pick)

    def repartition(self, numPartitions):
        return LocalRDD(lambda: LocalRDD.of(self.collect(), self.context, numPartitions)._make(), self.context)

    def coalesce(self, numPartitions, shuffle=False):
        return self.repartition(min(numPartitions, self.getNumPartitions()))

    def _whole(self, change):
        return LocalRDD(lambda: [change(self.collect())], self.context)

    def toDF(self, schema=None, sampleRatio=None):
        return self.context.sparkSession.createDataFrame(self.collect(), schema)

    # Actions

    def collect(self):
        return [item for part in self._make() for item in part]

    def toLocalIterator(self, prefetchPartitions=False):
        return iter(self.collect())

    def take(self, num):
        return self.collect()[:num]

    def first(self):
        items = self.collect()
        if not items:
            raise ValueError("RDD is empty")
        return items[0]

    def count(self):
        return len(self.collect())

    def isEmpty(self):
        return not self.collect()

    def reduce(self, f):
        return functools.reduce(f, self.collect())

    def fold(self, zeroValue, op):
        return functools.reduce(op, self.collect(), zeroValue)

    def sum(self):
        return sum(self.collect())

    def mean(self):
        items = self.collect()
        return sum(items) / len(items)

    def min(self, key=None):
        return min(self.collect(), key=key)

    def max(self, key=None):
        return max(self.collect(), key=key)

    def top(self, num, key=None):
        return sorted(self.collect(), key=key, reverse=True)[:num]

    def takeOrdered(self, num, key=None):
        return sorted(self.collect(), key=key)[:num]

    def collectAsMap(self):
        return dict(self.collect())

    def countByValue(self):
        counts = {}
        for item in self.collect():
            counts[item] = counts.get(item, 0) + 1
        return counts

    def countByKey(self):
        return self.map(lambda pair: pair[0]).countByValue()

    def foreach(self, f):
        for item in self.collect():
            f(item)

    # What a collection of this process does not need

    def getNumPartitions(self):
        return len(self._make())

    def cache(self):
        return self

    def persist(self, storageLevel=None):
        return self

    def unpersist(self, blocking=False):
        return self

    def setName(self, name):
        self._name = name
        return self

    def name(self):
        return self._name


class Broadcast:
    """A value that is everywhere already."""

    def __init__(self, value):
        self.value = value

    def unpersist(self, blocking=False):
        pass

    def destroy(self, blocking=False):
        pass
