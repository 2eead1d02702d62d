//! The walk through the clauses, each on a connection of its own.

use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::clauses::{CLAUSES, How};
use super::scene::{Method, Reach, Reaching, Running, Scene, Stream};
use super::verdict::{Found, Verdict, broken};
use crate::transport::ByteStream;

/// What a walk is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How long one clause may take. A server that is silent where it should speak costs so much.
    /// Default: 2 s.
    pub patience: Duration,
    /// How long the whole walk may take; what is left then is not applicable. Default: 120 s.
    pub total: Duration,
    /// A method of the bootstrap capability that returns, as the first pointer of its results, the
    /// capability that is the first pointer of its params. Through it the server calls the probe.
    pub echo: Option<Method>,
    /// A method of the bootstrap capability that never returns.
    pub hang: Option<Method>,
    /// Only these clauses, by their ids. Default: none, which means all.
    pub only: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(2),
            total: Duration::from_secs(120),
            echo: None,
            hang: None,
            only: Vec::new(),
        }
    }
}

/// What was found out about one clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its id in `SPEC.md`.
    pub clause: &'static str,
    /// What was said to the server.
    pub situation: &'static str,
    /// How the server took it.
    pub verdict: Verdict,
}

impl fmt::Display for Line {
    /// `C-Q2 holds (a question id that is in use)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.clause, self.verdict, self.situation)
    }
}

/// The ids of all clauses a walk goes through, in order, and the situation of each.
pub fn clauses() -> impl Iterator<Item = (&'static str, &'static str)> {
    CLAUSES.iter().map(|clause| (clause.id, clause.situation))
}

/// A walk through the clauses of `SPEC.md` against a server of any engine, which is not asked whether it likes it.
///
/// Each clause is put to it on connections of its own, and behind each one it is looked whether the server
/// still answers. It needs tokio's clock. A server may lose what it holds for the probe at any time, so run
/// it against one that serves nobody else.
pub struct Probe {
    reach: Reach,
    options: Options,
}

impl Probe {
    /// A walk against whoever `reach` reaches, with a new connection each time.
    pub fn new<F, A, S>(reach: F, options: Options) -> Self
    where
        F: Fn() -> A + 'static,
        A: Future<Output = io::Result<S>> + 'static,
        S: ByteStream + 'static,
    {
        let reach = move || -> Reaching {
            let reaching = reach();
            Box::pin(async move { Ok(Box::new(reaching.await?) as Stream) })
        };
        Self { reach: Box::new(reach), options }
    }

    /// Whether there is a server to be walked through: it can be reached, and answers a Bootstrap.
    ///
    /// # Errors
    ///
    /// What it did instead, in a line.
    pub async fn greet(&self) -> Result<(), String> {
        let greeted = self.try_out(|scene| Box::pin(scene.fence())).await;
        said(greeted)
    }

    /// Walks, and tells of each clause as it goes.
    ///
    /// # Errors
    ///
    /// There is no server to be walked through, as [`greet`](Self::greet) says; or one of the methods named in
    /// the [`Options`] does something else than it should, so that the clauses it serves would be judged wrongly.
    pub async fn walk(&self, mut tell: impl FnMut(Line)) -> Result<(), String> {
        self.greet().await?;
        self.try_methods().await?;
        let until = Instant::now() + self.options.total;
        let mut lost = None;
        let only = &self.options.only;
        let wanted = |id: &str| only.is_empty() || only.iter().any(|wanted| wanted == id);
        for clause in CLAUSES.iter().filter(|clause| wanted(clause.id)) {
            let verdict = match (&clause.how, &lost) {
                (How::Unseen(why), _) => Verdict::NotApplicable((*why).to_owned()),
                (How::Test(_), Some(why)) => Verdict::NotApplicable(String::clone(why)),
                (How::Test(test), None) => {
                    let (verdict, life) = match timeout_at(until, self.put(*test)).await {
                        Ok(put) => put,
                        Err(_) => self.out_of_time(),
                    };
                    lost = life.err();
                    verdict
                }
            };
            tell(Line { clause: clause.id, situation: clause.situation, verdict });
        }
        Ok(())
    }

    /// Whether the methods named do what is said of them.
    async fn try_methods(&self) -> Result<(), String> {
        let Options { echo, hang, .. } = self.options;
        if echo.is_some() {
            said(self.try_out(|scene| Box::pin(scene.echoes())).await)?;
        }
        if hang.is_some() {
            said(self.try_out(|scene| Box::pin(scene.hangs_at_all())).await)?;
        }
        Ok(())
    }

    /// Puts one clause to the server, and looks whether it lives on; if not, that is why nothing more
    /// can be told.
    async fn put(
        &self,
        test: for<'a, 'b> fn(&'a mut Scene<'b>) -> Running<'a>,
    ) -> (Verdict, Result<(), String>) {
        let verdict = Verdict::from(self.try_out(test).await);
        let Err(how) = self.greet_again().await else { return (verdict, Ok(())) };
        let before = match verdict {
            Verdict::Broken(how) => format!("{how}; "),
            _ => String::new(),
        };
        let broken = format!("{before}the server no longer answers a new connection: {how}");
        (Verdict::Broken(broken), Err("the server is gone".to_owned()))
    }

    /// A server that is busy with what it was sent, and has one thread, may answer late.
    async fn greet_again(&self) -> Result<(), String> {
        let mut greeted = self.greet().await;
        for _ in 0..2 {
            if greeted.is_err() {
                greeted = self.greet().await;
            }
        }
        greeted
    }

    fn out_of_time(&self) -> (Verdict, Result<(), String>) {
        let why = format!("the walk took longer than {} s", self.options.total.as_secs_f32());
        (Verdict::NotApplicable(why.clone()), Err(why))
    }

    async fn try_out(
        &self,
        test: impl for<'a, 'b> FnOnce(&'a mut Scene<'b>) -> Running<'a>,
    ) -> Found {
        let Options { patience, echo, hang, .. } = self.options;
        let opened = timeout(patience, Scene::new(&self.reach, patience, echo, hang)).await;
        let mut scene = match opened {
            Ok(Ok(scene)) => scene,
            Ok(Err(why)) => return broken(why.to_string()),
            Err(_) => return broken("connecting took too long"),
        };
        if let Ok(found) = timeout(patience, test(&mut scene)).await {
            return found;
        }
        let waits = scene.waits();
        broken(format!("no answer within {} s, waiting for {waits}", patience.as_secs_f32()))
    }
}

/// It holds, or in a line why not.
fn said(found: Found) -> Result<(), String> {
    match Verdict::from(found) {
        Verdict::Holds => Ok(()),
        Verdict::Broken(how) | Verdict::NotApplicable(how) => Err(how),
    }
}
