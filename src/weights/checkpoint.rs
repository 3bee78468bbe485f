//! A GPT-2 checkpoint from a safetensors stream: both naming schemes, every stored type, quantised as the bytes arrive.

use std::collections::{BTreeMap, HashMap};

use super::float_decoder::FloatDecoder;
use super::int8_tensor::Int8Tensor;
use super::names::{Role, expected_tensors};
use super::plan::{Destination, plan};
use super::safetensors::{Event, SafetensorsReader};
use super::tensor_builder::{TensorBuilder, Weight};
use crate::error::{Error, Result};
use crate::model::config::Config;
use crate::model::matrix::{Matrix, WeightType};
use crate::model::weight_source::WeightSource;

/// Reads the tensors of one checkpoint from the bytes of its file, in order and cut anywhere.
pub struct CheckpointReader {
    weight_type: WeightType,
    expected: BTreeMap<String, Role>,
    file: SafetensorsReader,
    /// The destinations of the file's tensors, once the header is in.
    plan: Vec<Destination>,
    /// The tensor of floats of which some bytes are in.
    incoming: Option<Incoming>,
    /// The int8 matrices of which some bytes are in, by name.
    int8: HashMap<String, Int8Tensor>,
    checkpoint: Checkpoint,
    is_refused: bool,
}

struct Incoming {
    decoder: FloatDecoder,
    builder: TensorBuilder,
}

impl CheckpointReader {
    /// A reader of the checkpoint that `config` describes, into weights of `weight_type`.
    ///
    /// # Errors
    /// [`Error::Config`] if `weight_type` cannot hold matrices of this shape.
    pub fn new(config: &Config, weight_type: WeightType) -> Result<CheckpointReader> {
        weight_type.check(config)?;
        Ok(CheckpointReader {
            weight_type,
            expected: expected_tensors(config),
            file: SafetensorsReader::default(),
            plan: Vec::new(),
            incoming: None,
            int8: HashMap::new(),
            checkpoint: Checkpoint::default(),
            is_refused: false,
        })
    }

    /// Takes the file's next bytes. Missing, surplus and misshapen tensors are known once the header is in.
    ///
    /// # Errors
    /// Those of the file, each with the tensor's name, what was expected and what was found. No more bytes are taken then.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.check_not_refused()?;
        let read = self.read(bytes);
        self.is_refused = read.is_err();
        read
    }

    /// The tensors, once the file is complete.
    ///
    /// # Errors
    /// [`Error::Safetensors`] if the file was cut short or refused.
    pub fn finish(self) -> Result<Checkpoint> {
        self.check_not_refused()?;
        self.file.finish()?;
        self.checkpoint.equalised()
    }

    fn check_not_refused(&self) -> Result<()> {
        match self.is_refused {
            false => Ok(()),
            true => Err(Error::Safetensors(
                "the file was refused before; begin again with another one".into(),
            )),
        }
    }

    fn read(&mut self, mut bytes: &[u8]) -> Result<()> {
        while let Some(event) = self.file.next(&mut bytes)? {
            match event {
                Event::Header(tensors) => self.plan = plan(&tensors, &self.expected)?,
                Event::Data { index, bytes, is_last } => self.take(index, bytes, is_last),
            }
        }
        Ok(())
    }

    /// Brings bytes of a tensor to their destination.
    fn take(&mut self, index: usize, bytes: &[u8], is_last: bool) {
        match &self.plan[index] {
            Destination::Skipped => {}
            Destination::Floats { name, role, dtype } => {
                let mut incoming = self.incoming.take().unwrap_or_else(|| Incoming {
                    decoder: FloatDecoder::new(*dtype),
                    builder: TensorBuilder::new(role, self.weight_type),
                });
                incoming.decoder.decode(bytes, &mut incoming.builder.values);
                incoming.builder.pack();
                match is_last {
                    true => self.checkpoint.insert(name, incoming.builder.finish()),
                    false => self.incoming = Some(incoming),
                }
            }
            Destination::Int8 { name, matrix, part } => {
                let mut int8 = (self.int8.remove(name)).unwrap_or_else(|| Int8Tensor::new(matrix.clone()));
                int8.push(*part, bytes);
                match int8.is_complete() {
                    true => self.checkpoint.insert(name, int8.finish(self.weight_type)),
                    false => drop(self.int8.insert(name.clone(), int8)),
                }
            }
        }
    }
}

/// The weights of a complete checkpoint.
#[derive(Default)]
pub struct Checkpoint {
    vectors: HashMap<String, Vec<f32>>,
    matrices: HashMap<String, Matrix>,
    /// The factors that LayerNorms have to take up, by the LayerNorm's name.
    norm_factors: Vec<(String, Vec<f32>)>,
}

impl Checkpoint {
    fn insert(&mut self, name: &str, weight: Weight) {
        let name = name.to_owned();
        match weight {
            Weight::Vector(values) => drop(self.vectors.insert(name, values)),
            Weight::Matrix(matrix) => drop(self.matrices.insert(name, matrix)),
            Weight::Equalised { matrix, norm, factors } => {
                self.matrices.insert(name, matrix);
                self.norm_factors.push((norm, factors));
            }
        }
    }

    /// Multiplies the LayerNorms by their factors.
    fn equalised(mut self) -> Result<Checkpoint> {
        for (norm, factors) in std::mem::take(&mut self.norm_factors) {
            for name in [format!("{norm}.weight"), format!("{norm}.bias")] {
                let mut values = self.vector(&name, factors.len())?;
                for (value, factor) in values.iter_mut().zip(&factors) {
                    *value *= factor;
                }
                self.vectors.insert(name, values);
            }
        }
        Ok(self)
    }
}

impl WeightSource for Checkpoint {
    fn contains(&self, name: &str) -> bool {
        self.vectors.contains_key(name) || self.matrices.contains_key(name)
    }

    fn vector(&mut self, name: &str, len: usize) -> Result<Vec<f32>> {
        let values = self.vectors.remove(name).ok_or_else(|| missing(name, &[len]))?;
        check_shape(name, &[len], &[values.len()])?;
        Ok(values)
    }

    fn matrix(&mut self, name: &str, n_out: usize, n_in: usize) -> Result<Matrix> {
        let matrix = self
            .matrices
            .remove(name)
            .ok_or_else(|| missing(name, &[n_out, n_in]))?;
        check_shape(name, &[n_out, n_in], &matrix.shape())?;
        Ok(matrix)
    }
}

fn missing(name: &str, shape: &[usize]) -> Error {
    Error::MissingTensor {
        name: name.to_owned(),
        shape: shape.to_vec(),
    }
}

fn check_shape(name: &str, expected: &[usize], found: &[usize]) -> Result<()> {
    match expected == found {
        true => Ok(()),
        false => Err(Error::TensorShape {
            name: name.to_owned(),
            expected: expected.to_vec(),
            found: found.to_vec(),
        }),
    }
}
