//! Layer norm.

use super::dot::{dot, lane_sum};

/// Layer norm of one row in place: (x - mean) / sqrt(variance + epsilon) * weight + bias, with the biased variance.
///
/// `row`, `weight` and `bias` have one length. Ba, Kiros and Hinton, "Layer Normalization" (2016).
pub fn layer_norm(row: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
    debug_assert!(row.len() == weight.len() && row.len() == bias.len());
    let n = row.len() as f32;
    let mean = lane_sum(row) / n;
    for x in row.iter_mut() {
        *x -= mean;
    }
    let scale = 1.0 / (dot(row, row) / n + epsilon).sqrt();
    for ((x, w), b) in row.iter_mut().zip(weight).zip(bias) {
        *x = *x * scale * w + b;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{bits, floats};
    use super::*;
    use proptest::prelude::*;
    use std::hint::black_box;

    proptest! {
        #[test]
        fn equals_itself_one_value_at_a_time(values in prop::collection::vec((floats(), floats(), floats()), 1..70)) {
            let row: Vec<f32> = values.iter().map(|(x, ..)| *x).collect();
            let (weight, bias): (Vec<f32>, Vec<f32>) = values.iter().map(|(_, w, b)| (*w, *b)).unzip();
            let mut got = row.clone();
            layer_norm(&mut got, &weight, &bias, 1e-12);
            let n = row.len() as f32;
            let mean = lane_sum(&row) / n;
            let centred: Vec<f32> = row.iter().map(|x| black_box(*x) - mean).collect();
            let scale = 1.0 / (dot(&centred, &centred) / n + 1e-12).sqrt();
            let want: Vec<f32> = centred.iter().zip(&values).map(|(x, (_, w, b))| black_box(*x) * scale * w + b).collect();
            prop_assert_eq!(bits(&got), bits(&want));
        }

        #[test]
        fn agrees_with_f64(row in prop::collection::vec(-50f32..50.0, 2..400)) {
            let n = row.len() as f64;
            let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
            let variance = row.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
            prop_assume!(variance > 1e-2);
            let (weight, bias) = (vec![1.5; row.len()], vec![-0.25; row.len()]);
            let mut got = row.clone();
            layer_norm(&mut got, &weight, &bias, 1e-12);
            for (g, x) in got.iter().zip(&row) {
                let want = (f64::from(*x) - mean) / (variance + 1e-12).sqrt() * 1.5 - 0.25;
                prop_assert!((f64::from(*g) - want).abs() < 1e-4, "{g} {want}");
            }
        }
    }

    #[test]
    fn a_constant_row_becomes_the_bias() {
        let mut row = [3.0; 16];
        layer_norm(&mut row, &[2.0; 16], &[0.5; 16], 1e-12);
        assert_eq!(row, [0.5; 16]);
    }
}
