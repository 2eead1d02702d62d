use bowline::worker::expression::{Expression, literal};
use bowline::worker::value::to_json;

/// Reads a text as an expression and as a value, and prints what it is. Says whether it is either.
pub(crate) fn run(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let chain = text.parse::<Expression>();
    if let Err(why) = &chain {
        assert!(why.column() <= text.chars().count() + 1 && !why.what().contains('\n'));
    }
    let value = literal(text);
    if let Ok(value) = &value {
        let shown = value.inspect().to_string();
        assert!(!shown.is_empty());
        let _ = to_json(value);
    }
    chain.is_ok() || value.is_ok()
}
