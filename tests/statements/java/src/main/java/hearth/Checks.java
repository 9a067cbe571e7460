package hearth;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** Named checks that all run; each prints `ok NAME` or `WRONG NAME` and why. */
final class Checks {
  interface Check {
    void run() throws Exception;
  }

  private final Map<String, Check> checks = new LinkedHashMap<>();

  Checks add(String name, Check check) {
    checks.put(name, check);
    return this;
  }

  int run() {
    int wrong = 0;
    for (Map.Entry<String, Check> entry : checks.entrySet()) {
      try {
        entry.getValue().run();
        System.out.println("ok " + entry.getKey());
      } catch (Throwable failure) {
        wrong++;
        System.out.println("WRONG " + entry.getKey());
        failure.printStackTrace(System.out);
      }
    }
    return wrong;
  }

  static void same(Object expected, Object found) {
    if (!Objects.equals(expected, found)) {
      throw new AssertionError("expected " + expected + ", found " + found);
    }
  }

  static void truth(boolean condition, Object told) {
    if (!condition) {
      throw new AssertionError(String.valueOf(told));
    }
  }

  /** The failure of a call that must fail. */
  static Throwable failure(Check call) {
    try {
      call.run();
    } catch (Throwable expected) {
      return expected;
    }
    throw new AssertionError("it did not fail");
  }
}
