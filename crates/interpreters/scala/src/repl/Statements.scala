/* Cuts the text of a cell into what the REPL gets at once. The rule of Livy is line by line, joined while the REPL
 * calls the text incomplete. Beyond that rule, lines are joined where Scala source would read on and the REPL would
 * not: before a line that begins with a token which cannot begin a statement (`.map`, `else`, `catch`, …), after a
 * line that ends with an operator, at a `{` after the head of a definition, and between a class or trait and its
 * companion. */
package hearth.interpreter

import scala.util.matching.Regex

sealed trait Piece
/** Counts as a line of its own: it uses up a result number. */
case object Blank extends Piece
final case class Magic(name: String, argument: String) extends Piece
/** `before` is the number of lines of the cell above it. */
final case class Statement(text: String, before: Int) extends Piece
case object Unfinished extends Piece

sealed trait Parsed
object Parsed {
  case object Whole extends Parsed
  case object Partial extends Parsed
  case object Broken extends Parsed
}

final class Statements(code: String, parse: String => Parsed) extends Iterator[Piece] {
  import Statements._

  private val lines = code.trim.split("\r?\n", -1).toIndexedSeq
  private var at = 0

  def hasNext: Boolean = at < lines.size

  def next(): Piece = lines(at) match {
    case line if line.isBlank => at += 1; Blank
    case MagicLine(name, argument) => at += 1; Magic(name, argument.trim)
    case _ => statement()
  }

  private def statement(): Piece = {
    val begin = at
    at += 1
    var state = parse(text(begin))
    var more = true
    while (more) {
      val following = if (state == Parsed.Partial) Option.when(hasNext)(at) else readsOn(begin)
      following.foreach { index => at = index + 1; state = parse(text(begin)) }
      more = following.nonEmpty
    }
    if (state == Parsed.Partial) Unfinished else Statement(text(begin), begin)
  }

  private def text(begin: Int): String = lines.slice(begin, at).mkString("\n")

  /** The line up to which the statement that began at `begin` goes on, though it could end here. */
  private def readsOn(begin: Int): Option[Int] =
    Option(lines.indexWhere(line => !Skipped.matches(line), at)).filter(_ >= 0).filter { index =>
      val line = lines(index)
      val head = Definition.findFirstMatchIn(lines(begin))
      Continued.findPrefixMatchOf(line).nonEmpty ||
      (index == at && Dangling.matches(lines(at - 1)) && !lines(at - 1).contains("//")) ||
      head.exists(_ => index == at && line.trim.startsWith("{")) ||
      head.exists(one => Definition.findFirstMatchIn(line).exists(companions(one, _)))
    }

  private def companions(one: Regex.Match, other: Regex.Match): Boolean =
    one.group("name") == other.group("name") && (one.group("kind") == "object") != (other.group("kind") == "object")
}

object Statements {
  private val MagicLine = """%(\w+)\W*(.*)""".r
  private val Skipped = """\s*(//.*)?""".r
  private val Continued = """\s*(\.\s*[A-Za-z_`]|(else|catch|finally|extends|with|yield|match)\b)""".r
  private val Dangling = """.*\S\s+([+\-*/%&|^<>=!:~]+|to|until|and|or)\s*""".r
  private val Definition = new Regex(
    """^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:private|protected|final|sealed|abstract|case|implicit)(?:\[\w+\])?\s+)*""" +
      """(?<kind>class|trait|object)\s+(?<name>\w+)""")
}
