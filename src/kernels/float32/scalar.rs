//! Four float32 in an array: the oracle of [`super::simd128`], and its stand-in where there is no SIMD.

/// Four float32 numbers.
#[derive(Debug, Clone, Copy)]
pub struct F32x4([f32; 4]);

impl F32x4 {
    /// Four times the same number.
    #[inline(always)]
    pub fn splat(x: f32) -> F32x4 {
        F32x4([x; 4])
    }

    /// Reads four numbers.
    #[inline(always)]
    pub fn load(values: &[f32; 4]) -> F32x4 {
        F32x4(*values)
    }

    /// Writes the four numbers.
    #[inline(always)]
    pub fn store(self, values: &mut [f32; 4]) {
        *values = self.0;
    }

    /// `self + a * b`, rounded twice: WebAssembly has no fused product that is the same on every machine.
    #[inline(always)]
    pub fn add_product(self, a: F32x4, b: F32x4) -> F32x4 {
        F32x4(std::array::from_fn(|i| self.0[i] + a.0[i] * b.0[i]))
    }
}
