//! One weight out of the bytes of its tensor, as they come: decoded to float32, and quantised where that is asked for.

use half::{bf16, f16};

use super::linear::{Matrix, WeightType};
use super::safetensors::Dtype;
use crate::kernels::blocks::BLOCK_ROWS;
use crate::math;

/// What a tensor is to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// LayerNorm gains, biases and position embeddings: float32 always.
    Float,
    /// A matrix stored `(out, in)`: the token embedding and an untied head.
    Rows,
    /// A matrix stored `(in, out)`, as Conv1D does.
    Conv1d,
    /// The same, where it takes what a LayerNorm gives.
    Conv1dBehindNorm,
}

impl Role {
    /// Whether the matrix is stored `(in, out)`.
    pub fn is_conv1d(self) -> bool {
        matches!(self, Role::Conv1d | Role::Conv1dBehindNorm)
    }
}

/// A loaded tensor; a matrix is `(out, in)`.
pub enum Weight {
    Float(Vec<f32>),
    Matrix(Matrix),
    /// A matrix whose inputs have to be multiplied by these `(n_in,)` first.
    Equalised(Matrix, Vec<f32>),
}

/// Little-endian floats out of bytes that are cut anywhere.
pub struct FloatDecoder {
    dtype: Dtype,
    /// The first bytes of a value whose others have not come yet.
    carry: Vec<u8>,
}

impl FloatDecoder {
    pub fn new(dtype: &Dtype) -> FloatDecoder {
        FloatDecoder {
            dtype: dtype.clone(),
            carry: Vec::new(),
        }
    }

    pub fn decode(&mut self, mut bytes: &[u8], out: &mut Vec<f32>) {
        let width = (self.dtype.size_bytes()).expect("invariant: the header was checked");
        if !self.carry.is_empty() {
            let missing = (width - self.carry.len()).min(bytes.len());
            let (now, later) = bytes.split_at(missing);
            self.carry.extend_from_slice(now);
            bytes = later;
            if self.carry.len() < width {
                return;
            }
            let carry = std::mem::take(&mut self.carry);
            self.decode_whole(&carry, out);
        }
        let (whole, rest) = bytes.split_at(bytes.len() - bytes.len() % width);
        self.decode_whole(whole, out);
        self.carry.extend_from_slice(rest);
    }

    fn decode_whole(&self, bytes: &[u8], out: &mut Vec<f32>) {
        let pairs = || bytes.as_chunks::<2>().0.iter();
        match self.dtype {
            Dtype::F32 => out.extend(bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b))),
            Dtype::F16 => out.extend(pairs().map(|&b| f16::from_le_bytes(b).to_f32())),
            Dtype::BF16 => out.extend(pairs().map(|&b| bf16::from_le_bytes(b).to_f32())),
            Dtype::I8 | Dtype::Other(_) => unreachable!("invariant: the header was checked"),
        }
    }
}

/// Builds one weight from its values in file order. An embedding's rows are packed as they come.
pub struct WeightBuilder {
    role: Role,
    weight_type: WeightType,
    shape: Vec<usize>,
    values: Vec<f32>,
    /// The rows that are packed already.
    packed: Option<Matrix>,
}

impl WeightBuilder {
    pub fn new(role: Role, shape: &[usize], weight_type: WeightType) -> WeightBuilder {
        let mut values = Vec::new();
        if role != Role::Rows {
            // Exact, so that the largest tensor is never held twice by a growing vector.
            values.reserve_exact(shape.iter().product());
        }
        WeightBuilder {
            role,
            weight_type,
            shape: shape.to_vec(),
            values,
            packed: (role == Role::Rows).then(|| Matrix::with_capacity(weight_type, shape[0], shape[1])),
        }
    }

    /// Takes the values that `decode` appends.
    pub fn extend(&mut self, decode: impl FnOnce(&mut Vec<f32>)) {
        decode(&mut self.values);
        let Some(packed) = &mut self.packed else {
            return;
        };
        let n_in = self.shape[1];
        let n_blocks = self.values.len() / (BLOCK_ROWS * n_in);
        if n_blocks > 0 {
            let whole = ..n_blocks * BLOCK_ROWS * n_in;
            packed.push_rows(&self.values[whole]);
            self.values.drain(whole);
        }
    }

    pub fn finish(mut self) -> Weight {
        if let Some(mut packed) = self.packed {
            packed.push_rows(&self.values);
            return Weight::Matrix(packed);
        }
        if !self.role.is_conv1d() {
            return Weight::Float(self.values);
        }
        let n_out = self.shape[1];
        let is_equalised = self.weight_type == WeightType::Q8 && self.role == Role::Conv1dBehindNorm;
        let scales = is_equalised.then(|| equalise(&mut self.values, n_out));
        let matrix = Matrix::from_columns(self.weight_type, &self.values, n_out); // (out, in)
        match scales {
            Some(scales) => Weight::Equalised(matrix, scales),
            None => Weight::Matrix(matrix),
        }
    }
}

/// Divides every row by its largest weight and returns these.
///
/// GPT-2's LayerNorms have channels with a gain a hundred times that of others, and small weights behind them: in int8 the
/// weights would be lost among their neighbours. The LayerNorm takes the divisors up, and the function stays the same.
///
/// # Shapes
/// - `values`: `(n_in, n_out)`
/// - returns `(n_in,)`
fn equalise(values: &mut [f32], n_out: usize) -> Vec<f32> {
    let rows = values.chunks_exact_mut(n_out);
    rows.map(|row| {
        let largest = math::max(row).max(-math::min(row));
        let scale = if largest.is_normal() { largest } else { 1.0 };
        row.iter_mut().for_each(|w| *w /= scale);
        scale
    })
    .collect()
}
