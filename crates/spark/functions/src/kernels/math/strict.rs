//! Java's `StrictMath`, to the last bit: what Spark computes with wherever it does not leave the choice to the processor.
//!
//! Its functions are defined by the algorithms of fdlibm 5.3. The crate `libm` descends from it and gives the same bits
//! for those that are taken over below; for the others it goes other ways, so they are here. Hexadecimal bounds are
//! fdlibm's: a comparison of upper words is one of magnitudes.

pub use libm::{acos, asin, atan, exp, expm1, pow};

const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// The polynomial of `ln((1 + s) / (1 - s))`, by powers of `s²`.
const LOG: [f64; 7] = [
    0.666_666_666_666_673_5,
    0.399_999_999_994_094_2,
    0.285_714_287_436_623_9,
    0.222_221_984_321_497_84,
    0.181_835_721_616_180_5,
    0.153_138_376_992_093_73,
    0.147_981_986_051_165_86,
];
const TWO_54: f64 = 18_014_398_509_481_984.0;
const PI_LOW: f64 = 1.224_646_799_147_353_2e-16;

/// The upper word: sign, exponent and twenty bits of the fraction.
fn high(x: f64) -> i32 {
    (x.to_bits() >> 32) as i32
}

fn with_high(x: f64, word: i32) -> f64 {
    f64::from_bits((x.to_bits() & 0xffff_ffff) | (u64::from(word as u32) << 32))
}

/// The natural logarithm.
pub fn ln(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 || x.is_infinite() {
        return x.ln();
    }
    let (x, shift) = if high(x) < 0x0010_0000 { (x * TWO_54, -54) } else { (x, 0) };
    let fraction = high(x) & 0x000f_ffff;
    // Between the root of one half and that of two.
    let carry = (fraction + 0x9_5f64) & 0x10_0000;
    let exponent = shift + (high(x) >> 20) - 1023 + (carry >> 20);
    let f = with_high(x, fraction | (carry ^ 0x3ff0_0000)) - 1.0;
    let k = f64::from(exponent);
    if (0x000f_ffff & (2 + fraction)) < 3 {
        if f == 0.0 {
            return k * LN2_HIGH + k * LN2_LOW;
        }
        let rest = f * f * (0.5 - (1.0 / 3.0) * f);
        return if exponent == 0 { f - rest } else { k * LN2_HIGH - ((rest - k * LN2_LOW) - f) };
    }
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (LOG[1] + w * (LOG[3] + w * LOG[5]));
    let odd = z * (LOG[0] + w * (LOG[2] + w * (LOG[4] + w * LOG[6])));
    let rest = odd + even;
    if (fraction - 0x6_147a) | (0x6_b851 - fraction) > 0 {
        let half = 0.5 * f * f;
        return if exponent == 0 {
            f - (half - s * (half + rest))
        } else {
            k * LN2_HIGH - ((half - (s * (half + rest) + k * LN2_LOW)) - f)
        };
    }
    if exponent == 0 { f - s * (f - rest) } else { k * LN2_HIGH - ((s * (f - rest) - k * LN2_LOW) - f) }
}

pub fn log10(x: f64) -> f64 {
    const LOG2_HIGH: f64 = 0.301_029_995_663_611_77;
    const LOG2_LOW: f64 = 3.694_239_077_158_931e-13;
    if x.is_nan() || x <= 0.0 || x.is_infinite() {
        return x.log10();
    }
    let (x, shift) = if high(x) < 0x0010_0000 { (x * TWO_54, -54) } else { (x, 0) };
    let exponent = shift + (high(x) >> 20) - 1023;
    let negative = i32::from(exponent < 0);
    let scaled = with_high(x, (high(x) & 0x000f_ffff) | ((0x3ff - negative) << 20));
    let k = f64::from(exponent + negative);
    let low = k * LOG2_LOW + std::f64::consts::LOG10_E * ln(scaled);
    low + k * LOG2_HIGH
}

