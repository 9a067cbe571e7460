/* The interpreter for Scala: what crates/interpreters/PROTOCOL.md describes, started as README.md here says.
 *
 *   Main [--folder PRIVATE_FOLDER]    serves `control.sock` there
 *   Main --train [REMOTE]             runs typical cells and ends, for the archive of loaded classes; against a
 *                                     server if a `sc://` URL is given */
package hearth.interpreter

import java.nio.file.{Files, Path}

object Main {
  def main(arguments: Array[String]): Unit = {
    StandardOutput.install()
    sys.env.get("TMPDIR").foreach(System.setProperty("java.io.tmpdir", _))
    arguments.toSeq match {
      case Seq() => serve(Path.of("."))
      case Seq("--folder", folder) => serve(Path.of(folder))
      case Seq("--train") => Training.run(None)
      case Seq("--train", remote) => Training.run(Some(remote))
      case _ =>
        System.err.println("usage: Main [--folder PRIVATE_FOLDER | --train [REMOTE]]")
        System.exit(2)
    }
  }

  /** The socket is there at once; requests wait until the compiler is warm. */
  private def serve(folder: Path): Unit = {
    val channel = new Channel(folder)
    val classes = Files.createTempDirectory("classes")
    val repl = new Repl(classes)
    val home = sys.env.get("HOME").fold(folder.resolve("home"))(Path.of(_))
    val requests = new Requests(repl, classes, home)
    background("accept")(channel.accept(requests.serve))
    sys.env.get("HEARTH_ORPHAN_TIMEOUT").flatMap(_.toDoubleOption).foreach { seconds =>
      background("orphan")(Orphan.watch(seconds, () => requests.answers.attached))
    }
    repl.prepare()
    requests.work()
  }

  private def background(name: String)(body: => Unit): Unit = {
    val thread = new Thread(() => body, name)
    thread.setDaemon(true)
    thread.start()
  }
}
