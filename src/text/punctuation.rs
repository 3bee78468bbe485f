//! Punctuation of prose: the marks that end a sentence or pause in it, and those that close a quotation or a bracket.

/// Stops that end a sentence even without a space after them.
pub const CHINESE_STOPS: [char; 3] = ['。', '！', '？'];

/// Whether `c` may end a sentence.
pub fn is_stop(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…') || CHINESE_STOPS.contains(&c)
}

/// Whether `c` divides a sentence.
pub fn is_pause(c: char) -> bool {
    matches!(c, ',' | ';' | ':' | '，' | '；' | '：' | '、')
}

/// Whether `c` closes a quotation or a bracket. A straight quote may open one as well.
pub fn is_closing(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '”' | '’' | '»' | '›' | ')' | ']' | '}' | '）' | '］' | '｝' | '」' | '』' | '》' | '〉' | '】'
    )
}
