//! Softmax.

use super::{dot::lane_sum, exp::exp};

/// Softmax of one row in place, after multiplying it by `scale`; shifted by the maximum, so no overflow.
/// An empty row stays empty.
pub fn softmax(row: &mut [f32], scale: f32) {
    let max = row.iter().map(|x| x * scale).fold(f32::NEG_INFINITY, |max, x| if x > max { x } else { max });
    for x in row.iter_mut() {
        *x = exp(*x * scale - max);
    }
    let inverse = 1.0 / lane_sum(row);
    for x in row.iter_mut() {
        *x *= inverse;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_f64(row in prop::collection::vec(-40f32..40.0, 1..200)) {
            let mut got = row.clone();
            softmax(&mut got, 0.5);
            let exact: Vec<f64> = row.iter().map(|&x| (f64::from(x) * 0.5).exp()).collect();
            let sum: f64 = exact.iter().sum();
            for (g, e) in got.iter().zip(&exact) {
                prop_assert!((f64::from(*g) - e / sum).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn extremes() {
        let mut row = [3e38, -3e38, 3e38];
        softmax(&mut row, 1.0);
        assert!((row[0] - 0.5).abs() < 1e-6 && row[1] < 1e-30);
        softmax(&mut [], 1.0);
    }
}
