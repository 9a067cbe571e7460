//! What tests share: fakes of core's traits, and one conformance suite per trait that the fake and the real
//! implementation both pass.
//!
//! `MemoryMetadataStore` and `MemoryResultStore` keep everything in memory; `ScriptedEngine` does what a test tells it;
//! `FakeInterpreters` runs code that is its own script;
//! `TestHearth` puts them together into a core. Time is `Clock::manual`.

pub mod conformance;
mod engine;
pub mod hearth;
mod interpreters;
mod metadata;
mod results;

pub use engine::{Gate, Script, ScriptedEngine, Step};
pub use hearth::{TestHearth, TwoEngines};
pub use interpreters::{Call, FakeInterpreter, FakeInterpreters};
pub use metadata::MemoryMetadataStore;
pub use results::MemoryResultStore;
