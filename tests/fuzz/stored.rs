//! What was stored and is read back: damaged bytes are refused, never misread or panicked over, and
//! what is taken is written as it was read.

use domain::checkpoint::{AssetBlocks, BlockName, Manifest};
use domain::digest::ChunkDigest;
use domain::fold::metrics::AssetState;
use domain::fragments::{self, Fragment};
use domain::rows::Row;
use domain::settings::{Method, ParseOptions};
use ports::payload;
use ports::tables::Reject;

use crate::engine::{fuzz, outcome};

/// The rows of the fixture with one of each shape, and their digest.
fn sample() -> (Vec<Row>, ChunkDigest) {
    let file = include_bytes!(
        "../../functions/shared/domain/src/formats/fixtures/one_row_of_each_shape.csv"
    );
    let options = ParseOptions::default();
    let mut pass = split::pass::Pass::new(&options, None);
    pass.feed(file).unwrap();
    let scanned = pass.finish().unwrap();
    let plan = domain::plan::ChunkPlan {
        key: String::new(),
        version: String::new(),
        format: scanned.format.to_owned(),
        dialect: scanned.dialect,
        header: scanned.header,
        options: ParseOptions::default(),
        chunks: scanned.chunks,
        groups: scanned.groups,
    };
    let chunk = &plan.chunks[0];
    let from = usize::try_from(chunk.offset).unwrap();
    let parsed = ingest::parse::parse(&plan, 0, chunk, &file[from..]).unwrap();
    (parsed.rows.into_values().flatten().collect(), parsed.digest)
}

#[test]
fn a_digest_is_read_as_it_was_written_or_refused() {
    let seeds = vec![
        sample().1.encode().unwrap(),
        ChunkDigest::default().encode().unwrap(),
    ];
    fuzz("digest", seeds, |input| match ChunkDigest::decode(input) {
        Ok(digest) => {
            let again = ChunkDigest::decode(&digest.encode().unwrap()).unwrap();
            assert_eq!(again, digest);
            outcome((
                digest.times.len(),
                digest.identities.len(),
                digest.needs.len(),
            ))
        }
        Err(error) => outcome(error.to_string()),
    });
}

#[test]
fn fragments_are_read_as_they_were_written_or_refused() {
    let fragment = |line, bytes: &[u8]| Fragment {
        line,
        offset: line * 100,
        bytes: bytes.to_vec(),
    };
    let kept = [fragment(2, b"a,b"), fragment(900, b"\"c\",\xff")];
    let seeds = [&kept[..], &kept[..1], &[]];
    let seeds = seeds.map(|some| fragments::encode(some).unwrap());
    fuzz(
        "fragments",
        seeds.to_vec(),
        |input| match fragments::decode(input) {
            Ok(read) => {
                let again = fragments::encode(&read).unwrap();
                assert_eq!(fragments::decode(&again).unwrap(), read);
                outcome(read.len().min(40))
            }
            Err(error) => outcome(error.to_string()),
        },
    );
}

#[test]
fn a_row_or_reject_is_read_as_it_was_written_or_refused() {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    seeds.extend(
        sample()
            .0
            .iter()
            .map(|row| payload::pack("fuzz", row).unwrap()),
    );
    fuzz("row", seeds, |input| {
        let reject = payload::unpack::<Reject>("fuzz", input).is_ok();
        match payload::unpack::<Row>("fuzz", input) {
            Ok(row) => {
                let packed = payload::pack("fuzz", &row).unwrap();
                assert_eq!(payload::unpack::<Row>("fuzz", &packed).unwrap(), row);
                outcome((
                    reject,
                    row.kind,
                    row.sent.is_some(),
                    row.fee.is_some(),
                    row.id.is_some(),
                ))
            }
            Err(error) => outcome((reject, error.to_string())),
        }
    });
}

#[test]
fn a_checkpoint_is_read_as_it_was_written_or_refused() {
    let mut manifest = Manifest::new([7; 16]);
    let mut seeds = vec![manifest.encode().unwrap()];
    for method in Method::ALL {
        let (named, blocks) = AssetState::new(method).encode(None).unwrap();
        seeds.extend(blocks.into_iter().map(|block| block.bytes));
        manifest.with("BTC".parse().unwrap(), named);
    }
    seeds.push(manifest.encode().unwrap());
    fuzz("checkpoint", seeds, |input| {
        let manifest = Manifest::decode(input).map(|manifest| {
            let again = Manifest::decode(&manifest.encode().unwrap()).unwrap();
            assert_eq!(again, manifest);
            manifest.assets.len()
        });
        outcome((manifest.map_err(|error| error.to_string()), state(input)))
    });
}

/// The bytes as an asset's state, and as a tax year and a block of its lots beside a good state.
fn state(bytes: &[u8]) -> [Result<usize, String>; 3] {
    let (good, blocks) = AssetState::new(Method::Fifo).encode(None).unwrap();
    let name = BlockName::of(bytes);
    let named = [
        AssetBlocks {
            state: name,
            ..good.clone()
        },
        AssetBlocks {
            years: [(2025, name)].into(),
            ..good.clone()
        },
        AssetBlocks {
            lots: [(0, name)].into(),
            ..good
        },
    ];
    named.map(|named| {
        let fetch = |asked: BlockName| {
            let kept = blocks.iter().find(|block| block.name == asked);
            kept.map(|block| block.bytes.as_slice())
                .or((asked == name).then_some(bytes))
        };
        let state = AssetState::decode(&named, fetch).map_err(|error| error.to_string())?;
        let (_, written) = state.encode(None).unwrap();
        Ok(written.len())
    })
}
