#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::limits::{
    CHUNK_BYTES, CHUNK_ROWS, MAX_CHUNK_BYTES, MAX_FILE_ROWS, MAX_RECORD_BYTES, MIN_CHUNK_ROWS,
    WIDE_ROW_COLUMNS,
};
use domain::plan::Chunk;
use proptest::prelude::*;

use super::{Bond, ChunkSize, Chunker};
use crate::fault::FileFault;
use crate::scanner::RecordSpan;

/// Records of the given lengths behind a header, a line each.
fn spans(lengths: impl IntoIterator<Item = u64>) -> (Vec<RecordSpan>, u64) {
    let (mut offset, mut line, mut spans) = (10, 2, Vec::new());
    for length in lengths {
        spans.push(RecordSpan {
            offset,
            length,
            line,
        });
        offset += length + 1;
        line += 1;
    }
    (spans, offset)
}

fn chunks(size: ChunkSize, spans: &[RecordSpan], end: u64) -> Vec<Chunk> {
    let mut chunker = Chunker::new(size);
    for span in spans {
        chunker.add(*span).unwrap();
    }
    chunker.finish(end)
}

#[test]
fn narrow_rows_come_two_thousand_to_a_chunk() {
    let (spans, end) = spans(std::iter::repeat_n(100, 4_500));
    let rows: Vec<u32> = chunks(ChunkSize::of(12, None), &spans, end)
        .iter()
        .map(|chunk| chunk.records)
        .collect();
    assert_eq!(rows, [CHUNK_ROWS, CHUNK_ROWS, 500]);
}

#[test]
fn long_rows_end_a_chunk_by_bytes_but_not_below_the_fewest_rows() {
    let (spans, end) = spans(std::iter::repeat_n(1_499, 1_400));
    let by_bytes = chunks(ChunkSize::of(12, None), &spans, end);
    assert_eq!(by_bytes[0].records, 700);
    assert!(by_bytes[0].length >= CHUNK_BYTES);
    let (spans, end) = self::spans(std::iter::repeat_n(9_999, 1_000));
    let longer = chunks(ChunkSize::of(12, None), &spans, end);
    assert_eq!(longer[0].records, MIN_CHUNK_ROWS);
}

#[test]
fn wide_rows_come_in_smaller_chunks() {
    let (spans, end) = spans(std::iter::repeat_n(100, 4_500));
    assert_eq!(
        chunks(ChunkSize::of(WIDE_ROW_COLUMNS * 2, None), &spans, end)[0].records,
        CHUNK_ROWS / 2
    );
    assert_eq!(
        chunks(ChunkSize::of(500, None), &spans, end)[0].records,
        MIN_CHUNK_ROWS
    );
}

#[test]
fn no_chunk_outgrows_a_worker_even_below_the_fewest_rows() {
    let (spans, end) = spans(std::iter::repeat_n(MAX_RECORD_BYTES as u64, 40));
    for rows in [None, Some(2_000)] {
        let chunks = chunks(ChunkSize::of(12, rows), &spans, end);
        assert!(chunks.iter().all(|chunk| chunk.length <= MAX_CHUNK_BYTES));
        assert_eq!(chunks.iter().map(|chunk| chunk.records).sum::<u32>(), 40);
    }
}

#[test]
fn blank_lines_do_not_make_a_chunk_outgrow_a_worker() {
    let spans = [
        RecordSpan {
            offset: 10,
            length: 5,
            line: 2,
        },
        RecordSpan {
            offset: 90_000_000,
            length: 5,
            line: 3,
        },
    ];
    let chunks = chunks(ChunkSize::of(12, None), &spans, 90_000_006);
    assert_eq!(chunks.len(), 2);
    assert_eq!(chunks[0].length, MAX_CHUNK_BYTES);
}

#[test]
fn a_file_with_too_many_rows_is_refused_at_the_first_row_over() {
    let mut chunker = Chunker::new(ChunkSize::of(12, None));
    let (spans, _) = spans(std::iter::repeat_n(
        3,
        usize::try_from(MAX_FILE_ROWS).unwrap() + 1,
    ));
    let fault = spans.iter().find_map(|span| chunker.add(*span).err());
    assert_eq!(
        fault,
        Some(FileFault::TooManyRows {
            line: MAX_FILE_ROWS + 2
        })
    );
}

#[test]
fn without_records_there_are_no_chunks() {
    assert_eq!(Chunker::new(ChunkSize::of(12, None)).finish(100), []);
}

/// Chunks of records, each with its bond.
fn bound(size: ChunkSize, spans: &[RecordSpan], bonds: &[Bond], end: u64) -> Vec<Chunk> {
    let mut chunker = Chunker::new(size);
    for (span, bond) in spans.iter().zip(bonds) {
        chunker.add_to(*span, *bond).unwrap();
    }
    chunker.finish(end)
}

#[test]
fn a_group_that_would_outgrow_a_worker_opens_the_next_chunk() {
    let (spans, end) = spans(std::iter::repeat_n(MAX_RECORD_BYTES as u64, 20));
    let mut bonds = vec![Bond::None; 20];
    bonds[14..18].copy_from_slice(&[
        Bond::Begins,
        Bond::Continues,
        Bond::Continues,
        Bond::Continues,
    ]);
    let chunks = bound(ChunkSize::of(12, None), &spans, &bonds, end);
    let rows: Vec<u32> = chunks.iter().map(|chunk| chunk.records).collect();
    assert_eq!(rows, [14, 6]);
    assert_eq!(
        (chunks[1].offset, chunks[1].first_line),
        (spans[14].offset, spans[14].line)
    );
    assert_eq!(chunks[0].offset + chunks[0].length, chunks[1].offset);
}

proptest! {
    #[test]
    fn no_chunk_ends_inside_of_a_group(
        records in prop::collection::vec((1_u64..30_000, 0..4_u8), 1..800),
        rows in prop::option::of(1_u32..40),
    ) {
        let (spans, end) = spans(records.iter().map(|(length, _)| *length));
        let bonds: Vec<Bond> = records.iter().enumerate().map(|(at, (_, kind))| match kind {
            0 => Bond::None,
            1 => Bond::Begins,
            _ if at == 0 => Bond::Begins,
            _ => Bond::Continues,
        }).collect();
        let chunks = bound(ChunkSize::of(12, rows), &spans, &bonds, end);
        let mut next = 0;
        for chunk in &chunks {
            prop_assert_eq!((spans[next].offset, spans[next].line), (chunk.offset, chunk.first_line));
            prop_assert_ne!(bonds[next], Bond::Continues);
            prop_assert!(chunk.length <= MAX_CHUNK_BYTES);
            next += chunk.records as usize;
        }
        prop_assert_eq!(next, spans.len());
    }

    #[test]
    fn chunks_are_contiguous_and_hold_every_record_once(
        lengths in prop::collection::vec(1_u64..30_000, 1..1_500),
        rows in prop::option::of(1_u32..40),
    ) {
        let (spans, end) = spans(lengths);
        let chunks = chunks(ChunkSize::of(12, rows), &spans, end);
        let mut next = 0;
        let mut offset = spans[0].offset;
        for chunk in &chunks {
            prop_assert_eq!(chunk.offset, offset);
            prop_assert_eq!((spans[next].offset, spans[next].line), (chunk.offset, chunk.first_line));
            prop_assert!(chunk.records <= rows.unwrap_or(CHUNK_ROWS));
            next += chunk.records as usize;
            offset += chunk.length;
            let last = spans[next - 1];
            prop_assert!(last.offset + last.length <= offset);
        }
        prop_assert_eq!((next, offset), (spans.len(), end));
    }
}
