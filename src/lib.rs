//! Write with DistilGPT2: GPT-2 that completes prose in a browser tab. This is the map of the house.
//!
//! | module | what it knows |
//! |---|---|
//! | `json` | the same care for every JSON object that comes in |
//! | [`model`] | tensors: config.json, the forward pass, the cache of keys and values |
//! | [`weights`] | checkpoints as they are stored, and the packed file of the next visit |
//! | [`kernels`] | matrix products, attention and the functions between them, scalar and SIMD, and the threads that share them |
//! | [`math`] | functions of float32 numbers and slices: exponentials, sums, softmax |
//! | [`text`] | characters and tokens: encoding, decoding, where a long text is cut, half words |
//! | [`generation`] | numbers: parameters, logits processors, sampling |
//! | [`sequence`] | one continuation: text and numbers together |
//! | [`session`] | a model at work: prompt in, text out, one step at a time |
//! | [`suggestion`] | what of that text a writer is offered at the caret |
//! | [`scoring`] | how likely a text is, token by token |
//! | [`eval`] | what the suggestions are worth to a writer, measured on texts |
//! | [`golden`] | whether a loaded model computes what it should |
//! | `wasm` | the same for JavaScript; the only folder that names wasm_bindgen or js_sys |
//!
//! Dependencies point one way: `{wasm, eval} -> suggestion -> session -> sequence -> {generation, text}`,
//! `session -> model -> kernels -> math`, `weights -> model`; `scoring` stands beside `session`.
//! Everything but `wasm` and the `simd128` files of `kernels` compiles natively, so that `cargo test` covers it;
//! [`eval`] is native only.

pub mod error;
#[cfg(not(target_arch = "wasm32"))]
pub mod eval;
pub mod generation;
pub mod golden;
mod json;
pub mod kernels;
pub mod math;
pub mod model;
pub mod scoring;
pub mod sequence;
pub mod session;
pub mod suggestion;
pub mod text;
#[cfg(target_arch = "wasm32")]
pub mod wasm;
pub mod weights;
