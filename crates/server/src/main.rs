//! The `hearth` command: parses what was typed and hands over. Each command has its file under `command/`; `compose`
//! puts the parts of a server together.

mod access;
mod cli;
mod command;
mod compose;
mod config;
mod data_dir;
mod engines;
mod logging;
mod machine;
mod runtimes;
mod settings;

use std::process::ExitCode;

use clap::Parser;

/// Faster than the system's under many small allocations of many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // delta-rs brings another provider along, and rustls does not choose between two.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("hearth: another provider of cryptography is in place already");
    }
    match command::run(cli::Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("hearth: {error:#}");
            ExitCode::FAILURE
        }
    }
}
