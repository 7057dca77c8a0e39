//! The page in the cloud: CloudFront alone reads its files, a browser lets it ask who it must and nobody
//! else, and whom it signs in comes back to it.

use millrace::stack::page_policy;
use serde_json::{Value, json};

use super::{Stack, Template, assert_named};

/// What CloudFront is asked to do with a request that goes to the API: hand it on, cache nothing.
const CACHING_DISABLED: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
const ALL_BUT_HOST: &str = "b689b0a8-53d0-40ab-baf2-68738e2966ac";
/// The bucket of uploads, as a browser reaches it.
const UPLOADS: &str = "https://millrace-id.s3.eu-west-1.amazonaws.com";
/// The page's address.
const PAGE: &str = "https://PageDistribution.DomainName";

fn property<'a>(stack: &'a Stack, name: &str, path: &str) -> &'a Value {
    static NOTHING: Value = Value::Null;
    stack
        .resources
        .get(name)
        .map_or(&NOTHING, |found| found.get(path))
}

fn policy(stack: &Stack) -> &Value {
    let path = "ResponseHeadersPolicyConfig/SecurityHeadersConfig/ContentSecurityPolicy/ContentSecurityPolicy";
    property(stack, "PageHeaders", path)
}

fn faults(template: &Template) -> Vec<String> {
    let mut faults = Vec::new();
    let own = [
        ("Issuer", "https://id.example/realms/one"),
        ("Audience", "a"),
    ];
    let pool = [
        "https://cognito-idp.eu-west-1.amazonaws.com",
        "https://UserPoolDomain.auth.eu-west-1.amazoncognito.com",
    ];
    for (parameters, issuers) in [(&own[..], &["https://id.example"][..]), (&[], &pool)] {
        let stack = Stack::of(template, parameters);
        let asked: Vec<&str> = [&[UPLOADS][..], issuers].concat();
        let expected = page_policy(&asked);
        if *policy(&stack) != json!(expected) {
            faults.push(format!("PageHeaders: the policy must be {expected}"));
        }
    }
    let stack = Stack::of(template, &[]);
    if property(&stack, "Bucket", "BucketName") != "millrace-id" {
        faults.push("Bucket: its name is the one in the page's policy".to_owned());
    }
    let rules = property(&stack, "Bucket", "CorsConfiguration/CorsRules");
    let lets = |rule: &Value| rule["AllowedOrigins"] == json!([PAGE]);
    if !rules.as_array().is_some_and(|rules| rules.iter().any(lets)) {
        faults.push("Bucket: add a CORS rule for the page".to_owned());
    }
    let reader = property(&stack, "PageBucketPolicy", "PolicyDocument/Statement/1");
    let arn = "arn:aws:cloudfront::123456789012:distribution/PageDistribution";
    if reader["Principal"] != json!({"Service": "cloudfront.amazonaws.com"})
        || reader["Action"] != "s3:GetObject"
        || reader["Condition"] != json!({"StringEquals": {"aws:SourceArn": arn}})
    {
        faults.push("PageBucketPolicy: this distribution, and nobody else, reads".to_owned());
    }
    for links in ["CallbackURLs", "LogoutURLs"] {
        if *property(&stack, "UserPoolClient", links) != json!([format!("{PAGE}/")]) {
            faults.push(format!("UserPoolClient: {links} must be the page"));
        }
    }
    if *property(&stack, "UserPoolClient", "AllowedOAuthFlows") != json!(["code"]) {
        faults.push("UserPoolClient: people sign in by code".to_owned());
    }
    faults.extend(faults_of_ways(&stack));
    faults
}

/// Where each kind of path leads.
fn faults_of_ways(stack: &Stack) -> Vec<String> {
    let mut faults = Vec::new();
    let files = property(
        stack,
        "PageDistribution",
        "DistributionConfig/DefaultCacheBehavior",
    );
    if files["TargetOriginId"] != "files" || files["ResponseHeadersPolicyId"] != "PageHeaders" {
        faults.push(
            "PageDistribution: files come from the bucket, with the page's headers".to_owned(),
        );
    }
    let ways = property(
        stack,
        "PageDistribution",
        "DistributionConfig/CacheBehaviors",
    );
    for path in ["/v1/*", "/openapi.json", "/docs"] {
        let mut ways = ways.as_array().into_iter().flatten();
        let good = ways.any(|way| {
            way["PathPattern"] == path
                && way["TargetOriginId"] == "api"
                && way["CachePolicyId"] == CACHING_DISABLED
                && way["OriginRequestPolicyId"] == ALL_BUT_HOST
        });
        if !good {
            faults.push(format!(
                "PageDistribution: hand {path} on to the API, uncached"
            ));
        }
    }
    faults
}

fn bites(broken: &Template, name: &str, remedy: &str) {
    assert_named(&faults(broken), name, remedy);
}

#[test]
fn the_page_in_the_cloud_is_in_order() {
    assert_eq!(faults(&Template::read()), Vec::<String>::new());
}

#[test]
fn a_page_that_may_ask_anybody_or_nobody_lets_in_is_found() {
    let template = Template::read();
    let config =
        "Resources/PageHeaders/Properties/ResponseHeadersPolicyConfig/SecurityHeadersConfig";
    let bare = template.without(&format!("{config}/ContentSecurityPolicy"));
    bites(&bare, "PageHeaders", "the policy must be");
    let anybody = template.broken(&format!("{config}/ContentSecurityPolicy"), |policy| {
        policy["ContentSecurityPolicy"] = json!("default-src *");
    });
    bites(&anybody, "PageHeaders", "the policy must be");
    let renamed = template.broken("Resources/Bucket/Properties", |bucket| {
        bucket["BucketName"] = json!("other");
    });
    bites(&renamed, "Bucket", "its name");
    let cors = "Resources/Bucket/Properties/CorsConfiguration/CorsRules";
    let closed = template.broken(cors, |rules| {
        rules.as_array_mut().expect("rules").pop();
    });
    bites(&closed, "Bucket", "CORS rule for the page");
    let open = template
        .without("Resources/PageBucketPolicy/Properties/PolicyDocument/Statement/1/Condition");
    bites(&open, "PageBucketPolicy", "nobody else");
    for links in ["CallbackURLs", "LogoutURLs"] {
        let lost = template.without(&format!("Resources/UserPoolClient/Properties/{links}"));
        bites(&lost, "UserPoolClient", links);
    }
    let implicit = template.broken("Resources/UserPoolClient/Properties", |client| {
        client["AllowedOAuthFlows"] = json!(["implicit"]);
    });
    bites(&implicit, "UserPoolClient", "by code");
}

#[test]
fn a_way_that_is_cached_or_leads_elsewhere_is_found() {
    let template = Template::read();
    let config = "Resources/PageDistribution/Properties/DistributionConfig";
    let bare = template.without(&format!(
        "{config}/DefaultCacheBehavior/ResponseHeadersPolicyId"
    ));
    bites(&bare, "PageDistribution", "with the page's headers");
    let cached = template.broken(&format!("{config}/CacheBehaviors/0"), |way| {
        way["CachePolicyId"] = json!("658327ea-f89d-4fab-a63d-7e88639e58f6");
    });
    bites(&cached, "PageDistribution", "/v1/*");
    let anonymous = template.without(&format!("{config}/CacheBehaviors/0/OriginRequestPolicyId"));
    bites(&anonymous, "PageDistribution", "/v1/*");
}
