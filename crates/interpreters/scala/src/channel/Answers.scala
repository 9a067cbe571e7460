/* Which requests were seen, and what they were answered. Answers are kept until they are acknowledged, so that one
 * which was lost with its connection is sent again, and no request ever runs twice. */
package hearth.interpreter

import scala.collection.mutable

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode

final class Answers {
  import Answers._

  private val states = mutable.TreeMap.empty[Long, State]
  /** Ids come from two ranges of the server's, so their order says nothing. */
  private val acknowledged = mutable.Set.empty[Long]
  private var connection: Option[Connection] = None

  /** Makes this the connection that answers go to, and sends `first` and then what was not acknowledged. */
  def attach(next: Connection, first: JsonNode): Unit = synchronized {
    connection = Some(next)
    next.send(first)
    states.values.foreach { case Answered(message, true) => next.send(message); case _ => () }
  }

  def detach(gone: Connection): Unit = synchronized {
    if (connection.contains(gone)) connection = None
  }

  def attached: Boolean = synchronized(connection.nonEmpty)

  /** Whether the request is a new one. If it is not, its answer is sent again, now or when it is there. */
  def begin(id: Long): Boolean = synchronized {
    states.get(id) match {
      case Some(Answered(message, _)) => connection.foreach(_.send(message)); false
      case Some(Pending) => false
      case None if acknowledged(id) =>
        connection.foreach(_.send(refused(id, "this request was answered and acknowledged")))
        false
      case None => states.update(id, Pending); true
    }
  }

  def pending(id: Long): Boolean = synchronized(states.get(id).contains(Pending))

  /** Only the first answer counts. */
  def answer(id: Long, message: JsonNode, keep: Boolean): Unit = synchronized {
    if (!states.get(id).exists(_.isInstanceOf[Answered])) {
      states.update(id, Answered(message, keep))
      connection.foreach(_.send(message))
      val passing = states.collect { case (old, Answered(_, false)) => old }.toSeq
      states --= passing.dropRight(Passing): Unit
    }
  }

  def acknowledge(id: Long): Unit = synchronized {
    if (states.get(id).exists(_ != Pending)) {
      states.remove(id)
      acknowledged += id
    }
  }
}

object Answers {
  private sealed trait State
  private case object Pending extends State
  private final case class Answered(message: JsonNode, kept: Boolean) extends State

  /** So many answers that need no acknowledgement are remembered, in case their requests come again. */
  private val Passing = 64

  def ok(id: Long, value: ObjectNode): ObjectNode = Json.fields("id" -> Json.number(id), "ok" -> value)
  def refused(id: Long, why: String): ObjectNode = Json.fields("id" -> Json.number(id), "refused" -> Json.text(why))
}