/// `ln(1 + x)`.
pub fn ln_1p(x: f64) -> f64 {
    let word = high(x);
    let magnitude = word & 0x7fff_ffff;
    if x.is_nan() || x <= -1.0 || x.is_infinite() {
        return x.ln_1p();
    }
    if magnitude < 0x3e20_0000 {
        return if magnitude < 0x3c90_0000 { x } else { x - x * x * 0.5 };
    }
    // Around zero nothing is taken off; elsewhere a power of two is, and what `1 + x` lost is kept.
    let near = word < 0x3fda_827a && (word > 0 || word <= 0xbfd2_bec3_u32 as i32);
    let (f, fraction, exponent, lost) = if near { (x, 1, 0, 0.0) } else { halved(x) };
    let k = f64::from(exponent);
    let half = 0.5 * f * f;
    if fraction == 0 {
        if f == 0.0 {
            return if exponent == 0 { 0.0 } else { k * LN2_HIGH + (lost + k * LN2_LOW) };
        }
        let rest = half * (1.0 - (2.0 / 3.0) * f);
        return if exponent == 0 { f - rest } else { k * LN2_HIGH - ((rest - (k * LN2_LOW + lost)) - f) };
    }
    let s = f / (2.0 + f);
    let z = s * s;
    let rest = z * LOG.iter().rev().copied().reduce(|sum, next| next + z * sum).unwrap_or_default();
    if exponent == 0 {
        f - (half - s * (half + rest))
    } else {
        k * LN2_HIGH - ((half - (s * (half + rest) + (k * LN2_LOW + lost))) - f)
    }
}

/// `1 + x` as `2^k (1 + f)`: `f`, the bits that tell how small it is, `k`, and the error of the sum.
fn halved(x: f64) -> (f64, i32, i32, f64) {
    let huge = high(x) >= 0x4340_0000;
    let u = if huge { x } else { 1.0 + x };
    let exponent = (high(u) >> 20) - 1023;
    let lost = match (huge, exponent > 0) {
        (true, _) => 0.0,
        (false, true) => (1.0 - (u - x)) / u,
        (false, false) => (x - (u - 1.0)) / u,
    };
    let fraction = high(u) & 0x000f_ffff;
    if fraction < 0x6_a09e {
        (with_high(u, fraction | 0x3ff0_0000) - 1.0, fraction, exponent, lost)
    } else {
        (with_high(u, fraction | 0x3fe0_0000) - 1.0, (0x0010_0000 - fraction) >> 2, exponent + 1, lost)
    }
}

pub fn cosh(x: f64) -> f64 {
    let magnitude = high(x) & 0x7fff_ffff;
    let x = x.abs();
    if magnitude < 0x3fd6_2e43 {
        let t = expm1(x);
        let w = 1.0 + t;
        return if magnitude < 0x3c80_0000 { w } else { 1.0 + (t * t) / (w + w) };
    }
    if magnitude < 0x4036_0000 {
        let t = exp(x);
        return 0.5 * t + 0.5 / t;
    }
    half_exp(x, magnitude, 0.5)
}

pub fn sinh(x: f64) -> f64 {
    let magnitude = high(x) & 0x7fff_ffff;
    let half = 0.5_f64.copysign(x);
    if magnitude < 0x4036_0000 {
        if magnitude < 0x3e30_0000 {
            return x;
        }
        let t = expm1(x.abs());
        return if magnitude < 0x3ff0_0000 { half * (2.0 * t - t * t / (t + 1.0)) } else { half * (t + t / (t + 1.0)) };
    }
    half_exp(x.abs(), magnitude, half)
}

/// `half` of the exponential, in two steps where that alone would overflow.
fn half_exp(x: f64, magnitude: i32, half: f64) -> f64 {
    if magnitude < 0x4086_2e42 || !x.is_finite() {
        return half * exp(x);
    }
    let root = exp(0.5 * x);
    half * root * root
}

pub fn tanh(x: f64) -> f64 {
    let magnitude = high(x) & 0x7fff_ffff;
    if x.is_nan() || magnitude < 0x3c80_0000 {
        return x * (1.0 + x);
    }
    let z = if magnitude >= 0x4036_0000 {
        1.0
    } else if magnitude >= 0x3ff0_0000 {
        1.0 - 2.0 / (expm1(2.0 * x.abs()) + 2.0)
    } else {
        let t = expm1(-2.0 * x.abs());
        -t / (t + 2.0)
    };
    z.copysign(x)
}

pub fn cbrt(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let a = x.abs();
    let word = high(a);
    // A third of the exponent is a guess to five bits.
    let guess = if word < 0x0010_0000 { high(TWO_54 * a) / 3 + 696_219_795 } else { word / 3 + 715_094_163 };
    let t = with_high(0.0, guess);
    let r = t * t / a;
    let s = 19.0 / 35.0 + r * t;
    let t = t * (5.0 / 14.0 + 45.0 / 28.0 / (s + 99.0 / 70.0 - 864.0 / 1225.0 / s));
    // Cut to twenty bits and rounded up, so that its square is exact.
    let t = with_high(0.0, high(t) + 1);
    let r = a / (t * t);
    (t + t * ((r - t) / (t + t + r))).copysign(x)
}

