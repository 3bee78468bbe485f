//! Measures the value of the suggestions: a simulated typist retypes texts and accepts every correct suggestion.
//!
//! The typist types a text from its beginning, one character at a time, and knows how it continues. Where no
//! suggestion is on screen, the page is asked for some, with no text after the caret. The answer is immediate: the
//! measure counts keys, not time. The typist looks at the first alternative and
//! - accepts all of it with one key if the text continues with all of it,
//! - else accepts its next word with one key if that is the text's next word, and keeps the rest on screen,
//! - else types the next character.
//!
//! Alternatives that start with the typed or accepted text stay without it, and the first of them is shown. When none
//! is left, the page is asked again.
//!
//! A word is what one key accepts on the page: with the space before it and the punctuation after it. If only the text
//! has punctuation there, the suggested word is correct but the next one is not.
//!
//! The figures for each text:
//! - *characters saved*: accepted characters minus the keys that accepted them, as a share of all characters;
//! - *next n words*: among suggestions of at least n words, the share whose first n words are the text's. A suggestion
//!   counts once, where it appears, even inside a word;
//! - *suggestions per sentence*: suggestions that appeared; at equal savings, fewer are less of a distraction;
//! - *pauses with a suggestion*: among places at the end of a word and after the space that follows it, the share where
//!   the page shows a suggestion, by gate; and among these suggestions, the share whose next word is correct;
//! - *perplexity* and *bits per byte*: of the model over all tokens of the text. Each token is predicted from up to a
//!   full context before it, and from at least half a context where the text is long enough; the first from
//!   `<|endoftext|>`.
//!
//! The model's random draws at a place depend on the seed and the place alone, so two setups differ only by the part
//! that is switched off.

pub mod arguments;
pub mod asker;
pub mod likelihood;
pub mod pauses;
pub mod report;
pub mod settings;
pub mod setup;
pub mod typist;
pub mod words;

use crate::error::Result;
use crate::session::Session;
use asker::Asker;
use likelihood::Likelihood;
use pauses::pauses;
use report::Row;
use setup::{N_SETUPS, SETUPS};
use typist::{Counts, replay};

/// Measures one text, which the report calls `name`: types it once per setup, visits its pauses and scores its tokens.
///
/// # Errors
/// Those of [`Asker::offered`] and [`Likelihood::of`].
pub fn measure(session: &mut Session, name: &str, text: &str, seed: u64) -> Result<Row> {
    let likelihood = Likelihood::of(session, text)?;
    let mut asker = Asker::new(session, text, seed);
    let mut counts = [Counts::default(); N_SETUPS];
    for (i, counts) in counts.iter_mut().enumerate() {
        *counts = replay(text, |caret| asker.offered(caret, &SETUPS[i]))?;
    }
    Ok(Row {
        name: name.to_owned(),
        counts,
        pauses: pauses(&mut asker, text)?,
        likelihood,
    })
}
