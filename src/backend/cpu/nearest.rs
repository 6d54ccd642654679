//! Late interaction: how near the rows of one text are to those of another.

use super::Buffer;
use crate::kernels::dot::{dot, lane_max};
use crate::kernels::gemm::{Packed, Rows, gemm};
use std::ops::Range;

/// PyTorch's `normalize` keeps each length from falling below this.
const LEAST_LENGTH: f32 = 1e-12;

/// See [`crate::backend::Backend::nearest`].
pub fn nearest(x: &Buffer, terms: &[f32], pairs: &[[Range<usize>; 2]]) -> Buffer {
    let inverse = |row: &[f32]| 1.0 / dot(row, row).sqrt().max(LEAST_LENGTH);
    let mut out = Buffer { values: Vec::new(), width: 2 };
    let (mut others, mut unit, mut products) = (Packed::zeros(0, 0), vec![0.0; x.width], Vec::new());
    for [queries, passage] in pairs {
        others.reshape(x.width, passage.len());
        for (column, row) in passage.clone().map(|row| x.row(row)).enumerate() {
            let inverse = inverse(row);
            unit.iter_mut().zip(row).for_each(|(to, x)| *to = x * inverse);
            others.set_column(column, &unit);
        }
        products.clear();
        products.resize(queries.len() * passage.len(), 0.0);
        let rows = Rows { values: &x.values[queries.start * x.width..], rows: queries.len(), stride: x.width };
        gemm(rows, &others, &mut products, passage.len());
        for (i, row) in queries.clone().map(|row| x.row(row)).enumerate() {
            let inverse = inverse(row);
            // Of nothing the greatest is negative infinity.
            let most = lane_max(&products[i * passage.len()..][..passage.len()]);
            out.values.extend([(most * inverse).max(-1.0), dot(row, terms) * inverse]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition.
    fn reference(x: &Buffer, terms: &[f32], pairs: &[[Range<usize>; 2]]) -> Vec<f64> {
        let unit = |row: usize| {
            let row: Vec<f64> = x.row(row).iter().map(|x| f64::from(*x)).collect();
            let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            row.into_iter().map(|x| x / length).collect::<Vec<_>>()
        };
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let terms: Vec<f64> = terms.iter().map(|x| f64::from(*x)).collect();
        let of_query = |row: usize, passage: &Range<usize>| {
            let query = unit(row);
            let most = passage.clone().map(|row| product(&query, &unit(row))).fold(-1.0, f64::max);
            [most, product(&query, &terms)]
        };
        pairs.iter().flat_map(|[queries, passage]| queries.clone().flat_map(move |row| of_query(row, passage))).collect()
    }

    proptest! {
        #[test]
        fn is_what_it_is_defined_as(
            lengths in prop::collection::vec((1usize..12, 0usize..40), 1..4),
            width in 1usize..70,
            seed in prop::collection::vec(-2f32..2.0, 512),
        ) {
            let mut start = 0;
            let pairs: Vec<_> = lengths.iter().map(|&(query, passage)| {
                let (begin, split) = (start, start + query);
                start = split + passage;
                [begin..split, split..start]
            }).collect();
            let value = |i: usize| seed[i % 512] + 0.37 * seed[(i / 512 + 7) % 512] + 0.01;
            let x = Buffer { values: (0..start * width).map(value).collect(), width };
            let terms: Vec<f32> = (0..width).map(|i| value(i * 31)).collect();
            let all = nearest(&x, &terms, &pairs);
            prop_assert_eq!(all.rows(), lengths.iter().map(|(query, _)| query).sum::<usize>());
            for (got, want) in all.values.iter().zip(reference(&x, &terms, &pairs)) {
                prop_assert!((f64::from(*got) - want).abs() < 1e-4, "{} instead of {}", got, want);
            }
            // Alone or among others: the same bits.
            let alone = nearest(&x, &terms, &pairs[..1]);
            prop_assert_eq!(&all.values[..alone.values.len()], &alone.values[..]);
        }
    }
}
