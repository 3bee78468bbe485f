//! The codec against transformers' tokenizer, and properties of streaming, healing and fitting into the context.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{fixture, gpt2_codec};
use proptest::prelude::*;
use serde::Deserialize;
use std::sync::LazyLock;
use write_with_distilgpt2::generation::config::GenerationConfig;
use write_with_distilgpt2::sequence::Sequence;
use write_with_distilgpt2::text::codec::Codec;
use write_with_distilgpt2::text::context::fit;
use write_with_distilgpt2::text::detokenizer::Detokenizer;
use write_with_distilgpt2::text::healing::{Spelling, take_back};

static CODEC: LazyLock<Codec> = LazyLock::new(gpt2_codec);

#[derive(Deserialize)]
struct Table {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: Text,
    ids: Vec<u32>,
    decoded: Text,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Whole(String),
    Repeated { repeat: String, times: usize },
}

impl Text {
    fn whole(&self) -> String {
        match self {
            Text::Whole(text) => text.clone(),
            Text::Repeated { repeat, times } => repeat.repeat(*times),
        }
    }
}

#[test]
fn ids_and_decoded_text_are_those_of_transformers() {
    let table: Table = serde_json::from_slice(&fixture("tokenizer_gpt2.json")).unwrap();
    assert!(table.cases.len() >= 200);
    for case in table.cases {
        let text = case.text.whole();
        let shown: String = text.chars().take(40).collect();
        assert_eq!(CODEC.encode(&text).unwrap(), case.ids, "{shown:?}");
        assert_eq!(CODEC.decode(&case.ids), case.decoded.whole(), "{shown:?}");
    }
}

#[test]
fn a_tokenizer_that_does_not_fit_is_refused() {
    let json = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/www/models/gpt2-tokenizer/tokenizer.json"
    ))
    .unwrap();
    let message = |json: &[u8], vocab_size| match Codec::from_json(json, vocab_size) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    assert!(message(&json, 96).contains("has 50257 tokens, but the model has only 96"));
    assert!(message(&json[..5000], 50257).starts_with("tokenizer.json: "));
    assert!(message(b"", 50257).starts_with("tokenizer.json: "));
    let words = br#"{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": null, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"a": 0, "\u4e00": 1}, "unk_token": "a"}}"#;
    assert!(message(words, 50257).contains("is not byte-level"));
    let changed = |from: &str, to: &str| {
        let text = String::from_utf8(json.clone()).unwrap();
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1).into_bytes()
    };
    let normalized = changed("\"normalizer\":null", "\"normalizer\":{\"type\":\"Lowercase\"}");
    assert!(message(&normalized, 50257).contains("has a normalizer"));
    let spaced = changed("\"add_prefix_space\":false", "\"add_prefix_space\":true");
    assert!(message(&spaced, 50257).contains("changes the text"));
}

