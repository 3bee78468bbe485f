//! The safetensors format, read as a stream: the header first, then the bytes of each tensor in file order.
//!
//! Offsets are `u64`. The safetensors crate has `usize`, which ends at 4 GB in wasm32, below the size of GPT-2 XL.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::{Error, Result};

/// The format's own limit for its header.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// The element type of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dtype {
    /// A float that weights are read from.
    Float(FloatDtype),
    /// int8, which weights are read from with scales beside them.
    I8,
    /// Any other type, by its name. Its tensors can only be skipped.
    Other(String),
}

/// The floats that weights are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatDtype {
    /// float32.
    F32,
    /// float16.
    F16,
    /// bfloat16.
    BF16,
}

impl FloatDtype {
    /// Bytes of one element.
    pub fn size_bytes(self) -> usize {
        match self {
            FloatDtype::F32 => 4,
            FloatDtype::F16 | FloatDtype::BF16 => 2,
        }
    }
}

impl Dtype {
    fn from_name(name: &str) -> Dtype {
        match name {
            "F32" => Dtype::Float(FloatDtype::F32),
            "F16" => Dtype::Float(FloatDtype::F16),
            "BF16" => Dtype::Float(FloatDtype::BF16),
            "I8" => Dtype::I8,
            other => Dtype::Other(other.to_owned()),
        }
    }

    /// The format's name for the type.
    pub fn name(&self) -> &str {
        match self {
            Dtype::Float(FloatDtype::F32) => "F32",
            Dtype::Float(FloatDtype::F16) => "F16",
            Dtype::Float(FloatDtype::BF16) => "BF16",
            Dtype::I8 => "I8",
            Dtype::Other(name) => name,
        }
    }

    /// Bytes of one element; `None` for a type that is not read.
    fn size_bytes(&self) -> Option<usize> {
        match self {
            Dtype::Float(float) => Some(float.size_bytes()),
            Dtype::I8 => Some(1),
            Dtype::Other(_) => None,
        }
    }
}

/// One tensor as the header describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// The name, with its prefix if it has one.
    pub name: String,
    /// The type of its elements.
    pub dtype: Dtype,
    /// The size of each dimension, outermost first.
    pub shape: Vec<usize>,
    /// Bytes of all elements.
    pub size_bytes: u64,
}

/// The next find of a [`SafetensorsReader`].
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// All tensors in file order, before any of their bytes.
    Header(Vec<TensorInfo>),
    /// The next bytes of a tensor, cut anywhere.
    Data {
        /// The tensor's place in the header.
        index: usize,
        /// Empty only for a tensor without elements.
        bytes: &'a [u8],
        /// Whether the tensor is complete with these bytes.
        is_last: bool,
    },
}

/// Cuts a safetensors file that arrives in chunks into its tensors. Holds the header, never a tensor.
pub struct SafetensorsReader(State);

enum State {
    /// Collects the length field and the header.
    Header(Vec<u8>),
    Tensors {
        tensors: Vec<TensorInfo>,
        /// The tensor whose bytes come next.
        index: usize,
        /// Bytes of it that were read.
        n_read: u64,
    },
}

impl Default for SafetensorsReader {
    fn default() -> SafetensorsReader {
        SafetensorsReader(State::Header(Vec::new()))
    }
}

impl SafetensorsReader {
    /// Takes bytes off the front of `bytes`, the file's next chunk, and returns what they hold. `None` once the chunk is
    /// used up.
    ///
    /// # Errors
    /// [`Error::Safetensors`] for a damaged header or bytes behind the last tensor.
    pub fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Option<Event<'a>>> {
        match &mut self.0 {
            State::Header(header) => {
                let Some(tensors) = read_header(header, bytes)? else {
                    return Ok(None);
                };
                self.0 = State::Tensors {
                    tensors: tensors.clone(),
                    index: 0,
                    n_read: 0,
                };
                Ok(Some(Event::Header(tensors)))
            }
            State::Tensors { tensors, index, n_read } => {
                let Some(tensor) = tensors.get(*index) else {
                    return match bytes.len() {
                        0 => Ok(None),
                        n => damaged(format!("{n} bytes too many behind the last tensor")),
                    };
                };
                let n_missing = tensor.size_bytes - *n_read;
                if bytes.is_empty() && n_missing > 0 {
                    return Ok(None);
                }
                let data = take(bytes, usize::try_from(n_missing).unwrap_or(usize::MAX));
                let event = Event::Data {
                    index: *index,
                    bytes: data,
                    is_last: data.len() as u64 == n_missing,
                };
                *n_read += data.len() as u64;
                if *n_read == tensor.size_bytes {
                    (*index, *n_read) = (*index + 1, 0);
                }
                Ok(Some(event))
            }
        }
    }

    /// Checks that the file is complete.
    ///
    /// # Errors
    /// [`Error::Safetensors`] names the tensor that is cut short, the bytes expected and found.
    pub fn finish(&self) -> Result<()> {
        match &self.0 {
            State::Header(header) => damaged(format!("cut short within the header, after {} bytes", header.len())),
            State::Tensors { tensors, index, n_read } => match tensors.get(*index) {
                None => Ok(()),
                Some(tensor) => damaged(format!(
                    "cut short at tensor {}: expected {} bytes, found {n_read}",
                    tensor.name, tensor.size_bytes
                )),
            },
        }
    }
}

