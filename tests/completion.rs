//! The session's text: greedy as in transformers, reproducible by seed, partial words completed, stopped as requested.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{config, fixture, generate, pocket_session, random_model, session, text};
use serde::{Deserialize, Serialize};
use serde_json::json;
use write_with_distilgpt2::generation::config::GenerationConfig;
use write_with_distilgpt2::model::matrix::WeightType;
use write_with_distilgpt2::sequence::{FinishReason, Sequence};
use write_with_distilgpt2::session::{Session, Step};

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

#[derive(Deserialize, Serialize)]
struct SeededText {
    prompt: String,
    generation_config: serde_json::Value,
    generated_text: String,
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
            json!({"max_new_tokens": ids.len(), "return_full_text": false}),
        );
        assert_eq!(found, expected, "{:?}", case.prompt);
        n_cases += 1;
    }
    assert!(n_cases >= 7);
}

#[test]
fn the_full_text_is_prompt_and_continuation() {
    let mut session = pocket_session();
    let full = text(&mut session, "She opened the door and", json!({}));
    let new = text(
        &mut session,
        "She opened the door and",
        json!({"return_full_text": false}),
    );
    assert_eq!(full, format!("She opened the door and{new}"));
}

#[test]
fn a_seed_decides_the_text_and_every_sequence_has_its_own() {
    let mut session = pocket_session();
    let sampling = |seed: u64, n: usize| {
        config(json!({"do_sample": true, "seed": seed, "num_return_sequences": n, "max_new_tokens": 12}))
    };
    let texts = |session: &mut Session, seed, n| -> Vec<String> {
        let finished = generate(session, "The rain had stopped", &sampling(seed, n));
        finished.into_iter().map(|sequence| sequence.generated_text).collect()
    };
    let three = texts(&mut session, 7, 3);
    assert_eq!(texts(&mut pocket_session(), 7, 3), three);
    // The first of three equals the only one of one, whatever the cache contains.
    assert_eq!(texts(&mut session, 7, 1), three[..1]);
    assert_ne!(texts(&mut session, 8, 1), three[..1]);
    assert!(three[0] != three[1] && three[1] != three[2]);
}

#[test]
fn generation_stops_as_requested() {
    let mut session = pocket_session();
    let prompt = "The rain had stopped by the time we reached the";
    let run = |session: &mut Session, json| generate(session, prompt, &config(json)).remove(0);

    let ten = run(&mut session, json!({"max_new_tokens": 10}));
    assert_eq!((ten.n_tokens, ten.finish_reason), (10, FinishReason::Length));
    assert!(ten.log_probability < 0.0 && ten.log_probability > -100.0);

    let third_id =
        session.codec().encode(&ten.generated_text).unwrap()[session.codec().encode(prompt).unwrap().len() + 2];
    let eos = run(&mut session, json!({"max_new_tokens": 10, "eos_token_id": third_id}));
    assert_eq!((eos.n_tokens, eos.finish_reason), (2, FinishReason::Eos));
    assert!(ten.generated_text.starts_with(&eos.generated_text));

    let word = ten.generated_text[prompt.len()..].split_whitespace().nth(3).unwrap();
    let stopped = run(&mut session, json!({"max_new_tokens": 10, "stop_strings": [word]}));
    assert_eq!(stopped.finish_reason, FinishReason::StopString);
    assert!(stopped.generated_text.contains(word) && stopped.n_tokens < 10);
}

