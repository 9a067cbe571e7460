//! Interpreters: child processes that run the code of sessions, in Python, Scala and R.
//!
//! `PROTOCOL.md` says how the server talks to them; the programs themselves stand in `python/`, `scala/` and `r/`.
//! `Interpreters` starts them (`host`), an `Instance` is one of them: its process, its link (the control socket) and its
//! private folder. Nothing here looks at code or outputs; nothing of a process is left when its `stop` returns.

mod account;
mod check;
mod folder;
mod host;
mod instance;
mod languages;
mod link;
mod log;
mod pool;
mod processes;
mod programs;
mod sandbox;
mod settings;
mod spawn;
mod start;
mod supervise;
mod venv;
mod watch;
mod wire;

pub use check::Report;
pub use host::Interpreters;
pub use settings::{InterpreterSettings, Sandbox};
