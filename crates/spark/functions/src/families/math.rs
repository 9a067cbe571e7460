//! Mathematical functions and arithmetic operators: the rows and what they need to be typed.

pub mod arithmetic;
mod extremes;
mod random;
pub use random::{constant_seed, fresh_seed};
mod rounding;
mod temporal;

use hearth_base::Result;
use hearth_types::DataType;

use crate::call::Call;
use crate::coercion;
use crate::kernels::invoke;
use crate::kernels::math::radix;
use crate::kernels::math::{self, Binary, Unary};
use crate::row::{Arity, Family, FunctionRow, scalar};
use crate::typed::Typed;

const MATH: Family = Family::Math;
const ZERO: Arity = Arity::Exact(0);
const ONE: Arity = Arity::Exact(1);
const TWO: Arity = Arity::Exact(2);
const ONE_OR_TWO: Arity = Arity::Range(1, 2);

pub const ROWS: &[FunctionRow] = &[
    scalar("+", MATH, ONE_OR_TWO, plus).example("1 + 2", "3").summary("The sum; days and intervals add to dates."),
    scalar("-", MATH, ONE_OR_TWO, minus).example("2 - 1", "1").summary("The difference, or the negative."),
    scalar("*", MATH, TWO, arithmetic::multiply).example("2 * 3", "6").summary("The product."),
    scalar("/", MATH, TWO, arithmetic::divide).example("3 / 2", "1.5").summary("The quotient, never an integer."),
    scalar("%", MATH, TWO, arithmetic::remainder).example("2 % 1.8", "0.2").summary("The remainder."),
    scalar("mod", MATH, TWO, arithmetic::remainder).example("mod(2, 1.8)", "0.2").summary("The remainder."),
    scalar("div", MATH, TWO, arithmetic::integral_divide).example("3 div 2", "1").summary("The quotient as a bigint."),
    scalar("pmod", MATH, TWO, arithmetic::pmod).example("pmod(-10, 3)", "2").summary("The remainder, never negative."),
    scalar("try_add", MATH, TWO, arithmetic::try_add)
        .example("try_add(2147483647, 1)", "NULL")
        .summary("The sum, or NULL on overflow."),
    scalar("try_subtract", MATH, TWO, arithmetic::try_subtract)
        .example("try_subtract(-2147483648, 1)", "NULL")
        .summary("The difference, or NULL on overflow."),
    scalar("try_multiply", MATH, TWO, arithmetic::try_multiply)
        .example("try_multiply(2147483647, 2)", "NULL")
        .summary("The product, or NULL on overflow."),
    scalar("try_divide", MATH, TWO, arithmetic::try_divide)
        .example("try_divide(1, 0)", "NULL")
        .summary("The quotient, or NULL for a zero divisor."),
    scalar("try_mod", MATH, TWO, arithmetic::try_mod)
        .example("try_mod(3, 0)", "NULL")
        .summary("The remainder, or NULL for a zero divisor."),
    scalar("negative", MATH, ONE, rounding::negative).example("negative(1)", "-1").summary("The negative."),
    scalar("positive", MATH, ONE, rounding::positive).example("positive(1)", "1").summary("The value itself."),
    scalar("abs", MATH, ONE, rounding::abs).example("abs(-1)", "1").summary("The value without its sign."),
    scalar("sign", MATH, ONE, signum).example("sign(40)", "1.0").summary("-1, 0 or 1."),
    scalar("signum", MATH, ONE, signum).example("signum(40)", "1.0").summary("-1, 0 or 1."),
    scalar("ceil", MATH, ONE_OR_TWO, rounding::ceil).example("ceil(-0.1)", "0").summary("The next integer up."),
    scalar("ceiling", MATH, ONE_OR_TWO, rounding::ceil).example("ceiling(-0.1)", "0").summary("The next integer up."),
    scalar("floor", MATH, ONE_OR_TWO, rounding::floor).example("floor(-0.1)", "-1").summary("The next integer down."),
    scalar("round", MATH, ONE_OR_TWO, rounding::round)
        .example("round(2.5, 0)", "3")
        .summary("Rounded to so many digits, halves away from zero."),
    scalar("bround", MATH, ONE_OR_TWO, rounding::bround)
        .example("bround(2.5, 0)", "2")
        .summary("Rounded to so many digits, halves to the even neighbour."),
    scalar("greatest", MATH, Arity::AtLeast(2), extremes::greatest)
        .example("greatest(10, 9, 2, 4, 3)", "10")
        .summary("The largest argument; NULLs do not count."),
    scalar("least", MATH, Arity::AtLeast(2), extremes::least)
        .example("least(10, 9, 2, 4, 3)", "2")
        .summary("The smallest argument; NULLs do not count."),
    scalar("acos", MATH, ONE, acos).example("acos(1)", "0.0").summary("The arc cosine."),
    scalar("acosh", MATH, ONE, acosh).example("acosh(1)", "0.0").summary("The inverse hyperbolic cosine."),
    scalar("asin", MATH, ONE, asin).example("asin(0)", "0.0").summary("The arc sine."),
    scalar("asinh", MATH, ONE, asinh).example("asinh(0)", "0.0").summary("The inverse hyperbolic sine."),
    scalar("atan", MATH, ONE, atan).example("atan(0)", "0.0").summary("The arc tangent."),
    scalar("atanh", MATH, ONE, atanh).example("atanh(0)", "0.0").summary("The inverse hyperbolic tangent."),
    scalar("cbrt", MATH, ONE, cbrt).example("cbrt(27.0)", "3.0").summary("The cube root."),
    scalar("cos", MATH, ONE, cos).example("cos(0)", "1.0").summary("The cosine."),
    scalar("cosh", MATH, ONE, cosh).example("cosh(0)", "1.0").summary("The hyperbolic cosine."),
    scalar("cot", MATH, ONE, cot).example("cot(1)", "0.6420926159343306").summary("The cotangent."),
    scalar("csc", MATH, ONE, csc).example("csc(1)", "1.1883951057781212").summary("The cosecant."),
    scalar("degrees", MATH, ONE, degrees).example("degrees(3.141592653589793)", "180.0").summary("Radians in degrees."),
    scalar("exp", MATH, ONE, exp).example("exp(0)", "1.0").summary("e to this power."),
    scalar("expm1", MATH, ONE, expm1).example("expm1(0)", "0.0").summary("e to this power, less one."),
    scalar("ln", MATH, ONE, ln).example("ln(1)", "0.0").summary("The natural logarithm."),
    scalar("log", MATH, ONE_OR_TWO, log).example("log(10, 100)", "2.0").summary("The logarithm to a base, or to e."),
    scalar("log10", MATH, ONE, log10).example("log10(10)", "1.0").summary("The logarithm to base 10."),
    scalar("log1p", MATH, ONE, log1p).example("log1p(0)", "0.0").summary("The natural logarithm of one more."),
    scalar("log2", MATH, ONE, log2).example("log2(2)", "1.0").summary("The logarithm to base 2."),
    scalar("radians", MATH, ONE, radians).example("radians(180)", "3.141592653589793").summary("Degrees in radians."),
    scalar("rint", MATH, ONE, rint).example("rint(12.3456)", "12.0").summary("The nearest integer as a double."),
    scalar("sec", MATH, ONE, sec).example("sec(1)", "1.8508157176809255").summary("The secant."),
    scalar("sin", MATH, ONE, sin).example("sin(0)", "0.0").summary("The sine."),
    scalar("sinh", MATH, ONE, sinh).example("sinh(0)", "0.0").summary("The hyperbolic sine."),
    scalar("sqrt", MATH, ONE, sqrt).example("sqrt(4)", "2.0").summary("The square root."),
    scalar("tan", MATH, ONE, tan).example("tan(0)", "0.0").summary("The tangent."),
    scalar("tanh", MATH, ONE, tanh).example("tanh(0)", "0.0").summary("The hyperbolic tangent."),
    scalar("atan2", MATH, TWO, atan2).example("atan2(0, 0)", "0.0").summary("The angle of a point."),
    scalar("hypot", MATH, TWO, hypot).example("hypot(3, 4)", "5.0").summary("The length of the hypotenuse."),
    scalar("pow", MATH, TWO, pow).example("pow(2, 3)", "8.0").summary("The first argument to the power of the second."),
    scalar("power", MATH, TWO, pow)
        .example("power(2, 3)", "8.0")
        .summary("The first argument to the power of the second."),
    scalar("e", MATH, ZERO, euler).example("e()", "2.718281828459045").summary("Euler's number."),
    scalar("pi", MATH, ZERO, pi).example("pi()", "3.141592653589793").summary("Pi."),
    scalar("bin", MATH, ONE, bin).example("bin(13)", "1101").summary("A bigint in binary digits."),
    scalar("hex", MATH, ONE, hex).example("hex(17)", "11").summary("A bigint, text or bytes in hexadecimal."),
    scalar("unhex", MATH, ONE, unhex)
        .example("decode(unhex('537061726B2053514C'), 'UTF-8')", "Spark SQL")
        .summary("The bytes of hexadecimal text."),
    scalar("conv", MATH, Arity::Exact(3), conv).example("conv('100', 2, 10)", "4").summary("A number in another base."),
    scalar("factorial", MATH, ONE, factorial).example("factorial(5)", "120").summary("The factorial, up to 20."),
    scalar("width_bucket", MATH, Arity::Exact(4), rounding::width_bucket)
        .example("width_bucket(5.3, 0.2, 10.6, 5)", "3")
        .summary("The number of the bucket of an equi-width histogram."),
    scalar("rand", MATH, Arity::Range(0, 1), random::rand).summary("A uniform random number from 0 to below 1."),
    scalar("random", MATH, Arity::Range(0, 1), random::rand).summary("A uniform random number from 0 to below 1."),
    scalar("randn", MATH, Arity::Range(0, 1), random::randn)
        .summary("A random number of the standard normal distribution."),
    scalar("uniform", MATH, Arity::Range(2, 3), random::uniform)
        .example("uniform(10, 20, 0) > 0", "true")
        .summary("A uniform random number between two constants."),
];

