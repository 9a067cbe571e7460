/* How the compiler and the REPL tell about a cell: results go to standard output, where they stand among what the
 * cell prints; errors are kept apart, because they become the error of the answer. Compile errors read
 * `<console>:LINE: error: TEXT`, then the source line and a caret, as before Scala 2.13; LINE counts from the
 * beginning of the cell. */
package hearth.interpreter

import scala.reflect.internal.Reporter.ERROR
import scala.reflect.internal.util.{CodeAction, NoSourceFile, Position}
import scala.tools.nsc.Settings
import scala.tools.nsc.interpreter.shell.ReplReporterImpl

final class CellReporter(settings: Settings) extends ReplReporterImpl(settings, StandardOutput.writer()) {
  private val Indent = "       "
  private val errors = new StringBuilder
  /** Lines of the cell before the statement that is compiled. */
  var linesBefore: Int = 0

  /** The errors since the last call. */
  def takeErrors(): String = {
    val text = errors.toString
    errors.clear()
    text
  }

  override def printResult(result: Either[String, String]): Unit = result match {
    case Left(error) => if (!totalSilence) keep(error)
    case Right(_) => super.printResult(result)
  }

  override def doReport(pos: Position, text: String, severity: Severity, actions: List[CodeAction]): Unit =
    if (!totalSilence) {
      val message = describe(pos, text, severity)
      if (severity == ERROR) keep(message) else withoutTruncating(printMessage(message))
    }

  /** "1 error found" says nothing that the errors do not say. */
  override def finish(): Unit = ()

  private def keep(text: String): Unit = {
    errors.append(unwrap(text))
    if (!text.endsWith("\n")) errors.append('\n'): Unit
  }

  private def describe(pos: Position, text: String, severity: Severity): String = {
    val prefixed = clabel(severity) + text
    if (pos == null || !pos.isDefined || (pos.source eq NoSourceFile)) prefixed
    else {
      val place = s"<console>:${linesBefore + pos.line}: "
      s"$place$prefixed\n$Indent${unwrap(pos.lineContent)}\n$Indent${pos.lineCaret}"
    }
  }
}
