//! Reading safetensors: whole files load in chunks of any length; each fault is an error that names it.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{StoredTensor, load, model_files, safetensors, tensors};
use std::sync::LazyLock;
use write_with_distilgpt2::error::Error;
use write_with_distilgpt2::model::config::Config;
use write_with_distilgpt2::model::kv_cache::KvCache;
use write_with_distilgpt2::model::matrix::WeightType;
use write_with_distilgpt2::weights::checkpoint::CheckpointReader;
use write_with_distilgpt2::weights::safetensors::{Event, SafetensorsReader};

static BASE: LazyLock<(Config, Vec<u8>)> = LazyLock::new(|| model_files(common::fixture_path("models/base")));
static I8: LazyLock<(Config, Vec<u8>)> = LazyLock::new(|| model_files(common::fixture_path("models/i8")));

fn error((config, _): &(Config, Vec<u8>), file: &[u8]) -> Error {
    load(config, file, 4096, WeightType::F32)
        .err()
        .expect("the file is damaged")
}

fn tampered(base: &(Config, Vec<u8>), name: &str, tamper: impl Fn(&mut Vec<StoredTensor>, usize)) -> Error {
    let mut tensors = tensors(&base.1);
    let i = tensors.iter().position(|tensor| tensor.0 == name).unwrap();
    tamper(&mut tensors, i);
    error(base, &safetensors(&tensors))
}

#[test]
fn a_rewritten_file_loads() {
    for base in [&*BASE, &*I8] {
        load(&base.0, &safetensors(&tensors(&base.1)), 4096, WeightType::F32).unwrap();
    }
}

#[test]
fn scales_may_follow_their_matrix() {
    let mut reversed = tensors(&I8.1);
    reversed.reverse();
    let logits = |file: &[u8]| {
        let mut model = load(&I8.0, file, 1000, WeightType::F32).unwrap();
        let mut cache = KvCache::new(&I8.0);
        model.forward(&[1, 2, 3], &mut cache).unwrap().to_vec()
    };
    assert_eq!(logits(&safetensors(&reversed)), logits(&I8.1));
}

#[test]
fn each_fault_is_named() {
    let name = "h.1.mlp.c_fc.weight";
    let missing = tampered(&BASE, name, |tensors, i| drop(tensors.remove(i)));
    assert!(
        matches!(&missing, Error::MissingTensor { name: n, shape } if n == name && *shape == [32, 128]),
        "{missing}"
    );
    let surplus = tampered(&BASE, name, |tensors, i| {
        tensors.push((
            "h.1.mlp.c_new.weight".into(),
            "F32",
            vec![1],
            tensors[i].3[..4].to_vec(),
        ))
    });
    assert!(
        matches!(&surplus, Error::SurplusTensor { name } if name == "h.1.mlp.c_new.weight"),
        "{surplus}"
    );
    let misshapen = tampered(&BASE, name, |tensors, i| tensors[i].2 = vec![128, 32]);
    assert!(
        matches!(&misshapen, Error::TensorShape { name: n, expected, found } if n == name && *expected == [32, 128] && *found == [128, 32]),
        "{misshapen}"
    );
    let other_type = tampered(&BASE, name, |tensors, i| {
        tensors[i].1 = "F64";
        tensors[i].3 = vec![0; 8 * 32 * 128];
    });
    assert!(
        matches!(&other_type, Error::TensorDtype { name: n, found, .. } if n == name && found == "F64"),
        "{other_type}"
    );
    let int8_vector = tampered(&BASE, "ln_f.bias", |tensors, i| {
        tensors[i].1 = "I8";
        tensors[i].3.truncate(32);
    });
    assert!(
        matches!(&int8_vector, Error::TensorDtype { name, .. } if name == "ln_f.bias"),
        "{int8_vector}"
    );
    let no_scale = tampered(&I8, "wte.weight.scale", |tensors, i| drop(tensors.remove(i)));
    assert!(
        matches!(&no_scale, Error::MissingTensor { name, shape } if name == "wte.weight.scale" && *shape == [96, 1]),
        "{no_scale}"
    );
    let coarse = tampered(&I8, "h.1.mlp.c_proj.weight.scale", |tensors, i| {
        tensors[i].2 = vec![1, 128]
    });
    assert!(
        matches!(&coarse, Error::TensorShape { expected, found, .. } if *expected == [4, 32] && *found == [1, 128]),
        "{coarse}"
    );
    let other_scale = tampered(&I8, "wte.weight.scale", |tensors, i| tensors[i].1 = "F16");
    assert_eq!(
        other_scale.to_string(),
        "tensor wte.weight.scale is stored as F16, but only BF16 is supported"
    );
    let scale_alone = tampered(&BASE, "ln_f.bias", |tensors, i| {
        let mut scale = tensors[i].clone();
        scale.0 = "wte.weight.scale".into();
        tensors.push(scale);
    });
    assert!(matches!(&scale_alone, Error::SurplusTensor { .. }), "{scale_alone}");
    let twice = tampered(&BASE, name, |tensors, i| {
        let mut copy = tensors[i].clone();
        copy.0 = format!("transformer.{name}");
        tensors.push(copy);
    });
    assert!(twice.to_string().contains("is there twice"), "{twice}");
}

