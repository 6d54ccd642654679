//! Dot products of one vector of 16-bit integers with many of bytes: exact, so the same on every target.

/// A vector of floats as 16-bit integers and a factor: `x = scale * values`.
///
/// The values are as large as sums over a row may be without overflow, so the width decides on the precision: 16 bits up
/// to a width of 512, one less for each doubling. With `s` the factor and `r` a row, the dot product differs from the
/// exact one by at most `s / 2` times the sum of `|r|`, which for unit vectors of 384 to 1024 dimensions is some 1e-5.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantized {
    values: Vec<i16>,
    scale: f32,
}

impl Quantized {
    /// Quantizes a vector. If one of its values is not a finite number, neither is the factor.
    pub fn new(vector: &[f32]) -> Self {
        let limit = greatest(vector.len());
        let finite = vector.iter().all(|x| x.is_finite());
        let scale = if finite { vector.iter().fold(0f32, |m, x| m.max(x.abs())) / f32::from(limit) } else { f32::NAN };
        // Rounding of the quotient must not carry a value beyond the limit. `as` makes 0 of what is not a number.
        let quantize = |x: &f32| ((x / scale).round() as i16).clamp(-limit, limit);
        Self { values: vector.iter().map(quantize).collect(), scale }
    }

    /// The integers.
    pub fn values(&self) -> &[i16] {
        &self.values
    }

    /// The factor.
    pub fn scale(&self) -> f32 {
        self.scale
    }
}

/// Greatest magnitude of a value such that no sum of `width` products with a byte, -128 included, leaves an i32.
fn greatest(width: usize) -> i16 {
    let bound = i32::MAX as usize / (128 * width.max(1));
    i16::try_from(bound).unwrap_or(i16::MAX)
}

/// The dot products of a vector with rows of as many bytes, one after the other in `rows`.
///
/// # Panics
/// If `rows` does not hold one row for each value of `out`.
pub fn dots(vector: &Quantized, rows: &[i8], out: &mut [i32]) {
    assert_eq!(rows.len(), vector.values.len() * out.len(), "as many rows as results");
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    simd128::dots(&vector.values, rows, out);
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, the one feature that `dots_avx2` is compiled for. Its body is safe code.
        return unsafe { dots_avx2(&vector.values, rows, out) };
    }
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    dots_portable(&vector.values, rows, out);
}

/// [`dots`] in plain Rust: what every other version must equal.
pub fn dots_reference(vector: &Quantized, rows: &[i8], out: &mut [i32]) {
    assert_eq!(rows.len(), vector.values.len() * out.len(), "as many rows as results");
    dots_portable(&vector.values, rows, out);
}

/// Sums of integers may be taken in any order, so the compiler is free to use what vector instructions there are.
#[inline(always)]
fn dots_portable(vector: &[i16], rows: &[i8], out: &mut [i32]) {
    for (row, out) in rows.chunks_exact(vector.len().max(1)).zip(out.iter_mut()) {
        *out = dot(vector, row);
    }
    if vector.is_empty() {
        out.fill(0);
    }
}

#[inline(always)]
fn dot(vector: &[i16], row: &[i8]) -> i32 {
    vector.iter().zip(row).map(|(&x, &y)| i32::from(x) * i32::from(y)).sum()
}

