//! `#[rpc_interface]`: a trait becomes a typed stub.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, FnArg, ItemTrait, Pat, Result, TraitItem, TraitItemFn, Type, Visibility};

use crate::marks::{JsName, Marks, refuse_words};
use crate::method::{Argument, Form, Receiver, arguments, success};

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut described: ItemTrait = match syn::parse2(item.clone()) {
        Ok(described) => described,
        Err(_) => {
            let what = "#[rpc_interface] goes on a `trait`";
            let error = Error::new(item.span(), what).into_compile_error();
            return quote!(#error #item);
        }
    };
    let mut errors = Vec::new();
    errors.extend(refuse_words(&attribute, "rpc_interface").and_then(|()| check(&described)).err());
    // What is right is there in any case, so that one mistake is one error.
    let methods = methods(&mut described, &mut errors);
    let stub = stub(&described, &methods);
    let errors = errors.into_iter().map(Error::into_compile_error);
    quote!(#stub #(#errors)*)
}

fn check(described: &ItemTrait) -> Result<()> {
    if !described.generics.params.is_empty() {
        let why = "#[rpc_interface] goes on a trait that is not generic";
        return Err(Error::new(described.generics.span(), why));
    }
    if !described.supertraits.is_empty() {
        let why = "an interface has no supertraits: list all its methods";
        return Err(Error::new(described.supertraits.span(), why));
    }
    Ok(())
}

fn methods(described: &mut ItemTrait, errors: &mut Vec<Error>) -> Vec<TokenStream> {
    let mut methods = Vec::new();
    for item in &mut described.items {
        let generated = match item {
            TraitItem::Fn(function) => method(function, &described.vis),
            item => Err(Error::new(item.span(), "an interface has methods, nothing else")),
        };
        match generated {
            Ok(method) => methods.push(method),
            Err(error) => errors.push(error),
        }
    }
    methods
}

fn method(function: &mut TraitItemFn, visible: &Visibility) -> Result<TokenStream> {
    let marks = Marks::take(&mut function.attrs, &["getter"])?;
    let name = JsName::of(&function.sig.ident, &marks)?;
    if let Some(body) = &function.default {
        let why = "the method is elsewhere: an interface has no bodies";
        return Err(Error::new(body.span(), why));
    }
    if !matches!(Receiver::of(&function.sig)?, Receiver::Shared) {
        let why = "a method of an interface takes `&self`";
        return Err(Error::new(function.sig.ident.span(), why));
    }
    let ident = &function.sig.ident.clone();
    if ["detach", "untyped"].iter().any(|own| ident == own) {
        let why = format!(
            "promises have `{ident}` themselves; name it otherwise, with #[rpc(name = \"{}\")]",
            name.text
        );
        return Err(Error::new(ident.span(), why));
    }
    let arguments = arguments(&mut function.sig)?;
    let is_getter = marks.role.is_some();
    if is_getter && !arguments.is_empty() {
        return Err(Error::new(function.sig.inputs.span(), "a getter takes no arguments"));
    }
    let passes = passes(function, &arguments)?;
    let result = success(&function.sig.output).map_or_else(|| quote!(()), |(ty, _)| quote!(#ty));
    if let Some((Type::Reference(reference), _)) = success(&function.sig.output) {
        return Err(Error::new(reference.span(), "a result comes from elsewhere: own it"));
    }
    let (attributes, inputs, text) = (&function.attrs, &function.sig.inputs, &name.text);
    let call = match is_getter {
        true => quote!(.read(&self.0)),
        false => quote!(#(#passes)* .call(&self.0)),
    };
    Ok(quote! {
        #(#attributes)*
        #visible fn #ident(#inputs) -> ::bowline::worker::Promised<#result> {
            ::bowline::worker::generated::Asking::new(#text) #call
        }
    })
}

/// How the arguments are put into the call.
fn passes(function: &TraitItemFn, arguments: &[Argument]) -> Result<Vec<TokenStream>> {
    let typed = function.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(typed),
        FnArg::Receiver(_) => None,
    });
    let pass = |(typed, argument): (&syn::PatType, &Argument)| {
        let Pat::Ident(name) = &*typed.pat else {
            return Err(Error::new(typed.pat.span(), "an argument of an interface has a name"));
        };
        let name = &name.ident;
        let Argument::Passed { form, ty, .. } = argument else {
            return Err(Error::new(typed.ty.span(), "it is nothing a caller passes"));
        };
        Ok(match form {
            Form::Plain => quote_spanned!(ty.span()=> .with(&#name)),
            Form::Bytes => quote!(.bytes(&#name)),
            Form::Rest => quote_spanned!(ty.span()=> .rest(&#name)),
        })
    };
    typed.zip(arguments).map(pass).collect()
}

fn stub(described: &ItemTrait, methods: &[TokenStream]) -> TokenStream {
    let ItemTrait { attrs, vis, ident, .. } = described;
    let duplicate = "Another handle of the same object, disposed on its own. An error if this one was disposed.";
    quote! {
        #(#attrs)*
        #[derive(Clone, Debug)]
        #vis struct #ident(::bowline::worker::RpcStub);

        #[allow(
            dead_code,
            clippy::too_many_arguments,
            clippy::needless_pass_by_value,
            reason = "generated: it has what is described, all of it and as it is"
        )]
        impl #ident {
            #(#methods)*

            #[doc = #duplicate]
            #vis fn dup(&self) -> ::std::result::Result<Self, ::bowline::worker::JsError> {
                self.0.dup().map(Self)
            }
        }

        ::bowline::worker::generated::interface!(#ident);
    }
}
