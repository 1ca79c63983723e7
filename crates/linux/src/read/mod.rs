//! Asks the kernel through the one door, and hands what it says to [`crate::parse`].

pub mod ask;
pub mod files;
pub mod network;
pub mod observer;
pub mod tables;
pub mod walk;
