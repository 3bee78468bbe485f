//! The typist's counts against counts by hand, and the model's likelihood against a plain computation.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{config, pocket_session, random_model, session};
use serde_json::Value;
use write_with_distilgpt2::eval::arguments::Arguments;
use write_with_distilgpt2::eval::asker::Asker;
use write_with_distilgpt2::eval::likelihood::Likelihood;
use write_with_distilgpt2::eval::measure;
use write_with_distilgpt2::eval::pauses::{GATES, pauses};
use write_with_distilgpt2::eval::report::Report;
use write_with_distilgpt2::eval::settings::SETTINGS;
use write_with_distilgpt2::eval::setup::SETUPS;
use write_with_distilgpt2::eval::typist::{Counts, is_next_word_right, replay};
use write_with_distilgpt2::math::log_sum_exp;
use write_with_distilgpt2::model::matrix::WeightType;

/// Types `text` with these suggestions by caret, best first at each; also returns where suggestions were requested.
fn typed(text: &str, suggestions: &[(usize, &str)]) -> (Counts, Vec<usize>) {
    let mut asked = Vec::new();
    let counts = replay(text, |caret| {
        asked.push(caret);
        let offered = suggestions.iter().filter(|(at, _)| *at == caret);
        Ok(offered.map(|(_, suggestion)| suggestion.to_string()).collect())
    });
    (counts.unwrap(), asked)
}

#[test]
fn right_words_and_whole_suggestions_take_a_key_each() {
    let suggestions = [(1, "he sat down."), (8, " He ran off.")];
    let (counts, asked) = typed("She sat. He ran off.", &suggestions);
    // The keys: S, one each for "he" and " sat", ".", and one for the rest.
    assert_eq!(asked, [0, 1, 8]);
    let expected = Counts {
        n_characters: 20,
        n_sentences: 2,
        n_accepts: 3,
        n_accepted_characters: 18,
        n_suggestions: 2,
        n_long: [2, 2, 2, 0],
        n_matching: [2, 2, 1, 0],
    };
    assert_eq!(counts, expected);
    assert_eq!(counts.saved(), 15.0 / 20.0);
    assert_eq!(counts.matching()[..3], [1.0, 1.0, 0.5]);
    assert!(counts.matching()[3].is_nan());
    assert_eq!(counts.suggestions_per_sentence(), 1.0);
}

#[test]
fn a_suggestion_stays_while_it_is_typed_and_disappears_with_the_first_other_character() {
    let (counts, asked) = typed("weather", &[(0, "went on")]);
    assert_eq!(asked, [0, 3, 4, 5, 6]);
    assert_eq!((counts.n_suggestions, counts.n_accepts, counts.saved()), (1, 0, 0.0));

    let (counts, asked) = typed("We went on", &[(2, " want to"), (5, "nt on")]);
    assert_eq!(asked, [0, 1, 2, 5]);
    assert_eq!(
        (counts.n_suggestions, counts.n_accepts, counts.n_accepted_characters),
        (2, 1, 5)
    );
}

#[test]
fn the_next_alternative_takes_the_place_of_one_that_is_gone() {
    let suggestions = [(0, "went on"), (0, "we had"), (0, "weather is"), (3, "never")];
    let (counts, asked) = typed("weather", &suggestions);
    // After "wea" only the third still matches: one key for "ther". The second was never shown.
    assert_eq!(asked, [0]);
    assert_eq!(
        (counts.n_suggestions, counts.n_accepts, counts.n_accepted_characters),
        (2, 1, 4)
    );
    assert_eq!(
        (counts.n_long[..2].to_vec(), counts.n_matching),
        (vec![2, 2], [1, 0, 0, 0])
    );
}

#[test]
fn a_word_is_right_with_its_punctuation_and_as_a_whole() {
    let n_accepted = |text: &str, suggestion: &str| typed(text, &[(0, suggestion)]).0.n_accepted_characters;
    assert_eq!(n_accepted("down, then", "down"), 4);
    assert_eq!(n_accepted("down, then", "down,"), 5);
    assert_eq!(n_accepted("down, then", "down."), 0);
    assert_eq!(n_accepted("down, then", "down then"), 4);
    assert_eq!(n_accepted("downward", "down"), 0);
    assert_eq!(n_accepted("down", "downward"), 0);
    assert_eq!(n_accepted("don't go", "don"), 0);
    assert_eq!(n_accepted("«Été» à", "«Été» à"), 7);
}

