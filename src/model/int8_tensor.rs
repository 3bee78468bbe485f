//! A matrix that a file stores as int8, with a scale for each group of [`GROUP_LEN`] inputs of an output: as the packed
//! matrices are, so that nothing is rounded again.

use half::bf16;

use super::linear::{Matrix, WeightType};
use super::weight_builder::{Role, Weight, WeightBuilder};
use crate::kernels::int8::matrix::{GROUP_LEN, Int8Matrix};

pub struct Int8Tensor {
    role: Role,
    /// `(rows, columns)`
    shape: [usize; 2],
    /// int8, row by row
    values: Vec<u8>,
    /// [`Int8Tensor::scale_shape`]; each is a bfloat16
    scales: Vec<f32>,
}

impl Int8Tensor {
    /// # Shapes
    /// - `values`: `shape`, `(rows, columns)`
    /// - `scales`: [`Int8Tensor::scale_shape`]
    pub fn new(role: Role, shape: &[usize], values: Vec<u8>, scales: Vec<f32>) -> Int8Tensor {
        Int8Tensor {
            role,
            shape: [shape[0], shape[1]],
            values,
            scales,
        }
    }

    /// The shape of the scales that belong to a matrix `(rows, columns)`. Groups run down the columns of a Conv1D,
    /// `(in, out)`, and along the rows of everything else; the last one may be short.
    pub fn scale_shape(role: Role, shape: &[usize]) -> [usize; 2] {
        match role.is_conv1d() {
            true => [shape[0].div_ceil(GROUP_LEN), shape[1]],
            false => [shape[0], shape[1].div_ceil(GROUP_LEN)],
        }
    }

    pub fn weight(&self, weight_type: WeightType) -> Weight {
        match (weight_type, self.role) {
            (WeightType::F32, _) | (_, Role::Float) => self.decode(weight_type),
            (WeightType::Q8, _) => Weight::Matrix(Matrix::Q8(self.pack())),
        }
    }

    /// Not equalised behind a LayerNorm either: that would round again, and its scales are fine enough as they are.
    fn pack(&self) -> Int8Matrix {
        let [rows, columns] = self.shape;
        let is_conv1d = self.role.is_conv1d();
        let (n_out, n_in) = if is_conv1d { (columns, rows) } else { (rows, columns) };
        let place = |out, i| if is_conv1d { (i, out) } else { (out, i) };
        Int8Matrix::from_quantized(
            n_out,
            n_in,
            |out, i| {
                let (row, column) = place(out, i);
                self.values[row * columns + column] as i8
            },
            |out, group| {
                let (row, column) = place(out, group * GROUP_LEN);
                bf16::from_f32(self.scale(row, column))
            },
        )
    }

    fn decode(&self, weight_type: WeightType) -> Weight {
        let [_, columns] = self.shape;
        let mut builder = WeightBuilder::new(self.role, &self.shape, weight_type);
        for (i, row) in self.values.chunks_exact(columns).enumerate() {
            let row = (row.iter().enumerate()).map(|(j, &byte)| f32::from(byte as i8) * self.scale(i, j));
            builder.extend(|values| values.extend(row));
        }
        builder.finish()
    }

    /// That of the value in this row and column.
    fn scale(&self, row: usize, column: usize) -> f32 {
        let [_, scale_columns] = Int8Tensor::scale_shape(self.role, &self.shape);
        match self.role.is_conv1d() {
            true => self.scales[row / GROUP_LEN * scale_columns + column],
            false => self.scales[row * scale_columns + column / GROUP_LEN],
        }
    }
}
