//! Matrix product of a quantized file's own 8-bit weights with rows of 14 bits in two planes of 7: the hot loop of the
//! encoder where the processor multiplies bytes several times as fast as 16-bit integers (see [`super::bytes`]).
//!
//! Weights stay the integers of the file, with a scale for each block of [`BLOCK`] along the sum. A row is quantized with one
//! scale to q within 8191 on either side of zero, and q + 8192 = 128 high + low is split into two integers of 7 bits, as
//! the instruction wants them. The sum over a block is then 128 times that of the high plane and that of the low plane,
//! less 8192 times the sum of the weights, which is known beforehand and what the low plane's sum begins with. Sums of
//! blocks are exact; they are scaled and added up in f32, in their order, each operation rounded. So a row's result depends on
//! that row alone and is the same on every processor.

use super::bytes::{self, Bytes};
use super::integer;
use super::quant::BLOCK;
use std::ops::Range;

/// Columns of a panel: four vectors of four columns.
pub const PANEL: usize = 16;
const VECTORS: usize = PANEL / 4;

/// Rows of the matrix in one vector, which has four columns.
pub(super) const GROUP: usize = 4;
/// Groups that a vector of a row's values holds, in both planes.
const GROUPS: usize = 2;

/// Largest magnitude of a row's integers.
pub const ROW_LIMIT: i16 = 8191;
/// What is added to them, so that none is negative.
const OFFSET: i32 = bytes::OFFSET;

/// A block of each column of a panel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(align(16))]
pub(super) struct Block {
    /// The vectors of each group.
    pub(super) weights: [[Bytes; VECTORS]; BLOCK / GROUP],
    /// -8192 times the sum of the weights.
    offsets: [[i32; 4]; VECTORS],
    pub(super) scales: [[f32; 4]; VECTORS],
}

/// The right-hand side of a product, k x n weights in panels of [`PANEL`] columns, padded with zeros to whole panels.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    blocks: usize,
    n: usize,
    panels: Vec<Block>,
}

impl Packed {
    /// An all-zero matrix of `k` rows and `n` columns.
    ///
    /// # Panics
    /// If `k` is no multiple of [`BLOCK`].
    pub fn zeros(k: usize, n: usize) -> Self {
        assert!(k.is_multiple_of(BLOCK), "whole blocks");
        let blocks = k / BLOCK;
        Self { blocks, n, panels: vec![Block::default(); blocks * n.div_ceil(PANEL)] }
    }

    /// Rows: the length of the sums.
    pub fn k(&self) -> usize {
        self.blocks * BLOCK
    }

    /// Columns.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Blocks of a column.
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// The blocks of a panel.
    pub(super) fn panel(&self, panel: usize) -> &[Block] {
        &self.panels[panel * self.blocks..][..self.blocks]
    }

    /// Sets a block of a column: weights are `scale` times `integers`.
    pub fn set_block(&mut self, column: usize, block: usize, integers: &[i8; BLOCK], scale: f32) {
        assert!(column < self.n && block < self.blocks);
        let place = &mut self.panels[column / PANEL * self.blocks + block];
        let (vector, lane) = (column % PANEL / 4, column % 4);
        for (vectors, group) in place.weights.iter_mut().zip(integers.as_chunks::<GROUP>().0) {
            vectors[vector].0[lane * GROUP..][..GROUP].copy_from_slice(group);
        }
        place.offsets[vector][lane] = -OFFSET * integers.iter().map(|w| i32::from(*w)).sum::<i32>();
        place.scales[vector][lane] = scale;
    }
}

/// [`BLOCK`] values of a row, in two planes of integers from 0 to 127: of eight values each the high ones, then the low ones.
#[derive(Clone, Copy, Debug, Default)]
pub struct Planes([Bytes; BLOCK / 8]);

