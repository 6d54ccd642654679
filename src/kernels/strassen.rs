//! Matrix products with fewer multiplications: Strassen's algorithm in Winograd's form, over integers.
//!
//! V. Strassen, "Gaussian elimination is not optimal" (1969); S. Winograd's variant of 7 products and 15 additions. In
//! floats it costs accuracy. Here all sums are exact modulo 2^32 and the results fit 32 bits, so that they equal those of the
//! plain product to the bit, whatever overflowed on the way. Each level takes an eighth of the multiplications away.

use super::gemm_i16::{PANEL, Packed, Rows, Step, Sums, TILE, multiply};
use super::lanes::Words;
use std::ops::Range;

/// Most levels used.
pub const LEVELS: u32 = 2;

/// Largest magnitude of a row's values: each level adds up four of them, and the sum has to fit 16 bits. Four weights are
/// added up likewise, and fit.
pub const LIMIT: i16 = i16::MAX >> (2 * LEVELS);
const _: () = assert!(super::gemm_i16::WEIGHT_LIMIT <= LIMIT);

/// Rows that pad to whole tiles at every level.
pub const MULTIPLE: usize = TILE << LEVELS;

/// Working memory.
#[derive(Default)]
pub struct Memory {
    mixed: Vec<Words>,
    factors: Vec<Factor>,
    right: Vec<Step>,
    sums: Vec<Sums>,
}

/// Levels that pay for a product of `rows` rows by `panels` panels of `pairs` pairs of rows.
pub fn levels(rows: usize, pairs: usize, panels: usize) -> u32 {
    let possible = |level: u32| rows.is_multiple_of(TILE << level) && pairs.is_multiple_of(1 << level) && panels.is_multiple_of(1 << level);
    let pays = |level: u32| level == 0 || rows >= MULTIPLE << level;
    (0..=LEVELS).rev().find(|&level| possible(level) && pays(level)).unwrap_or(0)
}

/// Multiplies `x` by the panels `panels` of `b` in `level` levels. The rows and pairs of `x` and the number of panels have to be
/// multiples of 2^`level`. `store` gets each result once: the panel, the first row of some tiles that follow each other, and
/// their sums, those of rows beyond the last being meaningless.
#[inline(always)]
pub fn gemm(x: &Rows, b: &Packed, panels: Range<usize>, level: u32, memory: &mut Memory, mut store: impl FnMut(usize, usize, &[Sums])) {
    if x.rows() == 0 || x.pairs() == 0 {
        return;
    }
    let parts = 1usize << level;
    assert!(panels.end <= b.panels() && panels.len().is_multiple_of(parts), "whole groups of panels");
    let (tiles, pairs) = (x.padded_rows() / TILE, x.pairs());
    assert!(pairs == b.pairs() && pairs.is_multiple_of(parts) && tiles.is_multiple_of(parts), "whole blocks");
    let Memory { mixed, factors, right, sums } = memory;
    mix_left(level, x, mixed, factors);
    let left = Left { steps: x.steps(), mixed, factors };
    let (tiles, pairs, blocks) = (tiles / parts, pairs / parts, parts * parts);
    right.resize((blocks - 1) / 3 * 4 * pairs, Step::default());
    sums.resize((blocks + (blocks - 1) / 3 * 3) * tiles, Sums::default());
    let (out, spare) = sums.split_at_mut(blocks * tiles);
    for first in panels.step_by(parts) {
        let mut operands: [&[Step]; MOST] = [&[]; MOST];
        for (i, operand) in operands.iter_mut().enumerate().take(blocks) {
            let (row, column) = position(i, level);
            *operand = &b.panel(first + column)[row * pairs..][..pairs];
        }
        product(left, &operands[..blocks], Start::Zero, out, right, spare);
        for (i, block) in out.chunks_exact(tiles).enumerate() {
            let (row, column) = position(i, level);
            let first_row = row * tiles * TILE;
            let rows = x.rows().saturating_sub(first_row);
            if rows == 0 {
                continue; // nothing but padding
            }
            store(first + column, first_row, &block[..rows.div_ceil(TILE).min(tiles)]);
        }
    }
}

/// Blocks at the most levels.
const MOST: usize = 1 << (2 * LEVELS);

/// Row and column of block `i`, where the four quarters of a matrix follow each other, and so do theirs.
fn position(i: usize, level: u32) -> (usize, usize) {
    (0..level).fold((0, 0), |(row, column), l| (row | (i >> (2 * l + 1) & 1) << l, column | (i >> (2 * l) & 1) << l))
}

