//! The recorder, and what all metrics of a client have in common.

use std::fmt;
use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, SharedString};

use super::names::{self, Kind};

const METADATA: Metadata<'static> =
    Metadata::new("redis_failover", Level::INFO, Some("redis_failover::metrics"));

/// That a client is to be measured, and by whom: see [`metrics`](super).
///
/// ```
/// use redis_failover::MultiDbConfig;
/// use redis_failover::metrics::Metrics;
///
/// let config = MultiDbConfig::from_urls(["redis://eu", "redis://us"])?
///     .metrics(Metrics::default().label("service", "orders"));
/// # Ok::<(), redis_failover::ConfigError>(())
/// ```
///
/// # Clone
/// Clones record to the same recorder.
#[derive(Clone, Default)]
pub struct Metrics {
    recorder: Option<Arc<dyn Recorder + Send + Sync>>,
    labels: Vec<Label>,
}

impl Metrics {
    /// Measured by this recorder, instead of the one that the application has installed for all its metrics.
    #[must_use]
    pub fn by(recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        Self { recorder: Some(recorder), labels: Vec::new() }
    }

    /// Adds a label to all of the client's metrics: two clients that know databases by the same names need one to be
    /// told apart.
    #[must_use]
    pub fn label(mut self, key: impl Into<SharedString>, value: impl Into<SharedString>) -> Self {
        self.labels.push(Label::new(key, value));
        self
    }

    pub(super) fn counter(&self, name: &'static str, labels: impl IntoIterator<Item = Label>) -> Counter {
        let key = self.key(name, labels);
        self.with(|recorder| recorder.register_counter(&key, &METADATA))
    }

    pub(super) fn gauge(&self, name: &'static str, labels: impl IntoIterator<Item = Label>) -> Gauge {
        let key = self.key(name, labels);
        self.with(|recorder| recorder.register_gauge(&key, &METADATA))
    }

    pub(super) fn histogram(&self, name: &'static str, labels: impl IntoIterator<Item = Label>) -> Histogram {
        let key = self.key(name, labels);
        self.with(|recorder| recorder.register_histogram(&key, &METADATA))
    }

    /// Tells the recorder what there will be.
    pub(super) fn describe(&self) {
        self.with(|recorder| {
            for description in names::ALL {
                let (name, unit, text) =
                    (KeyName::from_const_str(description.name), Some(description.unit), description.text);
                match description.kind {
                    Kind::Counter => recorder.describe_counter(name, unit, text.into()),
                    Kind::Gauge => recorder.describe_gauge(name, unit, text.into()),
                    Kind::Histogram => recorder.describe_histogram(name, unit, text.into()),
                }
            }
        });
    }

    fn key(&self, name: &'static str, labels: impl IntoIterator<Item = Label>) -> Key {
        let labels: Vec<_> = labels.into_iter().chain(self.labels.iter().cloned()).collect();
        Key::from_parts(name, labels)
    }

    fn with<T>(&self, register: impl FnOnce(&dyn Recorder) -> T) -> T {
        match &self.recorder {
            Some(recorder) => register(&**recorder),
            None => metrics::with_recorder(register),
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics")
            .field("by_the_global_recorder", &self.recorder.is_none())
            .field("labels", &self.labels)
            .finish()
    }
}

/// The label of a database.
pub(super) fn database(name: &str) -> Label {
    Label::new(names::DATABASE, SharedString::from(name.to_owned()))
}
