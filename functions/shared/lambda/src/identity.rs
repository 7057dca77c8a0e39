//! Whose request it is, in the cloud. API Gateway's JWT authorizer has verified the token before the
//! function is asked, and hands its claims on in the request context, which no client can write. The
//! tenant is the claim `sub` and nothing else: no header, no parameter, no default (I8).

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::ids::TenantId;
use lambda_http::request::RequestContext;
use tracing::Instrument;

use crate::problem::{Problem, RequestId};

/// Middleware in front of every route: names the tenant (`TenantId`) and the request (`RequestId`)
/// as extensions, and refuses who has no verified claims.
pub async fn recognise(mut request: Request, next: Next) -> Response {
    let Some(RequestContext::ApiGatewayV2(context)) =
        request.extensions_mut().remove::<RequestContext>()
    else {
        return Problem::unauthenticated().into_response();
    };
    let id = context.request_id.clone().unwrap_or_default();
    let span = tracing::info_span!("request", request = %id);
    let tenant = tenant_of(&RequestContext::ApiGatewayV2(context));
    let extensions = request.extensions_mut();
    extensions.insert(RequestId(id));
    extensions.remove::<TenantId>();
    let answer = async move {
        match tenant {
            Ok(tenant) => {
                request.extensions_mut().insert(tenant);
                next.run(request).await
            }
            Err(problem) => {
                tracing::warn!(code = problem.code, "refused a request");
                problem.into_response()
            }
        }
    };
    answer.instrument(span).await
}

/// The tenant the authorizer vouches for.
fn tenant_of(context: &RequestContext) -> Result<TenantId, Problem> {
    let jwt = context.authorizer().and_then(|known| known.jwt.as_ref());
    let subject = jwt.and_then(|jwt| jwt.claims.get("sub"));
    let subject = subject.ok_or_else(Problem::unauthenticated)?;
    subject.parse().map_err(|rule| {
        let detail = format!("the token's subject cannot be used: {rule}");
        let title = "Not a tenant of this service";
        Problem::new(StatusCode::FORBIDDEN, "unusable_subject", title, detail)
    })
}
