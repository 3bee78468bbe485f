//! Random damage to weights and configs: each is refused or gives a model that runs; none panics.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{load, model_files, safetensors, tensors};
use proptest::prelude::*;
use std::sync::LazyLock;
use write_with_distilgpt2::model::config::Config;
use write_with_distilgpt2::model::kv_cache::KvCache;
use write_with_distilgpt2::model::matrix::WeightType;
use write_with_distilgpt2::weights::checkpoint::CheckpointReader;

static BASE: LazyLock<(Config, Vec<u8>)> = LazyLock::new(|| model_files(common::fixture_path("models/base")));
static I8: LazyLock<(Config, Vec<u8>)> = LazyLock::new(|| model_files(common::fixture_path("models/i8")));

/// A change to one tensor.
#[derive(Debug, Clone)]
enum Tampering {
    Name(String),
    Dtype(&'static str),
    Shape(Vec<usize>),
    Length(usize),
    Bytes(u8),
    Moved,
}

fn tampering() -> impl Strategy<Value = Tampering> {
    let names = vec![
        "",
        "wte.weight",
        "transformer.",
        "h.0.attn.bias",
        "h.9.ln_1.bias",
        "lm_head.weight",
        "wte.weight.scale",
        ".scale",
    ];
    let dtypes = vec!["F32", "F16", "BF16", "I8", "F64", "BOOL", ""];
    prop_oneof![
        prop::sample::select(names).prop_map(|name| Tampering::Name(name.to_owned())),
        prop::sample::select(dtypes).prop_map(Tampering::Dtype),
        prop::collection::vec(0_usize..200, 0..4).prop_map(Tampering::Shape),
        (0_usize..20_000).prop_map(Tampering::Length),
        any::<u8>().prop_map(Tampering::Bytes),
        Just(Tampering::Moved),
    ]
}

/// A change to a file, most likely in its header: the place, the number of bytes to remove there, and those to insert.
fn mutation(len: usize) -> impl Strategy<Value = (usize, usize, Vec<u8>)> {
    let place = prop_oneof![3 => 0_usize..12, 6 => 0_usize..8000, 1 => 0..len];
    let header_text = prop::sample::select(vec![
        "0",
        "9",
        "-1",
        "F32",
        "I8",
        "\"",
        "}",
        "[]",
        "null",
        "1e99",
        ".scale",
        "99999999999999999999",
    ]);
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..9),
        header_text.prop_map(|text| text.as_bytes().to_vec()),
    ];
    (place, 0_usize..12, bytes)
}

proptest! {
    // Set FUZZ_CASES=200000 for a long run.
    #![proptest_config(ProptestConfig::with_cases(
        std::env::var("FUZZ_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400)
    ))]

    /// A file that loads also runs.
    #[test]
    fn no_mutated_file_panics(
        is_i8 in any::<bool>(),
        is_q8 in any::<bool>(),
        mutations in prop::collection::vec(mutation(100_000), 1..4),
        chunk_len in 1_usize..5000,
    ) {
        let (config, file) = if is_i8 { &*I8 } else { &*BASE };
        let mut file = file.clone();
        for (place, n_removed, bytes) in mutations {
            let start = place.min(file.len());
            let end = (start + n_removed).min(file.len());
            file.splice(start..end, bytes);
        }
        let weight_type = if is_q8 { WeightType::Q8 } else { WeightType::F32 };
        if let Ok(mut model) = load(config, &file, chunk_len, weight_type) {
            let mut cache = KvCache::new(config);
            model.forward(&[1, 2, 3], &mut cache).unwrap();
        }
    }

    /// The header is well-formed, but one of its tensors is wrong.
    #[test]
    fn no_tampered_tensor_panics(
        is_i8 in any::<bool>(),
        is_q8 in any::<bool>(),
        i in any::<prop::sample::Index>(),
        tampering in tampering(),
    ) {
        let base = if is_i8 { &*I8 } else { &*BASE };
        let mut tensors = tensors(&base.1);
        let i = i.index(tensors.len());
        match tampering {
            Tampering::Name(name) => tensors[i].0 = name,
            Tampering::Dtype(dtype) => tensors[i].1 = dtype,
            Tampering::Shape(shape) => tensors[i].2 = shape,
            Tampering::Length(n_bytes) => tensors[i].3.resize(n_bytes, 1),
            Tampering::Bytes(byte) => tensors[i].3.fill(byte),
            Tampering::Moved => tensors.rotate_left(i),
        }
        let weight_type = if is_q8 { WeightType::Q8 } else { WeightType::F32 };
        if let Ok(mut model) = load(&base.0, &safetensors(&tensors), 4096, weight_type) {
            let mut cache = KvCache::new(&base.0);
            model.forward(&[1, 2, 3], &mut cache).unwrap();
        }
    }

    #[test]
    fn no_config_panics(json in r#"\{("(n_embd|n_head|n_layer|vocab_size|n_positions|n_inner)": ?-?[0-9]{1,20},?){0,4}\}"#) {
        if let Ok(config) = Config::from_json(&json) {
            let _ = CheckpointReader::new(&config, WeightType::Q8);
        }
    }
}
