//! What `run.mjs` calls in WebAssembly and `main.rs` natively: an index of random unit vectors, and searches in it.

use std::cell::RefCell;
use tabrank::corpus::Document;
use tabrank::kernels::dot_i8::{Quantized, dots, dots_reference};
use tabrank::retrieve::DenseIndex;

/// Random numbers between -1 and 1 that are the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    fn unit(&mut self, width: usize) -> Vec<f32> {
        let vector: Vec<f32> = (0..width).map(|_| self.next()).collect();
        let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.into_iter().map(|x| x / norm).collect()
    }
}

thread_local! {
    static INDEX: RefCell<Option<(DenseIndex, usize)>> = const { RefCell::new(None) };
}

/// Makes an index of `n` random unit vectors.
#[unsafe(no_mangle)]
pub extern "C" fn dense_prepare(n: usize, width: usize) {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let documents: Vec<Document> = (0..n).map(|i| Document { id: i.to_string(), text: String::new(), title: None, shelf: None }).collect();
    let vectors: Vec<Vec<f32>> = (0..n).map(|_| random.unit(width)).collect();
    let index = DenseIndex::new(width, &documents, vectors.iter().map(Vec::as_slice), "random", "");
    INDEX.set(Some((index, width)));
}

/// Searches the `k` nearest of a random query; returns a checksum of documents and cosines, in their order.
#[unsafe(no_mangle)]
pub extern "C" fn dense_search(seed: u32, k: usize) -> u32 {
    INDEX.with_borrow(|index| {
        let (index, width) = index.as_ref().expect("prepared");
        let query = Random(u64::from(seed) << 32 | 0xD1B5_4A33).unit(*width);
        let fold = |sum: u32, value: u32| (sum ^ value).wrapping_mul(0x0100_0193);
        index.search(&query, k).iter().fold(0x811C_9DC5, |sum, hit| fold(fold(sum, hit.document as u32), hit.score.to_bits()))
    })
}

/// Compares the kernel of this target with its plain twin on all widths up to `widths`, on random and on extreme values;
/// returns the number of results that differ.
#[unsafe(no_mangle)]
pub extern "C" fn dense_check(widths: usize) -> usize {
    let mut random = Random(7);
    let mut wrong = 0;
    for width in (0..widths).chain([384, 512, 768, 1000, 1024, 4096]) {
        for n in [0, 1, 3, 4, 5, 9] {
            for extreme in [None, Some(-128), Some(127), Some(0)] {
                let vector: Vec<f32> = (0..width).map(|_| if extreme.is_some() { -1.0 } else { random.next() }).collect();
                let rows: Vec<i8> = (0..n * width).map(|_| extreme.unwrap_or_else(|| (random.next() * 128.0) as i8)).collect();
                let vector = Quantized::new(&vector);
                let (mut fast, mut plain) = (vec![1; n], vec![2; n]);
                dots(&vector, &rows, &mut fast);
                dots_reference(&vector, &rows, &mut plain);
                wrong += fast.iter().zip(&plain).filter(|(a, b)| a != b).count();
            }
        }
    }
    wrong
}
