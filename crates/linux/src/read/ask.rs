//! What can be asked, in the words every system shares.

pub use model::ask::*;
