"""The SDK for Go (statements_test.go), with `go test`."""

from pathlib import Path

from harness.statements import SLOW

HERE = Path(__file__).resolve().parent


def test_client(run_tool, tool, caches):
    output = run_tool([tool("go"), "test", "-v", "-count=1", "./..."], HERE, GOPATH=str(caches / "go"), GOMODCACHE=str(caches / "go" / "mod"),
                      GOCACHE=str(caches / "go" / "build"), GOTOOLCHAIN="local", GOFLAGS="-modcacherw -buildvcs=false", HEARTH_SLOW=SLOW)
    assert output.count("--- PASS") == 7
