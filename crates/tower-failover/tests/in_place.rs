//! A call in place does what a call does.

#![allow(clippy::unwrap_used, reason = "a broken set-up fails the test")]

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tokio::time::{Duration, Instant};
use tokio_test::task;
use tower::{BoxError, Layer, Service, ServiceExt};
use tower_failover::availability::Evidence;
use tower_failover::balance::{ActiveRoute, fixed};
use tower_failover::deadline::{CallsInFlight, DeadlineError, Timeout};
use tower_failover::failure_detector::Detectors;
use tower_failover::in_place::{CallBorrowed, NoLayers, PollInPlace};
use tower_failover::retry::Assessment;
use tower_failover::{
    Availability, CallInPlace, Circuit, CircuitBreaker, CircuitBreakerLayer, CircuitSettings, Deadline,
    DeadlineLayer, Events, FailoverConfig, FailoverHandle, FailureDetector, FailureDetectorLayer, Finding,
    Member, Retry, RetryLayer, RetryPolicy, Signal, Suspicion, Sweeper, Weight, WeightedFailoverBalance,
};
use tower_test::mock::{self, Handle, Mock};

type Request = &'static str;
type Reply = String;

/// A member's service, which may take part in calls in place.
#[derive(Clone)]
struct Region(Mock<Request, Reply>);

impl Service<Request> for Region {
    type Response = Reply;
    type Error = BoxError;
    type Future = <Mock<Request, Reply> as Service<Request>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.0.call(request)
    }
}

impl CallInPlace<Request> for Region {
    type Innermost = Self;
    type Layers<'a> = NoLayers<Reply, BoxError>;

    fn admit_in_place(&mut self, _: &Request) -> bool {
        matches!(self.poll_ready(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(())))
    }

    fn begin_in_place<'a>(&'a mut self, _: &'a Request) -> (Self::Layers<'a>, &'a mut Self) {
        (NoLayers::new(), self)
    }
}

impl CallBorrowed<Request> for Region {
    type Answer = Reply;
    type Failure = BoxError;

    fn call_borrowed(&mut self, request: &Request) -> impl Future<Output = Result<Reply, BoxError>> {
        self.call(*request)
    }
}

/// Every failure is ambiguous, and a "get" may be repeated. A "limited" call has a deadline of its own.
#[derive(Clone)]
struct Policy;

impl<E> RetryPolicy<Request, Reply, E> for Policy {
    fn assess(&self, result: Result<&Reply, &E>) -> Assessment {
        match result.map(String::as_str) {
            Ok("loading") => Assessment::NotApplied,
            Ok(_) => Assessment::Final,
            Err(_) => Assessment::Ambiguous,
        }
    }

    fn repeatable(&self, request: &Request) -> bool {
        *request == "get"
    }

    fn clone_request(&self, request: &Request) -> Option<Request> {
        Some(*request)
    }

    fn deadline(&self, request: &Request) -> Option<Duration> {
        (*request == "limited").then_some(Duration::from_secs(1))
    }
}

type Layers = CircuitBreaker<FailureDetector<Deadline<Region>>>;

/// One member with all its layers.
struct Stage {
    service: Layers,
    region: Handle<Request, Reply>,
    availability: Availability,
    circuit: Circuit,
    detectors: Detectors,
    calls: CallsInFlight,
}

impl Stage {
    fn new(name: &'static str, sweeper: &Sweeper) -> Self {
        Self::guarded(name, sweeper, CircuitSettings::default())
    }

    fn guarded(name: &'static str, sweeper: &Sweeper, settings: CircuitSettings) -> Self {
        let availability = Availability::new(name, Events::default());
        let circuit = Circuit::new(availability.clone(), settings).unwrap();
        let detector = FailureDetectorLayer::new(availability.clone()).clock(sweeper.clock());
        let deadline = DeadlineLayer::new(Duration::from_millis(500)).sweeper(
            sweeper,
            &availability,
            Suspicion::default(),
        );
        let (mock, region) = mock::pair();
        let service =
            CircuitBreakerLayer::new(circuit.clone()).layer(detector.layer(deadline.layer(Region(mock))));
        let (detectors, calls) = (detector.detectors(), deadline.calls().unwrap());
        Self { service, region, availability, circuit, detectors, calls }
    }

    /// Half-open, so that the next call is a trial.
    fn tries(&self) {
        self.circuit.trip(Duration::ZERO);
        (0..2).for_each(|_| self.availability.signal(Signal::Tick));
    }
}

