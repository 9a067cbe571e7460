# The few commands of everyday work. Each is a line; the scripts say more.

# Formatting and lints
check:
    cargo fmt --all --check && cargo clippy --workspace --all-targets -- -D warnings

# Everything that continuous integration runs
test:
    scripts/test

# Record Spark's answers again (needs Java 17)
golden *arguments:
    scripts/golden {{arguments}}

# Stock PySpark clients against the server
clients:
    scripts/test clients

# One benchmark, e.g. `just bench tpch`
bench name *arguments:
    scripts/venv bench && .venv/bench/bin/python bench/{{name}}.py {{arguments}}

# A server on the default ports
run *arguments:
    cargo run --release --bin hearth -- serve {{arguments}}
