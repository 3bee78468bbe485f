//! Keeps suggestions from repeating the text after the caret.

use super::ending::without_dangling;
use super::words::{word_indices, words};
use crate::text::punctuation::{is_closing, is_pause, is_stop};

/// This many words in common are a repetition, whatever follows them.
const N_WORDS: usize = 3;

/// The rest of the paragraph after the caret.
pub struct Following {
    text: String,
    /// The first [`N_WORDS`] words of `text`, or fewer.
    words: Vec<String>,
}

impl Following {
    pub fn new(after: &str) -> Following {
        let text = after.split('\n').next().unwrap_or("").to_owned();
        let words = words(&text).into_iter().take(N_WORDS).collect();
        Following { text, words }
    }

    /// The part of `text` that does not repeat the following text, and whether it is final because a repetition is certain.
    pub fn new_part<'a>(&self, text: &'a str) -> (&'a str, bool) {
        let (new, is_final) = self.up_to_repetition(text);
        (self.without_doubled_marks(new), is_final)
    }

    /// `text` up to the first word from which it repeats the following text, for certain or as far as `text` goes.
    fn up_to_repetition<'a>(&self, text: &'a str) -> (&'a str, bool) {
        let spoken = words(text);
        for (i, (start, _)) in word_indices(text).into_iter().enumerate() {
            let n_common = (spoken[i..].iter().zip(&self.words))
                .take_while(|(a, b)| a == b)
                .count();
            let is_final = n_common > 0 && n_common == self.words.len();
            if is_final || n_common == spoken.len() - i {
                return (without_dangling(&text[..start]), is_final);
            }
        }
        (text, false)
    }

    /// `text` without final punctuation that the following text repeats or contradicts.
    fn without_doubled_marks<'a>(&self, text: &'a str) -> &'a str {
        let divides = |c: char| is_stop(c) || is_pause(c);
        let n_unmarked = text.trim_end_matches(|c| divides(c) || is_closing(c)).len();
        let mut marks = text[n_unmarked..].char_indices().map(|(i, _)| n_unmarked + i);
        let end = marks.find(|&i| self.text.starts_with(&text[i..])).unwrap_or(text.len());
        // A sentence that continues after the caret must not end before it.
        match self.text.trim_start() {
            next if next.starts_with(divides) => text[..end].trim_end_matches(divides),
            next if next.starts_with(char::is_lowercase) => text[..end].trim_end_matches(is_stop),
            _ => &text[..end],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_part<'a>(text: &'a str, after: &str) -> (&'a str, bool) {
        Following::new(after).new_part(text)
    }

    #[test]
    fn a_suggestion_ends_before_the_following_text() {
        for (text, after, new) in [
            (" jumps over the lazy dog", " over the lazy dog.", " jumps"),
            (" jumps over the lazy cat", " Over the lazy dog.", " jumps"),
            (" jumps over the dog", "\nover the dog", " jumps over the dog"),
            (" the end of the world", " end.", " the"),
            (" he said, “Yes, we can", " yes, we can”", " he said,"),
            (" over the lazy dog", " over the lazy dog.", ""),
        ] {
            assert_eq!(new_part(text, after).0, new, "{text:?} before {after:?}");
        }
    }

    #[test]
    fn a_possible_repetition_is_held_back_until_it_differs() {
        let after = " over the lazy dog";
        assert_eq!(new_part(" jumps over", after), (" jumps", false));
        assert_eq!(new_part(" jumps over the", after), (" jumps", false));
        assert_eq!(new_part(" jumps over the lazy", after), (" jumps", true));
        assert_eq!(new_part(" jumps over the moon", after), (" jumps over the moon", false));
        assert_eq!(new_part(" jumps", ""), (" jumps", false));
        assert_eq!(new_part(" jumps", " ..."), (" jumps", false));
    }

    #[test]
    fn marks_after_the_caret_are_not_doubled() {
        for (text, after, new) in [
            (" the end.", ".", " the end"),
            (" the end.”", ".”", " the end"),
            (" the end.”", "” he said", " the end."),
            (" the end)", ")", " the end"),
            (" the end.", ")", " the end."),
            (" the end.", ", he said", " the end"),
            (" the end!", " of the world.", " the end"),
            (" he said,", " of the world.", " he said,"),
            (" the end.", " The next.", " the end."),
            (".", ".", ""),
            ("地上。", "。", "地上"),
            ("地上！", "！", "地上"),
            ("地上。", "，他", "地上"),
        ] {
            assert_eq!(new_part(text, after).0, new, "{text:?} before {after:?}");
        }
    }
}