#[test]
fn a_file_cut_anywhere_is_cut_short() {
    let file = &BASE.1;
    let header_end = 8 + u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    for len in [
        0,
        1,
        7,
        8,
        9,
        header_end - 1,
        header_end,
        header_end + 1,
        file.len() - 1,
    ] {
        let message = error(&BASE, &file[..len]).to_string();
        assert!(message.contains("cut short"), "{len} bytes: {message}");
    }
    let message = error(&BASE, &file[..file.len() - 1]).to_string();
    assert!(
        message.contains("at tensor ") && message.contains("expected ") && message.contains("found "),
        "{message}"
    );
}

#[test]
fn tensors_may_lie_beyond_what_32_bits_address() {
    let file = with_header(
        r#"{"a": {"dtype": "F32", "shape": [1500000000], "data_offsets": [0, 6000000000]},
            "b": {"dtype": "F32", "shape": [2], "data_offsets": [6000000000, 6000000008]}}"#,
    );
    let mut reader = SafetensorsReader::default();
    let Some(Event::Header(tensors)) = reader.next(&mut &file[..]).unwrap() else {
        panic!("the header comes first");
    };
    assert!(tensors.iter().map(|tensor| tensor.size_bytes).eq([6_000_000_000, 8]));
    reader.next(&mut &[0; 10][..]).unwrap();
    let message = reader.finish().unwrap_err().to_string();
    assert!(
        message.contains("tensor a: expected 6000000000 bytes, found 10"),
        "{message}"
    );
}

/// The events of a file that arrives in chunks.
fn events(file: &[u8], chunk_len: usize) -> Vec<String> {
    let mut reader = SafetensorsReader::default();
    let mut events = Vec::new();
    for mut chunk in file.chunks(chunk_len) {
        while let Some(event) = reader.next(&mut chunk).unwrap() {
            events.push(match event {
                Event::Header(tensors) => tensors.into_iter().map(|tensor| tensor.name).collect(),
                Event::Data { index, bytes, is_last } => format!("{index} {bytes:?} {is_last}"),
            });
        }
        assert!(chunk.is_empty());
    }
    reader.finish().unwrap();
    events
}

#[test]
fn a_reader_gives_the_header_and_then_the_bytes_of_each_tensor() {
    let file = safetensors(&[
        ("a".into(), "I8", vec![3], vec![1, 2, 3]),
        ("b".into(), "I8", vec![0], vec![]),
        ("c".into(), "I8", vec![2], vec![4, 5]),
    ]);
    let whole = ["abc", "0 [1, 2, 3] true", "1 [] true", "2 [4, 5] true"];
    assert_eq!(events(&file, file.len()), whole);
    let bytes = [
        "abc",
        "0 [1] false",
        "0 [2] false",
        "0 [3] true",
        "1 [] true",
        "2 [4] false",
        "2 [5] true",
    ];
    assert_eq!(events(&file, 1), bytes);
}

#[test]
fn bytes_after_the_last_tensor_are_too_many() {
    let message = error(&BASE, &[&BASE.1[..], b"abc"].concat()).to_string();
    assert!(message.contains("3 bytes too many"), "{message}");
}

fn with_header(json: &str) -> Vec<u8> {
    [&(json.len() as u64).to_le_bytes()[..], json.as_bytes()].concat()
}

#[test]
fn after_an_error_no_more_bytes_are_accepted() {
    let too_long = [&BASE.1[..], b"abc"].concat();
    let wrong_header = with_header(r#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}"#);
    for file in [too_long, wrong_header] {
        let mut reader = CheckpointReader::new(&BASE.0, WeightType::F32).unwrap();
        assert!(reader.push(&file).is_err());
        let again = reader.push(&BASE.1).unwrap_err().to_string();
        assert!(again.contains("was refused before"), "{again}");
        assert!(reader.finish().is_err());
    }
}

#[test]
fn impossible_headers_are_refused() {
    for (file, named) in [
        (u64::MAX.to_le_bytes().to_vec(), "18446744073709551615 bytes"),
        (with_header("[]"), "header"),
        (with_header("{"), "header"),
        (with_header(r#"{"a": 1}"#), "tensor a"),
        (
            with_header(r#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}"#),
            "expected to begin at 0",
        ),
        (
            with_header(r#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, -4]}}"#),
            "tensor a",
        ),
        (
            with_header(r#"{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}"#),
            "shape [3] of F32 takes 8 bytes",
        ),
        (
            with_header(r#"{"a": {"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 8]}}"#),
            "does not fit",
        ),
        (
            b"<!doctype html><html>Not found</html>".to_vec(),
            "is this a safetensors file?",
        ),
    ] {
        let error = error(&BASE, &file);
        assert_eq!(error.code(), "safetensors");
        assert!(error.to_string().contains(named), "{named}: {error}");
    }
}

#[test]
fn chunks_of_any_length_build_the_same_model() {
    let logits = |chunk_len| {
        let mut model = load(&I8.0, &I8.1, chunk_len, WeightType::Q8).unwrap();
        let mut cache = KvCache::new(&I8.0);
        model.forward(&[5, 6, 7], &mut cache).unwrap().to_vec()
    };
    let whole = logits(I8.1.len());
    for chunk_len in [1, 3, 1000] {
        assert_eq!(logits(chunk_len), whole);
    }
}
