//! Settings of things that the user names: a table `[engines.NAME]` for each engine, `[principals.NAME]` for each user.
//!
//! They stand in the file or after `--set`; the environment has no place for names.

use super::{Kind, Setting, row};

/// The settings that each thing of one kind takes.
#[derive(Debug)]
pub struct Family {
    /// `engines`, of `engines.NAME.url`.
    pub prefix: &'static str,
    pub doc: &'static str,
    pub rows: &'static [Setting],
}

#[rustfmt::skip]
const ENGINE: &[Setting] = &[
    row("kind", Kind::Text, "", "`cluster`: a Spark Connect server elsewhere. `local`: a Spark of this machine that Hearth starts and watches. `worker`: engines that call here and pull their work. `embedded` is the engine of that name alone, whose limits can be set."),
    row("url", Kind::Text, "", "cluster: `sc://host:15002`, with `;use_ssl=true` and other parameters as Spark's clients write them."),
    row("token", Kind::Text, "", "cluster: the bearer token that Hearth shows."),
    row("token_file", Kind::Path, "", "cluster: a file that holds it."),
    row("tls_ca", Kind::Path, "", "cluster: PEM file of the authorities to trust. Empty: those of the system."),
    row("connect_timeout", Kind::Duration, "10s", "cluster, local: how long making a connection may take."),
    row("reattach_timeout", Kind::Duration, "2m", "cluster, local: how long Hearth tries to come back to a result whose connection broke."),
    row("refused_timeout", Kind::Duration, "5s", "cluster, local: when nobody has listened for so long where the Spark was, what it ran is given up."),
    row("call_timeout", Kind::Duration, "2m", "cluster, local: how long the answer to a call without plan or files may take."),
    row("quiet_timeout", Kind::Duration, "5m", "cluster, local: a result of which nothing came for so long is taken for cut."),
    row("master", Kind::Text, "local[*]", "local: the master that the Spark gets; `spark://host:7077` and the like work too."),
    row("python", Kind::Path, "", "local: a Python with the package pyspark. Empty: that of `interpreter.python`."),
    row("spark_home", Kind::Path, "", "local: a Spark's folder instead of that package."),
    row("java", Kind::Path, "", "local: the Java. Empty: that of JAVA_HOME, or the first on the path."),
    row("driver_memory", Kind::Text, "2g", "local: the heap of the Spark's driver, as Spark writes it."),
    row("conf", Kind::Text, "", "local: more settings of the Spark, as `name=value` with commas."),
    row("start_timeout", Kind::Duration, "2m", "local: how long the Spark may take until it answers."),
    row("workers", Kind::Text, "", "worker: the principals whose workers may take work, with commas. Empty: everybody where no tokens are asked for, nobody where they are."),
    row("lease", Kind::Duration, "60s", "worker: a worker that is not heard of for so long is lost."),
    row("worker_timeout", Kind::Duration, "60s", "worker: how long a request waits for a worker to call."),
    row("answer_buffer", Kind::Size, "16m", "worker: bytes of one answer that wait for their reader; more are not taken until it reads."),
    row("push_wait", Kind::Duration, "30s", "worker: how long the push of a part waits for that reader before the worker is told to come again."),
    row("max_requests", Kind::Count, "1000", "worker: requests that wait for a worker; more are refused."),
    row("max_queued_size", Kind::Size, "256m", "worker: bytes of the requests that wait."),
    row("max_bound_sessions", Kind::Count, "10000", "worker: sessions that are bound to a worker."),
    row("max_workers", Kind::Count, "256", "worker: workers that are alive."),
    row("max_attempts", Kind::Count, "3", "worker: workers that a request is given to, one after the other, while each is lost without an answer."),
    row("max_sessions", Kind::Count, "0", "Open sessions; 0 is no limit of its own."),
    row("max_running", Kind::Count, "0", "Operations that run at once; 0 is no limit of its own."),
    row("max_queued", Kind::Count, "0", "Operations that wait; 0 is no limit of its own."),
    row("statement_timeout", Kind::Duration, "0s", "An operation runs at most so long; 0 is no limit of its own."),
];

#[rustfmt::skip]
const PRINCIPAL: &[Setting] = &[
    row("engine", Kind::Text, "", "The engine of sessions that name none. Empty: `default_engine`."),
    row("engines", Kind::Text, "", "The engines that may be asked for, with commas. Empty: all."),
    row("max_sessions", Kind::Count, "0", "Open sessions; 0 is no limit of its own."),
    row("max_running", Kind::Count, "0", "Operations that run at once; 0 is no limit of its own."),
    row("max_queued", Kind::Count, "0", "Operations that wait; 0 is no limit of its own."),
    row("statement_timeout", Kind::Duration, "0s", "An operation runs at most so long; 0 is no limit of its own."),
];

pub const FAMILIES: &[Family] = &[
    Family { prefix: "engines", doc: "An engine, which runs work. `embedded` is always there.", rows: ENGINE },
    Family {
        prefix: "principals",
        doc: "A user, by name; `*` says what holds for everybody in whose own table it is not said; its limits count for each user alone.",
        rows: PRINCIPAL,
    },
];

/// A name such as `engines.spark.url`, taken apart. The user's part may have dots.
pub fn member(name: &str) -> Option<(&'static Family, &str, &str)> {
    let (prefix, rest) = name.split_once('.')?;
    let family = FAMILIES.iter().find(|family| family.prefix == prefix)?;
    let (instance, key) = rest.rsplit_once('.')?;
    (!instance.is_empty()).then_some((family, instance, key))
}

impl Family {
    pub fn find(&self, key: &str) -> Option<&'static Setting> {
        self.rows.iter().find(|setting| setting.name == key)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn names_with_dots_are_taken_apart_at_their_ends() {
        let (family, instance, key) = member("principals.alice@example.com.engine").unwrap();
        assert_eq!((family.prefix, instance, key), ("principals", "alice@example.com", "engine"));
        for other in ["session.max", "engines.url", "engines..url"] {
            assert!(member(other).is_none(), "{other}");
        }
    }
}
