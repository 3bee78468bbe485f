//! The plan made from a checkpoint's header: where each tensor's bytes go. A file that does not match config.json is
//! refused here, before its tensors are downloaded.

use std::collections::{BTreeMap, HashMap};

use super::int8_tensor::Int8Part;
use super::names::{HEAD, Role, StoredMatrix, is_buffer, without_prefix};
use super::safetensors::{Dtype, FloatDtype, TensorInfo};
use crate::error::{Error, Result};

/// The destination of one tensor's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A mask, or the copy of a tied head.
    Skipped,
    /// A tensor of floats.
    Floats {
        /// The name without prefix.
        name: String,
        /// The tensor's part in the model.
        role: Role,
        /// The type of its elements in the file.
        dtype: FloatDtype,
    },
    /// One of the two tensors of an int8 matrix.
    Int8 {
        /// The matrix's name without prefix.
        name: String,
        /// The matrix that the two become.
        matrix: StoredMatrix,
        /// Values or scales.
        part: Int8Part,
    },
}

/// Gives each of `tensors` its destination.
///
/// # Errors
/// A tensor is missing, surplus or there twice, or has another shape or type than `expected`.
pub fn plan(tensors: &[TensorInfo], expected: &BTreeMap<String, Role>) -> Result<Vec<Destination>> {
    let mut found = HashMap::new();
    for (i, info) in tensors.iter().enumerate() {
        let name = without_prefix(&info.name);
        if found.insert(name, (i, info)).is_some() {
            return Err(Error::Safetensors(format!(
                "tensor {name} is there twice, with and without the prefix transformer."
            )));
        }
    }
    let has_head = found.contains_key(HEAD);
    let mut destinations = vec![Destination::Skipped; tensors.len()];
    for (name, role) in expected {
        // A head that the file does not have is tied, whatever config.json says.
        if name == HEAD && !has_head {
            continue;
        }
        let (i, info) = take(&mut found, name, &role.shape())?;
        destinations[i] = match (&info.dtype, role) {
            (Dtype::I8, Role::Matrix(matrix)) => {
                let (scales_i, scales) = take(&mut found, &format!("{name}.scale"), &matrix.scale_shape())?;
                // The type in packed matrices: rounding another one to it would change every weight.
                if scales.dtype != Dtype::Float(FloatDtype::BF16) {
                    return Err(unreadable(scales, "BF16 is"));
                }
                let int8 = |part| Destination::Int8 {
                    name: name.clone(),
                    matrix: matrix.clone(),
                    part,
                };
                destinations[scales_i] = int8(Int8Part::Scales);
                int8(Int8Part::Values)
            }
            (&Dtype::Float(dtype), _) => Destination::Floats {
                name: name.clone(),
                role: role.clone(),
                dtype,
            },
            _ => {
                let readable = "F32, F16, BF16 and, for matrices with a .scale, I8 are";
                return Err(unreadable(info, readable));
            }
        };
    }
    let is_skipped = |name: &str| is_buffer(name) || name == HEAD;
    match found.into_keys().filter(|name| !is_skipped(name)).min() {
        None => Ok(destinations),
        Some(name) => Err(Error::SurplusTensor { name: name.to_owned() }),
    }
}

/// Takes a tensor and its place in the file out of those found.
fn take<'a>(
    found: &mut HashMap<&str, (usize, &'a TensorInfo)>,
    name: &str,
    shape: &[usize],
) -> Result<(usize, &'a TensorInfo)> {
    match found.remove(name) {
        None => Err(Error::MissingTensor {
            name: name.to_owned(),
            shape: shape.to_vec(),
        }),
        Some((_, info)) if info.shape != shape => Err(Error::TensorShape {
            name: info.name.clone(),
            expected: shape.to_vec(),
            found: info.shape.clone(),
        }),
        Some(tensor) => Ok(tensor),
    }
}

fn unreadable(info: &TensorInfo, readable: &'static str) -> Error {
    Error::TensorDtype {
        name: info.name.clone(),
        found: info.dtype.name().to_owned(),
        readable,
    }
}
