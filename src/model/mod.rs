//! GPT-2 as tensors: knows token ids and logits, never text.

mod block;
pub mod gpt2;
mod int8_tensor;
pub mod kv_cache;
pub mod linear;
pub mod packed_file;
pub mod safetensors;
mod tensor_names;
pub mod weight_builder;
pub mod weights;
