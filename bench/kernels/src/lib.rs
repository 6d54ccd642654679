//! The engine's kernels with plain exports, so that a script can time them one by one, natively or in a browser.
//!
//! The kernels' own source is compiled in: what is timed is what is shipped, without the engine around it.

#[allow(dead_code)]
#[path = "../../../src/kernels/mod.rs"]
mod kernels;

#[allow(dead_code)]
#[path = "../../../src/backend/cpu/attention.rs"]
mod attention;
#[path = "../../../src/backend/cpu/sized.rs"]
mod sized;

use attention::{Heads, Inputs, attend};
use kernels::{activation, gemm, gemm_i8, gemm_i16, integer, norm, quant, softmax, strassen};
use std::hint::black_box;

/// Values that look like hidden states, the same every time.
fn values(n: usize) -> Vec<f32> {
    let mut s = 0x9E37_79B9_7F4A_7C15_u64;
    // Some room behind, so that two of these don't lie a multiple of 4 KiB apart: processors take reading the one for reading
    // what was just written to the other, and wait.
    let mut out = Vec::with_capacity(n + 300);
    out.extend((0..n).map(|_| {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        (s >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }));
    out
}

/// Copies what a kernel overwrites. Written so that it doesn't become `memory.copy`, which on some processors takes several
/// times as long as the kernels.
fn renew(out: &mut [f32], x: &[f32]) {
    let one = black_box(1.0);
    for (out, x) in out.iter_mut().zip(x) {
        *out = *x * one;
    }
}

/// Something to be timed: prepared once, run often.
pub struct Case(Box<dyn FnMut()>);

fn case(run: impl FnMut() + 'static) -> *mut Case {
    Box::into_raw(Box::new(Case(Box::new(run))))
}

/// 16-bit product of `m` rows with k x n weights in `level` levels of Strassen's algorithm: quantization of the rows, sums,
/// scales.
fn gemm_i16_case(m: usize, k: usize, n: usize, level: u32) -> *mut Case {
    const TILE: usize = gemm_i16::TILE;
    let x = values(m * k);
    let mut packed = gemm_i16::Packed::zeros(k, n);
    let mut column = vec![0; k];
    for (c, w) in values(n * k).chunks_exact(k).enumerate() {
        integer::quantize(w, gemm_i16::WEIGHT_LIMIT, &mut column);
        packed.set_column(c, &column);
    }
    let mut rows = gemm_i16::Rows::default();
    let (mut scales, mut out, mut memory) = (vec![0f32; m], vec![0f32; m * n], strassen::Memory::default());
    case(move || {
        rows.reshape(m, k, TILE << level);
        for tile in 0..m.div_ceil(TILE) {
            let mut inverse = [0.0; TILE];
            let tile_rows = std::array::from_fn(|i| x[tile * TILE * k..].chunks_exact(k).nth(i).unwrap_or(&[]));
            for ((x, scale), inverse) in tile_rows.iter().zip(&mut scales[tile * TILE..]).zip(&mut inverse) {
                (*scale, *inverse) = integer::scale(integer::largest(x), gemm_i16::row_limit(k));
            }
            rows.quantize_tile(tile, tile_rows, inverse);
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

/// 16-bit product, plain.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_gemm_i16(m: usize, k: usize, n: usize) -> *mut Case {
    gemm_i16_case(m, k, n, 0)
}

/// 16-bit product in one level.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_strassen_1(m: usize, k: usize, n: usize) -> *mut Case {
    gemm_i16_case(m, k, n, 1)
}

/// 16-bit product in two levels.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_strassen_2(m: usize, k: usize, n: usize) -> *mut Case {
    gemm_i16_case(m, k, n, 2)
}

/// The same product in bytes, the rows in two planes; `k` is a multiple of 32.
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
    let mut out = values(rows * width);
    case(move || {
        renew(&mut out, &x);
        activation::gelu(&mut out);
        black_box(&out);
    })
}

/// Softmax of `rows` x `width` values, along the rows, to integers; rows come in whole panels.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_softmax(rows: usize, width: usize, _: usize) -> *mut Case {
    const PANEL: usize = gemm_i16::PANEL;
    let scores: Vec<i32> = values(rows * width).into_iter().map(|x| (x * (1 << 30) as f32) as i32).collect();
    let parts = [softmax::Part { most: [1 << 30; PANEL], added: [0.0; PANEL] }; 2];
    let mut out = gemm_i16::Packed::default();
    case(move || {
        for scores in scores.as_chunks::<PANEL>().0.chunks_exact(width) {
            black_box(softmax::softmax2_columns(scores, 0, &parts, &[1e-8; PANEL], 250_000, &mut out));
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
    let mut out = values(rows * width);
    case(move || {
        renew(&mut out, &x);
        for row in out.chunks_exact_mut(width) {
            norm::layer_norm(row, &weight, &bias, 1e-12);
        }
        black_box(&out);
    })
}

/// Attention of one sequence of `tokens` tokens: `heads` heads, each `size` wide.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_attention(tokens: usize, heads: usize, size: usize) -> *mut Case {
    let width = heads * size;
    // From row to row an odd number of cache lines, as the engine has it.
    let stride = (3 * width).next_multiple_of(32) + 16;
    let projected: Vec<f32> = values(tokens * stride);
    let (mut out, mut memory) = (vec![0.0; tokens * width], Heads::default());
    case(move || {
        let (keys, values) = (&projected[width..], &projected[2 * width..]);
        let inputs = Inputs { queries: &projected, keys, values, stride, tokens, gates: None };
        attend(inputs, heads, width, &mut out, true, &mut memory);
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
