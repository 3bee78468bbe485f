//! Generation parameters with the names, defaults and meanings of Hugging Face's GenerationConfig.

use crate::error::{Error, Result};
use crate::json::{self, MAX_INTEGER, Parameter};

/// Validated parameters from [`GenerationConfig::from_json`].
#[derive(Debug, Clone, PartialEq)]
pub struct GenerationConfig {
    /// The most tokens to generate, not counting the prompt; at least 1.
    pub max_new_tokens: usize,
    /// Seconds after which no further token is started; as in transformers, every sequence gets at least one.
    pub max_time: Option<f64>,
    /// Whether to sample; otherwise decoding is greedy.
    pub do_sample: bool,
    /// Divides the logits before sampling; above 0.
    pub temperature: f32,
    /// Samples only from the `top_k` likeliest tokens; 0 for all.
    pub top_k: usize,
    /// Samples only from the likeliest tokens whose probabilities add up to `top_p`; above 0, and 1 for all.
    pub top_p: f32,
    /// Makes tokens that occurred before less likely if above 1, more likely if below 1; above 0.
    pub repetition_penalty: f32,
    /// The length in tokens of sequences that must not occur twice; 0 for no limit.
    pub no_repeat_ngram_size: usize,
    /// Continuations per prompt, 1 to 64.
    pub num_return_sequences: usize,
    /// The seed of the random numbers; for `None` see [`crate::session::Session::begin`].
    pub seed: Option<u64>,
    /// Whether `generated_text` starts with the prompt.
    pub return_full_text: bool,
    /// Generation ends with the token that completes one of these.
    pub stop_strings: Vec<String>,
    /// Generation ends before one of these tokens; `None` for the model's own.
    pub eos_token_id: Option<Vec<u32>>,
    /// Whether the prompt may end inside a word or in a space; see [`crate::text::healing`].
    pub token_healing: bool,
}

impl Default for GenerationConfig {
    fn default() -> Self {
        GenerationConfig {
            max_new_tokens: 20,
            max_time: None,
            do_sample: false,
            temperature: 1.0,
            top_k: 50,
            top_p: 1.0,
            repetition_penalty: 1.0,
            no_repeat_ngram_size: 0,
            num_return_sequences: 1,
            seed: None,
            return_full_text: true,
            stop_strings: Vec::new(),
            eos_token_id: None,
            token_healing: false,
        }
    }
}

/// The known keys; null means the default.
const PARAMETERS: [&str; 14] = [
    "max_new_tokens",
    "max_time",
    "do_sample",
    "temperature",
    "top_k",
    "top_p",
    "repetition_penalty",
    "no_repeat_ngram_size",
    "num_return_sequences",
    "seed",
    "return_full_text",
    "stop_strings",
    "eos_token_id",
    "token_healing",
];

impl GenerationConfig {
    /// Reads a JSON object. Absent and null parameters take their defaults.
    ///
    /// # Errors
    /// [`Error::GenerationConfig`] for an unknown key or a value out of range, with the parameter, the range, the value
    /// and the way out.
    ///
    /// # Source
    /// `GenerationConfig`, transformers `configuration_utils.py`; `seed` is ours, and `max_new_tokens` defaults to the
    /// 20 of `max_length`.
    pub fn from_json(json: &str) -> Result<GenerationConfig> {
        GenerationConfig::read(json).map_err(Error::GenerationConfig)
    }

