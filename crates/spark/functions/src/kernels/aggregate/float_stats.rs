//! Moments and co-moments with the formulas of Spark's `CentralMomentAgg`, `Covariance` and `PearsonCorrelation`, so that
//! the last digits agree.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array};
use datafusion::arrow::datatypes::{DataType as ArrowType, Float64Type};
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};
use hearth_base::condition::DIVIDE_BY_ZERO;

use super::udaf::Plan;
use crate::kernels::invoke::raise;

/// What is asked of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    VarPop,
    VarSamp,
    StddevPop,
    StddevSamp,
    Skewness,
    Kurtosis,
}

/// What is asked of two columns; the arguments are (y, x) as in SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CoMoment {
    /// Without variance: an error when `ansi`, else NULL.
    Corr {
        ansi: bool,
    },
    CovarPop,
    CovarSamp,
    RegrR2,
    RegrSlope,
    RegrIntercept,
    RegrSxx,
    RegrSxy,
    RegrSyy,
}

/// What a running statistic must do. Its state is `WIDTH` numbers; zeros are the state of no rows.
trait Running: Copy + Default + Send + Sync + std::fmt::Debug + 'static {
    const WIDTH: usize;
    fn add(&mut self, first: f64, second: f64);
    fn merge(&mut self, other: &Self);
    fn column(&self, index: usize) -> f64;
    fn set_column(&mut self, index: usize, value: f64);
}

/// Count, mean and central moments.
#[derive(Debug, Clone, Copy, Default)]
struct Moments([f64; 5]);

impl Running for Moments {
    const WIDTH: usize = 5;

    fn add(&mut self, value: f64, _: f64) {
        let [n, avg, m2, m3, m4] = self.0;
        let n = n + 1.0;
        let delta = value - avg;
        let delta_n = delta / n;
        let (delta2, delta_n2) = (delta * delta, delta_n * delta_n);
        let m2 = m2 + delta * (delta - delta_n);
        let m3 = m3 - 3.0 * delta_n * m2 + delta * (delta2 - delta_n2);
        let m4 = m4 - 4.0 * delta_n * m3 - 6.0 * delta_n2 * m2 + delta * (delta * delta2 - delta_n * delta_n2);
        self.0 = [n, avg + delta_n, m2, m3, m4];
    }

    fn merge(&mut self, other: &Self) {
        let [n1, avg1, a2, a3, a4] = self.0;
        let [n2, avg2, b2, b3, b4] = other.0;
        let n = n1 + n2;
        let delta = avg2 - avg1;
        let delta_n = if n == 0.0 { 0.0 } else { delta / n };
        let m2 = a2 + b2 + delta * delta_n * n1 * n2;
        let m3 = a3 + b3 + delta_n * delta_n * delta * n1 * n2 * (n1 - n2) + 3.0 * delta_n * (n1 * b2 - n2 * a2);
        let m4 = a4
            + b4
            + delta_n * delta_n * delta_n * delta * n1 * n2 * (n1 * n1 - n1 * n2 + n2 * n2)
            + 6.0 * delta_n * delta_n * (n1 * n1 * b2 + n2 * n2 * a2)
            + 4.0 * delta_n * (n1 * b3 - n2 * a3);
        self.0 = [n, avg1 + delta_n * n2, m2, m3, m4];
    }

    fn column(&self, index: usize) -> f64 {
        self.0[index]
    }

    fn set_column(&mut self, index: usize, value: f64) {
        self.0[index] = value;
    }
}

impl Moment {
    fn of(self, state: &Moments) -> DfResult<Option<f64>> {
        let [n, _, m2, m3, m4] = state.0;
        if n == 0.0 {
            return Ok(None);
        }
        Ok(match self {
            Self::VarPop => Some(m2 / n),
            Self::StddevPop => Some((m2 / n).sqrt()),
            Self::VarSamp => (n != 1.0).then(|| m2 / (n - 1.0)),
            Self::StddevSamp => (n != 1.0).then(|| (m2 / (n - 1.0)).sqrt()),
            Self::Skewness => (m2 != 0.0).then(|| n.sqrt() * m3 / (m2 * m2 * m2).sqrt()),
            Self::Kurtosis => (m2 != 0.0).then(|| n * m4 / (m2 * m2) - 3.0),
        })
    }
}