/// A factor on the left: a block of the matrix itself or of what was mixed from it.
#[derive(Clone, Copy)]
struct Factor {
    mixed: bool,
    start: usize,
    stride: usize,
}

/// The left factors of all products, one after the other.
#[derive(Clone, Copy)]
struct Left<'m> {
    steps: &'m [Words],
    mixed: &'m [Words],
    factors: &'m [Factor],
}

impl<'m> Left<'m> {
    /// Number `i` of seven parts.
    fn part(self, i: usize) -> Self {
        let size = self.factors.len() / 7;
        Self { factors: &self.factors[i * size..][..size], ..self }
    }
}

/// Mixes a left side: seven factors for each level's every one, in the order of the products.
fn mix_left(level: u32, x: &Rows, mixed: &mut Vec<Words>, factors: &mut Vec<Factor>) {
    let (mut tiles, mut pairs) = (x.padded_rows() / TILE, x.pairs());
    factors.clear();
    factors.push(Factor { mixed: false, start: 0, stride: pairs });
    let mut end = 0;
    for _ in 0..level {
        (tiles, pairs) = (tiles / 2, pairs / 2);
        let quarter = tiles * pairs;
        let from = std::mem::take(factors);
        if mixed.len() < end + from.len() * 4 * quarter {
            mixed.resize(end + from.len() * 4 * quarter, Words::default());
        }
        for factor in from {
            let (before, out) = mixed.split_at_mut(end);
            let source = if factor.mixed { &*before } else { x.steps() };
            spread_left(&source[factor.start..], factor.stride, tiles, pairs, &mut out[..4 * quarter]);
            let own = |row: usize, column: usize| Factor { start: factor.start + row * tiles * factor.stride + column * pairs, ..factor };
            let s = |i: usize| Factor { mixed: true, start: end + i * quarter, stride: pairs };
            factors.extend([own(0, 0), own(0, 1), s(3), own(1, 1), s(0), s(1), s(2)]);
            end += 4 * quarter;
        }
    }
}

fn each(f: impl Fn(usize) -> i16) -> Words {
    Words(std::array::from_fn(f))
}

fn sum(a: Words, b: Words) -> Words {
    each(|i| a.0[i].wrapping_add(b.0[i]))
}

fn difference(a: Words, b: Words) -> Words {
    each(|i| a.0[i].wrapping_sub(b.0[i]))
}

/// Winograd's combinations S1 to S4 of a left side, its quarters being of `tiles` tiles of `pairs` steps.
fn spread_left(matrix: &[Words], stride: usize, tiles: usize, pairs: usize, out: &mut [Words]) {
    let mut out = out.chunks_exact_mut(tiles * pairs);
    let s: [_; 4] = std::array::from_fn(|_| out.next().expect("four").chunks_exact_mut(pairs));
    let [s1, s2, s3, s4] = s;
    for (row, (((s1, s2), s3), s4)) in s1.zip(s2).zip(s3).zip(s4).enumerate() {
        let (a11, a12) = matrix[row * stride..][..2 * pairs].split_at(pairs);
        let (a21, a22) = matrix[(tiles + row) * stride..][..2 * pairs].split_at(pairs);
        let (s2, s3, s4, a12, a21, a22) =
            (&mut s2[..s1.len()], &mut s3[..s1.len()], &mut s4[..s1.len()], &a12[..s1.len()], &a21[..s1.len()], &a22[..s1.len()]);
        for i in 0..s1.len() {
            s1[i] = sum(a21[i], a22[i]);
            s2[i] = difference(s1[i], a11[i]);
            s3[i] = difference(a11[i], a21[i]);
            s4[i] = difference(a12[i], s2[i]);
        }
    }
}

/// Winograd's combinations T1 to T4 of a right side, the last with its sign changed.
fn spread_right(b: [&[Step]; 4], out: [&mut [Step]; 4]) {
    let n = b[0].len();
    let [b11, b12, b21, b22] = b.map(|b| &b[..n]);
    let [t1, t2, t3, t4] = out.map(|t| &mut t[..n]);
    for i in 0..n {
        for v in 0..PANEL / 4 {
            t1[i][v] = difference(b12[i][v], b11[i][v]);
            t2[i][v] = difference(b22[i][v], t1[i][v]);
            t3[i][v] = difference(b22[i][v], b12[i][v]);
            t4[i][v] = difference(b21[i][v], t2[i][v]);
        }
    }
}

