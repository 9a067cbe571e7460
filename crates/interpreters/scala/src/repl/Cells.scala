/* Runs cells: one at a time, each on a thread of its own that can be interrupted, and stopped if it does not mind.
 * A thread that cannot be stopped either (code that catches everything; Java 20 or later, which has no Thread.stop)
 * is left behind, and the interpreter goes on without it. */
package hearth.interpreter

import java.util.concurrent.atomic.AtomicReference

import scala.annotation.tailrec

import org.apache.spark.sql.hearth.SparkBinding

final class Cells(repl: Repl) {
  import Cells._

  private final class Running(val tag: String, val thread: Thread) { @volatile var cancelled = false }
  @volatile private var running: Option[Running] = None
  private var unwanted: Option[String] = None

  /** Not for two threads at once. */
  def run(tag: String, code: String, limit: Int): Outcome = {
    val text = new CellText(limit)
    val outcome = new AtomicReference[Outcome](Outcome.Cancelled)
    val thread = new Thread(null, () => outcome.set(SparkBinding.tagged(tag)(evaluate(code, text))), tag, StackSize)
    thread.setDaemon(true)
    thread.setContextClassLoader(repl.classLoader)
    thread.setUncaughtExceptionHandler((_, e) => outcome.set(unexpected(e)))
    val cell = new Running(tag, thread)
    StandardOutput.capture(text)
    begin(cell)
    try waitFor(cell)
    finally { running = None; StandardOutput.release() }
    finish(outcome.get, cell.cancelled, text)
  }

  /** Interrupts the cell: its code here and its operations on the server. It may be about to begin. */
  def cancel(tag: String): Unit = synchronized {
    unwanted = Some(tag)
    running.filter(_.tag == tag).foreach(interrupt)
  }

  private def begin(cell: Running): Unit = synchronized {
    running = Some(cell)
    cell.thread.start()
    if (unwanted.contains(cell.tag)) interrupt(cell)
  }

  private def interrupt(cell: Running): Unit = {
    cell.cancelled = true
    val operations = new Thread(() => SparkBinding.interrupt(cell.tag), s"${cell.tag}-cancel")
    operations.setDaemon(true)
    operations.start()
    cell.thread.interrupt()
  }

  @tailrec private def waitFor(cell: Running): Unit = {
    cell.thread.join(Poll)
    if (cell.thread.isAlive && !cell.cancelled) waitFor(cell)
    else if (cell.thread.isAlive) insist(cell.thread)
  }

  private def insist(thread: Thread): Unit = {
    thread.join(Patience)
    if (thread.isAlive) {
      try stop(thread)
      catch { case _: UnsupportedOperationException => () }
      thread.join(Patience)
    }
  }

  /** The only way to end a loop that looks at nothing. */
  @annotation.nowarn("cat=deprecation")
  private def stop(thread: Thread): Unit = thread.stop()

  private def finish(outcome: Outcome, cancelled: Boolean, text: CellText): Outcome = outcome match {
    case failed: Outcome.Failed =>
      StandardOutput.toProcess(text.take())
      if (cancelled) Outcome.Cancelled else failed
    case value: Outcome.Value =>
      StandardOutput.toProcess(text.take())
      value
    case _: Outcome.Text => Outcome.Text(text.take())
  }

  private def evaluate(code: String, text: CellText): Outcome = {
    val pieces = new Statements(code, repl.parse)
    var outcome: Outcome = Outcome.Text("")
    while (pieces.hasNext && !outcome.isInstanceOf[Outcome.Failed]) outcome = pieces.next() match {
      case Blank => repl.skipResult(); outcome
      case Magic(name, argument) => Magics.run(name, argument, repl)
      case statement: Statement => repl.run(statement).fold(Outcome.failed, _ => Outcome.Text(""))
      case Unfinished => Outcome.Incomplete
    }
    outcome
  }

  private def unexpected(error: Throwable): Outcome = {
    val lines = error.toString +: error.getStackTrace.toSeq.map("\tat " + _)
    Outcome.failed(lines.mkString("\n"))
  }
}

object Cells {
  private val Poll = 50L
  private val Patience = 1000L
  /** The compiler recurses deeply on long expressions. */
  private val StackSize = 64L << 20
}
