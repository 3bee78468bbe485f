//! `y = x wᵀ + b` with weights in float32 or int8: the only place that knows which of the two.

use super::config::Config;
use super::weight_source::WeightSource;
use crate::error::{Error, Result};
use crate::kernels::float32::{self, matrix::Float32Matrix};
use crate::kernels::int8::matrix::{GROUP_LEN, Int8Matrix};
use crate::kernels::int8::{self, activations::QuantizedRows};

/// The form in which weights are held in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightType {
    /// float32, as in the checkpoint.
    F32,
    /// int8 with a scale for each group of 32 in a row; activations are int16 with a scale for each row.
    Q8,
}

impl WeightType {
    /// The type that [`WeightType::name`] calls `name`.
    ///
    /// # Errors
    /// [`Error::Config`] for any other name.
    pub fn from_name(name: &str) -> Result<WeightType> {
        match name {
            "f32" => Ok(WeightType::F32),
            "q8" => Ok(WeightType::Q8),
            _ => Err(Error::Config(format!("dtype must be \"f32\" or \"q8\", got {name:?}"))),
        }
    }

    /// `"f32"` or `"q8"`.
    pub fn name(self) -> &'static str {
        match self {
            WeightType::F32 => "f32",
            WeightType::Q8 => "q8",
        }
    }

    /// Checks that the matrices of a model can be held in this form.
    ///
    /// # Errors
    /// [`Error::Config`] if a matrix's width is not a whole number of int8 groups.
    pub fn check(self, config: &Config) -> Result<()> {
        for (key, width) in [("n_embd", config.n_embd), ("n_inner", config.n_inner)] {
            if self == WeightType::Q8 && !width.is_multiple_of(GROUP_LEN) {
                return Err(Error::Config(format!(
                    "dtype \"q8\" needs {key} to be a multiple of {GROUP_LEN}, got {width}; use \"f32\""
                )));
            }
        }
        Ok(())
    }
}

/// A matrix `(n_out, n_in)`.
pub enum Matrix {
    /// See [`WeightType::F32`].
    F32(Float32Matrix),
    /// See [`WeightType::Q8`].
    Q8(Int8Matrix),
}

impl Matrix {
    /// A matrix without rows, with room for `n_out` of them.
    pub fn with_capacity(weight_type: WeightType, n_out: usize, n_in: usize) -> Matrix {
        match weight_type {
            WeightType::F32 => Matrix::F32(Float32Matrix::with_capacity(n_out, n_in)),
            WeightType::Q8 => Matrix::Q8(Int8Matrix::with_capacity(n_out, n_in)),
        }
    }

    /// Appends rows. All calls but the last must bring whole blocks of [`BLOCK_ROWS`](kernels::blocks::BLOCK_ROWS).
    ///
    /// # Shapes
    /// - `rows`: `(n_rows, n_in)`
    pub fn push_rows(&mut self, rows: &[f32]) {
        match self {
            Matrix::F32(matrix) => matrix.push_rows(rows),
            Matrix::Q8(matrix) => matrix.push_rows(rows),
        }
    }

    /// The transpose of a matrix in row-major order.
    ///
    /// # Shapes
    /// - `columns`: `(n_in, n_out)`
    /// - returns `(n_out, n_in)`
    pub fn from_columns(weight_type: WeightType, columns: &[f32], n_out: usize) -> Matrix {
        match weight_type {
            WeightType::F32 => Matrix::F32(Float32Matrix::from_columns(columns, n_out)),
            WeightType::Q8 => Matrix::Q8(Int8Matrix::from_columns(columns, n_out)),
        }
    }

    /// The form in which the matrix is held.
    pub fn weight_type(&self) -> WeightType {
        match self {
            Matrix::F32(_) => WeightType::F32,
            Matrix::Q8(_) => WeightType::Q8,
        }
    }

    /// `[n_out, n_in]`
    pub fn shape(&self) -> [usize; 2] {
        match self {
            Matrix::F32(matrix) => [matrix.n_out(), matrix.n_in()],
            Matrix::Q8(matrix) => [matrix.n_out(), matrix.n_in()],
        }
    }

    /// Cuts the matrix in two before row `n`; in int8, `n` must be the start of a block.
    ///
    /// # Shapes
    /// - returns `(n, n_in)` and `(n_out - n, n_in)`
    fn split(self, n: usize) -> (Matrix, Matrix) {
        match self {
            Matrix::F32(matrix) => {
                let (first, rest) = matrix.split(n);
                (Matrix::F32(first), Matrix::F32(rest))
            }
            Matrix::Q8(matrix) => {
                let (first, rest) = matrix.split(n);
                (Matrix::Q8(first), Matrix::Q8(rest))
            }
        }
    }

    /// The bytes of the matrix; int8 values come before their scales.
    fn parts(&mut self) -> Vec<&mut [u8]> {
        match self {
            Matrix::F32(matrix) => vec![matrix.bytes_mut()],
            Matrix::Q8(matrix) => matrix.parts().into(),
        }
    }
}

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

    /// As [`Linear::forward`], for the last rows of the `x` that the product before had, so that they are not quantised
    /// again.
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
