//! How well a model predicts a text.

use serde::Serialize;

use crate::error::Result;
use crate::scoring::Scorer;
use crate::session::Session;

/// The negative log-likelihood of one or more texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Likelihood {
    /// Tokens in the texts.
    pub n_tokens: usize,
    /// Bytes in the texts.
    pub n_bytes: usize,
    /// Minus the natural logarithm of the texts' probability.
    pub nats: f64,
}

impl Likelihood {
    /// Measures one text. Each token is predicted from the context that [`Scorer`] gives it, the first from BOS alone.
    ///
    /// # Errors
    /// Those of [`Scorer::begin`] and [`Scorer::step`].
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

    /// Adds the figures of further texts.
    pub fn add(&mut self, other: &Likelihood) {
        self.n_tokens += other.n_tokens;
        self.n_bytes += other.n_bytes;
        self.nats += other.nats;
    }

    /// Perplexity per token.
    pub fn perplexity(&self) -> f64 {
        (self.nats / self.n_tokens as f64).exp()
    }

    /// Cross-entropy in bits per byte of text, comparable between tokenizers.
    pub fn bits_per_byte(&self) -> f64 {
        self.nats / std::f64::consts::LN_2 / self.n_bytes as f64
    }
}
