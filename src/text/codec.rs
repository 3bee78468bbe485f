//! GPT-2's byte-level BPE from tokenizer.json, on top of Hugging Face's tokenizers crate.

use tokenizers::Tokenizer;

use crate::error::{Error, Result};

/// Converts text to token ids and back, and gives the bytes of each token.
pub struct Codec {
    tokenizer: Tokenizer,
    /// The bytes of all tokens, concatenated; token `i` is `bytes[offsets[i]..offsets[i + 1]]`.
    bytes: Vec<u8>,
    offsets: Vec<u32>,
    special_ids: Vec<u32>,
    /// All ids except those of added tokens, sorted by their bytes for [`Codec::starting_with`].
    by_bytes: Vec<u32>,
}

impl Codec {
    /// Reads tokenizer.json.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if it is unreadable, is not GPT-2's kind of byte-level BPE, or has more than `vocab_size`
    /// tokens.
    pub fn from_json(json: &[u8], vocab_size: usize) -> Result<Codec> {
        let unreadable = |error: tokenizers::Error| Error::Tokenizer(error.to_string());
        let mut tokenizer = Tokenizer::from_bytes(json).map_err(unreadable)?;
        if tokenizer.get_normalizer().is_some() {
            return refuse("has a normalizer, which changes the text; only GPT-2's kind is supported".into());
        }
        // Settings for training in batches; a prompt must keep its tokens.
        tokenizer.with_truncation(None).map_err(unreadable)?;
        tokenizer.with_padding(None);
        let n_tokens = tokenizer.get_vocab_size(true);
        if n_tokens > vocab_size {
            return refuse(format!(
                "has {n_tokens} tokens, but the model has only {vocab_size}; does it belong to this model?"
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
                            "token {id} ({token:?}) is not byte-level; only GPT-2's kind of tokenizer is supported"
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
            special_ids: (added.iter())
                .filter(|(_, token)| token.special)
                .map(|(&id, _)| id)
                .collect(),
            by_bytes: Vec::new(),
        };
        // The token `<|endoftext|>` does not spell the text "<|endoftext|>"; the same holds for all added tokens.
        let mut by_bytes: Vec<u32> = (0..n_tokens as u32).filter(|id| !added.contains_key(id)).collect();
        by_bytes.sort_unstable_by(|&a, &b| codec.token_bytes(a).cmp(codec.token_bytes(b)));
        codec.by_bytes = by_bytes;
        let is_missing = |&byte: &u8| {
            codec
                .starting_with(&[byte])
                .first()
                .is_none_or(|&id| codec.token_bytes(id) != [byte])
        };
        if let Some(byte) = (0..=255).find(is_missing) {
            return refuse(format!(
                "no token stands for the byte {byte:#04x} alone, so some texts cannot be encoded"
            ));
        }
        let probe = "a b\u{e9}  \r\n9";
        if codec.decode(&codec.encode(probe)?) != probe {
            return refuse(
                "changes the text it encodes, as with add_prefix_space; only GPT-2's kind is supported".into(),
            );
        }
        Ok(codec)
    }

    /// Token ids of `text`, `(t,)`, without special tokens.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if the tokenizer fails; byte-level BPE never does.
    ///
    /// # Source
    /// `GPT2Tokenizer.encode`, transformers `tokenization_gpt2.py`.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        match self.tokenizer.encode_fast(text, false) {
            Ok(encoding) => Ok(encoding.get_ids().to_vec()),
            Err(error) => refuse(format!("cannot encode {} bytes: {error}", text.len())),
        }
    }

    /// Text of `ids`; invalid UTF-8 becomes U+FFFD, as in transformers' `decode`.
    pub fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|&id| self.token_bytes(id)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The bytes that token `id` stands for; empty for an unknown id.
    pub fn token_bytes(&self, id: u32) -> &[u8] {
        let i = id as usize;
        match self.offsets.get(i..i + 2) {
            Some(&[start, end]) => &self.bytes[start as usize..end as usize],
            _ => &[],
        }
    }

    /// Whether `id` is a special token like `<|endoftext|>`, which stands for no text.
    pub fn is_special(&self, id: u32) -> bool {
        self.special_ids.contains(&id)
    }

    /// Number of tokens, including added ones.
    pub fn vocab_size(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The tokens allowed next when the text must continue with `spelling`: those that begin with all of it or, if
    /// there are none, the tokenizer's own first token. Shorter tokens that fit, like " a" for " alw", are excluded:
    /// to the model they are words of their own, and lead to token sequences that no text has.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] as in [`Codec::encode`].
    pub fn tokens_spelling(&self, spelling: &[u8]) -> Result<Vec<u32>> {
        let covering = self.starting_with(spelling);
        if !covering.is_empty() {
            return Ok(covering.to_vec());
        }
        // The last bytes of a split character are not text, but each byte has a token.
        let first = match std::str::from_utf8(spelling) {
            Ok(text) => self.encode(text)?[0],
            Err(_) => self.starting_with(&spelling[..1])[0],
        };
        Ok(vec![first])
    }

    /// The tokens whose bytes begin with `prefix`, sorted by their bytes: an exact match comes first.
    fn starting_with(&self, prefix: &[u8]) -> &[u32] {
        let start = (self.by_bytes).partition_point(|&id| self.token_bytes(id) < prefix);
        let len = self.by_bytes[start..].partition_point(|&id| self.token_bytes(id).starts_with(prefix));
        &self.by_bytes[start..start + len]
    }
}

fn refuse<T>(problem: String) -> Result<T> {
    Err(Error::Tokenizer(problem))
}

/// GPT-2's map from printable characters to bytes: printable Latin-1 characters map to themselves, those from U+0100
/// on to the other 68 bytes in ascending order. The inverse of `bytes_to_unicode` in GPT-2's encoder.py.
fn byte_alphabet() -> impl Fn(char) -> Option<u8> {
    let is_printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let others: Vec<u8> = (0..=255).filter(|&byte| !is_printable(byte)).collect();
    move |char| match u8::try_from(char) {
        Ok(byte) => is_printable(byte).then_some(byte),
        Err(_) => (char as usize).checked_sub(0x100).and_then(|i| others.get(i)).copied(),
    }
}
