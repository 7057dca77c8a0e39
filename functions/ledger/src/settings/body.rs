//! The body of `PUT settings`: the fields that are to change, on top of those that hold.
//!
//! Another profile brings its own switches, also where others were set before; those named in the
//! same body stand above it. Section 104 is a rule of the United Kingdom: a body that sets `method`
//! to `s104` and names no profile sets the profile `uk` too.

use domain::asset::Asset;
use domain::limits::{MAX_LONG_TERM_DAYS, MAX_MATCH_HOURS, MAX_OUTLIER_PERCENT};
use domain::settings::{CheckBounds, MatchBounds, Method, Settings, TaxProfile};
use domain::switches::{Lost, Switches};
use jiff::tz::TimeZoneDatabase;
use lambda::fields::Fields;
use lambda::problem::Problem;
use serde::de::{DeserializeOwned, IntoDeserializer, value::Error as ValueError};

/// Reads a body as a change of `held`.
///
/// # Errors
/// 400 with every fault.
pub(crate) fn parse(held: Settings, body: &[u8]) -> Result<Settings, Problem> {
    let mut fields = Fields::parse(body)?;
    let mut settings = held;
    let method = method(&mut fields);
    let profile = one_of::<TaxProfile>(&mut fields, "profile", "us or uk");
    choose(&mut settings, method, profile);
    if let Some(mut inner) = fields.object("switches") {
        switches(&mut inner, &mut settings.switches);
        fields.merge(inner);
    }
    if settings.method == Method::S104 && settings.switches.lost == Lost::NoGain {
        let detail =
            "must be zero_proceeds with the method s104, where a loss is a disposal for nothing";
        fields.fault("switches/lost", detail);
    }
    if let Some(base) = base(&mut fields) {
        settings.base = base;
    }
    if let Some(timezone) = timezone(&mut fields) {
        settings.tax_timezone = timezone;
    }
    if let Some(days) = bounded(&mut fields, "long_term_days", MAX_LONG_TERM_DAYS) {
        settings.long_term_days = days;
    }
    if let Some(mut inner) = fields.object("matching") {
        matching(&mut inner, &mut settings.matching);
        fields.merge(inner);
    }
    if let Some(mut inner) = fields.object("checks") {
        checks(&mut inner, &mut settings.checks);
        fields.merge(inner);
    }
    fields.finish()?;
    Ok(settings)
}

fn method(fields: &mut Fields) -> Option<Method> {
    let names = "fifo, lifo, hifo, lofo, average or s104";
    one_of::<Method>(fields, "method", names)
}

/// Takes a method, and a profile that is named or that section 104 implies.
fn choose(settings: &mut Settings, method: Option<Method>, profile: Option<TaxProfile>) {
    settings.method = method.unwrap_or(settings.method);
    let implied = (method == Some(Method::S104)).then_some(TaxProfile::Uk);
    match profile.or(implied) {
        Some(profile) if profile != settings.profile => settings.set_profile(profile),
        _ => {}
    }
}

fn switches(fields: &mut Fields, switches: &mut Switches) {
    if let Some(airdrop) = one_of(fields, "airdrop", "income or no_income") {
        switches.airdrop = airdrop;
    }
    if let Some(fork) = one_of(fields, "fork", "income or zero_cost") {
        switches.fork = fork;
    }
    if let Some(gift) = one_of(fields, "gift", "no_gain or at_value") {
        switches.gift = gift;
    }
    if let Some(lost) = one_of(fields, "lost", "no_gain or zero_proceeds") {
        switches.lost = lost;
    }
}

fn one_of<T: DeserializeOwned>(fields: &mut Fields, name: &str, choices: &str) -> Option<T> {
    let text = fields.text(name)?;
    let deserializer: serde::de::value::StringDeserializer<ValueError> = text.into_deserializer();
    match T::deserialize(deserializer) {
        Ok(value) => Some(value),
        Err(_) => {
            fields.fault(name, format!("must be {choices}"));
            None
        }
    }
}

/// Values and gains are in money of a country: no tax is declared in anything else.
fn base(fields: &mut Fields) -> Option<Asset> {
    let base: Asset = fields.parsed("base")?;
    if base.is_fiat() {
        return Some(base);
    }
    fields.fault(
        "base",
        "must be the ISO 4217 code of a national currency, such as USD, EUR or GBP",
    );
    None
}

fn timezone(fields: &mut Fields) -> Option<String> {
    let name = fields.text("tax_timezone")?;
    if TimeZoneDatabase::bundled().get(&name).is_ok() {
        return Some(name);
    }
    fields.fault(
        "tax_timezone",
        "is not a time zone; use a name of the IANA database such as Europe/Berlin, or UTC",
    );
    None
}

fn bounded(fields: &mut Fields, name: &str, max: u32) -> Option<u32> {
    let value = fields.whole(name)?;
    let fits = u32::try_from(value).ok().filter(|value| *value <= max);
    if fits.is_none() {
        fields.fault(name, format!("must be at most {max}"));
    }
    fits
}

fn matching(fields: &mut Fields, bounds: &mut MatchBounds) {
    for (name, max, bound) in [
        ("window_hours", MAX_MATCH_HOURS, &mut bounds.window_hours),
        ("max_loss_percent", 100, &mut bounds.max_loss_percent),
        ("reason_hours", MAX_MATCH_HOURS, &mut bounds.reason_hours),
    ] {
        if let Some(value) = bounded(fields, name, max) {
            *bound = value;
        }
    }
}

