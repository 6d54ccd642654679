//! Arithmetic on plain slices: matrix product, softmax, layer norm, activations, block quantization.
//!
//! Nothing here knows of models, files or JavaScript. Every kernel is written so that a result depends on its own
//! inputs alone: sums run in an order fixed by the length, no fused multiply-add is used, and no call into the
//! platform's math library is made. The same inputs therefore give the same bits natively and in WebAssembly, alone
//! and in a batch.

pub mod activation;
pub mod exp;
pub mod gemm;
pub mod norm;
pub mod quant;
pub mod softmax;

/// The instruction set that the kernels of this build use on this machine, for reports.
pub fn instruction_set() -> &'static str {
    #[cfg(target_arch = "wasm32")]
    {
        // WebAssembly modules are validated as a whole, so the choice is made when the module is compiled.
        if cfg!(target_feature = "simd128") { "simd128" } else { "portable" }
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

/// Sum of `values` in eight interleaved partial sums, so that the order of additions depends on the length alone and
/// vector units can be used.
pub(crate) fn lane_sum(values: &[f32]) -> f32 {
    let (chunks, rest) = values.as_chunks::<8>();
    let mut lanes = [0f32; 8];
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane += value;
    }
    fold_lanes(lanes)
}

/// Dot product of two slices of one length, summed in the order of [`lane_sum`].
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    debug_assert_eq!(a.len(), b.len());
    let ((a_chunks, a_rest), (b_chunks, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut lanes = [0f32; 8];
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for i in 0..8 {
            lanes[i] += x[i] * y[i];
        }
    }
    for i in 0..a_rest.len() {
        lanes[i] += a_rest[i] * b_rest[i];
    }
    fold_lanes(lanes)
}

fn fold_lanes(lanes: [f32; 8]) -> f32 {
    let quads = [lanes[0] + lanes[4], lanes[1] + lanes[5], lanes[2] + lanes[6], lanes[3] + lanes[7]];
    (quads[0] + quads[2]) + (quads[1] + quads[3])
}