/// [`dots_portable`] compiled for AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dots_avx2(vector: &[i16], rows: &[i8], out: &mut [i32]) {
    dots_portable(vector, rows, out);
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128 {
    use core::arch::wasm32::*;

    /// Rows that share each load of the vector.
    const ROWS: usize = 4;

    pub fn dots(vector: &[i16], rows: &[i8], out: &mut [i32]) {
        let width = vector.len();
        let (groups, rest) = out.as_chunks_mut::<ROWS>();
        let (first, last) = rows.split_at(groups.len() * ROWS * width);
        if width == 0 {
            return out.fill(0);
        }
        for (rows, out) in first.chunks_exact(ROWS * width).zip(groups) {
            *out = some_dots::<ROWS>(vector, std::array::from_fn(|i| &rows[i * width..][..width]));
        }
        for (row, out) in last.chunks_exact(width).zip(rest) {
            [*out] = some_dots::<1>(vector, [row]);
        }
    }

    #[inline(always)]
    fn some_dots<const N: usize>(vector: &[i16], rows: [&[i8]; N]) -> [i32; N] {
        let (vectors, vector_rest) = vector.as_chunks::<8>();
        let rows = rows.map(|row| row.as_chunks::<8>());
        let mut sums = [i32x4_splat(0); N];
        for (i, x) in vectors.iter().enumerate() {
            let x = load(x);
            for (sum, (chunks, _)) in sums.iter_mut().zip(&rows) {
                // Two products of 16 bits by 8 fit into a lane of 32.
                *sum = i32x4_add(*sum, i32x4_dot_i16x8(x, widen(&chunks[i])));
            }
        }
        std::array::from_fn(|i| {
            let s = sums[i];
            let lanes = i32x4_extract_lane::<0>(s) + i32x4_extract_lane::<1>(s) + i32x4_extract_lane::<2>(s) + i32x4_extract_lane::<3>(s);
            lanes + super::dot(vector_rest, rows[i].1)
        })
    }

    /// Eight values.
    #[inline(always)]
    fn load(values: &[i16; 8]) -> v128 {
        // SAFETY: the sixteen bytes read are those of `values`; the instruction asks for no alignment.
        unsafe { v128_load(values.as_ptr().cast()) }
    }

    /// Eight bytes, widened to eight values.
    #[inline(always)]
    fn widen(bytes: &[i8; 8]) -> v128 {
        // SAFETY: the eight bytes read are those of `bytes`; the instruction asks for no alignment.
        unsafe { i16x8_load_extend_i8x8(bytes.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(f: fn(&Quantized, &[i8], &mut [i32]), vector: &Quantized, rows: &[i8]) -> Vec<i32> {
        let mut out = vec![-1; rows.len() / vector.values.len()];
        f(vector, rows, &mut out);
        out
    }

    /// Rows whose bytes are of one sign, of both, extreme or zero.
    fn row(width: usize) -> impl Strategy<Value = Vec<i8>> {
        let some = prop::collection::vec(any::<i8>(), width);
        prop_oneof![4 => some, 1 => Just(vec![-128; width]), 1 => Just(vec![127; width]), 1 => Just(vec![0; width])]
    }

    fn rows() -> impl Strategy<Value = (Vec<f32>, Vec<i8>)> {
        (1usize..80, 0usize..11).prop_flat_map(|(width, n)| {
            let vector = prop_oneof![prop::collection::vec(-1f32..1.0, width), Just(vec![1.0; width]), Just(vec![-0.0; width])];
            (vector, prop::collection::vec(row(width), n).prop_map(|rows| rows.concat()))
        })
    }

    proptest! {
        #[test]
        fn exact((vector, rows) in rows()) {
            let vector = Quantized::new(&vector);
            let product = |(&x, &y): (&i16, &i8)| i64::from(x) * i64::from(y);
            let want: Vec<i64> = rows.chunks(vector.values.len()).map(|row| vector.values.iter().zip(row).map(product).sum()).collect();
            for f in [dots, dots_reference] {
                prop_assert_eq!(run(f, &vector, &rows).into_iter().map(i64::from).collect::<Vec<_>>(), want.clone());
            }
        }

        #[test]
        fn near_the_dot_product_of_floats((vector, rows) in rows()) {
            let quantized = Quantized::new(&vector);
            for (row, sum) in rows.chunks(vector.len()).zip(run(dots, &quantized, &rows)) {
                let exact: f64 = vector.iter().zip(row).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
                let bytes: f64 = row.iter().map(|&y| f64::from(y).abs()).sum();
                let scale = f64::from(quantized.scale);
                prop_assert!((f64::from(sum) * scale - exact).abs() <= scale * 0.501 * bytes + 1e-6 * exact.abs());
            }
        }
    }

    #[test]
    fn no_width_overflows() {
        for width in [1, 7, 384, 511, 512, 513, 768, 1024, 4096, 1 << 16] {
            for (x, byte) in [(1.0, -128), (-1.0, -128), (1.0, 127), (-0.3, 127)] {
                let vector = Quantized::new(&vec![x; width]);
                let want = i64::from(vector.values[0]) * i64::from(byte) * width as i64;
                let rows = vec![byte as i8; 5 * width];
                assert_eq!(run(dots, &vector, &rows), [want as i32; 5]);
                assert_eq!(run(dots_reference, &vector, &rows), [i32::try_from(want).expect("no overflow"); 5]);
            }
        }
        assert_eq!(greatest(384), i16::MAX);
        assert_eq!(greatest(768), 21845);
    }

    #[test]
    fn zeros_and_what_is_not_a_number() {
        let zero = Quantized::new(&[0.0, -0.0]);
        assert_eq!((zero.values(), zero.scale()), (&[0, 0][..], 0.0));
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(Quantized::new(&[0.5, bad]).scale().is_nan());
        }
        // Subnormal factors: the quotient is large, never beyond the limit.
        let small = Quantized::new(&[f32::MIN_POSITIVE / 8.0, -f32::MIN_POSITIVE]);
        assert!(small.values().iter().all(|x| x.unsigned_abs() <= i16::MAX as u16), "{small:?}");
        let mut none: [i32; 3] = [7; 3];
        dots(&Quantized::new(&[]), &[], &mut none);
        assert_eq!(none, [0; 3]);
    }
}
