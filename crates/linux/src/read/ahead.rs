//! Reads the next pieces of an answer while the last ones are parsed: of a long table the
//! kernel's writing takes most of the time, and it writes only while somebody reads.

use super::processes::STACK;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, Builder};

/// Pieces read and not yet parsed, of one answer: enough to keep both sides busy, and the
/// most that is held of an answer of any length.
const PIECES: usize = 4;

/// Who is handed the pieces of an answer.
pub(crate) type Pieces<'a> = &'a mut dyn FnMut(&[u8]);

/// Asks questions by `read` and gives each to `each`, in order and here, with a pump: it
/// hands on the pieces of the answer as they come, and gives what `read` came to. Those that
/// are `long` are asked at once, each on a thread of its own, which is in the namespaces of
/// the caller's; the others, and one that gets no thread, when their turn comes.
pub(crate) fn ahead<Q: Sync, T: Send>(
    questions: &[Q],
    long: impl Fn(&Q) -> bool,
    read: impl Fn(&Q, Pieces<'_>) -> T + Sync,
    mut each: impl FnMut(&Q, &mut dyn FnMut(Pieces<'_>) -> T),
) {
    let read = &read;
    thread::scope(|scope| {
        let begun: Vec<_> = questions
            .iter()
            .map(|question| {
                if !long(question) {
                    return None;
                }
                let (full, pieces) = sync_channel(PIECES);
                let (empty, used) = channel();
                let work = move || read(question, &mut |piece| pass_on(piece, &full, &used));
                let thread = Builder::new().stack_size(STACK);
                let thread = thread.spawn_scoped(scope, work).ok()?;
                Some((thread, pieces, empty))
            })
            .collect();
        for (question, mut begun) in questions.iter().zip(begun) {
            each(question, &mut |sink| {
                let Some((thread, pieces, empty)) = begun.take() else {
                    return read(question, sink);
                };
                drain(&pieces, &empty, sink);
                match thread.join() {
                    Ok(result) => result,
                    // A reader does not panic, and a panic of ours aborts anyway.
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            });
        }
    });
}

/// Copies a piece into a buffer that came back, or a new one.
fn pass_on(piece: &[u8], full: &SyncSender<Vec<u8>>, used: &Receiver<Vec<u8>>) {
    let mut buffer = used.try_recv().unwrap_or_default();
    buffer.clear();
    buffer.extend_from_slice(piece);
    // Nobody listens any more only when all of it is given up.
    let _ = full.send(buffer);
}

fn drain(pieces: &Receiver<Vec<u8>>, empty: &Sender<Vec<u8>>, sink: Pieces<'_>) {
    for piece in pieces {
        sink(&piece);
        // A reader that is done needs no buffer.
        let _ = empty.send(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_whole_and_in_the_order_of_the_questions() {
        let questions = [3usize, 0, 200, 1];
        let read = |count: &usize, sink: Pieces<'_>| {
            (0..*count).for_each(|at| sink(format!("{count}:{at} ").as_bytes()));
            *count
        };
        let mut told = Vec::new();
        ahead(
            &questions,
            |count| *count != 1,
            read,
            |question, pump| {
                let mut text = Vec::new();
                let came_to = pump(&mut |piece| text.extend_from_slice(piece));
                told.push((*question, came_to, text));
            },
        );
        let expected = questions.map(|count| {
            let text: String = (0..count).map(|at| format!("{count}:{at} ")).collect();
            (count, count, text.into_bytes())
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn an_answer_nobody_wants_stops_nobody() {
        let read = |_: &u8, sink: Pieces<'_>| (0..50).for_each(|_| sink(b"piece"));
        let mut asked = 0;
        ahead(&[0u8, 1], |_| true, read, |_, _| asked += 1);
        assert_eq!(asked, 2);
    }
}
