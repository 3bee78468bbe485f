//! Tokens and characters against transformers' tokenizer, and properties of what is made of them here.

mod common;

use common::{fixture, gpt2_codec};
use proptest::prelude::*;
use serde::Deserialize;
use std::sync::LazyLock;
use write_with_distilgpt2::text::codec::Codec;
use write_with_distilgpt2::text::context::ContextWindow;
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
    let message = |json: &[u8], vocab_size| {
        Codec::from_json(json, vocab_size)
            .err()
            .unwrap()
            .to_string()
    };
    assert!(message(&json, 96).contains("has 50257 tokens, but the model only 96"));
    assert!(message(&json[..5000], 50257).starts_with("tokenizer.json: "));
    assert!(message(b"", 50257).starts_with("tokenizer.json: "));
    let words = br#"{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": null, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"a": 0, "\u4e00": 1}, "unk_token": "a"}}"#;
    assert!(message(words, 50257).contains("is not byte-level"));
}

/// Text with everything in it that tokenizers trip over.
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
    fn what_the_detokenizer_gives_is_always_what_decoding_gives(ids in prop::collection::vec(0_u32..50257, 0..40)) {
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
    fn of_real_text_no_piece_is_half_a_character(text in prose()) {
        let mut detokenizer = Detokenizer::default();
        let ids = CODEC.encode(&text).unwrap();
        let pieces: Vec<String> = ids.iter().map(|&id| detokenizer.push(CODEC.token_bytes(id))).collect();
        let replaced = |s: &str| s.matches('\u{FFFD}').count();
        prop_assert_eq!(replaced(&pieces.concat()), replaced(&text));
        prop_assert_eq!(pieces.concat(), text);
        prop_assert_eq!(detokenizer.finish(), "");
    }

    #[test]
    fn what_is_taken_back_can_be_spelt_again(text in prose()) {
        let whole_ids = CODEC.encode(&text).unwrap();
        let mut ids = whole_ids.clone();
        let healed = take_back(&CODEC, &text, &mut ids);
        prop_assert_eq!([CODEC.decode(&ids).as_bytes(), &healed].concat(), text.as_bytes());
        // The tokens that were there before are one way to spell it.
        let mut spelling = Spelling::new(&healed);
        for &id in &whole_ids[ids.len()..] {
            prop_assert!(spelling.allowed(&CODEC).any(|allowed| allowed == id));
            prop_assert_eq!(spelling.advance(CODEC.token_bytes(id)), b"");
        }
        prop_assert!(spelling.is_done());
    }

    #[test]
    fn the_context_is_an_end_of_the_text_and_fits(texts in prop::collection::vec(prose(), 1..12), budget in 4_usize..40) {
        let mut window = ContextWindow::default();
        let mut text = String::new();
        for more in texts {
            text.push_str(&more);
            let context = window.fit(&CODEC, &text, budget).unwrap();
            prop_assert!(text.ends_with(context.text));
            prop_assert!(context.ids.len() <= budget);
            let decoded = CODEC.decode(&context.ids);
            let is_end = context.text.ends_with(&decoded) || decoded.contains('\u{FFFD}');
            prop_assert!(is_end, "{:?} is not the end of {:?}", decoded, context.text);
            if CODEC.encode(&text).unwrap().len() <= budget / 2 {
                prop_assert_eq!(context.text, &text);
            }
        }
    }
}

#[test]
fn the_tokens_that_spell_are_those_that_begin_alike() {
    for spelling in [" weath", "a", "\n", "\u{1F600}", " antidisestab"] {
        let mut found: Vec<u32> = CODEC.tokens_spelling(spelling.as_bytes()).collect();
        // By looking at every token there is.
        let mut expected: Vec<u32> = (0..50256)
            .filter(|&id| {
                let bytes = CODEC.token_bytes(id);
                bytes.starts_with(spelling.as_bytes()) || spelling.as_bytes().starts_with(bytes)
            })
            .collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{spelling:?}");
        assert!(!found.is_empty());
    }
}

#[test]
fn a_long_text_is_cut_at_a_sentence_and_keeps_its_cut_while_it_grows() {
    let mut window = ContextWindow::default();
    let mut text = "It was late. The rain had stopped by then, and nobody said much.\n".repeat(30);
    let mut starts = Vec::new();
    for _ in 0..60 {
        text.push_str("Then another one came in. ");
        let context = window.fit(&CODEC, &text, 200).unwrap();
        assert!(context.ids.len() <= 200 && context.ids.len() >= 100);
        assert!(
            ["It", "The rain", "Then"]
                .iter()
                .any(|s| context.text.starts_with(s)),
            "{}",
            context.text
        );
        starts.push(text.len() - context.text.len());
    }
    starts.dedup();
    // 360 tokens were added; a quarter of 200 is freed by each cut.
    assert!((5..=10).contains(&starts.len()), "{} cuts", starts.len());
}

#[test]
fn a_text_without_any_break_is_cut_all_the_same() {
    let mut window = ContextWindow::default();
    for text in [
        "a".repeat(10_000),
        "語".repeat(3_000),
        " ".repeat(10_000),
        "😀".repeat(3_000),
    ] {
        let context = window.fit(&CODEC, &text, 50).unwrap();
        assert!(
            (1..=50).contains(&context.ids.len()),
            "{}",
            context.ids.len()
        );
        assert!(text.ends_with(context.text));
    }
}
