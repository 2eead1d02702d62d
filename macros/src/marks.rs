//! What `#[rpc(…)]` says, and the names callers know.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Ident, LitStr, Result};

/// The marks of one item.
#[derive(Default)]
pub(crate) struct Marks {
    /// `getter`, `dispose`, `skip` or `rest`.
    pub(crate) role: Option<Ident>,
    pub(crate) name: Option<LitStr>,
}

impl Marks {
    /// Takes the `#[rpc(…)]` out of an item's attributes. `roles` are those it may have.
    pub(crate) fn take(attributes: &mut Vec<Attribute>, roles: &[&str]) -> Result<Self> {
        let mut marks = Self::default();
        let mut outcome = Ok(());
        attributes.retain(|attribute| {
            let ours = attribute.path().is_ident("rpc");
            if ours {
                let read = marks.read(attribute, roles);
                outcome = std::mem::replace(&mut outcome, Ok(())).and(read);
            }
            !ours
        });
        outcome.map(|()| marks)
    }

    fn read(&mut self, attribute: &Attribute, roles: &[&str]) -> Result<()> {
        attribute.parse_nested_meta(|meta| {
            let Some(word) = meta.path.get_ident() else {
                return Err(meta.error("expected a word"));
            };
            if word == "name" && roles != ["rest"] {
                self.name = Some(meta.value()?.parse()?);
                return Ok(());
            }
            if !roles.iter().any(|role| word == role) {
                let names = if roles == ["rest"] { "" } else { "`name = \"…\"`, " };
                return Err(meta.error(format!("expected {names}`{}` here", roles.join("`, `"))));
            }
            match self.role.replace(word.clone()) {
                Some(other) => Err(meta.error(format!("it is marked `{other}` already"))),
                None => Ok(()),
            }
        })
    }
}

/// What callers call it.
pub(crate) struct JsName {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl JsName {
    pub(crate) fn of(ident: &Ident, marks: &Marks) -> Result<Self> {
        let (text, span) = match &marks.name {
            Some(name) => (name.value(), name.span()),
            None => (camel_case(&ident.to_string()), ident.span()),
        };
        let reason = match &*text {
            "dup" => "callers have it to duplicate a stub",
            "constructor" => "every object of JavaScript has one",
            "then" => "with it an object of JavaScript is a promise",
            "" => return Err(Error::new(span, "a name cannot be empty")),
            _ => return Ok(Self { text, span }),
        };
        Err(Error::new(
            span,
            format!(
                "`{text}` is reserved: {reason}; give it another name, as by #[rpc(name = \"…\")]"
            ),
        ))
    }
}

/// No two may be called the same.
pub(crate) fn check_unique<'a>(names: impl Iterator<Item = &'a JsName>) -> Result<()> {
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if seen.contains(&&*name.text) {
            let what = format!("callers know another one as `{}` already", name.text);
            return Err(Error::new(name.span, what));
        }
        seen.push(&name.text);
    }
    Ok(())
}

/// `new_counter` is `newCounter`, `r#type` and `type_` are `type`, `_private` stays.
fn camel_case(name: &str) -> String {
    let name = name.trim_start_matches("r#");
    let plain = name.trim_start_matches('_');
    let mut camel = name[..name.len() - plain.len()].to_owned();
    for (at, word) in plain.split('_').enumerate() {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if at > 0 => camel.extend(first.to_uppercase()),
            Some(first) => camel.push(first),
            None => {}
        }
        camel.push_str(letters.as_str());
    }
    camel
}

/// Several findings as one.
pub(crate) fn gather(errors: impl IntoIterator<Item = Error>) -> Result<()> {
    let all = errors.into_iter().reduce(|mut all, next| {
        all.combine(next);
        all
    });
    all.map_or(Ok(()), Err)
}

/// An attribute that takes nothing was given something.
pub(crate) fn refuse_words(attribute: &proc_macro2::TokenStream, name: &str) -> Result<()> {
    if attribute.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        attribute.span(),
        format!("#[{name}] takes nothing; marks go on methods, as #[rpc(…)]"),
    ))
}

#[cfg(test)]
mod tests {
    use super::camel_case;

    #[test]
    fn names_of_rust_are_those_of_javascript() {
        for (rust, javascript) in [
            ("increment", "increment"),
            ("new_counter", "newCounter"),
            ("get_2_of_3", "get2Of3"),
            ("r#type", "type"),
            ("type_", "type"),
            ("_private_name", "_privateName"),
            ("__x", "__x"),
            ("alreadyThere", "alreadyThere"),
            ("über_größe", "überGröße"),
            ("_", "_"),
        ] {
            assert_eq!(camel_case(rust), javascript, "{rust}");
        }
    }
}
