//! Charts as SVG text: bars and lines, readable on light and on dark.

use std::fmt::Write;

use crate::table::grouped;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
/// Where the drawing begins and ends: room for labels to the left and below, for the names to the right.
const LEFT: f64 = 84.0;
const RIGHT: f64 = 590.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 340.0;

const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#333}.t{font-size:16px;font-weight:600}.v{font-size:11px}\
.axis{fill:none;stroke:#888}.grid{stroke:#8884;stroke-dasharray:2 4}.floor{stroke:#d33;stroke-width:2}\
.line{fill:none;stroke-width:2.5}@media(prefers-color-scheme:dark){text{fill:#ddd}}";

/// A contender always has the same colour, one that both backgrounds bear.
fn colour(contender: &str) -> &'static str {
    match contender {
        "bowline" => "#1a8a5a",
        "capnp-rpc" => "#d9822b",
        "tarpc" => "#4a7fd4",
        "tonic" => "#a05cc0",
        "floor" => "#d33",
        _ => "#888",
    }
}

/// What one contender has in a chart.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    /// Where on the horizontal axis, and how much.
    pub(crate) points: Vec<(f64, f64)>,
}

fn begin(title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"{title}\"><style>{STYLE}</style>\n\
         <text class=\"t\" x=\"{LEFT}\" y=\"26\">{title}</text>\n"
    )
}

/// A horizontal axis or a vertical one, linear or by tenfold steps.
struct Axis {
    from: f64,
    to: f64,
    begin: f64,
    end: f64,
}

impl Axis {
    /// By tenfold steps, from the least to the most; everything in it is above 0.
    fn logarithmic(values: impl Iterator<Item = f64>, begin: f64, end: f64) -> Self {
        let (least, most) =
            values.fold((f64::MAX, 0.0_f64), |(least, most), at| (least.min(at), most.max(at)));
        Self { from: least.log10(), to: most.log10(), begin, end }
    }

    /// From a whole step to a whole step.
    fn widened(self) -> Self {
        Self { from: self.from.floor(), to: self.to.ceil(), ..self }
    }

    fn at(&self, value: f64) -> f64 {
        let part = (value.log10() - self.from) / (self.to - self.from).max(0.1);
        self.begin + part * (self.end - self.begin)
    }

    fn steps(&self) -> impl Iterator<Item = f64> {
        (self.from as i32..=self.to as i32).map(|power| 10f64.powi(power))
    }
}

/// Three digits at least, and no more behind the point than they leave.
fn short(value: f64) -> String {
    match value {
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 100.0 => format!("{value:.1}"),
        value => grouped(value),
    }
}

/// Bars in groups; the floor is a line across its group.
pub(crate) fn bars(title: &str, unit: &str, groups: &[Group]) -> String {
    let mut svg = begin(title);
    let most = groups.iter().flat_map(|group| &group.bars).map(|bar| bar.1).fold(0.0, f64::max);
    let at = |value: f64| BOTTOM - (BOTTOM - TOP) * value / (most * 1.08);
    let _ = writeln!(svg, "<path class=\"axis\" d=\"M{LEFT} {BOTTOM}H{RIGHT}\"/>");
    let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{:.0}\">{unit}</text>", HEIGHT - 8.0);
    let wide = (RIGHT - LEFT) / groups.len() as f64;
    for (number, group) in groups.iter().enumerate() {
        let begin = wide.mul_add(number as f64, LEFT) + wide * 0.08;
        let each = wide * 0.84 / group.bars.len() as f64;
        for (place, (name, value)) in group.bars.iter().enumerate() {
            let (x, y) = (each.mul_add(place as f64, begin), at(*value));
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/>\
                 <text class=\"v\" text-anchor=\"middle\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                each * 0.86,
                BOTTOM - y,
                colour(name),
                each.mul_add(0.43, x),
                y - 4.0,
                short(*value)
            );
        }
        if let Some(floor) = group.floor {
            let (y, end) = (at(floor), wide.mul_add(0.84, begin));
            let _ = writeln!(svg, "<path class=\"floor\" d=\"M{begin:.1} {y:.1}H{end:.1}\"/>");
        }
        let middle = wide.mul_add(0.42, begin);
        let _ = writeln!(
            svg,
            "<text text-anchor=\"middle\" x=\"{middle:.1}\" y=\"{:.0}\">{}</text>",
            BOTTOM + 20.0,
            group.name
        );
    }
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in groups.iter().flat_map(|group| &group.bars) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    names.push("floor");
    key(&mut svg, &names);
    svg + "</svg>\n"
}

/// What stands together in a chart of bars.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) bars: Vec<(&'static str, f64)>,
    pub(crate) floor: Option<f64>,
}

fn key(svg: &mut String, names: &[&str]) {
    for (number, name) in names.iter().enumerate() {
        let y = 22.0f64.mul_add(number as f64, TOP + 8.0);
        let _ = writeln!(
            svg,
            "<rect x=\"{:.0}\" y=\"{:.0}\" width=\"14\" height=\"4\" fill=\"{}\"/>\
             <text x=\"{:.0}\" y=\"{:.0}\">{name}</text>",
            RIGHT + 18.0,
            y - 6.0,
            colour(name),
            RIGHT + 40.0,
            y
        );
    }
}

/// Lines over axes of tenfold steps.
pub(crate) fn lines(title: &str, [across, up]: [&str; 2], series: &[Series]) -> String {
    let mut svg = begin(title);
    let points = || series.iter().flat_map(|one| &one.points);
    let x = Axis::logarithmic(points().map(|point| point.0), LEFT, RIGHT);
    let y = Axis::logarithmic(points().map(|point| point.1), BOTTOM, TOP).widened();
    for step in y.steps() {
        let (at, label) = (y.at(step), grouped(step));
        let _ = writeln!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{RIGHT}\"/>\
             <text text-anchor=\"end\" x=\"{:.0}\" y=\"{:.1}\">{label}</text>",
            LEFT - 8.0,
            at + 4.0
        );
    }
    let mut told: Vec<f64> = points().map(|point| point.0).collect();
    told.sort_by(f64::total_cmp);
    told.dedup();
    for step in told {
        let _ = writeln!(
            svg,
            "<text text-anchor=\"middle\" x=\"{:.1}\" y=\"{:.0}\">{}</text>",
            x.at(step),
            BOTTOM + 18.0,
            grouped(step)
        );
    }
    let _ = writeln!(svg, "<path class=\"axis\" d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\"/>");
    let _ =
        writeln!(svg, "<text x=\"{LEFT}\" y=\"{:.0}\">{up}, against {across}</text>", HEIGHT - 8.0);
    for one in series {
        let mut path = String::new();
        for (number, point) in one.points.iter().enumerate() {
            let step = if number == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{step}{:.1} {:.1}", x.at(point.0), y.at(point.1));
        }
        let hue = colour(one.name);
        let _ = writeln!(svg, "<path class=\"line\" stroke=\"{hue}\" d=\"{path}\"/>");
    }
    let names: Vec<&str> = series.iter().map(|one| one.name).collect();
    key(&mut svg, &names);
    svg + "</svg>\n"
}
