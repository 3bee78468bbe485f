//! Cuts a continuation to a suggestion: at most one sentence of one paragraph, and never part of a word.

use super::words::without_last_word;
use crate::sequence::FinishReason;
use crate::text::punctuation::{CHINESE_STOPS, is_closing, is_stop};

/// Characters that must not end a suggestion: opening quotes and brackets, dashes, and the joiner of emoji.
const OPENING: &str = "([{“‘„‚«‹¿¡（「『《〈【-‐‑‒–—―_\u{200D}";
const ABBREVIATIONS: [&str; 11] = ["Mr", "Mrs", "Ms", "Dr", "St", "Prof", "Jr", "Sr", "vs", "e.g", "i.e"];

/// The part of a continuation to show, and whether it is final, so that no further token changes it. As `written`
/// grows, each result is a prefix of the next.
///
/// - `word_before`: the part before the caret of the word that `written` may continue
/// - `finish`: why the model stopped; `None` while it is still writing
pub fn presentable<'a>(word_before: &str, written: &'a str, finish: Option<FinishReason>) -> (&'a str, bool) {
    // The text ends before any invalid bytes.
    let (written, finish) = match written.split_once('\u{FFFD}') {
        Some((whole, _)) => (whole, Some(FinishReason::Length)),
        None => (written, finish),
    };
    let (paragraph, is_whole) = match written.split_once('\n') {
        Some((paragraph, _)) => (paragraph, true),
        None => (written, false),
    };
    if let Some(end) = end_of_sentence(word_before, paragraph) {
        return (&paragraph[..end], true);
    }
    match finish {
        _ if is_whole => (paragraph.trim_end(), true),
        Some(FinishReason::Eos | FinishReason::StopString) => (paragraph.trim_end(), true),
        // "can'" may have been meant to become "can't".
        Some(FinishReason::Length | FinishReason::MaxTime) => {
            (whole_words(paragraph.trim_end_matches(['\'', '’'])), true)
        }
        None => (whole_words(paragraph.trim_end_matches(is_undecided)), false),
    }
}

/// The first sentence or line of `text` and the text after it; `None` if neither ends.
pub fn split_sentence(text: &str) -> Option<(&str, &str)> {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    if let Some(end) = end_of_sentence("", line) {
        return Some(text.split_at(end));
    }
    (line.len() < text.len() || ends_sentence(line)).then_some((line, rest))
}

/// `text` without trailing whitespace, opening marks and dashes.
pub fn without_dangling(text: &str) -> &str {
    let mut text = text.trim_end();
    while let Some(last) = text.chars().next_back() {
        // A straight quote is an opening one where a word could begin.
        let is_opening = match last {
            '"' | '\'' => (text.trim_end_matches(['"', '\'']).chars().next_back())
                .is_none_or(|c| c.is_whitespace() || OPENING.contains(c)),
            _ => OPENING.contains(last),
        };
        if !is_opening {
            break;
        }
        text = text[..text.len() - last.len_utf8()].trim_end();
    }
    text
}

fn whole_words(text: &str) -> &str {
    without_dangling(without_last_word(text))
}

/// Whether further text could make `c` part of a word or an emoji: "can'" becomes "can't", "3." becomes "3.14".
fn is_undecided(c: char) -> bool {
    !c.is_whitespace() && !c.is_alphanumeric()
}

/// The end of the first sentence of `text`, if certain. A western stop ends a sentence if space and anything but a
/// lowercase letter follow; a Chinese stop always does. Both need one more character, since closing quotes belong to
/// the sentence.
fn end_of_sentence(word_before: &str, text: &str) -> Option<usize> {
    let mut rest = text;
    while let Some(start) = rest.find(is_stop) {
        let closed = rest[start..].trim_start_matches(is_stop);
        let is_chinese = rest[..rest.len() - closed.len()].ends_with(CHINESE_STOPS);
        rest = closed.trim_start_matches(is_closing);
        let end = text.len() - rest.len();
        let next = rest.trim_start();
        let is_end = match is_chinese {
            true => !rest.is_empty(),
            false => next.len() < rest.len() && next.starts_with(|c: char| !c.is_lowercase()),
        };
        if is_end && !is_abbreviation(word_before, &text[..end]) {
            return Some(end);
        }
    }
    None
}

/// Whether `text`, with nothing after it, ends with a sentence.
fn ends_sentence(text: &str) -> bool {
    let text = text.trim_end().trim_end_matches(is_closing);
    text.ends_with(is_stop) && !is_abbreviation("", text)
}

fn is_abbreviation(word_before: &str, text: &str) -> bool {
    let Some(text) = text.strip_suffix('.') else {
        return false;
    };
    let text = [word_before, text].concat();
    let is_before_word = |c: char| c.is_whitespace() || "(\"“‘".contains(c);
    let word = text.rsplit(is_before_word).next().unwrap_or("");
    let mut chars = word.chars();
    let is_initial = chars.next().is_some_and(char::is_uppercase) && chars.next().is_none();
    is_initial || ABBREVIATIONS.contains(&word)
}

