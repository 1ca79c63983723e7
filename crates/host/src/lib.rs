//! The system we run on. The only file that asks which system this is.
//!
//! A tree recorded on Solaris is read as such wherever we are. What the programs may ask is
//! the list in `facade`; a name that one system lacks fails to compile on every system.
#![forbid(unsafe_code)]

/// What every system answers, and nothing else is seen of it.
macro_rules! facade {
    ($($system:tt)+) => {
        pub use $($system)+::{
            ask_socket, files, holdings, holdings_once, interfaces, kernel_files, local_addrs, mounts, netns,
            observer, process, socket_filter, sockets, sockets_near, task_netns, users,
        };

        /// Sessions without a terminal, and what a terminal asks of us.
        pub mod session {
            pub use $($system)+::session::{Interrupt, begin, end};
        }

        /// Readers of single places.
        pub mod read {
            /// The kernel's counters beside its tables.
            pub mod counters {
                pub use $($system)+::read::counters::counted;
            }
            /// Sockets beside the internet's.
            pub mod beside {
                pub use $($system)+::read::beside::sockets;
            }
            /// Routes, interfaces, groups, statistics.
            pub mod facts {
                pub use $($system)+::read::facts::{counters, groups, interfaces, routes};
            }
            /// Whether `/proc` is what it says.
            pub mod identity {
                pub use $($system)+::read::identity::identity;
            }
            /// Other places to stand in.
            pub mod netns {
                pub use $($system)+::read::netns::{Namespace, namespaces};
            }
            /// What the kernel says of its network.
            pub mod network {
                pub use $($system)+::read::network::kernel_ports;
            }
            /// A procfs of our own.
            pub mod private {
                pub use $($system)+::read::private::{Private, private};
            }
            /// SCTP sockets.
            pub mod sctp {
                pub use $($system)+::read::sctp::sockets;
            }
            /// What leads packets elsewhere.
            pub mod steering {
                pub use $($system)+::read::steering::steering;
            }
            /// Sockets, from where the reader stands.
            pub mod tables {
                pub use $($system)+::read::tables::{Stand, sockets_in};
            }
            /// Unix sockets, by a source whose names forge no rows.
            pub mod unix {
                pub use $($system)+::read::unix::unix_sockets;
            }
            /// Witnesses beside the tables and the walk.
            pub mod witness {
                pub use $($system)+::read::witness::{behind, boot_ms, copies, exact, receipt, rings};
            }
        }
    };
}

/// What only Solaris and illumos tell, of a recording made there on every system.
pub mod solaris {
    pub use ::solaris::parse::fuser::{USES, User};
    pub use ::solaris::{Find, Held, file_users, finds, mount_users, owners};

    /// Release and version, as uname(2) has them.
    #[must_use]
    pub fn kernel(root: &sysroot::Sysroot) -> (model::Foreign, model::Gaps) {
        let (named, gaps) = ::solaris::read::kernel::named(root);
        (named.version, gaps)
    }
}

/// Whether the host is Solaris or illumos: the one recorded here, or the one we run on.
#[must_use]
pub fn is_solaris(recorded: Option<&std::path::Path>) -> bool {
    match recorded {
        Some(dir) => {
            let root = sysroot::Sysroot::at(dir);
            root.is_ok_and(|root| ::solaris::is_recording(&root))
        }
        None => cfg!(target_os = "illumos"),
    }
}

#[cfg(target_os = "illumos")]
facade!(::solaris);

#[cfg(not(target_os = "illumos"))]
mod either;
#[cfg(not(target_os = "illumos"))]
facade!(crate::either);

/// Whoever adds to the facade learns at once, and on any system, what Solaris lacks.
#[cfg(not(target_os = "illumos"))]
mod elsewhere {
    #![expect(
        unused_imports,
        unreachable_pub,
        reason = "only their existence matters here"
    )]
    facade!(::solaris);
}
