//! Helpers for the tests: fixtures, the bundled model and random models.
#![allow(
    dead_code,
    reason = "every test file is a crate of its own and uses only some of these"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use half::bf16;
use write_with_distilgpt2::error::Result;
use write_with_distilgpt2::generation::config::GenerationConfig;
use write_with_distilgpt2::model::config::Config;
use write_with_distilgpt2::model::gpt2::Gpt2;
use write_with_distilgpt2::model::matrix::WeightType;
use write_with_distilgpt2::sequence::FinishedSequence;
use write_with_distilgpt2::session::{Session, Step};
use write_with_distilgpt2::text::codec::Codec;
use write_with_distilgpt2::weights::checkpoint::CheckpointReader;

fn project_path(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: PathBuf) -> Vec<u8> {
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn fixture_path(name: &str) -> PathBuf {
    project_path("tests/fixtures").join(name)
}

pub fn fixture(name: &str) -> Vec<u8> {
    read(fixture_path(name))
}

/// The parsed config.json and the bytes of model.safetensors.
pub fn model_files(folder: PathBuf) -> (Config, Vec<u8>) {
    let config = Config::from_json(&String::from_utf8(read(folder.join("config.json"))).unwrap()).unwrap();
    (config, read(folder.join("model.safetensors")))
}

pub fn pocket_files() -> (Config, Vec<u8>) {
    model_files(project_path("www/models/pocket-gpt2"))
}

pub fn gpt2_codec() -> Codec {
    let json = read(project_path("www/models/gpt2-tokenizer/tokenizer.json"));
    Codec::from_json(&json, 50257).unwrap()
}

/// Loads a model from a file that arrives in chunks of `chunk_len` bytes.
pub fn load(config: &Config, file: &[u8], chunk_len: usize, weight_type: WeightType) -> Result<Gpt2> {
    let mut reader = CheckpointReader::new(config, weight_type)?;
    for chunk in file.chunks(chunk_len) {
        reader.push(chunk)?;
    }
    Gpt2::new(config.clone(), reader.finish()?)
}

pub fn session((config, file): (Config, Vec<u8>), weight_type: WeightType) -> Session {
    let mut reader = CheckpointReader::new(&config, weight_type).unwrap();
    reader.push(&file).unwrap();
    Session::new(Gpt2::new(config, reader.finish().unwrap()).unwrap(), gpt2_codec())
}

pub fn pocket_session() -> Session {
    session(pocket_files(), WeightType::F32)
}

/// Name, dtype, shape and bytes.
pub type StoredTensor = (String, &'static str, Vec<usize>, Vec<u8>);

/// The tensors of a safetensors file, in file order.
pub fn tensors(file: &[u8]) -> Vec<StoredTensor> {
    let (header_len, rest) = file.split_first_chunk().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*header_len) as usize);
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(header).unwrap();
    let mut tensors: Vec<_> = header.into_iter().filter(|(name, _)| name != "__metadata__").collect();
    tensors.sort_by_key(|(_, info)| info["data_offsets"][0].as_u64());
    (tensors.into_iter())
        .map(|(name, info)| {
            let dtype = ["F32", "BF16", "I8"].into_iter().find(|known| info["dtype"] == **known);
            let shape = serde_json::from_value(info["shape"].clone()).unwrap();
            let (begin, end): (usize, usize) = serde_json::from_value(info["data_offsets"].clone()).unwrap();
            (name, dtype.unwrap(), shape, data[begin..end].to_vec())
        })
        .collect()
}

/// A safetensors file with these tensors.
pub fn safetensors(tensors: &[StoredTensor]) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for (name, dtype, shape, bytes) in tensors {
        let offsets = [data.len(), data.len() + bytes.len()];
        header.insert(
            name.clone(),
            serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": offsets}),
        );
        data.extend_from_slice(bytes);
    }
    let header = serde_json::to_vec(&header).unwrap();
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

/// Shapes and float32 values of a file's tensors by name; int8 values are multiplied by their scales.
pub fn decoded(file: &[u8]) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    const GROUP_LEN: usize = 32;
    let mut tensors: BTreeMap<_, _> = tensors(file).into_iter().map(|t| (t.0.clone(), t)).collect();
    let scales = tensors
        .extract_if(.., |name, _| name.ends_with(".scale"))
        .collect::<BTreeMap<_, _>>();
    let decode = |(name, (_, dtype, shape, bytes)): (String, StoredTensor)| {
        let values = match dtype {
            "F32" => bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect(),
            "I8" => {
                let (_, _, scale_shape, scales) = &scales[&format!("{name}.scale")];
                let value = |(i, &byte): (usize, &u8)| {
                    let (row, column) = (i / shape[1], i % shape[1]);
                    let group = match name.starts_with("h.") {
                        true => row / GROUP_LEN * scale_shape[1] + column,
                        false => row * scale_shape[1] + column / GROUP_LEN,
                    };
                    f32::from(byte as i8) * bf16::from_le_bytes(scales.as_chunks().0[group]).to_f32()
                };
                bytes.iter().enumerate().map(value).collect()
            }
            _ => panic!("{name} is {dtype}"),
        };
        (name, (shape, values))
    };
    tensors.into_iter().map(decode).collect()
}

