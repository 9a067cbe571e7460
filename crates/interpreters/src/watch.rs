//! Looks at all interpreters every second: the memory and number of their processes, and the size of their logs.

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use hearth_base::ByteSize;
use hearth_core::interpreter::Ending;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::host::Shared;
use crate::instance::{Instance, blocking};
use crate::processes::{self, Marks};
use crate::settings::InterpreterSettings;
use crate::{log, pool};

const EVERY: Duration = Duration::from_secs(1);

pub(crate) async fn watch(host: Weak<Shared>, closing: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut marks = Marks::default();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = closing.cancelled() => return,
        }
        let Some(shared) = host.upgrade() else { return };
        pool::upkeep(&shared);
        let instances = shared.running();
        drop(shared);
        if instances.is_empty() {
            continue;
        }
        let looked = blocking(move || {
            let found = look(&mut marks, &instances);
            (marks, found)
        });
        let Some((kept, found)) = looked.await else { return };
        marks = kept;
        for (instance, ending) in found {
            tracing::warn!(interpreter = instance.id, ?ending, "an interpreter is over a limit");
            instance.kill(ending).await;
        }
    }
}

/// Cuts long logs, and finds who is over a limit.
fn look(marks: &mut Marks, instances: &[Arc<Instance>]) -> Vec<(Arc<Instance>, Ending)> {
    let entries = processes::scan();
    let marked = marks.group(&entries);
    let nobody = HashSet::new();
    let mut over = Vec::new();
    for instance in instances {
        let family = processes::family(&entries, Some(instance.leader), marked.get(&instance.id).unwrap_or(&nobody));
        let memory = family.iter().map(|pid| processes::resident(*pid)).sum();
        over.extend(over_limit(&instance.settings, memory, family.len()).map(|ending| (instance.clone(), ending)));
        for path in [instance.folder.stdout(), instance.folder.stderr()] {
            if let Err(error) = log::cut(&path, instance.settings.log_size.bytes()) {
                tracing::warn!(log = %path.display(), %error, "a log cannot be cut");
            }
        }
    }
    over
}

fn over_limit(settings: &InterpreterSettings, memory: u64, processes: usize) -> Option<Ending> {
    let over = |what: &str, limit, value: String| Some(Ending::OverLimit { what: what.to_owned(), limit, value });
    if ByteSize::new(memory) > settings.memory {
        over("the memory of its processes", "interpreter.memory", settings.memory.to_string())
    } else if processes > settings.processes {
        over("the number of its processes", "interpreter.processes", settings.processes.to_string())
    } else {
        None
    }
}
