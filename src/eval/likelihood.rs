//! How well a model foretells a text.

use serde::Serialize;

use crate::error::Result;
use crate::scoring::Scorer;
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
    /// Each token is predicted from those before it, as many as the [`Scorer`] reads, and the first from the model's token for the
    /// beginning of a text.
    ///
    /// # Errors
    /// As [`Scorer::begin`] and [`Scorer::step`].
    pub fn of(session: &mut Session, text: &str) -> Result<Likelihood> {
        let (model, codec) = session.model_and_codec();
        let mut scorer = Scorer::new(model.config());
        scorer.begin(model.config(), codec, "", text)?;
        let mut nats = 0.0;
        while let Some(scores) = scorer.step(model, codec)? {
            nats -= scores.iter().map(|score| score.log_probability).sum::<f64>();
        }
        Ok(Likelihood {
            n_tokens: codec.encode(text)?.len(),
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
