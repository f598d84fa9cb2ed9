//! What passes the boundary, and what does not.

mod numbers;
mod redaction;
mod report;
mod spellings;
