//! A matrix that a file stores in int8, with bfloat16 scales for groups of inputs. Packed matrices have the same groups,
//! so an int8 model does not round it again.

use half::bf16;

use super::names::{MatrixKind, Role, StoredMatrix};
use super::tensor_builder::{TensorBuilder, Weight};
use crate::kernels::int8::matrix::{GROUP_LEN, Int8Matrix};
use crate::model::matrix::{Matrix, WeightType};

/// An int8 matrix whose bytes are coming in. Its values and its scales are two tensors of the file, in either order.
pub struct Int8Tensor {
    matrix: StoredMatrix,
    /// `(n_rows, n_columns)` int8
    values: Vec<u8>,
    /// [`StoredMatrix::scale_shape`] bfloat16
    scales: Vec<u8>,
}

/// The two tensors of an int8 matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Int8Part {
    /// int8, `(n_rows, n_columns)`.
    Values,
    /// bfloat16, [`StoredMatrix::scale_shape`].
    Scales,
}

impl Int8Tensor {
    /// A matrix of which no bytes are in.
    pub fn new(matrix: StoredMatrix) -> Int8Tensor {
        let [n_scale_rows, n_scale_columns] = matrix.scale_shape();
        Int8Tensor {
            values: Vec::with_capacity(matrix.n_rows * matrix.n_columns),
            scales: Vec::with_capacity(n_scale_rows * n_scale_columns * size_of::<bf16>()),
            matrix,
        }
    }

    /// Takes the next bytes of one of the tensors.
    pub fn push(&mut self, part: Int8Part, bytes: &[u8]) {
        match part {
            Int8Part::Values => self.values.extend_from_slice(bytes),
            Int8Part::Scales => self.scales.extend_from_slice(bytes),
        }
    }

    /// Whether both tensors are in.
    pub fn is_complete(&self) -> bool {
        let StoredMatrix { n_rows, n_columns, .. } = self.matrix;
        let [n_scale_rows, n_scale_columns] = self.matrix.scale_shape();
        self.values.len() == n_rows * n_columns
            && self.scales.len() == n_scale_rows * n_scale_columns * size_of::<bf16>()
    }

    /// The weight, once the matrix is complete.
    pub fn finish(self, weight_type: WeightType) -> Weight {
        match (weight_type, &self.matrix.kind) {
            (WeightType::F32, _) | (_, MatrixKind::Lookup) => self.decode(weight_type),
            (WeightType::Q8, _) => Weight::Matrix(Matrix::Q8(self.pack())),
        }
    }

    /// Not equalised behind a LayerNorm either: that would round again, and the groups' scales are fine enough.
    fn pack(&self) -> Int8Matrix {
        let StoredMatrix { n_rows, n_columns, .. } = self.matrix;
        let is_conv1d = self.matrix.is_conv1d();
        let (n_out, n_in) = if is_conv1d {
            (n_columns, n_rows)
        } else {
            (n_rows, n_columns)
        };
        let place = |out, i| if is_conv1d { (i, out) } else { (out, i) };
        Int8Matrix::from_quantized(
            n_out,
            n_in,
            |out, i| {
                let (row, column) = place(out, i);
                self.values[row * n_columns + column] as i8
            },
            |out, group| {
                let (row, column) = place(out, group * GROUP_LEN);
                self.scale(row, column)
            },
        )
    }

    fn decode(&self, weight_type: WeightType) -> Weight {
        let mut builder = TensorBuilder::new(&Role::Matrix(self.matrix.clone()), weight_type);
        for (i, row) in self.values.chunks_exact(self.matrix.n_columns).enumerate() {
            let row = (row.iter().enumerate()).map(|(j, &byte)| f32::from(byte as i8) * self.scale(i, j).to_f32());
            builder.values.extend(row);
            builder.pack();
        }
        builder.finish()
    }

    /// The scale of the value in this row and column.
    fn scale(&self, row: usize, column: usize) -> bf16 {
        let [_, n_scale_columns] = self.matrix.scale_shape();
        let i = match self.matrix.is_conv1d() {
            true => row / GROUP_LEN * n_scale_columns + column,
            false => row * n_scale_columns + column / GROUP_LEN,
        };
        bf16::from_le_bytes(self.scales.as_chunks().0[i])
    }
}
