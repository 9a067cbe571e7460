// The Go SDK, unmodified. The version in go.mod is one that Go 1.19 (Debian 12) builds.
package statements

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/databricks/databricks-sdk-go"
	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/service/sql"
)

var (
	background = context.Background()
	warehouse  = os.Getenv("HEARTH_WAREHOUSE")
	slow       = os.Getenv("HEARTH_SLOW")
)

func client(t *testing.T) *databricks.WorkspaceClient {
	t.Helper()
	made, err := databricks.NewWorkspaceClient(&databricks.Config{Host: os.Getenv("HEARTH_URL"), Token: "any"})
	check(t, err)
	return made
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func execute(t *testing.T, request sql.ExecuteStatementRequest) *sql.StatementResponse {
	t.Helper()
	request.WarehouseId = warehouse
	answer, err := client(t).StatementExecution.ExecuteStatement(background, request)
	check(t, err)
	return answer
}

func ended(t *testing.T, id string) *sql.StatementResponse {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		answer, err := client(t).StatementExecution.GetStatementByStatementId(background, id)
		check(t, err)
		if answer.Status.State != sql.StatementStatePending && answer.Status.State != sql.StatementStateRunning {
			return answer
		}
		if time.Now().After(deadline) {
			t.Fatal("still ", answer.Status.State)
		}
	}
}

func TestExecute(t *testing.T) {
	answer := execute(t, sql.ExecuteStatementRequest{Statement: "select 1 as a, 'x' as b"})
	if answer.Status.State != sql.StatementStateSucceeded || answer.Manifest.TotalRowCount != 1 {
		t.Fatalf("%+v", answer)
	}
	if row := answer.Result.DataArray[0]; row[0] != "1" || row[1] != "x" {
		t.Fatal(row)
	}
	if column := answer.Manifest.Schema.Columns[1]; column.Name != "b" || column.TypeName != sql.ColumnInfoTypeNameString {
		t.Fatalf("%+v", column)
	}
}

func TestExecuteAndWait(t *testing.T) {
	request := sql.ExecuteStatementRequest{WarehouseId: warehouse, Statement: "select sum(id) from range(1000)", WaitTimeout: "0s"}
	answer, err := client(t).StatementExecution.ExecuteAndWait(background, request)
	check(t, err)
	if answer.Result.DataArray[0][0] != "499500" {
		t.Fatalf("%+v", answer)
	}
	request.Statement = "select 1/0"
	if _, err = client(t).StatementExecution.ExecuteAndWait(background, request); err == nil || !strings.Contains(err.Error(), "DIVIDE_BY_ZERO") {
		t.Fatal(err)
	}
}

func TestParameters(t *testing.T) {
	answer := execute(t, sql.ExecuteStatementRequest{
		Statement:  "select :n + 1, :t, :x",
		Parameters: []sql.StatementParameterListItem{{Name: "n", Type: "INT", Value: "41"}, {Name: "t", Value: "it's"}, {Name: "x"}},
	})
	if row := answer.Result.DataArray[0]; row[0] != "42" || row[1] != "it's" {
		t.Fatal(row)
	}
}

func TestExternalLinks(t *testing.T) {
	answer := execute(t, sql.ExecuteStatementRequest{
		Statement: "select id, concat('r', id) as t from range(400000)", Disposition: sql.DispositionExternalLinks,
		Format: sql.FormatJsonArray, WaitTimeout: "50s",
	})
	if answer.Status.State != sql.StatementStateSucceeded || answer.Manifest.TotalChunkCount < 2 {
		t.Fatalf("%+v", answer)
	}
	links, seen := answer.Result.ExternalLinks, 0
	for {
		for _, link := range links {
			for _, row := range download(t, link.ExternalLink) {
				if row[0] != strconv.Itoa(seen) || row[1] != "r"+row[0] {
					t.Fatal(seen, row)
				}
				seen++
			}
		}
		last := links[len(links)-1]
		if last.NextChunkInternalLink == "" {
			break
		}
		next, err := client(t).StatementExecution.GetStatementResultChunkNByStatementIdAndChunkIndex(background, answer.StatementId, last.NextChunkIndex)
		check(t, err)
		links = next.ExternalLinks
	}
	if seen != 400000 {
		t.Fatal(seen)
	}
}

func download(t *testing.T, link string) (rows [][]string) {
	t.Helper()
	reply, err := http.Get(link)
	check(t, err)
	defer reply.Body.Close()
	data, err := io.ReadAll(reply.Body)
	check(t, err)
	check(t, json.Unmarshal(data, &rows))
	return rows
}

func TestCancel(t *testing.T) {
	answer := execute(t, sql.ExecuteStatementRequest{Statement: slow, WaitTimeout: "0s"})
	if answer.Status.State != sql.StatementStatePending {
		t.Fatal(answer.Status)
	}
	check(t, client(t).StatementExecution.CancelExecution(background, sql.CancelExecutionRequest{StatementId: answer.StatementId}))
	if state := ended(t, answer.StatementId).Status.State; state != sql.StatementStateCanceled {
		t.Fatal(state)
	}
	answer = execute(t, sql.ExecuteStatementRequest{Statement: slow, WaitTimeout: "5s", OnWaitTimeout: sql.ExecuteStatementRequestOnWaitTimeoutCancel})
	if answer.Status.State != sql.StatementStateCanceled {
		t.Fatal(answer.Status)
	}
}

func TestErrors(t *testing.T) {
	answer := execute(t, sql.ExecuteStatementRequest{Statement: "select * from no_such_table"})
	if answer.Status.State != sql.StatementStateFailed || answer.Status.Error.ErrorCode != sql.ServiceErrorCodeBadRequest {
		t.Fatalf("%+v", answer.Status)
	}
	_, err := client(t).StatementExecution.GetStatementByStatementId(background, "01ef9de2-db21-16af-b4cb-9ccf302d746b")
	if !errors.Is(err, databricks.ErrNotFound) {
		t.Fatal(err)
	}
	_, err = client(t).StatementExecution.ExecuteStatement(background, sql.ExecuteStatementRequest{WarehouseId: "nope", Statement: "select 1"})
	var failure *apierr.APIError
	if !errors.As(err, &failure) || failure.StatusCode != 400 || failure.ErrorCode != "INVALID_PARAMETER_VALUE" {
		t.Fatal(err)
	}
}

func TestWarehousesHistoryAndUser(t *testing.T) {
	found, err := client(t).Warehouses.ListAll(background, sql.ListWarehousesRequest{})
	check(t, err)
	if len(found) == 0 {
		t.Fatal("no warehouse")
	}
	one, err := client(t).Warehouses.GetById(background, warehouse)
	check(t, err)
	if one.State != sql.StateRunning {
		t.Fatalf("%+v", one)
	}
	id := execute(t, sql.ExecuteStatementRequest{Statement: "select 'go history'"}).StatementId
	history, err := client(t).QueryHistory.List(background, sql.ListQueryHistoryRequest{
		FilterBy: &sql.QueryFilter{StatementIds: []string{id}, Statuses: []sql.QueryStatus{sql.QueryStatusFinished}}, MaxResults: 5})
	check(t, err)
	if len(history.Res) != 1 || history.Res[0].QueryText != "select 'go history'" {
		t.Fatalf("%+v", history)
	}
	me, err := client(t).CurrentUser.Me(background)
	check(t, err)
	if me.UserName != "local" {
		t.Fatal(me.UserName)
	}
}