#[test]
fn max_time_ends_after_the_token_during_which_it_passed() {
    let mut session = pocket_session();
    let config = config(json!({"max_new_tokens": 10, "max_time": 2.0}));
    session.begin("Hello", config, 100.0).unwrap();
    let (mut now, mut n_tokens) = (100.0, 0);
    let reason = loop {
        match session.step(now).unwrap().unwrap() {
            Step::Prefill { .. } => {}
            Step::Token(_) => {
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
    let plain = text(&mut session, prompt, json!({"max_new_tokens": 60}));
    let unique = text(
        &mut session,
        prompt,
        json!({"max_new_tokens": 60, "no_repeat_ngram_size": 2}),
    );
    let penalized = text(
        &mut session,
        prompt,
        json!({"max_new_tokens": 60, "repetition_penalty": 1.5}),
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
    let new = text(&mut session, "", json!({"max_new_tokens": 5}));
    assert!(!new.is_empty());
    assert_eq!(
        text(&mut session, "", json!({"max_new_tokens": 5, "token_healing": true})),
        new
    );
}

#[test]
fn a_prompt_that_ends_in_a_space_continues_without_a_second_one() {
    let mut session = pocket_session();
    for seed in 0..20 {
        let json = json!({"max_new_tokens": 5, "do_sample": true, "seed": seed, "token_healing": true, "return_full_text": false});
        let new = text(&mut session, "The rain had stopped by the time we reached the ", json);
        assert!(!new.starts_with(' '), "{new:?}");
    }
}

#[test]
fn a_partial_word_is_completed() {
    let mut session = pocket_session();
    for (prompt, words) in [
        ("It was a very beautif", &["beautiful"][..]),
        ("He was a member of the governm", &["government"]),
        ("Thank you very mu", &["much"]),
        ("I have alw", &["always"]),
        ("She had never been there bef", &["before"]),
        ("I can't do it tod", &["today"]),
        ("For more inform", &["information", "informed", "informative"]),
    ] {
        let new = text(
            &mut session,
            prompt,
            json!({"max_new_tokens": 4, "token_healing": true, "return_full_text": false}),
        );
        let full = format!("{prompt}{new}");
        let last_word = &prompt[prompt.rfind(' ').unwrap() + 1..];
        assert!(
            words
                .iter()
                .any(|word| word.starts_with(last_word) && full.contains(word)),
            "{full:?}"
        );
    }
}

#[test]
fn a_repeated_word_in_the_prompt_may_be_spelt_again() {
    let mut session = session(random_model(1), WeightType::F32);
    let config = config(
        json!({"max_new_tokens": 5, "no_repeat_ngram_size": 1, "token_healing": true, "return_full_text": false}),
    );
    let finished = generate(&mut session, "the the the the", &config).remove(0);
    assert_eq!(finished.n_tokens, 5);
    assert!(!finished.generated_text.is_empty());
}

#[test]
fn penalties_apply_to_the_first_new_word_after_a_space() {
    let mut session = pocket_session();
    let prompt = "We went to the water, the water, the water, the water, the ";
    let new = |session: &mut Session, penalty: f64| {
        let json = json!({"max_new_tokens": 1, "token_healing": true, "return_full_text": false, "repetition_penalty": penalty});
        text(session, prompt, json)
    };
    assert_eq!(new(&mut session, 1.0), "water");
    assert_ne!(new(&mut session, 3.0), "water");
}

#[test]
fn an_eos_that_is_part_of_the_prompt_does_not_end_it() {
    let mut session = pocket_session();
    let newline = session.codec().encode("\n").unwrap()[0];
    let config =
        config(json!({"max_new_tokens": 3, "token_healing": true, "eos_token_id": newline, "return_full_text": false}));
    // Paragraphs without blank lines, so that the model does not begin the next one with another newline.
    let prompt = "He opened the door.\nNobody was there.\nHe went in and sat down.\n";
    let finished = generate(&mut session, prompt, &config).remove(0);
    assert!(!finished.generated_text.trim().is_empty(), "{finished:?}");
}

#[test]
fn the_models_own_eos_ends_the_text() {
    let prompt = "a b c";
    let (config, file) = random_model(1);
    let mut plain = session((config.clone(), file.clone()), WeightType::F32);
    let first = generate(
        &mut plain,
        prompt,
        &GenerationConfig {
            return_full_text: false,
            ..Default::default()
        },
    )
    .remove(0);
    assert!(first.n_tokens > 0);
    let id = plain.codec().encode(prompt).unwrap();
    let logits = plain.logits(&id).unwrap();
    let eos_token_id = Some(write_with_distilgpt2::math::argmax(logits));
    let mut ending = session(
        (
            write_with_distilgpt2::model::config::Config { eos_token_id, ..config },
            file,
        ),
        WeightType::F32,
    );
    let finished = generate(&mut ending, prompt, &GenerationConfig::default()).remove(0);
    assert_eq!((finished.n_tokens, finished.finish_reason), (0, FinishReason::Eos));
    assert_eq!(finished.generated_text, prompt);
}

#[test]
fn a_special_token_that_does_not_end_the_text_is_not_part_of_it() {
    let codec = common::gpt2_codec();
    let mut sequence = Sequence::new(&GenerationConfig::default(), &[], 0, "", &[0], b"");
    let mut logits = vec![0.0; 50257];
    logits[50256] = 9.0;
    sequence.pick(&logits, &codec).unwrap();
    assert_eq!(sequence.n_tokens(), 1);
    sequence.end(FinishReason::Length);
    assert_eq!(sequence.finished("").unwrap().generated_text, "");
}

#[test]
fn when_every_token_is_forbidden_the_error_says_so() {
    let codec = common::gpt2_codec();
    for score in [f32::NEG_INFINITY, f32::INFINITY] {
        let mut sequence = Sequence::new(&GenerationConfig::default(), &[], 0, "", &[0], b"");
        let error = sequence.pick(&[score; 50257], &codec).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("every token is forbidden or has a score beyond float32"),
            "{error}"
        );
    }
}

/// tests/web.rs checks the same texts in the browser.
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

/// A warm cache splits the prompt into other chunks than a cold one, which may round differently; the text must not
/// change.
#[test]
fn a_seed_gives_the_same_text_with_a_warm_cache_as_with_a_cold_one() {
    let mut warm = pocket_session();
    for seed in 0..12 {
        let json = json!({"do_sample": true, "seed": seed, "top_p": 0.9, "max_new_tokens": 8, "token_healing": true});
        let prompt = "In the evening they walked along the river and talked about ";
        let mut cold = pocket_session();
        let cut = seed as usize * prompt.len() / 12;
        text(&mut warm, &prompt[..cut], json.clone());
        assert_eq!(
            text(&mut warm, prompt, json.clone()),
            text(&mut cold, prompt, json),
            "{seed}"
        );
    }
}

/// `cargo test --test completion -- --ignored make_seeded_texts`
#[test]
#[ignore = "writes tests/fixtures/seeded_texts.json"]
fn make_seeded_texts() {
    let mut session = pocket_session();
    let mut seeded = Vec::new();
    for (seed, healing, prompt) in [
        (1, false, "The rain had stopped by the time we reached the"),
        (2, true, "The rain had stopped by the time we reached the "),
        (3, true, "Thank you for your letter. I am writ"),
        (4, false, "In this post I want to explain how we"),
        (5, true, "She said \""),
        (6, false, ""),
    ] {
        let generation_config = json!({"do_sample": true, "seed": seed, "temperature": 0.8, "top_p": 0.9,
            "repetition_penalty": 1.1, "max_new_tokens": 24, "token_healing": healing, "return_full_text": false});
        seeded.push(SeededText {
            prompt: prompt.to_owned(),
            generated_text: text(&mut session, prompt, generation_config.clone()),
            generation_config,
        });
    }
    let json = serde_json::to_string_pretty(&seeded).unwrap();
    std::fs::write(common::fixture_path("seeded_texts.json"), json + "\n").unwrap();
}