/// What a product is added to.
#[derive(Clone, Copy)]
enum Start<'s> {
    Zero,
    /// What is there.
    Own,
    Other(&'s [Sums]),
}

/// The product of `a` and the blocks `b`, block by block.
fn product(a: Left, b: &[&[Step]], start: Start, out: &mut [Sums], right: &mut [Step], spare: &mut [Sums]) {
    if let [panel] = b {
        return block(a, panel, start, out);
    }
    if let Start::Other(start) = start {
        out.copy_from_slice(start);
    }
    let adding = !matches!(start, Start::Zero);
    let (blocks, pairs) = (b.len() / 4, b[0].len());
    let (own, right) = right.split_at_mut(4 * blocks * pairs);
    let mut own = own.chunks_exact_mut(pairs);
    let mut t: [[&[Step]; MOST / 4]; 4] = [[&[]; MOST / 4]; 4];
    for i in 0..blocks {
        let mut mixed: [&mut [Step]; 4] = std::array::from_fn(|_| own.next().expect("four for each block"));
        spread_right(std::array::from_fn(|q| b[q * blocks + i]), mixed.each_mut().map(|t| &mut **t));
        for (t, mixed) in t.iter_mut().zip(mixed) {
            t[i] = mixed;
        }
    }
    let [t1, t2, t3, t4] = t.each_ref().map(|t| &t[..blocks]);
    let [b11, _, b21, b22] = std::array::from_fn(|q| &b[q * blocks..][..blocks]);
    let size = out.len() / 4;
    let (x, spare) = spare.split_at_mut(size);
    let (y, spare) = spare.split_at_mut(size);
    let (z, spare) = spare.split_at_mut(size);
    let mut quarters = out.chunks_exact_mut(size);
    let [c11, c12, c21, c22] = std::array::from_fn(|_| quarters.next().expect("four"));
    let mut multiply = |i: usize, b: &[&[Step]], start: Start, out: &mut [Sums]| product(a.part(i), b, start, out, right, spare);
    multiply(0, b11, Start::Zero, x);
    multiply(4, t1, Start::Zero, z);
    if adding {
        add(c11, x);
        multiply(1, b21, Start::Own, c11);
        multiply(5, t2, Start::Own, x);
        multiply(6, t3, Start::Other(x), y);
        add_both(c12, x, z);
        add_both(c22, y, z);
        add(c21, y);
    } else {
        multiply(1, b21, Start::Other(x), c11);
        multiply(5, t2, Start::Own, x);
        multiply(6, t3, Start::Other(x), c21);
        set_both(c12, x, z);
        set_both(c22, c21, z);
    }
    multiply(2, b22, Start::Own, c12);
    multiply(3, t4, Start::Own, c21);
}

/// `out += x`.
fn add(out: &mut [Sums], x: &[Sums]) {
    for (out, x) in out.as_flattened_mut().as_flattened_mut().iter_mut().zip(x.as_flattened().as_flattened()) {
        *out = out.wrapping_add(*x);
    }
}

/// `out = x + y`.
fn set_both(out: &mut [Sums], x: &[Sums], y: &[Sums]) {
    let terms = x.as_flattened().as_flattened().iter().zip(y.as_flattened().as_flattened());
    for (out, (x, y)) in out.as_flattened_mut().as_flattened_mut().iter_mut().zip(terms) {
        *out = x.wrapping_add(*y);
    }
}

/// `out += x + y`.
fn add_both(out: &mut [Sums], x: &[Sums], y: &[Sums]) {
    let terms = x.as_flattened().as_flattened().iter().zip(y.as_flattened().as_flattened());
    for (out, (x, y)) in out.as_flattened_mut().as_flattened_mut().iter_mut().zip(terms) {
        *out = out.wrapping_add(x.wrapping_add(*y));
    }
}

