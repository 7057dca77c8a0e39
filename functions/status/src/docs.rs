//! The description of the whole API, for programs and for people. `openapi.json` beside the sources is
//! made by the code of every HTTP function; a test keeps it so. The page is made of it, and loads
//! nothing from anywhere.

use std::fmt::Write;

use axum::http::header;
use axum::response::IntoResponse;
use serde_json::Value;

/// The description.
pub const OPENAPI: &str = include_str!("../openapi.json");

const HEAD: &str = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>Millrace API</title><style>:root{color-scheme:light dark}body{font:1rem/1.5 system-ui;max-width:60rem;margin:auto;padding:1rem}code,pre{font-family:ui-monospace,monospace}pre{overflow:auto;border:1px solid;padding:.5rem}h2 code{font-size:1rem}</style><h1>Millrace API</h1>";

/// `GET /openapi.json`.
pub(crate) async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}

/// `GET /docs`.
pub(crate) async fn docs() -> impl IntoResponse {
    let description = serde_json::from_str(OPENAPI).unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, page(&description))
}

/// The description as a page.
fn page(description: &Value) -> String {
    let mut page = String::from(HEAD);
    paragraph(&mut page, &description["info"]["description"]);
    page.push_str("<p>The same for programs: <a href=\"/openapi.json\">openapi.json</a></p>");
    for (path, methods) in description["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let key = format!("{} {path}", method.to_uppercase());
            let _written = write!(page, "<h2><code>{}</code></h2>", escaped(&key));
            one(&mut page, operation);
        }
    }
    page.push_str("<h1>Shapes</h1>");
    let shapes = &description["components"]["schemas"];
    for (name, shape) in shapes.as_object().into_iter().flatten() {
        let text = serde_json::to_string_pretty(shape).unwrap_or_default();
        let (name, text) = (escaped(name), escaped(&text));
        let _written = write!(page, "<h2 id=\"{name}\">{name}</h2><pre>{text}</pre>");
    }
    page
}

fn one(page: &mut String, operation: &Value) {
    paragraph(page, &operation["summary"]);
    paragraph(page, &operation["description"]);
    page.push_str("<ul>");
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = escaped(parameter["name"].as_str().unwrap_or_default());
        let place = escaped(parameter["in"].as_str().unwrap_or_default());
        let words = escaped(parameter["description"].as_str().unwrap_or_default());
        let _written = write!(page, "<li>{place} <code>{name}</code> {words}</li>");
    }
    page.push_str("</ul><ul>");
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let words = escaped(answer["description"].as_str().unwrap_or_default());
        let _written = write!(page, "<li><code>{}</code> {words}", escaped(status));
        let content = answer["content"].as_object().into_iter().flatten();
        for shape in content.filter_map(|(_, content)| content["schema"]["$ref"].as_str()) {
            let name = escaped(shape.rsplit('/').next().unwrap_or_default());
            let _written = write!(page, " <a href=\"#{name}\">{name}</a>");
        }
        page.push_str("</li>");
    }
    page.push_str("</ul>");
}

fn paragraph(page: &mut String, text: &Value) {
    if let Some(text) = text.as_str() {
        let _written = write!(page, "<p>{}</p>", escaped(text));
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_page_names_every_operation_and_shape() {
        let description: Value = serde_json::from_str(OPENAPI).unwrap_or_default();
        let page = page(&description);
        assert!(page.contains("<code>DELETE /v1/jobs/{id}</code>"));
        assert!(page.contains("<h2 id=\"Receipt\">"));
        assert!(page.contains("<a href=\"#Job\">Job</a>"));
    }

    #[test]
    fn what_stands_in_the_description_is_text() {
        let page = page(&json!({"info": {"description": "<script>\"&"}}));
        assert!(page.contains("&lt;script&gt;&quot;&amp;") && !page.contains("<script"));
    }
}
