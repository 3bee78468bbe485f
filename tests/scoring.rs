//! Scores: the model's own probability for every token, whatever the cache contains and whatever runs in between.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{generate, pocket_session, random_model, session};
use proptest::prelude::*;
use std::sync::LazyLock;
use write_with_distilgpt2::math::log_sum_exp;
use write_with_distilgpt2::model::config::Config;
use write_with_distilgpt2::model::matrix::WeightType;
use write_with_distilgpt2::scoring::{Score, Scorer};
use write_with_distilgpt2::session::Session;

/// A model of 40 positions.
static RANDOM_MODEL: LazyLock<(Config, Vec<u8>)> = LazyLock::new(|| random_model(1));

const BOS_ID: u32 = 50256;

fn random_session() -> Session {
    session(RANDOM_MODEL.clone(), WeightType::F32)
}

fn scorer(session: &Session) -> Scorer {
    Scorer::new(session.model().config())
}

fn begin(scorer: &mut Scorer, session: &Session, before: &str, text: &str) {
    scorer
        .begin(session.model().config(), session.codec(), before, text)
        .unwrap();
}

/// The remaining scores and the number of steps they took.
fn finish(scorer: &mut Scorer, session: &mut Session) -> (Vec<Score>, usize) {
    let (mut scores, mut n_steps) = (Vec::new(), 0);
    let (model, codec) = session.model_and_codec();
    while let Some(more) = scorer.step(model, codec).unwrap() {
        scores.extend(more);
        n_steps += 1;
    }
    (scores, n_steps)
}

fn score(scorer: &mut Scorer, session: &mut Session, before: &str, text: &str) -> (Vec<Score>, usize) {
    begin(scorer, session, before, text);
    finish(scorer, session)
}

fn texts(scores: &[Score]) -> Vec<&str> {
    scores.iter().map(|score| score.text.as_str()).collect()
}

/// `(vocab_size,)` log-probabilities after `ids`, from the session.
fn log_probabilities(session: &mut Session, ids: &[u32]) -> Vec<f64> {
    let logits = session.logits(ids).unwrap();
    let log_total = log_sum_exp(logits);
    logits.iter().map(|&logit| f64::from(logit) - log_total).collect()
}

fn assert_close(found: &[Score], expected: &[Score]) {
    assert_eq!(texts(found), texts(expected));
    for (a, b) in found.iter().zip(expected) {
        assert!(
            (a.log_probability - b.log_probability).abs() < 1e-4,
            "{a:?} is not {b:?}"
        );
    }
}

#[test]
fn every_token_has_the_probability_that_the_model_gives_it() {
    let mut session = pocket_session();
    let text = "The rain had stopped by the time we reached the river, and nobody said a word.";
    let mut ids = vec![BOS_ID];
    ids.extend(session.codec().encode(text).unwrap());
    let mut scorer = scorer(&session);
    let (scores, _) = score(&mut scorer, &mut session, "", text);
    assert_eq!(scores.len(), ids.len() - 1);
    for (i, score) in (1..).zip(&scores) {
        let expected = log_probabilities(&mut session, &ids[..i]);
        assert_eq!(score.text, session.codec().decode(&ids[i..=i]));
        assert!((score.log_probability - expected[ids[i] as usize]).abs() < 1e-4);

        // Sorts all ids, where the scorer selects the top ones.
        let mut order: Vec<u32> = (0..BOS_ID).collect();
        order.retain(|&id| std::str::from_utf8(session.codec().token_bytes(id)).is_ok());
        order.sort_by(|&a, &b| expected[b as usize].total_cmp(&expected[a as usize]));
        assert_eq!(score.top.len(), 10);
        for (candidate, &id) in score.top.iter().zip(&order) {
            assert!((candidate.log_probability - expected[id as usize]).abs() < 1e-4);
        }
        assert_eq!(score.top[0].text, session.codec().decode(&order[..1]));
    }
}

#[test]
fn nothing_one_and_three_tokens() {
    let mut session = random_session();
    let mut scorer = scorer(&session);
    for expected in [&[][..], &["One"], &["One", " two", " three"]] {
        let (scores, _) = score(&mut scorer, &mut session, "", &expected.concat());
        assert_eq!(texts(&scores), expected);
        let (scores, _) = score(&mut scorer, &mut session, "Before", &expected.concat());
        assert_eq!(texts(&scores).concat(), expected.concat());
    }
}

/// A window starts every 20 tokens, and a token is scored in the first window that contains it.
#[test]
fn beyond_the_context_every_token_has_half_of_it_as_history() {
    let mut session = random_session();
    let text = "a b c d e f g h i j k l m n o p q r s t u v w x y z".repeat(5);
    let mut ids = vec![BOS_ID];
    ids.extend(session.codec().encode(&text).unwrap());
    assert!(ids.len() > 120);
    let mut scorer = scorer(&session);
    let (scores, _) = score(&mut scorer, &mut session, "", &text);
    assert_eq!(texts(&scores).concat(), text);
    for (i, score) in (1..).zip(&scores) {
        let start = (0..).step_by(20).find(|start| i - start <= 40).unwrap();
        assert!(i <= 40 || i - start >= 20, "history of token {i}");
        let expected = log_probabilities(&mut session, &ids[start..i])[ids[i] as usize];
        assert!((score.log_probability - expected).abs() < 1e-4, "token {i}");
    }
}

