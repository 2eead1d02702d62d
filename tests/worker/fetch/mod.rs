//! Requests of services: in one vat, over links, and by HTTP on a socket.

mod answers;
mod bodies;
mod http_calls;
mod scene;
mod sockets;
mod values;
