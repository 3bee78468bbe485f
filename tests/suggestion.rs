//! Suggestions from a scripted model: when they appear, in which order, and which are dropped.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{config, pocket_session};
use serde_json::json;
use write_with_distilgpt2::sequence::{FinishReason, FinishedSequence, Token};
use write_with_distilgpt2::session::{Session, Step};
use write_with_distilgpt2::suggestion::{Place, Suggestion, SuggestionOptions, Suggestions};

const EVERYTHING: SuggestionOptions = SuggestionOptions {
    gate: 0.0,
    is_ranked: true,
};

fn suggestions(before: &str, after: &str) -> Suggestions {
    Suggestions::new(Place { before, after }, EVERYTHING)
}

fn token(sequence: usize, text: &str, log_probability: f64) -> Step {
    Step::Token(Token {
        sequence,
        text: text.to_owned(),
        log_probability,
    })
}

fn end(sequence: usize, finish_reason: FinishReason) -> Step {
    Step::Sequence(FinishedSequence {
        sequence,
        generated_text: String::new(),
        n_tokens: 1,
        log_probability: -1.0,
        finish_reason,
    })
}

fn texts(suggestions: &Suggestions) -> Vec<&str> {
    suggestions.offered().into_iter().map(|s| s.text.as_str()).collect()
}

/// Takes the tokens of all continuations round by round, then their ends; returns the suggestions.
fn offered(mut suggestions: Suggestions, continuations: &[(&[&str], f64)]) -> Vec<Suggestion> {
    let longest = continuations.iter().map(|(tokens, _)| tokens.len()).max().unwrap();
    for i in 0..=longest {
        for (sequence, (tokens, log_probability)) in continuations.iter().enumerate() {
            if let Some(text) = tokens.get(i) {
                suggestions.take(&token(sequence, text, *log_probability));
            } else if i == tokens.len() {
                suggestions.take(&end(sequence, FinishReason::Eos));
            }
        }
    }
    suggestions.offered().into_iter().cloned().collect()
}

fn offered_texts(suggestions: Suggestions, continuations: &[(&[&str], f64)]) -> Vec<String> {
    offered(suggestions, continuations)
        .into_iter()
        .map(|s| s.text)
        .collect()
}

#[test]
fn a_suggestion_appears_with_its_first_whole_word_and_grows() {
    let mut suggestions = suggestions("We saw", "");
    assert!(!suggestions.take(&Step::Prefill { done: 1, total: 1 }));
    assert!(!suggestions.take(&token(0, " the", -1.0)));
    assert_eq!(texts(&suggestions), [""; 0]);
    assert!(suggestions.take(&token(0, " old", -1.0)));
    assert_eq!(texts(&suggestions), [" the"]);
    assert!(!suggestions.take(&token(0, "est", -1.0)), "nothing new to show");
    assert!(suggestions.take(&token(0, " sea", -1.0)));
    assert_eq!(texts(&suggestions), [" the oldest"]);
    assert!(!suggestions.is_complete(0));
    assert!(suggestions.take(&end(0, FinishReason::Eos)));
    assert_eq!(texts(&suggestions), [" the oldest sea"]);
    assert!(suggestions.is_complete(0) && !suggestions.is_complete(1));
}

#[test]
fn the_end_of_the_sentence_makes_a_suggestion_final() {
    let mut suggestions = suggestions("We saw", "");
    for text in [" the", " sea.", " Then"] {
        suggestions.take(&token(0, text, -1.0));
    }
    let complete = suggestions.offered()[0].clone();
    assert_eq!((complete.text.as_str(), complete.is_complete), (" the sea.", true));
    assert!(!suggestions.take(&token(0, " more", -9.0)));
    assert!(!suggestions.take(&end(0, FinishReason::Length)));
    assert_eq!(suggestions.offered(), [&complete]);
}

#[test]
fn the_mean_is_over_the_characters_shown_and_the_tokens_that_spell_them() {
    // The first token only spells text before the caret; the last is not shown.
    let mut suggestions = suggestions("We saw the", "");
    for (text, log_probability) in [("", -0.5), (" old", -1.0), (" sea", -2.5), (" an", -8.0)] {
        suggestions.take(&token(0, text, log_probability));
    }
    let offered = suggestions.offered();
    assert_eq!(offered[0].text, " old sea");
    assert_eq!(offered[0].mean_log_probability, -4.0 / 8.0);
}

#[test]
fn the_likeliest_comes_first_if_ranked() {
    let three: [(&[&str], f64); 3] = [
        (&[" a", " bee"], -3.0),
        (&[" the", " sea"], -1.0),
        (&[" one", " tea"], -2.0),
    ];
    assert_eq!(
        offered_texts(suggestions("We saw", ""), &three),
        [" the sea", " one tea", " a bee"]
    );
    let options = SuggestionOptions {
        is_ranked: false,
        ..EVERYTHING
    };
    let unranked = Suggestions::new(
        Place {
            before: "We saw",
            after: "",
        },
        options,
    );
    assert_eq!(offered_texts(unranked, &three), [" a bee", " the sea", " one tea"]);
}

#[test]
fn the_one_that_is_shown_first_stays_first() {
    let mut suggestions = suggestions("We saw", "");
    // In the round that completes every first word, the second is the likeliest.
    for (sequence, text, log_probability) in [
        (0, " the", -2.0),
        (1, " a", -0.5),
        (2, " one", -1.0),
        (0, " sea", -0.1),
        (1, " bee", -4.0),
    ] {
        assert!(!suggestions.take(&token(sequence, text, log_probability)), "{text}");
    }
    assert!(suggestions.take(&token(2, " day", -0.1)));
    assert_eq!(texts(&suggestions), [" a", " one", " the"]);
    // By the next round it is the least likely.
    for (sequence, text) in [(0, " and"), (1, " fly"), (2, " and")] {
        suggestions.take(&token(sequence, text, -0.1));
    }
    assert_eq!(texts(&suggestions), [" a bee", " one day", " the sea"]);
}

