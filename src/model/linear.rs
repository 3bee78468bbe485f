//! A weight matrix in whatever form it is held, and its input: the only place that knows the weight type.

use crate::error::{Error, Result};
use crate::kernels::float32::{self, matrix::Float32Matrix};
use crate::kernels::int8::{self, activations::QuantizedRows, matrix::Int8Matrix};

/// How the weights are held in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightType {
    /// float32, as in the checkpoint.
    F32,
    /// int8 with a scale for each group of 32 in a row; activations are int16, with a scale for each row.
    Q8,
}

impl WeightType {
    /// # Errors
    /// [`Error::Config`] for any other name.
    pub fn from_name(name: &str) -> Result<WeightType> {
        match name {
            "f32" => Ok(WeightType::F32),
            "q8" => Ok(WeightType::Q8),
            _ => Err(Error::Config(format!("dtype must be \"f32\" or \"q8\", got {name:?}"))),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            WeightType::F32 => "f32",
            WeightType::Q8 => "q8",
        }
    }
}

/// `y = x wᵀ + b`, with `w` `(n_out, n_in)`.
pub struct Linear {
    weight: Matrix,
    /// `(n_out,)`
    bias: Option<Vec<f32>>,
}

/// A matrix `(n_out, n_in)`.
pub enum Matrix {
    F32(Float32Matrix),
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

    /// Appends rows, `(n_rows, n_in)`. All but the last call must bring whole blocks.
    pub fn push_rows(&mut self, rows: &[f32]) {
        match self {
            Matrix::F32(matrix) => matrix.push_rows(rows),
            Matrix::Q8(matrix) => matrix.push_rows(rows),
        }
    }

    /// The matrix `(n_out, n_in)` whose transpose `(n_in, n_out)` is given.
    pub fn from_columns(weight_type: WeightType, columns: &[f32], n_out: usize) -> Matrix {
        match weight_type {
            WeightType::F32 => Matrix::F32(Float32Matrix::from_columns(columns, n_out)),
            WeightType::Q8 => Matrix::Q8(Int8Matrix::from_columns(columns, n_out)),
        }
    }
}

/// The rows that matrices are multiplied with, in the form that they take. Kept, so that no product allocates.
pub enum Input {
    F32(Vec<f32>),
    Q8(QuantizedRows),
}

impl Input {
    pub fn new(weight_type: WeightType) -> Input {
        match weight_type {
            WeightType::F32 => Input::F32(Vec::new()),
            WeightType::Q8 => Input::Q8(QuantizedRows::default()),
        }
    }

    /// Takes rows in place of those before.
    ///
    /// # Shapes
    /// - `x`: `(t, n_in)`
    pub fn set(&mut self, x: &[f32], n_in: usize) {
        match self {
            Input::F32(values) => {
                values.clear();
                values.extend_from_slice(x);
            }
            Input::Q8(rows) => rows.set(x, n_in),
        }
    }
}

impl Linear {
    pub fn new(weight: Matrix, bias: Option<Vec<f32>>) -> Linear {
        Linear { weight, bias }
    }

    /// # Shapes
    /// - `x`: `(t, n_in)`
    /// - `out`: `(t, n_out)`, overwritten
    pub fn forward(&self, x: &Input, out: &mut [f32]) {
        let bias = self.bias.as_deref();
        match (&self.weight, x) {
            (Matrix::F32(weight), Input::F32(x)) => float32::matmul(x, weight, bias, out),
            (Matrix::Q8(weight), Input::Q8(x)) => int8::matmul(x, weight, bias, out),
            _ => unreachable!("invariant: a model has one weight type"),
        }
    }

    /// Row `id` of the weight: what an embedding is.
    ///
    /// # Shapes
    /// - `out`: `(n_in,)`, overwritten
    pub fn row(&self, id: u32, out: &mut [f32]) {
        match &self.weight {
            Matrix::F32(weight) => weight.row(id as usize, out),
            Matrix::Q8(weight) => weight.dequantize_row(id as usize, out),
        }
    }

    /// Cuts the outputs in two, before the `n`th.
    ///
    /// # Shapes
    /// - returns `(n, n_in)` and `(n_out - n, n_in)`
    pub fn split(self, n: usize) -> (Linear, Linear) {
        let (first, rest) = match self.weight {
            Matrix::F32(weight) => {
                let (first, rest) = weight.split(n);
                (Matrix::F32(first), Matrix::F32(rest))
            }
            Matrix::Q8(weight) => {
                let (first, rest) = weight.split(n);
                (Matrix::Q8(first), Matrix::Q8(rest))
            }
        };
        let mut bias = self.bias;
        let rest_bias = bias.as_mut().map(|bias| bias.split_off(n));
        (Linear::new(first, bias), Linear::new(rest, rest_bias))
    }

    /// The bytes of an int8 matrix and its bias: what a packed file holds of it.
    pub fn parts(&mut self) -> impl Iterator<Item = &mut [u8]> {
        let Matrix::Q8(weight) = &mut self.weight else {
            unreachable!("invariant: only int8 models are packed");
        };
        let bias = self.bias.as_mut().map(|bias| bytemuck::cast_slice_mut(bias));
        weight.parts().into_iter().chain(bias)
    }

    pub fn n_out(&self) -> usize {
        match &self.weight {
            Matrix::F32(weight) => weight.n_out(),
            Matrix::Q8(weight) => weight.n_out(),
        }
    }

    pub fn size_bytes(&self) -> usize {
        let weight = match &self.weight {
            Matrix::F32(weight) => weight.size_bytes(),
            Matrix::Q8(weight) => weight.size_bytes(),
        };
        weight + self.bias.as_ref().map_or(0, |bias| bias.len() * size_of::<f32>())
    }
}

/// `y += x`.
pub fn add(y: &mut [f32], x: &[f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += x;
    }
}
