//! What each language is started with.

pub(crate) mod python;
pub(crate) mod r;
pub(crate) mod scala;

use std::ffi::OsString;
use std::path::PathBuf;

use hearth_base::Result;
use hearth_core::interpreter::Language;

use crate::folder::Folder;
use crate::host::Shared;
use crate::sandbox::{self, Visible};
use crate::spawn::{self, Launch};
use crate::start::Origin;

/// A program of a language: what is run, and what it must be able to read besides the machine's own folders.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) launch: Launch,
    pub(crate) reads: Vec<PathBuf>,
}

/// The whole launch: the language's program, the environment that all get, and the sandbox around it.
pub(crate) async fn launch(
    shared: &Shared,
    language: Language,
    origin: &Origin,
    place: (&str, &Folder),
) -> Result<Launch> {
    let (id, folder) = place;
    let Program { mut launch, mut reads } = match language {
        Language::Python => python::program(shared, origin).await?,
        Language::Scala => scala::program(shared).await?,
        Language::R => r::program(shared, origin).await?,
    };
    let common = spawn::environment(&shared.settings, id, folder);
    // What a language sets wins.
    let mut environment: Vec<(OsString, OsString)> =
        common.into_iter().filter(|(name, _)| launch.environment.iter().all(|(own, _)| own != name)).collect();
    environment.append(&mut launch.environment);
    launch.environment = environment;
    reads.push(shared.programs().await?.to_owned());
    let visible = Visible { private: folder.path().to_owned(), read: reads };
    sandbox::wrap(&shared.settings, launch, &visible)
}
