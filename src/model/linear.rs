//! A weight matrix in whatever form it is held: the only place that knows the weight type.

use std::borrow::Cow;
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QStorage, QTensor};
use candle_core::{Device, Module, Tensor};

use crate::error::{Error, Result};

/// How the weights are held in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightType {
    /// float32, as in the checkpoint.
    F32,
    /// int8 with one float16 scale per 32 weights of a row (ggml's Q8_0, by candle).
    Q8,
}

impl WeightType {
    /// # Errors
    /// [`Error::Config`] for any other name.
    pub fn from_name(name: &str) -> Result<WeightType> {
        match name {
            "f32" => Ok(WeightType::F32),
            "q8" => Ok(WeightType::Q8),
            _ => Err(Error::Config(format!(
                "dtype must be \"f32\" or \"q8\", got {name:?}"
            ))),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            WeightType::F32 => "f32",
            WeightType::Q8 => "q8",
        }
    }
}

/// `y = x wᵀ + b`, with `w` `(out_features, in_features)`.
pub enum Linear {
    F32 {
        weight: Tensor,
        bias: Option<Tensor>,
    },
    Q8 {
        weight: Arc<QTensor>,
        matmul: QMatMul,
        bias: Option<Tensor>,
    },
}

impl Linear {
    /// Holds a float32 matrix as it is. It may be a transposed view.
    pub fn f32(weight: Tensor, bias: Option<Tensor>) -> Linear {
        Linear::F32 { weight, bias }
    }

    /// Holds a matrix whose rows were quantised by [`quantize_rows`].
    pub fn q8(blocks: Vec<u8>, shape: (usize, usize), bias: Option<Tensor>) -> Result<Linear> {
        let storage = QStorage::from_data(Cow::Owned(blocks), &Device::Cpu, GgmlDType::Q8_0)?;
        let weight = Arc::new(QTensor::new(storage, shape)?);
        let matmul = QMatMul::from_arc(weight.clone())?;
        Ok(Linear::Q8 {
            weight,
            matmul,
            bias,
        })
    }

    /// # Shapes
    /// - `x`: `(t, in_features)`, contiguous
    /// - returns `(t, out_features)`
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (y, bias) = match self {
            Linear::F32 { weight, bias } => (x.matmul(&weight.t()?)?, bias),
            Linear::Q8 { matmul, bias, .. } => (matmul.forward(x)?, bias),
        }; // (t, out_features)
        match bias {
            Some(bias) => Ok(y.broadcast_add(bias)?),
            None => Ok(y),
        }
    }

    /// Rows `ids` of the weight: what an embedding is.
    ///
    /// # Shapes
    /// - `ids`: `(t,)` u32, each below `out_features`
    /// - returns `(t, in_features)`
    pub fn rows(&self, ids: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Linear::F32 { weight, .. } => weight.index_select(ids, 0)?,
            Linear::Q8 { weight, .. } => weight.embedding(ids)?,
        })
    }

    pub fn size_bytes(&self) -> usize {
        let (weight, bias) = match self {
            Linear::F32 { weight, bias } => (weight.elem_count() * size_of::<f32>(), bias),
            Linear::Q8 { weight, bias, .. } => (weight.storage_size_in_bytes(), bias),
        };
        weight
            + bias
                .as_ref()
                .map_or(0, |b| b.elem_count() * size_of::<f32>())
    }
}

/// Weights per scale.
pub const GROUP_LEN: usize = 32;

/// Appends `rows` to `blocks` in the layout that [`Linear::q8`] takes.
///
/// # Shapes
/// - `rows`: `(n, in_features)` float32, `in_features` a multiple of [`GROUP_LEN`]
pub fn quantize_rows(rows: &Tensor, blocks: &mut Vec<u8>) -> Result<()> {
    blocks.extend_from_slice(&QTensor::quantize(rows, GgmlDType::Q8_0)?.data()?);
    Ok(())
}
