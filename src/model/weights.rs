//! GPT-2's weights from a safetensors stream: names of both schemes, every stored type, quantised as the bytes come in.

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use half::{bf16, f16};

use super::linear::{GROUP_LEN, Linear, WeightType, quantize_rows};
use super::safetensors::{Dtype, SafetensorsReader, TensorInfo, TensorSink};
use crate::config::Config;
use crate::error::{Error, Result};

/// Rows of an embedding that are quantised together: enough to amortise the call, 1 MB at most for GPT-2 XL.
const BLOCK_ROWS: usize = 128;

/// What a tensor is to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// LayerNorm gains, biases and position embeddings: float32 always.
    Float,
    /// A matrix stored `(out, in)`: the token embedding and an untied head.
    Rows,
    /// A matrix stored `(in, out)`, as Conv1D does.
    Conv1d,
}

/// A loaded tensor.
pub enum Weight {
    Float(Tensor),
    /// Without bias, which is a tensor of its own in the file.
    F32Matrix(Tensor),
    Q8Matrix {
        blocks: Vec<u8>,
        shape: (usize, usize),
    },
}

/// Collects the tensors of one checkpoint. Feed it with [`Weights::push`], in order and cut anywhere.
pub struct Weights {
    reader: SafetensorsReader,
    tensors: Tensors,
}

struct Tensors {
    weight_type: WeightType,
    /// What config.json asks for: name to role and shape.
    expected: HashMap<String, (Role, Vec<usize>)>,
    loaded: HashMap<String, Weight>,
    /// int8 matrices and scales that wait for each other, by the matrix's name.
    int8: HashMap<String, (TensorInfo, Vec<u8>)>,
    scales: HashMap<String, Vec<f32>>,
    current: Option<Current>,
}

/// The tensor whose bytes are coming in.
enum Current {
    Skipped,
    Int8(TensorInfo, Vec<u8>),
    Scale(String, FloatDecoder, Vec<f32>),
    Values(String, FloatDecoder, Collector),
}

impl Weights {
    /// # Errors
    /// [`Error::Config`] if `weight_type` cannot hold a matrix of this shape.
    pub fn new(config: &Config, weight_type: WeightType) -> Result<Weights> {
        if weight_type == WeightType::Q8 {
            for (key, width) in [("n_embd", config.n_embd), ("n_inner", config.n_inner)] {
                if width % GROUP_LEN != 0 {
                    return Err(Error::Config(format!(
                        "dtype \"q8\" needs {key} to be a multiple of {GROUP_LEN}, got {width}; use \"f32\""
                    )));
                }
            }
        }
        Ok(Weights {
            reader: SafetensorsReader::default(),
            tensors: Tensors {
                weight_type,
                expected: expected_tensors(config),
                loaded: HashMap::new(),
                int8: HashMap::new(),
                scales: HashMap::new(),
                current: None,
            },
        })
    }

    /// Takes the file's next bytes. Missing, surplus and misshapen tensors are known once the header is in.
    ///
    /// # Errors
    /// The errors of the file, each with the tensor's name, what was expected and what was found.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.reader.push(bytes, &mut self.tensors)
    }

    /// All tensors by their name without prefix.
    ///
    /// # Errors
    /// [`Error::Safetensors`] if the file was cut short.
    pub fn finish(self) -> Result<LoadedWeights> {
        self.reader.finish()?;
        Ok(LoadedWeights {
            tensors: self.tensors.loaded,
        })
    }
}

/// The tensors of a complete checkpoint, to be taken out one by one.
pub struct LoadedWeights {
    tensors: HashMap<String, Weight>,
}

impl LoadedWeights {
    fn take(&mut self, name: &str) -> Weight {
        (self.tensors.remove(name)).expect("invariant: the header was checked against config.json")
    }

    pub fn float(&mut self, name: &str) -> Tensor {
        match self.take(name) {
            Weight::Float(tensor) => tensor,
            _ => unreachable!("invariant: {name} was loaded by its role"),
        }
    }

    pub fn linear(&mut self, name: &str, bias: Option<Tensor>) -> Result<Linear> {
        match self.take(name) {
            Weight::F32Matrix(weight) => Ok(Linear::f32(weight, bias)),
            Weight::Q8Matrix { blocks, shape } => Linear::q8(blocks, shape, bias),
            Weight::Float(_) => unreachable!("invariant: {name} was loaded by its role"),
        }
    }

    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }
}