    fn read(json: &str) -> std::result::Result<GenerationConfig, String> {
        let object = json::object(json).map_err(|error| format!("generation_config {error}"))?;
        let mut config = GenerationConfig::default();
        let mut sampling_only = Vec::new();
        for (key, value) in &object {
            let parameter = Parameter { key, value };
            match key.as_str() {
                key if value.is_null() && PARAMETERS.contains(&key) => {}
                "max_new_tokens" => config.max_new_tokens = parameter.integer(1, 1 << 20)? as usize,
                "max_time" => {
                    config.max_time = Some(parameter.number("> 0 seconds", |x| x > 0.0)?);
                }
                "do_sample" => config.do_sample = parameter.boolean()?,
                "temperature" => {
                    let with_hint = |error| error + "; for greedy decoding set do_sample to false";
                    config.temperature = parameter.number("> 0", |x| x > 0.0).map_err(with_hint)? as f32;
                    sampling_only.push(key);
                }
                "top_k" => {
                    config.top_k = parameter.integer(0, u64::from(u32::MAX))? as usize;
                    sampling_only.push(key);
                }
                "top_p" => {
                    let range = "> 0 and <= 1";
                    config.top_p = parameter.number(range, |x| x > 0.0 && x <= 1.0)? as f32;
                    sampling_only.push(key);
                }
                "repetition_penalty" => {
                    let range = "> 0 (1 for no penalty)";
                    config.repetition_penalty = parameter.number(range, |x| x > 0.0)? as f32;
                }
                "no_repeat_ngram_size" => {
                    config.no_repeat_ngram_size = parameter.integer(0, 1 << 20)? as usize;
                }
                "num_return_sequences" => {
                    config.num_return_sequences = parameter.integer(1, 64)? as usize;
                }
                "seed" => {
                    config.seed = Some(parameter.integer(0, MAX_INTEGER)?);
                    sampling_only.push(key);
                }
                "return_full_text" => config.return_full_text = parameter.boolean()?,
                "stop_strings" => config.stop_strings = parameter.strings()?,
                "eos_token_id" => config.eos_token_id = Some(parameter.token_ids()?),
                "token_healing" => config.token_healing = parameter.boolean()?,
                _ => {
                    return Err(format!(
                        "{key} is not a generation parameter; check its spelling or leave it out"
                    ));
                }
            }
        }
        if !config.do_sample {
            if let Some(key) = sampling_only.first() {
                return Err(format!(
                    "{key} has no effect while do_sample is false; set do_sample to true or leave {key} out"
                ));
            }
            if config.num_return_sequences > 1 {
                return Err(format!(
                    "num_return_sequences must be 1 while do_sample is false, got {}: greedy decoding has one result; \
                     set do_sample to true",
                    config.num_return_sequences
                ));
            }
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_object_is_hugging_faces_defaults() {
        assert_eq!(GenerationConfig::from_json("{}").unwrap(), GenerationConfig::default());
    }

    #[test]
    fn every_parameter_is_taken() {
        let config = GenerationConfig::from_json(
            r#"{"max_new_tokens": 5, "max_time": 1.5, "do_sample": true, "temperature": 0.5, "top_k": 0, "top_p": 0.25,
                "repetition_penalty": 1.5, "no_repeat_ngram_size": 3, "num_return_sequences": 2, "seed": 9007199254740991,
                "return_full_text": false, "stop_strings": ["a", "b"], "eos_token_id": 7, "token_healing": true}"#,
        )
        .unwrap();
        let expected = GenerationConfig {
            max_new_tokens: 5,
            max_time: Some(1.5),
            do_sample: true,
            temperature: 0.5,
            top_k: 0,
            top_p: 0.25,
            repetition_penalty: 1.5,
            no_repeat_ngram_size: 3,
            num_return_sequences: 2,
            seed: Some(MAX_INTEGER),
            return_full_text: false,
            stop_strings: vec!["a".into(), "b".into()],
            eos_token_id: Some(vec![7]),
            token_healing: true,
        };
        assert_eq!(config, expected);
        let one =
            GenerationConfig::from_json(r#"{"stop_strings": "a", "eos_token_id": [1, 2], "seed": null}"#).unwrap();
        assert_eq!(
            (one.stop_strings, one.eos_token_id),
            (vec!["a".to_owned()], Some(vec![1, 2]))
        );
    }

    #[test]
    fn wrong_values_are_refused_with_name_value_and_way_out() {
        for (json, message) in [
            (
                r#"{"do_sample": true, "temperature": 0}"#,
                "temperature must be a number > 0, got 0; for greedy decoding set do_sample to false",
            ),
            (
                r#"{"do_sample": true, "temperature": 1e-60}"#,
                "temperature must be a number > 0",
            ),
            (r#"{"do_sample": true, "temperature": "hot"}"#, "got \"hot\""),
            (
                r#"{"do_sample": true, "top_p": 1.01}"#,
                "top_p must be a number > 0 and <= 1, got 1.01",
            ),
            (r#"{"do_sample": true, "top_p": 0}"#, "top_p"),
            (
                r#"{"do_sample": true, "top_k": -1}"#,
                "top_k must be an integer from 0 to 4294967295, got -1",
            ),
            (r#"{"do_sample": true, "top_k": 1.5}"#, "got 1.5"),
            (r#"{"max_new_tokens": 0}"#, "max_new_tokens"),
            (r#"{"max_time": -1}"#, "max_time"),
            (r#"{"do_sample": 1}"#, "do_sample must be true or false, got 1"),
            (r#"{"repetition_penalty": 0}"#, "repetition_penalty"),
            (r#"{"do_sample": true, "seed": 9007199254740992}"#, "seed"),
            (
                r#"{"do_sample": true, "num_return_sequences": 65}"#,
                "num_return_sequences",
            ),
            (r#"{"num_return_sequences": 2}"#, "set do_sample to true"),
            (
                r#"{"temperature": 0.7}"#,
                "temperature has no effect while do_sample is false",
            ),
            (r#"{"stop_strings": [""]}"#, "stop_strings"),
            (r#"{"stop_strings": 3}"#, "stop_strings"),
            (r#"{"eos_token_id": -3}"#, "eos_token_id"),
            (r#"{"temprature": 1}"#, "temprature is not a generation parameter"),
            (r#"{"temprature": null}"#, "temprature is not a generation parameter"),
            ("[1]", "must be a JSON object"),
            ("", "must be a JSON object"),
        ] {
            let error = GenerationConfig::from_json(json).unwrap_err();
            assert_eq!(error.code(), "generation_config", "{json}");
            assert!(error.to_string().contains(message), "{json}: {error}");
        }
    }
}
