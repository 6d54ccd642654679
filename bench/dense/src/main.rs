//! `cargo run --release -p bench-dense [N] [WIDTH]`: the figures of `run.mjs`, natively.

use bench_dense::{dense_check, dense_prepare, dense_search};
use std::time::Instant;

fn main() {
    let mut numbers = std::env::args().skip(1).map(|a| a.parse().expect("a number"));
    let (n, width) = (numbers.next().unwrap_or(100_000), numbers.next().unwrap_or(384));
    println!("results of the kernel that differ from its plain twin's: {}", dense_check(70));
    dense_prepare(n, width);
    for k in [50, 1000, n] {
        let mut times: Vec<(f64, u32)> = (1..=21)
            .map(|seed| {
                let start = Instant::now();
                let sum = dense_search(seed, k);
                (start.elapsed().as_secs_f64() * 1e3, sum)
            })
            .collect();
        let first = times[0].1;
        times.sort_by(|a, b| a.0.total_cmp(&b.0));
        println!("native   {n} x {width}, k = {k}: median {:.2} ms, best {:.2} ms, checksum {first:08x}", times[10].0, times[0].0);
    }
}
