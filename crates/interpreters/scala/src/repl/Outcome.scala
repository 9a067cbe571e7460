/* What a cell came to, as Livy writes it. */
package hearth.interpreter

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode

sealed trait Outcome
object Outcome {
  final case class Text(text: String) extends Outcome
  final case class Value(mime: String, value: JsonNode) extends Outcome
  final case class Failed(name: String, message: String, traceback: Seq[String]) extends Outcome

  val Cancelled: Failed = Failed("Error", "The statement was cancelled", Nil)
  val Incomplete: Failed = Failed("Error", "incomplete statement", Nil)

  /** The first line, and all others. A message that begins with an empty line is taken from the next one. */
  def failed(errors: String): Failed = {
    val lines = errors.linesIterator.toIndexedSeq
    val (head, tail) = lines.splitAt(1)
    val first = head.headOption.fold("unknown error")(_.trim)
    val blank = tail.takeWhile(_.isBlank).size
    if (!first.endsWith(":") || tail.size == blank) Failed("Error", first, ended(tail))
    else Failed("Error", s"$first ${tail(blank).trim}", ended(tail.drop(blank + 1)))
  }

  private def ended(lines: Seq[String]): Seq[String] = lines.map(_ + "\n")

  def json(outcome: Outcome, limit: Int): ObjectNode = outcome match {
    case Text(text) => ok("text/plain", Json.text(text))
    case Value(_, value) if Json.bytes(value).length > limit =>
      json(Failed("OutputLimit", s"the value has more than $limit bytes: interpreter.max_output", Nil), limit)
    case Value(mime, value) => ok(mime, value)
    case Failed(name, message, traceback) =>
      val node = Json.fields("status" -> Json.text("error"), "ename" -> Json.text(name), "evalue" -> Json.text(message))
      node.set[ObjectNode]("traceback", Json.array(traceback.map(Json.text)))
  }

  private def ok(mime: String, value: JsonNode): ObjectNode =
    Json.fields("status" -> Json.text("ok"), "data" -> Json.fields(mime -> value))
}
