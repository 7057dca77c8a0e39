//! Each fixture is a file named by what is odd about it; a test shows what becomes of it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use csv::StringRecord;
use proptest::prelude::*;

use super::*;
use crate::dialect::Dialect;
use crate::limits::MAX_FIELD_BYTES;
use crate::rows::{Kind, Leg};
use crate::time::Instant;

/// As most files are written.
const COMMA: Dialect = Dialect {
    decimal: DecimalMark::Point,
    ..Dialect::utf8(b',')
};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("fixtures/", $name, ".csv"))
    };
}

fn records(text: &str) -> Vec<StringRecord> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    reader.records().map(Result::unwrap).collect()
}

fn fields(record: &StringRecord) -> Vec<&str> {
    record.iter().collect()
}

fn cells(record: &StringRecord) -> Vec<String> {
    record.iter().map(str::to_owned).collect()
}

fn read(text: &str, options: &ParseOptions) -> Vec<Result<Option<Row>, RowError>> {
    let records = records(text);
    let head: Vec<_> = records.iter().map(cells).collect();
    let detected = detect(&head).unwrap();
    let reader = reader(detected.format, &head[detected.header], COMMA, options).unwrap();
    let data = records.iter().skip(detected.header + 1);
    data.map(|record| reader.read(&fields(record), line(text, record), 3))
        .collect()
}

/// The line a record starts on. The csv crate's own count is one short behind CRLF: it takes the
/// position before the line feed.
fn line(text: &str, record: &StringRecord) -> u64 {
    let start = usize::try_from(record.position().unwrap().byte()).unwrap();
    let (before, rest) = text.split_at(start);
    let skipped = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
    let ends = before.matches('\n').count() + rest[..skipped].matches('\n').count();
    u64::try_from(ends + 1).unwrap()
}

fn rows(text: &str) -> Vec<Row> {
    read(text, &ParseOptions::default())
        .into_iter()
        .filter_map(Result::unwrap)
        .collect()
}

fn leg(leg: Option<&Leg>) -> String {
    leg.map_or("-".to_owned(), |leg| {
        format!("{} {}", leg.amount, leg.asset)
    })
}

fn shown(row: &Row) -> String {
    let legs = [&row.sent, &row.received, &row.fee].map(|side| leg(side.as_ref()));
    format!("{} {}: {}", row.at, row.kind.name(), legs.join(" | "))
}

fn messages(text: &str, options: &ParseOptions) -> Vec<String> {
    read(text, options)
        .into_iter()
        .map(|result| result.unwrap_err().to_string())
        .collect()
}

#[test]
fn each_shape_of_row_becomes_its_kind() {
    let rows = rows(fixture!("one_row_of_each_shape"));
    assert_eq!(
        rows.iter().map(shown).collect::<Vec<_>>(),
        [
            "2020-01-10T10:00:00Z buy: 8000 USD | 1 BTC | 40 USD",
            "2020-12-01T10:00:00Z sell: 1.5 BTC | 28500 USD | 142.5 USD",
            "2021-01-05T12:00:00Z reward: - | 0.1 BTC | -",
            "2021-02-01T09:00:00Z withdrawal: 1 BTC | - | 0.001 BTC",
            "2021-02-01T09:20:00Z deposit: - | 1 BTC | -",
            "2021-03-01T10:00:00Z swap: 0.5 BTC | 15 ETH | 0.00003605 BNB",
            "2021-04-01T10:00:00Z exchange: 100 EUR | 110 USD | -",
            "2021-05-01T10:00:00Z fee: - | - | 2 USDT",
            "2021-06-01T10:00:00Z margin_gain: - | 12 USDT | -",
            "2021-06-02T10:00:00Z margin_loss: 12 USDT | - | -",
        ]
    );
    let sell = &rows[1];
    assert_eq!(
        (sell.line, sell.chunk, sell.account.as_str()),
        (3, 3, "default")
    );
    assert_eq!(
        (sell.tx_hash.as_deref(), sell.description.as_deref()),
        (Some("0xfeed"), Some("a sell"))
    );
    assert_eq!(
        (sell.id.as_deref(), leg(rows[2].net_worth.as_ref())),
        (None, "3200 USD".to_owned())
    );
}

