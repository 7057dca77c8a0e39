import assert from "node:assert/strict";
import { test } from "node:test";

import { FileTrouble, Problem, StorageRefusal, Unreachable } from "../errors.js";
import { bytes, count, counts, kind, sentence, span, stage, state } from "../words.js";

test("sizes and times are said as people say them", () => {
  assert.deepEqual([0, 1, 999, 1000, 15_200, 104_857_600, 2_147_483_648].map(bytes), ["0 bytes", "1 byte", "999 bytes", "1.0 KB", "15.2 KB", "105 MB", "2.1 GB"]);
  assert.deepEqual([0, 1.4, 2, 89, 90, 5399, 5400, 86_400].map(span), ["a second", "a second", "2 seconds", "89 seconds", "2 minutes", "90 minutes", "2 hours", "24 hours"]);
  assert.deepEqual([count(1, "row"), count(60_000, "row"), count(2, "entry", "entries")], ["1 row", "60,000 rows", "2 entries"]);
});

test("a record is told of by what became of it", () => {
  const all = { total: 60_000, accepted: 59_990, duplicate: 4, rejected: 3, ignored: 2, failed: 1 };
  assert.equal(counts(all), "60,000 rows: 59,990 taken, 4 there before, 3 refused, 2 blank, 1 not read");
  assert.equal(counts({ total: 0, accepted: 0, duplicate: 0, rejected: 0, ignored: 0, failed: 0 }), "0 rows");
});

test("a problem that is known has a sentence of its own, with its faults", () => {
  const faults = [{ pointer: "#/date_format", detail: "is odd" }, { line: 7, column: "price", detail: "is no number" }, { parameter: "limit", detail: "is too large" }];
  const problem = new Problem(400, { code: "invalid_request", detail: "3 things are wrong", errors: faults }, null);
  assert.equal(sentence(problem), "Something in the request has to be put right:\ndate format is odd\nline 7, column price: is no number\nlimit is too large");
});

test("a problem that is not known says what the server said", () => {
  assert.equal(sentence(new Problem(429, { code: "uploads_per_day", detail: "at most 10,000 uploads a day" }, 60)), "at most 10,000 uploads a day");
  assert.equal(sentence(new Problem(502, {}, null)), "the server answered 502");
});

test("an error of the server names the request it is recorded under", () => {
  assert.match(sentence(new Problem(500, { code: "internal", request_id: "local-7" }, null)), /Try again in a moment\. \(request local-7\)$/);
});

test("trouble with line, storage and file is told apart", () => {
  const told = [new Unreachable("x"), new StorageRefusal(400, "EntityTooLarge"), new StorageRefusal(403, "AccessDenied"), new FileTrouble("x"), new TypeError("odd")].map(sentence);
  assert.match(told[0], /^No connection\./);
  assert.match(told[1], /^The storage does not take a file as large/);
  assert.match(told[2], /^The storage refused the file \(403 AccessDenied\)/);
  assert.match(told[3], /^The file was changed, moved or deleted/);
  assert.match(told[4], /odd$/);
});

test("a name that a newer server sends is shown as it is", () => {
  assert.deepEqual([stage("metrics"), state("expired"), kind("undo")], ["Computing gains", "The file did not arrive in time", "Taking an upload back"]);
  assert.deepEqual([stage("new"), state("new"), kind("new")], ["new", "new", "new"]);
});
