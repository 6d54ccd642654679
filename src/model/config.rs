//! What a model file says of itself.

use super::gguf::Gguf;
use super::names::{CLASSIFIER, POOLER, key};
use super::{ModelError, Role::*};
use serde::{Deserialize, Serialize};

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// One vector per text.
    BiEncoder,
    /// One logit per pair of query and passage.
    CrossEncoder,
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            BiEncoder => "bi-encoder",
            CrossEncoder => "cross-encoder",
        })
    }
}

/// How a bi-encoder makes one vector of the last hidden states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// The mean over all tokens.
    Mean,
    /// The first token's state.
    Cls,
}

/// A logit from a cosine: `scale` x cosine + `bias`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cosine {
    /// Factor.
    pub scale: f32,
    /// Summand.
    pub bias: f32,
}

impl Cosine {
    /// The logit of a cosine.
    pub fn logit(&self, cosine: f32) -> f32 {
        self.scale * cosine + self.bias
    }
}

/// What is added to such a logit: `late` x the mean, over the query's tokens, of the greatest cosine that each has with a token of the
/// passage. [CLS] and [SEP] have no part in it.
///
/// Khattab and Zaharia, "ColBERT" (2020), there summed up, every token counting the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LateInteraction {
    /// Factor.
    #[serde(rename = "late")]
    pub scale: f32,
    /// How much a token counts in the mean is the softmax, over the query, of its hidden state, brought to length 1, times this: `[width]`.
    #[serde(skip_serializing)]
    pub terms: Vec<f32>,
}

impl LateInteraction {
    /// Whether it is that of a model of this width, and of numbers that make sense.
    pub fn fits(&self, width: usize) -> bool {
        self.terms.len() == width && self.terms.iter().all(|x| x.abs() <= MOST)
    }
}

/// How a cross-encoder makes one logit of the last hidden states.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Head {
    /// First token's state, dense layer, tanh, linear layer: the head of BERT cross-encoders on the hub.
    Classifier,
    /// That of (mean over the tokens of type 0, mean over those of type 1).
    SegmentCosine(Cosine),
    /// The same cosine, of a query and a passage that are two texts rather than one sequence, and late interaction between these.
    GatedLateInteraction {
        /// Of the two means.
        #[serde(flatten)]
        cosine: Cosine,
        /// Of the tokens.
        #[serde(flatten)]
        late: LateInteraction,
        /// What is between the two.
        gates: Gates,
    },
}

impl Head {
    /// Its name in model files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Classifier => "classifier",
            Self::SegmentCosine(_) => "segment-cosine",
            Self::GatedLateInteraction { .. } => "gated-late-interaction",
        }
    }

    /// Its cosine, if it is one.
    pub fn cosine(&self) -> Option<Cosine> {
        match self {
            Self::Classifier => None,
            Self::SegmentCosine(cosine) | Self::GatedLateInteraction { cosine, .. } => Some(*cosine),
        }
    }

    /// Its gates, if query and passage are two texts.
    pub fn gates(&self) -> Option<&Gates> {
        if let Self::GatedLateInteraction { gates, .. } = self { Some(gates) } else { None }
    }

    /// Its late interaction, if it has any.
    pub fn late(&self) -> Option<&LateInteraction> {
        if let Self::GatedLateInteraction { late, .. } = self { Some(late) } else { None }
    }
}

/// Of a gate, which is shut at -100 already, and of what makes tokens count.
const MOST: f32 = 1e4;

/// How a cross-encoder's query and passage look at each other, if not as one sequence: each is read as a bi-encoder reads a
/// text, with positions of its own, and the attention between the two goes through gates.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gates {
    /// So many layers, the first, read query and passage apart.
    pub apart: usize,
    /// What each head of each other layer adds to the scores of the other text's tokens, before the softmax:
    /// `[layers - apart, heads]`.
    #[serde(skip)]
    pub values: Vec<f32>,
}

impl Gates {
    /// Whether they are those of a model with so many layers and heads, and none is beyond what float32 can add to a score without
    /// losing it.
    pub fn fit(&self, layers: usize, heads: usize) -> bool {
        let together = layers.checked_sub(self.apart);
        together.is_some_and(|together| self.values.len() == together * heads) && self.values.iter().all(|x| x.abs() <= MOST)
    }
}

