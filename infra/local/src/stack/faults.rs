//! `PUT /faults`: the embedded stores are told to fail, so that somebody who looks at the page sees what
//! becomes of a job then. Only there when `MILLRACE_FAULTS=on` was asked for.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::put;
use axum::{Json, Router};
use embedded::faults::{Fault, Faults};
use ports::PortErrorKind;
use serde::Deserialize;

/// One way to fail, before the work has an effect.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// The work: `rows.write`, `transactions.write`, `queue.send`, `state.commit` and their like.
    op: String,
    /// Only work whose description contains this, as a job's id.
    #[serde(default)]
    about: String,
    /// What is said of it.
    kind: Kind,
}

/// Whether it is worth trying again.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// Busy: the message comes back, until it has been received too often.
    Retry,
    /// Broken: the message is given up.
    Broken,
}

impl From<Asked> for Fault {
    fn from(asked: Asked) -> Self {
        let kind = match asked.kind {
            Kind::Retry => PortErrorKind::Retry,
            Kind::Broken => PortErrorKind::Bug,
        };
        Self::before(asked.op).about(asked.about).kind(kind)
    }
}

/// The route: a list of faults takes the place of the one before, `[]` ends them all.
pub(super) fn routes(faults: Arc<Faults>) -> Router {
    Router::new()
        .route("/faults", put(replace))
        .with_state(faults)
}

async fn replace(State(faults): State<Arc<Faults>>, Json(asked): Json<Vec<Asked>>) -> StatusCode {
    faults.clear();
    for one in asked {
        faults.add(one.into());
    }
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use axum::body::Body;
    use axum::http::{Request, header};
    use tower::ServiceExt;

    use super::*;

    async fn told(faults: &Arc<Faults>, body: &'static str) -> StatusCode {
        let request = Request::put("/faults").header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(body)).unwrap();
        let answer = routes(Arc::clone(faults)).oneshot(request).await.unwrap();
        answer.status()
    }

    #[tokio::test]
    async fn a_list_takes_the_place_of_the_one_before() {
        let faults = Arc::new(Faults::default());
        let one = r#"[{"op": "rows.write", "about": "one", "kind": "broken"}]"#;
        assert_eq!(told(&faults, one).await, StatusCode::NO_CONTENT);
        let failed = faults.before("rows.write", "job one").unwrap_err();
        assert_eq!(failed.kind, PortErrorKind::Bug);
        faults.before("rows.write", "job two").unwrap();

        let other = r#"[{"op": "rows.read", "kind": "retry"}]"#;
        assert_eq!(told(&faults, other).await, StatusCode::NO_CONTENT);
        faults.before("rows.write", "job one").unwrap();
        let failed = faults.before("rows.read", "job two").unwrap_err();
        assert_eq!(failed.kind, PortErrorKind::Retry);

        assert_eq!(told(&faults, "[]").await, StatusCode::NO_CONTENT);
        faults.before("rows.read", "job two").unwrap();
    }

    #[tokio::test]
    async fn what_is_not_understood_changes_nothing() {
        let faults = Arc::new(Faults::default());
        faults.add(Fault::before("rows.write"));
        for odd in [
            r#"[{"op": "rows.write"}]"#,
            r#"[{"op": "x", "kind": "sad"}]"#,
            "{}",
        ] {
            assert!(told(&faults, odd).await.is_client_error(), "{odd}");
        }
        assert!(faults.before("rows.write", "").is_err());
    }
}