#[test]
fn a_preamble_a_byte_order_mark_and_any_order_of_columns_are_understood() {
    let options = ParseOptions {
        account: Some("Wallet".parse().unwrap()),
        ..ParseOptions::default()
    };
    let rows: Vec<_> = read(fixture!("preamble_bom_and_shuffled_columns"), &options)
        .into_iter()
        .filter_map(Result::unwrap)
        .collect();
    assert_eq!(
        shown(&rows[0]),
        "2020-01-10T10:00:00Z buy: 8000 USD | 1 BTC | 0.01 BNB"
    );
    assert_eq!(
        (rows[0].account.as_str(), rows[0].id.as_deref()),
        ("Kraken", Some("k-1"))
    );
    assert_eq!(
        (leg(rows[0].fee_worth.as_ref()), rows[0].line),
        ("2.5 USD".to_owned(), 6)
    );
    assert_eq!(
        shown(&rows[1]),
        "2020-01-11T10:00:00Z staking: - | 1 1INCH | -"
    );
    assert_eq!(rows[1].account.as_str(), "Wallet");
}

#[test]
fn zeros_and_currencies_without_amounts_make_no_legs() {
    for row in rows(fixture!("zeros_and_currencies_without_amounts")) {
        assert_eq!(
            (row.kind, row.sent, row.fee, row.net_worth),
            (Kind::Deposit, None, None, None)
        );
    }
}

#[test]
fn blank_records_are_ignored_whatever_their_length() {
    let results = read(
        fixture!("blank_records_and_no_last_newline"),
        &ParseOptions::default(),
    );
    let found: Vec<_> = results
        .into_iter()
        .map(|result| result.unwrap().map(|row| row.line))
        .collect();
    // The first blank line is no record at all.
    assert_eq!(found, [None, None, None, Some(6)]);
}

#[test]
fn a_quoted_newline_keeps_the_record_and_the_lines_after_it() {
    let results = read(
        fixture!("quoted_newlines_commas_and_quotes"),
        &ParseOptions::default(),
    );
    let row = results[0].clone().unwrap().unwrap();
    assert_eq!(
        row.description.as_deref(),
        Some("two\nlines, a comma and \"quotes\"")
    );
    let error = results[1].clone().unwrap_err();
    assert!(
        error
            .message
            .starts_with("line 4, column \"Received Amount\": \"x\" is not a decimal"),
        "{error}"
    );
}

#[test]
fn every_form_of_date_is_read_to_the_microsecond() {
    let times: Vec<_> = rows(fixture!("dates_of_every_form"))
        .iter()
        .map(|row| row.at.to_string())
        .collect();
    assert_eq!(
        times,
        [
            "2020-12-01T10:00:00Z",
            "2020-12-01T10:00:05Z",
            "2020-12-01T10:00:05.25Z",
            "2020-12-01T10:00:05.123456Z",
            "2020-12-01T10:00:05.123456Z",
            "2020-12-01T04:30:00Z",
            "2020-12-01T18:00:00Z",
            "2020-11-30T10:00:00Z",
            "2020-12-01T10:00:00Z",
            "2001-09-09T01:46:39Z",
            "2199-12-31T23:59:59.999999Z",
            "1970-01-01T00:00:00Z",
        ]
    );
}

#[test]
fn a_date_that_has_two_readings_or_none_is_refused() {
    let results = read(fixture!("dates_that_are_refused"), &ParseOptions::default());
    let codes: Vec<_> = results
        .into_iter()
        .map(|result| result.unwrap_err().code)
        .collect();
    let mut expected = ["malformed_date"; 16];
    (expected[0], expected[2]) = ("missing_date", "ambiguous_date");
    expected[13] = "ambiguous_date";
    (expected[11], expected[12]) = ("date_out_of_range", "date_out_of_range");
    assert_eq!(codes, expected);
}

