// Addresses that have expired: signed for a few seconds only, and used when these have passed. The storage
// refuses them by itself; what is held back here is the request, until its address is surely too old.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { deposits, large } from "./files.js";
import { World } from "./world.js";

// Five parts of 8 MiB, of which four are sent at the same time.
const BYTES = 40 * 1000 * 1000;
const ROWS = Math.ceil(BYTES / 60_000);
const LAST = 5;

let world;
before(async () => {
  world = await World.start({ MILLRACE_UPLOAD_URL_SECONDS: "4", MILLRACE_SINGLE_PUT_BYTES: "1000000" });
});
after(() => world.stop());

function partOf(url) {
  return Number(new URL(url).searchParams.get("partNumber"));
}

// When an address expires, by what is signed in it, in milliseconds.
function endOf(url) {
  const signed = new URL(url).searchParams;
  const [, ...date] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(signed.get("X-Amz-Date")).map(Number);
  const [year, month, ...rest] = date;
  return Date.UTC(year, month - 1, ...rest) + Number(signed.get("X-Amz-Expires")) * 1000;
}

// Keeps the first PUT that `chosen` names until its address has expired and `ready` says so; then it goes on
// as it is.
async function hold(visit, chosen, ready = () => true) {
  const wait = async (route) => {
    const url = route.request().url();
    while (Date.now() <= endOf(url) + 1000 || !ready()) await new Promise((resolve) => setTimeout(resolve, 50));
    await route.continue();
  };
  await visit.page.route(({ pathname, href }) => pathname.startsWith("/millrace/uploads/") && chosen(href), wait, { times: 1 });
}

// What was sent to the storage, and what it answered: {url, status, code} each, in the order of the answers.
function watch(visit) {
  const seen = { sent: [], answered: [] };
  visit.page.on("request", (request) => request.method() === "PUT" && seen.sent.push(request.url()));
  visit.page.on("response", (response) => {
    if (response.request().method() === "PUT") seen.answered.push({ url: response.url(), status: response.status(), response });
  });
  return seen;
}

// The addresses that the storage refused, each of which had expired, by its own word.
async function refused({ answered }) {
  const refused = answered.filter(({ status }) => status !== 200);
  for (const { status, response } of refused) {
    assert.equal(status, 403);
    assert.match(await response.text(), /<Code>AccessDenied<\/Code><Message>Request has expired<\/Message>/);
  }
  return refused.map(({ url }) => url);
}

test("a file whose address has expired gets a fresh one", async () => {
  const visit = await world.visit();
  const seen = watch(visit);
  const asked = [];
  visit.page.on("request", (request) => request.url().endsWith("/v1/uploads") && asked.push(request.url()));
  await hold(visit, () => true);
  await visit.add({ name: "expired.csv", text: deposits("ADA", 3) });
  await visit.says("expired.csv", "3 rows: 3 taken");
  const late = await refused(seen);
  assert.ok(late.length > 0 && late.includes(seen.sent[0]));
  assert.equal(seen.sent.length, late.length + 1);
  assert.equal(asked.length, seen.sent.length);
  assert.equal(new Set(seen.sent).size, seen.sent.length);
  await visit.leave(/status of 403/);
});

test("a part whose address has expired gets a fresh one, and finished parts are not sent again", async () => {
  const visit = await world.visit();
  const seen = watch(visit);
  const taken = () => new Set(seen.answered.filter(({ status }) => status === 200).map(({ url }) => partOf(url)));
  await hold(visit, (url) => partOf(url) === LAST, () => taken().size === LAST - 1);
  await visit.add({ name: "expired-part.csv", text: large("BTC", BYTES) });
  await visit.says("expired-part.csv", `${ROWS} rows: ${ROWS} taken`);
  const late = await refused(seen);
  assert.ok(late.some((url) => partOf(url) === LAST));
  assert.deepEqual([...taken()].toSorted(), [1, 2, 3, 4, 5]);
  // Each was taken once, so whatever else was sent is what was refused.
  assert.equal(seen.sent.length, LAST + late.length);
  await visit.leave(/status of 403/);
});
