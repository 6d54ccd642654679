//! Columns of packed matrices, back to floats: for what is computed with so few rows that integers don't pay.

use super::quant::BLOCK;
use super::{gemm, gemm_i8, gemm_i16};
use std::ops::Range;

impl gemm::Packed {
    /// Makes this the columns `columns` of `other`.
    pub fn unpack_floats(&mut self, other: &Self, columns: Range<usize>) {
        self.unpack(other.k(), columns, gemm::PANEL, |panel, rows, _| rows.copy_from_slice(other.panel(panel)));
    }

    /// Makes this the columns `columns` of `other`, each times its scale, of which there is one for each column of all panels.
    pub fn unpack_i16(&mut self, other: &gemm_i16::Packed, scales: &[f32], columns: Range<usize>) {
        use gemm_i16::PANEL;
        self.unpack(other.k(), columns, PANEL, |panel, rows, at| {
            let (steps, scales) = (other.panel(panel), &scales.as_chunks::<PANEL>().0[panel]);
            let set = |row: &mut [f32; gemm::PANEL], step: &gemm_i16::Step, i: usize| {
                row.as_chunks_mut().0[at / PANEL] =
                    std::array::from_fn::<_, PANEL, _>(|c| f32::from(step[c / 4].0[c % 4 * 2 + i]) * scales[c]);
            };
            let (pairs, last) = rows.as_chunks_mut::<2>();
            for ([first, second], step) in pairs.iter_mut().zip(steps) {
                set(first, step, 0);
                set(second, step, 1);
            }
            if let ([last], Some(step)) = (last, steps.last()) {
                set(last, step, 0);
            }
        });
    }

    /// Makes this the columns `columns` of `other`.
    pub fn unpack_i8(&mut self, other: &gemm_i8::Packed, columns: Range<usize>) {
        use gemm_i8::{GROUP, PANEL};
        self.unpack(other.k(), columns, PANEL, |panel, rows, _| {
            for (block, rows) in other.panel(panel).iter().zip(rows.as_chunks_mut::<BLOCK>().0) {
                let scales = block.scales.as_flattened();
                for (group, rows) in block.weights.iter().zip(rows.as_chunks_mut::<GROUP>().0) {
                    for (i, row) in rows.iter_mut().enumerate() {
                        *row = std::array::from_fn::<_, PANEL, _>(|c| f32::from(group[c / 4].0[c % 4 * GROUP + i]) * scales[c]);
                    }
                }
            }
        });
    }

    /// Makes this the columns `columns` of a matrix of `k` rows in panels of `size` columns. `unpack` gets the number of a panel and
    /// writes it into as many columns of the rows it is given, from the one on that it is told.
    #[inline(always)]
    fn unpack(&mut self, k: usize, columns: Range<usize>, size: usize, unpack: impl Fn(usize, &mut [[f32; gemm::PANEL]], usize)) {
        const PANEL: usize = gemm::PANEL;
        self.reshape(k, columns.len());
        let mut room = Vec::new();
        for panel in columns.start / size..columns.end.div_ceil(size) {
            let first = panel * size;
            let whole = columns.start <= first && first + size <= columns.end && (first - columns.start).is_multiple_of(size);
            if whole {
                let at = first - columns.start;
                unpack(panel, self.panel_mut(at / PANEL), at % PANEL);
                continue;
            }
            room.resize(k, [0.0; PANEL]);
            unpack(panel, &mut room, 0);
            for column in first.max(columns.start)..columns.end.min(first + size) {
                let at = column - columns.start;
                for (row, values) in self.panel_mut(at / PANEL).iter_mut().zip(&room) {
                    row[at % PANEL] = values[column - first];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::noise;
    use super::*;
    use proptest::prelude::*;

    fn panels(packed: &gemm::Packed) -> Vec<&[[f32; gemm::PANEL]]> {
        (0..packed.n().div_ceil(gemm::PANEL)).map(|panel| packed.panel(panel)).collect()
    }

    proptest! {
        /// Also where memory is used again: what pads the columns is zero.
        #[test]
        fn columns_are_those_that_were_packed(
            blocks in 1usize..4,
            shorter in 0usize..BLOCK,
            n in 1usize..60,
            range in any::<[prop::sample::Index; 2]>(),
            aligned: bool,
            seed: u64,
        ) {
            let bound = |i: usize| range[i].index(n + 1) / if aligned { 16 } else { 1 } * if aligned { 16 } else { 1 };
            let columns = bound(0).min(bound(1))..bound(0).max(bound(1));
            let integers: Vec<i8> = noise(seed).map(|s| (s >> 40) as i8).take(n * blocks * BLOCK).collect();
            let scale = |i: usize| (i % 7 + 1) as f32 * 0.25;
            let column = |c: usize| &integers[c * blocks * BLOCK..][..blocks * BLOCK];
            let expected = |k: usize, scale: &dyn Fn(usize, usize) -> f32| {
                let mut out = gemm::Packed::zeros(k, columns.len());
                for (at, c) in columns.clone().enumerate() {
                    out.set_column(at, &column(c).iter().enumerate().map(|(i, x)| f32::from(*x) * scale(c, i)).take(k).collect::<Vec<_>>());
                }
                out
            };
            let mut got = gemm::Packed::zeros(50, 70);
            (0..50).for_each(|row| got.set_row(row, &[9.0; 70]));

            let mut bytes = gemm_i8::Packed::zeros(blocks * BLOCK, n);
            for (c, block) in (0..n).flat_map(|c| (0..blocks).map(move |block| (c, block))) {
                bytes.set_block(c, block, column(c)[block * BLOCK..].first_chunk().unwrap(), scale(c + block));
            }
            let want = expected(blocks * BLOCK, &|c, i| scale(c + i / BLOCK));
            got.unpack_i8(&bytes, columns.clone());
            prop_assert_eq!(panels(&got), panels(&want));

            let k = blocks * BLOCK - shorter;
            let mut words = gemm_i16::Packed::zeros(k, n);
            (0..n).for_each(|c| words.set_column(c, &column(c)[..k].iter().map(|x| (*x).into()).collect::<Vec<_>>()));
            let scales: Vec<f32> = (0..n.next_multiple_of(gemm_i16::PANEL)).map(scale).collect();
            let want = expected(k, &|c, _| scale(c));
            got.unpack_i16(&words, &scales, columns.clone());
            prop_assert_eq!(panels(&got), panels(&want));

            let mut floats = gemm::Packed::zeros(k, n);
            (0..n).for_each(|c| floats.set_column(c, &column(c)[..k].iter().map(|x| f32::from(*x) * scale(c)).collect::<Vec<_>>()));
            got.unpack_floats(&floats, columns.clone());
            prop_assert_eq!(panels(&got), panels(&want));
        }
    }
}
