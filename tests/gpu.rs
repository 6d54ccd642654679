//! Whole models on a GPU, against the CPU: on machines without one, on Vulkan in software.

mod common;

use common::*;
use pollster::block_on;
use std::rc::Rc;
use tabrank::backend::Cpu;
use tabrank::backend::gpu::{Device, Gpu, Tiling};
use tabrank::model::{BiEncoder, CrossEncoder};

const TILINGS: [Tiling; 3] = [Tiling::Workgroup, Tiling::Halves, Tiling::Quads];

fn device() -> Rc<Device> {
    block_on(Device::connect(false)).expect("a Vulkan driver, which Mesa has in software")
}

fn passages(n: usize) -> Vec<String> {
    json_lines("corpus/passages.jsonl").iter().take(n).map(|line| line["text"].as_str().unwrap().into()).collect()
}

/// What the CPU rounds, with its 16-bit rows, is in the difference: the GPU computes in f32.
#[test]
fn logits_are_those_of_the_cpu() {
    let file = cross_encoder_bytes();
    let (query, device) = ("a vector database that does not need a separate server to run", device());
    let cpu = CrossEncoder::load(&file[..], Cpu::default()).unwrap();
    let passages = passages(4);
    let pairs: Vec<_> = passages.iter().map(|passage| cpu.pair(&cpu.query(query).unwrap(), passage).unwrap()).collect();
    let want = block_on(cpu.score(&pairs)).unwrap();
    for tiling in TILINGS {
        let gpu = CrossEncoder::load(&file[..], Gpu::new(device.clone(), tiling)).unwrap();
        let got = block_on(gpu.score(&pairs)).unwrap();
        let most = got.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        println!("{tiling:?}: logits within {most:.4}");
        assert!(most < 0.1, "{got:?} {want:?}");
        // A pair alone has the bits that it has among others, be it of what is kept of its texts or computed anew.
        assert_eq!(block_on(gpu.score(&pairs[1..2])).unwrap()[0].to_bits(), got[1].to_bits());
        gpu.encoder().forget();
        assert_eq!(block_on(gpu.score(&pairs[2..3])).unwrap()[0].to_bits(), got[2].to_bits());
    }
}

#[test]
fn vectors_are_those_of_the_cpu() {
    let file = bi_encoder_bytes();
    let cpu = BiEncoder::load(&file[..], Cpu::default()).unwrap();
    let sequences: Vec<_> = passages(3).iter().map(|passage| cpu.document(passage).unwrap()).collect();
    let want = block_on(cpu.embed(&sequences)).unwrap();
    // Halves differ from the first in linear layers alone, which the other model has as well; software takes long over them.
    for tiling in [Tiling::Workgroup, Tiling::Quads] {
        let gpu = BiEncoder::load(&file[..], Gpu::new(device(), tiling)).unwrap();
        for (got, want) in block_on(gpu.embed(&sequences)).unwrap().iter().zip(&want) {
            let cosine: f32 = got.vector.iter().zip(&want.vector).map(|(a, b)| a * b).sum();
            assert!(cosine > 0.9998, "{cosine}");
        }
    }
}

/// Order by the CPU but for what the rounding of either may turn round.
#[test]
fn rankings_are_those_of_the_cpu() {
    const TIE: f32 = 0.1;
    let (file, device) = (cross_encoder_bytes(), device());
    let cpu = CrossEncoder::load(&file[..], Cpu::default()).unwrap();
    let gpu = CrossEncoder::load(&file[..], Gpu::new(device, Tiling::Quads)).unwrap();
    let corpus = json_lines("corpus/passages.jsonl");
    for query in json_lines("corpus/queries.jsonl").iter().step_by(64) {
        let shelf = query["shelf"].as_str().unwrap();
        let shelf = corpus.iter().filter(|passage| passage["shelf"] == shelf).take(5);
        let passages: Vec<&str> = shelf.map(|passage| passage["text"].as_str().unwrap()).collect();
        assert_eq!(passages.len(), 5);
        let tokens = cpu.query(query["text"].as_str().unwrap()).unwrap();
        let pairs: Vec<_> = passages.iter().map(|passage| cpu.pair(&tokens, passage).unwrap()).collect();
        let [want, got] = [block_on(cpu.score(&pairs)).unwrap(), block_on(gpu.score(&pairs)).unwrap()];
        for (i, j) in (0..5).flat_map(|i| (0..5).map(move |j| (i, j))) {
            assert!(want[i] < want[j] + TIE || got[i] > got[j], "{i} before {j}: {want:?} {got:?}");
        }
    }
}
