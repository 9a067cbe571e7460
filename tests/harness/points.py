"""Points, as user-defined types: one of Python alone, one that a class of the JVM goes with, and one made of a struct."""

from __future__ import annotations

from pyspark.sql.types import ArrayType, DoubleType, IntegerType, StringType, StructField, StructType, UserDefinedType


class PointType(UserDefinedType):
    """Two numbers in an array."""

    @classmethod
    def sqlType(cls):
        return ArrayType(DoubleType(), False)

    @classmethod
    def module(cls):
        return "harness.points"

    def serialize(self, obj):
        return [obj.x, obj.y]

    def deserialize(self, datum):
        return Point(datum[0], datum[1])


class Point:
    __UDT__ = PointType()

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __repr__(self):
        return f"{type(self).__name__}({self.x},{self.y})"

    def __eq__(self, other):
        return isinstance(other, Point) and (self.x, self.y) == (other.x, other.y)


class JvmPointType(PointType):
    """One that names a class of the JVM, which no server needs to know."""

    @classmethod
    def scalaUDT(cls):
        return "org.example.JvmPointType"

    def deserialize(self, datum):
        return JvmPoint(datum[0], datum[1])


class JvmPoint(Point):
    __UDT__ = JvmPointType()


class LabelType(UserDefinedType):
    """A text and a number in a struct."""

    @classmethod
    def sqlType(cls):
        return StructType([StructField("text", StringType(), False), StructField("weight", IntegerType())])

    @classmethod
    def module(cls):
        return "harness.points"

    def serialize(self, obj):
        return (obj.text, obj.weight)

    def deserialize(self, datum):
        return Label(datum[0], datum[1])


class Label:
    __UDT__ = LabelType()

    def __init__(self, text, weight):
        self.text, self.weight = text, weight

    def __repr__(self):
        return f"Label({self.text!r},{self.weight})"

    def __eq__(self, other):
        return isinstance(other, Label) and (self.text, self.weight) == (other.text, other.weight)


class CountType(UserDefinedType):
    """A plain number."""

    @classmethod
    def sqlType(cls):
        return IntegerType()

    @classmethod
    def module(cls):
        return "harness.points"

    def serialize(self, obj):
        return obj.number

    def deserialize(self, datum):
        return Count(datum)


class Count:
    __UDT__ = CountType()

    def __init__(self, number):
        self.number = number

    def __repr__(self):
        return f"Count({self.number})"

    def __eq__(self, other):
        return isinstance(other, Count) and self.number == other.number