/// Suggestions after "We saw" with a gate of 0.3, whose logarithm is -1.2.
fn gated() -> Suggestions {
    let options = SuggestionOptions {
        gate: 0.3,
        ..EVERYTHING
    };
    let place = Place {
        before: "We saw",
        after: "",
    };
    Suggestions::new(place, options)
}

#[test]
fn the_gate_applies_to_the_first_word_only() {
    let found = offered_texts(
        gated(),
        &[
            (&[" the", " sea"], -1.3),
            (&[" an", " old", " sea"], -1.1),
            (&[" wh", "ales"], -0.7),
        ],
    );
    assert_eq!(found, [" an old sea"], "the two tokens of a word are -1.4 together");
}

#[test]
fn a_continuation_below_the_gate_ends_and_the_next_takes_its_place() {
    let mut suggestions = gated();
    suggestions.take(&token(0, " wh", -1.0));
    suggestions.take(&token(1, " an", -1.0));
    assert!(!suggestions.is_complete(0) && !suggestions.is_complete(1));
    suggestions.take(&token(0, "ale", -0.3));
    suggestions.take(&token(1, " old", -9.0));
    assert!(suggestions.is_complete(0) && !suggestions.is_complete(1));
    assert_eq!(texts(&suggestions), [" an"]);
}

#[test]
fn of_suggestions_with_the_same_beginning_only_the_best_stays() {
    let found = offered_texts(
        suggestions("We saw", ""),
        &[
            (&[" the", " old", " sea", " there"], -3.0),
            (&[" The", ",", " old", " sea"], -1.0),
            (&[" the", " old", " man"], -2.0),
            (&[" the", " old", " man"], -4.0),
        ],
    );
    assert_eq!(found, [" the old man", " The, old sea"]);
}

#[test]
fn a_parrot_is_dropped_and_the_next_takes_its_place() {
    let found = offered(
        suggestions("The rain had stopped. ", ""),
        &[
            (&["The", " rain", " had", " stopped", "."], -0.1),
            (&["We", " went", " out", "."], -1.0),
            (&["Rain", ",", " rain", ",", " rain"], -0.2),
        ],
    );
    assert_eq!(
        found.iter().map(|s| s.text.as_str()).collect::<Vec<_>>(),
        ["We went out."]
    );
    assert!(found[0].is_complete);
}

#[test]
fn the_text_after_the_caret_is_not_suggested_again() {
    let words: (&[&str], f64) = (&[" jumps", " over", " the", " lazy", " dog", ".", " Then"], -1.0);
    assert_eq!(
        offered_texts(suggestions("The fox", " over the lazy dog."), &[words]),
        [" jumps"]
    );
    assert_eq!(
        offered_texts(suggestions("The fox", "."), &[words]),
        [" jumps over the lazy dog"]
    );
    assert!(
        offered_texts(
            suggestions("The fox jumps", " over the lazy dog."),
            &[(&words.0[1..], -1.0)]
        )
        .is_empty()
    );
}

#[test]
fn empty_and_endless_continuations_give_no_suggestion() {
    assert!(offered(suggestions("We saw", ""), &[(&[], 0.0)]).is_empty());
    assert!(
        offered(
            suggestions("We saw", ""),
            &[(&["\n"], -1.0), (&[" "], -1.0), (&["\u{FFFD}"], -1.0)]
        )
        .is_empty()
    );
    let long: Vec<&str> = vec![" and so it went"; 400];
    assert!(
        offered(suggestions("We saw", ""), &[(&long, -1.0)]).is_empty(),
        "it repeats itself"
    );
}

/// The bundled model's suggestions at a place, and the number of steps they take.
fn suggest(session: &mut Session, before: &str, after: &str, seed: u64) -> (Vec<String>, usize) {
    let json = json!({"do_sample": true, "temperature": 0.7, "top_p": 0.9, "max_new_tokens": 24, "seed": seed,
        "num_return_sequences": 4, "token_healing": true});
    session.begin(before, config(json), 0.0).unwrap();
    let mut suggestions = suggestions(before, after);
    let mut n_steps = 0;
    while let Some(step) = session.step(0.0).unwrap() {
        suggestions.take(&step);
        if let Step::Token(token) = step
            && suggestions.is_complete(token.sequence)
        {
            session.end(token.sequence);
        }
        n_steps += 1;
    }
    assert!(suggestions.offered().iter().all(|suggestion| suggestion.is_complete));
    (suggestions.offered().iter().map(|s| s.text.clone()).collect(), n_steps)
}

#[test]
fn the_bundled_model_suggests_and_stops_when_nothing_more_can_change() {
    let mut session = pocket_session();
    let before = "The rain had stopped by the time we reached the";
    let (found, n_steps) = suggest(&mut session, before, "", 3);
    assert!(found.len() >= 2, "{found:?}");
    assert!(n_steps < 4 * 24, "sentences end before the budget");
    assert_eq!(suggest(&mut session, before, "", 3), (found, n_steps));
}

#[test]
fn the_bundled_model_does_not_suggest_the_text_after_the_caret() {
    let mut session = pocket_session();
    let before = "The rain had stopped by the time we reached the";
    for seed in 0..4 {
        for text in suggest(&mut session, before, "", seed).0 {
            let (found, _) = suggest(&mut session, before, &text, seed);
            assert!(
                found.iter().all(|other| !other.contains(text.trim())),
                "{text:?} in {found:?}"
            );
        }
    }
}
