//! A weight matrix in whatever form it is held: the only place that knows the weight type.

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Shape, Tensor};

use crate::error::{Error, Result};
use crate::kernels;
use crate::kernels::packed::PackedMatrix;
use crate::kernels::quantize::QuantizedRows;

/// How the weights are held in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightType {
    /// float32, as in the checkpoint.
    F32,
    /// int8 with one scale per 32 weights of a row; activations are quantised likewise.
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
pub enum Linear {
    F32 { weight: Tensor, bias: Option<Tensor> },
    Q8(Int8Linear),
}

impl Linear {
    /// Holds a float32 matrix as it is. It may be a transposed view.
    pub fn f32(weight: Tensor, bias: Option<Tensor>) -> Linear {
        Linear::F32 { weight, bias }
    }

    pub fn q8(weight: PackedMatrix, bias: Option<Tensor>) -> Result<Linear> {
        let bias = bias.map(|bias| bias.to_vec1()).transpose()?;
        Ok(Linear::Q8(Int8Linear { weight, bias }))
    }

    /// # Shapes
    /// - `x`: `(t, n_in)`, contiguous
    /// - returns `(t, n_out)`
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Linear::F32 { weight, bias } => {
                let y = x.matmul(&weight.t()?)?; // (t, n_out)
                match bias {
                    Some(bias) => Ok(y.broadcast_add(bias)?),
                    None => Ok(y),
                }
            }
            Linear::Q8(linear) => Ok(x.apply_op1_no_bwd(linear)?),
        }
    }

    /// Rows `ids` of the weight: what an embedding is.
    ///
    /// # Shapes
    /// - `ids`: `(t,)`, each below `n_out`
    /// - returns `(t, n_in)`
    pub fn rows(&self, ids: &[u32]) -> Result<Tensor> {
        Ok(match self {
            Linear::F32 { weight, .. } => weight.index_select(&Tensor::new(ids, &Device::Cpu)?, 0)?,
            Linear::Q8(Int8Linear { weight, .. }) => {
                let mut rows = vec![0.0; ids.len() * weight.n_in()];
                for (&id, row) in ids.iter().zip(rows.chunks_exact_mut(weight.n_in())) {
                    weight.dequantize_row(id as usize, row);
                }
                Tensor::from_vec(rows, (ids.len(), weight.n_in()), &Device::Cpu)?
            }
        })
    }

    pub fn size_bytes(&self) -> usize {
        let (weight, n_bias) = match self {
            Linear::F32 { weight, bias } => {
                let n_bias = bias.as_ref().map_or(0, Tensor::elem_count);
                (weight.elem_count() * size_of::<f32>(), n_bias)
            }
            Linear::Q8(Int8Linear { weight, bias }) => (weight.size_bytes(), bias.as_ref().map_or(0, Vec::len)),
        };
        weight + n_bias * size_of::<f32>()
    }
}

/// The int8 product as candle calls it.
pub struct Int8Linear {
    weight: PackedMatrix,
    bias: Option<Vec<f32>>,
}

impl CustomOp1 for Int8Linear {
    fn name(&self) -> &'static str {
        "int8-linear"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        if layout.shape().dims().last() != Some(&self.weight.n_in()) {
            candle_core::bail!(
                "int8-linear takes (t, {}), got {:?}",
                self.weight.n_in(),
                layout.shape()
            );
        }
        let Some((start, end)) = layout.contiguous_offsets() else {
            candle_core::bail!("int8-linear takes contiguous activations only");
        };
        let x = QuantizedRows::new(&storage.as_slice::<f32>()?[start..end], self.weight.n_in());
        let n_rows = x.n_rows();
        let mut y = vec![0.0; n_rows * self.weight.n_out()]; // (t, n_out)
        kernels::matmul(&x, &self.weight, self.bias.as_deref(), &mut y);
        Ok((CpuStorage::F32(y), Shape::from((n_rows, self.weight.n_out()))))
    }
}
