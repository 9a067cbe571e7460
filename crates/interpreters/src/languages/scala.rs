//! Scala: the compiler and the Connect client that a whole Spark carries, on Java 17.
//!
//! The program is compiled when it is first needed, which takes most of a minute; the archive of its classes, which
//! makes later starts quick, is made once the first session runs.

mod cache;
mod recipe;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hearth_base::Result;
use hearth_core::interpreter::Language;

use super::{Program, python};
use crate::check::{self, Missing};
use crate::host::Shared;
use crate::instance::{blocking, interrupted};
use crate::spawn::{Launch, find_program};
use crate::start::start_error;
use recipe::{Recipe, Words};

const KIND: &str = "spark";
const JAVA_COMMAND: &str = "apt-get install openjdk-17-jre-headless";

/// What was found on the machine.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    java: PathBuf,
    java_version: String,
    spark_home: PathBuf,
    jars: Vec<PathBuf>,
}

pub(crate) async fn check(shared: &Shared) -> std::result::Result<String, Missing> {
    let parts = find(shared).await?;
    Ok(format!("Java {}, Spark in {}", parts.java_version, parts.spark_home.display()))
}

async fn find(shared: &Shared) -> std::result::Result<Parts, Missing> {
    if let Some(parts) = shared.checks.scala.lock().clone() {
        return Ok(parts);
    }
    let parts = look(shared).await?;
    shared.checks.scala.lock().replace(parts.clone());
    Ok(parts)
}

async fn look(shared: &Shared) -> std::result::Result<Parts, Missing> {
    let recipe = Recipe::read().map_err(|problem| missing(problem, JAVA_COMMAND))?;
    let java = java(shared).ok_or_else(|| missing("Java".to_owned(), JAVA_COMMAND))?;
    let said = check::ask(&java, &["-version"]).await;
    let java_version = said.ok().and_then(|said| quoted(&said)).unwrap_or_default();
    let major = java_version.split(['.', '-', '+']).next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < recipe.java) {
        let missing_java = format!("Java {} ({} is {java_version})", recipe.java, java.display());
        return Err(missing(missing_java, JAVA_COMMAND));
    }
    let python = shared.settings.python.display();
    let install = format!("{python} -m pip install 'pyspark==4.2.*'");
    let spark_home =
        spark_home(shared).await.ok_or_else(|| missing("a whole Spark (its jars)".to_owned(), &install))?;
    let folder = spark_home.join("jars");
    let jars = blocking(move || recipe.jars_in(&folder)).await.unwrap_or_else(|| Err(String::new()));
    let jars = jars.map_err(|glob| missing(format!("{glob} in {}", spark_home.join("jars").display()), &install))?;
    Ok(Parts { java, java_version, spark_home, jars })
}

fn missing(missing: String, command: &str) -> Missing {
    Missing { kind: KIND, missing, command: command.to_owned() }
}

fn java(shared: &Shared) -> Option<PathBuf> {
    if let Some(java) = &shared.settings.java {
        return find_program(&java.to_string_lossy());
    }
    let home = std::env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin").join("java"));
    home.filter(|java| java.is_file()).or_else(|| find_program("java"))
}

/// What stands in quotes: `openjdk version "17.0.15" 2025-04-15`.
fn quoted(said: &str) -> Option<String> {
    said.split('"').nth(1).map(str::to_owned)
}

async fn spark_home(shared: &Shared) -> Option<PathBuf> {
    if let Some(home) = &shared.settings.spark_home {
        return Some(home.clone());
    }
    let parts = python::parts(shared, &shared.settings.python).await.ok()?;
    parts.home.filter(|_| parts.jars)
}

pub(crate) async fn program(shared: &Shared) -> Result<Program> {
    let failed = |problem: String| start_error(Language::Scala, problem);
    let parts = find(shared).await.map_err(|missing| missing.to_error())?;
    let recipe = Recipe::read().map_err(failed)?;
    let sources = shared.programs().await?.join("scala");
    let compiled = cache::compiled(shared, &recipe, &parts, &sources).await?;
    let archive = compiled.archive();
    let words = Words {
        java: &parts.java,
        jars: &compiled.class_path(&parts),
        heap: &heap(shared),
        archive: archive.as_deref(),
        output: None,
        sources: &[],
    };
    let mut args = recipe.expand(&recipe.run, &words).into_iter();
    let program = args.next().map(PathBuf::from).unwrap_or_default();
    let java_home =
        std::fs::canonicalize(&parts.java).ok().and_then(|java| java.ancestors().nth(2).map(Path::to_owned));
    let mut environment = vec![("SPARK_HOME".into(), parts.spark_home.clone().into())];
    environment.extend(java_home.clone().map(|home| ("JAVA_HOME".into(), home.into())));
    let reads = [parts.spark_home, compiled.folder].into_iter().chain(java_home).collect();
    // A JVM cannot change its current folder.
    let launch = Launch { program, args: args.collect(), environment, starts_at_home: true };
    Ok(Program { launch, reads })
}

/// Half of what an interpreter may take, since a JVM takes about as much again beside its heap.
fn heap(shared: &Shared) -> String {
    let half = shared.settings.memory.bytes() / 2 / (1 << 20);
    format!("{}m", half.clamp(256, 2_048))
}

/// Makes the archive of classes, unless it is there: from then on interpreters start in a third of the time.
pub(crate) fn train(shared: &Arc<Shared>) {
    let host = shared.clone();
    shared.steps.spawn("train", async move {
        let trained = async {
            let parts = find(&host).await.map_err(|missing| missing.to_error())?;
            let recipe = Recipe::read().map_err(|problem| start_error(Language::Scala, problem))?;
            let sources = host.programs().await?.join("scala");
            let compiled = cache::compiled(&host, &recipe, &parts, &sources).await?;
            cache::train(&host, &recipe, &parts, &compiled).await
        };
        let trained = tokio::select! {
            trained = trained => trained,
            () = host.closing.cancelled() => Err(interrupted()),
        };
        if let Err(error) = trained {
            tracing::info!(%error, "Scala starts without an archive of classes");
        }
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_java_are_read() {
        let said = "openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime Environment";
        assert_eq!(quoted(said).as_deref(), Some("17.0.15"));
        assert_eq!(quoted("no such thing"), None);
    }
}
