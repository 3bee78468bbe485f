//! The crate's errors in one enum: a stable code that crosses the wasm boundary, and a message for people.

use std::fmt;

/// A result whose error is the crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Every way in which loading a model or generating text can fail.
#[derive(Debug)]
pub enum Error {
    /// config.json is not JSON or describes an unsupported model.
    Config(String),
    /// The safetensors header or the data after it is damaged or cut short.
    Safetensors(String),
    /// The file lacks a tensor that the model needs.
    MissingTensor {
        /// The checkpoint's name of the tensor.
        name: String,
        /// The shape that config.json implies.
        shape: Vec<usize>,
    },
    /// The file has a tensor that GPT-2 does not have.
    SurplusTensor {
        /// The tensor's name in the file.
        name: String,
    },
    /// A tensor's shape contradicts config.json.
    TensorShape {
        /// The tensor's name in the file.
        name: String,
        /// The shape that config.json implies.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// A tensor is stored in an unsupported type.
    TensorDtype {
        /// The tensor's name in the file.
        name: String,
        /// The type in the file.
        found: String,
        /// The supported types and their verb: "BF16 is".
        readable: &'static str,
    },
    /// A packed model is damaged, or comes from another version or other files.
    Packed(String),
    /// tokenizer.json is unreadable or belongs to another model.
    Tokenizer(String),
    /// A generation parameter is unknown or out of range.
    GenerationConfig(String),
    /// The tokens need more positions than the model has.
    ContextFull {
        /// Positions in the cache already.
        past_len: usize,
        /// Tokens to add.
        n_tokens: usize,
        /// The model's context length.
        n_positions: usize,
    },
    /// A token id is outside the model's vocabulary.
    TokenId {
        /// The id.
        id: u32,
        /// The number of ids, which count from 0.
        vocab_size: usize,
    },
    /// The logits leave no token to choose.
    NoToken(&'static str),
    /// The file of golden logits is unreadable.
    Golden(String),
}

impl Error {
    /// The kind of error as a name that is stable across versions.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Config(_) => "config",
            Error::Safetensors(_) => "safetensors",
            Error::MissingTensor { .. } => "missing_tensor",
            Error::SurplusTensor { .. } => "surplus_tensor",
            Error::TensorShape { .. } => "tensor_shape",
            Error::TensorDtype { .. } => "tensor_dtype",
            Error::Packed(_) => "packed",
            Error::Tokenizer(_) => "tokenizer",
            Error::GenerationConfig(_) => "generation_config",
            Error::ContextFull { .. } => "context_full",
            Error::TokenId { .. } => "token_id",
            Error::NoToken(_) => "no_token",
            Error::Golden(_) => "golden",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Config(problem) => write!(f, "config.json: {problem}"),
            Error::Safetensors(problem) => write!(f, "model.safetensors: {problem}"),
            Error::MissingTensor { name, shape } => write!(
                f,
                "model.safetensors has no tensor {name} of shape {shape:?}; does it belong to this config.json?"
            ),
            Error::SurplusTensor { name } => write!(
                f,
                "model.safetensors has a tensor {name}, which GPT-2 does not have; does it belong to this config.json?"
            ),
            Error::TensorShape { name, expected, found } => write!(
                f,
                "tensor {name} must have the shape {expected:?} given by config.json, got {found:?}"
            ),
            Error::TensorDtype { name, found, readable } => {
                write!(f, "tensor {name} is stored as {found}, but only {readable} supported")
            }
            Error::Packed(problem) => write!(f, "the packed model {problem}; download the weights again"),
            Error::Tokenizer(problem) => write!(f, "tokenizer.json: {problem}"),
            Error::GenerationConfig(problem) => f.write_str(problem),
            Error::ContextFull {
                past_len,
                n_tokens,
                n_positions,
            } => write!(
                f,
                "{n_tokens} tokens after {past_len} do not fit in the model's {n_positions} positions"
            ),
            Error::TokenId { id, vocab_size } => {
                write!(f, "token id {id} is not in the vocabulary of {vocab_size} tokens")
            }
            Error::NoToken(reason) => write!(f, "no next token: {reason}"),
            Error::Golden(problem) => write!(f, "golden logits: {problem}"),
        }
    }
}

impl std::error::Error for Error {}
