//! A value as text that names everything one can see of it, as `node.js` does.

use bowline::worker::value::{ErrorObject, PropertyKey, Str, Value, View};

pub(crate) fn describe(value: &Value) -> String {
    let mut seen = Vec::new();
    one(value.view(), &mut seen)
}

type Seen<'a> = Vec<View<'a>>;

fn units(text: Str<'_>) -> String {
    text.units().map(|unit| format!("{unit:x}")).collect::<Vec<_>>().join(".")
}

fn bits(number: f64) -> String {
    if number.is_nan() { "nan".into() } else { format!("{:016x}", number.to_bits()) }
}

fn key_units(key: PropertyKey<'_>) -> String {
    match key {
        PropertyKey::Name(name) => units(name),
        PropertyKey::Index(_) => {
            let digits = Value::from(key.to_string_lossy());
            units(digits.as_str().expect("digits"))
        }
    }
}

fn properties<'a>(
    pairs: impl Iterator<Item = (PropertyKey<'a>, View<'a>)>,
    seen: &mut Seen<'a>,
) -> String {
    pairs
        .map(|(key, value)| format!("{}={}", key_units(key), one(value, seen)))
        .collect::<Vec<_>>()
        .join(",")
}

fn one<'a>(view: View<'a>, seen: &mut Seen<'a>) -> String {
    match view {
        View::Undefined => "undefined".into(),
        View::Null => "null".into(),
        View::Bool(value) => value.to_string(),
        View::Number(value) => format!("N{}", bits(value)),
        View::BigInt(value) => {
            let mut digits = value.digits().iter().rev();
            let first = digits.next().map_or("0".into(), |first| format!("{first:x}"));
            let rest: String = digits.map(|digit| format!("{digit:016x}")).collect();
            format!("B{}{first}{rest}", if value.is_negative() { "-" } else { "" })
        }
        View::String(value) => format!("S{}", units(value)),
        _ => {
            let held = view.to_value();
            if let Some(before) = seen.iter().position(|one| one.to_value().same(&held)) {
                return format!("^{before}");
            }
            seen.push(view);
            object(view, seen)
        }
    }
}

fn object<'a>(view: View<'a>, seen: &mut Seen<'a>) -> String {
    match view {
        View::Object(it) => format!("O{{{}}}", properties(it.iter(), seen)),
        View::Array(it) => {
            let items: Vec<_> =
                it.present().map(|(index, item)| format!("{index}:{}", one(item, seen))).collect();
            format!("A{}[{}|{}]", it.len(), items.join(","), properties(it.properties(), seen))
        }
        View::Map(it) => {
            let pairs: Vec<_> = it
                .iter()
                .map(|(key, value)| format!("{}>{}", one(key, seen), one(value, seen)))
                .collect();
            format!("M{{{}}}", pairs.join(","))
        }
        View::Set(it) => {
            let members: Vec<_> = it.iter().map(|member| one(member, seen)).collect();
            format!("U{{{}}}", members.join(","))
        }
        View::Date(it) => format!("D{}", bits(it.milliseconds())),
        View::RegExp(it) => format!("R{}/{}", units(it.source()), it.flags()),
        View::ArrayBuffer(it) => {
            let max = it.max_bytes().map(|max| format!("~{max}")).unwrap_or_default();
            format!("b{}{max}", super::node::to_hex(it.bytes()))
        }
        View::BufferView(it) => {
            let buffer = one(View::ArrayBuffer(it.buffer().expect("a view has a buffer")), seen);
            let length =
                if it.tracks_length() { "auto".into() } else { it.as_slice().len().to_string() };
            format!("V{}({buffer},{},{length})", it.kind().name(), it.byte_offset())
        }
        View::Error(it) => error(it, seen),
        View::Boxed(it) => format!("x{}", one(it.get(), seen)),
        other => panic!("V8 has no {}", other.type_name()),
    }
}

fn error<'a>(error: ErrorObject<'a>, seen: &mut Seen<'a>) -> String {
    let mut own: Vec<_> = error.properties().iter().collect();
    own.sort_by_key(|(key, _)| key.to_string_lossy());
    let own = properties(own.into_iter(), seen);
    format!("E{}:{}{{{own}}}", error.name(), units(error.message()))
}