fn expected_tensors(config: &Config) -> HashMap<String, (Role, Vec<usize>)> {
    let (d, inner) = (config.n_embd, config.n_inner);
    let mut expected = HashMap::new();
    let mut expect = |name: String, role, shape: &[usize]| {
        expected.insert(name, (role, shape.to_vec()));
    };
    expect("wte.weight".into(), Role::Rows, &[config.vocab_size, d]);
    expect("wpe.weight".into(), Role::Float, &[config.n_positions, d]);
    for i in 0..config.n_layer {
        for norm in ["ln_1", "ln_2"] {
            expect(format!("h.{i}.{norm}.weight"), Role::Float, &[d]);
            expect(format!("h.{i}.{norm}.bias"), Role::Float, &[d]);
        }
        for (name, n_in, n_out) in [
            ("attn.c_attn", d, 3 * d),
            ("attn.c_proj", d, d),
            ("mlp.c_fc", d, inner),
            ("mlp.c_proj", inner, d),
        ] {
            expect(format!("h.{i}.{name}.weight"), Role::Conv1d, &[n_in, n_out]);
            expect(format!("h.{i}.{name}.bias"), Role::Float, &[n_out]);
        }
    }
    expect("ln_f.weight".into(), Role::Float, &[d]);
    expect("ln_f.bias".into(), Role::Float, &[d]);
    if !config.tie_word_embeddings {
        expect("lm_head.weight".into(), Role::Rows, &[config.vocab_size, d]);
    }
    expected
}

/// `transformer.h.0…` and `h.0…` are the same tensor.
fn without_prefix(name: &str) -> &str {
    name.strip_prefix("transformer.").unwrap_or(name)
}

/// Causal masks that old checkpoints carry; the mask is a function of the positions.
fn is_buffer(name: &str) -> bool {
    let mut parts = name.split('.');
    parts.next() == Some("h")
        && parts.next().is_some_and(|i| i.parse::<usize>().is_ok())
        && parts.next() == Some("attn")
        && matches!(parts.next(), Some("bias" | "masked_bias"))
        && parts.next().is_none()
}

impl Tensors {
    /// A tensor that is in the file and of no use: a buffer, or the copy of a tied head.
    fn is_skipped(&self, name: &str) -> bool {
        is_buffer(name) || (name == "lm_head.weight" && !self.expected.contains_key(name))
    }

    fn check_shape(&self, info: &TensorInfo, expected: &[usize]) -> Result<()> {
        if info.shape == expected {
            return Ok(());
        }
        Err(Error::TensorShape {
            name: info.name.clone(),
            expected: expected.to_vec(),
            found: info.shape.clone(),
        })
    }

    /// Turns an int8 matrix and its scales into a weight, once both are in.
    fn join_int8(&mut self, name: &str) -> Result<()> {
        if !(self.int8.contains_key(name) && self.scales.contains_key(name)) {
            return Ok(());
        }
        let (info, values) = self.int8.remove(name).expect("invariant: checked above");
        let scales = self.scales.remove(name).expect("invariant: checked above");
        let role = self.expected[name].0;
        let mut collector = Collector::new(role, &info.shape, self.weight_type);
        let mut row = Vec::with_capacity(info.shape[1]);
        for (i, int8_row) in values.chunks_exact(info.shape[1]).enumerate() {
            row.clear();
            row.extend(int8_row.iter().enumerate().map(|(j, &byte)| {
                // One scale per row of an embedding, per output column of a Conv1D.
                let scale = scales[if role == Role::Conv1d { j } else { i }];
                f32::from(byte as i8) * scale
            }));
            collector.push(&row)?;
        }
        self.loaded.insert(name.to_owned(), collector.finish()?);
        Ok(())
    }
}

