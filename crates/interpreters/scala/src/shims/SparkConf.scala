/* A map of settings under spark-core's name, for `SparkSession.builder.config(conf)`. */
package org.apache.spark

import scala.collection.mutable

class SparkConf(loadDefaults: Boolean = true) extends Cloneable with Serializable {
  private val settings = mutable.LinkedHashMap.empty[String, String]

  def set(key: String, value: String): SparkConf = { settings.update(key, value); this }
  def setAll(pairs: Iterable[(String, String)]): SparkConf = { settings ++= pairs; this }
  def setAppName(name: String): SparkConf = set("spark.app.name", name)
  def setMaster(master: String): SparkConf = set("spark.master", master)
  def remove(key: String): SparkConf = { settings.remove(key); this }
  def contains(key: String): Boolean = settings.contains(key)
  def get(key: String): String = settings.getOrElse(key, throw new NoSuchElementException(key))
  def get(key: String, default: String): String = settings.getOrElse(key, default)
  def getOption(key: String): Option[String] = settings.get(key)
  def getAll: Array[(String, String)] = settings.toArray
  override def clone: SparkConf = new SparkConf(false).setAll(settings)
}
