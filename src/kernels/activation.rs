//! The functions between the two matrices of the MLP, value by value in place; names as in config.json.
//!
//! They are built on [`crate::math::exp`], which has no branch and no call, so that the loop over the values becomes SIMD
//! and gives the same bits on every machine, unlike the standard library's `tanh`.

use super::pool::split_mut;
use crate::math::{erf, sigmoid};

/// `activation_function` of config.json.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `gelu_new`: GELU with tanh in place of erf, as GPT-2 was trained.
    NewGelu,
    /// `gelu`: `x` times the normal distribution's share below it.
    Gelu,
    /// `relu`: `max(x, 0)`, NaN for NaN.
    Relu,
    /// `silu`: `x * sigmoid(x)`.
    Silu,
}

/// The least number of values that a thread takes.
const GRAIN: usize = 1024;

impl Activation {
    /// Applies the function to every value.
    pub fn apply(self, values: &mut [f32]) {
        match self {
            Activation::NewGelu => apply(values, |x| {
                // x / 2 * (1 + tanh(u)) equals x * sigmoid(2u).
                const TWICE_ROOT_2_OVER_PI: f32 = 1.595_769;
                x * sigmoid(TWICE_ROOT_2_OVER_PI * (x + 0.044715 * x * x * x))
            }),
            Activation::Gelu => apply(values, |x| x * (0.5 + 0.5 * erf(x * std::f32::consts::FRAC_1_SQRT_2))),
            Activation::Relu => apply(values, |x| if x < 0.0 { 0.0 } else { x }),
            Activation::Silu => apply(values, |x| x * sigmoid(x)),
        }
    }
}

fn apply(values: &mut [f32], f: impl Fn(f32) -> f32 + Sync) {
    split_mut(values, GRAIN, &|_, values| {
        for x in values {
            *x = f(*x);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected: their definitions in float64, with tanh and erf of Python's math.
    #[test]
    fn functions_are_what_their_definitions_say() {
        let x = [-20.0, -3.0, -0.5, 0.0, 0.5, 3.0, 20.0];
        for (activation, expected) in [
            (
                Activation::NewGelu,
                [0.0, -0.003_637_392, -0.154_286, 0.0, 0.345_714, 2.996_362_7, 20.0],
            ),
            (
                Activation::Gelu,
                [0.0, -0.004_049_694, -0.154_268_77, 0.0, 0.345_731_23, 2.995_950_2, 20.0],
            ),
            (Activation::Relu, [0.0, 0.0, 0.0, 0.0, 0.5, 3.0, 20.0]),
            (
                Activation::Silu,
                [
                    -4.122_307e-8,
                    -0.142_277_62,
                    -0.188_770_33,
                    0.0,
                    0.311_229_67,
                    2.857_722_3,
                    20.0,
                ],
            ),
        ] {
            let mut found = x;
            activation.apply(&mut found);
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found - expected).abs() < 1e-6,
                    "{activation:?}: {found}, not {expected}"
                );
            }
        }
    }
}
