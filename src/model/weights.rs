//! GPT-2's weights from a safetensors stream: names of both schemes, every stored type, quantised as the bytes come in.

use std::collections::{BTreeMap, HashMap};

use super::int8_tensor::Int8Tensor;
use super::linear::{Linear, Matrix, WeightType};
use super::safetensors::{Dtype, SafetensorsReader, TensorInfo, TensorSink};
use super::tensor_names::{HEAD, expected_tensors, is_buffer, without_prefix};
use super::weight_builder::{FloatDecoder, Role, Weight, WeightBuilder};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::kernels::int8::matrix::{GROUP_LEN, Int8Matrix};

/// Collects the tensors of one checkpoint. Feed it with [`Weights::push`], in order and cut anywhere.
pub struct Weights {
    reader: SafetensorsReader,
    tensors: Tensors,
    /// The file was refused, and what comes after makes no sense any more.
    is_refused: bool,
}

struct Tensors {
    weight_type: WeightType,
    /// What config.json asks for: name to role and shape.
    expected: BTreeMap<String, (Role, Vec<usize>)>,
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
    Values(String, FloatDecoder, WeightBuilder),
}

impl Weights {
    /// # Errors
    /// [`Error::Config`] if `weight_type` cannot hold a matrix of this shape.
    pub fn new(config: &Config, weight_type: WeightType) -> Result<Weights> {
        if weight_type == WeightType::Q8 {
            check_groups(config)?;
        }
        Ok(Weights {
            reader: SafetensorsReader::default(),
            is_refused: false,
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
        self.check_not_refused()?;
        let pushed = self.reader.push(bytes, &mut self.tensors);
        self.is_refused = pushed.is_err();
        pushed
    }

    /// All tensors by their name without prefix.
    ///
    /// # Errors
    /// [`Error::Safetensors`] if the file was cut short.
    pub fn finish(self) -> Result<LoadedWeights> {
        self.check_not_refused()?;
        self.reader.finish()?;
        Ok(LoadedWeights {
            tensors: self.tensors.loaded,
        })
    }

    fn check_not_refused(&self) -> Result<()> {
        match self.is_refused {
            false => Ok(()),
            true => Err(Error::Safetensors(
                "the file was refused before; begin again with another one".into(),
            )),
        }
    }
}

/// The tensors of a complete checkpoint, to be taken out one by one.
pub struct LoadedWeights {
    tensors: HashMap<String, Weight>,
}

impl LoadedWeights {
    /// int8 weights of nothing, for a packed file to be read into.
    pub fn zeros(config: &Config, has_head: bool) -> LoadedWeights {
        let mut expected = expected_tensors(config);
        if !has_head {
            expected.remove(HEAD);
        }
        let zeros = |(name, (role, shape)): (String, (Role, Vec<usize>))| {
            let matrix = |n_out, n_in| Weight::Matrix(Matrix::Q8(Int8Matrix::zeros(n_out, n_in)));
            let weight = match role {
                Role::Float => Weight::Float(vec![0.0; shape.iter().product()]),
                Role::Rows => matrix(shape[0], shape[1]),
                // The LayerNorm in front has taken the divisors up before it was packed.
                Role::Conv1d | Role::Conv1dBehindNorm => matrix(shape[1], shape[0]),
            };
            (name, weight)
        };
        LoadedWeights {
            tensors: expected.into_iter().map(zeros).collect(),
        }
    }

    fn take(&mut self, name: &str) -> Weight {
        (self.tensors.remove(name)).expect("invariant: the header was checked against config.json")
    }

    pub fn float(&mut self, name: &str) -> Vec<f32> {
        match self.take(name) {
            Weight::Float(values) => values,
            _ => unreachable!("invariant: {name} was loaded by its role"),
        }
    }

    /// The matrix `name.weight`, with a bias.
    pub fn linear(&mut self, name: &str, bias: Option<Vec<f32>>) -> Linear {
        match self.take(&format!("{name}.weight")) {
            Weight::Matrix(weight) => Linear::new(weight, bias),
            _ => unreachable!("invariant: {name} was loaded by its role"),
        }
    }

    /// The same behind a LayerNorm, and what its inputs have to be multiplied by, `(n_in,)`, if anything.
    pub fn linear_behind_norm(&mut self, name: &str, bias: Vec<f32>) -> (Linear, Option<Vec<f32>>) {
        match self.take(&format!("{name}.weight")) {
            Weight::Matrix(weight) => (Linear::new(weight, Some(bias)), None),
            Weight::Equalised(weight, scales) => (Linear::new(weight, Some(bias)), Some(scales)),
            Weight::Float(_) => unreachable!("invariant: {name} was loaded by its role"),
        }
    }

    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }
}

/// # Errors
/// [`Error::Config`] if int8 cannot hold matrices of this shape.
pub fn check_groups(config: &Config) -> Result<()> {
    for (key, width) in [("n_embd", config.n_embd), ("n_inner", config.n_inner)] {
        if width % GROUP_LEN != 0 {
            return Err(Error::Config(format!(
                "dtype \"q8\" needs {key} to be a multiple of {GROUP_LEN}, got {width}; use \"f32\""
            )));
        }
    }
    Ok(())
}

impl Tensors {
    /// A tensor that is in the file and of no use: a buffer, or the copy of a tied head.
    fn is_skipped(&self, name: &str) -> bool {
        is_buffer(name) || (name == HEAD && !self.expected.contains_key(name))
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
        let int8 = Int8Tensor::new(self.expected[name].0, &info.shape, values, scales);
        self.loaded.insert(name.to_owned(), int8.weight(self.weight_type));
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
        if !found.contains_key(HEAD) {
            self.expected.remove(HEAD);
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
                Dtype::I8 if is_matrix => {
                    let scale_name = format!("{name}.scale");
                    let scale_shape = Int8Tensor::scale_shape(*role, shape);
                    let Some(scale) = found.remove(scale_name.as_str()) else {
                        return Err(Error::MissingTensor {
                            name: scale_name,
                            shape: scale_shape.to_vec(),
                        });
                    };
                    self.check_shape(scale, &scale_shape)?;
                    // As packed matrices hold it: rounding another type would change every weight.
                    check_dtype(scale, &[Dtype::BF16], "BF16 is")?;
                }
                _ => check_dtype(
                    info,
                    &[Dtype::F32, Dtype::F16, Dtype::BF16],
                    "F32, F16, BF16 and, for matrices with a .scale, I8 are",
                )?,
            }
        }
        match found.into_keys().filter(|name| !self.is_skipped(name)).min() {
            None => Ok(()),
            Some(name) => Err(Error::SurplusTensor { name: name.to_owned() }),
        }
    }

