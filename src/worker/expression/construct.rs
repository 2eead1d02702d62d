//! Objects made with `new`.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::worker::value::{ErrorClass, Text, Value, View, ViewKind};

use super::items;
use super::time;

/// Bytes of a buffer: a few digits can ask for all memory. 32 MiB, as more could not be sent (rule 27).
const BYTES_MAX: usize = 32 << 20;

/// An object of this class, or what is wrong with that.
pub(super) fn make(class: &str, arguments: &[Value]) -> Result<Value, String> {
    let one = || match arguments {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(format!("`new {class}` takes one argument here")),
    };
    match class {
        "Date" => date(one()?),
        "Map" => map(one()?),
        "Set" => set(one()?),
        "ArrayBuffer" => match one()?.map(Value::view) {
            Some(View::Number(bytes)) => Ok(Value::array_buffer(vec![0; room(bytes, 1)?])),
            _ => Err("`new ArrayBuffer` takes a number of bytes".to_owned()),
        },
        _ => match kind(class) {
            Some(kind) => typed_array(kind, one()?),
            None if ErrorClass::of_name(class) != ErrorClass::Named => error(class, arguments),
            None => Err(format!(
                "`{class}` cannot be made here: Date, Map, Set, ArrayBuffer, the typed arrays and the errors can"
            )),
        },
    }
}

fn date(argument: Option<&Value>) -> Result<Value, String> {
    match argument.map(Value::view) {
        None => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            Ok(Value::date(now.map_or(f64::NAN, |now| now.as_millis() as f64)))
        }
        Some(View::Number(time)) => Ok(Value::date(time)),
        Some(View::String(text)) => match time::parse(&text.to_string_lossy()) {
            Some(time) => Ok(Value::date(time)),
            None => {
                Err("a date is written as 2026-11-21 or 2026-11-21T10:00:00Z here, with its zone"
                    .to_owned())
            }
        },
        Some(_) => Err("`new Date` takes milliseconds or a text".to_owned()),
    }
}

/// What tells primitives apart as Maps do: NaN is itself, the zeros are one. No two objects are the same.
fn identity(key: &Value) -> Option<String> {
    match key.view() {
        View::Number(number) => Some(format!("{:?}", Value::from(number + 0.0))),
        View::Undefined | View::Null | View::Bool(_) | View::BigInt(_) | View::String(_) => {
            Some(format!("{key:?}"))
        }
        _ => None,
    }
}

/// A key as a Map keeps it.
fn kept(key: &Value) -> Value {
    match key.view() {
        View::Number(number) => Value::from(number + 0.0),
        _ => key.clone(),
    }
}

fn map(argument: Option<&Value>) -> Result<Value, String> {
    let wrong = || "`new Map` takes an array of pairs: [[key, value], …]".to_owned();
    let Some(argument) = argument else { return Ok(Value::map([(0, 0); 0])) };
    let pairs = argument.as_array().ok_or_else(wrong)?;
    let (mut entries, mut places) = (Vec::new(), BTreeMap::new());
    for pair in pairs.iter() {
        let pair = pair.and_then(|pair| pair.as_array()).ok_or_else(wrong)?;
        let part = |at| pair.get(at).map_or(Value::UNDEFINED, View::to_value);
        let (key, value) = (part(0), part(1));
        let next = entries.len();
        let at = identity(&key).map_or(next, |same| *places.entry(same).or_insert(next));
        match entries.get_mut(at) {
            Some((_, before)) => *before = value,
            None => entries.push((kept(&key), value)),
        }
    }
    Ok(Value::map(entries))
}

fn set(argument: Option<&Value>) -> Result<Value, String> {
    let Some(argument) = argument else { return Ok(Value::set([0; 0])) };
    let items = argument.as_array().ok_or("`new Set` takes an array")?;
    let (mut members, mut seen) = (Vec::new(), BTreeMap::new());
    for item in items.iter() {
        let member = item.map_or(Value::UNDEFINED, View::to_value);
        let new = identity(&member).is_none_or(|same| seen.insert(same, ()).is_none());
        if new {
            members.push(kept(&member));
        }
    }
    Ok(Value::set(members))
}

fn error(class: &str, arguments: &[Value]) -> Result<Value, String> {
    let (message, cause) = match arguments {
        [] => (None, None),
        [message] => (Some(message), None),
        [message, options] => (Some(message), options.get("cause")),
        _ => return Err(format!("`new {class}` takes a message and {{ cause }} here")),
    };
    let message = match message.map(Value::view) {
        None | Some(View::Undefined) => Text::from(""),
        Some(View::String(text)) => Text::from(text),
        Some(_) => return Err(format!("the message of `new {class}` is a string")),
    };
    let cause = cause.map(|cause| ("cause", cause.to_value()));
    Ok(Value::error::<&str, Value>(class, message, cause))
}

fn kind(class: &str) -> Option<ViewKind> {
    const KINDS: [ViewKind; 12] = [
        ViewKind::Int8Array,
        ViewKind::Uint8Array,
        ViewKind::Uint8ClampedArray,
        ViewKind::Int16Array,
        ViewKind::Uint16Array,
        ViewKind::Int32Array,
        ViewKind::Uint32Array,
        ViewKind::Float16Array,
        ViewKind::Float32Array,
        ViewKind::Float64Array,
        ViewKind::BigInt64Array,
        ViewKind::BigUint64Array,
    ];
    KINDS.into_iter().find(|kind| kind.name() == class)
}

fn typed_array(kind: ViewKind, argument: Option<&Value>) -> Result<Value, String> {
    let bytes = match argument.map(Value::view) {
        None => Vec::new(),
        Some(View::Number(items)) => vec![0; room(items, kind.item_bytes())?],
        Some(View::Array(array)) => {
            let mut bytes = Vec::new();
            for item in array.iter() {
                items::write(kind, item.unwrap_or(View::Undefined), &mut bytes)?;
            }
            bytes
        }
        Some(_) => return Err(format!("`new {}` takes a length or an array", kind.name())),
    };
    Value::typed_array(kind, bytes).ok_or_else(|| "the bytes are not whole items".to_owned())
}

/// The bytes of so many items.
fn room(items: f64, item_bytes: usize) -> Result<usize, String> {
    let max = BYTES_MAX / item_bytes;
    // The cast saturates; what it gives is compared.
    let count = items as usize;
    match count <= max && count as f64 == items {
        true => Ok(count * item_bytes),
        false => Err(format!("a length is a whole number up to {max} here")),
    }
}
