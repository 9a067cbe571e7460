/* The socket `control.sock` and its frames: a length in 4 bytes, big endian, and one JSON object. One connection at a
 * time: a newer one replaces the older. Knows nothing of what the objects say. */
package hearth.interpreter

import java.io.IOException
import java.net.{StandardProtocolFamily, UnixDomainSocketAddress}
import java.nio.ByteBuffer
import java.nio.channels.{ServerSocketChannel, SocketChannel}
import java.nio.file.{Files, Path}

import com.fasterxml.jackson.databind.JsonNode

/** One connection. Sending never fails: what matters is kept until it is acknowledged on a later connection. */
final class Connection(socket: SocketChannel) {
  def send(message: JsonNode): Unit = synchronized {
    val body = Json.bytes(message)
    val frame = ByteBuffer.allocate(4 + body.length).putInt(body.length).put(body).flip()
    try while (frame.hasRemaining) socket.write(frame)
    catch { case _: IOException => close() }
  }

  /** The next message, or nothing when the connection has ended. */
  def receive(): Option[JsonNode] =
    try for {
      head <- read(4)
      length = head.getInt
      if length >= 0 && length <= Connection.Largest
      body <- read(length)
    } yield Json.read(body.array)
    catch { case _: IOException => None }

  /** Ends it for the other side at once, for this side when what was sent before has been read. */
  def replaced(): Unit = {
    try socket.shutdownOutput() catch { case _: IOException => () }
    val thread = new Thread(() => { Thread.sleep(Connection.Grace); close() }, "connection-end")
    thread.setDaemon(true)
    thread.start()
  }

  def close(): Unit = try socket.close() catch { case _: IOException => () }

  private def read(count: Int): Option[ByteBuffer] = {
    val buffer = ByteBuffer.allocate(count)
    while (buffer.hasRemaining && socket.read(buffer) >= 0) ()
    Option.when(!buffer.hasRemaining)(buffer.flip())
  }
}

object Connection {
  private val Largest = 256 << 20
  private val Grace = 500L
}

final class Channel(folder: Path) {
  private val path = folder.resolve("control.sock")
  Files.deleteIfExists(path)
  private val listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)
  listener.bind(UnixDomainSocketAddress.of(path))

  /** Calls `serve` for each connection on a thread of its own, `replaced` having been closed. */
  def accept(serve: Connection => Unit): Unit = {
    var current: Option[Connection] = None
    while (true) {
      val connection = new Connection(listener.accept())
      current.foreach(_.replaced())
      current = Some(connection)
      val thread = new Thread(() => try serve(connection) finally connection.close(), "connection")
      thread.setDaemon(true)
      thread.start()
    }
  }
}
