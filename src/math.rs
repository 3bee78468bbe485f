//! Functions of float32 numbers and slices: exponentials, sums, extremes and what a softmax needs.
//!
//! Loops run over sixteen lanes in a fixed order, so that the compiler turns them into SIMD and every machine gets the
//! same bits.

/// Values that a loop takes side by side: four vectors.
const LANES: usize = 16;

/// Few enough values to be added up in float32.
const CHUNK: usize = 1024;

/// 1.5 * 2^23: a float32 of this size has steps of 1, so that adding it rounds to an integer in the lowest bits.
const ROUND: f32 = 12_582_912.0;

/// The integer nearest to `x`, ties to even, in the lowest bits in two's complement.
///
/// `x`: `|x| < 2^21`
#[inline(always)]
pub fn rounded_bits(x: f32) -> u32 {
    (x + ROUND).to_bits()
}

/// `e^x` to within three units in the last place: 0 below -87, `e^88` above 88, NaN for NaN.
///
/// # Source
/// Cody and Waite's reduction to `|r| <= ln(2) / 2`, then Taylor's polynomial.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let clamped = if x < -87.0 { -87.0 } else { x };
    let clamped = if clamped > 88.0 { 88.0 } else { clamped };
    let shifted = clamped * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = clamped - n * LN_2_HIGH - n * LN_2_LOW;
    let mut sum = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        sum = sum * r + coefficient;
    }
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23); // 2^n
    if x < -87.0 { 0.0 } else { sum * power }
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The error function to within 1.5e-7.
///
/// # Source
/// Abramowitz and Stegun 1964, 7.1.26.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let mut sum = 1.061_405_4;
    for coefficient in [-1.453_152, 1.421_413_8, -0.284_496_74, 0.254_829_6] {
        sum = sum * t + coefficient;
    }
    (1.0 - sum * t * exp(-x * x)).copysign(x)
}

/// Softmax before its division, in place: `e^(x - max)`, which is 0 for minus infinity.
///
/// # Shapes
/// - `values`: `(n,)`, at least one above minus infinity, none NaN
pub fn softmax_numerators(values: &mut [f32]) {
    let max = max(values);
    for x in values {
        *x = exp(*x - max);
    }
}

/// `ln(sum(e^x))`: a logit minus this is the natural logarithm of its probability.
/// Minus infinity if all values are, infinity if one is, NaN if one is NaN.
///
/// # Shapes
/// - `values`: `(n,)`
pub fn log_sum_exp(values: &[f32]) -> f64 {
    let max = max(values);
    if max.is_infinite() && !values.iter().any(|x| x.is_nan()) {
        return f64::from(max);
    }
    let mut exps = [0.0; CHUNK];
    let mut total = 0.0;
    for chunk in values.chunks(CHUNK) {
        for (y, x) in exps.iter_mut().zip(chunk) {
            *y = exp(x - max);
        }
        total += f64::from(sum(&exps[..chunk.len()]));
    }
    f64::from(max) + total.ln()
}

/// The index of the largest value, the first of equals; 0 if none is above minus infinity.
///
/// # Shapes
/// - `values`: `(n,)`, fewer than 2^32
pub fn argmax(values: &[f32]) -> u32 {
    let max = max(values);
    values.iter().position(|&x| x == max).unwrap_or(0) as u32
}

/// The sum of many values: in float32 over chunks, in float64 over their sums.
pub fn sum_f64(values: &[f32]) -> f64 {
    values.chunks(CHUNK).map(|chunk| f64::from(sum(chunk))).sum()
}

/// The sum of `values`, in the order of the lanes.
pub fn sum(values: &[f32]) -> f32 {
    reduce(values, 0.0, |sum, x| sum + x)
}

/// The largest of `values`; minus infinity if there are none. NaN is passed over.
pub fn max(values: &[f32]) -> f32 {
    reduce(values, f32::NEG_INFINITY, |max, x| if x > max { x } else { max })
}

/// The smallest of `values`; infinity if there are none. NaN is passed over.
pub fn min(values: &[f32]) -> f32 {
    reduce(values, f32::INFINITY, |min, x| if x < min { x } else { min })
}

/// Folds every sixteenth value into one lane, then the lanes into one value.
#[inline(always)]
fn reduce(values: &[f32], first: f32, f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [first; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = f(*lane, x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = f(*lane, x);
    }
    lanes.into_iter().fold(first, f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_agrees_with_the_standard_library_to_three_units_in_the_last_place() {
        for i in -870_000..880_000 {
            let x = i as f32 / 10_000.0;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) - exact).abs() / exact;
            assert!(error < 3.0 * f64::from(f32::EPSILON), "{x}: {error}");
        }
    }

    #[test]
    fn exp_ends_where_float32_does() {
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(-100.0), 0.0);
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::INFINITY) > 1e38);
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn rounded_bits_are_the_nearest_integer_ties_to_even() {
        for (x, expected) in [
            (0.4, 0),
            (0.5, 0),
            (1.5, 2),
            (-0.5, 0),
            (-1.5, -2),
            (-127.0, -127),
            (2_097_151.0, 2_097_151),
        ] {
            assert_eq!((rounded_bits(x) << 10) as i32 >> 10, expected, "{x}");
        }
    }

    #[test]
    fn softmax_gives_a_removed_logit_nothing() {
        let mut logits = [1.0, f32::NEG_INFINITY, 1.0, 0.0];
        softmax_numerators(&mut logits);
        assert_eq!(logits[..3], [1.0, 0.0, 1.0]);
        assert!((logits[3] - (-1.0_f32).exp()).abs() < 1e-6);
    }

    #[test]
    fn argmax_takes_the_first_of_equals() {
        assert_eq!(argmax(&[0.0, 2.0, 2.0]), 1);
        assert_eq!(argmax(&[f32::NEG_INFINITY; 2]), 0);
    }

    #[test]
    fn log_sum_exp_normalises() {
        let logits: Vec<f32> = (0..5000).map(|i| (i % 97) as f32 / 10.0).collect();
        let exact: f64 = logits.iter().map(|&x| f64::from(x).exp()).sum();
        assert!((log_sum_exp(&logits) - exact.ln()).abs() < 1e-6);
        assert!((log_sum_exp(&[f32::NEG_INFINITY, 3.0]) - 3.0).abs() < 1e-6);
        assert!(log_sum_exp(&[1.0, f32::NAN, f32::INFINITY]).is_nan());
        assert!(log_sum_exp(&[f32::NEG_INFINITY, f32::NAN]).is_nan());
        assert_eq!(log_sum_exp(&[1.0, f32::INFINITY]), f64::INFINITY);
        assert_eq!(log_sum_exp(&[f32::NEG_INFINITY; 3]), f64::NEG_INFINITY);
    }

    #[test]
    fn sums_and_maxima_take_every_value_once() {
        for n in [0, 1, 15, 16, 17, 50] {
            let values: Vec<f32> = (0..n).map(|i| i as f32).collect();
            assert_eq!(sum(&values), (0..n).sum::<i32>() as f32);
            assert_eq!(max(&values), if n == 0 { f32::NEG_INFINITY } else { n as f32 - 1.0 });
        }
        assert_eq!(max(&[f32::NAN, 1.0, f32::NAN]), 1.0);
    }

    #[test]
    fn sums_of_many_values_stay_exact() {
        let values = vec![0.1; 1_000_000];
        let exact = 1e6 * f64::from(0.1_f32);
        assert!((sum_f64(&values) / exact - 1.0).abs() < 1e-6);
    }
}
