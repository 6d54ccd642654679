//! The first stage, as the command line names it.

use super::Failure;
use clap::{Args, ValueEnum};
use tabrank::pipeline::Retriever;
use tabrank::retrieve::Fusion;

/// What finds the candidates.
#[derive(Args)]
pub struct FirstStage {
    /// What finds the candidates: vectors, words, or both.
    #[arg(long, value_enum, default_value_t = Name::Dense)]
    retriever: Name,
    /// How `--retriever hybrid` makes one ranking of both: `rrf` (reciprocal rank fusion), `sum:W` (scores brought to 0..1, the
    /// cosine's with the weight W, BM25's with 1 - W), or, for `eval`, `learned` (the weight learned on the other queries).
    #[arg(long, default_value = "rrf", value_parser = fusion)]
    fusion: FusionName,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    Dense,
    Bm25,
    Hybrid,
}

/// What `--fusion` says.
#[derive(Clone, Copy, PartialEq)]
enum FusionName {
    Rrf,
    Sum(f32),
    Learned,
}

fn fusion(text: &str) -> Result<FusionName, String> {
    match (text, text.strip_prefix("sum:").map(str::parse)) {
        ("rrf", _) => Ok(FusionName::Rrf),
        ("learned", _) => Ok(FusionName::Learned),
        (_, Some(Ok(weight))) if (0.0..=1.0).contains(&weight) => Ok(FusionName::Sum(weight)),
        _ => Err("it must be rrf, learned, or sum:W with a weight W from 0 to 1".into()),
    }
}

impl FirstStage {
    /// What finds the candidates, where that is known without any query.
    pub fn retriever(&self) -> Result<Retriever, Failure> {
        match (self.retriever, self.fusion) {
            (Name::Dense, _) => Ok(Retriever::Dense),
            (Name::Bm25, _) => Ok(Retriever::Bm25),
            (Name::Hybrid, FusionName::Rrf) => Ok(Retriever::Hybrid(Fusion::default())),
            (Name::Hybrid, FusionName::Sum(weight)) => Ok(Retriever::Hybrid(Fusion::WeightedSum { weights: vec![weight, 1.0 - weight] })),
            (Name::Hybrid, FusionName::Learned) => {
                Err(tabrank::Error::BadRequest("a weight can only be learned by eval; give --fusion sum:W".into()).into())
            }
        }
    }

    /// Whether a weight is to be learned.
    pub fn learns(&self) -> bool {
        self.retriever == Name::Hybrid && self.fusion == FusionName::Learned
    }

    /// Whether documents and queries need vectors.
    pub fn needs_vectors(&self) -> bool {
        self.retriever != Name::Bm25
    }

    /// For people.
    pub fn name(&self) -> &'static str {
        match self.retriever {
            Name::Dense => "cosine",
            Name::Bm25 => "BM25",
            Name::Hybrid => "hybrid",
        }
    }
}
