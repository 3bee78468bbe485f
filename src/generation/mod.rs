//! From logits to the next token: knows no tensors, no clock and no luck of its own.

pub mod config;
pub mod logits;
pub mod sampler;
pub mod stop_strings;
