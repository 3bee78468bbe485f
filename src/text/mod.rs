//! Text and tokens: encoding, decoding, fitting a prompt into the context. Knows no tensors.

pub mod codec;
pub mod context;
pub mod detokenizer;
pub mod healing;
pub mod punctuation;
