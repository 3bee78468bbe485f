//! The tensors of a GPT-2 checkpoint by their names, as transformers writes them.

use std::collections::BTreeMap;

use crate::kernels::int8::matrix::GROUP_LEN;
use crate::model::config::Config;

/// The head, absent if it is tied to the token embeddings.
pub const HEAD: &str = "lm_head.weight";

/// The part that a tensor plays in the model, with its shape in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// A LayerNorm's weight, or a bias: float32 in every model.
    Vector {
        /// Number of elements.
        len: usize,
    },
    /// A tensor of two dimensions, which may also be stored in int8.
    Matrix(StoredMatrix),
}

/// A matrix as a checkpoint stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMatrix {
    /// Size of the first dimension.
    pub n_rows: usize,
    /// Size of the second.
    pub n_columns: usize,
    /// Its use in the model.
    pub kind: MatrixKind,
}

/// The use of a matrix, and so the way it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatrixKind {
    /// Position embeddings, which are only looked up: float32 in every model.
    Lookup,
    /// Token embeddings or a head: `(out, in)`.
    Linear,
    /// A Conv1D: `(in, out)`.
    Conv1d {
        /// The LayerNorm that gives it its input, if one does.
        norm: Option<String>,
    },
}

impl Role {
    /// The shape that the file must have.
    pub fn shape(&self) -> Vec<usize> {
        match self {
            Role::Vector { len } => vec![*len],
            Role::Matrix(matrix) => vec![matrix.n_rows, matrix.n_columns],
        }
    }
}

impl StoredMatrix {
    /// The shape of the scales that an int8 matrix has beside it: one for each group of [`GROUP_LEN`] inputs of an output,
    /// the last of which may be short. The groups run down the columns of a Conv1D, and along the rows of the others.
    pub fn scale_shape(&self) -> [usize; 2] {
        match self.is_conv1d() {
            true => [self.n_rows.div_ceil(GROUP_LEN), self.n_columns],
            false => [self.n_rows, self.n_columns.div_ceil(GROUP_LEN)],
        }
    }

    /// Whether the matrix is stored `(in, out)`.
    pub fn is_conv1d(&self) -> bool {
        matches!(self.kind, MatrixKind::Conv1d { .. })
    }
}

/// The tensors that a checkpoint must have by its config.json.
pub fn expected_tensors(config: &Config) -> BTreeMap<String, Role> {
    let (d, inner) = (config.n_embd, config.n_inner);
    let matrix = |n_rows, n_columns, kind| {
        Role::Matrix(StoredMatrix {
            n_rows,
            n_columns,
            kind,
        })
    };
    let mut expected = BTreeMap::new();
    let mut expect = |name: &str, role| expected.insert(name.to_owned(), role);
    expect("wte.weight", matrix(config.vocab_size, d, MatrixKind::Linear));
    expect("wpe.weight", matrix(config.n_positions, d, MatrixKind::Lookup));
    for i in 0..config.n_layer {
        for norm in ["ln_1", "ln_2"] {
            expect(&format!("h.{i}.{norm}.weight"), Role::Vector { len: d });
            expect(&format!("h.{i}.{norm}.bias"), Role::Vector { len: d });
        }
        for (name, norm, n_in, n_out) in [
            ("attn.c_attn", Some("ln_1"), d, 3 * d),
            ("attn.c_proj", None, d, d),
            ("mlp.c_fc", Some("ln_2"), d, inner),
            ("mlp.c_proj", None, inner, d),
        ] {
            let norm = norm.map(|norm| format!("h.{i}.{norm}"));
            expect(
                &format!("h.{i}.{name}.weight"),
                matrix(n_in, n_out, MatrixKind::Conv1d { norm }),
            );
            expect(&format!("h.{i}.{name}.bias"), Role::Vector { len: n_out });
        }
    }
    expect("ln_f.weight", Role::Vector { len: d });
    expect("ln_f.bias", Role::Vector { len: d });
    if !config.tie_word_embeddings {
        expect(HEAD, matrix(config.vocab_size, d, MatrixKind::Linear));
    }
    expected
}

/// `transformer.h.0…` and `h.0…` are the same tensor.
pub fn without_prefix(name: &str) -> &str {
    name.strip_prefix("transformer.").unwrap_or(name)
}

/// Whether the tensor is a causal mask, which old checkpoints carry. The mask is a function of the positions.
pub fn is_buffer(name: &str) -> bool {
    let mut parts = name.split('.');
    parts.next() == Some("h")
        && parts.next().is_some_and(|i| i.parse::<usize>().is_ok())
        && parts.next() == Some("attn")
        && matches!(parts.next(), Some("bias" | "masked_bias"))
        && parts.next().is_none()
}