/// Count, means, co-moment and squares, each in the ways in which Spark adds them.
#[derive(Debug, Clone, Copy, Default)]
struct CoMoments {
    n: f64,
    y_avg: f64,
    x_avg: f64,
    /// As in `Covariance(y, x)`.
    ck: f64,
    /// As in `Covariance(x, y)`, which the slope is made of: the last digits differ.
    swapped: f64,
    /// As in `PearsonCorrelation`.
    pearson: f64,
    yy: f64,
    xx: f64,
    /// As in `CentralMomentAgg`.
    x_m2: f64,
    y_m2: f64,
}

impl Running for CoMoments {
    const WIDTH: usize = 10;

    fn add(&mut self, y: f64, x: f64) {
        self.n += 1.0;
        let (dy, dx) = (y - self.y_avg, x - self.x_avg);
        let (dy_n, dx_n) = (dy / self.n, dx / self.n);
        self.y_avg += dy_n;
        self.x_avg += dx_n;
        self.ck += dy * (dx - dx_n);
        self.swapped += dx * (dy - dy_n);
        self.pearson += dy * (x - self.x_avg);
        self.yy += dy * (y - self.y_avg);
        self.xx += dx * (x - self.x_avg);
        self.x_m2 += dx * (dx - dx_n);
        self.y_m2 += dy * (dy - dy_n);
    }

    fn merge(&mut self, other: &Self) {
        let (n1, n2) = (self.n, other.n);
        let n = n1 + n2;
        let (dy, dx) = (other.y_avg - self.y_avg, other.x_avg - self.x_avg);
        let (dy_n, dx_n) = if n == 0.0 { (0.0, 0.0) } else { (dy / n, dx / n) };
        self.n = n;
        self.y_avg += dy_n * n2;
        self.x_avg += dx_n * n2;
        self.ck = self.ck + other.ck + dy * dx_n * n1 * n2;
        self.swapped = self.swapped + other.swapped + dx * dy_n * n1 * n2;
        self.pearson = self.pearson + other.pearson + dy * dx_n * n1 * n2;
        self.yy = self.yy + other.yy + dy * dy_n * n1 * n2;
        self.xx = self.xx + other.xx + dx * dx_n * n1 * n2;
        self.x_m2 = self.x_m2 + other.x_m2 + dx * dx_n * n1 * n2;
        self.y_m2 = self.y_m2 + other.y_m2 + dy * dy_n * n1 * n2;
    }

    fn column(&self, index: usize) -> f64 {
        let all = [
            self.n,
            self.y_avg,
            self.x_avg,
            self.ck,
            self.swapped,
            self.pearson,
            self.yy,
            self.xx,
            self.x_m2,
            self.y_m2,
        ];
        all[index]
    }

    fn set_column(&mut self, index: usize, value: f64) {
        let all = [
            &mut self.n,
            &mut self.y_avg,
            &mut self.x_avg,
            &mut self.ck,
            &mut self.swapped,
            &mut self.pearson,
            &mut self.yy,
            &mut self.xx,
            &mut self.x_m2,
            &mut self.y_m2,
        ];
        if let Some(place) = all.into_iter().nth(index) {
            *place = value;
        }
    }
}

