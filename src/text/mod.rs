//! Text to tokens and back: knows no tensors.

pub mod codec;
pub mod context;
pub mod detokenizer;
pub mod healing;