/// Text with everything that trips up tokenizers.
fn prose() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ ]?[a-zA-Z]{1,9}",
        1 => "[ \t\r\n]{1,3}",
        1 => "[.,;:!?'\"-]{1,2}",
        1 => "[ ]?[0-9]{1,4}",
        1 => prop::sample::select(vec!["'s", "n't", "é", "e\u{301}", "語", "日本", "😀", "👩‍👩‍👧", "🇩🇪", "עברית", "\u{0}", "\u{FFFD}"])
            .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn decoding_undoes_encoding(text in prose()) {
        prop_assert_eq!(CODEC.decode(&CODEC.encode(&text).unwrap()), text);
    }

    #[test]
    fn streamed_text_is_decoded_text(ids in prop::collection::vec(0_u32..50257, 0..40)) {
        let mut detokenizer = Detokenizer::default();
        let mut text = String::new();
        for end in 0..ids.len() {
            let piece = detokenizer.push(CODEC.token_bytes(ids[end]));
            text.push_str(&piece);
            prop_assert!(CODEC.decode(&ids[..=end]).starts_with(&text));
        }
        text.push_str(&detokenizer.finish());
        prop_assert_eq!(text, CODEC.decode(&ids));
    }

    #[test]
    fn no_piece_of_valid_text_splits_a_character(text in prose()) {
        let mut detokenizer = Detokenizer::default();
        let ids = CODEC.encode(&text).unwrap();
        let pieces: Vec<String> = ids.iter().map(|&id| detokenizer.push(CODEC.token_bytes(id))).collect();
        let replaced = |s: &str| s.matches('\u{FFFD}').count();
        prop_assert_eq!(replaced(&pieces.concat()), replaced(&text));
        prop_assert_eq!(pieces.concat(), text);
        prop_assert_eq!(detokenizer.finish(), "");
    }

    #[test]
    fn healed_bytes_can_be_spelt_again(text in prose()) {
        let whole_ids = CODEC.encode(&text).unwrap();
        let mut ids = whole_ids.clone();
        let healed = take_back(&CODEC, &text, &mut ids);
        prop_assert_eq!([CODEC.decode(&ids).as_bytes(), &healed].concat(), text.as_bytes());
        let mut spelling = Spelling::new(&healed);
        let mut spelt = Vec::new();
        while !spelling.is_done() {
            // Every allowed token agrees with the text; take the first.
            let allowed = spelling.allowed(&CODEC).unwrap();
            let missing = &healed[spelt.len()..];
            for &id in &allowed {
                let bytes = CODEC.token_bytes(id);
                prop_assert!(!bytes.is_empty() && (bytes.starts_with(missing) || missing.starts_with(bytes)));
            }
            let bytes = CODEC.token_bytes(allowed[0]);
            spelt.extend_from_slice(bytes);
            let n_new = spelling.advance(bytes).len();
            prop_assert!(n_new == 0 || spelling.is_done());
        }
        prop_assert!(spelt.starts_with(&healed));
    }

    /// The model in this test knows the text, which it must continue wherever it is cut, in a word, a space or a line.
    #[test]
    fn the_continuation_starts_exactly_at_the_caret(text in prose(), caret in any::<prop::sample::Index>()) {
        let (before, after) = text.split_at(text.floor_char_boundary(caret.index(text.len() + 1)));
        let mut ids = CODEC.encode(before).unwrap();
        let healed = take_back(&CODEC, before, &mut ids);
        let mut to_come = [&healed, after.as_bytes()].concat();
        let config = GenerationConfig { max_new_tokens: 200, ..Default::default() };
        let mut sequence = Sequence::new(&config, &[], 0, before, &[50256], &healed);
        let mut written = String::new();
        while !to_come.is_empty() {
            let liking = |id| match CODEC.token_bytes(id) {
                bytes if to_come.starts_with(bytes) => bytes.len() as f32,
                _ => -1.0,
            };
            let logits: Vec<f32> = (0..50257).map(liking).collect();
            written.push_str(&sequence.pick(&logits, &CODEC).unwrap().unwrap().text);
            ids.push(sequence.last_id());
            match to_come.strip_prefix(CODEC.token_bytes(sequence.last_id())) {
                Some(rest) => to_come = rest.to_vec(),
                None => break, // No token that spells the partial word agrees with the text.
            }
        }
        // The model's tokens are the text that the writer sees, except for an incomplete character at the end.
        let spelt = CODEC.decode(&ids);
        let unseen = spelt.strip_prefix(&[before, &written].concat());
        prop_assert!(unseen.is_some_and(|bytes| bytes.chars().all(|c| c == '\u{FFFD}')), "{:?} for {:?}", spelt, text);
        if to_come.is_empty() {
            prop_assert_eq!(written, after);
        }
    }

    #[test]
    fn the_context_is_an_end_of_the_text_and_fits(texts in prop::collection::vec(prose(), 1..12), budget in 4_usize..40) {
        let mut text = String::new();
        for more in texts {
            text.push_str(&more);
            let ids = fit(&CODEC, &text, budget).unwrap();
            let n_tokens = CODEC.encode(&text).unwrap().len();
            prop_assert!(text.as_bytes().ends_with(&bytes(&ids)), "{:?} of {:?}", CODEC.decode(&ids), text);
            prop_assert!(ids.len() <= budget);
            prop_assert!(4 * ids.len() >= n_tokens.min(budget), "{} of {}", ids.len(), n_tokens);
            if n_tokens <= budget && text.len() < 32 * budget {
                prop_assert_eq!(bytes(&ids), text.as_bytes());
            }
        }
    }
}

fn bytes(ids: &[u32]) -> Vec<u8> {
    ids.iter().flat_map(|&id| CODEC.token_bytes(id)).copied().collect()
}

