//! The session: what it writes equals transformers', and its cache changes nothing but the time.

mod common;

use common::{fixture, pocket_session, random_model, session};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use write_with_distilgpt2::generation::config::GenerationConfig;
use write_with_distilgpt2::golden;
use write_with_distilgpt2::model::linear::WeightType;
use write_with_distilgpt2::sequence::{FinishReason, FinishedSequence, Sequence};
use write_with_distilgpt2::session::{Session, Step};

static RANDOM_MODEL: LazyLock<(write_with_distilgpt2::config::Config, Vec<u8>)> =
    LazyLock::new(|| random_model(1));

#[derive(Deserialize)]
struct Pocket {
    cases: Vec<PocketCase>,
}

#[derive(Deserialize)]
struct PocketCase {
    prompt: String,
    greedy_ids: Option<Vec<u32>>,
    greedy_text: Option<String>,
}

fn config(json: serde_json::Value) -> GenerationConfig {
    GenerationConfig::from_json(&json.to_string()).unwrap()
}

/// Runs a request to its end, on a clock that stands still; checks that the streamed text is the text.
fn generate(
    session: &mut Session,
    prompt: &str,
    config: &GenerationConfig,
) -> Vec<FinishedSequence> {
    session.begin(prompt, config.clone(), 0.0).unwrap();
    let mut streamed = vec![String::new(); config.num_return_sequences];
    let mut finished = Vec::new();
    while let Some(step) = session.step(0.0).unwrap() {
        match step {
            Step::Prefill { done, total } => assert!(done <= total),
            Step::Token { sequence, text, .. } => streamed[sequence].push_str(&text),
            Step::Sequence(sequence) => finished.push(sequence),
        }
    }
    assert_eq!(finished.len(), config.num_return_sequences);
    for (i, sequence) in finished.iter().enumerate() {
        assert_eq!(sequence.sequence, i);
        let start = if config.return_full_text {
            prompt.len()
        } else {
            0
        };
        // Only an unfinished character at the end is in the one and not in the other.
        assert_eq!(
            sequence.generated_text[start..].trim_end_matches('\u{FFFD}'),
            streamed[i].trim_end_matches('\u{FFFD}')
        );
    }
    finished
}

fn text(session: &mut Session, prompt: &str, json: serde_json::Value) -> String {
    let config = config(json);
    generate(session, prompt, &config).remove(0).generated_text
}

#[test]
fn greedy_text_is_that_of_transformers() {
    let mut session = pocket_session();
    let pocket: Pocket = serde_json::from_slice(&fixture("pocket.json")).unwrap();
    let mut n_cases = 0;
    for case in pocket.cases {
        let (Some(ids), Some(expected)) = (case.greedy_ids, case.greedy_text) else {
            continue;
        };
        let found = text(
            &mut session,
            &case.prompt,
            serde_json::json!({"max_new_tokens": ids.len(), "return_full_text": false}),
        );
        assert_eq!(found, expected, "{:?}", case.prompt);
        n_cases += 1;
    }
    assert!(n_cases >= 7);
}

#[test]
fn the_full_text_is_prompt_and_continuation() {
    let mut session = pocket_session();
    let full = text(
        &mut session,
        "She opened the door and",
        serde_json::json!({}),
    );
    let new = text(
        &mut session,
        "She opened the door and",
        serde_json::json!({"return_full_text": false}),
    );
    assert_eq!(full, format!("She opened the door and{new}"));
}

#[test]
fn a_seed_decides_the_text_and_every_sequence_has_its_own() {
    let mut session = pocket_session();
    let sampling = |seed: u64, n: usize| {
        config(
            serde_json::json!({"do_sample": true, "seed": seed, "num_return_sequences": n, "max_new_tokens": 12}),
        )
    };
    let texts = |session: &mut Session, seed, n| -> Vec<String> {
        let finished = generate(session, "The rain had stopped", &sampling(seed, n));
        finished
            .into_iter()
            .map(|sequence| sequence.generated_text)
            .collect()
    };
    let three = texts(&mut session, 7, 3);
    assert_eq!(texts(&mut pocket_session(), 7, 3), three);
    // The first of three is the only one of one, whatever the cache held.
    assert_eq!(texts(&mut session, 7, 1), three[..1]);
    assert_ne!(texts(&mut session, 8, 1), three[..1]);
    assert!(three[0] != three[1] && three[1] != three[2]);
}

