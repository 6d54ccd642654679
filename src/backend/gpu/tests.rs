//! Every operation against its twin on the CPU, in every tiling. What they read are rows of an embedding table, so that the
//! tests need nothing but the backends' own interface.

use super::*;
use crate::backend::{Activation, Cpu};
use crate::kernels::noise;
use crate::kernels::quant::quantize;
use proptest::prelude::*;
use std::cell::OnceCell;

thread_local!(static DEVICE: OnceCell<Rc<Device>> = const { OnceCell::new() });

fn device() -> Rc<Device> {
    let connect = || pollster::block_on(Device::connect(false)).expect("a Vulkan driver; ./build.sh test installs one in software");
    DEVICE.with(|device| device.get_or_init(connect).clone())
}

fn values(n: usize, seed: u64) -> Vec<f32> {
    noise(seed).map(|s| (s >> 40) as f32 / 8e6 - 1.0).take(n).collect()
}

/// Sequences of the given lengths over a vocabulary of [`WORDS`].
fn packing(lengths: &[usize], seed: u64) -> Packing {
    let mut packing = Packing::new();
    for (i, length) in lengths.iter().enumerate() {
        let ids: Vec<u32> = noise(seed ^ i as u64).map(|s| (s >> 33) as u32 % WORDS as u32).take(*length).collect();
        let types: Vec<u8> = (0..*length).map(|i| u8::from(2 * i > *length)).collect();
        packing.push(&ids, &types);
    }
    packing
}

const WORDS: usize = 50;
const POSITIONS: usize = 300;

/// A table whose rows the operations read.
fn embed<B: Backend>(backend: &B, width: usize, dtype: Dtype, packing: &Packing, seed: u64) -> B::Buffer {
    // Through 8 bits and back, so that every storage type holds the same.
    let bytes = quantize(&values(WORDS * width, seed), Dtype::Q8);
    let words = if dtype == Dtype::Q8 {
        bytes
    } else {
        let mut floats = vec![0.0; WORDS * width];
        dequantize(&bytes, Dtype::Q8, &mut floats);
        quantize(&floats, dtype)
    };
    let tables = backend.tables(Words { dtype, width, bytes: words }, values(POSITIONS * width, seed ^ 1), values(2 * width, seed ^ 2));
    backend.embed(&tables, &backend.norm(&values(width, seed ^ 3), &values(width, seed ^ 4), 1e-12), packing)
}

/// A layer with weights that 8 bits hold exactly, as the GPU gets them or as floats for the CPU.
fn linear<B: Backend>(backend: &B, dtype: Dtype, shapes: &[usize], inputs: usize, seed: u64) -> B::Linear {
    let encoded: Vec<Vec<u8>> = (0..)
        .zip(shapes)
        .map(|(i, outputs)| {
            let eight = quantize(&values(outputs * inputs, seed ^ i), Dtype::Q8);
            let mut floats = vec![0.0; outputs * inputs];
            dequantize(&eight, Dtype::Q8, &mut floats);
            if dtype == Dtype::Q8 { eight } else { quantize(&floats, dtype) }
        })
        .collect();
    let weights: Vec<Weight> = encoded.iter().zip(shapes).map(|(bytes, rows)| Weight { dtype, rows: *rows, cols: inputs, bytes }).collect();
    backend.linear(&weights, &values(shapes.iter().sum(), !seed))
}

fn read<B: Backend>(backend: &B, buffer: B::Buffer) -> Vec<f32> {
    pollster::block_on(backend.read(buffer)).unwrap()
}

/// What numbers of 11 binary digits may be off on average (the root of the mean of the squares). Not at most: the weights here are
/// large, so attention now and then hangs on the last digit of a score.
const HALVES: f32 = 2e-2;

