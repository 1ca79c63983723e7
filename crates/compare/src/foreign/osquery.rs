//! `select * from listening_ports` of osquery, as JSON: an array of objects whose values are
//! text or numbers.

use super::{Claim, Local, Row, Taken};
use model::{Pid, Proto};
use serde::Deserialize;
use serde_json::Value;

/// The columns that are used. What else there is, is not read.
#[derive(Deserialize)]
struct Port {
    pid: Option<Value>,
    port: Option<Value>,
    protocol: Option<Value>,
    address: Option<String>,
}

pub(super) fn rows(text: &[u8], taken: &mut Taken<'_>) -> Result<(), String> {
    let ports: Vec<Port> = serde_json::from_slice(text)
        .map_err(|why| format!("no rows of osquery's listening_ports: {why}"))?;
    for (at, port) in ports.iter().enumerate() {
        if port.port.is_none() || port.protocol.is_none() {
            return Err(format!(
                "row {}: no row of osquery's listening_ports",
                at + 1
            ));
        }
        match row(port) {
            Some(Some(row)) => taken.row(row),
            // Unix sockets are in this table too.
            Some(None) => {}
            None => taken.gap(format!("row {}: not understood", at + 1)),
        }
    }
    Ok(())
}

fn row(port: &Port) -> Option<Option<Row>> {
    let proto = match number(port.protocol.as_ref()?)? {
        6 => Proto::Tcp,
        17 => Proto::Udp,
        136 => Proto::UdpLite,
        _ => return Some(None),
    };
    let local = match port.address.as_deref()? {
        "" => Local::Untold,
        text => Local::of(text.parse().ok()?),
    };
    let pid = port.pid.as_ref().and_then(number);
    Some(Some(Row {
        proto,
        local,
        port: u16::try_from(number(port.port.as_ref()?)?).ok()?,
        peer: None,
        listens: true,
        // -1: nobody was found.
        owners: pid
            .and_then(|pid| u32::try_from(pid).ok())
            .map(|pid| Claim {
                pid: Pid(pid),
                program: None,
            })
            .into_iter()
            .collect(),
    }))
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
