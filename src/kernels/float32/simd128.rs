//! Four float32 in one WebAssembly vector, with the bits of [`super::scalar`].

use core::arch::wasm32::*;

#[derive(Clone, Copy)]
pub struct F32x4(v128);

impl F32x4 {
    #[inline(always)]
    pub fn splat(x: f32) -> F32x4 {
        F32x4(f32x4_splat(x))
    }

    /// # Safety
    /// Four values are there.
    #[inline(always)]
    pub unsafe fn load(values: *const f32) -> F32x4 {
        // SAFETY: four values are 16 bytes; loads may be unaligned.
        F32x4(unsafe { v128_load(values.cast()) })
    }

    /// # Safety
    /// There is room for four values.
    #[inline(always)]
    pub unsafe fn store(self, values: *mut f32) {
        // SAFETY: four values are 16 bytes; stores may be unaligned.
        unsafe { v128_store(values.cast(), self.0) }
    }

    /// `self + a * b`, rounded twice.
    #[inline(always)]
    pub fn add_product(self, a: F32x4, b: F32x4) -> F32x4 {
        F32x4(f32x4_add(self.0, f32x4_mul(a.0, b.0)))
    }
}
