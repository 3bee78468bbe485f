//! A weight matrix in float32 or int8: the one place that chooses between the two.

use super::config::Config;
use crate::error::{Error, Result};
use crate::kernels::float32::matrix::Float32Matrix;
use crate::kernels::int8::matrix::{GROUP_LEN, Int8Matrix};

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

    /// Appends rows. All calls but the last must bring whole blocks of [`BLOCK_ROWS`](crate::kernels::blocks::BLOCK_ROWS).
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
    pub fn split(self, n: usize) -> (Matrix, Matrix) {
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
    pub fn parts(&mut self) -> Vec<&mut [u8]> {
        match self {
            Matrix::F32(matrix) => vec![matrix.bytes_mut()],
            Matrix::Q8(matrix) => matrix.parts().into(),
        }
    }
}
