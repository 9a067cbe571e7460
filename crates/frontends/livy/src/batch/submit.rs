//! Applications in jars: run by the `spark-submit` of a configured Spark, as a child of the batch's interpreter process.
//!
//! So the batch is bounded, watched, ended and found again as any other. The process that waits for `spark-submit` is a
//! Python program of a few lines, which takes away what would bind Spark to this server.

use std::path::{Path, PathBuf};

use hearth_base::{Error, Result};

use crate::from_wire::merged;
use crate::record::BatchRecord;

/// Runs its arguments. What `PySpark` reads from the environment would turn the driver into a client of this server.
const WAITER: &str = "\
import os, subprocess, sys

for name in [name for name in os.environ if name.startswith(('SPARK_REMOTE', 'SPARK_CONNECT', 'SPARK_LOCAL_REMOTE'))]:
    del os.environ[name]
sys.exit(subprocess.call(sys.argv[1:], stderr=subprocess.STDOUT))
";

/// Writes the program that waits into the batch's folder; its path.
pub(super) async fn waiter(folder: &Path) -> Result<PathBuf> {
    let failed = |error: std::io::Error| Error::internal("a batch's folder cannot be written").caused_by(error);
    tokio::fs::create_dir_all(folder).await.map_err(failed)?;
    let path = folder.join("submit.py");
    tokio::fs::write(&path, WAITER).await.map_err(failed)?;
    Ok(path)
}

/// The command line of a batch.
pub(super) fn command(program: &Path, master: &str, batch: &BatchRecord) -> Vec<String> {
    let mut words = vec![program.display().to_string(), "--master".to_owned(), master.to_owned()];
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            words.extend([format!("--{name}"), value]);
        }
    };
    let resources = merged(&batch.resources);
    option("class", batch.class_name.clone());
    option("name", Some(batch.name.clone().unwrap_or_else(|| format!("livy-batch-{}", batch.id))));
    option("proxy-user", batch.proxy_user.clone());
    option("jars", Some(resources.jars.join(",")));
    option("py-files", Some(resources.py_files.join(",")));
    option("files", Some(resources.files.join(",")));
    option("archives", Some(resources.archives.join(",")));
    option("driver-memory", resources.driver_memory);
    option("driver-cores", resources.driver_cores.map(|count| count.to_string()));
    option("executor-memory", resources.executor_memory);
    option("executor-cores", resources.executor_cores.map(|count| count.to_string()));
    option("num-executors", resources.num_executors.map(|count| count.to_string()));
    option("queue", resources.queue);
    for (key, value) in &resources.conf {
        option("conf", Some(format!("{key}={value}")));
    }
    words.push(batch.file.clone());
    words.extend(batch.args.iter().cloned());
    words
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use hearth_core::Principal;

    use super::*;
    use crate::batch::Batch;
    use crate::model::{NewBatch, Resources};
    use crate::registry::Owner;

    #[test]
    fn a_batch_is_a_command_line() {
        let resources = Resources {
            jars: vec!["/a.jar".to_owned(), "/b.jar".to_owned()],
            driver_memory: Some("1g".to_owned()),
            executor_cores: Some(2),
            conf: [("spark.x".to_owned(), "a b".to_owned())].into(),
            ..Resources::default()
        };
        let request = NewBatch {
            file: "/app.jar".to_owned(),
            class_name: Some("org.App".to_owned()),
            args: vec!["--one".to_owned(), "two three".to_owned()],
            name: None,
            proxy_user: None,
            resources,
        };
        let owner = Owner { user: None, proxy_user: None, principal: Principal::named("local") };
        let record = Batch::first_record(7, owner, request, String::new(), 0);
        let words = command(Path::new("/spark/bin/spark-submit"), "local[*]", &record);
        let line = "/spark/bin/spark-submit --master local[*] --class org.App --name livy-batch-7 --jars /a.jar,/b.jar \
                    --driver-memory 1g --executor-cores 2 --conf spark.x=a|b /app.jar --one two|three";
        assert_eq!(words, line.split(' ').map(|word| word.replace('|', " ")).collect::<Vec<_>>());
    }
}
