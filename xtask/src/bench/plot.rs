//! The growth as a drawing: a panel a work, time over sockets, both by powers of ten.

use super::growth::{Both, Size};
use super::measure::Sample;
use super::pairs::TABLES;
use super::report::millis;
use std::fmt::Write;

/// A panel, and the room for its curves in it.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 230.0;
const LEFT: f64 = 48.0;
const TOP: f64 = 42.0;
const INNER_WIDTH: f64 = 236.0;
const INNER_HEIGHT: f64 = 148.0;
const ACROSS: usize = 3;

/// The axes, of all panels alike: from one power of ten to another.
struct Axes {
    sockets: (f64, f64),
    millis: (f64, f64),
}

impl Axes {
    fn of(sizes: &[Size]) -> Axes {
        let times = sizes.iter().flat_map(|size| {
            let both = size.works.iter().flat_map(|(ours, peer)| [ours, peer]);
            both.flatten().map(|sample| millis(sample.wall))
        });
        Axes {
            sockets: decades(sizes.iter().map(sockets)),
            millis: decades(times),
        }
    }

    fn x(&self, sockets: f64) -> f64 {
        LEFT + INNER_WIDTH * part(self.sockets, sockets)
    }

    fn y(&self, millis: f64) -> f64 {
        TOP + INNER_HEIGHT * (1.0 - part(self.millis, millis))
    }
}

/// The powers of ten around some figures.
fn decades(figures: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = figures.fold((f64::MAX, f64::MIN), |(low, high), figure| {
        let power = figure.max(0.1).log10();
        (power.floor().min(low), power.ceil().max(high))
    });
    if low < high { (low, high) } else { (0.0, 1.0) }
}

fn part((low, high): (f64, f64), figure: f64) -> f64 {
    (figure.max(0.1).log10() - low) / (high - low)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a load has fewer than 2^52 sockets"
)]
fn sockets(size: &Size) -> f64 {
    size.sockets() as f64
}

/// The drawing.
#[expect(clippy::cast_precision_loss, reason = "a handful of panels")]
pub(super) fn svg(sizes: &[Size]) -> String {
    let axes = Axes::of(sizes);
    let rows = TABLES.len().div_ceil(ACROSS);
    let (width, height) = (WIDTH * ACROSS as f64, HEIGHT * rows as f64 + 20.0);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <title>Time over sockets, ours and the peers'</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    for (index, pair) in TABLES.iter().enumerate() {
        let (column, row) = ((index % ACROSS) as f64, (index / ACROSS) as f64);
        let _ = writeln!(
            text,
            "<g transform=\"translate({},{})\">",
            column * WIDTH,
            row * HEIGHT
        );
        text.push_str(&grid(&axes));
        let curve = |pick: fn(&Both) -> Option<Sample>| {
            let points = sizes.iter().filter_map(|size| {
                let sample = pick(size.works.get(index)?)?;
                Some((axes.x(sockets(size)), axes.y(millis(sample.wall))))
            });
            points.collect::<Vec<_>>()
        };
        text.push_str(&line(&curve(|work| work.1), "#8a8a8a", "5 3"));
        text.push_str(&line(&curve(|work| work.0), "#0b5fa5", "none"));
        let titles = [(16.0, "#0b5fa5", pair.ours), (31.0, "#666666", pair.peer)];
        for (y, colour, words) in titles {
            let words = words.join(" ");
            let _ = writeln!(
                text,
                "<text x=\"{LEFT}\" y=\"{y}\" fill=\"{colour}\">{words}</text>"
            );
        }
        text.push_str("</g>\n");
    }
    let _ = writeln!(
        text,
        "<text x=\"{LEFT}\" y=\"{}\" fill=\"#444444\">across: sockets; upwards: milliseconds; \
         whole lines ours, broken lines the peer</text>\n</svg>",
        height - 8.0
    );
    text
}

/// The frame of a panel, a line a power of ten.
fn grid(axes: &Axes) -> String {
    let mut text = String::new();
    let (left, right) = (LEFT, LEFT + INNER_WIDTH);
    let (top, bottom) = (TOP, TOP + INNER_HEIGHT);
    for (power, label) in powers(axes.millis) {
        let y = axes.y(power);
        let _ = writeln!(
            text,
            "<line x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\" stroke=\"#dddddd\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#444444\">{label}</text>",
            left - 5.0,
            y + 4.0
        );
    }
    for (power, label) in powers(axes.sockets) {
        let x = axes.x(power);
        let _ = writeln!(
            text,
            "<line x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#dddddd\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#444444\">{label}</text>",
            bottom + 15.0
        );
    }
    text
}

/// The powers of ten of an axis, and how they are written.
fn powers((low, high): (f64, f64)) -> Vec<(f64, String)> {
    let mut powers = Vec::new();
    let mut power = low;
    while power <= high {
        let figure = 10f64.powf(power);
        let label = if figure >= 1000.0 {
            format!("{:.0}k", figure / 1000.0)
        } else {
            format!("{figure}")
        };
        powers.push((figure, label));
        power += 1.0;
    }
    powers
}

fn line(points: &[(f64, f64)], colour: &str, dashes: &str) -> String {
    let mut text = String::new();
    let places: Vec<String> = points
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    let _ = writeln!(
        text,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" \
         stroke-dasharray=\"{dashes}\"/>",
        places.join(" ")
    );
    for (x, y) in points {
        let _ = writeln!(
            text,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(processes: u16, wall: u64) -> Size {
        let sample = Sample {
            wall,
            processors: wall,
            peak: 1,
        };
        Size {
            processes,
            works: vec![(Some(sample), None); TABLES.len()],
        }
    }

    #[test]
    fn ten_times_as_much_is_one_power_to_the_right_and_up() {
        let sizes = [size(20, 10_000_000), size(200, 100_000_000)];
        let axes = Axes::of(&sizes);
        assert_eq!((axes.sockets, axes.millis), ((3.0, 5.0), (1.0, 2.0)));
        let across = axes.x(sockets(&sizes[1])) - axes.x(sockets(&sizes[0]));
        assert!((across - INNER_WIDTH / 2.0).abs() < 0.01);
        assert!((axes.y(10.0) - axes.y(100.0) - INNER_HEIGHT).abs() < 0.01);
    }

    #[test]
    fn every_work_has_a_panel_with_its_points() {
        let text = svg(&[size(20, 10_000_000), size(200, 100_000_000)]);
        assert_eq!(text.matches("<g ").count(), TABLES.len());
        assert_eq!(text.matches("<circle").count(), 2 * TABLES.len());
        assert!(text.ends_with("</svg>\n"));
        assert!(!svg(&[]).contains("NaN"));
    }
}
