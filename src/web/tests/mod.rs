//! The listener as its clients meet it: real sockets, real TLS, a real browser.

mod access;
mod browser;
mod client;
mod hostile;
mod pages;
mod routes;
mod sample;
