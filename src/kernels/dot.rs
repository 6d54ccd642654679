//! Sums and dot products in a fixed order.

/// Sum of `values` in eight interleaved partial sums, so that the order of additions depends on the length alone and
/// vector units can be used.
pub fn lane_sum(values: &[f32]) -> f32 {
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

/// Greatest of `values`; negative infinity for none. What is not a number may be passed over.
pub fn lane_max(values: &[f32]) -> f32 {
    let (chunks, rest) = values.as_chunks::<8>();
    let mut lanes = [f32::NEG_INFINITY; 8];
    let keep = |m: &mut f32, x: &f32| *m = if *x > *m { *x } else { *m };
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(m, x)| keep(m, x));
    }
    lanes.iter_mut().zip(rest).for_each(|(m, x)| keep(m, x));
    lanes.into_iter().fold(f32::NEG_INFINITY, |m, x| if x > m { x } else { m })
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

/// Sum of eight partial sums.
pub fn fold_lanes(lanes: [f32; 8]) -> f32 {
    let quads = [lanes[0] + lanes[4], lanes[1] + lanes[5], lanes[2] + lanes[6], lanes[3] + lanes[7]];
    (quads[0] + quads[2]) + (quads[1] + quads[3])
}

#[cfg(test)]
mod tests {
    use super::super::{bits, floats};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sum_every_eighth_value_and_then_those(pairs in prop::collection::vec((floats(), floats()), 0..70)) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let fold = |values: Vec<f32>| fold_lanes(std::array::from_fn(|lane| values.iter().skip(lane).step_by(8).fold(0.0, |sum, x| sum + x)));
            let products = a.iter().zip(&b).map(|(x, y)| x * y).collect();
            prop_assert_eq!(bits(&[dot(&a, &b), lane_sum(&a)]), bits(&[fold(products), fold(a.clone())]));
            let numbers: Vec<f32> = a.into_iter().filter(|x| !x.is_nan()).collect();
            prop_assert_eq!(lane_max(&numbers), numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        }

        #[test]
        fn agree_with_f64(pairs in prop::collection::vec((-9f32..9.0, -127f32..127.0), 0..400)) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let exact: f64 = a.iter().zip(&b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
            let magnitude: f64 = a.iter().zip(&b).map(|(&x, &y)| (f64::from(x) * f64::from(y)).abs()).sum();
            prop_assert!((f64::from(dot(&a, &b)) - exact).abs() <= 1e-5 * magnitude + 1e-9);
            let sum: f64 = a.iter().map(|&x| f64::from(x)).sum();
            prop_assert!((f64::from(lane_sum(&a)) - sum).abs() <= 1e-2);
            prop_assert_eq!(lane_max(&a), a.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        }
    }
}
