//! float32 arithmetic in fours, written so that the compiler turns it into SIMD: the same bits natively and in the browser.

/// Numbers that are added up side by side: four vectors.
const LANES: usize = 16;

/// `e^x` to within three units in the last place; 0 below -87, and as at 88 above 88. What is no number stays none.
///
/// Cody and Waite's reduction to `|r| <= ln(2) / 2`, then Taylor's polynomial.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: what is added to it is rounded to an integer in its lowest bits
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

/// The sum of `values`, in an order of its own that does not depend on the machine.
pub fn sum(values: &[f32]) -> f32 {
    reduce(values, 0.0, |sum, x| sum + x)
}

/// The largest of `values`; minus infinity if there are none. What is no number is passed over.
pub fn max(values: &[f32]) -> f32 {
    reduce(values, f32::NEG_INFINITY, |max, x| if x > max { x } else { max })
}

/// The smallest of `values`; infinity if there are none. What is no number is passed over.
pub fn min(values: &[f32]) -> f32 {
    reduce(values, f32::INFINITY, |min, x| if x < min { x } else { min })
}

/// Each lane over every sixteenth value, then the lanes together.
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
    fn exp_is_that_of_the_standard_library_to_the_last_bits() {
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
    fn sums_and_maxima_take_every_value_once() {
        for n in [0, 1, 15, 16, 17, 50] {
            let values: Vec<f32> = (0..n).map(|i| i as f32).collect();
            assert_eq!(sum(&values), (0..n).sum::<i32>() as f32);
            assert_eq!(max(&values), if n == 0 { f32::NEG_INFINITY } else { n as f32 - 1.0 });
        }
        assert_eq!(max(&[f32::NAN, 1.0, f32::NAN]), 1.0);
    }
}
