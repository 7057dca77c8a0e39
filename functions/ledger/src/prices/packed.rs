//! A body that was packed for the way: prices of many assets are larger than what a function may be
//! sent, and a few times smaller packed. It says so by `Content-Encoding: gzip` (RFC 9110 section 8.4),
//! or by the media type `application/gzip` (RFC 6713), which tells gateways that it is no text.

use std::io::Read;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, header};
use flate2::read::MultiGzDecoder;
use lambda::problem::Problem;

/// The body as it was before it was packed.
///
/// # Errors
/// 413 when it is more than `max_bytes`, noticed before it is in memory; 400 when it is packed
/// otherwise or damaged.
pub(crate) fn unpacked(
    body: Bytes,
    headers: &HeaderMap,
    max_bytes: usize,
) -> Result<Bytes, Problem> {
    let is = |value: &HeaderValue, what: &[u8]| value.as_bytes().eq_ignore_ascii_case(what);
    let media_type = headers.get(header::CONTENT_TYPE);
    let packed_type = media_type.is_some_and(|value| is(value, b"application/gzip"));
    let encoding = headers.get(header::CONTENT_ENCODING);
    if encoding.is_none() && !packed_type {
        return Ok(body);
    }
    let bad = |detail: &str| Problem::bad_request("unreadable_encoding", detail);
    if encoding.is_some_and(|value| !is(value, b"gzip")) {
        return Err(bad(
            "the only Content-Encoding is gzip; send the body as it is, or packed by gzip",
        ));
    }
    let mut plain = Vec::new();
    // One byte more than allowed tells a long body from one that just fits.
    MultiGzDecoder::new(body.as_ref())
        .take(max_bytes as u64 + 1)
        .read_to_end(&mut plain)
        .map_err(|_| bad("the body is not what gzip writes, or broke off"))?;
    if plain.len() > max_bytes {
        return Err(Problem::too_large(max_bytes));
    }
    Ok(plain.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack(body: Vec<u8>, encoding: Option<&'static str>) -> Result<Bytes, &'static str> {
        let encoding = encoding.map(HeaderValue::from_static);
        let headers = encoding.map(|value| (header::CONTENT_ENCODING, value));
        let headers = HeaderMap::from_iter(headers);
        unpacked(body.into(), &headers, 1_000).map_err(|problem| problem.code)
    }

    #[test]
    fn a_packed_body_is_unpacked_and_any_other_left_alone() {
        assert_eq!(unpack(gzip(b"date"), Some("GZIP")).unwrap(), "date");
        assert_eq!(unpack(b"date".to_vec(), None).unwrap(), "date");
        let media_type = HeaderValue::from_static("application/gzip");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, media_type)]);
        let plain = unpacked(gzip(b"date").into(), &headers, 1_000);
        assert_eq!(plain.map_err(|problem| problem.code), Ok("date".into()));
    }

    #[test]
    fn a_body_that_grows_beyond_the_bound_is_refused_and_one_at_it_is_read() {
        assert_eq!(
            unpack(gzip(&[0; 1_000]), Some("gzip")).unwrap().len(),
            1_000
        );
        assert_eq!(unpack(gzip(&[0; 1_001]), Some("gzip")), Err("too_large"));
        assert_eq!(
            unpack(gzip(&vec![0; 50_000_000]), Some("gzip")),
            Err("too_large")
        );
    }

    #[test]
    fn what_cannot_be_unpacked_is_an_error() {
        let mut cut = gzip(b"date,asset,currency,price");
        cut.truncate(20);
        for (body, encoding) in [
            (cut, "gzip"),
            (b"date".to_vec(), "gzip"),
            (gzip(b"date"), "br"),
        ] {
            assert_eq!(unpack(body, Some(encoding)), Err("unreadable_encoding"));
        }
    }
}
