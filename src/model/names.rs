//! Names of tensors and metadata in our GGUF files: those of the `bert` architecture, plus `tabrank.*` keys for what
//! that architecture has no word for.

/// Word embeddings, `[vocabulary, width]`.
pub const WORDS: &str = "token_embd.weight";
/// Position embeddings, `[positions, width]`.
pub const POSITIONS: &str = "position_embd.weight";
/// Segment embeddings, `[segments, width]`.
pub const SEGMENTS: &str = "token_types.weight";
/// Layer norm after the embeddings.
pub const EMBEDDING_NORM: &str = "token_embd_norm";
/// Dense layer between the CLS row and the tanh of a classifier head (BERT's pooler), `[width, width]`.
pub const POOLER: &str = "cls";
/// Last layer of a classifier head, `[1, width]`.
pub const CLASSIFIER: &str = "cls.output";

/// Parts of an encoder layer; the tensors are `blk.{layer}.{part}.weight` and `.bias`.
pub mod layer {
    /// Query projection.
    pub const QUERY: &str = "attn_q";
    /// Key projection.
    pub const KEY: &str = "attn_k";
    /// Value projection.
    pub const VALUE: &str = "attn_v";
    /// Projection after attention.
    pub const ATTENTION_OUTPUT: &str = "attn_output";
    /// Layer norm after attention.
    pub const ATTENTION_NORM: &str = "attn_output_norm";
    /// First half of the feed-forward network.
    pub const UP: &str = "ffn_up";
    /// Second half of the feed-forward network.
    pub const DOWN: &str = "ffn_down";
    /// Layer norm after the feed-forward network.
    pub const OUTPUT_NORM: &str = "layer_output_norm";
}

/// Metadata keys.
pub mod key {
    /// `bert`.
    pub const ARCHITECTURE: &str = "general.architecture";
    /// The model's id.
    pub const NAME: &str = "general.name";
    /// Licence of the weights.
    pub const LICENCE: &str = "general.license";
    /// Code of the storage type of most tensors.
    pub const FILE_TYPE: &str = "general.file_type";
    /// Version of the block formats, 2.
    pub const QUANTIZATION_VERSION: &str = "general.quantization_version";
    /// Positions.
    pub const CONTEXT: &str = "bert.context_length";
    /// Width of the hidden states.
    pub const WIDTH: &str = "bert.embedding_length";
    /// Number of layers.
    pub const LAYERS: &str = "bert.block_count";
    /// Inner width of the feed-forward network.
    pub const INNER: &str = "bert.feed_forward_length";
    /// Attention heads.
    pub const HEADS: &str = "bert.attention.head_count";
    /// Epsilon of the layer norms.
    pub const EPSILON: &str = "bert.attention.layer_norm_epsilon";
    /// Whether a token sees only those before it: false.
    pub const CAUSAL: &str = "bert.attention.causal";
    /// 1 mean, 2 CLS, 4 a cross-encoder's head.
    pub const POOLING: &str = "bert.pooling_type";
    /// `bi-encoder` or `cross-encoder`.
    pub const ROLE: &str = "tabrank.role";
    /// A cross-encoder's head: `classifier`, `segment-cosine`, or `gated-late-interaction`.
    pub const HEAD: &str = "tabrank.head";
    /// Factor of a head that is a cosine.
    pub const SCALE: &str = "tabrank.head.scale";
    /// Summand of such a head.
    pub const BIAS: &str = "tabrank.head.bias";
    /// Factor of late interaction, in a head that has it.
    pub const LATE: &str = "tabrank.head.late";
    /// What tells how much a token of the query counts in late interaction, as many numbers as a hidden state has.
    pub const TERMS: &str = "tabrank.head.terms";
    /// How many layers of a gated cross-encoder read query and passage apart.
    pub const APART: &str = "tabrank.gates.apart";
    /// The gates of its other layers, a number for each head of each layer.
    pub const GATES: &str = "tabrank.gates";
    /// Longest input in tokens, special tokens included.
    pub const MAX_TOKENS: &str = "tabrank.max_tokens";
    /// What a bi-encoder wants before a query.
    pub const QUERY_PREFIX: &str = "tabrank.query_prefix";
    /// SHA-256 of the weights that the file was converted from.
    pub const SOURCE_SHA256: &str = "tabrank.source.sha256";
    /// The checkpoint's tokenizer.json.
    pub const TOKENIZER: &str = "tokenizer.huggingface.json";
}