#[test]
fn five_words_match_only_if_all_do() {
    let (counts, _) = typed("one two three four five six", &[(0, "one two three four six five")]);
    assert_eq!((counts.n_long, counts.n_matching), ([1; 4], [1, 1, 1, 0]));
    let (counts, _) = typed("one two three four five six", &[(0, "one two three four five")]);
    assert_eq!((counts.n_long, counts.n_matching), ([1; 4], [1; 4]));
}

#[test]
fn the_likelihood_of_a_text_is_the_sum_over_its_tokens_in_context() {
    let (config, file) = random_model(3);
    let n_positions = config.n_positions;
    let mut session = session((config, file), WeightType::F32);
    let text = "One two three, four five six; seven eight nine. ".repeat(12);
    let ids = session.codec().encode(&text).unwrap();
    assert!(ids.len() > 2 * n_positions);
    let found = Likelihood::of(&mut session, &text).unwrap();
    let all = [&[50256], &ids[..]].concat();
    let half = n_positions / 2;
    let nats = (1..all.len()).map(|i| {
        let start = if i <= n_positions {
            0
        } else {
            (i - n_positions).div_ceil(half) * half
        };
        let logits = session.logits(&all[start..i]).unwrap();
        log_sum_exp(logits) - f64::from(logits[all[i] as usize])
    });
    let nats: f64 = nats.sum();
    assert!((found.nats - nats).abs() < 1e-3, "{} {nats}", found.nats);
    assert_eq!((found.n_tokens, found.n_bytes), (ids.len(), text.len()));
}

#[test]
fn a_model_that_knows_nothing_is_as_perplexed_as_its_vocabulary_is_large() {
    let (config, mut file) = random_model(3);
    let header_len = 8 + u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    file[header_len..].fill(0);
    let mut session = session((config, file), WeightType::F32);
    let found = Likelihood::of(&mut session, "Four tokens of text").unwrap();
    assert_eq!((found.n_tokens, found.n_bytes), (4, 19));
    assert!((found.perplexity() / 50257.0 - 1.0).abs() < 1e-6);
    assert!((found.bits_per_byte() - 4.0 * 50257_f64.log2() / 19.0).abs() < 1e-6);
}

#[test]
fn the_setups_are_the_page_and_the_page_without_one_part_each() {
    let settings: Value = serde_json::from_str(include_str!("../www/settings/settings.json")).unwrap();
    let default = |name: &str| settings[name]["default"].clone();
    let mut expected: Value = serde_json::from_str(include_str!("tables/generation_config.json")).unwrap();
    for name in ["max_new_tokens", "temperature", "top_k", "top_p", "repetition_penalty"] {
        expected[name] = default(name);
    }
    expected["num_return_sequences"] = default("n_alternatives");
    assert_eq!(SETTINGS.generation_config(), config(expected));
    assert_eq!(SETUPS[0].options.gate, default("gate"));
    let parts = SETUPS
        .each_ref()
        .map(|setup| (setup.has_healing, setup.options.gate > 0.0, setup.options.is_ranked));
    assert_eq!(
        parts,
        [
            (true, true, true),
            (false, true, true),
            (true, false, true),
            (true, true, false)
        ]
    );
}

#[test]
fn an_answer_depends_on_place_and_seed_alone() {
    let text = "One two three four";
    let mut session = session(random_model(3), WeightType::F32);
    let mut answers = |seed: u64, carets: &[usize]| -> Vec<Vec<String>> {
        let mut asker = Asker::new(&mut session, text, seed);
        carets
            .iter()
            .map(|&caret| asker.offered(caret, &SETUPS[2]).unwrap())
            .collect()
    };
    let [first, second] = answers(0, &[7, 13]).try_into().unwrap();
    assert!(first.len() == 3 && second.len() == 3 && first != second);
    assert_eq!(answers(0, &[13, 7, 13]), [&second[..], &first, &second]);
    assert_ne!(answers(1, &[7]), [first]);
    assert!(answers(0, &[0])[0].is_empty());
}

