//! The engine in a real browser, by `wasm-pack test --headless --chrome`, with and without SIMD.
#![cfg(target_arch = "wasm32")]

use js_sys::{Array, Promise, Reflect};
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{
    FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetFileOptions, FileSystemSyncAccessHandle,
    WorkerGlobalScope,
};
use write_with_distilgpt2::model::config::Config;
use write_with_distilgpt2::model::gpt2::Gpt2;
use write_with_distilgpt2::model::kv_cache::KvCache;
use write_with_distilgpt2::model::matrix::WeightType;
use write_with_distilgpt2::wasm::{ModelBuilder, PackedModel, PackedWriter, Session, Sha256};
use write_with_distilgpt2::weights::checkpoint::CheckpointReader;

// As in the page, and the only place where files can be read and written at once.
wasm_bindgen_test_configure!(run_in_dedicated_worker);

const TOKENIZER: &[u8] = include_bytes!("../www/models/gpt2-tokenizer/tokenizer.json");
const POCKET_CONFIG: &str = include_str!("../www/models/pocket-gpt2/config.json");
const POCKET_WEIGHTS: &[u8] = include_bytes!("../www/models/pocket-gpt2/model.safetensors");
const SEEDED_TEXTS: &str = include_str!("fixtures/seeded_texts.json");
const POCKET_GOLDEN: &str = include_str!("fixtures/pocket.json");

fn pocket_session(dtype: &str) -> Session {
    let mut builder = ModelBuilder::new(POCKET_CONFIG, dtype).unwrap();
    for chunk in POCKET_WEIGHTS.chunks(1 << 20) {
        builder.push(chunk).unwrap();
    }
    builder.finish(TOKENIZER).unwrap()
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap()
}

fn string(object: &JsValue, key: &str) -> String {
    get(object, key)
        .as_string()
        .unwrap_or_else(|| panic!("{key} is not a string"))
}

/// Runs the request to its end; returns the streamed text and the last sequence.
fn run(session: &mut Session) -> (String, JsValue) {
    let mut text = String::new();
    let mut last = JsValue::UNDEFINED;
    while let Some(step) = session.step(0.0).unwrap() {
        let step = JsValue::from(step);
        match string(&step, "type").as_str() {
            "prefill" => assert!(get(&step, "done").as_f64() <= get(&step, "total").as_f64()),
            "token" => text += &string(&step, "text"),
            "sequence" => last = step,
            other => panic!("{other}"),
        }
    }
    (text, last)
}

#[derive(Deserialize)]
struct SeededText {
    prompt: String,
    generation_config: serde_json::Value,
    generated_text: String,
}

#[wasm_bindgen_test]
fn seeded_texts_are_those_of_the_native_build() {
    let mut session = pocket_session("f32");
    for case in serde_json::from_str::<Vec<SeededText>>(SEEDED_TEXTS).unwrap() {
        session
            .begin(&case.prompt, &case.generation_config.to_string(), 0.0)
            .unwrap();
        let (text, sequence) = run(&mut session);
        assert_eq!(text, case.generated_text, "{:?}", case.prompt);
        assert_eq!(string(&sequence, "generated_text"), case.generated_text);
        assert_eq!(string(&sequence, "finish_reason"), "length");
        assert_eq!(get(&sequence, "n_tokens").as_f64(), Some(24.0));
    }
}

#[wasm_bindgen_test]
fn the_bundled_model_passes_its_check_in_both_dtypes() {
    for (dtype, size_range) in [("f32", 99e6..104e6), ("q8", 33e6..39e6)] {
        let mut session = pocket_session(dtype);
        assert!(session.check(POCKET_GOLDEN).unwrap(), "{dtype}");
        assert_eq!(session.dtype(), dtype);
        assert_eq!((session.n_positions(), session.n_parameters()), (512, 22_474_496.0));
        assert!(
            size_range.contains(&session.size_bytes()),
            "{dtype}: {}",
            session.size_bytes()
        );
    }
}

