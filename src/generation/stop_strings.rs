//! `stop_strings`: generation ends with the token that completes one of them, as in transformers' StopStringCriteria.

/// Looks for stop strings in a stream of bytes.
pub struct StopStrings {
    strings: Vec<String>,
    /// The end of the text, as long as the longest string.
    tail: Vec<u8>,
}

impl StopStrings {
    /// A string may begin in `prompt`, but only one that ends after it counts.
    pub fn new(strings: &[String], prompt: &str) -> StopStrings {
        let mut stop_strings = StopStrings {
            strings: strings.to_vec(),
            tail: Vec::new(),
        };
        let longest = strings.iter().map(String::len).max().unwrap_or(0);
        stop_strings.push(&prompt.as_bytes()[prompt.len().saturating_sub(longest)..]);
        stop_strings
    }

    /// Takes the next token's bytes; returns whether they complete a string.
    pub fn push(&mut self, token_bytes: &[u8]) -> bool {
        let Some(longest) = self.strings.iter().map(String::len).max() else {
            return false;
        };
        let old_len = self.tail.len();
        self.tail.extend_from_slice(token_bytes);
        let is_complete = self.strings.iter().any(|string| {
            let earliest = (old_len + 1).saturating_sub(string.len());
            (self.tail[earliest..].windows(string.len())).any(|window| window == string.as_bytes())
        });
        self.tail.drain(..self.tail.len().saturating_sub(longest));
        is_complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(strings: &[&str], prompt: &str, tokens: &[&str]) -> Vec<bool> {
        let strings: Vec<String> = strings.iter().map(|s| s.to_string()).collect();
        let mut stop_strings = StopStrings::new(&strings, prompt);
        tokens.iter().map(|token| stop_strings.push(token.as_bytes())).collect()
    }

    #[test]
    fn a_string_may_span_tokens_and_begin_in_the_prompt() {
        assert_eq!(stops(&["\n\n"], "a\n", &["b", "\n", "\n"]), [false, false, true]);
        assert_eq!(stops(&["\n\n"], "a\n", &["\n"]), [true]);
        assert_eq!(stops(&["end"], "", &["e", "n", "d"]), [false, false, true]);
    }

    #[test]
    fn a_string_may_end_inside_a_token() {
        assert_eq!(stops(&["."], "", &["a. b"]), [true]);
    }

    #[test]
    fn a_string_in_the_prompt_does_not_stop() {
        assert_eq!(stops(&["end"], "the end", &[" of"]), [false]);
        assert_eq!(stops(&["end", "x"], "end", &["en", "d"]), [false, true]);
        assert_eq!(stops(&[], "a", &["b"]), [false]);
    }
}