/// Takes up to `n` bytes off the front.
fn take<'a>(bytes: &mut &'a [u8], n: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(n.min(bytes.len()));
    *bytes = rest;
    taken
}

/// Moves bytes of the length field and the header into `collected`; returns the tensors once both are complete.
fn read_header(collected: &mut Vec<u8>, bytes: &mut &[u8]) -> Result<Option<Vec<TensorInfo>>> {
    const LENGTH_BYTES: usize = 8;
    collected.extend_from_slice(take(bytes, LENGTH_BYTES.saturating_sub(collected.len())));
    let Some((length, header)) = collected.split_first_chunk::<LENGTH_BYTES>() else {
        return Ok(None);
    };
    let header_len = u64::from_le_bytes(*length);
    if header_len > MAX_HEADER_BYTES {
        return damaged(format!(
            "header of {header_len} bytes, at most {MAX_HEADER_BYTES} are allowed; is this a safetensors file?"
        ));
    }
    let n_missing = header_len as usize - header.len();
    let more = take(bytes, n_missing);
    collected.extend_from_slice(more);
    if more.len() < n_missing {
        return Ok(None);
    }
    parse_header(&collected[LENGTH_BYTES..]).map(Some)
}

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// Parses the JSON header and checks that the tensors fill the data without gap or overlap.
fn parse_header(json: &[u8]) -> Result<Vec<TensorInfo>> {
    let invalid = |error: serde_json::Error| Error::Safetensors(format!("header: {error}"));
    let mut values: BTreeMap<String, serde_json::Value> = serde_json::from_slice(json).map_err(invalid)?;
    values.remove("__metadata__");
    let mut entries = Vec::with_capacity(values.len());
    for (name, value) in values {
        let entry: Entry = serde_json::from_value(value)
            .map_err(|error| Error::Safetensors(format!("header of tensor {name}: {error}")))?;
        entries.push((name, entry));
    }
    entries.sort_by_key(|(_, entry)| entry.data_offsets);
    let mut position = 0;
    let mut tensors = Vec::with_capacity(entries.len());
    for (name, entry) in entries {
        let (begin, end) = entry.data_offsets;
        if begin != position || end < begin {
            return damaged(format!(
                "tensor {name} lies at bytes {begin} to {end}, expected to begin at {position}"
            ));
        }
        position = end;
        let dtype = Dtype::from_name(&entry.dtype);
        let size_bytes = end - begin;
        if let Some(width) = dtype.size_bytes() {
            let expected = (entry.shape.iter()).try_fold(width as u64, |product, &dim| product.checked_mul(dim));
            if expected != Some(size_bytes) {
                return damaged(format!(
                    "tensor {name} with shape {:?} of {} takes {size_bytes} bytes, which does not fit",
                    entry.shape, entry.dtype
                ));
            }
        }
        let shape = (entry.shape.iter())
            .map(|&dim| usize::try_from(dim))
            .collect::<std::result::Result<_, _>>()
            .map_err(|_| Error::Safetensors(format!("tensor {name}: shape {:?} is too large", entry.shape)))?;
        tensors.push(TensorInfo {
            name,
            dtype,
            shape,
            size_bytes,
        });
    }
    Ok(tensors)
}

fn damaged<T>(what: String) -> Result<T> {
    Err(Error::Safetensors(what))
}
