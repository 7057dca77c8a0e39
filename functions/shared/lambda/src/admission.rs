//! Nobody reaches a route before it is known whose the request is, but for the routes that are open.
//! Who knows it differs: in the cloud API Gateway (`identity`), on a laptop the server itself.

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use domain::ids::TenantId;

use crate::openapi::OPEN;
use crate::problem::{Problem, stamp};

/// Routes that only requests reach whose tenant `tenant_of` knows: it becomes their `TenantId`. What
/// is open is nobody's: there is no tenant then, and a route that asks for one refuses.
pub fn admitting<F>(router: Router, tenant_of: F) -> Router
where
    F: Fn(&Request) -> Result<TenantId, Problem> + Clone + Send + Sync + 'static,
{
    let admit = move |request: Request, next: Next| admit(tenant_of.clone(), request, next);
    router
        .layer(middleware::from_fn(admit))
        .layer(middleware::from_fn(stamp))
}

async fn admit<F>(tenant_of: F, mut request: Request, next: Next) -> Response
where
    F: Fn(&Request) -> Result<TenantId, Problem>,
{
    if OPEN.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    match tenant_of(&request) {
        Ok(tenant) => {
            request.extensions_mut().insert(tenant);
            next.run(request).await
        }
        Err(problem) => {
            tracing::warn!(cause = problem.code, "refused a request");
            problem.into_response()
        }
    }
}

/// The tenant that the subject of a verified token is.
///
/// # Errors
/// 403 when it is no tenant's name.
pub fn tenant_named(subject: &str) -> Result<TenantId, Problem> {
    subject.parse().map_err(|refused| {
        let detail = format!("the token's subject is no tenant of this service: {refused}");
        let title = "No tenant of this service";
        Problem::new(StatusCode::FORBIDDEN, "unusable_subject", title, detail)
    })
}