impl Planes {
    /// Value `i` in either plane.
    fn get(&self, i: usize) -> [i8; 2] {
        let bytes = &self.0[i / 8].0;
        [bytes[i % 8], bytes[8 + i % 8]]
    }
}

/// Quantizes a row, whose length must be a multiple of [`BLOCK`]; returns the scale, x = scale q. A scale that is not finite
/// makes every result not finite.
#[inline(always)]
pub fn quantize(values: &[f32], out: &mut [Planes]) -> f32 {
    let (scale, inverse) = integer::scale(integer::largest(values), ROW_LIMIT);
    for (values, planes) in values.as_chunks::<BLOCK>().0.iter().zip(out) {
        for (values, bytes) in values.as_chunks::<8>().0.iter().zip(&mut planes.0) {
            *bytes = bytes::split(values, inverse);
        }
    }
    scale
}

/// Multiplies the rows `x`, one after the other, by the panels `panels` of `b`. `store` gets each result once: row, panel,
/// and the panel's sums, still without the row's scale.
///
/// # Panics
/// If `x` doesn't consist of whole rows, or `b` has no such panels.
#[inline(always)]
pub fn gemm(x: &[Planes], b: &Packed, panels: Range<usize>, mut store: impl FnMut(usize, usize, [f32; PANEL])) {
    let blocks = b.blocks;
    assert!(panels.end <= b.n.div_ceil(PANEL), "the matrix has fewer panels");
    if x.is_empty() || blocks == 0 {
        return;
    }
    assert!(x.len().is_multiple_of(blocks), "whole rows");
    let count = x.len() / blocks;
    for panel in panels {
        let weights = b.panel(panel);
        for m in (0..count).step_by(2) {
            // A last single row is paired with itself, and the repetition thrown away.
            let rows = [m, (m + 1).min(count - 1)];
            let sums = tile(rows.map(|row| &x[row * blocks..][..blocks]), weights);
            for (row, sums) in rows.into_iter().zip(sums).take(count - m) {
                store(row, panel, sums);
            }
        }
    }
}

/// Sums of one row, for each of the panel's vectors.
#[derive(Clone, Copy)]
struct Sums {
    high: [bytes::Sums; VECTORS],
    low: [bytes::Sums; VECTORS],
}

/// Two rows times a panel: with both planes, sixteen vectors of sums, which together with the weights of two groups fit into
/// the 32 registers of the processors that this is for. With four groups in the inner loop, browsers' compilers spill.
#[inline(always)]
fn tile(x: [&[Planes]; 2], panel: &[Block]) -> [[f32; PANEL]; 2] {
    let [first, second] = x.map(|row| &row[..panel.len()]);
    assert!(first.len() == panel.len() && second.len() == panel.len(), "lets the compiler drop its own checks");
    let mut floats = [[bytes::floats(); VECTORS]; 2];
    for i in 0..panel.len() {
        let block = &panel[i];
        let start = Sums { high: [bytes::sums(&[0; 4]); VECTORS], low: block.offsets.each_ref().map(bytes::sums) };
        let mut sums = [start; 2];
        let rows = [&first[i], &second[i]];
        for (at, groups) in block.weights.as_chunks::<GROUPS>().0.iter().enumerate() {
            let planes = rows.map(|row| bytes::load(&row.0[at]));
            let of_first = planes.map(|x| [bytes::spread::<0>(x), bytes::spread::<2>(x)]);
            let of_second = planes.map(|x| [bytes::spread::<1>(x), bytes::spread::<3>(x)]);
            for (group, planes) in groups.iter().zip([of_first, of_second]) {
                add_group(&mut sums, planes, group.each_ref().map(bytes::load));
            }
        }
        for (floats, sums) in floats.iter_mut().zip(sums) {
            for (((floats, high), low), scales) in floats.iter_mut().zip(sums.high).zip(sums.low).zip(&block.scales) {
                *floats = bytes::add_block(*floats, high, low, scales);
            }
        }
    }
    floats.map(|row| {
        let mut out = [0.0; PANEL];
        for (out, floats) in out.as_chunks_mut::<4>().0.iter_mut().zip(row) {
            *out = bytes::store(floats);
        }
        out
    })
}

