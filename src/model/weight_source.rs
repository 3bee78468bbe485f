//! The source of a model's weights, like candle's `VarBuilder`: the model asks, and the reader of the file answers.

use super::matrix::Matrix;
use crate::error::Result;

/// The tensors of one model by the checkpoint's names, without the prefix `transformer.`. Each can be taken once.
pub trait WeightSource {
    /// Whether the source has the tensor `name`.
    fn contains(&self, name: &str) -> bool;

    /// Takes a tensor that stays in float32: a bias, a LayerNorm's weight, or the position embeddings row by row.
    ///
    /// # Shapes
    /// - returns `(len,)`
    ///
    /// # Errors
    /// [`Error::MissingTensor`](crate::error::Error::MissingTensor) and
    /// [`Error::TensorShape`](crate::error::Error::TensorShape) name the tensor.
    fn vector(&mut self, name: &str, len: usize) -> Result<Vec<f32>>;

    /// Takes a weight matrix, in the form in which the model multiplies it.
    ///
    /// # Shapes
    /// - returns `(n_out, n_in)`, whichever way round the checkpoint stores it
    ///
    /// # Errors
    /// As [`WeightSource::vector`].
    fn matrix(&mut self, name: &str, n_out: usize, n_in: usize) -> Result<Matrix>;
}
