//! Byte-level BPE from tokenizer.json, as GPT-2 uses it; the merges are Hugging Face's tokenizers crate's.

use tokenizers::Tokenizer;

use crate::error::{Error, Result};

/// Text to token ids and back, and the bytes of every single token.
pub struct Codec {
    tokenizer: Tokenizer,
    /// The bytes of all tokens in one piece; token `i` is `bytes[offsets[i]..offsets[i + 1]]`.
    bytes: Vec<u8>,
    offsets: Vec<u32>,
    /// The ids that stand for text, in the order of their bytes, for [`Codec::tokens_spelling`].
    by_bytes: Vec<u32>,
}

impl Codec {
    /// Reads tokenizer.json.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if it is not readable, not byte-level, or has ids of `vocab_size` and above.
    pub fn from_json(json: &[u8], vocab_size: usize) -> Result<Codec> {
        let tokenizer =
            Tokenizer::from_bytes(json).map_err(|error| Error::Tokenizer(error.to_string()))?;
        let n_tokens = tokenizer.get_vocab_size(true);
        if n_tokens > vocab_size {
            return refuse(format!(
                "has {n_tokens} tokens, but the model only {vocab_size}; is it the file that belongs to the model?"
            ));
        }
        let added = tokenizer.get_added_tokens_decoder();
        let alphabet = byte_alphabet();
        let mut bytes = Vec::new();
        let mut offsets = Vec::with_capacity(n_tokens + 1);
        offsets.push(0);
        for id in 0..n_tokens as u32 {
            let Some(token) = tokenizer.id_to_token(id) else {
                return refuse(format!("has {n_tokens} tokens, but none with id {id}"));
            };
            if added.contains_key(&id) {
                bytes.extend_from_slice(token.as_bytes());
            } else {
                for char in token.chars() {
                    let Some(byte) = alphabet(char) else {
                        return refuse(format!(
                            "token {id} ({token:?}) is not byte-level; only GPT-2's kind of tokenizer is read"
                        ));
                    };
                    bytes.push(byte);
                }
            }
            offsets.push(bytes.len() as u32);
        }
        let mut codec = Codec {
            tokenizer,
            bytes,
            offsets,
            by_bytes: Vec::new(),
        };
        // An added token like <|endoftext|> is no spelling of the text it looks like.
        let mut by_bytes: Vec<u32> = (0..n_tokens as u32)
            .filter(|id| !added.contains_key(id))
            .collect();
        by_bytes.sort_unstable_by(|&a, &b| codec.token_bytes(a).cmp(codec.token_bytes(b)));
        codec.by_bytes = by_bytes;
        match (0..=255).find(|&byte| codec.range(&[byte], true).is_empty()) {
            Some(byte) => refuse(format!(
                "no token stands for the byte {byte:#04x} alone, so not every text can be spelt"
            )),
            None => Ok(codec),
        }
    }

    /// Token ids of `text`, as transformers' tokenizer gives them.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if the tokenizer fails, which byte-level BPE does on no text.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        match self.tokenizer.encode_fast(text, false) {
            Ok(encoding) => Ok(encoding.get_ids().to_vec()),
            Err(error) => refuse(format!("cannot encode {} bytes: {error}", text.len())),
        }
    }

    /// Text of `ids`; bytes that are not UTF-8 become U+FFFD, as in transformers' decode.
    pub fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids
            .iter()
            .flat_map(|&id| self.token_bytes(id))
            .copied()
            .collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The bytes that token `id` stands for; none for an id that the tokenizer does not know.
    pub fn token_bytes(&self, id: u32) -> &[u8] {
        let i = id as usize;
        match self.offsets.get(i..i + 2) {
            Some(&[start, end]) => &self.bytes[start as usize..end as usize],
            _ => &[],
        }
    }

    /// Number of tokens, added ones included.
    pub fn vocab_size(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Every token that may come next when the text to come must begin with `spelling`: those that begin with it,
    /// and those that it begins with.
    ///
    /// # Shapes
    /// - `spelling`: at least one byte
    pub fn tokens_spelling<'a>(&'a self, spelling: &'a [u8]) -> impl Iterator<Item = u32> + 'a {
        let shorter = (1..spelling.len()).flat_map(move |len| self.range(&spelling[..len], true));
        shorter.chain(self.range(spelling, false)).copied()
    }

    /// The tokens that are `prefix`, or that begin with it.
    fn range(&self, prefix: &[u8], exact: bool) -> &[u32] {
        let start = self
            .by_bytes
            .partition_point(|&id| self.token_bytes(id) < prefix);
        let len = self.by_bytes[start..].partition_point(|&id| {
            let bytes = self.token_bytes(id);
            if exact {
                bytes == prefix
            } else {
                bytes.starts_with(prefix)
            }
        });
        &self.by_bytes[start..start + len]
    }
}

fn refuse<T>(what: String) -> Result<T> {
    Err(Error::Tokenizer(what))
}

/// GPT-2's map from printable characters to bytes: printable Latin-1 stands for itself,
/// the other 68 bytes in rising order for the characters from U+0100 on (`bytes_to_unicode` in GPT-2's encoder.py).
fn byte_alphabet() -> impl Fn(char) -> Option<u8> {
    let is_printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let others: Vec<u8> = (0..=255).filter(|&byte| !is_printable(byte)).collect();
    move |char| match u8::try_from(char) {
        Ok(byte) => is_printable(byte).then_some(byte),
        Err(_) => (char as usize)
            .checked_sub(0x100)
            .and_then(|i| others.get(i))
            .copied(),
    }
}
