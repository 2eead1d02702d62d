//! A chain of names and calls.

use std::str::FromStr;

use crate::worker::value::Value;

use super::cursor::Cursor;
use super::error::ExpressionError;
use super::literal::{list, value};
use super::string;

/// What is done with the object so far.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Take its property, or the method, of this name.
    Get(String),
    /// Call it with these arguments.
    Call(Vec<Value>),
}

/// A call as a person writes it: properties and calls, one behind the other, such as `a.b(1)["c"].d('x')(2)`.
///
/// Arguments are literals of JavaScript: numbers, BigInts, strings, regular expressions, arrays, objects, `new` Date,
/// Map, Set, errors, buffers and typed arrays. What another call gives cannot be one. `await` may come first. (C-Y7)
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    steps: Vec<Step>,
}

impl Expression {
    /// Steps of one expression. Each may be a question to the peer, all asked at once. Default: 1024.
    pub const STEPS_MAX: usize = 1024;

    /// What is to be done, one with what the other gives. The first is a [`Step::Get`].
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The steps, to be taken apart.
    #[must_use]
    pub fn into_steps(self) -> Vec<Step> {
        self.steps
    }
}

impl FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, ExpressionError> {
        let mut cursor = Cursor::new(text)?;
        skip_await(&mut cursor);
        let mut steps = vec![first(&mut cursor)?];
        while let Some(step) = next(&mut cursor)? {
            if steps.len() >= Self::STEPS_MAX {
                let max = Self::STEPS_MAX;
                return Err(cursor.wrong(format!("more than {max} properties and calls")));
            }
            steps.push(step);
        }
        cursor.take(';');
        cursor.skip_space();
        match cursor.peek() {
            Some(_) => Err(cursor.expected("`.`, `[`, `(` or the end")),
            None => Ok(Self { steps }),
        }
    }
}

fn skip_await(cursor: &mut Cursor<'_>) {
    const AWAIT: &str = "await";
    cursor.skip_space();
    if let Some(rest) = cursor.rest().strip_prefix(AWAIT)
        && rest.starts_with(char::is_whitespace)
    {
        cursor.name();
        cursor.skip_space();
    }
}

fn first(cursor: &mut Cursor<'_>) -> Result<Step, ExpressionError> {
    if cursor.take('[') {
        return member(cursor);
    }
    match cursor.name() {
        Some(name) => Ok(Step::Get(name.to_owned())),
        None => Err(cursor.expected("the name of a method or property")),
    }
}

/// The next step, if one follows.
fn next(cursor: &mut Cursor<'_>) -> Result<Option<Step>, ExpressionError> {
    cursor.skip_space();
    if cursor.take('(') {
        return Ok(Some(Step::Call(list(cursor, ')', value)?)));
    }
    if cursor.take('[') {
        return member(cursor).map(Some);
    }
    if !cursor.take('.') {
        return Ok(None);
    }
    cursor.skip_space();
    match cursor.name() {
        Some(name) => Ok(Some(Step::Get(name.to_owned()))),
        None if cursor.peek() == Some('#') => {
            Err(cursor.wrong("a private name is reached from nowhere else"))
        }
        None => Err(cursor.expected("the name of a property")),
    }
}

/// A name in brackets, of which the first is read.
fn member(cursor: &mut Cursor<'_>) -> Result<Step, ExpressionError> {
    cursor.skip_space();
    let at = cursor.position();
    let name = match cursor.peek() {
        Some(quote @ ('"' | '\'' | '`')) => {
            let text = string::string(cursor, quote)?;
            let name = text.as_str().to_str().map(std::borrow::Cow::into_owned);
            name.ok_or_else(|| cursor.wrong_at(at, "a lone surrogate cannot be sent in a name"))?
        }
        Some('0'..='9') => {
            let digits = cursor.while_(|c| c.is_ascii_digit());
            if digits.len() > 1 && digits.starts_with('0') {
                return Err(cursor.wrong_at(at, "a number does not begin with 0"));
            }
            digits.to_owned()
        }
        _ => return Err(cursor.expected("a string or an index")),
    };
    if cursor.take_spaced(']') { Ok(Step::Get(name)) } else { Err(cursor.expected("`]`")) }
}
