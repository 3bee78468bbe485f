//! LayerNorm with its parameters, after Ba et al. 2016; names as the checkpoint's.

use super::weight_source::WeightSource;
use crate::error::Result;
use crate::kernels::layer_norm::layer_norm;

/// Normalises each row, then scales and shifts it.
pub struct LayerNorm {
    /// `(n_embd,)`
    weight: Vec<f32>,
    /// `(n_embd,)`
    bias: Vec<f32>,
    epsilon: f32,
}

impl LayerNorm {
    /// Takes `name.weight` and `name.bias`.
    ///
    /// # Errors
    /// Those of `weights`.
    pub fn load(weights: &mut impl WeightSource, name: &str, n_embd: usize, epsilon: f64) -> Result<LayerNorm> {
        Ok(LayerNorm {
            weight: weights.vector(&format!("{name}.weight"), n_embd)?,
            bias: weights.vector(&format!("{name}.bias"), n_embd)?,
            epsilon: epsilon as f32,
        })
    }

    /// Writes the normalised rows of `x` into `out`, and returns them.
    ///
    /// # Shapes
    /// - `x`: `(t, n_embd)`
    /// - `out`: as `x`, overwritten and resized
    pub fn forward<'a>(&self, x: &[f32], out: &'a mut Vec<f32>) -> &'a [f32] {
        out.resize(x.len(), 0.0);
        layer_norm(x, &self.weight, &self.bias, self.epsilon, out);
        out
    }

    /// The bytes of weight and bias.
    pub fn parts(&mut self) -> [&mut [u8]; 2] {
        [&mut self.weight, &mut self.bias].map(|values| bytemuck::cast_slice_mut(values))
    }
}
