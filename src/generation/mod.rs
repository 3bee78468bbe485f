//! From logits to the next token: no tensors, no clock, no randomness of its own.

pub mod config;
pub mod logits;
pub mod sampler;
pub mod stop_strings;