#[test]
fn a_refused_row_names_line_column_reason_and_remedy() {
    assert_eq!(
        messages(fixture!("rows_that_are_refused"), &ParseOptions::default()),
        [
            "line 2, column \"Sent Amount\": \"1,2x\" is not a decimal number; write digits with a point, e.g. 1234.56",
            "line 3, column \"Sent Amount\": \"-1\" is negative; the column says the direction, so write the amount without a sign",
            "line 4, column \"Received Amount\": \"123456789012345678901234567890123456789\" has more than 38 significant digits; write at most 38 digits",
            "line 5, column \"Received Amount\": \"1e999999\" has more than 38 digits before or after its point; write at most 38 digits before the point and 38 after it",
            "line 6, column \"Received Currency\": is empty although its amount is not; name the currency, e.g. BTC",
            "line 7, column \"Received Currency\": \"US DOLLAR\" is refused: currency must be 1 to 32 bytes without space, quote or comma",
            "line 8, column \"Net Worth Currency\": is empty although its amount is not; name the currency, e.g. BTC",
            "line 9, column \"Label\": \"rug pull\" is not a known label; leave it empty or use a Koinly tag such as reward, airdrop, cost, gift or lost",
            "line 10, column \"Label\": the label \"reward\" belongs to a row with a received amount and no sent one; this row has only a sent one",
            "line 11, column \"Label\": the label \"swap\" marks a migration of one asset into another, which is not supported yet; to have it taxed as a trade, leave the label empty",
            "line 12: no amount is sent, received or paid as a fee; fill in an amount with its currency",
            "line 13, column \"Fee Worth Amount\": is the value of a fee, and this row has no fee amount",
            "line 14: has 12 fields where the header has 15; look for a missing or an extra delimiter, or for a quote that is not closed",
            "line 15: has 16 fields where the header has 15; look for a missing or an extra delimiter, or for a quote that is not closed",
            "line 16, column \"Account\": \"a?b\" is refused: account must be 1 to 128 bytes of printable text",
        ]
    );
}

#[test]
fn a_field_that_is_too_long_is_refused_and_not_repeated() {
    let text = fixture!("one_row_of_each_shape").replace("a buy", &"b".repeat(MAX_FIELD_BYTES + 1));
    let error = read(&text, &ParseOptions::default())[0]
        .clone()
        .unwrap_err();
    assert_eq!(
        (error.code, error.column.as_deref()),
        ("field_too_long", Some("Description"))
    );
    assert!(error.message.len() < 200);
    let text = text.replace(
        &"b".repeat(MAX_FIELD_BYTES + 1),
        &"b".repeat(MAX_FIELD_BYTES),
    );
    assert_eq!(
        rows(&text)[0].description.as_deref().map(str::len),
        Some(MAX_FIELD_BYTES)
    );
}

/// The instant of a date, read with a zone and an order of day and month.
fn instant(
    text: &str,
    timezone: Option<&str>,
    date_format: Option<&str>,
) -> Result<String, &'static str> {
    let options = ParseOptions {
        timezone: timezone.map(str::to_owned),
        date_format: date_format.map(str::to_owned),
        ..ParseOptions::default()
    };
    let reader = dates::DateReader::new(&options).unwrap();
    reader
        .read(text)
        .map(|instant| instant.to_string())
        .map_err(|wrong| wrong.code)
}

#[test]
fn the_zone_of_the_upload_is_that_of_times_without_one() {
    let berlin = Some("Europe/Berlin");
    assert_eq!(
        instant("2020-07-01 10:00", berlin, None),
        Ok("2020-07-01T08:00:00Z".to_owned())
    );
    assert_eq!(
        instant("2020-12-01 10:00", berlin, None),
        Ok("2020-12-01T09:00:00Z".to_owned())
    );
    assert_eq!(
        instant("2020-07-01 10:00 UTC", berlin, None),
        Ok("2020-07-01T10:00:00Z".to_owned())
    );
    assert_eq!(
        instant("1606816800", berlin, None),
        Ok("2020-12-01T10:00:00Z".to_owned())
    );
}

#[test]
fn a_repeated_local_time_is_the_first_and_a_skipped_one_is_refused() {
    let new_york = Some("America/New_York");
    assert_eq!(
        instant("2020-11-01 01:30", new_york, None),
        Ok("2020-11-01T05:30:00Z".to_owned())
    );
    assert_eq!(
        instant("2020-11-01 02:00", new_york, None),
        Ok("2020-11-01T07:00:00Z".to_owned())
    );
    assert_eq!(
        instant("2020-03-08 02:30", new_york, None),
        Err("nonexistent_time")
    );
    assert_eq!(
        instant("2020-03-08 02:30-05:00", new_york, None),
        Ok("2020-03-08T07:30:00Z".to_owned())
    );
}

