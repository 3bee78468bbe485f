//! The command line of `./build.sh eval`.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

/// The help text.
pub const USAGE: &str = "usage: ./build.sh eval [--model FOLDER] [--bytes N] [--seed N] [FILE...]
  --model FOLDER   a GPT-2: config.json and model.safetensors (default: the bundled model)
  --bytes N        the length of the beginning of each text to type (default: 1000)
  --seed N         the seed of the model's random draws (default: 0)
  FILE...          texts in UTF-8 (default: the sample in tests/fixtures/eval)";

/// The parsed command line.
#[derive(Debug, PartialEq)]
pub struct Arguments {
    /// The model's folder; `None` for the bundled model.
    pub model: Option<PathBuf>,
    /// The length in bytes of the beginning of each text to type; at least 1.
    pub max_bytes: usize,
    /// The seed of the model's random draws.
    pub seed: u64,
    /// The texts; empty for the project's sample.
    pub files: Vec<PathBuf>,
}

impl Arguments {
    /// Parses the arguments after the program's name; `None` if they ask for help.
    ///
    /// # Errors
    /// A sentence that names the argument and the values it accepts.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Arguments>, String> {
        let mut parsed = Arguments {
            model: None,
            max_bytes: 1000,
            seed: 0,
            files: Vec::new(),
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value\n{USAGE}"));
            match argument.as_str() {
                "-h" | "--help" => return Ok(None),
                "--model" => parsed.model = Some(value()?.into()),
                "--bytes" => parsed.max_bytes = number(&argument, &value()?, 1)?,
                "--seed" => parsed.seed = number(&argument, &value()?, 0)?,
                option if option.starts_with('-') => return Err(format!("{option} is not an option\n{USAGE}")),
                file => parsed.files.push(file.into()),
            }
        }
        Ok(Some(parsed))
    }
}

fn number<N: FromStr + PartialOrd + Display>(option: &str, value: &str, min: N) -> Result<N, String> {
    match value.parse() {
        Ok(number) if number >= min => Ok(number),
        _ => Err(format!("{option} must be an integer >= {min}, got {value:?}")),
    }
}
