//! Detects suggestions that merely repeat: a recent sentence, one word over and over, or the same words twice in a row.

use super::ending::split_sentence;
use super::words::words;

/// Sentences before the caret in which repetitions are looked for.
const N_SENTENCES: usize = 3;
/// Bytes before the caret in which those sentences are looked for.
const N_BYTES: usize = 2000;
/// The longest beginning, in words, that a suggestion may share with a recent sentence.
const MAX_COMMON_WORDS: usize = 5;
/// The most times that a suggestion may use a word, other than function words.
const MAX_TIMES: usize = 2;
/// Words of three letters and more that are frequent in any sentence. All shorter words and Chinese characters count as
/// frequent.
const FUNCTION_WORDS: [&str; 48] = [
    "the", "and", "but", "for", "nor", "not", "yet", "all", "any", "one", "out", "who", "you", "she", "her", "his",
    "him", "its", "our", "are", "was", "had", "has", "have", "did", "can", "may", "will", "would", "could", "been",
    "were", "that", "this", "they", "them", "their", "there", "then", "than", "with", "from", "into", "your", "what",
    "when", "which", "some",
];

/// The end of the text before the caret.
pub struct Recent {
    /// The words of the last sentences.
    sentences: Vec<Vec<String>>,
    /// The sentence at the caret.
    current: String,
}

impl Recent {
    pub fn new(before: &str) -> Recent {
        let mut current = &before[before.ceil_char_boundary(before.len().saturating_sub(N_BYTES))..];
        let mut sentences = Vec::new();
        while let Some((sentence, rest)) = split_sentence(current) {
            sentences.push(words(sentence));
            current = rest;
        }
        sentences.retain(|words| !words.is_empty());
        sentences.drain(..sentences.len().saturating_sub(N_SENTENCES));
        Recent {
            sentences,
            current: current.to_owned(),
        }
    }

    /// Whether `text` is a repetition. A repetition remains one, however `text` continues. `is_complete` means that it
    /// does not continue.
    pub fn is_parroted(&self, text: &str, is_complete: bool) -> bool {
        let spoken = words(text);
        let sentence = words(&[&self.current, text].concat());
        let n_common = |other: &[String]| spoken.iter().zip(other).take_while(|(a, b)| a == b).count();
        let is_one_of_them =
            |other: &Vec<String>| n_common(other) > MAX_COMMON_WORDS || (is_complete && sentence == *other);
        self.sentences.iter().any(is_one_of_them)
            || spoken.iter().any(|word| is_overused(word, &spoken))
            || has_repetition(&sentence, words(&self.current).len())
    }
}

fn is_overused(word: &String, words: &[String]) -> bool {
    let is_function_word = word.chars().count() < 3 || FUNCTION_WORDS.contains(&word.as_str());
    !is_function_word && words.iter().filter(|other| *other == word).count() > MAX_TIMES
}

/// Whether a run of two or more words from `start` on repeats the run just before it, or a word from `start` on is the
/// third in a row. Twice in a row is fine: "had had" is English.
fn has_repetition(words: &[String], start: usize) -> bool {
    (start..words.len()).any(|i| {
        let is_third = i >= 2 && words[i - 2] == words[i] && words[i - 1] == words[i];
        let mut lens = 2..=i.min(words.len() - i);
        is_third || lens.any(|len| words[i - len..i] == words[i..i + len])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_parroted(before: &str, text: &str) -> bool {
        Recent::new(before).is_parroted(text, true)
    }

    #[test]
    fn recent_sentences_are_not_repeated() {
        for (before, text) in [
            ("The rain had stopped. ", "The rain had stopped."),
            ("The rain had stopped.", " “The RAIN had stopped!”"),
            ("The rain had stopped.\n", "The rain had stopped"),
            ("The rain had stopped. The rain", " had stopped."),
            ("The rain had stopped. The ra", "in had stopped."),
            ("One. The rain had stopped. Three. Four. ", "The rain had stopped."),
            (
                "We came to the old house at noon. ",
                "We came to the old house in the evening.",
            ),
            ("雨停了。", "雨停了。"),
        ] {
            assert!(is_parroted(before, text), "{before:?} {text:?}");
        }
        for (before, text) in [
            ("The rain had stopped. ", "The rain had come back."),
            ("We came to the old house at noon. ", "We came to the old town."),
            ("The rain had stopped. One. Two. Three. ", "The rain had stopped."),
            ("The rain", " had stopped."),
            ("", "The rain."),
        ] {
            assert!(!is_parroted(before, text), "{before:?} {text:?}");
        }
    }

    #[test]
    fn a_short_sentence_is_a_repetition_only_when_complete() {
        let recent = Recent::new("The rain had stopped. ");
        assert!(!recent.is_parroted("The rain had stopped", false));
        assert!(recent.is_parroted("The rain had stopped", true));
    }

    #[test]
    fn only_function_words_may_occur_three_times() {
        assert!(is_parroted("", " a sea, the sea and Sea"));
        assert!(is_parroted("", " Katze, Katze oder Katze"));
        for text in [
            " the sea and the sky and the land",
            " to see, to hear or to feel",
            " a sea of sea",
            "的一的二的三",
        ] {
            assert!(!is_parroted("", text), "{text}");
        }
    }

    #[test]
    fn the_same_words_do_not_occur_twice_in_a_row() {
        for (before, text) in [
            ("", " of the, of the"),
            ("We walked to the sea", " to the sea"),
            ("I know", " I know"),
            ("the", " the the"),
            ("", " so so so"),
        ] {
            assert!(is_parroted(before, text), "{before:?} {text:?}");
        }
        for (before, text) in [
            ("", " that he had had it"),
            ("on and on and", " further"),
            ("", " so on and so on"),
        ] {
            assert!(!is_parroted(before, text), "{before:?} {text:?}");
        }
    }
}
