// The AWS SDK for JavaScript lists, completes and aborts uploads in parts that presign began.
//
// The same course as boto3_sdk.py, whose head says what the environment holds; main.rs runs both. What
// differs is how the SDK sends parts: one from memory, with its CRC32 in a header, and one as a stream,
// in chunks with the CRC32 in a trailer behind them. The SDK is installed outside of the tree, so it is
// loaded from MILLRACE_UPLOADS_TOOLS.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Agent } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Readable } from "node:stream";

const require = createRequire(join(process.env.MILLRACE_UPLOADS_TOOLS, "package.json"));
const sdk = require("@aws-sdk/client-s3");

const { MILLRACE_URL, MILLRACE_TOKEN } = process.env;
const Bucket = process.env.MILLRACE_BUCKET;
const ROWS = Number(process.env.MILLRACE_ROWS);
const PATIENCE_MS = 120_000;
const VERSION = require("@aws-sdk/client-s3/package.json").version;
// An address has no room for a bucket before it. Each request has a connection of its own: versitygw may
// take what it has not read of a streamed or a refused body for the next request of the same connection.
const httpAgent = new Agent({ keepAlive: false });
const s3 = new sdk.S3Client({ forcePathStyle: true, requestHandler: { httpAgent } });

// An answer of the API.
function ask(method, path, body) {
  const headers = { authorization: `Bearer ${MILLRACE_TOKEN}`, "content-type": "application/json" };
  return fetch(MILLRACE_URL + path, { method, headers, body });
}

// What presign answers, with key and id of the upload it began.
async function announce(filename, content) {
  const sha256 = createHash("sha256").update(content).digest("hex");
  const body = JSON.stringify({ filename, size: content.length, sha256 });
  const answer = await ask("POST", "/v1/uploads", body);
  assert.equal(answer.status, 201);
  const { job_id: job, upload } = await answer.json();
  assert.deepEqual([upload.mode, upload.part_count], ["multipart", 3]);
  const url = new URL(upload.parts[0].url);
  const Key = decodeURIComponent(url.pathname).replace(`/${Bucket}/`, "");
  const size = upload.part_size;
  const parts = [0, 1, 2].map((n) => content.subarray(n * size, (n + 1) * size));
  return { job, parts, signed: upload.parts, upload: { Bucket, Key, UploadId: url.searchParams.get("uploadId") } };
}

// A part to its signed URL.
async function send({ method, url, headers }, body) {
  // fetch sets the length itself.
  const { "content-length": length, ...others } = headers;
  assert.equal(Number(length), body.length);
  const answer = await fetch(url, { method, headers: others, body });
  await answer.arrayBuffer();
  return answer;
}

// Keys and ids of what the bucket holds open.
async function openUploads() {
  const { Uploads = [] } = await s3.send(new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: "uploads/" }));
  for (const { Initiated } of Uploads) {
    assert.ok(Math.abs(Date.now() - Initiated.getTime()) < 300_000, `begun at ${Initiated}`);
  }
  return Uploads.map((upload) => [upload.Key, upload.UploadId]);
}

// Numbers, sizes and tags of the parts, page by page.
async function held(upload) {
  const found = [];
  // Not by the SDK's paginator: it follows a marker that names nothing more, as versitygw's last.
  for (let page = { IsTruncated: true }; page.IsTruncated; ) {
    const more = { MaxParts: 2, PartNumberMarker: page.NextPartNumberMarker };
    page = await s3.send(new sdk.ListPartsCommand({ ...upload, ...more }));
    found.push(...(page.Parts ?? []));
  }
  return found.map((part) => [part.PartNumber, part.Size, part.ETag]);
}

const part = (upload, PartNumber, Body, more = {}) => new sdk.UploadPartCommand({ ...upload, PartNumber, Body, ...more });

// Holds a request to its error.
const refused = (name, command) => assert.rejects(s3.send(command), { name });

async function endOf(job) {
  for (const begun = Date.now(); Date.now() - begun < PATIENCE_MS; ) {
    const answer = await (await ask("GET", `/v1/jobs/${job}`)).json();
    if (answer.is_terminal) return answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`job ${job} has not ended`);
}

async function completes(content) {
  const { job, upload, signed, parts } = await announce("completed.csv", content);
  assert.deepEqual(await openUploads(), [[upload.Key, upload.UploadId]]);
  const first = await send(signed[0], parts[0]);
  assert.equal(first.status, 200);
  const second = await s3.send(part(upload, 2, parts[1]));
  // S3 takes no chunk below 8 KB but the last.
  const stream = Readable.from([parts[2].subarray(0, 10_000), parts[2].subarray(10_000)]);
  const third = await s3.send(part(upload, 3, stream, { ContentLength: parts[2].length }));
  const tags = [first.headers.get("etag"), second.ETag, third.ETag];
  const expected = parts.map((part, n) => [n + 1, part.length, tags[n]]);
  assert.deepEqual(await held(upload), expected);
  await refused("BadDigest", part(upload, 2, parts[0], { ChecksumCRC32: "AAAAAA==" }));
  assert.deepEqual(await held(upload), expected, "a refused part changes nothing");

  const Parts = tags.map((ETag, n) => ({ PartNumber: n + 1, ETag }));
  const done = await s3.send(new sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
  assert.equal(done.Key, upload.Key);
  assert.match(done.ETag, /-3"?$/);
  assert.deepEqual(await openUploads(), []);
  const head = await s3.send(new sdk.HeadObjectCommand({ Bucket, Key: upload.Key }));
  assert.deepEqual([head.ContentLength, head.ContentType], [content.length, "text/csv"]);
  const { state, counts } = await endOf(job);
  assert.equal(state, "completed");
  const { total, ignored, ...others } = counts;
  assert.equal(total, ROWS + ignored, "blank records");
  assert.deepEqual(others, { accepted: ROWS, duplicate: 0, rejected: 0, failed: 0, pending: 0 });
  console.log(`@aws-sdk/client-s3 ${VERSION}: listed and completed, ${ROWS} rows accepted`);
}

async function aborts(content) {
  const { job, upload, signed, parts } = await announce("aborted.csv", content);
  assert.equal((await send(signed[0], parts[0])).status, 200);
  await s3.send(part(upload, 2, parts[1]));
  assert.equal((await held(upload)).length, 2);
  await s3.send(new sdk.AbortMultipartUploadCommand(upload));
  assert.deepEqual(await openUploads(), []);
  await refused("NoSuchUpload", new sdk.ListPartsCommand(upload));
  await refused("NoSuchUpload", part(upload, 3, Buffer.from("late")));
  const late = await ask("POST", `/v1/jobs/${job}/complete`);
  assert.deepEqual([late.status, (await late.json()).code], [409, "upload_gone"]);
  await refused("NotFound", new sdk.HeadObjectCommand({ Bucket, Key: upload.Key }));
  console.log(`@aws-sdk/client-s3 ${VERSION}: aborted, nothing is left`);
}

const content = await readFile(process.env.MILLRACE_FILE);
await completes(content);
await aborts(Buffer.concat([content, Buffer.from("\n")]));
