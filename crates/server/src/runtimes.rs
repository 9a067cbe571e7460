//! Two runtimes: few threads answer requests, the others run work, so that a heavy query delays no answer.

use anyhow::{Context, Result};
use tokio::runtime::{Builder, Handle, Runtime};

use crate::config::Config;

#[derive(Debug)]
pub struct Runtimes {
    io: Runtime,
    work: Runtime,
}

impl Runtimes {
    pub fn start(config: &Config) -> Result<Self> {
        let threads = &config.threads;
        let io = Builder::new_multi_thread().worker_threads(threads.io).thread_name("hearth-io").enable_all().build();
        let work = Builder::new_multi_thread()
            .worker_threads(threads.work)
            .thread_name("hearth-work")
            .thread_stack_size(threads.work_stack.as_usize())
            .enable_all()
            .build();
        Ok(Self {
            io: io.context("the threads that answer requests do not start")?,
            work: work.context("the threads that run work do not start")?,
        })
    }

    pub fn work(&self) -> Handle {
        self.work.handle().clone()
    }

    /// Runs `main` where requests are answered, then stops both without waiting for what hangs.
    pub fn run<T>(self, main: impl Future<Output = T>) -> T {
        let outcome = self.io.block_on(main);
        self.work.shutdown_background();
        self.io.shutdown_background();
        outcome
    }
}
