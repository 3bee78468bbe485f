//! A matrix that a file stores as int8, with a scale for each group of [`GROUP_LEN`] inputs of an output: as the packed
//! matrices are, so that nothing is rounded again.

use half::bf16;

use super::linear::{Matrix, WeightType};
use super::weight_builder::{Role, Weight, WeightBuilder};
use crate::kernels::packed::{GROUP_LEN, PackedMatrix};

/// Groups run down the columns of a Conv1D, `(in, out)`, and along the rows of everything else.
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
    /// - `shape`: `(rows, columns)`, that of `values`
    /// - `scales`: [`Int8Tensor::scale_shape`]
    pub fn new(role: Role, shape: &[usize], values: Vec<u8>, scales: Vec<f32>) -> Int8Tensor {
        Int8Tensor {
            role,
            shape: [shape[0], shape[1]],
            values,
            scales,
        }
    }

    /// The shape of the scales that belong to a matrix `(rows, columns)`; the last group may be short.
    pub fn scale_shape(role: Role, shape: &[usize]) -> [usize; 2] {
        match role.is_conv1d() {
            true => [shape[0].div_ceil(GROUP_LEN), shape[1]],
            false => [shape[0], shape[1].div_ceil(GROUP_LEN)],
        }
    }

    pub fn weight(self, weight_type: WeightType) -> Weight {
        match (weight_type, self.role) {
            (WeightType::Q8, Role::Rows) => self.pack(self.shape),
            (WeightType::Q8, Role::Conv1d | Role::Conv1dBehindNorm) => self.pack([self.shape[1], self.shape[0]]),
            (WeightType::F32, _) | (_, Role::Float) => self.decode(weight_type),
        }
    }

    fn pack(&self, [n_out, n_in]: [usize; 2]) -> Weight {
        let is_conv1d = self.role.is_conv1d();
        let n_groups = n_in / GROUP_LEN;
        let index = |out, i, n_in| if is_conv1d { i * n_out + out } else { out * n_in + i };
        let packed = PackedMatrix::from_quantized(
            n_out,
            n_in,
            |out, i| self.values[index(out, i, n_in)] as i8,
            |out, group| bf16::from_f32(self.scales[index(out, group, n_groups)]),
        );
        Weight::Matrix(Matrix::Q8(packed))
    }

    fn decode(&self, weight_type: WeightType) -> Weight {
        let n_columns = self.shape[1];
        let [_, n_scale_columns] = Int8Tensor::scale_shape(self.role, &self.shape);
        let mut builder = WeightBuilder::new(self.role, &self.shape, weight_type);
        for (i, row) in self.values.chunks_exact(n_columns).enumerate() {
            let scale = |j| match self.role.is_conv1d() {
                true => self.scales[i / GROUP_LEN * n_scale_columns + j],
                false => self.scales[i * n_scale_columns + j / GROUP_LEN],
            };
            let row = (row.iter().enumerate()).map(|(j, &byte)| f32::from(byte as i8) * scale(j));
            builder.extend(|values| values.extend(row));
        }
        builder.finish()
    }
}