impl TensorSink for Tensors {
    fn header(&mut self, tensors: &[TensorInfo]) -> Result<()> {
        let mut found: HashMap<&str, &TensorInfo> = HashMap::new();
        for info in tensors {
            let name = without_prefix(&info.name);
            if found.insert(name, info).is_some() {
                return Err(Error::Safetensors(format!(
                    "tensor {name} is there twice, with and without the prefix transformer."
                )));
            }
        }
        // A head that is not there is tied, whatever config.json says.
        if !found.contains_key("lm_head.weight") {
            self.expected.remove("lm_head.weight");
        }
        for (name, (role, shape)) in &self.expected {
            let Some(info) = found.remove(name.as_str()) else {
                return Err(Error::MissingTensor {
                    name: name.clone(),
                    shape: shape.clone(),
                });
            };
            self.check_shape(info, shape)?;
            let is_matrix = shape.len() == 2;
            match info.dtype {
                Dtype::F32 | Dtype::F16 | Dtype::BF16 => {}
                Dtype::I8 if is_matrix => {
                    let scale_name = format!("{name}.scale");
                    let n_scales = shape[if *role == Role::Conv1d { 1 } else { 0 }];
                    let Some(scale) = found.remove(scale_name.as_str()) else {
                        return Err(Error::MissingTensor {
                            name: scale_name,
                            shape: vec![n_scales],
                        });
                    };
                    self.check_shape(scale, &[n_scales])?;
                    check_float(scale)?;
                }
                _ => check_float(info)?,
            }
        }
        match found
            .into_keys()
            .filter(|name| !self.is_skipped(name))
            .min()
        {
            None => Ok(()),
            Some(name) => Err(Error::SurplusTensor {
                name: name.to_owned(),
            }),
        }
    }

    fn begin(&mut self, info: &TensorInfo) -> Result<()> {
        let name = without_prefix(&info.name);
        self.current = Some(if self.is_skipped(name) {
            Current::Skipped
        } else if let Some(matrix) = name.strip_suffix(".scale") {
            let scales = Vec::with_capacity(info.shape[0]);
            Current::Scale(matrix.to_owned(), FloatDecoder::new(&info.dtype), scales)
        } else if info.dtype == Dtype::I8 {
            let info = TensorInfo {
                name: name.to_owned(),
                ..info.clone()
            };
            Current::Int8(info, Vec::new())
        } else {
            let collector = Collector::new(self.expected[name].0, &info.shape, self.weight_type);
            Current::Values(name.to_owned(), FloatDecoder::new(&info.dtype), collector)
        });
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> Result<()> {
        match self.current.as_mut().expect("invariant: begin came before") {
            Current::Skipped => Ok(()),
            Current::Int8(_, values) => {
                values.extend_from_slice(bytes);
                Ok(())
            }
            Current::Scale(_, decoder, scales) => {
                decoder.decode(bytes, scales);
                Ok(())
            }
            Current::Values(_, decoder, collector) => {
                decoder.decode(bytes, &mut collector.values);
                collector.quantize_complete_rows()
            }
        }
    }

    fn end(&mut self) -> Result<()> {
        match self.current.take().expect("invariant: begin came before") {
            Current::Skipped => Ok(()),
            Current::Int8(info, values) => {
                let name = info.name.clone();
                self.int8.insert(name.clone(), (info, values));
                self.join_int8(&name)
            }
            Current::Scale(name, _, scales) => {
                self.scales.insert(name.clone(), scales);
                self.join_int8(&name)
            }
            Current::Values(name, _, collector) => {
                self.loaded.insert(name, collector.finish()?);
                Ok(())
            }
        }
    }
}

fn check_float(info: &TensorInfo) -> Result<()> {
    match info.dtype {
        Dtype::F32 | Dtype::F16 | Dtype::BF16 => Ok(()),
        _ => Err(Error::TensorDtype {
            name: info.name.clone(),
            found: info.dtype.name().to_owned(),
        }),
    }
}

/// Little-endian floats out of bytes that are cut anywhere.
struct FloatDecoder {
    dtype: Dtype,
    /// The first bytes of a value whose others have not come yet.
    carry: Vec<u8>,
}

impl FloatDecoder {
    fn new(dtype: &Dtype) -> FloatDecoder {
        FloatDecoder {
            dtype: dtype.clone(),
            carry: Vec::new(),
        }
    }

