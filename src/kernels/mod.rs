//! Arithmetic on plain slices: matrix product, dot products, softmax, layer norm, activations, block quantization.
//!
//! Nothing here knows of models, files or JavaScript. Every kernel is written so that a result depends on its own
//! inputs alone: sums run in an order fixed by the length, no fused multiply-add is used, and no call into the
//! platform's math library is made. The same inputs therefore give the same bits natively and in WebAssembly, alone
//! and in a batch.

pub mod activation;
mod bytes;
pub mod dot;
pub mod dot_i8;
pub mod exp;
pub mod four;
pub mod gemm;
pub mod gemm_i16;
pub mod gemm_i8;
pub mod integer;
mod lanes;
mod narrow;
pub mod norm;
pub mod quant;
pub mod softmax;
pub mod strassen;
mod unpack;

/// Bits for tests, the same for the same seed: Marsaglia's xorshift.
#[cfg(test)]
pub(crate) fn noise(seed: u64) -> impl Iterator<Item = u64> {
    let mut s = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    std::iter::repeat_with(move || {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        s
    })
}

/// Floats for tests: such as models have, extremes, and anything else.
#[cfg(test)]
pub(crate) fn floats() -> impl proptest::strategy::Strategy<Value = f32> {
    use proptest::prelude::*;
    let extremes = vec![0.0, -0.0, 1e-40, -1e-40, f32::MIN_POSITIVE, f32::MAX, f32::MIN, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
    prop_oneof![4 => -20f32..20.0, 1 => prop::sample::select(extremes), 1 => any::<f32>()]
}

/// Bits for comparisons in tests. Those of what is not a number may be any.
#[cfg(test)]
pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() }).collect()
}

/// The instruction set that the kernels of this build use on this machine, for reports.
pub fn instruction_set() -> &'static str {
    #[cfg(target_arch = "wasm32")]
    {
        // WebAssembly modules are validated as a whole, so the choice is made when the module is compiled.
        if cfg!(target_feature = "relaxed-simd") {
            "relaxed-simd"
        } else if cfg!(target_feature = "simd128") {
            "simd128"
        } else {
            "portable"
        }
    }
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx2") { "avx2" } else { "sse2" }
    }
    #[cfg(not(any(target_arch = "wasm32", target_arch = "x86_64")))]
    {
        "portable"
    }
}
