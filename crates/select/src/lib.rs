//! What is asked for: the little languages of `-i`, `-p`, `-u`, `-c`, `-d` and `-s`, and the
//! join of sockets with their holders. Pure: words and nouns in, answers out.
//!
//! Every parser gives one plain sentence on what it did not understand.
#![forbid(unsafe_code)]

mod address;
mod command;
mod fds;
mod holder;
mod owners;
mod path;
mod state;

pub use address::{Address, Ports};
pub use command::Command;
pub use fds::Fds;
pub use holder::{Numbers, Users};
pub use owners::{Holders, hold};
pub use path::{Place, within};
pub use state::StateFilter;

/// Cuts a list at its commas; an empty item is an error.
fn items(list: &str) -> impl Iterator<Item = Result<&str, String>> {
    list.split(',').map(move |item| {
        if item.is_empty() {
            Err(format!("an empty item in {list:?}"))
        } else {
            Ok(item)
        }
    })
}

/// A decimal number without sign, blank or leading words.
fn number<T: std::str::FromStr>(word: &str) -> Option<T> {
    if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    word.parse().ok()
}
