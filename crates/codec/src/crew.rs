//! Work that two threads may do at once. This crate starts none: whoever encodes lends the other.

/// Threads that are lent to an [`Encoder`](crate::Encoder).
pub trait Crew: std::fmt::Debug + Send + Sync {
    /// Calls both, at once where it can, and comes back when both have been called.
    fn both(&self, one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send));
}
