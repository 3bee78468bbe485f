//! Little-endian floats out of bytes that are cut anywhere.

use half::{bf16, f16};

use super::safetensors::FloatDtype;

/// Decodes a tensor's bytes chunk by chunk.
pub struct FloatDecoder {
    dtype: FloatDtype,
    /// The first bytes of a value that the last chunk cut.
    cut: Vec<u8>,
}

impl FloatDecoder {
    /// A decoder at the start of a tensor.
    pub fn new(dtype: FloatDtype) -> FloatDecoder {
        FloatDecoder { dtype, cut: Vec::new() }
    }

    /// Appends the values that are complete with `bytes`, the next chunk, to `out`.
    pub fn decode(&mut self, mut bytes: &[u8], out: &mut Vec<f32>) {
        let width = self.dtype.size_bytes();
        if !self.cut.is_empty() {
            let (rest, later) = bytes.split_at((width - self.cut.len()).min(bytes.len()));
            self.cut.extend_from_slice(rest);
            bytes = later;
            if self.cut.len() < width {
                return;
            }
            decode_whole(self.dtype, &self.cut, out);
        }
        let (whole, cut) = bytes.split_at(bytes.len() - bytes.len() % width);
        decode_whole(self.dtype, whole, out);
        self.cut.clear();
        self.cut.extend_from_slice(cut);
    }
}

fn decode_whole(dtype: FloatDtype, bytes: &[u8], out: &mut Vec<f32>) {
    let pairs = bytes.as_chunks::<2>().0.iter();
    match dtype {
        FloatDtype::F32 => out.extend(bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b))),
        FloatDtype::F16 => out.extend(pairs.map(|&b| f16::from_le_bytes(b).to_f32())),
        FloatDtype::BF16 => out.extend(pairs.map(|&b| bf16::from_le_bytes(b).to_f32())),
    }
}
