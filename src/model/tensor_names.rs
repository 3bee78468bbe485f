//! The tensors of a GPT-2 checkpoint by their names, as transformers writes them.

use std::collections::BTreeMap;

use super::weight_builder::Role;
use crate::config::Config;

pub const HEAD: &str = "lm_head.weight";

/// What a checkpoint must have by its config.json: name to role and shape.
pub fn expected_tensors(config: &Config) -> BTreeMap<String, (Role, Vec<usize>)> {
    let (d, inner) = (config.n_embd, config.n_inner);
    let mut expected = BTreeMap::new();
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
        for (name, role, n_in, n_out) in [
            ("attn.c_attn", Role::Conv1dBehindNorm, d, 3 * d),
            ("attn.c_proj", Role::Conv1d, d, d),
            ("mlp.c_fc", Role::Conv1dBehindNorm, d, inner),
            ("mlp.c_proj", Role::Conv1d, inner, d),
        ] {
            expect(format!("h.{i}.{name}.weight"), role, &[n_in, n_out]);
            expect(format!("h.{i}.{name}.bias"), Role::Float, &[n_out]);
        }
    }
    expect("ln_f.weight".into(), Role::Float, &[d]);
    expect("ln_f.bias".into(), Role::Float, &[d]);
    if !config.tie_word_embeddings {
        expect(HEAD.into(), Role::Rows, &[config.vocab_size, d]);
    }
    expected
}

/// `transformer.h.0…` and `h.0…` are the same tensor.
pub fn without_prefix(name: &str) -> &str {
    name.strip_prefix("transformer.").unwrap_or(name)
}

/// Causal masks that old checkpoints carry; the mask is a function of the positions.
pub fn is_buffer(name: &str) -> bool {
    let mut parts = name.split('.');
    parts.next() == Some("h")
        && parts.next().is_some_and(|i| i.parse::<usize>().is_ok())
        && parts.next() == Some("attn")
        && matches!(parts.next(), Some("bias" | "masked_bias"))
        && parts.next().is_none()
}
