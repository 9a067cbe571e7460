//! What can be typed. A flag is a short way to give a setting: all of them end in the same `RawConfig`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Runs Spark work for clients that already exist: Spark Connect without a JVM.
#[derive(Debug, Parser)]
#[command(name = "hearth", version, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Starts the server.
    Serve(ServeArguments),
    /// Runs one SQL statement in this process, without a server.
    Sql(SqlArguments),
    /// Runs the work of a server elsewhere: pulls requests from it and pushes their answers.
    Worker(WorkerArguments),
    /// Checks whether a server would run well here.
    Doctor(ServeArguments),
    /// Makes, lists and deletes tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Prints all settings with their defaults.
    Settings,
    /// Writes the generated reference pages.
    #[command(hide = true)]
    Docs {
        /// The folder to write to.
        #[arg(default_value = "docs/reference")]
        folder: PathBuf,
    },
}

/// What all commands that need a configuration take.
#[derive(Debug, Default, Clone, Args)]
pub struct CommonArguments {
    /// Where tables, results and metadata are kept.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// A TOML file of settings.
    #[arg(long, value_name = "FILE", env = "HEARTH_CONFIG")]
    pub config: Option<PathBuf>,
    /// Gives a setting; see `hearth settings`.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
}

#[derive(Debug, Default, Args)]
pub struct ServeArguments {
    #[command(flatten)]
    pub common: CommonArguments,
    /// Address for Spark Connect; port 0 is any free port.
    #[arg(long, value_name = "ADDRESS")]
    pub grpc: Option<String>,
    /// Address for HTTP: health, metrics.
    #[arg(long, value_name = "ADDRESS")]
    pub http: Option<String>,
    /// Gets the addresses as JSON when the server answers.
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<String>,
    /// Ask for a bearer token (`hearth token create`).
    #[arg(long)]
    pub require_token: bool,
    /// PEM file of the certificate and its chain.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<String>,
    /// PEM file of the certificate's key.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<String>,
    /// TLS with a certificate that is made here and kept in the data folder.
    #[arg(long, conflicts_with = "tls_cert")]
    pub tls_self_signed: bool,
    /// Listen for other machines without tokens or TLS.
    #[arg(long)]
    pub insecure: bool,
    /// Runs work on a real Spark: `local` or a master starts one from the installed PySpark, `sc://host:15002` is one
    /// that runs already.
    #[arg(long, value_name = "MASTER|URL")]
    pub spark: Option<String>,
}

#[derive(Debug, Args)]
pub struct WorkerArguments {
    #[command(flatten)]
    pub common: CommonArguments,
    /// The HTTP address of the server: http://host:8998.
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// The token to show there; better in the environment than on the command line.
    #[arg(long, value_name = "TOKEN", env = "HEARTH_WORKER_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// What runs the work: the engine of this process, or a Spark beside it.
    #[arg(long, value_name = "embedded|sc://HOST:PORT", default_value = "embedded")]
    pub engine: String,
    /// The token that this Spark asks for.
    #[arg(long, value_name = "TOKEN", env = "HEARTH_WORKER_ENGINE_TOKEN", hide_env_values = true)]
    pub engine_token: Option<String>,
    /// The server's engine (`[engines.NAME]` of kind `worker`) to work for; `default` is its only one.
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub pool: String,
    /// What this worker is called there. Without it: a name of its own each time.
    #[arg(long)]
    pub name: Option<String>,
    /// Requests that it works on at one time.
    #[arg(long, default_value_t = 8)]
    pub slots: usize,
    /// PEM file of the authorities to trust for https.
    #[arg(long, value_name = "FILE")]
    pub tls_ca: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct SqlArguments {
    #[command(flatten)]
    pub common: CommonArguments,
    /// The statement.
    pub statement: String,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    /// One JSON object per line.
    Json,
    Csv,
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Makes a token and prints it, once.
    Create {
        #[command(flatten)]
        common: CommonArguments,
        /// Whose token it is.
        #[arg(long)]
        user: String,
        /// What it is for.
        #[arg(long, default_value = "")]
        comment: String,
        /// How long it is good for: 12h, 30d.
        #[arg(long, value_name = "DURATION")]
        expires: Option<String>,
    },
    /// Lists the tokens, without their secrets.
    List {
        #[command(flatten)]
        common: CommonArguments,
    },
    /// Deletes a token: it is refused from now on.
    Delete {
        #[command(flatten)]
        common: CommonArguments,
        id: String,
    },
}
