//! The session: the cache changes nothing but the time, the context limit holds, and a request may end at any step.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{config, fixture, generate, max_difference, pocket_session, random_model, session};
use proptest::prelude::*;
use std::sync::LazyLock;
use write_with_distilgpt2::generation::config::GenerationConfig;
use write_with_distilgpt2::golden;
use write_with_distilgpt2::model::matrix::WeightType;
use write_with_distilgpt2::sequence::{FinishReason, FinishedSequence};
use write_with_distilgpt2::session::{Session, Step};

static RANDOM_MODEL: LazyLock<(write_with_distilgpt2::model::config::Config, Vec<u8>)> =
    LazyLock::new(|| random_model(1));

#[test]
fn a_prompt_of_the_whole_context_leaves_room_for_one_token() {
    let mut session = session(RANDOM_MODEL.clone(), WeightType::F32);
    let ids: Vec<u32> = (0..40).map(|i| 1000 + 7 * i).collect();
    let prompt = session.codec().decode(&ids);
    assert_eq!(session.codec().encode(&prompt).unwrap().len(), 40, "{prompt}");
    let one = generate(&mut session, &prompt, &config(serde_json::json!({"max_new_tokens": 1})));
    assert_eq!(one[0].n_tokens, 1);
    let expected = session.logits(&ids).unwrap();
    let likeliest = write_with_distilgpt2::math::argmax(expected);
    assert_eq!(one[0].generated_text, prompt + &session.codec().decode(&[likeliest]));
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
        if max_new_tokens == 40 {
            // One position is left for the prompt: its last token.
            let last = *session.codec().encode(&prompt).unwrap().last().unwrap();
            let expected = write_with_distilgpt2::math::argmax(session.logits(&[last]).unwrap());
            assert!(finished.generated_text[prompt.len()..].starts_with(&session.codec().decode(&[expected])));
        }
    }
    let error = session
        .begin("x", config(serde_json::json!({"max_new_tokens": 41})), 0.0)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "max_new_tokens must be at most 40, the context length of this model, got 41"
    );
}

#[test]
fn a_new_request_replaces_one_in_progress_at_any_step() {
    let mut session = session(RANDOM_MODEL.clone(), WeightType::F32);
    let config =
        config(serde_json::json!({"max_new_tokens": 3, "do_sample": true, "seed": 1, "num_return_sequences": 2}));
    let prompt = "a b c d e f g h i j k l m n o p q r s t u v w x y z A B C D E F G H I J K L";
    let expected = generate(&mut session, prompt, &config);
    for n_steps in 0..10 {
        session
            .begin("Something else that is not the same at all", config.clone(), 0.0)
            .unwrap();
        for _ in 0..n_steps {
            session.step(0.0).unwrap();
        }
        let again = generate(&mut session, prompt, &config);
        let texts =
            |sequences: &[FinishedSequence]| sequences.iter().map(|s| s.generated_text.clone()).collect::<Vec<_>>();
        assert_eq!(texts(&again), texts(&expected), "after {n_steps} steps");
    }
    assert_eq!(session.step(0.0).unwrap(), None);
}

#[test]
fn cached_tokens_are_not_read_again() {
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
    assert_eq!(first, [(64, 100), (100, 100)]);
    assert_eq!(prefills(&mut session, &format!("{prompt}more of it")).len(), 1);
}

#[test]
fn no_alternative_depends_on_how_many_are_requested() {
    let mut session = session(RANDOM_MODEL.clone(), WeightType::F32);
    let mut texts = |num_return_sequences: usize| -> Vec<String> {
        let json = serde_json::json!({"max_new_tokens": 39, "do_sample": true, "seed": 1, "eos_token_id": [],
            "num_return_sequences": num_return_sequences});
        let finished = generate(&mut session, "Once", &config(json));
        finished.into_iter().map(|sequence| sequence.generated_text).collect()
    };
    assert_eq!(texts(64)[..3], texts(3));
}

