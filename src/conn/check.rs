//! The tables, looked at from outside: as text, and for what must always hold between them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::connection::Connection;
use super::error::Broken;
use super::event::{OutCap, OutReturn, OutTarget};
use super::question::is_high;
use super::queue::Item;
use crate::wire::ImportId;

impl Connection {
    /// The tables, one entry a line, as `q3 waiting → e0`.
    #[must_use]
    pub fn dump(&self) -> String {
        let mut text = String::new();
        for (call, question) in self.questions.iter() {
            line(&mut text, format_args!("call {} {question}", call.0));
        }
        for (id, answer) in self.answers.iter() {
            line(&mut text, format_args!("{id} {answer}"));
        }
        for (cap, export) in self.exports.iter() {
            line(&mut text, format_args!("e{} {export}", cap.0));
        }
        for (id, import) in self.imports.iter() {
            line(&mut text, format_args!("{id} {import}"));
        }
        for (id, embargo) in self.embargoes.iter() {
            line(&mut text, format_args!("{id} {embargo}"));
        }
        text
    }

    /// Whether the tables agree with each other and with the queue. Looks at every entry.
    ///
    /// # Errors
    /// Names the invariant that does not hold: a defect of this library.
    pub fn check(&self) -> Result<(), Broken> {
        if self.is_closed() && self.table_entries() + self.queue.len() > 0 {
            return Err(Broken("a closed connection has entries".to_owned()));
        }
        let owing: BTreeSet<ImportId> = self.imports.owing().iter().copied().collect();
        for (id, import) in self.imports.iter() {
            broken(id, import.broken_rule())?;
            if import.is_owed() && !owing.contains(&id) {
                return Err(Broken(format!("{id} is owed a release that will not be sent")));
            }
        }
        for (cap, export) in self.exports.iter() {
            broken(format_args!("e{}", cap.0), export.broken_rule())?;
        }
        self.check_questions()?;
        self.check_queue_counts()
    }

    fn table_entries(&self) -> usize {
        self.questions.len()
            + self.answers.len()
            + self.exports.len()
            + self.imports.len()
            + self.embargoes.len()
    }

    /// Every ordinary id belongs to the one question that says so.
    fn check_questions(&self) -> Result<(), Broken> {
        let mut ids = 0;
        for (call, question) in self.questions.iter() {
            let Some(id) = question.life.id().filter(|id| !is_high(*id)) else { continue };
            ids += 1;
            if self.questions.find(id) != Some(call) {
                return Err(Broken(format!("{id} does not lead to the question that has it")));
            }
        }
        if ids != self.questions.ids_len() {
            return Err(Broken("an id belongs to no question".to_owned()));
        }
        Ok(())
    }

    /// Pins and queued references are exactly what the queue names.
    fn check_queue_counts(&self) -> Result<(), Broken> {
        let pins: u64 = self.questions.iter().map(|(_, question)| u64::from(question.pins)).sum();
        let queued: u64 = self.exports.iter().map(|(_, export)| export.queued()).sum();
        let mut named = (0, 0);
        for item in self.queue.iter() {
            count_item(item, &mut named);
        }
        if (pins, queued) != named {
            return Err(Broken(format!(
                "{pins} pins and {queued} queued references, but the queue names {} and {}",
                named.0, named.1
            )));
        }
        Ok(())
    }
}

fn line(text: &mut String, entry: std::fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = writeln!(text, "{entry}");
}

fn broken(entry: impl std::fmt::Display, rule: Option<&str>) -> Result<(), Broken> {
    rule.map_or(Ok(()), |rule| Err(Broken(format!("{entry} {rule}"))))
}

/// Adds the questions and the references of slots an item names.
fn count_item(item: &Item, named: &mut (u64, u64)) {
    match item {
        Item::Call { target, body, .. } => {
            count_target(target, named);
            body.params.caps.iter().for_each(|cap| count_cap(cap, named));
        }
        Item::Return { outcome: OutReturn::Results(payload), .. } => {
            payload.caps.iter().for_each(|cap| count_cap(cap, named));
        }
        Item::Return { outcome: OutReturn::TakeFrom(_), .. } => named.0 += 1,
        Item::Resolve { to: Ok(cap), .. } => count_cap(cap, named),
        Item::Disembargo { target, .. } | Item::DisembargoReply { target, .. } => {
            count_target(target, named);
        }
        _ => {}
    }
}

const fn count_target(target: &OutTarget, named: &mut (u64, u64)) {
    if let OutTarget::Answer(..) = target {
        named.0 += 1;
    }
}

const fn count_cap(cap: &OutCap, named: &mut (u64, u64)) {
    match cap {
        OutCap::Hosted(_) | OutCap::Promise(_) => named.1 += 1,
        OutCap::Answer(..) => named.0 += 1,
        OutCap::None | OutCap::Import(_) => {}
    }
}
