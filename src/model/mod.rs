//! GPT-2 in tensors: token ids in, logits out, never text.
//!
//! [`gpt2`] is the model, [`linear`] its products, [`matrix`] their weights in float32 or int8, [`kv_cache`] its
//! memory of the tokens read so far, [`config`] its shape. It asks [`weight_source`] for its tensors, and knows no file format.

mod buffers;
pub mod config;
pub mod gpt2;
pub mod kv_cache;
mod layer_norm;
pub mod linear;
pub mod matrix;
pub mod weight_source;
