//! Typed values out of a JSON object, refused with the key, what it must be, and what it was.

use serde_json::{Map, Value};

/// The largest integer that JavaScript's numbers hold exactly.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// # Errors
/// What is wrong, if `json` is not an object.
pub fn object(json: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(json).map_err(|error| format!("must be a JSON object: {error}"))
}

/// A key and what stands behind it.
pub struct Parameter<'a> {
    pub key: &'a str,
    pub value: &'a Value,
}

/// A value, or a sentence that says why there is none.
type Taken<T> = Result<T, String>;

impl Parameter<'_> {
    pub fn refused<T>(&self, expected: &str) -> Taken<T> {
        Err(format!("{} must be {expected}, got {}", self.key, self.value))
    }

    pub fn integer(&self, min: u64, max: u64) -> Taken<u64> {
        // JavaScript writes 3.0 as 3, but other callers may not.
        let whole = |x: &f64| x.fract() == 0.0 && *x >= 0.0 && *x <= MAX_INTEGER as f64;
        let from_float = || self.value.as_f64().filter(whole).map(|x| x as u64);
        match (self.value.as_u64().or_else(from_float)).filter(|x| (min..=max).contains(x)) {
            Some(value) => Ok(value),
            None => self.refused(&format!("an integer from {min} to {max}")),
        }
    }

    /// A number that is also one in float32.
    pub fn number(&self, range: &str, accepts: impl Fn(f64) -> bool) -> Taken<f64> {
        let in_f32 = |x: &f64| accepts(*x) && (*x as f32).is_finite() && (*x as f32 != 0.0);
        match self.value.as_f64().filter(in_f32) {
            Some(value) => Ok(value),
            None => self.refused(&format!("a number {range}")),
        }
    }

    pub fn boolean(&self) -> Taken<bool> {
        match self.value {
            Value::Bool(value) => Ok(*value),
            _ => self.refused("true or false"),
        }
    }

    pub fn string(&self) -> Taken<&str> {
        match self.value {
            Value::String(value) => Ok(value),
            _ => self.refused("a string"),
        }
    }

    /// One string or several, none of them empty.
    pub fn strings(&self) -> Taken<Vec<String>> {
        match self.each(|value| value.as_str().filter(|s| !s.is_empty()).map(str::to_owned)) {
            Some(strings) => Ok(strings),
            None => self.refused("a string or a list of strings, none of them empty"),
        }
    }

    /// One id or several.
    pub fn token_ids(&self) -> Taken<Vec<u32>> {
        match self.each(|value| value.as_u64().and_then(|id| u32::try_from(id).ok())) {
            Some(ids) => Ok(ids),
            None => self.refused("a token id or a list of token ids"),
        }
    }

    /// The items of a list, or the one value that is none; `None` if `take` refuses any.
    fn each<T>(&self, take: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
        match self.value {
            Value::Array(values) => values.iter().map(take).collect(),
            value => take(value).map(|item| vec![item]),
        }
    }
}
