//! A keystroke costs the same in long and short documents, because nearly the whole context is cached.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{fixture, gpt2_codec};
use std::sync::LazyLock;
use write_with_distilgpt2::text::codec::Codec;
use write_with_distilgpt2::text::context::fit;
use write_with_distilgpt2::text::healing::take_back;

static CODEC: LazyLock<Codec> = LazyLock::new(gpt2_codec);

/// A document of more than 10,000 words.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| String::from_utf8(fixture("held_out.txt")).unwrap().repeat(2));

/// The page sends at least this many characters before the caret, and fewer than twice as many: `promptStart` in
/// www/suggestion/words.js.
const PROMPT_STEP: usize = 8192;

/// The bundled model's.
const N_POSITIONS: usize = 512;

/// Carets after 5,000 words and after 10,000.
const MIDDLE: usize = 29_000;
const END: usize = 58_000;

/// The number of tokens that the model reads for a suggestion at each of `carets`, visited in order.
fn n_read(carets: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let budget = N_POSITIONS + 1 - 24;
    let mut cached_ids = Vec::new();
    let mut n_read = Vec::new();
    for caret in carets {
        let caret = DOCUMENT.floor_char_boundary(caret);
        let start = DOCUMENT.floor_char_boundary((caret / PROMPT_STEP).saturating_sub(1) * PROMPT_STEP);
        let prompt = &DOCUMENT[start..caret];
        let mut ids = fit(&CODEC, prompt, budget).unwrap();
        take_back(&CODEC, prompt, &mut ids);
        let n_common = ids.iter().zip(&cached_ids).take_while(|(a, b)| a == b).count();
        n_read.push(ids.len() - n_common.min(ids.len() - 1));
        cached_ids = ids;
    }
    n_read
}

/// Asserts that `n_anew` of the keystrokes move the context, and that all others read the last word at most.
fn assert_cheap(n_read: &[usize], n_anew: std::ops::RangeInclusive<usize>) {
    let (first, others) = n_read.split_first().unwrap();
    let anew: Vec<usize> = others.iter().copied().filter(|&n| n > 8).collect();
    assert!(n_anew.contains(&anew.len()), "{first} tokens at first, then {anew:?}");
    assert!(anew.iter().all(|&n| n <= N_POSITIONS), "{anew:?}");
    let average = others.iter().sum::<usize>() as f64 / others.len() as f64;
    assert!(average < 2.5, "{average} tokens; the context {anew:?}");
}

#[test]
fn typing_reads_little_more_than_the_last_word() {
    // The context fills up again after about 1,000 characters.
    for end in [5_000, MIDDLE, END] {
        assert_cheap(&n_read(end - 2_000..end), 1..=6);
    }
}

#[test]
fn deleting_reads_little_more_than_the_last_word() {
    for end in [MIDDLE, END] {
        assert_cheap(&n_read((end - 2_000..end).rev()), 1..=6);
    }
}

#[test]
fn correcting_while_typing_does_not_move_the_context_back_and_forth() {
    let steps = |caret| [caret, caret + 1, caret + 2, caret + 1, caret];
    assert_cheap(&n_read((END - 1_500..END).step_by(3).flat_map(steps)), 1..=8);
}