/// A float32 safetensors file with these shapes and values.
pub fn float32_file(tensors: &BTreeMap<String, (Vec<usize>, Vec<f32>)>) -> Vec<u8> {
    let bytes = |values: &[f32]| values.iter().flat_map(|x| x.to_le_bytes()).collect();
    let tensors = tensors
        .iter()
        .map(|(name, (shape, values))| (name.clone(), "F32", shape.clone(), bytes(values)));
    safetensors(&tensors.collect::<Vec<_>>())
}

/// A small model with GPT-2's vocabulary and random weights: 2 layers of width 16, 40 positions.
pub fn random_model(seed: u64) -> (Config, Vec<u8>) {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};
    let json =
        r#"{"n_embd": 16, "n_head": 2, "n_layer": 2, "n_positions": 40, "eos_token_id": 50256, "bos_token_id": 50256}"#;
    let config = Config::from_json(json).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut tensor = |name: String, shape: &[usize]| {
        let n: usize = shape.iter().product();
        let bytes = (0..n)
            .flat_map(|_| (rng.next_u32() as f32 / u32::MAX as f32 - 0.5).to_le_bytes())
            .collect();
        (name, "F32", shape.to_vec(), bytes)
    };
    let mut tensors = vec![
        tensor("wte.weight".into(), &[50257, 16]),
        tensor("wpe.weight".into(), &[40, 16]),
        tensor("ln_f.weight".into(), &[16]),
        tensor("ln_f.bias".into(), &[16]),
    ];
    for i in 0..2 {
        for (name, shape) in [
            ("ln_1.weight", &[16][..]),
            ("ln_1.bias", &[16]),
            ("attn.c_attn.weight", &[16, 48]),
            ("attn.c_attn.bias", &[48]),
            ("attn.c_proj.weight", &[16, 16]),
            ("attn.c_proj.bias", &[16]),
            ("ln_2.weight", &[16]),
            ("ln_2.bias", &[16]),
            ("mlp.c_fc.weight", &[16, 64]),
            ("mlp.c_fc.bias", &[64]),
            ("mlp.c_proj.weight", &[64, 16]),
            ("mlp.c_proj.bias", &[16]),
        ] {
            tensors.push(tensor(format!("h.{i}.{name}"), shape));
        }
    }
    (config, safetensors(&tensors))
}

/// A generation config from JSON.
pub fn config(json: serde_json::Value) -> GenerationConfig {
    GenerationConfig::from_json(&json.to_string()).unwrap()
}

/// Runs a request to its end on a clock that stands still, and checks that the streamed text is the final text.
pub fn generate(session: &mut Session, prompt: &str, config: &GenerationConfig) -> Vec<FinishedSequence> {
    session.begin(prompt, config.clone(), 0.0).unwrap();
    let mut streamed = vec![String::new(); config.num_return_sequences];
    let mut finished = Vec::new();
    while let Some(step) = session.step(0.0).unwrap() {
        match step {
            Step::Prefill { done, total } => assert!(done <= total),
            Step::Token(token) => streamed[token.sequence].push_str(&token.text),
            Step::Sequence(sequence) => finished.push(sequence),
        }
    }
    assert_eq!(finished.len(), config.num_return_sequences);
    finished.sort_by_key(|sequence| sequence.sequence); // Sequences end in any order.
    for (i, sequence) in finished.iter().enumerate() {
        assert_eq!(sequence.sequence, i);
        let start = if config.return_full_text { prompt.len() } else { 0 };
        // Only the final text shows an incomplete character at the end.
        assert_eq!(
            sequence.generated_text[start..].trim_end_matches('\u{FFFD}'),
            streamed[i].trim_end_matches('\u{FFFD}')
        );
    }
    finished
}

/// The generated text of a request for a single sequence.
pub fn text(session: &mut Session, prompt: &str, json: serde_json::Value) -> String {
    let config = config(json);
    generate(session, prompt, &config).remove(0).generated_text
}

/// The largest absolute difference between two lists of numbers; infinite if either contains NaN.
pub fn max_difference(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |max, d| if d.is_nan() { f32::INFINITY } else { max.max(d) })
}
