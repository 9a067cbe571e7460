//! The commands, one file each.

mod docs;
mod doctor;
mod serve;
mod sql;
mod token;
mod worker;

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::{Cli, Command};
use crate::config::{Config, RawConfig};
use crate::runtimes::Runtimes;
use crate::{logging, settings};

/// What the short commands log: what is wrong, nothing else.
const QUIET: &str = "warn";

pub fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Command::Serve(arguments) => {
            let config = Config::resolve(RawConfig::gather(&arguments))?;
            logging::start(&config.log, config.log_format)?;
            let runtimes = Runtimes::start(&config)?;
            let work = runtimes.work();
            runtimes.run(serve::serve(&config, work))
        }
        Command::Sql(arguments) => {
            let config = Config::resolve(RawConfig::gather_common(arguments.common))?;
            logging::start(QUIET, config.log_format)?;
            let runtimes = Runtimes::start(&config)?;
            let work = runtimes.work();
            runtimes.run(sql::sql(&config, work, &arguments.statement, arguments.format))
        }
        Command::Worker(arguments) => {
            let (config, _temporary) = worker::config(&arguments)?;
            logging::start(&config.log, config.log_format)?;
            let runtimes = Runtimes::start(&config)?;
            let work = runtimes.work();
            runtimes.run(worker::work(&config, work, arguments))
        }
        Command::Doctor(arguments) => doctor::doctor(RawConfig::gather(&arguments)),
        Command::Token(command) => token::token(command),
        Command::Settings => {
            print!("{}", settings::reference());
            Ok(ExitCode::SUCCESS)
        }
        Command::Docs { folder } => docs::write(&folder),
    }
}
