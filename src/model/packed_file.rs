//! A file of our own for an int8 model as it lies in memory, so that the next visit reads it straight into place.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `GPT2-q8` and a line feed |
//! | 4 | [`FORMAT`] |
//! | 4 | 1 if the head is a matrix of its own, 0 if it is tied to `wte` |
//! | 32 | SHA-256 of what the model was made from: config.json and the name of the weights |
//! | 8 | XXH3 of all that follows |
//! | | [`Gpt2::parts`], one behind the other |
//!
//! Numbers are little-endian, as in WebAssembly's memory. XXH3 is there against torn writes and flipped bits, not against people:
//! who can write to a page's own storage can replace the page.

use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::Xxh3Default;

use super::gpt2::Gpt2;
use crate::config::Config;
use crate::error::{Error, Result};

const MAGIC: &[u8; 8] = b"GPT2-q8\n";

/// To be raised whenever the order or the layout of the parts changes, or the numbers in them.
const FORMAT: u32 = 1;

pub const HEADER_LEN: usize = 56;

/// What a model is made from; the weights by a name that no other weights have, like their SHA-256.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    pub config_json: &'a str,
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

/// The first bytes of the file that `model`, of int8 weights, is packed into.
pub fn header(model: &mut Gpt2, origin: Origin) -> [u8; HEADER_LEN] {
    let fields: [&[u8]; 5] = [
        MAGIC,
        &FORMAT.to_le_bytes(),
        &u32::from(model.has_head()).to_le_bytes(),
        &origin.sha256(),
        &hash(model).to_le_bytes(),
    ];
    fields.concat().try_into().expect("invariant: these are its fields")
}

/// A model whose parts are read from a file.
pub struct PackedModel {
    /// Not to be used before its parts are verified.
    model: Gpt2,
    hash: u64,
}

impl PackedModel {
    /// Reads the header and makes room for the parts.
    ///
    /// # Errors
    /// [`Error::Packed`] if the file of `file_len` bytes is not what [`header`] and the parts of a model from `origin` make up;
    /// [`Error::Config`] if config.json describes a model that is not supported.
    pub fn new(header: &[u8], file_len: u64, origin: Origin) -> Result<PackedModel> {
        let Ok(header) = <&[u8; HEADER_LEN]>::try_from(header) else {
            return refuse(format!("is cut short within its header, after {} bytes", header.len()));
        };
        let (magic, rest) = header.split_at(8);
        let (format, rest) = rest.split_at(4);
        let (has_head, rest) = rest.split_at(4);
        let (sha256, hash) = rest.split_at(32);
        if magic != MAGIC || format != FORMAT.to_le_bytes() {
            return refuse("has the format of another version".into());
        }
        if sha256 != origin.sha256() {
            return refuse("was made from other files".into());
        }
        let mut model = Gpt2::zeros(Config::from_json(origin.config_json)?, has_head != [0; 4])?;
        if has_head != u32::from(model.has_head()).to_le_bytes() {
            return refuse("has a head that config.json does not ask for".into());
        }
        let expected = (HEADER_LEN + model.parts().iter().map(|part| part.len()).sum::<usize>()) as u64;
        if file_len != expected {
            return refuse(format!("has {file_len} bytes instead of {expected}"));
        }
        let hash = u64::from_le_bytes(hash.try_into().expect("invariant: 8 bytes are left"));
        Ok(PackedModel { model, hash })
    }

    /// What the rest of the file is to be read into, in this order.
    pub fn parts(&mut self) -> Vec<&mut [u8]> {
        self.model.parts()
    }

    /// # Errors
    /// [`Error::Packed`] if the parts are not those that were packed.
    pub fn finish(mut self) -> Result<Gpt2> {
        match hash(&mut self.model) == self.hash {
            true => Ok(self.model),
            false => refuse("is damaged: its content does not match its hash".into()),
        }
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