/// Compares the GPU, in every tiling and for weights of either kind, with floats on the CPU.
fn compare(tolerance: f32, run: impl Fn(&mut dyn FnMut(Case))) -> Result<(), TestCaseError> {
    let mut outcome = Ok(());
    run(&mut |case| {
        let want = (case.cpu)(&Cpu::default(), Dtype::F32);
        for tiling in [Tiling::Workgroup, Tiling::Halves, Tiling::Quads] {
            for dtype in [Dtype::Q8, Dtype::F32] {
                let got = (case.gpu)(&Gpu::new(device(), tiling), dtype);
                let off = |(a, b): (&f32, &f32)| (a - b).abs() / (1.0 + b.abs());
                let mean = (got.iter().zip(&want).map(|pair| off(pair).powi(2)).sum::<f32>() / got.len() as f32).sqrt();
                // Written so that what is not a number is too much.
                let near = if tiling == Tiling::Halves { mean <= HALVES } else { got.iter().zip(&want).all(|pair| off(pair) <= tolerance) };
                let within = got.len() == want.len() && near;
                if !within {
                    let most = got.iter().zip(&want).map(off).fold(0.0, f32::max);
                    outcome = Err(TestCaseError::fail(format!(
                        "{tiling:?} {dtype:?}: off by {most:e} at most, {mean:e} on average, {} values for {}",
                        got.len(),
                        want.len()
                    )));
                }
            }
        }
    });
    outcome
}

/// One computation for both backends.
struct Case<'c> {
    cpu: &'c dyn Fn(&Cpu, Dtype) -> Vec<f32>,
    gpu: &'c dyn Fn(&Gpu, Dtype) -> Vec<f32>,
}

/// The same text for both backends, as closures can't be generic.
macro_rules! twins {
    ($tolerance:expr, |$backend:ident, $dtype:ident| $body:expr) => {
        compare($tolerance, |check| check(Case { cpu: &|$backend, $dtype| $body, gpu: &|$backend, $dtype| $body }))
    };
}