/// The final suggestions of a request: text, whether it is complete, mean log-probability.
fn suggestions(session: &mut Session, before: &str, after: &str, gate: Option<f64>) -> Vec<(String, bool, f64)> {
    let config =
        r#"{"max_new_tokens": 12, "do_sample": true, "num_return_sequences": 4, "token_healing": true, "seed": 7}"#;
    assert!(session.suggest(before, after, config, gate, 0.0).unwrap());
    let mut last = Vec::new();
    while let Some(step) = session.step(0.0).unwrap() {
        if string(&step, "type") == "suggestions" {
            last = Array::from(&get(&step, "suggestions")).to_vec();
        }
    }
    let read = |suggestion: &JsValue| {
        (
            string(suggestion, "text"),
            get(suggestion, "isComplete").as_bool().unwrap(),
            get(suggestion, "mean_log_probability").as_f64().unwrap(),
        )
    };
    last.iter().map(read).collect()
}

#[wasm_bindgen_test]
fn suggestions_are_complete_ranked_and_above_the_gate() {
    let mut session = pocket_session("f32");
    let (before, after) = ("The rain had stopped by the time we rea", " and then we left.");
    let all = suggestions(&mut session, before, after, None);
    assert!(all.len() > 1, "{all:?}");
    assert!(
        all.iter()
            .all(|(text, is_complete, _)| !text.is_empty() && *is_complete),
        "{all:?}"
    );
    // The suggestion that is shown first keeps its place.
    assert!(all[1..].is_sorted_by(|(_, _, a), (_, _, b)| a >= b), "{all:?}");
    assert_eq!(suggestions(&mut session, before, after, Some(0.0)), all);
    assert_eq!(
        suggestions(&mut session, before, after, Some(1.0)),
        [],
        "nothing is certain"
    );
    assert_eq!(suggestions(&mut session, before, after, None), all);
}

#[wasm_bindgen_test]
fn inside_a_word_there_are_no_suggestions() {
    let mut session = pocket_session("q8");
    assert!(!session.suggest("The weath", "er is", "{}", None, 0.0).unwrap());
}

#[derive(Deserialize)]
struct Expected {
    input_ids: Vec<u32>,
    logits: Vec<Vec<f32>>,
}

macro_rules! case {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("fixtures/models/", $name, "/config.json")),
            include_bytes!(concat!("fixtures/models/", $name, "/model.safetensors")).as_slice(),
            include_str!(concat!("fixtures/models/", $name, "/expected.json")),
        )
    };
}

#[wasm_bindgen_test]
fn logits_are_those_of_transformers() {
    for (name, config, file, expected) in [
        case!("base"),
        case!("gelu"),
        case!("relu"),
        case!("silu"),
        case!("inverse_and_reorder"),
        case!("untied"),
        case!("prefixed"),
        case!("f16"),
        case!("i8"),
    ] {
        let config = Config::from_json(config).unwrap();
        let expected: Expected = serde_json::from_str(expected).unwrap();
        let mut reader = CheckpointReader::new(&config, WeightType::F32).unwrap();
        reader.push(file).unwrap();
        let mut model = Gpt2::new(config, reader.finish().unwrap()).unwrap();
        let mut cache = KvCache::new(model.config());
        for (i, (&id, expected)) in expected.input_ids.iter().zip(&expected.logits).enumerate() {
            let logits = model.forward(&[id], &mut cache).unwrap();
            let is_same = logits.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4);
            assert!(is_same, "{name}, position {i}");
        }
    }
}

