package hearth;

import static hearth.Checks.failure;
import static hearth.Checks.same;
import static hearth.Checks.truth;

import com.databricks.sdk.WorkspaceClient;
import com.databricks.sdk.core.DatabricksConfig;
import com.databricks.sdk.core.DatabricksError;
import com.databricks.sdk.core.error.platform.NotFound;
import com.databricks.sdk.service.iam.MeRequest;
import com.databricks.sdk.service.sql.*;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** The SDK for Java: executeStatement, getStatement, getStatementResultChunkN, cancelExecution and what stands around them. */
final class SdkChecks {
  private static final String WAREHOUSE = System.getenv("HEARTH_WAREHOUSE");
  private static final String SLOW = System.getenv("HEARTH_SLOW");
  private final WorkspaceClient client =
      new WorkspaceClient(new DatabricksConfig().setHost(System.getenv("HEARTH_URL")).setToken("any"));
  private final StatementExecutionAPI api = client.statementExecution();

  Checks checks() {
    return new Checks()
        .add("sdk execute", this::execute)
        .add("sdk poll and chunk", this::pollAndChunk)
        .add("sdk cancel", this::cancel)
        .add("sdk links", this::links)
        .add("sdk parameters", this::parameters)
        .add("sdk errors", this::errors)
        .add("sdk warehouses", this::warehouses)
        .add("sdk history", this::history);
  }

  private static ExecuteStatementRequest request(String text) {
    return new ExecuteStatementRequest().setWarehouseId(WAREHOUSE).setStatement(text);
  }

  private static List<List<String>> rows(ResultData result) {
    List<List<String>> rows = new ArrayList<>();
    for (Collection<String> row : result.getDataArray()) {
      rows.add(new ArrayList<>(row));
    }
    return rows;
  }

  private StatementResponse ended(String id) throws InterruptedException {
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (true) {
      StatementResponse answer = api.getStatement(id);
      StatementState state = answer.getStatus().getState();
      if (state != StatementState.PENDING && state != StatementState.RUNNING) {
        return answer;
      }
      truth(System.nanoTime() < deadline, answer);
      Thread.sleep(20);
    }
  }

  private void execute() {
    StatementResponse answer = api.executeStatement(request("select 1 as a, 'x' as b"));
    same(StatementState.SUCCEEDED, answer.getStatus().getState());
    same(List.of(List.of("1", "x")), rows(answer.getResult()));
    List<ColumnInfo> columns = new ArrayList<>(answer.getManifest().getSchema().getColumns());
    same("b", columns.get(1).getName());
    same(ColumnInfoTypeName.STRING, columns.get(1).getTypeName());
    same(1L, answer.getManifest().getTotalRowCount());
  }

  private void pollAndChunk() throws Exception {
    StatementResponse answer = api.executeStatement(request("select id from range(3) order by id").setWaitTimeout("0s"));
    same(StatementState.PENDING, answer.getStatus().getState());
    answer = ended(answer.getStatementId());
    same(List.of(List.of("0"), List.of("1"), List.of("2")), rows(answer.getResult()));
    same(rows(answer.getResult()), rows(api.getStatementResultChunkN(answer.getStatementId(), 0L)));
  }

  private void cancel() throws Exception {
    StatementResponse answer = api.executeStatement(request(SLOW).setWaitTimeout("0s"));
    api.cancelExecution(new CancelExecutionRequest().setStatementId(answer.getStatementId()));
    same(StatementState.CANCELED, ended(answer.getStatementId()).getStatus().getState());
    answer = api.executeStatement(request(SLOW).setWaitTimeout("5s").setOnWaitTimeout(ExecuteStatementRequestOnWaitTimeout.CANCEL));
    same(StatementState.CANCELED, answer.getStatus().getState());
  }

  private void links() throws Exception {
    StatementResponse answer = api.executeStatement(request("select id, concat('r', id) as t from range(400000)")
        .setDisposition(Disposition.EXTERNAL_LINKS).setFormat(Format.CSV).setWaitTimeout("50s"));
    same(StatementState.SUCCEEDED, answer.getStatus().getState());
    truth(answer.getManifest().getTotalChunkCount() > 1, answer);
    Collection<ExternalLink> links = answer.getResult().getExternalLinks();
    int seen = -1;
    while (true) {
      ExternalLink last = null;
      for (ExternalLink link : links) {
        for (String line : download(link.getExternalLink()).split("\r\n")) {
          same(seen < 0 ? "id,t" : seen + ",r" + seen, line);
          seen++;
        }
        last = link;
      }
      if (last.getNextChunkIndex() == null) {
        break;
      }
      links = api.getStatementResultChunkN(answer.getStatementId(), last.getNextChunkIndex()).getExternalLinks();
    }
    same(400000, seen);
  }

  private static String download(String link) throws Exception {
    return HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create(link)).build(), HttpResponse.BodyHandlers.ofString()).body();
  }

  private void parameters() {
    StatementResponse answer = api.executeStatement(request("select :n + 1, :t, :x").setParameters(List.of(
        new StatementParameterListItem().setName("n").setType("INT").setValue("41"),
        new StatementParameterListItem().setName("t").setValue("it's"), new StatementParameterListItem().setName("x"))));
    List<String> row = rows(answer.getResult()).get(0);
    same("42", row.get(0));
    same("it's", row.get(1));
    same(null, row.get(2));
  }

  private void errors() {
    StatementResponse answer = api.executeStatement(request("select * from no_such_table"));
    same(StatementState.FAILED, answer.getStatus().getState());
    same(ServiceErrorCode.BAD_REQUEST, answer.getStatus().getError().getErrorCode());
    truth(answer.getStatus().getError().getMessage().contains("TABLE_OR_VIEW_NOT_FOUND"), answer);
    Throwable missing = failure(() -> api.getStatement("01ef9de2-db21-16af-b4cb-9ccf302d746b"));
    truth(missing instanceof NotFound, missing);
    Throwable refused = failure(() -> api.executeStatement(request("select 1").setWarehouseId("nope")));
    same("INVALID_PARAMETER_VALUE", ((DatabricksError) refused).getErrorCode());
    same(400, ((DatabricksError) refused).getStatusCode());
  }

  private void warehouses() throws Exception {
    boolean found = false;
    for (EndpointInfo warehouse : client.warehouses().list(new ListWarehousesRequest())) {
      found |= warehouse.getId().equals(WAREHOUSE);
    }
    truth(found, "no default warehouse");
    same(State.RUNNING, client.warehouses().get(WAREHOUSE).getState());
    same("local", client.currentUser().me(new MeRequest()).getUserName());
  }

  private void history() {
    String id = api.executeStatement(request("select 'java history'")).getStatementId();
    ListQueriesResponse told = client.queryHistory().list(new ListQueryHistoryRequest().setMaxResults(5L)
        .setFilterBy(new QueryFilter().setStatementIds(List.of(id)).setStatuses(List.of(QueryStatus.FINISHED))));
    same(1, told.getRes().size());
    same("select 'java history'", told.getRes().iterator().next().getQueryText());
  }
}