    fn begin(&mut self, info: &TensorInfo) -> Result<()> {
        let name = without_prefix(&info.name);
        self.current = Some(if self.is_skipped(name) {
            Current::Skipped
        } else if let Some(matrix) = name.strip_suffix(".scale") {
            let scales = Vec::with_capacity(info.shape.iter().product());
            Current::Scale(matrix.to_owned(), FloatDecoder::new(&info.dtype), scales)
        } else if info.dtype == Dtype::I8 {
            let n_bytes = info.shape.iter().product();
            let info = TensorInfo {
                name: name.to_owned(),
                ..info.clone()
            };
            Current::Int8(info, Vec::with_capacity(n_bytes))
        } else {
            let builder = WeightBuilder::new(self.expected[name].0, &info.shape, self.weight_type);
            Current::Values(name.to_owned(), FloatDecoder::new(&info.dtype), builder)
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
            Current::Values(_, decoder, builder) => {
                builder.extend(|values| decoder.decode(bytes, values));
                Ok(())
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
            Current::Values(name, _, builder) => {
                self.loaded.insert(name, builder.finish());
                Ok(())
            }
        }
    }
}

fn check_dtype(info: &TensorInfo, dtypes: &[Dtype], readable: &'static str) -> Result<()> {
    match dtypes.contains(&info.dtype) {
        true => Ok(()),
        false => Err(Error::TensorDtype {
            name: info.name.clone(),
            found: info.dtype.name().to_owned(),
            readable,
        }),
    }
}