#[test]
fn the_date_format_of_the_upload_decides_between_day_and_month() {
    for text in ["3/4/2021 10:00", "03.04.2021 10:00", "03-04-2021T10:00"] {
        assert_eq!(
            instant(text, None, Some("DD/MM/YYYY")),
            Ok("2021-04-03T10:00:00Z".to_owned()),
            "{text}"
        );
        assert_eq!(
            instant(text, None, Some("MM/DD/YYYY")),
            Ok("2021-03-04T10:00:00Z".to_owned()),
            "{text}"
        );
        assert_eq!(instant(text, None, None), Err("ambiguous_date"), "{text}");
    }
    assert_eq!(
        instant("13/12/2021 10:00", None, Some("MM/DD/YYYY")),
        Err("malformed_date")
    );
    assert_eq!(
        instant("3/4.2021 10:00", None, Some("DD/MM/YYYY")),
        Err("malformed_date")
    );
    assert_eq!(
        instant("2021-04-03 10:00", None, Some("MM/DD/YYYY")),
        Ok("2021-04-03T10:00:00Z".to_owned())
    );
}

#[test]
fn options_that_cannot_be_followed_are_refused_before_anything_is_uploaded() {
    let with = |timezone: Option<&str>, date_format: Option<&str>, format: Option<&str>| {
        let [timezone, date_format, format] =
            [timezone, date_format, format].map(|text| text.map(str::to_owned));
        check_options(&ParseOptions {
            account: None,
            timezone,
            date_format,
            format,
        })
        .map_err(|error| error.code())
    };
    assert_eq!(
        with(Some("Asia/Kolkata"), Some("DD/MM/YYYY"), Some("koinly")),
        Ok(())
    );
    assert_eq!(with(Some("utc"), None, None), Ok(()));
    for name in [
        "Mars/Base",
        "",
        "Etc/Unknown",
        "EST5EDT,M3.2.0",
        "../../etc/passwd",
    ] {
        assert_eq!(
            with(Some(name), None, None),
            Err("unknown_timezone"),
            "{name}"
        );
    }
    assert_eq!(
        with(None, Some("YY/MM/DD"), None),
        Err("unknown_date_format")
    );
    assert_eq!(with(None, None, Some("excel")), Err("unknown_format"));
}

fn header() -> Vec<String> {
    cells(&records(fixture!("one_row_of_each_shape"))[0])
}

#[test]
fn a_header_is_found_only_near_the_top() {
    let preamble = |lines: usize| [vec![vec!["words".to_owned()]; lines], vec![header()]].concat();
    assert_eq!(
        detect(&preamble(9)),
        Some(Detected {
            format: "koinly",
            header: 9
        })
    );
    assert_eq!(detect(&preamble(10)), None);
    assert_eq!(detect(&[]), None);
}

#[test]
fn a_header_that_is_nearly_known_is_not_guessed_and_the_difference_is_named() {
    let mut missing = header();
    missing.pop();
    let unknown = [header(), vec!["Balance".to_owned()]].concat();
    let twice = [header(), vec!["tag".to_owned()]].concat();
    for (header, why) in [
        (missing, "it has no column \"TxHash\""),
        (
            unknown,
            "it has a column \"Balance\" that the format does not know",
        ),
        (twice, "it has the column \"Label\" twice"),
    ] {
        assert_eq!(detect(std::slice::from_ref(&header)), None);
        let said = near_miss(std::slice::from_ref(&header));
        assert_eq!(
            said,
            Some(format!("record 1 is like a header of koinly, but {why}"))
        );
        let refused = reader("koinly", &header, COMMA, &ParseOptions::default())
            .err()
            .unwrap();
        assert_eq!(
            refused.to_string(),
            format!("this is not a header of koinly: {why}")
        );
    }
    assert_eq!(
        near_miss(&[vec!["txid".to_owned(), "refid".to_owned()]]),
        None
    );
}

/// A header of a format with all its columns.
fn header_of(format: &dyn Format) -> Vec<String> {
    let columns = format.columns().iter();
    let filled = columns.map(|column| {
        let filling = if column.name.starts_with("Date") {
            "UTC+1"
        } else {
            "EUR"
        };
        column.name.replace("{}", filling)
    });
    filled.collect()
}

