/* `%json name` and `%table name`: the named value as JSON, or as a table of Livy's own kind. A dataset gives its first
 * rows, an RDD its first elements, as in Livy. */
package hearth.interpreter

import scala.collection.mutable
import scala.jdk.CollectionConverters._

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.{JsonNodeType, NullNode}

import org.apache.spark.rdd.RDD
import org.apache.spark.sql.Dataset
import org.apache.spark.sql.types._

object Magics {
  private val Rows = 1000
  private val Elements = 10
  private val Unknown = "NULL_TYPE"

  def run(name: String, argument: String, repl: Repl): Outcome = name match {
    case "json" => named(argument, repl)(value => Right(Outcome.Value("application/json", json(value))))
    case "table" => named(argument, repl)(table(_).map(Outcome.Value("application/vnd.livy.table.v1+json", _)))
    case other => Outcome.Failed("UnknownMagic", s"Unknown magic command $other", Nil)
  }

  private def named(name: String, repl: Repl)(use: Any => Either[Outcome.Failed, Outcome]): Outcome =
    repl.value(name).toRight(Outcome.Failed("NameError", s"Value $name does not exist", Nil)).flatMap(use).merge

  private def json(value: Any): JsonNode = value match {
    case data: Dataset[_] => Json.value(data.toDF().take(Rows))
    case rdd: RDD[_] => Json.value(rdd.take(Elements))
    case other => Json.value(other)
  }

  private def table(value: Any): Either[Outcome.Failed, JsonNode] = value match {
    case data: Dataset[_] =>
      val frame = data.toDF()
      val columns = frame.schema.map(field => field.name -> sparkType(field.dataType))
      val rows = frame.take(Rows).map(row => Json.array(row.toSeq.map(Json.value)))
      Right(written(columns, rows.toSeq))
    case other => fromRows(json(other))
  }

  /** Columns in the order in which they first appear; a column of nulls takes the type of a later value. */
  private def fromRows(rows: JsonNode): Either[Outcome.Failed, JsonNode] = {
    val types = mutable.LinkedHashMap.empty[String, String]
    val cells = (if (rows.isArray) rows.elements.asScala.toSeq else Seq(rows)).map(fields)
    val mixed = cells.flatten.exists { case (name, value) =>
      val before = types.getOrElse(name, Unknown)
      val now = jsonType(value)
      types.update(name, if (now == Unknown) before else now)
      before != Unknown && now != Unknown && before != now
    }
    if (mixed) Left(Outcome.Failed("TypeError", "table rows have different types", Nil))
    else Right(written(types.toSeq, cells.map { row =>
      val values = row.toMap
      Json.array(types.keys.toSeq.map(values.getOrElse(_, NullNode.instance)))
    }))
  }

  private def fields(row: JsonNode): Seq[(String, JsonNode)] =
    if (row.isObject) row.properties.asScala.toSeq.map(field => field.getKey -> field.getValue)
    else if (row.isArray) row.elements.asScala.toSeq.zipWithIndex.map { case (value, index) => index.toString -> value }
    else Seq("0" -> row)

  private def written(columns: Seq[(String, String)], rows: Seq[JsonNode]): JsonNode = {
    val headers = columns.map { case (name, kind) => Json.fields("name" -> Json.text(name), "type" -> Json.text(kind)) }
    Json.fields("headers" -> Json.array(headers), "data" -> Json.array(rows))
  }

  private def jsonType(value: JsonNode): String = value.getNodeType match {
    case JsonNodeType.NUMBER if value.isBigDecimal => "DECIMAL_TYPE"
    case JsonNodeType.NUMBER if value.isFloatingPointNumber => "DOUBLE_TYPE"
    case JsonNodeType.NUMBER => "BIGINT_TYPE"
    case JsonNodeType.BOOLEAN => "BOOLEAN_TYPE"
    case JsonNodeType.ARRAY => "ARRAY_TYPE"
    case JsonNodeType.OBJECT => "MAP_TYPE"
    case JsonNodeType.NULL | JsonNodeType.MISSING => Unknown
    case JsonNodeType.STRING | JsonNodeType.BINARY | JsonNodeType.POJO => "STRING_TYPE"
  }

  private def sparkType(kind: DataType): String = kind match {
    case ByteType | ShortType | IntegerType | LongType => "BIGINT_TYPE"
    case FloatType | DoubleType => "DOUBLE_TYPE"
    case _: DecimalType => "DECIMAL_TYPE"
    case BooleanType => "BOOLEAN_TYPE"
    case DateType => "DATE_TYPE"
    case TimestampType | TimestampNTZType => "TIMESTAMP_TYPE"
    case NullType => Unknown
    case _: ArrayType => "ARRAY_TYPE"
    case _: MapType | _: StructType => "MAP_TYPE"
    case _ => "STRING_TYPE"
  }
}