#[test]
fn generation_ends_as_asked() {
    let mut session = pocket_session();
    let prompt = "The rain had stopped by the time we reached the";
    let run = |session: &mut Session, json| generate(session, prompt, &config(json)).remove(0);

    let ten = run(&mut session, serde_json::json!({"max_new_tokens": 10}));
    assert_eq!(
        (ten.n_tokens, ten.finish_reason),
        (10, FinishReason::Length)
    );
    assert!(ten.log_probability < 0.0 && ten.log_probability > -100.0);

    let third_id = session.codec().encode(&ten.generated_text).unwrap()
        [session.codec().encode(prompt).unwrap().len() + 2];
    let eos = run(
        &mut session,
        serde_json::json!({"max_new_tokens": 10, "eos_token_id": third_id}),
    );
    assert_eq!((eos.n_tokens, eos.finish_reason), (2, FinishReason::Eos));
    assert!(ten.generated_text.starts_with(&eos.generated_text));

    let word = ten.generated_text[prompt.len()..]
        .split_whitespace()
        .nth(3)
        .unwrap();
    let stopped = run(
        &mut session,
        serde_json::json!({"max_new_tokens": 10, "stop_strings": [word]}),
    );
    assert_eq!(stopped.finish_reason, FinishReason::StopString);
    assert!(stopped.generated_text.contains(word) && stopped.n_tokens < 10);
}

#[test]
fn max_time_ends_after_the_token_during_which_it_passed() {
    let mut session = pocket_session();
    let config = config(serde_json::json!({"max_new_tokens": 10, "max_time": 2.0}));
    session.begin("Hello", config, 100.0).unwrap();
    let (mut now, mut n_tokens) = (100.0, 0);
    let reason = loop {
        match session.step(now).unwrap().unwrap() {
            Step::Prefill { .. } => {}
            Step::Token { .. } => {
                n_tokens += 1;
                now += 0.7;
            }
            Step::Sequence(sequence) => break sequence.finish_reason,
        }
    };
    assert_eq!((n_tokens, reason), (3, FinishReason::MaxTime));
}

#[test]
fn a_repetition_penalty_and_forbidden_ngrams_change_a_greedy_loop() {
    let mut session = pocket_session();
    let prompt = "In this post I want to explain how we";
    let plain = text(
        &mut session,
        prompt,
        serde_json::json!({"max_new_tokens": 60}),
    );
    let unique = text(
        &mut session,
        prompt,
        serde_json::json!({"max_new_tokens": 60, "no_repeat_ngram_size": 2}),
    );
    let penalized = text(
        &mut session,
        prompt,
        serde_json::json!({"max_new_tokens": 60, "repetition_penalty": 1.5}),
    );
    assert!(plain != unique && plain != penalized);
    let ids = session.codec().encode(&unique).unwrap();
    let mut pairs: Vec<_> = ids.windows(2).collect();
    pairs.sort();
    pairs.dedup();
    assert_eq!(pairs.len(), ids.len() - 1, "{unique}");
}

#[test]
fn an_empty_prompt_begins_a_text() {
    let mut session = pocket_session();
    let new = text(&mut session, "", serde_json::json!({"max_new_tokens": 5}));
    assert!(!new.is_empty());
    assert_eq!(
        text(
            &mut session,
            "",
            serde_json::json!({"max_new_tokens": 5, "token_healing": true})
        ),
        new
    );
}

#[test]
fn a_prompt_that_ends_in_a_space_goes_on_without_a_second_one() {
    let mut session = pocket_session();
    for seed in 0..20 {
        let json = serde_json::json!({"max_new_tokens": 5, "do_sample": true, "seed": seed, "token_healing": true, "return_full_text": false});
        let new = text(
            &mut session,
            "The rain had stopped by the time we reached the ",
            json,
        );
        assert!(!new.starts_with(' '), "{new:?}");
    }
}

#[test]
fn half_a_word_is_completed_and_not_followed() {
    let mut session = pocket_session();
    for (prompt, word) in [
        ("It was a very beautif", "beautiful"),
        ("He was a member of the governm", "government"),
        ("Thank you very mu", "much"),
    ] {
        let full = text(
            &mut session,
            prompt,
            serde_json::json!({"max_new_tokens": 4, "token_healing": true}),
        );
        assert!(full.starts_with(prompt) && full.contains(word), "{full:?}");
    }
}

