//! Metrics are statistics by name, for whoever watches a program from outside.

use std::fmt;

use super::stats::Stats;

/// One quantity a peer can make grow, under the name it always has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// Its name: `bowline_connection_questions`. Names stay as they are; new ones may come.
    pub name: &'static str,
    /// What it counts, in a line.
    pub help: &'static str,
    /// How many there are.
    pub value: usize,
}

/// What [`Metrics::of`] shows: the text format that Prometheus reads.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    samples: Vec<(String, Stats)>,
}

impl Stats {
    /// All of it by name, always in the same order.
    #[must_use]
    pub fn metrics(&self) -> impl ExactSizeIterator<Item = Metric> + use<> {
        // Whoever adds a field is asked for its name.
        let Self {
            questions,
            answers,
            exports,
            imports,
            embargoes,
            queued_messages,
            queued_words,
            inbound_words,
            kept_words,
            echoes,
        } = *self;
        [
            metric(
                "bowline_connection_questions",
                "Questions of ours that are not done.",
                questions,
            ),
            metric("bowline_connection_answers", "Answers of ours that are not done.", answers),
            metric(
                "bowline_connection_exports",
                "Capabilities the peer holds references of.",
                exports,
            ),
            metric(
                "bowline_connection_imports",
                "Capabilities of the peer we hold references of.",
                imports,
            ),
            metric(
                "bowline_connection_embargoes",
                "Embargoes of ours that are not lifted.",
                embargoes,
            ),
            metric(
                "bowline_connection_queued_messages",
                "Messages that wait to leave.",
                queued_messages,
            ),
            metric("bowline_connection_queued_words", "Words of content in them.", queued_words),
            metric(
                "bowline_connection_inbound_words",
                "Words of inbound calls that are not returned.",
                inbound_words,
            ),
            metric(
                "bowline_connection_kept_words",
                "Words of results that stay until the peer finishes.",
                kept_words,
            ),
            metric(
                "bowline_connection_echoes",
                "Messages that are to be sent back to the peer.",
                echoes,
            ),
        ]
        .into_iter()
    }
}

const fn metric(name: &'static str, help: &'static str, value: usize) -> Metric {
    Metric { name, help, value }
}

impl Metrics {
    /// The metrics of connections, each under a label that tells it from the others: who the peer is.
    ///
    /// ```
    /// use bowline::conn::{Config, Connection, Metrics};
    ///
    /// let connection = Connection::new(Config::default());
    /// let text = Metrics::of([("tcp:127.0.0.1:4000", connection.stats())]).to_string();
    /// assert!(text.contains("bowline_connection_questions{peer=\"tcp:127.0.0.1:4000\"} 0\n"));
    /// ```
    pub fn of<P: fmt::Display>(connections: impl IntoIterator<Item = (P, Stats)>) -> Self {
        let samples = connections.into_iter();
        Self { samples: samples.map(|(peer, stats)| (peer.to_string(), stats)).collect() }
    }
}

impl fmt::Display for Metrics {
    /// For each metric its help and type, then a line for each connection.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Metric { name, help, .. }) in Stats::default().metrics().enumerate() {
            writeln!(f, "# HELP {name} {help}\n# TYPE {name} gauge")?;
            for (peer, stats) in &self.samples {
                if let Some(Metric { value, .. }) = stats.metrics().nth(at) {
                    writeln!(f, "{name}{{peer=\"{}\"}} {value}", Label(peer))?;
                }
            }
        }
        Ok(())
    }
}

/// A label as the format has it: a quote, a backslash and the end of a line are escaped.
struct Label<'a>(&'a str);

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            c => fmt::Write::write_char(f, c),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_metric_has_a_name_of_its_own_and_its_own_value() {
        let stats = Stats { questions: 1, answers: 2, echoes: 10, ..Stats::default() };
        let metrics: Vec<_> = stats.metrics().collect();
        let mut names: Vec<_> = metrics.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), metrics.len());
        let named = |name: &str| {
            metrics.iter().find(|metric| metric.name.ends_with(name)).map(|metric| metric.value)
        };
        assert_eq!(
            [named("_questions"), named("_answers"), named("_echoes")],
            [Some(1), Some(2), Some(10)]
        );
    }

    #[test]
    fn a_page_for_prometheus_has_a_line_for_each_connection_and_escapes_names() {
        let stats = Stats { exports: 3, ..Stats::default() };
        let text = Metrics::of([("a", Stats::default()), ("b\"\\\n", stats)]).to_string();
        let told = "# HELP bowline_connection_exports Capabilities the peer holds references of.\n\
            # TYPE bowline_connection_exports gauge\n\
            bowline_connection_exports{peer=\"a\"} 0\n\
            bowline_connection_exports{peer=\"b\\\"\\\\\\n\"} 3\n";
        assert!(text.contains(told), "{text}");
        assert_eq!(text.lines().count(), 4 * stats.metrics().len());
    }

    #[test]
    fn the_readme_names_every_metric() {
        let readme = include_str!("../../README.md");
        for Metric { name, .. } in Stats::default().metrics() {
            let short = name.trim_start_matches("bowline_connection_");
            assert!(
                readme.contains(&format!("`{name}`")) || readme.contains(&format!("`…_{short}`")),
                "README.md: {name}"
            );
        }
    }
}
