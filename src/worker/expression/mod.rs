//! An expression is a call as a person writes it: `newCounter().increment(5)`.
//!
//! [`Expression`] reads what a program of JavaScript would write behind `await env.SERVICE.`, and gives the
//! steps, so that whoever makes the call can pipeline all of it into one round trip.
//!
//! ```
//! use bowline::worker::expression::{Expression, Step};
//! use bowline::worker::value::Value;
//!
//! let expression: Expression = "newCounter().increment(5, { by: 'two' })".parse()?;
//! let [Step::Get(make), Step::Call(none), Step::Get(increment), Step::Call(arguments)] = expression.steps()
//! else { panic!("four steps") };
//! assert_eq!((make.as_str(), none.len(), increment.as_str()), ("newCounter", 0, "increment"));
//! assert_eq!(format!("{arguments:?}"), "[5, { by: 'two' }]");
//!
//! let wrong = "newCounter(.increment".parse::<Expression>().unwrap_err();
//! assert_eq!(wrong.to_string(), "column 12: `.` cannot begin a value");
//! # Ok::<(), bowline::worker::expression::ExpressionError>(())
//! ```

mod chain;
mod construct;
mod cursor;
mod error;
mod items;
mod literal;
mod number;
mod string;
mod time;

pub use chain::{Expression, Step};
pub use error::ExpressionError;
pub use literal::literal;
