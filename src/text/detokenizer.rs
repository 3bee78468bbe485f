//! Streaming decoder: yields whole characters only, and in total the same text as decoding all tokens at once.

/// Buffers the bytes of an incomplete character.
#[derive(Default)]
pub struct Detokenizer {
    pending: Vec<u8>,
}

impl Detokenizer {
    /// Takes the next token's bytes and returns the characters they complete. Invalid UTF-8 becomes U+FFFD.
    pub fn push(&mut self, token_bytes: &[u8]) -> String {
        self.pending.extend_from_slice(token_bytes);
        let complete = complete_len(&self.pending);
        let text = String::from_utf8_lossy(&self.pending[..complete]).into_owned();
        self.pending.drain(..complete);
        text
    }

    /// U+FFFD if the text ends in an incomplete character, else an empty string.
    pub fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.pending)).into_owned()
    }
}

/// Length of `bytes` without an incomplete character at the end that more bytes could complete.
fn complete_len(bytes: &[u8]) -> usize {
    // A character has at most four bytes, so an incomplete one begins within the last three.
    for incomplete_len in 1..=bytes.len().min(3) {
        let start = bytes.len() - incomplete_len;
        let is_incomplete = |error: std::str::Utf8Error| error.valid_up_to() == 0 && error.error_len().is_none();
        if std::str::from_utf8(&bytes[start..]).is_err_and(is_incomplete) {
            return start;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `bytes` split at `cuts` and returns the decoded pieces; the last one is from `finish`.
    fn pieces(bytes: &[u8], cuts: &[usize]) -> Vec<String> {
        let mut detokenizer = Detokenizer::default();
        let mut start = 0;
        let mut pieces = Vec::new();
        for &cut in cuts.iter().chain([&bytes.len()]) {
            pieces.push(detokenizer.push(&bytes[start..cut]));
            start = cut;
        }
        pieces.push(detokenizer.finish());
        pieces
    }

    #[test]
    fn a_split_emoji_waits_for_its_last_byte() {
        assert_eq!(pieces("a😀b".as_bytes(), &[2, 3, 4]), ["a", "", "", "😀b", ""]);
    }

    #[test]
    fn an_incomplete_end_is_one_replacement_character() {
        assert_eq!(pieces(&"é😀".as_bytes()[..5], &[1]), ["", "é", "\u{FFFD}"]);
    }

    #[test]
    fn bytes_that_cannot_begin_a_character_do_not_wait() {
        assert_eq!(pieces(&[0xFF, b'a', 0x80], &[1, 2]), ["\u{FFFD}", "a", "\u{FFFD}", ""]);
        // E4 can start a character, but 'a' cannot continue it.
        assert_eq!(pieces(&[0xE4, b'a'], &[1]), ["", "\u{FFFD}a", ""]);
        // F5 and the overlong C0 start no character.
        assert_eq!(pieces(&[0xF5], &[]), ["\u{FFFD}", ""]);
        assert_eq!(pieces(&[0xC0], &[]), ["\u{FFFD}", ""]);
    }
}
