//! The checksums of S3, by name, as headers carry them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};

/// How a checksum is calculated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 5] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
    ];

    /// The name that `x-amz-sdk-checksum-algorithm` has for it. It is stored.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header, or the trailer, that carries it.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    pub(crate) fn hasher(self) -> Hasher {
        match self {
            Self::Crc32 => Hasher::Crc32(Crc32::new()),
            Self::Crc32c => Hasher::Crc32c(Crc32c::new()),
            Self::Crc64Nvme => Hasher::Crc64Nvme(Crc64Nvme::new()),
            Self::Sha1 => Hasher::Sha1(Sha1::new()),
            Self::Sha256 => Hasher::Sha256(Sha256::new()),
        }
    }
}

/// A checksum of some bytes, in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checksum {
    pub(crate) algorithm: Algorithm,
    pub(crate) value: String,
}

impl Checksum {
    /// As it is stored: `CRC32:AAAAAA==`.
    pub(crate) fn text(&self) -> String {
        format!("{}:{}", self.algorithm.name(), self.value)
    }

    /// Reads what `text` wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, value) = text.split_once(':')?;
        let mut known = Algorithm::ALL.into_iter();
        let algorithm = known.find(|algorithm| algorithm.name() == name)?;
        let value = value.to_owned();
        Some(Self { algorithm, value })
    }
}

/// A checksum being calculated.
pub(crate) enum Hasher {
    Crc32(Crc32),
    Crc32c(Crc32c),
    Crc64Nvme(Crc64Nvme),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc32(hasher) => hasher.update(bytes),
            Self::Crc32c(hasher) => hasher.update(bytes),
            Self::Crc64Nvme(hasher) => hasher.update(bytes),
            Self::Sha1(hasher) => hasher.update(bytes),
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }

    /// In base64.
    pub(crate) fn finish(self) -> String {
        match self {
            Self::Crc32(hasher) => STANDARD.encode(hasher.finalize()),
            Self::Crc32c(hasher) => STANDARD.encode(hasher.finalize()),
            Self::Crc64Nvme(hasher) => STANDARD.encode(hasher.finalize()),
            Self::Sha1(hasher) => STANDARD.encode(hasher.finalize()),
            Self::Sha256(hasher) => STANDARD.encode(hasher.finalize()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values that the catalogue of CRCs and FIPS 180 give, of "123456789" and of "abc".
    #[test]
    fn every_algorithm_calculates_what_its_standard_says() {
        let hex = |algorithm: Algorithm, bytes: &[u8]| {
            let mut hasher = algorithm.hasher();
            for byte in bytes {
                hasher.update(&[*byte]);
            }
            hex::encode(STANDARD.decode(hasher.finish()).unwrap_or_default())
        };
        let digits = b"123456789";
        assert_eq!(hex(Algorithm::Crc32, digits), "cbf43926");
        assert_eq!(hex(Algorithm::Crc32c, digits), "e3069283");
        assert_eq!(hex(Algorithm::Crc64Nvme, digits), "ae8b14860a799888");
        let sha1 = "a9993e364706816aba3e25717850c26c9cd0d89d";
        assert_eq!(hex(Algorithm::Sha1, b"abc"), sha1);
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(Algorithm::Sha256, b"abc"), sha256);
    }

    #[test]
    fn a_stored_checksum_is_read_as_it_was() {
        for algorithm in Algorithm::ALL {
            let value = "y/Q5Jg==".to_owned();
            let checksum = Checksum { algorithm, value };
            assert_eq!(Checksum::parse(&checksum.text()), Some(checksum));
        }
        assert_eq!(Checksum::parse("MD4:AAAA"), None);
        assert_eq!(Checksum::parse("CRC32"), None);
    }
}
