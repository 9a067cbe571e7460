/* Stands where spark-core's class of this name is looked for, as Spark's own shims for the Connect client do.
 * There is no SparkContext behind a Connect session. This one keeps collections in the interpreter's memory, which
 * is what code written by notebooks needs: `spark.read.json(spark.sparkContext.parallelize(Seq(text)))`. */
package org.apache.spark

import scala.reflect.ClassTag

import org.apache.spark.rdd.RDD
import org.apache.spark.sql.SparkSession

class SparkContext private[spark] (session: => SparkSession) {
  @volatile private[spark] var name: String = "hearth"

  def parallelize[T: ClassTag](elements: Seq[T], slices: Int = 1): RDD[T] = RDD.local(elements)
  def makeRDD[T: ClassTag](elements: Seq[T], slices: Int = 1): RDD[T] = RDD.local(elements)
  def emptyRDD[T: ClassTag]: RDD[T] = RDD.local(Nil)
  def range(start: Long, end: Long, step: Long = 1, slices: Int = 1): RDD[Long] = RDD.local(start until end by step)
  def textFile(path: String, partitions: Int = 1): RDD[String] =
    RDD.local(session.read.textFile(path).collect().toIndexedSeq)

  def version: String = session.version
  def appName: String = name
  def applicationId: String = name
  def master: String = "connect"
  def defaultParallelism: Int = 1
  def getConf: SparkConf = new SparkConf().setAll(session.conf.getAll)

  def setLogLevel(level: String): Unit = ()
  def setJobDescription(text: String): Unit = ()
  def setLocalProperty(key: String, value: String): Unit = ()
  def setJobGroup(id: String, description: String, interruptOnCancel: Boolean = false): Unit = session.addTag(id)
  def clearJobGroup(): Unit = session.clearTags()
  def cancelJobGroup(id: String): Unit = session.interruptTag(id): Unit
  def cancelAllJobs(): Unit = session.interruptAll(): Unit
  def addFile(path: String): Unit = session.addArtifact(path)
  def addJar(path: String): Unit = session.addArtifact(path)
  def stop(): Unit = ()

  override def toString: String = s"SparkContext($name; collections are local, queries run on the server)"
}

object SparkContext