pub fn hypot(x: f64, y: f64) -> f64 {
    if !x.is_finite() || !y.is_finite() {
        return x.hypot(y);
    }
    let (a, b) = if high(y.abs()) > high(x.abs()) { (y.abs(), x.abs()) } else { (x.abs(), y.abs()) };
    if high(a) - high(b) > 0x3c0_0000 {
        return a + b;
    }
    // Squares must neither overflow nor vanish.
    let power = |exponent: i32| with_high(1.0, (1023 + exponent) << 20);
    let (a, b, back) = if high(a) > 0x5f30_0000 {
        (a * power(-600), b * power(-600), 600)
    } else if b == 0.0 {
        return a;
    } else if high(b) <= 0x000f_ffff {
        (a * power(1022), b * power(1022), -1022)
    } else if high(b) < 0x20b0_0000 {
        (a * power(600), b * power(600), -600)
    } else {
        (a, b, 0)
    };
    let difference = a - b;
    let root = if difference > b {
        let upper = with_high(0.0, high(a));
        let lower = a - upper;
        (upper * upper - (b * -b - lower * (a + upper))).sqrt()
    } else {
        let twice = a + a;
        let b_upper = with_high(0.0, high(b));
        let b_lower = b - b_upper;
        let upper = with_high(0.0, high(a) + 0x0010_0000);
        let lower = twice - upper;
        (upper * b_upper - (difference * -difference - (upper * b_lower + lower * b))).sqrt()
    };
    if back == 0 { root } else { power(back) * root }
}

pub fn atan2(y: f64, x: f64) -> f64 {
    use std::f64::consts::{FRAC_PI_2, PI};
    if x == 0.0 || y == 0.0 || !x.is_finite() || !y.is_finite() {
        return y.atan2(x);
    }
    if x == 1.0 {
        return atan(y);
    }
    let apart = ((high(y) & 0x7fff_ffff) - (high(x) & 0x7fff_ffff)) >> 20;
    let z = if apart > 60 {
        FRAC_PI_2 + 0.5 * PI_LOW
    } else if x < 0.0 && apart < -60 {
        0.0
    } else {
        atan((y / x).abs())
    };
    if x > 0.0 { z.copysign(y) } else { (PI - (z - PI_LOW)).copysign(y) }
}

pub fn asinh(x: f64) -> f64 {
    let (magnitude, t) = (high(x) & 0x7fff_ffff, x.abs());
    if !x.is_finite() || magnitude < 0x3e30_0000 {
        return x;
    }
    let w = if magnitude > 0x41b0_0000 {
        ln(t) + std::f64::consts::LN_2
    } else if magnitude > 0x4000_0000 {
        ln(2.0 * t + 1.0 / ((x * x + 1.0).sqrt() + t))
    } else {
        ln_1p(t + x * x / (1.0 + (1.0 + x * x).sqrt()))
    };
    w.copysign(x)
}

pub fn acosh(x: f64) -> f64 {
    let word = high(x);
    if !x.is_finite() || x < 1.0 {
        return x.acosh();
    }
    if word >= 0x41b0_0000 {
        ln(x) + std::f64::consts::LN_2
    } else if word > 0x4000_0000 {
        ln(2.0 * x - 1.0 / (x + (x * x - 1.0).sqrt()))
    } else {
        let t = x - 1.0;
        ln_1p(t + (2.0 * t + t * t).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `tests/golden/functions/strict-math.tsv` has Spark's answers; these are the ends of the ranges.
    #[test]
    fn values_at_the_ends() {
        assert_eq!([ln(1.0), ln_1p(0.0), cosh(0.0), sinh(-0.0), tanh(-0.0)], [0.0, 0.0, 1.0, -0.0, -0.0]);
        assert_eq!(
            [ln(0.0), log10(0.0), ln_1p(-1.0), ln(f64::INFINITY)],
            [-f64::INFINITY, -f64::INFINITY, -f64::INFINITY, f64::INFINITY]
        );
        assert_eq!(
            [tanh(f64::INFINITY), tanh(-30.0), cosh(-1000.0), sinh(-1000.0)],
            [1.0, -1.0, f64::INFINITY, -f64::INFINITY]
        );
        assert_eq!([cbrt(27.0), cbrt(-8.0), cbrt(f64::INFINITY), hypot(3.0, -4.0)], [3.0, -2.0, f64::INFINITY, 5.0]);
        assert_eq!(
            [hypot(f64::NAN, f64::INFINITY), hypot(5e-324, 0.0), hypot(1e300, 1e-300)],
            [f64::INFINITY, 5e-324, 1e300]
        );
        for unknown in
            [ln(-1.0), log10(f64::NAN), ln_1p(-2.0), acosh(0.5), cbrt(f64::NAN), atan2(f64::NAN, 1.0), asinh(f64::NAN)]
        {
            assert!(unknown.is_nan());
        }
    }
}
