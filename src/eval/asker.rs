//! Asks a model for the page's suggestions. Setups and gates that only select among its answers share one request per
//! place.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::settings::SETTINGS;
use super::setup::Setup;
use crate::error::Result;
use crate::generation::config::GenerationConfig;
use crate::session::{Session, Step};
use crate::suggestion::{Place, SuggestionOptions, Suggestions, is_askable};

/// A model's answers at any caret in one text.
pub struct Asker<'a> {
    session: &'a mut Session,
    text: &'a str,
    seed: u64,
    /// The steps by caret (a byte of `text`) and by whether the prompt was healed; enough for any gate.
    answers: HashMap<(usize, bool), Vec<Step>>,
}

impl<'a> Asker<'a> {
    /// Nothing asked yet. The random draws at a caret depend on `seed` and the caret alone.
    pub fn new(session: &'a mut Session, text: &'a str, seed: u64) -> Asker<'a> {
        Asker {
            session,
            text,
            seed,
            answers: HashMap::new(),
        }
    }

    /// The suggestions that `setup` offers at byte `caret`, best first.
    ///
    /// # Errors
    /// Those of [`Session::begin`] and [`Session::step`].
    pub fn offered(&mut self, caret: usize, setup: &Setup) -> Result<Vec<String>> {
        let place = Place {
            before: &self.text[..caret],
            after: "",
        };
        if !is_askable(place) {
            return Ok(Vec::new());
        }
        let steps = match self.answers.entry((caret, setup.has_healing)) {
            Entry::Occupied(answer) => answer.into_mut(),
            Entry::Vacant(answer) => {
                let config = GenerationConfig {
                    token_healing: setup.has_healing,
                    seed: Some(self.seed.wrapping_add(caret as u64)),
                    ..SETTINGS.generation_config()
                };
                answer.insert(ask(self.session, place, config)?)
            }
        };
        let mut suggestions = Suggestions::new(place, setup.options);
        for step in steps {
            suggestions.take(step);
        }
        Ok((suggestions.offered().iter()).map(|one| one.text.clone()).collect())
    }
}

/// The steps of an answer, up to the last that can change a suggestion.
fn ask(session: &mut Session, place: Place, config: GenerationConfig) -> Result<Vec<Step>> {
    let everything = SuggestionOptions {
        gate: 0.0,
        is_ranked: true,
    };
    let mut suggestions = Suggestions::new(place, everything);
    let mut steps = Vec::new();
    session.begin(place.before, config, 0.0)?;
    while let Some(step) = session.step(0.0)? {
        suggestions.take(&step);
        if let Step::Token(token) = &step
            && suggestions.is_complete(token.sequence)
        {
            session.end(token.sequence);
        }
        steps.push(step);
    }
    Ok(steps)
}
