//! The summary of a KLL sketch as text, laid out as Java's `toString` does it.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::common::{DataFusionError, Result as DfResult};
use datasketches::kll::KllSketch;

use super::binary;
use super::kll::{Quantity, read};

pub fn to_string<Q: Quantity>(name: &&'static str, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let texts = binary(name, &arrays[0])?
        .iter()
        .map(|bytes| bytes.map(|bytes| Ok::<_, DataFusionError>(text::<Q>(&read::<Q>(name, bytes)?))).transpose());
    Ok(Arc::new(texts.collect::<DfResult<StringArray>>()?))
}

/// What the crate does not tell: it stands in the preamble.
struct Preamble {
    levels: usize,
    sorted: bool,
    capacity: usize,
}

fn preamble(bytes: &[u8], k: u16, retained: usize) -> Preamble {
    const FULL: u8 = 5;
    let sorted = bytes[3] & 2 != 0;
    if bytes[0] != FULL || bytes.len() < 24 {
        return Preamble { levels: 1, sorted, capacity: usize::from(k) };
    }
    let first = u32::from_le_bytes([bytes[20], bytes[21], bytes[22], bytes[23]]);
    Preamble { levels: usize::from(bytes[18]), sorted, capacity: first as usize + retained }
}

fn text<Q: Quantity>(sketch: &KllSketch<Q::Stored>) -> String {
    let bytes = sketch.serialize();
    let retained = sketch.num_retained();
    let preamble = preamble(&bytes, sketch.k(), retained);
    let updatable = 20 + 4 * (preamble.levels + 1) + (preamble.capacity + 2) * Q::BYTES;
    // Java has no smallest value of an empty sketch: NaN, and 0 for longs.
    let empty = if Q::CLASS == "Longs" { "0" } else { "NaN" };
    let value = |item: Option<&Q::Stored>| item.map_or_else(|| empty.to_owned(), Q::print);
    let lines = [
        ("K", sketch.k().to_string()),
        ("Dynamic min K", sketch.min_k().to_string()),
        ("M", "8".to_owned()),
        ("N", sketch.n().to_string()),
        ("Epsilon", format!("{:.3}%", sketch.normalized_rank_error() * 100.0)),
        ("Epsilon PMF", format!("{:.3}%", sketch.normalized_pmf_error() * 100.0)),
        ("Empty", sketch.is_empty().to_string()),
        ("Estimation Mode", sketch.is_estimation_mode().to_string()),
        ("Levels", preamble.levels.to_string()),
        ("Level 0 Sorted", preamble.sorted.to_string()),
        ("Capacity Items", preamble.capacity.to_string()),
        ("Retained Items", retained.to_string()),
        ("Free Space", (preamble.capacity - retained).to_string()),
        ("ReadOnly", "false".to_owned()),
        ("Updatable Storage Bytes", updatable.to_string()),
        ("Compact Storage Bytes", bytes.len().to_string()),
        ("Min Item", value(sketch.min_item())),
        ("Max Item", value(sketch.max_item())),
    ];
    let mut text = format!("\n### KllKll{}Sketch Summary:\n", Q::CLASS);
    for (name, value) in lines {
        text.push_str(&format!("   {name:<23}: {value}\n"));
    }
    text.push_str("### End sketch summary\n");
    text
}