impl CoMoment {
    fn of(self, state: &CoMoments) -> DfResult<Option<f64>> {
        let s = state;
        if s.n == 0.0 {
            return Ok(None);
        }
        Ok(match self {
            Self::Corr { .. } if s.n == 1.0 => None,
            Self::Corr { ansi } if s.yy * s.xx == 0.0 => {
                if ansi {
                    return Err(raise(DIVIDE_BY_ZERO.with("config", "\"spark.sql.ansi.enabled\"")));
                }
                None
            }
            Self::Corr { .. } => Some(s.pearson / (s.yy * s.xx).sqrt()),
            Self::CovarPop => Some(s.ck / s.n),
            Self::CovarSamp => (s.n != 1.0).then(|| s.ck / (s.n - 1.0)),
            Self::RegrR2 if s.xx == 0.0 => None,
            Self::RegrR2 if s.yy == 0.0 => Some(1.0),
            Self::RegrR2 => {
                let corr = s.pearson / (s.yy * s.xx).sqrt();
                Some(corr * corr)
            }
            Self::RegrSlope => (s.x_m2 != 0.0).then(|| s.swapped / s.x_m2),
            Self::RegrIntercept => (s.x_m2 != 0.0).then(|| s.y_avg - s.swapped / s.x_m2 * s.x_avg),
            Self::RegrSxx => Some(s.x_m2),
            Self::RegrSxy => Some(s.ck),
            Self::RegrSyy => Some(s.y_m2),
        })
    }
}

/// Statistics of one `double` column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MomentPlan(pub &'static str, pub Moment);

/// Statistics of two `double` columns; rows where one is NULL do not count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CoMomentPlan(pub &'static str, pub CoMoment);

macro_rules! plan {
    ($plan:ty, $state:ty, $inputs:literal) => {
        impl Plan for $plan {
            fn name(&self) -> &'static str {
                self.0
            }

            fn inputs(&self) -> Vec<ArrowType> {
                vec![ArrowType::Float64; $inputs]
            }

            fn result(&self) -> ArrowType {
                ArrowType::Float64
            }

            fn state(&self) -> Vec<ArrowType> {
                vec![ArrowType::Float64; <$state>::WIDTH]
            }

            fn accumulator(&self) -> DfResult<Box<dyn Accumulator>> {
                let kind = self.1;
                Ok(Box::new(One { state: <$state>::default(), finish: move |state: &$state| kind.of(state) }))
            }

            fn groups(&self) -> Option<Box<dyn GroupsAccumulator>> {
                let kind = self.1;
                Some(Box::new(Many { states: Vec::<$state>::new(), finish: move |state: &$state| kind.of(state) }))
            }
        }
    };
}

plan!(MomentPlan, Moments, 1);
plan!(CoMomentPlan, CoMoments, 2);

/// Calls `add` with the row and its values where no value is NULL.
fn rows(values: &[ArrayRef], mut add: impl FnMut(usize, f64, f64)) {
    let first = values[0].as_primitive::<Float64Type>();
    let second = values.get(1).map_or(first, |array| array.as_primitive::<Float64Type>());
    for row in 0..first.len() {
        if first.is_valid(row) && second.is_valid(row) {
            add(row, first.value(row), second.value(row));
        }
    }
}

/// The state in row `row` of the state columns.
fn state_at<S: Running>(columns: &[ArrayRef], row: usize) -> S {
    let mut state = S::default();
    for (index, column) in columns.iter().enumerate() {
        let column = column.as_primitive::<Float64Type>();
        if column.is_valid(row) {
            state.set_column(index, column.value(row));
        }
    }
    state
}

fn state_columns<S: Running>(states: &[S]) -> Vec<ArrayRef> {
    (0..S::WIDTH)
        .map(|index| {
            let column: Float64Array = states.iter().map(|state| Some(state.column(index))).collect();
            Arc::new(column) as ArrayRef
        })
        .collect()
}

struct One<S, F> {
    state: S,
    finish: F,
}

impl<S: std::fmt::Debug, F> std::fmt::Debug for One<S, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.state)
    }
}

impl<S: Running, F: Fn(&S) -> DfResult<Option<f64>> + Send + Sync + 'static> Accumulator for One<S, F> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        rows(values, |_, first, second| self.state.add(first, second));
        Ok(())
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        Ok(ScalarValue::Float64((self.finish)(&self.state)?))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        Ok((0..S::WIDTH).map(|index| ScalarValue::Float64(Some(self.state.column(index)))).collect())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        for row in 0..states[0].len() {
            self.state.merge(&state_at(states, row));
        }
        Ok(())
    }
}