#[test]
fn a_text_is_typed_with_every_setup_and_the_gate_shows_less() {
    let mut session = session(random_model(3), WeightType::F32);
    let row = measure(&mut session, "a text", "One two three", 0).unwrap();
    let shown = row.counts.map(|counts| counts.n_suggestions);
    assert!(shown[0] < shown[2], "{shown:?}");
    assert!(
        row.counts
            .iter()
            .all(|counts| counts.n_characters == 13 && counts.n_sentences == 1)
    );
    let report = Report::new(vec![row.clone(), row.clone()]);
    let json = report.json();
    assert_eq!(json[2]["text"], "all");
    assert_eq!(json[2]["setups"][2]["counts"]["n_suggestions"], 2 * shown[2]);
    assert_eq!(json[2]["perplexity"], json[0]["perplexity"]);
    for setup in SETUPS.iter() {
        assert!(report.tables().contains(setup.name));
    }
}

#[test]
fn arguments_are_taken_or_refused_with_the_way_out() {
    let parse = |line: &str| Arguments::parse(line.split_whitespace().map(String::from));
    let expected = Arguments {
        model: Some("folder".into()),
        max_bytes: 5,
        seed: 7,
        files: vec!["a.txt".into(), "b.txt".into()],
    };
    assert_eq!(
        parse("a.txt --seed 7 --model folder --bytes 5 b.txt"),
        Ok(Some(expected))
    );
    assert_eq!(parse("a.txt --help"), Ok(None));
    for (line, expected) in [
        ("--bytes 0", "--bytes must be an integer >= 1, got \"0\""),
        ("--seed -1", "--seed must be an integer >= 0, got \"-1\""),
        ("--seed", "--seed needs a value"),
        ("--gate 1", "--gate is not an option"),
    ] {
        assert!(parse(line).unwrap_err().starts_with(expected), "{line}");
    }
}

/// Beginnings after which many next words are likely.
const OPEN_SENTENCES: [&str; 3] = [
    "The rain had stopped by the time we reached the ",
    "The White man worked as a",
    "Once upon a time there was a ",
];

#[test]
fn the_page_has_a_suggestion_for_an_open_sentence_whatever_the_seed() {
    let mut session = pocket_session();
    for sentence in OPEN_SENTENCES {
        for seed in 0..10 {
            let offered = Asker::new(&mut session, sentence, seed).offered(sentence.len(), &SETUPS[0]);
            assert!(!offered.unwrap().is_empty(), "{sentence:?}, seed {seed}");
        }
    }
}

#[test]
fn pauses_are_after_words_and_after_the_spaces_that_follow() {
    let mut session = session(random_model(3), WeightType::F32);
    let text = "One two, three";
    let counts = pauses(&mut Asker::new(&mut session, text, 0), text).unwrap();
    let places = counts.map(|pauses| (pauses.at_word_end.n, pauses.behind_space.n));
    assert_eq!(places, [(2, 1); GATES.len()]);
    let shown = counts.map(|pauses| pauses.all().n_with_suggestion);
    assert_eq!(shown[0], 3, "without a gate each pause has a suggestion");
    assert!(
        shown.is_sorted_by(|less, more| less >= more) && shown[GATES.len() - 1] < 3,
        "{shown:?}"
    );
    let mut sum = counts[0];
    sum.add(&counts[0]);
    assert_eq!((sum.all().n, sum.all().shown()), (6, 1.0));
}

#[test]
fn the_gate_of_the_page_is_one_of_those_compared() {
    assert!(GATES.contains(&SETUPS[0].options.gate));
    assert_eq!(GATES[0], SETUPS[2].options.gate);
}

#[test]
fn a_next_word_is_right_or_not() {
    assert!(is_next_word_right(" village of", " village was"));
    assert!(!is_next_word_right(" village of", " villages"));
    assert!(!is_next_word_right(" town", " village"));
}