/// A tile after the other.
fn block(a: Left, panel: &[Step], start: Start, out: &mut [Sums]) {
    let factor = a.factors[0];
    let steps = if factor.mixed { a.mixed } else { a.steps };
    let tiles = steps[factor.start..].chunks(factor.stride);
    match start {
        Start::Zero => tiles.zip(out).for_each(|(tile, out)| *out = multiply(None, tile, panel)),
        Start::Own => tiles.zip(out).for_each(|(tile, out)| *out = multiply(Some(out), tile, panel)),
        Start::Other(start) => tiles.zip(out).zip(start).for_each(|((tile, out), start)| *out = multiply(Some(start), tile, panel)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::gemm_i16::{WEIGHT_LIMIT, gemm_reference, row_limit, tests};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_plain_product(m in 0usize..40, k in 1usize..9, n in 1usize..4, level in 0u32..=LEVELS, seed: u64) {
            let (k, n) = ((k * 2) << LEVELS, (n * PANEL) << LEVELS);
            let x = tests::rows(m, k, row_limit(k), seed, MULTIPLE);
            let b = right(k, n, seed);
            prop_assert_eq!(run(&x, &b, 0, level, &mut Memory::default()), gemm_reference(&x, &b));
        }

        /// One memory for all, as the engine has it, and panels from somewhere in the middle on.
        #[test]
        fn memory_is_used_again(shapes in prop::collection::vec((1usize..40, 1usize..5, 1usize..4, 0u32..=LEVELS), 1..5), seed: u64) {
            let (mut memory, mut x) = (Memory::default(), Rows::default());
            for (m, k, n, level) in shapes {
                let (k, n) = ((k * 2) << LEVELS, (n * PANEL) << LEVELS);
                x.reshape(m, k, MULTIPLE);
                for (i, row) in tests::values(m * k, row_limit(k), seed).chunks_exact(k).enumerate() {
                    x.set_row(i, row);
                }
                let b = right(k, n, seed);
                let (got, want) = (run(&x, &b, 1 << LEVELS, level, &mut memory), gemm_reference(&x, &b));
                for (got, want) in got.iter().zip(&want) {
                    prop_assert_eq!(&got[PANEL << LEVELS..], &want[PANEL << LEVELS..]);
                }
            }
        }
    }

    /// The largest values with the signs that add up in the combinations of four, at every level.
    #[test]
    fn the_largest_combinations_fit() {
        let (m, k, n) = (MULTIPLE, 16 << LEVELS, PANEL << LEVELS);
        // S4 = a12 - a21 - a22 + a11 and T4 = b21 - b22 + b12 - b11, of quarters and of quarters of quarters.
        let half = |i: usize, of: usize, level: usize| i * (2 << level) / of % 2;
        let left = |row: usize, _: usize| (0..LEVELS as usize).fold(1, |sign, level| if half(row, m, level) == 1 { -sign } else { sign });
        let right = |row: usize, column: usize| {
            (0..LEVELS as usize).fold(1, |sign, level| if half(row, k, level) == half(column, n, level) { -sign } else { sign })
        };
        for (sign, other) in [(1, 1), (1, -1), (-1, 1), (-1, -1)] {
            let mut x = Rows::default();
            x.reshape(m, k, MULTIPLE);
            let limit = row_limit(k);
            assert_eq!(limit, LIMIT);
            for row in 0..m {
                x.set_row(row, &(0..k).map(|column| sign * left(row, column) * limit).collect::<Vec<_>>());
            }
            let mut b = Packed::zeros(k, n);
            for column in 0..n {
                b.set_column(column, &(0..k).map(|row| other * right(row, column) * WEIGHT_LIMIT).collect::<Vec<_>>());
            }
            for level in 0..=LEVELS {
                assert_eq!(run(&x, &b, 0, level, &mut Memory::default()), gemm_reference(&x, &b));
            }
        }
    }

    #[test]
    fn levels_are_used_where_they_pay() {
        assert_eq!(levels(192, 192, 48), 2);
        assert_eq!(levels(192, 192, 50), 1);
        assert_eq!(levels(192, 192, 49), 0);
        assert_eq!(levels(192, 193, 48), 0);
        assert_eq!(levels(32, 192, 48), 1);
        assert_eq!(levels(16, 192, 48), 0);
    }

    fn right(k: usize, n: usize, seed: u64) -> Packed {
        let mut b = Packed::zeros(k, n);
        for c in 0..n {
            b.set_column(c, &tests::values(k, WEIGHT_LIMIT, seed ^ (c as u64 + 1)));
        }
        b
    }

    /// The product with all panels from `from` on; what is before is left out.
    fn run(x: &Rows, b: &Packed, from: usize, level: u32, memory: &mut Memory) -> Vec<Vec<i64>> {
        let mut out = vec![vec![i64::MIN; b.n()]; x.rows()];
        gemm(x, b, from..b.panels(), level, memory, |panel, first, tiles| {
            for (row, sums) in (first..x.rows()).zip(tiles.as_flattened()) {
                for (c, sum) in sums.iter().enumerate() {
                    assert_eq!(out[row][panel * PANEL + c], i64::MIN, "each result once");
                    out[row][panel * PANEL + c] = (*sum).into();
                }
            }
        });
        out
    }
}