fn lengths() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1usize..20, 60usize..150], 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn embeddings(lengths in lengths(), blocks in 1usize..13, seed: u64) {
        let packing = packing(&lengths, seed);
        twins!(5e-5, |backend, dtype| read(backend, embed(backend, 32 * blocks, dtype, &packing, seed)))?;
    }

    #[test]
    fn linear_layers(
        lengths in lengths(),
        blocks in 1usize..13,
        outputs in prop_oneof![1usize..10, 60usize..200],
        activation in prop::sample::select(vec![Activation::Identity, Activation::Gelu, Activation::Tanh]),
        seed: u64,
    ) {
        let packing = packing(&lengths, seed);
        twins!(1e-4, |backend, dtype| {
            let x = embed(backend, 32 * blocks, Dtype::F32, &packing, seed);
            read(backend, backend.apply(&linear(backend, dtype, &[outputs], 32 * blocks, seed), &x, activation))
        })?;
    }

    #[test]
    fn attention(
        lengths in lengths(),
        heads in 1usize..4,
        size in prop::sample::select(vec![32usize, 64]),
        kind in prop::sample::select(vec![(Carried::All, false), (Carried::All, true), (Carried::First, false)]),
        seed: u64,
    ) {
        let ((carried, gated), width) = (kind, heads * size);
        // Through gates, sequences go two by two.
        let packing = packing(&if gated { lengths.repeat(2) } else { lengths }, seed);
        let gates = gated.then(|| values(heads, seed ^ 7).iter().map(|x| 4.0 * x).collect::<Vec<_>>());
        twins!(1e-4, |backend, dtype| {
            let mut x = embed(backend, width, Dtype::F32, &packing, seed);
            let attention = Attention {
                qkv: linear(backend, dtype, &[width; 3], width, seed ^ 10),
                output: linear(backend, dtype, &[width], width, seed ^ 20),
                norm: backend.norm(&values(width, seed ^ 5), &values(width, seed ^ 6), 1e-12),
                heads,
                gates: gates.as_deref().map(|gates| backend.numbers(gates)),
            };
            backend.attend(&attention, &mut x, &packing, carried);
            read(backend, x)
        })?;
    }

    #[test]
    fn feed_forward(lengths in lengths(), blocks in 1usize..7, seed: u64) {
        let (packing, width) = (packing(&lengths, seed), 32 * blocks);
        twins!(1e-4, |backend, dtype| {
            let mut x = embed(backend, width, Dtype::F32, &packing, seed);
            let layer = FeedForward {
                up: linear(backend, dtype, &[4 * width], width, seed ^ 10),
                down: linear(backend, dtype, &[width], 4 * width, seed ^ 20),
                norm: backend.norm(&values(width, seed ^ 5), &values(width, seed ^ 6), 1e-12),
            };
            backend.feed_forward(&layer, &mut x);
            read(backend, x)
        })?;
    }

    #[test]
    fn collected_rows(lengths in lengths(), blocks in 1usize..13, picks in prop::collection::vec(any::<[prop::sample::Index; 3]>(), 1..9), seed: u64) {
        let (one, other) = (packing(&lengths, seed), packing(&lengths, !seed));
        let n = one.tokens();
        let parts: Vec<_> = picks.iter().map(|[which, a, b]| (which.index(2), a.index(n).min(b.index(n))..a.index(n).max(b.index(n)) + 1)).collect();
        twins!(5e-5, |backend, _dtype| {
            let both = [&one, &other].map(|packing| embed(backend, 32 * blocks, Dtype::F32, packing, seed));
            let parts: Vec<_> = parts.iter().map(|(which, rows)| (&both[*which], rows.clone())).collect();
            read(backend, backend.collect(&parts))
        })?;
    }

    #[test]
    fn means(lengths in lengths(), blocks in 1usize..13, seed: u64) {
        let packing = packing(&lengths, seed);
        let ranges: Vec<_> = packing.ranges().flat_map(|r| [r.start..r.start + 1, r]).collect();
        twins!(5e-5, |backend, _dtype| read(backend, backend.mean(&embed(backend, 32 * blocks, Dtype::F32, &packing, seed), &ranges)))?;
    }

    #[test]
    fn nearest_rows(lengths in prop::collection::vec((1usize..20, 0usize..150), 1..5), blocks in 1usize..13, seed: u64) {
        let packing = packing(&lengths.iter().flat_map(|&(query, passage)| [query, passage + 1]).collect::<Vec<_>>(), seed);
        // A passage without its first row may have none.
        let pairs: Vec<_> = packing.pairs().map(|(both, second)| [both.start..second, second + 1..both.end]).collect();
        let terms = values(32 * blocks, !seed);
        twins!(1e-4, |backend, _dtype| {
            let x = embed(backend, 32 * blocks, Dtype::F32, &packing, seed);
            let nearest = backend.nearest(&x, &backend.numbers(&terms), &pairs);
            let [nearest, means] = pollster::block_on(backend.read_all([nearest, backend.mean(&x, &[0..1, 0..2])])).unwrap();
            [nearest, means].concat()
        })?;
    }

    /// Alone or among others: the same bits.
    #[test]
    fn rows_do_not_know_of_each_other(lengths in lengths(), at: prop::sample::Index, seed: u64) {
        let width = 64;
        let run = |gpu: &Gpu, lengths: &[usize], seed: u64| {
            let packing = packing(lengths, seed);
            let mut x = embed(gpu, width, Dtype::Q8, &packing, 1);
            let attention = Attention {
                qkv: linear(gpu, Dtype::Q8, &[width; 3], width, 2),
                output: linear(gpu, Dtype::Q8, &[width], width, 3),
                norm: gpu.norm(&values(width, 4), &values(width, 5), 1e-12),
                heads: 2,
                gates: None,
            };
            gpu.attend(&attention, &mut x, &packing, Carried::All);
            read(gpu, x)
        };
        let at = at.index(lengths.len());
        let start: usize = lengths[..at].iter().sum();
        for tiling in [Tiling::Workgroup, Tiling::Halves, Tiling::Quads] {
            let gpu = Gpu::new(device(), tiling);
            let all = run(&gpu, &lengths, seed);
            let alone = run(&gpu, &lengths[at..=at], seed ^ at as u64);
            prop_assert_eq!(&all[start * width..][..alone.len()], &alone[..]);
        }
    }
}

#[test]
fn a_lost_device_is_reported() {
    let device = pollster::block_on(Device::connect(false)).unwrap();
    let gpu = Gpu::new(device, Tiling::Quads);
    let x = embed(&gpu, 32, Dtype::Q8, &packing(&[5], 1), 1);
    gpu.device().destroy();
    assert!(matches!(pollster::block_on(gpu.read(x)), Err(DeviceError::Lost(_) | DeviceError::Failed(_))));
}

#[test]
fn a_shader_that_does_not_compile_is_reported() {
    let device = pollster::block_on(Device::connect(false)).unwrap();
    let shader = Shader::new("wrong", &[], &["@compute @workgroup_size(1) fn main() { let x: f32 = 1u; }"]);
    device.dispatch(&shader, &[], &[], [1, 1]);
    let block = device.block(4);
    let error = pollster::block_on(device.read(&[(&block, 4)])).unwrap_err();
    assert!(matches!(&error, DeviceError::Failed(message) if message.contains("wrong")), "{error}");
}
