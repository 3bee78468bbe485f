//! Packed files: read back, they give the same model; every fault is an error that names it.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::sync::LazyLock;

use common::{fixture, fixture_path};
use proptest::prelude::*;
use write_with_distilgpt2::error::{Error, Result};
use write_with_distilgpt2::model::config::Config;
use write_with_distilgpt2::model::gpt2::Gpt2;
use write_with_distilgpt2::model::kv_cache::KvCache;
use write_with_distilgpt2::model::matrix::WeightType;
use write_with_distilgpt2::weights::checkpoint::CheckpointReader;
use write_with_distilgpt2::weights::packed_file::{HEADER_LEN, Origin, PackedModel, header};

fn config_json(name: &str) -> String {
    String::from_utf8(fixture(&format!("models/{name}/config.json"))).unwrap()
}

fn model(name: &str) -> Gpt2 {
    let (config, file) = common::model_files(fixture_path(&format!("models/{name}")));
    let mut reader = CheckpointReader::new(&config, WeightType::Q8).unwrap();
    reader.push(&file).unwrap();
    Gpt2::new(config, reader.finish().unwrap()).unwrap()
}

fn pack(model: &mut Gpt2, origin: Origin) -> Vec<u8> {
    let header = header(model, origin).unwrap();
    let parts = model.parts().into_iter().flat_map(|part| part.to_vec());
    header.into_iter().chain(parts).collect()
}

fn unpack(file: &[u8], origin: Origin) -> Result<Gpt2> {
    let (header, mut rest) = file.split_at(file.len().min(HEADER_LEN));
    let mut packed = PackedModel::new(header, file.len() as u64, origin)?;
    for part in packed.parts() {
        let (bytes, later) = rest.split_at(part.len());
        part.copy_from_slice(bytes);
        rest = later;
    }
    packed.finish()
}

fn logits(model: &mut Gpt2) -> Vec<f32> {
    let mut cache = KvCache::new(&model.config().clone());
    model.forward_all(&[5, 6, 7, 8], &mut cache).unwrap().to_vec()
}

static CONFIG: LazyLock<String> = LazyLock::new(|| config_json("base"));
static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| pack(&mut model("base"), origin()));

fn origin() -> Origin<'static> {
    Origin {
        config_json: &CONFIG,
        weights: "weights",
    }
}

fn refusal(file: &[u8], origin: Origin) -> String {
    let error = unpack(file, origin).err().expect("the file is damaged");
    assert!(matches!(error, Error::Packed(_)), "{error}");
    error.to_string()
}

#[test]
fn a_model_read_back_computes_the_same_bits() {
    // Tied and untied heads, scales folded into the LayerNorms, an MLP of another width.
    for name in ["base", "untied", "i8", "n_inner", "prefixed"] {
        let json = config_json(name);
        let origin = Origin {
            config_json: &json,
            weights: "weights",
        };
        let mut packed = model(name);
        let mut read = unpack(&pack(&mut packed, origin), origin).unwrap();
        assert_eq!(logits(&mut read), logits(&mut packed), "{name}");
        assert_eq!(read.size_bytes(), packed.size_bytes());
    }
}

/// Visitors' devices hold files in this layout. If this test fails, raise `FORMAT`, then update the hash.
#[test]
fn the_layout_is_that_of_its_format() {
    assert_eq!(
        (FILE[8], u64::from_le_bytes(FILE[48..56].try_into().unwrap())),
        (1, 18_371_426_210_867_983_100)
    );
}

#[test]
fn a_head_that_only_the_config_has_is_tied() {
    let json = config_json("base").replacen('{', r#"{"tie_word_embeddings": false,"#, 1);
    let (_, file) = common::model_files(fixture_path("models/base"));
    let config = Config::from_json(&json).unwrap();
    assert!(!config.tie_word_embeddings);
    let mut reader = CheckpointReader::new(&config, WeightType::Q8).unwrap();
    reader.push(&file).unwrap();
    let mut tied = Gpt2::new(config, reader.finish().unwrap()).unwrap();
    let origin = Origin {
        config_json: &json,
        weights: "weights",
    };
    let mut read = unpack(&pack(&mut tied, origin), origin).unwrap();
    assert_eq!(logits(&mut read), logits(&mut model("base")));
}

#[test]
fn each_fault_is_named() {
    let other_format = [&FILE[..8], &9_u32.to_le_bytes(), &FILE[12..]].concat();
    assert!(refusal(&other_format, origin()).contains("another version"));
    let html = b"<!doctype html>".repeat(9);
    assert!(refusal(&html, origin()).contains("another version"));
    let other_weights = Origin {
        weights: "others",
        ..origin()
    };
    assert!(refusal(&FILE, other_weights).contains("other files"));
    let json = config_json("base").replace("gelu_new", "relu");
    let other_config = Origin {
        config_json: &json,
        ..origin()
    };
    assert!(refusal(&FILE, other_config).contains("other files"));
    assert!(refusal(&FILE[..HEADER_LEN - 1], origin()).contains("after 55 bytes"));
    let cut = refusal(&FILE[..FILE.len() - 1], origin());
    assert!(
        cut.contains(&format!("{} bytes instead of {}", FILE.len() - 1, FILE.len())),
        "{cut}"
    );
    assert!(refusal(&[&FILE[..], b"a"].concat(), origin()).contains("bytes instead of"));
}

#[test]
fn only_int8_models_are_packed() {
    let (config, file) = common::model_files(fixture_path("models/base"));
    let mut reader = CheckpointReader::new(&config, WeightType::F32).unwrap();
    reader.push(&file).unwrap();
    let mut model = Gpt2::new(config, reader.finish().unwrap()).unwrap();
    let error = header(&mut model, origin()).unwrap_err();
    assert_eq!(error.code(), "config");
    assert!(error.to_string().contains("got \"f32\""), "{error}");
}

#[test]
fn an_impossible_config_is_refused_as_such() {
    let origin = Origin {
        config_json: r#"{"n_embd": 100, "n_head": 1}"#,
        weights: "weights",
    };
    let mut header = FILE[..HEADER_LEN].to_vec();
    // The header of a file made from this config.
    header[16..48].copy_from_slice(&{
        use sha2::{Digest, Sha256};
        let config = Sha256::digest(origin.config_json);
        Sha256::new()
            .chain_update(config)
            .chain_update(origin.weights)
            .finalize()
    });
    let error = PackedModel::new(&header, 1000, origin).err().unwrap();
    assert_eq!(error.code(), "config");
}

proptest! {
    #[test]
    fn no_changed_bit_goes_unnoticed(place in any::<prop::sample::Index>(), in_header in any::<bool>(), bit in 0..8_u8) {
        let mut file = FILE.clone();
        let i = place.index(if in_header { HEADER_LEN } else { file.len() });
        file[i] ^= 1_u8 << bit;
        prop_assert!(matches!(unpack(&file, origin()), Err(Error::Packed(_))));
    }

    #[test]
    fn no_bytes_panic(mut file in prop::collection::vec(any::<u8>(), 0..200), n_true in 0_usize..100) {
        let n_true = n_true.min(file.len());
        file[..n_true].copy_from_slice(&FILE[..n_true]);
        prop_assert!(matches!(unpack(&file, origin()), Err(Error::Packed(_))));
    }
}
