//! Whose request it is, in the cloud. API Gateway's JWT authorizer has verified the token before the
//! function is asked, and hands its claims on in the request context, which no client can write. The
//! tenant is the claim `sub` and nothing else: no header, no parameter, no default (I8).

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use domain::ids::TenantId;
use lambda_http::request::RequestContext;
use tracing::Instrument;

use crate::admission::{admitting, tenant_named};
use crate::problem::{Problem, RequestId, no_route};

/// A function's routes as the cloud reaches them: every request has a name, and none gets to a
/// route, known or not, before its tenant is known.
pub fn guard(router: Router) -> Router {
    let vouched_for = |request: &Request| tenant_of(request.extensions().get());
    admitting(router.fallback(no_route), vouched_for).layer(middleware::from_fn(name))
}

/// Names the request as API Gateway does (`RequestId`), for answers and for the log.
async fn name(mut request: Request, next: Next) -> Response {
    let id = match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    let span = tracing::info_span!("request", request = id.as_deref());
    if let Some(id) = id {
        request.extensions_mut().insert(RequestId(id));
    }
    next.run(request).instrument(span).await
}

/// The tenant the authorizer vouches for.
fn tenant_of(context: Option<&RequestContext>) -> Result<TenantId, Problem> {
    let known = context.and_then(RequestContext::authorizer);
    let subject = known
        .and_then(|known| known.jwt.as_ref()?.claims.get("sub"))
        .ok_or_else(Problem::unauthenticated)?;
    tenant_named(subject)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use axum::body::Body;
    use axum::http::{StatusCode, header};
    use axum::routing::get;
    use serde_json::{Value, json};
    use tower::ServiceExt;

    use super::*;
    use crate::http::Tenant;

    /// What a route that tells its tenant answers to an HTTP API event with this authorizer.
    async fn ask(path: &str, authorizer: Value) -> (StatusCode, String, Value) {
        let event = json!({
            "version": "2.0",
            "routeKey": "GET /who",
            "rawPath": path,
            "rawQueryString": "tenant=mallory&sub=mallory",
            "headers": {
                "host": "api.example",
                "x-request-id": "chosen-by-the-client",
                "x-tenant": "mallory",
                "sub": "mallory",
                "authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJtYWxsb3J5In0.",
            },
            "requestContext": {
                "accountId": "1", "apiId": "a", "stage": "$default",
                "requestId": "named-by-the-gateway",
                "authorizer": authorizer,
                "http": {"method": "GET", "path": path},
            },
            "isBase64Encoded": false,
        });
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        answer(request.map(|_| Body::empty())).await
    }

    async fn answer(request: Request) -> (StatusCode, String, Value) {
        let who = get(async |Tenant(tenant): Tenant| axum::Json(tenant.as_str().to_owned()));
        let router = guard(Router::new().route("/who", who));
        let response = router.oneshot(request).await.unwrap();
        let status = response.status();
        let id = response.headers().get(crate::problem::REQUEST_ID);
        let id = id.map_or_else(String::new, |id| id.to_str().unwrap().to_owned());
        let body = axum::body::to_bytes(response.into_body(), 10_000).await;
        (status, id, serde_json::from_slice(&body.unwrap()).unwrap())
    }

    #[tokio::test]
    async fn the_tenant_is_the_verified_subject_whatever_the_client_sends() {
        let authorizer = json!({"jwt": {"claims": {"sub": "anna", "aud": "millrace"}}});
        let (status, id, body) = ask("/who", authorizer).await;
        assert_eq!((status, body), (StatusCode::OK, json!("anna")));
        assert_eq!(id, "named-by-the-gateway");
    }

    #[tokio::test]
    async fn without_verified_claims_nobody_is_asked() {
        let without = [
            json!(null),
            json!({}),
            json!({"jwt": {"claims": {}}}),
            json!({"jwt": {"claims": {"username": "mallory"}}}),
            json!({"lambda": {"sub": "mallory", "jwt": {"claims": {"sub": "mallory"}}}}),
            json!({"iam": {"userId": "mallory"}}),
        ];
        for authorizer in without {
            for path in ["/who", "/no/such/route"] {
                let (status, id, body) = ask(path, authorizer.clone()).await;
                assert_eq!(status, StatusCode::UNAUTHORIZED, "{authorizer}");
                assert_eq!(body["code"], "unauthenticated");
                assert_eq!(body["request_id"], "named-by-the-gateway");
                assert_eq!(id, "named-by-the-gateway");
            }
        }
    }

    #[tokio::test]
    async fn a_request_that_no_gateway_handed_on_is_nobodys() {
        let request = Request::builder()
            .uri("/who")
            .header(header::AUTHORIZATION, "Bearer x")
            .body(Body::empty());
        let (status, _, body) = answer(request.unwrap()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert_eq!(body["code"], "unauthenticated");
    }

    #[tokio::test]
    async fn a_subject_that_is_no_tenant_id_is_refused_with_a_code() {
        for odd in ["", "anna/../ben", "anna ben", "änna", &"a".repeat(129)] {
            let authorizer = json!({"jwt": {"claims": {"sub": odd}}});
            let (status, _, body) = ask("/who", authorizer).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{odd}");
            assert_eq!(body["code"], "unusable_subject", "{odd}");
        }
    }

    #[tokio::test]
    async fn a_known_tenant_is_told_that_a_route_is_unknown() {
        let authorizer = json!({"jwt": {"claims": {"sub": "anna"}}});
        let (status, _, body) = ask("/no/such/route", authorizer).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(body["code"], "not_found");
    }
}
