/* A run whose only purpose is the classes that it loads. */
package hearth.interpreter

import java.nio.file.Files

import org.apache.spark.sql.hearth.SparkBinding

object Training {
  private val Limit = 1 << 20
  private val Plain = Seq(
    "1 + 1", "val x = List(1, 2, 3)\nx.map(_ * 2)\n%json x", "case class P(a: Int)\nobject P\nprintln(P(1))",
    "nope", "sys.error(\"x\")", "%table x", "def f(i: Int) = i + 1\nf(2)", "import java.time._",
  )
  private val Queries = Seq(
    "spark.sql(\"select 1 as a\").show()", "spark.range(3).toJSON.take(10).foreach(println)",
    "val d = spark.read.json(sc.parallelize(Seq(\"\"\"{\"a\":1}\"\"\")))\n%table d",
    "Seq((1, \"a\")).toDF(\"n\", \"s\").filter($\"n\" > 0).groupBy(\"s\").agg(sum(\"n\")).collect()",
  )

  def run(remote: Option[String]): Unit = {
    val classes = Files.createTempDirectory("classes")
    val repl = new Repl(classes)
    repl.prepare()
    val cells = new Cells(repl)
    remote.foreach(SparkBinding.connect(_, "training", Map.empty, classes))
    val outcomes = (Plain ++ remote.toSeq.flatMap(_ => Queries)).zipWithIndex.map { case (code, index) =>
      cells.run(s"training-$index", code, Limit)
    }
    outcomes.foreach(outcome => println(Outcome.json(outcome, Limit)))
    val works = outcomes.head == Outcome.Text("val res0: Int = 2\n") && repl.complete("List(1).hea", 11).nonEmpty
    System.exit(if (works) 0 else 1)
  }
}
