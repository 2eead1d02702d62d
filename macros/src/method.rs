//! What a signature says: the way to `self`, the arguments, the result.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{
    Error, FnArg, GenericArgument, PatType, PathArguments, PathSegment, ReceiverKind, Result,
    ReturnType, Signature, Type, parse_quote_spanned,
};

use crate::marks::{Marks, gather};

/// How a method gets at its object.
pub(crate) enum Receiver {
    /// `&self`
    Shared,
    /// `self: Rc<Self>`
    Counted,
    /// None: it is no method.
    Missing,
}

impl Receiver {
    pub(crate) fn of(signature: &Signature) -> Result<Self> {
        let Some(FnArg::Receiver(receiver)) = signature.inputs.first() else {
            return Ok(Self::Missing);
        };
        let why = match &receiver.kind {
            ReceiverKind::Reference(_, _, None) => return Ok(Self::Shared),
            ReceiverKind::Reference(_, _, Some(_)) => {
                "calls share their object: take `&self`, and keep what changes in a `Cell` or `RefCell`"
            }
            ReceiverKind::Typed(_, ty) if last(ty).is_some_and(|last| last.ident == "Rc") => {
                return Ok(Self::Counted);
            }
            _ => "an object outlives its calls: take `&self` or `self: Rc<Self>`",
        };
        Err(Error::new(receiver.span(), why))
    }

    /// The object as the method takes it, from an `Rc` of it.
    pub(crate) fn pass(&self) -> TokenStream {
        match self {
            Self::Counted => quote!(self),
            Self::Shared | Self::Missing => quote!(&self),
        }
    }
}

/// What stands at one place of a signature.
pub(crate) enum Argument {
    /// An argument of this type, and whether the method wants a reference to it.
    Passed { form: Form, ty: Box<Type>, by_reference: bool },
    /// `&Call`
    Call,
    /// `&Local`
    Here,
}

/// How an argument is passed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    /// `Vec<u8>` and `&[u8]`
    Bytes,
    /// A `Vec` of all that are left.
    Rest,
}

impl Argument {
    fn of(typed: &mut PatType) -> Result<Self> {
        let marks = Marks::take(&mut typed.attrs, &["rest"])?;
        let refuse = |why| Err(Error::new(typed.ty.span(), why));
        let (ty, by_reference) = match &*typed.ty {
            Type::ImplTrait(_) => return refuse("callers pass values, not types: name one type"),
            Type::Reference(reference) if reference.mutability.is_some() => {
                return refuse("an argument is a copy: take it by value");
            }
            Type::Reference(reference) => (&*reference.elem, true),
            ty => (ty, false),
        };
        let name = last(ty).map(|last| last.ident.to_string());
        let ty = match (ty, name.as_deref()) {
            (_, Some("Call")) if by_reference => return Ok(Self::Call),
            (_, Some("Local")) if by_reference => return Ok(Self::Here),
            (_, Some("str")) => parse_quote_spanned!(ty.span()=> ::std::string::String),
            (Type::Slice(slice), _) => {
                let item = &slice.elem;
                parse_quote_spanned!(ty.span()=> ::std::vec::Vec<#item>)
            }
            _ => ty.clone(),
        };
        let form = match marks.role {
            Some(_) if element(&ty, "Vec").is_some() => Form::Rest,
            Some(_) => return refuse("all that is left is a `Vec`: take `Vec<Value>`"),
            None if is_bytes(&ty) => Form::Bytes,
            None => Form::Plain,
        };
        Ok(Self::Passed { form, ty: Box::new(ty), by_reference })
    }
}

/// The arguments, without their marks, which are taken out.
pub(crate) fn arguments(signature: &mut Signature) -> Result<Vec<Argument>> {
    if !signature.generics.params.is_empty() {
        let why = "callers pass values, not types: a method cannot be generic";
        return Err(Error::new(signature.generics.span(), why));
    }
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    let mut after_rest = false;
    for input in &mut signature.inputs {
        let FnArg::Typed(typed) = input else { continue };
        match Argument::of(typed) {
            Ok(Argument::Passed { .. }) if after_rest => {
                errors.push(Error::new(typed.span(), "nothing is left for it: `rest` comes last"));
            }
            Ok(argument) => {
                after_rest |= matches!(argument, Argument::Passed { form: Form::Rest, .. });
                all.push(argument);
            }
            Err(error) => errors.push(error),
        }
    }
    gather(errors).map(|()| all)
}

/// References at other places than the beginning would borrow from nothing.
pub(crate) fn refuse_borrowed_parts(signature: &Signature) -> Result<()> {
    let inner = signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(PatType { ty, .. }) => Some(match &**ty {
            Type::Reference(reference) => reference.elem.to_token_stream(),
            ty => ty.to_token_stream(),
        }),
        FnArg::Receiver(_) => None,
    });
    let why = "nothing inside an argument is borrowed: own it, as `String` does";
    gather(inner.filter_map(find_reference).map(|span| Error::new(span, why)))
}

fn find_reference(tokens: TokenStream) -> Option<proc_macro2::Span> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Punct(punct) if punct.as_char() == '&' => Some(punct.span()),
        TokenTree::Group(group) => find_reference(group.stream()),
        _ => None,
    })
}

/// What a type that may be a `Result` is when all went well.
pub(crate) fn success(output: &ReturnType) -> Option<(&Type, bool)> {
    let ReturnType::Type(_, ty) = output else { return None };
    Some(element(ty, "Result").map_or((&**ty, false), |ty| (ty, true)))
}

/// The last name of a path.
fn last(ty: &Type) -> Option<&PathSegment> {
    if let Type::Path(path) = ty { path.path.segments.last() } else { None }
}

/// The first type that `of` has within its brackets.
fn element<'a>(ty: &'a Type, of: &str) -> Option<&'a Type> {
    let segment = last(ty).filter(|segment| segment.ident == of)?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

fn is_byte(ty: &Type) -> bool {
    last(ty).is_some_and(|last| last.ident == "u8")
}

/// `Vec<u8>`, which JavaScript has as a `Uint8Array`.
pub(crate) fn is_bytes(ty: &Type) -> bool {
    element(ty, "Vec").is_some_and(is_byte)
}
