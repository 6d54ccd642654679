//! Two-stage search that runs wholly inside a browser tab.
//!
//! A bi-encoder (the scout) makes one vector of each text and retrieves candidates by cosine; a cross-encoder (the
//! judge) reads the query and each candidate together and reorders them by its raw logit. The same engine runs
//! natively and in WebAssembly, and gives the same bits in both.
//!
//! Rooms, each knowing only those after it: [`pipeline`], [`trial`], [`retrieve`] / [`rerank`] / [`evaluate`], [`model`],
//! [`backend`], [`kernels`]. [`corpus`] and [`convert`] read what people bring.

#![deny(missing_docs)]

pub mod backend;
pub mod convert;
pub mod corpus;
mod error;
pub mod evaluate;
pub mod kernels;
pub mod model;
pub mod pipeline;
pub mod rerank;
pub mod retrieve;
pub mod trial;
#[cfg(all(target_arch = "wasm32", feature = "gpu"))]
mod wasm;

pub use error::Error;
