//! Our own file format: an int8 model as it lies in memory, which the next visit reads straight into place.
//!
//! | bytes | content |
//! | --- | --- |
//! | 8 | `GPT2-q8` and a line feed |
//! | 4 | [`FORMAT`] |
//! | 4 | 1 if the head is a matrix of its own, 0 if it is tied to `wte` |
//! | 32 | SHA-256 of the model's origin: config.json and the name of the weights |
//! | 8 | XXH3 of everything that follows |
//! | | [`Gpt2::parts`], one after another |
//!
//! Numbers are little-endian, as in WebAssembly's memory. XXH3 guards against torn writes and flipped bits, not against
//! people: whoever can write to a page's storage can replace the page.

use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::Xxh3Default;

use super::names::HEAD;
use crate::error::{Error, Result};
use crate::kernels::int8::matrix::Int8Matrix;
use crate::model::config::Config;
use crate::model::gpt2::Gpt2;
use crate::model::matrix::{Matrix, WeightType};
use crate::model::weight_source::WeightSource;

const MAGIC: &[u8; 8] = b"GPT2-q8\n";

/// Raised whenever the order or the layout of the parts changes, or the numbers in them.
const FORMAT: u32 = 1;

/// Bytes of the header.
pub const HEADER_LEN: usize = 56;

/// The files that a model is made from.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// The content of config.json.
    pub config_json: &'a str,
    /// A name that no other weights have, like their SHA-256.
    pub weights: &'a str,
}

impl Origin<'_> {
    fn sha256(&self) -> [u8; 32] {
        let config = Sha256::digest(self.config_json);
        Sha256::new()
            .chain_update(config)
            .chain_update(self.weights)
            .finalize()
            .into()
    }
}

struct Header {
    format: u32,
    has_head: u32,
    origin: [u8; 32],
    hash: u64,
}

impl Header {
    fn to_bytes(&self) -> Vec<u8> {
        let fields: [&[u8]; 5] = [
            MAGIC,
            &self.format.to_le_bytes(),
            &self.has_head.to_le_bytes(),
            &self.origin,
            &self.hash.to_le_bytes(),
        ];
        fields.concat()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Header> {
        let cut_short = || Error::Packed(format!("is cut short within its header, after {} bytes", bytes.len()));
        let (magic, rest) = bytes.split_first_chunk().ok_or_else(cut_short)?;
        let (format, rest) = rest.split_first_chunk().ok_or_else(cut_short)?;
        let (has_head, rest) = rest.split_first_chunk().ok_or_else(cut_short)?;
        let (origin, rest) = rest.split_first_chunk().ok_or_else(cut_short)?;
        let (hash, _) = rest.split_first_chunk().ok_or_else(cut_short)?;
        let header = Header {
            format: u32::from_le_bytes(*format),
            has_head: u32::from_le_bytes(*has_head),
            origin: *origin,
            hash: u64::from_le_bytes(*hash),
        };
        match magic == MAGIC && header.format == FORMAT {
            true => Ok(header),
            false => refuse("has the format of another version".into()),
        }
    }
}

/// The header of the file that `model` is packed into, [`HEADER_LEN`] bytes.
///
/// # Errors
/// [`Error::Config`] if the model's weights are not int8.
pub fn header(model: &mut Gpt2, origin: Origin) -> Result<Vec<u8>> {
    if model.weight_type() != WeightType::Q8 {
        let found = model.weight_type().name();
        return Err(Error::Config(format!(
            "dtype must be \"q8\" for a model to be packed, got {found:?}"
        )));
    }
    let header = Header {
        format: FORMAT,
        has_head: u32::from(model.has_head()),
        origin: origin.sha256(),
        hash: hash(model),
    };
    Ok(header.to_bytes())
}

/// A model whose parts are being read from a file.
pub struct PackedModel {
    /// Not to be used before its parts are verified.
    model: Gpt2,
    hash: u64,
}

impl PackedModel {
    /// Reads the header and makes room for the parts.
    ///
    /// # Errors
    /// [`Error::Packed`] if the file of `file_len` bytes does not hold a model from `origin`; [`Error::Config`] if
    /// config.json describes a model that is not supported.
    pub fn new(header: &[u8], file_len: u64, origin: Origin) -> Result<PackedModel> {
        let header = Header::from_bytes(header)?;
        if header.origin != origin.sha256() {
            return refuse("was made from other files".into());
        }
        let config = Config::from_json(origin.config_json)?;
        WeightType::Q8.check(&config)?;
        let has_head = match header.has_head {
            0 => false,
            1 if !config.tie_word_embeddings => true,
            _ => return refuse("has a head that config.json does not ask for".into()),
        };
        let model = Gpt2::new(config, Zeros { has_head })?;
        let expected = (HEADER_LEN + model.size_bytes()) as u64;
        if file_len != expected {
            return refuse(format!("has {file_len} bytes instead of {expected}"));
        }
        Ok(PackedModel {
            model,
            hash: header.hash,
        })
    }

    /// The memory that the rest of the file is to be read into, in this order.
    pub fn parts(&mut self) -> Vec<&mut [u8]> {
        self.model.parts()
    }

    /// The model, once its parts are read.
    ///
    /// # Errors
    /// [`Error::Packed`] if the parts are not those that were packed.
    pub fn finish(mut self) -> Result<Gpt2> {
        match hash(&mut self.model) == self.hash {
            true => Ok(self.model),
            false => refuse("is damaged: its content does not match its hash".into()),
        }
    }
}

/// Room for int8 weights that a file is read into.
struct Zeros {
    has_head: bool,
}

impl WeightSource for Zeros {
    fn contains(&self, name: &str) -> bool {
        name != HEAD || self.has_head
    }

    fn vector(&mut self, _: &str, len: usize) -> Result<Vec<f32>> {
        Ok(vec![0.0; len])
    }

    fn matrix(&mut self, _: &str, n_out: usize, n_in: usize) -> Result<Matrix> {
        Ok(Matrix::Q8(Int8Matrix::zeros(n_out, n_in)))
    }
}

fn hash(model: &mut Gpt2) -> u64 {
    let mut hash = Xxh3Default::new();
    for part in model.parts() {
        hash.update(part);
    }
    hash.digest()
}

fn refuse<T>(what: String) -> Result<T> {
    Err(Error::Packed(what))
}
