//! What the bare word TIMESTAMP means in a type's text: a setting of the session (`spark.sql.timestampType`) decides.
//!
//! Types are parsed in many places that know no session: statements, `from_json`, readers, casts of the client. So the
//! answer belongs to the work that the thread is doing. JSON schemas are not touched: there the word has one meaning.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::DataType;

thread_local! {
    static WALL_CLOCK: Cell<bool> = const { Cell::new(false) };
}

/// Whether TIMESTAMP is `TIMESTAMP_NTZ` for the work at hand.
pub fn is_wall_clock() -> bool {
    WALL_CLOCK.get()
}

/// The type that the word names.
pub fn timestamp() -> DataType {
    if is_wall_clock() { DataType::TimestampNtz } else { DataType::Timestamp }
}

/// Does some work under one meaning of the word.
pub fn with<T>(wall_clock: bool, work: impl FnOnce() -> T) -> T {
    struct Back(bool);
    impl Drop for Back {
        fn drop(&mut self) {
            WALL_CLOCK.set(self.0);
        }
    }
    let _back = Back(WALL_CLOCK.replace(wall_clock));
    work()
}

/// A future all of whose steps happen under one meaning of the word.
pub struct Scoped<F> {
    wall_clock: bool,
    inner: Pin<Box<F>>,
}

pub fn scope<F: Future>(wall_clock: bool, inner: F) -> Scoped<F> {
    Scoped { wall_clock, inner: Box::pin(inner) }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        with(self.wall_clock, || self.inner.as_mut().poll(cx))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ddl::parse_data_type;

    #[test]
    fn the_word_means_what_the_work_says() {
        assert_eq!(parse_data_type("timestamp").unwrap(), DataType::Timestamp);
        with(true, || {
            assert_eq!(parse_data_type("array<timestamp>").unwrap(), DataType::array(DataType::TimestampNtz, true));
            assert_eq!(parse_data_type("timestamp_ltz").unwrap(), DataType::Timestamp);
            assert_eq!(DataType::from_json("\"timestamp\"").unwrap(), DataType::Timestamp);
        });
        assert!(!is_wall_clock());
    }
}
