/* What the server asks for: PROTOCOL.md. `attach`, `cancel`, `ack` and `stop` are taken by the connection's thread;
 * everything else waits its turn for the main thread. */
package hearth.interpreter

import java.nio.file.Path
import java.util.concurrent.LinkedBlockingQueue

import scala.collection.mutable
import scala.jdk.CollectionConverters._
import scala.util.control.NonFatal

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode

import org.apache.spark.sql.hearth.SparkBinding

final class Requests(repl: Repl, classes: Path, home: Path) {
  import Requests._

  private val cells = new Cells(repl)
  private val waiting = new LinkedBlockingQueue[JsonNode]
  val answers = new Answers
  /** Cancelled while they waited. */
  private val abandoned = mutable.Set.empty[Long]
  @volatile private var bound = false
  @volatile private var running: Option[Long] = None
  private var maxOutput = 1 << 20

  /** For the main thread. */
  def work(): Unit = while (true) {
    val request = waiting.take()
    val id = identity(request)
    if (claim(id)) {
      val answer =
        try perform(id, request)
        catch { case NonFatal(e) => Answers.refused(id, e.toString) }
      running = None
      answers.answer(id, answer, Kept(operation(request)))
    }
  }

  def serve(connection: Connection): Unit = {
    var next = connection.receive()
    while (next.nonEmpty) {
      next.foreach(take(connection, _))
      next = connection.receive()
    }
    answers.detach(connection)
  }

  private def take(connection: Connection, request: JsonNode): Unit = {
    val id = identity(request)
    operation(request) match {
      case "attach" => attach(connection, id, request)
      case "ack" => answers.acknowledge(request.path("target").asLong)
      case "cancel" => cancel(request.path("target").asLong); connection.send(Answers.ok(id, Json.fields()))
      case "stop" =>
        connection.send(Answers.ok(id, Json.fields()))
        Runtime.getRuntime.halt(0)
      case _ => if (answers.begin(id)) waiting.add(request): Unit
    }
  }

  private def attach(connection: Connection, id: Long, request: JsonNode): Unit =
    if (request.path("protocol").asInt != Protocol)
      connection.send(Answers.refused(id, s"this interpreter speaks protocol $Protocol"))
    else answers.attach(connection, Answers.ok(id, Json.fields(
      "language" -> Json.text("scala"),
      "version" -> Json.text(scala.util.Properties.versionNumberString),
      "pid" -> Json.number(ProcessHandle.current.pid),
      "bound" -> Json.flag(bound),
      "running" -> Json.value(running.map(Json.number)),
    )))

  private def cancel(target: Long): Unit = synchronized {
    if (running.contains(target)) cells.cancel(tag(target))
    else if (answers.pending(target)) {
      abandoned += target
      answers.answer(target, Answers.ok(target, Outcome.json(Outcome.Cancelled, maxOutput)), keep = true)
    }
  }

  /** Whether the request still has to run. */
  private def claim(id: Long): Boolean = synchronized {
    val wanted = !abandoned.remove(id)
    if (wanted) running = Some(id)
    wanted
  }

  private def perform(id: Long, request: JsonNode): ObjectNode = operation(request) match {
    case "bind" => bind(request); Answers.ok(id, Json.fields())
    case "execute" =>
      val outcome = cells.run(tag(id), request.path("code").asText, maxOutput)
      Answers.ok(id, Outcome.json(outcome, maxOutput))
    case "complete" =>
      val code = request.path("code").asText
      val cursor = math.max(0, math.min(request.path("cursor").asInt, code.length))
      val names = repl.complete(code, cursor).take(MostCandidates)
      Answers.ok(id, Json.fields("candidates" -> Json.value(names)))
    case "add" => add(id, request)
    case "job" => Answers.refused(id, "jobs are Python functions: this is the interpreter for Scala")
    case "application" => Answers.refused(id, "the interpreter for Scala runs no applications")
    case other => Answers.refused(id, s"unknown operation '$other'")
  }

  private def bind(request: JsonNode): Unit = {
    val settings = request.path("conf").properties.asScala.map(field => field.getKey -> field.getValue.asText).toMap
    maxOutput = request.path("max_output").asInt(maxOutput)
    SparkBinding.connect(request.path("remote").asText, request.path("name").asText, settings, classes)
    paths(request, "jars").foreach(addJar)
    (paths(request, "files") ++ paths(request, "archives")).foreach(addFile)
    bound = true
  }

  private def add(id: Long, request: JsonNode): ObjectNode = {
    val path = Path.of(request.path("path").asText)
    request.path("kind").asText match {
      case "jar" => addJar(path); Answers.ok(id, Json.fields())
      case "file" | "archive" =>
        SparkBinding.addFile(path, request.path("name").asText(path.getFileName.toString), home)
        Answers.ok(id, Json.fields())
      case other => Answers.refused(id, s"the interpreter for Scala takes jars and files, no '$other'")
    }
  }

  private def addJar(path: Path): Unit = { repl.addJar(path); SparkBinding.addJar(path) }
  private def addFile(path: Path): Unit = SparkBinding.addFile(path, path.getFileName.toString, home)
  private def paths(request: JsonNode, field: String): Seq[Path] =
    request.path(field).elements.asScala.map(path => Path.of(path.asText)).toSeq
}

object Requests {
  private val Protocol = 1
  private val MostCandidates = 500
  /** The operations whose answers wait for an acknowledgement. */
  private val Kept = Set("execute", "job", "application")

  private def tag(id: Long): String = s"interpreter-$id"
  private def identity(request: JsonNode): Long = request.path("id").asLong(-1)
  private def operation(request: JsonNode): String = request.path("op").asText
}