fn plus(call: Call<'_>) -> Result<Typed> {
    if call.len() == 1 { rounding::positive(call) } else { arithmetic::add(call) }
}

fn minus(call: Call<'_>) -> Result<Typed> {
    if call.len() == 1 { rounding::negative(call) } else { arithmetic::subtract(call) }
}

fn unary(mut call: Call<'_>, function: Unary) -> Result<Typed> {
    let [value] = call.take()?;
    let value = coercion::double(&call, 0, value)?;
    // Nullable whatever the argument is, though only logarithms outside their domain are NULL.
    invoke::call_arrays_with("spark_math", function, vec![value], (DataType::Double, true), math::unary)
}

fn binary(mut call: Call<'_>, function: Binary) -> Result<Typed> {
    let [left, right] = call.take()?;
    let left = coercion::double(&call, 0, left)?;
    let right = coercion::double(&call, 1, right)?;
    let nullable = left.nullable || right.nullable || function == Binary::Log;
    invoke::call_arrays_with("spark_math2", function, vec![left, right], (DataType::Double, nullable), math::binary)
}

/// Builders of functions of one double.
macro_rules! unaries {
    ($($builder:ident => $function:ident;)*) => {
        $(fn $builder(call: Call<'_>) -> Result<Typed> {
            unary(call, Unary::$function)
        })*
    };
}

