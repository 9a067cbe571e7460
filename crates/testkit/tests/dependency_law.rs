//! The law of dependencies (ARCHITECTURE.md, "Layers"), checked on the real workspace.
//!
//! A crate's layer is its folder, so a new crate is under the law without being listed anywhere; a new folder must be
//! given a layer here.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

/// Folders from the bottom up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Base,
    Spark,
    Core,
    Store,
    Auth,
    EngineKit,
    Engines,
    Interpreters,
    FrontendKit,
    Frontends,
    Testkit,
    Server,
}

fn layer(folder: &str) -> Layer {
    match folder.split('/').collect::<Vec<_>>()[..] {
        ["base"] => Layer::Base,
        ["spark", _] => Layer::Spark,
        ["core"] => Layer::Core,
        ["store"] => Layer::Store,
        ["auth"] => Layer::Auth,
        ["engines", "remote" | "delta"] => Layer::EngineKit,
        ["engines", _] => Layer::Engines,
        ["interpreters"] | ["interpreters", _] => Layer::Interpreters,
        ["frontends", "kit"] => Layer::FrontendKit,
        ["frontends", _] => Layer::Frontends,
        ["testkit"] => Layer::Testkit,
        ["server"] => Layer::Server,
        _ => panic!("crates/{folder} stands in no layer: give the folder one"),
    }
}

/// Where an edge of the shipped code may point. One line per layer: what is missing is forbidden.
fn may_use(from: Layer) -> &'static [Layer] {
    use Layer::{Auth, Base, Core, EngineKit, Engines, FrontendKit, Frontends, Interpreters, Spark, Store};
    match from {
        Base => &[],
        Spark => &[Base, Spark],
        Core => &[Base, Spark],
        Store | Auth | Interpreters | FrontendKit | EngineKit => &[Base, Spark, Core],
        Engines => &[Base, Spark, Core, EngineKit],
        Frontends => &[Base, Spark, Core, FrontendKit],
        Layer::Testkit => &[Base, Spark, Core],
        Layer::Server => &[Base, Spark, Core, Store, Auth, EngineKit, Engines, Interpreters, FrontendKit, Frontends],
    }
}

struct Workspace {
    metadata: Metadata,
    /// The folder below `crates/` of each member.
    folders: BTreeMap<PackageId, String>,
}

impl Workspace {
    fn load() -> Self {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
        let metadata =
            MetadataCommand::new().manifest_path(root).other_options(["--locked".to_owned()]).exec().unwrap();
        let crates = metadata.workspace_root.join("crates");
        let folder = |package: &Package| {
            let folder = package.manifest_path.parent().unwrap();
            folder.strip_prefix(&crates).unwrap_or_else(|_| panic!("{folder} is not below crates/")).to_string()
        };
        let members = metadata.workspace_packages();
        let folders = members.iter().map(|package| (package.id.clone(), folder(package))).collect();
        Self { metadata, folders }
    }

    fn members(&self) -> impl Iterator<Item = (&Package, &str)> {
        self.folders.iter().map(|(id, folder)| (&self.metadata[id], folder.as_str()))
    }

    /// Names of what the crate's own manifest asks for, in the kinds of dependency that `wanted` takes.
    fn direct(&self, package: &Package, wanted: impl Fn(DependencyKind) -> bool) -> BTreeSet<String> {
        package.dependencies.iter().filter(|edge| wanted(edge.kind)).map(|edge| edge.name.clone()).collect()
    }

    /// Names of everything that is compiled into what the crate ships.
    fn reached(&self, package: &Package) -> BTreeSet<String> {
        let nodes = &self.metadata.resolve.as_ref().unwrap().nodes;
        let nodes: BTreeMap<_, _> = nodes.iter().map(|node| (&node.id, node)).collect();
        let (mut found, mut open) = (BTreeSet::new(), vec![&package.id]);
        while let Some(id) = open.pop() {
            if !found.insert(id) {
                continue;
            }
            let is_shipped =
                |edge: &&cargo_metadata::NodeDep| edge.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            open.extend(nodes[id].deps.iter().filter(is_shipped).map(|edge| &edge.pkg));
        }
        found.iter().map(|id| self.metadata[*id].name.to_string()).collect()
    }
}

fn shipped(kind: DependencyKind) -> bool {
    kind == DependencyKind::Normal
}

fn workspace() -> &'static Workspace {
    static WORKSPACE: LazyLock<Workspace> = LazyLock::new(Workspace::load);
    &WORKSPACE
}

/// Asserts that only crates whose folder `allowed` takes ask for one of `names`.
fn only_in(workspace: &Workspace, names: &[&str], allowed: impl Fn(&str) -> bool) {
    for (package, folder) in workspace.members().filter(|(_, folder)| !allowed(folder)) {
        let direct = workspace.direct(package, |_| true);
        let guilty: Vec<_> = names.iter().filter(|name| direct.contains(**name)).collect();
        assert!(guilty.is_empty(), "crates/{folder} must not depend on {guilty:?}");
    }
}

