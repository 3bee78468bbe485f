//! Asks a model what the page would offer, and remembers it: setups that only choose among a model's answers share one.

use std::collections::HashMap;

use super::SETUPS;
use crate::error::Result;
use crate::generation::config::GenerationConfig;
use crate::session::{Session, Step};
use crate::suggestion::{Place, Suggestions, is_askable};

/// The page's own parameters, those of www/settings.js.
pub fn generation_config() -> GenerationConfig {
    GenerationConfig {
        max_new_tokens: 24,
        do_sample: true,
        temperature: 0.7,
        top_k: 50,
        top_p: 0.9,
        repetition_penalty: 1.1,
        num_return_sequences: 3,
        return_full_text: false,
        ..GenerationConfig::default()
    }
}

/// What each of [`SETUPS`] offers at a place, best first.
type Offers = [Vec<String>; SETUPS.len()];

/// What a model says behind the beginnings of one text.
pub struct Asker<'a> {
    session: &'a mut Session,
    text: &'a str,
    seed: u64,
    /// By caret, and whether the prompt was healed.
    answers: HashMap<(usize, bool), Offers>,
}

impl<'a> Asker<'a> {
    pub fn new(session: &'a mut Session, text: &'a str, seed: u64) -> Asker<'a> {
        Asker {
            session,
            text,
            seed,
            answers: HashMap::new(),
        }
    }

    /// What setup `i` of [`SETUPS`] offers at byte `caret`, best first.
    ///
    /// # Errors
    /// As [`Session::begin`] and [`Session::step`].
    pub fn offered(&mut self, caret: usize, i: usize) -> Result<Vec<String>> {
        let key = (caret, SETUPS[i].has_healing);
        if !self.answers.contains_key(&key) {
            let offers = self.ask(caret, SETUPS[i].has_healing)?;
            self.answers.insert(key, offers);
        }
        Ok(self.answers[&key][i].clone())
    }

    fn ask(&mut self, caret: usize, has_healing: bool) -> Result<Offers> {
        let place = Place {
            before: &self.text[..caret],
            after: "",
        };
        if !is_askable(place) {
            return Ok(Offers::default());
        }
        let config = GenerationConfig {
            token_healing: has_healing,
            seed: Some(self.seed.wrapping_add(caret as u64)),
            ..generation_config()
        };
        let mut setups = SETUPS.map(|setup| Suggestions::new(place, setup.options));
        self.session.begin(place.before, config, 0.0)?;
        while let Some(step) = self.session.step(0.0)? {
            for suggestions in &mut setups {
                suggestions.take(&step);
            }
            if let Step::Token(token) = step
                && setups.iter().all(|suggestions| suggestions.is_complete(token.sequence))
            {
                self.session.end(token.sequence);
            }
        }
        let texts = |suggestions: Suggestions| (suggestions.offered().iter()).map(|one| one.text.clone()).collect();
        Ok(setups.map(texts))
    }
}
