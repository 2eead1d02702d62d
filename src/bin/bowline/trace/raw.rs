//! Recordings of one direction each, as `bowline decode` reads them: the bytes and nothing else.

use std::time::Duration;

use bowline::trace::{Said, Side, Streams, weave};
use bowline::wire::Message;

use super::log::{Log, Logs};
use crate::http;

/// One direction of one connection.
#[derive(Default)]
struct Way {
    heads: Vec<String>,
    messages: Vec<Message>,
    /// What is wrong with what follows.
    broken: Option<String>,
}

/// Adds the sessions of one recording, from the left, or of two, from the left and from the right.
pub(super) fn read(recordings: &[(String, Vec<u8>)], logs: &mut Logs) {
    let Some((left, bytes)) = recordings.first() else { return };
    let right = recordings.get(1);
    let mut lefts = ways(bytes).into_iter();
    let mut rights = right.map(|(_, bytes)| ways(bytes)).unwrap_or_default().into_iter();
    loop {
        let (from_left, from_right) = (lefts.next(), rights.next());
        if from_left.is_none() && from_right.is_none() {
            return;
        }
        let name = right.map_or("(not recorded)", |(name, _)| name);
        let mut log = Log::new(left.clone(), name.to_owned());
        log.woven = true;
        told(&mut log, from_left.unwrap_or_default(), from_right.unwrap_or_default());
        logs.put(log);
    }
}

fn told(log: &mut Log, left: Way, right: Way) {
    let at = Duration::ZERO;
    for (side, way) in [(Side::Left, &left), (Side::Right, &right)] {
        way.heads.iter().for_each(|head| log.see(at, side, "head", head));
    }
    let broken = [(Side::Left, left.broken), (Side::Right, right.broken)];
    weave(left.messages, right.messages, |from, message| {
        let bytes = message.content_words() * 8;
        log.say(at, from, &message, bytes);
    });
    for (side, why) in broken {
        if let Some(why) = why {
            log.see(at, side, "broken", &why);
        }
    }
}

/// The connections of one recording: recorders put one behind the other, each behind its head.
fn ways(bytes: &[u8]) -> Vec<Way> {
    let (mut ways, mut from) = (Vec::new(), 0);
    loop {
        let (way, stopped) = way(bytes.get(from..).unwrap_or_default(), from);
        ways.push(way);
        match stopped {
            Some(at) if at > from && begins_head(bytes.get(at..).unwrap_or_default()) => {
                if let Some(way) = ways.last_mut() {
                    way.broken = None;
                }
                from = at;
            }
            _ => return ways,
        }
    }
}

fn begins_head(bytes: &[u8]) -> bool {
    matches!(http::head(bytes), http::Head::Ends(_))
}

/// What one connection said, and where it stopped making sense.
fn way(bytes: &[u8], from: usize) -> (Way, Option<usize>) {
    let (mut way, mut stopped) = (Way::default(), None);
    let mut streams = Streams::new();
    let mut told = |said: Said| match said {
        Said::Message { message, .. } => way.messages.push(message),
        Said::Head(text) => way.heads.push(text),
        Said::Broken { at, why } => {
            let at = from + usize::try_from(at).unwrap_or(usize::MAX - from);
            way.broken = Some(format!("at byte {at}: {why}"));
            stopped = Some(at);
        }
        Said::End => {}
    };
    streams.push(Side::Left, bytes, &mut told);
    streams.end(Side::Left, &mut told);
    (way, stopped)
}
