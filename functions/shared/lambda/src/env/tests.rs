#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn env(variables: &[(&str, &str)]) -> Env {
    let owned = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Env::new(owned)
}

/// The one fault of a variable that is read by `get`; nothing when it is understood.
fn trouble<T>(value: &str, get: impl FnOnce(&mut Env) -> Option<T>) -> Option<Trouble> {
    let mut env = env(&[("MILLRACE_X", value)]);
    let understood = get(&mut env).is_some();
    let fault = env.finish().err().map(|error| error.faults[0].trouble);
    assert_eq!(understood, fault.is_none());
    fault
}

#[test]
fn one_error_lists_every_fault_and_no_value() {
    let mut env = env(&[
        ("MILLRACE_EMPTY", ""),
        ("MILLRACE_NUMBER", "s3cret-1"),
        ("MILLRACE_PASSWORD", "s3cret-2\n"),
        ("MILLRACE_TYPO", "s3cret-3"),
        ("PATH", "/usr/bin"),
    ]);
    env.name("MILLRACE_GONE");
    env.url("MILLRACE_EMPTY");
    env.number("MILLRACE_NUMBER", 1..=9);
    env.secret("MILLRACE_PASSWORD");
    let error = env.finish().unwrap_err();
    let found: Vec<_> = error
        .faults
        .iter()
        .map(|fault| (fault.name.as_str(), fault.trouble))
        .collect();
    let expected = [
        ("MILLRACE_GONE", Trouble::Missing),
        ("MILLRACE_EMPTY", Trouble::Empty),
        ("MILLRACE_NUMBER", Trouble::Odd),
        ("MILLRACE_PASSWORD", Trouble::Odd),
        ("MILLRACE_TYPO", Trouble::Unknown),
    ];
    assert_eq!(found, expected);
    let text = error.to_string();
    for (name, _) in expected {
        assert!(text.contains(name), "{text}");
    }
    assert!(text.contains("a whole number from 1 to 9"), "{text}");
    assert!(!format!("{text} {error:?}").contains("s3cret"), "{text}");
}

#[test]
fn what_was_asked_for_is_known_whether_it_was_there_or_not() {
    let mut env = env(&[("MILLRACE_A", "a")]);
    assert_eq!(env.name("MILLRACE_A").as_deref(), Some("a"));
    assert!(!env.is_given("MILLRACE_B"));
    env.refuse("MILLRACE_C", "not beside MILLRACE_A");
    let asked: Vec<_> = env.asked().iter().map(String::as_str).collect();
    assert_eq!(asked, ["MILLRACE_A", "MILLRACE_B", "MILLRACE_C"]);
    assert_eq!(env.finish(), Ok(()));
}

#[test]
fn a_refused_variable_that_is_there_is_a_fault() {
    let mut env = env(&[("MILLRACE_USER", "anna")]);
    env.refuse("MILLRACE_USER", "only with a password");
    let error = env.finish().unwrap_err();
    assert_eq!(
        error.faults[0].to_string(),
        "MILLRACE_USER is not expected: only with a password"
    );
}

#[test]
fn odd_numbers_words_and_names_are_refused() {
    for odd in ["0", "10", "+5", " 5", "5 ", "1e3", "-1", "99999999999"] {
        let number = trouble(odd, |env| env.number("MILLRACE_X", 1..=9));
        assert_eq!(number, Some(Trouble::Odd), "{odd}");
    }
    assert_eq!(trouble("9", |env| env.number("MILLRACE_X", 1..=9)), None);
    let mut absent = env(&[]);
    assert_eq!(absent.optional_number("MILLRACE_X", 1..=9), Some(None));
    for odd in ["On", "on ", "true"] {
        let word = trouble(odd, |env| env.one_of("MILLRACE_X", &["on", "off"]));
        assert_eq!(word, Some(Trouble::Odd), "{odd}");
    }
    assert_eq!(
        trouble("off", |env| env.one_of("MILLRACE_X", &["on", "off"])),
        None
    );
    for odd in ["two words", "a/b", "ä", "${Table}", &"x".repeat(256)] {
        let name = trouble(odd, |env| env.name("MILLRACE_X"));
        assert_eq!(name, Some(Trouble::Odd), "{odd}");
    }
    assert_eq!(
        trouble("stack-State_1.x", |env| env.name("MILLRACE_X")),
        None
    );
}

#[test]
fn odd_urls_and_contact_points_are_refused() {
    let good = [
        "https://sqs.eu-west-1.amazonaws.com/123456789012/stack-ingest",
        "http://127.0.0.1:4566/000000000000/stack-ingest",
        "http://[::1]:9324/queue/ingest",
    ];
    for url in good {
        assert_eq!(trouble(url, |env| env.url("MILLRACE_X")), None, "{url}");
    }
    let odd = [
        "stack-ingest",
        "ftp://host/x",
        "https://",
        "https:///x",
        "https://user:pw@host/x",
        "https://host/x?y",
        "https://host:0/",
        "https://ho st/",
        " https://host/",
    ];
    for url in odd {
        let found = trouble(url, |env| env.url("MILLRACE_X"));
        assert_eq!(found, Some(Trouble::Odd), "{url}");
    }
    for points in ["10.0.0.1:9042", "a.example:9142,b.example:9142,[::1]:1"] {
        let found = trouble(points, |env| env.contact_points("MILLRACE_X"));
        assert_eq!(found, None, "{points}");
    }
    for points in ["10.0.0.1", "a:1,", "a:1, b:2", ":9042", "a:70000", "a:b"] {
        let found = trouble(points, |env| env.contact_points("MILLRACE_X"));
        assert_eq!(found, Some(Trouble::Odd), "{points}");
    }
}

#[test]
fn a_secret_shows_itself_to_nobody_who_prints_it() {
    let mut env = env(&[("MILLRACE_PASSWORD", "s3cret")]);
    let secret = env.secret("MILLRACE_PASSWORD").unwrap();
    assert_eq!(format!("{secret:?}"), "Secret");
    assert_eq!(secret.reveal(), "s3cret");
}
