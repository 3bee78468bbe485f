//! How often a writer who pauses after a whole word sees a suggestion, and how often its next word is correct, by gate.

use serde::Serialize;

use super::asker::Asker;
use super::setup::Setup;
use super::typist::is_next_word_right;
use crate::error::Result;
use crate::suggestion::{SuggestionOptions, word_indices};

/// The gates that are compared: no gate, the page's, and higher ones.
pub const GATES: [f64; 8] = [0.0, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1];

/// The pauses in one or more texts, at one gate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Pauses {
    /// Pauses at the end of a word.
    pub at_word_end: Pause,
    /// Pauses after the space that follows a word.
    pub behind_space: Pause,
}

/// Counts of one kind of pause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Pause {
    /// All pauses of this kind.
    pub n: usize,
    /// Pauses at which a suggestion is shown.
    pub n_with_suggestion: usize,
    /// Pauses at which the next word of the first suggestion is correct.
    pub n_right: usize,
}

impl Pauses {
    /// Adds the counts of further texts.
    pub fn add(&mut self, other: &Pauses) {
        self.at_word_end.add(&other.at_word_end);
        self.behind_space.add(&other.behind_space);
    }

    /// The sum of both kinds.
    pub fn all(&self) -> Pause {
        let mut all = self.at_word_end;
        all.add(&self.behind_space);
        all
    }
}

impl Pause {
    fn add(&mut self, other: &Pause) {
        self.n += other.n;
        self.n_with_suggestion += other.n_with_suggestion;
        self.n_right += other.n_right;
    }

    /// The share of pauses with a suggestion; NaN without pauses.
    pub fn shown(&self) -> f64 {
        self.n_with_suggestion as f64 / self.n as f64
    }

    /// The share of these suggestions whose next word is correct; NaN without suggestions.
    pub fn right(&self) -> f64 {
        self.n_right as f64 / self.n_with_suggestion as f64
    }
}

/// Pauses after every word of the text except at its very end, at each of [`GATES`].
///
/// # Errors
/// Those of [`Asker::offered`].
pub fn pauses(asker: &mut Asker, text: &str) -> Result<[Pauses; GATES.len()]> {
    let mut counts = [Pauses::default(); GATES.len()];
    for (start, word) in word_indices(text) {
        let end = start + word.len();
        for (pauses, gate) in counts.iter_mut().zip(GATES) {
            let page = Setup::page();
            let setup = Setup {
                options: SuggestionOptions { gate, ..page.options },
                ..page
            };
            if end < text.len() {
                pauses.at_word_end.add(&pause(asker, text, end, &setup)?);
            }
            if text[end..].starts_with(' ') && end + 1 < text.len() {
                pauses.behind_space.add(&pause(asker, text, end + 1, &setup)?);
            }
        }
    }
    Ok(counts)
}

fn pause(asker: &mut Asker, text: &str, caret: usize, setup: &Setup) -> Result<Pause> {
    let offered = asker.offered(caret, setup)?;
    let is_right = |first: &String| is_next_word_right(first, &text[caret..]);
    Ok(Pause {
        n: 1,
        n_with_suggestion: usize::from(!offered.is_empty()),
        n_right: usize::from(offered.first().is_some_and(is_right)),
    })
}
