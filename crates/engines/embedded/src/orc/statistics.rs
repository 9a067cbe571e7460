//! What is said of a column's values: of each stripe, and of the file.

use super::messages::{
    BinaryStatistics, BucketStatistics, ColumnStatistics, DateStatistics, DecimalStatistics, DoubleStatistics,
    IntegerStatistics, StringStatistics, TimestampStatistics,
};

/// Longer texts are not told as the smallest or largest.
const MAX_TEXT_BYTES: usize = 1024;

#[derive(Debug, Clone, Default)]
pub struct Statistics {
    pub values: u64,
    pub has_null: bool,
    pub of: Values,
}

/// Smallest and largest, where a type has them.
#[derive(Debug, Clone, Default)]
pub enum Values {
    #[default]
    None,
    Booleans {
        set: u64,
    },
    Integers(Option<(i64, i64)>, Option<i64>),
    /// Not told when one is NaN.
    Doubles(Option<(f64, f64)>),
    Texts(Option<(String, String)>, i64),
    Bytes(i64),
    Dates(Option<(i64, i64)>),
    /// Microseconds.
    Timestamps(Option<(i64, i64)>),
    Decimals(Option<(i128, i128)>, u32),
}

fn widen<T: PartialOrd + Clone>(range: &mut Option<(T, T)>, value: &T) {
    match range {
        None => *range = Some((value.clone(), value.clone())),
        Some((low, high)) => {
            if value < low {
                *low = value.clone();
            }
            if value > high {
                *high = value.clone();
            }
        }
    }
}

impl Values {
    pub fn add_integer(&mut self, value: i64) {
        match self {
            Self::Integers(range, sum) => {
                widen(range, &value);
                *sum = sum.and_then(|sum| sum.checked_add(value));
            }
            Self::Dates(range) | Self::Timestamps(range) => widen(range, &value),
            Self::None
            | Self::Booleans { .. }
            | Self::Doubles(_)
            | Self::Texts(..)
            | Self::Bytes(_)
            | Self::Decimals(..) => {}
        }
    }

    pub fn add_double(&mut self, value: f64) {
        if let Self::Doubles(range) = self {
            // Once there was one, nothing compares.
            if value.is_nan() {
                *range = Some((f64::NAN, f64::NAN));
            } else {
                widen(range, &value);
            }
        }
    }

    pub fn add_text(&mut self, value: &str) {
        if let Self::Texts(range, bytes) = self {
            *bytes += i64::try_from(value.len()).unwrap_or(0);
            match range {
                Some((low, high)) if value >= low.as_str() && value <= high.as_str() => {}
                _ => widen(range, &value.to_owned()),
            }
        }
    }

    pub fn add_decimal(&mut self, value: i128) {
        if let Self::Decimals(range, _) = self {
            widen(range, &value);
        }
    }
}

impl Statistics {
    pub fn new(of: Values) -> Self {
        Self { values: 0, has_null: false, of }
    }

    /// What there is so far, and a start from nothing.
    pub fn take(&mut self) -> Self {
        let empty = match &self.of {
            Values::None => Values::None,
            Values::Booleans { .. } => Values::Booleans { set: 0 },
            Values::Integers(..) => Values::Integers(None, Some(0)),
            Values::Doubles(_) => Values::Doubles(None),
            Values::Texts(..) => Values::Texts(None, 0),
            Values::Bytes(_) => Values::Bytes(0),
            Values::Dates(_) => Values::Dates(None),
            Values::Timestamps(_) => Values::Timestamps(None),
            Values::Decimals(_, scale) => Values::Decimals(None, *scale),
        };
        std::mem::replace(self, Self::new(empty))
    }

