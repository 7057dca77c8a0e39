// Large files go up in parts; the bound is lowered, so that they need not be large.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { large } from "./files.js";
import { World } from "./world.js";

// Five parts of 8 MiB.
const BYTES = 40 * 1000 * 1000;
const PARTS = 5;
const SLOW = 6_000_000;

let world;
before(async () => {
  world = await World.start({ MILLRACE_SINGLE_PUT_BYTES: "1000000" });
});
after(() => world.stop());

// Numbers of the parts that were sent, and those of them that the storage took.
function watch(visit) {
  const seen = { sent: [], taken: [], most: 0 };
  let now = 0;
  const number = (request) => Number(new URL(request.url()).searchParams.get("partNumber"));
  visit.page.on("request", (request) => {
    if (request.method() !== "PUT") return;
    seen.sent.push(number(request));
    now += 1;
    seen.most = Math.max(seen.most, now);
  });
  visit.page.on("requestfailed", (request) => (now -= Number(request.method() === "PUT")));
  visit.page.on("response", (response) => {
    if (response.request().method() !== "PUT") return;
    now -= 1;
    if (response.ok()) seen.taken.push(number(response.request()));
  });
  return seen;
}

async function slow(visit, uploadThroughput) {
  const debuggerOf = await visit.page.context().newCDPSession(visit.page);
  await debuggerOf.send("Network.enable");
  await debuggerOf.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
  return () => debuggerOf.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
}

async function some(seen, count) {
  for (let waited = 0; seen.taken.length < count; waited += 1) {
    assert.ok(waited < 600, `only parts ${seen.taken} were taken in a minute`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const ROWS = Math.ceil(BYTES / 60_000);
const DONE = `${ROWS} rows: ${ROWS} taken`;

test("a large file goes up in parts, four at the same time", async () => {
  const visit = await world.visit();
  const seen = watch(visit);
  await visit.add({ name: "large.csv", text: large("BTC", BYTES) });
  await visit.says("large.csv", DONE);
  assert.deepEqual(seen.sent.toSorted(), [1, 2, 3, 4, 5]);
  assert.equal(seen.most, 4);
  await visit.leave();
});

test("after a reload in the middle only the missing parts are sent", async () => {
  const visit = await world.visit();
  const fast = await slow(visit, SLOW);
  const first = watch(visit);
  const file = { name: "resumed.csv", text: large("ETH", BYTES) };
  await visit.add(file);
  await some(first, 2);
  await visit.picture("uploading-parts");
  visit.page.on("dialog", (dialog) => dialog.accept());
  await visit.page.reload();
  const held = new Set(first.taken);
  await fast();
  await visit.says("resumed.csv", "Add it again to go on with its upload.");
  const second = watch(visit);
  await visit.add(file);
  await visit.says("resumed.csv", DONE);
  assert.ok(held.size >= 2 && held.size < PARTS, `${held.size} parts were held`);
  assert.deepEqual(second.sent.filter((number) => held.has(number)), []);
  assert.equal(new Set([...held, ...second.taken]).size, PARTS);
  await visit.leave();
});

test("a pause keeps what is held, and it is not sent again", async () => {
  const visit = await world.visit();
  const fast = await slow(visit, SLOW);
  const seen = watch(visit);
  await visit.add({ name: "held.csv", text: large("SOL", BYTES) });
  await some(seen, 1);
  await visit.card("held.csv").getByRole("button", { name: "Pause" }).click();
  await visit.says("held.csv", "Paused");
  const held = new Set(seen.taken);
  seen.sent.length = 0;
  await fast();
  await visit.card("held.csv").getByRole("button", { name: "Resume" }).click();
  await visit.says("held.csv", DONE);
  assert.deepEqual(seen.sent.filter((number) => held.has(number)), []);
  await visit.leave();
});
