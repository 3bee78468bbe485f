//! Checkpoints as they are stored: readers that give the model its tensors through
//! [`WeightSource`](crate::model::weight_source::WeightSource).
//!
//! [`safetensors`] cuts a file that arrives in chunks into tensors, [`checkpoint`] turns these into GPT-2's weights, and
//! [`packed_file`] keeps an int8 model for the next visit.

pub mod checkpoint;
mod float_decoder;
mod int8_tensor;
mod names;
pub mod packed_file;
mod plan;
pub mod safetensors;
mod tensor_builder;