fn checks(fields: &mut Fields, bounds: &mut CheckBounds) {
    for (name, max, bound) in [
        ("mismatch_percent", 100, &mut bounds.mismatch_percent),
        (
            "outlier_percent",
            MAX_OUTLIER_PERCENT,
            &mut bounds.outlier_percent,
        ),
    ] {
        if let Some(value) = bounded(fields, name, max) {
            *bound = value;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn change(body: &str) -> Result<Settings, Problem> {
        parse(Settings::default(), body.as_bytes())
    }

    #[test]
    fn a_part_changes_and_the_rest_stays() {
        let settings = change(r#"{"method":"average","matching":{"window_hours":6}}"#).unwrap();
        let expected = Settings {
            method: Method::Average,
            matching: MatchBounds {
                window_hours: 6,
                ..MatchBounds::default()
            },
            ..Settings::default()
        };
        assert_eq!(settings, expected);
        assert_eq!(change("{}").unwrap(), Settings::default());
    }

    #[test]
    fn every_method_has_the_name_of_the_command_line() {
        for name in ["fifo", "lifo", "hifo", "lofo", "average", "s104"] {
            let settings = change(&format!(r#"{{"method":"{name}"}}"#)).unwrap();
            assert_eq!(settings.method.name(), name);
        }
    }

    #[test]
    fn section_104_sets_the_profile_of_its_country_unless_one_is_named() {
        let settings = change(r#"{"method":"s104"}"#).unwrap();
        assert_eq!(settings.profile, TaxProfile::Uk);
        let settings =
            change(r#"{"profile":"us","method":"s104","switches":{"lost":"zero_proceeds"}}"#)
                .unwrap();
        assert_eq!(settings.profile, TaxProfile::Us);
    }

    #[test]
    fn another_profile_brings_its_switches_and_the_same_leaves_them() {
        let uk = change(r#"{"profile":"uk"}"#).unwrap();
        assert_eq!(uk.switches, TaxProfile::Uk.switches());
        let body = r#"{"profile":"uk","switches":{"airdrop":"income","fork":"income","gift":"no_gain","lost":"no_gain"}}"#;
        let named = change(body).unwrap();
        assert_eq!(named.switches, TaxProfile::Us.switches());
        assert_eq!(parse(named.clone(), br#"{"profile":"uk"}"#).unwrap(), named);
        let us = parse(
            named,
            br#"{"profile":"us","switches":{"lost":"zero_proceeds"}}"#,
        )
        .unwrap();
        let expected = Switches {
            lost: Lost::ZeroProceeds,
            ..TaxProfile::Us.switches()
        };
        assert_eq!(us.switches, expected);
    }

    #[test]
    fn section_104_brings_the_uk_profile_unless_another_is_named() {
        let mut settings = Settings::default();
        choose(&mut settings, Some(Method::S104), None);
        assert_eq!(
            (settings.method, settings.profile),
            (Method::S104, TaxProfile::Uk)
        );
        assert_eq!(settings.switches, TaxProfile::Uk.switches());
        choose(&mut settings, None, Some(TaxProfile::Us));
        choose(&mut settings, None, None);
        assert_eq!(settings.profile, TaxProfile::Us);
        let problem = parse(settings, b"{}").unwrap_err();
        assert!(problem.errors[0].detail.contains("zero_proceeds"));
    }

    #[test]
    fn every_field_can_be_set() {
        let body = r#"{"method":"fifo","base":"gbp","profile":"uk","tax_timezone":"Europe/London","long_term_days":0,
            "matching":{"window_hours":1,"max_loss_percent":2,"reason_hours":3},
            "checks":{"mismatch_percent":4,"outlier_percent":5}}"#;
        let settings = change(body).unwrap();
        assert_eq!(
            (settings.base.as_str(), settings.profile),
            ("GBP", TaxProfile::Uk)
        );
        assert_eq!(
            (settings.tax_timezone.as_str(), settings.long_term_days),
            ("Europe/London", 0)
        );
        let checks = CheckBounds {
            mismatch_percent: 4,
            outlier_percent: 5,
        };
        assert_eq!(settings.checks, checks);
        assert_eq!(
            settings.matching,
            MatchBounds {
                window_hours: 1,
                max_loss_percent: 2,
                reason_hours: 3
            }
        );
    }

    #[test]
    fn every_fault_is_named() {
        let body = r#"{"method":"best","base":"BTC","profile":1,"tax_timezone":"Mars","long_term_days":-1,
            "switches":{"gift":"free","loss":"no_gain"},"matching":{"max_loss_percent":101,"odd":1},"checks":{"outlier_percent":10001},"as_of":"x"}"#;
        let problem = change(body).unwrap_err();
        let errors = serde_json::to_value(&problem.errors).unwrap();
        let pointers: Vec<_> = errors
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["pointer"].as_str().unwrap().to_owned())
            .collect();
        let expected = [
            "#/method",
            "#/profile",
            "#/switches/gift",
            "#/switches/loss",
            "#/base",
            "#/tax_timezone",
            "#/long_term_days",
            "#/matching/max_loss_percent",
            "#/matching/odd",
            "#/checks/outlier_percent",
            "#/as_of",
        ];
        assert_eq!(pointers, expected);
    }
}