    /// Takes in those of another stripe.
    pub fn merge(&mut self, other: &Self) {
        self.values += other.values;
        self.has_null |= other.has_null;
        match (&mut self.of, &other.of) {
            (Values::Booleans { set }, Values::Booleans { set: more }) => *set += more,
            (Values::Integers(range, sum), Values::Integers(more, added)) => {
                both(range, more.as_ref());
                *sum = sum.zip(*added).and_then(|(sum, added)| sum.checked_add(added));
            }
            (Values::Doubles(range), Values::Doubles(Some((low, high)))) => {
                if low.is_nan() {
                    *range = Some((f64::NAN, f64::NAN));
                } else {
                    both(range, Some(&(*low, *high)));
                }
            }
            (Values::Texts(range, bytes), Values::Texts(more, added)) => {
                both(range, more.as_ref());
                *bytes += added;
            }
            (Values::Bytes(bytes), Values::Bytes(added)) => *bytes += added,
            (Values::Dates(range), Values::Dates(more)) | (Values::Timestamps(range), Values::Timestamps(more)) => {
                both(range, more.as_ref());
            }
            (Values::Decimals(range, _), Values::Decimals(more, _)) => both(range, more.as_ref()),
            // Both are of one column, and empty ones add nothing.
            (_, _) => {}
        }
    }

    pub fn message(&self) -> ColumnStatistics {
        let mut message = ColumnStatistics {
            number_of_values: Some(self.values),
            has_null: Some(self.has_null),
            ..ColumnStatistics::default()
        };
        match &self.of {
            Values::None => {}
            Values::Booleans { set } => message.buckets = Some(BucketStatistics { count: vec![*set] }),
            Values::Integers(range, sum) => {
                let (minimum, maximum) = split(*range);
                message.integers = Some(IntegerStatistics { minimum, maximum, sum: *sum });
            }
            Values::Doubles(range) => {
                let (minimum, maximum) = split(range.filter(|(low, _)| !low.is_nan()));
                message.doubles = Some(DoubleStatistics { minimum, maximum });
            }
            Values::Texts(range, sum) => {
                let told = range.clone().filter(|(low, high)| low.len().max(high.len()) <= MAX_TEXT_BYTES);
                let (minimum, maximum) = split(told);
                message.strings = Some(StringStatistics { minimum, maximum, sum: Some(*sum) });
            }
            Values::Bytes(sum) => message.binaries = Some(BinaryStatistics { sum: Some(*sum) }),
            Values::Dates(range) => {
                let day = |day: i64| i32::try_from(day).unwrap_or_default();
                let (minimum, maximum) = split(range.map(|(low, high)| (day(low), day(high))));
                message.dates = Some(DateStatistics { minimum, maximum });
            }
            Values::Timestamps(range) => {
                let range = range.map(|(low, high)| (low.div_euclid(1000), high.div_euclid(1000)));
                let (minimum_utc, maximum_utc) = split(range);
                message.timestamps = Some(TimestampStatistics { minimum_utc, maximum_utc });
            }
            Values::Decimals(range, scale) => {
                let range = range.map(|(low, high)| (decimal_text(low, *scale), decimal_text(high, *scale)));
                let (minimum, maximum) = split(range);
                message.decimals = Some(DecimalStatistics { minimum, maximum });
            }
        }
        message
    }
}

fn both<T: PartialOrd + Clone>(range: &mut Option<(T, T)>, more: Option<&(T, T)>) {
    if let Some((low, high)) = more {
        widen(range, low);
        widen(range, high);
    }
}

fn split<T>(range: Option<(T, T)>) -> (Option<T>, Option<T>) {
    range.map_or((None, None), |(low, high)| (Some(low), Some(high)))
}

fn decimal_text(value: i128, scale: u32) -> String {
    let digits = value.unsigned_abs().to_string();
    let scale = scale as usize;
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    let sign = if value < 0 { "-" } else { "" };
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_all_digits() {
        assert_eq!(decimal_text(-5, 2), "-0.05");
        assert_eq!(decimal_text(12345, 2), "123.45");
        assert_eq!(decimal_text(7, 0), "7");
    }

    #[test]
    fn stripes_add_up_and_one_nan_hides_the_range() {
        let mut all = Statistics::new(Values::Doubles(None));
        let mut stripe = all.clone();
        stripe.of.add_double(1.5);
        stripe.values = 1;
        all.merge(&stripe.take());
        assert_eq!(all.message().doubles.unwrap().maximum, Some(1.5));
        stripe.of.add_double(f64::NAN);
        all.merge(&stripe.take());
        assert_eq!(all.message().doubles.unwrap().maximum, None);
    }
}
