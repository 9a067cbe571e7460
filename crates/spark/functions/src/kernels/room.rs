//! How much one call may make of one batch of rows.
//!
//! Few bytes of arguments may ask for gigabytes: `array_repeat(x, 2000000000)`, `space(…)`, `sequence(…)`. DataFusion's
//! memory pool does not see what kernels make, so they ask here before they make it.

use std::sync::atomic::{AtomicUsize, Ordering};

use hearth_base::Result;
use hearth_base::condition::OUT_OF_MEMORY;

/// What Arrow's strings and lists can address at all.
const ADDRESSABLE: usize = i32::MAX as usize;

static MOST: AtomicUsize = AtomicUsize::new(ADDRESSABLE);

/// Sets the bound for the process, from `engine.memory`.
pub fn set_most(bytes: usize) {
    MOST.store(bytes.min(ADDRESSABLE), Ordering::Relaxed);
}

/// Whether values of so many bytes may be made, all rows of the batch taken together.
pub fn check(what: &str, bytes: usize) -> Result<()> {
    let most = MOST.load(Ordering::Relaxed);
    if bytes <= most {
        return Ok(());
    }
    let message = format!("{what} of one batch of rows would take {bytes} bytes, and {most} is the most for one call");
    Err(OUT_OF_MEMORY.with("limit", "engine.memory").with("message", message))
}

/// As `check`, for elements of lists, which are gathered by their places first.
pub fn check_elements(what: &str, elements: usize) -> Result<()> {
    check(what, elements.saturating_mul(size_of::<Option<u32>>()))
}
