//! `-J` and `-j`: JSON in lsof's shape, with the addresses and ports lsof's own leaves out.

use crate::cells;
use crate::listing::{Print, Round};
use crate::name;
use crate::row::Row;
use model::{Foreign, ProcessId};
use render::Text;
use serde::Serialize;
use std::io;
use std::net::IpAddr;

#[derive(Serialize)]
struct JsonProcess {
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pgid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ppid: Option<u32>,
    command: Foreign,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<Foreign>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<JsonFile>,
}

#[derive(Serialize)]
struct JsonLine<'a> {
    #[serde(flatten)]
    process: &'a JsonProcess,
    #[serde(flatten)]
    file: JsonFile,
}

#[derive(Serialize)]
struct JsonFile {
    fd: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<char>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<char>,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inode: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'static str>,
    name: Foreign,
    #[serde(skip_serializing_if = "Option::is_none")]
    local: Option<JsonEnd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<JsonEnd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tcp_info: Option<JsonTcp>,
}

#[derive(Serialize)]
struct JsonEnd {
    addr: IpAddr,
    port: u16,
}

#[derive(Serialize)]
struct JsonTcp {
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    recv_queue: u32,
    send_queue: u32,
}

fn process(row: &Row<'_>) -> JsonProcess {
    let process = row.process;
    JsonProcess {
        pid: process.id.pid.0,
        pgid: process.pgid.map(|group| group.0),
        ppid: process.ppid.map(|parent| parent.0),
        command: process.comm.clone(),
        uid: process.uid.map(|uid| uid.0),
        login: process
            .uid
            .and_then(|uid| row.show.users.get(&uid).cloned()),
        files: Vec::new(),
    }
}

fn file(row: &Row<'_>) -> JsonFile {
    let word = |write: fn(&Row<'_>, &mut Text)| {
        let mut text = Text::default();
        write(row, &mut text);
        // A text is always UTF-8.
        String::from_utf8(text.as_bytes().to_vec())
            .ok()
            .filter(|word| !word.is_empty())
    };
    let inet = row.socket.and_then(|socket| socket.kind.inet());
    let state = inet.and_then(|inet| name::state_word(inet).map(|state| state.to_string()));
    let unix = row.unix().map(|unix| name::unix_state(unix).to_owned());
    JsonFile {
        fd: row.file.slot.to_string(),
        tid: row.tid.map(|tid| tid.0),
        access: row.file.access.map(|access| access.letter()),
        lock: row.file.lock.map(|lock| lock.letter()),
        kind: row.type_word(),
        device: word(cells::device),
        size: row.size(),
        offset: row.offset(),
        inode: row.file.inode.map(|inode| inode.0),
        links: row.file.links,
        protocol: row.proto_word(),
        // A path goes out as the bytes it is; what we compose ourselves as it is shown.
        name: if row.socket.is_none() && row.file.name.as_bytes().starts_with(b"/") {
            row.file.name.clone()
        } else {
            Foreign::from(word(name::plain).unwrap_or_default().as_str())
        },
        local: inet.map(|inet| JsonEnd {
            addr: inet.local,
            port: inet.port,
        }),
        remote: inet
            .filter(|inet| inet.remote_port != 0)
            .map(|inet| JsonEnd {
                addr: inet.remote,
                port: inet.remote_port,
            }),
        flags: word(cells::flags),
        tcp_info: row
            .socket
            .filter(|_| inet.is_some() || unix.is_some())
            .map(|socket| JsonTcp {
                state: state.or(unix),
                recv_queue: socket.recv_queue,
                send_queue: socket.send_queue,
            }),
    }
}

/// `-J`: one object, its processes written as they are complete.
#[derive(Default)]
pub(crate) struct Tree {
    now: Option<(ProcessId, JsonProcess)>,
    begun: bool,
    written: bool,
}

impl Tree {
    fn begin(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let version = env!("CARGO_PKG_VERSION");
        write!(
            out,
            "{{\"lsof_version\":\"rlsof {version}\",\"processes\":["
        )
    }

    fn flush(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        let Some((_, process)) = self.now.take() else {
            return Ok(());
        };
        if std::mem::replace(&mut self.written, true) {
            out.write_all(b",")?;
        }
        serde_json::to_writer(out, &process)?;
        Ok(())
    }
}

impl Print for Tree {
    fn row(&mut self, row: &Row<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        self.begin(out)?;
        if !matches!(&self.now, Some((id, _)) if *id == row.process.id) {
            self.flush(out)?;
            self.now = Some((row.process.id, process(row)));
        }
        if let Some((_, process)) = &mut self.now {
            process.files.push(file(row));
        }
        Ok(())
    }

    fn end(&mut self, _: &Round, out: &mut dyn io::Write) -> io::Result<()> {
        self.begin(out)?;
        self.flush(out)?;
        out.write_all(b"]}\n")
    }
}

/// `-j`: one object a file, each with its process.
#[derive(Default)]
pub(crate) struct Lines;

impl Print for Lines {
    fn row(&mut self, row: &Row<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let line = JsonLine {
            process: &process(row),
            file: file(row),
        };
        render::json::line(out, &line)
    }

    fn end(&mut self, _: &Round, _: &mut dyn io::Write) -> io::Result<()> {
        Ok(())
    }
}
