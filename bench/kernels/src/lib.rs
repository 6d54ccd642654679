//! The engine's kernels with plain exports, so that a script can time them one by one, natively or in a browser.
//!
//! The kernels' own source is compiled in: what is timed is what is shipped, without the engine around it.

#[allow(dead_code)]
#[path = "../../../src/kernels/mod.rs"]
mod kernels;

use kernels::{activation, gemm, gemm_i8, gemm_i16, integer, norm, quant, softmax};
use std::hint::black_box;

/// Values that look like hidden states, the same every time.
fn values(n: usize) -> Vec<f32> {
    let mut s = 0x9E37_79B9_7F4A_7C15_u64;
    (0..n)
        .map(|_| {
            s ^= s << 13;
            s ^= s >> 7;
            s ^= s << 17;
            (s >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

/// Something to be timed: prepared once, run often.
pub struct Case(Box<dyn FnMut()>);

fn case(run: impl FnMut() + 'static) -> *mut Case {
    Box::into_raw(Box::new(Case(Box::new(run))))
}

/// 16-bit product of `m` rows with k x n weights: quantization of the rows, sums, scales.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_gemm_i16(m: usize, k: usize, n: usize) -> *mut Case {
    let x = values(m * k);
    let mut packed = gemm_i16::Packed::zeros(k, n);
    let mut column = vec![0; k];
    for (c, w) in values(n * k).chunks_exact(k).enumerate() {
        integer::quantize(w, gemm_i16::WEIGHT_LIMIT, &mut column);
        packed.set_column(c, &column);
    }
    let (mut pairs, mut scales, mut out) = (vec![[0i16; 2]; m * k / 2], vec![0f32; m], vec![0f32; m * n]);
    case(move || {
        for ((x, pairs), scale) in x.chunks_exact(k).zip(pairs.chunks_exact_mut(k / 2)).zip(&mut scales) {
            *scale = integer::quantize(x, gemm_i16::row_limit(k), pairs.as_flattened_mut());
        }
        let rows = gemm_i16::Rows { pairs: &pairs, rows: m, stride: k / 2 };
        gemm_i16::gemm(rows, &packed, 0..n.div_ceil(gemm_i16::PANEL), |row, panel, sums| {
            let out = &mut out[row * n + panel * gemm_i16::PANEL..][..gemm_i16::PANEL];
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = sum as f32 * scales[row];
            }
        });
        black_box(&out);
    })
}

/// The same in bytes, the rows in two planes; `k` is a multiple of 32.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_gemm_i8(m: usize, k: usize, n: usize) -> *mut Case {
    let x = values(m * k);
    let mut packed = gemm_i8::Packed::zeros(k, n);
    let blocks = packed.blocks();
    for (i, block) in quant::quantize(&values(n * k), quant::Dtype::Q8).chunks(quant::Dtype::Q8.block_bytes()).enumerate() {
        let (integers, scale) = quant::integers(block, quant::Dtype::Q8);
        packed.set_block(i / blocks, i % blocks, &integers, scale);
    }
    let (mut planes, mut scales, mut out) = (vec![gemm_i8::Planes::default(); m * blocks], vec![0f32; m], vec![0f32; m * n]);
    case(move || {
        for ((x, planes), scale) in x.chunks_exact(k).zip(planes.chunks_exact_mut(blocks)).zip(&mut scales) {
            *scale = gemm_i8::quantize(x, planes);
        }
        gemm_i8::gemm(&planes, &packed, 0..n.div_ceil(gemm_i8::PANEL), |row, panel, sums| {
            let out = &mut out[row * n + panel * gemm_i8::PANEL..][..gemm_i8::PANEL];
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = sum * scales[row];
            }
        });
        black_box(&out);
    })
}

/// f32 product of the same shape.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_gemm_f32(m: usize, k: usize, n: usize) -> *mut Case {
    let x = values(m * k);
    let mut packed = gemm::Packed::zeros(k, n);
    for (c, w) in values(n * k).chunks_exact(k).enumerate() {
        packed.set_column(c, w);
    }
    let mut out = vec![0f32; m * n];
    case(move || {
        gemm::gemm(gemm::Rows { values: &x, rows: m, stride: k }, &packed, &mut out, n);
        black_box(&out);
    })
}

/// GELU of `rows` x `width` values.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_gelu(rows: usize, width: usize, _: usize) -> *mut Case {
    let x = values(rows * width);
    let mut out = x.clone();
    case(move || {
        out.copy_from_slice(&x);
        activation::gelu(&mut out);
        black_box(&out);
    })
}

/// Softmax of `rows` x `width` values, to integers.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_softmax(rows: usize, width: usize, _: usize) -> *mut Case {
    let x = values(rows * width);
    let (mut scores, mut out) = (x.clone(), vec![0; width]);
    case(move || {
        scores.copy_from_slice(&x);
        for row in scores.chunks_exact_mut(width) {
            black_box(softmax::softmax_i16(row, 0.2, 250_000.0, &mut out));
        }
    })
}

/// Quantization of `rows` x `width` values.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_quantize(rows: usize, width: usize, _: usize) -> *mut Case {
    let x = values(rows * width);
    let mut out = vec![0; width];
    case(move || {
        for row in x.chunks_exact(width) {
            black_box(integer::quantize(row, 5000, &mut out));
        }
    })
}

/// The same into two planes; `width` is a multiple of 32.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_planes(rows: usize, width: usize, _: usize) -> *mut Case {
    let x = values(rows * width);
    let mut out = vec![gemm_i8::Planes::default(); width / quant::BLOCK];
    case(move || {
        for row in x.chunks_exact(width) {
            black_box(gemm_i8::quantize(row, &mut out));
        }
    })
}

/// Layer norm of `rows` x `width` values.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_norm(rows: usize, width: usize, _: usize) -> *mut Case {
    let x = values(rows * width);
    let (weight, bias) = (values(width), values(width));
    let mut out = x.clone();
    case(move || {
        out.copy_from_slice(&x);
        for row in out.chunks_exact_mut(width) {
            norm::layer_norm(row, &weight, &bias, 1e-12);
        }
        black_box(&out);
    })
}

/// Runs a prepared case `times` times.
///
/// # Safety
/// `case` is what one of the functions above returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn run(case: *mut Case, times: usize) {
    // SAFETY: cases are leaked, so the pointer stays valid; the caller has it from this module.
    let case = unsafe { &mut *case };
    (0..times).for_each(|_| case.0());
}
