//! The page's default settings, from the file that the page itself reads: www/settings/settings.json.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::generation::config::GenerationConfig;

/// The settings of a writer who has changed none.
pub static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../www/settings/settings.json"))
        .expect("invariant: the page's settings have these rows")
});

/// The settings on which suggestions depend; those of time and seed are left to the measurement.
#[derive(Debug, Deserialize)]
pub struct Settings {
    gate: Setting<f64>,
    n_alternatives: Setting<usize>,
    max_new_tokens: Setting<usize>,
    temperature: Setting<f32>,
    top_p: Setting<f32>,
    top_k: Setting<usize>,
    repetition_penalty: Setting<f32>,
}

#[derive(Debug, Deserialize)]
struct Setting<T> {
    default: T,
}

impl Settings {
    /// The least probability of a suggestion's first word.
    pub fn gate(&self) -> f64 {
        self.gate.default
    }

    /// The parameters of the page's questions, without a time limit or a seed.
    pub fn generation_config(&self) -> GenerationConfig {
        GenerationConfig {
            max_new_tokens: self.max_new_tokens.default,
            do_sample: true,
            temperature: self.temperature.default,
            top_k: self.top_k.default,
            top_p: self.top_p.default,
            repetition_penalty: self.repetition_penalty.default,
            num_return_sequences: self.n_alternatives.default,
            return_full_text: false,
            token_healing: true,
            ..GenerationConfig::default()
        }
    }
}
