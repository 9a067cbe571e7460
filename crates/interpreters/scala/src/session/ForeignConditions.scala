/* The Connect client builds the message of an error from its own list of error conditions, and fails an assertion for
 * a condition that is not in the list, so that nobody sees what happened. A server that is not Spark has conditions of
 * its own. Their names are taken out of what the server tells, and the client then shows the server's message. */
package org.apache.spark.sql.hearth

import scala.util.Try

import org.sparkproject.io.grpc.{CallOptions, Channel, ClientCall, ClientInterceptor, Metadata, MethodDescriptor}
import org.sparkproject.io.grpc.ForwardingClientCall.SimpleForwardingClientCall
import org.sparkproject.io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener

import org.apache.spark.SparkThrowableHelper
import org.apache.spark.connect.proto.FetchErrorDetailsResponse

private object ForeignConditions extends ClientInterceptor {
  override def interceptCall[Q, A](
      method: MethodDescriptor[Q, A], options: CallOptions, next: Channel): ClientCall[Q, A] =
    new SimpleForwardingClientCall[Q, A](next.newCall(method, options)) {
      override def start(listener: ClientCall.Listener[A], headers: Metadata): Unit =
        super.start(new SimpleForwardingClientCallListener[A](listener) {
          override def onMessage(message: A): Unit = super.onMessage(readable(message))
        }, headers)
    }

  private def readable[A](message: A): A = message match {
    case details: FetchErrorDetailsResponse =>
      val builder = details.toBuilder
      builder.getErrorsBuilderList.forEach { error =>
        if (error.hasSparkThrowable && !known(error.getSparkThrowable.getErrorClass))
          error.getSparkThrowableBuilder.clearErrorClass(): Unit
      }
      builder.build().asInstanceOf[A]
    case other => other
  }

  private def known(condition: String): Boolean = Try {
    try SparkThrowableHelper.getMessageTemplate(condition).nonEmpty
    catch { case _: AssertionError => false }
  }.getOrElse(false)
}
