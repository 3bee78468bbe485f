//! How well a model foretells a text.

use serde::Serialize;

use crate::error::Result;
use crate::generation::sampler::log_sum_exp;
use crate::session::Session;

/// What the tokens of one text or several take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Likelihood {
    pub n_tokens: usize,
    pub n_bytes: usize,
    /// Minus the natural logarithm of the text's probability.
    pub nats: f64,
}

impl Likelihood {
    /// Each token is predicted from those before it: all that the model has positions for, at least half as many behind the first
    /// cut, and for the first token of the text from the model's token for a beginning.
    ///
    /// # Errors
    /// As [`Session::logits`]; [`crate::error::Error::NoToken`] if the model has no token for the beginning of a text.
    pub fn of(session: &mut Session, text: &str) -> Result<Likelihood> {
        let config = session.model().config();
        let n_positions = config.n_positions;
        let mut context: Vec<u32> = config.bos_token_id.or(config.eos_token_id).into_iter().collect();
        let ids = session.codec().encode(text)?;
        let mut nats = 0.0;
        for &id in &ids {
            if context.len() > n_positions {
                context.drain(..n_positions / 2);
            }
            let logits = session.logits(&context)?;
            nats += log_sum_exp(logits) - f64::from(logits[id as usize]);
            context.push(id);
        }
        Ok(Likelihood {
            n_tokens: ids.len(),
            n_bytes: text.len(),
            nats,
        })
    }

    pub fn add(&mut self, other: &Likelihood) {
        self.n_tokens += other.n_tokens;
        self.n_bytes += other.n_bytes;
        self.nats += other.nats;
    }

    pub fn perplexity(&self) -> f64 {
        (self.nats / self.n_tokens as f64).exp()
    }

    pub fn bits_per_byte(&self) -> f64 {
        self.nats / std::f64::consts::LN_2 / self.n_bytes as f64
    }
}
