//! GPT-2 as tensors: knows token ids and logits, never text.

pub mod gpt2;
pub mod kv_cache;
pub mod linear;
pub mod safetensors;
pub mod weight_builder;
pub mod weights;