struct Many<S, F> {
    states: Vec<S>,
    finish: F,
}

impl<S: Running, F: Fn(&S) -> DfResult<Option<f64>> + Send + Sync + 'static> GroupsAccumulator for Many<S, F> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> DfResult<()> {
        self.states.resize(total_num_groups, S::default());
        rows(values, |row, first, second| {
            if opt_filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row)) {
                self.states[group_indices[row]].add(first, second);
            }
        });
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> DfResult<ArrayRef> {
        let states = emit_to.take_needed(&mut self.states);
        Ok(Arc::new(states.iter().map(&self.finish).collect::<DfResult<Float64Array>>()?))
    }

    fn state(&mut self, emit_to: EmitTo) -> DfResult<Vec<ArrayRef>> {
        Ok(state_columns(&emit_to.take_needed(&mut self.states)))
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> DfResult<()> {
        self.states.resize(total_num_groups, S::default());
        for (row, group) in group_indices.iter().enumerate() {
            self.states[*group].merge(&state_at(values, row));
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> DfResult<Vec<ArrayRef>> {
        let mut states = vec![S::default(); values[0].len()];
        rows(values, |row, first, second| {
            if opt_filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row)) {
                states[row].add(first, second);
            }
        });
        Ok(state_columns(&states))
    }

    fn size(&self) -> usize {
        self.states.capacity() * size_of::<S>()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn moments(values: &[f64]) -> Moments {
        let mut state = Moments::default();
        values.iter().for_each(|value| state.add(*value, 0.0));
        state
    }

    /// Values recorded from Spark 4.2.
    #[test]
    fn moments_agree_with_spark_to_the_last_digit() {
        let state = moments(&[1.0, 2.0, 5.0, 2.0]);
        assert_eq!(Moment::Kurtosis.of(&state).unwrap(), Some(-0.814_814_814_814_816_7));
        assert_eq!(Moment::Skewness.of(&state).unwrap(), Some(0.888_888_888_888_889_3));
        assert_eq!(Moment::StddevSamp.of(&state).unwrap(), Some(1.732_050_807_568_877_2));
        assert_eq!(Moment::VarPop.of(&state).unwrap(), Some(2.25));
        assert_eq!(Moment::VarSamp.of(&moments(&[1.0])).unwrap(), None);
        assert_eq!(Moment::Skewness.of(&moments(&[1.5, 1.5])).unwrap(), None);
    }

    /// `(y, x)` of (1,2), (2,3), (5,7) in Spark 4.2.
    #[test]
    fn co_moments_agree_with_spark_to_the_last_digit() {
        let mut state = CoMoments::default();
        for (y, x) in [(1.0, 2.0), (2.0, 3.0), (5.0, 7.0)] {
            state.add(y, x);
        }
        assert_eq!(CoMoment::Corr { ansi: true }.of(&state).unwrap(), Some(0.998_625_428_903_524));
        assert_eq!(CoMoment::CovarPop.of(&state).unwrap(), Some(3.666_666_666_666_666_5));
        assert_eq!(CoMoment::CovarSamp.of(&state).unwrap(), Some(5.5));
        assert_eq!(CoMoment::RegrR2.of(&state).unwrap(), Some(0.997_252_747_252_747_3));
        assert_eq!(CoMoment::RegrSlope.of(&state).unwrap(), Some(0.785_714_285_714_285_6));
        assert_eq!(CoMoment::RegrIntercept.of(&state).unwrap(), Some(-0.476_190_476_190_475_4));
        assert_eq!(CoMoment::RegrSxx.of(&state).unwrap(), Some(14.0));
        assert_eq!(CoMoment::RegrSxy.of(&state).unwrap(), Some(11.0));
        assert_eq!(CoMoment::RegrSyy.of(&state).unwrap(), Some(8.666_666_666_666_666));
    }
}
