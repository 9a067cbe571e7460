/* Standard output of the process, with the text of a running cell taken out of the stream. Must be installed before
 * anything uses `Console`, which keeps the stream that it first sees. Standard error is left alone: it is the log. */
package hearth.interpreter

import java.io.{ByteArrayOutputStream, FileDescriptor, FileOutputStream, OutputStream, PrintStream, PrintWriter}
import java.io.OutputStreamWriter
import java.nio.charset.StandardCharsets.UTF_8

object StandardOutput {
  private val process = new FileOutputStream(FileDescriptor.out)
  @volatile private var cell: Option[CellText] = None

  private object stream extends OutputStream {
    override def write(byte: Int): Unit = write(Array(byte.toByte), 0, 1)
    override def write(bytes: Array[Byte], from: Int, count: Int): Unit =
      cell.fold(process.write(bytes, from, count))(_.add(bytes, from, count))
  }

  private val printer = new PrintStream(stream, true, UTF_8)

  def install(): Unit = System.setOut(printer)

  /** For the compiler's reporter, whose lines stand among what the cell prints. */
  def writer(): PrintWriter = new PrintWriter(new OutputStreamWriter(stream, UTF_8), true)

  /** Sends to `text` what anybody prints, until `release`. */
  def capture(text: CellText): Unit = cell = Some(text)

  /** Printing nothing empties the buffer of a print that was stopped half way, which flushing does not. */
  def release(): Unit = { printer.print(""); printer.flush(); cell = None }

  def toProcess(text: String): Unit = process.write(text.getBytes(UTF_8))
}

/** What one cell has printed, up to a bound in bytes. */
final class CellText(limit: Int) {
  private val kept = new ByteArrayOutputStream
  private var cut = false

  def add(bytes: Array[Byte], from: Int, count: Int): Unit = synchronized {
    val fits = math.min(count, limit - kept.size)
    kept.write(bytes, from, fits)
    if (fits < count) cut = true
  }

  /** Takes what is there, so that the next call gives what came after. */
  def take(): String = synchronized {
    val text = kept.toString(UTF_8)
    val all = if (cut) TextLimit.note(text.stripSuffix("\uFFFD"), limit) else text
    kept.reset()
    cut = false
    all
  }
}

object TextLimit {
  def note(text: String, limit: Int): String = {
    val gap = if (text.isEmpty || text.endsWith("\n")) "" else "\n"
    s"$text$gap… (output cut at $limit bytes: interpreter.max_output)\n"
  }
}