/// Adds the products of a group: `planes` are the high and the low one of each row.
#[inline(always)]
fn add_group(sums: &mut [Sums; 2], planes: [[bytes::Vector; 2]; 2], w: [bytes::Vector; VECTORS]) {
    for (sums, [high, low]) in sums.iter_mut().zip(planes) {
        for ((high_sum, low_sum), w) in sums.high.iter_mut().zip(&mut sums.low).zip(w) {
            *high_sum = bytes::dot_add(*high_sum, w, high);
            *low_sum = bytes::dot_add(*low_sum, w, low);
        }
    }
}

/// The definition, one element at a time: `out[m][n]`, blocks in exact arithmetic, scaled and added up in their order.
pub fn gemm_reference(x: &[Planes], b: &Packed) -> Vec<Vec<f32>> {
    let value = |planes: &Planes, i: usize| {
        let [high, low] = planes.get(i);
        128 * i64::from(high) + i64::from(low) - i64::from(OFFSET)
    };
    let column = |row: &[Planes], n: usize| {
        let panel = b.panel(n / PANEL);
        let (vector, lane) = (n % PANEL / 4, n % 4);
        row.iter().zip(panel).fold(0.0, |sum, (planes, block)| {
            let weight = |i: usize| i64::from(block.weights[i / GROUP][vector].0[lane * GROUP + i % GROUP]);
            let exact: i64 = (0..BLOCK).map(|i| value(planes, i) * weight(i)).sum();
            sum + exact as f32 * block.scales[vector][lane]
        })
    };
    x.chunks(b.blocks.max(1)).map(|row| (0..b.n).map(|n| column(row, n)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::noise;
    use super::*;
    use proptest::prelude::*;

    fn run(x: &[Planes], b: &Packed) -> Vec<Vec<u32>> {
        let mut out = vec![vec![None; b.n()]; x.len() / b.blocks()];
        gemm(x, b, 0..b.n().div_ceil(PANEL), |m, panel, sums| {
            for (c, sum) in sums.into_iter().enumerate().take(b.n() - panel * PANEL) {
                assert_eq!(out[m][panel * PANEL + c].replace(sum.to_bits()), None, "each result once");
            }
        });
        out.into_iter().map(|row| row.into_iter().map(|sum| sum.expect("each result")).collect()).collect()
    }

    fn bits(values: Vec<Vec<f32>>) -> Vec<Vec<u32>> {
        values.into_iter().map(|row| row.into_iter().map(f32::to_bits).collect()).collect()
    }

    /// Rows of floats of very different sizes, their extremes more often than chance.
    fn floats(n: usize, seed: u64) -> Vec<f32> {
        let value = |s: u64| match s % 5 {
            0 => 3.5,
            1 => -3.5,
            2 => 0.0,
            _ => (s >> 40) as f32 / (1 << 21) as f32 - 4.0,
        };
        noise(seed).take(n).map(value).collect()
    }

    fn integers(seed: u64) -> [i8; BLOCK] {
        let mut noise = noise(seed);
        std::array::from_fn(|_| match noise.next().unwrap() {
            s if s % 5 == 0 => i8::MIN,
            s if s % 5 == 1 => i8::MAX,
            s => (s >> 16) as i8,
        })
    }

    fn packed(blocks: usize, n: usize, seed: u64) -> Packed {
        let mut b = Packed::zeros(blocks * BLOCK, n);
        for column in 0..n {
            for block in 0..blocks {
                let seed = seed ^ (column * blocks + block + 1) as u64;
                b.set_block(column, block, &integers(seed), (seed % 1000) as f32 * 1e-4 - 0.05);
            }
        }
        b
    }

    proptest! {
        #[test]
        fn tiles_equal_the_definition(m in 0usize..8, blocks in 1usize..6, n in 1usize..50, seed: u64) {
            let mut x = vec![Planes::default(); m * blocks];
            for (i, row) in x.chunks_mut(blocks).enumerate() {
                quantize(&floats(blocks * BLOCK, seed ^ i as u64), row);
            }
            let b = packed(blocks, n, seed);
            prop_assert_eq!(run(&x, &b), bits(gemm_reference(&x, &b)));
        }

        #[test]
        fn planes_hold_the_row_within_half_a_step(values in prop::collection::vec(-1e3f32..1e3, 3 * BLOCK)) {
            let mut planes = [Planes::default(); 3];
            let scale = quantize(&values, &mut planes);
            for (i, x) in values.iter().enumerate() {
                let [high, low] = planes[i / BLOCK].get(i % BLOCK);
                prop_assert!(high >= 0 && low >= 0);
                let q = 128 * i32::from(high) + i32::from(low) - OFFSET;
                prop_assert!(q.abs() <= ROW_LIMIT.into());
                prop_assert!((x - scale * q as f32).abs() <= scale * 0.51);
            }
        }
    }

    /// A product in plain floats says what the definition, which knows of planes and panels, is the definition of.
    #[test]
    fn the_definition_is_that_of_a_product() {
        let (blocks, n) = (3, 21);
        let values = floats(blocks * BLOCK, 5);
        let mut x = vec![Planes::default(); blocks];
        let scale = quantize(&values, &mut x);
        let got = gemm_reference(&x, &packed(blocks, n, 9));
        for (column, got) in got[0].iter().enumerate() {
            let want: f64 = (0..blocks)
                .flat_map(|block| {
                    let seed = 9 ^ (column * blocks + block + 1) as u64;
                    let block_scale = (seed % 1000) as f32 * 1e-4 - 0.05;
                    std::iter::zip(integers(seed), &values[block * BLOCK..])
                        .map(move |(w, x)| f64::from(w) * f64::from(block_scale) * f64::from(*x))
                })
                .sum();
            assert!((f64::from(got * scale) - want).abs() < 1e-2 * want.abs().max(10.0), "{column}: {got} {scale} {want}");
        }
    }

    #[test]
    fn the_largest_sums_are_exact() {
        for (value, weight) in [(1.0, i8::MIN), (-1.0, i8::MIN), (1.0, i8::MAX), (-1.0, i8::MAX)] {
            let mut x = [Planes::default(); 2];
            assert_eq!(quantize(&[value; 2 * BLOCK], &mut x), 1.0 / f32::from(ROW_LIMIT));
            let mut b = Packed::zeros(2 * BLOCK, 1);
            b.set_block(0, 1, &[weight; BLOCK], 1.0);
            let want = value as i32 * i32::from(ROW_LIMIT) * i32::from(weight) * BLOCK as i32;
            assert_eq!(run(&x, &b), [[(want as f32).to_bits()]]);
        }
    }

    #[test]
    fn what_is_not_finite_shows_and_reaches_the_instruction_as_7_bits() {
        for bad in [f32::NAN, f32::from_bits(0xffff_ffff), f32::INFINITY, f32::NEG_INFINITY] {
            let mut values = [1.0; BLOCK];
            values[17] = bad;
            let mut x = [Planes::default()];
            assert!(!quantize(&values, &mut x).is_finite(), "{bad} shows");
            assert!((0..BLOCK).all(|i| x[0].get(i).iter().all(|byte| *byte >= 0)));
        }
        let mut b = Packed::zeros(BLOCK, 1);
        b.set_block(0, 0, &[1; BLOCK], f32::NAN);
        let mut x = [Planes::default()];
        quantize(&[0.0; BLOCK], &mut x);
        assert!(f32::from_bits(run(&x, &b)[0][0]).is_nan(), "so does a block's scale");
    }
}
