//! What a request says of its body, held against the bytes that came: one checksum, in a header or in
//! the trailer of a chunked body, and an MD5. A checksum that is not looked at is never accepted.

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use s3s::crypto::{Checksum as _, Md5};
use s3s::{S3Request, S3Result, TrailingHeaders, dto, s3_error};

use crate::checksum::{Algorithm, Checksum, Hasher};

/// What names the trailer's checksum before the body.
const TRAILER: &str = "x-amz-trailer";
/// What the SDKs say they calculate.
const SDK_ALGORITHM: &str = "x-amz-sdk-checksum-algorithm";

/// The checks of one body.
pub(super) struct Checks {
    checksum: Option<Declared>,
    md5: Option<(Md5, String)>,
    trailer: Option<TrailingHeaders>,
}

/// A checksum that was declared.
struct Declared {
    algorithm: Algorithm,
    hasher: Hasher,
    /// `None`: the trailer brings it.
    value: Option<String>,
}

impl Checks {
    /// Reads what a request declares.
    ///
    /// # Errors
    /// `InvalidRequest` when it declares two checksums, or one and does not bring it; `NotImplemented`
    /// when its trailer is another than a checksum that is known here.
    pub(super) fn of<T>(request: &S3Request<T>) -> S3Result<Self> {
        let headers = &request.headers;
        let mut declared = Algorithm::ALL.into_iter().filter_map(|algorithm| {
            let value = text(headers, algorithm.header())?;
            Some((algorithm, Some(value.to_owned())))
        });
        let in_header = declared.next();
        let in_trailer = in_trailer(headers)?.map(|algorithm| (algorithm, None));
        if declared.next().is_some() || (in_header.is_some() && in_trailer.is_some()) {
            return Err(s3_error!(
                InvalidRequest,
                "Expecting a single x-amz-checksum- header"
            ));
        }
        if in_trailer.is_some() && request.trailing_headers.is_none() {
            return Err(s3_error!(
                InvalidRequest,
                "x-amz-trailer goes with a body in chunks: x-amz-content-sha256 says which"
            ));
        }
        let checksum = in_header.or(in_trailer).map(|(algorithm, value)| Declared {
            algorithm,
            hasher: algorithm.hasher(),
            value,
        });
        keeps_its_word(headers, checksum.as_ref())?;
        let md5 = text(headers, "content-md5").map(|md5| (Md5::new(), md5.to_owned()));
        Ok(Self {
            checksum,
            md5,
            trailer: request.trailing_headers.clone(),
        })
    }

    /// Takes the next bytes of the body.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        if let Some(declared) = &mut self.checksum {
            declared.hasher.update(bytes);
        }
        if let Some((md5, _)) = &mut self.md5 {
            md5.update(bytes);
        }
    }

    /// The declared checksum, once the whole body has come and is what was declared.
    ///
    /// # Errors
    /// `BadDigest` when it is not; `InvalidRequest` when the trailer is not the one that was named.
    pub(super) fn verify(self) -> S3Result<Option<Checksum>> {
        if let Some((md5, declared)) = self.md5
            && STANDARD.encode(md5.finalize()) != declared
        {
            return Err(s3_error!(
                BadDigest,
                "The Content-MD5 you specified did not match what we received"
            ));
        }
        let trailer = self.trailer.and_then(|trailer| trailer.take());
        let trailer = trailer.unwrap_or_default();
        let named = match &self.checksum {
            Some(declared) if declared.value.is_none() => 1,
            _ => 0,
        };
        if trailer.len() != named {
            return Err(other_trailer());
        }
        let Some(declared) = self.checksum else {
            return Ok(None);
        };
        let algorithm = declared.algorithm;
        let said = match declared.value {
            Some(value) => value,
            None => text(&trailer, algorithm.header())
                .ok_or_else(other_trailer)?
                .to_owned(),
        };
        let value = declared.hasher.finish();
        if value != said {
            return Err(s3_error!(
                BadDigest,
                "The {} you specified did not match the calculated checksum",
                algorithm.name()
            ));
        }
        Ok(Some(Checksum { algorithm, value }))
    }
}

/// A checksum as answers show it.
pub(super) fn shown(checksum: Option<&Checksum>) -> dto::Checksum {
    let mut shown = dto::Checksum::default();
    if let Some(Checksum { algorithm, value }) = checksum {
        let field = match algorithm {
            Algorithm::Crc32 => &mut shown.checksum_crc32,
            Algorithm::Crc32c => &mut shown.checksum_crc32c,
            Algorithm::Crc64Nvme => &mut shown.checksum_crc64nvme,
            Algorithm::Sha1 => &mut shown.checksum_sha1,
            Algorithm::Sha256 => &mut shown.checksum_sha256,
        };
        *field = Some(value.clone());
    }
    shown
}

/// The checksum that the trailer will bring.
fn in_trailer(headers: &HeaderMap) -> S3Result<Option<Algorithm>> {
    let mut named = headers.get_all(TRAILER).iter();
    let Some(first) = named.next() else {
        return Ok(None);
    };
    let name = first.to_str().unwrap_or_default().trim();
    let mut known = Algorithm::ALL.into_iter();
    let found = known.find(|algorithm| algorithm.header().eq_ignore_ascii_case(name));
    match (found, named.next()) {
        (Some(algorithm), None) => Ok(Some(algorithm)),
        _ => Err(s3_error!(
            NotImplemented,
            "the trailer of a body is one x-amz-checksum- header"
        )),
    }
}

/// An SDK that says it calculates a checksum must send it: without it, a body that was cut or changed
/// on its way would be taken for good.
fn keeps_its_word(headers: &HeaderMap, checksum: Option<&Declared>) -> S3Result<()> {
    let Some(said) = text(headers, SDK_ALGORITHM) else {
        return Ok(());
    };
    if checksum.is_some_and(|sent| sent.algorithm.name().eq_ignore_ascii_case(said)) {
        return Ok(());
    }
    Err(s3_error!(
        InvalidRequest,
        "x-amz-sdk-checksum-algorithm is set, and the request brings no such checksum"
    ))
}

/// A header's text; one that is no text is none that a checksum could equal.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get(name)?;
    Some(value.to_str().unwrap_or_default().trim())
}

fn other_trailer() -> s3s::S3Error {
    s3_error!(
        InvalidRequest,
        "the body's trailer is not the one that x-amz-trailer names"
    )
}