#[wasm_bindgen_test]
fn errors_are_thrown_with_name_code_and_message() {
    let refused = |error: JsValue, code: &str, named: &str| {
        assert_eq!(string(&error, "name"), "EngineError");
        assert_eq!(string(&error, "code"), code);
        assert!(string(&error, "message").contains(named), "{error:?}");
    };
    refused(ModelBuilder::new("{", "f32").err().unwrap(), "config", "config.json");
    refused(ModelBuilder::new("{}", "q4").err().unwrap(), "config", "q4");
    let mut builder = ModelBuilder::new(POCKET_CONFIG, "f32").unwrap();
    refused(
        builder.push(b"<!doctype html>").err().unwrap(),
        "safetensors",
        "is this a safetensors file?",
    );
    let mut builder = ModelBuilder::new(POCKET_CONFIG, "f32").unwrap();
    builder.push(&POCKET_WEIGHTS[..1_000_000]).unwrap();
    refused(
        builder.finish(TOKENIZER).err().unwrap(),
        "safetensors",
        "cut short at tensor ",
    );
    let mut session = pocket_session("q8");
    refused(
        session.begin("a", r#"{"temprature": 1}"#, 0.0).err().unwrap(),
        "generation_config",
        "temprature",
    );
    refused(session.check("{}").err().unwrap(), "golden", "cases");
}

/// The value of `promise`.
async fn resolved<T: JsCast>(promise: Promise) -> T {
    JsFuture::from(promise).await.unwrap().unchecked_into()
}

/// An empty file in the browser's own file system.
async fn new_file(name: &str) -> FileSystemSyncAccessHandle {
    let storage = js_sys::global()
        .unchecked_into::<WorkerGlobalScope>()
        .navigator()
        .storage();
    let root: FileSystemDirectoryHandle = resolved(storage.get_directory()).await;
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    let handle: FileSystemFileHandle = resolved(root.get_file_handle_with_options(name, &options)).await;
    let file: FileSystemSyncAccessHandle = resolved(handle.create_sync_access_handle()).await;
    file.truncate_with_u32(0).unwrap();
    file
}

#[wasm_bindgen_test]
async fn a_packed_model_comes_back_from_the_device_and_a_damaged_one_is_refused() {
    let file = new_file("packed").await;
    let mut session = pocket_session("q8");
    let mut writer = PackedWriter::new(&mut session, POCKET_CONFIG, "weights").unwrap();
    let mut len = 0;
    while let Some(written) = writer.write_next(&mut session, &file).unwrap() {
        assert!(written > len);
        len = written;
        assert_eq!(file.get_size().unwrap(), len as f64);
    }
    assert_eq!(writer.write_next(&mut session, &file).unwrap(), None);

    let mut packed = PackedModel::new(&file, POCKET_CONFIG, "weights").unwrap();
    let mut read = 0;
    while let Some(now) = packed.read_next(&file).unwrap() {
        assert!(now > read);
        read = now;
    }
    assert_eq!(read, len);
    let mut unpacked = packed.finish(TOKENIZER).unwrap();
    assert!(unpacked.check(POCKET_GOLDEN).unwrap());
    for session in [&mut session, &mut unpacked] {
        session.begin("It was", r#"{"max_new_tokens": 8}"#, 0.0).unwrap();
    }
    assert_eq!(run(&mut unpacked).0, run(&mut session).0);

    let code = |error: Option<JsValue>| string(&error.expect("it is damaged"), "code");
    assert_eq!(code(PackedModel::new(&file, POCKET_CONFIG, "others").err()), "packed");
    let mut packed = PackedModel::new(&file, POCKET_CONFIG, "weights").unwrap();
    file.truncate_with_u32(1000).unwrap();
    assert_eq!(code(packed.read_next(&file).err()), "packed");
    assert_eq!(code(PackedModel::new(&file, POCKET_CONFIG, "weights").err()), "packed");
    file.close();
    let closed = PackedModel::new(&file, POCKET_CONFIG, "weights").err().unwrap();
    assert_eq!(string(&closed, "name"), "InvalidStateError", "as the browser throws it");
}

#[wasm_bindgen_test]
fn without_a_seed_two_texts_differ() {
    let mut session = pocket_session("q8");
    let mut texts = (0..3).map(|_| {
        session
            .begin("It was", r#"{"do_sample": true, "max_new_tokens": 20}"#, 0.0)
            .unwrap();
        run(&mut session).0
    });
    let first = texts.next().unwrap();
    assert!(texts.any(|text| text != first));
}

#[wasm_bindgen_test]
fn sha256_of_chunks_is_that_of_the_whole() {
    let mut sha256 = Sha256::new();
    sha256.update(b"a");
    sha256.update(b"bc");
    // FIPS 180-2, appendix B.1.
    assert_eq!(
        sha256.hex(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}
