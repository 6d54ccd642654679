//! model.safetensors on its way in: encoded as it arrives, so that no more than the result is ever kept.

use super::ConvertError;
use super::plan::{NamedTensor, Plan, wrong};
use crate::kernels::quant::{Dtype, quantize};
use safetensors::Dtype as Number;
use safetensors::tensor::Metadata;
use sha2::{Digest, Sha256};

/// Bytes in which the header's size is written.
const SIZE: usize = 8;
/// More than any checkpoint of the kind that is handled has.
const LARGEST_HEADER: u64 = 16 << 20;
/// Bytes decoded at a time.
const STRETCH: usize = 1 << 16;

/// The file, as far as it has arrived.
pub struct Weights {
    hash: Sha256,
    state: State,
}

enum State {
    /// Its header, or a part of it.
    Header(Vec<u8>),
    Tensors(Filling),
}

/// Tensors, and where the next byte belongs.
struct Filling {
    plan: Plan,
    /// The piece that is arriving, and how much of it has arrived.
    piece: usize,
    arrived: usize,
    /// What has arrived and isn't a whole block yet.
    rest: Vec<u8>,
}

impl Weights {
    pub fn new() -> Self {
        Self { hash: Sha256::new(), state: State::Header(Vec::new()) }
    }

    /// Takes the next bytes; `plan` is asked once, when the header is there.
    pub fn push(&mut self, mut bytes: &[u8], plan: impl Fn(&Metadata) -> Result<Plan, ConvertError>) -> Result<(), ConvertError> {
        self.hash.update(bytes);
        while let State::Header(header) = &mut self.state {
            let sized = header.len() >= SIZE;
            let wanted = if sized { header_size(header)? } else { SIZE };
            let (part, others) = bytes.split_at((wanted - header.len()).min(bytes.len()));
            header.extend(part);
            bytes = others;
            if header.len() < wanted {
                return Ok(());
            }
            if !sized {
                continue;
            }
            let metadata: Metadata = serde_json::from_slice(&header[SIZE..]).map_err(wrong)?;
            self.state = State::Tensors(Filling { plan: plan(&metadata)?, piece: 0, arrived: 0, rest: Vec::new() });
        }
        match &mut self.state {
            State::Header(_) => Ok(()),
            State::Tensors(filling) => filling.push(bytes),
        }
    }

    /// SHA-256 of what has arrived.
    pub fn sha256(&self) -> String {
        format!("{:x}", self.hash.clone().finalize())
    }

    /// All tensors.
    pub fn finish(self) -> Result<Vec<NamedTensor>, ConvertError> {
        match self.state {
            State::Tensors(filling) => filling.finish(),
            State::Header(_) => Err(wrong("it ends within its header")),
        }
    }
}

/// Bytes of the header with its size before it.
fn header_size(header: &[u8]) -> Result<usize, ConvertError> {
    let size = header.first_chunk().map_or(0, |size| u64::from_le_bytes(*size));
    if size > LARGEST_HEADER { Err(wrong(format!("its header claims to have {size} bytes"))) } else { Ok(SIZE + size as usize) }
}

impl Filling {
    fn push(&mut self, mut bytes: &[u8]) -> Result<(), ConvertError> {
        while !bytes.is_empty() {
            let Some(piece) = self.plan.pieces.get(self.piece) else {
                return Err(wrong("it is longer than its header says"));
            };
            let (part, others) = bytes.split_at((piece.bytes - self.arrived).min(bytes.len()));
            bytes = others;
            self.take(part)?;
            if self.arrived == self.plan.pieces[self.piece].bytes {
                (self.piece, self.arrived) = (self.piece + 1, 0);
            }
        }
        Ok(())
    }

    /// Takes bytes of the piece that is arriving.
    fn take(&mut self, part: &[u8]) -> Result<(), ConvertError> {
        let piece = &self.plan.pieces[self.piece];
        let Some(to) = piece.to else {
            self.arrived += part.len();
            return Ok(());
        };
        let tensor = &mut self.plan.tensors[to];
        let number = size_of_number(piece.number);
        if self.arrived == 0 {
            let size = tensor.dtype.bytes_for(piece.bytes / number).ok_or_else(|| wrong(format!("{}: no whole blocks", piece.name)))?;
            tensor.bytes.try_reserve_exact(size).map_err(|_| ConvertError::OutOfMemory(size))?;
        }
        let block = tensor.dtype.block_len() * number;
        for part in part.chunks(STRETCH) {
            let before = (self.arrived - self.rest.len()) / number;
            self.rest.extend(part);
            self.arrived += part.len();
            let whole = self.rest.len() / block * block;
            let values = numbers(&self.rest[..whole], piece.number);
            if let Some(at) = values.iter().position(|x| !x.is_finite()) {
                return Err(wrong(format!("{}: value {} is not a number", piece.name, before + at)));
            }
            append(tensor, &values);
            self.rest.drain(..whole);
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<NamedTensor>, ConvertError> {
        match self.plan.pieces[self.piece..].iter().find(|piece| piece.bytes > 0) {
            None => Ok(self.plan.tensors),
            Some(piece) => Err(wrong(format!("it ends within {}", piece.name))),
        }
    }
}

fn append(tensor: &mut NamedTensor, values: &[f32]) {
    match tensor.dtype {
        // Without the detour through a second buffer.
        Dtype::F32 => tensor.bytes.extend(values.iter().flat_map(|x| x.to_le_bytes())),
        dtype => tensor.bytes.extend(quantize(values, dtype)),
    }
}

/// Bytes of a number. There are no others: see the plan.
fn size_of_number(number: Number) -> usize {
    if number == Number::F32 { 4 } else { 2 }
}

fn numbers(bytes: &[u8], number: Number) -> Vec<f32> {
    match number {
        Number::F32 => bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        Number::F16 => bytes.as_chunks::<2>().0.iter().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect(),
        _ => bytes.as_chunks::<2>().0.iter().map(|b| half::bf16::from_le_bytes(*b).to_f32()).collect(),
    }
}
