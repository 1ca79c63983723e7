//! Rows of `/proc/net/unix` that are no sockets: a newline in the name of a socket goes into
//! the text as it is, and what follows it looks like a row.

use super::proc_net::Table;
use model::{Foreign, Inode, Socket};

/// A name with a newline, and the rows it forges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgery {
    /// The socket with that name.
    pub inode: Inode,
    /// The name.
    pub name: Foreign,
    /// The rows the text shows because of it.
    pub rows: Vec<Socket>,
}

/// What a name does to the text table; nothing where it holds no newline. The kernel writes
/// `@` for each NUL (`net/unix/af_unix.c`, `unix_seq_show`).
#[must_use]
pub fn forgery(inode: Inode, name: &Foreign, table: &Table) -> Option<Forgery> {
    if !name.as_bytes().contains(&b'\n') {
        return None;
    }
    let printed: Vec<u8> = name
        .as_bytes()
        .iter()
        .map(|&byte| if byte == 0 { b'@' } else { byte })
        .collect();
    let lines = printed.split(|&byte| byte == b'\n').skip(1);
    Some(Forgery {
        inode,
        name: name.clone(),
        rows: lines.filter_map(|line| table.row(line)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::{Order, proc_net};
    use model::{Family, Kind};
    use proptest::prelude::*;

    const UNIX: Table = Table {
        family: Family::Unix,
        proto: None,
        netns: None,
        order: Order::Little,
    };

    #[test]
    fn the_rows_a_name_forges_are_those_the_text_shows() {
        let tail = "00000000: 00000002 00000000 00010000 0001 01 424242 /run/fake.sock";
        let name = Foreign::from(format!("\0x\n{tail}\nrest\0y").as_str());
        let told = forgery(Inode(7), &name, &UNIX).expect("a forgery");
        assert_eq!(told.rows.len(), 1);
        let text = format!(
            "Num       RefCount Protocol Flags    Type St Inode Path\n\
             0000000000000000: 00000002 00000000 00010000 0001 01 7 @x\n{tail}\nrest@y\n"
        );
        let (rows, gaps) = proc_net::table(text.as_bytes(), "unix", &UNIX);
        assert_eq!((rows.len(), gaps.len()), (2, 1));
        assert_eq!(rows[1], told.rows[0]);
        assert!(matches!(&rows[1].kind, Kind::Unix(unix) if unix.listening));
    }

    #[test]
    fn a_plain_name_forges_nothing() {
        assert_eq!(forgery(Inode(7), &Foreign::from("\0plain"), &UNIX), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(name: Vec<u8>) {
            let _ = forgery(Inode(1), &Foreign::from(name), &UNIX);
        }
    }
}
