//! Write with DistilGPT2: GPT-2 that completes prose in a browser tab. This is the map of the house.
//!
//! | module | what it knows |
//! |---|---|
//! | [`config`] | config.json, validated |
//! | `json` | the same care for every JSON object that comes in |
//! | [`model`] | tensors: the checkpoint, the forward pass, the cache of keys and values |
//! | [`kernels`] | matrix products, attention and what lies between, scalar and SIMD, and the threads that share them |
//! | [`text`] | characters and tokens: encoding, decoding, where a long text is cut, half words |
//! | [`generation`] | numbers: parameters, logits processors, sampling |
//! | [`sequence`] | one continuation: text and numbers together |
//! | [`session`] | a model at work: prompt in, text out, one step at a time |
//! | [`golden`] | whether a loaded model computes what it should |
//! | `wasm` | the same for JavaScript; the only file that names wasm_bindgen or js_sys |
//!
//! Dependencies point one way: `wasm -> session -> sequence -> {generation, text}`, `session -> model -> kernels`.
//! Everything but `wasm` and `kernels::simd128` compiles natively, so that `cargo test` covers it.

pub mod config;
pub mod error;
pub mod generation;
pub mod golden;
mod json;
pub mod kernels;
pub mod model;
pub mod sequence;
pub mod session;
pub mod text;
#[cfg(target_arch = "wasm32")]
pub mod wasm;
