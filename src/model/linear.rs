//! `y = x wᵀ + b`, by the product that the form of the weights asks for.

use super::matrix::{Matrix, WeightType};
use super::weight_source::WeightSource;
use crate::error::Result;
use crate::kernels::float32;
use crate::kernels::int8::{self, activations::QuantizedRows};

/// The input of an int8 product in int16. It is kept between products so that none allocates; float32 products leave it
/// empty.
#[derive(Default)]
pub struct QuantizedInput(QuantizedRows);

/// A weight matrix `(n_out, n_in)` and its bias `(n_out,)`, if it has one.
pub struct Linear {
    weight: Matrix,
    bias: Option<Vec<f32>>,
}

impl Linear {
    /// Takes `name.weight` and `name.bias`.
    ///
    /// # Errors
    /// Those of `weights`.
    pub fn load(weights: &mut impl WeightSource, name: &str, n_out: usize, n_in: usize) -> Result<Linear> {
        let linear = Linear::load_no_bias(weights, name, n_out, n_in)?;
        let bias = weights.vector(&format!("{name}.bias"), n_out)?;
        Ok(Linear {
            bias: Some(bias),
            ..linear
        })
    }

    /// Takes `name.weight` alone.
    ///
    /// # Errors
    /// Those of `weights`.
    pub fn load_no_bias(weights: &mut impl WeightSource, name: &str, n_out: usize, n_in: usize) -> Result<Linear> {
        Ok(Linear {
            weight: weights.matrix(&format!("{name}.weight"), n_out, n_in)?,
            bias: None,
        })
    }

    /// Writes `x wᵀ + b` into `out`, and returns it.
    ///
    /// # Shapes
    /// - `x`: `(t, n_in)`
    /// - `quantized`: overwritten, with `x` in int16 if the weights are int8
    /// - `out`: `(t, n_out)`, overwritten and resized
    pub fn forward<'a>(&self, x: &[f32], quantized: &mut QuantizedInput, out: &'a mut Vec<f32>) -> &'a mut [f32] {
        if let Matrix::Q8(weight) = &self.weight {
            quantized.0.set(x, weight.n_in());
        }
        self.multiply(x, quantized, out)
    }

    /// As [`Linear::forward`], for the last rows of the `x` of the previous product, which is still quantised.
    pub fn forward_last<'a>(&self, x: &[f32], quantized: &mut QuantizedInput, out: &'a mut Vec<f32>) -> &'a mut [f32] {
        if let Matrix::Q8(weight) = &self.weight {
            quantized.0.keep_last(x.len() / weight.n_in());
        }
        self.multiply(x, quantized, out)
    }

    fn multiply<'a>(&self, x: &[f32], quantized: &QuantizedInput, out: &'a mut Vec<f32>) -> &'a mut [f32] {
        let [n_out, n_in] = self.weight.shape();
        out.resize(x.len() / n_in * n_out, 0.0);
        let bias = self.bias.as_deref();
        match &self.weight {
            Matrix::F32(weight) => float32::matmul(x, weight, bias, out),
            Matrix::Q8(weight) => int8::matmul(&quantized.0, weight, bias, out),
        }
        out
    }

    /// Writes row `id` of the weight into `out`: the embedding of token `id`.
    ///
    /// # Shapes
    /// - `out`: `(n_in,)`, overwritten
    pub fn row(&self, id: u32, out: &mut [f32]) {
        match &self.weight {
            Matrix::F32(weight) => weight.row(id as usize, out),
            Matrix::Q8(weight) => weight.dequantize_row(id as usize, out),
        }
    }

    /// Cuts the outputs in two before the `n`th.
    ///
    /// # Shapes
    /// - returns weights `(n, n_in)` and `(n_out - n, n_in)`
    pub fn split(self, n: usize) -> (Linear, Linear) {
        let (first, rest) = self.weight.split(n);
        let mut bias = self.bias;
        let rest_bias = bias.as_mut().map(|bias| bias.split_off(n));
        let linear = |weight, bias| Linear { weight, bias };
        (linear(first, bias), linear(rest, rest_bias))
    }

    /// The form in which the weight is held.
    pub fn weight_type(&self) -> WeightType {
        self.weight.weight_type()
    }

    /// The bytes of the weight, then of the bias.
    pub fn parts(&mut self) -> Vec<&mut [u8]> {
        let mut parts = self.weight.parts();
        parts.extend(self.bias.as_mut().map(|bias| bytemuck::cast_slice_mut(bias)));
        parts
    }
}

/// `y += x`, element by element.
pub fn add(y: &mut [f32], x: &[f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += x;
    }
}
