/* The session that `spark` is: Spark Connect's own, plus what notebooks expect of a SparkContext (see the shims), and
 * with a client that can be exchanged. After a restart of the server the same object, and all that holds it, goes on
 * with a new client; the superclass keeps the client in final fields, so they are set by reflection.
 * In this package because the client's constructors are private[sql]. */
package org.apache.spark.sql.hearth

import java.util.concurrent.atomic.AtomicLong

import scala.reflect.runtime.universe.TypeTag
import scala.util.Try

import com.fasterxml.jackson.core.{JsonFactory, JsonToken}

import org.apache.spark.SparkContext
import org.apache.spark.rdd.RDD
import org.apache.spark.sql.{Encoder, Encoders, Row, connect}
import org.apache.spark.sql.connect.client.SparkConnectClient
import org.apache.spark.sql.types.StructType

class InterpreterSession private[hearth] (first: SparkConnectClient)
    extends connect.SparkSession(first, new AtomicLong) {
  private lazy val localContext = new SparkContext(this)

  override def sparkContext: SparkContext = localContext
  override def read: connect.DataFrameReader = new InterpreterReader(this)

  override def createDataset[T: Encoder](data: RDD[T]): connect.Dataset[T] =
    createDataset(data.toLocalIterator.toSeq)
  override def createDataFrame[A <: Product: TypeTag](rdd: RDD[A]): connect.DataFrame =
    createDataFrame(rdd.toLocalIterator.toSeq)
  override def createDataFrame(rows: RDD[Row], schema: StructType): connect.DataFrame =
    createDataFrame(java.util.Arrays.asList(rows.toLocalIterator.toSeq: _*), schema)

  /** Ends with the interpreter, not with user code. */
  override def close(): Unit = ()

  private[hearth] def exchange(next: SparkConnectClient): Unit = {
    InterpreterSession.put(classOf[connect.SparkSession], this, "client", next)
    InterpreterSession.put(classOf[connect.RuntimeConfig], conf, "client", next)
  }

  /** As in the superclass, where it is private and so does not hold for this class: closures carry no session. */
  private def writeReplace(): Any = null
}

private object InterpreterSession {
  def put(owner: Class[_], target: AnyRef, name: String, value: AnyRef): Unit = {
    val field = owner.getDeclaredField(name)
    field.setAccessible(true)
    field.set(target, value)
  }
}

/** Reads local collections too, where the client's own reader refuses every RDD. */
private class InterpreterReader(session: InterpreterSession) extends connect.DataFrameReader(session) {
  override def json(lines: RDD[String]): connect.DataFrame =
    json(session.createDataset(lines.flatMap(InterpreterReader.rows).toLocalIterator.toSeq)(Encoders.STRING))
}

private object InterpreterReader {
  private val factory = new JsonFactory

  /** The elements of an array are rows, as Spark reads them; not every server does that by itself. */
  def rows(text: String): Seq[String] =
    if (text.stripLeading.startsWith("[")) Try(elements(text)).getOrElse(Seq(text)) else Seq(text)

  private def elements(text: String): Seq[String] = {
    val parser = factory.createParser(text)
    parser.nextToken()
    Iterator.continually(parser.nextToken()).takeWhile(_ != JsonToken.END_ARRAY).map { _ =>
      val begin = parser.currentTokenLocation.getCharOffset.toInt
      parser.skipChildren()
      text.substring(begin, parser.currentLocation.getCharOffset.toInt)
    }.toSeq
  }
}
