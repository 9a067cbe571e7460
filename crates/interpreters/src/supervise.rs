//! Waits for the end of an interpreter, says how it ended, and ends what it left.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use hearth_core::interpreter::Ending;
use tokio::process::Child;

use crate::instance::{Instance, blocking};
use crate::log;

/// How often a process that is not the server's own child is looked at: its broken connection says it sooner.
const LOOK: Duration = Duration::from_millis(250);
const LOOK_CLOSER: Duration = Duration::from_millis(5);
const CLOSE_LOOKS: u32 = 40;
/// How long the last answers may take to be read once the process is gone.
const DRAIN: Duration = Duration::from_millis(200);

pub(crate) async fn supervise(instance: Arc<Instance>, child: Option<Child>) {
    let status = tokio::select! {
        status = wait(&instance, child) => status,
        () = instance.detached.cancelled() => return,
    };
    instance.kill_family().await;
    let mut connected = instance.link.connected.subscribe();
    // What is not read by then never was sent whole.
    let _ = tokio::time::timeout(DRAIN, connected.wait_for(|connected| !connected)).await;
    let stderr = instance.folder.stderr();
    let words = blocking(move || log::last_words(&stderr)).await.unwrap_or_default();
    let message = [words, status.map(describe).unwrap_or_default()].join("\n").trim().to_owned();
    if let Some(code) = status.and_then(|status| status.code()) {
        // The process ends once.
        let _ = instance.exit_code.set(code);
    }
    let ending = instance.intended.lock().clone().unwrap_or(Ending::Died { message });
    instance.ending.send_replace(Some(ending));
    instance.link.lost.cancel();
}

/// How a process ended, as far as it is known.
fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("The process ended with code {code}."),
        (None, Some(signal)) => format!("The process was ended by signal {signal}."),
        (None, None) => String::new(),
    }
}

async fn wait(instance: &Instance, child: Option<Child>) -> Option<ExitStatus> {
    let end = async {
        match child {
            Some(mut child) => child.wait().await.ok(),
            None => {
                look(instance).await;
                None
            }
        }
    };
    let kill_when_lost = async {
        instance.link.lost.cancelled().await;
        instance.kill(Ending::Died { message: "The connection to the interpreter was lost.".to_owned() }).await;
        std::future::pending().await
    };
    tokio::select! {
        status = end => status,
        status = kill_when_lost => status,
    }
}

/// Waits for the end of a process that an earlier run of the server started.
async fn look(instance: &Instance) {
    let mut connected = instance.link.connected.subscribe();
    let mut close_looks = 0u32;
    while instance.leader.is_alive() {
        let pause = if close_looks > 0 { LOOK_CLOSER } else { LOOK };
        close_looks = close_looks.saturating_sub(1);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            Ok(()) = connected.changed() => close_looks = CLOSE_LOOKS,
        }
    }
}
