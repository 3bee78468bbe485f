//! Typed values from a JSON object; an error names the key, the values it accepts and the one it got.

use serde_json::{Map, Value};

/// The largest integer that JavaScript's numbers hold exactly.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Parses a JSON object.
///
/// # Errors
/// A sentence without its subject, such as "must be a JSON object: …".
pub fn object(json: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(json).map_err(|error| format!("must be a JSON object: {error}"))
}

/// A key with its value.
pub struct Parameter<'a> {
    pub key: &'a str,
    pub value: &'a Value,
}

/// A value, or a sentence that names the key, the expected value and the value found.
type Parsed<T> = Result<T, String>;

impl Parameter<'_> {
    /// The error of a value that is not `expected`.
    pub fn refused<T>(&self, expected: &str) -> Parsed<T> {
        Err(format!("{} must be {expected}, got {}", self.key, self.value))
    }

    /// An integer from `min` to `max`, both included.
    pub fn integer(&self, min: u64, max: u64) -> Parsed<u64> {
        // JavaScript serialises 3.0 as 3; other callers may not.
        let whole = |x: &f64| x.fract() == 0.0 && *x >= 0.0 && *x <= MAX_INTEGER as f64;
        let from_float = || self.value.as_f64().filter(whole).map(|x| x as u64);
        match (self.value.as_u64().or_else(from_float)).filter(|x| (min..=max).contains(x)) {
            Some(value) => Ok(value),
            None => self.refused(&format!("an integer from {min} to {max}")),
        }
    }

    /// A number that `accepts` allows and that float32 can hold without becoming 0 or infinite.
    /// `range` describes what `accepts` allows.
    pub fn number(&self, range: &str, accepts: impl Fn(f64) -> bool) -> Parsed<f64> {
        let in_f32 = |x: &f64| accepts(*x) && (*x as f32).is_finite() && (*x as f32 != 0.0);
        match self.value.as_f64().filter(in_f32) {
            Some(value) => Ok(value),
            None => self.refused(&format!("a number {range}")),
        }
    }

    /// true or false.
    pub fn boolean(&self) -> Parsed<bool> {
        match self.value {
            Value::Bool(value) => Ok(*value),
            _ => self.refused("true or false"),
        }
    }

    /// A string.
    pub fn string(&self) -> Parsed<&str> {
        match self.value {
            Value::String(value) => Ok(value),
            _ => self.refused("a string"),
        }
    }

    /// A string or a list of strings, none of them empty.
    pub fn strings(&self) -> Parsed<Vec<String>> {
        match self.each(|value| value.as_str().filter(|s| !s.is_empty()).map(str::to_owned)) {
            Some(strings) => Ok(strings),
            None => self.refused("a string or a list of strings, none of them empty"),
        }
    }

    /// A token id or a list of token ids.
    pub fn token_ids(&self) -> Parsed<Vec<u32>> {
        match self.each(|value| value.as_u64().and_then(|id| u32::try_from(id).ok())) {
            Some(ids) => Ok(ids),
            None => self.refused("a token id or a list of token ids"),
        }
    }

    /// The parsed items of a list, or of a lone value; `None` if `parse` refuses any of them.
    fn each<T>(&self, parse: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
        match self.value {
            Value::Array(values) => values.iter().map(parse).collect(),
            value => parse(value).map(|item| vec![item]),
        }
    }
}