unaries! {
    acos => Acos;
    acosh => Acosh;
    asin => Asin;
    asinh => Asinh;
    atan => Atan;
    atanh => Atanh;
    cbrt => Cbrt;
    cos => Cos;
    cosh => Cosh;
    cot => Cot;
    csc => Csc;
    degrees => Degrees;
    exp => Exp;
    expm1 => Expm1;
    ln => Ln;
    log10 => Log10;
    log1p => Log1p;
    log2 => Log2;
    radians => Radians;
    rint => Rint;
    sec => Sec;
    sin => Sin;
    sinh => Sinh;
    sqrt => Sqrt;
    tan => Tan;
    tanh => Tanh;
}

/// Of an interval too.
fn signum(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let value = match value.data_type {
        DataType::YearMonthInterval { .. } | DataType::DayTimeInterval { .. } => {
            rounding::interval_as_double(&call, value)?
        }
        _ => coercion::double(&call, 0, value)?,
    };
    invoke::call_arrays_with("spark_math", Unary::Signum, vec![value], (DataType::Double, true), math::unary)
}

fn log(call: Call<'_>) -> Result<Typed> {
    if call.len() == 1 { unary(call, Unary::Ln) } else { binary(call, Binary::Log) }
}

fn atan2(call: Call<'_>) -> Result<Typed> {
    binary(call, Binary::Atan2)
}

fn hypot(call: Call<'_>) -> Result<Typed> {
    binary(call, Binary::Hypot)
}

fn pow(call: Call<'_>) -> Result<Typed> {
    binary(call, Binary::Pow)
}

fn constant(value: f64) -> Typed {
    crate::expr::literal(datafusion::common::ScalarValue::Float64(Some(value)), DataType::Double)
}

fn euler(_call: Call<'_>) -> Result<Typed> {
    Ok(constant(std::f64::consts::E))
}

fn pi(_call: Call<'_>) -> Result<Typed> {
    Ok(constant(std::f64::consts::PI))
}

fn bin(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let value = coercion::long(&call, 0, value)?;
    let nullable = value.nullable;
    invoke::call_arrays("spark_bin", vec![value], (DataType::STRING, nullable), radix::bin)
}

fn hex(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let value = match &value.data_type {
        DataType::Binary => value,
        data_type if data_type.is_string() => value,
        data_type if data_type.is_numeric() || *data_type == DataType::Null => coercion::long(&call, 0, value)?,
        data_type if data_type.is_nested() || data_type.is_interval() => {
            return Err(call.unexpected_type(0, "(\"BIGINT\" or \"BINARY\" or \"STRING\")", data_type));
        }
        _ => coercion::string(&call, 0, value)?,
    };
    let nullable = value.nullable;
    invoke::call_arrays("spark_hex", vec![value], (DataType::STRING, nullable), radix::hex)
}

fn unhex(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let value = coercion::string(&call, 0, value)?;
    invoke::call_arrays("spark_unhex", vec![value], (DataType::Binary, true), radix::unhex)
}

fn conv(mut call: Call<'_>) -> Result<Typed> {
    let [text, from, to] = call.take()?;
    let text = coercion::string(&call, 0, text)?;
    let from = coercion::int(&call, 1, from)?;
    let to = coercion::int(&call, 2, to)?;
    let ansi = call.session.ansi;
    invoke::call_arrays_with("spark_conv", ansi, vec![text, from, to], (DataType::STRING, true), radix::conv)
}

fn factorial(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let value = coercion::int(&call, 0, value)?;
    invoke::call_arrays("spark_factorial", vec![value], (DataType::Long, true), radix::factorial)
}
