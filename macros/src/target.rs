//! `#[rpc_target]`: an `impl` block becomes an object for others.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Ident, ImplItem, ImplItemFn, ItemImpl, Result, ReturnType, Type};

use crate::marks::{JsName, Marks, check_unique, gather, refuse_words};
use crate::method::{
    Argument, Form, Receiver, arguments, is_bytes, refuse_borrowed_parts, success,
};

struct Member {
    ident: Ident,
    name: JsName,
    /// It is a property.
    is_getter: bool,
    arguments: Vec<Argument>,
    is_async: bool,
    receiver: Receiver,
    output: ReturnType,
    conditions: Vec<Attribute>,
}

#[derive(Default)]
struct Members {
    all: Vec<Member>,
    disposer: Option<Ident>,
    /// What answers requests.
    fetcher: Option<(Ident, Receiver)>,
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut block: ItemImpl = match syn::parse2(item.clone()) {
        Ok(block) => block,
        Err(_) => {
            let what = "#[rpc_target] goes on an `impl` block";
            let error = Error::new(item.span(), what).into_compile_error();
            return quote!(#error #item);
        }
    };
    let generated = refuse_words(&attribute, "rpc_target")
        .and_then(|()| check(&block))
        .and_then(|()| Members::of(&mut block))
        .map_or_else(Error::into_compile_error, |members| members.generate(&block.self_ty));
    quote!(#block #generated)
}

fn check(block: &ItemImpl) -> Result<()> {
    if let Some((path, _)) = &block.trait_ {
        let why = "#[rpc_target] goes on the type's own `impl` block, not on that of a trait";
        return Err(Error::new(path.span(), why));
    }
    let generics = &block.generics;
    if !generics.params.is_empty() || generics.where_clause.is_some() {
        let why = "#[rpc_target] goes on a type that is not generic";
        return Err(Error::new(generics.params.span(), why));
    }
    Ok(())
}

impl Members {
    fn of(block: &mut ItemImpl) -> Result<Self> {
        let (mut members, mut errors) = (Self::default(), Vec::new());
        for item in &mut block.items {
            if let ImplItem::Fn(function) = item
                && let Err(error) = members.add(function)
            {
                errors.push(error);
            }
        }
        gather(errors)?;
        check_unique(members.all.iter().map(|member| &member.name))?;
        Ok(members)
    }

    fn add(&mut self, function: &mut ImplItemFn) -> Result<()> {
        let marks = Marks::take(&mut function.attrs, &["getter", "dispose", "fetch", "skip"])?;
        let role = marks.role.as_ref().map(ToString::to_string);
        let receiver = match Receiver::of(&function.sig) {
            _ if role.as_deref() == Some("skip") => return Ok(()),
            Ok(Receiver::Missing) if role.is_none() && marks.name.is_none() => return Ok(()),
            Ok(Receiver::Missing) => {
                let why = "without `&self` it is not reachable, and has no marks";
                return Err(Error::new(function.sig.ident.span(), why));
            }
            receiver => receiver?,
        };
        if role.as_deref() == Some("fetch") {
            return self.fetcher(function, receiver);
        }
        let arguments = arguments(&mut function.sig)?;
        refuse_borrowed_parts(&function.sig)?;
        let signature = &function.sig;
        let is_getter = role.as_deref() == Some("getter");
        if role.as_deref() == Some("dispose") {
            return self.disposer(function, &arguments);
        }
        if is_getter && !arguments.iter().all(|argument| matches!(argument, Argument::Here)) {
            let why = "a getter takes no arguments; `&Local` may be one";
            return Err(Error::new(signature.inputs.span(), why));
        }
        self.all.push(Member {
            ident: signature.ident.clone(),
            name: JsName::of(&signature.ident, &marks)?,
            is_getter,
            arguments,
            is_async: signature.asyncness.is_some(),
            receiver,
            output: signature.output.clone(),
            conditions: conditions(&function.attrs),
        });
        Ok(())
    }

    fn disposer(&mut self, function: &ImplItemFn, arguments: &[Argument]) -> Result<()> {
        let signature = &function.sig;
        let refuse = |why: &str| Err(Error::new(signature.ident.span(), why));
        if signature.asyncness.is_some() {
            return refuse("nobody waits for a disposer: it is not `async`");
        }
        if !arguments.is_empty() || !matches!(signature.output, ReturnType::Default) {
            return refuse("a disposer takes `&self` and returns nothing");
        }
        match self.disposer.replace(signature.ident.clone()) {
            Some(_) => refuse("there is another disposer"),
            None => Ok(()),
        }
    }

    fn fetcher(&mut self, function: &ImplItemFn, receiver: Receiver) -> Result<()> {
        let signature = &function.sig;
        let refuse = |why: &str| Err(Error::new(signature.ident.span(), why));
        let returns = matches!(signature.output, ReturnType::Type(..));
        if signature.asyncness.is_none() || signature.inputs.len() != 2 || !returns {
            return refuse(
                "what answers requests is `async`, takes `&self` and a `Request<Body>`, and returns a \
                 `Result<Response<Body>, JsError>`",
            );
        }
        match self.fetcher.replace((signature.ident.clone(), receiver)) {
            Some(_) => refuse("something else answers requests already"),
            None => Ok(()),
        }
    }

    fn generate(&self, target: &Type) -> TokenStream {
        let methods = self.all.iter().map(Member::method_arm);
        let getters = self.all.iter().map(Member::getter_arm);
        let disposer = self.disposer.as_ref().map(|disposer| {
            quote! {
                fn dispose(&self) {
                    Self::#disposer(self);
                }
            }
        });
        let fetcher = self.fetcher.as_ref().map(|(fetcher, receiver)| {
            let this = receiver.pass();
            quote! {
                fn fetch(
                    self: ::bowline::worker::generated::Rc<Self>,
                    request: ::bowline::worker::generated::HttpRequest,
                ) -> ::bowline::worker::generated::HttpAnswer {
                    ::std::boxed::Box::pin(async move { Self::#fetcher(#this, request).await })
                }
            }
        });
        quote! {
            #[automatically_derived]
            #[allow(clippy::all, clippy::pedantic, reason = "generated")]
            #[allow(unused_variables, unused_qualifications, reason = "generated")]
            const _: () = {
                use ::bowline::worker::generated::Plain as _;

                impl ::bowline::worker::RpcTarget for #target {
                    fn method(
                        self: ::bowline::worker::generated::Rc<Self>,
                        name: &str,
                        call: ::bowline::worker::Call,
                    ) -> ::bowline::worker::Answer {
                        match name {
                            #(#methods)*
                            _ => ::bowline::worker::Answer::Missing,
                        }
                    }

                    fn getter(
                        self: ::bowline::worker::generated::Rc<Self>,
                        name: &str,
                        here: &::bowline::worker::generated::Local,
                    ) -> ::bowline::worker::Answer {
                        match name {
                            #(#getters)*
                            _ => ::bowline::worker::Answer::Missing,
                        }
                    }

                    #disposer
                    #fetcher
                }

                impl ::bowline::worker::IntoReturn for #target {
                    fn into_return(
                        self,
                        here: &::bowline::worker::generated::Local,
                    ) -> ::std::result::Result<::bowline::worker::Return, ::bowline::worker::JsError> {
                        ::bowline::worker::generated::hosted(here, self)
                    }
                }
            };
        }
    }
}

/// What decides whether an item is compiled at all.
pub(crate) fn conditions(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect()
}

impl Member {
    fn method_arm(&self) -> TokenStream {
        let (name, conditions) = (&self.name.text, &self.conditions);
        let answer = match self.is_getter {
            true => quote!(::bowline::worker::Answer::property(call)),
            false => self.answer(&quote!(call.here())),
        };
        quote!(#(#conditions)* #name => #answer,)
    }

    fn getter_arm(&self) -> TokenStream {
        let (name, conditions) = (&self.name.text, &self.conditions);
        let answer = if self.is_getter {
            let answer = self.answer(&quote!(&here));
            quote!({ let here = ::std::clone::Clone::clone(here); #answer })
        } else {
            quote!(::bowline::worker::Answer::Method)
        };
        quote!(#(#conditions)* #name => #answer,)
    }

    fn answer(&self, here: &TokenStream) -> TokenStream {
        let (reads, passes) = self.arguments(here);
        let ident = &self.ident;
        let this = self.receiver.pass();
        let wait = self.is_async.then(|| quote!(.await));
        let mut result = quote!(Self::#ident(#this #(, #passes)*) #wait);
        if let Some((ty, may_fail)) = success(&self.output)
            && is_bytes(ty)
        {
            result = match may_fail {
                true => quote!(#result.map(::bowline::worker::generated::Bytes)),
                false => quote!(::bowline::worker::generated::Bytes(#result)),
            };
        }
        // What is wrong with the result is told at its type.
        let span = match &self.output {
            ReturnType::Type(_, ty) => ty.span(),
            ReturnType::Default => ident.span(),
        };
        let outcome = quote_spanned! {span=>
            ::bowline::worker::generated::Outcome(#result).end(#here)
        };
        match self.is_async {
            true => quote! {
                ::bowline::worker::generated::later(async move { #(#reads)* #outcome })
            },
            false => quote!(::bowline::worker::generated::now(move || { #(#reads)* #outcome })),
        }
    }

    /// How the arguments are read, and then passed.
    fn arguments(&self, here: &TokenStream) -> (Vec<TokenStream>, Vec<TokenStream>) {
        let method = &self.name.text;
        let (mut reads, mut passes) = (Vec::new(), Vec::new());
        for argument in &self.arguments {
            passes.push(match argument {
                Argument::Call => quote!(&call),
                Argument::Here => here.clone(),
                Argument::Passed { form, ty, by_reference } => {
                    let index = reads.len();
                    let local = format_ident!("argument_{}", index);
                    let read = match form {
                        Form::Plain => quote_spanned!(ty.span()=> argument::<#ty>),
                        Form::Bytes => quote!(bytes),
                        Form::Rest => quote!(rest),
                    };
                    reads.push(quote! {
                        let #local = ::bowline::worker::generated::#read(&call, #method, #index)?;
                    });
                    let reference = by_reference.then(|| quote!(&));
                    quote!(#reference #local)
                }
            });
        }
        (reads, passes)
    }
}
