/* Ends the interpreter, and all that it started, when no server has been connected for too long. */
package hearth.interpreter

object Orphan {
  private val Look = 200L

  def watch(seconds: Double, attached: () => Boolean): Unit = {
    var alone = System.nanoTime
    while (true) {
      Thread.sleep(Look)
      if (attached()) alone = System.nanoTime
      else if ((System.nanoTime - alone) / 1e9 > seconds) endGroup()
    }
  }

  /** Java has no call for a process group. The group is our own only if we lead it. */
  private def endGroup(): Unit = {
    val pid = ProcessHandle.current.pid
    System.err.println("interpreter: no server is connected, so this ends")
    ProcessHandle.current.descendants.forEach(child => child.destroyForcibly(): Unit)
    try new ProcessBuilder("sh", "-c", s"kill -KILL -$pid").start().waitFor(): Unit
    finally Runtime.getRuntime.halt(1)
  }
}