/// Of forty long alternatives only a few fit in the cache at once. The others follow later, with the same text.
#[test]
fn alternatives_that_do_not_fit_in_the_cache_wait_for_their_turn() {
    let mut session = session(RANDOM_MODEL.clone(), WeightType::F32);
    let mut write = |max_new_tokens: usize| {
        let json = serde_json::json!({"max_new_tokens": max_new_tokens, "do_sample": true, "seed": 5, "eos_token_id": [],
            "num_return_sequences": 40, "return_full_text": false});
        generate(&mut session, "Side by", &config(json))
    };
    let (short, long) = (write(2), write(30));
    for (short, long) in short.iter().zip(&long) {
        assert_eq!((short.n_tokens, long.n_tokens), (2, 30));
        let text = short.generated_text.trim_end_matches('\u{FFFD}');
        assert!(
            long.generated_text.starts_with(text),
            "{long:?} does not begin with {text:?}"
        );
    }
    let cache_bytes = session.size_bytes() - session.model().size_bytes();
    let bytes_per_position = 2 * 2 * 16 * size_of::<f32>(); // key and value of two layers
    assert!(cache_bytes <= 4 * 40 * bytes_per_position, "{cache_bytes} bytes");
}

#[test]
fn weights_that_are_not_numbers_end_in_an_error() {
    let (config, mut file) = RANDOM_MODEL.clone();
    let n = file.len();
    file[n - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    let mut session = session((config, file), WeightType::F32);
    session.begin("a", GenerationConfig::default(), 0.0).unwrap();
    let error = session.step(0.0).unwrap_err();
    assert!(error.to_string().contains("weights are damaged"), "{error}");
    assert_eq!(session.step(0.0).unwrap(), None);
}

#[test]
fn the_model_is_checked_against_published_logits() {
    let json = String::from_utf8(fixture("pocket.json")).unwrap();
    assert!(golden::check(&mut pocket_session(), &json).unwrap());
    assert!(golden::check(&mut session(common::pocket_files(), WeightType::Q8), &json).unwrap());
    // Small deviations fail: one logit off by 0.001, two tokens swapped.
    let altered = |alter: fn(&mut serde_json::Value)| {
        let mut golden: serde_json::Value = serde_json::from_str(&json).unwrap();
        alter(&mut golden["cases"][3]);
        golden.to_string()
    };
    let off = altered(|case| case["top_logits"][4] = (case["top_logits"][4].as_f64().unwrap() + 1e-3).into());
    let swapped = altered(|case| case["top_ids"].as_array_mut().unwrap().swap(0, 1));
    assert!(!golden::check(&mut pocket_session(), &off).unwrap());
    assert!(!golden::check(&mut pocket_session(), &swapped).unwrap());
    assert!(!golden::check(&mut session(common::pocket_files(), WeightType::Q8), &swapped).unwrap());
    assert!(!golden::check(&mut session(RANDOM_MODEL.clone(), WeightType::F32), &json).unwrap());
    let damaged_case = r#"{"cases": [{"prompt": "", "input_ids": [], "top_ids": [], "top_logits": []}]}"#;
    for damaged in ["{}", "{\"cases\": []}", "x", damaged_case] {
        assert_eq!(
            golden::check(&mut pocket_session(), damaged).unwrap_err().code(),
            "golden"
        );
    }
}

/// An edit, the request after it, and the alternative accepted from that request.
#[derive(Debug, Clone)]
struct Edit {
    /// Bytes of the text to keep.
    keep: usize,
    typed: String,
    token_healing: bool,
    num_return_sequences: usize,
    /// Steps of the request before the next edit.
    n_steps: usize,
    /// The alternative whose tokens so far are accepted; none if there are fewer alternatives.
    taken: usize,
}

fn edit() -> impl Strategy<Value = Edit> {
    let typed = "( ?[a-z]{1,7}|[.] |\n){0,9}";
    (0_usize..120, typed, any::<bool>(), 1_usize..4, 0_usize..22, 0_usize..6).prop_map(
        |(keep, typed, token_healing, num_return_sequences, n_steps, taken)| Edit {
            keep,
            typed,
            token_healing,
            num_return_sequences,
            n_steps,
            taken,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// After any sequence of edits the logits are those of a fresh run.
    #[test]
    fn the_cache_never_changes_the_logits(
        edits in prop::collection::vec((0_usize..40, prop::collection::vec(0_u32..50257, 1..12)), 1..8),
    ) {
        let mut session = session(RANDOM_MODEL.clone(), WeightType::F32);
        let mut fresh = common::session(RANDOM_MODEL.clone(), WeightType::F32);
        let mut ids = vec![0_u32];
        for (keep, added) in edits {
            ids.truncate(keep.max(1));
            ids.extend(added);
            ids.truncate(40);
            let cached = session.logits(&ids).unwrap();
            fresh.logits(&[1]).unwrap(); // Empties the cache: ids begins with 0.
            let expected = fresh.logits(&ids).unwrap();
            prop_assert!(max_difference(cached, expected) < 1e-4, "after {:?}", ids);
        }
    }

    /// The same for requests: prompts are cut, healed and read in parts, and requests are abandoned at any step.
    #[test]
    fn earlier_requests_never_change_a_request(edits in prop::collection::vec(edit(), 1..6)) {
        let mut session = session(RANDOM_MODEL.clone(), WeightType::F32);
        let mut text = String::new();
        let mut config = GenerationConfig { max_new_tokens: 5, do_sample: true, ..Default::default() };
        for edit in edits {
            text.truncate(text.floor_char_boundary(edit.keep));
            text.push_str(&edit.typed);
            config.token_healing = edit.token_healing;
            config.num_return_sequences = edit.num_return_sequences;
            session.begin(&text, config.clone(), 0.0).unwrap();
            for _ in 0..edit.n_steps {
                if let Some(Step::Token(token)) = session.step(0.0).unwrap()
                    && token.sequence == edit.taken
                {
                    text.push_str(&token.text);
                }
            }
        }
        let found = generate(&mut session, &text, &config);
        let mut fresh = common::session(RANDOM_MODEL.clone(), WeightType::F32);
        for (found, expected) in found.iter().zip(generate(&mut fresh, &text, &config)) {
            prop_assert_eq!(&found.generated_text, &expected.generated_text);
            prop_assert!((found.log_probability - expected.log_probability).abs() < 1e-3);
        }
    }
}

/// `DISTILGPT2_DIR=… cargo test --release -- --ignored real_weights`, a folder with config.json and model.safetensors.
#[test]
#[ignore = "needs the real DistilGPT2 in DISTILGPT2_DIR"]
fn real_weights_give_the_published_logits() {
    let folder =
        std::env::var("DISTILGPT2_DIR").expect("set DISTILGPT2_DIR to a folder with config.json and model.safetensors");
    let json = include_str!("../www/models/distilgpt2-golden.json");
    for weight_type in [WeightType::F32, WeightType::Q8] {
        let files = common::model_files(folder.clone().into());
        assert!(
            golden::check(&mut session(files, weight_type), json).unwrap(),
            "{weight_type:?}"
        );
    }
}

#[test]
fn the_work_counts_tokens_read_and_written_and_the_time() {
    let mut session = pocket_session();
    let config = config(
        serde_json::json!({"max_new_tokens": 4, "do_sample": true, "seed": 1, "num_return_sequences": 2, "eos_token_id": []}),
    );
    let prompt = "word ".repeat(100);
    let mut run = |prompt: &str, n_steps: usize| {
        session.begin(prompt, config.clone(), 0.0).unwrap();
        for now in 0..n_steps {
            session.step(now as f64).unwrap();
        }
        session.work()
    };
    // 20 steps suffice: two for the prompt, eight for the tokens (six of them from three passes), two for the ends.
    let work = run(prompt.trim_end(), 20);
    assert_eq!((work.n_prompt_tokens, work.n_reused_tokens), (100, 0));
    assert_eq!(work.n_tokens, 6);
    assert!(work.seconds > 0.0);
    // Cancelled after the prompt: no tokens.
    let work = run(&format!("{prompt}more of it"), 1);
    assert_eq!((work.n_prompt_tokens, work.n_reused_tokens), (103, 100));
    assert_eq!((work.n_tokens, work.seconds), (0, 0.0));
}

#[test]
fn ending_one_sequence_with_its_first_token_leaves_the_others() {
    let mut session = session(RANDOM_MODEL.clone(), WeightType::F32);
    let json =
        serde_json::json!({"max_new_tokens": 3, "do_sample": true, "eos_token_id": [], "num_return_sequences": 3});
    session.begin("Once", config(json), 0.0).unwrap();
    let mut finished = Vec::new();
    while let Some(step) = session.step(0.0).unwrap() {
        match step {
            Step::Token(token) if token.sequence == 2 => session.end(2),
            Step::Sequence(sequence) => finished.push(sequence.sequence),
            _ => {}
        }
    }
    assert_eq!(finished, [0, 1]);
}
