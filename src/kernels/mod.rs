//! The arithmetic of the forward pass: matrix products, attention and the functions between them.
//!
//! | module | purpose |
//! |---|---|
//! | [`int8`] | products with int8 weights, scalar and SIMD |
//! | [`float32`] | products with float32 weights, and the vector type that attention shares |
//! | [`attention`] | softmax attention over a paged cache |
//! | [`layer_norm`], [`activation`] | row by row, value by value |
//! | [`blocks`] | the unit in which matrices are packed and shared out |
//! | [`pool`] | the threads that share the work |

pub mod activation;
pub mod attention;
pub mod blocks;
pub mod float32;
pub mod int8;
pub mod layer_norm;
pub mod pool;

/// Whether this build computes products with SIMD; if not, with the scalar oracles.
pub const HAS_SIMD: bool = cfg!(all(target_arch = "wasm32", target_feature = "simd128"));
