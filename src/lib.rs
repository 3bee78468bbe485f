//! Write with DistilGPT2: GPT-2 that completes prose in a browser tab. This page is the map of its modules.
//!
//! | module | purpose |
//! |---|---|
//! | `wasm` | the engine for JavaScript: the only folder that names wasm_bindgen, js_sys or web_sys |
//! | [`eval`] | the value of the suggestions to a writer, measured on texts |
//! | [`suggestion`] | the part of a continuation that a writer is offered at the caret |
//! | [`session`] | a model at work: prompt in, text out, one step at a time |
//! | [`scoring`] | the probability of a text, token by token |
//! | [`golden`] | the check of a loaded model against published logits |
//! | [`sequence`] | one continuation: its tokens, its text, its end |
//! | [`generation`] | numbers: parameters, logits processors, sampling |
//! | [`text`] | characters and tokens: encoding, decoding, the context of a long text, half words |
//! | [`weights`] | checkpoints as they are stored, and the packed file of the next visit |
//! | [`model`] | tensors: config.json, the forward pass, the cache of keys and values |
//! | [`kernels`] | matrix products, attention and the functions between them, scalar and SIMD; the threads that share them |
//! | [`math`] | functions of float32 numbers and slices: exponentials, sums, softmax |
//! | [`error`] | all errors, as codes and values |
//! | `json` | JSON objects read with the errors that a user needs |
//!
//! Dependencies point one way; `tests/dependencies.rs` checks this, and that no files use each other in a circle:
//!
//! ```text
//! wasm, eval -> suggestion -> session -> sequence -> generation, text -> json, math
//!                    golden -> session -> model -> json, kernels -> math
//!                              scoring -> model, generation, text
//!                              weights -> model
//! ```
//!
//! Everything but `wasm` and the `simd128` files of `kernels` compiles natively, so that `cargo test` covers it.

// Errors are values or proved impossible by an `expect`; tests may unwrap.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

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
