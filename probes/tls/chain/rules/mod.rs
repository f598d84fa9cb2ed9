//! What clients refuse chains for, as measured: each rule names who refuses.

pub(super) mod constraints;
pub(super) mod encoding;
pub(super) mod extensions;
pub(super) mod host;
pub(super) mod issuer;
pub(super) mod leaf;
pub(super) mod link;
pub(super) mod listed;
pub(super) mod policies;
pub(super) mod size;

/// What a certificate is on a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    Leaf,
    Intermediate,
    Root,
}
