//! `hearth doctor`: what would keep a server from running well here, each check with its verdict.

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use hearth_base::ByteSize;
use hearth_interpreters::{Interpreters, Report};
use tokio::runtime::Runtime;

use crate::access::LocalAccess;
use crate::config::{Config, RawConfig};
use crate::data_dir::{self, DataDirLock};
use crate::machine;

/// Less memory for queries than this spills all the time.
const LITTLE_MEMORY: ByteSize = ByteSize::mib(512);

enum Verdict {
    Good(String),
    /// Works, with a remark.
    Odd(String),
    Bad(String),
}

use Verdict::{Bad, Good, Odd};

pub fn doctor(raw: RawConfig) -> Result<ExitCode> {
    let config = match Config::resolve(raw) {
        Ok(config) => config,
        Err(mistakes) => {
            println!("bad   settings: {mistakes}");
            return Ok(ExitCode::FAILURE);
        }
    };
    let checks = [
        ("settings", Good("no mistakes".to_owned())),
        ("Spark Connect port", port(config.grpc_address, &config)),
        ("HTTP port", port(config.http_address, &config)),
        ("TLS", tls(&config)),
        ("data folder", data_folder(&config)),
        ("memory", memory(&config)),
        ("cores", Good(format!("{} for work, {} for requests", config.threads.work, config.threads.io))),
    ];
    let checks = checks.map(|(name, verdict)| (name.to_owned(), verdict)).into_iter();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let checks = checks.chain(engines(&config, &runtime)).chain(interpreters(&config, &runtime)?);
    let mut code = ExitCode::SUCCESS;
    for (name, verdict) in checks {
        let (word, text) = match verdict {
            Good(text) => ("good", text),
            Odd(text) => ("odd", text),
            Bad(text) => {
                code = ExitCode::FAILURE;
                ("bad", text)
            }
        };
        println!("{word:<5} {name}: {text}");
    }
    Ok(code)
}

fn port(address: SocketAddr, config: &Config) -> Verdict {
    if let Err(error) = config.exposure().check(address) {
        return Bad(error.text());
    }
    match TcpListener::bind(address) {
        Ok(_) => Good(format!("{address} is free")),
        Err(error) => Bad(format!("{address} cannot be bound: {error}")),
    }
}

fn tls(config: &Config) -> Verdict {
    match &config.tls {
        None => Good("off".to_owned()),
        Some(tls) => match tls.server_config(&[]) {
            Ok(_) => Good(format!("certificate {}", tls.certificate().display())),
            Err(error) => Bad(error.text()),
        },
    }
}

fn data_folder(config: &Config) -> Verdict {
    let path = config.data_dir.display();
    match DataDirLock::take(&config.data_dir) {
        Err(error) => Bad(format!("{error:#}")),
        Ok(_) if data_dir::is_open_to_others(&config.data_dir) => Odd(format!("other users can look into {path}")),
        Ok(_) => Good(format!("{path}")),
    }
}

fn memory(config: &Config) -> Verdict {
    let text = format!("{} of {} for queries", mebibytes(config.engine.memory), mebibytes(machine::memory()));
    if config.engine.memory > machine::memory() {
        Bad(format!("{text}: more than there is (engine.memory)"))
    } else if config.engine.memory < LITTLE_MEMORY {
        Odd(format!("{text}: large queries will spill much (engine.memory)"))
    } else {
        Good(text)
    }
}

fn mebibytes(size: ByteSize) -> ByteSize {
    ByteSize::mib(size.bytes() >> 20)
}

/// The engines that the settings name. A server starts without them: they are asked when they are needed.
fn engines(config: &Config, runtime: &Runtime) -> Vec<(String, Verdict)> {
    let report = runtime.block_on(crate::engines::report(config));
    let verdict =
        |(name, found): (String, Result<String, String>)| (format!("engine {name}"), found.map_or_else(Odd, Good));
    report.into_iter().map(verdict).collect()
}

/// What the kinds of Livy's sessions need. Hearth itself needs none of it.
fn interpreters(config: &Config, runtime: &Runtime) -> Result<Vec<(String, Verdict)>> {
    let access = Arc::new(LocalAccess::new(Arc::default()));
    let interpreters = Interpreters::new(config.interpreters.clone(), access, runtime.handle().clone())?;
    let reports = runtime.block_on(interpreters.report());
    let verdict = |report: Report| {
        let name = format!("{} sessions", report.language.name());
        (name, if report.is_good { Good(report.text) } else { Odd(report.text) })
    };
    Ok(reports.into_iter().map(verdict).collect())
}
