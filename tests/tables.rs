//! Rules that JavaScript has as well, tested with the same tables of cases: tests/tables/.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::config;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use write_with_distilgpt2::eval::words::first_word;
use write_with_distilgpt2::suggestion::{Place, beginning, is_askable};
use write_with_distilgpt2::text::punctuation::{is_closing, is_pause, is_stop};

fn table<Case: DeserializeOwned>(json: &str) -> Vec<Case> {
    let cases: Vec<Case> = serde_json::from_str(json).unwrap();
    assert!(cases.len() > 50);
    cases
}

#[test]
fn one_key_accepts_the_first_word_with_its_spaces_and_punctuation() {
    for (text, word) in table::<(String, String)>(include_str!("tables/first_word.json")) {
        assert_eq!(first_word(&text), word, "{text:?}");
    }
}

#[test]
fn suggestions_begin_alike_if_their_first_three_words_are_the_same() {
    for (text, expected) in table::<(String, String)>(include_str!("tables/beginning.json")) {
        assert_eq!(beginning(&text), expected, "{text:?}");
    }
}

#[test]
fn there_is_something_to_continue_after_text_and_outside_of_words() {
    for (before, after, expected) in table::<(String, String, bool)>(include_str!("tables/askable.json")) {
        let place = Place {
            before: &before,
            after: &after,
        };
        assert_eq!(is_askable(place), expected, "{before:?} {after:?}");
    }
}

#[test]
fn all_marks_that_stop_pause_or_close_are_accepted_with_the_word_before_them() {
    let marks: Vec<char> = ('\0'..=char::MAX)
        .filter(|&c| is_stop(c) || is_pause(c) || is_closing(c))
        .collect();
    assert!(marks.len() > 20);
    for mark in marks {
        assert_eq!(first_word(&format!("word{mark} next")), format!("word{mark}"));
    }
}

#[test]
fn the_engine_takes_every_value_that_a_writer_can_set() {
    let settings: Value = serde_json::from_str(include_str!("../www/settings/settings.json")).unwrap();
    let parameters = [
        "max_new_tokens",
        "temperature",
        "top_p",
        "top_k",
        "repetition_penalty",
        "max_time",
        "seed",
        "n_alternatives",
    ];
    for name in parameters {
        let parameter = name.replace("n_alternatives", "num_return_sequences");
        for value in ["default", "min", "max"].map(|key| &settings[name][key]) {
            config(json!({ "do_sample": true, &parameter: value }));
        }
        assert!(
            settings[name]["min"].is_number() && settings[name]["max"].is_number(),
            "{name}"
        );
    }
}
