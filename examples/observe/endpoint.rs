//! Where Prometheus comes for the metrics.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusBuilder;
use redis_failover::metrics::Metrics;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::BoxError;

/// From half a millisecond, in steps that double, to half a minute.
const BUCKETS: [f64; 17] = [
    0.000_5, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.0, 2.0, 4.0, 8.0, 16.0,
    32.0,
];

/// Serves until it is dropped.
pub(super) struct Endpoint {
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Endpoint {
    /// Serves what is recorded by the metrics that come with it; on a free port if this one is 0.
    pub(super) async fn start(port: u16) -> Result<(Self, Metrics), BoxError> {
        // An application that has more to measure installs the recorder for all of it (`install_recorder`), and says
        // `Metrics::default()` to the client.
        let recorder = PrometheusBuilder::new()
            // Units and `_total` become parts of the names, as Prometheus wants it.
            .with_recommended_naming(true)
            .set_buckets(&BUCKETS)?
            .build_recorder();
        let handle = recorder.handle();
        let render = move || std::future::ready(handle.render());
        let router = Router::new().route("/metrics", get(render));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            // It ends with the task.
            let _ = axum::serve(listener, router).await;
        });
        Ok((Self { address, task }, Metrics::by(Arc::new(recorder))))
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}
