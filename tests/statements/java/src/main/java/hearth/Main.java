package hearth;

/** `sdk` or `jdbc`: runs the checks of that client against HEARTH_URL; ends with 1 when one is wrong. */
public final class Main {
  public static void main(String[] arguments) {
    Checks checks = switch (arguments[0]) {
      case "sdk" -> new SdkChecks().checks();
      case "jdbc" -> new JdbcChecks(";UseThriftClient=0").checks("jdbc");
      case "jdbc-json" -> new JdbcChecks(";UseThriftClient=0;EnableQueryResultDownload=0").checks("jdbc-json");
      default -> throw new IllegalArgumentException(arguments[0]);
    };
    System.exit(checks.run() == 0 ? 0 : 1);
  }

  private Main() {}
}