#[test]
fn each_format_is_known_by_its_own_header_and_by_no_other() {
    for format in FORMATS {
        let header = header_of(format);
        let fitting: Vec<_> = FORMATS
            .iter()
            .filter(|other| Columns::of(other.columns(), &header).is_ok())
            .map(|other| other.name())
            .collect();
        assert_eq!(fitting, [format.name()]);
        let lower: Vec<_> = header
            .iter()
            .map(|cell| format!(" {} ", cell.to_lowercase()))
            .collect();
        assert_eq!(
            detect(&[lower]).map(|found| found.format),
            Some(format.name())
        );
    }
}

#[test]
fn a_file_of_refused_records_can_be_corrected_and_come_back() {
    for format in FORMATS {
        let added = ["_line", "_code", "_message"].map(str::to_owned);
        let header = [header_of(format), added.to_vec()].concat();
        assert_eq!(
            detect(std::slice::from_ref(&header)).map(|found| found.format),
            Some(format.name())
        );
    }
    let header = [header(), vec!["_line".to_owned()]].concat();
    let reader = reader("koinly", &header, COMMA, &ParseOptions::default()).unwrap();
    let mut record = vec![""; header.len()];
    (record[0], record[3], record[4]) = ("2020-01-01 10:00", "1", "BTC");
    record[header.len() - 1] = "7";
    let row = reader.read(&record, 2, 0).unwrap().unwrap();
    assert_eq!(
        (shown(&row).as_str(), row.line),
        ("2020-01-01T10:00:00Z deposit: - | 1 BTC | -", 2)
    );
}

#[test]
fn a_header_that_says_two_currencies_or_an_odd_offset_is_refused() {
    let refused = |format: &str, header: Vec<String>| {
        reader(format, &header, COMMA, &ParseOptions::default())
            .err()
            .map(|error| error.to_string())
    };
    let mut two = header_of(&bittytax::BittyTax);
    two[6] = "Sell Value in USD".to_owned();
    assert_eq!(
        refused("bittytax", two).unwrap(),
        "this is not a header of bittytax: its columns name two currencies, the second in \"Sell Value in USD\""
    );
    for (zone, fits) in [
        ("Date(UTC)", true),
        ("Date(UTC-05:30)", true),
        ("Date(utc+0)", true),
        ("Date(UTC+16)", false),
        ("Date(CET)", false),
        ("Date(UTCnull)", false),
    ] {
        let mut header = header_of(&binance_trades::BinanceTrades);
        header[0] = zone.to_owned();
        assert_eq!(refused("binance_trades", header).is_none(), fits, "{zone}");
    }
}

/// Fields as they come, with a taste for what formats read.
fn field() -> impl Strategy<Value = String> {
    let words = [
        "BTC",
        "USD",
        "eth",
        "1INCH",
        "reward",
        "swap",
        "cost",
        "Realized Gain",
        "lost",
        "Buy",
        "Sell",
        "Convert",
        "Send",
        "Staking Income",
        "Withdrawal",
        "Retail Staking Transfer",
        "Converted 1 BTC to 2 ETH",
        "Bought 1 BTC for 2 USDC",
        "BTCUSDT",
        "1BTC",
        "0.51INCH",
        "BUY",
        "Trade",
        "Gift-Sent",
        "mined",
        "gift",
    ];
    prop_oneof![
        3 => Just(String::new()),
        3 => "[-$]{0,2}[0-9]{1,3}([.,][0-9]{1,4})?(e-?[0-9]{1,3})?",
        5 => prop::sample::select(words.to_vec()).prop_map(str::to_owned),
        3 => "20[0-9]{2}-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-5][0-9](:[0-5][0-9])?( UTC|Z|\\+0[0-9]:00)?",
        1 => "[0-9/.:TZ +-]{0,24}",
        1 => "\\PC{0,12}",
        1 => any::<String>(),
    ]
}