/// Asserts that nothing which this crate ships reaches one of `names`.
fn never_reaches(workspace: &Workspace, folder_of: impl Fn(&str) -> bool, names: &[&str]) {
    for (package, folder) in workspace.members().filter(|(_, folder)| folder_of(folder)) {
        let reached = workspace.reached(package);
        let guilty: Vec<_> = names.iter().filter(|name| reached.contains(**name)).collect();
        assert!(guilty.is_empty(), "crates/{folder} must not reach {guilty:?}");
    }
}

#[test]
fn edges_point_down() {
    let workspace = workspace();
    let folders: BTreeMap<String, &str> =
        workspace.members().map(|(package, folder)| (package.name.to_string(), folder)).collect();
    for (package, folder) in workspace.members() {
        for name in workspace.direct(package, shipped) {
            let Some(other) = folders.get(&name) else { continue };
            assert!(
                may_use(layer(folder)).contains(&layer(other)),
                "crates/{folder} must not depend on crates/{other}"
            );
        }
    }
}

/// Cargo refuses cycles of shipped code; this names the one way round that tests could open.
#[test]
fn doors_and_engines_do_not_meet_in_tests_either() {
    let workspace = workspace();
    let folders: BTreeMap<String, &str> =
        workspace.members().map(|(package, folder)| (package.name.to_string(), folder)).collect();
    for (package, folder) in workspace.members() {
        for name in workspace.direct(package, |_| true) {
            let Some(other) = folders.get(&name) else { continue };
            let meets = match layer(folder) {
                Layer::FrontendKit | Layer::Frontends => {
                    matches!(layer(other), Layer::EngineKit | Layer::Engines | Layer::Store)
                }
                Layer::EngineKit | Layer::Engines => {
                    matches!(layer(other), Layer::FrontendKit | Layer::Frontends | Layer::Store)
                }
                Layer::Base | Layer::Spark | Layer::Core | Layer::Store | Layer::Auth => layer(other) == Layer::Engines,
                Layer::Interpreters | Layer::Testkit => matches!(layer(other), Layer::Engines | Layer::Frontends),
                Layer::Server => false,
            };
            assert!(!meets, "crates/{folder} must not depend on crates/{other}, not in tests either");
        }
    }
}

#[test]
fn core_knows_no_protocol_no_sql_and_no_engine() {
    let forbidden =
        ["axum", "hyper", "tonic", "prost", "datafusion", "sqlparser", "sqlx", "sqlx-core", "libsqlite3-sys", "clap"];
    never_reaches(workspace(), |folder| matches!(folder, "core" | "base" | "auth"), &forbidden);
}

#[test]
fn doors_compile_no_datafusion() {
    never_reaches(workspace(), |folder| folder.starts_with("frontends/"), &["datafusion", "datafusion-common"]);
}

#[test]
fn datafusion_is_in_the_analyzer_the_functions_and_the_embedded_engine() {
    let allowed = ["spark/functions", "spark/analyzer", "engines/embedded", "engines/delta"];
    let names = ["datafusion", "datafusion-spark", "datafusion-common", "datafusion-expr"];
    only_in(workspace(), &names, |folder| allowed.contains(&folder));
}

#[test]
fn sqlite_is_in_the_store() {
    only_in(workspace(), &["sqlx", "sqlx-core", "libsqlite3-sys", "rusqlite"], |folder| folder == "store");
}

#[test]
fn http_and_grpc_are_in_the_doors() {
    let allowed = |folder: &str| folder.starts_with("frontends/") || matches!(folder, "engines/cluster" | "testkit");
    only_in(workspace(), &["axum"], allowed);
    // A worker calls its gateway by HTTP.
    only_in(workspace(), &["hyper", "hyper-util", "hyper-rustls"], |folder| {
        allowed(folder) || folder == "engines/worker"
    });
    // The stubs that are generated beside the messages name tonic's types.
    only_in(workspace(), &["tonic"], |folder| allowed(folder) || folder == "spark/proto");
}

#[test]
fn domain_types_do_not_know_how_they_are_written() {
    only_in(workspace(), &["serde"], |folder| !matches!(folder, "core" | "base" | "auth"));
}

#[test]
fn the_command_line_and_anyhow_are_the_servers() {
    only_in(workspace(), &["clap", "anyhow", "mimalloc"], |folder| folder == "server");
}

#[test]
fn only_tests_use_the_testkit() {
    let workspace = workspace();
    for (package, folder) in workspace.members() {
        assert!(!workspace.direct(package, shipped).contains("hearth-testkit"), "crates/{folder} ships the testkit");
    }
}
