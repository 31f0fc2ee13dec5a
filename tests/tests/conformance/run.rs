//! Tells a story from its beginning to its end, and says where it is another one than was expected.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use tokio::task::yield_now;
use tokio::time::{Instant, advance, sleep};
use tower::discover::Change;
use tower_failover::availability::Evidence;
use tower_failover::{Event, Events, FailoverHandle, Finding, Signal, Sweeper, Weight};

use crate::client::{self, Client, Memberships};
use crate::compare::differences;
use crate::inputs::{Calls, Input, Said};
use crate::log::Log;
use crate::member::{self, Part, VERDICTS};
use crate::scripted::{Kind, Request};
use crate::seen::seen;
use crate::story::{Settings, Story};

/// More turns of all tasks than anything here needs to come to rest.
const TURNS: usize = 64;

/// Says in which phase what was otherwise than expected.
pub(crate) fn tell(text: &str) -> Result<(), String> {
    let story: Story = toml::from_str(text).map_err(|error| error.to_string())?;
    if story.title.is_empty() || story.rules.is_empty() {
        return Err("a story has a title, and says of which rules it tells".into());
    }
    if story.refused.is_none() && story.phases.iter().all(|phase| phase.expect.is_empty()) {
        return Err("nothing is expected of this story".into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(told(&story))
}

async fn told(story: &Story) -> Result<(), String> {
    let mut stage = match (Stage::build(story), &story.refused) {
        (Ok(stage), None) => stage,
        (Ok(_), Some(why)) => {
            return Err(format!("the settings are accepted, and not refused because of {why}"));
        }
        (Err(why), None) => return Err(why),
        (Err(why), Some(expected)) if why.contains(expected) => return Ok(()),
        (Err(why), Some(expected)) => {
            return Err(format!("refused because of {expected}: expected\n{why}: seen"));
        }
    };
    // The first choice is made before anything happens.
    settle().await;
    for (number, phase) in story.phases.iter().enumerate() {
        let began = Instant::now();
        let place = format!("phase {}, {}", number + 1, phase.name);
        for input in &phase.inputs {
            stage.take(input.clone()).await.map_err(|error| format!("{place}: {input:?}: {error}"))?;
        }
        settle().await;
        let events = std::mem::take(&mut *stage.events.lock().unwrap());
        let seen = seen(&stage.handle.snapshot(), &stage.parts, stage.log.take(), &events, began);
        let differences = differences(&phase.expect, &seen, story.tolerance.0);
        if !differences.is_empty() {
            return Err(format!("{place}:\n  {}", differences.join("\n  ")));
        }
    }
    Ok(())
}

/// Everybody takes their turn, and no time passes.
async fn settle() {
    for _ in 0..TURNS {
        yield_now().await;
    }
}

struct Stage {
    settings: Settings,
    sweeper: Sweeper,
    to: Events,
    events: Arc<Mutex<Vec<(Instant, Event)>>>,
    parts: Vec<(String, Part)>,
    client: Client,
    handle: FailoverHandle,
    memberships: Memberships,
    log: Log,
}

impl Stage {
    fn build(story: &Story) -> Result<Self, String> {
        let to = Events::default();
        let events = Arc::<Mutex<Vec<_>>>::default();
        let (mut stream, noted) = (to.subscribe(), Arc::clone(&events));
        drop(tokio::spawn(async move {
            while let Some(event) = stream.next().await {
                noted.lock().unwrap().push((Instant::now(), event));
            }
        }));
        let sweeper = Sweeper::spawn();
        let (mut parts, mut members) = (Vec::new(), Vec::new());
        for spec in &story.members {
            let (part, member) = member::build(spec, &story.settings, &sweeper, &to)?;
            parts.push((spec.name.clone(), part));
            members.push((spec.name.clone(), member));
        }
        let (client, handle, memberships) = client::build(&story.settings, members, &to)?;
        let settings = story.settings.clone();
        Ok(Self { settings, sweeper, to, events, parts, client, handle, memberships, log: Log::default() })
    }

    /// One that joined anew under a former member's name is the one that is meant.
    fn part(&self, name: &str) -> Result<&Part, String> {
        let found = self.parts.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, part)| part).ok_or_else(|| format!("no member is named {name}"))
    }

    async fn take(&mut self, input: Input) -> Result<(), String> {
        let handle = self.handle.clone();
        match input {
            Input::Advance(time) => sleep(time.0).await,
            Input::Stall(time) => advance(time.0).await,
            Input::Service(does) => self.part(&does.member)?.service.does(&does)?,
            Input::Finish(finish) => self.part(&finish.member)?.service.finish(&finish.with)?,
            Input::Check(says) => {
                let check = self.part(&says.member)?.check(says.name.as_deref())?;
                check.says(says.says.list(), says.takes.map(|time| time.0))?;
            }
            Input::Verdict(said) => self.part(&said.member)?.availability.signal(verdict(&said)?),
            Input::Suspect(of) => self.part(&of.member)?.availability.suspect(),
            Input::OwnDetector(of) => self.part(&of.member)?.trips.store(true, Ordering::Relaxed),
            Input::Join(spec) => {
                let (part, member) = member::build(&spec, &self.settings, &self.sweeper, &self.to)?;
                self.parts.push((spec.name.clone(), part));
                self.memberships.send(Ok(Change::Insert(spec.name, member))).map_err(member::text)?;
            }
            Input::Leave(of) => self.memberships.send(Ok(Change::Remove(of.member))).map_err(member::text)?,
            Input::Calls(calls) => self.call(&calls).await?,
            Input::SetActive(of) => {
                self.log
                    .order(async move { handle.set_active(&of.member, of.limit.map(|time| time.0)).await });
            }
            Input::ForceActive(of) => {
                self.log
                    .order(async move { handle.force_active(&of.member, of.limit.map(|time| time.0)).await });
            }
            Input::ReleaseChoice(_) => self.log.order(async move { handle.release_choice().await }),
            Input::Drain(of) => {
                self.log.order(async move { handle.drain(&of.member, of.limit.map(|time| time.0)).await });
            }
            Input::Undrain(of) => self.log.order(async move { handle.undrain(&of.member).await }),
            Input::Trip(of) => {
                let limit = of.limit.ok_or("a drill has a limit")?.0;
                self.log.order(async move { handle.trip(&of.member, limit).await });
            }
            Input::ForceOpen(of) => self.log.order(async move { handle.force_open(&of.member).await }),
            Input::Release(of) => self.log.order(async move { handle.release(&of.member).await }),
            Input::SetWeight(of) => match Weight::new(of.weight) {
                Ok(weight) => self.log.order(async move { handle.set_weight(&of.member, weight).await }),
                Err(_) => self.log.ordered("invalid_weight"),
            },
            Input::Remove(of) => self.log.order(async move { handle.remove(&of.member).await }),
        }
        settle().await;
        Ok(())
    }

    async fn call(&self, calls: &Calls) -> Result<(), String> {
        let request = Request { kind: Kind::parse(&calls.kind)?, repeatable: calls.repeatable };
        for number in 0..calls.count {
            if let Some(every) = calls.every.filter(|_| number > 0) {
                sleep(every.0).await;
            }
            self.log.call(&self.client, request.clone(), calls.given_up_after.map(|time| time.0));
            // Each finds what the one before it has left.
            settle().await;
        }
        Ok(())
    }
}

fn verdict(said: &Said) -> Result<Signal, String> {
    let finding = match said.is.as_str() {
        "unreachable" => Finding::unhealthy(Evidence::Unreachable("cut".into())),
        "hangs" => Finding::unhealthy(Evidence::TimedOut),
        "behind" => Finding::unhealthy(Evidence::Lagging("by 9 s".into())),
        name => {
            let known = VERDICTS.iter().find(|(known, _)| *known == name);
            let (_, verdict) = known.ok_or_else(|| format!("`{name}` is no verdict"))?;
            Finding { verdict: *verdict, ..Finding::healthy() }
        }
    };
    Ok(Signal::Verdict(Finding { on_suspicion: said.on_suspicion, ..finding }))
}
