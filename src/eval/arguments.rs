//! What can be asked of `./build.sh eval`.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

pub const USAGE: &str = "usage: ./build.sh eval [--model FOLDER] [--bytes N] [--seed N] [FILE...]
  --model FOLDER   config.json and model.safetensors of a GPT-2 (the bundled model)
  --bytes N        how much of each text is typed, from its beginning (1000)
  --seed N         of the model's draws (0)
  FILE...          texts in UTF-8 (the sample in tests/fixtures/eval)";

#[derive(Debug, PartialEq)]
pub struct Arguments {
    /// `None`: the bundled one.
    pub model: Option<PathBuf>,
    pub max_bytes: usize,
    pub seed: u64,
    /// None: the project's sample.
    pub files: Vec<PathBuf>,
}

impl Arguments {
    /// `None` if only the usage is asked for.
    ///
    /// # Errors
    /// A sentence that names the argument and what it should be.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Arguments>, String> {
        let mut parsed = Arguments {
            model: None,
            max_bytes: 1000,
            seed: 0,
            files: Vec::new(),
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} wants a value\n{USAGE}"));
            match argument.as_str() {
                "-h" | "--help" => return Ok(None),
                "--model" => parsed.model = Some(value()?.into()),
                "--bytes" => parsed.max_bytes = number(&argument, &value()?, 1)?,
                "--seed" => parsed.seed = number(&argument, &value()?, 0)?,
                option if option.starts_with('-') => return Err(format!("{option} is no option\n{USAGE}")),
                file => parsed.files.push(file.into()),
            }
        }
        Ok(Some(parsed))
    }
}

fn number<N: FromStr + PartialOrd + Display>(option: &str, value: &str, min: N) -> Result<N, String> {
    match value.parse() {
        Ok(number) if number >= min => Ok(number),
        _ => Err(format!("{option} must be a whole number from {min}, got {value:?}")),
    }
}
