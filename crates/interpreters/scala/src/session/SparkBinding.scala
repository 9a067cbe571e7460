/* The one session of this interpreter: made before there is a server, so that all imports of its members are
 * compiled ahead, and pointed at the server by `connect`, again after each restart of the server. */
package org.apache.spark.sql.hearth

import java.nio.file.{Files, Path, StandardCopyOption}

import scala.util.Try
import scala.util.control.NonFatal

import org.sparkproject.io.grpc.ClientInterceptor

import org.apache.spark.sql.connect.{SparkSession => ConnectSession}
import org.apache.spark.sql.connect.client.{REPLClassDirMonitor, SparkConnectClient}

object SparkBinding {
  /** Setting of `bind` that sends the classes of cells to the server. Only a server with a JVM can use them. */
  val UploadClasses = "hearth.interpreter.upload_classes"
  private val NoServer = "sc://127.0.0.1:1"

  private val session = new InterpreterSession(client(NoServer))

  /** What `spark` is bound to. */
  def spark: org.apache.spark.sql.SparkSession = session

  def connect(remote: String, name: String, settings: Map[String, String], classes: Path): Unit = {
    val previous = session.client
    val next = client(remote)
    if (settings.get(UploadClasses).contains("true"))
      next.registerClassFinder(new REPLClassDirMonitor(classes.toString))
    session.exchange(next)
    session.sparkContext.name = if (name.isEmpty) "hearth" else name
    ConnectSession.setDefaultSession(session)
    ConnectSession.setActiveSession(session)
    answerBuilders()
    settings.removed(UploadClasses).foreach { case (key, value) => set(key, value) }
    Try(previous.shutdown()): Unit
  }

  /** Runs `body` so that what it starts on the server can be found by `interrupt`. */
  def tagged[T](tag: String)(body: => T): T = {
    session.addTag(tag)
    try body
    finally session.removeTag(tag)
  }

  def interrupt(tag: String): Unit = Try(session.interruptTag(tag)): Unit

  def addJar(path: Path): Unit =
    try session.addArtifact(path.toUri)
    catch { case NonFatal(e) => warn(s"the server did not take ${path.getFileName}: ${e.getMessage}") }

  def addFile(path: Path, name: String, home: Path): Unit =
    Files.copy(path, home.resolve(Path.of(name).getFileName), StandardCopyOption.REPLACE_EXISTING): Unit

  private def client(remote: String): SparkConnectClient = {
    val builder = SparkConnectClient.builder().connectionString(remote).userAgent("hearth-scala")
    // By reflection, since the signature that the Scala compiler reads names gRPC before its shading.
    builder.getClass.getMethod("interceptor", classOf[ClientInterceptor]).invoke(builder, ForeignConditions)
    builder.build()
  }

  /** Static settings are refused by the server; as with Spark's own builder that does not stop the session. */
  private def set(key: String, value: String): Unit =
    try session.conf.set(key, value)
    catch { case NonFatal(e) => warn(s"setting $key: ${e.getMessage.linesIterator.take(1).mkString}") }

  /** `SparkSession.builder.getOrCreate()` in a cell gives this session: the builder looks into a private cache. */
  private def answerBuilders(): Unit =
    try {
      val accessor = ConnectSession.getClass.getMethods.find(_.getName.endsWith("$$sessions")).get
      val cache = accessor.invoke(ConnectSession)
      val put = cache.getClass.getMethods.find(m => m.getName == "put" && m.getParameterCount == 2).get
      put.setAccessible(true)
      put.invoke(cache, SparkConnectClient.builder().loadFromEnvironment().configuration, session): Unit
    } catch { case NonFatal(e) => warn(s"builders make sessions of their own: $e") }

  private def warn(text: String): Unit = System.err.println(s"interpreter: $text")
}
