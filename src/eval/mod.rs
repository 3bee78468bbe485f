//! What the suggestions are worth to a writer: texts are typed anew by a typist who takes what is right, and counted.
//!
//! The typist types a text from its beginning, a character at a time, and knows how it goes on. Wherever no suggestion stands at
//! the caret the page is asked for some, with nothing behind the caret, and answers at once: keys are counted, not time.
//! Of the alternatives the typist sees the first, and
//! - takes it whole with one key, if the text goes on with all of it,
//! - else takes its next word with one key, if that is the text's next word; the rest of the suggestion stays,
//! - else types the next character.
//!
//! Alternatives that say what was typed stay, so much shorter, and the first of them is shown; where none is left, the page is asked.
//!
//! A word is what the page accepts by one key: with the space before it and the punctuation after it. If the suggestion has none
//! there and the text has, the word is right, and the next is not.
//!
//! What comes of it, for each text:
//! - *characters saved*: those that were taken, less one for each key that took them, as a share of all characters;
//! - *next n words*: of the suggestions that have n words or more, the share whose first n are the text's. A suggestion counts once,
//!   where it appears, be it inside a word;
//! - *suggestions per sentence*: those that appeared; the fewer for the same saving, the less a writer has to look at;
//! - *pauses with a suggestion*: of the places at the end of a word and behind the space after it, those where the page shows
//!   something, by gate; and of these suggestions, those whose next word is right;
//! - *perplexity* and *bits per byte*: of the model over all tokens of the text, each predicted from those before it, as many as
//!   the model has positions for, and at least half of that where the text has them. The first is predicted from `<|endoftext|>`.
//!
//! The model's draws at a place depend on the seed and the place alone, so that two setups differ by what they switch off.

pub mod arguments;
pub mod asker;
pub mod likelihood;
pub mod pauses;
pub mod report;
pub mod typist;

use crate::error::Result;
use crate::session::Session;
use crate::suggestion::SuggestionOptions;
use asker::Asker;
use likelihood::Likelihood;
use pauses::pauses;
use report::Row;
use typist::{Counts, replay};

/// How suggestions are made: as on the page, or with a part of that switched off.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    pub name: &'static str,
    pub has_healing: bool,
    pub options: SuggestionOptions,
}

/// With the gate of www/settings/settings.js.
pub(crate) const PAGE: Setup = Setup {
    name: "as on the page",
    has_healing: true,
    options: SuggestionOptions {
        gate: 0.003,
        is_ranked: true,
    },
};

/// The page's own first.
pub const SETUPS: [Setup; 4] = [
    PAGE,
    Setup {
        name: "without healing",
        has_healing: false,
        ..PAGE
    },
    Setup {
        name: "without the gate",
        options: SuggestionOptions {
            gate: 0.0,
            ..PAGE.options
        },
        ..PAGE
    },
    Setup {
        name: "without ranking",
        options: SuggestionOptions {
            is_ranked: false,
            ..PAGE.options
        },
        ..PAGE
    },
];

/// Types `text` once with every setup.
///
/// # Errors
/// As [`Asker::offered`] and [`Likelihood::of`].
pub fn measure(session: &mut Session, name: &str, text: &str, seed: u64) -> Result<Row> {
    let likelihood = Likelihood::of(session, text)?;
    let mut asker = Asker::new(session, text, seed);
    let mut counts = [Counts::default(); SETUPS.len()];
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
