//! The API lets in what the functions' routers answer, with a token, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::json;

use super::functions::{crates, resource_of};
use super::{Stack, Template, assert_named};
use crate::graph::root;
use lambda::openapi::OPEN;

const ROUTE: &str = "AWS::ApiGatewayV2::Route";
const METHODS: [&str; 5] = ["get", "post", "put", "delete", "patch"];

/// What each function's router answers: `GET /v1/jobs/{id}`.
pub(crate) type Answered = BTreeMap<String, BTreeSet<String>>;

/// The routes that stand in the functions' handlers.
pub(crate) fn answered() -> Answered {
    let mut answered = Answered::new();
    for name in crates() {
        let handler = root().join(format!("functions/{name}/src/handler.rs"));
        let source = fs::read_to_string(handler).unwrap_or_default();
        let routes = routes_in(&source);
        if !routes.is_empty() {
            answered.insert(resource_of(&name), routes);
        }
    }
    answered
}

/// The calls of `route` in a router: the path, and the methods that follow it up to the next call.
fn routes_in(source: &str) -> BTreeSet<String> {
    let mut routes = BTreeSet::new();
    for call in source.split(".route(").skip(1) {
        let mut pieces = call.trim_start().splitn(3, '"');
        let (Some(""), Some(path), Some(rest)) = (pieces.next(), pieces.next(), pieces.next())
        else {
            continue;
        };
        let rest = rest.split(".layer(").next().unwrap_or_default();
        for method in METHODS {
            let called = |found: &str| rest.contains(found);
            if [format!(" {method}("), format!(".{method}(")]
                .iter()
                .any(|found| called(found))
            {
                routes.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    routes
}

fn faults(template: &Template, answered: &Answered) -> Vec<String> {
    let stack = Stack::of(template, &[]);
    let mut faults = Vec::new();
    let mut let_in = Answered::new();
    for (name, route) in stack.of_kind(ROUTE) {
        let integration = route.text("Target").trim_start_matches("integrations/");
        let function = stack.find(integration, "AWS::ApiGatewayV2::Integration");
        let function = function.map_or("", |found| found.text("IntegrationUri"));
        let function = function.trim_end_matches(".Arn");
        let key = route.text("RouteKey");
        let_in
            .entry(function.to_owned())
            .or_default()
            .insert(key.to_owned());
        if !answered
            .get(function)
            .is_some_and(|routes| routes.contains(key))
        {
            faults.push(format!(
                "{name}: the router of {function:?} does not answer {key}"
            ));
        }
        let authorizer = stack.find(route.text("AuthorizerId"), "AWS::ApiGatewayV2::Authorizer");
        let path = key.trim_start_matches("GET ");
        if OPEN.contains(&path) {
            if route.text("AuthorizationType") != "NONE" {
                faults.push(format!("{name}: {key} is for everybody"));
            }
            continue;
        }
        if route.text("AuthorizationType") != "JWT" || authorizer.is_none() {
            faults.push(format!(
                "{name}: set AuthorizationType: JWT and AuthorizerId, or {key} is open to everybody"
            ));
        }
    }
    for (function, routes) in answered {
        let held = let_in.remove(function).unwrap_or_default();
        for key in routes.difference(&held) {
            faults.push(format!(
                "{function}: add a route for {key}, which its router answers"
            ));
        }
        let may_be_called = stack
            .of_kind("AWS::Lambda::Permission")
            .any(|(_, permission)| {
                permission.text("FunctionName") == function
                    && permission.text("Principal") == "apigateway.amazonaws.com"
                    && permission.text("SourceArn").contains(":HttpApi/")
            });
        if !may_be_called {
            faults.push(format!(
                "{function}: add an AWS::Lambda::Permission for this API"
            ));
        }
    }
    faults
}

fn bites(broken: &Template, name: &str, remedy: &str) {
    assert_named(&faults(broken, &answered()), name, remedy);
}

#[test]
fn the_api_lets_in_what_the_routers_answer() {
    let answered = answered();
    assert_eq!(answered.len(), 3, "{answered:#?}");
    assert!(answered.values().flatten().count() >= 13, "{answered:#?}");
    assert_eq!(faults(&Template::read(), &answered), Vec::<String>::new());
}

#[test]
fn routes_are_read_from_a_router() {
    let source = r#"Router::new()
        .route("/a/{id}", get(read))
        .route(
            "/b",
            get(read_all).put(write),
        )
        .layer(middleware::from_fn(get(other)))"#;
    let expected = ["GET /a/{id}", "GET /b", "PUT /b"].map(str::to_owned);
    assert_eq!(routes_in(source), BTreeSet::from(expected));
}

#[test]
fn a_route_too_many_too_few_or_open_is_found() {
    let template = Template::read();
    let fewer = template.without("Resources/PostUploadsRoute");
    bites(&fewer, "PresignFunction", "POST /v1/uploads");
    let more = template.broken("Resources/GetJobRoute/Properties", |route| {
        route["RouteKey"] = json!("GET /v1/jobs/{id}/secrets");
    });
    bites(
        &more,
        "GetJobRoute",
        "does not answer GET /v1/jobs/{id}/secrets",
    );
    bites(&more, "StatusFunction", "add a route for GET /v1/jobs/{id}");
    let elsewhere = template.broken("Resources/GetJobRoute/Properties", |route| {
        route["Target"] = json!("integrations/LedgerIntegration");
    });
    bites(&elsewhere, "GetJobRoute", "LedgerFunction");
    let open = template.broken("Resources/GetJobRoute/Properties", |route| {
        route["AuthorizationType"] = json!("NONE");
    });
    bites(&open, "GetJobRoute", "open to everybody");
    let nobody = template.without("Resources/GetJobRoute/Properties/AuthorizerId");
    bites(&nobody, "GetJobRoute", "open to everybody");
    let closed = template.broken("Resources/GetDocsRoute/Properties", |route| {
        route["AuthorizationType"] = json!("JWT");
    });
    bites(&closed, "GetDocsRoute", "is for everybody");
    let silent = template.without("Resources/StatusMayBeCalled");
    bites(&silent, "StatusFunction", "AWS::Lambda::Permission");
}