#[test]
fn the_text_before_is_read_but_not_scored() {
    let mut session = random_session();
    let mut scorer = scorer(&session);
    let text = "One two three. ".repeat(20);
    let (all, _) = score(&mut scorer, &mut session, "", &text);
    for before in ["One", "One two three.", &text[..text.len() - 8]] {
        let mut fresh = Scorer::new(session.model().config());
        let (rest, _) = score(&mut fresh, &mut session, before, &text[before.len()..]);
        assert_close(&rest, &all[all.len() - rest.len()..]);
        assert_eq!(texts(&rest).concat(), text[before.len()..]);
    }
}

#[test]
fn a_token_that_starts_before_the_text_is_scored_with_its_part_in_the_text() {
    let mut session = random_session();
    let mut scorer = scorer(&session);
    assert_eq!(session.codec().encode("The weather").unwrap().len(), 2);
    let (scores, _) = score(&mut scorer, &mut session, "The wea", "ther was");
    assert_eq!(texts(&scores), ["ther", " was"]);
}

#[test]
fn after_an_edit_only_the_rest_is_read_again() {
    let mut session = pocket_session();
    let mut scorer = scorer(&session);
    let text = "word ".repeat(200);
    let (_, n_steps) = score(&mut scorer, &mut session, "", text.trim_end());
    assert_eq!(n_steps, 25); // 200 tokens by 8
    let (scores, n_steps) = score(&mut scorer, &mut session, text.trim_end(), " and more");
    assert_eq!((texts(&scores), n_steps), (vec![" and", " more"], 1));
    let mut fresh = Scorer::new(session.model().config());
    let (expected, n_steps) = score(&mut fresh, &mut session, text.trim_end(), " and more");
    assert_eq!(n_steps, 26); // 25 for the history, one for the new tokens
    assert_close(&scores, &expected);
}

#[test]
fn the_tokens_of_one_character_are_one_score() {
    let mut session = random_session();
    let text = "a 😀 b 語言👩‍🚀";
    assert!(session.codec().encode(text).unwrap().len() > text.chars().count());
    let mut scorer = scorer(&session);
    let (scores, _) = score(&mut scorer, &mut session, "", text);
    assert_eq!(texts(&scores).concat(), text);
    assert!(scores.iter().all(|score| !score.text.is_empty()));

    let mut ids = vec![BOS_ID];
    ids.extend(session.codec().encode("a 😀").unwrap());
    let sum: f64 = (2..ids.len())
        .map(|i| log_probabilities(&mut session, &ids[..i])[ids[i] as usize])
        .sum();
    assert_eq!(scores[1].text, " 😀");
    assert!((scores[1].log_probability - sum).abs() < 1e-4);
}

#[test]
fn suggestions_and_scores_do_not_disturb_each_other() {
    let mut session = random_session();
    let mut scorer = scorer(&session);
    let text = "One two three. ".repeat(20);
    let (expected_scores, _) = score(&mut scorer, &mut session, "", &text);
    let config = common::config(
        serde_json::json!({"max_new_tokens": 5, "do_sample": true, "seed": 1, "num_return_sequences": 2}),
    );
    let expected = generate(&mut session, "Once upon", &config);

    let mut scorer = Scorer::new(session.model().config());
    begin(&mut scorer, &session, "", &text);
    session.begin("Once upon", config.clone(), 0.0).unwrap();
    let (mut scores, mut finished) = (Vec::new(), Vec::new());
    while let Some(step) = session.step(0.0).unwrap() {
        let (model, codec) = session.model_and_codec();
        scores.extend(scorer.step(model, codec).unwrap().unwrap_or_default());
        if let write_with_distilgpt2::session::Step::Sequence(sequence) = step {
            finished.push(sequence);
        }
    }
    scores.extend(finish(&mut scorer, &mut session).0);
    finished.sort_by_key(|sequence| sequence.sequence);
    assert_eq!(finished, expected);
    assert_close(&scores, &expected_scores);
}

#[test]
fn weights_that_are_not_numbers_end_in_an_error() {
    let (config, mut file) = RANDOM_MODEL.clone();
    let n = file.len();
    file[n - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    let mut session = session((config, file), WeightType::F32);
    let mut scorer = scorer(&session);
    begin(&mut scorer, &session, "", "a");
    let (model, codec) = session.model_and_codec();
    let error = scorer.step(model, codec).unwrap_err();
    assert!(error.to_string().contains("weights are damaged"), "{error}");
}

#[test]
fn a_model_without_bos_and_eos_is_refused() {
    let session = random_session();
    let json =
        r#"{"n_embd": 16, "n_head": 2, "n_layer": 2, "n_positions": 40, "bos_token_id": null, "eos_token_id": null}"#;
    let config = Config::from_json(json).unwrap();
    let error = scorer(&session).begin(&config, session.codec(), "", "a").unwrap_err();
    assert!(error.to_string().contains("bos_token_id"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(15))]

    /// The texts of the scores concatenate to the text, and a warm cache gives the scores of a cold one.
    #[test]
    fn the_cache_changes_nothing(parts in prop::collection::vec(("[a-c ]{0,30}|\\PC{0,8}", "[a-c ,\n]{0,40}|\\PC{0,8}"), 1..4)) {
        let mut session = random_session();
        let mut cached = scorer(&session);
        for (before, text) in parts {
            let (scores, _) = score(&mut cached, &mut session, &before, &text);
            prop_assert_eq!(texts(&scores).concat(), text.clone());
            let mut fresh = Scorer::new(session.model().config());
            assert_close(&scores, &score(&mut fresh, &mut session, &before, &text).0);
        }
    }
}
