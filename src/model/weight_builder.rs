//! One weight out of the bytes of its tensor, as they come: decoded to float32, and quantised where that is asked for.

use candle_core::{Device, Tensor};
use half::{bf16, f16};

use super::linear::WeightType;
use super::safetensors::Dtype;
use crate::error::Result;
use crate::kernels::packed::{BLOCK_ROWS, PackedMatrix};

/// What a tensor is to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// LayerNorm gains, biases and position embeddings: float32 always.
    Float,
    /// A matrix stored `(out, in)`: the token embedding and an untied head.
    Rows,
    /// A matrix stored `(in, out)`, as Conv1D does.
    Conv1d,
}

/// A loaded tensor; a matrix is `(out, in)`.
pub enum Weight {
    Float(Tensor),
    F32(Tensor),
    Q8(PackedMatrix),
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

/// Builds one weight from its values in file order. An embedding's rows are quantised as they come.
pub struct WeightBuilder {
    role: Role,
    weight_type: WeightType,
    shape: Vec<usize>,
    values: Vec<f32>,
    /// The rows that are quantised already.
    packed: Option<PackedMatrix>,
}

impl WeightBuilder {
    pub fn new(role: Role, shape: &[usize], weight_type: WeightType) -> WeightBuilder {
        let streams_rows = weight_type == WeightType::Q8 && role == Role::Rows;
        let mut values = Vec::new();
        if !streams_rows {
            // Exact, so that the largest tensor is never held twice by a growing vector.
            values.reserve_exact(shape.iter().product());
        }
        WeightBuilder {
            role,
            weight_type,
            shape: shape.to_vec(),
            values,
            packed: streams_rows.then(|| PackedMatrix::with_capacity(shape[0], shape[1])),
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
            let n_rows = n_blocks * BLOCK_ROWS;
            packed.push_rows(n_rows, |row, i| self.values[row * n_in + i]);
            self.values.drain(..n_rows * n_in);
        }
    }

    /// # Errors
    /// [`crate::error::Error::Tensor`] if the values are not those of the shape.
    pub fn finish(self) -> Result<Weight> {
        let WeightBuilder {
            role, shape, values, ..
        } = self;
        if let Some(mut packed) = self.packed {
            packed.push_rows(values.len() / shape[1], |row, i| values[row * shape[1] + i]);
            return Ok(Weight::Q8(packed));
        }
        if self.weight_type == WeightType::Q8 && role == Role::Conv1d {
            // Conv1D stores (in, out); the kernel wants (out, in).
            let (n_in, n_out) = (shape[0], shape[1]);
            let mut packed = PackedMatrix::with_capacity(n_out, n_in);
            packed.push_rows(n_out, |row, i| values[i * n_out + row]);
            return Ok(Weight::Q8(packed));
        }
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu)?;
        Ok(match role {
            Role::Float => Weight::Float(tensor),
            Role::Rows => Weight::F32(tensor),
            Role::Conv1d => Weight::F32(tensor.t()?), // (out, in)
        })
    }
}
