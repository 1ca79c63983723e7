//! What is asked of a live kernel by system call. Elsewhere there is no such kernel.

#[cfg(target_os = "illumos")]
mod illumos;
#[cfg(target_os = "illumos")]
pub(crate) use illumos::{fusers, kstat, kstat_chain, mib2, uname};

#[cfg(not(target_os = "illumos"))]
mod elsewhere;
#[cfg(not(target_os = "illumos"))]
pub(crate) use elsewhere::{fusers, kstat, kstat_chain, mib2, uname};

/// Where raw answers go.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(&[u8]);