proptest! {
    #[test]
    fn no_record_panics_and_every_error_names_its_line(
        fields in prop::collection::vec(field(), 18),
        cut in 0..18_usize,
        line in 1..u64::MAX,
    ) {
        let names = ["DD/MM/YYYY", "MM/DD/YYYY"];
        let options = ParseOptions {
            timezone: (line % 2 == 0).then(|| "Europe/London".to_owned()),
            date_format: names.get(usize::try_from(line % 3).unwrap()).map(|name| (*name).to_owned()),
            ..ParseOptions::default()
        };
        for format in FORMATS {
            let header = header_of(format);
            let dialect = Dialect {
                decimal: [DecimalMark::Point, DecimalMark::Comma, DecimalMark::Unsaid][cut % 3],
                ..COMMA
            };
            let reader = reader(format.name(), &header, dialect, &options).unwrap();
            // Most records have the right number of fields: more happens to those.
            let count = if cut < 3 { cut } else { header.len() };
            let record: Vec<&str> = fields.iter().take(count).map(String::as_str).collect();
            match reader.read(&record, line, 0) {
                Ok(Some(row)) => {
                    prop_assert!(row.sent.is_some() || row.received.is_some() || row.fee.is_some());
                    prop_assert_eq!(row.line, line);
                    let legs = [&row.sent, &row.received, &row.fee, &row.net_worth, &row.fee_worth];
                    let amounts = legs.into_iter().flatten().map(|leg| &leg.amount);
                    prop_assert!(amounts.into_iter().all(|amount| !amount.is_negative() && !amount.is_zero()));
                }
                Ok(None) => {}
                Err(error) => {
                    let start = format!("line {line}");
                    prop_assert!(error.message.starts_with(&start));
                    prop_assert!(error.message.len() < 700 && !error.message.contains(char::is_control), "{}", error.message);
                }
            }
        }
    }

    #[test]
    fn no_amount_panics_and_a_plain_one_is_itself_in_every_dialect(text in "[-+$\u{20ac}0-9.,eE \u{2212}]{0,24}", whole in 0..1_000_000_u64, parts in 1..100_u64) {
        for mark in [DecimalMark::Point, DecimalMark::Comma, DecimalMark::Unsaid] {
            let read = amounts::signed(&text, mark);
            prop_assert!(read.is_ok() || !text.is_empty());
            let plain = format!("{whole}.{parts:02}");
            let other = plain.replace('.', ",");
            let expected = plain.parse().ok();
            prop_assert_eq!(amounts::amount(&plain, mark).unwrap(), expected.clone());
            prop_assert_eq!(amounts::amount(&other, mark).unwrap(), expected);
        }
    }

    #[test]
    fn no_records_panic_the_detection(records in prop::collection::vec(prop::collection::vec(any::<String>(), 0..20), 0..12)) {
        prop_assert_eq!(detect(&records), None);
        prop_assert_eq!(near_miss(&records), None);
    }

    #[test]
    fn columns_are_found_in_any_order(shuffled in Just(header()).prop_shuffle()) {
        prop_assert_eq!(detect(&[shuffled]), Some(Detected { format: "koinly", header: 0 }));
    }

    #[test]
    fn a_time_is_read_alike_in_each_of_its_forms(us in 100_000_000_000_000..7_258_118_400_000_000_i64, minutes in -900..900_i32) {
        let at = Instant(us);
        let timestamp = jiff::Timestamp::from_microsecond(us).unwrap();
        let offset = jiff::tz::Offset::from_seconds(minutes * 60).unwrap();
        let local = offset.to_datetime(timestamp);
        let (sign, size) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
        for text in [
            at.to_string(),
            timestamp.strftime("%Y-%m-%d %H:%M:%S.%6f UTC").to_string(),
            format!("{}{sign}{:02}:{:02}", local.strftime("%FT%T%.f"), size / 60, size % 60),
        ] {
            prop_assert_eq!(instant(&text, Some("Asia/Tokyo"), None), Ok(at.to_string()), "{}", text);
        }
        let seconds = Instant(us / 1_000_000 * 1_000_000).to_string();
        prop_assert_eq!(instant(&(us / 1_000_000).to_string(), None, None), Ok(seconds));
    }

    #[test]
    fn no_date_panics(text in "[0-9TZ: +/.-]{0,32}", any_text in any::<String>()) {
        for text in [text, any_text] {
            let read = instant(&text, Some("Australia/Lord_Howe"), Some("DD/MM/YYYY"));
            prop_assert!(read.is_ok() || !text.is_empty() || read == Err("missing_date"));
        }
    }
}
