/* A collection in the interpreter's memory under the name of Spark's RDD: see SparkContext. The usual steps are
 * here and run at once; what is about partitions, storage and the cluster is not. `rdd.toDF` and
 * `spark.createDataset(rdd)` send the elements to the server. */
package org.apache.spark.rdd

import scala.reflect.ClassTag

class RDD[T: ClassTag] private[spark] (private val elements: IndexedSeq[T]) extends Serializable {
  def collect(): Array[T] = elements.toArray[T]
  def count(): Long = elements.size.toLong
  def isEmpty(): Boolean = elements.isEmpty
  def first(): T = elements.headOption.getOrElse(throw new UnsupportedOperationException("empty collection"))
  def take(count: Int): Array[T] = RDD.local(elements.take(count)).collect()
  def top(count: Int)(implicit order: Ordering[T]): Array[T] = RDD.local(elements.sorted(order.reverse)).take(count)
  def toLocalIterator: Iterator[T] = elements.iterator
  def foreach(action: T => Unit): Unit = elements.foreach(action)
  def reduce(merge: (T, T) => T): T = elements.reduce(merge)
  def fold(zero: T)(merge: (T, T) => T): T = elements.fold(zero)(merge)
  def aggregate[U](zero: U)(add: (U, T) => U, merge: (U, U) => U): U = elements.foldLeft(zero)(add)
  def max()(implicit order: Ordering[T]): T = elements.max(order)
  def min()(implicit order: Ordering[T]): T = elements.min(order)
  def sum()(implicit number: Numeric[T]): Double = elements.iterator.map(number.toDouble).sum
  def countByValue(): Map[T, Long] = elements.groupMapReduce(identity)(_ => 1L)(_ + _)

  def map[U: ClassTag](change: T => U): RDD[U] = RDD.local(elements.map(change))
  def flatMap[U: ClassTag](change: T => IterableOnce[U]): RDD[U] = RDD.local(elements.flatMap(change))
  def mapPartitions[U: ClassTag](change: Iterator[T] => Iterator[U]): RDD[U] = RDD.local(change(elements.iterator).toIndexedSeq)
  def filter(keep: T => Boolean): RDD[T] = RDD.local(elements.filter(keep))
  def distinct(): RDD[T] = RDD.local(elements.distinct)
  def union(other: RDD[T]): RDD[T] = RDD.local(elements ++ other.elements)
  def ++(other: RDD[T]): RDD[T] = union(other)
  def sortBy[K](key: T => K, ascending: Boolean = true)(implicit order: Ordering[K]): RDD[T] =
    RDD.local(elements.sortBy(key)(if (ascending) order else order.reverse))
  def groupBy[K](key: T => K): RDD[(K, Iterable[T])] = RDD.local(elements.groupBy(key).toIndexedSeq)
  def keyBy[K](key: T => K): RDD[(K, T)] = map(element => (key(element), element))
  def zipWithIndex(): RDD[(T, Long)] = RDD.local(elements.zipWithIndex.map { case (e, index) => (e, index.toLong) })

  def cache(): RDD[T] = this
  def persist(): RDD[T] = this
  def unpersist(blocking: Boolean = false): RDD[T] = this
  def repartition(partitions: Int): RDD[T] = this
  def coalesce(partitions: Int, shuffle: Boolean = false): RDD[T] = this
  def getNumPartitions: Int = 1

  override def toString: String = s"RDD of ${elements.size} elements, local"
}

object RDD {
  private[spark] def local[T: ClassTag](elements: Iterable[T]): RDD[T] = new RDD(elements.toIndexedSeq)

  implicit class Pairs[K: ClassTag, V: ClassTag](pairs: RDD[(K, V)]) {
    def keys: RDD[K] = pairs.map(_._1)
    def values: RDD[V] = pairs.map(_._2)
    def mapValues[W](change: V => W): RDD[(K, W)] = pairs.map { case (key, value) => (key, change(value)) }
    def reduceByKey(merge: (V, V) => V): RDD[(K, V)] =
      local(pairs.toLocalIterator.toIndexedSeq.groupMapReduce(_._1)(_._2)(merge))
    def groupByKey(): RDD[(K, Iterable[V])] = local(pairs.toLocalIterator.toIndexedSeq.groupMap(_._1)(_._2))
    def countByKey(): Map[K, Long] = keys.countByValue()
    def collectAsMap(): Map[K, V] = pairs.toLocalIterator.toMap
    def sortByKey(ascending: Boolean = true)(implicit order: Ordering[K]): RDD[(K, V)] = pairs.sortBy(_._1, ascending)
    def join[W](other: RDD[(K, W)]): RDD[(K, (V, W))] = {
      val others = other.toLocalIterator.toIndexedSeq.groupMap(_._1)(_._2)
      pairs.flatMap { case (key, value) => others.getOrElse(key, Nil).map(match_ => (key, (value, match_))) }
    }
  }
}
