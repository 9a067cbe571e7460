/* The Scala compiler's interpreter, set up as spark-shell sets it up: cells become classes, not objects, so that
 * closures carry only what they use, and class files land in a folder from where they could be sent to a server.
 * `prepare` compiles everything that needs no server. Not thread safe. */
package hearth.interpreter

import java.nio.file.Path

import scala.tools.nsc.Settings
import scala.tools.nsc.interpreter.{IMain, Results}
import scala.tools.nsc.interpreter.shell.{Accumulator, ReplCompletion}

final class Repl(classes: Path) {
  private val settings = new Settings(text => System.err.println(text))
  settings.processArguments(Repl.Options ++ List("-Yrepl-outdir", classes.toString), true)
  private val reporter = new CellReporter(settings)
  private val interpreter = new IMain(settings, None, settings, reporter)

  /** Binds the names of a Spark shell, and runs a statement of each common kind so that the first cell is quick. */
  def prepare(): Unit = {
    interpreter.initializeCompiler()
    Thread.currentThread.setContextClassLoader(interpreter.classLoader)
    Repl.Prelude.foreach(quietly)
    quietly(Repl.WarmUp)
    interpreter.beQuietDuring(run(Statement(Repl.WarmUp, 0)): Unit)
    StandardOutput.release()
  }

  def classLoader: ClassLoader = interpreter.classLoader

  def parse(text: String): Parsed = {
    val result = reporter.suppressOutput(interpreter.parseString(text))
    // Else the same error at the same place would not be reported again when the statement is run.
    reporter.reset()
    result match {
      case Results.Success => Parsed.Whole
      case Results.Incomplete => Parsed.Partial
      case Results.Error => Parsed.Broken
    }
  }

  /** Runs one statement. What it prints is on standard output; the errors are the answer. */
  def run(statement: Statement): Either[String, Unit] = {
    reporter.linesBefore = statement.before
    reporter.takeErrors(): Unit
    val result = interpreter.interpret(statement.text)
    val errors = reporter.takeErrors()
    result match {
      case Results.Success => Right(())
      // Nothing but comments: there was nothing to run, and nothing is wrong.
      case Results.Incomplete | Results.Error => Either.cond(errors.isEmpty, (), errors)
    }
  }

  /** Uses up a result number (`res0`, …), as an empty line does in Livy. */
  def skipResult(): Unit = interpreter.naming.freshUserVarName(): Unit

  def value(name: String): Option[Any] = interpreter.valueOfTerm(name)

  /** Names that may stand instead of the word that ends at `cursor`. */
  def complete(code: String, cursor: Int): Seq[String] = {
    val word = code.take(cursor).reverseIterator.takeWhile(Character.isJavaIdentifierPart).mkString.reverse
    new ReplCompletion(interpreter, new Accumulator).complete(code, cursor)
      .candidates.map(_.name).filter(name => name.startsWith(word) && !name.contains('$')).distinct.sorted
  }

  def addJar(path: Path): Unit = interpreter.addUrlsToClassPath(path.toUri.toURL)

  private def quietly(code: String): Unit =
    if (interpreter.quietRun(code) != Results.Success)
      throw new IllegalStateException(s"the interpreter did not start: ${reporter.takeErrors()}")
}

object Repl {
  /** Summaries like "1 deprecation" would stand in the output of generated code, whose readers expect JSON only. */
  private val Options = List("-usejavacp", "-Yrepl-class-based", "-Wconf:cat=deprecation:s,cat=feature:s")
  private val Prelude = Seq(
    """@transient val spark: org.apache.spark.sql.SparkSession = org.apache.spark.sql.hearth.SparkBinding.spark
      |@transient val sc: org.apache.spark.SparkContext = spark.sparkContext
      |@transient val sqlContext: org.apache.spark.sql.SQLContext = spark.sqlContext""".stripMargin,
    """import org.apache.spark.SparkContext._
      |import spark.implicits._
      |import spark.sql
      |import org.apache.spark.sql.functions._""".stripMargin,
  )
  /** Definitions only: an expression would use up a result number. */
  private val WarmUp = "private def `interpreter warm-up`() = { Seq(1).map(_ + 1).foreach(println); s\"${1 + 1}\" }"
}
