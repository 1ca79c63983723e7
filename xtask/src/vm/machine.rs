//! A machine in QEMU, with its serial line in our hands.

use super::Way;
use crate::sh::{self, Outcome};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// The serial line may be silent for this long: there is no hardware virtualization, and the
/// builder may be busy.
const SILENCE: Duration = Duration::from_secs(420);
/// No one thing takes longer, however much is said meanwhile.
const PATIENCE: Duration = Duration::from_secs(1200);
/// The last line of the menu.
const MENU: &str = "Serial console only";
/// Pieces of it that may wait while we listen to another machine.
const PIECES: usize = 1 << 16;
/// The serial line's text may grow to this, in bytes.
const HEARD_MAX: usize = 4 << 20;

/// A running machine. It is killed with this value.
pub(super) struct Machine {
    child: Child,
    keys: ChildStdin,
    line: Receiver<Vec<u8>>,
    heard: String,
    log: File,
    log_path: PathBuf,
}

impl Machine {
    /// Switches it on. What the serial line says is also written to `log`.
    ///
    /// # Errors
    /// QEMU does not start, or the log cannot be written.
    pub(super) fn start(way: &Way, image: &Path, disk: &Path, log: PathBuf) -> Outcome<Machine> {
        let mut qemu = Command::new("qemu-system-x86_64");
        qemu.args(["-accel", "tcg", "-m", "768", "-no-reboot"]);
        qemu.args(["-display", "none", "-monitor", "none", "-serial", "stdio"]);
        qemu.args(way.firmware);
        for card in way.cards {
            qemu.args(["-nic", card]);
        }
        let image = image.display();
        if way.cd {
            qemu.args(["-cdrom", &image.to_string()]);
        } else {
            let stick = format!("if=none,id=stick,format=raw,readonly=on,file={image}");
            qemu.args(["-drive", &stick, "-device", "qemu-xhci"]);
            qemu.args(["-device", "usb-storage,drive=stick,bootindex=1"]);
        }
        let disk = format!("if=virtio,format=raw,file={}", disk.display());
        qemu.args(["-drive", &disk]);
        eprintln!("$ {}", sh::line(&qemu));
        let failed = |why: std::io::Error| format!("qemu-system-x86_64: {why}");
        let mut child = qemu
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (Some(keys), Some(screen)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("qemu-system-x86_64: no serial line".into());
        };
        Ok(Machine {
            child,
            keys,
            line: listen(screen),
            heard: String::new(),
            log: File::create(&log).map_err(|why| format!("{}: {why}", log.display()))?,
            log_path: log,
        })
    }

    /// Waits for the menu, and presses the key of an entry.
    ///
    /// # Errors
    /// As [`Machine::expect`].
    pub(super) fn choose(&mut self, key: &str) -> Outcome {
        self.expect(MENU)?;
        self.type_in(key)
    }

    /// Waits until the serial line says this; gives what it said before.
    ///
    /// # Errors
    /// It falls silent first, or goes on for ever, or the machine stops.
    pub(super) fn expect(&mut self, text: &str) -> Outcome<String> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some((before, after)) = self.heard.split_once(text) {
                let (before, after) = (before.to_owned(), after.to_owned());
                self.heard = after;
                return Ok(before);
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.line.recv_timeout(left.min(SILENCE)) {
                Ok(bytes) if self.heard.len() + bytes.len() <= HEARD_MAX => {
                    // A log that cannot be written spoils no test.
                    let _ = self.log.write_all(&bytes);
                    self.heard.push_str(&String::from_utf8_lossy(&bytes));
                }
                _ => {
                    let log = self.log_path.display();
                    return Err(format!("the machine did not say {text:?}; see {log}"));
                }
            }
        }
    }

    /// From its prompt on, the shell reads our commands without an echo, and marks the end
    /// of each answer.
    ///
    /// # Errors
    /// The machine is gone.
    pub(super) fn take_over(&mut self) -> Outcome {
        // The mark is quoted, so that it appears whole only in answers.
        self.type_in(
            "stty -echo; while read -r line; do eval \"$line\"; echo --answer''ed--; done\n",
        )
    }

    /// Gives the shell a command; gives what it prints.
    ///
    /// # Errors
    /// As [`Machine::expect`].
    pub(super) fn ask(&mut self, command: &str) -> Outcome<String> {
        eprintln!("concord# {command}");
        self.type_in(&format!("{command}\n"))?;
        let answer = self.expect("--answered--")?;
        Ok(answer.replace('\r', ""))
    }

    /// Leaves, and waits until the machine is off.
    ///
    /// # Errors
    /// It does not go off in time, or QEMU fails.
    pub(super) fn power_off(&mut self) -> Outcome {
        self.type_in("poweroff\n")?;
        let until = Instant::now() + SILENCE;
        while Instant::now() < until {
            // The line is drained, so that the machine can go on talking.
            let _ = self.line.recv_timeout(Duration::from_millis(200));
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(format!("qemu-system-x86_64: {status}")),
                Ok(None) => {}
                Err(why) => return Err(format!("qemu-system-x86_64: {why}")),
            }
        }
        Err("the machine did not power off".into())
    }

    fn type_in(&mut self, text: &str) -> Outcome {
        let typed = self.keys.write_all(text.as_bytes());
        typed
            .and_then(|()| self.keys.flush())
            .map_err(|why| format!("the serial line: {why}"))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // It may have gone off by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A thread that reads the serial line to its end.
fn listen(mut screen: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (said, line) = mpsc::sync_channel(PIECES);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = screen.read(&mut buffer) {
            let bytes = buffer.get(..count).unwrap_or_default().to_vec();
            if said.send(bytes).is_err() {
                break;
            }
        }
    });
    line
}
