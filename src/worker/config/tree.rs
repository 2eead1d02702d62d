//! A config as a tree, whatever it is written in, in which everything knows where it stands.

use crate::worker::value::Value;

/// A value of a config.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Where it begins in the text, in bytes.
    pub(super) at: usize,
    pub(super) data: Data,
}

#[derive(Clone, Debug)]
pub(super) enum Data {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Where the key begins.
    pub(super) at: usize,
    pub(super) value: Node,
}

/// What a text is no config for, and where.
#[derive(Debug)]
pub(super) struct Flaw {
    pub(super) at: usize,
    pub(super) what: String,
}

impl Node {
    /// What it is, for a message.
    pub(super) const fn kind(&self) -> &'static str {
        match self.data {
            Data::Null => "null",
            Data::Bool(_) => "a boolean",
            Data::Number(_) => "a number",
            Data::Text(_) => "a string",
            Data::List(_) => "a list",
            Data::Table(_) => "an object",
        }
    }

    /// As a value, such as `ctx.props` has.
    pub(super) fn to_value(&self) -> Value {
        match &self.data {
            Data::Null => Value::NULL,
            Data::Bool(value) => (*value).into(),
            Data::Number(value) => (*value).into(),
            Data::Text(text) => text.into(),
            Data::List(items) => Value::array(items.iter().map(Self::to_value)),
            Data::Table(entries) => Value::object(
                entries.iter().map(|entry| (entry.key.as_str(), entry.value.to_value())),
            ),
        }
    }
}

/// Makes a table, in which each key comes once.
pub(super) fn table(entries: Vec<Entry>) -> Result<Data, Flaw> {
    let mut keys: Vec<(&str, usize)> =
        entries.iter().map(|entry| (entry.key.as_str(), entry.at)).collect();
    keys.sort_unstable();
    // In bounds: each window is a pair.
    let twins = keys.windows(2).find(|pair| pair[0].0 == pair[1].0);
    match twins {
        Some(pair) => {
            let what = format!("the key `{}` comes twice", pair[1].0);
            Err(Flaw { at: pair[1].1, what })
        }
        None => Ok(Data::Table(entries)),
    }
}
