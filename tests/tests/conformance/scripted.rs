//! Services and checks that do what the story says.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use tower::Service;
use tower_failover::availability::Evidence;
use tower_failover::{Health, Probe};

use crate::inputs::Does;

/// What a caller asks for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) kind: Kind,
    pub(crate) repeatable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
}

impl Kind {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "read" => Ok(Self::Read),
            "write" => Ok(Self::Write),
            _ => Err(format!("`{text}` is no kind of call")),
        }
    }
}

/// An answer: of whom, and to what.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) member: String,
    pub(crate) kind: Kind,
}

/// How a call can end at a member, but for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// No connection could be made: the call was not applied.
    Unreachable,
    /// The connection broke: the call may have been applied.
    Broken,
    /// As `Broken`, and of all calls that were in flight on one connection it is one failure.
    Lost,
    /// The member answered that it cannot serve calls of this kind: not applied.
    Refused(Kind),
    /// An answer that is an error, and no fault of the member.
    ErrorReply,
    /// A fault of our side; says nothing about the member.
    BadCall,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Trouble {}

#[derive(Debug, Clone, Copy)]
enum Way {
    Answer,
    Hang,
    Fail(fn(Kind) -> Trouble),
}

impl Way {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(match text {
            "answer" => Self::Answer,
            "hang" => Self::Hang,
            "unreachable" => Self::Fail(|_| Trouble::Unreachable),
            "fail" => Self::Fail(|_| Trouble::Broken),
            "lose" => Self::Fail(|_| Trouble::Lost),
            "refuse" => Self::Fail(Trouble::Refused),
            "error_reply" => Self::Fail(|_| Trouble::ErrorReply),
            "bad_call" => Self::Fail(|_| Trouble::BadCall),
            _ => return Err(format!("a service does not `{text}`")),
        })
    }
}

/// The service of one member.
#[derive(Debug, Clone)]
pub(crate) struct Scripted(Arc<Script>);

#[derive(Debug)]
struct Script {
    member: String,
    way: Mutex<(Way, Duration, Option<Kind>)>,
    attempts: AtomicU64,
    /// How the calls that hang end.
    finish: watch::Sender<Way>,
}

impl Scripted {
    pub(crate) fn new(member: &str) -> Self {
        Self(Arc::new(Script {
            member: member.into(),
            way: Mutex::new((Way::Answer, Duration::ZERO, None)),
            attempts: AtomicU64::new(0),
            finish: watch::Sender::new(Way::Hang),
        }))
    }

    pub(crate) fn does(&self, does: &Does) -> Result<(), String> {
        let kind = does.to.as_deref().map(Kind::parse).transpose()?;
        let takes = does.takes.map(|time| time.0).unwrap_or_default();
        *lock(&self.0.way) = (Way::parse(&does.does)?, takes, kind);
        Ok(())
    }

    pub(crate) fn finish(&self, with: &str) -> Result<(), String> {
        self.0.finish.send_replace(Way::parse(with)?);
        Ok(())
    }

    /// How many calls have come since the last time this was asked.
    pub(crate) fn take_attempts(&self) -> u64 {
        self.0.attempts.swap(0, Ordering::Relaxed)
    }

    fn answered(self, way: Way, kind: Kind) -> Result<Reply, Trouble> {
        match way {
            Way::Fail(trouble) => Err(trouble(kind)),
            Way::Answer | Way::Hang => Ok(Reply { member: self.0.member.clone(), kind }),
        }
    }
}

impl Service<Request> for Scripted {
    type Response = Reply;
    type Error = Trouble;
    type Future = Pin<Box<dyn Future<Output = Result<Reply, Trouble>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Trouble>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, Request { kind, .. }: Request) -> Self::Future {
        let this = self.clone();
        this.0.attempts.fetch_add(1, Ordering::Relaxed);
        let (way, takes, only) = *lock(&this.0.way);
        let way = if only.is_none_or(|only| only == kind) { way } else { Way::Answer };
        let mut finish = this.0.finish.subscribe();
        Box::pin(async move {
            if !takes.is_zero() {
                sleep(takes).await;
            }
            if !matches!(way, Way::Hang) {
                return this.answered(way, kind);
            }
            match finish.changed().await {
                Ok(()) => {
                    let way = *finish.borrow();
                    this.answered(way, kind)
                }
                Err(_) => pending().await,
            }
        })
    }
}

/// The answers of one check.
#[derive(Debug, Clone)]
pub(crate) struct ScriptedCheck(Arc<CheckScript>);

#[derive(Debug)]
struct CheckScript {
    name: String,
    answers: Mutex<(VecDeque<Said>, Duration)>,
    probes: AtomicU64,
}

#[derive(Debug, Clone)]
enum Said {
    Says(Health),
    Hangs,
    Panics,
}

impl Said {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self::Says(match text {
            "healthy" => Health::Healthy,
            "not_preferred" => Health::NotPreferred(text.into()),
            "behind" => Health::Unhealthy(Evidence::Lagging(text.into())),
            "unknown" => Health::Unknown(text.into()),
            "misconfigured" => Health::Misconfigured(text.into()),
            "locked_out" => Health::Unhealthy(Evidence::Misconfigured(text.into())),
            "unreachable" => Health::Unhealthy(Evidence::Unreachable(text.into())),
            "unhealthy" => Health::Unhealthy(Evidence::Answered(text.into())),
            "hangs" => return Ok(Self::Hangs),
            "panics" => return Ok(Self::Panics),
            _ => return Err(format!("a check does not say `{text}`")),
        }))
    }
}

impl ScriptedCheck {
    pub(crate) fn new(name: &str, answers: Vec<String>, takes: Option<Duration>) -> Result<Self, String> {
        let script = CheckScript { name: name.into(), answers: Mutex::default(), probes: AtomicU64::new(0) };
        let check = Self(Arc::new(script));
        check.says(answers, takes)?;
        Ok(check)
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn says(&self, answers: Vec<String>, takes: Option<Duration>) -> Result<(), String> {
        let answers = answers.iter().map(|answer| Said::parse(answer)).collect::<Result<VecDeque<_>, _>>()?;
        if answers.is_empty() {
            return Err(format!("check `{}` has no answers", self.name()));
        }
        *lock(&self.0.answers) = (answers, takes.unwrap_or(Duration::from_millis(1)));
        Ok(())
    }

    /// How many probes have come since the last time this was asked.
    pub(crate) fn take_probes(&self) -> u64 {
        self.0.probes.swap(0, Ordering::Relaxed)
    }

    pub(crate) fn ask(
        &self,
        _probe: Probe,
    ) -> impl Future<Output = Result<Health, Infallible>> + Send + use<> {
        self.0.probes.fetch_add(1, Ordering::Relaxed);
        let (answer, takes) = {
            let mut answers = lock(&self.0.answers);
            let next = if answers.0.len() > 1 { answers.0.pop_front() } else { answers.0.front().cloned() };
            (next, answers.1)
        };
        async move {
            sleep(takes).await;
            match answer {
                Some(Said::Says(health)) => Ok(health),
                // Without the panic hook: it is meant to be.
                Some(Said::Panics) => std::panic::resume_unwind(Box::new("a check of the application's")),
                Some(Said::Hangs) | None => pending().await,
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}
