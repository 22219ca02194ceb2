//! `/metrics` in OpenMetrics text, for whatever watches the installation. Counts and durations only: no names, no paths
//! with ids.

use std::sync::Arc;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpResponse};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::web::PageError;

/// What is measured. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    requests: Family<RequestLabels, Histogram>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    /// The route, such as `/runs/{id}`; `other` for addresses that are none of ours.
    route: String,
    status: u16,
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("listbridge");
        let requests = Family::<RequestLabels, Histogram>::new_with_constructor(|| {
            Histogram::new(exponential_buckets(0.001, 2.0, 14)) // 1 ms to 8 s
        });
        let help = "Time until the head of the answer was ready";
        registry.register_with_unit(
            "http_request_duration",
            help,
            Unit::Seconds,
            requests.clone(),
        );
        Self {
            registry: Arc::new(registry),
            requests,
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Routes of this concept; outside sessions, languages and error pages.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/metrics", web::get().to(show));
}

/// `GET /metrics`.
async fn show(metrics: Data<Metrics>) -> Result<HttpResponse, PageError> {
    let mut body = String::new();
    text::encode(&mut body, &metrics.registry).map_err(PageError::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(body))
}

/// Middleware: measures every request.
///
/// # Errors
/// None of its own.
pub(crate) async fn measure(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let metrics = request
        .app_data::<Data<Metrics>>()
        .expect("startup registers the metrics")
        .clone();
    let started = Instant::now();
    let response = next.call(request).await?;
    let labels = RequestLabels {
        method: response.request().method().to_string(),
        route: response
            .request()
            .match_pattern()
            .unwrap_or_else(|| "other".into()),
        status: response.status().as_u16(),
    };
    metrics
        .requests
        .get_or_create(&labels)
        .observe(started.elapsed().as_secs_f64());
    Ok(response)
}
