//! Variances, correlations, regressions.

use hearth_base::Result;
use hearth_types::DataType;

use super::apply;
use super::numeric::{average_of, count_of, where_known};
use crate::call::Call;
use crate::coercion;
use crate::kernels::aggregate::float_stats::{CoMoment, CoMomentPlan, Moment, MomentPlan};
use crate::kernels::aggregate::sum::Overflow;
use crate::kernels::aggregate::udaf::udaf;
use crate::typed::Typed;

const DOUBLE: (DataType, bool) = (DataType::Double, true);

fn moment(mut call: Call<'_>, name: &'static str, kind: Moment) -> Result<Typed> {
    let [value] = call.take()?;
    let value = coercion::double(&call, 0, value)?;
    Ok(apply(&call, udaf(MomentPlan(name, kind)), vec![value], DOUBLE))
}

pub fn stddev_samp(call: Call<'_>) -> Result<Typed> {
    moment(call, "stddev_samp", Moment::StddevSamp)
}

pub fn stddev_pop(call: Call<'_>) -> Result<Typed> {
    moment(call, "stddev_pop", Moment::StddevPop)
}

pub fn var_samp(call: Call<'_>) -> Result<Typed> {
    moment(call, "var_samp", Moment::VarSamp)
}

pub fn var_pop(call: Call<'_>) -> Result<Typed> {
    moment(call, "var_pop", Moment::VarPop)
}

pub fn skewness(call: Call<'_>) -> Result<Typed> {
    moment(call, "skewness", Moment::Skewness)
}

pub fn kurtosis(call: Call<'_>) -> Result<Typed> {
    moment(call, "kurtosis", Moment::Kurtosis)
}

fn pair(mut call: Call<'_>, name: &'static str, kind: CoMoment) -> Result<Typed> {
    let [first, second] = call.take()?;
    let first = coercion::double(&call, 0, first)?;
    let second = coercion::double(&call, 1, second)?;
    Ok(apply(&call, udaf(CoMomentPlan(name, kind)), vec![first, second], DOUBLE))
}

pub fn corr(call: Call<'_>) -> Result<Typed> {
    let ansi = call.session.ansi;
    pair(call, "corr", CoMoment::Corr { ansi })
}

pub fn covar_pop(call: Call<'_>) -> Result<Typed> {
    pair(call, "covar_pop", CoMoment::CovarPop)
}

pub fn covar_samp(call: Call<'_>) -> Result<Typed> {
    pair(call, "covar_samp", CoMoment::CovarSamp)
}

pub fn regr_r2(call: Call<'_>) -> Result<Typed> {
    pair(call, "regr_r2", CoMoment::RegrR2)
}

pub fn regr_slope(call: Call<'_>) -> Result<Typed> {
    pair(call, "regr_slope", CoMoment::RegrSlope)
}

pub fn regr_intercept(call: Call<'_>) -> Result<Typed> {
    pair(call, "regr_intercept", CoMoment::RegrIntercept)
}

pub fn regr_sxx(call: Call<'_>) -> Result<Typed> {
    pair(call, "regr_sxx", CoMoment::RegrSxx)
}

pub fn regr_sxy(call: Call<'_>) -> Result<Typed> {
    pair(call, "regr_sxy", CoMoment::RegrSxy)
}

pub fn regr_syy(call: Call<'_>) -> Result<Typed> {
    pair(call, "regr_syy", CoMoment::RegrSyy)
}

pub fn regr_count(mut call: Call<'_>) -> Result<Typed> {
    let values = call.values()?;
    Ok(count_of(&call, values))
}

pub fn regr_avgx(mut call: Call<'_>) -> Result<Typed> {
    let [y, x] = call.take()?;
    average_of(&call, where_known(&x, &y), Overflow::Raise)
}

pub fn regr_avgy(mut call: Call<'_>) -> Result<Typed> {
    let [y, x] = call.take()?;
    average_of(&call, where_known(&y, &x), Overflow::Raise)
}
