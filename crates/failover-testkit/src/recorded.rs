//! A recorder of metrics that remembers all, and can be asked as often as one likes.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_util::registry::{AtomicStorage, Registry};

/// What was recorded.
///
/// ```
/// use failover_testkit::recorded::Recorded;
///
/// let recorded = Recorded::default();
/// metrics::with_local_recorder(&recorded, || metrics::counter!("calls", "to" => "eu-west").increment(3));
/// assert_eq!(recorded.counter("calls", &[("to", "eu-west")]), 3);
/// ```
///
/// # Clone
/// Clones record to the same place.
#[derive(Clone)]
pub struct Recorded(Arc<Inner>);

struct Inner {
    registry: Registry<Key, AtomicStorage>,
    descriptions: Mutex<HashMap<KeyName, (Option<Unit>, SharedString)>>,
}

impl Default for Recorded {
    fn default() -> Self {
        let registry = Registry::new(AtomicStorage);
        Self(Arc::new(Inner { registry, descriptions: Mutex::default() }))
    }
}

/// A label's name and its value.
type Labels<'a> = [(&'a str, &'a str)];

impl Recorded {
    /// The sum of all counters of this name that have these labels.
    #[must_use]
    pub fn counter(&self, name: &str, labels: &Labels<'_>) -> u64 {
        let mut sum = 0;
        self.0.registry.visit_counters(|key, counter| {
            if has(key, name, labels) {
                sum += counter.load(Ordering::Acquire);
            }
        });
        sum
    }

    /// The sum of all gauges of this name that have these labels; `None` if there are none.
    #[must_use]
    pub fn gauge(&self, name: &str, labels: &Labels<'_>) -> Option<f64> {
        let mut sum = None;
        self.0.registry.visit_gauges(|key, gauge| {
            if has(key, name, labels) {
                *sum.get_or_insert(0.0) += f64::from_bits(gauge.load(Ordering::Acquire));
            }
        });
        sum
    }

    /// What the histograms of this name that have these labels were given, in no order.
    #[must_use]
    pub fn histogram(&self, name: &str, labels: &Labels<'_>) -> Vec<f64> {
        let mut values = Vec::new();
        self.0.registry.visit_histograms(|key, histogram| {
            if has(key, name, labels) {
                values.extend(histogram.data());
            }
        });
        values
    }

    /// Every series that was registered.
    #[must_use]
    pub fn series(&self) -> Vec<Key> {
        let mut series = Vec::new();
        self.0.registry.visit_counters(|key, _| series.push(key.clone()));
        self.0.registry.visit_gauges(|key, _| series.push(key.clone()));
        self.0.registry.visit_histograms(|key, _| series.push(key.clone()));
        series
    }

    /// What was said of the metric of this name.
    #[must_use]
    pub fn description(&self, name: &str) -> Option<(Option<Unit>, String)> {
        let descriptions = self.0.descriptions.lock().unwrap_or_else(PoisonError::into_inner);
        descriptions.get(name).map(|(unit, text)| (*unit, text.to_string()))
    }

    fn describe(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        let mut descriptions = self.0.descriptions.lock().unwrap_or_else(PoisonError::into_inner);
        descriptions.insert(name, (unit, text));
    }
}

fn has(key: &Key, name: &str, labels: &Labels<'_>) -> bool {
    let has = |&(label, value): &(&str, &str)| {
        key.labels().any(|known| (known.key(), known.value()) == (label, value))
    };
    key.name() == name && labels.iter().all(has)
}

impl Recorder for Recorded {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe(name, unit, text);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe(name, unit, text);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe(name, unit, text);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.0.registry.get_or_create_counter(key, |counter| Counter::from_arc(Arc::clone(counter)))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.0.registry.get_or_create_gauge(key, |gauge| Gauge::from_arc(Arc::clone(gauge)))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.0.registry.get_or_create_histogram(key, |values| Histogram::from_arc(Arc::clone(values)))
    }
}