#[test]
fn a_prompt_of_the_whole_context_leaves_room_for_one_token() {
    let mut session = session(RANDOM_MODEL.clone(), WeightType::F32);
    let ids: Vec<u32> = (0..40).map(|i| 1000 + 7 * i).collect();
    let prompt = session.codec().decode(&ids);
    assert_eq!(
        session.codec().encode(&prompt).unwrap().len(),
        40,
        "{prompt}"
    );
    let one = generate(
        &mut session,
        &prompt,
        &config(serde_json::json!({"max_new_tokens": 1})),
    );
    assert_eq!(one[0].n_tokens, 1);
    let expected = session.logits(&ids).unwrap();
    let likeliest = write_with_distilgpt2::generation::sampler::argmax(&expected);
    assert_eq!(
        one[0].generated_text,
        prompt + &session.codec().decode(&[likeliest])
    );
}

#[test]
fn a_long_prompt_keeps_its_end_and_every_length_fits() {
    let mut session = session(RANDOM_MODEL.clone(), WeightType::F32);
    let prompt = "One sentence here. Another one follows. ".repeat(200);
    for max_new_tokens in [1, 7, 39, 40] {
        let json = serde_json::json!({"max_new_tokens": max_new_tokens, "eos_token_id": [], "token_healing": max_new_tokens == 7});
        let finished = generate(&mut session, &prompt, &config(json)).remove(0);
        assert_eq!(
            (finished.n_tokens, finished.finish_reason),
            (max_new_tokens, FinishReason::Length)
        );
        assert!(finished.generated_text.starts_with(&prompt));
    }
    let error = session
        .begin("x", config(serde_json::json!({"max_new_tokens": 41})), 0.0)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "max_new_tokens must be at most 40, the positions of this model, got 41"
    );
}

