//! What passes the boundary, and what does not.

mod redaction;
mod report;
mod spellings;
