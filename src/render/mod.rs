//! Catalogue → documents: what people read and what other programs load. Pure; a check or a setting
//! that is declared shows up in all of them.

pub mod alerts;
pub mod command;
pub mod explain;
#[cfg(test)]
mod fixture;
pub mod list;
mod markdown;
pub mod readme;
mod settings;
mod table;
pub mod timeline;
pub(crate) mod words;