/// The usual call, which has to be admitted.
async fn in_place<S>(service: &mut S, request: Request) -> Result<Reply, S::Error>
where
    S: CallInPlace<Request, Response = Reply>,
{
    let service = service.ready().await?;
    assert!(service.admit_in_place(&request));
    let mut reply = Reply::new();
    let (mut layers, region) = service.begin_in_place(&request);
    let mut call = pin!(Some(region.call_borrowed(&request)));
    poll_fn(|context| layers.poll_in_place(call.as_mut(), &mut reply, context)).await?;
    Ok(reply)
}

/// The next request is answered so; nobody waits for an answer that is none.
async fn answers(region: &mut Handle<Request, Reply>, answer: Option<Result<&'static str, &'static str>>) {
    let (_, respond) = region.next_request().await.unwrap();
    match answer {
        Some(Ok(reply)) => respond.send_response(reply.into()),
        Some(Err(error)) => respond.send_error(error),
        None => tokio::time::sleep(Duration::from_secs(60)).await,
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_in_place_ends_and_counts_as_a_call_does() {
    for answer in [Some(Ok("pong")), Some(Err("connection reset")), None] {
        let mut told = Vec::new();
        for is_in_place in [false, true] {
            let sweeper = Sweeper::spawn();
            let Stage { mut service, mut region, detectors, calls, .. } = Stage::new("eu-west", &sweeper);
            let call = async {
                if is_in_place {
                    return in_place(&mut service, "ping").await;
                }
                service.ready().await.unwrap();
                service.call("ping").await
            };
            let result = tokio::select! {
                biased;
                result = call => result,
                () = async { answers(&mut region, answer).await; std::future::pending().await } => unreachable!(),
            };
            told.push(format!("{result:?}, {:?}, in flight: {}", detectors.counts(), calls.any()));
        }
        assert_eq!(told[0], told[1]);
        assert!(told[0].ends_with("in flight: false"), "{}", told[0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_in_place_has_the_limit_of_its_request() {
    let millis = Duration::from_millis;
    let timeout_of = |request: &Request| match *request {
        "hurried" => Timeout::Within(millis(100)),
        "patient" => Timeout::Exempt(None),
        _ => Timeout::Usual,
    };
    let (sweeper, availability) = (Sweeper::spawn(), Availability::new("eu-west", Events::default()));
    let timed = DeadlineLayer::new(millis(500));
    let watched = timed.clone().sweeper(&sweeper, &availability, Suspicion::default());
    for layer in [timed, watched] {
        for (request, limit) in [("hurried", Some(100)), ("usual", Some(500)), ("patient", None)] {
            let (mock, mut region) = mock::pair();
            let mut service = layer.clone().timeout_of(timeout_of).layer(Region(mock));
            let began = Instant::now();
            let late = async {
                let (_, respond) = region.next_request().await.unwrap();
                tokio::time::sleep(Duration::from_secs(60)).await;
                respond.send_response("late".into());
                std::future::pending::<()>().await;
            };
            let result = tokio::select! {
                biased;
                result = in_place(&mut service, request) => result,
                () = late => unreachable!(),
            };
            match (result, limit.map(millis)) {
                (Err(DeadlineError::Elapsed { after }), Some(limit)) => {
                    assert_eq!(after, limit, "{request}");
                    assert!(began.elapsed() >= limit && began.elapsed() <= limit + millis(75), "{request}");
                }
                (Ok(reply), None) => assert_eq!(reply, "late"),
                (result, _) => panic!("{request}: {result:?}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn b9_a_trial_is_not_called_in_place_and_neither_is_what_is_refused() {
    let settings = CircuitSettings::default().grace_period(Duration::ZERO).trial_calls(1);
    let mut stage = Stage::guarded("eu-west", &Sweeper::spawn(), settings);
    stage.service.ready().await.unwrap();
    stage.circuit.force_open();
    assert!(!stage.service.admit_in_place(&"ping"), "a reservation of an older epoch is void");
    assert!(stage.service.call("ping").await.unwrap_err().is_open());
    stage.circuit.release();

    stage.tries();
    stage.service.ready().await.unwrap();
    assert!(!stage.service.admit_in_place(&"ping"));
    let mut other = stage.service.clone();
    other.ready().await.unwrap();
    assert!(other.call("ping").await.unwrap_err().is_open(), "the only trial is still reserved");
}

#[tokio::test(start_paused = true)]
async fn a_call_in_place_that_is_dropped_gives_back_what_it_holds() {
    let sweeper = Sweeper::spawn();
    let mut stage = Stage::new("eu-west", &sweeper);
    let mut call = task::spawn(in_place(&mut stage.service, "ping"));
    assert!(call.poll().is_pending());
    assert!(stage.calls.any());
    tokio::time::sleep(Suspicion::default().after + Duration::from_millis(100)).await;
    drop(call);
    assert!(!stage.calls.any());
    assert_eq!(stage.detectors.counts().failures, 1, "it had waited for long");
}

type Stack = Retry<Policy, WeightedFailoverBalance<Layers>, ActiveRoute>;

/// Two members, of which the first one is active.
async fn stack(sweeper: &Sweeper) -> (Stack, FailoverHandle, [(Handle<Request, Reply>, Availability); 2]) {
    let stages = [Stage::new("eu-west", sweeper), Stage::new("us-east", sweeper)];
    let members =
        stages.each_ref().map(|stage| Member::new(stage.service.clone(), stage.availability.clone()));
    let [first, second] = members;
    let members = fixed([first, second.weight(Weight::new(0.5).unwrap())]);
    let balance = WeightedFailoverBalance::new(members, FailoverConfig::default()).unwrap();
    let handle = balance.handle();
    let retry = RetryLayer::new(Policy).route(balance.route()).layer(balance);
    tokio::task::yield_now().await;
    (retry, handle, stages.map(|stage| (stage.region, stage.availability)))
}

#[tokio::test(start_paused = true)]
async fn b31_what_fails_in_place_is_repeated_as_a_call_is() {
    for (answer, request) in [(Err("connection reset"), "get"), (Ok("loading"), "set")] {
        let (mut stack, _, [(mut region, _), _other]) = stack(&Sweeper::spawn()).await;
        let answered = tokio::join!(in_place(&mut stack, request), async {
            answers(&mut region, Some(answer)).await;
            answers(&mut region, Some(Ok("42"))).await;
        });
        assert_eq!(answered.0.unwrap(), "42");
    }
}

#[tokio::test(start_paused = true)]
async fn b33_what_may_have_been_applied_in_place_is_told() {
    let (mut stack, _, [(mut region, _), _other]) = stack(&Sweeper::spawn()).await;
    let answer = Some(Err("connection reset"));
    let (answered, ()) = tokio::join!(in_place(&mut stack, "set"), answers(&mut region, answer));
    assert!(answered.unwrap_err().may_have_been_applied());
}

#[tokio::test(start_paused = true)]
async fn b35_a_call_in_place_that_hangs_goes_to_the_next_member() {
    let (mut stack, _, [(mut hanging, availability), (mut next, _)]) = stack(&Sweeper::spawn()).await;
    tokio::spawn(async move {
        let _unanswered = hanging.next_request().await.unwrap();
        availability.signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
        answers(&mut next, Some(Ok("from us-east"))).await;
    });
    let begun = Instant::now();
    assert_eq!(in_place(&mut stack, "get").await.unwrap(), "from us-east");
    assert!(begun.elapsed() < Duration::from_millis(500), "and not only when its limit is over");
}

#[tokio::test(start_paused = true)]
async fn b35_a_call_in_place_that_moved_on_holds_nothing_at_the_member_it_left() {
    let (mut stack, _, [(mut hanging, availability), (mut next, _)]) = stack(&Sweeper::spawn()).await;
    let stack = stack.ready().await.unwrap();
    assert!(stack.admit_in_place(&"get"));
    let (mut layers, region) = stack.begin_in_place(&"get");
    let mut call = pin!(Some(region.call_borrowed(&"get")));
    let mut reply = Reply::new();
    let mut answered =
        task::spawn(poll_fn(|context| layers.poll_in_place(call.as_mut(), &mut reply, context)));
    assert!(answered.poll().is_pending());
    let _unanswered = hanging.next_request().await.unwrap();
    availability.signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
    tokio::task::yield_now().await;
    assert!(answered.is_woken() && answered.poll().is_pending());
    let asked = answers(&mut next, Some(Ok("from us-east")));
    tokio::time::timeout(Duration::from_secs(1), asked).await.unwrap();
    assert!(answered.poll().is_ready());
    drop(answered);
    assert!(call.is_none());
}

#[tokio::test(start_paused = true)]
async fn b32_a_call_with_a_deadline_of_its_own_is_not_called_in_place() {
    let (mut stack, _, _regions) = stack(&Sweeper::spawn()).await;
    stack.ready().await.unwrap();
    assert!(!stack.admit_in_place(&"limited"));
    assert!(stack.admit_in_place(&"get"));
}

#[tokio::test(start_paused = true)]
async fn b6_a_call_is_not_made_in_place_on_a_member_that_serves_no_more() {
    let (mut stack, handle, [_first, (mut next, _)]) = stack(&Sweeper::spawn()).await;
    stack.ready().await.unwrap();
    handle.set_active("us-east", None).await.unwrap();
    assert!(!stack.admit_in_place(&"get"));
    let (answered, ()) = tokio::join!(stack.call("get"), answers(&mut next, Some(Ok("from us-east"))));
    assert_eq!(answered.unwrap(), "from us-east");
}