#[test]
fn a_new_request_takes_the_place_of_one_under_way_anywhere() {
    let mut session = session(RANDOM_MODEL.clone(), WeightType::F32);
    let config = config(
        serde_json::json!({"max_new_tokens": 3, "do_sample": true, "seed": 1, "num_return_sequences": 2}),
    );
    let prompt = "a b c d e f g h i j k l m n o p q r s t u v w x y z A B C D E F G H I J K L";
    let expected = generate(&mut session, prompt, &config);
    for n_steps in 0..10 {
        session
            .begin(
                "Something else that is not the same at all",
                config.clone(),
                0.0,
            )
            .unwrap();
        for _ in 0..n_steps {
            session.step(0.0).unwrap();
        }
        let again = generate(&mut session, prompt, &config);
        let texts = |sequences: &[FinishedSequence]| {
            sequences
                .iter()
                .map(|s| s.generated_text.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(texts(&again), texts(&expected), "after {n_steps} steps");
    }
    assert_eq!(session.step(0.0).unwrap(), None);
}

#[test]
fn what_is_cached_is_not_read_again() {
    let mut session = pocket_session();
    let config = config(serde_json::json!({"max_new_tokens": 4}));
    let prompt = "word ".repeat(100);
    let prefills = |session: &mut Session, prompt: &str| -> Vec<(usize, usize)> {
        session.begin(prompt, config.clone(), 0.0).unwrap();
        let mut prefills = Vec::new();
        while let Some(step) = session.step(0.0).unwrap() {
            if let Step::Prefill { done, total } = step {
                prefills.push((done, total));
            }
        }
        prefills
    };
    let first = prefills(&mut session, prompt.trim_end());
    assert_eq!(first, [(32, 100), (64, 100), (96, 100), (100, 100)]);
    assert_eq!(
        prefills(&mut session, &format!("{prompt}more of it")).len(),
        1
    );
}

#[test]
fn weights_that_are_not_numbers_end_in_an_error() {
    let (config, mut file) = RANDOM_MODEL.clone();
    let n = file.len();
    file[n - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    let mut session = session((config, file), WeightType::F32);
    session
        .begin("a", GenerationConfig::default(), 0.0)
        .unwrap();
    session.step(0.0).unwrap();
    let error = session.step(0.0).unwrap_err();
    assert!(error.to_string().contains("weights are damaged"), "{error}");
    assert_eq!(session.step(0.0).unwrap(), None);
}

#[test]
fn what_the_writer_wrote_twice_may_be_spelt_again() {
    let mut session = session(RANDOM_MODEL.clone(), WeightType::F32);
    let config = config(
        serde_json::json!({"max_new_tokens": 5, "no_repeat_ngram_size": 1, "token_healing": true}),
    );
    let finished = generate(&mut session, "the the the the", &config);
    assert!(finished[0].generated_text.starts_with("the the the the"));
}

#[test]
fn when_every_token_is_forbidden_the_error_says_so() {
    let codec = common::gpt2_codec();
    let mut sequence = Sequence::new(&GenerationConfig::default(), &[], 0, "", &[0], b"");
    let error = sequence
        .pick(&mut [f32::NEG_INFINITY; 50257], &codec)
        .unwrap_err();
    assert!(
        error.to_string().contains("every token is forbidden"),
        "{error}"
    );
}

#[derive(Deserialize, Serialize)]
struct SeededText {
    prompt: String,
    generation_config: serde_json::Value,
    generated_text: String,
}

/// The browser holds the same texts against the same model; see tests/web.rs.
#[test]
fn seeded_texts_are_those_of_the_fixture() {
    let mut session = pocket_session();
    let seeded: Vec<SeededText> = serde_json::from_slice(&fixture("seeded_texts.json")).unwrap();
    assert!(seeded.len() >= 6);
    for case in seeded {
        assert_eq!(
            text(&mut session, &case.prompt, case.generation_config),
            case.generated_text
        );
    }
}

/// `cargo test --test session -- --ignored make_seeded_texts`
#[test]
#[ignore = "writes tests/fixtures/seeded_texts.json"]
fn make_seeded_texts() {
    let mut session = pocket_session();
    let config = |seed: u64, healing: bool| {
        serde_json::json!({"do_sample": true, "seed": seed, "temperature": 0.8, "top_p": 0.9, "repetition_penalty": 1.1,
            "max_new_tokens": 24, "token_healing": healing, "return_full_text": false})
    };
    let mut seeded = Vec::new();
    for (seed, healing, prompt) in [
        (1, false, "The rain had stopped by the time we reached the"),
        (2, true, "The rain had stopped by the time we reached the "),
        (3, true, "Thank you for your letter. I am writ"),
        (4, false, "In this post I want to explain how we"),
        (5, true, "She said \""),
        (6, false, ""),
    ] {
        let generation_config = config(seed, healing);
        seeded.push(SeededText {
            prompt: prompt.to_owned(),
            generated_text: text(&mut session, prompt, generation_config.clone()),
            generation_config,
        });
    }
    let json = serde_json::to_string_pretty(&seeded).unwrap();
    std::fs::write(common::fixture_path("seeded_texts.json"), json + "\n").unwrap();
}

#[test]
fn the_model_is_checked_against_published_logits() {
    let json = String::from_utf8(fixture("pocket.json")).unwrap();
    assert!(golden::check(&mut pocket_session(), &json).unwrap());
    assert!(golden::check(&mut session(common::pocket_files(), WeightType::Q8), &json).unwrap());
    assert!(!golden::check(&mut session(RANDOM_MODEL.clone(), WeightType::F32), &json).unwrap());
    for damaged in ["{}", "{\"cases\": []}", "x"] {
        assert_eq!(
            golden::check(&mut pocket_session(), damaged)
                .unwrap_err()
                .code(),
            "golden"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Any sequence of edits gives the logits of a fresh run.
    #[test]
    fn the_cache_never_changes_the_logits(edits in prop::collection::vec((0_usize..40, prop::collection::vec(0_u32..50257, 1..12)), 1..8)) {
        let mut session = session(RANDOM_MODEL.clone(), WeightType::F32);
        let mut ids = vec![0_u32];
        for (keep, added) in edits {
            ids.truncate(keep.max(1));
            ids.extend(added);
            ids.truncate(40);
            let cached = session.logits(&ids).unwrap();
            let mut cache = write_with_distilgpt2::model::kv_cache::KvCache::new(session.model().config()).unwrap();
            let fresh = session.model().forward(&ids, &mut cache).unwrap();
            let difference = cached.iter().zip(&fresh).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            prop_assert!(difference < 1e-4, "{} after {:?}", difference, ids);
        }
    }
}

/// `DISTILGPT2_DIR=… cargo test --release -- --ignored real_weights`: the folder holds config.json and model.safetensors.
#[test]
#[ignore = "needs the real DistilGPT2 in DISTILGPT2_DIR"]
fn real_weights_give_the_published_logits() {
    let folder = std::env::var("DISTILGPT2_DIR")
        .expect("set DISTILGPT2_DIR to a folder with config.json and model.safetensors");
    let json = include_str!("../www/models/distilgpt2-golden.json");
    for weight_type in [WeightType::F32, WeightType::Q8] {
        let files = common::model_files(folder.clone().into());
        assert!(
            golden::check(&mut session(files, weight_type), json).unwrap(),
            "{weight_type:?}"
        );
    }
}
