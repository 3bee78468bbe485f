//! Four float32 in one of WebAssembly's vectors, with the bits of [`super::scalar`].

use core::arch::wasm32::{f32x4_add, f32x4_mul, f32x4_splat, v128};

/// Four float32 numbers.
#[derive(Debug, Clone, Copy)]
pub struct F32x4(v128);

impl F32x4 {
    /// Four times the same number.
    #[inline(always)]
    pub fn splat(x: f32) -> F32x4 {
        F32x4(f32x4_splat(x))
    }

    /// Reads four numbers.
    #[inline(always)]
    pub fn load(values: &[f32; 4]) -> F32x4 {
        F32x4(bytemuck::cast(*values))
    }

    /// Writes the four numbers.
    #[inline(always)]
    pub fn store(self, values: &mut [f32; 4]) {
        *values = bytemuck::cast(self.0);
    }

    /// `self + a * b`, rounded twice.
    #[inline(always)]
    pub fn add_product(self, a: F32x4, b: F32x4) -> F32x4 {
        F32x4(f32x4_add(self.0, f32x4_mul(a.0, b.0)))
    }
}