/// " alw" becomes " always", not " a" and a rest.
#[test]
fn a_partial_word_is_spelt_by_tokens_that_cover_it() {
    for (spelling, word) in [
        (" alw", " always"),
        (" bef", " before"),
        (" theref", " therefore"),
        (" tod", " today"),
        (" inform", " information"),
    ] {
        let allowed = CODEC.tokens_spelling(spelling.as_bytes()).unwrap();
        assert!(
            allowed
                .iter()
                .all(|&id| CODEC.token_bytes(id).starts_with(spelling.as_bytes())),
            "{spelling}"
        );
        assert!(allowed.contains(&CODEC.encode(word).unwrap()[0]), "{spelling}");
        // Counts among all tokens; the last one is <|endoftext|>.
        let n_expected = (0..50256)
            .filter(|&id| CODEC.token_bytes(id).starts_with(spelling.as_bytes()))
            .count();
        assert_eq!(allowed.len(), n_expected, "{spelling}");
    }
}

#[test]
fn text_that_no_token_covers_starts_with_the_tokenizers_first_token() {
    for spelling in [" antidisestablishm", "日本語", "   \u{1F600}"] {
        assert_eq!(
            CODEC.tokens_spelling(spelling.as_bytes()).unwrap(),
            CODEC.encode(spelling).unwrap()[..1],
            "{spelling}"
        );
    }
    // The last bytes of a split character.
    let rest = &"😀".as_bytes()[1..];
    let allowed = CODEC.tokens_spelling(rest).unwrap();
    assert!(!allowed.is_empty());
}

/// The bytes at which the context starts as `pieces` are appended to `text`, deduplicated.
fn cuts<'a>(mut text: String, pieces: impl IntoIterator<Item = &'a str>, budget: usize) -> Vec<usize> {
    let mut cuts = Vec::new();
    for piece in pieces {
        text.push_str(piece);
        let ids = fit(&CODEC, &text, budget).unwrap();
        assert!(ids.len() <= budget && 4 * ids.len() > budget, "{}", ids.len());
        let context = CODEC.decode(&ids);
        assert!(text.ends_with(&context), "{context}");
        cuts.push(text.len() - context.len());
    }
    cuts.dedup();
    cuts
}

#[test]
fn a_long_text_is_cut_at_a_sentence_and_keeps_its_cut_while_it_grows() {
    let sentences = "It was late. The rain had stopped by then, and nobody said much.\n";
    let words = sentences.split_inclusive(' ').cycle().take(13 * 24);
    let cuts = cuts(sentences.repeat(30), words, 200);
    for &cut in &cuts {
        let rest = sentences[cut % sentences.len()..].trim_start();
        assert!(rest == sentences || rest.starts_with("The rain"), "{rest}");
    }
    // Each cut makes room for about 100 of the roughly 400 tokens.
    assert!((4..=5).contains(&cuts.len()), "{cuts:?}");
}

#[test]
fn a_text_of_short_or_of_long_tokens_keeps_its_cut_too() {
    let chinese = ["我们走在路上", "然后又回来", "雨停了。"];
    let n_tokens = CODEC.encode(&chinese.concat()).unwrap().len();
    let found = cuts("雨停了。".repeat(100), chinese.into_iter().cycle().take(150), 200);
    assert!(found.len() <= 50 * n_tokens / 90 + 2, "{} cuts", found.len());
    let long = [" responsibilities", " understanding"];
    let found = cuts(long.concat().repeat(200), long.into_iter().cycle().take(300), 200);
    assert!((3..=6).contains(&found.len()), "{} cuts", found.len());
}

#[test]
fn a_text_without_any_break_is_cut_too() {
    for text in [
        "a".repeat(10_000),
        "語".repeat(3_000),
        " ".repeat(10_000),
        "😀".repeat(3_000),
    ] {
        for budget in [1, 2, 3, 50] {
            let ids = fit(&CODEC, &text, budget).unwrap();
            assert!((1..=budget).contains(&ids.len()), "{} of {budget}", ids.len());
            assert!(text.as_bytes().ends_with(&bytes(&ids)));
        }
    }
}

#[test]
fn text_far_before_the_caret_is_not_even_encoded() {
    let end = "It was late. ".repeat(1_000);
    let far = "Not so far ".repeat(10_000);
    let other = "😀語 é\n".repeat(10_000);
    assert_eq!(far.len(), other.len());
    let context = |far: &str| fit(&CODEC, &[far, &end].concat(), 200).unwrap();
    assert_eq!(context(&far), context(&other));
}
