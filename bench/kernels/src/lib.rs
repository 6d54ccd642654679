//! The engine's kernels with plain exports, so that a script can time them one by one, natively or in a browser.
//!
//! The kernels' own source is compiled in: what is timed is what is shipped, without the engine around it.

#[allow(dead_code)]
#[path = "../../../src/kernels/mod.rs"]
mod kernels;

use kernels::{activation, gemm, gemm_i16, integer, norm, softmax, strassen};
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
    gemm_case(x, m, k, n, packed, 0)
}
fn gemm_case(x: Vec<f32>, m: usize, k: usize, n: usize, packed: gemm_i16::Packed, level: u32) -> *mut Case {
    let (mut rows, mut scales, mut out) = (gemm_i16::Rows::default(), vec![0f32; m], vec![0f32; m * n]);
    let mut memory = strassen::Memory::default();
    case(move || {
        rows.reshape(m, k, strassen::MULTIPLE);
        for (tile, (x, scales)) in x.chunks_exact(4 * k).zip(scales.as_chunks_mut::<4>().0).enumerate() {
            let mut inverse = [0.0; 4];
            for ((x, scale), inverse) in x.chunks_exact(k).zip(scales).zip(&mut inverse) {
                (*scale, *inverse) = integer::scale(integer::largest(x), gemm_i16::row_limit(k));
            }
            let mut tile_rows = x.chunks_exact(k);
            rows.quantize_tile(tile, std::array::from_fn(|_| tile_rows.next().expect("whole tiles")), inverse);
        }
        strassen::gemm(&rows, &packed, 0..packed.panels(), level, &mut memory, |panel, first, tiles| {
            for ((out, sums), scale) in out[first * n..].chunks_exact_mut(n).zip(tiles.as_flattened()).zip(&scales[first..]) {
                let out: &mut [f32; gemm_i16::PANEL] = out[panel * gemm_i16::PANEL..].first_chunk_mut().expect("whole panels");
                *out = std::array::from_fn(|c| sums[c] as f32 * scale);
            }
        });
        black_box(&out);
    })
}
fn strassen_case(m: usize, k: usize, n: usize, level: u32) -> *mut Case {
    let x = values(m * k);
    let mut packed = gemm_i16::Packed::zeros(k, n);
    let mut column = vec![0; k];
    for (c, w) in values(n * k).chunks_exact(k).enumerate() {
        integer::quantize(w, gemm_i16::WEIGHT_LIMIT, &mut column);
        packed.set_column(c, &column);
    }
    gemm_case(x, m, k, n, packed, level)
}
/// Level 0.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_strassen0(m: usize, k: usize, n: usize) -> *mut Case {
    strassen_case(m, k, n, 0)
}
/// Level 1.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_strassen1(m: usize, k: usize, n: usize) -> *mut Case {
    strassen_case(m, k, n, 1)
}
/// Level 2.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_strassen2(m: usize, k: usize, n: usize) -> *mut Case {
    strassen_case(m, k, n, 2)
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
