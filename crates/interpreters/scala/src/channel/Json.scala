/* JSON by Jackson, and any Scala value as JSON: collections as lists, maps and case classes (tuples too) and rows with
 * a schema as objects, numbers as numbers, what JSON has no form for as null (NaN) or as its text. */
package hearth.interpreter

import scala.jdk.CollectionConverters._

import com.fasterxml.jackson.core.JsonGenerator
import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import com.fasterxml.jackson.databind.node.{ArrayNode, DecimalNode, JsonNodeFactory, NullNode, ObjectNode, TextNode}

import org.apache.spark.sql.Row

object Json {
  private val mapper = new ObjectMapper().configure(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN, true)
  private val nodes = JsonNodeFactory.instance

  def read(bytes: Array[Byte]): JsonNode = mapper.readTree(bytes)
  def bytes(node: JsonNode): Array[Byte] = mapper.writeValueAsBytes(node)

  def text(text: String): JsonNode = TextNode.valueOf(text)
  def number(number: Long): JsonNode = nodes.numberNode(number)
  def flag(flag: Boolean): JsonNode = nodes.booleanNode(flag)
  def array(values: Iterable[JsonNode]): ArrayNode = {
    val node = nodes.arrayNode()
    values.foreach(node.add)
    node
  }
  def fields(values: (String, JsonNode)*): ObjectNode = {
    val node = nodes.objectNode()
    values.foreach { case (name, value) => node.set[JsonNode](name, value) }
    node
  }

  def value(any: Any): JsonNode = any match {
    case null | None | () => NullNode.instance
    case node: JsonNode => node
    case Some(inner) => value(inner)
    case text: CharSequence => this.text(text.toString)
    case flag: Boolean => this.flag(flag)
    case number: java.lang.Number => fromNumber(number)
    case bytes: Array[Byte] => nodes.binaryNode(bytes)
    case array: Array[_] => this.array(array.toSeq.map(value))
    case row: Row => fromRow(row)
    case map: collection.Map[_, _] =>
      fields(map.toSeq.map { case (key, inner) => String.valueOf(key) -> value(inner) }: _*)
    case map: java.util.Map[_, _] => value(map.asScala)
    case many: Iterable[_] => array(many.map(value))
    case many: Iterator[_] => array(many.map(value).toSeq)
    case many: java.lang.Iterable[_] => array(many.asScala.map(value))
    case product: Product if product.productArity > 0 =>
      fields(product.productElementNames.zip(product.productIterator.map(value)).toSeq: _*)
    case other => text(other.toString)
  }

  private def fromNumber(number: java.lang.Number): JsonNode = number match {
    case double: java.lang.Double if !java.lang.Double.isFinite(double) => NullNode.instance
    case double: java.lang.Double => nodes.numberNode(double)
    case float: java.lang.Float if !java.lang.Float.isFinite(float) => NullNode.instance
    case float: java.lang.Float => nodes.numberNode(float)
    case decimal: java.math.BigDecimal => DecimalNode.valueOf(decimal)
    case decimal: BigDecimal => DecimalNode.valueOf(decimal.bigDecimal)
    case integer: java.math.BigInteger => nodes.numberNode(integer)
    case integer: BigInt => nodes.numberNode(integer.bigInteger)
    case other => nodes.numberNode(other.longValue)
  }

  private def fromRow(row: Row): JsonNode =
    if (row.schema == null) array(row.toSeq.map(value))
    else fields(row.schema.fieldNames.toSeq.zip(row.toSeq.map(value)): _*)
}