/// Shape and use of an encoder of the BERT family.
#[derive(Clone, Debug, Serialize)]
pub struct Config {
    /// The model's id.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Width of the hidden states.
    pub width: usize,
    /// Number of layers.
    pub layers: usize,
    /// Inner width of the feed-forward network.
    pub inner: usize,
    /// Attention heads.
    pub heads: usize,
    /// Positions.
    pub positions: usize,
    /// Longest input in tokens, special tokens included.
    pub max_tokens: usize,
    /// Epsilon of the layer norms.
    pub epsilon: f32,
    /// A bi-encoder's pooling.
    pub pooling: Option<Pooling>,
    /// A cross-encoder's head.
    pub head: Option<Head>,
    /// What a bi-encoder wants before a query; empty for most.
    pub query_prefix: String,
}

impl Config {
    /// Reads the metadata of a model file.
    ///
    /// # Errors
    /// [`ModelError::MissingPooler`] for a cross-encoder without the dense layer of its head;
    /// [`ModelError::MissingKey`] for a file not made by `tabrank convert`; [`ModelError::Unsupported`] for another
    /// architecture; [`ModelError::Malformed`] for values that make no sense.
    pub fn read(file: &Gguf) -> Result<Self, ModelError> {
        let architecture = file.string(key::ARCHITECTURE)?;
        if architecture != "bert" {
            return Err(ModelError::Unsupported(format!("architecture {architecture:?} (only \"bert\" is)")));
        }
        let head_name = file.optional(key::HEAD, Gguf::string)?;
        let ranks = file.optional(key::POOLING, Gguf::number)? == Some(4) || file.has(&format!("{CLASSIFIER}.weight"));
        if ranks && matches!(head_name, None | Some("classifier")) && !file.has(&format!("{POOLER}.weight")) {
            return Err(ModelError::MissingPooler);
        }
        let role = match file.string(key::ROLE)? {
            "bi-encoder" => BiEncoder,
            "cross-encoder" => CrossEncoder,
            other => return Err(ModelError::Unsupported(format!("role {other:?}"))),
        };
        let cosine = || Ok::<_, ModelError>(Cosine { scale: file.float(key::SCALE)?, bias: file.float(key::BIAS)? });
        let (pooling, head) = match role {
            BiEncoder => match file.number(key::POOLING)? {
                1 => (Some(Pooling::Mean), None),
                2 => (Some(Pooling::Cls), None),
                n => return Err(ModelError::Unsupported(format!("pooling type {n} of a bi-encoder"))),
            },
            CrossEncoder => match file.string(key::HEAD)? {
                "classifier" => (None, Some(Head::Classifier)),
                "segment-cosine" => (None, Some(Head::SegmentCosine(cosine()?))),
                // By a name of its own, so that what knows no gates refuses the file.
                "gated-late-interaction" => {
                    let late = LateInteraction { scale: file.float(key::LATE)?, terms: file.floats(key::TERMS)? };
                    let gates = Gates { apart: file.number(key::APART)?, values: file.floats(key::GATES)? };
                    (None, Some(Head::GatedLateInteraction { cosine: cosine()?, late, gates }))
                }
                other => return Err(ModelError::Unsupported(format!("head {other:?}"))),
            },
        };
        let config = Self {
            name: file.optional(key::NAME, Gguf::string)?.unwrap_or("unnamed").into(),
            role,
            width: file.number(key::WIDTH)?,
            layers: file.number(key::LAYERS)?,
            inner: file.number(key::INNER)?,
            heads: file.number(key::HEADS)?,
            positions: file.number(key::CONTEXT)?,
            max_tokens: file.number(key::MAX_TOKENS)?,
            epsilon: file.float(key::EPSILON)?,
            pooling,
            head,
            query_prefix: file.optional(key::QUERY_PREFIX, Gguf::string)?.unwrap_or_default().into(),
        };
        config.check()?;
        Ok(config)
    }

    /// A cross-encoder's gates, if it has any.
    pub fn gates(&self) -> Option<&Gates> {
        self.head.as_ref().and_then(Head::gates)
    }

    fn check(&self) -> Result<(), ModelError> {
        let nonsense = |what: &str| Err(ModelError::Malformed(format!("its metadata give {what}")));
        if self.width == 0 || self.inner == 0 || self.layers == 0 || self.width > 1 << 16 || self.inner > 1 << 18 || self.layers > 1 << 10 {
            return nonsense("a width or a depth that no model has");
        }
        if self.heads == 0 || !self.width.is_multiple_of(self.heads) {
            return nonsense("a number of heads that does not divide the width");
        }
        if self.max_tokens < 4 || self.max_tokens > self.positions {
            return nonsense("a greatest length that its positions do not allow");
        }
        if self.gates().is_some_and(|gates| !gates.fit(self.layers, self.heads)) {
            return nonsense("gates that do not go with its layers and heads");
        }
        if self.head.as_ref().and_then(Head::late).is_some_and(|late| !late.fits(self.width)) {
            return nonsense("late interaction that does not go with its width");
        }
        Ok(())
    }
}
