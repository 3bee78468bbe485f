//! One weight from the values of its tensor in file order, quantised if the model is to hold it in int8.

use super::names::{MatrixKind, Role, StoredMatrix};
use crate::kernels::blocks::BLOCK_ROWS;
use crate::math;
use crate::model::matrix::{Matrix, WeightType};

/// A weight as the model takes it.
pub enum Weight {
    /// A tensor that stays in float32.
    Vector(Vec<f32>),
    /// `(n_out, n_in)`
    Matrix(Matrix),
    /// A matrix whose columns were divided by a factor each, which its LayerNorm has to take up.
    Equalised {
        /// `(n_out, n_in)`
        matrix: Matrix,
        /// The LayerNorm's name.
        norm: String,
        /// `(n_in,)`
        factors: Vec<f32>,
    },
}

/// Turns a tensor's values into a weight as they come.
pub struct TensorBuilder {
    /// Values in file order that are not packed yet.
    pub values: Vec<f32>,
    form: Form,
}

enum Form {
    /// Stays as it is.
    Vector,
    /// Packed row by row: the largest tensor, the token embeddings, is never held in float32 as a whole.
    Linear { packed: Matrix, n_in: usize },
    /// Packed at the end, since it is stored column by column.
    Conv1d {
        weight_type: WeightType,
        n_out: usize,
        norm: Option<String>,
    },
}

impl TensorBuilder {
    /// A builder at the start of a tensor.
    pub fn new(role: &Role, weight_type: WeightType) -> TensorBuilder {
        let (n_values, form) = match role {
            Role::Vector { len } => (*len, Form::Vector),
            Role::Matrix(StoredMatrix {
                n_rows,
                n_columns,
                kind,
            }) => match kind {
                MatrixKind::Lookup => (n_rows * n_columns, Form::Vector),
                MatrixKind::Linear => {
                    let packed = Matrix::with_capacity(weight_type, *n_rows, *n_columns);
                    let n_in = *n_columns;
                    (0, Form::Linear { packed, n_in })
                }
                MatrixKind::Conv1d { norm } => {
                    let (n_out, norm) = (*n_columns, norm.clone());
                    let form = Form::Conv1d {
                        weight_type,
                        n_out,
                        norm,
                    };
                    (n_rows * n_columns, form)
                }
            },
        };
        let mut values = Vec::new();
        // Exact, so that no tensor is held twice by a growing vector.
        values.reserve_exact(n_values);
        TensorBuilder { values, form }
    }

    /// Packs the whole blocks among `values`, where rows are packed as they come.
    pub fn pack(&mut self) {
        if let Form::Linear { packed, n_in } = &mut self.form {
            let whole = ..self.values.len() - self.values.len() % (BLOCK_ROWS * *n_in);
            packed.push_rows(&self.values[whole]);
            self.values.drain(whole);
        }
    }

    /// The weight, once all values are in.
    pub fn finish(self) -> Weight {
        let mut values = self.values;
        match self.form {
            Form::Vector => Weight::Vector(values),
            Form::Linear { mut packed, .. } => {
                packed.push_rows(&values);
                Weight::Matrix(packed)
            }
            Form::Conv1d {
                weight_type: WeightType::Q8,
                n_out,
                norm: Some(norm),
            } => {
                let factors = equalise(&mut values, n_out);
                Weight::Equalised {
                    matrix: Matrix::from_columns(WeightType::Q8, &values, n_out), // (n_out, n_in)
                    norm,
                    factors,
                }
            }
            Form::Conv1d { weight_type, n_out, .. } => {
                Weight::Matrix(Matrix::from_columns(weight_type, &values, n_out)) // (n_out, n_in)
            }
        }
    }
}

/// Divides every row by its largest weight and returns the divisors.
///
/// Some channels of GPT-2's LayerNorms have a hundred times the gain of others, and small weights behind them. In int8
/// these weights would be lost among their neighbours. With the divisors moved into the LayerNorm the function is the same.
///
/// # Shapes
/// - `values`: `(n_in, n_out)`
/// - returns `(n_in,)`
fn equalise(values: &mut [f32], n_out: usize) -> Vec<f32> {
    let rows = values.chunks_exact_mut(n_out);
    rows.map(|row| {
        let largest = math::max(row).max(-math::min(row));
        let divisor = if largest.is_normal() { largest } else { 1.0 };
        row.iter_mut().for_each(|w| *w /= divisor);
        divisor
    })
    .collect()
}
