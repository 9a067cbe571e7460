package hearth;

import java.io.File;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.livy.Job;
import org.apache.livy.JobContext;
import org.apache.livy.JobHandle;
import org.apache.livy.LivyClient;
import org.apache.livy.LivyClientBuilder;

/** What Livy's Java client does: a session of its own, files, jobs, and a second client of the same session. */
public final class Main {
  private static final long SECONDS = 120;

  public static void main(String[] args) throws Exception {
    URI server = new URI(System.getenv("HEARTH_URL"));
    LivyClient client =
        new LivyClientBuilder().setURI(server).setConf("spark.app.name", "java-client").build();
    said("session");
    Path file = Files.createTempFile("hearth", ".txt");
    Files.writeString(file, "text");
    client.uploadFile(file.toFile()).get(SECONDS, TimeUnit.SECONDS);
    said("upload");
    client.addFile(file.toUri()).get(SECONDS, TimeUnit.SECONDS);
    said("add");
    JobHandle<Integer> handle = client.submit(new Sum());
    try {
      System.out.println("result " + handle.get(SECONDS, TimeUnit.SECONDS));
    } catch (ExecutionException refused) {
      System.out.println("refused " + refused.getCause().getMessage());
    }
    if (handle.getState() != JobHandle.State.FAILED) {
      throw new IllegalStateException("state " + handle.getState());
    }
    said("job");
    LivyClient second = connected(server, args[0]);
    said("connect");
    second.stop(false);
    client.stop(true);
    said("stop");
  }

  /** A client of a session that is there already. */
  private static LivyClient connected(URI server, String session) throws Exception {
    LivyClient client = new LivyClientBuilder().setURI(server.resolve("/sessions/" + session)).build();
    File file = Files.createTempFile("hearth", ".py").toFile();
    client.uploadFile(file).get(SECONDS, TimeUnit.SECONDS);
    return client;
  }

  private static void said(String what) {
    System.out.println("ok " + what);
  }

  /** A job that a server without a JVM cannot run. */
  static final class Sum implements Job<Integer> {
    private static final long serialVersionUID = 1L;

    @Override
    public Integer call(JobContext context) {
      return 1 + 1;
    }
  }
}
