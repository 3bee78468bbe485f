//! Token healing: a prompt may end inside a word or in a space, where its last tokens are not those of the whole word.
//! The last word is taken back, and generation has to spell its bytes first.

use super::codec::Codec;

/// Longest tail that is taken back, in bytes: longer than English words, short enough to be spelt quickly.
const MAX_TAIL_BYTES: usize = 48;

/// Takes the tokens of the last word (with the space before it) or of the spaces at the end off `ids`.
/// Returns their bytes.
pub fn take_back(codec: &Codec, text: &str, ids: &mut Vec<u32>) -> Vec<u8> {
    let tail_len = tail_len(text);
    let mut taken_len = 0;
    // Whole tokens, and whole characters: what is spelt again must be text.
    while taken_len < tail_len || !text.is_char_boundary(text.len() - taken_len) {
        let Some(id) = ids.pop() else { break };
        taken_len += codec.token_bytes(id).len();
    }
    text.as_bytes()[text.len() - taken_len..].to_vec()
}

/// Bytes at the end of `text` whose tokens depend on what follows: GPT-2's tokens never cross from a run of letters,
/// digits, marks or spaces into the next, but a space belongs to the run after it.
fn tail_len(text: &str) -> usize {
    #[derive(PartialEq)]
    enum Class {
        Space,
        Letter,
        Number,
        Mark,
    }
    let class = |c: char| match c {
        c if c.is_whitespace() => Class::Space,
        c if c.is_alphabetic() => Class::Letter,
        c if c.is_numeric() => Class::Number,
        _ => Class::Mark,
    };
    let Some(last) = text.chars().next_back().map(class) else {
        return 0;
    };
    let run_start = text.trim_end_matches(|c| class(c) == last).len();
    let with_space = if last != Class::Space && text[..run_start].ends_with(' ') {
        run_start - 1
    } else {
        run_start
    };
    let mut start = with_space.max(text.len().saturating_sub(MAX_TAIL_BYTES));
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.len() - start
}

/// The bytes that generation still has to spell before it may say something new.
pub struct Spelling {
    remaining: Vec<u8>,
}

impl Spelling {
    pub fn new(healed: &[u8]) -> Spelling {
        Spelling {
            remaining: healed.to_vec(),
        }
    }

    pub fn is_done(&self) -> bool {
        self.remaining.is_empty()
    }

    /// The tokens that may come next; only asked while there is something to spell.
    pub fn allowed<'a>(&'a self, codec: &'a Codec) -> impl Iterator<Item = u32> + 'a {
        codec.tokens_spelling(&self.remaining)
    }

    /// Takes one of the allowed tokens; returns those of its bytes that are new.
    pub fn advance<'a>(&mut self, token_bytes: &'a [u8]) -> &'a [u8] {
        let spelt_len = self.remaining.len().min(token_bytes.len());
        self.remaining.drain(..spelt_len);
        &token_bytes[spelt_len..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_last_word_with_its_space_or_the_spaces_at_the_end() {
        for (text, tail) in [
            ("", ""),
            ("The weath", " weath"),
            ("weath", "weath"),
            ("the ", " "),
            ("the  ", "  "),
            ("the\n\n", "\n\n"),
            ("line\nwor", "wor"),
            ("he said \"", " \""),
            ("end.", "."),
            ("in 19", " 19"),
            ("don't", "t"),
            ("a é", " é"),
        ] {
            assert_eq!(&text[text.len() - tail_len(text)..], tail, "{text:?}");
        }
        assert_eq!(tail_len(&"a".repeat(10_000)), MAX_TAIL_BYTES);
        assert_eq!(tail_len(&"語".repeat(100)), MAX_TAIL_BYTES);
        assert_eq!(tail_len(&"é1".repeat(100)), 1);
    }

    #[test]
    fn spelling_gives_out_only_what_is_new() {
        let mut spelling = Spelling::new(b" weath");
        assert_eq!(spelling.advance(b" we"), b"");
        assert!(!spelling.is_done());
        assert_eq!(spelling.advance(b"ather"), b"er");
        assert!(spelling.is_done());
        assert_eq!(spelling.advance(b" was"), b" was");
    }
}
