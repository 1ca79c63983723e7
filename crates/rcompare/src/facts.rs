//! Who looks, read through the one door.

use compare::Facts;
use model::Gap;
use sysroot::Sysroot;

/// Collects who looks and what addresses and devices this namespace has.
pub(crate) fn facts() -> Facts {
    let root = match Sysroot::live() {
        Ok(root) => root,
        Err(error) => {
            return Facts {
                gaps: vec![Gap::io("/", &error)],
                ..Facts::default()
            };
        }
    };
    let (observer, mut gaps) = host::observer(&root);
    let (addrs, mut more) = host::local_addrs(&root);
    gaps.append(&mut more);
    let (interfaces, mut more) = host::interfaces(&root);
    gaps.append(&mut more);
    let (kernel_ports, mut more) = host::read::network::kernel_ports(&root);
    gaps.append(&mut more);
    Facts {
        observer,
        addrs,
        interfaces,
        kernel_ports,
        gaps,
    }
}
