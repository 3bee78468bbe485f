//! What can go wrong, in one enum. `code()` is stable and crosses the wasm boundary; the message is for a person.

use std::fmt;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug)]
pub enum Error {
    /// config.json is not JSON, or describes a model that is not supported.
    Config(String),
    /// The safetensors header or the bytes behind it are damaged or cut short.
    Safetensors(String),
    /// A tensor the model needs is not in the file.
    MissingTensor { name: String, shape: Vec<usize> },
    /// A tensor is in the file that the model has no use for.
    SurplusTensor { name: String },
    /// A tensor has another shape than config.json asks for.
    TensorShape {
        name: String,
        expected: Vec<usize>,
        found: Vec<usize>,
    },
    /// A tensor is stored as a type that is not read here.
    TensorDtype {
        name: String,
        found: String,
        readable: &'static str,
    },
    /// A packed model is damaged, or was made by another version or from other files.
    Packed(String),
    /// tokenizer.json cannot be read, or does not belong to the model.
    Tokenizer(String),
    /// A generation parameter is unknown or out of range.
    GenerationConfig(String),
    /// More positions were asked for than the model has.
    ContextFull {
        past_len: usize,
        n_tokens: usize,
        n_positions: usize,
    },
    /// A token id is not in the model's vocabulary.
    TokenId { id: u32, vocab_size: usize },
    /// The logits leave no token to choose.
    NoToken(&'static str),
    /// The published logits to check against cannot be read.
    Golden(String),
}

impl Error {
    /// A name for the kind of error that does not change between versions.
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
            Error::Config(what) => write!(f, "config.json: {what}"),
            Error::Safetensors(what) => write!(f, "model.safetensors: {what}"),
            Error::MissingTensor { name, shape } => write!(
                f,
                "model.safetensors has no tensor {name}, expected with shape {shape:?}; is it the file that belongs to config.json?"
            ),
            Error::SurplusTensor { name } => write!(
                f,
                "model.safetensors has a tensor {name} that GPT-2 does not have; is it the file that belongs to config.json?"
            ),
            Error::TensorShape { name, expected, found } => write!(
                f,
                "tensor {name} must have shape {expected:?} by config.json, found {found:?}"
            ),
            Error::TensorDtype { name, found, readable } => {
                write!(f, "tensor {name} is stored as {found}; {readable} read")
            }
            Error::Packed(what) => write!(f, "the packed model {what}; get the weights again"),
            Error::Tokenizer(what) => write!(f, "tokenizer.json: {what}"),
            Error::GenerationConfig(what) => f.write_str(what),
            Error::ContextFull {
                past_len,
                n_tokens,
                n_positions,
            } => write!(
                f,
                "{n_tokens} tokens after {past_len} do not fit into the model's {n_positions} positions"
            ),
            Error::TokenId { id, vocab_size } => {
                write!(f, "token id {id} is not in the vocabulary of {vocab_size} tokens")
            }
            Error::NoToken(why) => write!(f, "no token can follow: {why}"),
            Error::Golden(what) => write!(f, "golden logits: {what}"),
        }
    }
}

impl std::error::Error for Error {}
