//! Splits text into words: runs of letters, digits and combining marks, with the inner punctuation of "don't" and
//! "3.14". Every Chinese character is a word.

use unicode_segmentation::UnicodeSegmentation;

/// The words of `text`, each with the byte where it starts.
pub fn word_indices(text: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut open = None;
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let is_joined = |(_, next): &(usize, char)| next.is_alphanumeric() && !is_ideograph(*next);
        let is_in_word = match c {
            _ if is_ideograph(c) => false,
            '\'' | '’' | '.' | ',' => open.is_some() && chars.peek().is_some_and(is_joined),
            _ => c.is_alphanumeric() || (open.is_some() && is_mark(c)),
        };
        match (is_in_word, open) {
            (true, None) => open = Some(i),
            (false, Some(start)) => {
                words.push((start, &text[start..i]));
                open = None;
            }
            _ => {}
        }
        if is_ideograph(c) {
            words.push((i, &text[i..i + c.len_utf8()]));
        }
    }
    words.extend(open.map(|start| (start, &text[start..])));
    words
}

/// The words of `text` for comparison: lowercase letters and digits only.
pub fn words(text: &str) -> Vec<String> {
    word_indices(text).into_iter().map(|(_, word)| plain(word)).collect()
}

/// The first three words of `text` for comparison, separated by spaces: suggestions that begin alike count as one.
pub fn beginning(text: &str) -> String {
    let words = word_indices(text).into_iter().take(3);
    words.map(|(_, word)| plain(word)).collect::<Vec<_>>().join(" ")
}

fn plain(word: &str) -> String {
    let letters: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
    letters.to_lowercase()
}

/// `text` up to the end of its first word; all of `text` if it has none.
pub fn through_first_word(text: &str) -> &str {
    let first = word_indices(text).into_iter().next();
    first.map_or(text, |(start, word)| &text[..start + word.len()])
}

/// `text` without a word at its end that further letters could extend. A Chinese character is always a whole word.
pub fn without_last_word(text: &str) -> &str {
    match word_indices(text).last() {
        Some(&(start, word)) if start + word.len() == text.len() && !word.ends_with(is_ideograph) => &text[..start],
        _ => text,
    }
}

/// Whether a word or a composed character spans the boundary between `before` and `after`.
pub fn is_inside_word(before: &str, after: &str) -> bool {
    let start = before.rfind(char::is_whitespace).unwrap_or(0);
    let end = after.find(char::is_whitespace).unwrap_or(after.len());
    let around = [&before[start..], &after[..end]].concat();
    let caret = before.len() - start;
    let is_around_caret = |(start, word): (usize, &str)| start < caret && caret < start + word.len();
    after.starts_with(is_mark) || word_indices(&around).into_iter().any(is_around_caret)
}

/// Han and Hiragana, both written without spaces.
fn is_ideograph(c: char) -> bool {
    c.is_alphanumeric()
        && matches!(c, '々' | '〇' | '〡'..='〩' | '〸'..='〻' | '\u{3041}'..='\u{309F}' | '\u{3400}'..='\u{9FFF}'
            | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Whether `c` belongs to the character before it: a combining mark, a variation selector, a joiner or a skin tone.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && format!("a{c}").graphemes(true).count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_compare_without_case_and_punctuation() {
        assert_eq!(words(" “Don’t!” she SAID."), ["dont", "she", "said"]);
        assert_eq!(words("Don't, she said"), ["dont", "she", "said"]);
        assert_eq!(words(" 3.14, 1,000"), ["314", "1000"]);
        assert_eq!(words("北京 is"), ["北", "京", "is"]);
        assert!(words(" — …\n").is_empty());
        assert_eq!(word_indices(" a, b'c."), [(1, "a"), (4, "b'c")]);
        assert_eq!(word_indices("a,北’b"), [(0, "a"), (2, "北"), (8, "b")]);
    }

    #[test]
    fn the_first_word_includes_the_text_before_it() {
        for (text, first) in [("", ""), (" “Don't!” she", " “Don't"), ("北京", "北"), (" — …", " — …")]
        {
            assert_eq!(through_first_word(text), first, "{text:?}");
        }
    }

    #[test]
    fn the_last_word_is_open_unless_it_is_chinese() {
        for (text, whole) in [
            ("", ""),
            (" str", " "),
            (" str ", " str "),
            (" can't", " "),
            (" 3.14", " "),
            (" O'Ne", " "),
            (" cafe\u{301}", " "),
            (" well-kn", " well-"),
            (" end,", " end,"),
            ("很北京", "很北京"),
        ] {
            assert_eq!(without_last_word(text), whole, "{text:?}");
        }
    }

    #[test]
    fn apostrophes_points_and_accents_are_inside_words() {
        for (before, after) in [
            ("The ra", "in"),
            ("don", "'t"),
            ("3", ".14"),
            ("cafe", "\u{301}"),
            ("👩", "\u{200D}🚀"),
        ] {
            assert!(is_inside_word(before, after), "{before:?} {after:?}");
        }
        for (before, after) in [
            ("The rain", ""),
            ("The rain", " fell"),
            ("The  ", "  rain"),
            ("end", "."),
            ("one", "\r\n"),
            ("a", "— b"),
        ] {
            assert!(!is_inside_word(before, after), "{before:?} {after:?}");
        }
    }
}