#[cfg(all(test, not(target_arch = "wasm32")))] // proptest is a dependency of native tests only.
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn while_tokens_arrive_only_whole_words_are_shown() {
        for (written, text) in [
            ("", ""),
            (" stre", ""),
            (" street", ""),
            (" street and", " street"),
            (" street and ", " street and"),
            (" street,", ""),
            (" street, an", " street,"),
            (" can'", ""),
            (" can't b", " can't"),
            (" 3.", ""),
            (" 3.14", ""),
            (" said, \"Yes", " said,"),
            (" said — \"Yes", " said"),
            (" said—\"Yes", " said"),
            (" well-kn", " well"),
            (" a 👩\u{200D}", " a"),
            (" a 👩\u{200D}🚀 f", " a 👩\u{200D}🚀"),
            (" street. and", " street."),
            ("很北京", "很北京"),
        ] {
            assert_eq!(presentable("", written, None), (text, false), "{written:?}");
        }
    }

    #[test]
    fn a_suggestion_ends_with_its_sentence_or_paragraph() {
        for (written, text) in [
            (" ground. The", " ground."),
            (" ground! “And", " ground!"),
            (" ground?\" He", " ground?\""),
            (" ground.) He", " ground.)"),
            (" ground.} He", " ground.}"),
            (" ground… 3 more", " ground…"),
            (" ground\nThe", " ground"),
            (" ground \r\n", " ground"),
            ("\nThe", ""),
            (
                " Mr. Smith and Dr. Jones met J. Doe. They",
                " Mr. Smith and Dr. Jones met J. Doe.",
            ),
            ("地上。他", "地上。"),
            ("“地上。”他", "“地上。”"),
        ] {
            assert_eq!(presentable("", written, None), (text, true), "{written:?}");
        }
    }

    #[test]
    fn a_sentence_that_may_continue_is_not_cut() {
        for written in [
            " ground.",
            " ground. ",
            " wait... and",
            " \"Stop!\" she said",
            " 3.5 and",
            "地上。",
        ] {
            assert!(!presentable("", written, None).1, "{written:?}");
        }
    }

    #[test]
    fn an_abbreviation_may_begin_before_the_caret() {
        assert_eq!(presentable("Mr", ". Smith", None), (".", false));
        assert_eq!(presentable("(D", "r. Who came", None), ("r. Who", false));
        assert_eq!(presentable("end", ". Smith", None), (".", true));
    }

    #[test]
    fn how_the_model_stopped_decides_whether_the_last_word_is_whole() {
        for (written, finish, text) in [
            (" the street and hal", FinishReason::Length, " the street and"),
            (" the street and hal", FinishReason::MaxTime, " the street and"),
            (" the street and hal", FinishReason::Eos, " the street and hal"),
            (" the street ", FinishReason::StopString, " the street"),
            (" the street,", FinishReason::Length, " the street,"),
            (" the street (", FinishReason::Length, " the street"),
            (" the street can'", FinishReason::Length, " the street"),
            (" said, \"", FinishReason::Length, " said,"),
            (" well-", FinishReason::Length, " well"),
            (" street", FinishReason::Length, ""),
            ("", FinishReason::Eos, ""),
            ("很北京", FinishReason::Length, "很北京"),
        ] {
            assert_eq!(
                presentable("", written, Some(finish)),
                (text, true),
                "{written:?} {finish:?}"
            );
        }
    }

    #[test]
    fn a_suggestion_ends_before_invalid_bytes() {
        assert_eq!(presentable("", " the ol\u{FFFD} sea", None), (" the", true));
        assert_eq!(presentable("", "\u{FFFD}", None), ("", true));
    }

    #[test]
    fn the_first_sentence_is_split_off_if_it_ends() {
        assert_eq!(split_sentence("One. Two"), Some(("One.", " Two")));
        assert_eq!(split_sentence("A title\nTwo. "), Some(("A title", "Two. ")));
        assert_eq!(split_sentence("“Two!” \n"), Some(("“Two!” ", "")));
        assert_eq!(split_sentence("Two. "), Some(("Two. ", "")));
        for text in ["", " ", "Two", "With Mr."] {
            assert_eq!(split_sentence(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_suggestion_never_takes_back_what_it_has_shown(
            pieces in prop::collection::vec(
                prop_oneof!["[ ]?[a-zA-Z]{1,5}", "[ .,'\"!?(—_-]{1,2}", "[0-9]{1,2}", "[語。”\n\u{301}\u{200D}👩🚀…“]"],
                0..12,
            ),
        ) {
            let written = pieces.concat();
            let mut shown = ("", false);
            for end in (0..=written.len()).filter(|&end| written.is_char_boundary(end)) {
                let next = presentable("", &written[..end], None);
                prop_assert!(next.0.starts_with(shown.0), "{:?} became {:?}", shown.0, next.0);
                prop_assert!(!shown.1 || next == shown, "{:?} was final", shown.0);
                shown = next;
            }
        }
    }
}
