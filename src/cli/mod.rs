//! The native command line.

mod eval;
mod files;
mod first;
mod models;
mod output;
mod search;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;
use tabrank::backend::{Cpu, Products};
use tabrank::kernels::quant::Dtype;
use tabrank::model::Pooling;

/// Two-stage search: a bi-encoder retrieves, a cross-encoder reranks.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

/// Where models and corpus are.
#[derive(Args)]
pub struct Place {
    /// Folder with manifest.json and the model files.
    #[arg(long, global = true, default_value = "models")]
    models: PathBuf,
    /// Id of a bi-encoder in the manifest, or a GGUF file. Default: the manifest's.
    #[arg(long, global = true)]
    bi_encoder: Option<String>,
    /// Id of a cross-encoder in the manifest, or a GGUF file. Default: the manifest's.
    #[arg(long, global = true)]
    cross_encoder: Option<String>,
    /// Documents as JSON Lines: {"id", "text"}.
    #[arg(long, global = true, default_value = "corpus/passages.jsonl")]
    documents: PathBuf,
    /// Index file of these documents. Default: index.safetensors in the models folder.
    #[arg(long, global = true)]
    index: Option<PathBuf>,
    /// Compute as this build of the WebAssembly engine does, to the bit.
    #[arg(long, global = true, value_enum, default_value_t = Build::Simd128)]
    build: Build,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

impl Place {
    fn index_path(&self) -> PathBuf {
        self.index.clone().unwrap_or_else(|| self.models.join("index.safetensors"))
    }

    fn backend(&self) -> Cpu {
        let products = match self.build {
            Build::Simd128 => Products::Words,
            Build::RelaxedSimd => Products::Planes,
        };
        Cpu { products }
    }
}

#[derive(Subcommand)]
enum Command {
    /// Search the corpus: retrieve a pool by cosine, rerank it by logit.
    Search {
        /// What to look for.
        query: String,
        /// Candidates that the cross-encoder reads.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        pool: u32,
        /// Results shown.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
        top_k: u32,
        #[command(flatten)]
        first: first::FirstStage,
    },
    /// Score passages against a query with the cross-encoder.
    Rerank {
        /// The query.
        query: String,
        /// Passages. Without any, lines are read from standard input.
        passages: Vec<String>,
    },
    /// Print the vectors of texts.
    Embed {
        /// Texts. Without any, lines are read from standard input.
        texts: Vec<String>,
        /// Treat them as queries: some models want a prefix before those.
        #[arg(long)]
        query: bool,
    },
    /// Measure labelled queries before and after reranking.
    Eval(eval::Eval),
    /// Embed the documents into an index file.
    Index {
        /// The file to write. Default: that of --index.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Convert a Hugging Face folder into a GGUF file.
    Convert {
        /// Folder with config.json, tokenizer.json, model.safetensors and, for a bi-encoder, 1_Pooling/config.json.
        folder: PathBuf,
        /// The file to write.
        out: PathBuf,
        /// How the large matrices are stored.
        #[arg(long, value_enum, default_value_t = Storage::Q8_0)]
        dtype: Storage,
        /// The model's id. Default: the folder's name.
        #[arg(long)]
        id: Option<String>,
        /// Licence of the weights.
        #[arg(long)]
        licence: Option<String>,
        /// Pooling of a bi-encoder that does not state it.
        #[arg(long, value_enum)]
        pooling: Option<PoolingName>,
        /// Longest input in tokens.
        #[arg(long)]
        max_tokens: Option<usize>,
        /// What a bi-encoder wants before a query.
        #[arg(long)]
        query_prefix: Option<String>,
    },
    /// Print what a model file holds.
    Inspect {
        /// A GGUF file.
        file: PathBuf,
    },
    /// Check the model files against the manifest.
    Verify,
}

#[derive(Clone, Copy, ValueEnum)]
#[allow(non_camel_case_types)] // the names that GGUF tools use
enum Storage {
    #[value(name = "q8_0")]
    Q8_0,
    #[value(name = "q4_0")]
    Q4_0,
    F16,
    F32,
}

/// The builds of the WebAssembly engine.
#[derive(Clone, Copy, ValueEnum)]
enum Build {
    /// For every browser: 16-bit integers.
    Simd128,
    /// For processors that multiply bytes much faster: 8-bit integers.
    RelaxedSimd,
}

#[derive(Clone, Copy, ValueEnum)]
enum PoolingName {
    Mean,
    Cls,
}

impl From<Storage> for Dtype {
    fn from(storage: Storage) -> Self {
        match storage {
            Storage::Q8_0 => Self::Q8,
            Storage::Q4_0 => Self::Q4,
            Storage::F16 => Self::F16,
            Storage::F32 => Self::F32,
        }
    }
}

impl From<PoolingName> for Pooling {
    fn from(name: PoolingName) -> Self {
        match name {
            PoolingName::Mean => Self::Mean,
            PoolingName::Cls => Self::Cls,
        }
    }
}

/// What the command line reports: an error of the engine, or of a file.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// From the engine.
    #[error(transparent)]
    Engine(#[from] tabrank::Error),
    /// From a file.
    #[error("{path}: {problem}")]
    File {
        /// The file.
        path: String,
        /// What is wrong, and what to do.
        problem: String,
    },
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(Cli { place, command }: Cli) -> Result<(), Failure> {
    match command {
        Command::Search { query, pool, top_k, first } => search::search(&place, &query, pool as usize, top_k as usize, &first),
        Command::Rerank { query, passages } => search::rerank(&place, &query, files::or_lines(passages)?),
        Command::Embed { texts, query } => search::embed(&place, files::or_lines(texts)?, query),
        Command::Eval(eval) => eval::evaluate(&place, &eval),
        Command::Index { out } => search::index(&place, &out.unwrap_or_else(|| place.index_path())),
        Command::Convert { folder, out, dtype, id, licence, pooling, max_tokens, query_prefix } => {
            let overrides = tabrank::convert::Overrides { pooling: pooling.map(Into::into), max_tokens, query_prefix };
            models::convert(&folder, &out, dtype.into(), id, licence, &overrides)
        }
        Command::Inspect { file } => models::inspect(&file, place.json),
        Command::Verify => models::verify(&place),
    }
}
