//! `samples.nyctaxi.trips`: trips of two months, made up by a fixed sequence of numbers.
//!
//! Same columns and same number of rows as the sample of that name elsewhere, other values.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, TimestampMicrosecondArray};
use hearth_base::{Error, Result};
use hearth_types::arrow::to_engine_schema;
use hearth_types::{DataType, StructField, StructType};

use super::write::Target;

const ROWS: usize = 21_932;
/// 2016-01-01 00:00:00 UTC in seconds.
const FIRST: i64 = 1_451_606_400;
/// January and February of 2016.
const SECONDS: i64 = 60 * 86_400;
const ZIPS: [i32; 24] = [
    10001, 10002, 10003, 10009, 10010, 10011, 10012, 10014, 10016, 10017, 10018, 10019, 10021, 10022, 10023, 10024,
    10025, 10028, 10036, 10065, 10103, 10110, 11201, 11371,
];

pub fn schema() -> StructType {
    let field = |name: &str, data_type: DataType| StructField::new(name, data_type, true);
    StructType::new([
        field("tpep_pickup_datetime", DataType::Timestamp),
        field("tpep_dropoff_datetime", DataType::Timestamp),
        field("trip_distance", DataType::Double),
        field("fare_amount", DataType::Double),
        field("pickup_zip", DataType::Integer),
        field("dropoff_zip", DataType::Integer),
    ])
}

pub fn generate(target: &Target) -> Result<()> {
    let trips: Vec<Trip> = Trips(0x5eed).take(ROWS).collect();
    let micros = |of: fn(&Trip) -> i64| -> ArrayRef {
        let values = trips.iter().map(|trip| of(trip) * 1_000_000);
        Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_timezone("UTC"))
    };
    let doubles = |of: fn(&Trip) -> f64| -> ArrayRef { Arc::new(Float64Array::from_iter_values(trips.iter().map(of))) };
    let zips = |of: fn(&Trip) -> i32| -> ArrayRef { Arc::new(Int32Array::from_iter_values(trips.iter().map(of))) };
    let columns = vec![
        micros(|trip| trip.pickup),
        micros(|trip| trip.dropoff),
        doubles(|trip| trip.distance),
        doubles(|trip| trip.fare),
        zips(|trip| trip.from),
        zips(|trip| trip.to),
    ];
    let schema = to_engine_schema(&schema());
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).map_err(Error::internal)?;
    target.write(0, &schema, std::iter::once(Ok(batch)))
}

struct Trip {
    pickup: i64,
    dropoff: i64,
    /// Miles.
    distance: f64,
    /// Dollars.
    fare: f64,
    from: i32,
    to: i32,
}

/// An endless sequence of trips from a seed (SplitMix64).
struct Trips(u64);

impl Trips {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        i64::try_from(bits % bound.unsigned_abs().max(1)).unwrap_or_default()
    }

    fn zip(&mut self) -> i32 {
        let index = usize::try_from(self.below(24)).unwrap_or_default();
        ZIPS.get(index).copied().unwrap_or(10001)
    }
}

impl Iterator for Trips {
    type Item = Trip;

    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    fn next(&mut self) -> Option<Trip> {
        let pickup = FIRST + self.below(SECONDS);
        // Most trips are short: the product of two numbers leans to small ones.
        let hundredths = 30 + self.below(100) * self.below(20) + self.below(120);
        let distance = hundredths as f64 / 100.0;
        let miles_per_hour = 8 + self.below(15);
        let seconds = 60 + hundredths * 36 / miles_per_hour;
        // 2.50 at the start, 50 cents for each fifth of a mile, and something for standing still.
        let half_dollars = 5 + hundredths / 20 + seconds / 400;
        Some(Trip {
            pickup,
            dropoff: pickup + seconds,
            distance,
            fare: half_dollars as f64 / 2.0,
            from: self.zip(),
            to: self.zip(),
        })
    }
}
