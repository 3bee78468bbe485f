//! The safetensors format, read as a stream: header first, then each tensor's bytes in file order.
//! Offsets are u64: the safetensors crate's are usize, which in wasm32 ends at 4 GB, below a GPT-2 XL.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::{Error, Result};

/// The format's own limit for its header.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// The element types that weights are read from; others may be skipped over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dtype {
    F32,
    F16,
    BF16,
    I8,
    Other(String),
}

impl Dtype {
    fn from_name(name: &str) -> Dtype {
        match name {
            "F32" => Dtype::F32,
            "F16" => Dtype::F16,
            "BF16" => Dtype::BF16,
            "I8" => Dtype::I8,
            other => Dtype::Other(other.to_owned()),
        }
    }

    /// Bytes per element, where the type is one that is read.
    pub fn size_bytes(&self) -> Option<usize> {
        match self {
            Dtype::F32 => Some(4),
            Dtype::F16 | Dtype::BF16 => Some(2),
            Dtype::I8 => Some(1),
            Dtype::Other(_) => None,
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Dtype::F32 => "F32",
            Dtype::F16 => "F16",
            Dtype::BF16 => "BF16",
            Dtype::I8 => "I8",
            Dtype::Other(name) => name,
        }
    }
}

/// One tensor as the header describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub size_bytes: u64,
}

/// Takes what [`SafetensorsReader`] finds, in this order: `header` once, then for each tensor `begin`, `data`…, `end`.
pub trait TensorSink {
    /// All tensors in file order, before any of their bytes.
    fn header(&mut self, tensors: &[TensorInfo]) -> Result<()>;
    fn begin(&mut self, tensor: &TensorInfo) -> Result<()>;
    /// The tensor's next bytes, cut anywhere.
    fn data(&mut self, bytes: &[u8]) -> Result<()>;
    fn end(&mut self) -> Result<()>;
}

/// Cuts a safetensors file that arrives in chunks into its tensors. Holds the header, never a tensor.
#[derive(Default)]
pub struct SafetensorsReader {
    /// The length field and the header, until they are complete.
    header_bytes: Vec<u8>,
    tensors: Option<Vec<TensorInfo>>,
    /// Index of the tensor whose bytes come next.
    index: usize,
    /// Bytes of that tensor seen so far; `None` before its `begin`.
    seen: Option<u64>,
}

impl SafetensorsReader {
    /// Passes the file's next bytes on.
    ///
    /// # Errors
    /// [`Error::Safetensors`] for a damaged header or bytes behind the last tensor; whatever `sink` returns.
    pub fn push(&mut self, mut bytes: &[u8], sink: &mut impl TensorSink) -> Result<()> {
        if self.tensors.is_none() {
            bytes = self.push_header(bytes, sink)?;
        }
        let Some(tensors) = &self.tensors else {
            return Ok(());
        };
        while let Some(tensor) = tensors.get(self.index) {
            let seen = match self.seen {
                Some(seen) => seen,
                None => {
                    sink.begin(tensor)?;
                    0
                }
            };
            let missing = usize::try_from(tensor.size_bytes - seen).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(missing.min(bytes.len()));
            sink.data(now)?;
            bytes = later;
            let seen = seen + now.len() as u64;
            self.seen = Some(seen);
            if seen < tensor.size_bytes {
                return Ok(());
            }
            sink.end()?;
            self.index += 1;
            self.seen = None;
        }
        if bytes.is_empty() {
            Ok(())
        } else {
            damaged(format!("{} bytes too many behind the last tensor", bytes.len()))
        }
    }

    /// Checks that the file was complete.
    ///
    /// # Errors
    /// [`Error::Safetensors`] names the tensor that is cut short, the bytes expected and found.
    pub fn finish(&self) -> Result<()> {
        let Some(tensors) = &self.tensors else {
            return damaged(format!(
                "cut short within the header, after {} bytes",
                self.header_bytes.len()
            ));
        };
        match tensors.get(self.index) {
            None => Ok(()),
            Some(tensor) => damaged(format!(
                "cut short at tensor {}: expected {} bytes, found {}",
                tensor.name,
                tensor.size_bytes,
                self.seen.unwrap_or(0)
            )),
        }
    }

    /// Collects length field and header; returns what lies behind them.
    fn push_header<'a>(&mut self, bytes: &'a [u8], sink: &mut impl TensorSink) -> Result<&'a [u8]> {
        let mut rest = self.collect(bytes, 8);
        if self.header_bytes.len() < 8 {
            return Ok(rest);
        }
        let (length, _) = self.header_bytes.split_at(8);
        let header_len = u64::from_le_bytes(length.try_into().expect("invariant: 8 bytes"));
        if header_len > MAX_HEADER_BYTES {
            return damaged(format!(
                "header of {header_len} bytes, at most {MAX_HEADER_BYTES} are allowed; is this a safetensors file?"
            ));
        }
        let total = 8 + header_len as usize;
        rest = self.collect(rest, total);
        if self.header_bytes.len() == total {
            let tensors = parse_header(&self.header_bytes[8..])?;
            self.header_bytes = Vec::new();
            sink.header(&tensors)?;
            self.tensors = Some(tensors);
        }
        Ok(rest)
    }

    /// Fills `header_bytes` up to `total`; returns what is left.
    fn collect<'a>(&mut self, bytes: &'a [u8], total: usize) -> &'a [u8] {
        let missing = total.saturating_sub(self.header_bytes.len());
        let (now, later) = bytes.split_at(missing.min(bytes.len()));
        self.header_bytes.extend_from_slice(now);
        later
    }
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
