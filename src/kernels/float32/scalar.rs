//! Four float32 in an array: the oracle of the vector, and its stand-in where there is no SIMD.

#[derive(Clone, Copy)]
pub struct F32x4([f32; 4]);

impl F32x4 {
    #[inline(always)]
    pub fn splat(x: f32) -> F32x4 {
        F32x4([x; 4])
    }

    /// # Safety
    /// Four values are there.
    #[inline(always)]
    pub unsafe fn load(values: *const f32) -> F32x4 {
        // SAFETY: the caller answers for them; float32 is aligned.
        F32x4(unsafe { values.cast::<[f32; 4]>().read() })
    }

    /// # Safety
    /// There is room for four values.
    #[inline(always)]
    pub unsafe fn store(self, values: *mut f32) {
        // SAFETY: the caller answers for it; float32 is aligned.
        unsafe { values.cast::<[f32; 4]>().write(self.0) }
    }

    /// `self + a * b`, rounded twice.
    #[inline(always)]
    pub fn add_product(self, a: F32x4, b: F32x4) -> F32x4 {
        F32x4(std::array::from_fn(|i| self.0[i] + a.0[i] * b.0[i]))
    }
}