    fn decode(&mut self, mut bytes: &[u8], out: &mut Vec<f32>) {
        let width = (self.dtype.size_bytes()).expect("invariant: the header was checked");
        if !self.carry.is_empty() {
            let missing = (width - self.carry.len()).min(bytes.len());
            let (now, later) = bytes.split_at(missing);
            self.carry.extend_from_slice(now);
            bytes = later;
            if self.carry.len() < width {
                return;
            }
            let carry = std::mem::take(&mut self.carry);
            self.decode_whole(&carry, out);
        }
        let (whole, rest) = bytes.split_at(bytes.len() - bytes.len() % width);
        self.decode_whole(whole, out);
        self.carry.extend_from_slice(rest);
    }

    fn decode_whole(&self, bytes: &[u8], out: &mut Vec<f32>) {
        let pairs = || bytes.as_chunks::<2>().0.iter();
        match self.dtype {
            Dtype::F32 => out.extend(
                bytes
                    .as_chunks::<4>()
                    .0
                    .iter()
                    .map(|&b| f32::from_le_bytes(b)),
            ),
            Dtype::F16 => out.extend(pairs().map(|&b| f16::from_le_bytes(b).to_f32())),
            Dtype::BF16 => out.extend(pairs().map(|&b| bf16::from_le_bytes(b).to_f32())),
            Dtype::I8 | Dtype::Other(_) => unreachable!("invariant: the header was checked"),
        }
    }
}

/// Builds one weight from its values in file order; an embedding is quantised row block by row block as it grows.
struct Collector {
    role: Role,
    weight_type: WeightType,
    shape: Vec<usize>,
    values: Vec<f32>,
    blocks: Vec<u8>,
}

impl Collector {
    fn new(role: Role, shape: &[usize], weight_type: WeightType) -> Collector {
        let mut collector = Collector {
            role,
            weight_type,
            shape: shape.to_vec(),
            values: Vec::new(),
            blocks: Vec::new(),
        };
        if !collector.quantizes_rows() {
            // Exact, so that the largest tensor is never held twice by a growing vector.
            collector.values.reserve_exact(shape.iter().product());
        }
        collector
    }

    fn quantizes_rows(&self) -> bool {
        self.weight_type == WeightType::Q8 && self.role == Role::Rows
    }

    fn push(&mut self, values: &[f32]) -> Result<()> {
        self.values.extend_from_slice(values);
        self.quantize_complete_rows()
    }

    fn quantize_complete_rows(&mut self) -> Result<()> {
        if !self.quantizes_rows() {
            return Ok(());
        }
        let block_len = BLOCK_ROWS * self.shape[1];
        let n_blocks = self.values.len() / block_len;
        if n_blocks > 0 {
            self.quantize_rows(n_blocks * BLOCK_ROWS)?;
        }
        Ok(())
    }

    /// Quantises the first `n_rows` rows of `values` and drops them.
    fn quantize_rows(&mut self, n_rows: usize) -> Result<()> {
        let n_in = self.shape[1];
        let rows = Tensor::from_slice(&self.values[..n_rows * n_in], (n_rows, n_in), &Device::Cpu)?;
        quantize_rows(&rows, &mut self.blocks)?;
        self.values.drain(..n_rows * n_in);
        Ok(())
    }

    fn finish(mut self) -> Result<Weight> {
        if self.quantizes_rows() {
            let n_rows = self.values.len() / self.shape[1];
            if n_rows > 0 {
                self.quantize_rows(n_rows)?;
            }
            return Ok(Weight::Q8Matrix {
                blocks: self.blocks,
                shape: (self.shape[0], self.shape[1]),
            });
        }
        let tensor = Tensor::from_vec(self.values, self.shape, &Device::Cpu)?;
        Ok(match (self.role, self.weight_type) {
            (Role::Float, _) => Weight::Float(tensor),
            (Role::Rows, _) => Weight::F32Matrix(tensor),
            (Role::Conv1d, WeightType::F32) => Weight::F32Matrix(tensor.t()?), // (out, in)
            (Role::Conv1d, WeightType::Q8) => {
                let rows = tensor.t()?.contiguous()?; // (out, in)
                quantize_rows(&rows, &mut self.blocks)?;
                Weight::Q8Matrix {
                    blocks: self.blocks,
                    shape: rows.dims2()?,
                }
            }
        })
    }
}
