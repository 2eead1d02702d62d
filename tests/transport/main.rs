//! Every transport keeps the same contract: each situation of `contract` is played over each of
//! them. What concerns one kind alone follows in its own file.

#[cfg(feature = "tokio")]
mod address;
#[cfg(feature = "tokio")]
mod child;
mod contract;
mod framed;
mod http;
#[cfg(feature = "tokio")]
mod http_sockets;
mod links;
#[cfg(all(feature = "tokio", unix))]
mod listeners;
mod streams;
mod support;
